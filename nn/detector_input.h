/* detector_input.h - a film as the input of a detector: resized, normalised, padded with zeros below and to the right. Plain arrays.
 *
 * Sizes follow a rule (shorter side, longest side, rounding), so films of a data set have many; padding to a multiple makes them a few
 * buckets, and there is one plan a bucket. The trap: torchvision normalises before it resizes, so its padding is the mean colour. */
#ifndef NN_DETECTOR_INPUT_H
#define NN_DETECTOR_INPUT_H
#include "kernels/kernel.h"
#include "nn/detector.h"

typedef struct input_size { int64_t h, w; } input_size;

input_size detector_resized(const detector_conf *d, input_size film);        /* the film's new size */
input_size detector_padded(const detector_conf *d, input_size resized);      /* up to detector.multiple */
/* n numbers, channels innermost, from 0..1 to what the network was made for: full_scale, mean, std. */
void detector_normalise(const detector_conf *d, int64_t n, real *x);
/* film: (h, w, channels) in 0..1, c = d->mean.n channels in the order of detector.colours. out: (padded h, w, channels). */
void detector_input(const detector_conf *d, input_size film, const float *pixels, input_size resized, input_size padded, real *out);
#endif
