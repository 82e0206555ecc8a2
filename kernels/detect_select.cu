/* detect_select.cu - proposals on a GPU; see detect.h. Of an image all anchors are sorted by level and score; the best of each level become boxes,
 * and those are sorted by score alone. Which of them overlap is asked of all pairs at once, a bit each; the greedy choice among them is
 * then made by one block, a row of bits at a time. */
#include "kernels/detect.h"
#include "kernels/grid.cuh"
#include "kernels/sort.cuh"

static_assert(sizeof(real) == 4, "a sort key holds the level beside the score");
enum { WORD = 64 };

/* Which rows of the candidates belong to which level */
typedef struct { int64_t first[DETECT_LEVELS + 1]; } shares;
static shares shares_of(const anchors *a, int64_t pre)
{
    shares s = { { 0 } };
    for (int l = 0; l < a->levels; l++) s.first[l + 1] = s.first[l] + least(anchor_count(a, l), pre);
    return s;
}
static __device__ inline int level_in(const int64_t *first, int64_t i)
{
    int level = 0;
    while (i >= first[level + 1]) level++;
    return level;
}

static __global__ void rank_anchors(anchors a, proposal_maps m, int64_t image, sort_entry *e)
{
    for EACH_OF_GRID(g, anchor_first(&a, a.levels)) {
        int level = 0;
        int64_t i = g;
        for (int64_t n; i >= (n = anchor_count(&a, level)); level++) i -= n;
        const given_rows logit = m.logit[level];
        const int64_t pixel = image * a.h[level] * a.w[level] + i / a.cells;
        e[g].key = (uint64_t)level << 32 | sort_key(logit.p[pixel * logit.stride + i % a.cells], 0), e[g].place = i;
    }
}

static __global__ void decode_best(anchors a, shares s, proposal_rule r, proposal_maps m, int64_t image, const sort_entry *ranked, box *b, real *score,
                                   sort_entry *e)
{
    const box_weights one = { 1, 1, 1, 1 };
    for EACH_OF_GRID(g, s.first[a.levels]) {
        const int level = level_in(s.first, g);
        const int64_t i = ranked[anchor_first(&a, level) + g - s.first[level]].place;
        const int64_t pixel = image * a.h[level] * a.w[level] + i / a.cells;
        const given_rows logit = m.logit[level], delta = m.delta[level];
        const box limit = { 0, 0, (real)m.extent[2 * image + 1], (real)m.extent[2 * image] };
        const box moved = box_decode(anchor_at(&a, level, i), delta.p + pixel * delta.stride + 4 * (i % a.cells), one);
        score[g] = proposal_score(&r, logit.p[pixel * logit.stride + i % a.cells]);
        b[g] = box_clip(moved, limit.x2, limit.y2);
        e[g].key = proposal_there(&r, score[g], moved, limit) ? sort_key(score[g], 0) : UINT64_MAX, e[g].place = g;
    }
}

/* Bit j of row i: the candidate of rank j comes after that of rank i, is of its level, and overlaps it */
static __global__ void compare_pairs(shares s, int64_t n, int64_t words, double overlap, const sort_entry *e, const box *b, uint64_t *over)
{
    for EACH_OF_GRID(g, n * words) {
        const int64_t i = g / words, from = g % words * WORD;
        uint64_t bits = 0;
        if (e[i].key != UINT64_MAX && from + WORD > i) {
            const box mine = b[e[i].place];
            const int level = level_in(s.first, e[i].place);
            for (int64_t j = most(from, i + 1); j < least(from + WORD, n) && e[j].key != UINT64_MAX; j++)
                if (level_in(s.first, e[j].place) == level && box_iou(mine, b[e[j].place]) > (real)overlap) bits |= (uint64_t)1 << (j - from);
        }
        over[g] = bits;
    }
}

/* One block, a word of ranks at a time: those of it that fell to better ones are known when it begins, and every thread notes by itself
 * which of its own fall to each other; what the kept ones drop of later words is noted for these. dropped: [words] of scratch */
static __global__ void keep_best(proposal_rule r, int64_t n, int64_t words, int64_t image, const sort_entry *e, const box *b, const real *score,
                                 const uint64_t *over, uint64_t *dropped, proposal_rows o)
{
    const int64_t first = image * r.post;
    int64_t kept = 0;
    for (int64_t k = threadIdx.x; k < words; k += blockDim.x) dropped[k] = 0;
    for (int64_t w = 0; w < words && kept < r.post; w++) {
        __syncthreads();
        uint64_t gone = dropped[w];
        for (int64_t i = w * WORD; i < least((w + 1) * WORD, n) && kept < r.post && e[i].key != UINT64_MAX; i++) {
            if (gone >> i % WORD & 1) continue;
            gone |= over[i * words + w];
            for (int64_t k = threadIdx.x; k < words; k += blockDim.x) if (k > w) dropped[k] |= over[i * words + k];
            if (threadIdx.x == 0) box_put(&o.box, first + kept, b[e[i].place]), o.score.p[(first + kept) * o.score.stride] = score[e[i].place];
            kept++;
        }
    }
    for (int64_t k = kept + threadIdx.x; k < r.post; k += blockDim.x) {
        const box none = { 0, 0, 0, 0 };
        box_put(&o.box, first + k, none), o.score.p[(first + k) * o.score.stride] = 0;
    }
    if (threadIdx.x == 0) o.count[image] = (int32_t)kept;
}

static int64_t words_for(int64_t n) { return (n + WORD - 1) / WORD; }

/* Of one image: both sorts, bits, boxes and scores of the candidates */
size_t proposals_work(anchors a, int64_t pre)
{
    const int64_t n = shares_of(&a, pre).first[a.levels];
    return sort_entries_work(1, anchor_first(&a, a.levels)) + sort_entries_work(1, n) + (size_t)((n + 1) * words_for(n)) * sizeof(uint64_t)
         + (size_t)n * (sizeof(box) + sizeof(real));
}

void proposals_cuda(const context *c, anchors a, proposal_rule r, proposal_maps m, proposal_rows o, void *work)
{
    const shares s = shares_of(&a, r.pre);
    const int64_t all = anchor_first(&a, a.levels), n = s.first[a.levels], words = words_for(n);
    sort_entry *const every = (sort_entry *)work, *const best = every + 2 * all;
    uint64_t *const over = (uint64_t *)(best + 2 * n), *const dropped = over + n * words;
    box *const b = (box *)(dropped + words);
    real *const score = (real *)(b + n);
    for (int64_t i = 0; i < m.images; i++) {
        LAUNCH_EACH(rank_anchors, all, c->stream, a, m, i, every);
        const sort_entry *const ranked = sort_entries(c, 1, all, every, every + all);
        LAUNCH_EACH(decode_best, n, c->stream, a, s, r, m, i, ranked, b, score, best);
        const sort_entry *const chosen = sort_entries(c, 1, n, best, best + n);
        LAUNCH_EACH(compare_pairs, n * words, c->stream, s, n, words, r.overlap, chosen, (const box *)b, over);
        LAUNCH(keep_best, dim3(1), dim3(THREADS), 0, c->stream, r, n, words, i, chosen, (const box *)b, (const real *)score, (const uint64_t *)over, dropped, o);
    }
}
