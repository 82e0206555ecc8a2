/* circle.c - circles through points, and the femoral heads in the contour of a mask; see geometry.h.
 *
 * Any least-squares fit is ruined by a neck in the mask, so a vote of random triples comes first and the fit sees only what agrees.
 * Algebraic fits differ from the geometric one only on short arcs; Taubin's is nearly unbiased there. */
#include "geometry/random.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

int geo_circle_fit(const geo_point *p, int64_t n, geo_circle *out)
{
    if (n < 3) return GEO_EMPTY;
    geo_point m = vec(0, 0);
    for (int64_t i = 0; i < n; i++) m = add(m, sub(p[i], p[0]));
    m = along(p[0], m, 1. / (double)n);
    double xx = 0, yy = 0, xy = 0, xz = 0, yz = 0, zz = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = p[i].x - m.x, y = p[i].y - m.y, z = x * x + y * y;
        xx += x * x, yy += y * y, xy += x * y, xz += x * z, yz += y * z, zz += z * z;
    }
    xx /= (double)n, yy /= (double)n, xy /= (double)n, xz /= (double)n, yz /= (double)n, zz /= (double)n;
    double z = xx + yy, cov = xx * yy - xy * xy;
    if (!(cov > 1e-12 * z * z)) return GEO_DEGENERATE;                       /* one place, or a line */
    double a3 = 4 * z, a2 = -3 * z * z - zz, a1 = zz * z + 4 * cov * z - xz * xz - yz * yz - z * z * z;
    double a0 = xz * xz * yy + yz * yz * xx - zz * cov - 2 * xz * yz * xy + z * z * cov, x = 0, f = a0;
    for (int i = 0; i < 50; i++) {                                           /* from 0 Newton runs down to the smallest root */
        double slope = a1 + x * (2 * a2 + 3 * a3 * x), next = x - f / slope;
        if (next == x || !isfinite(next)) break;
        double g = a0 + next * (a1 + next * (a2 + next * a3));
        if (fabs(g) >= fabs(f)) break;
        x = next, f = g;
    }
    double det = x * x - x * z + cov;
    geo_point c = vec((xz * (yy - x) - yz * xy) / det / 2, (yz * (xx - x) - xz * xy) / det / 2);
    *out = (geo_circle){ m.x + c.x, m.y + c.y, sqrt(dot(c, c) + z) };
    return isfinite(out->x) && isfinite(out->y) && isfinite(out->r) ? GEO_OK : GEO_DEGENERATE;
}

void geo_heads_defaults(geo_heads_options *o)
{
    *o = (geo_heads_options){ .size = sizeof *o, .tolerance = 0.03, .draws = 300, .most = 2, .seed = 1 };
}

static int through(geo_point a, geo_point b, geo_point c, geo_circle *out)
{
    geo_point u = sub(b, a), v = sub(c, a);
    double d = 2 * cross(u, v), uu = dot(u, u), vv = dot(v, v);
    if (!(fabs(d) > 1e-9 * (uu + vv))) return 0;
    geo_point o = vec((v.y * uu - u.y * vv) / d, (u.x * vv - v.x * uu) / d);
    *out = (geo_circle){ a.x + o.x, a.y + o.y, norm(o) };
    return 1;
}

static int belongs(geo_point p, const geo_circle *c, double tolerance)
{
    double x = p.x - c->x, y = p.y - c->y, lo = c->r * (1 - tolerance), hi = c->r * (1 + tolerance), d = x * x + y * y;
    return d >= lo * lo && d <= hi * hi;
}

enum { SAMPLE = 256 };                           /* points that vote; the fit uses all */

/* The circle that most of the points agree on; 0: no triple gives one of an allowed radius. */
static int vote(const geo_point *p, int64_t n, const geo_heads_options *o, double lo, double hi, uint64_t *seed, geo_circle *best)
{
    int64_t step = n > SAMPLE ? n / SAMPLE : 1, most = 0;
    for (int k = 0; k < o->draws; k++) {
        geo_circle c;
        int64_t i = random_below(seed, n), j = random_below(seed, n), m = random_below(seed, n), votes = 0;
        if (i == j || j == m || i == m || !through(p[i], p[j], p[m], &c) || !(c.r >= lo && c.r <= hi)) continue;
        for (int64_t q = 0; q < n; q += step) votes += belongs(p[q], &c, o->tolerance);
        if (votes > most) most = votes, *best = c;
    }
    return most > 0;
}

/* Fits the circle to the points that belong to it, until they stay the same; in (n) is scratch. Returns how many belong. */
static int64_t refine(const geo_point *p, int64_t n, const geo_heads_options *o, geo_circle *c, geo_point *in)
{
    int64_t m = 0;
    for (int pass = 0; pass < 5; pass++) {
        int64_t k = 0;
        geo_circle next;
        for (int64_t i = 0; i < n; i++) if (belongs(p[i], c, o->tolerance)) in[k++] = p[i];
        if (k == m && pass) break;
        m = k;
        if (geo_circle_fit(in, m, &next)) return 0;
        *c = next;
    }
    return m;
}

static void describe(const geo_point *in, int64_t m, int64_t n, geo_heads *out)
{
    const geo_circle *c = &out->head[out->n];
    unsigned char seen[72] = { 0 };
    double square = 0;
    int bins = 0;
    for (int64_t i = 0; i < m; i++) {
        geo_point v = sub(in[i], vec(c->x, c->y));
        square += pow(norm(v) - c->r, 2);
        seen[(int)fmin(71, (heading(v) + 180) / 5)] = 1;
    }
    for (int i = 0; i < 72; i++) bins += seen[i];
    out->inliers[out->n] = (double)m / (double)n, out->arc[out->n] = 5. * bins, out->rms[out->n] = sqrt(square / (double)m);
    out->n++;
}

/* A second head: of about the same size, not the same circle again, and seen over a fair part. */
static int is_another(const geo_heads *h, const geo_circle *c, int64_t m, int64_t n)
{
    const geo_circle *a = &h->head[0];
    return m >= n / 5 && hypot(c->x - a->x, c->y - a->y) >= 0.15 * a->r && c->r > 0.75 * a->r && c->r < 1.33 * a->r;
}

int geo_heads_find(const geo_contour *c, const geo_heads_options *options, geo_heads *out)
{
    geo_heads_options o;
    geo_heads_defaults(&o);
    memset(out, 0, sizeof *out);
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (!c || c->n < 8) return GEO_EMPTY;
    if (!(o.tolerance > 0 && o.tolerance < 1) || o.draws < 1 || o.draws > 1000000 || !(o.radius >= 0)) return GEO_BAD;
    for (int64_t i = 0; i < c->n; i++) if (!is_finite(c->p[i])) return GEO_BAD;
    geo_point *rest = malloc((size_t)c->n * 2 * sizeof *rest), *in = rest ? rest + c->n : NULL;
    if (!rest) return GEO_MEMORY;
    memcpy(rest, c->p, (size_t)c->n * sizeof *rest);
    int64_t n = c->n, m;
    uint64_t seed = o.seed;
    double lo = o.radius > 0 ? 0.7 * o.radius : 1, hi = o.radius > 0 ? 1.4 * o.radius : 1e6;
    for (int k = 0; k < (o.most > 1 ? 2 : 1) && n >= 8; k++) {
        geo_circle found;
        if (!vote(rest, n, &o, lo, hi, &seed, &found) || (m = refine(rest, n, &o, &found, in)) < 8) break;
        if (k && !is_another(out, &found, m, c->n)) break;
        out->head[k] = found;
        describe(in, m, c->n, out);
        int64_t left = 0;
        for (int64_t i = 0; i < n; i++) if (!belongs(rest[i], &found, 1.5 * o.tolerance)) rest[left++] = rest[i];
        n = left;
    }
    free(rest);
    if (!out->n) return GEO_DEGENERATE;
    out->low_quality = out->arc[0] < 180 || out->inliers[0] + out->inliers[1] < 0.6;
    return GEO_OK;
}
