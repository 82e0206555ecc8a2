/* drawn.c - bodies of a canvas, drawn by one channel and named one by one, back on the film; see drawn.h. */
#include "eval/drawn.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void drawn_join(drawn *d, const chain *c, const float *scores)
{
    const int64_t pixels = d->f.net_h * d->f.net_w;
    d->k = 0;
    for (int j = 0; j < c->classes; j++) if (!c->level[j]) d->from[d->k++] = j;
    d->k++;
    d->scores = xalloc_n((size_t)pixels, (size_t)d->k * sizeof *d->scores);
    for (int64_t i = 0; i < pixels; i++) {
        const float *s = scores + i * c->classes;
        float *to = d->scores + i * d->k, top = -INFINITY, sum = 0;
        for (int j = 1; j < c->classes; j++) if (c->level[j]) top = fmaxf(top, s[j]);
        for (int j = 1; j < c->classes; j++) if (c->level[j]) sum += expf(s[j] - top);
        for (int64_t j = 0; j + 1 < d->k; j++) to[j] = s[d->from[j]];
        to[d->k - 1] = top + logf(sum);
    }
}

void drawn_film(const drawn *d, int classes, uint8_t *labels, float *probabilities)
{
    const fit *f = &d->f;
    const affine to_net = affine_inverse(&f->to_film);
    const int last = (int)d->k - 1, bone = d->k == 1 ? 1 : last;
    float *q = xalloc_n((size_t)(f->h * f->w), (size_t)d->k * sizeof *q);
    fit_back(f, d->scores, d->k, labels, q);
#pragma omp parallel for schedule(static)
    for (int64_t y = 0; y < f->h; y++)
        for (int64_t x = 0; x < f->w; x++) {
            const double at[2] = { to_net.m[0] * (double)x + to_net.m[2] + 0.5, to_net.m[4] * (double)y + to_net.m[5] + 0.5 };
            const int64_t i = y * f->w + x, row = at[1] < 0 ? 0 : at[1] < (double)f->net_h ? (int64_t)at[1] : f->net_h - 1,
                column = at[0] < 0 ? 0 : at[0] < (double)f->net_w ? (int64_t)at[0] : f->net_w - 1;
            const int class = d->class[row * f->net_w + column];
            const float *from = q + i * d->k;
            int other = 0;
            for (int j = 1; j < last; j++) if (from[j] > from[other]) other = j;
            labels[i] = (uint8_t)(labels[i] != bone ? d->from[labels[i]] : class ? class : d->from[other]);
            if (!probabilities) continue;
            float *to = probabilities + i * classes;
            memset(to, 0, (size_t)classes * sizeof *to);
            if (d->k == 1) to[0] = 1 - from[0];
            for (int j = 0; j < last; j++) to[d->from[j]] = from[j];
            to[class] += from[last];
        }
    free(q);
}

void drawn_free(drawn *d) { free(d->scores), free(d->class); }
