/* reading.c - from the outlines of a film to its landmarks; see geometry.h.
 *
 * * The order matters: bodies first (their neighbours say which way is up), then the sacrum (L5 says where its plate is), the heads (the
 * plate says how large they are), then which way the patient looks. Where votes had to say that, all but the bodies is read once more:
 * what is found must not depend on whether the side was given. */
#include "geometry/tracing.h"
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* A film being read: contours with square pixels (y times k), and what was found so far. */
typedef struct reading {
    const geo_tracing *t;
    geo_contour *contour;                        /* (t->n) */
    double k;
    int at[GEO_LEVELS], facing, used;            /* at: index of the outline of a level, -1: none */
    geo_point centre[GEO_LEVELS];
    geo_quad quad[GEO_LEVELS];
    unsigned char body[GEO_LEVELS];
    geo_case *c;
} reading;

static geo_point image(const reading *r, geo_point p) { return vec(p.x, p.y / r->k); }

static int outline_with(const reading *r, int role)
{
    for (int i = 0; i < r->t->n; i++) if (r->t->o[i].role == role) return i;
    return -1;
}

/* Towards the head at this level, from the nearest bodies above and below. */
static geo_point up_at(const reading *r, int level)
{
    int above = level, below = level;
    for (int i = level - 1; i >= GEO_C2 && above == level; i--) if (r->at[i] >= 0) above = i;
    for (int i = level + 1; i <= GEO_L5 && below == level; i++) if (r->at[i] >= 0) below = i;
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

int tracing_body(const geo_contour *c, int level, int method, geo_point up, geo_body *out)
{
    geo_contour cut = { NULL, 0 };
    geo_corners_options o;
    geo_corners_defaults(&o);
    o.method = method, o.up = up, o.cervical = level >= GEO_C1 && level <= GEO_C7, o.fractured = 1;
    memset(out, 0, sizeof *out);
    if (level == GEO_C2 && body_of_c2(c, up, &cut)) return GEO_MEMORY;
    int status = geo_corners_find(level == GEO_C2 ? &cut : c, &o, out);
    geo_contour_free(&cut);
    return status;
}

/* Where the line through the middles of both plates leaves the mask: what shows a biconcave fracture. */
static void read_middles(reading *r, int level, const geo_contour *c, const geo_quad *q)
{
    geo_point m[2] = { middle(q->p[0], q->p[1]), middle(q->p[3], q->p[2]) }, d = sub(m[1], m[0]);
    double height = norm(d), best[2] = { 0.5 * height, 0.5 * height }, at[2] = { 0, 0 };
    if (!(height > 0)) return;
    d = unit(d);
    for (int64_t i = 0; i < c->n; i++) {
        geo_point a = c->p[i], b = c->p[i + 1 < c->n ? i + 1 : 0];
        double sa = cross(d, sub(a, m[0])), sb = cross(d, sub(b, m[0]));
        if ((sa > 0) == (sb > 0)) continue;
        double t = dot(d, sub(blend(a, b, sa / (sa - sb)), m[0]));
        for (int k = 0; k < 2; k++)
            if (fabs(t - k * height) < best[k]) best[k] = fabs(t - k * height), at[k] = t;
    }
    for (int k = 0; k < 2 && best[0] < 0.5 * height && best[1] < 0.5 * height; k++)
        geo_case_plate_middle(r->c, level, k, image(r, along(m[0], d, at[k])));
}

/* Which edges of the film the point of an outline lies on, a bit each. */
static unsigned edges(const reading *r, geo_point p)
{
    const geo_point q = image(r, p);
    return (q.x < 0.5) | (q.y < 0.5) << 1 | (q.x > (double)r->t->w - 1.5) << 2 | (q.y > (double)r->t->h - 1.5) << 3;
}

/* Does the film's edge cut the body? A corner lies on it, or the outline follows it for a quarter of the body's depth. */
static int is_cut(const reading *r, int level, const geo_contour *c, const geo_quad *q)
{
    double run = 0;
    for (int k = 0; k < 4; k++) if (edges(r, q->p[k])) return 1;
    for (int64_t i = 0; i < c->n && level != GEO_C2; i++) {      /* of C2 it may be the dens, which is no part of the body */
        const geo_point a = c->p[i], b = c->p[i + 1 < c->n ? i + 1 : 0];
        if (edges(r, a) & edges(r, b)) run += apart(a, b);
    }
    return run > (apart(q->p[0], q->p[1]) + apart(q->p[3], q->p[2])) / 8;
}

static void read_body(reading *r, int level)
{
    const outline *o = &r->t->o[r->at[level]];
    const geo_contour *c = &r->contour[r->at[level]];
    geo_body b;
    int status = tracing_body(c, level, r->t->method, up_at(r, level), &b);
    if (status && (!b.method || b.faults & GEO_FAULT_ORDER)) return;
    r->quad[level] = b.quad, r->body[level] = 1, r->used++;
    if (level != GEO_C2) read_middles(r, level, c, &b.quad);        /* over C2's plate stands the dens */
    if (status || b.faults || b.disagreement > 6 || o->dropped > 0.05 || o->odd & (GEO_ODD_MERGED | GEO_ODD_SPLIT | GEO_ODD_TRUNCATED))
        geo_case_mark(r->c, level, GEO_MARK_LOW_QUALITY);
    if (o->unsure) geo_case_mark(r->c, level, GEO_MARK_AMBIGUOUS);
    if (is_cut(r, level, c, &b.quad)) geo_case_mark(r->c, level, GEO_MARK_CUT | GEO_MARK_LOW_QUALITY);
}

static void read_sacrum(reading *r)
{
    int v = outline_with(r, GEO_ROLE_SACRUM);
    geo_sacrum s;
    const geo_quad *q = &r->quad[GEO_L5];
    const geo_point l5[2] = { q->p[3], q->p[2] };
    if (v < 0 || geo_sacrum_endplate(&r->contour[v], r->body[GEO_L5] ? l5 : NULL, r->facing, &s)) return;
    r->quad[GEO_S1].p[0] = s.left, r->quad[GEO_S1].p[1] = s.right, r->body[GEO_S1] = 1, r->used++;
    geo_case_point(r->c, GEO_SACRUM_CENTROID, image(r, s.centroid));
    if (s.disagreement > 6 || (s.ratio > 0 && (s.ratio < 0.8 || s.ratio > 1.3))) geo_case_mark(r->c, GEO_S1, GEO_MARK_LOW_QUALITY);
    if (s.dome > 0.1) geo_case_warn(r->c, "W_DOMED_S1");
}

/* Is the point on the upper side of the lowest body there is, seen along the whole chain? No femoral head is, but a network may take a
 * skull for one. */
static int above_spine(const reading *r, geo_point p)
{
    int lowest = GEO_L5, highest = GEO_C2;
    while (lowest >= GEO_C2 && r->at[lowest] < 0) lowest--;
    while (highest < lowest && r->at[highest] < 0) highest++;
    return lowest > highest && dot(sub(p, r->centre[lowest]), sub(r->centre[highest], r->centre[lowest])) > 0;
}

/* The two largest outlines below the spine; one alone may hold both heads. */
static void read_heads(reading *r)
{
    double largest[2] = { 0, 0 };
    int at[2] = { -1, -1 }, n = 0;
    for (int i = 0; i < r->t->n; i++) {
        moments m;
        if (r->t->o[i].role != GEO_ROLE_HEAD || !shape_moments(r->contour[i].p, r->contour[i].n, &m) || above_spine(r, m.centre)) continue;
        int k = m.area > largest[0] ? 0 : 1;
        if (!k) largest[1] = largest[0], at[1] = at[0];
        if (m.area > largest[k]) largest[k] = m.area, at[k] = i;
    }
    for (int k = 0; k < 2 && at[k] >= 0; k++) {
        geo_heads_options o;
        geo_heads h;
        geo_heads_defaults(&o);
        o.seed = (uint64_t)r->t->o[at[k]].value, o.most = at[1] >= 0 ? 1 : 2;
        if (r->body[GEO_S1]) o.radius = 0.68 * apart(r->quad[GEO_S1].p[0], r->quad[GEO_S1].p[1]);
        if (geo_heads_find(&r->contour[at[k]], &o, &h)) continue;
        for (int i = 0; i < h.n && n < 2; i++, n++)
            geo_case_head(r->c, (geo_circle){ h.head[i].x, h.head[i].y / r->k, h.head[i].r });
        if (h.low_quality) geo_case_warn(r->c, "W_LOW_QUALITY:femoral_heads");
        r->used++;
    }
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
    int v = outline_with(r, GEO_ROLE_PALATE);
    if (v >= 0 && !(!dots && !geo_palate_tip(&r->contour[v], facing, &p) ? GEO_OK : geo_skull_point(&r->contour[v], facing, 1, &p)))
        geo_case_point(r->c, GEO_HARD_PALATE, image(r, p)), r->used++;
    for (int i = 0; i < 2; i++)                  /* drawn as dots as a rule */
        if ((v = outline_with(r, rows[i].role)) >= 0 && !geo_skull_point(&r->contour[v], facing, 1, &p))
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
    if (r->at[GEO_C2] < 0 || geo_dens_find(&r->contour[r->at[GEO_C2]], r->facing, &d)) return;
    const struct { int point; geo_point p; } rows[] = { { GEO_DENS_TIP, d.tip }, { GEO_DENS_ANT_SUP, d.ant_sup },
        { GEO_DENS_ANT_INF, d.ant_inf },
        { GEO_DENS_POST_SUP, d.post_sup }, { GEO_DENS_POST_INF, d.post_inf }, { GEO_C2_POST_SUP, d.wall_sup },
            { GEO_C2_POST_INF, d.wall_inf } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) geo_case_point(r->c, rows[i].point, image(r, rows[i].p));
    read_c1(r, &d);
}

/* Slopes and distances that no pelvis has: SS -10 to 80 degrees, plate to hips 2.6 to 4.4 lengths of the plate (90 to 150 mm). */
static void check_plate(reading *r)
{
    geo_point a = r->quad[GEO_S1].p[r->facing > 0], p = r->quad[GEO_S1].p[r->facing < 0], hips = vec(0, 0), along_plate = sub(a, p);
    if (!r->body[GEO_S1]) return;
    double slope = heading(vec(r->facing * along_plate.x, along_plate.y)), length = norm(along_plate);
    int odd = slope < -10 || slope > 80;
    for (int i = 0; i < r->c->heads; i++) hips = along(hips, vec(r->c->head[i].x, r->c->head[i].y * r->k), 1.0 / r->c->heads);
    double away = apart(middle(a, p), hips);
    if (r->c->heads) odd |= away < 2.6 * length || away > 4.4 * length;
    if (odd) geo_case_mark(r->c, GEO_S1, GEO_MARK_LOW_QUALITY);
}

/* All but the bodies. facing 0: not known yet, the right side of the image stands for the front. */
static void read_rest(reading *r, int facing)
{
    r->facing = facing;
    read_sacrum(r), read_heads(r), set_bodies(r, facing ? facing : 1), read_skull(r, facing ? facing : 1, !facing);
}

static void read_film(reading *r)
{
    moments m;
    for (int i = 0; i < GEO_LEVELS; i++) r->at[i] = -1;
    for (int i = 0; i < r->t->n; i++) {
        int level = r->t->o[i].role;
        if (level < GEO_C2 || level > GEO_L5 || r->at[level] >= 0 || !shape_moments(r->contour[i].p, r->contour[i].n, &m)) continue;
        r->at[level] = i, r->centre[level] = m.centre;
    }
    for (int i = GEO_C2; i <= GEO_L5; i++) if (r->at[i] >= 0) read_body(r, i);
    r->c->voted = 0;
    int side = r->c->facing, conflict, used = r->used;
    if (!side) {
        const geo_case bodies = *r->c;
        double score;
        read_rest(r, 0);
        if (!(side = facing_vote(r->c, &score, &conflict))) return;
        *r->c = bodies, r->used = used, r->body[GEO_S1] = 0;
        r->c->voted = side, r->c->voted_score = score, r->c->voted_conflict = conflict;
    }
    read_rest(r, side), read_dens(r), check_plate(r);
    if (r->t->repair) case_repair(r->c, r->t->repair, r->t->no_room);
}

int tracing_landmarks(const geo_tracing *t, const geo_contour *contour, geo_case *c)
{
    reading *r = calloc(1, sizeof *r);
    if (!r || !(r->contour = calloc((size_t)t->n + 1, sizeof *r->contour))) return free(r), GEO_MEMORY;
    r->t = t, r->c = c, r->k = c->sx > 0 ? c->sy / c->sx : 1;
    int status = GEO_OK;
    for (int v = 0; v < t->n && !status; v++) {
        status = geo_contour_copy(contour ? &contour[v] : &t->o[v].c, &r->contour[v]);
        for (int64_t i = 0; i < r->contour[v].n; i++) r->contour[v].p[i].y *= r->k;
    }
    if (!status) read_film(r), status = r->used;
    for (int v = 0; v < t->n; v++) geo_contour_free(&r->contour[v]);
    free(r->contour), free(r);
    return status;
}

int geo_tracing_landmarks(const geo_tracing *t, geo_case *c) { return t && c ? tracing_landmarks(t, NULL, c) : GEO_BAD; }
