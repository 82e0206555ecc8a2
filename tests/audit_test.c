/* audit_test.c - the lint of result tables: what is wrong in the published ones, each with its figures, and that sound tables are left
 * alone. */
#include "tests/cli.h"
#include "eval/audit.h"

static audit of(const char *text)
{
    write_text("table.csv", text);
    char *path = in("table.csv");
    audit a = audit_table(path, NULL);
    free(path);
    return a;
}

/* Findings of a rule whose text holds the words. */
static int count(const audit *a, const char *rule, const char *words)
{
    int n = 0;
    for (int i = 0; i < a->n; i++) n += !strcmp(a->f[i].rule, rule) && strstr(a->f[i].text, words) != NULL;
    return n;
}

static void says(const audit *a, const char *rule, int error, int row, const char *words)
{
    for (int i = 0; i < a->n; i++)
        if (!strcmp(a->f[i].rule, rule) && strstr(a->f[i].text, words) && a->f[i].error == error && a->f[i].row == row) return;
    for (int i = 0; i < a->n; i++) print_message("%s %d row %d: %s\n", a->f[i].rule, a->f[i].error, a->f[i].row, a->f[i].text);
    fail_msg("no %s of row %d says '%s'", rule, row, words);
}

static void finds(const char *text, const char *rule, int error, int row, const char *words)
{
    audit a = of(text);
    says(&a, rule, error, row, words);
    audit_free(&a);
}

/* Nothing at all of this rule. */
static void passes(const char *text, const char *rule)
{
    audit a = of(text);
    for (int i = 0; i < a.n; i++) if (!strcmp(a.f[i].rule, rule)) fail_msg("%s: %s", rule, a.f[i].text);
    audit_free(&a);
}

static audit published(const char *name)
{
    char *path = xprintf("results/published/%s.csv", name);
    audit a = audit_table(path, NULL);
    free(path);
    return a;
}

static void certificate(void **state)
{
    (void)state;
    audit a = published("certificate-means");
    assert_int_equal(count(&a, "mean_difference", "opposite sign"), 5);                  /* TK TLK LL PI SS */
    says(&a, "mean_difference", 1, 2, "TK: 30.49015 - 23.39325 = +7.0969, printed -7.0969: the opposite sign");
    says(&a, "mean_difference", 1, 2, "TLK: 11.37102 - 4.12901 = +7.24201, printed -7.23912 (and the opposite sign): off by 0.00289");
    says(&a, "mean_difference", 1, 2, "SVA: 27.20563 - 6.47041 = +20.73522, printed +6.693074: off by 14.042146; the second mean would "
        "have to be 20.512556 or 33.898704");
    assert_int_equal(count(&a, "mean_difference", "PT:"), 0);                            /* right within its digits */
    says(&a, "mean_difference", 0, 2, "lie in 6.89 to 7.24");
    says(&a, "mean_difference", 0, 2, "at least TK 7.10 (23 %), TLK 7.24 (64 %), LL 6.89 (14 %), PI 6.94 (13 %), PT 7.20 (47 %), SS 7.21 "
        "(19 %), SVA 20.74 (76 %)");
    says(&a, "mixed_units", 1, 3, "mean of all 7 figures above without their signs (7.037321), 6 of them angles and 1 lengths; the "
        "angles alone give 7.0947");
    says(&a, "pi_identity", 1, 1, "45.49053 - (8.161728 + 29.87027) = +7.4585");
    says(&a, "pi_identity", 0, 0, "-0.0066");
    audit_free(&a);
    a = published("certificate-ai");
    static const char *const gaps[] = { "+5.66", "-12.57", "-8.77", "-2.46", "-2.83", "-10.22" };
    for (int i = 0; i < 6; i++) says(&a, "pi_identity", 1, i, gaps[i]);
    says(&a, "duplicate", 0, 8, "LL 26.24 stands in row 3 and in row 9");
    assert_int_equal(count(&a, "row_alignment", ""), 0);
    audit_free(&a);
    a = audit_table("results/published/certificate-ai.csv", "results/published/certificate-reader-1.csv");
    says(&a, "row_alignment", 1, -1, "TK against the reference over 11 rows: r = -0.");
    says(&a, "row_alignment", 0, -1, "TLK has SD 1.13, the reference has SD 6.55");
    audit_free(&a);
    dies(2, "accuracy.csv has 7 rows", audit_table("results/published/certificate-ai.csv", "results/published/accuracy.csv"));
    dies(2, "share no column of parameters", audit_table("results/published/dsc-by-region.csv", "results/published/dsc-by-region.csv"));
    a = published("certificate-reader-1"), says(&a, "pi_identity", 0, 3, "+0.0100"), assert_int_equal(a.n, 1), audit_free(&a);
    a = published("certificate-reader-2"), says(&a, "pi_identity", 1, 4, "+0.1000"), assert_int_equal(a.n, 1), audit_free(&a);
}

static void segmentation_tables(void **state)
{
    (void)state;
    audit a = published("hspine-dsc");
    assert_int_equal(count(&a, "ratio", "printed"), 1);                                  /* the other seven gains follow */
    says(&a, "ratio", 0, 7, "0.86 / 0.86 - 1 = +0.00 %, printed -0.65; figures before rounding allow -1.16 to +1.17");
    says(&a, "ratio", 0, -1, "3 of 8 rows do not gain: L1, femoral head 1, femoral head 2");
    says(&a, "average", 0, 8, "the mean of the gains is 11.00, the gain of the printed means 0.85 / 0.77 - 1 = 10.39 %, of the means "
        "before rounding 9.90 %");
    audit_free(&a);
    a = published("hspine-errors");
    says(&a, "ratio", 0, 0, "2.876 / 1.377 = 2.09");
    assert_int_equal(count(&a, "ratio", ""), 1);
    says(&a, "pi_missing", 0, -1, "PT and SS"), says(&a, "n_missing", 0, -1, "without n");
    audit_free(&a);
    a = published("peci-net");
    says(&a, "percent_points", 0, 5, "0.7345 - 0.6891 = 0.0454, that is percentage points over TernausNet; relative it is +6.59 %");
    says(&a, "percent_points", 0, 7, "+4.79 %"), says(&a, "percent_points", 0, 8, "+2.64 %");
    audit_free(&a);
    a = published("rckd");
    says(&a, "average", 0, 0, "10 of 10 fit cutting, 4 rounding"), says(&a, "average", 0, 0, "10 of 10 fit cutting, 2 rounding");
    assert_int_equal(a.errors, 0);
    audit_free(&a);
    a = published("classes");
    says(&a, "class_count", 1, 1, "cervical: 11 classes, 10 are listed: with the background");
    says(&a, "class_count", 1, 0, "whole: 11 classes, 4 are listed");
    assert_int_equal(count(&a, "class_count", ""), 4);
    audit_free(&a);
    a = published("dsc-by-region"), says(&a, "n_missing", 0, -1, "without n and without SD"), audit_free(&a);
    a = published("splits"), assert_int_equal(a.n, 0), audit_free(&a);
}

static void other_tables(void **state)
{
    (void)state;
    audit a = published("ct-stone");
    says(&a, "percent_of_n", 1, 4, "0.907 is no k / n for n = 200");
    says(&a, "percent_of_n", 1, 4, "792 / 873"), says(&a, "percent_of_n", 1, 4, "973 / 1073");
    audit_free(&a);
    a = published("hip-implant");
    says(&a, "percent_of_n", 1, 5, "0.9417 is no k / n for n = 40 (test per class, two classes); it is 113 / 120 (train per class");
    says(&a, "percent_of_n", 1, 6, "118 / 120"), says(&a, "percent_of_n", 0, 8, "exactly 1");
    says(&a, "split_sum", 1, 0, "need 100 images of each class, there are 52");
    audit_free(&a);
    a = published("report-ranges");
    says(&a, "range", 1, 8, "20 to 40 is printed for 3 quantities (SAC, T1S, CL)");
    assert_int_equal(count(&a, "range", "the example"), 4);                              /* BAI, Powers, SAC, CL */
    audit_free(&a);
    a = published("cobb-review"), says(&a, "signed_mean", 0, 14, "194 of 250 = 77.6 %"), assert_int_equal(a.n, 1), audit_free(&a);
    a = published("normative"), says(&a, "pi_identity", 1, 18, "45.1 - (9.4 + 37.8) = -2.1000"), audit_free(&a);
    static const char *const sound[] = { "anchors-ai", "anchors-human", "accuracy" };
    for (int i = 0; i < 3; i++) a = published(sound[i]), assert_int_equal(a.errors, 0), audit_free(&a);
}

/* ---- every rule on tables of a few lines: what it finds, what it leaves alone -------------------------------------------------- */

static void identities(void **state)
{
    (void)state;
    passes("case,PI (deg),PT (deg),SS (deg)\na,50.1,12.0,38.1\nb,60,20.4,39.6\n", "pi_identity");
    passes("case,PI,PT,SS\na,50.1,12.04,38.12\n", "pi_identity");                        /* within the digit of 50.1 */
    finds("case,PI,PT,SS\na,50.1,12.0,38.1\nb,60.00,20.00,40.03\n", "pi_identity", 0, 1, "-0.0300");
    finds("case,PI,PT,SS\na,50.1,12.0,38.1\nb,60.00,20.00,40.10\n", "pi_identity", 1, 1, "-0.1000");
    finds("case,PI_2,PT_2,SS_2\na,50.10,12.00,38.00\n", "pi_identity", 1, 0, "+0.1000");
    passes("case,PILL,PT,SS\na,5.10,12.00,38.00\n", "pi_identity");
    finds("case,RPV,RLL,LDI,RSA,age score,GAP\na,1,3,2,1,1,9\n", "gap_sum", 1, 0, "1 + RLL 3 + LDI 2 + RSA 1 + age 1 = 8, printed 9");
    passes("case,RPV,RLL,LDI,RSA,age score,GAP\na,1,3,2,1,1,8\nb,0,0,0,0,0,0\n", "gap_sum");
    finds("case,LL,L4S1,LDI\na,50.0,30.0,62\n", "ratio", 1, 0, "= 60.00, printed 62");
    passes("case,LL,L4S1,LDI\na,50.0,30.0,60\nb,0.5,30.0,1\n", "ratio");
}

static void figures(void **state)
{
    (void)state;
    finds("parameter,n,MAE,SD,bias\nTK,20,2.0,1.5,-2.4\n", "mae_bias", 1, 0, "|bias| = 2.4 is more than MAE = 2");
    passes("parameter,n,MAE,SD,bias\nTK,20,2.0,1.5,-2.05\nLL,20,2.0,1.5,1.0\n", "mae_bias");
    finds("parameter,MAE,RMSE\nTK,2.0,1.8\n", "mae_bias", 1, 0, "RMSE = 1.8");
    finds("parameter,n,MAE,SD\nTK,20,2.0,3.1\n", "ratio", 0, 0, "1.55");
    passes("parameter,n,MAE,SD\nTK,20,2.0,2.9\n", "ratio");
    passes("measure,mean,sd\nPI,50.0,10\nPT,12.0,6\nLL L1 - S1,60.0,9\n", "mean_difference");
    passes("group,n\nA - male,20\nA - female,30\nB - male,25\n", "mean_difference");
    finds("source,TK,LL\nclinicians,30.0,50.0\nAI,25.0,45.0\nclinicians - AI,5.0,4.0\n", "mean_difference", 1, 2, "LL: 50 - 45 = +5, printed +4");
    finds("class,a,b,difference\nL1,5.0,3.0,1.5\n", "mean_difference", 1, 0, "5 - 3 = +2, printed +1.5");
    finds("class,a,b,difference\nL1,5.0,3.0,-2.0\n", "mean_difference", 1, 0, "opposite sign");
    passes("class,a,b,difference\nL1,5.0,3.0,2.0\nL2,5.0,3.0,2.1\n", "mean_difference");
    finds("row,TK,LL\nAI,30.0,50.0\nreaders,28.0,51.0\nreaders minus AI,2.0,-1.0\n", "mean_difference", 1, 2,
        "TK: 28 - 30 = -2, printed +2: the opposite sign");
    passes("row,TK,LL\nAI,30.0,50.0\nreaders,28.0,51.0\nAI minus readers,2.0,-1.0\n", "mixed_units");
    finds("set,n,accuracy\nours,40,0.94\n", "percent_of_n", 1, 0, "37 / 40 = 0.925, 38 / 40 = 0.95");
    passes("class,n,recall_mean,accuracy_sd,within 5 of all\nL1,7,0.905,0.112,0.913\n", "percent_of_n");
    passes("case,PI,PT,SS\na,5.01e1,1.2e1,3.81e1\n", "pi_identity");
    passes("set,n,accuracy\nours,40,0.95\ntheirs,40,0.925\n", "percent_of_n");
    finds("set,n,sensitivity\nours,7,85.0\n", "percent_of_n", 1, 0, "85.0 is no k / 7");
    finds("net,a,b,average\nx,0.5,0.7,0.8\n", "average", 1, 0, "is 0.6, printed 0.8");
    passes("net,a,b,average\nx,0.5,0.8,0.65\ny,0.51,0.72,0.62\n", "average");
    finds("region,total,train,val,test\nneck,100,80,10,11\n", "split_sum", 1, 0, "80 + 10 + 11 = 101, printed 100");
}

static void forms(void **state)
{
    (void)state;
    finds("code,low,high\nx,5,4\n", "range", 1, 0, "low 5 is not below high 4");
    finds("code,low,high,example\nx,1,4,4.5\n", "range", 0, 0, "above the range");
    passes("code,low,high,example\nx,1,4,3.5\ny,2,4,3\nz,,4,3\n", "range");
    finds("item,value,unit\nlength,4.2,\n", "unit_missing", 0, 0, "4.2 has no unit");
    passes("item,value,unit\nlength,4.2,mm\nICC,0.9,\n", "unit_missing");
    finds("region,class count,list\nneck,3,C1;C2\n", "class_count", 1, 0, "3 classes, 2 are listed");
    finds("case,TK\na,\"12,5\"\n", "decimal_comma", 1, 0, "12,5");
    passes("case,TK\na,12.5\nb,\"1,2 and 3\"\n", "decimal_comma");
    finds("case,LL\na,41.25\nb,38.31\nc,41.25\n", "duplicate", 0, 2, "row 1 and in row 3");
    passes("case,LL\na,41.2\nb,38.3\nc,41.2\n", "duplicate");                            /* three digits do coincide */
    char *bad = in("ragged.csv");
    write_text("ragged.csv", "a,b\n1,2\n3\n");
    dies(EXIT_INPUT, "ragged.csv:3: got 1 fields, wanted 2", audit_table(bad, NULL));
    free(bad);
}

static void from_outside(void **state)
{
    (void)state;
    write_text("sound.csv", "case,PI,PT,SS\na,50.0,12.0,38.0\n");
    write_text("broken.csv", "case,PI,PT,SS\na,50.0,12.0,38.0\nb,50.0,12.0,48.0\n");
    succeeds("audit sound.csv", "1 rows, 0 errors, 0 warnings");
    succeeds("audit --rules", "pi_identity");
    json_t *rules = object("audit --rules --json");
    assert_true(json_array_size(json_object_get(rules, "rules")) > 10);
    json_decref(rules);
    json_t *o = object("audit sound.csv --json");
    assert_int_equal(json_array_size(json_object_get(o, "findings")), 0);
    json_decref(o);
    result r = call("audit broken.csv --json");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err, "darkspine: broken.csv: 1 contradiction\n");
    o = json_loads(r.out, 0, NULL);
    const json_t *f = json_array_get(json_object_get(o, "findings"), 0);
    assert_string_equal(json_string_value(json_object_get(f, "rule")), "pi_identity");
    near(number(f, "row"), 2, 0);
    near(number(f, "line"), 3, 0);
    assert_non_null(strstr(json_string_value(json_object_get(f, "text")), "50 - (12 + 48) = -10.0000"));
    json_decref(o), drop(&r);
    r = call("audit $ROOT/results/published/report-ranges.csv");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.out, "BAI: low 4, known is -4 to 12"));
    drop(&r);
    refused("audit", "TABLE.csv");
    refused("audit nothing.csv", "nothing.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate), cmocka_unit_test(segmentation_tables), cmocka_unit_test(other_tables), cmocka_unit_test(identities),
        cmocka_unit_test(figures), cmocka_unit_test(forms), cmocka_unit_test(from_outside),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
