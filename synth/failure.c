/* failure.c - see failure.h: a table of failures, each a function on a film's objects. */
#include "synth/failure.h"
#include "base/die.h"
#include "synth/plane.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* vertebra: objects with four corners, from above */
typedef struct damage { truth *t; draws *d; char *text; int vertebra[TRUTH_OBJECTS], n; } damage;

static int is_vertebra(const object *o) { return (o->code >= GEO_C2 && o->code <= GEO_L5) || o->code == CODE_L6; }

static const body *body_of(const truth *t, const object *o)
{
    for (int i = 0; i < t->nbodies; i++) if (!strcmp(level_name(t->body[i].level), o->name)) return &t->body[i];
    return NULL;
}

static void remove_object(truth *t, int i)
{
    object_free(&t->object[i]);
    memmove(&t->object[i], &t->object[i + 1], (size_t)(--t->nobjects - i) * sizeof t->object[0]);
}

static object *pick(damage *g, int tail)                               /* tail: how many more vertebrae must follow */
{
    return g->n > tail ? &g->t->object[g->vertebra[draws_below(g->d, g->n - tail)]] : NULL;
}

static object *pick_with_body(damage *g, const body **b)
{
    object *o = pick(g, 0);
    *b = o ? body_of(g->t, o) : NULL;
    return *b ? o : NULL;
}

static int drop(damage *g)
{
    static const int heavy[] = { GEO_C7, GEO_T3, GEO_T4, GEO_T5, GEO_T6, GEO_L5 };
    const int most = 1 + draws_below(g->d, 3);
    int done = 0, gone[TRUTH_OBJECTS] = { 0 };
    for (int guard = 0; done < most && guard < 200 && g->n; guard++) {
        const int k = g->vertebra[draws_below(g->d, g->n)];
        int often = 0;
        for (size_t i = 0; i < sizeof heavy / sizeof *heavy; i++) often |= g->t->object[k].code == heavy[i];
        if (gone[k] || !draws_chance(g->d, often ? 1 : 0.4)) continue;
        gone[k] = 1, done++;
    }
    for (int k = 0; k < g->t->nobjects; k++)
        if (gone[k]) snprintf(g->text + strlen(g->text), DIAGNOSIS - strlen(g->text), "%s%s", g->text[strlen(g->text) - 1] == ':'
            ? "" : ",", g->t->object[k].name);
    for (int k = g->t->nobjects - 1; k >= 0; k--) if (gone[k]) remove_object(g->t, k);
    return done;
}

static int merge(damage *g)
{
    object *u = pick(g, 1);
    if (!u) return 0;
    object *l = u + 1;
    const body *a = body_of(g->t, u), *b = is_vertebra(l) ? body_of(g->t, l) : NULL;
    if (!a || !b || u->n + l->n + 1 > TRUTH_PIECES) return 0;
    const double bridge[4][2] = { { a->p[2][0], a->p[2][1] }, { a->p[3][0], a->p[3][1] }, { b->p[1][0], b->p[1][1] }, { b->p[0][0],
        b->p[0][1] } };
    sprintf(g->text + strlen(g->text), "%s+%s", u->name, l->name);
    for (int i = 0; i < l->n; i++) object_add(u, (const double (*)[2])l->piece[i].p, l->piece[i].n);
    object_add(u, bridge, 4), remove_object(g->t, (int)(l - g->t->object));
    return 1;
}

/* The part of an outline on one side of a line through p with this inward normal (Sutherland and Hodgman 1974). */
static outline half_of(const outline *o, const double p[2], const double normal[2])
{
    outline out = { .p = xalloc_n((size_t)(2 * o->n + 2), sizeof *out.p) };
    for (int i = 0; i < o->n; i++) {
        const double *u = o->p[i], *v = o->p[(i + 1) % o->n];
        const double a = (u[0] - p[0]) * normal[0] + (u[1] - p[1]) * normal[1], b = (v[0] - p[0]) * normal[0] + (v[1] - p[1]) * normal[1];
        if (a >= 0) memcpy(out.p[out.n++], u, sizeof out.p[0]);
        if ((a >= 0) != (b >= 0)) plane_mix(out.p[out.n++], u, v, a / (a - b));
    }
    return out;
}

/* The line across a body at a share of its height: a point and the normal that looks up. */
static void across(const body *b, double share, double p[2], double up[2])
{
    double l[2], r[2];
    plane_mix(l, b->p[0], b->p[2], share), plane_mix(r, b->p[1], b->p[3], share), plane_mix(p, l, r, 0.5);
    const double w = plane_distance(l, r);
    up[0] = (r[1] - l[1]) / w, up[1] = -(r[0] - l[0]) / w;
}

static void replace_piece(outline *o, outline by) { free(o->p), *o = by; }

static int split(damage *g)
{
    const body *b;
    object *o = pick_with_body(g, &b);
    if (!o || o->n != 1 || g->t->nobjects == TRUTH_OBJECTS) return 0;
    double p[2], up[2];
    across(b, draws_range(g->d, 0.42, 0.58), p, up);
    strcat(g->text, o->name);
    const int at = (int)(o - g->t->object);
    memmove(o + 2, o + 1, (size_t)(g->t->nobjects++ - at - 1) * sizeof *o);
    o[1] = (object){ .code = o->code, .n = 1, .piece = { half_of(&o->piece[0], p, (double[2]){ -up[0], -up[1] }) } };
    memcpy(o[1].name, o->name, sizeof o->name);
    replace_piece(&o->piece[0], half_of(&o->piece[0], p, up));
    return 1;
}

static int shift(damage *g)
{
    const int by = draws_chance(g->d, 0.5) ? 1 : -1;
    for (int i = 0; i < g->n; i++) {
        object *o = &g->t->object[g->vertebra[i]];
        if (o->code == CODE_L6) continue;
        const int level = o->code + by < GEO_C2 ? GEO_C2 : o->code + by > GEO_L5 ? GEO_L5 : o->code + by;
        o->code = level, snprintf(o->name, sizeof o->name, "%s", level_name(level));
    }
    sprintf(g->text + strlen(g->text), "%+d", by);
    return g->n > 0;
}

static int truncate_body(damage *g)
{
    const body *b;
    object *o = pick_with_body(g, &b);
    if (!o) return 0;
    double p[2], up[2];
    const int top = draws_chance(g->d, 0.5);
    across(b, draws_range(g->d, 0.35, 0.6), p, up);
    if (top) up[0] = -up[0], up[1] = -up[1];
    for (int i = 0; i < o->n; i++) replace_piece(&o->piece[i], half_of(&o->piece[i], p, up));
    strcat(g->text, o->name);
    return 1;
}

/* A second sacral body taken for a vertebra, or the crossing of two ribs beside the chest. */
static int spurious(damage *g)
{
    truth *t = g->t;
    if (t->nobjects == TRUTH_OBJECTS || !g->n) return 0;
    const body *s1 = t->nbodies && t->body[t->nbodies - 1].level == GEO_S1 ? &t->body[t->nbodies - 1] : NULL, *at = s1 ? s1 : body_of(t,
        &t->object[g->vertebra[g->n / 2]]);
    if (!at) return 0;
    double p[4][2], down[2], w = plane_distance(at->p[0], at->p[1]), side = s1 ? 0 : draws_chance(g->d, 0.5) ? 1.2 : -1.2;
    for (int k = 0; k < 2; k++) down[k] = 0.5 * (at->p[2][k] + at->p[3][k] - at->p[0][k] - at->p[1][k]);
    for (int c = 0; c < 4; c++)
        for (int k = 0; k < 2; k++) p[c][k] = at->p[c][k] + (s1 ? 1.05 * down[k] : 0) + (k == 0 ? side * w : 0);
    object *o = &t->object[t->nobjects++];
    *o = (object){ .code = s1 ? GEO_L5 : t->object[g->vertebra[g->n / 2]].code };
    snprintf(o->name, sizeof o->name, "%s", level_name(o->code));
    const double quad[4][2] = { { p[0][0], p[0][1] }, { p[1][0], p[1][1] }, { p[3][0], p[3][1] }, { p[2][0], p[2][1] } };
    object_add(o, quad, 4);
    strcat(g->text, s1 ? "S2" : "rib");
    return 1;
}

static int push_all(damage *g, double by, double sd, double length)
{
    for (int i = 0; i < g->t->nobjects; i++)
        for (int k = 0; k < g->t->object[i].n; k++) outline_push(&g->t->object[i].piece[k], by, sd, length, g->d);
    return g->t->nobjects > 0;
}

static int erode(damage *g)
{
    const int by = 1 + draws_below(g->d, 4);
    sprintf(g->text + strlen(g->text), "%dpx", by);
    return push_all(g, -by, 0, 1);
}

static int dilate(damage *g)
{
    const int by = 1 + draws_below(g->d, 4);
    sprintf(g->text + strlen(g->text), "%dpx", by);
    return push_all(g, by, 0, 1);
}

static int ragged(damage *g)
{
    static const double lengths[3] = { 1.5, 4, 8 };
    const double sd = draws_range(g->d, 0.4, 1.5), length = lengths[draws_below(g->d, 3)];
    sprintf(g->text + strlen(g->text), "sd%.2f,length%.1f", sd, length);
    return push_all(g, 0, sd, length);
}

/* A piece on a body: in its frame, right along the superior plate from the upper corner on that side, down. mm. */
static int add_piece(damage *g, int backwards, const double (*mm)[2], int n)
{
    const body *b;
    object *o = pick_with_body(g, &b);
    if (!o || o->n == TRUTH_PIECES) return 0;
    const int left = (g->t->facing > 0) == backwards;                   /* anterior is right where the film faces right */
    const double *c = b->p[left ? 0 : 1], *low = b->p[left ? 2 : 3], *in = b->p[left ? 1 : 0];
    const double w = plane_distance(c, in), h = plane_distance(c, low), out[2] = { (c[0] - in[0]) / w, (c[1] - in[1]) / w },
        down[2] = { (low[0] - c[0]) / h, (low[1] - c[1]) / h };
    double p[8][2];
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) p[i][k] = c[k] + (mm[i][0] * out[k] + mm[i][1] * down[k]) / g->t->spacing;
    object_add(o, (const double (*)[2])p, n);
    strcat(g->text, o->name);
    return 1;
}

static int leak(damage *g)
{
    const double l = draws_range(g->d, 6, 12), p[4][2] = { { -2, 2 }, { l, 3 }, { l, 9 }, { -2, 10 } };
    return add_piece(g, 1, p, 4);
}

static int spur(damage *g)
{
    const double l = draws_range(g->d, 3, 8), p[4][2] = { { -0.8 * l, 0 }, { l, -0.35 * l }, { 0.5 * l, 0.3 * l }, { -0.2, l } };
    return add_piece(g, 0, p, 4);
}

static int swap(damage *g)
{
    object *u = pick(g, 1);
    if (!u || !is_vertebra(u + 1)) return 0;
    object a = *u;
    sprintf(g->text + strlen(g->text), "%s,%s", u->name, u[1].name);
    u->code = u[1].code, memcpy(u->name, u[1].name, sizeof a.name), u[1].code = a.code, memcpy(u[1].name, a.name, sizeof a.name);
    return 1;
}

static int facing(damage *g)
{
    if (g->t->frontal) return 0;
    g->t->facing = -g->t->facing, strcat(g->text, g->t->facing > 0 ? "right" : "left");
    return 1;
}

static int head_at(const truth *t, int which)
{
    for (int i = 0; i < t->nobjects; i++) if (t->object[i].code == CODE_HEAD + which) return i;
    return -1;
}

static int heads(damage *g)
{
    const int a = head_at(g->t, 0), b = head_at(g->t, 1);
    if (a < 0 || b < 0) return 0;
    g->t->object[a].code = CODE_HEAD + 1, g->t->object[b].code = CODE_HEAD, strcat(g->text, "swapped");
    snprintf(g->t->object[a].name, TRUTH_NAME, "femoral_head_2"), snprintf(g->t->object[b].name, TRUTH_NAME, "femoral_head_1");
    return 1;
}

static int head(damage *g)
{
    const int which = draws_below(g->d, 2), i = head_at(g->t, which);
    if (i < 0) return 0;
    sprintf(g->text + strlen(g->text), "femoral_head_%d", which + 1), remove_object(g->t, i);
    return 1;
}

const char *const failure_names[FAILURES] = { "none", "drop", "merge", "split", "shift", "truncate", "spurious", "erode", "dilate",
    "ragged", "leak", "spur", "swap",
    "facing", "heads", "head" };
static int (*const does[FAILURES])(damage *) = { NULL, drop, merge, split, shift, truncate_body, spurious, erode, dilate, ragged, leak,
    spur, swap, facing, heads, head };

void failure_apply(truth *t, enum failure kind, draws *d, char diagnosis[DIAGNOSIS])
{
    damage g = { .t = t, .d = d, .text = diagnosis };
    strcpy(diagnosis, "none");
    for (int i = 0; i < t->nobjects; i++) if (is_vertebra(&t->object[i]) && body_of(t, &t->object[i])) g.vertebra[g.n++] = i;
    if (kind == FAILURES) kind = 1 + draws_below(d, FAILURES - 1);
    if (kind == FAILURE_NONE) return;
    snprintf(diagnosis, DIAGNOSIS, "%s:", failure_names[kind]);
    if (!does[kind](&g)) strcpy(diagnosis, "none");
}
