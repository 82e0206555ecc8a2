/* detect_targets.cu - what a detector learns from, on a GPU; see detect.h. All boxes that may be sampled become entries of a sort, positives before
 * negatives before the rest, each kind by random number and place: the sample is the first entries of either kind. A block an image then
 * puts these in the order of their places, which needs no more than counting, since a sample is small. */
#include "kernels/detect.h"
#include "kernels/grid.cuh"
#include "kernels/sort.cuh"

enum kind { POSITIVE, NEGATIVE, NEITHER };

/* What a sample's numbers are drawn by; `now` as in the context */
typedef struct { uint64_t seed; uint32_t purpose, step, micro; const live_numbers *now; } draw;
static draw draw_of(const context *c, uint32_t purpose) { return draw{ c->seed, purpose, c->step, c->micro, c->live }; }

static __device__ inline sort_entry entry_of(const draw &d, const sample_rule &r, int64_t image, int64_t place, int32_t match)
{
    const sample_key k = sample_key_of(d.seed, d.purpose, d.now ? d.now->step : d.step, d.now ? d.now->micro : d.micro, image);
    const uint64_t kind = match >= 0 ? POSITIVE : match == MATCH_NONE ? NEGATIVE : NEITHER;
    const sort_entry e = { kind << 32 | (r.mode == SAMPLE_RANDOM && kind != NEITHER ? sample_number(&k, place) : 0), place };
    return e;
}

/* As match_boxes; best: of each truth of the image, NULL: none is kept for being the best */
static __device__ inline int32_t match_of(const box &b, const box_lists &truth, int64_t image, const target_rule &r, const real *best)
{
    const int64_t have = boxes_in(&truth, image);
    real high = 0;
    int32_t at = 0;
    int is_best = 0;
    if (!have) return MATCH_NONE;
    for (int64_t t = 0; t < have; t++) {
        const real v = box_iou(b, box_in(&truth, image, t));
        if (t == 0 || v > high) high = v, at = (int32_t)t;
        is_best |= best && v == best[t];
    }
    return high >= (real)r.foreground || is_best ? at : high < (real)r.background ? MATCH_NONE : MATCH_IGNORE;
}

/* How many entries stand before the first of this kind or a later one */
static __device__ inline int64_t before(const sort_entry *e, int64_t n, uint64_t kind)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t mid = (low + high) / 2;
        if (e[mid].key < kind << 32) low = mid + 1;
        else high = mid;
    }
    return low;
}

/* The sample of an image's sorted entries, by its block: place [size], -1 where there is none */
static __device__ sample_count sample_of(const sort_entry *e, int64_t n, const sample_rule &r, int32_t *place)
{
    const int64_t negative = before(e, n, NEGATIVE), neither = before(e, n, NEITHER);
    const int64_t positives = least(negative, sample_most(&r)), negatives = least(neither - negative, r.size - positives);
    const sample_count s = { positives, positives + negatives };
    for (int64_t k = threadIdx.x; k < r.size; k += blockDim.x) {
        if (k >= s.all) { place[k] = -1; continue; }
        const int64_t start = k < positives ? 0 : positives, count = k < positives ? positives : negatives;
        const sort_entry *const kind = e + (k < positives ? 0 : negative);
        const int64_t mine = kind[k - start].place;
        int64_t rank = 0;
        for (int64_t j = 0; j < count; j++) rank += kind[j].place < mine;
        place[start + rank] = (int32_t)mine;
    }
    __syncthreads();
    return s;
}

/* How many rows all images have; -1: the truth of one of them is none */
static __device__ inline int64_t total_of(const int32_t *taken, int64_t images)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < images; i++) {
        if (taken[i] < 0) return -1;
        sum += taken[i];
    }
    return sum;
}

/* Is one of the image's truths none? By its block; classes: NULL: only their boxes count */
static __device__ inline int any_bad(const box_lists &truth, int64_t image, const int32_t *classes, const region_rule *r)
{
    int bad = 0;
    for (int64_t t = threadIdx.x; t < boxes_in(&truth, image); t += blockDim.x)
        bad |= truth_bad(box_in(&truth, image, t)) || (classes && class_bad(r, classes[image * truth.most + t]));
    return __syncthreads_or(bad);
}

/* ---- anchors ---- */
/* The highest IoU that any anchor has with each truth: a block a truth */
static __global__ void best_of_truths(anchors a, box_lists truth, real *best)
{
    __shared__ real high[THREADS];
    const int64_t image = blockIdx.x / truth.most, t = blockIdx.x % truth.most, all = anchor_first(&a, a.levels);
    real v = 0;
    if (t < boxes_in(&truth, image)) {
        const box b = box_in(&truth, image, t);
        for (int64_t i = threadIdx.x; i < all; i += THREADS) v = box_higher(box_iou(anchor_of_all(&a, i), b), v);
    }
    high[threadIdx.x] = v;
    for (int half = THREADS / 2; half; half /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < half) high[threadIdx.x] = box_higher(high[threadIdx.x], high[threadIdx.x + half]);
    }
    if (threadIdx.x == 0) best[blockIdx.x] = high[0];
}

static __global__ void anchor_entries(anchors a, box_lists truth, target_rule r, draw d, const real *best, int32_t *match, sort_entry *e)
{
    const int64_t all = anchor_first(&a, a.levels);
    for EACH_OF_GRID(g, truth.images * all) {
        const int64_t image = g / all, i = g % all;
        match[g] = match_of(anchor_of_all(&a, i), truth, image, r, best + image * truth.most);
        e[g] = entry_of(d, r.sample, image, i, match[g]);
    }
}

/* A block an image */
static __global__ void sample_anchors(anchors a, box_lists truth, target_rule r, const sort_entry *e, const int32_t *match, anchor_rows o,
                                      int32_t *taken)
{
    const box_weights one = { 1, 1, 1, 1 };
    const int64_t image = blockIdx.x, all = anchor_first(&a, a.levels), first = image * r.sample.size;
    const sample_count s = sample_of(e + image * all, all, r.sample, o.index + first);
    for (int64_t k = threadIdx.x; k < r.sample.size; k += blockDim.x) {
        const int64_t place = o.index[first + k];
        real delta[4] = { 0, 0, 0, 0 };
        if (k < s.positives) box_encode(anchor_of_all(&a, place), box_in(&truth, image, match[image * all + place]), one, delta);
        o.label.p[(first + k) * o.label.stride] = k < s.positives;
        delta_put(&o.delta, first + k, delta);
    }
    const int bad = any_bad(truth, image, NULL, NULL);
    if (threadIdx.x == 0) taken[image] = bad ? -1 : (int32_t)s.all;
}

static __global__ void weigh_anchors(int64_t images, int64_t rows, int mean, const int32_t *taken, anchor_rows o)
{
    const int64_t total = total_of(taken, images);
    const real each = (real)1 / (real)(mean ? most(total, (int64_t)1) : rows);
    for EACH_OF_GRID(k, rows) {
        o.weight.p[k * o.weight.stride] = total < 0 ? (real)NAN : o.index[k] >= 0 ? each : 0;
        o.delta_weight.p[k * o.delta_weight.stride] = total < 0 ? (real)NAN : o.label.p[k * o.label.stride] > 0 ? each : 0;
    }
}

size_t anchor_targets_work(int64_t images, anchors a, int64_t truths)
{
    const int64_t all = anchor_first(&a, a.levels);
    return sort_entries_work(images, all) + (size_t)(images * truths) * sizeof(real) + (size_t)(images * all + images) * sizeof(int32_t);
}

void anchor_targets_cuda(const context *c, anchors a, box_lists truth, target_rule r, int mean, anchor_rows o, void *work)
{
    const int64_t all = anchor_first(&a, a.levels), rows = truth.images * r.sample.size;
    sort_entry *e = (sort_entry *)work, *const space = e + truth.images * all;
    real *const best = (real *)(space + truth.images * all);
    int32_t *const match = (int32_t *)(best + truth.images * truth.most), *const taken = match + truth.images * all;
    LAUNCH(best_of_truths, dim3((unsigned)(truth.images * truth.most)), dim3(THREADS), 0, c->stream, a, truth, best);
    LAUNCH_EACH(anchor_entries, truth.images * all, c->stream, a, truth, r, draw_of(c, RNG_ANCHORS), (const real *)best, match, e);
    e = sort_entries(c, truth.images, all, e, space);
    LAUNCH(sample_anchors, dim3((unsigned)truth.images), dim3(THREADS), 0, c->stream, a, truth, r, (const sort_entry *)e, (const int32_t *)match, o, taken);
    LAUNCH_EACH(weigh_anchors, rows, c->stream, truth.images, rows, mean, (const int32_t *)taken, o);
}

/* ---- regions ---- */
/* Candidate i of an image: its proposals, then its truths */
static __device__ inline box candidate_of(const box_lists &proposals, const box_lists &truth, int64_t image, int64_t i)
{
    const int64_t first = boxes_in(&proposals, image);
    return i < first ? box_in(&proposals, image, i) : box_in(&truth, image, i - first);
}

static __global__ void region_entries(box_lists proposals, box_lists truth, region_rule r, draw d, int32_t *match, sort_entry *e)
{
    const int64_t room = proposals.most + truth.most;
    for EACH_OF_GRID(g, truth.images * room) {
        const int64_t image = g / room, i = g % room, n = boxes_in(&proposals, image) + (r.append ? boxes_in(&truth, image) : 0);
        match[g] = i < n ? match_of(candidate_of(proposals, truth, image, i), truth, image, r.target, NULL) : (int32_t)MATCH_IGNORE;
        e[g] = entry_of(d, r.target.sample, image, i, match[g]);
    }
}

/* A block an image; place: [images size] of scratch */
static __global__ void sample_regions(box_lists proposals, box_lists truth, const int32_t *classes, region_rule r, const sort_entry *e,
                                      const int32_t *match, region_rows o, int32_t *place, int32_t *taken)
{
    const int64_t image = blockIdx.x, room = proposals.most + truth.most, size = r.target.sample.size;
    const sample_count s = sample_of(e + image * room, room, r.target.sample, place + image * size);
    const int bad = any_bad(truth, image, classes, &r);
    for (int64_t k = threadIdx.x; k < size; k += blockDim.x) {
        const int64_t row = image * size + k;
        const int32_t t = k < s.positives ? match[image * room + place[row]] : -1, class_ = t >= 0 ? classes[image * truth.most + t] : -1;
        const box none = { 0, 0, 0, 0 }, b = k < s.all ? candidate_of(proposals, truth, image, place[row]) : none;
        real delta[4] = { 0, 0, 0, 0 };
        if (t >= 0) box_encode(b, box_in(&truth, image, t), r.weights, delta);
        box_put(&o.box, row, b);
        o.label[row * o.label_stride] = (uint8_t)(k >= s.all ? (int)NO_LABEL : t >= 0 ? class_ : r.background_class);
        o.class_[row] = class_, o.match[row] = t;
        delta_put(&o.delta, row, delta);
    }
    if (threadIdx.x == 0) o.count[image] = (int32_t)s.all, taken[image] = bad ? -1 : (int32_t)s.all;
}

static __global__ void weigh_regions(int64_t images, int64_t rows, const int32_t *taken, region_rows o)
{
    const int64_t total = total_of(taken, images);
    for EACH_OF_GRID(k, rows) o.weight.p[k * o.weight.stride] = total < 0 ? (real)NAN : o.class_[k] >= 0 ? (real)1 / (real)total : 0;
}

size_t roi_targets_work(int64_t images, int64_t proposals, int64_t truths, int64_t size)
{
    const int64_t room = proposals + truths;
    return sort_entries_work(images, room) + (size_t)(images * (room + size + 1)) * sizeof(int32_t);
}

void roi_targets_cuda(const context *c, box_lists proposals, box_lists truth, const int32_t *classes, region_rule r, region_rows o, void *work)
{
    const int64_t room = proposals.most + truth.most, rows = truth.images * r.target.sample.size;
    sort_entry *e = (sort_entry *)work, *const space = e + truth.images * room;
    int32_t *const match = (int32_t *)(space + truth.images * room), *const place = match + truth.images * room, *const taken = place + rows;
    LAUNCH_EACH(region_entries, truth.images * room, c->stream, proposals, truth, r, draw_of(c, RNG_REGIONS), match, e);
    e = sort_entries(c, truth.images, room, e, space);
    LAUNCH(sample_regions, dim3((unsigned)truth.images), dim3(THREADS), 0, c->stream, proposals, truth, classes, r, (const sort_entry *)e,
           (const int32_t *)match, o, place, taken);
    LAUNCH_EACH(weigh_regions, rows, c->stream, truth.images, rows, (const int32_t *)taken, o);
}

/* ---- masks ---- */
static __device__ inline int has_mask(const int32_t *class_, const int32_t *match, const truth_masks &m, int64_t row)
{
    return class_[row] >= 0 && match[row] >= 0 && match[row] < m.most;
}

/* A block an image; source: [images most] which truth each mask is of */
static __global__ void pick_masks(box_lists rows, const int32_t *class_, const int32_t *match, truth_masks m, mask_rule r, mask_rows o, int32_t *source)
{
    const int64_t image = blockIdx.x, first = image * rows.most, to = image * r.most;
    int64_t there = 0;
    for (int64_t j = 0; j < rows.most; j++) there += has_mask(class_, match, m, first + j);
    there = least(there, r.most);
    for (int64_t k = threadIdx.x; k < rows.most; k += blockDim.x) {
        if (!has_mask(class_, match, m, first + k)) continue;
        int64_t rank = 0;
        for (int64_t j = 0; j < k; j++) rank += has_mask(class_, match, m, first + j);
        if (rank >= there) continue;
        box_put(&o.box, to + rank, box_in(&rows, image, k));
        o.class_[to + rank] = class_[first + k], source[to + rank] = match[first + k];
    }
    for (int64_t k = there + threadIdx.x; k < r.most; k += blockDim.x) {
        const box none = { 0, 0, 0, 0 };
        box_put(&o.box, to + k, none);
        o.class_[to + k] = -1;
    }
    if (threadIdx.x == 0) o.count[image] = (int32_t)there;
}

static __global__ void fill_masks(int64_t images, truth_masks m, mask_rule r, mask_rows o, const int32_t *source)
{
    const int64_t pixels = r.size * r.size;
    int64_t taken = 0;
    for (int64_t i = 0; i < images; i++) taken += o.count[i];
    for EACH_OF_GRID(g, images * r.most * pixels) {
        const int64_t k = g / pixels, p = g % pixels;
        const int there = o.class_[k] >= 0;
        real v = 0;
        if (there) {
            const real *const q = o.box.p + k * o.box.stride;
            const box b = { q[0], q[1], q[2], q[3] };
            const roi frame = mask_roi(b, r.size, r.aligned);
            v = mask_target_at(m.p + (k / r.most * m.most + source[k]) * m.h * m.stride, m.stride, m.h, m.w, &frame, p / r.size, p % r.size, r.hard);
        }
        o.target[g * o.stride] = v;
        if (!p) o.weight.p[k * o.weight.stride] = there ? (real)1 / (real)(taken * pixels) : 0;
    }
}

size_t mask_targets_work(int64_t images, int64_t most) { return (size_t)(images * most) * sizeof(int32_t); }

void mask_targets_cuda(const context *c, box_lists rows, const int32_t *class_, const int32_t *match, truth_masks m, mask_rule r, mask_rows o,
                       void *work)
{
    int32_t *const source = (int32_t *)work;
    LAUNCH(pick_masks, dim3((unsigned)rows.images), dim3(THREADS), 0, c->stream, rows, class_, match, m, r, o, source);
    LAUNCH_EACH(fill_masks, rows.images * r.most * r.size * r.size, c->stream, rows.images, m, r, o, (const int32_t *)source);
}

static __global__ void widen(box_lists from, const int32_t *class_, real share, wide_rows o)
{
    for EACH_OF_GRID(row, from.images * from.most) {
        const int64_t image = row / from.most, k = row % from.most;
        const box none = { 0, 0, 0, 0 };
        box_put(&o.box, row, k < boxes_in(&from, image) ? box_widened(box_in(&from, image, k), share) : none);
        o.class_[row] = class_[row];
        if (!k) o.count[image] = from.count[image];
    }
}

void widen_boxes_cuda(const context *c, box_lists from, const int32_t *class_, double share, wide_rows o)
{
    LAUNCH_EACH(widen, from.images * from.most, c->stream, from, class_, (real)share, o);
}
