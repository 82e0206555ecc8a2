/* parameters_class.c - classifications that follow from parameters, compared as classes: see parameters.h. GAP's categories need the
 * patient's age; the same age goes into both sides, so that they differ by what was measured alone. */
#include "eval/parameters.h"
#include "base/die.h"
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double get(const double *v, const char *name) { return v[readings_find(name)]; }

static double mismatch(const double *v)
{
    double given = get(v, "PILL");
    return isnan(given) ? get(v, "PI") - get(v, "LL") : given;
}

static const char *pi_ll(const double *v, double age) { (void)age; return isnan(mismatch(v)) ? "" : geo_schwab("PI-LL", mismatch(v)); }
static const char *pt(const double *v, double age) { (void)age; return isnan(get(v, "PT")) ? "" : geo_schwab("PT", get(v, "PT")); }
static const char *sva(const double *v, double age) { (void)age; return isnan(get(v, "SVA")) ? "" : geo_schwab("SVA", get(v, "SVA")); }

static const char *roussouly(const double *v, double age)
{
    (void)age;
    return isnan(get(v, "SS")) ? "" : geo_roussouly(get(v, "SS"), get(v, "PT"), get(v, "PI"));
}

static const char *gap(const double *v, double age)
{
    static const char *const names[] = { "P", "MD", "SD" };
    const double part[] = { get(v, "RPV"), get(v, "RLL"), get(v, "LDI"), get(v, "RSA") };
    geo_gap g;
    for (int i = 0; i < 4; i++) if (isnan(part[i])) return "";
    if (isnan(age)) return "";
    geo_gap_points(part[0], part[1], part[2], part[3], age, &g);
    for (int i = 0; i < 3; i++) if (!strcmp(g.category, names[i])) return names[i];
    return "";
}

/* power: of the weights where the classes are ordered, 0 where they are not. */
static const struct { const char *name; int classes, power; const char *label[PARAMETER_CLASSES];
    const char *(*of)(const double *v, double age); } schemes[PARAMETER_SCHEMES] = {
    { "Schwab PI-LL", 3, 2, { "0", "+", "++" }, pi_ll },
    { "Schwab PT", 3, 2, { "0", "+", "++" }, pt },
    { "Schwab SVA", 3, 2, { "0", "+", "++" }, sva },
    { "Roussouly by SS", 4, 0, { "1|2", "3", "3AP", "4" }, roussouly },
    { "GAP", 3, 2, { "P", "MD", "SD" }, gap },
};

/* -1: the values do not say. */
static int class_of(int scheme, const double *v, double age)
{
    const char *label = schemes[scheme].of(v, age);
    for (int k = 0; k < schemes[scheme].classes; k++) if (!strcmp(label, schemes[scheme].label[k])) return k;
    return -1;
}

void parameters_classify(parameters *p, const double *pred, const double *ref, const double *age, const int64_t *patient, int64_t films,
                         int nparameters)
{
    int *a = xalloc_n((size_t)(2 * films), sizeof *a), *b = a + films;
    int64_t *who = xalloc_n((size_t)films, sizeof *who);
    for (int s = 0; s < PARAMETER_SCHEMES; s++) {
        class_row *r = &p->class[s];
        int64_t n = 0;
        *r = (class_row){ .name = schemes[s].name, .classes = schemes[s].classes, .power = schemes[s].power, .label = schemes[s].label };
        for (int64_t i = 0; i < films; i++) {
            int x = class_of(s, pred + i * nparameters, age[i]), y = class_of(s, ref + i * nparameters, age[i]);
            if (y < 0) continue;
            r->films++;
            if (x < 0) r->failed++;
            else r->confusion[y][x]++, a[n] = x, b[n] = y, who[n++] = patient[i];
        }
        r->k = kappa_of(a, b, who, n, r->classes, r->power, p->o.agreement.draws, p->o.agreement.seed);
    }
    free(a), free(who);
}

table *parameters_class_table(const parameters *p)
{
    int64_t any = 0;
    for (int s = 0; s < PARAMETER_SCHEMES; s++) any += p->class[s].films;
    if (!any) return NULL;
    table *t = table_new("Classifications that follow from the parameters");
    table_column(t, "classification", "", COLUMN_TEXT, 0), table_column(t, "films", "", COLUMN_COUNT, 0),
        table_column(t, "failed", "", COLUMN_COUNT, 0);
    table_column(t, "kappa", "", COLUMN_NUMBER, 3), table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    table_column(t, "same class", "", COLUMN_NUMBER, 3), table_column(t, "one class off", "", COLUMN_NUMBER, 3);
    for (int s = 0; s < PARAMETER_SCHEMES; s++) {
        const class_row *r = &p->class[s];
        int64_t same = 0;
        if (!r->films) continue;
        for (int k = 0; k < r->classes; k++) same += r->confusion[k][k];
        table_text(t, r->name), table_count(t, r->films), table_count(t, r->failed), table_quantity(t, r->k.value.value);
        if (r->k.value.lo.why) table_missing(t, r->k.value.lo.why);
        else table_numbers(t, r->k.value.lo.value, r->k.value.hi.value);
        table_quantity(t, r->k.n ? quantity_of((double)same / (double)r->k.n) : quantity_missing("no film has both classes"));
        table_quantity(t, r->power ? r->k.one_off : quantity_missing("the classes have no order"));
    }
    table_note(t, "kappa: quadratic weights for Schwab's modifiers and GAP's categories (where the age is known), none for Roussouly's "
                  "types; interval: BCa bootstrap over patients");
    return t;
}

json_t *parameters_class_json(const parameters *p)
{
    json_t *list = json_array();
    for (int s = 0; s < PARAMETER_SCHEMES; s++) {
        const class_row *r = &p->class[s];
        if (!r->films) continue;
        json_t *labels = json_array(), *rows = json_array();
        for (int i = 0; i < r->classes; i++) {
            json_t *row = json_array();
            json_array_append_new(labels, json_string(r->label[i]));
            for (int j = 0; j < r->classes; j++) json_array_append_new(row, json_integer(r->confusion[i][j]));
            json_array_append_new(rows, row);
        }
        json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:i, s:o, s:o}", "name", r->name, "films", (json_int_t)r->films, "n",
            (json_int_t)r->k.n, "failed",
                              (json_int_t)r->failed, "weights_power", r->power, "labels", labels, "confusion", rows);
        const bounded *k = &r->k.value;
        json_object_set_new(o, "kappa", k->value.why ? json_null() : json_real(k->value.value));
        if (k->value.why) json_object_set_new(o, "kappa_why", json_string(k->value.why));
        json_object_set_new(o, "kappa_ci", k->lo.why ? json_null() : json_pack("[f,f]", k->lo.value, k->hi.value));
        if (k->lo.why) json_object_set_new(o, "kappa_ci_why", json_string(k->lo.why));
        json_array_append_new(list, o);
    }
    return list;
}
