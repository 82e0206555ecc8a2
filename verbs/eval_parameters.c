/* eval_parameters.c - see eval_parameters.h. Measuring goes the way of `darkspine measure`, so both always say the same. */
#include "verbs/eval_parameters.h"
#include "base/die.h"
#include "datasets/csv.h"
#include "geometry/geometry.h"
#include "verbs/measure.h"
#include "verbs/progress.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const eval_regions[GEO_REGIONS] = { [GEO_REGION_WHOLE] = "whole", [GEO_REGION_CERVICAL] = "cervical",
    [GEO_REGION_THORACIC] = "thoracic",
    [GEO_REGION_LUMBAR] = "lumbar", [GEO_REGION_AP] = "ap" };

typedef struct { readings *into; const char *id, *patient; int truth, frontal; progress *bar; int64_t done;
                 int npoints; level_point point[LANDMARKS_BODIES]; } collector;

/* The values of a film. What rests on a vertebra that was not seen may be a prediction, but is no truth. */
static void collect(void *arg, findings *f, const image *film)
{
    collector *c = arg;
    finding *row;
    int n = findings_rows(f, NULL, &row);
    reading *r = readings_add(c->into, c->id ? c->id : f->id, c->patient ? c->patient : "", 0);
    (void)film;
    c->frontal = f->frontal, c->npoints = levels_of(f, c->truth, c->point, LANDMARKS_BODIES);
    if (f->age >= 0) r->age = f->age;
    for (int i = 0; i < n; i++) {
        int p = row[i].v.code || (c->truth && row[i].v.marks & GEO_MARK_INTERPOLATED) ? -1 : readings_find(row[i].name);
        if (p >= 0) r->value[p] = row[i].v.value, c->into->given[p] = 1;
    }
    free(row);
    if (c->bar) progress_step(c->bar, ++c->done, NULL);
}

static measure_job job_of(collector *c, const char *classes, const double *spacing, eval_film film)
{
    measure_settings s = { .region = film.region, .facing = film.facing ? film.facing : -2, .cobb = -1, .age = -1, .draws = 200, .seed = 1 };
    if (spacing && spacing[0] > 0) s.sx = spacing[0], s.sy = spacing[1], s.spacing_source = "user";
    return (measure_job){ .settings = s, .classes = classes, .blind = 1, .each = collect, .arg = c };
}

both_sides measured_new(const char *pred, const char *truth)
{
    both_sides m = { readings_new(pred), readings_new(truth), { 0 } };
    for (int p = 0; p < m.pred.nparameters; p++) m.pred.given[p] = 1;        /* what is never measured is failed, not absent */
    return m;
}

static void add_instances(collector *c, const store *s, int64_t at, int64_t w, const classes *names)
{
    labels l = store_read_labels(s, at);
    c->npoints = levels_of_instances(&l, names, w, c->point, c->npoints, LANDMARKS_BODIES);
    labels_free(&l);
}

int measured_add(both_sides *m, const pairs *p, int64_t i, const both_maps *maps, const classes *names, const double *given, eval_film film)
{
    const pair *e = pairs_at(p, i);
    int64_t at;
    const store *s = pairs_store(p, i, &at);
    geo_case *base = geo_case_new();
    if (!base) die_machine("out of memory");
    collector of_pred = { .into = &m->pred, .id = e->id, .patient = e->patient }, of_truth = of_pred;
    of_truth.into = &m->ref, of_truth.truth = 1;
    measure_job job = job_of(&of_truth, NULL, given ? given : e->spacing, film);
    job.settings.base = base;
    int any = measure_names(names);
    if (any) {
        if (s) measure_case(&job, s, at, names);
        else measure_labels(&job, e->id, maps->h, maps->w, maps->truth, names);
        if (film.region < 0 && of_truth.frontal) job.settings.region = GEO_REGION_AP;         /* as the landmarks say */
        job.arg = &of_pred;
        if (!maps->found) measure_labels(&job, e->id, maps->h, maps->w, maps->pred, names);
        else measure_found(&job, m->pred.path, e->id, &(image){ maps->h, maps->w, 8, NULL }, maps->pred, maps->found, names);
        if (s) add_instances(&of_truth, s, at, maps->w, names);
        levels_add(&m->named, maps->patient, of_truth.point, of_truth.npoints, of_pred.point, of_pred.npoints, given ? given : e->spacing);
    }
    geo_case_free(base);
    return any;
}

void measured_free(both_sides *m) { readings_free(&m->pred), readings_free(&m->ref), levels_free(&m->named); }

readings readings_from(const char *path, const char *classes, const double *given, eval_film film, int quiet)
{
    if (readings_like(path)) return readings_csv(path);
    readings r = readings_new(path);
    int64_t total = 0;
    progress bar = progress_begin("measure", 0, quiet);
    collector c = { .into = &r, .bar = &bar };
    measure_job job = job_of(&c, classes, given, film);
    geo_case *base = geo_case_new();
    if (!base) die_machine("out of memory");
    job.settings.base = base, job.total = &total;
    measure_input(&job, path);
    progress_end(&bar), geo_case_free(base);
    for (int p = 0; p < r.nparameters; p++) r.given[p] = 1;
    return r;
}

double *published_read(const char *path)
{
    csv t = csv_read(path);
    int name = csv_column(&t, "parameter"), value = csv_column(&t, "value"), unit = csv_column(&t, "unit"), n = readings_parameters();
    double *out = xalloc_n((size_t)n, sizeof *out);
    if (value < 0) value = csv_column(&t, "abs_error");
    if (name < 0 || value < 0) die("%s:1: got no column %s, wanted parameter and value", path, name < 0 ? "parameter" : "value");
    for (int p = 0; p < n; p++) out[p] = NAN;
    for (int i = 0; i < t.nrows; i++) {
        int p = readings_find(csv_cell(&t, i, name));
        double x;
        if (p < 0) die("%s:%d: got the parameter '%.40s', wanted one such as TK or SVA", path, t.line[i], csv_cell(&t, i, name));
        if (!text_real(csv_cell(&t, i, value), &x)) die("%s:%d: %s: got '%.40s', wanted a number", path, t.line[i], readings_name(p),
            csv_cell(&t, i, value));
        if (unit >= 0 && *csv_cell(&t, i, unit) && strcmp(csv_cell(&t, i, unit), readings_unit(p)))
            die("%s:%d: %s: got %.40s, wanted %s", path, t.line[i], readings_name(p), csv_cell(&t, i, unit), readings_unit(p));
        if (!isnan(out[p])) die("%s:%d: %s stands twice", path, t.line[i], readings_name(p));
        out[p] = x;
    }
    csv_free(&t);
    return out;
}
