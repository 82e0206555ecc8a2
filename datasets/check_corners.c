/* check_corners.c - faults in the corners of vertebrae; see check.h.
 *
 * First each quad by itself (crossed, mirrored, bent, outside), then the chain from the head down: the order, the steps from centre to
 * centre, and sizes against the median of the neighbours. Rules of the chain leave out quads that are wrong by themselves, so that
 * one fault is reported once and not again as its consequences. */
#include "datasets/check.h"
#include "geometry/polygon.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDES, AREA, TILT, STEP_SHORT, STEP_LONG, OFFSET, OVERLAP, CHAIN, DISCS };
static const struct { const char *code; double warning, error; } limits[] = {
    [SIDES]      = { "side_ratio",     2.6,  3.7 },         /* opposite sides of a body */
    [AREA]       = { "area_outlier",   2.4,  2.8 },         /* against the median of six neighbours, either way */
    [TILT]       = { "tilt",           35,   50 },          /* degrees between the quad's own axis and the spine there */
    [STEP_SHORT] = { "vertebra_twice", 2.6,  3.7 },         /* usual step / this step */
    [STEP_LONG]  = { "gap",            1.9,  3 },           /* this step / usual step */
    [OFFSET]     = { "offset",         0.85, 1.2 },         /* sideways from the line through its neighbours, in steps */
    [OVERLAP]    = { "overlap",        0.1,  0.3 },         /* share of the smaller quad */
    [CHAIN]      = { "corner_chain",   0.25, 0.4 },         /* a lower corner below the next upper one: see interlock */
    [DISCS]      = { "disc_height",    0.75, 1 },           /* median disc / body beside it: anatomy has 0.2 to 0.5 */
};

#define STEEP 0.5                            /* cosine of the spine's angle with the film's vertical: 60 degrees */
enum { WRONG_ITSELF = 1, WRONG_PLACE = 2 };  /* has an error of its own; stands out of order in the chain */
typedef struct quad {
    const corners *c;
    int rank, wrong;                         /* bits: WRONG_ITSELF, WRONG_PLACE */
    double round[8];                         /* TL TR BR BL, pixels */
    double x, y, area, height;
} quad;

int level_rank(const char *level)
{
    static const struct { char letter; int before, usual, most; } part[] = {
        { 'C', 0, 7, 7 }, { 'T', 14, 12, 13 }, { 'L', 38, 5, 6 }, { 'S', 48, 5, 5 } };
    int64_t n;
    if (!level[0] || level[1] < '1' || level[1] > '9' || !text_int(level + 1, &n)) return 0;
    for (int i = 0; i < 4; i++)
        if (level[0] == part[i].letter && n <= part[i].most) return part[i].before + 2 * (int)n - (n > part[i].usual);
    return 0;
}

/* One number against its row of the table. */
static int judge(faults *out, int64_t at, int rule, double v, const char *fmt, ...) PRINTF(5, 6);
static int judge(faults *out, int64_t at, int rule, double v, const char *fmt, ...)
{
    char text[256];
    if (!(v > limits[rule].warning)) return 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int error = v > limits[rule].error;
    faults_add(out, at, error, limits[rule].code, "%s", text);
    return error;
}

static double length(const double *a, const double *b) { return hypot(a[0] - b[0], a[1] - b[1]); }
static double ratio(double a, double b) { return fmax(a, b) / fmax(fmin(a, b), 1e-9); }

/* ---- one quad ------------------------------------------------------------------------------------------------------------------ */

static void check_inside(faults *out, int64_t at, quad *q, int64_t h, int64_t w)
{
    static const char *const names[] = { "TL", "TR", "BL", "BR" };
    for (int k = 0; k < 4; k++) {
        double x = q->c->p[k][0], y = q->c->p[k][1];
        if (x >= -0.5 && y >= -0.5 && x <= (double)w - 0.5 && y <= (double)h - 0.5) continue;
        faults_add(out, at, 1, "corner_outside", "%s: corner %s at (%.1f, %.1f) is outside the image of %lld x %lld", q->c->level,
            names[k], x, y,
            (long long)w, (long long)h);
        if (!isfinite(x) || !isfinite(y)) q->wrong = WRONG_ITSELF;
    }
}

static void check_shape(faults *out, int64_t at, quad *q)
{
    const double *r = q->round;
    const char *level = q->c->level;
    int top = segments_cross(r, r + 2, r + 4, r + 6), left = segments_cross(r + 6, r, r + 2, r + 4), bent = 0;
    if (top || left) {
        faults_add(out, at, 1, "corner_order", "%s: crossed, its %s sides cut each other (two corners exchanged?)", level,
            top ? "upper and lower" : "left and right");
        q->wrong = WRONG_ITSELF;
        return;
    }
    if (!(q->area > 0)) {
        faults_add(out, at, 1, "corner_order", q->area < 0
            ? "%s: mirrored, its corners run the wrong way round (left and right, or top and bottom, exchanged?)"
                                                           : "%s: its corners span no area", level);
        q->wrong = WRONG_ITSELF;
        return;
    }
    for (int k = 0; k < 4; k++) {
        const double three[6] = { r[2 * k], r[2 * k + 1], r[2 * ((k + 1) % 4)], r[2 * ((k + 1) % 4) + 1], r[2 * ((k + 2) % 4)],
            r[2 * ((k + 2) % 4) + 1] };
        bent |= polygon_area(three, 3) <= 0;
    }
    if (bent) faults_add(out, at, 1, "corner_order", "%s: one corner lies inside the triangle of the other three", level),
        q->wrong = WRONG_ITSELF;
    double across = ratio(length(r, r + 2), length(r + 4, r + 6)), down = ratio(length(r, r + 6), length(r + 2, r + 4));
    if (!bent && judge(out, at, SIDES, fmax(across, down), "%s: one side is %.1f times the opposite one", level, fmax(across, down)))
        q->wrong = WRONG_ITSELF;
}

static quad quad_of(const corners *c)
{
    static const int order[4] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL };
    quad q = { .c = c, .rank = level_rank(c->level) };
    for (int k = 0; k < 4; k++) {
        q.round[2 * k] = c->p[order[k]][0], q.round[2 * k + 1] = c->p[order[k]][1];
        q.x += c->p[k][0] / 4, q.y += c->p[k][1] / 4;
    }
    q.area = polygon_area(q.round, 4);
    q.height = (length(q.round, q.round + 6) + length(q.round + 2, q.round + 4)) / 2;
    return q;
}

/* ---- the chain ----------------------------------------------------------------------------------------------------------------- */

static int by_rank(const void *a, const void *b) { return ((const quad *)a)->rank - ((const quad *)b)->rank; }
static int by_value(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }

static double median(double *v, int n)
{
    if (!n) return NAN;
    qsort(v, (size_t)n, sizeof *v, by_value);
    return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

/* The direction from the head down: the component-wise median of the steps, so that a few vertebrae out of place do not turn it. */
static int spine_axis(const quad *q, int n, double axis[2])
{
    double *x = xalloc_n((size_t)n, sizeof *x), *y = xalloc_n((size_t)n, sizeof *y);
    for (int i = 0; i + 1 < n; i++) x[i] = q[i + 1].x - q[i].x, y[i] = q[i + 1].y - q[i].y;
    double mx = median(x, n - 1), my = median(y, n - 1), len = hypot(mx, my);
    free(x), free(y);
    if (!(len > 0)) return 0;
    axis[0] = mx / len, axis[1] = my / len;
    return 1;
}

/* The step from i - 1 to i per level between them. */
static double step(const quad *q, int i) { return hypot(q[i].x - q[i - 1].x, q[i].y - q[i - 1].y) / ((q[i].rank - q[i - 1].rank + 1) / 2); }

/* Median over up to three neighbours on each side of i, itself left out. */
static double around(const quad *q, int n, int i, double (*of)(const quad *, int), int first)
{
    double v[6];
    int m = 0;
    for (int k = i - 3; k <= i + 3; k++) if (k != i && k >= first && k < n) v[m++] = of(q, k);
    return m >= 2 ? median(v, m) : NAN;
}
static double area_at(const quad *q, int i) { return q[i].area; }

/* How far a quad is from a parallelogram, pixels. */
static double skew(const double tl[2], const double tr[2], const double bl[2], const double br[2])
{
    return hypot(tl[0] - tr[0] - bl[0] + br[0], tl[1] - tr[1] - bl[1] + br[1]);
}

/* The lower corner of a on one side and the upper one of b: how far the first lies below the second, in heights of a body, divided by what
 * putting them the other way round leaves of the two quads' skew. On the inside of a sharp curve bodies do touch, but keep their shape;
 * exchanged corners deform both, and putting them back mends both. */
static double interlock(const quad *a, const quad *b, int side)
{
    const double (*p)[2] = a->c->p, (*q)[2] = b->c->p, *low = p[side ? CORNER_BR : CORNER_BL], *high = q[side ? CORNER_TR : CORNER_TL];
    double len = hypot(b->x - a->x, b->y - a->y);
    double into = ((low[0] - high[0]) * (b->x - a->x) + (low[1] - high[1]) * (b->y - a->y)) / (len * (a->height + b->height) / 2);
    double now = skew(p[0], p[1], p[2], p[3]) + skew(q[0], q[1], q[2], q[3]);
    double mended = skew(p[0], p[1], side ? p[2] : high, side ? high : p[3]) + skew(side ? q[0] : low, side ? low : q[1], q[2], q[3]);
    return into / fmax(mended / fmax(now, 1e-9), 0.1);
}

/* Neighbours above and below: order, overlap, corners that interlock. */
static void check_pair(faults *out, int64_t at, quad *a, quad *b, const double axis[2])
{
    double along = (b->x - a->x) * axis[0] + (b->y - a->y) * axis[1];
    if (!(along > 0)) {
        faults_add(out, at, 1, "vertebra_order", "%s does not lie below %s (%.0f pixels %s)", b->c->level, a->c->level, fabs(along),
            along < 0 ? "above it" : "apart");
        b->wrong |= WRONG_PLACE;
        return;
    }
    if ((a->wrong | b->wrong) & WRONG_ITSELF) return;
    double share = polygon_common(a->round, 4, b->round, 4) / fmin(a->area, b->area);
    int bad = judge(out, at, OVERLAP, share, "%s and %s overlap by %.0f %% of the smaller one", a->c->level, b->c->level, 100 * share);
    for (int side = 0; side < 2 && !bad; side++) {
        double into = interlock(a, b, side);
        bad = judge(out, at, CHAIN, into, "%s's lower %s corner lies below %s's upper one (exchanged?)", a->c->level, side ? "right"
            : "left",
            b->c->level);
    }
}

static void check_place(faults *out, int64_t at, const quad *q, int n, int i)
{
    const char *level = q[i].c->level;
    if (i > 0) {
        double here = step(q, i), usual = around(q, n, i, step, 1);
        judge(out, at, STEP_SHORT, usual / fmax(here, 1e-9), "%s and %s lie on nearly the same place (%.0f pixels apart, the others %.0f)",
            q[i - 1].c->level, level, here, usual);
        judge(out, at, STEP_LONG, here / usual, "%s is %.1f times as far from %s as its neighbours are from each other", level,
            here / usual,
            q[i - 1].c->level);
    }
    double usual = around(q, n, i, area_at, 0), times = ratio(q[i].area, usual);
    judge(out, at, AREA, times, "%s is %.1f times %s than its neighbours", level, times, q[i].area > usual ? "larger" : "smaller");
    const quad *up = &q[i > 0 ? i - 1 : i], *down = &q[i + 1 < n ? i + 1 : i];
    double sx = down->x - up->x, sy = down->y - up->y, len = hypot(sx, sy);
    const double *r = q[i].round;
    double ax = r[4] + r[6] - r[0] - r[2], ay = r[5] + r[7] - r[1] - r[3];
    double tilt = atan2(fabs(ax * sy - ay * sx), ax * sx + ay * sy) * (180 / M_PI);
    judge(out, at, TILT, tilt, "%s is turned by %.0f degrees against the spine", level, tilt);
    if (up == &q[i] || down == &q[i]) return;
    double off = fabs((q[i].x - up->x) * sy - (q[i].y - up->y) * sx) / (len * len / 2);
    judge(out, at, OFFSET, off, "%s lies %.1f steps beside the line through its neighbours", level, off);
}

/* Discs are never as high as bodies. Where they are, the quads were drawn too low, on the discs, or on a part of each body. */
static void check_discs(faults *out, int64_t at, const quad *q, int n)
{
    double *v = xalloc_n((size_t)n, sizeof *v);
    int m = 0;
    for (int i = 1; i < n; i++) {
        const double *up = q[i - 1].round, *low = q[i].round;
        if (q[i].rank > q[i - 1].rank + 2) continue;
        v[m++] = hypot(low[0] + low[2] - up[4] - up[6], low[1] + low[3] - up[5] - up[7]) / (q[i - 1].height + q[i].height);
    }
    if (m >= 4) {
        const double high = median(v, m);
        judge(out, at, DISCS, high, "the discs are %.1f times as high as the bodies (are the corners on the discs?)", high);
    }
    free(v);
}

/* Quads in order of rank, all of known level, no rank twice. */
static void check_chain(faults *out, int64_t at, quad *q, int n)
{
    double axis[2];
    if (n < 2) return;
    if (!spine_axis(q, n, axis)) { faults_add(out, at, 1, "vertebra_order", "half of the vertebrae lie on the same place"); return; }
    if (axis[1] < STEEP) faults_add(out, at, 1, axis[1] < -STEEP ? "spine_upside_down" : "spine_sideways", "%s lies %s %s: %s",
        q[n - 1].c->level,
        axis[1] < -STEEP ? "above" : "beside", q[0].c->level, axis[1] < -STEEP ? "the spine runs upwards"
            : "the spine lies across the film");
    for (int i = 1; i < n; i++) {
        if (q[i].rank > q[i - 1].rank + 2) faults_add(out, at, 0, "level_missing", "no vertebra between %s and %s", q[i - 1].c->level,
            q[i].c->level);
        check_pair(out, at, &q[i - 1], &q[i], axis);
    }
    int m = 0;                                                   /* the sound ones move up; judged among themselves */
    for (int i = 0; i < n; i++) if (!q[i].wrong) q[m++] = q[i];
    for (int i = 0; i < m && m >= 4; i++) check_place(out, at, q, m, i);
    check_discs(out, at, q, m);
}

void check_corners(faults *out, int64_t at, const corners *c, int n, int64_t h, int64_t w)
{
    quad *q = xalloc_n((size_t)n, sizeof *q);
    int m = 0, k = 0;
    for (int i = 0; i < n; i++) {
        q[m] = quad_of(&c[i]);
        check_inside(out, at, &q[m], h, w);
        if (!q[m].wrong) check_shape(out, at, &q[m]);
        if (!q[m].rank) faults_add(out, at, 0, "level_unknown", "'%s' is not the name of a vertebra", c[i].level);
        m += q[m].rank && isfinite(q[m].x) && isfinite(q[m].y);
    }
    if (m) qsort(q, (size_t)m, sizeof *q, by_rank);
    for (int i = 0; i < m; i++) {
        if (k && q[i].rank == q[k - 1].rank) faults_add(out, at, 1, "level_twice", "%s stands twice", q[i].c->level);
        else q[k++] = q[i];
    }
    check_chain(out, at, q, k);
    free(q);
}
