/* dice.h - the scalar formulas of soft Dice, shared by CPU and CUDA; the rules are in loss.h. */
#ifndef KERNELS_DICE_H
#define KERNELS_DICE_H
#include "kernels/loss.h"

/* Whether each channel has a logistic of its own; channel c then stands for label c + 1 */
static inline DEVICE int dice_logistic(const loss_size *s, const dice_rule *r) { return r->logistic || s->channels == 1; }

/* What a pixel of this label counts: 0 where ignored, NaN where the label is no class */
static inline DEVICE real dice_count(const loss_size *s, int logistic, int label)
{
    return label == s->ignore ? 0 : label >= s->channels + logistic ? (real)NAN : 1;
}

/* d loss / d p of a pixel that counts `count`, or d loss / d logit where the channel is logistic. hit: whether this channel is the
 * pixel's label; a, b: the slope of dice_forward times the gradient of the loss */
static inline DEVICE real dice_gradient(const dice_rule *r, int logistic, real count, int hit, real p, real a, real b)
{
    return count * ((hit ? a : 0) + b * (r->squares ? p : 1)) * (logistic ? p * (1 - p) : 1);
}

/* The regions that give a ratio each: outer * inner of them, each of some samples and of some classes from `from` on */
typedef struct { int64_t from, outer, inner, samples, classes; } dice_regions;
static inline DEVICE dice_regions dice_regions_of(const loss_size *s, const dice_rule *r)
{
    const int64_t from = r->skip_background && !dice_logistic(s, r), classes = s->channels - from;
    const int64_t outer = r->each_sample ? s->samples : 1, inner = r->pool_classes ? 1 : classes;
    const dice_regions g = { from, outer, inner, s->samples / outer, classes / inner };
    return g;
}

/* One region: its share of the mean ratio; its classes' slopes are set. sums: [samples][channels][3] with sum p t, sum p^e and sum t^e,
 * `row` numbers a sample; slope: [samples, channels, 2] */
static inline DEVICE double dice_region(const loss_size *s, const dice_rule *r, const dice_regions *g, int64_t region, const double *sums,
                                        int64_t row, double *slope)
{
    const int64_t s0 = region / g->inner * g->samples, c0 = g->from + region % g->inner * g->classes;
    const double k = 1 / (double)(g->outer * g->inner);
    double both = 0, size = r->eps;
    for (int64_t i = s0; i < s0 + g->samples; i++)
        for (int64_t c = c0; c < c0 + g->classes; c++) {
            const double *v = sums + i * row + c * 3;
            both += 2 * v[0], size += v[1] + v[2];
        }
    const double ratio = (both + r->eps) / size;
    for (int64_t i = s0; i < s0 + g->samples; i++)
        for (int64_t c = c0; c < c0 + g->classes; c++) {
            double *v = slope + (i * s->channels + c) * 2;
            v[0] = -2 * k / size, v[1] = k * ratio / size * (r->squares ? 2 : 1);
        }
    return k * ratio;
}
#endif
