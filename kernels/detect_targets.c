/* detect_targets.c - what a detector learns from, on the CPU; see detect.h. */
#include "kernels/detect.h"
#include "base/die.h"
#include <stdlib.h>

/* The boxes of an image, dense, at to[0..]; how many */
static int64_t list(const box_lists *l, int64_t image, box *to)
{
    const int64_t n = boxes_in(l, image);
    for (int64_t i = 0; i < n; i++) to[i] = box_in(l, image, i);
    return n;
}

static void put(const real_rows *to, int64_t row, real v) { to->p[row * to->stride] = v; }

void anchor_targets_cpu(const context *c, anchors a, box_lists truth, target_rule r, int mean, anchor_rows o, void *work)
{
    (void)work;
    static const box_weights one = { 1, 1, 1, 1 };
    const int64_t all = anchor_first(&a, a.levels), samples = r.sample.size, rows = truth.images * samples;
    int32_t *match = xalloc_n((size_t)all, sizeof *match);
    real *best = xalloc_n((size_t)truth.most, sizeof *best);
    box *anchor = xalloc_n((size_t)all, sizeof *anchor), *truths = xalloc_n((size_t)truth.most, sizeof *truths);
    int64_t taken = 0, at = 0;
    for (int l = 0; l < a.levels; l++) for (int64_t i = 0; i < anchor_count(&a, l); i++) anchor[at++] = anchor_at(&a, l, i);
    for (int64_t i = 0; i < truth.images; i++) {
        const int64_t have = list(&truth, i, truths);
        match_boxes(all, anchor, have, truths, r.background, r.foreground, 1, match, best);
        const sample_count s = sample_boxes(all, match, r.sample, sample_key_of(c->seed, RNG_ANCHORS, c->step, c->micro, i), o.index + i * samples);
        for (int64_t k = 0; k < samples; k++) {
            const int32_t index = o.index[i * samples + k];
            real delta[4] = { 0 };
            if (k < s.positives) box_encode(anchor[index], truths[match[index]], one, delta);
            put(&o.label, i * samples + k, k < s.positives), delta_put(&o.delta, i * samples + k, delta);
        }
        taken += s.all;
    }
    const real each = (real)1 / (real)(mean ? taken > 0 ? taken : 1 : rows);
    for (int64_t k = 0; k < rows; k++) {
        put(&o.weight, k, o.index[k] >= 0 ? each : 0);
        put(&o.delta_weight, k, o.label.p[k * o.label.stride] > 0 ? each : 0);
    }
    free(match), free(best), free(anchor), free(truths);
}

/* Row k: box b (NULL: no row), of truth t or of none */
static void region(const region_rule *r, const region_rows *o, int64_t k, const box *b, int32_t t, const box *truth, const int32_t *classes)
{
    real delta[4] = { 0 };
    const int32_t class_ = t >= 0 ? classes[t] : -1;
    if (t >= 0) box_encode(*b, truth[t], r->weights, delta);
    box_put(&o->box, k, b ? *b : (box){ 0 });
    o->label[k * o->label_stride] = (uint8_t)(!b ? NO_LABEL : t >= 0 ? class_ : r->background_class);
    o->class_[k] = class_, o->match[k] = t;
    delta_put(&o->delta, k, delta);
}

void roi_targets_cpu(const context *c, box_lists proposals, box_lists truth, const int32_t *classes, region_rule r, region_rows o, void *work)
{
    (void)work;
    const target_rule *f = &r.target;
    const int64_t samples = f->sample.size, capacity = proposals.most + truth.most;
    box *all = xalloc_n((size_t)capacity, sizeof *all), *truths = xalloc_n((size_t)truth.most, sizeof *truths);
    int32_t *match = xalloc_n((size_t)capacity, sizeof *match), *place = xalloc_n((size_t)samples, sizeof *place);
    int64_t taken = 0;
    for (int64_t i = 0; i < truth.images; i++) {
        const int64_t have = list(&truth, i, truths), first = list(&proposals, i, all), n = first + (r.append ? have : 0);
        for (int64_t k = first; k < n; k++) all[k] = truths[k - first];
        match_boxes(n, all, have, truths, f->background, f->foreground, 0, match, NULL);
        const sample_count s = sample_boxes(n, match, f->sample, sample_key_of(c->seed, RNG_REGIONS, c->step, c->micro, i), place);
        for (int64_t k = 0; k < samples; k++)
            region(&r, &o, i * samples + k, k < s.all ? &all[place[k]] : NULL, k < s.positives ? match[place[k]] : -1, truths, classes + i * truth.most);
        o.count[i] = (int32_t)s.all, taken += s.all;
    }
    for (int64_t k = 0; k < truth.images * samples; k++) put(&o.weight, k, o.class_[k] >= 0 ? (real)1 / (real)taken : 0);
    free(all), free(truths), free(match), free(place);
}

void mask_targets_cpu(const context *c, box_lists rows, const int32_t *class_, const int32_t *match, truth_masks m, mask_rule r, mask_rows o,
                      void *work)
{
    (void)c, (void)work;
    const int64_t all = rows.images * r.most, pixels = r.size * r.size;
    int32_t *source = xalloc_n((size_t)all, sizeof *source);
    real *targets = xalloc_n((size_t)(all * pixels), sizeof *targets);
    int64_t taken = 0;
    for (int64_t k = 0; k < all; k++) o.class_[k] = -1, box_put(&o.box, k, (box){ 0 });
    for (int64_t i = 0; i < rows.images; i++) {
        o.count[i] = 0;
        for (int64_t k = 0; k < rows.most && o.count[i] < r.most; k++) {
            const int64_t from = i * rows.most + k, to = i * r.most + o.count[i];
            if (class_[from] < 0 || match[from] < 0 || match[from] >= m.most) continue;
            box_put(&o.box, to, box_in(&rows, i, k));
            o.class_[to] = class_[from], source[to] = match[from], o.count[i]++, taken++;
        }
    }
    #pragma omp parallel for schedule(dynamic, 1)
    for (int64_t k = 0; k < all; k++) {
        const real *b = o.box.p + k * o.box.stride;
        real *target = targets + k * pixels;
        if (o.class_[k] >= 0)
            mask_target(m.p + (k / r.most * m.most + source[k]) * m.h * m.stride, m.stride, m.h, m.w, (box){ b[0], b[1], b[2], b[3] }, &r, target);
        for (int64_t p = 0; p < pixels; p++) o.target[(k * pixels + p) * o.stride] = target[p];
        put(&o.weight, k, o.class_[k] >= 0 ? (real)1 / (real)(taken * pixels) : 0);
    }
    free(source), free(targets);
}

void widen_boxes_cpu(const context *c, box_lists from, const int32_t *class_, double share, wide_rows o)
{
    (void)c;
    for (int64_t i = 0; i < from.images; i++) o.count[i] = from.count[i];
    for (int64_t i = 0; i < from.images; i++)
        for (int64_t k = 0; k < from.most; k++) {
            const int64_t row = i * from.most + k;
            box_put(&o.box, row, k < boxes_in(&from, i) ? box_widened(box_in(&from, i, k), share) : (box){ 0 });
            o.class_[row] = class_[row];
        }
}
