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

static void summarise(const tallies *all, int draws, geo_spread *spread, double category[3])
{
    for (int i = 0; i < geo_parameters(); i++) {
        const tally *t = &all->of[i];
        double n = t->n, mean = n ? t->sum / n : 0;
        spread[i] = (geo_spread){ n ? t->first + mean : 0, n > 1 ? sqrt(fmax(0, (t->square - n * mean * mean) / (n - 1))) : 0, t->n };
    }
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

int geo_uncertainty(const geo_tracing *t, const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3])
{
    geo_jitter o;
    if (!t || !c || !spread || options_read(options, &o)) return GEO_BAD;
    geo_contour moved[OUTLINES] = { { NULL, 0 } };
    tallies all = { calloc((size_t)geo_parameters(), sizeof *all.of), { 0 } };
    double most = 0, *knot = NULL;
    int status = all.of ? GEO_OK : GEO_MEMORY;
    for (int v = 0; v < t->n && !status; v++)
        status = geo_contour_copy(&t->o[v].c, &moved[v]), most = fmax(most, perimeter(&t->o[v].c));
    if (!status && !(knot = malloc((size_t)(most / o.length + 8) * sizeof *knot))) status = GEO_MEMORY;
    uint64_t seed = o.seed;
    for (int k = 0; k < o.draws && !status; k++) {
        geo_case film = *c;
        for (int v = 0; v < t->n; v++)
            displace(&t->o[v].c, o.sd_of ? o.sd_of[t->o[v].value & 255] : o.sd, o.sd_of ? NULL : t->o[v].sd, o.length, &seed, knot,
                &moved[v]);
        status = tracing_landmarks(t, moved, &film);
        if (status >= 0) status = measure(&film, &all);
    }
    if (!status) summarise(&all, o.draws, spread, category);
    for (int v = 0; v < t->n; v++) geo_contour_free(&moved[v]);
    free(all.of), free(knot);
    return status;
}
