/* agreement_test.c - the statistics of two ways of measuring: golden values, what must hold by definition, and scipy where it is there. */
#include "tests/test.h"
#include "eval/distributions.h"
#include "eval/paired.h"
#include <jansson.h>

static json_t *all;

static const json_t *golden(const char *key)
{
    json_error_t e;
    if (!all) all = json_load_file("tests/golden/agreement.json", 0, &e);
    const json_t *part = json_object_get(all, key);
    if (!part) fail_msg("tests/golden/agreement.json: %s: %s", key, all ? "not there" : e.text);
    return part;
}
static double number(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }
static double entry(const json_t *list, size_t i) { return json_number_value(json_array_get(list, i)); }
static int64_t numbers(const json_t *list, double *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) out[i] = entry(list, i);
    return (int64_t)json_array_size(list);
}

static void is(quantity q, double want)
{
    if (q.why) fail_msg("missing: %s; wanted %.10g", q.why, want);
    near(q.value, want, 1e-9 * fmax(1, fabs(want)));
}
static void is_bounded(bounded b, const json_t *want)
{
    assert_int_equal(json_array_size(want), 3);
    is(b.value, entry(want, 0)), is(b.lo, entry(want, 1)), is(b.hi, entry(want, 2));
}
static void is_missing(quantity q, const char *words)
{
    if (!q.why || !strstr(q.why, words)) fail_msg("'%s' is not '%s'", q.why ? q.why : "a number", words);
}

/* ---- distributions ------------------------------------------------------------------------------------------------------------------- */

static void quantiles(void **state)
{
    (void)state;
    const json_t *f = golden("fisher"), *t = golden("student");
    for (size_t i = 0; i < json_array_size(f); i++) {
        const json_t *q = json_array_get(f, i);
        near(fisher_inverse(entry(q, 0), entry(q, 1), entry(q, 2)), entry(q, 3), 1e-10);
    }
    for (size_t i = 0; i < json_array_size(t); i++)
        near(student_inverse(entry(json_array_get(t, i), 0), entry(json_array_get(t, i), 1)), entry(json_array_get(t, i), 2), 1e-11);
    for (double v = 0.7; v < 400; v *= 1.9)
        for (double p = 0.001; p < 1; p += 0.0713) {
            near(student_below(student_inverse(p, v), v), p, 1e-12);
            near(fisher_below(fisher_inverse(p, v, 3.3), v, 3.3), p, 1e-12);
        }
    near(student_below(1, 1), 0.75, 1e-14);                     /* Cauchy's distribution */
    near(student_below(1.3, 1e8), stats_normal(1.3), 1e-8);
    near(beta_regular(2, 3, 0.4), 0.5248, 1e-12);                /* 6 x^2 - 8 x^3 + 3 x^4 */
}

/* ---- reliability --------------------------------------------------------------------------------------------------------------------- */

static void intraclass(void **state)
{
    (void)state;
    const json_t *list = golden("anova");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *g = json_array_get(list, i), *rows = json_object_get(g, "y");
        int64_t n = (int64_t)json_array_size(rows), k = (int64_t)json_array_size(json_array_get(rows, 0));
        double y[64], df;
        for (int64_t r = 0; r < n; r++) numbers(json_array_get(rows, (size_t)r), y + r * k);
        anova a = anova_of(y, n, (int)k);
        near(a.msr, number(g, "msr"), 1e-9); near(a.msc, number(g, "msc"), 1e-9);
        near(a.mse, number(g, "mse"), 1e-9); near(a.msw, number(g, "msw"), 1e-9);
        for (int w = 0; w < ICCS; w++) is_bounded(icc_of(&a, w, w == ICC_2_1 ? &df : NULL),
            json_array_get(json_object_get(g, "icc"), (size_t)w));
        near(df, number(g, "df"), 1e-9);
        near(sem_of(&a, 0), number(g, "sem"), 1e-9); near(sem_of(&a, 1), number(g, "sem_consistency"), 1e-9);
        near(mdc_of(sem_of(&a, 0)), number(g, "mdc"), 1e-9);
    }
}

static void reliability_at_the_edge(void **state)
{
    (void)state;
    double same[] = { 3, 3, 5, 5, 9, 9 }, shifted[] = { 3, 4, 5, 6, 9, 10 }, flat[] = { 2, 2, 2, 2, 2, 2 };
    anova a = anova_of(same, 3, 2);
    for (int w = 0; w < ICCS; w++) is(icc_of(&a, w, NULL).value, 1), is_missing(icc_of(&a, w, NULL).lo, "exactly");
    a = anova_of(shifted, 3, 2);
    is(icc_of(&a, ICC_3_1, NULL).value, 1);
    assert_true(icc_of(&a, ICC_2_1, NULL).value.value < 0.98);   /* a shift is no agreement */
    a = anova_of(flat, 3, 2);
    is_missing(icc_of(&a, ICC_2_1, NULL).value, "do not spread");
}

/* ---- agreement ----------------------------------------------------------------------------------------------------------------------- */

static void as_published(void **state)
{
    (void)state;
    const json_t *g = golden("pair"), *w = json_object_get(g, "wilcoxon");
    double pred[12], ref[12], d[12];
    assert_int_equal(numbers(json_object_get(g, "pred"), pred), 12);
    numbers(json_object_get(g, "ref"), ref);
    agreement_options o = agreement_defaults();
    o.draws = (int64_t)number(g, "draws"), o.seed = (uint64_t)number(g, "seed");
    agreement a = agreement_of(pred, ref, NULL, 12, &o);
    assert_int_equal(a.n, 12), assert_int_equal(a.films, 12), assert_int_equal(a.patients, 12);
    is_bounded(a.mae, json_object_get(g, "mae"));
    is(a.sd_abs, number(g, "sd_abs")), is(a.median, number(g, "median")), is(a.rmse, number(g, "rmse")), is(a.p90, number(g, "p90"));
    is(a.max, 2.7), is(a.sd, number(g, "sd")), is(a.slope, number(g, "slope")), is(a.ccc, number(g, "ccc"));
    is_bounded(a.bias, json_object_get(g, "bias"));
    is_bounded(a.loa_low, json_object_get(g, "loa_low")), is_bounded(a.loa_high, json_object_get(g, "loa_high"));
    is_bounded(a.pearson, json_object_get(g, "pearson"));
    is(a.icc[ICC_2_1].value, 0.9832270210049237), is(a.sem, 1.376576231529585), is(a.mdc, 3.8156746414883864);
    is(a.within[0].value, 1);
    for (int i = 0; i < 12; i++) d[i] = pred[i] - ref[i];
    wilcoxon t = wilcoxon_of(d, 12);
    assert_int_equal(t.n, 12), assert_false(t.exact);
    near(t.w_plus, number(w, "w_plus"), 0); near(t.w_minus, number(w, "w_minus"), 0);
    is(t.p, number(w, "p")), is(t.z, number(w, "z"));
}

/* Ten films, three without a prediction, one without a reference: nothing of them enters the errors, and they are counted. */
static void failures_count(void **state)
{
    (void)state;
    double pred[] = { 1, 2, NAN, 4, NAN, 6, 7, 8, NAN, 3 }, ref[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, NAN };
    int64_t patient[] = { 1, 1, 2, 3, 3, 4, 4, 4, 5, 6 };
    agreement a = agreement_of(pred, ref, patient, 10, NULL);
    assert_int_equal(a.films, 9), assert_int_equal(a.n, 6), assert_int_equal(a.failed, 3), assert_int_equal(a.patients, 3);
    is(a.failure.value, 3.0 / 9);
    is(a.mae.value, 28.0 / 6), is(a.max, 8);
    is(a.within[0].value, 2.0 / 6), is(a.within_all[0].value, 2.0 / 9);
    is(a.within[1].value, 3.0 / 6), is(a.within[2].value, 1);
    is(a.within_all[2].value, 6.0 / 9);
    is_missing(a.pearson.value, "do not spread");
}

static void too_few(void **state)
{
    (void)state;
    double pred[] = { 3, NAN }, ref[] = { 1, 2 };
    agreement one = agreement_of(pred, ref, NULL, 2, NULL), none = agreement_of(pred + 1, ref + 1, NULL, 1, NULL);
    agreement empty = agreement_of(pred, ref, NULL, 0, NULL);
    is(one.mae.value, 2), is(one.bias.value, 2), is_missing(one.mae.lo, "one patient"), is_missing(one.sd, "fewer than two");
    is_missing(one.icc[0].value, "fewer than two"), is_missing(none.mae.value, "no film"), is(none.failure.value, 1);
    is(none.within_all[2].value, 0), is_missing(empty.failure.value, "no film has a reference");
}

static void ranks_and_wilson(void **state)
{
    (void)state;
    double x[] = { 5, 1, 5, 2, 9 }, rank[5], want[] = { 3.5, 1, 3.5, 2, 5 }, y[] = { 1, 8, 27, 64 }, z[] = { -9, 1, 2, 3 };
    ranks_of(x, 5, rank);
    for (int i = 0; i < 5; i++) near(rank[i], want[i], 0);
    agreement a = agreement_of(y, z, NULL, 4, NULL);
    is(a.spearman, 1);
    assert_true(a.pearson.value.value < 0.9);
    bounded s = share_of(81, 263);                               /* the example of Newcombe, Stat Med 1998 */
    near(s.lo.value, 0.2553, 5e-5); near(s.hi.value, 0.3662, 5e-5);
    near(share_of(0, 20).lo.value, 0, 0); near(share_of(0, 20).hi.value, 0.1611, 5e-5); near(share_of(20, 20).hi.value, 1, 0);
}

/* ---- tests --------------------------------------------------------------------------------------------------------------------------- */

static void signed_ranks(void **state)
{
    (void)state;
    const json_t *g = golden("ties");
    double d[8];
    wilcoxon w = wilcoxon_of(d, numbers(json_object_get(g, "d"), d));
    assert_int_equal(w.n, 7);
    near(w.w_plus, 21.5, 0); near(w.w_minus, 6.5, 0);
    is(w.p, number(g, "p")), is(w.z, number(g, "z"));
    double six[] = { 1, 2, 3, 4, 5, 6 }, few[] = { -1, 2, 3, 4, 5, 6, 7 };
    w = wilcoxon_of(six, 6);
    assert_true(w.exact), is(w.p, 2.0 / 64), is_missing(w.z, "exact");
    is(wilcoxon_of(few, 7).p, 4.0 / 128);                        /* sums 0 and 1 of 2^7 */
    double noise[] = { 0.3, 0.1 + 0.2, -0.3, 1 };                /* three equal sizes but for the last bit */
    assert_false(wilcoxon_of(noise, 4).exact);
    double zero[] = { 0, 1e-12 };
    is_missing(wilcoxon_of(zero, 2).p, "other than zero");
}

static void equivalence(void **state)
{
    (void)state;
    double d[] = { 0.3, -0.5, 0.8, 0.1, -0.2, 0.6, -0.4, 0.5 };
    tost near_zero = tost_of(d, 8, 1), strict = tost_of(d, 8, 0.2);
    assert_true(near_zero.p.value < 0.05 && near_zero.lo.value > -1 && near_zero.hi.value < 1);
    assert_true(strict.p.value > 0.05 && (strict.lo.value < -0.2 || strict.hi.value > 0.2));
    tost edge = tost_of(d, 8, near_zero.hi.value);               /* the interval just touches the margin */
    near(edge.p.value, 0.05, 1e-9);
    double same[] = { 0.5, 0.5, 0.5 };
    is(tost_of(same, 3, 1).p, 0), is(tost_of(same, 3, 0.4).p, 1), is_missing(tost_of(d, 1, 1).p, "fewer than two");
}

static void family(void **state)
{
    (void)state;
    double p[] = { 0.01, 0.04, 0.03, 0.005 }, want[] = { 0.03, 0.06, 0.06, 0.02 };
    holm_adjust(p, 4, p);
    for (int i = 0; i < 4; i++) near(p[i], want[i], 1e-15);
    double large[] = { 0.6, 0.9 };
    holm_adjust(large, 2, large);
    near(large[0], 1, 0); near(large[1], 1, 0);
}

static void classes(void **state)
{
    (void)state;
    /* 20 20 / 5 10: seen .6, by chance .5 (the textbook's 20 5 / 10 15 gives 0.4) */
    int a[50], b[50], at = 0, cells[2][2] = { { 20, 5 }, { 10, 15 } };
    for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) for (int k = 0; k < cells[i][j]; k++) a[at] = i, b[at++] = j;
    kappa k = kappa_of(a, b, NULL, 50, 2, 0, 2000, 1);
    is(k.value.value, 0.4), is(k.one_off, 0.3);
    assert_true(k.value.lo.value < 0.4 && k.value.hi.value > 0.4 && k.value.lo.value > 0 && k.value.hi.value < 0.8);
    int x[] = { 0, 1, 2, 3, 0, 2 }, y[] = { 0, 2, 2, 3, 1, 0 };
    is(kappa_of(x, y, NULL, 6, 4, 2, 200, 1).value.value, 1 - 6.0 / (88.0 / 6));      /* sum (x-y)^2 = 6; over all 36 pairs 88 */
    is(kappa_of(x, y, NULL, 6, 4, 2, 200, 1).one_off, 2.0 / 6);
    int one[] = { 1, 1, 1 };
    is_missing(kappa_of(one, one, NULL, 3, 3, 2, 200, 1).value.value, "one class");
}

static void at_common_coverage(void **state)
{
    (void)state;
    double ref[] = { 10, 20, 30, 40, 50 }, a[] = { 11, 22, 33, NAN, 55 }, b[] = { 12, 21, NAN, 90, 51 };
    compared c = compare_methods(a, b, ref, NULL, 5, 500, 1);
    assert_int_equal(c.n, 3), assert_int_equal(c.failed_a, 1), assert_int_equal(c.failed_b, 1), assert_int_equal(c.films, 5);
    is(c.mae_a, 8.0 / 3), is(c.mae_b, 4.0 / 3), is(c.difference.value, 4.0 / 3);       /* the 50 that b is off does not count: a has none */
    assert_int_equal(c.test.n, 3);
    int64_t patient[] = { 7, 7, 1, 2, 7 };
    assert_int_equal(compare_methods(a, b, ref, patient, 5, 500, 1).test.n, 1);        /* one patient is one difference */
    double ai[] = { 1, 5, NAN, 3 }, r1[] = { 2, 4, 6, 3 }, r2[] = { 4, 4, 6, 2 };
    triad t = triad_of(ai, r1, r2, NULL, 4, 500, 1);
    assert_int_equal(t.n, 3);
    is(t.ai_r1.value, 2.0 / 3), is(t.ai_r2.value, 5.0 / 3), is(t.r1_r2.value, 1);
    is(t.excess.value, (5 - 4 + 1 - 0 + 0.5 - 1) / 3);           /* films: (1 + 9) / 2 - 4, (1 + 1) / 2 - 0, (0 + 1) / 2 - 1 */
}

/* ---- scipy --------------------------------------------------------------------------------------------------------------------------- */

static const char script[] =
    "import sys\n"
    "try:\n    import numpy as np; from scipy import stats\n"
    "except ImportError:\n    print('absent'); sys.exit()\n"
    "v = [float(x) for x in sys.stdin.read().split()]; n = int(v[0])\n"
    "a = np.array(v[1:n+1]); b = np.array(v[n+1:2*n+1])\n"
    "d = a - b\n"
    "exact = stats.wilcoxon(d[:15], mode='exact').pvalue\n"
    "approx = stats.wilcoxon(d, mode='approx', correction=True).pvalue\n"
    "up = stats.ttest_1samp(d, -1.5, alternative='greater').pvalue; down = stats.ttest_1samp(d, 1.5, alternative='less').pvalue\n"
    "m = (a + b) / 2\n"
    "out = [exact, approx, max(up, down), stats.pearsonr(a, b)[0], stats.spearmanr(a, b)[0], stats.linregress(m, d).slope,\n"
    "       np.percentile(abs(d), 90), stats.f.ppf(.975, 7.3, 21.9), stats.t.cdf(1.5, 3.7), stats.betainc(1.2, 30, .07) if "
        "hasattr(stats, 'betainc') else\n"
    "       __import__('scipy.special').special.betainc(1.2, 30, .07)]\n"
    "print(' '.join(repr(float(x)) for x in out))\n";

static void scipy_agrees(void **state)
{
    (void)state;
    enum { N = 40, FIGURES = 10 };
    char *folder = test_scratch(), *code = xprintf("%s/oracle.py", folder), *input = xprintf("%s/input", folder);
    double a[N], b[N], d[N], want[FIGURES];
    uint64_t seed = 5;
    FILE *f = fopen(code, "w");
    fputs(script, f), fclose(f);
    f = fopen(input, "w");
    for (int i = 0; i < N; i++) {
        a[i] = 30 + (double)(stats_splitmix64(&seed) >> 40) / (1 << 20);
        b[i] = a[i] + (double)(stats_splitmix64(&seed) >> 40) / (1 << 22) - 1.8, d[i] = a[i] - b[i];
    }
    fprintf(f, "%d", N);
    for (int i = 0; i < 2 * N; i++) fprintf(f, " %.17g", i < N ? a[i] : b[i - N]);
    fclose(f);
    char *line = xprintf("/usr/bin/python3 '%s' <'%s' 2>&1", code, input), word[200] = "absent";
    FILE *p = popen(line, "r");
    int n = 0;
    while (n < FIGURES && fscanf(p, "%lf", &want[n]) == 1) n++;
    if (n < FIGURES && fscanf(p, "%199s", word) != 1) strcpy(word, "absent");
    pclose(p), free(line), free(code), free(input), test_scratch_remove(folder);
    /* "absent" is no number, nor how one begins: the n of a "none" would be taken for that of a nan */
    if (!n && (!strcmp(word, "absent") || !strcmp(word, "sh:"))) skip();
    if (n < FIGURES) fail_msg("scipy said '%s'", word);
    agreement g = agreement_of(a, b, NULL, N, NULL);
    assert_true(wilcoxon_of(d, 15).exact && !wilcoxon_of(d, N).exact);
    double got[FIGURES] = { wilcoxon_of(d, 15).p.value, wilcoxon_of(d, N).p.value, tost_of(d, N, 1.5).p.value, g.pearson.value.value,
        g.spearman.value, g.slope.value, g.p90.value, fisher_inverse(0.975, 7.3, 21.9), student_below(1.5, 3.7),
            beta_regular(1.2, 30, 0.07) };
    for (int i = 0; i < FIGURES; i++) near(got[i], want[i], 1e-10 * fmax(1, fabs(want[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles), cmocka_unit_test(intraclass), cmocka_unit_test(reliability_at_the_edge),
            cmocka_unit_test(as_published),
        cmocka_unit_test(failures_count), cmocka_unit_test(too_few), cmocka_unit_test(ranks_and_wilson), cmocka_unit_test(signed_ranks),
        cmocka_unit_test(equivalence), cmocka_unit_test(family), cmocka_unit_test(classes), cmocka_unit_test(at_common_coverage),
        cmocka_unit_test(scipy_agrees),
    };
    int failed = RUN_TESTS(tests);
    json_decref(all);
    return failed;
}
