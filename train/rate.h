/* rate.h - the learning-rate range test (Smith, WACV 2017): a short training whose rate rises from very low to very high, step by step, by the
 * same factor. Where the loss falls fastest, the rate is a good one to start with; where it turns up, too high. */
#ifndef TRAIN_RATE_H
#define TRAIN_RATE_H
#include "train/train.h"

enum { RATE_STEPS = 200 };

typedef struct rate_test {
    int n;                                   /* steps made: fewer than RATE_STEPS where the loss blew up */
    double rate[RATE_STEPS], loss[RATE_STEPS], smooth[RATE_STEPS];      /* loss of the batch; its running mean, bias corrected */
    double suggested;                        /* where `smooth` falls fastest; NaN where it never falls */
    double lowest;                           /* where it is lowest */
} rate_test;

/* Trains r's network from its start for the test, on its training cases; writes nothing. Of o: dev and watch (stop: the test ends early). */
rate_test rate_find(run *r, const train_options *o);
/* Suggestion and lowest from n, rate, loss; fills smooth. */
void rate_judge(rate_test *t);
/* The curve as .svg or .png. */
void rate_draw(const rate_test *t, const char *path);
#endif
