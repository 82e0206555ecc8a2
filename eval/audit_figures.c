/* audit_figures.c - rules about figures that follow from other figures: averages, errors and their spread, gains, shares of n. See
 * audit.h. */
#include "eval/audit_parts.h"

/* ---- averages ------------------------------------------------------------------------------------------------------------------------ */

static int is_average(const char *label) { return audit_word(label, "average") || audit_word(label, "avg") || audit_word(label, "macro")
    || !strcasecmp(label, "mean"); }

typedef struct { int64_t n, rounded, cut, wrong; int first, example; double shown, exact; } averages;

/* How a printed average fits the mean of what it averages, each known within its own rounding. */
static void fit(averages *s, int row, double exact, double slack, const audit_cell *printed, int decimals)
{
    double unit = pow(10, -decimals), half = 0.5 * unit, d = printed->value - exact;
    int rounded = d > -half + 1e-9 && d <= half + 1e-9, cut = d <= 1e-9 && d > -unit * (1 - 1e-9) - 1e-12;
    s->n++, s->rounded += rounded, s->cut += cut;
    if (!rounded && cut && s->example < 0) s->example = row, s->shown = printed->value, s->exact = exact;
    if (fabs(d) > half + slack && !cut && !s->wrong++) s->first = row, s->shown = printed->value, s->exact = exact;
}

static void tell(audit *a, const averages *s, int column)
{
    char room[32];
    if (s->wrong) audit_say(a, "average", 1, s->first, column, "%s: the mean of what it averages is %.6g, printed %g",
        audit_label(a, s->first, room), s->exact, s->shown);
    else if (s->n > 1 && s->cut == s->n && s->rounded < s->n)
        audit_say(a, "average", 0, s->example, column, "cut off, not rounded: %lld of %lld fit cutting, %lld rounding (%s: %.6g printed "
            "as %g)", (long long)s->cut, (long long)s->n,
                  (long long)s->rounded, audit_label(a, s->example, room), s->exact, s->shown);
}

/* A column of averages: over the numeric columns before it, back to a column of words or of other averages. */
static void average_column(audit *a, int column)
{
    int from = column, decimals = audit_decimals(a, column);
    while (from > 0 && audit_numeric(a, from - 1) && !is_average(a->t.name[from - 1])) from--;
    averages s = { .first = -1, .example = -1 };
    if (column - from < 2) return;
    for (int i = 0; i < a->t.nrows; i++) {
        double sum = 0, slack = 0;
        int n = 0;
        for (int k = from; k < column; k++) if (audit_has(a, i, k)) sum += audit_value(a, i, k), slack += audit_half(audit_at(a, i, k)),
            n++;
        if (n == column - from && audit_has(a, i, column)) fit(&s, i, sum / n, slack / n, audit_at(a, i, column), decimals);
    }
    tell(a, &s, column);
}

/* A row of averages over the rows above it. In a column of gains it may be the mean of gains or the gain of means; both are shown. */
static void average_row(audit *a, int row)
{
    for (int k = 1; k < a->t.ncols; k++) {
        double sum = 0, slack = 0;
        int n = 0;
        for (int i = 0; i < row; i++) if (audit_has(a, i, k)) sum += audit_value(a, i, k), slack += audit_half(audit_at(a, i, k)), n++;
        if (n < 2 || !audit_has(a, row, k)) continue;
        const audit_cell *printed = audit_at(a, row, k);
        double exact = sum / n, d = fabs(printed->value - exact);
        if (d <= audit_half(printed) + slack / n) continue;
        if (k < 3 || !audit_has(a, row, k - 1) || !audit_has(a, row, k - 2)) {
            audit_say(a, "average", 1, row, k, "%s: the mean of %d rows is %.6g, printed %g", csv_cell(&a->t, row, 0), n, exact,
                printed->value);
            continue;
        }
        double before = 0, after = 0, b = audit_value(a, row, k - 2), c = audit_value(a, row, k - 1);
        for (int i = 0; i < row; i++) before += audit_value(a, i, k - 2), after += audit_value(a, i, k - 1);
        int of_means = fabs(100 * (c / b - 1) - printed->value) <= audit_half(printed);
        audit_say(a, "average", !of_means, row, k, "%s: printed %g; the mean of the gains is %.2f, the gain of the printed means %g / %g "
            "- 1 = %.2f %%, of the means before "
                  "rounding %.2f %%, the absolute gain %.4g: say which", csv_cell(&a->t, row, 0), printed->value, exact, c, b,
                      100 * (c / b - 1),
                  100 * (after / before - 1), (after - before) / n);
    }
}

void audit_averages(audit *a)
{
    for (int k = 1; k < a->t.ncols; k++) if (is_average(a->t.name[k]) && audit_numeric(a, k)) average_column(a, k);
    for (int i = 2; i < a->t.nrows; i++) if (is_average(csv_cell(&a->t, i, 0))) average_row(a, i);
}

/* ---- errors -------------------------------------------------------------------------------------------------------------------------- */

static int error_column(const audit *a)
{
    int k = audit_column(a, "MAE MAD");
    for (int j = 0; k < 0 && j < a->t.ncols; j++) if (strcasestr(a->t.name[j], "abs") && strcasestr(a->t.name[j], "err")) k = j;
    return k;
}

static int sd_column(const audit *a, int mae)
{
    for (int j = mae + 1; mae >= 0 && j < a->t.ncols; j++) if (!strncasecmp(a->t.name[j], "sd", 2) || audit_word(a->t.name[j], "sd"))
        return j;
    return -1;
}

void audit_mae_bias(audit *a)
{
    int mae = error_column(a), bias = audit_column(a, "bias"), rmse = audit_column(a, "RMSE");
    char room[32];
    for (int i = 0; mae >= 0 && i < a->t.nrows; i++) {
        if (!audit_has(a, i, mae)) continue;
        double m = audit_value(a, i, mae), slack = audit_half(audit_at(a, i, mae));
        if (m < 0) audit_say(a, "mae_bias", 1, i, mae, "%s: a mean absolute error of %g: it cannot be negative", audit_label(a, i, room),
            m);
        if (audit_has(a, i, bias) && fabs(audit_value(a, i, bias)) > m + slack + audit_half(audit_at(a, i, bias)))
            audit_say(a, "mae_bias", 1, i, mae, "%s: |bias| = %g is more than MAE = %g, which is never less", audit_label(a, i, room),
                fabs(audit_value(a, i, bias)), m);
        if (audit_has(a, i, rmse) && audit_value(a, i, rmse) < m - slack - audit_half(audit_at(a, i, rmse)))
            audit_say(a, "mae_bias", 1, i, rmse, "%s: RMSE = %g is less than MAE = %g, which is never more", audit_label(a, i, room),
                audit_value(a, i, rmse), m);
    }
}

/* ---- ratios -------------------------------------------------------------------------------------------------------------------------- */

static void ratio_of_spread(audit *a)
{
    int mae = error_column(a), sd = sd_column(a, mae);
    char room[32];
    for (int i = 0; sd >= 0 && i < a->t.nrows; i++) {
        if (!audit_has(a, i, mae) || !audit_has(a, i, sd) || !(audit_value(a, i, mae) > 0)) continue;
        double m = audit_value(a, i, mae), s = audit_value(a, i, sd);
        if (s > 1.5 * m) audit_say(a, "ratio", 0, i, sd, "%s: SD / MAE = %g / %g = %.2f, wanted at most 1.5 (0.76 where errors are "
            "normal): a few large failures, or the SD of signed "
                                   "errors", audit_label(a, i, room), s, m, s / m);
    }
}

/* after / before - 1 in percent, where the two columns before a column of gains are not percentages themselves. */
static void ratio_of_gain(audit *a, int column)
{
    char room[32], *worse = xdup("");
    int n = 0, lost = 0;
    for (int i = 0; i < a->t.nrows; i++) {
        if (!audit_has(a, i, column - 2) || !audit_has(a, i, column - 1) || !audit_has(a, i, column)
            || is_average(csv_cell(&a->t, i, 0))) continue;
        const audit_cell *b = audit_at(a, i, column - 2), *c = audit_at(a, i, column - 1), *printed = audit_at(a, i, column);
        if (!(b->value > 0) || !(c->value > 0)) continue;
        double want = 100 * (c->value / b->value - 1), low = 100 * ((c->value - audit_half(c)) / (b->value + audit_half(b)) - 1);
        double high = 100 * ((c->value + audit_half(c)) / (b->value - audit_half(b)) - 1);
        n++;
        if (c->value <= b->value) {
            char *more = xprintf("%s%s%s", worse, lost++ ? ", " : "", audit_label(a, i, room));
            free(worse), worse = more;
        }
        if (fabs(want - printed->value) <= audit_half(printed)) continue;
        int possible = printed->value >= low - audit_half(printed) && printed->value <= high + audit_half(printed);
        audit_say(a, "ratio", !possible, i, column, "%s: %g / %g - 1 = %+.2f %%, printed %+g; figures before rounding allow %+.2f to "
            "%+.2f%s", audit_label(a, i, room), c->value, b->value,
                  want, printed->value, low, high, possible ? ": another precision than the rest of the table" : "");
    }
    if (lost) audit_say(a, "ratio", 0, -1, column, "%d of %d rows do not gain: %s", lost, n, worse);
    free(worse);
}

static void ratio_of_lordosis(audit *a)
{
    int ldi = audit_named(a, "LDI", ""), lower = audit_named(a, "L4S1", ""), whole = audit_named(a, "LL", "");
    char room[32];
    for (int i = 0; ldi >= 0 && lower >= 0 && whole >= 0 && i < a->t.nrows; i++) {
        if (!audit_has(a, i, ldi) || !audit_has(a, i, lower) || !audit_has(a, i, whole) || !(fabs(audit_value(a, i, whole)) >= 1)) continue;
        double x = audit_value(a, i, lower), y = audit_value(a, i, whole), want = 100 * x / y;
        double slack = audit_half(audit_at(a, i, ldi)) + 100 * (audit_half(audit_at(a, i, lower)) + fabs(x / y) * audit_half(audit_at(a,
            i, whole))) / fabs(y);
        if (fabs(want - audit_value(a, i, ldi)) > slack)
            audit_say(a, "ratio", 1, i, ldi, "%s: LDI = 100 * %g / %g = %.2f, printed %g", audit_label(a, i, room), x, y, want,
                audit_value(a, i, ldi));
    }
}

static int gain_column(const audit *a)
{
    for (int k = 0; k < a->t.ncols; k++)
        if (strcasestr(a->t.name[k], "gain") || strcasestr(a->t.name[k], "improve") || strcasestr(a->t.name[k], "increase")) return k;
    return -1;
}

void audit_ratios(audit *a)
{
    int gain = gain_column(a);
    ratio_of_spread(a), ratio_of_lordosis(a);
    if (gain > 2 && audit_numeric(a, gain - 1) && audit_numeric(a, gain - 2)) ratio_of_gain(a, gain);
}

/* A gain with a percent sign beside one column of scores: which row is it a gain over, and is it relative or in points? */
void audit_gains(audit *a)
{
    int gain = gain_column(a), score = gain - 1;
    char room[32];
    if (gain < 2 || !audit_numeric(a, score) || audit_numeric(a, score - 1)) return;
    for (int i = 0; i < a->t.nrows; i++) {
        if (!audit_has(a, i, gain) || !audit_at(a, i, gain)->percent || !audit_has(a, i, score)) continue;
        const audit_cell *printed = audit_at(a, i, gain);
        double x = audit_value(a, i, score);
        for (int j = i - 1; j >= 0; j--) {
            if (!audit_has(a, j, score)) continue;
            double base = audit_value(a, j, score), scale = fabs(x) <= 1 ? 100 : 1, points = scale * (x - base),
                relative = 100 * (x / base - 1);
            if (fabs(relative - printed->value) <= audit_half(printed)) break;
            if (fabs(points - printed->value) > audit_half(printed)) continue;
            const char *who = score > 1 ? csv_cell(&a->t, i, score - 1) : audit_label(a, i, room), *over = csv_cell(&a->t, j, score - 1);
            audit_say(a, "percent_points", 0, i, gain, "%s: %+g %% is %g - %g = %.4f, that is percentage points over %s; relative it is "
                "%+.2f %%", who, printed->value, x, base,
                      x - base, over, relative);
            break;
        }
    }
}

/* ---- shares of n --------------------------------------------------------------------------------------------------------------------- */

/* Is there a whole k with k / n printed as this? *k: the nearest. */
static int feasible(double share, double half, double n, double *k)
{
    *k = round(share * n);
    return fabs(*k / n - share) <= half;
}

static int is_share(const char *heading)
{
    static const char *const words[] = { "accuracy", "sensitivity", "specificity", "rate", "percent", "fraction", "recall", "success",
        "within", "%" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) if (strcasestr(heading, words[i])) return 1;
    return 0;
}

/* A column n, and columns that hold shares of it. */
static void shares_in_columns(audit *a)
{
    int n = -1;
    char room[32];
    for (int k = 0; k < a->t.ncols; k++) if (!strcasecmp(a->t.name[k], "n") || !strncasecmp(a->t.name[k], "n_", 2)
        || !strncasecmp(a->t.name[k], "n ", 2)) n = n < 0 ? k : n;
    for (int k = 0; n >= 0 && k < a->t.ncols; k++) {
        if (k == n || !is_share(a->t.name[k]) || !audit_numeric(a, k)) continue;
        double most = 0, found;
        for (int i = 0; i < a->t.nrows; i++) if (audit_has(a, i, k)) most = fmax(most, audit_value(a, i, k));
        double scale = most > 1 ? 100 : 1;
        for (int i = 0; i < a->t.nrows; i++) {
            double cases = audit_has(a, i, n) ? audit_value(a, i, n) : 0, share = audit_value(a, i, k) / scale;
            if (!audit_has(a, i, k) || cases < 1 || cases > 1e6 || cases != round(cases) || share < 0 || share > 1) continue;
            if (!feasible(share, audit_half(audit_at(a, i, k)) / scale, cases, &found))
                audit_say(a, "percent_of_n", 1, i, k, "%s: %s is no k / %g: %g / %g = %.6g, %g / %g = %.6g", audit_label(a, i, room),
                    csv_cell(&a->t, i, k), cases,
                          floor(share * cases), cases, scale * floor(share * cases) / cases, ceil(share * cases), cases,
                              scale * ceil(share * cases) / cases);
        }
    }
}

enum { MOST_COUNTS = 64 };
typedef struct { double n; char what[96]; } counted;

static int add_count(counted *c, int n, double value, const char *fmt, const char *what)
{
    for (int i = 0; i < n; i++) if (c[i].n == value) return n;
    if (n == MOST_COUNTS || value < 2 || value > 1e6 || value != round(value)) return n;
    c[n].n = value, snprintf(c[n].what, sizeof c[n].what, fmt, what);
    return n + 1;
}

static int is_test(const char *what) { return strcasestr(what, "test") || strcasestr(what, "valid") || strcasestr(what, "external"); }

/* item, value, unit: the declared numbers of patients and images, per class times two, against every share. */
static int declared(const audit *a, int value, int unit, counted *c)
{
    int n = 0;
    double patients = 0;
    char patients_of[96] = "";
    for (int i = 0; i < a->t.nrows; i++) {
        const char *u = csv_cell(&a->t, i, unit), *what = csv_cell(&a->t, i, value - 1);
        if (!audit_has(a, i, value) || (strcmp(u, "patients") && strcmp(u, "images")) || strcasestr(what, "per study")
            || strcasestr(what, "platform")) continue;
        int per_class = strcasestr(what, "per class") != NULL;
        n = add_count(c, n, audit_value(a, i, value) * (per_class ? 2 : 1), per_class ? "%.70s, two classes" : "%.80s", what);
        if (!strcmp(u, "patients")) {
            patients += audit_value(a, i, value);
            snprintf(patients_of + strlen(patients_of), sizeof patients_of - strlen(patients_of), "%s%.40s", *patients_of ? " and " : "",
                what);
        }
    }
    return add_count(c, n, patients, "%.90s", patients_of);
}

static void shares_in_rows(audit *a)
{
    int value = audit_column(a, "value"), unit = audit_column(a, "unit");
    counted c[MOST_COUNTS];
    if (value < 1 || unit < 0) return;
    int n = declared(a, value, unit, c);
    for (int i = 0; i < a->t.nrows && n; i++) {
        const char *u = csv_cell(&a->t, i, unit);
        if (!audit_has(a, i, value) || (strcmp(u, "fraction") && strcmp(u, "%"))) continue;
        const audit_cell *s = audit_at(a, i, value);
        double scale = *u == '%' ? 100 : 1, k;
        char *fits = xdup(""), *misses = xdup("");
        for (int j = 0; j < n; j++) {
            int yes = feasible(s->value / scale, audit_half(s) / scale, c[j].n, &k);
            if (!yes && !is_test(c[j].what)) continue;           /* only what should have been the basis is worth a word */
            char **list = yes ? &fits : &misses, *more = yes ? xprintf("%s%s%g / %g (%s)", *list, **list ? ", " : "", k, c[j].n, c[j].what)
                                                             : xprintf("%s%sn = %g (%s)", *list, **list ? ", " : "", c[j].n, c[j].what);
            free(*list), *list = more;
        }
        if (*misses && s->value < scale)
            audit_say(a, "percent_of_n", 1, i, value, "%s %g is no k / n for %s%s%s", csv_cell(&a->t, i, value - 1), s->value, misses,
                *fits ? "; it is " : "", fits);
        if (s->value == scale) audit_say(a, "percent_of_n", 0, i, value, "%s is exactly 1: too easy, too few, or the same images in "
            "training", csv_cell(&a->t, i, value - 1));
        free(fits), free(misses);
    }
}

void audit_feasible(audit *a) { shares_in_columns(a), shares_in_rows(a); }

/* ---- what a mean difference stands for ----------------------------------------------------------------------------------------------- */

/* Rows of one source: the cells before the column `item` are the same. */
static int same_text(const audit *a, int i, int j, int item)
{
    for (int k = 0; k < item; k++) if (strcmp(csv_cell(&a->t, i, k), csv_cell(&a->t, j, k))) return 0;
    return 1;
}

void audit_coverage(audit *a)
{
    int item = audit_column(a, "item"), value = audit_column(a, "value");
    for (int i = 0; item >= 0 && value >= 0 && i < a->t.nrows; i++) {
        const char *what = csv_cell(&a->t, i, item);
        if (!strcasestr(what, "mean") || !strcasestr(what, "differ") || strcasestr(what, "absolute") || !audit_has(a, i, value)) continue;
        double part = 0, whole = 0;
        for (int j = 0; j < a->t.nrows; j++) {
            if (!same_text(a, i, j, item) || !audit_has(a, j, value)) continue;
            if (strcasestr(csv_cell(&a->t, j, item), "analys")) part = audit_value(a, j, value);
            else if (audit_value(a, j, value) == round(audit_value(a, j, value))) whole = fmax(whole, audit_value(a, j, value));
        }
        char *share = part > 0 && whole >= part ? xprintf(", over %g of %g = %.1f %% of the cases", part, whole, 100 * part / whole)
            : xdup("");
        audit_say(a, "signed_mean", 0, i, value, "%s %g: a mean of signed differences is a bias%s; it says nothing of the size of errors",
            what, audit_value(a, i, value), share);
        free(share);
    }
}
