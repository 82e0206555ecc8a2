/* bench.h - the cases of tests/cases and how a rig is filled, run and remembered for one: what op_test.c (the CPU) and device_test.c
 * (a GPU, or the emulator) share. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H
#include "tests/naive.h"
#include "base/file.h"

/* below: the limit of an input of whole numbers, negative where no -1 is among them; the side of the image that boxes lie in, negative
 * where all have a width */
typedef struct { char *text, *op, *words, *out; int n; shape s[MAX_IN]; dtype t[MAX_IN]; int64_t below[MAX_IN]; } op_case;
typedef struct { op_case *k; int n; } case_list;

/* A rig and the inputs and output gradients it starts from */
typedef struct { rig *r; unsigned char *x[MAX_IN], *gy[MAX_OUT]; } bench;

static inline shape parse_shape(const char *p)
{
    shape s = { 0 };
    char *end;
    for (;; p = end + 1) {
        s.d[s.nd++] = strtoll(p, &end, 10);
        if (*end != 'x' || s.nd == 4) break;
    }
    if (*end || s.d[0] < 1) die("tests/cases: cannot read the shape '%s'", p);
    return s;
}

static inline op_case parse_case(const char *line)
{
    op_case k = { .text = xdup(line), .op = xdup(line) };
    char *bar = strchr(k.op, '|'), *arrow = strstr(k.op, "->"), *save, *space;
    if (!bar) die("tests/cases: no | in '%s'", line);
    if (arrow) *arrow = 0, k.out = arrow + 2 + strspn(arrow + 2, " ");
    *bar = 0;
    k.words = (space = strchr(k.op, ' ')) ? (*space = 0, space + 1) : k.op + strlen(k.op);
    for (char *w = strtok_r(bar + 1, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        char *colon = strchr(w, ':'), *less = strchr(w, '<');
        k.t[k.n] = !colon || *w == 'b' || *w == 't' ? REAL_TYPE : *w == 'u' ? U8 : I32;
        if (less) *less = 0, k.below[k.n] = strtoll(less + 1, NULL, 10) * (*w == 't' || *w == 'n' ? -1 : 1);
        k.s[k.n++] = parse_shape(colon ? colon + 1 : w);
    }
    return k;
}

static inline case_list read_cases(void)
{
    case_list l = { 0 };
    int files;
    char **name = file_list("tests/cases", "|.txt|", &files);
    for (int i = 0; i < files; i++) {
        char *path = path_join("tests/cases", name[i]), *text = file_read(path, 1 << 20, NULL), *save;
        for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
            if (*p == '#') continue;
            l.k = xgrow(l.k, (size_t)(l.n + 1) * sizeof *l.k);
            l.k[l.n++] = parse_case(p);
        }
        free(path), free(text);
    }
    return l;
}

/* Distinct values of size 0.25 to 1 with alternating signs: no two alike (maxpool), none at 0, not even after a norm (relu). */
static inline void fill_spread(const slot *s, uint32_t which)
{
    int64_t *rank = xalloc_n((size_t)s->n, sizeof *rank);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t j = (int64_t)rng_below(rng_draw(7, RNG_TEST, which, 1, (uint64_t)i).v[0], (uint32_t)i + 1);
        rank[i] = rank[j], rank[j] = i;
    }
    for (int64_t i = 0; i < s->n; i++) {
        const double v = 0.25 + 0.75 * ((double)rank[i] + 0.5) / (double)s->n;
        slot_put(s, i, (real)((i / s->channels + i % s->channels) % 2 ? -v : v));
    }
    free(rank);
}

static inline void fill_labels(const rig *r)
{
    const int64_t c = tensor_channels(r->n->in[0]), classes = c > 1 ? c : 2;
    const int ignore = (int)setting(r, "ignore");
    for (int64_t i = 0; i < r->x[1].n; i++) {
        const rng4 d = rng_draw(5, RNG_TEST, 1, 2, (uint64_t)i);
        *(uint8_t *)slot_at(&r->x[1], i) = (uint8_t)(ignore >= 0 && d.v[1] % 4 == 0 ? ignore : d.v[0] % classes);
    }
}

/* Numbers below |below|, repeats among them, and a few -1, which name nothing, unless it is negative */
static inline void fill_index(const slot *s, int64_t below)
{
    for (int64_t i = 0; i < s->n; i++) {
        const rng4 d = rng_draw(6, RNG_TEST, 1, 3, (uint64_t)i);
        *(int32_t *)slot_at(s, i) = d.v[1] % 8 || below < 0 ? (int32_t)(d.v[0] % (below < 0 ? -below : below)) : -1;
    }
}

/* Boxes in and around an image of |below| x |below| pixels, from tiny to all of it; some turned inside out unless it is negative */
static inline void fill_boxes(const slot *s, int64_t below)
{
    const double image = fabs((double)below);
    for (int64_t i = 0; i < s->n / 4; i++) {
        const double side = image * (i % 5 == 4 ? 1.1 : 0.5), x = image * fabs(rig_u(60, 4 * i)), y = image * fabs(rig_u(60, 4 * i + 1));
        const double wide = rig_u(60, 4 * i + 2), at[] = { x - 2, y - 2, x + side * (below < 0 ? fabs(wide) : wide), y + side * fabs(rig_u(60, 4 * i + 3)) };
        for (int k = 0; k < 4; k++) slot_put(s, 4 * i + k, (real)at[k]);
    }
}

/* Blobs of 0 and 1 */
static inline void fill_masks(const slot *s)
{
    for (int64_t i = 0; i < s->n; i++) *(uint8_t *)slot_at(s, i) = sin((double)i / 3) + rig_u(61, i / 4) > 0;
}

static inline void fill_first(const rig *r, const op_case *at)
{
    static const double norm[6][2] = { { 0, 0 }, { 1, 0.25 }, { 0, 0.05 }, { 0, 0.05 }, { 1, 0.4 }, { 0, 1 } };
    /* gamma beta mean variance bias: offset, scale */
    const int is_norm = strstr(r->n->op->name, "_norm") != NULL;
    for (int i = 0; i < r->n->nin; i++) {
        if (r->n->in[i]->type == U8 && r->n->op->stops) { fill_masks(&r->x[i]); continue; }
        if (r->n->in[i]->type == U8) { fill_labels(r); continue; }
        if (r->n->in[i]->type == I32) { fill_index(&r->x[i], at->below[i]); continue; }
        if (at->below[i]) { fill_boxes(&r->x[i], at->below[i]); continue; }
        if (!(is_norm && i > 0) && r->x[i].n > 1) { fill_spread(&r->x[i], (uint32_t)i); continue; }
        for (int64_t k = 0; k < r->x[i].n; k++)
            slot_put(&r->x[i], k, (real)(is_norm ? norm[i][0] + norm[i][1] * rig_u((uint32_t)i, k) : rig_u((uint32_t)i, k)));
    }
    for (int o = 0; o < r->n->nout; o++) for (int64_t k = 0; k < r->gy[o].n; k++) slot_put(&r->gy[o], k, (real)rig_u(100 + (uint32_t)o, k));
}

static inline bench bench_typed(context c, const op_case *k, lay how, int training, int halves)
{
    bench b = { .r = rig_typed(c, k->op, *k->words ? k->words : " ", k->n, k->s, k->t, how, halves) };
    b.r->c.training = training;
    fill_first(b.r, k);
    for (int i = 0; i < k->n; i++) b.x[i] = slot_copy(&b.r->x[i]);
    for (int i = 0; i < b.r->n->nout; i++) b.gy[i] = slot_copy(&b.r->gy[i]);
    return b;
}
static inline bench bench_on(context c, const op_case *k, lay how, int training) { return bench_typed(c, k, how, training, 0); }
static inline void bench_free(bench *b)
{
    for (int i = 0; i < MAX_IN; i++) free(b->x[i]);
    for (int i = 0; i < MAX_OUT; i++) free(b->gy[i]);
    rig_free(b->r);
}

static inline void fill(const bench *b)
{
    for (int i = 0; i < b->r->n->nin; i++) slot_restore(&b->r->x[i], b->x[i]);
    for (int i = 0; i < b->r->n->nout; i++) slot_restore(&b->r->gy[i], b->gy[i]);
}

static inline void run(const bench *b)
{
    fill(b);
    rig_forward(b->r);
    rig_backward(b->r);
}

/* ---- everything a run leaves, to compare bits ---- */
typedef struct { unsigned char *x[MAX_IN], *g[MAX_IN], *y[MAX_OUT], *saved[MAX_SAVED]; } shot;

static inline shot shot_take(const rig *r)
{
    shot s = { 0 };
    for (int i = 0; i < r->n->nin; i++) s.x[i] = slot_copy(&r->x[i]), s.g[i] = slot_copy(&r->gx[i]);
    for (int i = 0; i < r->n->nout; i++) s.y[i] = slot_copy(&r->y[i]);
    for (int i = 0; i < r->n->nsaved; i++) s.saved[i] = slot_copy(&r->saved[i]);
    return s;
}
static inline void shot_free(shot *s)
{
    for (int i = 0; i < MAX_IN; i++) free(s->x[i]), free(s->g[i]);
    for (int i = 0; i < MAX_OUT; i++) free(s->y[i]);
    for (int i = 0; i < MAX_SAVED; i++) free(s->saved[i]);
}
static inline int same_gradients(const rig *r, const shot *s)
{
    int same = 1;
    for (int i = 0; i < r->n->nin; i++) same &= slot_same(&r->gx[i], s->g[i]);
    return same;
}
static inline int same_all(const rig *r, const shot *s)
{
    int same = same_gradients(r, s);
    for (int i = 0; i < r->n->nin; i++) same &= slot_same(&r->x[i], s->x[i]);
    for (int i = 0; i < r->n->nout; i++) same &= slot_same(&r->y[i], s->y[i]);
    for (int i = 0; i < r->n->nsaved; i++) same &= slot_same(&r->saved[i], s->saved[i]);
    return same;
}
#endif
