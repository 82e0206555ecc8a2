/* dice.c - soft Dice on the CPU; see loss.h. Forward gathers sum p t, sum p^e and sum t^e of every sample and class, then turns them
 * into the loss and the slope of the loss to each p; backward is one pass. */
#include "kernels/dice.h"
#include "kernels/softmax.h"
#include "kernels/tile.h"

/* Probabilities of n pixels, their labels as numbers of the same width, and 1 where a pixel counts: 0 where ignored, NaN where the
 * label is no class */
static void probabilities(const loss_size *s, const dice_rule *r, int64_t n, const real *x, int64_t xs, const uint8_t *truth,
                          real (*t)[TILE], real label[TILE], real count[TILE])
{
    const int flat = dice_logistic(s, r);
    real high[TILE], sum[TILE];
    tile_load(x, xs, n, s->channels, t);
    if (flat) tile_logistic(n, s->channels, t);
    else tile_softmax(n, s->channels, t, high, sum);
    #pragma omp simd
    for (int64_t p = 0; p < n; p++) label[p] = (real)truth[p], count[p] = dice_count(s, flat, truth[p]);
}

/* sums: [channels][3], added to */
static void tile_sums(const loss_size *s, const dice_rule *r, int64_t n, const real *x, int64_t xs, const uint8_t *truth, double *sums)
{
    real t[SOFTMAX_MAX][TILE], label[TILE], count[TILE];
    const int first = dice_logistic(s, r), squares = r->squares;
    probabilities(s, r, n, x, xs, truth, t, label, count);
    for (int64_t c = 0; c < s->channels; c++) {
        const real class = (real)(c + first);
        real both = 0, p1 = 0, t1 = 0;
        #pragma omp simd reduction(+:both, p1, t1)
        for (int64_t i = 0; i < n; i++) {
            const real k = count[i], p = t[c][i], hit = k * (real)(label[i] == class);    /* no branch */
            both += hit * p, p1 += k * (squares ? p * p : p), t1 += hit;
        }
        sums[c * 3] += (double)both, sums[c * 3 + 1] += (double)p1, sums[c * 3 + 2] += (double)t1;
    }
}

/* sums: [samples][channels][3] -> the loss and the slopes */
static double loss_of_sums(const loss_size *s, const dice_rule *r, const double *sums, double *slope)
{
    const dice_regions g = dice_regions_of(s, r);
    double mean = 0;
    for (int64_t i = 0; i < s->samples * s->channels * 2; i++) slope[i] = 0;
    for (int64_t region = 0; region < g.outer * g.inner; region++) mean += dice_region(s, r, &g, region, sums, s->channels * 3, slope);
    return r->offset - mean;
}

void dice_forward_cpu(const context *c, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, real *y, double *slope,
                      void *work)
{
    (void)c;
    const int64_t parts = part_count(s.pixels), row = s.channels * 3;
    double *sums = work;                                       /* [samples][parts][channels][3] */
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.samples; i++)
        for (int64_t j = 0; j < parts; j++) {
            double *to = sums + (i * parts + j) * row;
            for (int64_t k = 0; k < row; k++) to[k] = 0;
            const int64_t end = i * s.pixels + part_begin(s.pixels, parts, j + 1);
            for (int64_t at = i * s.pixels + part_begin(s.pixels, parts, j); at < end; at += TILE)
                tile_sums(&s, &r, least(TILE, end - at), x + at * xs, xs, truth + at, to);
        }
    for (int64_t i = 0; i < s.samples; i++)                    /* the parts of a sample are added into row i, which stands no later */
        for (int64_t k = 0; k < row; k++) {
            double sum = 0;
            for (int64_t j = 0; j < parts; j++) sum += sums[(i * parts + j) * row + k];
            sums[i * row + k] = sum;
        }
    *y = (real)loss_of_sums(&s, &r, sums, slope);
}

void dice_backward_cpu(const context *c, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, const double *slope,
                       const real *gy, real *gx, int add)
{
    (void)c;
    const int first = dice_logistic(&s, &r);
    const int64_t tiles = (s.pixels + TILE - 1) / TILE;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.samples; i++)
        for (int64_t j = 0; j < tiles; j++) {
            const int64_t at = i * s.pixels + j * TILE, n = least(TILE, s.pixels - j * TILE);
            real p[SOFTMAX_MAX][TILE], q[SOFTMAX_MAX][TILE], label[TILE], count[TILE];
            probabilities(&s, &r, n, x + at * xs, xs, truth + at, p, label, count);
            for (int64_t k = 0; k < s.channels; k++) {
                const double *v = slope + (i * s.channels + k) * 2;
                const real a = (real)(v[0] * (double)*gy), b = (real)(v[1] * (double)*gy), class = (real)(k + first);
                #pragma omp simd
                for (int64_t m = 0; m < n; m++) q[k][m] = dice_gradient(&r, first, count[m], label[m] == class, p[k][m], a, b);
            }
            if (!first) tile_softmax_gradient(n, s.channels, p, q);
            tile_store(gx + at * xs, xs, n, s.channels, q, add);
        }
}
