/* telea.c - see telea.h.
 *
 * A front starts at the border of the hole and moves inwards at speed 1: the pixel with the least time of arrival is next (a heap), and its
 * neighbours get theirs from |grad T| = 1. A pixel that gets its time gets its grey as well: the mean of what known neighbours say it is,
 * each by its own grey and gradient, those before it along the front's way weighing most. Outside the hole times are negative, by the same
 * march outwards. What the paper does not have: gradients count as far as they agree with each other. On a grainy film they are mostly
 * grain, which would swell where it is carried inwards from pixel to pixel. The trap is ties: order among equal times is by place. */
#include "eval/telea.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNKNOWN, FRONT, KNOWN };

typedef struct { double t; int64_t at; } event;
typedef struct { event *e; int64_t n; } heap;

typedef struct field {
    int64_t h, w;
    uint8_t *state;
    double *t;                           /* time of arrival; of UNKNOWN pixels nothing */
    heap front;
} field;

static int before(event a, event b) { return a.t < b.t || (a.t == b.t && a.at < b.at); }

static void push(heap *q, event e)
{
    if ((q->n & (q->n + 1)) == 0) q->e = xgrow(q->e, (size_t)(2 * (q->n + 1)) * sizeof *q->e);
    int64_t i = q->n++;
    for (; i && before(e, q->e[(i - 1) / 2]); i = (i - 1) / 2) q->e[i] = q->e[(i - 1) / 2];
    q->e[i] = e;
}

static event pop(heap *q)
{
    const event first = q->e[0], last = q->e[--q->n];
    int64_t i = 0;
    for (int64_t c; (c = 2 * i + 1) < q->n; i = c) {
        if (c + 1 < q->n && before(q->e[c + 1], q->e[c])) c++;
        if (!before(q->e[c], last)) break;
        q->e[i] = q->e[c];
    }
    q->e[i] = last;
    return first;
}

/* The neighbour to the left, right, above or below, or -1 */
static int64_t beside(const field *f, int64_t at, int side)
{
    static const int dx[4] = { -1, 1, 0, 0 }, dy[4] = { 0, 0, -1, 1 };
    const int64_t y = at / f->w + dy[side], x = at % f->w + dx[side];
    return x < 0 || y < 0 || x >= f->w || y >= f->h ? -1 : y * f->w + x;
}

/* Arrival by one neighbour along rows and one along columns: |grad T| = 1, upwind. */
static double arrival(const field *f, int64_t at)
{
    double least[2] = { INFINITY, INFINITY };
    for (int side = 0; side < 4; side++) {
        const int64_t q = beside(f, at, side);
        if (q >= 0 && f->state[q] == KNOWN && f->t[q] < least[side / 2]) least[side / 2] = f->t[q];
    }
    const double a = fmin(least[0], least[1]), b = fmax(least[0], least[1]);
    return b - a < 1 ? (a + b + sqrt(2 - (b - a) * (b - a))) / 2 : a + 1;
}

/* FRONT where a pixel that is not inside touches one that is; their time is 0. */
static void start(field *f, const uint8_t *inside)
{
    for (int64_t i = 0; i < f->h * f->w; i++) {
        f->state[i] = inside[i] ? UNKNOWN : KNOWN;
        for (int side = 0; side < 4 && !inside[i]; side++) {
            const int64_t q = beside(f, i, side);
            if (q < 0 || !inside[q]) continue;
            f->state[i] = FRONT;
            push(&f->front, (event){ 0, i });
            break;
        }
    }
}

/* ---- greys --------------------------------------------------------------------------------------------------------------------------- */

/* The slope of v at `at` along rows (side 0) or columns (side 2), between what is known */
#define SLOPE(name, type) \
static double name(const field *f, const type *v, int64_t at, int side) \
{ \
    const int64_t a = beside(f, at, side), b = beside(f, at, side + 1); \
    const int p = a >= 0 && f->state[a] != UNKNOWN, q = b >= 0 && f->state[b] != UNKNOWN; \
    if (p && q) return ((double)v[b] - (double)v[a]) / 2; \
    return p ? (double)v[at] - (double)v[a] : q ? (double)v[b] - (double)v[at] : 0; \
}
SLOPE(slope_of_grey, float)
SLOPE(slope_of_time, double)

/* The grey of pixel `at`, whose time is known; its state is still UNKNOWN, or slopes beside it would take in what it held before. */
static float grey(const field *f, const float *a, int64_t at, int radius)
{
    const int64_t y = at / f->w, x = at % f->w;
    const double tx = slope_of_time(f, f->t, at, 0), ty = slope_of_time(f, f->t, at, 2);
    double sum = 0, rise = 0, weight = 0, gx = 0, gy = 0, gg = 0;
    for (int64_t j = y - radius; j <= y + radius; j++)
        for (int64_t i = x - radius; i <= x + radius; i++) {
            const double ry = (double)(y - j), rx = (double)(x - i), r2 = rx * rx + ry * ry;
            if (j < 0 || i < 0 || j >= f->h || i >= f->w || r2 > (double)radius * radius || r2 == 0) continue;
            const int64_t q = j * f->w + i;
            if (f->state[q] == UNKNOWN) continue;
            const double along = fmax(fabs(rx * tx + ry * ty) / sqrt(r2), 1e-6), level = 1 / (1 + fabs(f->t[q] - f->t[at]));
            const double u = along * level / r2;
            const double sx = slope_of_grey(f, a, q, 0), sy = slope_of_grey(f, a, q, 2);
            sum += u * (double)a[q], weight += u, rise += u * (sx * rx + sy * ry);
            gx += u * sx, gy += u * sy, gg += u * (sx * sx + sy * sy);
        }
    const double agree = gg > 0 ? (gx * gx + gy * gy) / (weight * gg) : 0;       /* 1: all slopes are one; near 0: they are noise */
    return (float)((sum + agree * agree * rise) / weight);
}

/* Lets the front run to its end, or as far as `limit`. a: greys are made, or NULL. */
static void march(field *f, double limit, float *a, int radius)
{
    while (f->front.n) {
        const event e = pop(&f->front);
        if (e.t > limit) break;
        if (f->state[e.at] == KNOWN) continue;
        f->state[e.at] = KNOWN, f->t[e.at] = e.t;
        for (int side = 0; side < 4; side++) {
            const int64_t q = beside(f, e.at, side);
            if (q < 0 || f->state[q] == KNOWN) continue;
            const double t = arrival(f, q);
            if (f->state[q] == FRONT && t >= f->t[q]) continue;
            f->t[q] = t;
            if (f->state[q] == UNKNOWN && a) a[q] = grey(f, a, q, radius);
            f->state[q] = FRONT;
            push(&f->front, (event){ t, q });
        }
    }
    f->front.n = 0;
}

/* Times outside the hole as far as greys are looked at, negative: the march from the hole's side of the border. */
static void times_outside(field *f, const uint8_t *mask, int radius)
{
    const int64_t n = f->h * f->w;
    uint8_t *outside = xalloc((size_t)n);
    for (int64_t i = 0; i < n; i++) outside[i] = !mask[i];
    start(f, outside);
    march(f, 2.0 * radius, NULL, 0);
    for (int64_t i = 0; i < n; i++) f->t[i] = outside[i] ? (f->state[i] == KNOWN ? 1 - f->t[i] : -2.0 * radius) : 0;
    free(outside);
}

void telea(float *a, int64_t h, int64_t w, const uint8_t *mask, int radius)
{
    const int64_t n = h * w;
    field f = { .h = h, .w = w, .state = xalloc((size_t)n), .t = xalloc_n((size_t)n, sizeof *f.t) };
    times_outside(&f, mask, radius);
    start(&f, mask);
    march(&f, INFINITY, a, radius);
    free(f.state), free(f.t), free(f.front.e);
}
