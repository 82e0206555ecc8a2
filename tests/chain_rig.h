/* chain_rig.h - what the tests of the whole way share: a spine drawn as a label map, measured in one call, and the truth beside it. */
#ifndef TESTS_CHAIN_RIG_H
#define TESTS_CHAIN_RIG_H
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"

enum { FH = 2300, FW = 1100 };
static uint8_t film[FH * FW];
static uint64_t seed = 7;
static const spine_noise calm = { 0.6, 1, 0.02, 0, 0 };
static const spine_view right = { 1, 0.35, 0.35, FW / 2, 1750, 0 };

typedef struct measured_film { geo_chain chain; geo_tracing *t; geo_result *want; geo_case *truth; } measured_film;

static int as_levels[256], as_whole[256];        /* roles of a map of levels; of one whose vertebrae C3-L5 all have the value 3 */

static inline int make_roles(void **state)
{
    (void)state;
    for (int v = 1; v <= 26; v++) as_levels[v] = v;
    as_levels[27] = GEO_ROLE_HEAD;
    as_whole[GEO_C2] = GEO_C2, as_whole[3] = GEO_ROLE_BODY, as_whole[25] = GEO_ROLE_SACRUM, as_whole[26] = GEO_ROLE_HEAD;
    return 0;
}

static inline void draw(spine *s, const spine_view *v)
{
    *s = spine_make(&seed, &calm);
    spine_draw(s, v, film, FH, FW);
}

static inline void paint(int from, int to) { for (int64_t i = 0; i < FH * FW; i++) if (film[i] == from) film[i] = (uint8_t)to; }

/* Names away: bodies are 3, both heads 26. */
static inline void forget_names(void)
{
    for (int i = GEO_C3 + 1; i <= GEO_L5; i++) paint(i, GEO_C3);
    paint(27, 26);
}

static inline geo_point part(geo_point a, geo_point b, double t) { return (geo_point){ a.x + t * (b.x - a.x), a.y + t * (b.y - a.y) }; }

/* Fills the middle of the disc below a level with its value, and gives the body below the same. */
static inline void merge(const spine *s, const spine_view *v, int upper, int value)
{
    geo_corners a = spine_body(s, upper, v), b = spine_body(s, upper + 1, v);
    geo_point p[4] = { part(a.ia, a.ip, 0.2), part(a.ia, a.ip, 0.8), part(b.sa, b.sp, 0.8), part(b.sa, b.sp, 0.2) };
    geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, (uint8_t)value);
    paint(upper + 1, value);
}

static inline measured_film measure(const spine *s, const spine_view *v, const int *role, int region, int facing)
{
    measured_film m = { .truth = spine_case(s, v, 1) };
    geo_choices o;
    int status;
    geo_choices_defaults(&o);
    o.region = region, o.facing = facing, o.sx = v->sx, o.sy = v->sy, o.age = 50;
    m.t = geo_tracing_new(film, FH, FW, role, &status);
    assert_int_equal(status, GEO_OK);
    assert_int_equal(geo_chain_measure(m.t, &o, &m.chain), GEO_OK);
    m.want = geo_measure(m.truth);
    return m;
}

static inline void drop(measured_film *m)
{
    geo_chain_free(&m->chain), geo_tracing_free(m->t), geo_result_free(m->want), geo_case_free(m->truth);
}

static inline int warned(const measured_film *m, const char *text)
{
    for (int i = 0; i < geo_result_warnings(m->chain.result); i++) if (!strcmp(geo_result_warning(m->chain.result, i), text)) return 1;
    return 0;
}

static inline geo_value value(const geo_result *r, const char *name)
{
    geo_value v;
    geo_result_value(r, geo_parameter_find(name), &v);
    return v;
}

static inline void close_to_truth(const measured_film *m, double degrees, double mm)
{
    static const char *const names[] = { "SS", "PT", "PI", "LL", "L4S1", "TK", "TLK", "GT", "TPA", "SVA" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        geo_value got = value(m->chain.result, names[i]), want = value(m->want, names[i]);
        if (got.code) fail_msg("%s: %s", names[i], got.error);
        if (!(fabs(got.value - want.value) <= (strcmp(names[i], "SVA") ? degrees : mm)))
            fail_msg("%s is %.2f, wanted %.2f", names[i], got.value, want.value);
    }
}

/* Every body at the level it was drawn at. */
static inline void right_levels(const measured_film *m, const spine *s, const spine_view *v, int sure)
{
    for (int i = 0; i < m->chain.n; i++) {
        const geo_found *f = &m->chain.body[i];
        geo_corners q = spine_body(s, f->level, v);
        double x = q.sa.x + q.sp.x + q.ia.x + q.ip.x, y = q.sa.y + q.sp.y + q.ia.y + q.ip.y;
        for (int k = 0; k < 4; k++) x -= f->quad.p[k].x, y -= f->quad.p[k].y;
        double off = hypot(x, y) / 4;
        if (!f->level || off > 12) fail_msg("body %d called %s lies %.1f pixels off", i, geo_level_name(f->level), off);
        assert_true(!sure || !f->unsure);
    }
}
#endif
