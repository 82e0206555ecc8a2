/* measure_json.c - one film as JSON; see measure.h. Names of keys are what users come to depend on: docs/measure.md lists them.
 *
 * NaN is never printed: a value is there, or its code is. What was found on masks is given in the form that landmarks are read in, so
 * that the output can be corrected by hand and measured again. */
#include "verbs/measure.h"
#include "base/die.h"
#include "verbs/object.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set(json_t *o, const char *key, json_t *v)
{
    if (!v || json_object_set_new(o, key, v)) die_machine("out of memory");
}

static void set_text(json_t *o, const char *key, const char *text) { set(o, key, object_text(text)); }

/* null with its reason. */
static void set_missing(json_t *o, const char *key, const char *why)
{
    char *name = xprintf("%s_why", key);
    set(o, key, json_null()), set_text(o, name, why);
    free(name);
}

static void set_real(json_t *o, const char *key, double x, const char *why)
{
    if (isfinite(x)) set(o, key, json_real(x));
    else set_missing(o, key, why);
}

/* ---- scores -------------------------------------------------------------------------------------------------------------------------- */

static void set_gap(json_t *o, json_t *errors, const findings *f)
{
    static const char *const names[] = { "RPV", "RLL", "LDI", "RSA" };
    geo_gap g;
    if (!findings_wants_gap(f)) return;
    if (geo_result_gap(f->chain.result, &g)) { set_text(errors, "GAP", g.error); return; }
    json_t *near = json_array();
    for (int i = 0; i < 4; i++) if (g.near >> i & 1) object_append(near, json_string(names[i]));
    json_t *scores = json_pack("{s:i s:i s:i s:i s:i}", "RPV", g.rpv, "RLL", g.rll, "LDI", g.ldi, "RSA", g.rsa, "age", g.age);
    set(o, "GAP", json_pack("{s:o s:i s:s s:o}", "scores", scores, "total", g.total, "category", g.category, "near_boundary", near));
    if (f->spread) set(o, "GAP_probability", json_pack("{s:f s:f s:f}", "P", f->category[0], "MD", f->category[1], "SD", f->category[2]));
}

/* errors: what the case itself gives as the reason of a missing value */
static void set_types(json_t *o, const findings *f, const json_t *errors)
{
    static const char *const modifiers[] = { "PI-LL", "PT", "SVA" }, *const from[] = { "PILL", "PT", "SVA" };
    double pill = findings_value(f, "PILL"), pt = findings_value(f, "PT"), ss = findings_value(f, "SS");
    if (isfinite(pill) && isfinite(pt) && findings_wants(f, "PILL") && findings_wants(f, "PT")) {
        json_t *s = json_object();
        for (int i = 0; i < 3; i++) {
            const char *grade = geo_schwab(modifiers[i], findings_value(f, from[i]));
            geo_value v;
            if (*grade) set_text(s, modifiers[i], grade);
            else if (json_object_get(errors, from[i])) set(s, modifiers[i], json_null());
            else geo_result_value(f->chain.result, geo_parameter_find(from[i]), &v), set_missing(s, modifiers[i], v.error);
        }
        set(o, "Schwab", s);
    }
    if (isfinite(ss) && findings_wants(f, "SS")) set_text(o, "Roussouly_by_SS", geo_roussouly(ss, pt, findings_value(f, "PI")));
}

/* ---- bodies -------------------------------------------------------------------------------------------------------------------------- */

static json_t *compression(const findings *f, int level)
{
    geo_compression g;
    geo_genant net;
    json_t *warnings;
    if (geo_result_compression(f->chain.result, level, &g)) return json_pack("{s:s s:s}", "level", geo_level_name(level), "error", g.error);
    json_t *o = json_pack("{s:s s:f s:f s:f s:f s:f s:f s:s s:f s:i s:o}", "level", geo_level_name(level), "CR_anterior", g.cr[0],
        "CR_middle",
        g.cr[1], "CR_posterior", g.cr[2], "loss_anterior_pct", g.loss, "ratio_ant_post", g.ratio, "wedge_angle", g.wedge, "genant_type",
            g.type,
        "genant_loss_pct", g.genant_loss, "genant_grade", g.grade, "warnings", warnings = json_array());
    if (!geo_result_genant(f->chain.result, level, &net))
        set(o, "genant_net_pct", json_real(net.loss)), set(o, "genant_net_grade", json_integer(net.grade));
    if (g.one_neighbour) object_append(warnings, json_string("W_ONE_NEIGHBOUR"));
    for (int k = 0; k < 2; k++)
        if (g.fractured[k]) {
            char *text = xprintf("W_NEIGHBOUR_FRACTURED:%s", geo_level_name(g.fractured[k]));
            object_append(warnings, json_string(text)), free(text);
        }
    return o;
}

static json_t *slip(const findings *f, int upper, int lower)
{
    geo_slip g;
    if (geo_result_slip(f->chain.result, upper, lower, &g))
        return json_pack("{s:s s:s s:s}", "upper", geo_level_name(upper), "lower", geo_level_name(lower), "error", g.error);
    json_t *o = json_pack("{s:s s:s s:f s:s}", "upper", geo_level_name(upper), "lower", geo_level_name(lower), "slip_pct", g.percent,
        "meyerding",
        g.meyerding);
    if (f->sx > 0) set(o, "slip_mm", json_real(g.mm));
    else set_missing(o, "slip_mm", "E_NO_SPACING");
    return o;
}

/* What the case asks for; of what was found on masks, all that Genant and Meyerding are used for. */
static void set_bodies(json_t *o, const findings *f)
{
    json_t *list = json_array(), *pairs = json_array();
    const landmark_case *a = f->asked;
    geo_compression g;
    geo_slip s;
    for (int i = 0; a && i < a->ncompression; i++) object_append(list, compression(f, a->compression[i]));
    for (int i = 0; a && i < a->nslip; i++) object_append(pairs, slip(f, a->slip[i][0], a->slip[i][1]));
    for (int i = GEO_T4; !a && i <= GEO_L5; i++)
        if (!geo_result_compression(f->chain.result, i, &g)) object_append(list, compression(f, i));
    for (int i = GEO_L1; !a && i <= GEO_L5; i++)
        if (!geo_result_slip(f->chain.result, i, i + 1, &s)) object_append(pairs, slip(f, i, i + 1));
    if (json_array_size(list)) set(o, "compression", list); else json_decref(list);
    if (json_array_size(pairs)) set(o, "slip", pairs); else json_decref(pairs);
}

/* ---- landmarks that were found ------------------------------------------------------------------------------------------------------- */

static json_t *point(geo_point p) { return json_pack("[f f]", p.x, p.y); }

static json_t *body(const geo_case *c, int level, const geo_corners *q)
{
    double dip[2];
    json_t *o = json_pack("{s:o s:o s:o s:o}", "SA", point(q->sa), "SP", point(q->sp), "IA", point(q->ia), "IP", point(q->ip));
    if (geo_case_dips(c, level, dip)) set(o, "dip", json_pack("[f f]", dip[0], dip[1]));
    return o;
}

static void set_landmarks(json_t *o, const findings *f)
{
    json_t *bodies = json_object(), *heads = json_array(), *points = json_object();
    const geo_case *c = f->chain.film;
    geo_corners q;
    geo_circle head[2];
    geo_point a, p;
    for (int i = GEO_C2; i <= GEO_L5; i++)
        if (geo_case_corners(c, i, &q)) set(bodies, geo_level_name(i), body(c, i, &q));
    for (int i = 0, n = geo_case_heads(c, head); i < n; i++) object_append(heads, json_pack("[f f f]", head[i].x, head[i].y, head[i].r));
    for (int i = 0; i < GEO_POINTS; i++) if (geo_case_at(c, i, &p)) set(points, geo_point_name(i), point(p));
    set(o, "vertebrae", bodies);
    if (geo_case_plate(c, &a, &p)) set(o, "S1", json_pack("{s:o s:o}", "SA", point(a), "SP", point(p)));
    set(o, "FH", heads), set(o, "points", points);
}

/* The bodies that count in the Cobb angle, in order; apart from them those that were left out, so that reading back leaves them out too. */
static void set_frontal_bodies(json_t *o, const findings *f)
{
    json_t *bodies = json_object(), *order = json_array(), *left_out = json_object();
    for (int i = 0; i < f->chain.n; i++) {
        const geo_found *b = &f->chain.body[i];
        const geo_point *p = b->quad.p;
        char *name = *findings_level(f, i) ? xdup(findings_level(f, i)) : xprintf("%d", i + 1);
        json_t *to = geo_found_counts(b) ? bodies : left_out;
        if (!json_object_get(to, name)) {
            set(to, name, json_pack("{s:o s:o s:o s:o}", "UL", point(p[0]), "UR", point(p[1]), "LL", point(p[3]), "LR", point(p[2])));
            if (to == bodies) object_append(order, json_string(name));
        }
        free(name);
    }
    set(o, "vertebrae", bodies), set(o, "order", order), set(o, "left_out", left_out);
}

/* ---- the two views ------------------------------------------------------------------------------------------------------------------- */

/* Levels that are not to be trusted, kind by kind: read back with the landmarks, so that a doubt lasts until somebody takes it back. */
static void set_marks(json_t *o, const findings *f)
{
    for (int k = 0; k < GEO_MARKS; k++) {
        json_t *levels = json_array();
        for (int i = GEO_C1; i <= GEO_S1; i++)
            if (geo_case_marks(f->chain.film, i) & 1u << k) object_append(levels, json_string(geo_level_name(i)));
        set(o, geo_mark_name(1u << k), levels);
    }
}

static void set_choices(json_t *o, const geo_case *c)
{
    json_t *all = json_object();
    for (int i = 0; *geo_choice_name(i); i++) set_text(all, geo_choice_name(i), geo_case_choice(c, i));
    set(o, "choices", all);
}

static void set_lateral(json_t *o, const findings *f)
{
    const geo_result *r = f->chain.result;
    double score;
    int side = geo_result_facing(r, &score);
    json_t *warnings = json_array();
    if (side) set_text(o, "facing", side > 0 ? "right" : "left");
    else set_missing(o, "facing", "E_FACING_AMBIGUOUS");
    set(o, "facing_score", json_real(score));
    for (int i = 0; i < geo_result_warnings(r); i++) object_append(warnings, json_string(geo_result_warning(r, i)));
    set(o, "warnings", warnings), set_marks(o, f), set_choices(o, f->chain.film);
    if (!side) return;
    set_types(o, f, json_object_get(o, "errors")), set_bodies(o, f);
    if (f->from_masks) set_landmarks(o, f);
}

static const char *level_of(const findings *f, int i) { return *findings_level(f, i) ? findings_level(f, i) : "unknown"; }

static void set_cobb(json_t *o, const findings *f, const finding *row)
{
    const geo_cobb *g = &f->chain.cobb;
    int midline = f->cobb_method == GEO_COBB_MIDLINE, bad = row->v.code;
    static const char endplate[] = "the endplate method measures the main curve only";
    set_real(o, "cobb", bad ? NAN : g->main, row->v.error);
    if (bad) {
        static const char *const keys[] = { "upper_end", "lower_end", "cobb_upper", "cobb_lower", "convex", "grade", "scoliosis" };
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) set_missing(o, keys[i], row->v.error);
    } else {
        set_text(o, "upper_end", level_of(f, g->upper_end)), set_text(o, "lower_end", level_of(f, g->lower_end));
        set_real(o, "cobb_upper", midline ? g->upper : NAN, endplate), set_real(o, "cobb_lower", midline ? g->lower : NAN, endplate);
        if (g->convex) set_text(o, "convex", g->convex > 0 ? "right" : "left");
        else set_missing(o, "convex", "the spine is straight");
        set_text(o, "grade", g->grade), set(o, "scoliosis", json_boolean(g->scoliosis)), set(o, "s_shaped", json_boolean(g->s_shaped));
    }
    set_text(o, "cobb_method", midline ? "midline" : "endplate");
}

/* SD of the three angles, and how likely each grade is. */
static void set_curves(json_t *o, const findings *f)
{
    const geo_cobb_spread *c = f->curves;
    const struct { const char *key; const geo_spread *s; } rows[] = { { "cobb", &c->main }, { "cobb_upper", &c->upper },
        { "cobb_lower", &c->lower } };
    json_t *sd = json_object(), *grade = json_object();
    for (int i = 0; i < 3; i++) if (rows[i].s->n > 1) set(sd, rows[i].key, json_real(rows[i].s->sd));
    for (int i = 0; i < GEO_COBB_GRADES; i++) set(grade, geo_cobb_grade(i), json_real(c->grade[i]));
    set(o, "sd", sd), set(o, "grade_probability", grade);
}

static void set_frontal(json_t *o, const findings *f)
{
    json_t *warnings = json_array();
    if (f->h > 0) set(o, "height", json_integer(f->h));          /* its middle decides which curve is the lower one, also when read back */
    for (int i = 0; i < f->chain.warnings; i++) object_append(warnings, json_string(f->chain.warning[i]));
    set(o, "warnings", warnings);
    if (f->from_masks) set_frontal_bodies(o, f);
}

/* Names that a case asks for and that nobody knows, or that belong to films of the other view. */
static void set_unknown(json_t *errors, const findings *f)
{
    for (int i = 0; f->asked && i < f->asked->nwant; i++) {
        const char *name = f->asked->want[i];
        const int lateral = geo_parameter_find(name) >= 0 || !strcmp(name, "GAP"), frontal = !strcmp(name, "cobb");
        if (!lateral && !frontal) set_text(errors, name, "E_UNDEFINED:no such parameter");
        else if (f->frontal ? !frontal : !lateral)
            set_text(errors, name, f->frontal ? "E_UNDEFINED:lateral films only" : "E_UNDEFINED:frontal films only");
    }
}

static void set_values(json_t *o, const findings *f, const finding *row, int n)
{
    json_t *values = json_object(), *errors = json_object(), *pixels = json_object(), *plates = json_object(), *sd = json_object(),
        *flags = json_object();
    for (int i = 0; i < n; i++) {
        const finding *r = &row[i];
        if (r->v.code) set_text(errors, r->name, r->v.error);
        else if (!f->frontal) set(values, r->name, json_real(r->v.value));
        if (r->v.code == GEO_E_NO_SPACING) set(pixels, r->name, json_real(r->v.pixels));
        if (r->v.code == GEO_E_NO_SPACING && r->v.plates != 0) set(plates, r->name, json_real(r->v.plates));
        if (isfinite(r->sd)) set(sd, r->name, json_real(r->sd));
        if (r->side) set_text(flags, r->name, r->side < 0 ? "low" : "high");
    }
    if (!f->failed) set_gap(o, errors, f);
    set_unknown(errors, f);
    set(o, "values", values), set(o, "errors", errors), set(o, "flags", flags);
    if (json_object_size(pixels)) set(o, "values_px", pixels); else json_decref(pixels);
    if (json_object_size(plates)) set(o, "values_S1", plates); else json_decref(plates);
    if (f->spread) set(o, "sd", sd); else json_decref(sd);
}

json_t *measure_json(const findings *f, const ranges *normal)
{
    finding *row;
    json_t *o = json_object();
    int n = findings_rows(f, normal, &row);
    const char *whole = f->failed ? f->failed : !f->frontal &&
        geo_result_error(f->chain.result)[0] ? geo_result_error(f->chain.result) : NULL;
    set_text(o, "id", f->id), set_text(o, "mode", f->frontal ? "coronal" : "lateral"), set_text(o, "region", geo_region_name(f->region));
    if (f->sx > 0) set(o, "spacing", json_pack("[f f]", f->sx, f->sy));
    else set_missing(o, "spacing", "not known");
    set_text(o, "spacing_source", f->spacing_source);
    if (f->age >= 0) set(o, "age", json_real(f->age));
    if (whole) set(o, "values", json_object()), set(o, "errors", json_pack("{s:s}", "*", whole));
    else set_values(o, f, row, n);
    if (f->failed) set(o, "warnings", json_array());
    else if (f->frontal) {
        if (n) set_cobb(o, f, row);
        if (n && f->curves) set_curves(o, f);
        set_frontal(o, f);
    }
    else set_lateral(o, f);
    if (f->from_masks && !json_object_get(o, "vertebrae")) set(o, "vertebrae", json_object());         /* none found: read back as just that */
    set(o, "seconds", json_real(f->seconds));
    free(row);
    return o;
}
