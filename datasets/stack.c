/* stack.c - films of a stack of bodies; see stack.h. The midline is a straight line plus two sine waves; each body is a rectangle
 * square to it with its corners moved a little; the picture adds a soft-tissue band, slanting stripes that cross the bodies (so that
 * brightness alone cannot tell them), a gradient, blur and noise. */
#include "datasets/stack.h"
#include "base/die.h"
#include "base/rng.h"
#include "geometry/polygon.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { double lean, a1, p1, a2, p2, top, pitch, width, height; } spine;        /* film heights; phases in radians */

static double draw(uint64_t seed, uint32_t i, uint64_t k, double lo, double hi)
{
    return rng_range(rng_draw(seed, RNG_FILM, 0, i, k).v[0], lo, hi);
}

static spine spine_of(uint64_t seed, uint32_t i)
{
    double size = draw(seed, i, 0, 0.85, 1.05);
    return (spine){ .lean = draw(seed, i, 1, -0.06, 0.06), .a1 = draw(seed, i, 2, -0.05, 0.05), .p1 = draw(seed, i, 3, 0, 6.28),
                    .a2 = draw(seed, i, 4, -0.02, 0.02), .p2 = draw(seed, i, 5, 0, 6.28), .top = draw(seed, i, 6, 0.06, 0.12),
                    .pitch = 0.068 * size, .width = 0.115 * size, .height = 0.048 * size };
}

/* The midline's sideways offset at height y (film heights from the top), and its slope. */
static double bend(const spine *s, double y) { return s->lean * y + s->a1 * sin(6.28 * y + s->p1) + s->a2 * sin(12.57 * y + s->p2); }
static double slope(const spine *s, double y) { return s->lean + 6.28 * s->a1 * cos(6.28 * y + s->p1) + 12.57 * s->a2 * cos(12.57 * y + s->p2); }

static corners body(const spine *s, uint64_t seed, uint32_t i, int k, int64_t h, int64_t w)
{
    static const double side[4][2] = { { -1, -1 }, { 1, -1 }, { -1, 1 }, { 1, 1 } };      /* TL TR BL BR */
    corners c = { .level = "" };
    double y = s->top + (k + 0.5) * s->pitch, a = atan(slope(s, y)), H = (double)h, grow = 0.7 + 0.5 * k / STACK_BODIES;
    double cx = 0.5 * (double)w + H * bend(s, y), cy = H * y;
    snprintf(c.level, sizeof c.level, k < 7 ? "T%d" : "L%d", k < 7 ? k + 6 : k - 6);
    for (int q = 0; q < 4; q++) {
        double u = side[q][0] * 0.5 * s->width * grow * H, v = side[q][1] * 0.5 * s->height * H;
        u += H * draw(seed, i, 100 + 8 * (uint64_t)k + (uint64_t)q, -0.003, 0.003);
        v += H * draw(seed, i, 104 + 8 * (uint64_t)k + (uint64_t)q, -0.003, 0.003);
        c.p[q][0] = cx + u * cos(a) + v * sin(a), c.p[q][1] = cy - u * sin(a) + v * cos(a);
    }
    return c;
}

static double clamp01(double v) { return v < 0 ? 0 : v > 1 ? 1 : v; }

static void picture(const spine *s, uint64_t seed, uint32_t i, const uint8_t *mask, image *film)
{
    double stripe = draw(seed, i, 7, 0.25, 0.6), phase = draw(seed, i, 8, 0, 6.28), gain = draw(seed, i, 9, 0.7, 1.1);
    double bone = draw(seed, i, 10, 0.12, 0.22);
    double noise = draw(seed, i, 11, 0.02, 0.05), H = (double)film->h;
    for (int64_t y = 0; y < film->h; y++)
        for (int64_t x = 0; x < film->w; x++) {
            int64_t at = y * film->w + x;
            double v = (double)y / H, u = ((double)x - 0.5 * (double)film->w) / H - bend(s, v), soft = 0;
            for (int q = 0; q < 9; q++) {                      /* the body's edge, softened over 3 x 3 pixels */
                int64_t yy = y + q / 3 - 1, xx = x + q % 3 - 1;
                if (yy >= 0 && yy < film->h && xx >= 0 && xx < film->w) soft += mask[yy * film->w + xx] / 9.0;
            }
            rng4 r = rng_draw(seed, RNG_NOISE, 0, i, (uint64_t)at);
            double g = 0.18 + 0.22 * exp(-u * u / 0.03) + 0.08 * v + bone * soft;
            g += 0.07 * fmax(0, sin(60 * (v + stripe * fabs(u)) + phase) - 0.6) + noise * rng_normal(r.v[0], r.v[1]);
            ((uint8_t *)film->p)[at] = (uint8_t)lround(255 * clamp01(gain * g));
        }
}

stack_film stack_make(uint64_t seed, uint32_t i, int64_t h, int64_t w)
{
    stack_film f = { .film = image_new(h, w, 8), .mask = xalloc_n((size_t)h, (size_t)w) };
    spine s = spine_of(seed, i);
    for (int k = 0; k < STACK_BODIES; k++) {
        corners *c = &f.body[k];
        *c = body(&s, seed, i, k, h, w);
        double quad[8] = { c->p[CORNER_TL][0], c->p[CORNER_TL][1], c->p[CORNER_TR][0], c->p[CORNER_TR][1],
                           c->p[CORNER_BR][0], c->p[CORNER_BR][1], c->p[CORNER_BL][0], c->p[CORNER_BL][1] };
        polygon_fill(quad, 4, f.mask, h, w, 1);
    }
    picture(&s, seed, i, f.mask, &f.film);
    return f;
}

void stack_free(stack_film *f)
{
    image_free(&f->film);
    free(f->mask);
}
