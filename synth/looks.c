/* looks.c - windows, equalisation, layers, seams; see looks.h. */
#include "synth/looks.h"
#include "base/die.h"
#include "datasets/clahe.h"
#include "synth/filter.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const look_names[LOOKS] = { "window", "clahe", "multiscale", "bone" };

/* Share of films whose window is set by hand alone, so that the back drowns in black and the pelvis in white. */
static const double plain[REGIONS] = { [REGION_WHOLE] = 0.15, [REGION_CERVICAL] = 0.1, [REGION_THORACIC] = 0.35, [REGION_LUMBAR] = 0.6, [REGION_AP] = 0.1 };

/* Bone alone: soft tissue is dark, whatever the window. */
static void bare_draw(look_settings *k, draws *d)
{
    k->bare = draws_range(d, 0.7, 1), k->flatten = draws_range(d, 0, 0.4);
    k->low = draws_range(d, 5, 45), k->high = draws_range(d, 98.5, 99.95), k->gamma = draws_range(d, 0.6, 1.7), k->toe = 0;
}

look_settings look_draw(uint64_t seed, uint32_t index, enum region region, int level, int forced, int pair)
{
    draws d = draws_begin(seed, index, STAGE_LOOK);
    static const enum look often[] = { LOOK_WINDOW, LOOK_WINDOW, LOOK_CLAHE, LOOK_MULTISCALE, LOOK_MULTISCALE, LOOK_BONE };
    look_settings k = { .look = often[draws_below(&d, 6)], .to = 1 };
    k.low = draws_range(&d, 0, 6), k.high = draws_range(&d, 94, 99.8), k.gamma = draws_range(&d, 0.8, 1.5), k.toe = draws_range(&d, 0, 0.5);
    k.flatten = draws_chance(&d, plain[region]) ? draws_range(&d, 0, 0.45) : draws_range(&d, 0.45, 0.92), k.flatten_mm = draws_range(&d, 25, 60);
    k.gain = draws_range(&d, 1.2, 2.5), k.clip = draws_range(&d, 2, 4);
    k.inverted = draws_chance(&d, 0.08), k.jpeg = draws_chance(&d, 0.5) ? 75 + draws_below(&d, 21) : 0;
    k.vignette = draws_chance(&d, 0.25) ? draws_range(&d, 0.05, 0.25) : 0;
    if (draws_chance(&d, 0.3)) k.seam = draws_range(&d, 0.4, 0.6), k.seam_step = draws_range(&d, -0.05, 0.05),
        k.seam_px = draws_below(&d, 7) - 3;
    if (plain[region] > 0.2 && draws_chance(&d, 0.4)) k.from = draws_range(&d, 0, 0.5), k.to = k.from + 0.5;
    if (level < LEVEL_TRAINING) k = (look_settings){ .look = LOOK_WINDOW, .to = 1, .low = 3, .high = 99.5, .gamma = 1, .flatten = level ? 0.7 : 0,
        .flatten_mm = 40 };
    if (forced >= 0) k.look = (enum look)forced;
    if (pair && k.look == LOOK_CLAHE) k.look = LOOK_MULTISCALE;
    if (k.look == LOOK_BONE) bare_draw(&k, &d);
    return k;
}

static int up(const void *a, const void *b) { return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b); }

/* The share-th value of v (n), which is sorted. */
static float rank(float *v, int64_t n, double share) { return v[(int64_t)(share * (double)(n - 1))]; }

look_range look_measure(const look_settings *k, const float *log, int64_t h, int64_t w, double spacing, const float *centre, double reach)
{
    enum { SAMPLES = 16384 };
    const float share = (float)k->flatten, air = 0.7f;
    look_range r = { .wide = xalloc_n((size_t)(h * w), sizeof(float)) };
    float *v = xalloc_n(SAMPLES, sizeof *v);
    int64_t n = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        const float x = log[(int64_t)(((double)i + 0.5) * (double)(h * w) / SAMPLES)];
        if (x > air) v[n++] = x;
    }
    qsort(v, (size_t)n, sizeof *v, up);
    r.floor = n > SAMPLES / 50 ? rank(v, n, 1.0 / 60) : 0;
    if (k->flatten > 0) {
        for (int64_t i = 0; i < h * w; i++) r.wide[i] = log[i] > r.floor ? log[i] : r.floor;
        filter_wide(r.wide, h, w, k->flatten_mm / spacing, r.wide);
    }
    n = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {                    /* a lattice of 128 rows by 128 places across the spine */
        const int64_t y = (i / 128) * h / 128;
        if (!isfinite(centre[y])) continue;
        const int64_t x = (int64_t)(centre[y] + reach * ((double)(i % 128) / 63.5 - 1));
        if (x < 0 || x >= w || (log[y * w + x] <= r.floor && r.floor > 0)) continue;
        v[n++] = log[y * w + x] - share * r.wide[y * w + x];
    }
    if (n < 16) v[0] = 0, v[1] = 1, n = 2;                     /* nothing of the spine on the film */
    qsort(v, (size_t)n, sizeof *v, up);
    r.low = rank(v, n, k->low / 100), r.high = rank(v, n, k->high / 100);
    if (r.high - r.low < 0.05f) r.high = r.low + 0.05f;
    free(v);
    return r;
}

void look_range_free(look_range *r)
{
    free(r->wide);
    r->wide = NULL;
}

/* Layers of detail (image less its smoothed copy, at 1, 2, 4 and 8 pixels) made stronger, large swings less so: hence the halo round
 * metal. */
static void layers(float *a, int64_t h, int64_t w, double gain)
{
    enum { LAYERS = 3 };
    const int64_t size = h * w;
    float *smooth = xalloc_n((size_t)size, 2 * sizeof *smooth), *sum = smooth + size;
    for (int l = 0, side = 1; l < LAYERS; l++, side *= 2) {
        const float g = (float)(gain - 1) * (l == 0 ? 0.4f : 1);
        if (l) filter_wide(a, h, w, 4.0 * side, smooth);
        else memcpy(smooth, a, (size_t)size * sizeof *a), filter_gauss(smooth, h, w, 1.4, 1.4);
        for (int64_t i = 0; i < size; i++) {
            const float d = a[i] - smooth[i];
            sum[i] += g * d / (1 + 6 * fabsf(d)) / (l ? 2 : 1);
        }
    }
    for (int64_t i = 0; i < size; i++) a[i] += sum[i];
    free(smooth);
}

static void seam(const look_settings *k, float *a, int64_t h, int64_t w)
{
    const int64_t at = (int64_t)(k->seam * (double)h);
    float *row = xalloc_n((size_t)w, sizeof *row);
    for (int64_t y = at; y < h; y++) {                         /* the offset fades, so that what has truth below stays where it is */
        const int64_t move = (int64_t)lround(k->seam_px * exp(-(double)(y - at) / 12));
        memcpy(row, a + y * w, (size_t)w * sizeof *row);
        for (int64_t x = 0; x < w; x++) {
            const int64_t from = x - move < 0 ? 0 : x - move >= w ? w - 1 : x - move;
            a[y * w + x] = row[from] + (float)k->seam_step;
        }
    }
    free(row);
}

static void equalise(float *a, int64_t h, int64_t w, double clip)
{
    uint8_t *g = xalloc_n((size_t)(h * w), 1);
    for (int64_t i = 0; i < h * w; i++) g[i] = (uint8_t)(255 * (a[i] < 0 ? 0 : a[i] > 1 ? 1 : a[i]) + 0.5f);
    clahe(g, h, w, clip, 8, 8, g);
    for (int64_t i = 0; i < h * w; i++) a[i] = (float)g[i] / 255;
    free(g);
}

void look_apply(const look_settings *k, const look_range *r, float *log, int64_t h, int64_t w, float *grey)
{
    enum { STEPS = 1024 };
    const int64_t size = h * w;
    const float share = (float)k->flatten, scale = 1 / (r->high - r->low);
    float curve[STEPS + 2];
    for (int i = 0; i < STEPS + 2; i++) {
        const double v = pow(fmin((double)i / STEPS, 1), k->gamma);
        curve[i] = (float)((1 - k->toe) * v + k->toe * v * v * (3 - 2 * v));
    }
    for (int64_t i = 0; i < size; i++) log[i] = (log[i] - share * r->wide[i] - r->low) * scale;
    if (k->seam > 0) seam(k, log, h, w);
    if (k->look == LOOK_MULTISCALE) layers(log, h, w, k->gain);
    if (k->look == LOOK_CLAHE) equalise(log, h, w, k->clip);
    for (int64_t i = 0; i < size; i++) {
        const float v = (log[i] < 0 ? 0 : log[i] > 1 ? 1 : log[i]) * STEPS;
        const int at = (int)v;
        grey[i] = curve[at] + (v - (float)at) * (curve[at + 1] - curve[at]);
    }
    for (int64_t y = 0; k->vignette > 0 && y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const float u = 2 * (float)x / (float)w - 1, v = 2 * (float)y / (float)h - 1;
            grey[y * w + x] *= 1 - (float)k->vignette * 0.5f * (u * u + v * v);
        }
    for (int64_t i = 0; k->inverted && i < size; i++) grey[i] = 1 - grey[i];
    if (k->jpeg) look_jpeg(grey, h, w, k->jpeg);
}
