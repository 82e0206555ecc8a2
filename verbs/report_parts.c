/* report_parts.c - what both kinds of report hold; see report.h. */
#include "verbs/report.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/html.h"
#include "eval/provenance.h"
#include "eval/table.h"
#include "verbs/measure.h"
#include "verbs/verb.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PICTURE_LIMIT = 64 << 20 };

void report_environment(FILE *f)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out) die_machine("out of memory");
    doctor_version(out);
    if (fclose(out)) die_machine("out of memory");
    html_section(f, "environment", 1, "Environment");
    html_lines(f, text);
    free(text);
}

static void hash_row(table *t, const char *name, const char *path)
{
    char hex[65];
    struct stat s;
    table_text(t, name);
    if (!stat(path, &s) && provenance_hash(path, hex)) table_count(t, s.st_size), table_text(t, hex);
    else table_missing(t, "cannot be read"), table_missing(t, "cannot be read");
}

void report_files(FILE *f, char *const *path, int n)
{
    table *t = table_new("");
    table_column(t, "file", "", COLUMN_TEXT, 0), table_column(t, "bytes", "", COLUMN_COUNT, 0), table_column(t, "SHA-256", "",
        COLUMN_TEXT, 0);
    for (int i = 0; i < n; i++) if (path[i]) hash_row(t, path[i], path[i]);
    hash_row(t, "the program itself", "/proc/self/exe");
    html_section(f, "files", 1, "Files and their hashes");
    table_html(t, f);
    table_free(t);
}

void report_picture(FILE *f, const char *path, const char *alt, const char *caption)
{
    size_t n;
    if (!file_exists(path)) return;
    char *bytes = file_read(path, PICTURE_LIMIT, &n);
    html_png(f, bytes, n, alt, caption);
    free(bytes);
}

/* ---- a film -------------------------------------------------------------------------------------------------------------------------- */

static const char *sign_of(const char *unit)
{
    return !strcmp(unit, "deg") ? "°" : !strcmp(unit, "percent") ? " %" : !strcmp(unit, "mm") ? " mm" : "";
}

static char *value_of(const finding *r)
{
    const double x = r->v.value;
    const int decimals = strcmp(r->unit, "ratio") ? 1 : 2;
    return xprintf("%.*f%s", decimals, fabs(x) < (decimals == 1 ? 0.05 : 0.005) ? 0 : x, sign_of(r->unit));
}

static const char *flag_of(const finding *r) { return r->side < 0 ? "▼ low" : r->side > 0 ? "▲ high" : r->normal ? "in range" : ""; }

static void values_table(FILE *f, const finding *row, int n, int spread)
{
    table *t = table_new("");
    const char *group = "";
    int any = 0;
    static const char *const heads[] = { "", "value", "", "normal", "parameter", "range from" };     /* a phone shows the first four */
    for (int i = 0; i < 6; i++) {
        table_column(t, heads[i], "", COLUMN_TEXT, 0);
        if (i == 1 && spread) table_column(t, "± SD", "", COLUMN_NUMBER, 1);
    }
    for (int i = 0; i < n; i++) {
        const finding *r = &row[i];
        char text[48], marks[64], *value = r->v.code ? NULL : value_of(r);
        const char *doubts = findings_doubts(r, marks);
        if (r->v.code) continue;
        if (any++ && strcmp(group, r->group)) table_rule(t);
        group = r->group;
        table_text(t, r->name), table_text(t, value);
        if (spread && isfinite(r->sd)) table_number(t, r->sd);
        else if (spread) table_missing(t, "not computed");
        char *flag = xprintf("%s%s%s%s", flag_of(r), *doubts ? " (" : "", doubts, *doubts ? ")" : "");
        table_text(t, flag), table_text(t, r->normal ? range_text(r->normal, text) : "");
        table_text(t, r->title), table_text(t, r->normal ? r->normal->source : "");
        free(flag), free(value);
    }
    if (any) table_html(t, f);
    table_free(t);
}

/* The rows in the order of findings_groups, so that a group stands together. */
static int by_group(const finding *row, int n, finding *out)
{
    int m = 0;
    for (int g = 0; g < FINDINGS_GROUPS; g++) for (int i = 0; i < n; i++) if (!strcmp(row[i].group, findings_groups[g])) out[m++] = row[i];
    for (int i = 0; i < n; i++) {
        int placed = 0;
        for (int g = 0; g < FINDINGS_GROUPS; g++) placed |= !strcmp(row[i].group, findings_groups[g]);
        if (!placed) out[m++] = row[i];
    }
    return m;
}

static void errors_table(FILE *f, const finding *row, int n)
{
    table *t = table_new("Not measured");
    int any = 0;
    table_column(t, "parameter", "", COLUMN_TEXT, 0), table_column(t, "", "", COLUMN_TEXT, 0), table_column(t, "why", "", COLUMN_TEXT, 0);
    for (int i = 0; i < n; i++)
        if (row[i].v.code) table_text(t, row[i].name), table_text(t, row[i].title), table_text(t, row[i].v.error), any = 1;
    if (any) table_html(t, f);
    table_free(t);
}

static void flagged(FILE *f, const finding *row, int n)
{
    int out = 0, judged = 0;
    for (int i = 0; i < n; i++) judged += !row[i].v.code && row[i].normal, out += row[i].side != 0;
    if (!judged) return;
    fprintf(f, "<p><strong class=\"%s\">%d of %d values lie outside their normal range</strong>", out ? "bad" : "good", out, judged);
    for (int i = 0, any = 0; i < n; i++) {
        if (!row[i].side) continue;
        char *value = value_of(&row[i]), *text = xprintf("%s%s %s %s", any++ ? ", " : " – ", row[i].name, value, flag_of(&row[i]));
        html_text(f, text), free(value), free(text);
    }
    fputs("</p>\n", f);
}

/* What the measuring itself doubts stands before any value. */
static void doubts(FILE *f, const findings *m)
{
    const int n = m->failed ? 0 : m->frontal ? m->chain.warnings : geo_result_warnings(m->chain.result);
    if (!n) return;
    fputs("<p><strong class=\"bad\">Not to be trusted without a look:</strong> ", f);
    for (int i = 0; i < n; i++) {
        if (i) fputs(", ", f);
        html_text(f, m->frontal ? m->chain.warning[i] : geo_result_warning(m->chain.result, i));
    }
    fputs("</p>\n", f);
}

static void about(FILE *f, const findings *m)
{
    char *region = m->frontal || m->region == GEO_REGION_WHOLE ? xdup("") : xprintf(" (%s)", geo_region_name(m->region)),
        *pixels = m->h && m->w ? xprintf(", %lld x %lld pixels", (long long)m->w, (long long)m->h) : xdup(""),
        *size = xprintf("%s film%s%s", m->frontal ? "frontal" : "lateral", region, pixels);
    char *scale = m->sx > 0 ? xprintf(", %g x %g mm a pixel (%s)", m->sx, m->sy,
        m->spacing_source) : xdup(", pixel spacing not known: lengths are not measured");
    char *age = m->age >= 0 ? xprintf(", %g years", m->age) : xdup(""), *all = xprintf("%s%s%s", size, scale, age);
    html_paragraph(f, "soft", all);
    free(region), free(pixels), free(size), free(scale), free(age), free(all);
}

void report_film(FILE *f, const findings *m, const ranges *normal, const char *drawing)
{
    finding *row;
    const int n = findings_rows(m, normal, &row);
    finding *sorted = xalloc_n((size_t)n + 1, sizeof *sorted);
    char *text = NULL, *alt = xprintf("%s: the film with what was measured on it", m->id);
    size_t size = 0;
    by_group(row, n, sorted);
    about(f, m);
    if (m->failed) fputs("<p class=\"bad\">", f), html_text(f, m->failed), fputs(": nothing could be measured on this film</p>\n", f);
    flagged(f, sorted, n), doubts(f, m);
    if (drawing) report_picture(f, drawing, alt, NULL);
    values_table(f, sorted, n, m->spread != NULL);
    FILE *remarks = open_memstream(&text, &size);
    if (!remarks) die_machine("out of memory");
    measure_print_remarks(remarks, m);
    if (fclose(remarks)) die_machine("out of memory");
    if (*text) html_lines(f, text);
    errors_table(f, sorted, n);
    free(row), free(sorted), free(text), free(alt);
}
