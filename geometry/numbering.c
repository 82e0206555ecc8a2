/* numbering.c - which outline is which vertebra: order, merged and split ones mended, levels; see geometry.h.
 *
 * * Names given by the label map are kept unless they contradict the places along the spine: a person or a network saw more than
 * centroids do. What has no name is counted from what has one (an anchor: a named body, or the sacrum under L5). The trap: a hole in the
 * names with no room in the picture is a wrong name, not a missing body, and nothing may be made up there. Which way the patient looks
 * is not asked here, so that a side that was given and one that is found later lead to the same levels. */
#include "geometry/tracing.h"
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* A body of the chain: its outline, and its corners in pixels of equal sides. */
typedef struct body { int at; geo_body b; unsigned odd; } body;

typedef struct chain {
    geo_tracing *t;
    const geo_choices *o;
    double k;                                    /* y is stretched by it to make pixels square */
    int n, dropped, sacrum;                      /* sacrum: index of its outline, -1 none */
    body e[GEO_CHAIN_MOST];
    int missing[GEO_CHAIN_MOST];                 /* between a body and the next one; of the last: the sacrum */
} chain;

static int is_body(int role) { return (role >= GEO_C2 && role <= GEO_L5) || role == GEO_ROLE_BODY; }
static int role_of(const chain *c, int i) { return c->t->o[c->e[i].at].role; }
static int is_named(const chain *c, int i) { return role_of(c, i) != GEO_ROLE_BODY; }

static int named_count(const chain *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) n += is_named(c, i);
    return n;
}

static void stretch(geo_tracing *t, double k)
{
    for (int i = 0; i < t->n && k != 1; i++) for (int64_t j = 0; j < t->o[i].c.n; j++) t->o[i].c.p[j].y *= k;
}

/* ---- who takes part ------------------------------------------------------------------------------------------------------------------ */

static void drop(chain *c, int at) { c->t->o[at].role = GEO_ROLE_NONE, c->dropped++; }

/* Instances of a detector may overlap. */
static int drop_duplicates(chain *c)
{
    geo_contour list[OUTLINES] = { { NULL, 0 } };
    double score[OUTLINES] = { 0 };
    uint8_t gone[OUTLINES];
    int at[OUTLINES], n = 0;
    if (!c->t->overlapping) return GEO_OK;
    for (int i = 0; i < c->t->n; i++)
        if (is_body(c->t->o[i].role)) list[n] = c->t->o[i].c, score[n] = c->t->o[i].score, at[n++] = i;
    int status = geo_duplicates_find(list, score, n, gone);
    for (int i = 0; i < n && !status; i++) if (gone[i]) drop(c, at[i]);
    return status;
}

static void collect(chain *c)
{
    moments m;
    c->n = 0, c->sacrum = -1;
    for (int i = 0; i < c->t->n; i++) {
        const outline *o = &c->t->o[i];
        if (o->role == GEO_ROLE_SACRUM && c->sacrum < 0) c->sacrum = i;
        if (!is_body(o->role) || c->n == GEO_CHAIN_MOST || !shape_moments(o->c.p, o->c.n, &m)) continue;
        c->e[c->n++] = (body){ .at = i, .b = { .centre = m.centre, .area = m.area } };
    }
}

/* ---- order --------------------------------------------------------------------------------------------------------------------------- */

/* Middle of the sacrum's plate, or of the whole where no plate is found. */
static int sacrum_anchor(const chain *c, geo_point *out)
{
    geo_sacrum s;
    moments m;
    if (c->sacrum < 0) return 0;
    const geo_contour *outline = &c->t->o[c->sacrum].c;
    if (!geo_sacrum_endplate(outline, NULL, 0, &s)) return *out = middle(s.left, s.right), 1;
    return shape_moments(outline->p, outline->n, &m) && (*out = m.centre, 1);
}

static int by_place(const chain *c, int *order, uint8_t *gone)
{
    geo_point centre[GEO_CHAIN_MOST], anchor;
    double size[GEO_CHAIN_MOST];
    for (int i = 0; i < c->n; i++) centre[i] = c->e[i].b.centre, size[i] = sqrt(c->e[i].b.area);
    return geo_chain_order(centre, size, c->n, sacrum_anchor(c, &anchor) ? &anchor : NULL, 1, order, gone);
}

static int order_bodies(chain *c)
{
    int order[GEO_CHAIN_MOST];
    uint8_t gone[GEO_CHAIN_MOST];
    body sorted[GEO_CHAIN_MOST];
    int n = by_place(c, order, gone);
    if (n < 0) return n;
    for (int i = 0; i < c->n; i++) if (gone[i]) drop(c, c->e[i].at);
    for (int i = 0; i < n; i++) sorted[i] = c->e[order[i]];
    memcpy(c->e, sorted, (size_t)n * sizeof *sorted);
    c->n = n;
    return GEO_OK;
}

/* By name; where the line through the centres then turns back on itself, the names change places with those along the spine. */
static int order_names(chain *c)
{
    int order[GEO_CHAIN_MOST], level[GEO_CHAIN_MOST], folded = 0;
    uint8_t gone[GEO_CHAIN_MOST];
    for (int i = 1; i < c->n; i++)
        for (int k = i; k > 0 && role_of(c, k) < role_of(c, k - 1); k--) {
            body b = c->e[k];
            c->e[k] = c->e[k - 1], c->e[k - 1] = b;
        }
    for (int i = 2; i < c->n; i++)
        folded |= dot(sub(c->e[i].b.centre, c->e[i - 1].b.centre), sub(c->e[i - 1].b.centre, c->e[i - 2].b.centre)) < 0;
    if (!folded || by_place(c, order, gone) != c->n) return GEO_OK;
    body sorted[GEO_CHAIN_MOST];
    for (int i = 0; i < c->n; i++) level[i] = role_of(c, i), sorted[i] = c->e[order[i]];
    memcpy(c->e, sorted, (size_t)c->n * sizeof *sorted);
    for (int i = 0; i < c->n; i++) {
        outline *o = &c->t->o[c->e[i].at];
        if (o->role != level[i]) o->role = level[i], o->odd |= GEO_ODD_ORDER;
    }
    return GEO_OK;
}

/* ---- corners, and what they tell ----------------------------------------------------------------------------------------------------- */

static geo_point up_at(const chain *c, int i)
{
    geo_point d = sub(c->e[i ? i - 1 : 0].b.centre, c->e[i + 1 < c->n ? i + 1 : i].b.centre);
    return norm(d) > 0 ? unit(d) : vec(0, -1);
}

/* Corners of all; bodies without any are dropped. */
static int find_corners(chain *c)
{
    int m = 0;
    geo_point up[GEO_CHAIN_MOST];
    for (int i = 0; i < c->n; i++) up[i] = up_at(c, i);
    for (int i = 0; i < c->n; i++) {
        body *e = &c->e[i];
        geo_point centre = e->b.centre;
        int status = tracing_body(&c->t->o[e->at].c, role_of(c, i), c->o->corners, up[i], &e->b);
        if (status == GEO_MEMORY) return status;
        if (status && !e->b.method) { drop(c, e->at); continue; }
        if (!(e->b.area > 0)) e->b.centre = centre;
        c->e[m++] = *e;
    }
    c->n = m;
    return GEO_OK;
}

static int check(chain *c)
{
    geo_body b[GEO_CHAIN_MOST];
    unsigned odd[GEO_CHAIN_MOST];
    for (int i = 0; i < c->n; i++) b[i] = c->e[i].b;
    int status = c->n ? geo_chain_check(b, c->n, (int64_t)((double)c->t->h * c->k), c->t->w, odd) : GEO_OK;
    for (int i = 0; i < c->n && !status; i++) {
        if (role_of(c, i) == GEO_C2) odd[i] &= ~(unsigned)GEO_ODD_MERGED;       /* twice as large as C3, with the dens */
        c->e[i].b = b[i], c->e[i].odd = odd[i] | c->t->o[c->e[i].at].odd;
    }
    return status;
}

static geo_corners named(const geo_quad *q) { return geo_corners_name(q, 1); }

/* Between facing plates; and from the last body to the sacrum, whose plate is an upper plate like any other. */
static int find_gaps(chain *c)
{
    geo_corners list[GEO_CHAIN_MOST + 1];
    double gap[GEO_CHAIN_MOST];
    geo_sacrum s;
    int n = c->n;
    memset(c->missing, 0, sizeof c->missing);
    if (n < 2) return GEO_OK;
    for (int i = 0; i < n; i++) list[i] = named(&c->e[i].b.quad);
    const geo_quad *q = &c->e[n - 1].b.quad;
    const geo_point last[2] = { q->p[3], q->p[2] };
    if (c->sacrum >= 0 && n < GEO_CHAIN_MOST && !geo_sacrum_endplate(&c->t->o[c->sacrum].c, last, 0, &s)) {
        geo_point down = sub(middle(q->p[3], q->p[2]), middle(q->p[0], q->p[1]));      /* as high as the last body: no height of its own */
        list[n++] = (geo_corners){ s.right, s.left, add(s.right, down), add(s.left, down) };
    }
    int status = geo_gaps_find(list, n, 0, gap, c->missing);
    if (status) memset(c->missing, 0, sizeof c->missing);
    return status == GEO_MEMORY ? status : GEO_OK;
}

/* ---- mending ------------------------------------------------------------------------------------------------------------------------- */

static int level_there(const chain *c, int level)
{
    for (int i = 0; i < c->n; i++) if (role_of(c, i) == level) return 1;
    return level < GEO_C2 || level > GEO_L5;
}

/* The names of the two halves of body i: a name beside its own must be free. 0: neither is. */
static int halves(const chain *c, int i, int role[2])
{
    int own = role_of(c, i);
    role[0] = role[1] = own;
    if (own == GEO_ROLE_BODY) return 1;
    if (!level_there(c, own + 1)) role[1] = own + 1;
    else if (!level_there(c, own - 1)) role[0] = own - 1;
    return role[0] != role[1];
}

static int cut_merged(chain *c, int i)
{
    int role[2];
    geo_contour part[2];
    geo_tracing *t = c->t;
    outline *o = &t->o[c->e[i].at];
    if (!(c->e[i].odd & GEO_ODD_MERGED) || t->n == OUTLINES || !halves(c, i, role) || geo_contour_split(&o->c, up_at(c, i), part)) return 0;
    outline_reshape(o, part[0], NULL);
    o->role = role[0], o->odd |= GEO_ODD_MERGED;
    t->o[t->n] = *o, t->o[t->n].c = part[1], t->o[t->n].role = role[1], t->n++;
    return 1;
}

/* Names differ, so only parts without a name are joined. */
static int join_split(chain *c, int i)
{
    geo_contour both;
    if (i + 1 >= c->n || !(c->e[i].odd & c->e[i + 1].odd & GEO_ODD_SPLIT) || is_named(c, i) || is_named(c, i + 1)) return 0;
    outline *a = &c->t->o[c->e[i].at], *b = &c->t->o[c->e[i + 1].at];
    if (geo_contour_union(&a->c, &b->c, &both)) return 0;
    outline_reshape(a, both, NULL);
    a->odd |= GEO_ODD_SPLIT, b->role = GEO_ROLE_NONE;
    return 1;
}

static int join_all(chain *c)
{
    int changed = 0;
    for (int i = 0; i < c->n; i++) if (join_split(c, i)) changed = 1, i++;
    return changed;
}

static int cut_all(chain *c)
{
    int changed = 0;
    for (int i = 0; i < c->n; i++) changed |= cut_merged(c, i);
    return changed;
}

static int arrange(chain *c)
{
    collect(c);
    int status = named_count(c) == c->n ? order_names(c) : order_bodies(c);
    if (!status) status = find_corners(c);
    return status ? status : check(c);
}

/* ---- levels -------------------------------------------------------------------------------------------------------------------------- */

/* Where nothing says which body is which: how films of a region are taken. */
static void guess(const chain *c, int *top, int *bottom)
{
    *top = *bottom = 0;
    switch (c->o->region) {
    case GEO_REGION_CERVICAL: *top = GEO_C3; break;
    case GEO_REGION_THORACIC: if (c->n >= 12) *top = GEO_T1; else *bottom = GEO_T12; break;
    default: *bottom = GEO_L5;
    }
}

/* Numbers bodies of which some or none have names. */
static int number_bodies(chain *c, geo_chain *out)
{
    int place[GEO_CHAIN_MOST], level[GEO_CHAIN_MOST], top = 0, bottom = 0, span = 0, sure = 1;
    uint8_t unsure[GEO_CHAIN_MOST];
    for (int i = 0; i < c->n; i++) place[i] = span, span += 1 + (i + 1 < c->n ? c->missing[i] : 0);
    for (int i = 0; i < c->n && !top; i++) if (is_named(c, i)) top = role_of(c, i) - place[i];
    for (int i = c->n - 1; i >= 0 && !bottom; i--) if (is_named(c, i)) bottom = role_of(c, i) + span - 1 - place[i];
    if (c->sacrum >= 0) bottom = GEO_L5 - c->missing[c->n - 1];
    if (top < GEO_C2 || top > GEO_L5) top = 0;
    if (bottom < GEO_C2 || bottom > GEO_L5) bottom = 0;
    if (!top && !bottom) guess(c, &top, &bottom), sure = 0;
    int off = geo_chain_number(c->n, c->missing, top, bottom, level, unsure);
    if (off == GEO_BAD && !(top && bottom)) return off;
    for (int i = 0; i < c->n; i++) {
        outline *o = &c->t->o[c->e[i].at];
        if (!level[i]) c->dropped++;
        o->role = level[i], o->unsure = unsure[i] || !sure;
        c->e[i].odd |= o->odd, out->body[i].level = level[i];
    }
    return off != 0;
}

/* Names against gaps: 1 where they contradict each other. */
static int check_names(chain *c)
{
    int contradicts = 0;
    for (int i = 0; i < c->n; i++) {
        int last = i + 1 == c->n, below = last ? GEO_S1 : role_of(c, i + 1), hole = below - role_of(c, i) - 1;
        if (last && c->sacrum < 0) break;
        if (hole && !c->missing[i]) c->t->no_room[role_of(c, i)] = 1;
        contradicts |= (hole > 0) != (c->missing[i] > 0);
    }
    return contradicts;
}

/* Presacral bodies below C2, where both ends are seen. */
static int count_bodies(const chain *c)
{
    int count = -1;
    if (!c->n || c->sacrum < 0 || role_of(c, 0) != GEO_C2) return 0;
    for (int i = 0; i < c->n; i++) count += 1 + c->missing[i];
    return count;
}

static void report(const chain *c, geo_chain *out)
{
    out->n = c->n, out->dropped = c->dropped;
    for (int i = 0; i < c->n; i++) {
        const body *e = &c->e[i];
        geo_found *f = &out->body[i];
        *f = (geo_found){ .level = role_of(c, i), .unsure = c->t->o[e->at].unsure, .quad = e->b.quad, .odd = e->odd, .faults = e->b.faults,
                          .disagreement = e->b.disagreement, .missing = c->missing[i] };
        for (int k = 0; k < 4; k++) f->quad.p[k].y /= c->k;
        c->t->o[e->at].odd = e->odd;
    }
}

static int number(chain *c, geo_chain *out)
{
    int status = drop_duplicates(c);
    if (!status) status = arrange(c);
    if (!status && join_all(c)) status = arrange(c);        /* first: beside two halves a whole body looks like two */
    if (!status && cut_all(c)) status = arrange(c);
    if (!status) status = find_gaps(c);
    if (status || !c->n) return status;
    /* the limit of the gap is that of lateral films; on frontal ones bodies look lower, so gaps count only where bodies must be missing */
    int frontal = c->o->region == GEO_REGION_AP, all_named = named_count(c) == c->n;
    if (frontal && (all_named || c->n >= 17)) memset(c->missing, 0, sizeof c->missing);
    int off = !all_named ? number_bodies(c, out) : frontal ? 0 : check_names(c);
    if (off < 0) return off;
    out->count = count_bodies(c);
    report(c, out);
    if (off && !out->count) out->count = c->n;
    if (!off && out->count == 22) out->count = 0;           /* nothing to tell */
    return GEO_OK;
}

int tracing_number(geo_tracing *t, const geo_choices *o, geo_chain *out)
{
    chain *c = calloc(1, sizeof *c);
    if (!c) return GEO_MEMORY;
    c->t = t, c->o = o, c->k = o->sx > 0 ? o->sy / o->sx : 1;
    stretch(t, c->k);
    int status = number(c, out);
    stretch(t, 1 / c->k);
    free(c);
    return status;
}
