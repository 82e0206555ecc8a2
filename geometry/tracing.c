/* tracing.c - from a label map to the landmarks of a film; see geometry.h.
 *
 * The order matters: bodies first (their neighbours say which way is up), then the sacrum (L5 says where its plate is), the heads (the
 * plate says how large they are), then which way the patient looks, and last what needs to know that. */
#include "geometry/tracing.h"
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* ---- outlines ------------------------------------------------------------------------------------------------------------------------ */

static int usual_role(int value) { return value == 27 ? GEO_ROLE_HEAD : value >= 1 && value <= 30 ? value : GEO_ROLE_NONE; }

static int keep_c1(geo_tracing *t, const uint8_t *labels, uint8_t value, const geo_box *b)
{
    int64_t h = b->y1 - b->y0, w = b->x1 - b->x0;
    if (t->c1) return GEO_OK;
    if (!(t->c1 = malloc((size_t)(h * w)))) return GEO_MEMORY;
    t->c1_box = *b;
    for (int64_t i = 0; i < h * w; i++) t->c1[i] = labels[(b->y0 + i / w) * t->w + b->x0 + i % w] == value;
    return GEO_OK;
}

geo_tracing *geo_tracing_new(const uint8_t *labels, int64_t h, int64_t w, const int *role, int *status)
{
    geo_box box[256];
    int found = 0;
    *status = GEO_BAD;
    if (!labels || h < 1 || w < 1 || h > INT32_MAX / w) return NULL;
    *status = GEO_MEMORY;
    geo_tracing *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->h = h, t->w = w, *status = GEO_OK;
    geo_boxes(labels, h, w, box);
    for (int v = 1; v < 256 && !*status; v++) {
        t->role[v] = role ? role[v] : usual_role(v);
        if (!box[v].area || t->role[v] == GEO_ROLE_NONE) continue;
        int s = geo_contour_label(labels, h, w, (uint8_t)v, &box[v], &t->contour[v], &t->dropped[v]);
        if (!s && t->role[v] == GEO_C1) s = keep_c1(t, labels, (uint8_t)v, &box[v]);
        if (s == GEO_MEMORY) *status = s;
        found += !s;
    }
    if (!*status && !found) *status = GEO_EMPTY;
    if (*status) geo_tracing_free(t), t = NULL;
    return t;
}

void geo_tracing_free(geo_tracing *t)
{
    if (!t) return;
    for (int v = 0; v < 256; v++) geo_contour_free(&t->contour[v]), free(t->sd[v]);
    free(t->c1), free(t);
}

const geo_contour *geo_tracing_contour(const geo_tracing *t, uint8_t value) { return t->contour[value].n ? &t->contour[value] : NULL; }

/* ---- landmarks ----------------------------------------------------------------------------------------------------------------------- */

/* A film being read: contours with square pixels (y times k), and what was found so far. */
typedef struct reading {
    const geo_tracing *t;
    geo_contour contour[256];
    double k;
    int value[GEO_LEVELS], facing, used;
    geo_point centre[GEO_LEVELS];
    geo_quad quad[GEO_LEVELS];
    unsigned char body[GEO_LEVELS];
    geo_case *c;
} reading;

static geo_point image(const reading *r, geo_point p) { return vec(p.x, p.y / r->k); }

static int value_with(const reading *r, int role)
{
    for (int v = 1; v < 256; v++) if (r->t->role[v] == role && r->contour[v].n) return v;
    return 0;
}

/* Towards the head at this level, from the nearest bodies above and below. */
static geo_point up_at(const reading *r, int level)
{
    int above = level, below = level;
    for (int i = level - 1; i >= GEO_C2 && above == level; i--) if (r->value[i]) above = i;
    for (int i = level + 1; i <= GEO_L5 && below == level; i++) if (r->value[i]) below = i;
    geo_point d = sub(r->centre[above], r->centre[below]);
    return norm(d) > 0 ? unit(d) : vec(0, -1);
}

/* The body of C2 without the dens: the lower 60 % of the mask along `up`. */
static int body_of_c2(const geo_contour *c, geo_point up, geo_contour *out)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < c->n; i++) low = fmin(low, dot(c->p[i], up)), high = fmax(high, dot(c->p[i], up));
    double limit = low + 0.6 * (high - low);
    if (geo_contour_copy(c, out)) return GEO_MEMORY;
    out->n = 0;
    for (int64_t i = 0; i < c->n; i++) if (dot(c->p[i], up) <= limit) out->p[out->n++] = c->p[i];
    return GEO_OK;
}

/* Middles of both plates where the mask really ends, on the line through the middles of the corners: a biconcave body is thinner there
 * than its corners tell. */
static void read_plate_middles(reading *r, int level, const geo_contour *c, const geo_quad *q)
{
    geo_point m[2] = { middle(q->p[0], q->p[1]), middle(q->p[3], q->p[2]) }, d = sub(m[1], m[0]), best[2];
    double off[2] = { 0.5, 0.5 };                /* shares of the height; beyond half of it lies the other plate */
    if (!(norm(d) > 0)) return;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point u = sub(c->p[i], m[0]), v = sub(c->p[i + 1 < c->n ? i + 1 : 0], m[0]);
        double su = cross(d, u), sv = cross(d, v);
        if ((su > 0) == (sv > 0)) continue;
        double t = dot(blend(u, v, su / (su - sv)), d) / dot(d, d);
        for (int k = 0; k < 2; k++) if (fabs(t - k) < off[k]) off[k] = fabs(t - k), best[k] = along(m[0], d, t);
    }
    for (int k = 0; k < 2; k++) if (off[k] < 0.5) geo_case_plate_middle(r->c, level, k, image(r, best[k]));
}

static void read_body(reading *r, int level)
{
    const geo_contour *c = &r->contour[r->value[level]];
    geo_contour cut = { NULL, 0 };
    geo_corners_options o;
    geo_body b;
    geo_corners_defaults(&o);
    o.up = up_at(r, level), o.cervical = level <= GEO_C7, o.fractured = 1;
    if (level == GEO_C2) {
        if (body_of_c2(c, o.up, &cut)) return;
        c = &cut;
    }
    int status = geo_corners_find(c, &o, &b), unusable = status && (!b.method || b.faults & GEO_FAULT_ORDER);
    if (!unusable && level != GEO_C2) read_plate_middles(r, level, c, &b.quad);
    geo_contour_free(&cut);
    if (unusable) return;
    r->quad[level] = b.quad, r->body[level] = 1, r->used++;
    if (status || b.disagreement > 6 || r->t->dropped[r->value[level]] > 0.05) geo_case_mark(r->c, level, GEO_MARK_LOW_QUALITY);
}

static void read_sacrum(reading *r)
{
    int v = value_with(r, GEO_ROLE_SACRUM);
    geo_sacrum s;
    const geo_quad *q = &r->quad[GEO_L5];
    const geo_point l5[2] = { q->p[3], q->p[2] };
    if (!v || geo_sacrum_endplate(&r->contour[v], r->body[GEO_L5] ? l5 : NULL, r->facing, &s)) return;
    r->quad[GEO_S1].p[0] = s.left, r->quad[GEO_S1].p[1] = s.right, r->body[GEO_S1] = 1, r->used++;
    geo_case_point(r->c, GEO_SACRUM_CENTROID, image(r, s.centroid));
    if (s.disagreement > 6 || (s.ratio > 0 && (s.ratio < 0.8 || s.ratio > 1.3))) geo_case_mark(r->c, GEO_S1, GEO_MARK_LOW_QUALITY);
    if (s.dome > 0.1) geo_case_warn(r->c, "W_DOMED_S1");
}

static void read_heads(reading *r)
{
    geo_heads_options o;
    geo_circle all[8];
    int n = 0, masks = 0;
    for (int v = 1; v < 256; v++) masks += r->t->role[v] == GEO_ROLE_HEAD && r->contour[v].n;
    for (int v = 1; v < 256 && n < 6; v++) {
        if (r->t->role[v] != GEO_ROLE_HEAD || !r->contour[v].n) continue;
        geo_heads h;
        geo_heads_defaults(&o);
        o.seed = (uint64_t)v, o.most = masks > 1 ? 1 : 2;
        if (r->body[GEO_S1]) o.radius = 0.68 * apart(r->quad[GEO_S1].p[0], r->quad[GEO_S1].p[1]);
        if (geo_heads_find(&r->contour[v], &o, &h)) continue;
        for (int k = 0; k < h.n; k++) all[n++] = h.head[k];
        if (h.low_quality) geo_case_warn(r->c, "W_LOW_QUALITY:femoral_heads");
        r->used++;
    }
    for (int k = 0; k < n && k < 2; k++) geo_case_head(r->c, (geo_circle){ all[k].x, all[k].y / r->k, all[k].r });
}

static void set_bodies(reading *r, int facing)
{
    for (int i = GEO_C2; i <= GEO_S1; i++) {
        if (!r->body[i]) continue;
        geo_quad q = r->quad[i];
        for (int k = 0; k < 4; k++) q.p[k] = image(r, q.p[k]);
        geo_corners c = geo_corners_name(&q, facing);
        if (i == GEO_S1) geo_case_s1(r->c, c.sa, c.sp);
        else geo_case_vertebra(r->c, i, &c);
    }
}

static void read_skull(reading *r, int facing, int dots)
{
    static const struct { int role, point; } rows[] = { { GEO_ROLE_BASION, GEO_BASION }, { GEO_ROLE_OPISTHION, GEO_OPISTHION } };
    geo_point p;
    int v = value_with(r, GEO_ROLE_PALATE);
    if (v && !(dots ? geo_skull_point(&r->contour[v], facing, 1, &p) : geo_palate_tip(&r->contour[v], facing, &p)))
        geo_case_point(r->c, GEO_HARD_PALATE, image(r, p)), r->used++;
    for (int i = 0; i < 2; i++)                  /* drawn as dots as a rule */
        if ((v = value_with(r, rows[i].role)) && !geo_skull_point(&r->contour[v], facing, 1, &p))
            geo_case_point(r->c, rows[i].point, image(r, p)), r->used++;
}

/* The mask of C1 in square pixels: its rows repeated or left out. Freed by the caller. */
static uint8_t *square_c1(const geo_tracing *t, double k, int64_t *h, int64_t *w)
{
    int64_t from = t->c1_box.y1 - t->c1_box.y0;
    double rows = floor((double)from * k + 0.5);
    *w = t->c1_box.x1 - t->c1_box.x0, *h = rows < 1 ? 1 : (int64_t)fmin(rows, (double)(INT32_MAX / *w));
    uint8_t *out = malloc((size_t)(*h * *w));
    for (int64_t y = 0; out && y < *h; y++) {
        int64_t row = (int64_t)(((double)y + 0.5) / k);
        memcpy(out + y * *w, t->c1 + (row < from ? row : from - 1) * *w, (size_t)*w);
    }
    return out;
}

static void read_c1(reading *r, const geo_dens *d)
{
    const geo_tracing *t = r->t;
    geo_dens local = *d;
    geo_point *all[] = { &local.tip, &local.ant_sup, &local.ant_inf, &local.post_sup, &local.post_inf, &local.centre }, p[2];
    int found;
    int64_t h, w;
    if (!t->c1) return;
    /* row y0 of the film starts at y0 - 1/2; so does row 0 of the copy */
    const geo_point origin = vec((double)t->c1_box.x0, ((double)t->c1_box.y0 - 0.5) * r->k + 0.5);
    uint8_t *mask = square_c1(t, r->k, &h, &w);
    for (int i = 0; i < 6; i++) *all[i] = sub(*all[i], origin);
    int status = mask ? geo_c1_arches(mask, h, w, &local, r->facing, &p[0], &p[1], &found) : GEO_MEMORY;
    free(mask);
    if (status) return;
    for (int i = 0; i < 2; i++)
        if (found >> i & 1) geo_case_point(r->c, i ? GEO_C1_POST_ARCH_ANT : GEO_C1_ANT_ARCH_POST, image(r, add(p[i], origin)));
    if (found != 3) geo_case_warn(r->c, "W_LOW_QUALITY:C1");
    r->used++;
}

static void read_dens(reading *r)
{
    geo_dens d;
    if (!r->value[GEO_C2] || geo_dens_find(&r->contour[r->value[GEO_C2]], r->facing, &d)) return;
    const struct { int point; geo_point p; } rows[] = { { GEO_DENS_TIP, d.tip }, { GEO_DENS_ANT_SUP, d.ant_sup },
        { GEO_DENS_ANT_INF, d.ant_inf },
        { GEO_DENS_POST_SUP, d.post_sup }, { GEO_DENS_POST_INF, d.post_inf }, { GEO_C2_POST_SUP, d.wall_sup },
            { GEO_C2_POST_INF, d.wall_inf } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) geo_case_point(r->c, rows[i].point, image(r, rows[i].p));
    read_c1(r, &d);
}

static void read_film(reading *r)
{
    moments m;
    for (int v = 1; v < 256; v++) {
        int level = r->t->role[v];
        if (level < GEO_C2 || level > GEO_L5 || r->value[level] || !r->contour[v].n ||
            !shape_moments(r->contour[v].p, r->contour[v].n, &m)) continue;
        r->value[level] = v, r->centre[level] = m.centre;
    }
    for (int i = GEO_C2; i <= GEO_L5; i++) if (r->value[i]) read_body(r, i);
    r->facing = r->c->facing;
    read_sacrum(r), read_heads(r), set_bodies(r, 1), read_skull(r, 1, 1);
    double score;
    int conflict, side = facing_vote(r->c, &score, &conflict);
    if (!side) return;
    r->facing = side;
    set_bodies(r, side), read_skull(r, side, 0), read_dens(r);
}

int tracing_landmarks(const geo_tracing *t, const geo_contour contour[256], geo_case *c)
{
    reading *r = calloc(1, sizeof *r);
    if (!r) return GEO_MEMORY;
    r->t = t, r->c = c, r->k = c->sx > 0 ? c->sy / c->sx : 1;
    int status = GEO_OK;
    for (int v = 1; v < 256 && !status; v++) {
        if (!contour[v].n) continue;
        status = geo_contour_copy(&contour[v], &r->contour[v]);
        for (int64_t i = 0; i < r->contour[v].n; i++) r->contour[v].p[i].y *= r->k;
    }
    if (!status) read_film(r), status = r->used;
    for (int v = 1; v < 256; v++) geo_contour_free(&r->contour[v]);
    free(r);
    return status;
}

int geo_tracing_landmarks(const geo_tracing *t, geo_case *c) { return t && c ? tracing_landmarks(t, t->contour, c) : GEO_BAD; }
