/* scores.c - points and grades from values: GAP, SRS-Schwab, Roussouly. Limits are data. See geometry.h.
 *
 * The published tables leave gaps between printed limits (-7.1 and -7, 49 and 50); here each range reaches to the next one. */
#include "geometry/params.h"
#include <math.h>
#include <string.h>

/* Ranges from low to high: points of the first range whose limit holds. strict: below the limit (<), else up to it (<=). */
typedef struct range { double limit; int strict, points; } range;
typedef struct component { const char *name; range r[4]; } component;
enum { RPV, RLL, LDI, RSA, COMPONENTS };
static const component components[COMPONENTS] = {
    [RPV] = { "RPV", { { -15, 1, 3 }, { -7, 1, 2 },  { 5, 0, 0 },  { INFINITY, 0, 1 } } },
    [RLL] = { "RLL", { { -25, 1, 3 }, { -14, 1, 2 }, { 11, 0, 0 }, { INFINITY, 0, 3 } } },
    [LDI] = { "LDI", { { 40, 1, 2 },  { 50, 1, 1 },  { 80, 0, 0 }, { INFINITY, 0, 3 } } },
    [RSA] = { "RSA", { { -7, 1, 1 },  { 10, 0, 0 },  { 18, 0, 1 }, { INFINITY, 0, 3 } } },
};

static int points_of(const component *c, double v, int *near)
{
    *near = 0;
    for (int i = 0; i < 3; i++) *near |= fabs(v - c->r[i].limit) < 0.1;
    for (int i = 0; i < 4; i++) if (c->r[i].strict ? v < c->r[i].limit : v <= c->r[i].limit) return c->r[i].points;
    return 0;
}

void geo_gap_points(double rpv, double rll, double ldi, double rsa, double age, geo_gap *out)
{
    memset(out, 0, sizeof *out);
    const double v[COMPONENTS] = { rpv, rll, ldi, rsa };
    int *to[COMPONENTS] = { &out->rpv, &out->rll, &out->ldi, &out->rsa }, near;
    for (int i = 0; i < COMPONENTS; i++) {
        *to[i] = points_of(&components[i], v[i], &near);
        out->total += *to[i];
        if (near) out->near |= 1u << i;
    }
    out->age = age >= 60;
    out->total += out->age;
    strcpy(out->category, out->total <= 2 ? "P" : out->total <= 6 ? "MD" : "SD");
}

int geo_result_gap(const geo_result *r, geo_gap *out)
{
    double v[COMPONENTS];
    memset(out, 0, sizeof *out);
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, out->error);
    for (int i = 0; i < COMPONENTS; i++) {
        const geo_value *x = &r->value[geo_parameter_find(components[i].name)];
        if (x->code) return code_write(GEO_E_UNDEFINED, "component missing", out->error);
        v[i] = x->value;
    }
    if (!isfinite(r->film.age)) return code_write(GEO_E_NO_AGE, NULL, out->error);
    geo_gap_points(v[RPV], v[RLL], v[LDI], v[RSA], r->film.age, out);
    return 0;
}

const char *geo_schwab(const char *modifier, double value)
{
    static const struct { const char *name; double from, to; } rows[] = { { "PI-LL", 10, 20 }, { "PT", 20, 30 }, { "SVA", 40, 95 } };
    for (int i = 0; i < 3; i++)
        if (!strcmp(modifier, rows[i].name) && isfinite(value)) return value < rows[i].from ? "0" : value <= rows[i].to ? "+" : "++";
    return "";
}

const char *geo_roussouly(double ss, double pt, double pi)
{
    if (!isfinite(ss)) return "";
    if (ss < 35) return "1|2";
    if (ss >= 45) return "4";
    return pt < 5 && pi < 50 ? "3AP" : "3";
}
