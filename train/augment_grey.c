/* augment_grey.c - what happens to grey values; see augment.h. The order is that of a picture's making: tone, sharpness, noise, and what
 * is laid
 * over it last; local contrast first, as a viewer of another maker would have applied it before export.
 *
 * The trap is the film's edge: pixels off the film are 0 and mean nothing, so a blur may not mix them in, and nothing may change them. */
#include "train/augment.h"
#include "base/die.h"
#include "base/rng.h"
#include "datasets/clahe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The part of the picture that is worked on. */
typedef struct area { const fit_part *p; int64_t w; const uint8_t *inside; float *image, *spare; } area;

/* ---- local contrast ---------------------------------------------------------------------------------------------------------------- */

static void equalise(const augmentation *a, const area *r, float lo, float range)
{
    const int64_t h = r->p->y1 - r->p->y0, w = r->p->x1 - r->p->x0;
    uint8_t *grey = xalloc((size_t)(h * w));
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const float v = (r->image[(r->p->y0 + y) * r->w + r->p->x0 + x] - lo) / range;
            grey[y * w + x] = (uint8_t)((v < 0 ? 0 : v > 1 ? 1 : v) * 255 + 0.5f);
        }
    clahe(grey, h, w, a->clahe, a->clahe_tiles, a->clahe_tiles, grey);
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const int64_t i = (r->p->y0 + y) * r->w + r->p->x0 + x;
            if (r->inside[i]) r->image[i] = lo + range * (1.f / 255) * (float)grey[y * w + x];
        }
    free(grey);
}

/* ---- tone -------------------------------------------------------------------------------------------------------------------------- */

/* Gamma, contrast, brightness, inversion: the whole change as a table, grey in, grey out. */
static void tone(const augmentation *a, const area *r, float lo, float range)
{
    enum { STEPS = 2048 };
    const float unit = STEPS / range;
    float curve[STEPS + 2];
    for (int i = 0; i <= STEPS; i++) {
        const double v = (pow((double)i / STEPS, a->gamma) - 0.5) * a->contrast + 0.5 + a->brightness;
        curve[i] = lo + range * (float)(a->inverted ? 1 - v : v);
    }
    curve[STEPS + 1] = curve[STEPS];
    for (int64_t y = r->p->y0; y < r->p->y1; y++)
        for (int64_t i = y * r->w + r->p->x0, end = y * r->w + r->p->x1; i < end; i++) {
            float t = (r->image[i] - lo) * unit;
            t = t < 0 ? 0 : t > STEPS ? STEPS : t;
            int k = (int)t;
            float v = curve[k] + (t - (float)k) * (curve[k + 1] - curve[k]);
            r->image[i] = r->inside[i] ? v : r->image[i];
        }
}

/* ---- sharpness --------------------------------------------------------------------------------------------------------------------- */

enum { REACH = 48 };                         /* three standard deviations of the largest blur */

/* half[k]: weight of a pixel k away; returns how far the kernel reaches. */
static int kernel(double sd, float half[REACH + 1])
{
    const int reach = (int)fmin(REACH, ceil(3 * sd));
    double sum = 1;
    for (int k = 1; k <= reach; k++) sum += 2 * exp(-0.5 * k * k / (sd * sd));
    for (int k = 0; k <= reach; k++) half[k] = (float)(exp(-0.5 * k * k / (sd * sd)) / sum);
    return reach;
}

/* from, to: (h, w) of the part, no stride. Along rows, then along columns; beyond the part there is nothing (0). */
static void blur_both(const float *half, int reach, float *v, float *spare, int64_t h, int64_t w)
{
    for (int64_t y = 0; y < h; y++) {
        const float *s = v + y * w;
        float *d = spare + y * w;
        for (int64_t x = 0; x < w; x++) d[x] = half[0] * s[x];
        for (int k = 1; k <= reach; k++) {
            for (int64_t x = k; x < w; x++) d[x] += half[k] * s[x - k];
            for (int64_t x = 0; x < w - k; x++) d[x] += half[k] * s[x + k];
        }
    }
    for (int64_t y = 0; y < h; y++) {
        float *d = v + y * w;
        for (int64_t x = 0; x < w; x++) d[x] = half[0] * spare[y * w + x];
        for (int k = 1; k <= reach; k++)
            for (int way = -k; way <= k; way += 2 * k) {
                if (y + way < 0 || y + way >= h) continue;
                const float *s = spare + (y + way) * w;
                for (int64_t x = 0; x < w; x++) d[x] += half[k] * s[x];
            }
    }
}

/* The blurred picture over the blurred film's area: what is off the film has no weight. */
static void blur(const augmentation *a, const area *r)
{
    float half[REACH + 1];
    const int reach = kernel(a->blur, half);
    const int64_t h = r->p->y1 - r->p->y0, w = r->p->x1 - r->p->x0;
    float *v = xalloc_n((size_t)(h * w), 2 * sizeof *v), *weight = v + h * w;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const int64_t i = (r->p->y0 + y) * r->w + r->p->x0 + x;
            weight[y * w + x] = r->inside[i], v[y * w + x] = r->inside[i] ? r->image[i] : 0;
        }
    blur_both(half, reach, v, r->spare, h, w), blur_both(half, reach, weight, r->spare, h, w);
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const int64_t i = (r->p->y0 + y) * r->w + r->p->x0 + x;
            if (r->inside[i]) r->image[i] = v[y * w + x] / weight[y * w + x];
        }
    free(v);
}

/* ---- noise ------------------------------------------------------------------------------------------------------------------------- */

/* Nearly normal, mean 0, sd 1: the sum of four 16-bit uniforms (Irwin 1927, Hall 1927). Two from one draw; ends at +-3.46. */
static inline void bells(const rng4 *r, float out[2])
{
    for (int i = 0; i < 2; i++) {
        uint32_t a = r->v[2 * i], b = r->v[2 * i + 1], sum = (a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16);
        out[i] = ((float)sum - 131070.f) * (1.f / 37837.f);          /* sd of one: 65536 / sqrt(12), of four twice that */
    }
}

/* The pixel's number in the picture is its number in the stream, so a part of the picture gets the noise that the whole would. */
static void add_noise(const augmentation *a, const area *r, float range)
{
    const float sd = (float)a->noise * range;
    for (int64_t y = r->p->y0; y < r->p->y1; y++)
        for (int64_t i = (y * r->w + r->p->x0) & ~(int64_t)1, end = y * r->w + r->p->x1; i < end; i += 2) {
            rng4 u = rng_draw(a->seed, RNG_NOISE, (uint32_t)a->epoch, (uint32_t)a->sample, (uint64_t)a->turn << 32 | (uint64_t)i);
            float e[2];
            bells(&u, e);
            for (int64_t k = 0; k < 2; k++)
                if (i + k >= y * r->w + r->p->x0 && i + k < end) r->image[i + k] += r->inside[i + k] ? sd * e[k] : 0;
        }
}

/* ---- patches ----------------------------------------------------------------------------------------------------------------------- */

/* DeVries and Taylor 2017: Improved regularization of convolutional neural networks with cutout. */
static void cut_out(const augmentation *a, const fit *f, const area *r, float lo, float range)
{
    for (int64_t k = 0; k < a->ncuts; k++) {
        const augment_cut *c = &a->cut[k];
        const int64_t y0 = (int64_t)lrint((c->y - c->h / 2) * (double)f->net_h), y1 = (int64_t)lrint((c->y + c->h / 2) * (double)f->net_h);
        const int64_t x0 = (int64_t)lrint((c->x - c->w / 2) * (double)f->net_w), x1 = (int64_t)lrint((c->x + c->w / 2) * (double)f->net_w);
        for (int64_t y = y0 > r->p->y0 ? y0 : r->p->y0; y < y1 && y < r->p->y1; y++)
            for (int64_t x = x0 > r->p->x0 ? x0 : r->p->x0; x < x1 && x < r->p->x1; x++)
                if (r->inside[y * r->w + x]) r->image[y * r->w + x] = lo + range * (float)c->grey;
    }
}

void augment_grey(const augmentation *a, const fit *f, const fit_part *part, float lo, float hi, const uint8_t *inside, float *spare,
    float *image)
{
    const float range = hi > lo ? hi - lo : 1;
    const area r = { part, f->net_w, inside, image, spare };
    if (part->y1 <= part->y0 || part->x1 <= part->x0) return;
    if (a->clahe > 0) equalise(a, &r, lo, range);
    if (a->gamma != 1 || a->contrast != 1 || a->brightness != 0 || a->inverted) tone(a, &r, lo, range);
    if (a->blur > 0) blur(a, &r);
    if (a->noise > 0) add_noise(a, &r, range);
    if (a->ncuts) cut_out(a, f, &r, lo, range);
}
