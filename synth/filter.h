/* filter.h - smoothing and resampling of float maps, one thread each: films are the unit of parallel work. Borders repeat the edge. */
#ifndef SYNTH_FILTER_H
#define SYNTH_FILTER_H
#include <stdint.h>

/* Gaussians of SD sx, sy pixels (0: that direction is left alone), by their taps out to 3 SD; a is (h, w), changed in place. */
void filter_gauss(float *a, int64_t h, int64_t w, double sx, double sy);
/* Means of squares of side pixels: out ((h + side - 1) / side, (w + side - 1) / side). */
void filter_shrink(const float *a, int64_t h, int64_t w, int side, float *out);
/* Its counterpart, linear between the squares' centres: small as above, out (h, w). */
void filter_grow(const float *small, int64_t h, int64_t w, int side, float *out);
/* A wide Gaussian (SD in pixels, >= 4) on a shrunk copy: out (h, w). */
void filter_wide(const float *a, int64_t h, int64_t w, double sd, float *out);
#endif
