/* tracing.c - the outlines of a film, from a label map or from the masks of single structures; see geometry.h.
 *
 * A value of a label map is one structure as a rule. Where it stands for many (vertebrae without names, both femoral heads) each of its
 * components is an outline of its own; where one vertebra has come apart, its parts are joined if they lie side by side. */
#include "geometry/tracing.h"
#include <stdlib.h>
#include <string.h>

enum { COMPONENTS = 200 };                       /* looked at in one value; a noisy map has thousands of single pixels */

static int usual_role(int value) { return value == 27 ? GEO_ROLE_HEAD : value >= 1 && value <= 30 ? value : GEO_ROLE_NONE; }

static int is_level(int role) { return role >= GEO_C1 && role <= GEO_L5; }

typedef struct piece { uint8_t *mask; geo_box b; } piece;          /* a mask of its box */

static int crop(const uint8_t *labels, int64_t w, int value, const geo_box *b, piece *out)
{
    int64_t ww = b->x1 - b->x0, hh = b->y1 - b->y0;
    *out = (piece){ malloc((size_t)(ww * hh)), *b };
    if (!out->mask) return GEO_MEMORY;
    for (int64_t y = 0; y < hh; y++)
        for (int64_t x = 0; x < ww; x++) {
            uint8_t v = labels[(b->y0 + y) * w + b->x0 + x];
            out->mask[y * ww + x] = value ? v == value : v != 0;
        }
    return GEO_OK;
}

static int trace(const piece *p, outline *o)
{
    int status = geo_contour_trace(p->mask, p->b.y1 - p->b.y0, p->b.x1 - p->b.x0, &o->c, &o->dropped);
    for (int64_t i = 0; i < o->c.n; i++) o->c.p[i].x += (double)p->b.x0, o->c.p[i].y += (double)p->b.y0;
    return status;
}

/* Boxes and areas of the components of p, largest first; labels as of geo_components. */
typedef struct component { geo_box b; int32_t label; } component;

static int by_area(const void *x, const void *y)
{
    const component *a = x, *b = y;
    if (a->b.area != b->b.area) return a->b.area > b->b.area ? -1 : 1;
    return a->label - b->label;
}

static int find_components(const piece *p, int32_t **labels, component out[COMPONENTS], int *n)
{
    int64_t w = p->b.x1 - p->b.x0, h = p->b.y1 - p->b.y0;
    if (!(*labels = malloc((size_t)(w * h) * sizeof **labels))) return GEO_MEMORY;
    int64_t all = geo_components(p->mask, h, w, *labels, NULL, 0);
    component *c = all > 0 ? calloc((size_t)all, sizeof *c) : NULL;
    if (!c) return all < 0 ? (int)all : all ? GEO_MEMORY : GEO_EMPTY;
    for (int64_t k = 0; k < all; k++) c[k] = (component){ { w, h, 0, 0, 0 }, (int32_t)k + 1 };
    for (int64_t i = 0; i < w * h; i++) {
        if (!(*labels)[i]) continue;
        geo_box *b = &c[(*labels)[i] - 1].b;
        int64_t x = i % w, y = i / w;
        if (x < b->x0) b->x0 = x;
        if (y < b->y0) b->y0 = y;
        if (x >= b->x1) b->x1 = x + 1;
        if (y >= b->y1) b->y1 = y + 1;
        b->area++;
    }
    qsort(c, (size_t)all, sizeof *c, by_area);
    *n = (int)(all < COMPONENTS ? all : COMPONENTS);
    memcpy(out, c, (size_t)*n * sizeof *c);
    free(c);
    return GEO_OK;
}

static int trace_component(const piece *p, const int32_t *labels, const component *k, outline *o)
{
    int64_t w = p->b.x1 - p->b.x0, ww = k->b.x1 - k->b.x0, hh = k->b.y1 - k->b.y0;
    piece q = { malloc((size_t)(ww * hh)), { p->b.x0 + k->b.x0, p->b.y0 + k->b.y0, p->b.x0 + k->b.x1, p->b.y0 + k->b.y1, k->b.area } };
    if (!q.mask) return GEO_MEMORY;
    for (int64_t y = 0; y < hh; y++)
        for (int64_t x = 0; x < ww; x++) q.mask[y * ww + x] = labels[(k->b.y0 + y) * w + k->b.x0 + x] == k->label;
    int status = trace(&q, o);
    free(q.mask);
    return status;
}

static outline *room_for(geo_tracing *t, int role, int value, double score)
{
    if (t->n == OUTLINES) return NULL;
    t->o[t->n] = (outline){ .role = role, .value = value, .score = score };
    return &t->o[t->n];
}

/* Every component above this share of the largest one is an outline. */
static int add_components(geo_tracing *t, const piece *p, int role, int value, double share, int most)
{
    component k[COMPONENTS];
    int32_t *labels = NULL;
    int n = 0, status = find_components(p, &labels, k, &n);
    for (int i = 0; i < n && i < most && !status && (double)k[i].b.area >= share * (double)k[0].b.area; i++) {
        outline *o = room_for(t, role, value, 0);
        if (!o) break;
        int s = trace_component(p, labels, &k[i], o);
        if (s == GEO_MEMORY) status = s;
        t->n += !s;
    }
    free(labels);
    return status;
}

/* The gap between two boxes is small beside their sizes. */
static int side_by_side(const geo_box *a, const geo_box *b)
{
    int64_t dx = a->x0 > b->x1 ? a->x0 - b->x1 : b->x0 > a->x1 ? b->x0 - a->x1 : 0;
    int64_t dy = a->y0 > b->y1 ? a->y0 - b->y1 : b->y0 > a->y1 ? b->y0 - a->y1 : 0;
    int64_t size = a->x1 - a->x0 < a->y1 - a->y0 ? a->x1 - a->x0 : a->y1 - a->y0;
    return 4 * (dx > dy ? dx : dy) <= size;
}

/* One structure: its largest component, or that and a second one of a fifth of its size that lies beside it (split in two). */
static int add_structure(geo_tracing *t, const piece *p, int role, int value, double score)
{
    outline *o = room_for(t, role, value, score), other = { .role = role };
    if (!o) return GEO_OK;
    int status = trace(p, o), n = 0;
    if (!status && is_level(role) && role != GEO_C1 && o->dropped > 0.1) {
        component k[COMPONENTS];
        int32_t *labels = NULL;
        status = find_components(p, &labels, k, &n);
        if (!status && n > 1 && 5 * k[1].b.area >= k[0].b.area && side_by_side(&k[0].b, &k[1].b) &&
            !trace_component(p, labels, &k[1], &other)) {
            geo_contour both;
            if (!geo_contour_union(&o->c, &other.c, &both)) geo_contour_free(&o->c), o->c = both, o->odd |= GEO_ODD_SPLIT;
            geo_contour_free(&other.c);
        }
        free(labels);
    }
    if (status) geo_contour_free(&o->c);
    t->n += !status;
    return status;
}

/* Takes the piece. single: it is one structure for sure. A structure too small for an outline is not there, which is no failure. */
static int add_piece(geo_tracing *t, piece *p, int role, int value, double score, int single)
{
    int status = role == GEO_ROLE_BODY && !single   ? add_components(t, p, role, value, 0.05, OUTLINES)
                 : role == GEO_ROLE_HEAD && !single ? add_components(t, p, role, value, 0.25, 2)
                                                    : add_structure(t, p, role, value, score);
    if (role == GEO_C1 && !t->c1 && !status) t->c1 = p->mask, t->c1_box = p->b, p->mask = NULL;
    free(p->mask);
    return status == GEO_MEMORY ? status : GEO_OK;
}

geo_tracing *geo_tracing_empty(int64_t h, int64_t w, int *status)
{
    *status = GEO_BAD;
    if (h < 1 || w < 1 || h > INT32_MAX / w) return NULL;
    geo_tracing *t = calloc(1, sizeof *t);
    *status = t ? GEO_OK : GEO_MEMORY;
    if (t) t->h = h, t->w = w, t->method = GEO_CORNERS_AUTO;
    return t;
}

int geo_tracing_add(geo_tracing *t, const uint8_t *mask, int role, double score)
{
    geo_box box = { t ? t->w : 0, t ? t->h : 0, 0, 0, 0 };
    if (!t || !mask || role <= GEO_ROLE_NONE || role > GEO_ROLE_INSTANCE) return GEO_BAD;
    if (role == GEO_ROLE_INSTANCE) role = GEO_ROLE_BODY;
    for (int64_t y = 0; y < t->h; y++)
        for (int64_t x = 0; x < t->w; x++) {
            if (!mask[y * t->w + x]) continue;
            if (x < box.x0) box.x0 = x;
            if (y < box.y0) box.y0 = y;
            if (x >= box.x1) box.x1 = x + 1;
            if (y >= box.y1) box.y1 = y + 1;
            box.area++;
        }
    piece p;
    t->overlapping = 1;
    if (!box.area) return GEO_EMPTY;
    if (crop(mask, t->w, 0, &box, &p)) return GEO_MEMORY;
    return add_piece(t, &p, role, t->n + 1, score, 1);
}

geo_tracing *geo_tracing_new(const uint8_t *labels, int64_t h, int64_t w, const int *role, int *status)
{
    geo_box box[256];
    geo_tracing *t = labels ? geo_tracing_empty(h, w, status) : (*status = GEO_BAD, NULL);
    if (!t) return NULL;
    geo_boxes(labels, h, w, box);
    for (int v = 1; v < 256 && !*status; v++) {
        int what = role ? role[v] : usual_role(v);
        piece p;
        if (!box[v].area || what <= GEO_ROLE_NONE || what > GEO_ROLE_INSTANCE) continue;
        int single = what == GEO_ROLE_INSTANCE;
        *status = crop(labels, w, v, &box[v], &p);
        if (!*status) *status = add_piece(t, &p, single ? GEO_ROLE_BODY : what, v, 0, single);
    }
    if (!*status && !t->n) *status = GEO_EMPTY;
    if (*status) geo_tracing_free(t), t = NULL;
    return t;
}

void geo_tracing_free(geo_tracing *t)
{
    if (!t) return;
    for (int i = 0; i < t->n; i++) geo_contour_free(&t->o[i].c), free(t->o[i].sd);
    free(t->c1), free(t);
}

const geo_contour *geo_tracing_contour(const geo_tracing *t, uint8_t value)
{
    for (int i = 0; i < t->n; i++) if (t->o[i].value == value && t->o[i].c.n) return &t->o[i].c;
    return NULL;
}

int geo_tracing_outlines(const geo_tracing *t) { return t->n; }

const geo_contour *geo_tracing_outline(const geo_tracing *t, int i, int *role)
{
    if (i < 0 || i >= t->n) return NULL;
    if (role) *role = t->o[i].role;
    return &t->o[i].c;
}
