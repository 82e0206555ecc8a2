/* levels_write.c - identification of levels as a table and as JSON; see levels.h. One struct of rates feeds both, so they cannot differ. */
#include "eval/figures.h"
#include "eval/levels.h"
#include "eval/panoptic.h"
#include <stdlib.h>

enum { IDENTIFIED, DETECTED, PRECISION, NEXT, WHOLE, SHIFTED, RATES };
static const char *const keys[RATES] = { "identified", "detected", "precision", "off_by_one", "whole_films", "shifted_films" };
static const char *const heads[RATES] = { "identified", "detected", "precision", "off by one", "whole film right", "film shifted by one" };

static const char no_spacing[] = "a film has no pixel spacing";

/* Numerator and denominator of a rate on a film. */
static void parts(const level_counts *c, int rate, double *over, double *under)
{
    const int above[RATES] = { c->identified, c->detected, c->precise, c->next, c->whole, c->shifted };
    *over = above[rate], *under = rate == PRECISION ? c->preds : rate >= WHOLE ? c->truths > 0 : c->truths;
}

static bounded rate_of(const levels *l, int limit, int rate, int64_t draws, uint64_t seed)
{
    const quantity none = quantity_missing(no_spacing);
    if (l->without_spacing && limit != LEVEL_NO_LIMIT) return (bounded){ none, none, none };
    double *over = xalloc_n((size_t)l->n, sizeof *over), *under = xalloc_n((size_t)l->n, sizeof *under);
    int64_t *patient = xalloc_n((size_t)l->n, sizeof *patient);
    for (int64_t i = 0; i < l->n; i++) parts(&l->film[i].of[limit], rate, &over[i], &under[i]), patient[i] = l->film[i].patient;
    const bounded r = ratio_of(over, under, patient, l->n, draws, seed);
    free(over), free(under), free(patient);
    return r;
}

typedef struct totals { int64_t films, truths, preds, distances; double distance; } totals;

static totals total(const levels *l)
{
    totals t = { 0 };
    for (int64_t i = 0; i < l->n; i++) {
        const level_film *f = &l->film[i];
        t.films += f->counted, t.truths += f->of[LEVEL_NO_LIMIT].truths, t.preds += f->of[LEVEL_NO_LIMIT].preds;
        t.distance += f->distance, t.distances += f->distances;
    }
    return t;
}

static quantity mean_distance(const levels *l, const totals *t)
{
    if (l->without_spacing) return quantity_missing(no_spacing);
    return t->distances ? quantity_of(t->distance / (double)t->distances) : quantity_missing("no level is predicted");
}

static void limit_name(int limit, char text[16])
{
    if (limit == LEVEL_NO_LIMIT) snprintf(text, 16, "nearest");
    else snprintf(text, 16, "%g mm", level_limits[limit]);
}

table *levels_table(const levels *l, int64_t draws, uint64_t seed)
{
    const totals all = total(l);
    if (!all.films) return NULL;
    table *t = table_new("Are the levels named right?");
    char name[16];
    table_column(t, "within", "", COLUMN_TEXT, 0), table_column(t, "levels", "", COLUMN_COUNT, 0);
    for (int k = 0; k < RATES; k++) {
        table_column(t, heads[k], "", COLUMN_NUMBER, 3);
        if (k == IDENTIFIED) table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    }
    for (int limit = 0; limit < LEVEL_LIMITS; limit++) {
        limit_name(limit, name), table_text(t, name), table_count(t, all.truths);
        for (int k = 0; k < RATES; k++) {
            const bounded r = rate_of(l, limit, k, draws, seed);
            table_quantity(t, r.value);
            if (k == IDENTIFIED) figure_cell_interval(t, r.lo, r.hi);
        }
    }
    const quantity d = mean_distance(l, &all);
    char *note = d.why ? xprintf("films with a true level: %lld", (long long)all.films)
        : xprintf("films with a true level: %lld; mean distance of bodies of the same name: %.2f mm", (long long)all.films, d.value);
    table_note(t, note), free(note);
    table_note(t, "identified: a body of that name is there, nearer to this true level than to any other; detected: a body of any name is");
    return t;
}

json_t *levels_json(const levels *l, int64_t draws, uint64_t seed)
{
    const totals all = total(l);
    if (!all.films) return NULL;
    json_t *o = json_pack("{s:I, s:I, s:I}", "films", (json_int_t)all.films, "levels", (json_int_t)all.truths, "predicted", (json_int_t)all.preds);
    json_t *list = json_array();
    figure_json(o, "distance", mean_distance(l, &all));
    for (int limit = 0; limit < LEVEL_LIMITS; limit++) {
        json_t *row = json_object();
        figure_json(row, "limit", limit == LEVEL_NO_LIMIT ? quantity_missing("the nearest level, however far") : quantity_of(level_limits[limit]));
        for (int k = 0; k < RATES; k++) {
            const bounded r = rate_of(l, limit, k, draws, seed);
            figure_json(row, keys[k], r.value);
            figure_json_interval(row, keys[k], r.lo, r.hi);
        }
        json_array_append_new(list, row);
    }
    json_object_set_new(o, "limits", list);
    return o;
}
