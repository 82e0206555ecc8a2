/* table.c - see table.h. Cells are kept as numbers; `shown` is the one place that turns a cell into words, and a form only decides what
 * stands around them, so that another form is one more function in `writers`. */
#include "eval/table.h"
#include "eval/html.h"
#include "base/utf8.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char *title, *unit; enum column_kind kind; int decimals; } column;
typedef struct { char *text, *why; double number[2]; } cell;        /* why: missing */
struct table {
    char *title, **note;
    column *columns;
    cell *cells;                                                      /* row by row */
    int64_t *rules, ncells;                                           /* rules: rows that a line stands before */
    int ncolumns, nnotes, nrules;
};

/* Numbers in a cell, what joins them for people, what tells them apart in a CSV header. */
static const struct { int numbers; const char *join, *suffix[2]; } kinds[COLUMN_KINDS] = {
    [COLUMN_TEXT] = { 0, "", { "", "" } },
    [COLUMN_COUNT] = { 1, "", { "", "" } },
    [COLUMN_NUMBER] = { 1, "", { "", "" } },
    [COLUMN_SPREAD] = { 2, " ± ", { "_mean", "_sd" } },
    [COLUMN_RANGE] = { 2, " to ", { "_low", "_high" } },
};

table *table_new(const char *title)
{
    table *t = xalloc(sizeof *t);
    t->title = utf8_clean(title);
    return t;
}

void table_free(table *t)
{
    for (int i = 0; i < t->ncolumns; i++) free(t->columns[i].title), free(t->columns[i].unit);
    for (int64_t i = 0; i < t->ncells; i++) free(t->cells[i].text), free(t->cells[i].why);
    for (int i = 0; i < t->nnotes; i++) free(t->note[i]);
    free(t->title), free(t->note), free(t->columns), free(t->cells), free(t->rules), free(t);
}

/* Room for one more after n, doubling at powers of two. */
static void *room(void *p, int64_t n, size_t each) { return n & (n - 1) ? p : xgrow(p, (size_t)(n ? 2 * n : 1) * each); }

void table_column(table *t, const char *title, const char *unit, enum column_kind kind, int decimals)
{
    assert(!t->ncells && decimals >= 0 && decimals <= 15);
    t->columns = room(t->columns, t->ncolumns, sizeof *t->columns);
    t->columns[t->ncolumns++] = (column){ utf8_clean(title), utf8_clean(unit), kind, kind == COLUMN_COUNT ? 0 : decimals };
}

static cell *next(table *t)
{
    t->cells = room(t->cells, t->ncells, sizeof *t->cells);
    t->cells[t->ncells] = (cell){ 0 };
    return &t->cells[t->ncells++];
}

static enum column_kind next_kind(const table *t) { return t->columns[t->ncells % t->ncolumns].kind; }

void table_text(table *t, const char *text) { assert(next_kind(t) == COLUMN_TEXT); next(t)->text = utf8_clean(text); }
void table_missing(table *t, const char *why) { next(t)->why = utf8_clean(why); }
void table_count(table *t, int64_t n) { assert(next_kind(t) == COLUMN_COUNT); next(t)->number[0] = (double)n; }
void table_number(table *t, double x) { assert(next_kind(t) == COLUMN_NUMBER && isfinite(x)); next(t)->number[0] = x; }
void table_quantity(table *t, quantity q) { if (q.why) table_missing(t, q.why); else table_number(t, q.value); }

void table_numbers(table *t, double a, double b)
{
    assert(kinds[next_kind(t)].numbers == 2 && isfinite(a) && isfinite(b));
    cell *c = next(t);
    c->number[0] = a, c->number[1] = b;
}

void table_rule(table *t)
{
    assert(t->ncells % t->ncolumns == 0);
    t->rules = room(t->rules, t->nrules, sizeof *t->rules);
    t->rules[t->nrules++] = t->ncells / t->ncolumns;
}

void table_note(table *t, const char *note)
{
    t->note = room(t->note, t->nnotes, sizeof *t->note);
    t->note[t->nnotes++] = utf8_clean(note);
}

static int rule_before(const table *t, int64_t row)
{
    for (int i = 0; i < t->nrules; i++) if (t->rules[i] == row) return 1;
    return 0;
}

/* Reasons are numbered in the order in which they first occur; the number of why, starting with 1. */
static int reason(const char *why, const char **list, int *n)
{
    for (int i = 0; i < *n; i++) if (!strcmp(list[i], why)) return i + 1;
    list[(*n)++] = why;
    return *n;
}

/* Rounded for people, without the minus of a number that rounds to zero. */
static char *rounded(double x, int decimals)
{
    char *s = xprintf("%.*f", decimals, x);
    if (s[0] == '-' && !s[1 + strspn(s + 1, "0.")]) memmove(s, s + 1, strlen(s));
    return s;
}

/* A cell in words, fresh. reasons[0..*n) collects why cells are missing: "–" and the note's number. */
static char *shown(const cell *c, const column *k, const char **reasons, int *n)
{
    if (c->why) return xprintf("– [%d]", reason(c->why, reasons, n));
    if (!kinds[k->kind].numbers) return xdup(c->text);
    char *a = rounded(c->number[0], k->decimals);
    if (kinds[k->kind].numbers == 1) return a;
    char *b = rounded(c->number[1], k->decimals), *both = xprintf("%s%s%s", a, kinds[k->kind].join, b);
    free(a), free(b);
    return both;
}

/* Every cell and heading in words, headings first, (rows + 1) x columns; and the reasons, in order. */
static char **all_shown(const table *t, const char ***reasons, int *nreasons)
{
    char **words = xalloc_n((size_t)(t->ncells + t->ncolumns), sizeof *words);
    *reasons = xalloc_n((size_t)t->ncells, sizeof **reasons), *nreasons = 0;
    for (int j = 0; j < t->ncolumns; j++) {
        const column *k = &t->columns[j];
        words[j] = *k->unit ? xprintf("%s (%s)", k->title, k->unit) : xdup(k->title);
    }
    for (int64_t i = 0; i < t->ncells; i++) words[t->ncolumns + i] = shown(&t->cells[i], &t->columns[i % t->ncolumns], *reasons, nreasons);
    return words;
}

static void free_words(const table *t, char **words, const char **reasons)
{
    for (int64_t i = 0; i < t->ncells + t->ncolumns; i++) free(words[i]);
    free(words), free((void *)reasons);
}

static void put(FILE *f, const char *s, int times) { while (times-- > 0) fputs(s, f); }

static void write_plain(const table *t, FILE *f)
{
    const char **reasons;
    int nreasons, *width = xalloc_n((size_t)t->ncolumns, sizeof *width), total = 2 * (t->ncolumns - 1);
    char **words = all_shown(t, &reasons, &nreasons);
    for (int64_t i = 0; i < t->ncells + t->ncolumns; i++) {
        int w = utf8_width(words[i]), j = (int)(i % t->ncolumns);
        if (w > width[j]) width[j] = w;
    }
    for (int j = 0; j < t->ncolumns; j++) total += width[j];
    if (*t->title) fprintf(f, "%s\n", t->title);
    for (int64_t r = 0; r <= t->ncells / t->ncolumns; r++) {
        if (r && rule_before(t, r - 1)) put(f, "─", total), fputc('\n', f);
        for (int j = 0; j < t->ncolumns; j++) {
            const char *s = words[r * t->ncolumns + j];
            int gap = width[j] - utf8_width(s), left = t->columns[j].kind == COLUMN_TEXT, last = j == t->ncolumns - 1;
            put(f, " ", left ? 0 : gap), fputs(s, f), put(f, " ", last ? 0 : 2 + (left ? gap : 0));
        }
        fputc('\n', f);
        if (!r) put(f, "─", total), fputc('\n', f);
    }
    for (int i = 0; i < t->nnotes; i++) fprintf(f, "%s\n", t->note[i]);
    for (int i = 0; i < nreasons; i++) fprintf(f, "[%d] %s\n", i + 1, reasons[i]);
    free_words(t, words, reasons), free(width);
}

static void put_markdown(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (strchr("\\|`*_<", *s)) fputc('\\', f);
        fputc(*s, f);
    }
}

static void write_markdown(const table *t, FILE *f)
{
    const char **reasons;
    int nreasons;
    char **words = all_shown(t, &reasons, &nreasons);
    if (*t->title) fputs("**", f), put_markdown(f, t->title), fputs("**\n\n", f);
    for (int64_t r = 0; r <= t->ncells / t->ncolumns; r++) {
        if (r && rule_before(t, r - 1)) fputc('|', f), put(f, " |", t->ncolumns), fputc('\n', f);
        fputc('|', f);
        for (int j = 0; j < t->ncolumns; j++) fputc(' ', f), put_markdown(f, words[r * t->ncolumns + j]), fputs(" |", f);
        fputc('\n', f);
        if (r) continue;
        fputc('|', f);
        for (int j = 0; j < t->ncolumns; j++) fputs(t->columns[j].kind == COLUMN_TEXT ? ":---|" : "---:|", f);
        fputc('\n', f);
    }
    if (t->nnotes || nreasons) fputc('\n', f);
    for (int i = 0; i < t->nnotes; i++) put_markdown(f, t->note[i]), fputs("  \n", f);
    for (int i = 0; i < nreasons; i++) fprintf(f, "[%d] ", i + 1), put_markdown(f, reasons[i]), fputs("  \n", f);
    free_words(t, words, reasons);
}

static void put_csv(FILE *f, const char *s)
{
    if (!strpbrk(s, ",\"")) { fputs(s, f); return; }                 /* no line ends: control characters were replaced */
    fputc('"', f);
    for (; *s; s++) fputs(*s == '"' ? "\"\"" : (char[]){ *s, 0 }, f);
    fputc('"', f);
}

static void put_exact(FILE *f, double x)
{
    char s[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, x);
        if (strtod(s, 0) == x) break;
    }
    fputs(s, f);
}

static void csv_header(const table *t, FILE *f)
{
    for (int j = 0; j < t->ncolumns; j++) {
        const column *k = &t->columns[j];
        for (int i = 0; i < (kinds[k->kind].numbers ? kinds[k->kind].numbers : 1); i++) {
            char *name = xprintf("%s%s%s%s%s", k->title, kinds[k->kind].suffix[i], *k->unit ? " (" : "", k->unit, *k->unit ? ")" : "");
            put_csv(f, name), fputc(',', f);
            free(name);
        }
    }
    fputs("missing\n", f);
}

/* The last column: "HD95, ASSD: nothing was predicted; recall: ..." for the missing cells of the row, reason by reason. */
static void put_missing(const table *t, const cell *row, FILE *f)
{
    char *all = xdup("");
    for (int j = 0; j < t->ncolumns; j++) {
        int told = !row[j].why;
        for (int i = 0; i < j && !told; i++) told = row[i].why && !strcmp(row[i].why, row[j].why);
        if (told) continue;
        char *more = xprintf("%s%s%s", all, *all ? "; " : "", t->columns[j].title);
        free(all), all = more;
        for (int i = j + 1; i < t->ncolumns; i++) {
            if (!row[i].why || strcmp(row[i].why, row[j].why)) continue;
            more = xprintf("%s, %s", all, t->columns[i].title);
            free(all), all = more;
        }
        more = xprintf("%s: %s", all, row[j].why);
        free(all), all = more;
    }
    put_csv(f, all), fputc('\n', f);
    free(all);
}

static void write_csv(const table *t, FILE *f)
{
    csv_header(t, f);
    for (int64_t i = 0; i < t->ncells; i++) {
        const cell *c = &t->cells[i];
        int j = (int)(i % t->ncolumns), numbers = kinds[t->columns[j].kind].numbers;
        if (!numbers) { if (!c->why) put_csv(f, c->text); fputc(',', f); }
        for (int k = 0; k < numbers; k++) { if (!c->why) put_exact(f, c->number[k]); fputc(',', f); }
        if (j == t->ncolumns - 1) put_missing(t, c - j, f);
    }
}

/* Text with LaTeX's special characters escaped, and the signs of the tables as commands. */
static void put_latex(FILE *f, const char *s)
{
    static const struct { const char *from, *to; } signs[] = { { "\\", "\\textbackslash{}" }, { "~", "\\textasciitilde{}" }, { "^",
        "\\textasciicircum{}" },
        { "<", "\\textless{}" }, { ">", "\\textgreater{}" }, { "|", "\\textbar{}" }, { "±", "$\\pm$" }, { "–", "--" }, { "&", "\\&" },
            { "%", "\\%" },
        { "$", "\\$" }, { "#", "\\#" }, { "_", "\\_" }, { "{", "\\{" }, { "}", "\\}" }, { "\"", "\\textquotedbl{}" } };
    while (*s) {
        size_t i = 0, n = sizeof signs / sizeof *signs;
        while (i < n && strncmp(s, signs[i].from, strlen(signs[i].from))) i++;
        if (i < n) fputs(signs[i].to, f), s += strlen(signs[i].from);
        else if (*s == '-' && s[1] >= '0' && s[1] <= '9') fputs("$-$", f), s++;          /* a minus, not a hyphen */
        else fputc(*s++, f);
    }
}

/* A long table runs over pages (package longtable), which a float cannot: there the caption stands inside. */
static void latex_head(const table *t, FILE *f, int pages)
{
    if (!pages) fputs("\\begin{table}\n", f);
    if (!pages && *t->title) fputs("\\caption{", f), put_latex(f, t->title), fputs("}\n", f);
    fputs(pages ? "\\begin{longtable}{" : "\\begin{tabular}{", f);
    for (int j = 0; j < t->ncolumns; j++) fputc(t->columns[j].kind == COLUMN_TEXT ? 'l' : 'r', f);
    fputs("}\n", f);
    if (pages && *t->title) fputs("\\caption{", f), put_latex(f, t->title), fputs("} \\\\\n", f);
    fputs("\\hline\n", f);
}

static void write_latex(const table *t, FILE *f)
{
    enum { PAGE = 40 };                                              /* rows */
    const char **reasons;
    int nreasons;
    const int pages = t->ncells / t->ncolumns > PAGE;
    char **words = all_shown(t, &reasons, &nreasons);
    latex_head(t, f, pages);
    for (int64_t r = 0; r <= t->ncells / t->ncolumns; r++) {
        if (r && rule_before(t, r - 1)) fputs("\\hline\n", f);
        for (int j = 0; j < t->ncolumns; j++) fputs(j ? " & " : "", f), put_latex(f, words[r * t->ncolumns + j]);
        fputs(r ? " \\\\\n" : pages ? " \\\\\n\\hline\n\\endhead\n" : " \\\\\n\\hline\n", f);
    }
    fputs(pages ? "\\hline\n\\end{longtable}\n" : "\\hline\n\\end{tabular}\n", f);
    for (int i = 0; i < t->nnotes; i++) fputs("\\par ", f), put_latex(f, t->note[i]), fputc('\n', f);
    for (int i = 0; i < nreasons; i++) fprintf(f, "\\par [%d] ", i + 1), put_latex(f, reasons[i]), fputc('\n', f);
    if (!pages) fputs("\\end{table}\n", f);
    free_words(t, words, reasons);
}

const char *const table_suffix[TABLE_FORMS] = { "txt", "md", "csv", "tex" };
static void (*const writers[TABLE_FORMS])(const table *, FILE *) = {
    [TABLE_PLAIN] = write_plain, [TABLE_MARKDOWN] = write_markdown, [TABLE_CSV] = write_csv, [TABLE_LATEX] = write_latex,
};

void table_write(const table *t, FILE *f, enum table_form form)
{
    assert(t->ncolumns && t->ncells % t->ncolumns == 0);
    writers[form](t, f);
}

/* Rows after a rule begin a group (class of the row); columns of numbers stand to the right (class n). */
void table_html(const table *t, FILE *f)
{
    assert(t->ncolumns && t->ncells % t->ncolumns == 0);
    const char **reasons;
    int nreasons;
    char **words = all_shown(t, &reasons, &nreasons);
    fputs("<figure class=\"table\">", f);
    if (*t->title) fputs("<figcaption>", f), html_text(f, t->title), fputs("</figcaption>", f);
    fputs("<div class=\"wide\"><table>\n", f);
    for (int64_t r = 0; r <= t->ncells / t->ncolumns; r++) {
        const char *tag = r ? "td" : "th scope=\"col\"";
        fputs(!r ? "<thead><tr>" : rule_before(t, r - 1) && r > 1 ? "<tr class=\"rule\">" : "<tr>", f);
        for (int j = 0; j < t->ncolumns; j++) {
            fprintf(f, "<%s%s>", tag, t->columns[j].kind == COLUMN_TEXT ? "" : " class=\"n\"");
            html_text(f, words[r * t->ncolumns + j]), fputs(r ? "</td>" : "</th>", f);
        }
        fputs(r ? "</tr>\n" : "</tr></thead><tbody>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
    for (int i = 0; i < t->nnotes; i++) fputs("<p class=\"note\">", f), html_text(f, t->note[i]), fputs("</p>\n", f);
    for (int i = 0; i < nreasons; i++) fprintf(f, "<p class=\"note\">[%d] ", i + 1), html_text(f, reasons[i]), fputs("</p>\n", f);
    fputs("</figure>\n", f);
    free_words(t, words, reasons);
}
