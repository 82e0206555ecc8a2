/* audit_parameters.c - rules about parameters of the spine: what anatomy makes an identity, differences of means, units, GAP, and
 * whether the rows of two columns belong to the same patients. See audit.h. */
#include "eval/audit_parts.h"
#include "eval/agreement.h"

/* ---- PI = PT + SS -------------------------------------------------------------------------------------------------------------------- */

static const double IDENTITY = 0.05;

static void check_identity(audit *a, const char *who, int row, int column, const audit_cell *pi, const audit_cell *pt, const audit_cell *ss)
{
    double gap = pi->value - pt->value - ss->value, slack = audit_half(pi) + audit_half(pt) + audit_half(ss);
    if (fabs(gap) <= slack) return;
    int error = fabs(gap) > fmax(IDENTITY, slack);
    audit_say(a, "pi_identity", error, row, column, "%s: PI - (PT + SS) = %.9g - (%.9g + %.9g) = %+.4f, wanted 0 within %.2g%s", who,
        pi->value, pt->value,
              ss->value, gap, error ? fmax(IDENTITY, slack) : slack, error ? "" : ", the last printed digits: a typing error?");
}

/* Columns PI, PT, SS, with any common suffix (PI_S1, PT_S1, SS_S1). */
static void identity_in_columns(audit *a)
{
    for (int k = 0; k < a->t.ncols; k++) {
        char suffix[64] = "", room[32];
        if (strncmp(a->t.name[k], "PI", 2) || !strchr(" _(", a->t.name[k][2])) continue;
        snprintf(suffix, sizeof suffix, "%.*s", (int)strcspn(a->t.name[k] + 2, " ("), a->t.name[k] + 2);
        int pt = audit_named(a, "PT", suffix), ss = audit_named(a, "SS", suffix);
        if (pt < 0 || ss < 0) continue;
        for (int i = 0; i < a->t.nrows; i++)
            if (audit_has(a, i, k) && audit_has(a, i, pt) && audit_has(a, i, ss))
                check_identity(a, audit_label(a, i, room), i, k, audit_at(a, i, k), audit_at(a, i, pt), audit_at(a, i, ss));
    }
}

static int same_source(const audit *a, int i, int j, int parameter)
{
    for (int k = 0; k < parameter; k++) if (strcmp(csv_cell(&a->t, i, k), csv_cell(&a->t, j, k))) return 0;
    return 1;
}

static int row_of(const audit *a, int like, const char *name, int parameter, int value)
{
    for (int j = 0; j < a->t.nrows; j++)
        if (same_source(a, like, j, parameter) && !strcmp(csv_cell(&a->t, j, parameter), name) && audit_has(a, j, value)) return j;
    return -1;
}

/* A row a parameter: means of one source, which is whatever stands before the column `parameter`. */
static void identity_in_rows(audit *a)
{
    int parameter = audit_column(a, "parameter"), value = audit_named(a, "mean", ""), statistic = audit_column(a, "statistic");
    if (value < 0 && statistic >= 0) value = audit_column(a, "value");       /* the identity holds for means, not for errors */
    if (parameter < 0 || value < 0) return;
    for (int i = 0; i < a->t.nrows; i++) {
        if (statistic >= 0 && strcasecmp(csv_cell(&a->t, i, statistic), "mean")) continue;
        if (strcmp(csv_cell(&a->t, i, parameter), "PI") || !audit_has(a, i, value)) continue;
        int pt = row_of(a, i, "PT", parameter, value), ss = row_of(a, i, "SS", parameter, value);
        if (pt >= 0 && ss >= 0) check_identity(a, parameter ? csv_cell(&a->t, i, 0) : "means", i, value, audit_at(a, i, value),
                                               audit_at(a, pt, value), audit_at(a, ss, value));
    }
}

void audit_pi(audit *a) { identity_in_columns(a), identity_in_rows(a); }

void audit_pi_missing(audit *a)
{
    int parameter = audit_column(a, "parameter"), seen[3] = { 0 };
    static const char *const names[] = { "PI", "PT", "SS" };
    for (int k = 0; k < 3; k++) {
        seen[k] = audit_named(a, names[k], "") >= 0;
        for (int i = 0; parameter >= 0 && i < a->t.nrows; i++) seen[k] |= audit_word(csv_cell(&a->t, i, parameter), names[k]);
    }
    if (!seen[0] && seen[1] && seen[2])
        audit_say(a, "pi_missing", 0, -1, -1, "PT and SS are reported without PI, although PI = PT + SS: its error follows from the same "
            "cases");
}

/* ---- differences of means ------------------------------------------------------------------------------------------------------------ */

typedef struct { int row, first, second; const char *order; } subtraction;     /* printed = first - second */

/* Does the label's word of four letters or more also stand in the other label? */
static int names(const char *phrase, size_t n, const char *label)
{
    for (size_t i = 0; i < n;) {
        size_t k = strcspn(phrase + i, " _-\0");
        if (k > n - i) k = n - i;
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)(k > 4 ? k - 1 : k), phrase + i);       /* without the s of a plural */
        for (const char *p = label; k >= 2 && *p; p++) if (!strncasecmp(p, word, strlen(word)) && (p == label || strchr("_ -", p[-1])))
            return 1;
        i += k + 1;
    }
    return 0;
}

/* Do the two sides of a sign name the two rows above, one each? "T4 - T12" is a kyphosis and no difference. */
static int between(const audit *a, int row, const char *before, size_t n, const char *after)
{
    const char *first = csv_cell(&a->t, row - 2, 0), *second = csv_cell(&a->t, row - 1, 0);
    const size_t m = strlen(after);
    return (names(before, n, first) && names(after, m, second) && !names(after, m, first))
        || (names(before, n, second) && names(after, m, first) && !names(after, m, second));
}

/* "difference ... A minus B", or "A - B", after the rows of A and B; without either the first less the second. */
static int subtraction_of(const audit *a, int row, subtraction *s)
{
    static const char *const signs[] = { "minus", " - ", " \xE2\x88\x92 ", " \xE2\x80\x93 " };       /* the word, hyphen, minus sign, dash */
    const char *label = csv_cell(&a->t, row, 0), *minus = NULL, *rest = NULL;
    for (size_t i = 0; i < sizeof signs / sizeof *signs && !minus && row >= 2; i++) {
        const char *found = strcasestr(label, signs[i]), *after = found ? found + strlen(signs[i]) : NULL;
        if (!found || (i && !between(a, row, label, (size_t)(found - label), after))) continue;
        minus = found, rest = after;
    }
    if (row < 2 || (!minus && !strcasestr(label, "diff")) || strcasestr(label, "mean_of_diff") || strcasestr(label, "mean of diff"))
        return 0;
    *s = (subtraction){ row, row - 2, row - 1, "first minus second" };
    if (minus && names(rest, strlen(rest), csv_cell(&a->t, row - 2, 0)) && !names(rest, strlen(rest), csv_cell(&a->t, row - 1, 0)))
        s->first = row - 1, s->second = row - 2;
    return 1;
}

static void check_difference(audit *a, int row, int column, const audit_cell *x, const audit_cell *y, const audit_cell *printed)
{
    double want = x->value - y->value, slack = audit_half(x) + audit_half(y) + audit_half(printed);
    int sign = fabs(want) > slack && want * printed->value < 0, value = fabs(fabs(want) - fabs(printed->value)) > slack;
    const char *name = a->t.name[column];
    if (!sign && !value) return;
    if (!value) audit_say(a, "mean_difference", 1, row, column, "%s: %.9g - %.9g = %+.9g, printed %+.9g: the opposite sign", name,
        x->value, y->value, want, printed->value);
    else audit_say(a, "mean_difference", 1, row, column, "%s: %.9g - %.9g = %+.9g, printed %+.9g%s: off by %.9g; the second mean would "
        "have to be %.9g or %.9g", name, x->value,
                   y->value, want, printed->value, sign ? " (and the opposite sign)" : "", fabs(fabs(want) - fabs(printed->value)),
                       x->value - printed->value,
                   x->value + printed->value);
}

/* Angles that differ tenfold and whose differences do not. */
static void check_cluster(audit *a, const subtraction *s)
{
    double least = INFINITY, most = 0, low = INFINITY, high = 0;
    int n = 0;
    for (int k = 1; k < a->t.ncols; k++) {
        const char *unit = audit_unit(a->t.name[k]);
        if (!unit || strcmp(unit, "deg") || !audit_has(a, s->first, k) || !audit_has(a, s->second, k)) continue;
        double d = fabs(audit_value(a, s->first, k) - audit_value(a, s->second, k)), size = fabs(audit_value(a, s->second, k));
        least = fmin(least, d), most = fmax(most, d), low = fmin(low, size), high = fmax(high, size), n++;
    }
    if (n >= 4 && most < 1.1 * least && high > 3 * low)
        audit_say(a, "mean_difference", 0, s->row, -1, "all %d differences of angles lie in %.2f to %.2f, although the angles go from "
            "%.1f to %.1f; PI = PT + SS forbids "
                  "a common shift", n, least, most, low, high);
}

static void note_bound(audit *a, const subtraction *s)
{
    char *list = xdup("");
    for (int k = 1; k < a->t.ncols; k++) {
        if (!audit_unit(a->t.name[k]) || !audit_has(a, s->first, k) || !audit_has(a, s->second, k)) continue;
        double d = fabs(audit_value(a, s->first, k) - audit_value(a, s->second, k));
        char *more = xprintf("%s%s%s %.2f (%.0f %%)", list, *list ? ", " : "", a->t.name[k], d,
            100 * d / fabs(audit_value(a, s->first, k)));
        free(list), list = more;
    }
    if (*list) audit_say(a, "mean_difference", 0, s->row, -1, "a difference of means is a bias: the mean absolute error is at least %s "
        "of the first mean", list);
    free(list);
}

void audit_differences(audit *a)
{
    for (int i = 0; i < a->t.nrows && audit_column(a, "parameter") < 0; i++) {
        subtraction s;
        if (!subtraction_of(a, i, &s)) continue;
        for (int k = 1; k < a->t.ncols; k++)
            if (audit_has(a, i, k) && audit_has(a, s.first, k) && audit_has(a, s.second, k))
                check_difference(a, i, k, audit_at(a, s.first, k), audit_at(a, s.second, k), audit_at(a, i, k));
        check_cluster(a, &s), note_bound(a, &s);
    }
    for (int k = 2; k < a->t.ncols; k++) {
        if (!audit_word(a->t.name[k], "difference") && !audit_word(a->t.name[k], "diff")) continue;
        for (int i = 0; i < a->t.nrows; i++)
            if (audit_has(a, i, k - 2) && audit_has(a, i, k - 1) && audit_has(a, i, k))
                check_difference(a, i, k, audit_at(a, i, k - 2), audit_at(a, i, k - 1), audit_at(a, i, k));
    }
}

/* ---- units --------------------------------------------------------------------------------------------------------------------------- */

/* A row with one figure that is the mean of |the row above|, whose columns have different units. */
void audit_units_mixed(audit *a)
{
    for (int i = 1; i < a->t.nrows; i++) {
        double all = 0, angles = 0, printed = 0, slack = 0;
        int n = 0, nangles = 0, filled = 0, at = -1;
        for (int k = 1; k < a->t.ncols; k++) {
            const char *unit = audit_unit(a->t.name[k]);
            if (audit_has(a, i, k)) filled++, at = k, printed = audit_value(a, i, k), slack = audit_half(audit_at(a, i, k));
            if (!unit || !audit_has(a, i - 1, k)) continue;
            double x = fabs(audit_value(a, i - 1, k));
            all += x, n++, slack += audit_half(audit_at(a, i - 1, k)) / 7;
            if (!strcmp(unit, "deg")) angles += x, nangles++;
        }
        if (filled != 1 || n < 2 || nangles == n || !nangles) continue;
        if (fabs(printed - all / n) <= fmax(slack, 1e-4 * fabs(printed)))
            audit_say(a, "mixed_units", 1, i, at, "%s: %.9g is the mean of all %d figures above without their signs (%.6f), %d of them "
                "angles and %d lengths; the angles "
                      "alone give %.4f", csv_cell(&a->t, i, 0), printed, n, all / n, nangles, n - nangles, angles / nangles);
    }
}

/* ---- GAP ----------------------------------------------------------------------------------------------------------------------------- */

void audit_gap(audit *a)
{
    static const char *const parts[] = { "RPV", "RLL", "LDI", "RSA", "age" };
    int at[5], total = audit_column(a, "GAP total");
    for (int k = 0; k < 5; k++) {
        at[k] = audit_column(a, parts[k]);
        for (int j = 0; j < a->t.ncols; j++)                     /* a score beside the value it comes from is called so */
            if (audit_word(a->t.name[j], parts[k]) && audit_word(a->t.name[j], "score")) at[k] = j;
        if (at[k] < 0) return;
    }
    for (int i = 0; total >= 0 && i < a->t.nrows; i++) {
        double sum = 0;
        char room[32];
        int all = audit_has(a, i, total);
        for (int k = 0; k < 5; k++) {
            all = all && audit_has(a, i, at[k]);
            if (all) sum += audit_value(a, i, at[k]);
        }
        if (all && sum != audit_value(a, i, total))
            audit_say(a, "gap_sum", 1, i, total, "%s: RPV %.9g + RLL %.9g + LDI %.9g + RSA %.9g + age %.9g = %.9g, printed %.9g",
                audit_label(a, i, room), audit_value(a, i, at[0]),
                      audit_value(a, i, at[1]), audit_value(a, i, at[2]), audit_value(a, i, at[3]), audit_value(a, i, at[4]), sum,
                          audit_value(a, i, total));
    }
}

/* ---- do the rows belong together? ---------------------------------------------------------------------------------------------------- */

static void compare_columns(audit *a, int column, const char *with, const double *x, const double *y, int n)
{
    if (n < 5) return;
    double r = pearson_of(x, y, n), sx = stats_sd(x, n), sy = stats_sd(y, n);
    const char *name = a->t.name[column];
    if (isnan(r) || r <= 0.5)
        audit_say(a, "row_alignment", isnan(r) || r < 0.3, -1, column, "%s against %s over %d rows: r = %.2f, wanted above 0.5: do the "
            "rows belong to the same patients?",
                  name, with, n, isnan(r) ? 0 : r);
    if (sx < 0.3 * sy || sy < 0.3 * sx)
        audit_say(a, "row_alignment", 0, -1, column, "%s has SD %.2f, %s has SD %.2f: one of the two does not follow the patients", name,
            sx, with, sy);
}

/* X_S1 and X_S2, X_ai and X_ref: the same parameter under two suffixes. */
static void within_table(audit *a, double *x, double *y)
{
    for (int k = 0; k < a->t.ncols; k++)
        for (int j = k + 1; j < a->t.ncols; j++) {
            const char *p = strchr(a->t.name[k], '_'), *q = strchr(a->t.name[j], '_');
            if (!p || !q || p - a->t.name[k] != q - a->t.name[j] || strncmp(a->t.name[k], a->t.name[j], (size_t)(p - a->t.name[k])))
                continue;
            if (!audit_unit(a->t.name[k])) continue;
            int n = 0;
            for (int i = 0; i < a->t.nrows; i++)
                if (audit_has(a, i, k) && audit_has(a, i, j)) x[n] = audit_value(a, i, k), y[n++] = audit_value(a, i, j);
            compare_columns(a, k, a->t.name[j], x, y, n);
        }
}

static void with_reference(audit *a, double *x, double *y)
{
    const csv *b = &a->reference;
    for (int k = 0; k < a->t.ncols; k++) {
        int j = audit_unit(a->t.name[k]) ? csv_column(b, a->t.name[k]) : -1, n = 0;
        for (int i = 0; j >= 0 && i < a->t.nrows && i < b->nrows; i++)
            if (audit_has(a, i, k) && text_real(csv_cell(b, i, j), &y[n])) x[n++] = audit_value(a, i, k);
        compare_columns(a, k, "the reference", x, y, n);
    }
}

void audit_alignment(audit *a)
{
    double *x = xalloc_n((size_t)a->t.nrows + 1, sizeof *x), *y = xalloc_n((size_t)a->t.nrows + 1, sizeof *y);
    within_table(a, x, y);
    if (a->reference.ncols) with_reference(a, x, y);
    free(x), free(y);
}
