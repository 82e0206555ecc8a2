/* drawn.h - bodies on a network's canvas, drawn by one channel and named pixel by pixel (eval/chain.h), and how they come back to the film.
 *
 * Borders and probabilities are interpolated as those of any channel (datasets/fit.h); only the name is that of the nearest pixel of the canvas. */
#ifndef EVAL_DRAWN_H
#define EVAL_DRAWN_H
#include <stdint.h>
#include "datasets/fit.h"
#include "eval/chain.h"

/* scores (net_h, net_w, k): the bodies are the last channel, channel j before it is class from[j] of what comes out; k = 1: the bodies alone, as
 * a score of one class. class (net_h, net_w): what the last channel means at each pixel, 0: nothing. */
typedef struct drawn { fit f; float *scores; int64_t k; int from[256]; uint8_t *class; } drawn;

/* Sets scores, k and from: the levels of scores (net_h, net_w, classes) as one channel, after the classes that are none. */
void drawn_join(drawn *d, const chain *c, const float *scores);
/* labels (h, w) of the film, classes of what comes out; where the name is nothing, the likeliest other channel. probabilities (h, w, classes) or
 * NULL: what bodies without a name have of a pixel counts for the background. */
void drawn_film(const drawn *d, int classes, uint8_t *labels, float *probabilities);
void drawn_free(drawn *d);
#endif
