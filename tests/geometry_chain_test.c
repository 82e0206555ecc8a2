/* geometry_chain_test.c - the whole way in one call: what it does with films whose names, bodies or pixels are missing, merged, split or
 * wrong. The truth is that of the drawn spine. */
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

static int make_roles(void **state)
{
    (void)state;
    for (int v = 1; v <= 26; v++) as_levels[v] = v;
    as_levels[27] = GEO_ROLE_HEAD;
    as_whole[GEO_C2] = GEO_C2, as_whole[3] = GEO_ROLE_BODY, as_whole[25] = GEO_ROLE_SACRUM, as_whole[26] = GEO_ROLE_HEAD;
    return 0;
}

static void draw(spine *s, const spine_view *v)
{
    *s = spine_make(&seed, &calm);
    spine_draw(s, v, film, FH, FW);
}

static void paint(int from, int to) { for (int64_t i = 0; i < FH * FW; i++) if (film[i] == from) film[i] = (uint8_t)to; }

/* Names away: bodies are 3, both heads 26. */
static void forget_names(void)
{
    for (int i = GEO_C3 + 1; i <= GEO_L5; i++) paint(i, GEO_C3);
    paint(27, 26);
}

static geo_point part(geo_point a, geo_point b, double t) { return (geo_point){ a.x + t * (b.x - a.x), a.y + t * (b.y - a.y) }; }

/* Fills the middle of the disc below a level with its value, and gives the body below the same. */
static void merge(const spine *s, const spine_view *v, int upper, int value)
{
    geo_corners a = spine_body(s, upper, v), b = spine_body(s, upper + 1, v);
    geo_point p[4] = { part(a.ia, a.ip, 0.2), part(a.ia, a.ip, 0.8), part(b.sa, b.sp, 0.8), part(b.sa, b.sp, 0.2) };
    geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, (uint8_t)value);
    paint(upper + 1, value);
}

static measured_film measure(const spine *s, const spine_view *v, const int *role, int region, int facing)
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

static void drop(measured_film *m)
{
    geo_chain_free(&m->chain), geo_tracing_free(m->t), geo_result_free(m->want), geo_case_free(m->truth);
}

static int warned(const measured_film *m, const char *text)
{
    for (int i = 0; i < geo_result_warnings(m->chain.result); i++) if (!strcmp(geo_result_warning(m->chain.result, i), text)) return 1;
    return 0;
}

static geo_value value(const geo_result *r, const char *name)
{
    geo_value v;
    geo_result_value(r, geo_parameter_find(name), &v);
    return v;
}

static void close_to_truth(const measured_film *m, double degrees, double mm)
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
static void right_levels(const measured_film *m, const spine *s, const spine_view *v, int sure)
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

static void named_and_unnamed(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        spine s;
        spine_view v = right;
        v.facing = k % 2 ? -1 : 1, v.sy = k == 5 ? 0.42 : 0.35, v.y0 = k == 5 ? 1500 : 1750;
        draw(&s, &v);
        for (int unnamed = 0; unnamed < 2; unnamed++) {
            if (unnamed) forget_names();
            measured_film m = measure(&s, &v, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
            assert_int_equal(m.chain.n, 23);
            assert_int_equal(m.chain.made + m.chain.dropped + m.chain.count, 0);
            right_levels(&m, &s, &v, 1);
            close_to_truth(&m, 2.5, 2);
            geo_circle head[2];
            int heads = geo_case_heads(m.chain.film, head);             /* two that lie on each other are one outline, and count as one */
            assert_true(unnamed ? heads > 0 : heads == 2);
            drop(&m);
        }
    }
}

static void missing_is_made_up(void **state)
{
    (void)state;
    static const int gone[] = { GEO_T8, GEO_L3, GEO_C5, GEO_T12, GEO_T4 };
    for (size_t k = 0; k < sizeof gone / sizeof *gone; k++)
        for (int unnamed = 0; unnamed < 2; unnamed++) {
            spine s;
            char text[32];
            draw(&s, &right);
            paint(gone[k], 0);
            if (unnamed) forget_names();
            measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
            snprintf(text, sizeof text, "W_INTERPOLATED:%s", geo_level_name(gone[k]));
            if (!warned(&m, text)) fail_msg("no warning %s", text);
            assert_int_equal(m.chain.made, 1);
            assert_int_equal(m.chain.count, 0);
            right_levels(&m, &s, &right, 1);
            close_to_truth(&m, 9, 3);
            assert_int_equal(value(m.chain.result, "TK").interpolated, gone[k] == GEO_T12 || gone[k] == GEO_T4);
            drop(&m);
        }
}

/* At the ends nothing is made up. */
static void missing_at_an_end(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_L5, 0), paint(GEO_C2, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.made, 0);
    assert_int_equal(m.chain.body[m.chain.n - 1].missing, 1);
    right_levels(&m, &s, &right, 1);
    assert_string_equal(value(m.chain.result, "CL").error, "E_MISSING:C2");
    drop(&m);
}

static void merged_is_cut(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        spine s;
        int unnamed = k % 2;
        draw(&s, &right);
        merge(&s, &right, GEO_T9, GEO_T9);
        if (unnamed) forget_names();
        measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
        assert_int_equal(m.chain.n, 23);
        right_levels(&m, &s, &right, 1);
        assert_true(warned(&m, "W_LOW_QUALITY:T9") && warned(&m, "W_LOW_QUALITY:T10"));
        close_to_truth(&m, 6, 2);
        drop(&m);
    }
}

static void split_is_joined(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        spine s;
        int unnamed = k % 2;
        draw(&s, &right);
        geo_corners q = spine_body(&s, GEO_L2, &right);
        geo_point a = { (q.sa.x + q.ia.x) / 2, (q.sa.y + q.ia.y) / 2 }, p = { (q.sp.x + q.ip.x) / 2, (q.sp.y + q.ip.y) / 2 };
        geo_point cut[4] = { { a.x + 9, a.y - 1.5 }, { p.x - 9, p.y - 1.5 }, { p.x - 9, p.y + 1.5 }, { a.x + 9, a.y + 1.5 } };
        geo_mask_fill(&(geo_contour){ cut, 4 }, film, FH, FW, 0);
        if (unnamed) forget_names();
        measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
        assert_int_equal(m.chain.n, 23);
        right_levels(&m, &s, &right, 1);
        assert_true(warned(&m, "W_LOW_QUALITY:L2"));
        close_to_truth(&m, 4, 2);
        drop(&m);
    }
}

static void wrong_names(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_T6, 99), paint(GEO_T7, GEO_T6), paint(99, GEO_T7);        /* two change places */
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    right_levels(&m, &s, &right, 1);
    assert_true(warned(&m, "W_RELABELLED:T6") && warned(&m, "W_RELABELLED:T7"));
    drop(&m);

    /* T12 is never given: all above are one off, and no body is missing */
    draw(&s, &right);
    for (int i = GEO_C3; i <= GEO_T12; i++) paint(i, i - 1);
    paint(GEO_C2, 0);
    m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.made, 0);                                  /* there is no room for one */
    assert_string_equal(value(m.chain.result, "TK").error, "E_MISSING:T12");
    assert_true(m.chain.count > 0);
    drop(&m);
}

static void disc(double x, double y, double r, uint8_t v)
{
    geo_point p[90];
    for (int i = 0; i < 90; i++) p[i] = (geo_point){ x + r * cos(i * 0.0698), y + r * sin(i * 0.0698) };
    geo_mask_fill(&(geo_contour){ p, 90 }, film, FH, FW, v);
}

/* Both heads in one class, apart; and specks of any class, which are no structures. */
static void components_of_a_class(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    forget_names();
    paint(26, 0);
    geo_point hips = spine_point(s.head[0], &right);
    disc(hips.x - 70, hips.y, 60, 26), disc(hips.x + 75, hips.y + 4, 62, 26), disc(hips.x, hips.y - 200, 8, 26);
    for (int i = 0; i < 5; i++) disc(700 + 30 * i, 400 + 200 * i, 3, GEO_C3);
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    geo_circle head[2];
    assert_int_equal(geo_case_heads(m.chain.film, head), 2);
    near(fmin(head[0].x, head[1].x), hips.x - 70, 1);
    near(fmax(head[0].x, head[1].x), hips.x + 75, 1);
    assert_int_equal(m.chain.n, 23);
    assert_int_equal(m.chain.dropped, 0);
    drop(&m);
}

/* Two in one mask, and no name left for the second: it stays one, and says so. */
static void no_name_left(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    merge(&s, &right, GEO_T9, GEO_T9);
    for (int i = GEO_T11; i <= GEO_L5; i++) paint(i, i - 1);
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.n, 22);
    for (int i = 1; i < m.chain.n; i++) assert_true(m.chain.body[i].level > m.chain.body[i - 1].level);
    assert_true(warned(&m, "W_LOW_QUALITY:T9") && m.chain.count > 0);
    drop(&m);
}

static void false_body_is_dropped(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    forget_names();
    for (int y = 900; y < 960; y++) for (int x = 30; x < 110; x++) film[y * FW + x] = GEO_C3;
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.n, 23);
    assert_int_equal(m.chain.dropped, 1);
    assert_true(warned(&m, "W_DROPPED:1"));
    right_levels(&m, &s, &right, 1);
    drop(&m);
}

/* One vertebra too many between both anchors: cervical from above, lumbar from below, thoracic unsure. */
static void count_mismatch(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_T5, 0);                                                   /* no body, and its place closed: all above moved down */
    geo_corners t5 = spine_body(&s, GEO_T5, &right), t6 = spine_body(&s, GEO_T6, &right);
    int dy = (int)lround((t6.sa.y + t6.sp.y - t5.sa.y - t5.sp.y) / 2), dx = (int)lround((t6.sa.x + t6.sp.x - t5.sa.x - t5.sp.x) / 2);
    int limit = (int)fmin(t5.sa.y, t5.sp.y);
    for (int y = limit; y >= 0; y--)
        for (int x = 0; x < FW; x++) {
            uint8_t v = film[y * FW + x];
            if (!v || v >= GEO_T5) continue;
            film[y * FW + x] = 0;
            if (y + dy < FH && x + dx >= 0 && x + dx < FW) film[(y + dy) * FW + x + dx] = v;
        }
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 1);
    assert_int_equal(m.chain.n, 22);
    assert_int_equal(m.chain.count, 21);
    assert_true(warned(&m, "W_COUNT_MISMATCH:21"));
    assert_true(!strncmp(value(m.chain.result, "TK").error, "E_LEVEL_AMBIGUOUS", 17));
    assert_int_equal(value(m.chain.result, "LL").code, 0);
    assert_int_equal(value(m.chain.result, "CL").code, 0);
    drop(&m);
}

static void no_anchor(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    for (int i = 1; i < 32; i++) if (i < GEO_T3 || i > GEO_T12) paint(i, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_THORACIC, 1);
    assert_int_equal(m.chain.n, 10);
    assert_true(m.chain.body[0].unsure);
    assert_string_equal(value(m.chain.result, "TK").error, "E_LEVEL_AMBIGUOUS:T4");
    drop(&m);
}

/* One vertebra that somebody has named is an anchor, wherever it stands. */
static void one_name(void **state)
{
    (void)state;
    spine s;
    int role[256];
    memcpy(role, as_whole, sizeof role);
    role[99] = GEO_T7;
    draw(&s, &right);
    for (int i = 1; i < 32; i++) if (i < GEO_T3 || i > GEO_T12) paint(i, 0);
    paint(GEO_T7, 99), paint(GEO_T9, 0);
    forget_names();
    measured_film m = measure(&s, &right, role, GEO_REGION_THORACIC, 1);
    assert_int_equal(m.chain.n, 9);
    right_levels(&m, &s, &right, 1);
    assert_true(warned(&m, "W_INTERPOLATED:T9"));
    assert_int_equal(value(m.chain.result, "TK").code, 0);
    drop(&m);
}

static void lumbar_film(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    for (int i = 1; i < GEO_L1; i++) paint(i, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_LUMBAR, 0);
    assert_int_equal(m.chain.n, 5);
    right_levels(&m, &s, &right, 1);
    assert_int_equal(value(m.chain.result, "LL").code, 0);
    assert_true(geo_region_shows(GEO_REGION_LUMBAR, geo_parameter_find("LL")) &&
        !geo_region_shows(GEO_REGION_LUMBAR, geo_parameter_find("TK")));
    assert_true(!geo_region_shows(GEO_REGION_LUMBAR, -1) && geo_region_shows(GEO_REGION_WHOLE, -1));
    drop(&m);
}

/* Instances that overlap, in any order; the worse one of a pair of duplicates goes. */
static void instances(void **state)
{
    (void)state;
    static uint8_t mask[FH * FW];
    spine s;
    int status;
    draw(&s, &right);
    geo_tracing *t = geo_tracing_empty(FH, FW, &status);
    for (int k = 0; k < 2; k++)
        for (int v = 27; v >= 2; v--) {
            if (k && v != GEO_T7) continue;
            for (int64_t i = 0; i < FH * FW; i++) mask[i] = film[i] == v;
            int role = v == 25 ? GEO_ROLE_SACRUM : v >= 26 ? GEO_ROLE_HEAD : v == GEO_C2 ? GEO_C2 : GEO_ROLE_BODY;
            assert_int_equal(geo_tracing_add(t, mask, role, k ? 0.4 : 0.9), GEO_OK);
        }
    memset(mask, 0, sizeof mask);
    assert_int_equal(geo_tracing_add(t, mask, GEO_ROLE_BODY, 1), GEO_EMPTY);
    assert_int_equal(geo_tracing_add(t, mask, 77, 1), GEO_BAD);
    geo_choices o;
    geo_chain c;
    geo_choices_defaults(&o);
    o.sx = o.sy = 0.35;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(c.n, 23);
    assert_int_equal(c.dropped, 1);
    for (int i = 0; i < c.n; i++) assert_int_equal(c.body[i].level, GEO_C2 + i);
    geo_chain_free(&c), geo_tracing_free(t);
}

/* A biconcave body: its corners are right, and the middle height is seen all the same. */
static void biconcave(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    geo_corners q = spine_body(&s, GEO_L2, &right);
    double h = hypot((q.sa.x + q.sp.x - q.ia.x - q.ip.x) / 2, (q.sa.y + q.sp.y - q.ia.y - q.ip.y) / 2);
    geo_point m = { (q.sa.x + q.sp.x) / 2, (q.sa.y + q.sp.y) / 2 }, down = { (q.ia.x + q.ip.x) / 2 - m.x, (q.ia.y + q.ip.y) / 2 - m.y };
    geo_point bite[3] = { { q.sa.x * 0.8 + q.sp.x * 0.2, q.sa.y * 0.8 + q.sp.y * 0.2 }, { m.x + 0.3 * down.x, m.y + 0.3 * down.y },
                          { q.sa.x * 0.2 + q.sp.x * 0.8, q.sa.y * 0.2 + q.sp.y * 0.8 } };
    geo_mask_fill(&(geo_contour){ bite, 3 }, film, FH, FW, 0);
    measured_film f = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    geo_compression g;
    assert_int_equal(geo_result_compression(f.chain.result, GEO_L2, &g), 0);
    assert_true(h > 20);
    near(g.cr[1], 0.7, 0.06);
    assert_string_equal(g.type, "biconcave");
    drop(&f);
}

static void frontal(void **state)
{
    (void)state;
    memset(film, 0, sizeof film);
    geo_quad q[17];
    for (int i = 0; i < 17; i++) {               /* a curve: every body across it */
        double x = 500 + 90 * sin(i * 0.35), slope = atan2(90 * 0.35 * cos(i * 0.35), 100), c = cos(slope), n = sin(slope);
        static const double u[4] = { -42, 42, 40, -40 }, v[4] = { -33, -33, 33, 33 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = q[i].p[k] = (geo_point){ x + c * u[k] + n * v[k], 150 + 100 * i - n * u[k] + c * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, 1);
    }
    for (int method = GEO_COBB_MIDLINE; method <= GEO_COBB_ENDPLATE; method++) {
        int role[256] = { [1] = GEO_ROLE_BODY }, status;
        geo_tracing *t = geo_tracing_new(film, FH, FW, role, &status);
        geo_cobb want;
        geo_chain c;
        geo_choices o;
        geo_choices_defaults(&o);
        o.region = GEO_REGION_AP, o.cobb = method;
        assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
        assert_int_equal(geo_cobb_find(q, 17, 1, 1, FH, method, &want), GEO_OK);
        assert_int_equal(c.n, 17);
        assert_int_equal(c.cobb_status, GEO_OK);
        assert_true(want.main > 20 && !c.film && !c.result);
        near(c.cobb.main, want.main, 2);
        assert_int_equal(c.cobb.convex, want.convex);
        for (int i = 0; i < 17; i++) assert_int_equal(c.body[i].level, GEO_T1 + i);
        assert_int_equal(c.warnings, 1);         /* that pixels are taken for square */
        geo_chain_free(&c), geo_tracing_free(t);
    }
}

/* A body askew to the spine would be the whole Cobb angle; named ones far apart are nobody's mistake. */
static void frontal_askew(void **state)
{
    (void)state;
    int status;
    geo_chain c;
    geo_choices o;
    memset(film, 0, sizeof film);
    for (int i = 0; i < 17; i++) {
        double turn = i == 8 ? 0.7 : 0.02 * (i - 8), cs = cos(turn), sn = sin(turn);
        static const double u[4] = { -42, 42, 42, -42 }, v[4] = { -22, -22, 22, 22 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = (geo_point){ 500 + cs * u[k] - sn * v[k], 150 + 100 * i + sn * u[k] + cs * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, (uint8_t)(GEO_T1 + i));
    }
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    geo_choices_defaults(&o);
    o.region = GEO_REGION_AP, o.sx = o.sy = 0.2;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    near(c.cobb.main, 0.32 * 57.29578, 1.5);
    assert_int_equal(c.cobb.upper_end, 0);
    assert_int_equal(c.cobb.lower_end, 16);
    int found = 0;
    for (int i = 0; i < c.warnings; i++) found |= !strcmp(c.warning[i], "W_ODD_TILT:T9");
    assert_true(found && !c.count);
    for (int i = 0; i < c.n; i++) assert_true(!c.body[i].missing && c.body[i].level == GEO_T1 + i);      /* wide gaps, and nobody missing */
    geo_chain_free(&c), geo_tracing_free(t);
}

static void nothing_and_nonsense(void **state)
{
    (void)state;
    int status;
    geo_chain c;
    geo_choices o;
    memset(film, 0, sizeof film);
    for (int y = 5; y < 40; y++) for (int x = 5; x < 30; x++) film[y * FW + x] = 29;
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    geo_choices_defaults(&o);
    o.region = 9;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_BAD);
    geo_choices_defaults(&o);
    o.region = GEO_REGION_AP;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(c.cobb_status, GEO_EMPTY);
    o.region = GEO_REGION_WHOLE, o.sx = 0.1;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_BAD);
    assert_int_equal(geo_chain_measure(NULL, NULL, &c), GEO_BAD);
    geo_tracing_free(t);
    assert_string_equal(geo_region_name(GEO_REGION_AP), "ap");
    assert_string_equal(geo_region_name(5), "");
}

/* Two draws of the same noise agree, and it is about what an independent program found (1 mm a landmark: SS 2.4, PT 0.5, PI 2.5). */
static void noise_of_points(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0, 0, 0, 0, 0 });
    geo_case *c = spine_case(&s, &right, 1);
    geo_spread *a = calloc((size_t)geo_parameters(), sizeof *a), *b = calloc((size_t)geo_parameters(), sizeof *b);
    geo_jitter o;
    double share[3];
    geo_jitter_defaults(&o);
    o.draws = 2000, o.sd = 1 / 0.35;
    assert_int_equal(geo_uncertainty_points(c, &o, a, share), GEO_OK);
    assert_int_equal(geo_uncertainty_points(c, &o, b, NULL), GEO_OK);
    static const struct { const char *name; double sd; } rows[] = { { "SS", 2.4 }, { "PT", 0.5 }, { "PI", 2.5 }, { "PILL", 2.4 },
        { "TPA", 0.45 },
                                                                    { "SVA", 1.1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int p = geo_parameter_find(rows[i].name);
        near(a[p].sd, rows[i].sd, 0.15 * rows[i].sd);
        assert_true(a[p].n == 2000 && a[p].sd == b[p].sd);
    }
    near(share[0] + share[1] + share[2], 1, 1e-12);
    o.draws = 1;
    assert_int_equal(geo_uncertainty_points(c, &o, a, share), GEO_BAD);
    free(a), free(b), geo_case_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_and_unnamed), cmocka_unit_test(missing_is_made_up), cmocka_unit_test(missing_at_an_end),
        cmocka_unit_test(merged_is_cut), cmocka_unit_test(split_is_joined), cmocka_unit_test(wrong_names),
        cmocka_unit_test(false_body_is_dropped), cmocka_unit_test(count_mismatch), cmocka_unit_test(no_anchor),
            cmocka_unit_test(one_name), cmocka_unit_test(no_name_left), cmocka_unit_test(components_of_a_class),
            cmocka_unit_test(lumbar_film),
        cmocka_unit_test(instances), cmocka_unit_test(biconcave), cmocka_unit_test(frontal), cmocka_unit_test(frontal_askew), cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(noise_of_points),
    };
    return cmocka_run_group_tests(tests, make_roles, NULL);
}
