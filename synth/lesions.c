/* lesions.c - see lesions.h. Chances by age after cohort studies in orders of magnitude only; films of phantoms say nothing about
 * prevalence. */
#include "synth/lesions.h"
#include "synth/plane.h"
#include <string.h>

static double clamp(double v, double lo, double hi) { return v < lo ? lo : v > hi ? hi : v; }

/* Genant's grade of the largest loss (Genant 1993). */
static int grade_of(double loss) { return loss < 0.20 ? 0 : loss < 0.25 ? 1 : loss < 0.40 ? 2 : 3; }

static void fracture_draw(vertebra *v, lesion *f, draws *d)
{
    double u = draws_u01(d), where = draws_u01(d), fa = 1, fm = 1, fp = 1;
    if (u < 0.6) v->fracture = FRACTURE_WEDGE, fa = draws_range(d, 0.5, 0.8), fp = draws_range(d, 0.9, 1), fm = draws_range(d, 0.3,
        0.7) * (fp - fa) + fa;
    else if (u < 0.85) v->fracture = FRACTURE_BICONCAVE, fm = draws_range(d, 0.6, 0.85), fa = draws_range(d, 0.9, 1), fp = draws_range(d,
        0.9, 1);
    else v->fracture = FRACTURE_CRUSH, fm = draws_range(d, 0.5, 0.8), fa = clamp(fm + draws_range(d, -0.05, 0.05), 0.5, 0.8),
        fp = clamp(fm + draws_range(d, -0.05, 0.05), 0.5, 0.8);
    f->factor[0] = fa, f->factor[1] = fm, f->factor[2] = fp;
    f->share = where < 0.7 ? 1 : where < 0.8 ? 0 : 0.5, f->follow = draws_range(d, 0.3, 0.7);
    v->grade = grade_of(1 - fmin(fa, fmin(fm, fp)));
}

static void fractures_draw(anatomy *a, lesion *f, draws *d)
{
    /* where a fracture that is asked for lies: well on the film */
    static const int shown[REGIONS][2] = { [REGION_WHOLE] = { GEO_T5, GEO_L4 }, [REGION_THORACIC] = { GEO_T5, GEO_T12 },
        [REGION_LUMBAR] = { GEO_L1, GEO_L4 } };
    static const double peak[LEVEL_SLOTS] = { [GEO_T4] = 0.3, [GEO_T5] = 0.5, [GEO_T6] = 0.8, [GEO_T7] = 1.4, [GEO_T8] = 1.4,
        [GEO_T9] = 0.8, [GEO_T10] = 0.7,
        [GEO_T11] = 1.2, [GEO_T12] = 2, [GEO_L1] = 2, [GEO_L2] = 1, [GEO_L3] = 0.8, [GEO_L4] = 0.6, [GEO_L5] = 0.3 };
    double chance = 0.01 + 0.25 * clamp((a->person.age - 50) / 25, 0, 1.2);
    if (a->pathology == PATH_KYPHOSIS) chance = 0.6;
    const int asked = a->set.fractures >= FRACTURES_ALWAYS && shown[a->region][0],
        from = asked ? shown[a->region][0] : GEO_T4, to = asked ? shown[a->region][1] : GEO_L5;
    if (!a->set.fractures || !draws_chance(d, asked ? 1 : chance)) return;
    int n = 1 + draws_below(d, 3);
    if (a->set.fractures == FRACTURES_SCREWED) n = 1;
    for (int guard = 0; n > 0 && guard < (asked ? 400 : 40); guard++) {
        int level = from + draws_below(d, to - from + 1);
        int near = f[level - 1].factor[1] < 1 || f[level + 1].factor[1] < 1;
        if (!a->v[level].there || a->v[level].fracture || near || !draws_chance(d, peak[level] / 2)) continue;
        fracture_draw(&a->v[level], &f[level], d), n--;
    }
}

static void discs_draw(anatomy *a, lesion *f, draws *d)
{
    static const double worn[LEVEL_SLOTS] = { [GEO_C5] = 1, [GEO_C6] = 1, [GEO_C4] = 0.5, [GEO_L3] = 0.5, [GEO_L4] = 1, [GEO_L5] = 1,
        [GEO_L2] = 0.3, [LEVEL_L6] = 1,
        [GEO_T10] = 0.3, [GEO_T11] = 0.4, [GEO_T12] = 0.4, [GEO_L1] = 0.3 };
    for (int k = 0; k < a->n; k++) {
        int level = a->chain[k];
        double chance = clamp((a->person.age - 25) / 110, 0, 0.5) * (0.15 + worn[level]);
        if (draws_chance(d, chance)) {
            f[level].disc = draws_range(d, 0.35, 0.9);
            if (f[level].disc < 0.6 && draws_chance(d, 0.3)) a->v[level].vacuum = draws_range(d, 0.3, 1);
        }
    }
}

void lesions_draw(anatomy *a, const dimension *size, double s1_mm, lesion f[LEVEL_SLOTS], draws *d)
{
    for (int l = 0; l < LEVEL_SLOTS; l++) f[l] = (lesion){ .factor = { 1, 1, 1 }, .share = 1, .follow = 0.5, .disc = 1 };
    for (int k = 0; k < a->n; k++) a->v[a->chain[k]].there = 1, a->v[a->chain[k]].fracture = FRACTURE_NONE, a->v[a->chain[k]].grade = 0,
        a->v[a->chain[k]].vacuum = 0;
    fractures_draw(a, f, d), discs_draw(a, f, d);
    int lowest = a->chain[a->n - 1];
    if (a->lstv == 2) f[lowest].disc = draws_range(d, 0.3, 0.45);
    if (a->pathology == PATH_SLIP) {
        int level = a->chain[a->n - 1 - draws_below(d, 2)];
        f[level].slip = draws_range(d, 0.08, 0.45) * (level == lowest ? s1_mm : size[lowest].depth[0]), f[level].disc *= draws_range(d,
            0.45, 0.9);
    }
}

void lesion_sunken(const lesion *f, double height, double sunken[2])
{
    double lost = fmax(0, 0.5 * (f->factor[0] + f->factor[2]) - f->factor[1]) * height;
    sunken[0] = lost * f->share, sunken[1] = lost * (1 - f->share);
}
