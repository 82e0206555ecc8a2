/* check.c - faults of whole cases and between cases; see check.h. Corners: check_corners.c, objects: check_objects.c, films that stand
 * wrong: check_turned.c. The contact sheet: sheet.c.
 *
 * Two passes: each case by itself, on all threads, which leaves a small summary (hashes, a thumbnail, the classes seen); then the
 * summaries against each other. Each case collects its own list, so the result does not depend on the number of threads. */
#include "datasets/check.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "datasets/check_turned.h"
#include "geometry/geometry.h"
#include "geometry/polygon.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 20 };                                   /* below so many cases nothing is called unusual */
#define NEAR_TWIN 0.9995                             /* correlation of thumbnails: the same film saved again */
#define SURELY_TURNED 0.5                            /* gain in correlation from which a turned film is an error */
#define LARGEST 2500                                 /* millimetres: no film or detector is longer */
#define SPACING_OUT 4                                /* times the median of the store, either way */
#define QUAD_COVERED 0.6                             /* share of a quad that the mask must cover: sound ones 0.88, sunken ones 0.65 */

typedef struct summary {
    char image[65], labels[65];                      /* SHA-256 now; "" where it cannot be read */
    float thumb[THUMB * THUMB];                      /* mean 0, norm 1; all 0: nothing to compare */
    int has_mask, drawn, seen[256];                  /* drawn: any label at all */
    int upright;                                     /* its vertebrae run downwards: nobody has turned it */
} summary;

void faults_add(faults *f, int64_t at, int error, const char *code, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (f->n == f->room) f->f = xgrow(f->f, (size_t)(f->room = f->room ? 2 * f->room : 8) * sizeof *f->f);
    f->f[f->n++] = (fault){ at, error, code, utf8_clean(text) };          /* it may quote names from the store */
    if (error) f->errors++; else f->warnings++;
}

void faults_free(faults *f)
{
    for (int64_t i = 0; i < f->n; i++) free(f->f[i].text);
    free(f->f);
    *f = (faults){ 0 };
}

int64_t faults_cases(const faults *f, int64_t count, uint8_t *marks)
{
    int64_t n = 0;
    memset(marks, 0, (size_t)count);
    for (int64_t i = 0; i < f->n; i++) if (f->f[i].error && f->f[i].at >= 0) marks[f->f[i].at] = 1;
    for (int64_t i = 0; i < count; i++) n += marks[i];
    return n;
}

/* ---- one case: the film ---------------------------------------------------------------------------------------------------------- */

static void thumbnail(const image *m, float out[THUMB * THUMB])
{
    float *v = xalloc_n((size_t)(m->h * m->w), sizeof *v);
    double mean = 0, norm = 0;
    image_to_float(m, v);
    resize_smooth(v, m->h, m->w, out, THUMB, THUMB);
    for (int i = 0; i < THUMB * THUMB; i++) mean += out[i] / (THUMB * THUMB);
    for (int i = 0; i < THUMB * THUMB; i++) out[i] -= (float)mean, norm += out[i] * out[i];
    for (int i = 0; i < THUMB * THUMB; i++) out[i] = norm > 1e-12 ? (float)(out[i] / sqrt(norm)) : 0;
    free(v);
}

static void check_grey(faults *f, int64_t at, const image *m)
{
    int64_t len = m->h * m->w, *count = xalloc_n(65536, sizeof *count), sum = 0, most = 0;
    int levels = 0, lo = -1, hi = 0;
    for (int64_t i = 0; i < len; i++) count[image_at(m, i)]++;
    for (int v = 0; v < 65536; v++) {
        if (!count[v]) continue;
        levels++, sum += count[v];
        if (count[v] > most) most = count[v];
        if (lo < 0 && sum > len / 100) lo = v;
        if (sum - count[v] < len - len / 100) hi = v;
    }
    free(count);
    if (levels == 1) faults_add(f, at, 1, "image_constant", "all pixels have the same value");
    else if (levels < 16) faults_add(f, at, 0, "low_contrast", "only %d grey levels", levels);
    else if (hi - lo < 16) faults_add(f, at, 0, "low_contrast", "98 %% of the pixels lie within %d grey levels", hi - lo + 1);
    else if (most > len * 19 / 20) faults_add(f, at, 0, "low_contrast", "%.1f %% of the pixels have the same value",
        100.0 * (double)most / (double)len);
}

static void check_image(const store *s, int64_t at, faults *f, summary *k)
{
    const store_case *c = store_at(s, at);
    image m = image_new(c->h, c->w, c->bits);
    store_read_image(s, at, m.p);
    hash_image(m.p, (size_t)(c->h * c->w) * (size_t)c->bits / 8, k->image);
    if (c->sha256_image[0] && strcmp(c->sha256_image, k->image)) faults_add(f, at, 1, "hash_mismatch",
        "the image is not the one that was imported (SHA-256 differs)");
    check_grey(f, at, &m);
    thumbnail(&m, k->thumb);
    image_free(&m);
}

/* ---- one case: the labels -------------------------------------------------------------------------------------------------------- */

/* Do the masks leave this level out: every vertebra class is one level, and none is this one (corners of T1 on a film whose classes end
 * at C7)? */
static int left_out(const classes *table, const char *level)
{
    int levels = 0;
    for (int i = 0; i < table->n; i++) {
        if (strcmp(table->c[i].kind, "vertebra")) continue;
        if (!geo_level_parse(table->c[i].name) || !strcmp(table->c[i].name, level)) return 0;
        levels++;
    }
    return levels > 0 && strcmp(level, "S1");
}

/* Is each quad covered by the mask, and by the class of its level where the table has one of that name? */
static void check_covered(const store *s, int64_t at, faults *f, const labels *l, const uint8_t *mask)
{
    const store_case *c = store_at(s, at);
    const classes *table = store_classes(s);
    uint8_t *one = xalloc((size_t)(c->h * c->w));
    for (int i = 0; i < l->ncorners; i++) {
        const double (*p)[2] = l->corners[i].p;
        if (left_out(table, l->corners[i].level)) continue;
        const double round[8] = { p[CORNER_TL][0], p[CORNER_TL][1], p[CORNER_TR][0], p[CORNER_TR][1], p[CORNER_BR][0], p[CORNER_BR][1],
            p[CORNER_BL][0], p[CORNER_BL][1] };
        int64_t all = polygon_fill(round, 4, one, c->h, c->w, 1), any = 0, own = 0;
        const class *k = NULL;
        for (int t = 0; t < table->n; t++) if (!strcmp(table->c[t].name, l->corners[i].level)) k = &table->c[t];
        for (int64_t j = 0; all > 0 && j < c->h * c->w; j++) if (one[j]) any += mask[j] != 0, own += k && mask[j] == k->value;
        polygon_fill(round, 4, one, c->h, c->w, 0);
        if (all > 0 && (double)any < QUAD_COVERED * (double)all)
            faults_add(f, at, 1, "mask_corners", "the mask covers %.0f %% of %s's quad", 100.0 * (double)any / (double)all,
                l->corners[i].level);
        else if (all > 0 && k && (double)own < (1 - QUAD_COVERED) * (double)all)
            faults_add(f, at, 1, "mask_level", "%s's quad is labelled as another class", l->corners[i].level);
    }
    free(one);
}

static void check_values(const store *s, int64_t at, faults *f, const summary *k)
{
    const classes *t = store_classes(s);
    for (int v = 1; v < 256; v++)
        if (k->seen[v] && t->n && !classes_find(t, v)) faults_add(f, at, 1, "class_unknown",
            "the label value %d is not in the class table", v);
}

static void check_points(const store_case *c, int64_t at, faults *f, const labels *l)
{
    for (int i = 0; i < l->nlandmarks; i++) {
        const landmark *m = &l->landmarks[i];
        if (!(m->x >= -0.5 && m->y >= -0.5 && m->x <= (double)c->w - 0.5 && m->y <= (double)c->h - 0.5) || !(m->r >= 0))
            faults_add(f, at, 1, "landmark_outside", "%s at (%.1f, %.1f) is outside the image of %lld x %lld", m->name, m->x, m->y,
                (long long)c->w, (long long)c->h);
    }
    for (int i = 0; i < l->nvalues; i++)
        if (!isfinite(l->values[i].value)) faults_add(f, at, 1, "value_not_finite", "the value %s is not a finite number",
            l->values[i].name);
}

static void check_labels(const store *s, int64_t at, faults *f, summary *k)
{
    const store_case *c = store_at(s, at);
    int64_t len = c->h * c->w;
    uint8_t *mask = xalloc((size_t)len);
    uint32_t *planes = xalloc_n((size_t)len, sizeof *planes), bits = 0;
    k->has_mask = store_read_mask(s, at, mask);
    int has_planes = store_read_planes(s, at, planes);
    if (has_planes) for (int64_t i = 0; i < len; i++) bits |= planes[i];
    labels l = store_read_labels(s, at);
    hash_labels(k->has_mask ? mask : NULL, has_planes ? planes : NULL, len, &l, k->labels);
    if (c->sha256_labels[0] && strcmp(c->sha256_labels, k->labels)) faults_add(f, at, 1, "hash_mismatch",
        "the labels are not the ones that were imported (SHA-256 differs)");
    if (k->has_mask) for (int64_t i = 0; i < len; i++) k->seen[mask[i]] = 1;
    for (int v = 1; v < 32; v++) k->seen[v] |= (int)(bits >> v & 1);
    for (int v = 1; v < 256; v++) k->drawn |= k->seen[v];
    for (int i = 0; i < l.ninstances; i++) k->seen[l.instances[i].value] = 1;
    check_values(s, at, f, k);
    check_points(c, at, f, &l);
    check_corners(f, at, l.corners, l.ncorners, c->h, c->w);
    k->upright = l.ncorners >= 4;
    for (int64_t i = 0; i < f->n; i++) k->upright &= strncmp(f->f[i].code, "spine_", 6) != 0;
    check_objects(f, at, &l, k->has_mask && k->drawn ? mask : NULL);
    if (k->has_mask && k->drawn) check_covered(s, at, f, &l, mask);
    if (k->has_mask && !k->drawn && l.ncorners) faults_add(f, at, 1, "mask_empty",
        "nothing is labelled in the mask, but there are corners");
    labels_free(&l), free(mask), free(planes);
}

static void check_spacing(const store_case *c, int64_t at, faults *f, int any)
{
    double x = c->spacing[0], y = c->spacing[1];
    if (x == 0 && y == 0) { if (any) faults_add(f, at, 0, "spacing_missing", "no pixel spacing, though other cases have one"); return; }
    if (!geo_spacing_sound(x, y)) faults_add(f, at, 1, "spacing_absurd",
        "got %g x %g, wanted %s", x, y, GEO_SPACING_WANTED);
    else if (x * (double)c->w > LARGEST || y * (double)c->h > LARGEST)
        faults_add(f, at, 1, "spacing_absurd", "at %g x %g mm a pixel the film is %.1f x %.1f m large", x, y, x * (double)c->w / 1000,
            y * (double)c->h / 1000);
    else if (x / y > 2 || y / x > 2) faults_add(f, at, 0, "spacing_uneven", "got %g x %g mm a pixel: one is more than twice the other",
        x, y);
}

/* Runs one part; data that cannot be read become a fault of the case. */
static void guarded(const store *s, int64_t at, faults *f, summary *k, void (*part)(const store *, int64_t, faults *, summary *))
{
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        part(s, at, f, k);
        die_trap_pop(&t);
        return;
    }
    if (t.status == EXIT_MACHINE) die_again(&t);
    faults_add(f, at, 1, "damaged", "%s", t.text);
}

/* ---- between cases --------------------------------------------------------------------------------------------------------------- */

typedef struct entry { const char *text; int64_t at; } entry;
static int by_text(const void *a, const void *b)
{
    const entry *p = a, *q = b;
    int c = strcmp(p->text, q->text);
    return c ? c : (p->at > q->at) - (p->at < q->at);
}

/* Groups of cases that share a text (empty ones left out), each handed over in store order. */
static void groups(const store *s, const summary *k, int which, faults *f,
                   void (*look)(const store *, const entry *, int64_t, const summary *, faults *))
{
    int64_t n = store_count(s), m = 0;
    entry *e = xalloc_n((size_t)n, sizeof *e);
    for (int64_t i = 0; i < n; i++) {
        const char *t = which == 0 ? k[i].image : which == 1 ? k[i].labels : store_at(s, i)->patient;
        if (t[0] && (which != 1 || k[i].drawn)) e[m++] = (entry){ t, i };
    }
    if (m) qsort(e, (size_t)m, sizeof *e, by_text);
    for (int64_t i = 0, j; i < m; i = j) {
        for (j = i + 1; j < m && !strcmp(e[i].text, e[j].text); j++) {}
        if (j - i > 1) look(s, e + i, j - i, k, f);
    }
    free(e);
}

static void same_image(const store *s, const entry *e, int64_t n, const summary *k, faults *f)
{
    (void)k;
    for (int64_t i = 1; i < n; i++) {
        const store_case *a = store_at(s, e[0].at), *b = store_at(s, e[i].at);
        faults_add(&f[e[i].at], e[i].at, 1, "image_twice", "the same film as case %s%s%s", a->id,
                   strcmp(a->patient, b->patient) ? ", under another patient" : "", a->split != b->split
                       ? ", in another part of the split" : "");
    }
}

static void same_labels(const store *s, const entry *e, int64_t n, const summary *k, faults *f)
{
    for (int64_t i = 1; i < n; i++)
        if (strcmp(k[e[0].at].image, k[e[i].at].image)) faults_add(&f[e[i].at], e[i].at, 0, "labels_twice",
            "exactly the labels of case %s on another film", store_at(s, e[0].at)->id);
}

/* The part that most films of the patient are in is taken as meant; the others are the leak. */
static void same_patient(const store *s, const entry *e, int64_t n, const summary *k, faults *f)
{
    (void)k;
    int64_t in[SPLITS] = { 0 }, home = -1;
    for (int64_t i = 0; i < n; i++) in[store_at(s, e[i].at)->split]++;
    for (int p = SPLIT_TRAIN; p < SPLITS; p++) if (in[p] && (home < 0 || in[p] > in[home])) home = p;
    for (int64_t i = 0; home > 0 && i < n; i++) {
        const store_case *c = store_at(s, e[i].at);
        if (c->split != SPLIT_NONE && c->split != (split)home)
            faults_add(&f[e[i].at], e[i].at, 1, "patient_leak", "patient %s is in %s here and in %s with %lld other film%s", c->patient,
                split_names[c->split], split_names[home], (long long)in[home], in[home] == 1 ? "" : "s");
    }
}

/* Films that are nearly the same picture: one saved again in another quality, or resized. */
static void near_twins(const store *s, const summary *k, faults *f)
{
    int64_t n = store_count(s);
    #pragma omp parallel for schedule(dynamic, 16)
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            float dot = 0;
            #pragma omp simd reduction(+:dot)
            for (int c = 0; c < THUMB * THUMB; c++) dot += k[i].thumb[c] * k[j].thumb[c];
            if (dot < NEAR_TWIN || !strcmp(k[i].image, k[j].image)) continue;
            const store_case *a = store_at(s, j), *b = store_at(s, i);
            int leak = a->split != b->split && a->split && b->split;
            faults_add(&f[i], i, leak, leak ? "image_leak" : "image_similar", "nearly the same picture as case %s (correlation %.5f)%s",
                a->id,
                (double)dot, leak ? ", which is in another part of the split" : "");
            break;
        }
}

static void unusual_classes(const store *s, const summary *k, faults *f)
{
    int64_t n = store_count(s), labelled = 0, empty = 0, with[256] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        labelled += k[i].drawn, empty += k[i].has_mask && !k[i].drawn;
        for (int v = 1; v < 256; v++) with[v] += k[i].seen[v];
    }
    for (int64_t i = 0; i < n; i++) {
        if (k[i].has_mask && !k[i].drawn) {
            int listed = 0;
            for (int64_t q = 0; q < f[i].n; q++) listed |= !strcmp(f[i].f[q].code, "mask_empty");
            if (!listed) faults_add(&f[i], i, empty * 10 < labelled || n < FEW, "mask_empty", "nothing is labelled in the mask");
            continue;
        }
        for (int v = 1; v < 256 && labelled >= FEW && k[i].drawn; v++) {
            char name[16];
            const char *what = classes_name(store_classes(s), v, name);
            if (!k[i].seen[v] && with[v] * 20 >= labelled * 19) faults_add(&f[i], i, 0, "class_missing",
                "no %s, though %lld of %lld cases have one", what, (long long)with[v], (long long)labelled);
            if (k[i].seen[v] && with[v] * 50 <= labelled && with[v] <= 2) faults_add(&f[i], i, 0, "class_rare",
                "has %s, as only %lld of %lld cases do", what, (long long)with[v], (long long)labelled);
        }
    }
}

static int by_number(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }

/* Spacings far from those of the other films: centimetres, inches, or another detector's. */
static void unusual_spacings(const store *s, faults *f)
{
    int64_t n = store_count(s), m = 0;
    double *v = xalloc_n((size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) if (store_spacing_known(store_at(s, i))) v[m++] = store_at(s, i)->spacing[0];
    if (m) qsort(v, (size_t)m, sizeof *v, by_number);
    const double usual = m ? v[m / 2] : 0;
    for (int64_t i = 0; m >= FEW && i < n; i++) {
        const store_case *c = store_at(s, i);
        const double times = c->spacing[0] / usual;
        if (store_spacing_known(c) && (times > SPACING_OUT || times < 1.0 / SPACING_OUT))
            faults_add(&f[i], i, 0, "spacing_unusual", "%g mm a pixel, the store's median is %g", c->spacing[0], usual);
    }
    free(v);
}

static void turned_films(const store *s, const summary *k, faults *f)
{
    static const char *const code[] = { "", "film_sideways", "film_upside_down", "film_inverted" };
    static const char *const text[] = { "", "lies on its side", "stands upside down", "has bright and dark exchanged" };
    const int64_t n = store_count(s);
    float *all = xalloc_n((size_t)n, THUMB * THUMB * sizeof *all);
    turned *t = xalloc_n((size_t)n, sizeof *t);
    for (int64_t i = 0; i < n; i++) memcpy(all + i * THUMB * THUMB, k[i].thumb, sizeof k[i].thumb);
    check_turned(all, n, t);
    for (int64_t i = 0; i < n; i++)
        if (t[i].how && (t[i].how == TURNED_NEGATIVE || !k[i].upright)) faults_add(&f[i], i, t[i].there - t[i].here > SURELY_TURNED,
            code[t[i].how],
            "compared with the other films it %s (correlation %.2f so, %.2f as it is)", text[t[i].how], t[i].there, t[i].here);
    free(all), free(t);
}

static void check_row(const store_case *c, int64_t at, faults *f, int any_spacing, int any_split)
{
    if (c->labelled_h && c->labelled_w && (c->labelled_h != c->h || c->labelled_w != c->w))
        faults_add(f, at, 1, "size_mismatch", "the labels speak of %lld x %lld pixels, the film has %lld x %lld",
                   (long long)c->labelled_w, (long long)c->labelled_h, (long long)c->w, (long long)c->h);
    check_spacing(c, at, f, any_spacing);
    if (!c->patient[0]) faults_add(f, at, 0, "patient_missing", "no patient: a leak between parts would not be seen");
    if (any_split && c->split == SPLIT_NONE) faults_add(f, at, 0, "split_missing", "belongs to no part of the split");
}

/* ---- all -------------------------------------------------------------------------------------------------------------------------- */

static faults join(faults *each, int64_t n, int any_spacing)
{
    faults all = { 0 };
    if (!any_spacing && n) faults_add(&all, -1, 0, "spacing_missing", "no case has a pixel spacing: lengths stay in pixels");
    for (int64_t i = 0; i < n; i++) {
        for (int64_t q = 0; q < each[i].n; q++) faults_add(&all, i, each[i].f[q].error, each[i].f[q].code, "%s", each[i].f[q].text);
        faults_free(&each[i]);
    }
    free(each);
    return all;
}

typedef struct { const store *s; faults *f; summary *k; int any_spacing, any_split; } job;

static void check_case(void *arg, int64_t i)
{
    const job *j = arg;
    check_row(store_at(j->s, i), i, &j->f[i], j->any_spacing, j->any_split);
    guarded(j->s, i, &j->f[i], &j->k[i], check_image);
    guarded(j->s, i, &j->f[i], &j->k[i], check_labels);
}

faults check_store(const store *s, void (*tick)(void *, int64_t, int64_t), void *with)
{
    int64_t n = store_count(s);
    int any_spacing = 0, any_split = 0;
    faults *f = xalloc_n((size_t)n, sizeof *f);
    summary *k = xalloc_n((size_t)n, sizeof *k);
    for (int64_t i = 0; i < n; i++) {
        const store_case *c = store_at(s, i);
        any_spacing |= c->spacing[0] != 0 || c->spacing[1] != 0, any_split |= c->split != SPLIT_NONE;
    }
    job j = { s, f, k, any_spacing, any_split };
    parallel_for(n, check_case, &j, tick, with);
    groups(s, k, 0, f, same_image), groups(s, k, 1, f, same_labels), groups(s, k, 2, f, same_patient);
    near_twins(s, k, f);
    unusual_classes(s, k, f), unusual_spacings(s, f), turned_films(s, k, f);
    free(k);
    return join(f, n, any_spacing);
}
