/* pairs.c - the three places a label map can lie in, behind one list of ids; see pairs.h. */
#include "eval/pairs.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/image.h"
#include "datasets/split.h"
#include "datasets/store.h"
#include "eval/predictions.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char *id, *file; int64_t at; int aside; } item;             /* aside: known, but not to be evaluated */
typedef struct { char *path; store *s; predictions *p; item *e; int64_t n, excluded; } source;      /* s and p NULL: a folder */

struct pairs {
    source pred, truth;
    pair *e;
    int64_t *of_pred, *of_truth, n;
    char *labels;
    uint8_t read_as[256], pred_as[256];      /* class of a true value; of a predicted one */
};

static int by_id(const void *a, const void *b) { return strcmp(((const item *)a)->id, ((const item *)b)->id); }

static void list_folder(source *s)
{
    char *masks = path_join(s->path, "masks");
    if (file_is_folder(masks)) free(s->path), s->path = masks;
    else free(masks);
    int n;
    char **name = file_list(s->path, "|.png|.PNG|", &n);
    s->e = xalloc_n((size_t)n, sizeof *s->e);
    for (; s->n < n; s->n++) {
        s->e[s->n] = (item){ .id = path_stem(name[s->n]), .file = path_join(s->path, name[s->n]) };
        free(name[s->n]);
    }
    free(name);
    if (!n) die("%s: got a folder without label maps, wanted *.png", s->path);
}

static void list_store(source *s, const char *part)
{
    const struct part which = part_get(part ? part : "all", "--split");
    s->s = store_open(s->path);
    s->n = store_count(s->s);
    s->e = xalloc_n((size_t)s->n, sizeof *s->e);
    int64_t chosen = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const store_case *c = store_at(s->s, i);
        int inside = part_has(&which, c);
        s->e[i] = (item){ .id = xdup(c->id), .at = i, .aside = !inside || c->excluded };
        chosen += !s->e[i].aside, s->excluded += inside && c->excluded;
    }
    if (!chosen) die("%s: no case to evaluate%s%s", s->path, part ? " in the split " : "", part ? part : "");
}

static void list_predictions(source *s)
{
    s->p = predictions_open(s->path);
    s->n = predictions_count(s->p);
    s->e = xalloc_n((size_t)s->n, sizeof *s->e);
    for (int64_t i = 0; i < s->n; i++) s->e[i] = (item){ .id = xdup(predictions_stem(s->p, i)), .at = i };
    if (!s->n) die("%s: holds no predictions", s->path);
}

static source source_open(const char *path, const char *part)
{
    char *inside = path_join(path, "predictions.h5");
    const int predicted = file_is_folder(path) && file_exists(inside) && predictions_is(inside);
    source s = { .path = xdup(predicted ? inside : path) };
    free(inside);
    if (predicted) list_predictions(&s);
    else if (file_is_folder(path)) list_folder(&s);
    else if (!file_exists(path)) die("%s: no such file or folder", path);
    else if (predictions_is(path)) list_predictions(&s);
    else list_store(&s, part);
    qsort(s.e, (size_t)s.n, sizeof *s.e, by_id);
    for (int64_t i = 1; i < s.n; i++)
        if (!strcmp(s.e[i].id, s.e[i - 1].id)) die("%s: two label maps are called %s", s.path, s.e[i].id);
    return s;
}

static void source_close(source *s)
{
    for (int64_t i = 0; i < s->n; i++) free(s->e[i].id), free(s->e[i].file);
    free(s->e), free(s->path);
    store_close(s->s), predictions_close(s->p);
}

static int64_t find(const source *s, const char *id)
{
    const item key = { .id = (char *)id }, *e = bsearch(&key, s->e, (size_t)s->n, sizeof *s->e, by_id);
    return e ? e - s->e : -1;
}

/* Every item that is to be evaluated must stand on the other side; the first that does not is named, the rest counted. */
static void refuse_unpaired(const source *a, const source *b)
{
    int64_t missing = 0;
    const item *first = NULL;
    for (int64_t i = 0; i < a->n; i++)
        if (!a->e[i].aside && find(b, a->e[i].id) < 0 && !missing++) first = &a->e[i];
    if (missing > 1) die("%s: unpaired: %s and %" PRId64 " more have no label map in %s (--split compares one part of a store)", a->path, first->id, missing - 1, b->path);
    if (missing) die("%s: unpaired: %s has no label map in %s", a->path, first->id, b->path);
}

/* data.labels of the run that made a predictions.h5; else "all" */
static char *labels_of(const source *s) { return s->p ? predictions_labels(s->p) : xdup("all"); }

void pairs_read_as(pairs *p, const char *labels, const char *at)
{
    int value[256];
    const int all = !strcmp(labels, "all"), any = !strcmp(labels, "any"), n = all || any ? 0 : classes_values(labels, at, value);
    free(p->labels), p->labels = xdup(labels);
    for (int v = 0; v < 256; v++) p->read_as[v] = (uint8_t)(all ? v : any && v), p->pred_as[v] = (uint8_t)(any ? v != 0 : v);
    for (int k = 1; k <= n; k++) p->read_as[value[k]] = (uint8_t)value[k];
}

const char *pairs_labels(const pairs *p) { return p->labels; }

pairs *pairs_open(const char *pred, const char *truth, const char *part)
{
    pairs *p = xalloc(sizeof *p);
    p->truth = source_open(truth, part);
    if (part && !p->truth.s) die_at("--split", "%s is not a store: only a store knows its splits", truth);
    p->pred = source_open(pred, NULL);
    if (p->pred.s && p->truth.p) warn("%s is a store and stands as the prediction, %s are predictions and stand as the truth: in this order?", pred, truth);
    char *labels = labels_of(&p->pred);
    pairs_read_as(p, labels, pred), free(labels);
    for (int64_t i = 0; i < p->pred.n; i++) {
        int64_t j = find(&p->truth, p->pred.e[i].id);
        p->pred.e[i].aside = (p->pred.s && j < 0 && part) || (j >= 0 && p->truth.e[j].aside);
    }
    refuse_unpaired(&p->truth, &p->pred);
    refuse_unpaired(&p->pred, &p->truth);
    p->e = xalloc_n((size_t)p->truth.n, sizeof *p->e);
    p->of_pred = xalloc_n((size_t)p->truth.n, sizeof *p->of_pred), p->of_truth = xalloc_n((size_t)p->truth.n, sizeof *p->of_truth);
    for (int64_t i = 0; i < p->truth.n; i++) {
        const item *t = &p->truth.e[i];
        if (t->aside) continue;
        pair e = { .id = t->id, .patient = "" };
        if (p->truth.s) {
            const store_case *c = store_at(p->truth.s, t->at);
            e.patient = c->patient;
            if (store_spacing_known(c)) e.spacing[0] = c->spacing[0], e.spacing[1] = c->spacing[1];
        }
        p->of_truth[p->n] = i, p->of_pred[p->n] = find(&p->pred, t->id), p->e[p->n++] = e;
    }
    return p;
}

void pairs_close(pairs *p)
{
    if (!p) return;
    source_close(&p->pred), source_close(&p->truth);
    free(p->e), free(p->of_pred), free(p->of_truth), free(p->labels), free(p);
}

int64_t pairs_count(const pairs *p) { return p->n; }
int64_t pairs_excluded(const pairs *p) { return p->truth.excluded; }
const pair *pairs_at(const pairs *p, int64_t i) { return &p->e[i]; }

static uint8_t *load_file(const item *e, int64_t *h, int64_t *w)
{
    image m = labels_read(e->file);
    uint8_t *out = xalloc_n((size_t)m.h, (size_t)m.w);
    for (int64_t i = 0; i < m.h * m.w; i++) {
        int v = image_at(&m, i);
        if (v > CLASS_MAX) die("%s: got the value %d, wanted classes of 0 to %d", e->file, v, CLASS_MAX);
        out[i] = (uint8_t)v;
    }
    *h = m.h, *w = m.w;
    image_free(&m);
    return out;
}

static uint8_t *load(const source *s, const item *e, int64_t *h, int64_t *w)
{
    if (!s->s && !s->p) return load_file(e, h, w);
    if (s->p) predictions_size(s->p, e->at, h, w);
    else *h = store_at(s->s, e->at)->h, *w = store_at(s->s, e->at)->w;
    uint8_t *out = xalloc_n((size_t)*h, (size_t)*w);
    if (s->p) predictions_read(s->p, e->at, out);
    else if (!store_read_mask(s->s, e->at, out)) die("%s: case %s has no label map", s->path, e->id);
    return out;
}

void pairs_load(const pairs *p, int64_t i, int64_t *h, int64_t *w, uint8_t **pred, uint8_t **truth)
{
    const item *a = &p->pred.e[p->of_pred[i]], *b = &p->truth.e[p->of_truth[i]];
    int64_t ph, pw;
    *pred = load(&p->pred, a, &ph, &pw), *truth = load(&p->truth, b, h, w);
    for (int64_t k = 0; k < *h * *w; k++) (*truth)[k] = p->read_as[(*truth)[k]];
    for (int64_t k = 0; k < ph * pw; k++) (*pred)[k] = p->pred_as[(*pred)[k]];
    if (ph != *h || pw != *w)
        die("%s: %s: got %" PRId64 " x %" PRId64 ", wanted the size of the truth, %" PRId64 " x %" PRId64 " (h x w)", p->pred.path, a->id,
            ph, pw, *h, *w);
}

const store *pairs_store(const pairs *p, int64_t i, int64_t *at)
{
    *at = p->truth.s ? p->truth.e[p->of_truth[i]].at : -1;
    return p->truth.s;
}

const store *pairs_pred_store(const pairs *p, int64_t i, int64_t *at)
{
    *at = p->pred.s ? p->pred.e[p->of_pred[i]].at : -1;
    return p->pred.s;
}

int pairs_found(const pairs *p, int64_t i, instances *out)
{
    *out = (instances){ 0 };
    if (!p->pred.p || !predictions_instances(p->pred.p, p->pred.e[p->of_pred[i]].at, out)) return 0;
    for (int k = 0; k < out->n; k++) out->class[k] = p->pred_as[out->class[k]];
    return 1;
}

const uint8_t *pairs_reading(const pairs *p) { return p->read_as; }
const uint8_t *pairs_pred_reading(const pairs *p) { return p->pred_as; }

static classes named(const source *s)
{
    if (s->p) return predictions_classes(s->p);
    return s->s ? classes_copy(store_classes(s->s)) : (classes){ 0 };
}

classes pairs_classes(const pairs *p)
{
    classes t = named(&p->truth), read = { 0 };
    const int any = !strcmp(p->labels, "any");
    if (!t.n && !any) return classes_free(&t), named(&p->pred);
    if (any) classes_add(&read, 1, "any", "");
    else for (int i = 0; i < t.n; i++) if (p->read_as[t.c[i].value]) classes_add(&read, t.c[i].value, t.c[i].name, t.c[i].kind);
    classes_free(&t);
    return read;
}
