/* measure_text.c - the report for people, and tables of many films; see measure.h. Every value stands beside its unit and, where one is
 * known, the normal range, so that no number is read without either. */
#include "verbs/measure.h"
#include "base/die.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *unit_of(const char *unit)
{
    return !strcmp(unit, "deg") ? "°" : !strcmp(unit, "percent") ? "%" : !strcmp(unit, "ratio") ? "" : unit;
}

/* Angles and lengths to a tenth, ratios to a hundredth; never "-0.0". */
static const char *rounded(double x, const char *unit, char out[48])
{
    int decimals = strcmp(unit, "ratio") ? 1 : 2;
    snprintf(out, 48, "%*.*f", 7, decimals, x);
    if (atof(out) == 0) snprintf(out, 48, "%*.*f", 7, decimals, 0.0);
    return out;
}

/* The normal range, and whether the value lies outside or rests on what is in doubt. */
static const char *normal_of(const finding *r, char out[160])
{
    char range[48], marks[64];
    const char *doubts = findings_doubts(r, marks);
    int wide = r->side || *doubts ? 13 : 0;
    snprintf(out, 160, "%-*s%s%s%s", wide, r->normal ? range_text(r->normal, range) : "", r->side < 0 ? "LOW" : r->side > 0 ? "HIGH" : "",
             r->side && *doubts ? ", " : "", doubts);
    return out;
}

/* ---- one film ------------------------------------------------------------------------------------------------------------------------ */

static void print_head(FILE *out, const findings *f)
{
    double score;
    int side = f->frontal || f->failed ? 0 : geo_result_facing(f->chain.result, &score);
    fprintf(out, "%s: %s film", f->id, f->frontal ? "frontal" : "lateral");
    if (f->region != GEO_REGION_WHOLE && !f->frontal) fprintf(out, " (%s)", geo_region_name(f->region));
    if (f->h && f->w) fprintf(out, ", %" PRId64 " x %" PRId64 " pixels", f->w, f->h);
    if (f->sx > 0) fprintf(out, ", %g x %g mm a pixel", f->sx, f->sy);
    else fprintf(out, ", spacing not known");
    if (side) fprintf(out, ", looking %s (score %+g)", side > 0 ? "right" : "left", score);
    if (f->age >= 0) fprintf(out, ", %g years", f->age);
    fprintf(out, "\n\n");
}

static void print_values(FILE *out, const findings *f, const finding *row, int n)
{
    char a[48], b[48], c[160];
    table *t = table_new("");
    const char *group = "";
    int spread = f->spread != NULL, any = 0;
    table_column(t, "", "", COLUMN_TEXT, 0), table_column(t, "", "", COLUMN_TEXT, 0), table_column(t, "  value", "", COLUMN_TEXT, 0);
    table_column(t, "", "", COLUMN_TEXT, 0);
    if (spread) table_column(t, "± SD", "", COLUMN_TEXT, 0);
    table_column(t, "normal", "", COLUMN_TEXT, 0);
    for (size_t g = 0; g < FINDINGS_GROUPS; g++)
        for (int i = 0; i < n; i++) {
            const finding *r = &row[i];
            if (r->v.code || strcmp(r->group, findings_groups[g])) continue;
            if (any && strcmp(group, r->group)) table_rule(t);
            group = r->group, any = 1;
            table_text(t, r->name), table_text(t, r->title), table_text(t, rounded(r->v.value, r->unit, a)),
                table_text(t, unit_of(r->unit));
            if (spread) table_text(t, isfinite(r->sd) ? rounded(r->sd, r->unit, b) : "");
            table_text(t, normal_of(r, c));
        }
    if (any) table_write(t, out, TABLE_PLAIN), fputc('\n', out);
    table_free(t);
}

/* What could not be measured, by reason. */
static void print_errors(FILE *out, const finding *row, int n)
{
    int any = 0;
    for (int i = 0; i < n; i++) {
        int told = !row[i].v.code;
        for (int k = 0; k < i && !told; k++) told = !strcmp(row[k].v.error, row[i].v.error);
        if (told) continue;
        fprintf(out, "%s%s:", any++ ? "  " : "Not measured\n  ", row[i].v.error);
        for (int k = i; k < n; k++) {
            if (strcmp(row[k].v.error, row[i].v.error)) continue;
            fprintf(out, " %s", row[k].name);
            if (row[k].v.code == GEO_E_NO_SPACING) fprintf(out, " (%.1f pixels)", row[k].v.pixels);
        }
        fputc('\n', out);
    }
    if (any) fputc('\n', out);
}

static void print_scores(FILE *out, const findings *f)
{
    static const char *const words[] = { "proportioned", "moderately disproportioned", "severely disproportioned" };
    double pill = findings_value(f, "PILL"), pt = findings_value(f, "PT"), sva = findings_value(f, "SVA"), ss = findings_value(f, "SS");
    geo_gap g;
    int any = 0;
    if (findings_wants_gap(f) && !geo_result_gap(f->chain.result, &g)) {
        fprintf(out, "GAP score %d of 13, %s (RPV %d, RLL %d, LDI %d, RSA %d, age %d)%s\n", g.total,
            words[g.total <= 2 ? 0 : g.total <= 6 ? 1 : 2],
                g.rpv, g.rll, g.ldi, g.rsa, g.age, g.near ? "; a component lies within 0.1 of a limit" : "");
        if (f->spread) fprintf(out, "  probability: proportioned %.2f, moderately %.2f, severely disproportioned %.2f\n", f->category[0],
            f->category[1],
            f->category[2]);
        any = 1;
    } else if (findings_wants_gap(f)) fprintf(out, "GAP score: %s\n", g.error), any = 1;
    if (isfinite(pill) && isfinite(pt))
        fprintf(out, "SRS-Schwab: PI-LL %s, PT %s, SVA %s\n", geo_schwab("PI-LL", pill), geo_schwab("PT", pt),
                isfinite(sva) ? geo_schwab("SVA", sva) : "not known"), any = 1;
    if (isfinite(ss)) fprintf(out, "Roussouly by sacral slope: type %s\n", geo_roussouly(ss, pt, findings_value(f, "PI"))), any = 1;
    if (any) fputc('\n', out);
}

static void print_bodies(FILE *out, const findings *f)
{
    const landmark_case *a = f->asked;
    geo_compression g;
    geo_genant net;
    geo_slip s;
    int any = 0;
    for (int i = GEO_C3; i <= GEO_L5; i++) {
        int asked = 0, bad = geo_result_compression(f->chain.result, i, &g);
        for (int k = 0; a && k < a->ncompression; k++) asked |= a->compression[k] == i;
        if (asked && bad) fprintf(out, "%s: %s\n", geo_level_name(i), g.error), any = 1;
        if (bad || (!asked && (!g.grade || i < GEO_T4))) continue;
        fprintf(out, "%s: Genant grade %d%s%s (loss %.0f %%), anterior / posterior %.2f, wedge %.1f°; "
                "against the neighbours %.2f %.2f %.2f",
                geo_level_name(i), g.grade, g.grade ? ", " : "", g.grade ? g.type : "", g.genant_loss, g.ratio, g.wedge, g.cr[0], g.cr[1],
                    g.cr[2]);
        if (!geo_result_genant(f->chain.result, i, &net) && net.grade != g.grade)
            fprintf(out, "; less the usual wedging grade %d (loss %.0f %%)", net.grade, net.loss);
        fputc('\n', out), any = 1;
    }
    for (int i = GEO_C2; i <= GEO_L5; i++) {
        if (geo_result_slip(f->chain.result, i, i + 1, &s) || fabs(s.percent) <= 3 || i < GEO_L1) continue;
        fprintf(out, "%s on %s: slip %+.1f %%, Meyerding %s", geo_level_name(i), geo_level_name(i + 1), s.percent, s.meyerding);
        if (f->sx > 0) fprintf(out, ", %+.1f mm", s.mm);
        fputc('\n', out), any = 1;
    }
    if (any) fputc('\n', out);
}

/* "  23.4°", and " ± 1.2°" where that was asked for. */
static void print_angle(FILE *out, const char *name, double angle, const geo_spread *s)
{
    fprintf(out, "%-14s %5.1f°", name, angle);
    if (s && s->n > 1) fprintf(out, " ± %.1f°", s->sd);
}

static void print_frontal(FILE *out, const findings *f, const finding *row)
{
    const geo_cobb *g = &f->chain.cobb;
    const geo_cobb_spread *c = f->curves;
    if (row->v.code) {
        fprintf(out, "Cobb angle: %s\n\n", row->v.error);
        return;
    }
    print_angle(out, "Cobb angle", g->main, c ? &c->main : NULL);
    fprintf(out, "  from %s to %s, convex to the %s of the image; %s%s", findings_level(f, g->upper_end), findings_level(f, g->lower_end),
            g->convex > 0 ? "right" : g->convex < 0 ? "left" : "(straight)", g->scoliosis ? "scoliosis, " : "no scoliosis",
            g->scoliosis ? g->grade : "");
    if (row->normal) fprintf(out, " (below %g is normal)", row->normal->high);
    fputc('\n', out);
    if (f->cobb_method == GEO_COBB_MIDLINE) {
        print_angle(out, "  upper curve", g->upper, c ? &c->upper : NULL), fputc('\n', out);
        print_angle(out, "  lower curve", g->lower, c ? &c->lower : NULL), fputc('\n', out);
    }
    for (int i = 0; c && i < GEO_COBB_GRADES; i++)
        fprintf(out, "%s%s %.2f%s", i ? ", " : "  probability: ", i ? geo_cobb_grade(i) : "no scoliosis", c->grade[i],
                i + 1 < GEO_COBB_GRADES ? "" : "\n");
    fprintf(out, "  method: %s; %d vertebrae%s\n\n", f->cobb_method == GEO_COBB_MIDLINE ? "midline (tilts of the mid-body lines)" :
            "endplate (upper plate of one body against the lower plate of another)", f->chain.n, g->s_shaped ? "; S-shaped" : "");
}

static void print_warnings(FILE *out, const findings *f)
{
    int n = f->frontal ? f->chain.warnings : geo_result_warnings(f->chain.result);
    for (int i = 0; i < n; i++) fprintf(out, "%s%s", i ? " " : "Warnings: ",
        f->frontal ? f->chain.warning[i] : geo_result_warning(f->chain.result, i));
    if (n) fputc('\n', out);
}

void measure_print_remarks(FILE *out, const findings *f)
{
    if (f->failed || (!f->frontal && *geo_result_error(f->chain.result))) return;
    if (!f->frontal) print_scores(out, f), print_bodies(out, f);
    print_warnings(out, f);
}

void measure_print(FILE *out, const findings *f, const ranges *normal)
{
    finding *row;
    int n = findings_rows(f, normal, &row);
    print_head(out, f);
    if (f->failed) fprintf(out, "%s\n", f->failed);
    else if (f->frontal) {
        if (n) print_frontal(out, f, row);
        measure_print_remarks(out, f);
    }
    else if (geo_result_error(f->chain.result)[0])
        fprintf(out, "%s: the film does not say which way the patient looks; --facing left or right does\n",
            geo_result_error(f->chain.result));
    else {
        print_values(out, f, row, n), print_errors(out, row, n), measure_print_remarks(out, f);
        fprintf(out, "Lordosis is positive in LL, L4S1 and CL, kyphosis in TK and TLK; "
                "+ in lengths is forwards (SVA, cSVA, BAI) or upwards.\n");
    }
    free(row);
}

/* ---- many films ---------------------------------------------------------------------------------------------------------------------- */

static const char *const first[] = { "SS", "PT", "PI", "LL", "L4S1", "TK", "TLK", "SVA", "GT", "T1S", "CL", "cSVA" };
enum { FIRST = sizeof first / sizeof *first };

static int has_column(const measure_summary *s, int i) { return geo_region_shows(s->region, geo_parameter_find(first[i])); }

measure_summary measure_summary_new(int region)
{
    measure_summary s = { .view = { table_new("Lateral films"), table_new("Frontal films") }, .region = region < 0 ? GEO_REGION_WHOLE : region };
    for (int k = 0; k < 2; k++) table_column(s.view[k], "film", "", COLUMN_TEXT, 0);
    for (int i = 0; i < FIRST; i++)
        if (has_column(&s, i)) table_column(s.view[0], first[i], unit_of(geo_parameter_unit(geo_parameter_find(first[i]))), COLUMN_NUMBER, 1);
    if (s.region == GEO_REGION_WHOLE) table_column(s.view[0], "GAP", "", COLUMN_TEXT, 0);
    table *t = s.view[1];
    table_column(t, "Cobb", "°", COLUMN_NUMBER, 1), table_column(t, "from", "", COLUMN_TEXT, 0), table_column(t, "to", "", COLUMN_TEXT, 0);
    table_column(t, "upper", "°", COLUMN_NUMBER, 1), table_column(t, "lower", "°", COLUMN_NUMBER, 1), table_column(t, "convex", "", COLUMN_TEXT, 0);
    table_column(t, "grade", "", COLUMN_TEXT, 0);
    return s;
}

void measure_summary_free(measure_summary *s) { table_free(s->view[0]), table_free(s->view[1]); }

static void add_frontal(table *t, const findings *f)
{
    finding *row;
    const geo_cobb *g = &f->chain.cobb;
    const int n = findings_rows(f, NULL, &row);
    const char *why = f->failed ? f->failed : !n ? "not asked for" : row->v.code ? row->v.error : NULL;
    if (why) for (int i = 0; i < 7; i++) table_missing(t, why);
    else {
        table_number(t, g->main), table_text(t, findings_level(f, g->upper_end)), table_text(t, findings_level(f, g->lower_end));
        for (int i = 0; i < 2; i++) {
            if (f->cobb_method == GEO_COBB_MIDLINE) table_number(t, i ? g->lower : g->upper);
            else table_missing(t, "the endplate method measures the main curve only");
        }
        table_text(t, g->convex > 0 ? "right" : g->convex < 0 ? "left" : "straight"), table_text(t, g->grade);
    }
    free(row);
}

void measure_summary_add(measure_summary *s, const findings *f)
{
    geo_gap g;
    table *t = s->view[f->frontal];
    s->rows[f->frontal]++;
    table_text(t, f->id);
    if (f->frontal) { add_frontal(t, f); return; }
    for (int i = 0; i < FIRST; i++) {
        if (!has_column(s, i)) continue;
        geo_value v = { .code = GEO_E_MISSING };
        if (!f->failed) geo_result_value(f->chain.result, geo_parameter_find(first[i]), &v);
        if (v.code) table_missing(t, f->failed ? f->failed : v.error);
        else table_number(t, v.value);
    }
    if (s->region != GEO_REGION_WHOLE) return;
    if (f->failed) table_missing(t, f->failed);
    else if (geo_result_gap(f->chain.result, &g)) table_missing(t, g.error);
    else {
        char text[16];
        snprintf(text, sizeof text, "%d %s", g.total, g.category);
        table_text(t, text);
    }
}

table *measure_list_new(void)
{
    table *t = table_new("");
    table_column(t, "film", "", COLUMN_TEXT, 0), table_column(t, "parameter", "", COLUMN_TEXT, 0),
        table_column(t, "title", "", COLUMN_TEXT, 0);
    table_column(t, "value", "", COLUMN_NUMBER, 4), table_column(t, "unit", "", COLUMN_TEXT, 0),
        table_column(t, "sd", "", COLUMN_NUMBER, 4);
    table_column(t, "low", "", COLUMN_NUMBER, 4), table_column(t, "high", "", COLUMN_NUMBER, 4),
        table_column(t, "flag", "", COLUMN_TEXT, 0);
    table_column(t, "interpolated", "", COLUMN_COUNT, 0), table_column(t, "doubts", "", COLUMN_TEXT, 0);
    return t;
}

static void add_limit(table *t, const range *r, double x)
{
    if (r && isfinite(x)) table_number(t, x);
    else table_missing(t, r ? "no such limit" : "no range known");
}

void measure_list_add(table *t, const findings *f, const ranges *normal)
{
    finding *row;
    int n = findings_rows(f, normal, &row);
    for (int i = 0; i < n; i++) {
        const finding *r = &row[i];
        char doubts[64];
        table_text(t, f->id), table_text(t, r->name), table_text(t, r->title);
        if (r->v.code) table_missing(t, r->v.error); else table_number(t, r->v.value);
        table_text(t, r->unit);
        if (isfinite(r->sd)) table_number(t, r->sd); else table_missing(t, "not computed");
        add_limit(t, r->normal, r->normal ? r->normal->low : 0), add_limit(t, r->normal, r->normal ? r->normal->high : 0);
        table_text(t, r->side < 0 ? "low" : r->side > 0 ? "high" : ""), table_count(t, (r->v.marks & GEO_MARK_INTERPOLATED) != 0);
        table_text(t, findings_doubts(r, doubts));
    }
    free(row);
}
