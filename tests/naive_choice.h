/* naive_choice.h - the choices of a detector once more, from their definitions and by counting: the k-th is the one that k others come
 * before, nothing is sorted. See naive.h. The first output goes to y, the others are compared here. */
#ifndef TESTS_NAIVE_CHOICE_H
#define TESTS_NAIVE_CHOICE_H
#include "tests/naive_detect.h"

typedef struct { double at[4]; } naive_box;
typedef struct { naive_box b; double score; int group, gone; } naive_choice;

static inline const key_list *list_of(const rig *r, const char *name)
{
    return (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, name)->at);
}
static inline naive_box box_in(const rig *r, int i, int64_t k)
{
    return (naive_box){ { p_at(r, i, 4 * k), p_at(r, i, 4 * k + 1), p_at(r, i, 4 * k + 2), p_at(r, i, 4 * k + 3) } };
}
static inline double overlap_of(naive_box a, naive_box b)
{
    double size[3] = { 1, 1, 1 };
    for (int k = 0; k < 2; k++) {
        size[0] *= a.at[k + 2] - a.at[k], size[1] *= b.at[k + 2] - b.at[k];
        size[2] *= fmax(fmin(a.at[k + 2], b.at[k + 2]) - fmax(a.at[k], b.at[k]), 0);
    }
    return size[2] > 0 ? size[2] / (size[0] + size[1] - size[2]) : 0;
}
static inline naive_box moved(naive_box a, const double d[4], const double w[4])
{
    naive_box b;
    for (int k = 0; k < 2; k++) {
        const double side = a.at[k + 2] - a.at[k], centre = (a.at[k] + a.at[k + 2]) / 2 + d[k] / w[k] * side;
        const double now = side * fmin(exp(d[k + 2] / w[k + 2]), 62.5);
        b.at[k] = centre - now / 2, b.at[k + 2] = centre + now / 2;
    }
    return b;
}
static inline void distance_of(naive_box a, naive_box b, const double w[4], double d[4])
{
    for (int k = 0; k < 2; k++) {
        const double side = a.at[k + 2] - a.at[k];
        d[k] = w[k] * ((b.at[k] + b.at[k + 2]) - (a.at[k] + a.at[k + 2])) / 2 / side;
        d[k + 2] = w[k + 2] * log((b.at[k + 2] - b.at[k]) / side);
    }
}

/* Anchor i of all levels; its level. Maps from input `first` on have one channel an anchor. -1: there is none */
static inline int anchor_of(const rig *r, int first, int levels, int64_t i, naive_box *b)
{
    const key_list *ratios = list_of(r, "ratios"), *scales = list_of(r, "scales");
    for (int l = 0; l < levels; l++) {
        const place4 s = size4(r->n->in[first + l]);
        if (i >= s.h * s.w * s.c) { i -= s.h * s.w * s.c; continue; }
        const int64_t cell = i % s.c, place = i / s.c;
        const int by_scale = (int)setting(r, "scales_last");
        const double ratio = ratios->v[by_scale ? cell % ratios->n : cell / scales->n];
        const double scale = scales->v[by_scale ? cell / ratios->n : cell % scales->n];
        const double padded[] = { setting(r, "width"), setting(r, "height") }, stride = list_of(r, "strides")->v[l];
        for (int k = 0; k < 2; k++) {
            double half = list_of(r, "sizes")->v[l] * scale * pow(ratio, k ? 0.5 : -0.5) / 2;
            if (setting(r, "round")) half = rint(half);
            const double step = padded[k] > 0 ? floor(padded[k] / (double)(k ? s.h : s.w)) : stride;
            const double at = step * (double)(k ? place / s.w : place % s.w);
            b->at[k] = at - half, b->at[k + 2] = at + half;
        }
        return l;
    }
    return -1;
}

static inline int held(const rig *r, int input, int64_t image, naive_box *b, double side, int strict)
{
    for (int k = 0; k < 4; k++) b->at[k] = fmin(fmax(b->at[k], 0), i_at(r, input, 2 * image + !(k % 2)));
    const double w = b->at[2] - b->at[0], h = b->at[3] - b->at[1];
    return strict ? w > side && h > side : w >= side && h >= side;
}

/* How many of the same group (any: -1) have a larger score, or the same and come first */
static inline int64_t ahead(const naive_choice *c, int64_t n, int64_t i)
{
    int64_t k = 0;
    for (int64_t j = 0; j < n; j++)
        k += !c[j].gone && c[j].group == c[i].group && (c[j].score > c[i].score || (c[j].score == c[i].score && j < i));
    return k;
}

/* Takes the best that is left, `keep` times, and drops what overlaps it; compared with outputs 1 and 2, and 3 where there are labels */
static inline void take_best(const rig *r, int64_t image, naive_choice *c, int64_t n, int64_t keep, double *y)
{
    int64_t taken = 0;
    for (; taken < keep; taken++) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++) if (!c[i].gone && (best < 0 || c[i].score > c[best].score)) best = i;
        if (best < 0) break;
        const int64_t row = image * keep + taken;
        for (int k = 0; k < 4; k++) y[4 * row + k] = c[best].b.at[k];
        near(slot_get(&r->y[2], row), c[best].score, sizeof(real) == 8 ? 1e-12 : 1e-6);
        if (r->n->nout > 3) assert_int_equal(*(int32_t *)slot_at(&r->y[3], row), c[best].group);
        for (int64_t i = 0; i < n; i++)
            if (c[i].group == c[best].group && overlap_of(c[i].b, c[best].b) > setting(r, "overlap")) c[i].gone = 1;
        c[best].gone = 1;
    }
    assert_int_equal(*(int32_t *)slot_at(&r->y[1], image), taken);
    for (int64_t row = image * keep + taken; row < (image + 1) * keep; row++) {
        near(slot_get(&r->y[2], row), 0, 0);
        for (int k = 0; k < 4; k++) y[4 * row + k] = 0;
    }
}

static inline void naive_proposals(const rig *r, double *y)
{
    const int levels = (r->n->nin - 1) / 2;
    const int64_t images = r->n->in[1]->s.d[0];
    static const double one[] = { 1, 1, 1, 1 };
    int64_t all = 0;
    for (int l = 1; l <= levels; l++) all += r->x[l].n / images;
    naive_choice *c = xalloc_n((size_t)all, sizeof *c);
    for (int64_t n = 0; n < images; n++) {
        int64_t before = 0, at = 0;
        for (int64_t i = 0; i < all; i++, at++) {
            naive_box a;
            const int l = anchor_of(r, 1, levels, i, &a);
            const int64_t each = r->x[1 + l].n / images;
            if (i && l != c[i - 1].group) before += r->x[l].n / images;
            const int64_t k = n * each + i - before;
            double d[4];
            for (int j = 0; j < 4; j++) d[j] = p_at(r, 1 + levels + l, 4 * k + j);
            c[i] = (naive_choice){ moved(a, d, one), p_at(r, 1 + l, k), l, 0 };
        }
        char *out = xalloc((size_t)all);
        for (int64_t i = 0; i < all; i++)
            out[i] = (double)ahead(c, all, i) >= setting(r, "pre") || !held(r, 0, n, &c[i].b, setting(r, "side"),
                     (int)setting(r, "strict"));
        for (int64_t i = 0; i < all; i++) {
            c[i].gone = out[i];
            if (setting(r, "sigmoid")) c[i].score = 1 / (1 + exp(-c[i].score));
        }
        take_best(r, n, c, all, (int64_t)setting(r, "post"), y);
        free(out);
    }
    free(c);
}

static inline void naive_detections(const rig *r, double *y)
{
    const int64_t images = r->n->in[2]->s.d[0], rows = r->n->in[2]->s.d[1], classes = r->n->in[0]->s.d[3], deltas = r->n->in[1]->s.d[3];
    const int last = (int)setting(r, "background_last");
    naive_choice *c = xalloc_n((size_t)(rows * classes), sizeof *c);
    for (int64_t n = 0; n < images; n++) {
        int64_t found = 0;
        for (int64_t i = 0; i < rows && i < i_at(r, 3, n); i++)
            for (int64_t k = !last; k < classes - last; k++) {
                const int64_t row = n * rows + i;
                const double p = chance(r, row, k, 0);
                double d[4];
                for (int j = 0; j < 4; j++) d[j] = p_at(r, 1, row * deltas + 4 * k + j);
                c[found] = (naive_choice){ moved(box_in(r, 2, row), d, list_of(r, "weights")->v), p, (int)k, 0 };
                if (p > setting(r, "score") && held(r, 4, n, &c[found].b, setting(r, "side"), 0)) found++;
            }
        take_best(r, n, c, found, (int64_t)setting(r, "keep"), y);
    }
    free(c);
}

static inline void naive_widen_boxes(const rig *r, double *y)
{
    const int64_t room = r->n->in[0]->s.d[1];
    const double grow = 1 + 2 * setting(r, "share");
    for (int64_t i = 0; i < r->x[0].n / 4; i++) {
        const naive_box b = box_in(r, 0, i);
        for (int k = 0; k < 4; k++) {
            const double centre = (b.at[k % 2] + b.at[k % 2 + 2]) / 2;
            y[4 * i + k] = i % room < i_at(r, 1, i / room) ? centre + grow * (b.at[k] - centre) : 0;
        }
        assert_int_equal(*(int32_t *)slot_at(&r->y[2], i), i_at(r, 2, i));
        assert_int_equal(*(int32_t *)slot_at(&r->y[1], i / room), i_at(r, 1, i / room));
    }
}

/* The match of box b: its best truth, -1 below all, -2 between; best: the highest IoU of any box with each truth, NULL without that rule */
static inline int naive_match(const rig *r, naive_box b, const naive_box *truth, int64_t truths, const double *best)
{
    int at = -1, kept = 0;
    double most = -1;
    for (int t = 0; t < truths; t++) {
        const double v = overlap_of(b, truth[t]);
        if (v > most) most = v, at = t;
        kept |= best && fabs(v - best[t]) < (sizeof(real) == 8 ? 1e-12 : 1e-6);
    }
    return kept || most >= setting(r, "foreground") ? at : most < setting(r, "background") ? -1 : -2;
}

/* Whether candidate i of n is in the sample, and at which place: positives before negatives, each kind as it comes; -1: it is not */
static inline int64_t place_in_sample(const rig *r, const int *match, int64_t n, int64_t i, uint32_t purpose, uint32_t image,
                                      int64_t *positives)
{
    int64_t kind[2] = { 0, 0 }, taken[2], place = 0;
    for (int64_t k = 0; k < n; k++) kind[0] += match[k] >= 0, kind[1] += match[k] == -1;
    taken[0] = *positives = (int64_t)fmin((double)kind[0], floor(setting(r, "samples") * setting(r, "positive")));
    taken[1] = (int64_t)fmin((double)kind[1], setting(r, "samples") - (double)taken[0]);
    for (int pass = 0; pass < 2; pass++) {                     /* is i in?  then: how many of its kind that are in come before it? */
        for (int64_t k = pass ? 0 : i; k <= (pass ? i - 1 : i); k++) {
            if (match[k] == -2 || (match[k] >= 0) != (match[i] >= 0)) continue;
            int64_t smaller = 0;
            const uint32_t own = rng_draw(r->c.seed, purpose, r->c.step, image, (uint64_t)k).v[0] >> 8;
            for (int64_t j = 0; j < n; j++) {
                const uint32_t other = rng_draw(r->c.seed, purpose, r->c.step, image, (uint64_t)j).v[0] >> 8;
                const int less = setting(r, "sampler") ? j < k : other < own || (other == own && j < k);
                smaller += match[j] != -2 && (match[j] >= 0) == (match[k] >= 0) && less;
            }
            const int in = smaller < taken[match[k] < 0];
            if (!pass && !in) return -1;
            place += pass && in;
        }
        if (match[i] == -2) return -1;
    }
    return place + (match[i] < 0 ? taken[0] : 0);
}

static inline void expect(const rig *r, int output, int64_t k, double want, double tol)
{
    const slot *s = &r->y[output];
    const int whole = s->each == 1 ? *(uint8_t *)slot_at(s, k) : *(int32_t *)slot_at(s, k);
    const double got = r->n->out[output]->type == REAL_TYPE ? (double)slot_get(s, k) : whole;
    if (!(fabs(got - want) <= (sizeof(real) == 8 ? 1e-12 : 1e-5) * tol))
        fail_msg("law 2: output %d, element %lld is %.9g, wanted %.9g", output, (long long)k, got, want);
}

static inline void naive_anchor_targets(const rig *r, double *y)
{
    const int levels = r->n->nin - 2;
    const int64_t images = r->n->in[0]->s.d[0], capacity = r->n->in[0]->s.d[1], samples = r->n->out[0]->s.d[1];
    static const double one[] = { 1, 1, 1, 1 };
    int64_t all = 0, sampled = 0;
    for (int l = 2; l < r->n->nin; l++) all += r->x[l].n / images;
    int *match = xalloc_n((size_t)all, sizeof *match);
    naive_box *anchor = xalloc_n((size_t)all, sizeof *anchor), *truth = xalloc_n((size_t)capacity, sizeof *truth);
    double *best = xalloc_n((size_t)capacity, sizeof *best), d[4];
    char *positive = xalloc((size_t)(images * samples));
    for (int64_t k = 0; k < images * samples; k++) y[k] = -1;
    for (int64_t i = 0; i < all; i++) anchor_of(r, 2, levels, i, &anchor[i]);
    for (int64_t n = 0; n < images; n++) {
        const int64_t truths = i_at(r, 1, n);
        for (int64_t t = 0; t < truths; t++) {
            truth[t] = box_in(r, 0, n * capacity + t), best[t] = 0;
            for (int64_t i = 0; i < all; i++) best[t] = fmax(best[t], overlap_of(anchor[i], truth[t]));
        }
        for (int64_t i = 0; i < all; i++) match[i] = naive_match(r, anchor[i], truth, truths, best);
        for (int64_t i = 0; i < all; i++) {
            int64_t positives;
            const int64_t place = place_in_sample(r, match, all, i, RNG_ANCHORS, (uint32_t)n, &positives), k = n * samples + place;
            if (place < 0) continue;
            y[k] = (double)i, sampled++;
            if (match[i] < 0) continue;
            positive[k] = 1;
            distance_of(anchor[i], truth[match[i]], one, d);
            for (int j = 0; j < 4; j++) expect(r, 3, 4 * k + j, d[j], 10);
        }
    }
    const double each = 1 / (setting(r, "mean") ? (double)sampled : (double)(images * samples));
    for (int64_t k = 0; k < images * samples; k++) {
        expect(r, 1, k, positive[k], 0), expect(r, 2, k, y[k] >= 0 ? each : 0, 1), expect(r, 4, k, positive[k] ? each : 0, 1);
        for (int j = 0; j < 4 && !positive[k]; j++) expect(r, 3, 4 * k + j, 0, 0);
    }
    free(match), free(anchor), free(truth), free(best), free(positive);
}

static inline void naive_roi_targets(const rig *r, double *y)
{
    const int64_t images = r->n->in[0]->s.d[0], given = r->n->in[0]->s.d[1], capacity = r->n->in[2]->s.d[1], samples = r->n->out[0]->s.d[1];
    naive_box *all = xalloc_n((size_t)(given + capacity), sizeof *all), *truth = xalloc_n((size_t)capacity, sizeof *truth);
    int *match = xalloc_n((size_t)(given + capacity), sizeof *match);
    int64_t *from = xalloc_n((size_t)(images * samples), sizeof *from), sampled = 0;     /* class of each row + 2; 1: background; 0: none */
    memset(y, 0, (size_t)(4 * images * samples) * sizeof *y);
    for (int64_t n = 0; n < images; n++) {
        const int64_t truths = i_at(r, 3, n), first = i_at(r, 1, n), count = first + (setting(r, "append") ? truths : 0);
        int64_t taken = 0;
        for (int64_t t = 0; t < truths; t++) truth[t] = all[first + t] = box_in(r, 2, n * capacity + t);
        for (int64_t i = 0; i < first; i++) all[i] = box_in(r, 0, n * given + i);
        for (int64_t i = 0; i < count; i++) match[i] = naive_match(r, all[i], truth, truths, NULL);
        for (int64_t i = 0; i < count; i++) {
            int64_t positives;
            double d[4];
            const int64_t place = place_in_sample(r, match, count, i, RNG_REGIONS, (uint32_t)n, &positives), k = n * samples + place;
            if (place < 0) continue;
            memcpy(y + 4 * k, all[i].at, sizeof all[i].at), taken++;
            const int class_ = match[i] >= 0 ? i_at(r, 4, n * capacity + match[i]) : -1;
            from[k] = class_ + 2;
            if (class_ < 0) continue;
            distance_of(all[i], truth[match[i]], list_of(r, "weights")->v, d);
            for (int j = 0; j < 4; j++) expect(r, 4, 4 * k + j, d[j], 100);
            expect(r, 6, k, match[i], 0);
        }
        expect(r, 1, n, (double)taken, 0), sampled += taken;
    }
    for (int64_t k = 0; k < images * samples; k++) {
        const int positive = from[k] > 1;
        expect(r, 2, k, positive ? (double)from[k] - 2 : from[k] ? setting(r, "background_class") : 255, 0);
        expect(r, 3, k, positive ? (double)from[k] - 2 : -1, 0), expect(r, 5, k, positive ? 1 / (double)sampled : 0, 1);
        if (!positive) expect(r, 6, k, -1, 0);
    }
    free(all), free(truth), free(match), free(from);
}

static inline double mask_at(const rig *r, int64_t mask, double v, double u)
{
    const int64_t h = r->n->in[3]->s.d[2], w = r->n->in[3]->s.d[3];
    double sum = 0;
    if (v < -1 || u < -1 || v > (double)h || u > (double)w) return 0;
    v = fmin(fmax(v, 0), (double)(h - 1)), u = fmin(fmax(u, 0), (double)(w - 1));
    for (int64_t i = 0; i < h * w; i++)
        if (*(uint8_t *)slot_at(&r->x[3], mask * h * w + i))
            sum += fmax(1 - fabs(v - (double)(i / w)), 0) * fmax(1 - fabs(u - (double)(i % w)), 0);
    return sum;
}

static inline void naive_mask_targets(const rig *r, double *y)
{
    const int64_t images = r->n->in[0]->s.d[0], rows = r->n->in[0]->s.d[1];
    const int64_t most = (int64_t)setting(r, "positives"), size = (int64_t)setting(r, "size");
    int64_t all = 0;
    memset(y, 0, (size_t)r->y[0].n * sizeof *y);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t n = 0; n < images; n++) {
            int64_t k = n * most;
            for (int64_t row = n * rows; row < (n + 1) * rows && k < (n + 1) * most; row++) {
                if (i_at(r, 1, row) < 0 || i_at(r, 2, row) < 0 || i_at(r, 2, row) >= r->n->in[3]->s.d[1]) continue;
                if (!pass) { all++, k++; continue; }
                const naive_box b = box_in(r, 0, row);
                double from[2], bin[2];
                for (int a = 0; a < 2; a++) {
                    from[a] = b.at[!a] - (setting(r, "aligned") ? 0.5 : 0);
                    bin[a] = (setting(r, "aligned") ? b.at[3 - a] - b.at[!a] : fmax(b.at[3 - a] - b.at[!a], 1)) / (double)size;
                }
                for (int64_t p = 0; p < size * size; p++) {
                    const double nv = ceil(bin[0]), nu = ceil(bin[1]), v = (double)(p / size), u = (double)(p % size);
                    double sum = 0;
                    for (double i = 0; i < nv; i++)
                        for (double j = 0; j < nu; j++)
                            sum += mask_at(r, n * r->n->in[3]->s.d[1] + i_at(r, 2, row), from[0] + bin[0] * (v + (i + 0.5) / nv),
                                from[1] + bin[1] * (u + (j + 0.5) / nu));
                    sum /= fmax(fmax(nv, 0) * fmax(nu, 0), 1);
                    /* covered by half to the last digits: either will do, since the order of the sum decides */
                    const int half = setting(r, "hard") && fabs(sum - 0.5) < 1e-6;
                    y[k * size * size + p] = half ? (double)slot_get(&r->y[0], k * size * size + p) : setting(r, "hard") ? sum >= 0.5 : sum;
                }
                for (int j = 0; j < 4; j++) expect(r, 2, 4 * k + j, b.at[j], 0);
                expect(r, 1, k, 1 / (double)(all * size * size), 1), expect(r, 4, k, i_at(r, 1, row), 0), k++;
            }
            if (!pass) continue;
            expect(r, 3, n, (double)(k - n * most), 0);
            for (; k < (n + 1) * most; k++) expect(r, 1, k, 0, 0), expect(r, 4, k, -1, 0);
        }
}
#endif
