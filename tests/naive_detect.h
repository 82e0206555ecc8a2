/* naive_detect.h - the ops of a detector from their definitions; see naive.h. */
#ifndef TESTS_NAIVE_DETECT_H
#define TESTS_NAIVE_DETECT_H
#include "tests/rig.h"

static inline int32_t i_at(const rig *r, int i, int64_t k) { return *(int32_t *)slot_at(&r->x[i], k); }

/* One bilinear sample as a sum of hats, 0 outside [-1, size] */
static inline double hat_sample(const rig *r, int i, int64_t n, double v, double u, int64_t c)
{
    const place4 s = size4(r->n->in[i]);
    double sum = 0;
    if (v < -1 || u < -1 || v > (double)s.h || u > (double)s.w) return 0;
    v = fmin(fmax(v, 0), (double)(s.h - 1)), u = fmin(fmax(u, 0), (double)(s.w - 1));
    for (int64_t y = 0; y < s.h; y++)
        for (int64_t x = 0; x < s.w; x++) {
            const double a = 1 - fabs(v - (double)y), b = 1 - fabs(u - (double)x);
            if (a > 0 && b > 0) sum += a * b * x_at(r, i, n, y, x, c);
        }
    return sum;
}

static inline double roi_bin(const rig *r, int64_t k, int64_t h, int64_t w, int64_t c)
{
    const int64_t boxes = r->n->in[0]->s.d[1], n = k / boxes;
    const key_list *strides = (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, "strides")->at);
    double b[4], side, sum = 0;
    if (k % boxes >= i_at(r, 1, n)) return 0;
    for (int j = 0; j < 4; j++) b[j] = p_at(r, 0, 4 * k + j);
    side = sqrt((b[2] - b[0]) * (b[3] - b[1])) / 224;
    const double add = setting(r, "level_add"), level = floor(4 + (setting(r, "level_inside") ? log2(side + add) : log2(side) + add));
    const int last = strides->n - 1, l = (int)fmin(fmax(level - log2(strides->v[0]), 0), last);
    const double off = setting(r, "aligned") ? 0.5 : 0, size[] = { setting(r, "height"), setting(r, "width") };
    double from[2], bin[2], count[2];
    for (int a = 0; a < 2; a++) {
        from[a] = b[1 - a] / strides->v[l] - off;
        double whole = b[3 - a] / strides->v[l] - off - from[a];
        if (off == 0) whole = fmax(whole, 1);
        bin[a] = whole / size[a], count[a] = setting(r, "sampling") ? setting(r, "sampling") : ceil(bin[a]);
    }
    for (double y = 0; y < count[0]; y++)
        for (double x = 0; x < count[1]; x++)
            sum += hat_sample(r, 2 + l, n, from[0] + bin[0] * ((double)h + (y + 0.5) / count[0]),
                from[1] + bin[1] * ((double)w + (x + 0.5) / count[1]), c);
    return sum / fmax(fmax(count[0], 0) * fmax(count[1], 0), 1);
}
static inline void naive_roi_align(const rig *r, double *y) { EACH_OUT(roi_bin(r, n, h, w, c)); }

/* Row i of all levels, walked place by place */
static inline double row_of(const rig *r, int64_t n, int64_t row, int64_t c)
{
    const int64_t width = (int64_t)setting(r, "width");
    for (int l = 1; row >= 0 && l < r->n->nin; l++) {
        const place4 s = size4(r->n->in[l]);
        for (int64_t y = 0; y < s.h; y++)
            for (int64_t x = 0; x < s.w; x++)
                for (int64_t a = 0; a < s.c / width; a++)
                    if (row-- == 0) return x_at(r, l, n, y, x, a * width + c);
    }
    return 0;
}
static inline void naive_level_rows(const rig *r, double *y) { EACH_OUT(row_of(r, n, i_at(r, 0, n * e_.h + h + w), c)); }
#endif
