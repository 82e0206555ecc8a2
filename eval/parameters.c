/* parameters.c - see parameters.h. Values of all films are laid out once a parameter, in the order of the predictions. */
#include "eval/parameters.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int64_t n; const int64_t *to_ref, *to_second; int64_t *patient; double *pred, *ref, *first, *second; } columns;

static int by_name(const void *a, const void *b, void *arg)
{
    const char *const *name = arg;
    int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    int order = strcmp(name[i], name[j]);
    return order ? order : (i > j) - (i < j);
}

/* Numbers of patients by their names; a film without a name is a patient of its own. */
static void number_patients(parameters *p, const char *const *name, int64_t *patient)
{
    int64_t *at = xalloc_n((size_t)p->films, sizeof *at);
    for (int64_t i = 0; i < p->films; i++) at[i] = i;
    qsort_r(at, (size_t)p->films, sizeof *at, by_name, (void *)name);
    for (int64_t i = 0; i < p->films; i++) {
        int known = *name[at[i]] != 0;
        p->unknown_patients += !known;
        if (!known || !i || strcmp(name[at[i]], name[at[i - 1]])) p->patients++;
        patient[at[i]] = p->patients - 1;
    }
    free(at);
}

static void name_patients(parameters *p, const readings *pred, const readings *ref, const columns *c)
{
    const char **name = xalloc_n((size_t)p->films, sizeof *name);
    for (int64_t i = 0; i < p->films; i++) {
        const char *given = ref->r[c->to_ref[i]].patient;        /* where both name one, it is the same */
        name[i] = *given ? given : pred->r[i].patient;
    }
    number_patients(p, name, c->patient);
    free(name);
}

/* The columns of a parameter; returns the films that have a reference. */
static int64_t lay_out(const readings *pred, const readings *ref, const readings *second, int parameter, columns *c)
{
    int64_t have = 0;
    for (int64_t i = 0; i < c->n; i++) {
        c->pred[i] = pred->r[i].value[parameter], c->ref[i] = c->first[i] = ref->r[c->to_ref[i]].value[parameter];
        if (second) c->second[i] = second->r[c->to_second[i]].value[parameter], c->ref[i] = 0.5 * (c->first[i] + c->second[i]);
        have += !isnan(c->ref[i]);
    }
    return have;
}

static parameter_row compare_one(const columns *c, int parameter, int readers, const parameter_options *o)
{
    parameter_row r = { .parameter = parameter, .published = o->published ? o->published[parameter] : NAN };
    const agreement_options *a = &o->agreement;
    double *error = xalloc_n((size_t)(2 * c->n), sizeof *error), *mean = error + c->n;
    r.of = agreement_of(c->pred, c->ref, c->patient, c->n, a);
    if (readers == 2) r.readers = triad_of(c->pred, c->first, c->second, c->patient, c->n, a->draws, a->seed);
    for (int64_t i = 0; i < c->n; i++) error[i] = c->pred[i] - c->ref[i];
    int64_t patients = stats_by_patient(error, c->patient, c->n, mean);
    r.bias = wilcoxon_of(mean, patients);
    if (o->margin > 0) r.same = tost_of(mean, patients, o->margin);
    free(error);
    return r;
}

static quantity p_of_bias(const parameter_row *r) { return r->bias.p; }
static quantity p_of_same(const parameter_row *r) { return r->same.p; }
static quantity *holm_of_bias(parameter_row *r) { return &r->bias_holm; }
static quantity *holm_of_same(parameter_row *r) { return &r->same_holm; }

static void correct(parameters *p, quantity (*get)(const parameter_row *), quantity *(*set)(parameter_row *))
{
    double *v = xalloc_n((size_t)p->n + 1, sizeof *v);
    int n = 0;
    for (int i = 0; i < p->n; i++) if (!get(&p->row[i]).why) v[n++] = get(&p->row[i]).value;
    holm_adjust(v, n, v);
    for (int i = n = 0; i < p->n; i++) *set(&p->row[i]) = get(&p->row[i]).why ? get(&p->row[i]) : quantity_of(v[n++]);
    free(v);
}

static quantity mean_of_unit(const parameters *p, const char *unit)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        const agreement *a = &p->row[i].of;
        if (strcmp(readings_unit(p->row[i].parameter), unit) || a->mae.value.why || a->sd_abs.why) continue;    /* as the table shows them */
        sum += a->mae.value.value, n++;
    }
    return n ? quantity_of(sum / n) : quantity_missing("no such parameter has an error on two films");
}

static void leave_out(parameters *p, int parameter)
{
    char *more = xprintf("%s%s%s", p->left_out, *p->left_out ? ", " : "", readings_name(parameter));
    free(p->left_out), p->left_out = more;
}

/* Values of every film with the reference's beside them, for classifications. */
static void classify(parameters *p, const readings *pred, const readings *ref, const readings *second, const columns *c)
{
    int m = pred->nparameters;
    double *v = xalloc_n((size_t)(2 * c->n) * (size_t)m, sizeof *v), *w = v + c->n * m, *age = xalloc_n((size_t)c->n, sizeof *age);
    for (int64_t i = 0; i < c->n; i++) {
        const double ages[] = { ref->r[c->to_ref[i]].age, second ? second->r[c->to_second[i]].age : NAN, pred->r[i].age };
        age[i] = NAN;
        for (int k = 0; k < 3; k++) if (isnan(age[i])) age[i] = ages[k];
        for (int k = 0; k < m; k++) {
            double a = ref->r[c->to_ref[i]].value[k];
            v[i * m + k] = pred->r[i].value[k], w[i * m + k] = second ? 0.5 * (a + second->r[c->to_second[i]].value[k]) : a;
        }
    }
    parameters_classify(p, v, w, age, c->patient, c->n, m);
    free(v), free(age);
}

parameters parameters_compare(const readings *pred, const readings *ref, const readings *second, int readers, const parameter_options *o)
{
    parameters p = { .o = *o, .readers = readers, .films = pred->n, .left_out = xdup("") };
    int64_t *to_ref, *to_second = NULL;
    if (!o->agreement.draws) p.o.agreement = agreement_defaults();
    readings_match(pred, ref, &to_ref);
    if (second) readings_match(pred, second, &to_second);
    double *room = xalloc_n((size_t)(4 * pred->n), sizeof *room);
    columns c = { pred->n, to_ref, to_second, xalloc_n((size_t)pred->n, 8), room, room + pred->n, room + 2 * pred->n, room + 3 * pred->n };
    name_patients(&p, pred, ref, &c);
    p.row = xalloc_n((size_t)pred->nparameters, sizeof *p.row);
    for (int k = 0; k < pred->nparameters; k++) {
        int given = pred->given[k] + ref->given[k] + (second ? second->given[k] : 1);
        if (given == 3 && lay_out(pred, ref, second, k, &c)) p.row[p.n++] = compare_one(&c, k, readers, &p.o);
        /* a reader measured it, but not all did */
        else if (readers && (ref->given[k] || (second && second->given[k]))) leave_out(&p, k);
    }
    classify(&p, pred, ref, second, &c);
    correct(&p, p_of_bias, holm_of_bias), correct(&p, p_of_same, holm_of_same);
    p.angles = mean_of_unit(&p, "deg"), p.lengths = mean_of_unit(&p, "mm");
    free(room), free(c.patient), free(to_ref), free(to_second);
    return p;
}

void parameters_free(parameters *p) { free(p->row), free(p->left_out), *p = (parameters){ 0 }; }

table *parameters_film_table(const readings *pred, const readings *ref, const readings *second)
{
    table *t = table_new("Parameters film by film");
    int64_t *order, *other = NULL;
    static const char *const titles[] = { "film", "parameter", "unit", "prediction", "reference", "second reader", "error" };
    for (int i = 0; i < 7; i++) if (i != 5 || second) table_column(t, titles[i], "", i < 3 ? COLUMN_TEXT : COLUMN_NUMBER, 2);
    readings_match(pred, ref, &order);
    if (second) readings_match(pred, second, &other);
    for (int64_t i = 0; i < pred->n; i++)
        for (int k = 0; k < pred->nparameters; k++) {
            double v[4] = { pred->r[i].value[k], ref->r[order[i]].value[k], second ? second->r[other[i]].value[k] : NAN };
            if ((isnan(v[0]) && isnan(v[1])) || isnan(v[1])) continue;
            v[3] = v[0] - (second ? 0.5 * (v[1] + v[2]) : v[1]);
            table_text(t, pred->r[i].id), table_text(t, readings_name(k)), table_text(t, readings_unit(k));
            for (int j = 0; j < 4; j++) {
                if (j == 2 && !second) continue;
                if (isnan(v[j])) table_missing(t, "no value");
                else table_number(t, v[j]);
            }
        }
    free(order), free(other);
    return t;
}
