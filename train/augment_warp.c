/* augment_warp.c - the elastic displacement and how points go through it; see augment.h.
 *
 * Random displacements stand on a grid of control points; a uniform cubic B-spline runs through the net's input (Rueckert et al. 1999). It
 * changes by less than 4 times the largest displacement per cell (both axes together), so with that below a quarter of a cell the map
 * X + d(X) never folds, and X = P - d(X) is found by repeating it. */
#include "train/augment.h"
#include "base/die.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>

/* Control point (i, j), i down: its displacement in net pixels, x then y. Only a function of whose it is. */
static inline void control(const augmentation *a, int64_t i, int64_t j, double out[2])
{
    const rng4 r = rng_draw(a->seed, RNG_ELASTIC, (uint32_t)a->epoch, (uint32_t)a->sample,
        (uint64_t)a->turn << 32 | (uint64_t)(i * 1024 + j));
    for (int k = 0; k < 2; k++) out[k] = rng_range(r.v[k], -a->elastic, a->elastic);
}

/* Weights of the four control points round place u (cells), the first of which is *first. */
static inline void spline(double u, double w[4], int64_t *first)
{
    const double t = u - floor(u), s = 1 - t;
    *first = (int64_t)floor(u);
    w[0] = s * s * s / 6, w[1] = (3 * t * t * t - 6 * t * t + 4) / 6, w[2] = (3 * s * s * s - 6 * s * s + 4) / 6, w[3] = t * t * t / 6;
}

/* A net pixel's place on the grid of an axis of n pixels; beyond the ends the displacement stays what it is there. */
static inline double place(const augmentation *a, double x, int64_t n)
{
    const double u = (x + 0.5) / a->cell, most = (double)n / a->cell;
    return u < 0 ? 0 : u > most ? most : u;
}

static void shift_at(const augmentation *a, const fit *f, const double net[2], double d[2])
{
    double wx[4], wy[4], c[2];
    int64_t j, i;
    spline(place(a, net[0], f->net_w), wx, &j), spline(place(a, net[1], f->net_h), wy, &i);
    d[0] = d[1] = 0;
    for (int k = 0; k < 16; k++) {
        control(a, i + k / 4, j + k % 4, c);
        d[0] += wy[k / 4] * wx[k % 4] * c[0], d[1] += wy[k / 4] * wx[k % 4] * c[1];
    }
}

void augment_film_point(const augmentation *a, const fit *f, const double net[2], double film[2])
{
    double d[2] = { 0, 0 };
    if (a->elastic > 0) shift_at(a, f, net, d);
    affine_apply(&a->to_film, net[0] + d[0], net[1] + d[1], film);
}

void augment_net_point(const augmentation *a, const fit *f, const double film[2], double net[2])
{
    enum { MOST = 1000 };
    const affine back = affine_inverse(&a->to_film);
    double p[2], d[2], moved = 1;
    affine_apply(&back, film[0], film[1], p);
    net[0] = p[0], net[1] = p[1];
    for (int i = 0; a->elastic > 0 && i < MOST && moved > 1e-8; i++) {
        shift_at(a, f, net, d);
        moved = fmax(fabs(p[0] - d[0] - net[0]), fabs(p[1] - d[1] - net[1]));
        net[0] = p[0] - d[0], net[1] = p[1] - d[1];
    }
}

/* The control points' rows mixed for one row of pixels, then the columns: 8 multiply-adds a pixel. */
void augment_shifts(const augmentation *a, const fit *f, float *dx, float *dy)
{
    const int64_t rows = (int64_t)floor((double)f->net_h / a->cell) + 4, columns = (int64_t)floor((double)f->net_w / a->cell) + 4;
    double *grid = xalloc_n((size_t)(rows * columns), 2 * sizeof *grid), w[4];
    float *mixed = xalloc_n((size_t)columns, 2 * sizeof *mixed), *weight = xalloc_n((size_t)f->net_w, 4 * sizeof *weight);
    int32_t *first = xalloc_n((size_t)f->net_w, sizeof *first);
    int64_t at;
    for (int64_t i = 0; i < rows * columns; i++) control(a, i / columns, i % columns, grid + 2 * i);
    for (int64_t x = 0; x < f->net_w; x++) {
        spline(place(a, (double)x, f->net_w), w, &at);
        first[x] = (int32_t)at;
        for (int k = 0; k < 4; k++) weight[4 * x + k] = (float)w[k];
    }
    for (int64_t y = 0; y < f->net_h; y++) {
        spline(place(a, (double)y, f->net_h), w, &at);
        const double *g = grid + at * columns * 2;
        for (int64_t j = 0; j < 2 * columns; j++)
            mixed[j] = (float)(w[0] * g[j] + w[1] * g[2 * columns + j] + w[2] * g[4 * columns + j] + w[3] * g[6 * columns + j]);
        for (int64_t x = 0; x < f->net_w; x++) {
            const float *m = mixed + 2 * first[x], *k = weight + 4 * x;
            dx[y * f->net_w + x] = k[0] * m[0] + k[1] * m[2] + k[2] * m[4] + k[3] * m[6];
            dy[y * f->net_w + x] = k[0] * m[1] + k[1] * m[3] + k[2] * m[5] + k[3] * m[7];
        }
    }
    free(grid), free(mixed), free(weight), free(first);
}
