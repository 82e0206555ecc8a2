/* bench_steps.c - where the time of a network goes: every step of its schedule, in place; see bench.h.
 *
 * The list is walked as in a run, with a clock around each step, so that a step finds the caches as the one before left them. Steps of
 * convolutions and matrix products are rated by their multiply-adds, the others by the bytes that must move at least: what the op
 * declares to read, once, and what it writes; a gradient that is added to counts twice. */
#include "eval/bench.h"
#include "base/clock.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double size_of(const tensor *t) { return (double)shape_volume(&t->s) * (double)dtype_size(t->type); }

static double bytes_of(const step *s)
{
    const node *n = s->n;
    double sum = 0;
    if (s->pack) return size_of(n->in[1]) + size_of(n->packed[s->pack - 1]);
    for (int i = 0; i < n->nout; i++) {
        if (!s->backward || n->reads_y >> i & 1) sum += size_of(n->out[i]);
        if (s->backward) sum += size_of(n->out[i]);            /* its gradient */
    }
    for (int i = 0; i < n->nin; i++) {
        if (!s->backward || n->reads_x >> i & 1) sum += size_of(n->in[i]);
        if (s->backward && s->want >> i & 1) sum += size_of(n->in[i]) * (s->add >> i & 1 ? 2 : 1);
    }
    return sum;
}

/* Passes of that many multiply-adds in this step: the gradients of maps and of weights, not of biases */
static int passes_of(const step *s) { return !s->backward ? 1 : (int)(s->want & 1) + (int)(s->want >> 1 & 1); }

static void add_row(bench *b, const char *prefix, const step *s, int i, double seconds, double all)
{
    static const char *const what[] = { "forward", "backward" };
    const node *n = s->n;
    char name[112];
    bench_row *r;
    if (s->spend) {
        snprintf(name, sizeof name, "%s %d %.40s optimiser", prefix, i, s->spend->name);
        bench_add(b, name, seconds, size_of(s->spend) * 1e-9, "GB/s", 0);
    }
    if (!n) return;
    snprintf(name, sizeof name, "%s %d %.40s %s %s", prefix, i, n->out[0]->name, n->op->name, s->pack ? "pack" : s->again ? "again" : what[s->backward]);
    if (n->op->macs && !s->pack) r = bench_add(b, name, seconds, 2e-9 * (double)n->op->macs(n) * passes_of(s), "GFLOP/s", b->flops);
    else r = bench_add(b, name, seconds, bytes_of(s) * 1e-9, "GB/s", b->triad);
    snprintf(r->note, sizeof r->note, "%.1f %% of the time", 100 * seconds / all);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_steps(bench *b, const char *prefix, const schedule *s, context *c)
{
    double *t = xalloc_n((size_t)s->n * (size_t)b->repeats, sizeof *t), all = 0;
    for (int k = 0; k < b->repeats; k++)
        for (int i = 0; i < s->n; i++) {
            const double start = clock_now();
            schedule_run_part(s, c, i, i + 1);
            c->dev->sync(c->dev);
            t[i * b->repeats + k] = clock_now() - start;
        }
    for (int i = 0; i < s->n; i++) {
        qsort(t + i * b->repeats, (size_t)b->repeats, sizeof *t, ascending);
        if (i >= s->fixed) all += t[i * b->repeats + b->repeats / 2];
    }
    for (int i = s->fixed; i < s->n; i++) add_row(b, prefix, &s->s[i], i, t[i * b->repeats + b->repeats / 2], all);
    free(t);
}
