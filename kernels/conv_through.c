/* conv_through.c - convolutions of maps in bf16 by the kernels that know reals only: inputs are copied to scratch as reals, the result
 * is rounded on its way back. What no faster row takes (groups, odd dilations, processors that do not multiply bf16) is right this way,
 * at the price of the copies. Also the gradient of a bias from a gradient in bf16, for all rows. */
#include "kernels/conv.h"
#include "kernels/bf16.h"
#include "kernels/loop.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct { int64_t pixels, channels, stride; int half; size_t at; } side;      /* at: of its copy in scratch */
typedef struct { conv_kernel inner; side a, b, out; } state;

static const real *widened(const context *c, const side *m, const real *x)
{
    real *y = (real *)((char *)c->work + m->at);
    if (!m->half) return x;
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < m->pixels; p++) {
        const bf16 *in = (const bf16 *)x + p * m->stride;
        #pragma omp simd
        for (int64_t i = 0; i < m->channels; i++) y[p * m->channels + i] = (real)bf16_get(in[i]);
    }
    return y;
}

static void narrow(const side *m, const real *x, bf16 *y, int add)
{
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < m->pixels; p++) {
        bf16 *out = y + p * m->stride;
        #pragma omp simd
        for (int64_t i = 0; i < m->channels; i++)
            out[i] = bf16_put((float)x[p * m->channels + i] + (add ? bf16_get(out[i]) : 0));
    }
}

static void run(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    const state *t = k->state;
    const conv_kernel *inner = &t->inner;
    const real *left = widened(c, &t->a, a), *right = widened(c, &t->b, b);
    real *to = t->out.half ? (real *)((char *)c->work + t->out.at) : out;
    inner->run(c, inner, left, right, bias, to, add && !t->out.half);
    if (t->out.half) narrow(&t->out, to, (bf16 *)out, add);
}

static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const conv_kernel *inner = &((const state *)k->state)->inner;
    inner->pack(c, inner, w, to);
}

static void release(conv_kernel *k)
{
    state *t = k->state;
    conv_release(&t->inner);
    free(t);
}

static void copied(side *m, size_t *work)
{
    if (!m->half) return;
    *work = (*work + 63) / 64 * 64, m->at = *work;
    *work += (size_t)(m->pixels * m->channels) * sizeof(real);
}

int conv_through_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const side x = { s->n * s->h * s->w, s->c, s->xs, s->x16, 0 }, y = { s->n * s->oh * s->ow, s->k, s->ys, s->y16, 0 }, none = { 0 };
    conv_shape plain = *s;
    if (s->x16) plain.xs = s->c;
    if (s->y16) plain.ys = s->k;
    plain.x16 = plain.y16 = 0;
    state *t = xalloc(sizeof *t);
    *t = (state){ .a = pass == CONV_DATA ? y : x, .b = pass == CONV_WEIGHTS ? y : none,
                  .out = pass == CONV_FORWARD ? y : pass == CONV_DATA ? x : none };
    conv_choose_cpu(NULL, &plain, pass, &t->inner);
    *k = (conv_kernel){ .s = *s, .run = run, .release = release, .state = t, .work = t->inner.work,
        .packed = t->inner.packed, .pack = t->inner.pack ? pack : NULL };
    copied(&t->a, &k->work), copied(&t->b, &k->work), copied(&t->out, &k->work);
    snprintf(k->name, sizeof k->name, "through %.50s", t->inner.name);
    return 1;
}

/* As bias_backward, in the same parts */
void conv_bias_bf16(const context *c, const conv_kernel *k, const real *gy, real *gb, int add)
{
    const int64_t pixels = k->s.n * k->s.oh * k->s.ow, n = k->s.k, parts = part_count(pixels);
    real *sums = c->work;
    #pragma omp parallel for schedule(static)
    for (int64_t j = 0; j < parts; j++) {
        real *sum = sums + j * n;
        for (int64_t i = 0; i < n; i++) sum[i] = 0;
        for (int64_t p = part_begin(pixels, parts, j); p < part_begin(pixels, parts, j + 1); p++) {
            const bf16 *g = (const bf16 *)gy + p * k->s.ys;
            #pragma omp simd
            for (int64_t i = 0; i < n; i++) sum[i] += (real)bf16_get(g[i]);
        }
    }
    for (int64_t i = 0; i < n; i++) gb[i] = add ? gb[i] : 0;
    for (int64_t j = 0; j < parts; j++) for (int64_t i = 0; i < n; i++) gb[i] += sums[j * n + i];
}
