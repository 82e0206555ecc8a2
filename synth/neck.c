/* neck.c - dens, atlas and skull base from one template (mm, tip of the dens = origin, x anterior, up); see parts.h. The dens stands on C2
 * and carries the
 * atlas, and the skull is turned about its condyles until its McGregor line looks where the patient looks. */
#include "synth/parts.h"
#include "synth/plane.h"
#include <string.h>

typedef struct frame { double origin[2], slope, scale; } frame;

static void put(double out[2], const frame *f, double x, double up) { plane_at(out, f->origin, f->slope, f->scale * x, f->scale * up); }

static void mark(anatomy *a, int point, const frame *f, double x, double up) { put(a->point[point], f, x, up), a->point_there[point] = 1; }

/* The label of C2 is body and dens in one outline. */
static void dens(anatomy *a, const frame *f, draws *d)
{
    vertebra *c2 = &a->v[GEO_C2];
    double radius = draws_range(d, 4.9, 5.6), local[64][2], out[256][2];
    int n = 0, m = 0;
    mark(a, GEO_DENS_TIP, f, 0, 0), mark(a, GEO_DENS_ANT_SUP, f, radius - 0.2, -4), mark(a, GEO_DENS_ANT_INF, f, radius + 0.2, -16);
    mark(a, GEO_DENS_POST_SUP, f, -radius + 0.2, -4), mark(a, GEO_DENS_POST_INF, f, -radius - 0.2, -16);
    local[n][0] = -radius - 0.2, local[n++][1] = -18.5;
    local[n][0] = -radius - 0.2, local[n++][1] = -16;
    for (int i = 0; i <= 16; i++, n++) {                                   /* from the posterior to the anterior cortex over the tip */
        double t = 0.5 * TURN * i / 16;
        local[n][0] = -(radius - 0.2) * cos(t), local[n][1] = -4 + 4 * pow(sin(t), 0.8);
    }
    local[n][0] = radius + 0.2, local[n++][1] = -16;
    local[n][0] = radius + 0.2, local[n++][1] = -18.5;
    for (int i = 0; i < n; i++) local[i][0] *= f->scale, local[i][1] *= f->scale;
    solid *s = parts_add(a, PART_DENS, GEO_C2, f->origin, f->slope, (const double (*)[2])local, n, f->scale * 5.5);
    s->shell_mm = 1, s->power[0] = 2, s->texture = 0.03;
    /* SP, dens, SA, then the body's outline from SA on (its superior side and rim are left out) */
    memcpy(out[m++], c2->corner[SP], sizeof out[0]);
    for (int i = 0; i < n; i++) put(out[m++], &(frame){ { f->origin[0], f->origin[1] }, f->slope, 1 }, local[i][0], local[i][1]);
    memcpy(out[m++], c2->corner[SA], sizeof out[0]);
    for (int i = 0; i < c2->n; i++) {
        const double *p = c2->outline[i], u = plane_distance(p, c2->corner[IA]) + plane_distance(p, c2->corner[IP]);
        if (i > 24 && i < c2->n - 4 && u > 0) memcpy(out[m++], p, sizeof out[0]);
    }
    solid *whole = solids_add(&a->solids, PART_OTHER, 0, (const double (*)[2])out, m);
    c2->outline = whole->outline, c2->n = m;
    a->solids.n--;                                                         /* only its outline was wanted */
}

static void atlas(anatomy *a, const frame *f, draws *d)
{
    double adi = fmin(2.6, fmax(0.4, draws_normal(d, 1.3, 0.4))), sac = draws_range(d, 17, 22), rx[2], ry[2];
    const double front = 5.4 + adi / f->scale, back = -5.4 - sac / f->scale, c[2][2] = { { front, -9 }, { back, -10 } };
    rx[0] = draws_range(d, 3.0, 3.9), ry[0] = draws_range(d, 4.8, 6), rx[1] = draws_range(d, 3.5, 4.5), ry[1] = draws_range(d, 4.2, 5.6);
    mark(a, GEO_C1_ANT_ARCH_POST, f, c[0][0], c[0][1]), mark(a, GEO_C1_POST_ARCH_ANT, f, c[1][0], c[1][1]);
    a->v[GEO_C1].there = 1;
    for (int k = 0; k < 2; k++) {
        double at[2];
        put(at, f, c[k][0] + (k ? -rx[1] : rx[0]), c[k][1]);
        solid *s = parts_ellipse(a, PART_ARCH, GEO_C1, at, f->slope, f->scale * rx[k], f->scale * ry[k], 9);
        s->shell_mm = 0.9, s->power[1] = 0;
        memcpy(a->arch[k], (double[4]){ at[0], at[1], f->scale * rx[k], f->scale * ry[k] }, sizeof a->arch[k]);
        a->arch_slope = f->slope;
    }
    static const double mass[8][2] = { { 5, -3 }, { 1, -2 }, { -9, -4 }, { -22, -6 }, { -24, -11 }, { -14, -12 }, { -4, -17 }, { 5, -16 } };
    parts_add(a, PART_LAMINA, GEO_C1, f->origin, f->slope, mass, 8, 6)->shell_mm = 0.7;        /* lateral masses and the arch's limbs */
}

/* A band of bone along a curve: outer side out, inner side back. */
static void band(anatomy *a, enum part part, const frame *f, const double (*line)[2], int n, double thick, double half, double density)
{
    double local[64][2];
    for (int i = 0; i < n; i++) {
        const double *p = line[i > 0 ? i - 1 : 0], *q = line[i < n - 1 ? i + 1 : i], l = plane_distance(p, q);
        double nx = -(q[1] - p[1]) / l, ny = (q[0] - p[0]) / l;
        for (int k = 0; k < 2; k++) {
            double *out = local[k ? 2 * n - 1 - i : i], w = (k ? -0.5 : 0.5) * thick;
            out[0] = f->scale * line[i][0] + w * nx, out[1] = f->scale * line[i][1] + w * ny;
        }
    }
    solid *s = parts_add(a, part, 0, f->origin, f->slope, (const double (*)[2])local, 2 * n, half);
    s->shell_mm = 0.4, s->density = density;
}

static void skull(anatomy *a, const frame *f, draws *d)
{
    double jx = draws_normal(d, 0, 0.8), foramen = draws_normal(d, 37, 3) - 37, palate = draws_range(d, 47, 55);
    mark(a, GEO_BASION, f, 3 + jx, 6.5), mark(a, GEO_OPISTHION, f, -34 + jx - foramen, 1.5), mark(a, GEO_OCCIPUT_LOW, f,
        -42 + jx - foramen, -2);
    mark(a, GEO_HARD_PALATE, f, palate, 2.5);
    double b = 3 + jx;
    const double clivus[5][2] = { { b, 7.5 }, { b + 5, 14 }, { b + 11, 22 }, { b + 17, 30 }, { b + 24, 38 } };
    band(a, PART_SKULL, f, clivus, 5, 9, 8, 0.7);
    const double o = -34 + jx - foramen;                                   /* the occiput's scale: the opisthion is where it ends */
    const double scale[5][2] = { { o - 1.5, 3.4 }, { o - 8, 0.8 }, { o - 18, 1.6 }, { o - 30, 7 }, { o - 42, 17 } };
    band(a, PART_SKULL, f, scale, 5, 5, 15, 1.1);
    const double roof[6][2] = { { palate, 2.5 }, { palate + 8, 4.2 }, { palate + 20, 4.4 }, { palate + 32, 3.6 }, { palate + 40, 1.4 },
        { palate + 44, -3 } };
    band(a, PART_PALATE, f, roof, 6, 3.6, 16, 0.7);
    put(a->skull, f, -3, 71), a->skull_radius = 80 * f->scale;
}

void parts_neck(anatomy *a, draws *d)
{
    const vertebra *c2 = &a->v[GEO_C2];
    double slope = plane_slope(c2->corner[SA], c2->corner[SP]), middle[2], tilt = draws_range(d, -4, 10), look = draws_normal(d, 2, 6);
    plane_mix(middle, c2->corner[SA], c2->corner[SP], 0.5);
    frame f = { .slope = slope - tilt, .scale = 0.5 + 0.5 * a->person.size };
    plane_at(f.origin, middle, f.slope, 0, 18 * f.scale);
    memcpy(a->point[GEO_C2_POST_SUP], c2->corner[SP], sizeof middle), memcpy(a->point[GEO_C2_POST_INF], c2->corner[IP], sizeof middle);
    a->point_there[GEO_C2_POST_SUP] = a->point_there[GEO_C2_POST_INF] = 1;
    dens(a, &f, d);
    /* The template's McGregor line rises forwards by 2.7 degrees. */
    double inf = plane_slope(c2->corner[IA], c2->corner[IP]), wanted = fmin(inf + 5, fmax(inf - 38, look)), turn = wanted + 2.7 - f.slope,
        pivot[2];
    put(pivot, &f, -3, 1);
    frame c0 = f;
    c0.slope += turn, plane_turn(c0.origin, pivot, turn);
    for (int k = 0; k < 2; k++) c0.origin[k] += draws_normal(d, 0, 0.9);
    atlas(a, &f, d), skull(a, &c0, d);
}
