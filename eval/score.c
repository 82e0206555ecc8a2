/* score.c - collects the metrics of every case, then describes them class by class; see score.h. The trap: an image without a class
 * (in neither map) has no DSC and must not count, neither as 0 nor as 1; it counts under presence. */
#include "eval/score.h"
#include "base/die.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

score *score_new(const score_options *o)
{
    score *s = xalloc(sizeof *s);
    s->options = *o;
    if (!o->tau) s->options.tau = o->in_mm ? 1 : 2;
    if (!o->draws) s->options.draws = 10000;
    for (int v = 0; v < 256; v++) s->twin[v] = o->twin ? o->twin[v] : (uint8_t)v;
    for (int v = 1; v < 256; v++) s->names[v] = o->names && o->names[v] ? xdup(o->names[v]) : xprintf("%d", v);
    return s;
}

void score_free(score *s)
{
    for (int v = 0; v < 256; v++) free(s->names[v]);
    for (int64_t i = 0; i < s->npatients; i++) free(s->patient[i]);
    for (int64_t i = 0; i < s->ncases; i++) free(s->cases[i].id), free(s->cases[i].class);
    free(s->patient), free(s->cases), free(s->classes), free(s->worst), free(s);
}

static int64_t new_patient(score *s, const char *name)
{
    s->patient = xgrow(s->patient, (size_t)(s->npatients + 1) * sizeof *s->patient);
    s->patient[s->npatients] = xdup(name);
    return s->npatients++;
}

static int64_t patient_of(score *s, const char *name)
{
    if (!name || !*name) return s->unknown_patients++, new_patient(s, "");
    for (int64_t i = s->npatients - 1; i >= 0; i--) if (!strcmp(s->patient[i], name)) return i;
    return new_patient(s, name);
}

void score_add(score *s, const char *id, const char *patient, const double *spacing, int64_t h, int64_t w, const uint8_t *pred, const uint8_t *truth)
{
    assert(!s->worst);
    if (s->options.in_mm && !spacing) die_at(id, "got no pixel spacing, wanted one for distances in mm");
    metrics *found = xalloc_n(255, sizeof *found);
    score_case c = { .id = xdup(id), .patient = patient_of(s, patient), .class = found };
    uint8_t *named = xalloc_n((size_t)h, (size_t)w);
    memcpy(named, pred, (size_t)(h * w));
    s->renamed += metrics_rename(named, truth, h * w, -1, s->twin) > 0;
    c.n = metrics_image(named, truth, h, w, s->options.in_mm ? spacing : 0, s->options.tau, found);
    c.class = xgrow(found, (size_t)(c.n ? c.n : 1) * sizeof *found);
    free(named);
    s->cases = xgrow(s->cases, (size_t)(s->ncases + 1) * sizeof *s->cases);
    s->cases[s->ncases++] = c;
}

/* The classes of the set, and every case brought to the same list: what a case has not got is absent there. */
static void align_classes(score *s)
{
    int index[256], used[256] = { 0 };
    for (int64_t i = 0; i < s->ncases; i++)
        for (int k = 0; k < s->cases[i].n; k++) used[s->cases[i].class[k].value] = 1;
    s->classes = xalloc_n(256, sizeof *s->classes);
    for (int v = 1; v < 256; v++)
        if (used[v]) index[v] = s->nclasses, s->classes[s->nclasses++] = (score_class){ .value = v, .name = s->names[v] };
    for (int64_t i = 0; i < s->ncases; i++) {
        score_case *c = &s->cases[i];
        metrics *all = xalloc_n((size_t)s->nclasses, sizeof *all);
        for (int k = 0; k < s->nclasses; k++) all[k] = metrics_absent(s->classes[k].value);
        for (int k = 0; k < c->n; k++) all[index[c->class[k].value]] = c->class[k];
        free(c->class);
        c->class = all, c->n = s->nclasses;
    }
}

static void describe(summary *m, double *x, int64_t n)
{
    static const char no_images[] = "no image has a value", one_image[] = "one image has a value", one_patient[] = "one patient has a value";
    quantity *percentiles[] = { &m->least, &m->p5, &m->p25, &m->median, &m->p75, &m->p95, &m->most };
    static const double percent[] = { 0, 5, 25, 50, 75, 95, 100 };
    m->n = n;
    m->mean = n ? quantity_of(stats_mean(x, n)) : quantity_missing(no_images);
    m->sd = n > 1 ? quantity_of(stats_sd(x, n)) : quantity_missing(n ? one_image : no_images);
    m->lo = m->hi = quantity_missing(n ? one_patient : no_images);
    stats_sort(x, n);
    for (int i = 0; i < 7; i++) *percentiles[i] = n ? quantity_of(stats_percentile(x, n, percent[i])) : quantity_missing(no_images);
}

static void summarise(const score *s, int class, int metric, summary *m)
{
    double *x = xalloc_n((size_t)s->ncases, sizeof *x);
    int64_t *patient = xalloc_n((size_t)s->ncases, sizeof *patient), n = 0;
    for (int64_t i = 0; i < s->ncases; i++) {
        quantity q = s->cases[i].class[class].of[metric];
        if (!q.why) x[n] = q.value, patient[n++] = s->cases[i].patient;
    }
    interval r;
    int found = stats_bootstrap_mean(x, patient, n, s->options.draws, s->options.seed, 0.95, &r);
    describe(m, x, n);
    if (found) m->lo = quantity_of(r.lo), m->hi = quantity_of(r.hi);
    free(x), free(patient);
}

static void see(const score *s, int class, presence *p)
{
    for (int64_t i = 0; i < s->ncases; i++) {
        const overlap *o = &s->cases[i].class[class].count;
        int64_t *where = o->pred ? o->truth ? &p->both : &p->only_pred : o->truth ? &p->only_truth : &p->neither;
        ++*where;
    }
}

/* Sums over the images of each patient, class by class: what the mean over classes is made of when patients are drawn. */
typedef struct { int classes; int64_t patients; double *sum, *n; } patient_sums;                /* patients x classes */

static double mean_over_classes(const void *data, const int64_t *unit, int64_t n)
{
    const patient_sums *p = data;
    long double total = 0;
    int used = 0;
    for (int k = 0; k < p->classes; k++) {
        long double sum = 0, images = 0;
        for (int64_t i = 0; i < n; i++) sum += p->sum[unit[i] * p->classes + k], images += p->n[unit[i] * p->classes + k];
        if (images > 0) total += sum / images, used++;
    }
    return (double)(total / used);
}

/* Patients without a value of this metric are no units, so that every draw has a mean. */
static patient_sums sums_of(const score *s, int metric)
{
    int c = s->nclasses;
    int64_t *row = xalloc_n((size_t)s->npatients, sizeof *row);                                  /* row + 1 of a patient, 0: none yet */
    patient_sums p = { .classes = c, .sum = xalloc_n((size_t)s->npatients * (size_t)c, 8), .n = xalloc_n((size_t)s->npatients * (size_t)c, 8) };
    for (int64_t i = 0; i < s->ncases; i++)
        for (int k = 0; k < c; k++) {
            const score_case *one = &s->cases[i];
            quantity q = one->class[k].of[metric];
            if (q.why) continue;
            if (!row[one->patient]) row[one->patient] = ++p.patients;
            int64_t at = (row[one->patient] - 1) * c + k;
            p.sum[at] += q.value, p.n[at]++;
        }
    free(row);
    return p;
}

static void summarise_overall(const score *s, int metric, summary *m)
{
    double *means = xalloc_n((size_t)s->nclasses, sizeof *means);
    int64_t n = 0;
    for (int k = 0; k < s->nclasses; k++) if (!s->classes[k].of[metric].mean.why) means[n++] = s->classes[k].of[metric].mean.value;
    describe(m, means, n);
    if (n == 1) m->sd = quantity_missing("one class has a value");
    patient_sums p = sums_of(s, metric);
    if (p.patients > 1) {
        interval r = stats_bootstrap(mean_over_classes, &p, p.patients, s->options.draws, s->options.seed, 0.95);
        m->lo = quantity_of(r.lo), m->hi = quantity_of(r.hi);
    }
    free(means), free(p.sum), free(p.n);
}

static int worse_first(const void *a, const void *b, void *cases)
{
    int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    quantity p = ((const score_case *)cases)[i].dsc, q = ((const score_case *)cases)[j].dsc;
    if (p.why || q.why) return !!p.why - !!q.why ? !!p.why - !!q.why : (i > j) - (i < j);
    return p.value != q.value ? (p.value > q.value) - (p.value < q.value) : (i > j) - (i < j);
}

static void rank_cases(score *s)
{
    s->worst = xalloc_n((size_t)s->ncases, sizeof *s->worst);
    for (int64_t i = 0; i < s->ncases; i++) {
        double sum = 0;
        int n = 0;
        for (int k = 0; k < s->nclasses; k++) {
            quantity q = s->cases[i].class[k].of[METRIC_DSC];
            if (!q.why) sum += q.value, n++;
        }
        s->cases[i].dsc = n ? quantity_of(sum / n) : quantity_missing("no class is in either map");
        s->worst[i] = i;
    }
    qsort_r(s->worst, (size_t)s->ncases, sizeof *s->worst, worse_first, s->cases);
}

void score_finish(score *s)
{
    assert(!s->worst);
    align_classes(s);
    #pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < s->nclasses * METRICS; i++) summarise(s, i / METRICS, i % METRICS, &s->classes[i / METRICS].of[i % METRICS]);
    #pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < METRICS; i++) summarise_overall(s, i, &s->overall[i]);
    for (int k = 0; k < s->nclasses; k++) see(s, k, &s->classes[k].seen);
    rank_cases(s);
}
