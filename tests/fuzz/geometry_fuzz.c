/* geometry_fuzz.c - masks, outlines and landmarks of any bytes: every function of geometry.h ends in a status or in finite numbers. */
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void need(int ok) { if (!ok) abort(); }
static int finite_point(geo_point p) { return isfinite(p.x) && isfinite(p.y); }

typedef struct input { const uint8_t *p; size_t n; } input;

static uint8_t byte(input *in)
{
    if (!in->n) return 0;
    in->n--;
    return *in->p++;
}

/* Mostly near the image; now and then any double at all. */
static double number(input *in)
{
    uint8_t kind = byte(in);
    double v;
    if (kind == 255) {
        uint8_t raw[8];
        for (int i = 0; i < 8; i++) raw[i] = byte(in);
        memcpy(&v, raw, 8);
        return v;
    }
    return kind + byte(in) / 8. - 40;
}

static geo_point point(input *in)
{
    double x = number(in);
    return (geo_point){ x, number(in) };
}

static void use_result(const geo_case *c)
{
    geo_result *r = geo_measure(c);
    for (int i = 0; i < geo_parameters(); i++) {
        geo_value v;
        geo_result_value(r, i, &v);
        need(isfinite(v.value) && isfinite(v.pixels) && isfinite(v.plates) && (v.code != 0) == (v.error[0] != 0));
    }
    for (int i = 0; i <= GEO_LEVELS; i++) {
        geo_compression g;
        geo_slip s;
        geo_heights h;
        need(geo_result_compression(r, i, &g) || (isfinite(g.cr[0]) && isfinite(g.cr[1]) && isfinite(g.cr[2]) && isfinite(g.genant_loss)));
        need(geo_result_compression_sound(r, i, &g) || (isfinite(g.cr[0]) && isfinite(g.genant_loss)));
        geo_angle a;
        need(geo_result_pja(r, i, 2, &a) || isfinite(a.value));
        need(geo_result_disc_index(r, i, &a) || isfinite(a.value));
        need(geo_result_slip(r, i, i + 1, &s) || isfinite(s.percent));
        need(geo_result_body(r, i, &h) || isfinite(h.middle));
        need(geo_result_disc(r, i, &h) || isfinite(h.angle));
    }
    geo_lordosis l;
    need(geo_result_lordosis(r, &l) || (l.vertebrae > 0 && l.apex > 0));
    geo_targets aims;
    need(geo_result_targets(r, &aims) || (isfinite(aims.pt) && isfinite(aims.ll)));
    for (int i = 0; i < geo_parameters(); i++) need(geo_result_fractured(r, i) < GEO_S1);
    geo_gap g;
    need(geo_result_gap(r, &g) || (g.total >= 0 && g.total <= 13));
    geo_result_free(r);
}

static void fuzz_map(input *in)
{
    int64_t w = 1 + byte(in) % 64, h = 1 + byte(in) % 64, size = w * h;
    uint8_t *m = malloc((size_t)size), *out = malloc((size_t)size), settings = byte(in);
    uint32_t *counts = malloc((size_t)(size + 2) * sizeof *counts);
    double *d = malloc((size_t)size * sizeof *d);
    for (int64_t i = 0; i < size; i++) m[i] = in->n ? byte(in) : (uint8_t)(i / w * 31 / h);
    int64_t n = geo_rle_encode(m, h, w, counts, size + 2);
    need(geo_rle_decode(counts, n, h, w, out) == GEO_OK);
    for (int64_t i = 0; i < size; i++) need(out[i] == (m[i] != 0));
    need(geo_distance(m, h, w, 1, 1.5, d) == GEO_OK);
    int status;
    geo_tracing *t = geo_tracing_new(m, h, w, NULL, &status);
    if (t) {
        geo_case *c = geo_case_new();
        if (settings & 1) geo_case_spacing(c, 0.2, settings & 2 ? 0.3 : 0.2);
        if (settings & 4) geo_case_facing(c, settings & 8 ? 1 : -1);
        need(geo_tracing_landmarks(t, c) >= 0);
        geo_case_repair(c, 3);
        use_result(c);
        geo_case_free(c), geo_tracing_free(t);
    }
    free(m), free(out), free(counts), free(d);
}

static void fuzz_outline(input *in)
{
    enum { MOST = 200 };
    geo_point p[MOST], corner[4];
    geo_contour c = { p, 0 }, out, part[2];
    uint8_t method = byte(in), drawn[40 * 30];
    while (in->n && c.n < MOST) p[c.n++] = point(in);
    geo_corners_options o;
    geo_body b;
    geo_heads h;
    geo_sacrum s;
    geo_dens d;
    geo_corners_defaults(&o);
    o.method = method % 9;
    if (!geo_corners_find(&c, &o, &b)) for (int k = 0; k < 4; k++) need(finite_point(b.quad.p[k]));
    memset(drawn, 0, sizeof drawn);
    geo_mask_fill(&c, drawn, 30, 40, 1);
    if (!geo_heads_find(&c, NULL, &h)) need(isfinite(h.head[0].x) && isfinite(h.rms[0]));
    if (!geo_sacrum_endplate(&c, method & 16 ? p : NULL, method & 32 ? 1 : -1, &s))
        need(finite_point(s.left) && finite_point(s.right) && isfinite(s.dome));
    if (!geo_dens_find(&c, 1, &d)) need(finite_point(d.tip) && finite_point(d.wall_sup));
    if (!geo_simplify(&c, method / 16., &out)) need(out.n <= c.n), geo_contour_free(&out);
    geo_rectangle(&c, corner);
    if (!geo_contour_split(&c, (geo_point){ 0, -1 }, part)) geo_contour_free(&part[0]), geo_contour_free(&part[1]);
}

static void fuzz_landmarks(input *in)
{
    geo_case *c = geo_case_new();
    geo_quad frontal[8];
    int n = 0;
    while (in->n) {
        int what = byte(in) % 40;
        if (what < GEO_S1) {
            geo_corners q = { point(in), point(in), point(in), point(in) };
            geo_case_vertebra(c, what, &q);
            if (n < 8) frontal[n++] = geo_corners_quad(&q, 1);
        } else if (what == GEO_S1) {
            geo_point a = point(in);
            geo_case_s1(c, a, point(in));
        } else if (what == 26) {
            geo_point a = point(in);
            geo_case_head(c, (geo_circle){ a.x, a.y, number(in) });
        } else if (what == 27) geo_case_facing(c, byte(in) % 3 - 1);
        else if (what == 28) geo_case_age(c, number(in));
        else if (what == 29) geo_case_mark(c, byte(in) % 30, byte(in) % 8);
        else if (what == 30) geo_case_spacing(c, fabs(number(in)), fabs(number(in)));
        else if (what == 31) geo_case_plate_middle(c, byte(in) % 26, byte(in) % 2, point(in));
        else geo_case_point(c, byte(in) % GEO_POINTS, point(in));
    }
    geo_cobb g;
    for (int method = 0; method < 2; method++)
        need(geo_cobb_find(frontal, n, 1, 1, 100, method, &g) || (isfinite(g.main) && isfinite(g.upper)));
    use_result(c);
    geo_case_repair(c, 4);
    use_result(c);
    geo_case_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    input in = { data, n };
    switch (byte(&in) % 3) {
    case 0: fuzz_map(&in); break;
    case 1: fuzz_outline(&in); break;
    default: fuzz_landmarks(&in);
    }
    return 0;
}
