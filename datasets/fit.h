/* fit.h - how a film of any size becomes the fixed input of a network, and how the network's map comes back to the film.
 *
 * One affine says where every input pixel lies on the film. Training (with an augmentation composed onto it), validation and
 * prediction sample through the same function, so they cannot disagree. Sampling has two stages: fit_reduce averages whole blocks
 * of film pixels (the part that costs, done once per film and worth keeping), fit_sample interpolates what is left.
 * The trap is the half pixel: sizes scale edge to edge, so centres map by x = (X + 0.5) / s - 0.5.
 *
 * The keys stand here as rows for a key table (nn/key.h), since [data] of a run holds them beside its own:
 *     const key fit_keys[] = { FIT_KEYS(0), { .name = NULL } };      cfg_fill(section, fit_keys, &conf); */
#ifndef DATASETS_FIT_H
#define DATASETS_FIT_H
#include <stddef.h>
#include <stdint.h>
#include "datasets/affine.h"

enum { FIT_LETTERBOX, FIT_STRETCH };
enum { FIT_SCALE, FIT_ZSCORE, FIT_PERCENTILE };
enum { FIT_UNIT, FIT_SIGNED };

typedef struct fit_conf {
    int mode, normalise;
    double low, high;                /* percentiles */
    double clahe;                    /* clip limit; 0: without */
    int64_t clahe_tiles;             /* along each side */
    int range;
    const char *sizes;               /* of the input, beside the net's own (datasets/sizes.h); NULL: none */
} fit_conf;

/* at: offset of the fit_conf in the struct that the table fills */
#define FIT_KEYS(at) \
    { "mode", K_WORD, (at) + offsetof(fit_conf, mode), "letterbox", \
      "how a film fills the net's input: keep its shape and centre it (the rest is 0), or fill both sides", 0, 0, "letterbox|stretch" }, \
    { "normalise", K_WORD, (at) + offsetof(fit_conf, normalise), "percentile", \
      "grey values become: value / largest possible; (value - mean) / sd of the film; 0..1 between two percentiles of the film", \
      0, 0, "scale|zscore|percentile" }, \
    { "range", K_WORD, (at) + offsetof(fit_conf, range), "unit", \
      "what normalise=scale and percentile and clahe make 0..1 is 0..1, or signed: -1..1, as networks that rebuild films want it", 0, 0, \
      "unit|signed" }, \
    { "low", K_REAL, (at) + offsetof(fit_conf, low), "0.5", \
      "normalise=percentile or clahe: this percentile becomes 0, and so does what lies below", 0, 49, NULL }, \
    { "high", K_REAL, (at) + offsetof(fit_conf, high), "99.5", \
      "normalise=percentile or clahe: this percentile becomes 1, and so does what lies above", 51, 100, NULL }, \
    { "clahe", K_REAL, (at) + offsetof(fit_conf, clahe), "0", \
      "equalise local contrast (CLAHE) between the percentiles low and high, with this clip limit, such as 2; 0: leave it", 0, 256, NULL }, \
    { "clahe_tiles", K_INT, (at) + offsetof(fit_conf, clahe_tiles), "8", "clahe: tiles along each side of the film", 1, 64, NULL }, \
    { "sizes", K_TEXT, (at) + offsetof(fit_conf, sizes), "", \
      "input sizes beside the net's own, rows x columns by comma (512x256,768x384): a film goes to that nearest to its shape, and a batch " \
      "holds films of one size", 0, 0, NULL }

typedef struct fit {
    fit_conf conf;
    int64_t h, w;                    /* of the film */
    int64_t net_h, net_w;            /* of the net's input */
    int64_t ky, kx;                  /* fit_reduce averages blocks of ky x kx film pixels: whole part of the shrinking */
    int64_t ly, lx;                  /* label maps: half of that, rounded up, so that borders keep their place */
    affine to_film;                  /* net pixel -> film pixel */
} fit;

fit fit_make(const fit_conf *c, int64_t h, int64_t w, int64_t net_h, int64_t net_w);         /* all sizes >= 1 */

/* A film (and its label map) as fit_reduce leaves it, with the statistics that normalise it. */
typedef struct fit_source {
    int64_t h, w;                    /* ceil(film / k) */
    uint16_t *p;                     /* (h, w) grey, 0..65535 */
    int64_t lh, lw;                  /* ceil(film / l) */
    uint8_t *labels;                 /* (lh, lw) or NULL: the commonest value of each block, the smallest of several */
    float sub, mul;                  /* normalised = (grey - sub) * mul */
    float lo, hi;                    /* normalised range of the film: clipped to it; what gamma works between */
} fit_source;

/* pixels (h, w) of the film, uint8_t or uint16_t by bits; mask (h, w) or NULL. With conf.clahe > 0 the greys are equalised
 * (datasets/clahe.h) before the statistics, and the range 0..1 is what came out: there is nothing left for normalise=percentile to cut. */
fit_source fit_reduce(const fit *f, const void *pixels, int bits, const uint8_t *mask);
void   fit_source_free(fit_source *s);
size_t fit_source_bytes(const fit_source *s);

/* Samples at net pixel -> film pixel `to_film` (f->to_film, or an augmentation before it) into out (net_h, net_w): bilinear, the mean
 * of several taps per pixel where it shrinks. inside (net_h, net_w; may be NULL) is 1 where the pixel's centre lies on the film; out is
 * 0 elsewhere. plane: scratch of fit_plane_floats(s) floats. No threads of its own: loader workers call it. */
size_t fit_plane_floats(const fit_source *s);
void fit_sample(const fit *f, const fit_source *s, const affine *to_film, float *plane, float *out, uint8_t *inside);
/* The label map at the same places, nearest block: out (net_h, net_w), 0 outside the film. */
void fit_sample_labels(const fit *f, const fit_source *s, const affine *to_film, uint8_t *out);

/* The same for a part of the net's input, rows y0..y1-1 and columns x0..x1-1; what is outside it stays untouched. With dx, dy (net_h,
 * net_w)
 * net pixel (X, Y) looks where (X + dx, Y + dy) would. */
typedef struct fit_part { int64_t y0, y1, x0, x1; } fit_part;
typedef struct fit_view { affine to_film; const float *dx, *dy; fit_part part; } fit_view;     /* dx, dy NULL: no displacement */
void fit_sample_view(const fit *f, const fit_source *s, const fit_view *v, float *plane, float *out, uint8_t *inside);
void fit_sample_labels_view(const fit *f, const fit_source *s, const fit_view *v, uint8_t *out);

/* The whole way without augmentation. out (net_h, net_w, channels): every channel the same grey. */
void fit_film(const fit *f, const void *pixels, int bits, int64_t channels, float *out);
void fit_mask(const fit *f, const uint8_t *mask, uint8_t *out);

/* Back: scores (net_h, net_w, k) are interpolated at every film pixel (bilinear, align_corners=False), then labels (h, w) = the
 * largest class (the smallest of equals), or for k = 1 whether the sigmoid exceeds 0.5. probabilities (h, w, k) or NULL: softmax
 * (k = 1: sigmoid) of the interpolated scores. k <= 256. Runs on all OpenMP threads, with the same bits for any number of them. */
void fit_back(const fit *f, const float *scores, int64_t k, uint8_t *labels, float *probabilities);
/* A map of the net (net_h, net_w), interpolated in the same way: out (h, w) of the film. */
void fit_back_map(const fit *f, const float *map, float *out);
#endif
