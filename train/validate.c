/* validate.c - see validate.h. */
#include "train/validate.h"
#include "base/die.h"
#include "eval/metrics.h"
#include "train/agreement.h"
#include "base/clock.h"
#include <math.h>
#include <stdlib.h>

/* validate_bytes counts them. */
typedef struct buffers { float *plane, *grey, *scores; real *in, *out; uint8_t *pred, *truth; } buffers;

/* One film: labels (h, w) as predicted, into b->pred. */
static void predict(const sample *s, net_program *r, buffers *b)
{
    const int64_t n = s->f.net_h * s->f.net_w, c = r->t->conf.channels, k = r->t->conf.classes;
    fit_sample(&s->f, &s->source, &s->f.to_film, b->plane, b->grey, NULL);
    for (int64_t i = 0; i < n * c; i++) b->in[i] = (real)b->grey[i / c];
    net_program_run(r, b->in, b->out);
    for (int64_t i = 0; i < n * k; i++) b->scores[i] = (float)b->out[i];
    fit_back(&s->f, b->scores, k, b->pred, NULL);
}

/* Film i, added to *v; its mean DSC over the classes. */
static double one(samples *set, int64_t i, net_program *const *r, int ignore, buffers *b, validation *v, const validate_watch *w)
{
    double dice[256], iou[256], sum = 0;
    int n = 0;
    const store_case *c = samples_case(set, i);
    const size_t area = (size_t)(c->h * c->w);
    sample s = samples_get(set, i);
    b->plane = xalloc_n(fit_plane_floats(&s.source), sizeof *b->plane), b->pred = xalloc(area), b->truth = xalloc(area);
    predict(&s, r[set->size[i]], b);
    samples_labels(set, i, b->truth);
    metrics_rename(b->pred, b->truth, c->h * c->w, ignore, set->twin);
    agreement(b->pred, b->truth, c->h * c->w, ignore, dice, iou);
    for (int k = 0; k < 256; k++) {
        if (isnan(dice[k])) continue;
        v->class_dice[k] += dice[k], v->class_iou[k] += iou[k], v->class_n[k]++;
        sum += dice[k], n++;
    }
    const double mean = n ? sum / n : NAN;
    if (w && w->seen) w->seen(w->arg, i, mean, b->pred, b->truth);
    samples_done(&s);
    free(b->plane), free(b->pred), free(b->truth);
    return mean;
}

size_t validate_bytes(const samples *set, const net_conf *c)
{
    const size_t area = (size_t)fit_sizes_area(&set->sizes), k = (size_t)c->classes;
    size_t film = 0;
    for (int64_t i = 0; i < set->n; i++) {
        const store_case *one = samples_case(set, i);
        const size_t pixels = (size_t)((one->h + 1) * (one->w + 1));           /* of the plane, where the film is not reduced */
        if (pixels > film) film = pixels;
    }
    return area * (sizeof(float) * (1 + k) + sizeof(real) * ((size_t)c->channels + k)) + film * (sizeof(float) + 2);
}

static void finish(validation *v)
{
    double dice = 0, iou = 0;
    int n = 0;
    for (int k = 0; k < 256; k++) {
        v->class_dice[k] = v->class_n[k] ? v->class_dice[k] / (double)v->class_n[k] : NAN;
        v->class_iou[k] = v->class_n[k] ? v->class_iou[k] / (double)v->class_n[k] : NAN;
        if (v->class_n[k]) dice += v->class_dice[k], iou += v->class_iou[k], n++;
    }
    v->dice = n ? dice / n : NAN, v->iou = n ? iou / n : NAN;
}

validation validate(samples *set, net_program *const *r, int ignore, const validate_watch *w)
{
    const size_t area = (size_t)fit_sizes_area(&set->sizes);
    const double began = clock_now();
    for (int k = 0; k < set->sizes.n; k++) if (r[k]) net_program_changed(r[k]);
    validation v = { .case_dice = xalloc_n((size_t)set->n, sizeof(double)) };
    const net_conf *conf = &r[set->size[0]]->t->conf;
    const size_t c = (size_t)conf->channels, k = (size_t)conf->classes;
    buffers b = { .grey = xalloc_n(area, sizeof(float)), .scores = xalloc_n(area * k, sizeof(float)),
                  .in = xalloc_n(area * c, sizeof(real)), .out = xalloc_n(area * k, sizeof(real)) };
    for (int64_t i = 0; i < set->n; i++) {
        if (w && w->stop && w->stop(w->arg)) { v.cases = 0; break; }
        v.case_dice[i] = one(set, i, r, ignore, &b, &v, w);
        v.cases = i + 1;
    }
    finish(&v);
    free(b.grey), free(b.scores), free(b.in), free(b.out);
    v.seconds = clock_now() - began;
    return v;
}

/* 10 log10 (range^2 / mse), the range being 1, or 2 of a signed film */
static double rebuilt(samples *set, int64_t i, net_program *r, buffers *b)
{
    sample s = samples_get(set, i);
    const int64_t n = s.f.net_h * s.f.net_w * r->t->conf.channels;
    const double range = s.f.conf.range == FIT_SIGNED ? 2 : 1;
    double sum = 0;
    b->plane = xalloc_n(fit_plane_floats(&s.source), sizeof *b->plane);
    fit_sample(&s.f, &s.source, &s.f.to_film, b->plane, b->grey, NULL);
    for (int64_t j = 0; j < n; j++) b->in[j] = (real)b->grey[j / r->t->conf.channels];
    net_program_run(r, b->in, b->out);
    for (int64_t j = 0; j < n; j++) sum += ((double)b->out[j] - (double)b->in[j]) * ((double)b->out[j] - (double)b->in[j]);
    samples_done(&s);
    free(b->plane);
    return 10 * log10(range * range * (double)n / sum);
}

validation validate_rebuilt(samples *set, net_program *r, const validate_watch *w)
{
    const size_t area = (size_t)(set->sizes.h[0] * set->sizes.w[0]), c = (size_t)r->t->conf.channels;
    const double began = clock_now();
    double sum = 0;
    int64_t n = 0;
    net_program_changed(r);
    validation v = { .case_dice = xalloc_n((size_t)set->n, sizeof(double)), .dice = NAN, .iou = NAN };
    buffers b = { .grey = xalloc_n(area, sizeof(float)), .in = xalloc_n(area * c, sizeof(real)), .out = xalloc_n(area * c, sizeof(real)) };
    for (int64_t i = 0; i < set->n; i++) {
        if (w && w->stop && w->stop(w->arg)) { v.cases = 0; break; }
        const double one = rebuilt(set, i, r, &b);
        if (isfinite(one)) sum += one, n++;
        v.case_dice[i] = NAN, v.cases = i + 1;
    }
    v.psnr = n ? sum / (double)n : NAN;
    free(b.grey), free(b.in), free(b.out);
    v.seconds = clock_now() - began;
    return v;
}

void validation_free(validation *v)
{
    free(v->case_dice);
    v->case_dice = NULL;
}
