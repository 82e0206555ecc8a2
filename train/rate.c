/* rate.c - see rate.h. */
#include "train/rate.h"
#include "base/clock.h"
#include "eval/plots.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>

static const double lowest_rate = 1e-6, highest_rate = 10, keep = 0.9;

void rate_judge(rate_test *t)
{
    enum { REACH = 5 };                      /* steps on both sides that a slope is taken over */
    double mean = 0, least = INFINITY, steepest = 0;
    int low = 0;
    t->suggested = t->lowest = NAN;
    for (int i = 0; i < t->n; i++) {
        mean = keep * mean + (1 - keep) * t->loss[i];
        t->smooth[i] = mean / (1 - pow(keep, i + 1));
        if (i >= REACH && t->smooth[i] < least) least = t->smooth[i], low = i;      /* the first few are single batches still */
    }
    if (low) t->lowest = t->rate[low];
    for (int i = REACH; i + REACH < t->n && i <= low; i++) {
        const double slope = (t->smooth[i + REACH] - t->smooth[i - REACH]) / log(t->rate[i + REACH] / t->rate[i - REACH]);
        if (slope < steepest) steepest = slope, t->suggested = t->rate[i];
    }
}

/* Has the loss left what it began with far behind, upwards? */
static int blown_up(const rate_test *t)
{
    double least = t->loss[0];
    for (int i = 0; i < t->n; i++) least = fmin(least, t->loss[i]);
    return t->n > 10 && t->loss[t->n - 1] > t->loss[0] + 3 * fmax(t->loss[0] - least, 0.1 * fabs(t->loss[0]));
}

static void climb(rate_test *out, trainer *t)
{
    const train_watch *w = &t->o->watch;
    const double began = clock_now();
    while (out->n < RATE_STEPS && !(w->stop && w->stop(w->arg))) {
        const double rate = lowest_rate * pow(highest_rate / lowest_rate, (double)out->n / (RATE_STEPS - 1));
        const batch *b = loader_next(t->l);
        t->m->classes = b->classes;
        double loss, norm = model_step(t->m, out->n, rate, b->size, b->image, b->labels, &loss);
        if (!isfinite(loss) || !isfinite(norm)) return;
        out->rate[out->n] = rate, out->loss[out->n++] = loss;
        if (w->stepped) {
            const train_status s = { .epoch = 1, .epochs = 1, .step = out->n, .steps = RATE_STEPS, .done = out->n, .total = RATE_STEPS, .loss = loss,
                                     .lr = rate, .images_per_second = (double)(out->n * t->r->solver.batch) / (clock_now() - began),
                                     .waiting = loader_waited(t->l) / (clock_now() - began) };
            w->stepped(w->arg, &s);
        }
        if (blown_up(out)) return;
    }
}

rate_test rate_find(run *r, const train_options *o)
{
    rate_test out = { 0 };
    trainer t = { .r = r, .o = o };
    net *n = run_net(r, r->solver.batch / r->solver.subdivisions);
    run_check(r, n);
    char *part = run_part(r, 0);
    t.s = store_open(r->data.store);
    t.set = samples_new(t.s, &r->data, part, run_values(r, n), r->objective.ignore, n->conf.height, n->conf.width, (size_t)r->data.cache << 20, 0);
    t.set->instances = n->detector != NULL;
    if (!t.set->n) die("%s: data.train=none: nothing to train on", r->path);
    t.m = model_plan(r, n, o->dev);
    model_take(t.m, r);
    start_weights(&t);
    loader_conf c = { .set = t.set, .augment = &r->augment, .seed = (uint64_t)r->solver.seed, .batch = r->solver.batch, .channels = t.m->t->conf.channels,
                      .shuffle = 1, .workers = (int)r->data.workers, .ahead = 2 };
    augment_check(&r->augment, 256, r->path, c.swap);
    t.l = loader_new(&c);
    climb(&out, &t);
    rate_judge(&out);
    loader_free(t.l), model_free(t.m), samples_free(t.set), store_close(t.s);
    free(part);
    return out;
}

void rate_draw(const rate_test *t, const char *path)
{
    double x[RATE_STEPS], at[1] = { log10(t->suggested) }, y[1] = { NAN };
    for (int i = 0; i < t->n; i++) {
        x[i] = log10(t->rate[i]);
        if (t->rate[i] == t->suggested) y[0] = t->smooth[i];
    }
    const plot_series s[] = { { "batch", x, t->loss, t->n, 1, PLOT_MARK_NONE }, { "running mean", x, t->smooth, t->n, 0, PLOT_MARK_LOWEST },
                              { "suggested", at, y, isfinite(at[0]), 0, PLOT_MARK_HIGHEST } };
    plot_curves(path, &(plot_panel){ "Learning-rate range test", "log10 (learning rate)", "loss", s, 3, 0, 0 }, 1);
}
