/* bench_corners.c - drawn bodies with a noisy outline, and what each corner method makes of them; see bench_corners.h.
 *
 * SplitMix64 advances by a constant, and every body takes the same number of draws: the state of body k is known without drawing
 * the k - 1 before it. The trap is to change the number of draws of one body: DRAWS must be what body_draw takes. */
#include "eval/bench_corners.h"
#include "base/die.h"
#include "geometry/polygon.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = CORNERS_SIDE, OUTLINE = 480, PER_SIDE = OUTLINE / 4, DRAWS = 11 + 2 * OUTLINE + 2, RECORDED = 700 };
static const double pi = 3.14159265358979323846;

const struct corners_method corners_methods[CORNERS_METHODS] = {
    { "rdp4", GEO_CORNERS_RDP }, { "rdp4_hull", GEO_CORNERS_RDP_HULL }, { "rectangle", GEO_CORNERS_RECTANGLE },
        { "axis", GEO_CORNERS_AXIS },
    { "extreme", GEO_CORNERS_EXTREME }, { "lines", GEO_CORNERS_LINES }, { "mean", GEO_CORNERS_MEAN },
        { "sides", GEO_CORNERS_SIDES },
};
static const char *const scenarios[] = { "clean", "pedicle_leak", "osteophytes" };
static const double depths[] = { 24, 40, 80 }, lengths[] = { 1.5, 4, 8 }, noises[] = { 0.4, 0.9, 1.5 };

/* ---- random numbers --------------------------------------------------------------------------------------------------------------- */

static const uint64_t gamma64 = 0x9E3779B97F4A7C15u;

static double uniform(uint64_t *s)
{
    uint64_t z = *s += gamma64;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u, z = (z ^ (z >> 27)) * 0x94D049BB133111EBu, z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

static double normal(uint64_t *s)
{
    double u = uniform(s) + 1e-300, v = uniform(s);
    return sqrt(-2 * log(u)) * cos(2 * pi * v);
}

/* ---- one body --------------------------------------------------------------------------------------------------------------------- */

typedef struct body {
    double depth, tilt[2];                       /* degrees on the screen: upper, lower plate */
    geo_point centre, corner[4];                 /* right upper, left upper, left lower, right lower: the order of the outline */
    geo_point plate[2], down;                    /* unit vectors: along the plates to the right, downwards */
    double sag[4], apex;                         /* how far each side is drawn in; where along a plate, from the left */
} body;

static geo_point at(double x, double y) { return (geo_point){ x, y }; }
static geo_point plus(geo_point a, geo_point b, double k) { return at(a.x + k * b.x, a.y + k * b.y); }
static double inner(geo_point a, geo_point b) { return a.x * b.x + a.y * b.y; }
static double between(geo_point a, geo_point b) { return hypot(a.x - b.x, a.y - b.y); }

static body body_of(double depth, uint64_t *s)
{
    body b = { .depth = depth };
    double height = depth * (0.62 + 0.12 * uniform(s));
    b.tilt[0] = -25 + 50 * uniform(s), b.tilt[1] = b.tilt[0] - (-2 + 8 * uniform(s));
    double half = (b.tilt[0] + b.tilt[1]) / 2 * pi / 180, x = uniform(s);
    b.centre = at(SIDE / 2. + x, SIDE / 2. + uniform(s));
    for (int k = 0; k < 2; k++) b.plate[k] = at(cos(b.tilt[k] * pi / 180), sin(b.tilt[k] * pi / 180));
    b.down = at(-sin(half), cos(half));
    b.corner[2] = plus(plus(b.centre, b.plate[0], -depth / 2), b.down, height / 2);
    b.corner[1] = plus(b.corner[2], b.down, -height);
    b.corner[0] = plus(b.corner[1], b.plate[0], depth * (0.95 + 0.08 * uniform(s)));
    b.corner[3] = plus(b.corner[2], b.plate[1], depth);
    b.sag[0] = depth * (0.02 + 0.04 * uniform(s)), b.sag[2] = depth * (0.02 + 0.04 * uniform(s));
    b.sag[3] = depth * (0.02 + 0.05 * uniform(s)), b.sag[1] = depth * (0.01 + 0.02 * uniform(s));
    b.apex = 0.5 + 0.12 * uniform(s);
    return b;
}

/* Unit normal of a -> b that points away from (outwards 1) or towards (outwards 0) the centre of b. */
static geo_point normal_of(geo_point a, geo_point b, geo_point from, geo_point centre, int outwards)
{
    double length = between(a, b);
    geo_point n = at((b.y - a.y) / length, -(b.x - a.x) / length);
    return (inner(n, plus(from, centre, -1)) < 0) == outwards ? at(-n.x, -n.y) : n;
}

static void body_outline(const body *b, geo_point *out)
{
    for (int side = 0; side < 4; side++) {
        geo_point from = b->corner[side], to = b->corner[(side + 1) % 4];
        geo_point in = normal_of(from, to, at((from.x + to.x) / 2, (from.y + to.y) / 2), b->centre, 0);
        for (int i = 0; i < PER_SIDE; i++) {
            double u = (double)i / PER_SIDE, v = u;
            if (side % 2 == 0) {                 /* plates: deepest at the apex */
                double w = side == 0 ? 1 - u : u, peak = 1 - b->apex;
                v = w < peak ? w / peak * 0.5 : 0.5 + (w - peak) / (1 - peak) * 0.5;
            }
            geo_point p = at(from.x * (1 - u) + to.x * u, from.y * (1 - u) + to.y * u);
            *out++ = plus(p, in, b->sag[side] * sin(pi * v) * sin(pi * v));
        }
    }
}

static void round_corners(const geo_point *p, geo_point *out)
{
    const int reach = (int)(OUTLINE * 0.012) + 1;
    for (int i = 0; i < OUTLINE; i++) {
        geo_point s = at(0, 0);
        for (int k = -reach; k <= reach; k++) s = plus(s, p[(i + k + OUTLINE) % OUTLINE], 1);
        out[i] = at(s.x / (2 * reach + 1), s.y / (2 * reach + 1));
    }
}

/* Displaces the outline by a smooth random function of the arc, SD `noise`, and by a common offset. */
static void add_noise(const body *b, const geo_point *p, double length, double noise, uint64_t *s, geo_point *out)
{
    double white[OUTLINE], smooth[OUTLINE], round = 0, power = 0;
    for (int i = 0; i < OUTLINE; i++) round += between(p[(i + 1) % OUTLINE], p[i]);
    double step = round / OUTLINE;
    int reach = (int)(3 * length / step) + 1;
    double *kernel = xalloc_n((size_t)reach + 1, sizeof *kernel);
    for (int k = 0; k <= reach; k++) kernel[k] = exp(-0.5 * (k * step / length) * (k * step / length));
    for (int i = 0; i < OUTLINE; i++) white[i] = normal(s);
    for (int i = 0; i < OUTLINE; i++) {
        double sum = 0;
        for (int k = -reach; k <= reach; k++) sum += white[(i + k + 10 * OUTLINE) % OUTLINE] * kernel[abs(k)];
        smooth[i] = sum, power += sum * sum;
    }
    double sd = sqrt(power / OUTLINE), offset = 0.3 * noise * normal(s);
    for (int i = 0; i < OUTLINE; i++) {
        geo_point n = normal_of(p[(i + OUTLINE - 1) % OUTLINE], p[(i + 1) % OUTLINE], p[i], b->centre, 1);
        out[i] = plus(p[i], n, noise * smooth[i] / sd + offset);
    }
    free(kernel);
}

/* A stump of the pedicle: a bump on the upper third of the posterior (left) wall. */
static void add_leak(const body *b, geo_point *p)
{
    for (int i = 0; i < PER_SIDE; i++) {
        double u = ((double)i / PER_SIDE - 0.28) / 0.13;
        p[PER_SIDE + i] = plus(p[PER_SIDE + i], b->plate[0], -0.22 * b->depth * exp(-0.5 * u * u));
    }
}

/* Lips at both anterior (right) corners; base is the outline before the noise. */
static void add_osteophytes(const body *b, const geo_point *base, geo_point *p)
{
    for (int i = 0; i < OUTLINE; i++)
        for (int k = 0; k < 2; k++) {
            double d = between(base[i], b->corner[k ? 3 : 0]) / (0.07 * b->depth), lip = 0.12 * b->depth * exp(-0.5 * d * d);
            p[i] = plus(plus(p[i], b->plate[k], lip), b->down, k ? 0.5 * lip : -0.5 * lip);
        }
}

static void cell_of(int cell, corners_cell *c)
{
    memset(c, 0, sizeof *c);
    c->scenario = scenarios[cell / 27], c->depth = depths[cell / 9 % 3], c->length = lengths[cell / 3 % 3], c->noise = noises[cell % 3];
}

void body_draw(int cell, int trial, uint8_t *mask, uint8_t *truth, geo_quad *corners)
{
    corners_cell c;
    cell_of(cell, &c);
    uint64_t s = gamma64 + gamma64 * (uint64_t)DRAWS * ((uint64_t)cell * RECORDED + (uint64_t)trial);
    geo_point drawn[OUTLINE], base[OUTLINE], noisy[OUTLINE];
    body b = body_of(c.depth, &s);
    body_outline(&b, drawn), round_corners(drawn, base), add_noise(&b, base, c.length, c.noise, &s, noisy);
    if (cell / 27 == 1) add_leak(&b, noisy);
    if (cell / 27 == 2) add_osteophytes(&b, base, noisy);
    memset(mask, 0, SIDE * SIDE), memset(truth, 0, SIDE * SIDE);
    polygon_fill(&drawn[0].x, OUTLINE, truth, SIDE, SIDE, 1);
    polygon_fill(&noisy[0].x, OUTLINE, mask, SIDE, SIDE, 1);
    *corners = (geo_quad){ { b.corner[1], b.corner[0], b.corner[3], b.corner[2] } };
}

/* ---- scores ----------------------------------------------------------------------------------------------------------------------- */

static double dice(const uint8_t *a, const uint8_t *b)
{
    int64_t common = 0, sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++) common += a[i] && b[i], sum += !!a[i] + !!b[i];
    return sum ? 2. * (double)common / (double)sum : 1;
}

static double tilt_error(geo_point a, geo_point b, geo_point c, geo_point d)
{
    double e = (atan2(b.y - a.y, b.x - a.x) - atan2(d.y - c.y, d.x - c.x)) * 180 / pi;
    return fabs(remainder(e, 360));
}

static int by_size(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }

corners_cell bench_corners(int cell, int trials)
{
    corners_cell out;
    cell_of(cell, &out);
    uint8_t *mask = xalloc(SIDE * SIDE), *truth = xalloc(SIDE * SIDE), *clean = xalloc(SIDE * SIDE);
    double *error[CORNERS_METHODS], corner[CORNERS_METHODS] = { 0 };
    for (int m = 0; m < CORNERS_METHODS; m++) error[m] = xalloc_n((size_t)trials * 2, sizeof **error);
    for (int t = 0; t < trials; t++) {
        geo_quad q;
        geo_contour c;
        body_draw(cell, t, mask, truth, &q);
        geo_mask_clean(mask, SIDE, SIDE, clean, NULL);
        out.dsc += dice(clean, truth) / trials;
        geo_contour_trace(mask, SIDE, SIDE, &c, NULL);
        for (int m = 0; m < CORNERS_METHODS; m++) {
            geo_corners_options o;
            geo_body b;
            geo_corners_defaults(&o);
            o.method = corners_methods[m].method;
            if (geo_corners_find(&c, &o, &b)) { out.by[m].failed += 1. / trials; continue; }
            error[m][out.by[m].n++] = tilt_error(b.quad.p[0], b.quad.p[1], q.p[0], q.p[1]);
            error[m][out.by[m].n++] = tilt_error(b.quad.p[3], b.quad.p[2], q.p[3], q.p[2]);
            for (int k = 0; k < 4; k++) corner[m] += pow(between(b.quad.p[k], q.p[k]), 2);
        }
        geo_contour_free(&c);
    }
    for (int m = 0; m < CORNERS_METHODS; m++) {
        int64_t n = out.by[m].n;
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += error[m][i] * error[m][i];
        qsort(error[m], (size_t)n, sizeof **error, by_size);
        out.by[m].rmse = n ? sqrt(sum / (double)n) : NAN, out.by[m].corner = n ? sqrt(corner[m] / (2. * (double)n)) : NAN;
        out.by[m].p95 = n ? error[m][(int64_t)(0.95 * (double)n)] : NAN, out.by[m].worst = n ? error[m][n - 1] : NAN;
        free(error[m]);
    }
    free(mask), free(truth), free(clean);
    return out;
}
