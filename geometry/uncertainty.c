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

static int draw(const geo_tracing *t, const geo_contour *moved, const geo_case *base, tally *all, double category[3])
{
    geo_case c = *base;
    int used = tracing_landmarks(t, moved, &c), n = geo_parameters();
    geo_result *r = used < 0 ? NULL : geo_measure(&c);
    if (!r) return used < 0 ? used : GEO_MEMORY;
    for (int i = 0; i < n; i++) {
        geo_value v;
        if (!geo_result_value(r, i, &v)) count(&all[i], v.value);
    }
    geo_gap g;
    if (!geo_result_gap(r, &g)) category[g.total <= 2 ? 0 : g.total <= 6 ? 1 : 2]++;
    geo_result_free(r);
    return GEO_OK;
}

int geo_uncertainty(const geo_tracing *t, const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3])
{
    geo_jitter o;
    geo_jitter_defaults(&o);
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (!t || !c || !spread || o.draws < 2 || o.draws > 1000000 || !(o.sd >= 0) || !(o.length > 0)) return GEO_BAD;
    geo_contour moved[256] = { { NULL, 0 } };
    tally *all = calloc((size_t)geo_parameters(), sizeof *all);
    double most = 0, gap[3] = { 0 }, *knot = NULL;
    int status = all ? GEO_OK : GEO_MEMORY;
    for (int v = 1; v < 256 && !status; v++)
        if (t->contour[v].n) status = geo_contour_copy(&t->contour[v], &moved[v]), most = fmax(most, perimeter(&t->contour[v]));
    if (!status && !(knot = malloc((size_t)(most / o.length + 8) * sizeof *knot))) status = GEO_MEMORY;
    uint64_t seed = o.seed;
    for (int k = 0; k < o.draws && !status; k++) {
        for (int v = 1; v < 256; v++)
            if (moved[v].n)
                displace(&t->contour[v], o.sd_of ? o.sd_of[v] : o.sd, o.sd_of ? NULL : t->sd[v], o.length, &seed, knot, &moved[v]);
        status = draw(t, moved, c, all, gap);
    }
    for (int i = 0; i < geo_parameters() && !status; i++) {
        double n = all[i].n, mean = n ? all[i].sum / n : 0;
        spread[i] = (geo_spread){ n ? all[i].first + mean : 0, n > 1 ? sqrt(fmax(0, (all[i].square - n * mean * mean) / (n - 1))) : 0,
            all[i].n };
    }
    for (int k = 0; k < 3 && category; k++) category[k] = gap[k] / o.draws;
    for (int v = 1; v < 256; v++) geo_contour_free(&moved[v]);
    free(all), free(knot);
    return status;
}
