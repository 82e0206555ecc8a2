/* classify.c - what spine surgeons read off the values: targets by age, curve types, the junction above a fusion, the shape of the
 * lordosis. See geometry.h.
 *
 * Scores of single numbers stand in scores.c. What is here needs several values, or the chain of plates: a Roussouly type 1 and a type 2
 * have the same sacral slope and differ only in how far up the lordosis goes. */
#include "geometry/params.h"
#include "geometry/vec.h"
#include <string.h>

static int value_of(const geo_result *r, const char *name, double *out)
{
    geo_value v;
    int code = geo_result_value(r, geo_parameter_find(name), &v);
    *out = v.value;
    return code;
}

void geo_age_targets(double age, geo_targets *out)
{
    memset(out, 0, sizeof *out);
    double over = age - 55;
    out->pt = over / 3 + 20, out->pill = over / 2 + 3, out->sva = 2 * over + 25, out->tpa = over / 2 + 16;
}

int geo_result_targets(const geo_result *r, geo_targets *out)
{
    double pi, tk, age = r->film.age;
    memset(out, 0, sizeof *out);
    if (!isfinite(age)) return code_write(GEO_E_NO_AGE, NULL, out->error);
    geo_age_targets(age, out);
    out->has_ll = !value_of(r, "PI", &pi) && !value_of(r, "TK", &tk);
    if (out->has_ll) out->ll = pi - 0.3 * tk - 0.5 * age + 10;
    return 0;
}

const char *geo_ames(const char *modifier, double value)
{
    static const struct { const char *name; double from, to; } rows[] = { { "cSVA", 40, 80 }, { "TS-CL", 15, 20 }, { "SVA", 40, 95 } };
    for (int i = 0; i < 3; i++)
        if (!strcmp(modifier, rows[i].name) && isfinite(value)) return value < rows[i].from ? "0" : value <= rows[i].to ? "1" : "2";
    return "";
}

const char *geo_schwab_coronal(double thoracic, double lumbar)
{
    static const char *const types[2][2] = { { "N", "L" }, { "T", "D" } };
    return isfinite(thoracic) && isfinite(lumbar) ? types[thoracic >= 30][lumbar >= 30] : "";
}

int geo_result_pja(const geo_result *r, int uiv, int above, geo_angle *out)
{
    memset(out, 0, sizeof *out);
    int upper = uiv - above;
    if (above < 1 || above > 2 || upper < GEO_C2 || uiv > GEO_L5) return code_write(GEO_E_MISSING, "pair", out->error);
    const need n[NEEDS] = { { NEED_SUP, (unsigned char)upper }, { NEED_INF, (unsigned char)uiv } };
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, out->error);
    int code = film_needs(&r->film, n, out->error);
    if (!code) out->value = wrap(r->film.level[upper].sup.slope - r->film.level[uiv].inf.slope);
    return code;
}

int geo_pjk(double before, double after) { return after >= 10 && after - before >= 10; }

/* ---- the shape of the lordosis ----------------------------------------------------------------------------------------------------- */

static int is_sound(const level_frame *v) { return v->given & GIVEN_CORNERS && !v->bad && !(v->marks & GEO_MARK_AMBIGUOUS); }

static double body_slope(const level_frame *v) { return v->sup.slope + 0.5 * wrap(v->inf.slope - v->sup.slope); }

int geo_result_lordosis(const geo_result *r, geo_lordosis *out)
{
    const level_frame *v = r->film.level;
    memset(out, 0, sizeof *out);
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, out->error);
    int top = GEO_S1;
    while (top > GEO_T4 && is_sound(&v[top - 1])) top--;
    if (!is_sound(&v[GEO_S1])) return code_write(GEO_E_MISSING, "S1", out->error);
    if (top > GEO_T12) return code_write(GEO_E_MISSING, geo_level_name(top - 1), out->error);
    out->inflection = GEO_L5;
    for (int i = GEO_L5; i >= top; i--)
        if (body_slope(&v[i]) < body_slope(&v[out->inflection])) out->inflection = i;
    if (body_slope(&v[out->inflection]) >= v[GEO_S1].sup.slope)
        return memset(out, 0, sizeof *out), code_write(GEO_E_UNDEFINED, "no lordosis", out->error);
    out->vertebrae = GEO_S1 - out->inflection;
    double flattest = INFINITY;                  /* the most anterior place of the bow: where it stands upright */
    for (int i = GEO_L5; i >= out->inflection; i--) {
        double disc = 0.5 * (v[i].inf.slope + v[i + 1].sup.slope), body = body_slope(&v[i]);
        if (fabs(disc) < flattest) flattest = fabs(disc), out->apex = i, out->apex_is_disc = 1;
        if (fabs(body) < flattest) flattest = fabs(body), out->apex = i, out->apex_is_disc = 0;
    }
    return 0;
}

const char *geo_roussouly_shape(double ss, double pt, double pi, const geo_lordosis *shape)
{
    const char *by_slope = geo_roussouly(ss, pt, pi);
    if (strcmp(by_slope, "1|2") || !shape || !shape->vertebrae) return by_slope;
    int is_short = shape->vertebrae <= 3, is_low = shape->apex == GEO_L5 || (shape->apex == GEO_L4 && shape->apex_is_disc);
    return is_short && is_low ? "1" : is_short || is_low ? by_slope : "2";
}

/* ---- findings that colour other values ----------------------------------------------------------------------------------------------- */

int geo_result_disc_index(const geo_result *r, int upper, geo_angle *out)
{
    geo_heights h;
    memset(out, 0, sizeof *out);
    int code = geo_result_disc(r, upper, &h);
    if (code) return memcpy(out->error, h.error, sizeof h.error), code;
    out->value = 0.5 * (h.anterior + h.posterior) / h.depth;
    return 0;
}

int geo_result_fractured(const geo_result *r, int index)
{
    geo_value v;
    const parameter *p = parameter_chosen(r, index);
    if (!p || geo_result_value(r, index, &v)) return 0;
    for (int i = 0; i < NEEDS && p->needs[i].kind; i++) {
        geo_compression c;
        int level = p->needs[i].which, is_plate = p->needs[i].kind == NEED_SUP || p->needs[i].kind == NEED_INF;
        if (is_plate && level != GEO_S1 && !geo_result_compression_sound(r, level, &c) && c.grade) return level;
    }
    return 0;
}
