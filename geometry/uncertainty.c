/* uncertainty.c - what the noise of outlines does to every parameter; see geometry.h.
 *
 * An outline's error is smooth along it: white numbers at knots a correlation length apart, spread by a Gaussian kernel and scaled to the
 * stated SD, move every vertex along its normal. All steps from there on are run anew, so failures count too. */
#include "geometry/random.h"
#include "geometry/tracing.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

void geo_jitter_defaults(geo_jitter *o)
{
    *o = (geo_jitter){ .size = sizeof *o, .draws = 200, .sd = 1, .length = 8, .seed = 1 };
}

static double perimeter(const geo_contour *c)
{
    double s = 0;
    for (int64_t i = 0; i < c->n; i++) s += apart(c->p[i], c->p[i + 1 < c->n ? i + 1 : 0]);
    return s;
}

/* to: as many vertices as from; local: an SD for each, or NULL. knot (room for perimeter / length + 1): scratch. */
static void displace(const geo_contour *from, double sd, const double *local, double length, uint64_t *seed, double *knot, geo_contour *to)
{
    double round = perimeter(from), arc = 0;
    int64_t n = from->n, knots = (int64_t)fmax(4, round / length);
    for (int64_t k = 0; k < knots; k++) knot[k] = random_normal(seed);
    for (int64_t i = 0; i < n; i++) {
        geo_point before = from->p[i ? i - 1 : n - 1], after = from->p[i + 1 < n ? i + 1 : 0], normal = unit(turn(sub(after, before)));
        double at = arc / round * (double)knots, sum = 0, power = 0;
        for (int64_t k = (int64_t)at - 2; k <= (int64_t)at + 3; k++) {
            double d = at - (double)k, weight = exp(-0.5 * d * d);
            sum += weight * knot[(k % knots + knots) % knots], power += weight * weight;
        }
        to->p[i] = along(from->p[i], normal, (local ? local[i] : sd) * sum / sqrt(power));
        arc += apart(from->p[i], after);
    }
}

typedef struct tally { double sum, square, first; int n; } tally;          /* about the first value: keeps digits */

static void count(tally *t, double v)
{
    if (!t->n++) t->first = v;
    t->sum += v - t->first, t->square += (v - t->first) * (v - t->first);
}

/* What all draws gave. */
typedef struct tallies { tally *of; double category[3]; } tallies;

static int measure(const geo_case *c, tallies *all)
{
    geo_result *r = geo_measure(c);
    geo_gap g;
    if (!r) return GEO_MEMORY;
    for (int i = 0; i < geo_parameters(); i++) {
        geo_value v;
        if (!geo_result_value(r, i, &v)) count(&all->of[i], v.value);
    }
    if (!geo_result_gap(r, &g)) all->category[g.total <= 2 ? 0 : g.total <= 6 ? 1 : 2]++;
    geo_result_free(r);
    return GEO_OK;
}

static geo_spread spread_of(const tally *t)
{
    double n = t->n, mean = n ? t->sum / n : 0;
    return (geo_spread){ n ? t->first + mean : 0, n > 1 ? sqrt(fmax(0, (t->square - n * mean * mean) / (n - 1))) : 0, t->n };
}

static void summarise(const tallies *all, int draws, geo_spread *spread, double category[3])
{
    for (int i = 0; i < geo_parameters(); i++) spread[i] = spread_of(&all->of[i]);
    for (int k = 0; k < 3 && category; k++) category[k] = all->category[k] / draws;
}

static int options_read(const geo_jitter *options, geo_jitter *o)
{
    geo_jitter_defaults(o);
    if (options) memcpy(o, options, options->size < sizeof *o ? options->size : sizeof *o);
    return o->draws < 2 || o->draws > 1000000 || !(o->sd >= 0) || !(o->length > 0) ? GEO_BAD : GEO_OK;
}

static geo_point moved_point(geo_point p, double sd, uint64_t *seed)
{
    p.x += sd * random_normal(seed);
    return vec(p.x, p.y + sd * random_normal(seed));
}

int geo_uncertainty_points(const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3])
{
    geo_jitter o;
    if (!c || !spread || options_read(options, &o)) return GEO_BAD;
    tallies all = { calloc((size_t)geo_parameters(), sizeof *all.of), { 0 } };
    int status = all.of ? GEO_OK : GEO_MEMORY;
    uint64_t seed = o.seed;
    for (int k = 0; k < o.draws && !status; k++) {
        geo_case m = *c;
        for (int i = GEO_C1; i <= GEO_S1; i++) {
            level_given *v = &m.level[i];
            for (int p = 0; p < 4; p++) v->corner[p] = moved_point(v->corner[p], o.sd, &seed);
            for (int p = 0; p < 2; p++) v->middle[p] = moved_point(v->middle[p], o.sd, &seed);
            v->centre = moved_point(v->centre, o.sd, &seed);
        }
        for (int i = 0; i < 2; i++) {
            geo_point p = moved_point(vec(m.head[i].x, m.head[i].y), o.sd, &seed);
            m.head[i].x = p.x, m.head[i].y = p.y;
        }
        for (int i = 0; i < GEO_POINTS; i++) m.point[i] = moved_point(m.point[i], o.sd, &seed);
        status = measure(&m, &all);
    }
    if (!status) summarise(&all, o.draws, spread, category);
    free(all.of);
    return status;
}

/* ---- outlines ------------------------------------------------------------------------------------------------------------------------ */

/* The outlines of one draw. */
typedef struct draw { geo_contour moved[OUTLINES]; double *knot; uint64_t seed; } draw;

static int draw_begin(draw *d, const geo_tracing *t, const geo_jitter *o)
{
    double most = 0;
    int status = GEO_OK;
    memset(d, 0, sizeof *d);
    d->seed = o->seed;
    for (int v = 0; v < t->n && !status; v++)
        status = geo_contour_copy(&t->o[v].c, &d->moved[v]), most = fmax(most, perimeter(&t->o[v].c));
    if (!status && !(d->knot = malloc((size_t)(most / o->length + 8) * sizeof *d->knot))) status = GEO_MEMORY;
    return status;
}

static void draw_next(draw *d, const geo_tracing *t, const geo_jitter *o)
{
    for (int v = 0; v < t->n; v++)
        displace(&t->o[v].c, o->sd_of ? o->sd_of[t->o[v].value & 255] : o->sd, o->sd_of ? NULL : t->o[v].sd, o->length, &d->seed, d->knot,
            &d->moved[v]);
}

static void draw_end(draw *d)
{
    for (int v = 0; v < OUTLINES; v++) geo_contour_free(&d->moved[v]);
    free(d->knot);
}

int geo_uncertainty(const geo_tracing *t, const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3])
{
    geo_jitter o;
    draw d;
    if (!t || !c || !spread || options_read(options, &o)) return GEO_BAD;
    tallies all = { calloc((size_t)geo_parameters(), sizeof *all.of), { 0 } };
    int status = draw_begin(&d, t, &o);
    if (!all.of) status = GEO_MEMORY;
    for (int k = 0; k < o.draws && !status; k++) {
        geo_case film = *c;
        draw_next(&d, t, &o);
        status = tracing_landmarks(t, d.moved, &film);
        if (status >= 0) status = measure(&film, &all);
    }
    if (!status) summarise(&all, o.draws, spread, category);
    draw_end(&d), free(all.of);
    return status;
}

/* ---- frontal films ------------------------------------------------------------------------------------------------------------------- */

/* What all draws gave: main, upper, lower angle, and how often the main one was of each grade. */
typedef struct curves { tally angle[3]; double grade[GEO_COBB_GRADES]; } curves;

static void count_curves(curves *all, const geo_cobb *g, int method)
{
    count(&all->angle[0], g->main);
    if (method == GEO_COBB_MIDLINE) count(&all->angle[1], g->upper), count(&all->angle[2], g->lower);
    all->grade[cobb_grade(g->main)]++;
}

static void summarise_curves(const curves *all, geo_cobb_spread *out)
{
    out->main = spread_of(&all->angle[0]), out->upper = spread_of(&all->angle[1]), out->lower = spread_of(&all->angle[2]);
    for (int k = 0; k < GEO_COBB_GRADES; k++) out->grade[k] = all->angle[0].n ? all->grade[k] / all->angle[0].n : 0;
}

/* t with these outlines, which it owns; what was found odd about them before is not said again. */
static int tracing_displaced(const geo_tracing *t, const geo_contour *moved, geo_tracing *out)
{
    int status = GEO_OK;
    *out = *t, out->c1 = NULL, out->n = 0;
    for (int v = 0; v < t->n && !status; v++) {
        out->o[v].sd = NULL, out->o[v].odd = 0;
        status = geo_contour_copy(&moved[v], &out->o[v].c);
        out->n += !status;
    }
    return status;
}

int geo_uncertainty_cobb(const geo_tracing *t, const geo_choices *choices, const geo_jitter *options, geo_cobb_spread *out)
{
    geo_jitter o;
    geo_choices frontal;
    draw d;
    curves all = { 0 };
    if (!t || !out || options_read(options, &o)) return GEO_BAD;
    geo_choices_defaults(&frontal);
    if (choices) memcpy(&frontal, choices, choices->size < sizeof frontal ? choices->size : sizeof frontal);
    frontal.size = sizeof frontal, frontal.region = GEO_REGION_AP;
    geo_tracing *film = malloc(sizeof *film);
    int status = draw_begin(&d, t, &o);
    if (!film) status = GEO_MEMORY;
    for (int k = 0; k < o.draws && !status; k++) {
        geo_chain c = { 0 };
        draw_next(&d, t, &o);
        status = tracing_displaced(t, d.moved, film);
        if (!status) status = geo_chain_measure(film, &frontal, &c);
        if (!status && !c.cobb_status) count_curves(&all, &c.cobb, frontal.cobb);
        if (status == GEO_EMPTY) status = GEO_OK;               /* a draw without a spine */
        geo_chain_free(&c);
        for (int v = 0; v < film->n; v++) geo_contour_free(&film->o[v].c);
    }
    if (!status) summarise_curves(&all, out);
    draw_end(&d), free(film);
    return status;
}

int geo_uncertainty_quads(const geo_quad *body, int n, double sx, double sy, double height, int method, const geo_jitter *options,
                          geo_cobb_spread *out)
{
    geo_jitter o;
    geo_cobb g;
    geo_quad moved[GEO_CHAIN_MOST];
    curves all = { 0 };
    if (!body || !out || n < 2 || n > GEO_CHAIN_MOST || options_read(options, &o)) return GEO_BAD;
    uint64_t seed = o.seed;
    for (int k = 0; k < o.draws; k++) {
        for (int i = 0; i < n; i++) for (int p = 0; p < 4; p++) moved[i].p[p] = moved_point(body[i].p[p], o.sd, &seed);
        int status = geo_cobb_find(moved, n, sx, sy, height, method, &g);
        if (status == GEO_BAD) return status;
        if (!status) count_curves(&all, &g, method);
    }
    summarise_curves(&all, out);
    return GEO_OK;
}
