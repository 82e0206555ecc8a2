/* audit_tables.c - rules about how a table is made up: splits, cells that stand twice, ranges, units, class lists, missing n. See
 * audit.h. */
#include "eval/audit_parts.h"
#include "base/share.h"
#include "eval/ranges.h"

void audit_splits(audit *a)
{
    int total = audit_column(a, "total all n"), part[3] = { audit_column(a, "train training"), audit_column(a, "val validation"),
        audit_column(a, "test") };
    char room[32];
    for (int i = 0; total >= 0 && part[0] >= 0 && part[1] >= 0 && part[2] >= 0 && i < a->t.nrows; i++) {
        if (!audit_has(a, i, total) || !audit_has(a, i, part[0]) || !audit_has(a, i, part[1]) || !audit_has(a, i, part[2])) continue;
        double x = audit_value(a, i, part[0]), y = audit_value(a, i, part[1]), z = audit_value(a, i, part[2]);
        if (x + y + z != audit_value(a, i, total))
            audit_say(a, "split_sum", 1, i, total, "%s: %g + %g + %g = %g, printed %g", audit_label(a, i, room), x, y, z, x + y + z,
                audit_value(a, i, total));
    }
    int value = audit_column(a, "value"), unit = audit_column(a, "unit");
    double wanted = 0;
    if (value < 1 || unit < 0) return;
    for (int i = 0; i < a->t.nrows; i++)
        if (strcasestr(csv_cell(&a->t, i, value - 1), "per class") && audit_has(a, i, value)) wanted += audit_value(a, i, value);
    for (int i = 0; i < a->t.nrows; i++) {
        const char *what = csv_cell(&a->t, i, value - 1);
        if (strcmp(csv_cell(&a->t, i, unit), "images") || strcasestr(what, "per class") || strcasestr(what, "per study")
            || !audit_has(a, i, value)) continue;
        if (wanted > audit_value(a, i, value))
            audit_say(a, "split_sum", 1, i, value, "the parts need %g images of each class, there are %g (%s): what was added before the "
                "split (augmentation) stands in several parts",
                      wanted, audit_value(a, i, value), what);
    }
}

/* ---- cells that stand twice ---------------------------------------------------------------------------------------------------------- */

static int digits(const char *s)
{
    int n = 0;
    for (s += strspn(s, "+-0."); *s; s++) n += *s >= '0' && *s <= '9';
    return n;
}

/* Two rows of one thing: some cell of words is the same. */
static int same_thing(const audit *a, int i, int j)
{
    for (int k = 0; k < a->t.ncols; k++) {
        const char *p = csv_cell(&a->t, i, k);
        if (*p && !audit_has(a, i, k) && !audit_numeric(a, k) && !strcmp(p, csv_cell(&a->t, j, k)) && strcasecmp(a->t.name[k], "unit")
            && k > 0) return 1;
    }
    return 0;
}

typedef struct { double value; int row; } entry;

static int by_value(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : x->row - y->row;
}

void audit_duplicates(audit *a)
{
    entry *e = xalloc_n((size_t)a->t.nrows + 1, sizeof *e);
    for (int k = 0; k < a->t.ncols; k++) {
        int n = 0;
        if (!audit_numeric(a, k) || audit_word(a->t.name[k], "year") || audit_word(a->t.name[k], "n")) continue;
        for (int i = 0; i < a->t.nrows; i++)
            if (audit_has(a, i, k) && audit_at(a, i, k)->decimals >= 2 && digits(csv_cell(&a->t, i, k)) >= 4)
                e[n++] = (entry){ audit_value(a, i, k), i };
        qsort(e, (size_t)n, sizeof *e, by_value);
        for (int i = 1; i < n; i++)
            if (e[i].value == e[i - 1].value && !same_thing(a, e[i].row, e[i - 1].row))
                audit_say(a, "duplicate", 0, e[i].row, k, "%s %s stands in row %d and in row %d: copied?", a->t.name[k],
                    csv_cell(&a->t, e[i].row, k), e[i - 1].row + 1, e[i].row + 1);
    }
    free(e);
}

/* ---- ranges -------------------------------------------------------------------------------------------------------------------------- */

static int ending(const audit *a, const char *end)
{
    size_t n = strlen(end);
    for (int k = 0; k < a->t.ncols; k++) {
        size_t m = strlen(a->t.name[k]);
        if (m >= n && !strcasecmp(a->t.name[k] + m - n, end) && (m == n || strchr("_ ", a->t.name[k][m - n - 1]))) return k;
    }
    return -1;
}

/* The same two limits for several quantities, told once, at the last of them. */
static void range_copies(audit *a, int low, int high)
{
    for (int i = 0; i < a->t.nrows; i++) {
        char *names = xdup(""), room[32];
        int n = 0, later = 0;
        if (audit_has(a, i, low) && audit_has(a, i, high))
            for (int j = 0; j < a->t.nrows; j++) {
                if (!audit_has(a, j, low) || !audit_has(a, j, high) || audit_value(a, j, low) != audit_value(a, i, low)
                    || audit_value(a, j, high) != audit_value(a, i, high)) continue;
                char *more = xprintf("%s%s%s", names, n++ ? ", " : "", audit_label(a, j, room));
                free(names), names = more, later |= j > i;
            }
        if (n > 1 && !later)
            audit_say(a, "range", n > 2, i, low, "%g to %g is printed for %d quantities (%s): copied?", audit_value(a, i, low),
                audit_value(a, i, high), n, names);
        free(names);
    }
}

/* A limit whose size is that of the known range and whose sign is not. */
static void range_signs(audit *a, int low)
{
    char *path = share_path("configs/ranges.csv"), room[32];
    ranges known = path ? ranges_read(path) : (ranges){ 0 };
    for (int i = 0; i < a->t.nrows; i++) {
        const range *r = ranges_find(&known, audit_label(a, i, room));
        if (r && audit_has(a, i, low) && r->low < 0 && audit_value(a, i, low) == -r->low)
            audit_say(a, "range", 1, i, low, "%s: low %g, known is %g to %g (%s): a lost minus", r->code, audit_value(a, i, low), r->low,
                r->high, r->source);
    }
    ranges_free(&known), free(path);
}

void audit_ranges(audit *a)
{
    int low = ending(a, "low"), high = ending(a, "high"), example = audit_column(a, "example predicted measured");
    char room[32];
    if (example < 0) example = ending(a, "predicted");
    if (low < 0 || high < 0) return;
    for (int i = 0; i < a->t.nrows; i++) {
        int l = audit_has(a, i, low), h = audit_has(a, i, high), e = audit_has(a, i, example);
        if (l && h && !(audit_value(a, i, low) < audit_value(a, i, high)))
            audit_say(a, "range", 1, i, low, "%s: low %g is not below high %g", audit_label(a, i, room), audit_value(a, i, low),
                audit_value(a, i, high));
        if (e && l && audit_value(a, i, example) < audit_value(a, i, low))
            audit_say(a, "range", 0, i, example, "%s: the example %g is below the range, from %g: flagged, or a wrong limit",
                audit_label(a, i, room), audit_value(a, i, example), audit_value(a, i, low));
        if (e && h && audit_value(a, i, example) > audit_value(a, i, high))
            audit_say(a, "range", 0, i, example, "%s: the example %g is above the range, to %g: flagged, or a wrong limit",
                audit_label(a, i, room), audit_value(a, i, example), audit_value(a, i, high));
        if (e && !l && !h) audit_say(a, "range", 0, i, example, "%s: a value (%g) without a range", audit_label(a, i, room),
            audit_value(a, i, example));
    }
    range_copies(a, low, high), range_signs(a, low);
}

/* ---- units, lists, n ----------------------------------------------------------------------------------------------------------------- */

static int is_quantity(const char *what)
{
    static const char *const words[] = { "ICC", "kappa", "sensitivity", "specificity", "ratio", "Powers", "patients", "curves", "DSC",
        "r", "agreement", "classification", "count", "classes" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) if (audit_word(what, words[i])) return 0;
    return 1;
}

void audit_units(audit *a)
{
    int unit = audit_column(a, "unit"), value = audit_column(a, "value mean");
    char room[32];
    for (int k = 0; value < 0 && k < a->t.ncols; k++) if (k != unit && audit_numeric(a, k)) value = k;
    for (int i = 0; unit >= 0 && value >= 0 && i < a->t.nrows; i++) {
        int plain = 0;                                            /* numbers without a unit: ICC, kappa, counts */
        for (int k = 0; k < a->t.ncols; k++) plain |= k != unit && !audit_has(a, i, k) && *csv_cell(&a->t, i, k)
            && !is_quantity(csv_cell(&a->t, i, k));
        if (!*csv_cell(&a->t, i, unit) && audit_has(a, i, value) && !plain)
            audit_say(a, "unit_missing", 0, i, unit, "%s: %s has no unit", audit_label(a, i, room), csv_cell(&a->t, i, value));
    }
}

/* A column of counts beside a column of lists ("C2;Sacrum"). */
void audit_counts(audit *a)
{
    int list = -1;
    char room[32];
    for (int k = 0; k < a->t.ncols; k++)
        for (int i = 0; i < a->t.nrows && list < 0; i++) if (strchr(csv_cell(&a->t, i, k), ';')) list = k;
    for (int k = 0; list >= 0 && k < a->t.ncols; k++) {
        if (k == list || !strcasestr(a->t.name[k], "count") || !audit_numeric(a, k)) continue;
        for (int i = 0; i < a->t.nrows; i++) {
            int n = *csv_cell(&a->t, i, list) != 0;
            for (const char *p = csv_cell(&a->t, i, list); *p; p++) n += *p == ';';
            if (!audit_has(a, i, k) || audit_value(a, i, k) == n) continue;
            audit_say(a, "class_count", 1, i, k, "%s: %g classes, %d are listed%s", audit_label(a, i, room), audit_value(a, i, k), n,
                      audit_value(a, i, k) == n + 1 ? ": with the background, unlike rows that fit" : "");
        }
    }
}

/* Means of a metric or of errors, whose headings say so, without n or without spread. */
void audit_n_missing(audit *a)
{
    static const char *const metrics[] = { "DSC", "Dice", "IoU", "MAE", "abs_error", "abs error", "accuracy", "score" };
    static const char *const spreads[] = { "sd", "ci", "iqr", "low", "spread", "se" };
    int metric = -1, n = 0, spread = 0;
    for (int k = 0; k < a->t.ncols; k++) {
        for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) if (metric < 0 && strcasestr(a->t.name[k], metrics[i])
            && audit_numeric(a, k)) metric = k;
        for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
            size_t m = strlen(spreads[i]);
            spread |= audit_word(a->t.name[k], spreads[i]) || (!strncasecmp(a->t.name[k], spreads[i], m) && a->t.name[k][m] == '_');
        }
        n |= !strcasecmp(a->t.name[k], "n") || !strncasecmp(a->t.name[k], "n_", 2) || audit_word(a->t.name[k], "cases")
            || audit_word(a->t.name[k], "images");
    }
    if (metric >= 0 && (!n || !spread))
        audit_say(a, "n_missing", 0, -1, metric, "%s is given without %s%s%s: neither its precision nor a share can be judged",
            a->t.name[metric], n ? "" : "n", !n && !spread ? " and without " : "",
                  spread ? "" : "SD or an interval");
}

void audit_commas(audit *a)
{
    char room[32];
    for (int i = 0; i < a->t.nrows * a->t.ncols; i++) {
        const char *s = a->t.cell[i], *p = s + (*s == '-' || *s == '+');
        size_t left = strspn(p, "0123456789"), right = p[left] == ',' ? strspn(p + left + 1, "0123456789") : 0;
        if (left && right && !p[left + 1 + right])
            audit_say(a, "decimal_comma", 1, i / a->t.ncols, i % a->t.ncols, "%s: got '%s', wanted a decimal point",
                audit_label(a, i / a->t.ncols, room), s);
    }
}
