/* truth.c - see truth.h. */
#include "synth/truth.h"
#include "base/die.h"
#include "geometry/polygon.h"
#include "synth/plane.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CIRCLE_POINTS = 72 };

void object_add(object *o, const double (*p)[2], int n)
{
    assert(o->n < TRUTH_PIECES);
    outline *u = &o->piece[o->n++];
    u->p = xalloc_n((size_t)n, sizeof *u->p), u->n = n;
    memcpy(u->p, p, (size_t)n * sizeof *p);
}

void object_free(object *o)
{
    for (int i = 0; i < o->n; i++) free(o->piece[i].p);
    *o = (object){ 0 };
}

int64_t object_paint(const object *o, uint8_t *mask, int64_t h, int64_t w, uint8_t value)
{
    int64_t n = 0;
    for (int i = 0; i < o->n; i++) n += polygon_fill(o->piece[i].p[0], o->piece[i].n, mask, h, w, value);
    return n;
}

/* ---- objects ------------------------------------------------------------------------------------------------------------------------ */

static int on_film(const truth *t, double x, double y) { return x >= 0 && y >= 0 && x <= (double)(t->w - 1) && y <= (double)(t->h - 1); }

static object *open_object(truth *t, int code, const char *name)
{
    assert(t->nobjects < TRUTH_OBJECTS);
    object *o = &t->object[t->nobjects++];
    *o = (object){ .code = code };
    snprintf(o->name, sizeof o->name, "%s", name);
    return o;
}

static void add_outline(object *o, const film *f, const double (*mm)[2], int n)
{
    double (*p)[2] = xalloc_n((size_t)n, sizeof *p);
    for (int i = 0; i < n; i++) film_pixel(f, mm[i], p[i]);
    object_add(o, (const double (*)[2])p, n);
    free(p);
}

static void add_ellipse(object *o, const film *f, const double c[2], double slope, double rx, double ry)
{
    double p[CIRCLE_POINTS][2];
    for (int i = 0; i < CIRCLE_POINTS; i++) plane_at(p[i], c, slope, rx * cos(TURN * i / CIRCLE_POINTS),
        ry * sin(TURN * i / CIRCLE_POINTS));
    add_outline(o, f, (const double (*)[2])p, CIRCLE_POINTS);
}

/* Drops the object again where the film does not show it. */
static void close_object(truth *t)
{
    object *o = &t->object[t->nobjects - 1];
    for (int i = 0; i < o->n; i++)
        for (int k = 0; k < o->piece[i].n; k++) if (on_film(t, o->piece[i].p[k][0], o->piece[i].p[k][1])) return;
    object_free(o), t->nobjects--;
}

static void skull_objects(truth *t, const anatomy *a)
{
    static const struct { int point, code; const char *name; } dots[] = { { GEO_BASION, CODE_BASION, "basion" }, { GEO_OPISTHION,
        CODE_OPISTHION, "opisthion" } };
    for (size_t i = 0; i < 2; i++) {
        if (!a->point_there[dots[i].point]) continue;
        add_ellipse(open_object(t, dots[i].code, dots[i].name), &a->film, a->point[dots[i].point], 0, 3, 3), close_object(t);
    }
    for (int i = 0; i < a->solids.n; i++) {
        const solid *s = &a->solids.s[i];
        if (s->part == PART_PALATE) add_outline(open_object(t, CODE_PALATE, "hard_palate"), &a->film, s->outline, s->n), close_object(t);
    }
}

static void objects(truth *t, const anatomy *a)
{
    if (a->v[GEO_C1].there) {
        object *o = open_object(t, GEO_C1, "C1");
        for (int k = 0; k < 2; k++) add_ellipse(o, &a->film, a->arch[k], a->arch_slope, a->arch[k][2], a->arch[k][3]);
        close_object(t);
    }
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k];
        add_outline(open_object(t, level == LEVEL_L6 ? CODE_L6 : level, level_name(level)), &a->film, a->v[level].outline, a->v[level].n),
            close_object(t);
    }
    if (t->frontal) return;
    add_outline(open_object(t, CODE_SACRUM, "sacrum"), &a->film, a->sacrum, a->sacrum_n), close_object(t);
    for (int k = 0; k < a->heads; k++)
        add_ellipse(open_object(t, CODE_HEAD + k, k ? "femoral_head_2" : "femoral_head_1"), &a->film, a->head[k], 0, a->head[k][2],
            a->head[k][2]), close_object(t);
    skull_objects(t, a);
}

/* ---- corners and points ----------------------------------------------------------------------------------------------------------------
 * */

/* Place of a corner SA SP IA IP among TL TR BL BR: SP and IP are left where the film faces right. */
static int on_screen(int corner, int facing) { return 2 * (corner / 2) + ((corner % 2 == 1) == (facing > 0) ? 0 : 1); }

static void add_body(truth *t, const film *f, int level, const double corner[4][2])
{
    body b = { .level = level };
    for (int c = 0; c < 4; c++) {
        const int at = on_screen(c, f->facing);
        film_pixel(f, corner[c], b.p[at]);
        if (!on_film(t, b.p[at][0], b.p[at][1])) return;
    }
    t->body[t->nbodies++] = b;
}

static void add_spot(truth *t, const film *f, const char *name, const double mm[2], double r)
{
    spot s = { .r = r / f->spacing };
    double px[2];
    film_pixel(f, mm, px);
    if (!on_film(t, px[0], px[1])) return;
    s.x = px[0], s.y = px[1];
    snprintf(s.name, sizeof s.name, "%s", name);
    t->spot[t->nspots++] = s;
}

static void corners_and_spots(truth *t, const anatomy *a)
{
    char name[TRUTH_NAME];
    for (int k = 0; k < a->n; k++) add_body(t, &a->film, a->chain[k], (const double (*)[2])a->v[a->chain[k]].corner);
    if (t->frontal) return;
    double first[4][2];
    memcpy(first[SA], a->s1[0], sizeof first[0]), memcpy(first[SP], a->s1[1], sizeof first[0]);
    const double slope = plane_slope(a->sacral[0], a->sacral[1]) + 90, half = 0.42 * plane_distance(a->s1[0], a->s1[1]);
    plane_at(first[IA], a->sacral[1], slope, half, 0), plane_at(first[IP], a->sacral[1], slope, -half, 0);
    add_body(t, &a->film, GEO_S1, (const double (*)[2])first);
    for (int i = 0; i < t->nbodies; i++) {
        const int level = t->body[i].level;
        if (level == GEO_S1 || level == LEVEL_L6) continue;
        for (int k = 0; k < 2; k++) snprintf(name, sizeof name, "%s_%s", level_name(level), k ? "IM" : "SM"), add_spot(t, &a->film, name,
            a->v[level].middle[k], 0);
    }
    for (int p = 0; p < GEO_POINTS; p++) if (a->point_there[p]) add_spot(t, &a->film, geo_point_name(p), a->point[p], 0);
    for (int k = 0; k < a->heads; k++) add_spot(t, &a->film, k ? "femoral_head_2" : "femoral_head_1", a->head[k], a->head[k][2]);
}

geo_case *truth_case(const truth *t, double age)
{
    if (t->frontal) return NULL;
    geo_case *c = geo_case_new();
    if (!c) die_machine("out of memory");
    geo_case_spacing(c, t->spacing, t->spacing), geo_case_facing(c, t->facing), geo_case_age(c, age);
    for (int i = 0; i < t->nbodies; i++) {
        const body *b = &t->body[i];
        geo_quad q;
        static const int from[4] = { 0, 1, 3, 2 };
        for (int k = 0; k < 4; k++) q.p[k] = (geo_point){ b->p[from[k]][0], b->p[from[k]][1] };
        const geo_corners n = geo_corners_name(&q, t->facing);
        if (b->level == GEO_S1) geo_case_s1(c, n.sa, n.sp);
        else if (b->level != LEVEL_L6) geo_case_vertebra(c, b->level, &n);
    }
    for (int i = 0; i < t->nspots; i++) {
        const spot *s = &t->spot[i];
        if (s->r > 0) geo_case_head(c, (geo_circle){ s->x, s->y, s->r });
        else geo_case_named(c, s->name, (geo_point){ s->x, s->y });
    }
    return c;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------------------
 * */

static void add_value(truth *t, const char *name, const char *unit, double v)
{
    if (t->nvalues == TRUTH_VALUES) return;
    value *n = &t->value[t->nvalues++];
    snprintf(n->name, sizeof n->name, "%s", name), snprintf(n->unit, sizeof n->unit, "%s", unit);
    n->v = v;
}

static void frontal_values(truth *t)
{
    geo_quad q[LEVEL_SLOTS];
    geo_cobb c;
    static const int from[4] = { 0, 1, 3, 2 };
    for (int i = 0; i < t->nbodies; i++)
        for (int k = 0; k < 4; k++) q[i].p[k] = (geo_point){ t->body[i].p[from[k]][0], t->body[i].p[from[k]][1] };
    if (geo_cobb_find(q, t->nbodies, t->spacing, t->spacing, (double)t->h, GEO_COBB_MIDLINE, &c)) return;
    add_value(t, "cobb", "deg", c.main), add_value(t, "cobb_upper", "deg", c.upper), add_value(t, "cobb_lower", "deg", c.lower);
}

static void fracture_values(truth *t, const anatomy *a, const geo_result *r)
{
    char name[TRUTH_NAME];
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k];
        const vertebra *v = &a->v[level];
        geo_compression c;
        if (v->fracture == FRACTURE_NONE || level == LEVEL_L6 || geo_result_compression(r, level, &c)) continue;
        snprintf(name, sizeof name, "%s_genant", level_name(level)), add_value(t, name, "grade", c.grade);
        for (int i = 0; i < 3; i++) snprintf(name, sizeof name, "%s_CR_%s", level_name(level), (const char *[]){ "ant", "mid",
            "post" }[i]), add_value(t, name, "ratio", c.cr[i]);
    }
}

/* Schmorl's nodes, by their width, and bridges of bone: DISH counts the bodies that they join (Resnick 1976 wants four in a row). */
static void marks_values(truth *t, const anatomy *a)
{
    char name[TRUTH_NAME];
    int joined = 0;
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k];
        const vertebra *v = &a->v[level];
        for (int i = 0; i < 2; i++) {
            if (!(v->dent[i] > 0)) continue;
            snprintf(name, sizeof name, "%s_schmorl_%s", level_name(level), i ? "inf" : "sup"), add_value(t, name, "mm", v->dent[i]);
        }
        if (!v->bridge) continue;
        snprintf(name, sizeof name, "%s_bridge", level_name(level)), add_value(t, name, "discs", 1);
        joined++;
    }
    if (joined) add_value(t, "DISH", "bodies", joined + 1);
}

static void values(truth *t, const anatomy *a)
{
    if (t->frontal) { frontal_values(t); return; }
    geo_case *c = truth_case(t, a->person.age);
    geo_result *r = geo_measure(c);
    if (!r) die_machine("out of memory");
    for (int p = 0; p < geo_parameters(); p++) {
        geo_value v;
        if (!geo_result_value(r, p, &v)) add_value(t, geo_parameter_name(p), geo_parameter_unit(p), v.value);
    }
    geo_gap gap;
    if (!geo_result_gap(r, &gap)) add_value(t, "GAP", "points", gap.total);
    fracture_values(t, a, r), marks_values(t, a);
    add_value(t, "age", "years", a->person.age), add_value(t, "facing", "side", a->film.facing), add_value(t, "tilt", "deg", a->film.tilt);
    geo_result_free(r), geo_case_free(c);
}

void truth_implanted(truth *t, const int screws[LEVEL_SLOTS])
{
    char name[TRUTH_NAME];
    for (int i = 0; i < t->nbodies; i++) {
        const int level = t->body[i].level;
        if (screws[level]) snprintf(name, sizeof name, "%s_screws", level_name(level)), add_value(t, name, "screws", screws[level]);
    }
}

void truth_see(truth *t, const int visible[LEVEL_SLOTS][4])
{
    char name[TRUTH_NAME];
    for (int i = 0; i < t->nbodies; i++) {
        const int level = t->body[i].level;
        int bits = 0;
        for (int c = 0; c < 4; c++) bits |= (visible[level][c] != 0) << on_screen(c, t->facing);
        if (level != GEO_S1 && bits != 15) snprintf(name, sizeof name, "%s_visible", level_name(level)), add_value(t, name, "corners",
            bits);
    }
}

truth *truth_new(const anatomy *a)
{
    truth *t = xalloc(sizeof *t);
    t->h = a->film.h, t->w = a->film.w, t->spacing = a->film.spacing, t->facing = a->film.facing, t->frontal = a->region == REGION_AP;
    objects(t, a), corners_and_spots(t, a), values(t, a);
    return t;
}

void truth_free(truth *t)
{
    if (!t) return;
    for (int i = 0; i < t->nobjects; i++) object_free(&t->object[i]);
    free(t);
}
