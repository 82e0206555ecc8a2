/* grey.h - filters on grey maps: plain arrays (h, w), row by row, in place unless said otherwise, on all OpenMP threads with the same bits for
 * any number of them. A mask is a map of zeros and ones for these. */
#ifndef EVAL_GREY_H
#define EVAL_GREY_H
#include <stdint.h>

/* Binomial 1 4 6 4 1 along rows and columns; the border mirrors without repeating its pixel. */
void grey_smooth(float *a, int64_t h, int64_t w);
/* Least and greatest value of a square of 2 r + 1 pixels a side, in a time that does not depend on r (van Herk, Pattern Recogn Lett 1992); what
 * lies outside the map has no say. Opening and closing by that square are one after the other. */
void grey_erode(float *a, int64_t h, int64_t w, int64_t r);
void grey_dilate(float *a, int64_t h, int64_t w, int64_t r);
/* The grey t of 0..255 for which the variance between what is at most t and what is above is largest, the smallest of several (Otsu, IEEE
 * Trans SMC 1979). count: pixels of each grey. -1 where there are not two greys. */
int  grey_otsu(const int64_t count[256]);
/* Structural similarity at every pixel (Wang et al., IEEE Trans Image Process 2004): Gaussian windows of SD 1.5 cut at 5 pixels and at the
 * border, K1 0.01, K2 0.03; greys 0..range. out (h, w). */
void grey_similarity(const float *a, const float *b, int64_t h, int64_t w, double range, float *out);
#endif
