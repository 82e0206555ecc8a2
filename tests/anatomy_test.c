/* anatomy_test.c - the people of the phantoms: what was drawn is what is measured, the population is the published one, bodies do not
 * meet, and
 * mirrors, tilts and seeds do what they should. Acceptance bands: the published tables as the generator's planning reproduced them. */
#include "tests/test.h"
#include "geometry/polygon.h"
#include "synth/dimensions.h"
#include "synth/plane.h"
#include "synth/truth.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { PEOPLE = 3000 };
#else
enum { PEOPLE = 20000 };
#endif

static const anatomy_settings healthy = { .region = REGION_WHOLE, .h = 1024, .w = 512 };
static const anatomy_settings mixed = { .region = REGION_WHOLE, .h = 1024, .w = 512, .pathology = PATHOLOGIES, .fractures = 1, .tilt = 2 };

/* NAN: not there. */
static double value_of(const truth *t, const char *name)
{
    for (int i = 0; i < t->nvalues; i++) if (!strcmp(t->value[i].name, name)) return t->value[i].v;
    return NAN;
}

static int broken(const anatomy *a)
{
    for (int l = 0; l < LEVEL_SLOTS; l++) if (a->v[l].fracture) return 1;
    return 0;
}

/* ---- what was drawn is what is measured ----------------------------------------------------------------------------- */

static void angles_are_those_drawn(void **state)
{
    (void)state;
    int seen[PATHOLOGIES] = { 0 };
    for (uint32_t i = 0; i < 300; i++) {
        anatomy *a = anatomy_new(&mixed, 11, i);
        truth *t = truth_new(a);
        const person *p = &a->person;
        const double tilt = a->film.tilt;
        const struct { const char *name; double v; } wanted[] = { { "PI", p->pi }, { "PT", p->pt - tilt }, { "SS", p->ss + tilt }, { "LL",
            p->ll }, { "TK", p->tk },
            { "T1S", p->t1s + tilt }, { "CL", p->cl } };
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted && !broken(a); k++) {
            const double got = value_of(t, wanted[k].name);
            if (!(fabs(got - wanted[k].v) < 1e-6)) fail_msg("film %u: %s: measured %.9f, drawn %.9f", i, wanted[k].name, got, wanted[k].v);
        }
        assert_true(fabs(value_of(t, "PI") - value_of(t, "PT") - value_of(t, "SS")) < 1e-9);
        assert_true(fabs(value_of(t, "SSA") - 90 - value_of(t, "C7ST")) < 1e-9);
        seen[a->pathology]++;
        truth_free(t), anatomy_free(a);
    }
    for (int k = 0; k < PATHOLOGIES; k++) assert_true(seen[k] > 0);
    assert_true(seen[PATH_NONE] > 120 && seen[PATH_FLATBACK] > 30);
}

static void main_cobb_is_that_drawn(void **state)
{
    (void)state;
    const anatomy_settings s = { .region = REGION_AP, .h = 1024, .w = 512 };
    int grades[2] = { 0 };
    for (uint32_t i = 0; i < 200; i++) {
        anatomy *a = anatomy_new(&s, 5, i);
        truth *t = truth_new(a);
        assert_int_equal(t->nbodies, 17);
        assert_true(fabs(value_of(t, "cobb") - a->cobb[0]) < 1e-6);
        assert_true(value_of(t, "cobb_upper") <= a->cobb[0] + 1e-9 && value_of(t, "cobb_lower") <= a->cobb[0] + 1e-9);
        grades[0] += a->cobb[0] < 10, grades[1] += a->cobb[0] >= 40;
        truth_free(t), anatomy_free(a);
    }
    assert_true(grades[0] > 20 && grades[1] > 20);
}

/* ---- the population ------------------------------------------------------------------------------------------------- */

enum { PI, PT, SS, LL, TK, T1S, CL, SVA, CSVA, SSA, TPA, LDI, TLK, MEASURES };
static const char *const measures[MEASURES] = { "PI", "PT", "SS", "LL", "TK", "T1S", "CL", "SVA", "cSVA", "SSA", "TPA", "LDI", "TLK" };
typedef struct crowd { double (*v)[MEASURES], *age; int gap[3], near, n; } crowd;

static crowd *gather(void)
{
    crowd *c = calloc(1, sizeof *c);
    c->v = calloc(PEOPLE, sizeof *c->v), c->age = calloc(PEOPLE, sizeof *c->age), c->n = PEOPLE;
    #pragma omp parallel for schedule(dynamic, 64)
    for (int i = 0; i < PEOPLE; i++) {
        anatomy *a = anatomy_new(&healthy, 1, (uint32_t)i);
        truth *t = truth_new(a);
        const double gap = value_of(t, "GAP");
        for (int k = 0; k < MEASURES; k++) c->v[i][k] = value_of(t, measures[k]);
        c->age[i] = a->person.age;
        #pragma omp critical
        c->gap[gap < 3 ? 0 : gap < 7 ? 1 : 2]++, c->near += fabs(c->v[i][PI] - c->v[i][LL]) <= 10;
        truth_free(t), anatomy_free(a);
    }
    return c;
}

static double mean_of(const crowd *c, int k) { double s = 0; for (int i = 0; i < c->n; i++) s += c->v[i][k]; return s / c->n; }

static double common(const crowd *c, int a, int b)                    /* covariance */
{
    const double ma = mean_of(c, a), mb = mean_of(c, b);
    double s = 0;
    for (int i = 0; i < c->n; i++) s += (c->v[i][a] - ma) * (c->v[i][b] - mb);
    return s / c->n;
}

static double correlation(const crowd *c, int a, int b) { return common(c, a, b) / sqrt(common(c, a, a) * common(c, b, b)); }

static void within(const char *what, double got, double wanted, double by)
{
    if (!(fabs(got - wanted) <= by)) fail_msg("%s: got %.3f, wanted %.3f +- %.3f", what, got, wanted, by);
}

static void moments(const crowd *c)
{
    static const struct { double mean, sd, by_mean, by_sd; } table[MEASURES] = { { 52.2, 10.4, 0.6, 0.4 }, { 13.3, 7.3, 0.4, 0.3 },
        { 38.9, 8.4, 0.5, 0.4 }, { 57.5, 11.1, 2, 0.4 },
        { 38.8, 11.1, 1, 0.4 }, { 23.5, 7.9, 0.7, 0.4 }, { 1.5, 12.7, 0.9, 0.5 }, { 3.6, 29.7, 3, 2 }, { 22.3, 7.6, 1.5, 0.8 }, { 130.4,
            8.5, 1, 0.6 },
        { 8.7, 6.4, 0.6, 0.4 }, { 64.2, 6.8, 1, 0.6 }, { 0.6, 3.9, 1.3, 0.8 } };
    for (int k = 0; k < MEASURES; k++) within(measures[k], mean_of(c, k), table[k].mean, table[k].by_mean), within(measures[k],
        sqrt(common(c, k, k)), table[k].sd, table[k].by_sd);
}

static void relations(const crowd *c)
{
    within("r(PI,SS)", correlation(c, PI, SS), 0.72, 0.05), within("r(SS,LL)", correlation(c, SS, LL), 0.74, 0.05);
    within("r(T1S,CL)", correlation(c, T1S, CL), 0.69, 0.04), within("r(PI,TK)", correlation(c, PI, TK), 0, 0.05);
    const double pp = common(c, PI, PI), tt = common(c, TK, TK), pt = common(c, PI, TK), pl = common(c, PI, LL), tl = common(c, TK, LL),
        det = pp * tt - pt * pt;
    const double bp = (pl * tt - tl * pt) / det, bt = (tl * pp - pl * pt) / det;
    /* The table knows no loss of lordosis with age, the generator does: a little less of LL goes with TK. */
    within("LL on PI", bp, 0.61, 0.06), within("LL on TK", bt, 0.58, 0.08), within("R2 of LL", (bp * pl + bt * tl) / common(c, LL, LL),
        0.67, 0.1);
    double young = 0, old = 0;
    int ny = 0, no = 0;
    for (int i = 0; i < c->n; i++) {
        if (c->age[i] < 28) young += c->v[i][SVA], ny++;
        if (c->age[i] > 64) old += c->v[i][SVA], no++;
    }
    within("SVA of the young", young / ny, -8.4, 4), within("SVA of the old", old / no, 16, 4);
    within("share of |PI - LL| <= 10", (double)c->near / c->n, 0.619, 0.03);
    within("GAP P", (double)c->gap[0] / c->n, 0.79, 0.02), within("GAP MD", (double)c->gap[1] / c->n, 0.195, 0.02), within("GAP SD",
        (double)c->gap[2] / c->n, 0.015, 0.01);
}

static void the_population_is_the_published_one(void **state)
{
    (void)state;
    crowd *c = gather();
    moments(c), relations(c);
    free(c->v), free(c->age), free(c);
}

/* ---- forms ---------------------------------------------------------------------------------------------------- */

static double area_of(const outline *o) { return fabs(polygon_area(o->p[0], o->n)); }

static const object *object_named(const truth *t, const char *name)
{
    for (int i = 0; i < t->nobjects; i++) if (!strcmp(t->object[i].name, name)) return &t->object[i];
    return NULL;
}

static void bodies_do_not_meet(void **state)
{
    (void)state;
    uint8_t *map = malloc(1024 * 512);
    for (uint32_t i = 0; i < 40; i++) {
        anatomy *a = anatomy_new(&mixed, 21, i);
        truth *t = truth_new(a);
        memset(map, 0, 1024 * 512);
        int64_t sum = 0, all = 0;
        for (int k = 0; k < t->nobjects; k++) if (t->object[k].code >= GEO_C2 &&
            t->object[k].code <= CODE_SACRUM) sum += object_paint(&t->object[k], map, 1024, 512, 1);
        for (int64_t k = 0; k < 1024 * 512; k++) all += map[k];
        if (sum - all > 0) fail_msg("film %u (%s): bodies share %lld pixels", i, pathology_names[a->pathology], (long long)(sum - all));
        truth_free(t), anatomy_free(a);
    }
    free(map);
}

static void areas_follow_the_dimensions(void **state)
{
    (void)state;
    double area[LEVEL_SLOTS] = { 0 };
    for (uint32_t i = 0; i < 100; i++) {
        anatomy *a = anatomy_new(&healthy, 31, i);
        truth *t = truth_new(a);
        const double l3 = area_of(&object_named(t, "L3")->piece[0]);
        for (int l = GEO_C3; l <= GEO_L5; l++) area[l] += area_of(&object_named(t, geo_level_name(l))->piece[0]) / l3 / 100;
        truth_free(t), anatomy_free(a);
    }
    const dimension *m = dimension_mean, *l3 = &m[GEO_L3];
    for (int l = GEO_C3; l <= GEO_L5; l++) {
        const double own = m[l].height * (1 + m[l].ratio) * (m[l].depth[0] + m[l].depth[1]);
        const double usual = own / (l3->height * (1 + l3->ratio) * (l3->depth[0] + l3->depth[1]));
        if (fabs(area[l] / usual - 1) > 0.10) fail_msg("%s: area %.3f of L3's, the dimensions say %.3f", geo_level_name(l), area[l], usual);
    }
}

static void corners_lie_on_their_outlines(void **state)
{
    (void)state;
    anatomy *a = anatomy_new(&healthy, 3, 0);
    for (int l = GEO_C3; l <= GEO_L5; l++)
        for (int c = 0; c < 4; c++) {
            double nearest = 1e9;
            for (int i = 0; i < a->v[l].n; i++) nearest = fmin(nearest, plane_distance(a->v[l].corner[c], a->v[l].outline[i]));
            assert_true(nearest < 1e-9);
        }
    anatomy_free(a);
}

static void lesions_show_in_the_measures(void **state)
{
    (void)state;
    int slips = 0, grades = 0, extra = 0, fewer = 0;
    for (uint32_t i = 0; i < 400; i++) {
        anatomy *a = anatomy_new(&mixed, 41, i);
        truth *t = truth_new(a);
        geo_case *c = truth_case(t, a->person.age);
        geo_result *r = geo_measure(c);
        for (int k = 0; k < a->n; k++) {
            const int level = a->chain[k], below = k + 1 < a->n ? a->chain[k + 1] : GEO_S1;
            geo_slip s;
            if (a->v[level].slip > 0 && !broken(a) && !geo_result_slip(r, level, below, &s)) slips++,
                assert_true(fabs(s.mm - a->v[level].slip) < 0.35 * a->v[level].slip + 2);
            geo_compression z;
            const int alone = k > 0 && k + 1 < a->n && !a->v[a->chain[k - 1]].fracture && !a->v[below].fracture;
            if (a->v[level].grade == 3 && alone && level < GEO_L5 && !geo_result_compression(r, level, &z)) grades++,
                assert_true(z.grade >= 2);
        }
        extra += a->lstv == 1 && object_named(t, "L6"), fewer += a->lstv == -1 && !object_named(t, "L5");
        geo_result_free(r), geo_case_free(c), truth_free(t), anatomy_free(a);
    }
    assert_true(slips > 5 && grades > 5 && extra > 0 && fewer > 0);
}

/* ---- closure ---------------------------------------------------------------------------------------------------- */

static void a_mirrored_film_gives_the_same_values(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        anatomy *a = anatomy_new(&mixed, 51, i);
        truth *t = truth_new(a);
        a->film.facing = -a->film.facing;
        truth *u = truth_new(a);
        assert_int_equal(t->nvalues, u->nvalues);
        for (int k = 0; k < t->nvalues; k++) if (strcmp(t->value[k].name,
            "facing")) assert_true(fabs(t->value[k].v - u->value[k].v) < 1e-8);
        for (int k = 0; k < t->nbodies; k++) {
            const double (*p)[2] = t->body[k].p, (*q)[2] = u->body[k].p;
            assert_true(fabs(p[0][0] + q[1][0] - 511) < 1e-9 && fabs(p[0][1] - q[1][1]) < 1e-9 && p[0][0] < p[1][0] && q[0][0] < q[1][0]);
        }
        truth_free(t), truth_free(u), anatomy_free(a);
    }
}

static void a_tilt_moves_only_what_looks_at_gravity(void **state)
{
    (void)state;
    static const char *const stay[] = { "PI", "LL", "TK", "CL", "GT", "TPA", "LDI", "SSA" };
    anatomy_settings s = healthy;
    for (uint32_t i = 0; i < 10; i++) {
        s.tilt = 0;
        anatomy *a = anatomy_new(&s, 61, i);
        s.tilt = 3;
        anatomy *b = anatomy_new(&s, 61, i);
        truth *t = truth_new(a), *u = truth_new(b);
        for (size_t k = 0; k < sizeof stay / sizeof *stay; k++) assert_true(fabs(value_of(t, stay[k]) - value_of(u, stay[k])) < 1e-6);
        assert_true(fabs(value_of(u, "SS") - value_of(t, "SS") - b->film.tilt) < 1e-6);
        truth_free(t), truth_free(u), anatomy_free(a), anatomy_free(b);
    }
}

static void the_way_patients_look_is_seen(void **state)
{
    (void)state;
    int right = 0;
    for (uint32_t i = 0; i < 200; i++) {
        anatomy *a = anatomy_new(&healthy, 71, i);
        truth *t = truth_new(a);
        geo_case *c = truth_case(t, 50);
        geo_case_facing(c, 0);
        geo_result *r = geo_measure(c);
        right += geo_result_facing(r, NULL) == t->facing;
        geo_result_free(r), geo_case_free(c), truth_free(t), anatomy_free(a);
    }
    assert_int_equal(right, 200);
}

/* Mean distance of corresponding corners, mm, after both spines were put on their S1. */
static double apart(const anatomy *a, const anatomy *b)
{
    double s = 0;
    for (int l = GEO_C2; l <= GEO_L5; l++) for (int c = 0; c < 4; c++) s += plane_distance(a->v[l].corner[c],
        b->v[l].corner[c]) / (4 * (GEO_L5 - GEO_C2 + 1));
    return s;
}

static void seeds_share_nobody(void **state)
{
    (void)state;
    enum { N = 150 };
    anatomy *a[N], *b[N];
    for (uint32_t i = 0; i < N; i++) a[i] = anatomy_new(&healthy, 1, i), b[i] = anatomy_new(&healthy, 2, i);
    anatomy *again = anatomy_new(&healthy, 1, 7);
    assert_true(apart(a[7], again) == 0);
    double nearest = 1e9, own = 1e9;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            nearest = fmin(nearest, apart(a[i], b[k]));
            if (k < i) own = fmin(own, apart(a[i], a[k]));
        }
    assert_true(nearest > 1 && own > 1);
    for (int i = 0; i < N; i++) anatomy_free(a[i]), anatomy_free(b[i]);
    anatomy_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(angles_are_those_drawn), cmocka_unit_test(main_cobb_is_that_drawn),
            cmocka_unit_test(the_population_is_the_published_one),
        cmocka_unit_test(bodies_do_not_meet), cmocka_unit_test(areas_follow_the_dimensions),
            cmocka_unit_test(corners_lie_on_their_outlines),
        cmocka_unit_test(lesions_show_in_the_measures), cmocka_unit_test(a_mirrored_film_gives_the_same_values),
        cmocka_unit_test(a_tilt_moves_only_what_looks_at_gravity), cmocka_unit_test(the_way_patients_look_is_seen),
            cmocka_unit_test(seeds_share_nobody),
    };
    return RUN_TESTS(tests);
}
