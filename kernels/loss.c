/* loss.c - cross-entropy and binary cross-entropy on the CPU; see loss.h. Dice is in dice.c. The softmax is computed again in
 * backward: logits and labels are a few bytes a pixel, keeping probabilities would cost more than they do. */
#include "kernels/loss.h"
#include "kernels/softmax.h"
#include "kernels/tile.h"

size_t loss_work(loss_size s)
{
    return (size_t)(s.samples * part_count(s.pixels) * s.channels * 3) * sizeof(double) + (size_t)MAX_PARTS * 2 * sizeof(double);
}

/* part i: [i][0] the sum of losses, [i][1] the sum of weights */
static void mean_of_parts(const double (*part)[2], int64_t parts, real *y, double *total)
{
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < parts; i++) sum += part[i][0], weight += part[i][1];
    *total = weight, *y = loss_mean(sum, weight);
}

/* What a pixel of each label counts, and the channel that is read for it: some channel even where the label is no class */
typedef struct { double weight[256]; int32_t channel[256]; } labels_seen;
static labels_seen see_labels(const loss_size *s, const loss_weights *w)
{
    labels_seen l;
    for (int i = 0; i < 256; i++) l.weight[i] = loss_weight(s, w, i), l.channel[i] = i < s->channels ? i : 0;
    return l;
}

static void cross_entropy_tile(const loss_size *s, const labels_seen *l, int64_t n, const real *x, int64_t xs, const uint8_t *truth, double sum[2])
{
    real t[SOFTMAX_MAX][TILE], high[TILE], total[TILE], rest[TILE];
    tile_load(x, xs, n, s->channels, t);
    tile_softmax(n, s->channels, t, high, total);
    #pragma omp simd
    for (int64_t p = 0; p < n; p++) rest[p] = real_log(total[p]);
    for (int64_t p = 0; p < n; p++) {
        const double k = l->weight[truth[p]];
        sum[0] += k == 0 ? 0 : k * (double)(high[p] - x[p * xs + l->channel[truth[p]]] + rest[p]);   /* in this order: rest may be tiny */
        sum[1] += k;                                                                      /* an ignored pixel may hold anything */
    }
}

/* total pixels as one sample: these two losses do not look at samples */
#define EACH_PART(code) do { \
    const int64_t all = s.samples * s.pixels, parts = part_count(all); \
    _Pragma("omp parallel for schedule(static) if (all * s.channels > SERIAL)") \
    for (int64_t i = 0; i < parts; i++) { \
        part[i][0] = part[i][1] = 0; \
        for (int64_t at = part_begin(all, parts, i), end = part_begin(all, parts, i + 1); at < end; at += TILE) { \
            const int64_t n = least(TILE, end - at); code; } } } while (0)

void cross_entropy_forward_cpu(const context *c, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth, real *y,
                               double *total, void *work)
{
    (void)c;
    double (*part)[2] = work;
    const labels_seen l = see_labels(&s, &w);
    EACH_PART(cross_entropy_tile(&s, &l, n, x + at * xs, xs, truth + at, part[i]));
    mean_of_parts(part, part_count(s.samples * s.pixels), y, total);
}

void cross_entropy_backward_cpu(const context *c, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth,
                                const double *total, const real *gy, real *gx, int add)
{
    (void)c;
    const int64_t all = s.samples * s.pixels;
    const double scale = loss_scale(*gy, *total);
    const labels_seen l = see_labels(&s, &w);
    #pragma omp parallel for schedule(static) if (all * s.channels > SERIAL)
    for (int64_t at = 0; at < all; at += TILE) {
        const int64_t n = least(TILE, all - at);
        real t[SOFTMAX_MAX][TILE], high[TILE], sum[TILE], k[TILE];
        tile_load(x + at * xs, xs, n, s.channels, t);
        tile_softmax(n, s.channels, t, high, sum);
        for (int64_t p = 0; p < n; p++) {
            k[p] = (real)(l.weight[truth[at + p]] * scale);
            if (truth[at + p] < s.channels) t[truth[at + p]][p] -= 1;
        }
        for (int64_t j = 0; j < s.channels; j++) {
            #pragma omp simd
            for (int64_t p = 0; p < n; p++) t[j][p] *= k[p];
        }
        tile_store(gx + at * xs, xs, n, s.channels, t, add);
    }
}

static void bce_tile(const loss_size *s, int64_t n, const real *x, int64_t xs, const uint8_t *truth, double sum[2])
{
    real loss[TILE], count[TILE], total = 0, number = 0;
    #pragma omp simd
    for (int64_t p = 0; p < n; p++) {
        loss[p] = loss_bce(x[p * xs], truth[p]);
        count[p] = loss_bce_weight(s, truth[p]);
    }
    for (int64_t p = 0; p < n; p++) total += count[p] != 0 ? loss[p] * count[p] : 0, number += count[p];
    sum[0] += (double)total, sum[1] += (double)number;
}

void bce_forward_cpu(const context *c, loss_size s, const real *x, int64_t xs, const uint8_t *truth, real *y, double *total, void *work)
{
    (void)c;
    double (*part)[2] = work;
    EACH_PART(bce_tile(&s, n, x + at * xs, xs, truth + at, part[i]));
    mean_of_parts(part, part_count(s.samples * s.pixels), y, total);
}

void bce_backward_cpu(const context *c, loss_size s, const real *x, int64_t xs, const uint8_t *truth, const double *total, const real *gy,
                      real *gx, int add)
{
    (void)c;
    const int64_t all = s.samples * s.pixels;
    const real scale = (real)loss_scale(*gy, *total);
    #pragma omp parallel for simd schedule(static) if (all > SERIAL)
    for (int64_t p = 0; p < all; p++) {
        const real g = loss_bce_slope(x[p * xs], truth[p]) * scale;
        gx[p * xs] = (add ? gx[p * xs] : 0) + (truth[p] == s.ignore ? 0 : g);
    }
}
