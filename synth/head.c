/* head.c - lateral films: skull, jaw, teeth, hyoid bone and the airway down to the windpipe's fork. */
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>

#define LENGTH(t) ((int)(sizeof(t) / sizeof *(t)))

static void line(const scene *s, const double (*path)[2], int n, double z, const double *radius, double stretch, enum material core,
    enum material shell,
                 double shell_mm, double gain)
{
    tube t = { .n = n };
    for (int i = 0; i < n; i++) {
        scene_place(s, path[i][0], path[i][1], t.p[i]);
        scene_project(s, t.p[i], z, t.p[i]);
        t.radius[i] = radius[i] * s->size, t.stretch[i] = stretch;
    }
    shape_tube(s->m, core, shell, &t, shell_mm, gain);
}

/* The brain's case from the side, mm forwards and up of the dens' tip as the template of neck.c has it: from the back of the head over the
 * top to the root of the nose, and back along the base. Centre of the skull and basion stand there at (-3, 71) and (3, 6.5), as in neck.c,
 * which tells how it is turned. */
static const double vault[SHAPE_CORNERS][2] = { { -93, 36 }, { -98, 60 }, { -92, 100 }, { -62, 132 }, { -15, 147 }, { 35, 138 },
    { 72, 108 }, { 86, 72 }, { 84, 42 }, { 66, 33 },
    { 40, 40 }, { 24, 34 }, { 3, 9 }, { -32, 1 }, { -60, -2 }, { -80, 14 } };

static void skull(const scene *s, draws *d)
{
    const double *c = s->a->skull, *b = s->a->point[GEO_BASION], up[2] = { c[0] - b[0], c[1] - b[1] }, square = 6 * 6 + 64.5 * 64.5;
    const double k = (-6 * up[0] - 64.5 * up[1]) / square, turn = (64.5 * up[0] - 6 * up[1]) / square;     /* (-6, 64.5) up goes to up */
    double face[2], p[SHAPE_CORNERS][2];
    if (s->a->skull_radius <= 0) return;
    for (int i = 0; i < SHAPE_CORNERS; i++) {
        const double x = vault[i][0] + 3, y = vault[i][1] - 71;
        p[i][0] = c[0] + k * x + turn * y, p[i][1] = c[1] + turn * x - k * y;
    }
    const double r = s->a->skull_radius;
    shape_plate(s->m, MATERIAL_SOFT, (const double (*)[2])p, SHAPE_CORNERS, 62, draws_range(d, 10, 18), 3);
    shape_haze(s->m, MATERIAL_SOFT, (ball){ { c[0] + k * -8 + turn * 12, c[1] + turn * -8 - k * 12 }, r * 1.25, r * 1.05, 0, 75 });
    scene_place(s, 1.3, 60, face);
    shape_haze(s->m, MATERIAL_SOFT, (ball){ { face[0], face[1] - 14 }, 58, 72, 0.2, 115 });
    for (int i = 0; i < 5; i++)                                /* the skull's base and the mastoids: dense, without form */
        shape_haze(s->m, MATERIAL_CORTICAL, (ball){ { c[0] + r * draws_range(d, -0.35, 0.8), c[1] + r * draws_range(d, 0.3, 0.6) },
            draws_range(d, 9, 22), draws_range(d, 6, 13),
                                              draws_range(d, -0.8, 0.8), draws_range(d, 6, 14) });
}

static void jaw(const scene *s, draws *d, int side)
{
    static const double path[7][2] = { { 0.6, 24 }, { 1.6, 27 }, { 2.6, 33 }, { 3.0, 46 }, { 3.25, 64 }, { 3.4, 80 }, { 3.3, 90 } };
    static const double radius[7] = { 7, 9, 10, 9, 8.5, 8.5, 7 };
    double p[7][2];
    const double open = draws_normal(d, 0, 0.12), ahead = draws_normal(d, 0, 2);
    for (int i = 0; i < 7; i++) p[i][0] = path[i][0] + open * i / 3, p[i][1] = path[i][1] + ahead;
    line(s, (const double (*)[2])p, 7, side * 42, radius, 0.7, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, 1.6, 0.8);
    for (int i = 0; i < 8; i++) {                              /* teeth: lower and upper row */
        double q[2];
        if (draws_chance(d, 0.2)) continue;
        scene_place(s, 2.55 + (i % 2 ? -0.75 : 0.1), 50 + 9.5 * (i / 2), q);
        scene_project(s, q, side * 30, q);
        shape_ball(s->m, MATERIAL_CORTICAL, (ball){ { q[0], q[1] }, 3.8, 7.5, 0, draws_range(d, 7, 13) });
        if (draws_chance(d, 0.12)) shape_ball(s->m, MATERIAL_STEEL, (ball){ { q[0], q[1] + (i % 2 ? 5 : -5) }, 3.5, 2.5, 0, 2 });
    }
}

/* The airway's middle before the spine, and its radius. */
static const double airway[][2] = { { 0.3, 26 }, { 1.4, 21 }, { 2.6, 19 }, { 3.6, 20 }, { 4.6, 23 }, { 5.4, 28 }, { 6.2, 32 }, { 7, 34 },
    { 8, 36 }, { 9, 39 }, { 10, 42 },
    { 11, 43 }, { 11.8, 42 }, { 12.6, 41 } };
static const double calibre[] = { 7, 7, 6.5, 6.5, 7.5, 6, 6.5, 7.5, 8, 8, 8, 8.5, 7, 2 };

void scene_head(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_HEAD);
    static const double hyoid[3][2] = { { 4.1, 38 }, { 4.3, 48 }, { 4.25, 56 } };
    static const double thin[3] = { 2.2, 2.6, 3 };
    skull(s, &d);
    for (int side = -1; side <= 1; side += 2) jaw(s, &d, side),
        line(s, hyoid, 3, side * 18, thin, 1.4, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, 0.9, 0.7);
    line(s, airway, LENGTH(airway), 0, calibre, draws_range(&d, 1.1, 1.6), MATERIAL_SOFT, MATERIAL_SOFT, 0, -1);
}
