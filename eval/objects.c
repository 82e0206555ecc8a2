/* objects.c - see objects.h. The overlap of two masks is one walk along both lists of runs. */
#include "eval/objects.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void list_free(object *o, int n)
{
    for (int i = 0; i < n; i++) free(o[i].runs);
    free(o);
}

void objects_free(object_set *s)
{
    for (int64_t i = 0; i < s->n; i++)
        list_free(s->film[i].pred, s->film[i].npred), list_free(s->film[i].truth, s->film[i].ntruth), free(s->film[i].id);
    for (int k = 0; k < s->nclasses; k++) free(s->class[k].name);
    free(s->film), free(s->class);
    *s = (object_set){ 0 };
}

/* Room for one more at the places 0, 1, 3, 7, ... */
static void *room(void *list, int64_t n, size_t each)
{
    return n & (n + 1) ? list : xgrow(list, (size_t)(2 * (n + 1)) * each);
}

object_film *objects_add(object_set *s, const char *id, int64_t patient)
{
    s->film = room(s->film, s->n, sizeof *s->film);
    s->film[s->n] = (object_film){ .id = xdup(id), .patient = patient };
    return &s->film[s->n++];
}

object *objects_append(object **list, int *n)
{
    *list = room(*list, *n, sizeof **list);
    (*list)[*n] = (object){ 0 };
    return &(*list)[(*n)++];
}

/* ---- masks ----------------------------------------------------------------------------------------------------------------------------- */

static void stretch(object *o, int axis, int64_t low, int64_t high)
{
    if (!o->pixels || low < o->low[axis]) o->low[axis] = low;
    if (high > o->high[axis]) o->high[axis] = high;
}

/* Of n whole numbers from `from` on. */
static double sum_of(int64_t from, int64_t n) { return (double)n * ((double)from + 0.5 * (double)(n - 1)); }

void object_take(object *o, uint32_t *runs, int64_t n, int64_t line, int columns, int box)
{
    double along = 0, across = 0;
    o->runs = runs, o->nruns = n, o->pixels = 0;
    for (int axis = 0; axis < 2; axis++) o->low[axis] = o->high[axis] = 0;
    for (int64_t k = 0, at = 0; k < n; at += runs[k++])
        for (int64_t p = at, end = k % 2 ? at + runs[k] : at, part; p < end; p += part) {            /* line by line */
            part = line - p % line < end - p ? line - p % line : end - p;
            along += sum_of(p % line, part), across += (double)part * (double)(p / line);
            stretch(o, 0, p % line, p % line + part), stretch(o, 1, p / line, p / line + 1);
            o->pixels += part;
        }
    const double pixels = (double)o->pixels;
    o->middle = o->pixels ? llround(across / pixels) * line + llround(along / pixels) : -1;
    for (int axis = 0; axis < 2 && box; axis++) {
        const int part = axis != columns;                                                            /* x goes along rows, y along columns */
        o->box[axis] = (double)o->low[part], o->box[axis + 2] = (double)(o->high[part] - o->low[part]);
    }
}

void objects_runs(const uint8_t *number, int64_t len, int n, uint32_t **runs, int64_t *nruns)
{
    int64_t *end = xalloc_n((size_t)n + 1, sizeof *end);
    for (int k = 0; k < n; k++) runs[k] = NULL, nruns[k] = 0;
    for (int64_t at = 0, to; at < len; at = to) {
        const uint8_t v = number[at];
        uint64_t eight;
        for (to = at; !v && to + 8 <= len && (memcpy(&eight, number + to, 8), !eight); to += 8) {}       /* nearly all is background */
        for (; to < len && number[to] == v; to++) {}
        if (!v || v > n) continue;
        const int k = v - 1;
        runs[k] = room(runs[k], nruns[k] / 2, 2 * sizeof **runs);
        runs[k][nruns[k]++] = (uint32_t)(at - end[k]), runs[k][nruns[k]++] = (uint32_t)(to - at), end[k] = to;
    }
    free(end);
}

static double common_pixels(const object *a, const object *b)
{
    const object *side[2] = { a, b };
    for (int k = 0; k < 2; k++) if (a->low[k] >= b->high[k] || b->low[k] >= a->high[k]) return 0;
    int64_t k[2] = { 0, 0 }, end[2] = { a->runs[0], b->runs[0] }, at = 0, sum = 0;
    while (k[0] < a->nruns && k[1] < b->nruns) {
        const int first = end[1] < end[0];
        if (k[0] & k[1] & 1) sum += end[first] - at;
        at = end[first];
        if (++k[first] < side[first]->nruns) end[first] += side[first]->runs[k[first]];
    }
    return (double)sum;
}

static double common_box(const double a[4], const double b[4])
{
    const double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]), h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    return w > 0 && h > 0 ? w * h : 0;
}

double object_common(const object *a, const object *b, enum object_kind kind)
{
    return kind == OBJECT_BOX ? common_box(a->box, b->box) : common_pixels(a, b);
}

double object_size(const object *o, enum object_kind kind) { return kind == OBJECT_BOX ? o->box[2] * o->box[3] : (double)o->pixels; }

double object_iou(const object *pred, const object *truth, enum object_kind kind)
{
    const double common = object_common(pred, truth, kind), mine = object_size(pred, kind);
    const double all = truth->crowd ? mine : mine + object_size(truth, kind) - common;
    return common > 0 ? common / all : 0;
}

static int covers(const object *o, int64_t pixel)
{
    int64_t at = 0;
    for (int64_t k = 0; k < o->nruns; at += o->runs[k++]) if (pixel >= at && pixel < at + o->runs[k]) return k % 2 == 1;
    return 0;
}

int object_centred_in(const object *a, const object *b)
{
    if (a->nruns && b->nruns) return covers(b, a->middle);
    const double x = a->box[0] + 0.5 * a->box[2], y = a->box[1] + 0.5 * a->box[3];
    return x >= b->box[0] && x < b->box[0] + b->box[2] && y >= b->box[1] && y < b->box[1] + b->box[3];
}

/* ---- order ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct { double score; int at; } scored;

static int by_score(const void *a, const void *b)
{
    const scored *p = a, *q = b;
    return p->score != q->score ? (p->score < q->score) - (p->score > q->score) : (p->at > q->at) - (p->at < q->at);
}

int objects_by_score(const object *o, int n, double least, int *order)
{
    scored *s = xalloc_n((size_t)n, sizeof *s);
    int m = 0;
    for (int i = 0; i < n; i++) if (o[i].score >= least) s[m++] = (scored){ o[i].score, i };
    if (m) qsort(s, (size_t)m, sizeof *s, by_score);
    for (int i = 0; i < m; i++) order[i] = s[i].at;
    free(s);
    return m;
}
