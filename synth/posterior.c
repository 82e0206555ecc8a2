/* posterior.c - pedicles, joints, laminae and spinous processes from templates by region; see parts.h. They are drawn, never labelled.
 *
 * A template's points are relative to the posterior wall: first backwards in depths of the inferior plate, then downwards from its upper
 * end in
 * heights of the wall. */
#include "synth/parts.h"
#include "synth/plane.h"
#include <string.h>

enum { CERVICAL, THORACIC, LUMBAR, REGIONS_OF_BODIES };
/* half: thickness along the beam on either side, both sides together */
typedef struct form { enum part part; int n; double half; double p[10][2]; } form;

enum { FORMS = 7 };
static const form forms[REGIONS_OF_BODIES][FORMS] = {
    { { PART_PEDICLE, 4, 5, { { -0.05, 0.12 }, { 0.35, 0.10 }, { 0.35, 0.72 }, { -0.05, 0.66 } } },
      { PART_FACET, 6, 11, { { 0.12, -0.15 }, { 0.55, -0.42 }, { 0.92, 0.10 }, { 1.02, 1.12 }, { 0.62, 1.18 }, { 0.20, 0.75 } } },
      { PART_LAMINA, 4, 7, { { 0.80, 0.20 }, { 1.20, 0.35 }, { 1.28, 1.15 }, { 0.90, 1.00 } } },
      { PART_SPINOUS, 6, 4, { { 1.15, 0.35 }, { 1.90, 0.75 }, { 2.55, 1.20 }, { 2.45, 1.75 }, { 1.90, 1.55 }, { 1.20, 1.10 } } } },
    { { PART_PEDICLE, 4, 5.5, { { -0.05, 0.02 }, { 0.38, 0.00 }, { 0.38, 0.60 }, { -0.05, 0.62 } } },
      { PART_FACET, 6, 9, { { 0.28, -0.30 }, { 0.46, -0.34 }, { 0.58, 0.35 }, { 0.62, 1.05 }, { 0.42, 1.08 }, { 0.34, 0.55 } } },
      { PART_TRANSVERSE, 5, 12, { { 0.30, 0.10 }, { 0.75, -0.10 }, { 0.92, 0.12 }, { 0.80, 0.42 }, { 0.36, 0.50 } } },
      { PART_SPINOUS, 6, 3.5, { { 0.58, 0.30 }, { 0.95, 0.85 }, { 1.45, 1.75 }, { 1.30, 2.05 }, { 0.85, 1.55 }, { 0.56, 0.95 } } } },
    { { PART_PEDICLE, 4, 8, { { -0.04, 0.05 }, { 0.27, 0.08 }, { 0.27, 0.62 }, { -0.04, 0.64 } } },
      { PART_FACET, 10, 11, { { 0.22, 0.10 }, { 0.30, -0.36 }, { 0.46, -0.34 }, { 0.48, 0.10 }, { 0.50, 0.60 }, { 0.66, 1.20 }, { 0.62,
          1.42 }, { 0.44, 1.36 },
        { 0.36, 0.90 }, { 0.26, 0.60 } } },
      { PART_LAMINA, 4, 8, { { 0.46, 0.25 }, { 0.74, 0.42 }, { 0.72, 1.12 }, { 0.50, 1.05 } } },
      { PART_SPINOUS, 7, 3.5, { { 0.70, 0.42 }, { 1.10, 0.40 }, { 1.48, 0.52 }, { 1.56, 1.10 }, { 1.40, 1.32 }, { 1.05, 1.22 }, { 0.70,
          1.08 } } },
      /* end-on, both behind one another; the joints' dense sides; the narrow part between them */
      { PART_TRANSVERSE, 7, 15, { { 0.08, 0.16 }, { 0.22, 0.06 }, { 0.40, 0.14 }, { 0.48, 0.40 }, { 0.42, 0.62 }, { 0.26, 0.62 }, { 0.14, 0.42 } } },
      { PART_FACET, 6, 15, { { 0.33, -0.40 }, { 0.42, -0.42 }, { 0.52, -0.10 }, { 0.58, 0.24 }, { 0.50, 0.26 }, { 0.40, -0.08 } } },
      { PART_LAMINA, 6, 14, { { 0.34, 0.34 }, { 0.46, 0.34 }, { 0.58, 0.80 }, { 0.66, 1.24 }, { 0.54, 1.22 }, { 0.44, 0.82 } } } },
};

static int region_of(int level) { return level <= GEO_C7 ? CERVICAL : level <= GEO_T12 ? THORACIC : LUMBAR; }

/* Between two regions the form changes over three levels: T11, T12 look lumbar, C7, T1 like one another. */
static double spinous_slope(int level)
{
    static const double down[LEVEL_SLOTS] = { [GEO_C2] = 12, [GEO_C3] = 0, [GEO_T4] = 6, [GEO_T5] = 12, [GEO_T6] = 14, [GEO_T7] = 14,
        [GEO_T8] = 10, [GEO_T11] = -14, [GEO_T12] = -22 };
    return down[level];
}

static void element(anatomy *a, int level, const form *f, double stretch, draws *d)
{
    const vertebra *v = &a->v[level];
    const double height = plane_distance(v->corner[SP], v->corner[IP]), depth = plane_distance(v->corner[IA], v->corner[IP]);
    const double wall = plane_slope(v->corner[SP], v->corner[IP]) + 90, turn = f->part == PART_SPINOUS ? spinous_slope(level) : 0;
    double p[10][2], base[2];
    for (int i = 0; i < f->n; i++) {
        const double jitter = 0.03, x = f->p[i][0] * (f->p[i][0] > 0.6 ? stretch : 1) + (i ? draws_normal(d, 0, jitter) : 0),
            y = f->p[i][1] + draws_normal(d, 0, jitter);
        p[i][0] = -depth * x, p[i][1] = -height * y;
        if (i == 0) memcpy(base, p[0], sizeof base);
        if (turn != 0) plane_turn(p[i], base, turn);
    }
    solid *s = parts_add(a, f->part, level, v->corner[SP], wall, (const double (*)[2])p, f->n, f->half);
    s->shell_mm = f->part == PART_PEDICLE ? 0.4 : f->part == PART_SPINOUS ? 0.35 : draws_range(d, 0.05, 0.35), s->texture = draws_range(d, 0.05, 0.25), s->power[0] = f->part == PART_PEDICLE ? 0 : 4, s->power[1] = 4;
    s->density = draws_range(d, 0.75, 1) * a->bone.behind;
    s->shear[0] = tan(DEGREE * v->rotation), s->shear[1] = tan(DEGREE * v->bend);
}

void parts_posterior(anatomy *a, draws *d)
{
    for (int k = 0; k < a->n; k++) {
        int level = a->chain[k];
        vertebra *v = &a->v[level];
        const form *f = forms[region_of(level)];
        const double stretch = (level == GEO_C2 || level == GEO_C7 ? 1.15 : level >= GEO_C3 && level <= GEO_C5 ? 0.8 : 1) * draws_range(d,
            0.9, 1.1);
        for (int i = 0; i < FORMS && f[i].n; i++) if (!(level == GEO_C2 && i == 1)) element(a, level, &f[i], stretch, d);
        const double height = plane_distance(v->corner[SP], v->corner[IP]), depth = plane_distance(v->corner[IA], v->corner[IP]);
        const double wall = plane_slope(v->corner[SP], v->corner[IP]) + 90, reach = 0.3;
        plane_at(v->pedicle[0], v->corner[SP], wall, 0, -0.34 * height), plane_at(v->pedicle[1], v->corner[SP], wall, -reach * depth,
            -0.34 * height);
    }
}
