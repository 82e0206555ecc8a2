/* inpaint_truth.c - see inpaint_truth.h. */
#include "verbs/inpaint_truth.h"
#include "base/die.h"
#include "eval/stats.h"
#include "eval/table.h"
#include "verbs/object.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const inpaint_gains[GAINS] = { "implant_dice", "psnr_before", "psnr", "ssim_before", "ssim" };

static int is_implant(const classes *t, int value)
{
    const class *c = classes_find(t, value);
    return c && !strcmp(c->kind, "implant");
}

int64_t inpaint_true_mask(const store *s, int64_t i, uint8_t *mask)
{
    const store_case *c = store_at(s, i);
    const classes *t = store_classes(s);
    const int64_t n = c->h * c->w;
    uint8_t *map = xalloc((size_t)n), metal[256] = { 0 };
    uint32_t *planes = xalloc_n((size_t)n, sizeof *planes), bits = 0;
    int64_t pixels = 0;
    labels l = store_read_labels(s, i);
    for (int v = 1; v < 256; v++) metal[v] = (uint8_t)is_implant(t, v);
    for (int v = 1; v < 32; v++) bits |= (uint32_t)metal[v] << v;
    store_read_mask(s, i, map), store_read_planes(s, i, planes);
    for (int64_t k = 0; k < n; k++) mask[k] = metal[map[k]] || (planes[k] & bits);
    for (int k = 0; k < l.ninstances; k++)
        if (l.instances[k].value > 0 && l.instances[k].value < 256 && metal[l.instances[k].value])
            instance_paint(&l.instances[k], mask, c->h, c->w, 1);
    for (int64_t k = 0; k < n; k++) pixels += mask[k] = mask[k] != 0;
    labels_free(&l), free(map), free(planes);
    return pixels;
}

int64_t inpaint_partner(const store *s, int64_t i)
{
    const store_case *c = store_at(s, i);
    int64_t found = -1;
    uint8_t *mask = xalloc_n((size_t)c->h, (size_t)c->w);
    for (int64_t k = 0; k < store_count(s) && *c->patient; k++) {
        const store_case *o = store_at(s, k);
        if (k == i || strcmp(o->patient, c->patient) || o->h != c->h || o->w != c->w || inpaint_true_mask(s, k, mask)) continue;
        if (found >= 0) { found = -1; break; }
        found = k;
    }
    free(mask);
    return found;
}

static image film_of(const store *s, int64_t i)
{
    const store_case *c = store_at(s, i);
    image m = image_new(c->h, c->w, c->bits);
    store_read_image(s, i, m.p);
    return m;
}

static void add(inpaint_tally *t, const char *patient, const inpaint_gain *g)
{
    const double v[GAINS] = { g->dice, g->psnr_before, g->psnr, g->ssim_before, g->ssim };
    for (int k = 0; k < GAINS; k++) t->of[k] = xgrow(t->of[k], (size_t)(t->n + 1) * sizeof **t->of), t->of[k][t->n] = v[k];
    t->patient = xgrow(t->patient, (size_t)(t->n + 1) * sizeof *t->patient);
    t->patient[t->n++] = xdup(patient);
}

json_t *inpaint_tally_add(inpaint_tally *t, const store *s, int64_t i, const inpainted *o, const image *film)
{
    const store_case *c = store_at(s, i);
    uint8_t *mask = xalloc_n((size_t)c->h, (size_t)c->w);
    json_t *out = NULL;
    if (inpaint_true_mask(s, i, mask)) {
        const int64_t partner = inpaint_partner(s, i);
        image clean = partner < 0 ? (image){ 0 } : film_of(s, partner);
        inpaint_gain g = inpaint_measure(o, film, partner < 0 ? film : &clean, mask);
        if (partner < 0) g.psnr = g.psnr_before = g.ssim = g.ssim_before = NAN;
        t->implanted++, t->missed += !o->pixels;
        add(t, c->patient, &g);
        out = json_object();
        for (int k = 0; k < GAINS; k++) json_object_set_new(out, inpaint_gains[k], object_real(t->of[k][t->n - 1]));
        if (partner < 0) json_object_set_new(out, "psnr_why", json_string("the patient has no film of this size without implants"));
        image_free(&clean);
    } else t->plain++, t->alarms += o->pixels > 0;
    free(mask);
    return out;
}

/* The films that have a value: their values, and whose they are; fresh */
static int64_t values_of(const inpaint_tally *t, int gain, double *x, int64_t *patient)
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->n; i++) {
        int64_t first = 0;
        if (!isfinite(t->of[gain][i])) continue;
        while (strcmp(t->patient[first], t->patient[i])) first++;
        x[n] = t->of[gain][i], patient[n++] = *t->patient[i] ? first : t->n + i;
    }
    return n;
}

typedef struct figure { int64_t n; double mean, sd; interval ci; int has_ci; } figure;

static figure figure_of(const inpaint_tally *t, int gain)
{
    double *x = xalloc_n((size_t)t->n + 1, sizeof *x);
    int64_t *patient = xalloc_n((size_t)t->n + 1, sizeof *patient);
    figure f = { .n = values_of(t, gain, x, patient), .mean = NAN, .sd = NAN };
    if (f.n) f.mean = stats_mean(x, f.n);
    if (f.n > 1) f.sd = stats_sd(x, f.n), f.has_ci = stats_bootstrap_mean(x, patient, f.n, 10000, 0, 0.95, &f.ci);
    free(x), free(patient);
    return f;
}

json_t *inpaint_tally_json(const inpaint_tally *t)
{
    json_t *o = json_pack("{s:I, s:I, s:I, s:I}", "films", (json_int_t)t->implanted, "missed", (json_int_t)t->missed, "plain", (json_int_t)t->plain,
                          "alarms", (json_int_t)t->alarms);
    for (int k = 0; k < GAINS && t->n; k++) {
        const figure f = figure_of(t, k);
        json_object_set_new(o, inpaint_gains[k], json_pack("{s:I, s:o, s:o, s:o}", "n", (json_int_t)f.n, "mean", object_real(f.mean), "sd",
            object_real(f.sd), "ci", f.has_ci ? json_pack("[f, f]", f.ci.lo, f.ci.hi) : json_null()));
    }
    return o;
}

void inpaint_tally_print(const inpaint_tally *t, FILE *f, const char *row)
{
    static const struct { const char *name, *unit; int digits; } column[GAINS] = { { "Dice of the mask", "", 3 }, { "PSNR before", "dB", 1 },
        { "PSNR", "dB", 1 }, { "SSIM before", "", 3 }, { "SSIM", "", 3 } };
    table *out = table_new("Inside the true implants, against the film without them");
    table_column(out, "mask", "", COLUMN_TEXT, 0), table_column(out, "films", "", COLUMN_COUNT, 0), table_column(out, "missed", "", COLUMN_COUNT, 0);
    for (int k = 0; k < GAINS; k++) table_column(out, column[k].name, column[k].unit, COLUMN_SPREAD, column[k].digits);
    table_text(out, row), table_count(out, t->implanted), table_count(out, t->missed);
    for (int k = 0; k < GAINS; k++) {
        const figure v = figure_of(t, k);
        if (v.n > 1) table_numbers(out, v.mean, v.sd);
        else table_missing(out, v.n ? "one film has no spread" : "no film has a partner without implants");
    }
    if (t->plain) {
        char *note = xprintf("Of %lld films without implants %lld were changed.", (long long)t->plain, (long long)t->alarms);
        table_note(out, note), free(note);
    }
    table_write(out, f, TABLE_PLAIN), table_free(out);
}

void inpaint_tally_free(inpaint_tally *t)
{
    for (int k = 0; k < GAINS; k++) free(t->of[k]);
    for (int64_t i = 0; i < t->n; i++) free(t->patient[i]);
    free(t->patient);
    *t = (inpaint_tally){ 0 };
}
