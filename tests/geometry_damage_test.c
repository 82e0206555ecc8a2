/* geometry_damage_test.c - masks of whole films damaged at every level: a body missing, two merged, one split in two. How often each is
 * found, beside how often a complete film raises the same alarm. */
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"

enum { FH = 2200, FW = 1100, PEOPLE = 24, FIRST = GEO_C3, LAST = GEO_L5, BODIES = LAST - FIRST + 1, MISSING = 0, MERGED, SPLIT, KINDS };
static uint8_t film[FH * FW];
static uint64_t seed = 5;

static geo_body body_of(const geo_contour *c, int cervical)
{
    geo_corners_options o;
    geo_body b;
    geo_corners_defaults(&o);
    o.cervical = cervical, o.fractured = 1;
    int status = geo_corners_find(c, &o, &b);
    assert_true(status == GEO_OK || b.method);
    return b;
}

/* The alarms that a chain raises, and where: index of the body (or of the one above the gap), -1 none. */
static void alarms_of(geo_body *b, int n, int at[KINDS], int *missing)
{
    geo_corners corner[BODIES + 1];
    double gap[BODIES + 1];
    int lacks[BODIES + 1];
    unsigned odd[BODIES + 1];
    for (int i = 0; i < n; i++) corner[i] = geo_corners_name(&b[i].quad, 1);
    assert_int_equal(geo_gaps_find(corner, n, 0, gap, lacks), GEO_OK);
    assert_int_equal(geo_chain_check(b, n, FH, FW, odd), GEO_OK);
    for (int k = 0; k < KINDS; k++) at[k] = -1;
    for (int i = n - 1; i >= 0; i--) {
        if (i + 1 < n && lacks[i]) at[MISSING] = i, *missing = lacks[i];
        if (odd[i] & GEO_ODD_MERGED) at[MERGED] = i;
        if (odd[i] & GEO_ODD_SPLIT) at[SPLIT] = i;
    }
}

static void damage_at_every_level(void **state)
{
    (void)state;
    int found[KINDS][GEO_LEVELS] = { { 0 } }, counted = 0, sums[KINDS] = { 0 }, tries[KINDS] = { 0 }, alarms[KINDS] = { 0 };
    int at[KINDS], lacks = 0;
    for (int person = 0; person < PEOPLE; person++) {
        spine s = spine_make(&seed, &(spine_noise){ 1, 1.6, 0.04, 0.22, 0.04 });
        spine_view v = { 1, 0.35, 0.35, FW / 2, 1750, 0 };
        geo_box box[256];
        geo_contour c[BODIES];
        geo_body whole[BODIES + 1], b[BODIES + 1];
        spine_draw(&s, &v, film, FH, FW), geo_boxes(film, FH, FW, box);
        for (int i = 0; i < BODIES; i++) {
            assert_int_equal(geo_contour_label(film, FH, FW, (uint8_t)(FIRST + i), &box[FIRST + i], &c[i], NULL), GEO_OK);
            whole[i] = body_of(&c[i], FIRST + i <= GEO_C7);
        }
        memcpy(b, whole, sizeof b), alarms_of(b, BODIES, at, &lacks);
        for (int k = 0; k < KINDS; k++) alarms[k] += at[k] >= 0;
        for (int i = 0; i < BODIES; i++) {
            int level = FIRST + i, cervical = level <= GEO_C7;
            geo_contour one, part[2];
            if (i > 0 && i + 1 < BODIES) {
                memcpy(b, whole, sizeof b), memmove(&b[i], &b[i + 1], sizeof *b * (size_t)(BODIES - i - 1));
                alarms_of(b, BODIES - 1, at, &lacks);
                found[MISSING][level] += at[MISSING] == i - 1, counted += at[MISSING] == i - 1 && lacks == 1, tries[MISSING]++;
            }
            if (i + 1 < BODIES) {
                memcpy(b, whole, sizeof b), memmove(&b[i + 1], &b[i + 2], sizeof *b * (size_t)(BODIES - i - 2));
                assert_int_equal(geo_contour_union(&c[i], &c[i + 1], &one), GEO_OK);
                b[i] = body_of(&one, cervical), geo_contour_free(&one), alarms_of(b, BODIES - 1, at, &lacks);
                found[MERGED][level] += at[MERGED] == i, tries[MERGED]++;
            }
            memmove(&b[i + 2], &whole[i + 1], sizeof *b * (size_t)(BODIES - i - 1)), memcpy(b, whole, sizeof *b * (size_t)i);
            assert_int_equal(geo_contour_split(&c[i], (geo_point){ 0, -1 }, part), GEO_OK);
            for (int k = 0; k < 2; k++) b[i + k] = body_of(&part[k], cervical), geo_contour_free(&part[k]);
            alarms_of(b, BODIES + 1, at, &lacks);
            found[SPLIT][level] += at[SPLIT] == i, tries[SPLIT]++;
        }
        for (int i = 0; i < BODIES; i++) geo_contour_free(&c[i]);
    }
    printf("level\tmissing\tmerged\tsplit\t(found of %d)\n", PEOPLE);
    for (int i = FIRST; i <= LAST; i++) {
        printf("%s\t%d\t%d\t%d\n", geo_level_name(i), found[MISSING][i], found[MERGED][i], found[SPLIT][i]);
        for (int k = 0; k < KINDS; k++) sums[k] += found[k][i];
    }
    printf("all\t%.1f %%\t%.1f %%\t%.1f %%; one missing counted as one: %.1f %%\n", 100. * sums[0] / tries[0], 100. * sums[1] / tries[1],
        100. * sums[2] / tries[2], 100. * counted / tries[0]);
    printf("complete films with an alarm, of %d: missing %d, merged %d, split %d\n", PEOPLE, alarms[0], alarms[1], alarms[2]);
    assert_true(sums[MISSING] >= 0.99 * tries[MISSING] && alarms[MISSING] == 0);
    assert_true(sums[MERGED] >= 0.9 * tries[MERGED] && alarms[MERGED] <= 1);
    assert_true(sums[SPLIT] >= 0.9 * tries[SPLIT] && alarms[SPLIT] <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(damage_at_every_level) };
    return RUN_TESTS(tests);
}
