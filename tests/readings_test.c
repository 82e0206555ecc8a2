/* readings_test.c - readers' files: both forms, every way in which they can be wrong, and `eval` of readers and of measured maps from
 * outside. */
#include "tests/cli.h"
#include "eval/parameters.h"

static readings of(const char *name, const char *text)
{
    write_text(name, text);
    char *path = in(name);
    readings r = readings_csv(path);
    free(path);
    return r;
}

static double value(const readings *r, int64_t film, const char *name) { return r->r[film].value[readings_find(name)]; }

static void a_row_a_film(void **state)
{
    (void)state;
    readings r = of("wide.csv", "case,patient,reader,TK,SVA (mm),PT_deg,LL [deg]\nb,P1,one,12.5,-4,1e1,\na,P1,one,,0,2,-3\n");
    assert_int_equal(r.n, 2);
    assert_string_equal(r.r[0].id, "b"), assert_string_equal(r.r[1].patient, "P1"), assert_int_equal(r.r[1].line, 3);
    near(value(&r, 0, "TK"), 12.5, 0); near(value(&r, 0, "SVA"), -4, 0); near(value(&r, 0, "PT"), 10, 0); near(value(&r, 1, "LL"), -3, 0);
    assert_true(isnan(value(&r, 0, "LL")) && isnan(value(&r, 1, "TK")) && isnan(value(&r, 0, "SS")));
    assert_true(r.given[readings_find("LL")] && !r.given[readings_find("SS")]);
    readings_free(&r);
    r = of("patient.csv", "patient,TK\nP1,3\nP2,4\n");           /* one film a patient */
    assert_string_equal(r.r[1].id, "P2"), assert_string_equal(r.r[1].patient, "P2");
    readings_free(&r);
}

static void a_row_a_value(void **state)
{
    (void)state;
    readings r = of("long.csv", "film,parameter,title,value,unit\na,TK,x,12.5,deg\na,SVA,x,,mm\nb,cobb,x,7,deg\n");
    assert_int_equal(r.n, 2);
    near(value(&r, 0, "TK"), 12.5, 0); near(value(&r, 1, "cobb"), 7, 0);
    assert_true(isnan(value(&r, 0, "SVA")) && r.given[readings_find("SVA")]);
    readings_free(&r);
}

/* Six films; components of GAP as readers would give them. Points by Yilgor's table: RPV -20 3, -10 2, 0 0, 10 1; RLL -30 3, -20 2, 0 0, 20 3;
 * LDI 30 2, 45 1, 60 0, 90 3; RSA 20 3, 13 1, 0 0; age 60 and more 1. Category P to 2, MD to 6, SD above. */
static void gap_categories(void **state)
{
    (void)state;
    readings ref = of("gap.csv", "case,age,RPV,RLL,LDI,RSA\na,40,0,0,60,0\nb,40,-10,0,60,0\nc,60,-10,0,60,0\nd,70,-20,-30,30,20\ne,,0,0,60,0\n"
                      "f,59,-10,0,45,0\n");
    readings pred = of("gap2.csv", "case,RPV,RLL,LDI,RSA\na,0,0,60,0\nb,-10,0,60,0\nc,0,0,60,0\nd,-20,-30,30,20\ne,0,0,60,0\nf,0,,60,0\n");
    const parameter_options o = { .agreement = agreement_defaults() };
    parameters p = parameters_compare(&pred, &ref, NULL, 1, &o);
    const class_row *g = &p.class[PARAMETER_SCHEMES - 1];
    assert_string_equal(g->name, "GAP");
    assert_int_equal(g->films, 5), assert_int_equal(g->failed, 1);                   /* e has no age; f was not measured whole */
    assert_int_equal(g->confusion[0][0], 2);                                         /* a, b: 0 and 2 points at forty */
    assert_int_equal(g->confusion[1][0], 1);                                         /* c: 3 with the point of age, 1 as predicted */
    assert_int_equal(g->confusion[2][2], 1);
    /* distances squared: seen 1; by chance over 4 x 4 pairs of {0,0,1,2} and {0,0,0,2}: (3 * 1 + 3 * 4 + 2 * 4 + 1) / 4 = 6 */
    near(g->k.value.value.value, 1 - 1.0 / 6, 1e-12);
    parameters_free(&p), readings_free(&pred);
    pred = of("gap3.csv", "case,age,RPV\na,40,0\nb,41,0\nc,61,0\nd,71.5,0\ne,50,0\nf,59,0\n");
    int64_t *order;
    dies(EXIT_INPUT, "gap.csv:5: age of d: got 70 where", readings_match(&pred, &ref, &order));
    readings_free(&pred), readings_free(&ref);
}

static void refuses(const char *text, const char *says) { dies(EXIT_INPUT, says, of("bad.csv", text)); }

static void bad_files(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } bad[] = {
        { "case,TK\na,\"12,5\"\n", "bad.csv:2: TK: got '12,5', wanted a decimal point" },
        { "case,TK\na,12,5\n", "bad.csv:2: got 3 fields, wanted 2 as in the header (a comma as decimal mark?)" },
        { "case;TK\na;12,5\n", "bad.csv:1: got fields separated by semicolons" },
        { "case\tTK\na\t12,5\n", "bad.csv:1: got fields separated by tabs" },
        { "case,TK\na,12\nb,3\na,12\n", "bad.csv:4: a stands twice, first in line 2" },
        { "case,SVA (cm)\na,12\n", "bad.csv:1: SVA: got cm, wanted mm" },
        { "case,TK_rad\na,1\n", "bad.csv:1: TK: got rad, wanted deg" },
        { "case,TKK\na,12\n", "did you mean TK?" },
        { "case,TK,TK (deg)\na,1,2\n", "bad.csv:1: TK stands in two columns" },
        { "TK,LL\n1,2\n", "bad.csv:1: got no column case" },
        { "case,age\na,50\n", "bad.csv:1: got no column of a parameter" },
        { "case,TK\n", "got no row" },
        { "case,age,TK\na,old,5\n", "bad.csv:2: age: got 'old', wanted years" },
        { "case,TK,age\na,5,131\n", "bad.csv:2: age: got '131', wanted years" },
        { "case,TK\na,12\n,13\n", "bad.csv:3: got no case" },
        { "case,TK\na,twelve\n", "bad.csv:2: TK: got 'twelve', wanted a number" },
        { "case,TK\na,nan\n", "bad.csv:2: TK: got 'nan'" },
        { "case,TK\na,1250\n", "bad.csv:2: TK: got 1250, wanted deg within 360" },
        { "case,parameter,value,unit\na,TK,1,deg\na,TK,2,deg\n", "bad.csv:3: TK of a stands twice" },
        { "case,parameter,value,unit\na,SVA,1,cm\n", "bad.csv:2: SVA: got cm, wanted mm" },
        { "case,parameter,value\na,kyphosis,1\n", "bad.csv:2: got the parameter 'kyphosis'" },
        { "case,parameter,value\na,TK,1\nb,TK,1\na,LL,1\n", "bad.csv:4: a stands twice" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuses(bad[i].text, bad[i].says);
}

/* Six films with LL near 50, SVA near 30; line i + 2 of a file is film i. */
static char *six(const char *heading, double ll, double sva, int skip, int extra)
{
    char *text = xdup(heading);
    for (int i = 0; i < 6; i++) {
        if (i == skip) continue;
        char *more = xprintf("%sf%d,%.6f,%.6f\n", text, i, ll * (45 + 3 * i), sva * (20 + 7 * i + i % 2));
        free(text), text = more;
    }
    if (extra) { char *more = xprintf("%sf9,1,1\n", text); free(text), text = more; }
    return text;
}

static void match(double ll, double sva, int skip, int extra)
{
    char *ours = six("case,LL,SVA\n", 1, 1, -1, 0), *theirs = six("case,LL,SVA\n", ll, sva, skip, extra);
    readings a = of("ours.csv", ours), b = of("theirs.csv", theirs);
    int64_t *order;
    readings_match(&a, &b, &order);
    for (int64_t i = 0; i < 6; i++) assert_string_equal(a.r[i].id, b.r[order[i]].id);
    free(order), free(ours), free(theirs), readings_free(&a), readings_free(&b);
}

static void two_files(void **state)
{
    (void)state;
    match(1.05, 0.9, -1, 0);
    match(1, -1.05 + 1, -1, 0);                                  /* small values of either sign say nothing */
    dies(EXIT_INPUT, "ours.csv:4: f2 has no row in", match(1, 1, 2, 0));
    dies(EXIT_INPUT, "theirs.csv:8: f9 has no row in", match(1, 1, -1, 1));
    dies(EXIT_INPUT, "theirs.csv:2: SVA: got 2 where", match(1, 0.1, -1, 0));
    dies(EXIT_INPUT, "cm against mm", match(1, 0.1, -1, 0));
    dies(EXIT_INPUT, "mm against cm", match(1, 10, -1, 0));
    dies(EXIT_INPUT, "radians against degrees", match(0.0174533, 1, -1, 0));
    dies(EXIT_INPUT, "theirs.csv:2: LL: got -45 where", match(-1, 1, -1, 0));
    dies(EXIT_INPUT, "opposite sign in 6 of 6 films", match(-1, 1, -1, 0));
}

static void match_texts(const char *ours, const char *theirs)
{
    readings a = of("ours.csv", ours), b = of("theirs.csv", theirs);
    int64_t *order;
    readings_match(&a, &b, &order);
    free(order), readings_free(&a), readings_free(&b);
}

/* Of three or four films all must say so; of two, none can. */
static void few_films(void **state)
{
    (void)state;
    const char *ours = "case,LL,SVA\na,50,20\nb,40,30\nc,45,-12\n";
    match_texts(ours, "case,LL,SVA\na,-49,2\nb,41,30\nc,-44,-1.2\n");
    match_texts(ours, "case,LL,SVA\na,49,0.2\nb,41,3\nc,44,-1.2\n");
    match_texts("case,LL,SVA\na,50,20\nb,40,30\n", "case,LL,SVA\na,-50,2\nb,-40,3\n");
    dies(EXIT_INPUT, "theirs.csv:2: LL: got -49 where", match_texts(ours, "case,LL,SVA\na,-49,20\nb,-41,30\nc,-44,-12\n"));
    dies(EXIT_INPUT, "theirs.csv:2: SVA: got 2.1 where", match_texts(ours, "case,LL,SVA\na,49,2.1\nb,41,3\nc,44,-1.2\n"));
    dies(EXIT_INPUT, "ours.csv:3: b has no row in", match_texts(ours, "case,LL\na,49\n"));
    dies(EXIT_INPUT, ", nor have 1 more; a film", match_texts(ours, "case,LL\na,49\n"));
    dies(EXIT_INPUT, "theirs.csv:3: patient of b: got P1 where",
         match_texts("case,patient,LL\na,P1,50\nb,P2,40\n", "case,patient,LL\na,,50\nb,P1,40\n"));
}

/* What we have measured on both sides is compared whatever it is: a network that is wrong is what an evaluation is for. */
static void measured_is_not_refused(void **state)
{
    (void)state;
    readings a = readings_new("pred"), b = readings_new("truth");
    const int ll = readings_find("LL");
    int64_t *order;
    a.given[ll] = b.given[ll] = 1;
    for (int i = 0; i < 6; i++) {
        const char id[] = { (char)('a' + i), 0 };
        readings_add(&a, id, "", 0)->value[ll] = -40 - i, readings_add(&b, id, "", 0)->value[ll] = 40 + i;
    }
    readings_match(&a, &b, &order);
    free(order), b.r[0].line = 2;                                /* as if from a file */
    dies(EXIT_INPUT, "truth:2: LL: got 40 where pred has -40", readings_match(&a, &b, &order));
    readings_free(&a), readings_free(&b);
}

/* Single rows are named and left as they are. */
static void doubtful_rows(void **state)
{
    (void)state;
    readings a = of("ours.csv", "case,LL,SVA,TK\na,50,20,31\nb,40,30,25\nc,45,-12,40\nd,47,9,38\ne,51,4,30\n");
    readings b = of("theirs.csv", "case,LL,SVA,TK\na,49,21,30\nb,-41,3.1,24\nc,44,-11,41\nd,44,-11,41\ne,50,-4,0.52\n");
    static const char *const want[4][2] = { { "theirs.csv:3: LL of b: got -41 where ", "the sign?" },
        { "theirs.csv:3: SVA of b: got 3.1 where ", "cm?" }, { "theirs.csv:6: TK of e: got 0.52 where ", "radians?" },
        { "theirs.csv:5: d has all the values of c in line 4: ", "copied?" } };
    doubts d = { 0 };
    doubts_add(&d, &a, &b);
    assert_int_equal(d.n, 4);                                    /* not SVA of e: small values of either sign */
    for (int i = 0; i < 4; i++) {
        int found = 0;
        for (int k = 0; k < 4; k++) found |= strstr(d.line[k], want[i][0]) && strstr(d.line[k], want[i][1]);
        if (!found) fail_msg("no line says %s ... %s", want[i][0], want[i][1]);
    }
    near(value(&b, 1, "LL"), -41, 0);
    doubts_free(&d), readings_free(&a), readings_free(&b);
}

/* ---- parameters ---------------------------------------------------------------------------------------------------------------------- */

static void against_two_readers(void **state)
{
    (void)state;
    readings p = of("p.csv", "case,TK,LL,SS\na,10,50,1\nb,22,,2\nc,33,48,3\nd,41,52,4\n");
    readings r1 = of("r1.csv", "patient,case,TK,LL\nX,d,40,51\nX,c,30,47\nY,b,20,46\nZ,a,12,49\n");
    readings r2 = of("r2.csv", "case,TK,LL\na,10,51\nb,20,48\nc,32,\nd,42,53\n");
    parameter_options o = { .agreement = { { 3, 5, 10 }, 500, 1 } };
    parameters g = parameters_compare(&p, &r1, &r2, 2, &o);
    assert_int_equal(g.n, 2), assert_int_equal(g.films, 4), assert_int_equal(g.patients, 3);
    assert_string_equal(readings_name(g.row[0].parameter), "LL");
    const agreement *ll = &g.row[0].of, *tk = &g.row[1].of;
    /* c: one reader gives none; b: no prediction */
    assert_int_equal(ll->films, 3), assert_int_equal(ll->failed, 1), assert_int_equal(ll->n, 2);
    near(ll->mae.value.value, 0, 1e-12);
    near(tk->mae.value.value, (1 + 2 + 2 + 0) / 4.0, 1e-12);
    near(tk->bias.value.value, (-1 + 2 + 2 + 0) / 4.0, 1e-12);
    assert_int_equal(g.row[1].bias.n, 3);                        /* patients, not films */
    near(g.row[1].readers.ai_r1.value.value, (2 + 2 + 3 + 1) / 4.0, 1e-12);
    near(g.row[1].readers.ai_r2.value.value, (0 + 2 + 1 + 1) / 4.0, 1e-12);
    near(g.row[1].readers.r1_r2.value.value, (2 + 0 + 2 + 2) / 4.0, 1e-12);
    near(g.angles.value, (0 + 1.25) / 2, 1e-12);
    assert_string_equal(g.lengths.why, "no such parameter has an error on two films");
    assert_string_equal(g.left_out, "");                         /* SS: no reader measured it */
    assert_string_equal(g.row[0].bias.p.why, "no difference is other than zero");
    near(g.row[1].bias_holm.value, g.row[1].bias.p.value, 1e-12);         /* a family of one */
    parameters_free(&g), readings_free(&p), readings_free(&r1), readings_free(&r2);
    /* LL on one film alone: the table shows no mean of it, and the mean over parameters leaves it out */
    p = of("p.csv", "case,TK,LL\na,10,90\nb,22,\n"), r1 = of("r1.csv", "case,TK,LL\na,11,50\nb,20,47\n");
    g = parameters_compare(&p, &r1, NULL, 1, &o);
    near(g.angles.value, 1.5, 1e-12);
    parameters_free(&g), readings_free(&p), readings_free(&r1);
}

static void classes_of_parameters(void **state)
{
    (void)state;
    /* PI-LL: a 0 / 0, b + / 0, c ++ / ++, d failed; PT: 0 below 20, + to 30, ++ above */
    readings p = of("p.csv", "case,PI,LL,PT,SS\na,50,45,19,30\nb,55,40,25,40\nc,60,30,35,50\nd,50,,10,36\n");
    readings r = of("r.csv", "case,PI,LL,PT,SS\na,50,46,21,31\nb,50,45,25,39\nc,60,31,36,47\nd,50,45,11,30\n");
    parameter_options o = { .agreement = { { 3, 5, 10 }, 500, 1 } };
    parameters g = parameters_compare(&p, &r, NULL, 1, &o);
    const class_row *m = &g.class[0], *pt = &g.class[1], *type = &g.class[3];
    assert_string_equal(m->name, "Schwab PI-LL");
    assert_int_equal(g.patients, 4), assert_int_equal(g.unknown_patients, 4);            /* without a name each film is a patient */
    assert_int_equal(m->films, 4), assert_int_equal(m->failed, 1), assert_int_equal(m->k.n, 3);
    assert_int_equal(m->confusion[0][0], 1), assert_int_equal(m->confusion[0][1], 1), assert_int_equal(m->confusion[2][2], 1);
    near(m->k.one_off.value, 1.0 / 3, 1e-12);
    near(m->k.value.value.value, 1 - 1 / (15.0 / 3), 1e-12);           /* 3 films: squares 0 1 0; over all nine pairs 15 */
    assert_int_equal(pt->confusion[1][0], 1), assert_int_equal(pt->confusion[0][0], 1);
    assert_int_equal(g.class[2].films, 0);                       /* no SVA */
    assert_int_equal(type->films, 4), assert_int_equal(type->failed, 0), assert_int_equal(type->power, 0);
    parameters_free(&g), readings_free(&p), readings_free(&r);
}

/* The two readers of the certificate: what is known of them (median, largest difference, limits, ICC, SEM). */
static void readers_of_the_certificate(void **state)
{
    (void)state;
    static const struct { const char *name; double mae, sd, median, max, low, high, icc, lo, hi, sem; int beyond5; } want[] = {
        { "TK", 4.35, 7.65, 1.19, 22.4, -11.9, 19.4, .713, .264, .912, 6.0, 2 }, { "TLK", 3.84, 4.52, 1.45, 13.3, -6.9, 13.1, .736, .271,
            .922, 4.1, 4 },
        { "LL", 6.52, 8.35, 3.07, 26.0, -20.8, 21.4, .544, -.088, .856, 7.6, 4 }, { "PI", 6.08, 8.76, .74, 24.4, -23.4, 11.9, .716, .227,
            .915, 7.3, 4 },
        { "PT", 2.04, 3.88, .28, 13.2, -9.3, 7.8, .856, .557, .959, 3.1, 1 }, { "SS", 5.36, 8.71, .58, 24.5, -22.5, 12.5, .345, -.175,
            .752, 7.0, 3 },
        { "SVA", 3.51, 5.85, .27, 17.4, -15.0, 9.9, .989, .961, .997, 4.7, 3 } };
    readings a = readings_csv("results/published/certificate-reader-1.csv"), b = readings_csv("results/published/certificate-reader-2.csv");
    parameter_options o = { 0 };
    parameters g = parameters_compare(&a, &b, NULL, 1, &o);
    assert_int_equal(g.n, 7);
    for (int i = 0; i < 7; i++) {
        int at = 0;
        while (strcmp(readings_name(g.row[at].parameter), want[i].name)) at++;
        const agreement *r = &g.row[at].of;
        near(r->mae.value.value, want[i].mae, 0.0051); near(r->sd_abs.value, want[i].sd, 0.0051);
            near(r->median.value, want[i].median, 0.0051);
        near(r->max.value, want[i].max, 0.051); near(r->loa_low.value.value, want[i].low, 0.051);
            near(r->loa_high.value.value, want[i].high, 0.051);
        const bounded *icc = &r->icc[ICC_2_1];
        near(icc->value.value, want[i].icc, 0.00051); near(icc->lo.value, want[i].lo, 0.00051); near(icc->hi.value, want[i].hi, 0.00051);
        near(r->sem.value, want[i].sem, 0.051); near(r->within[1].value.value, 1 - want[i].beyond5 / 11.0, 1e-12);
    }
    parameters_free(&g), readings_free(&a), readings_free(&b);
}

/* ---- from outside -------------------------------------------------------------------------------------------------------------------- */

static const json_t *row_named(const json_t *o, const char *name)
{
    const json_t *list = json_object_get(o, "parameters"), *row;
    size_t i;
    json_array_foreach(list, i, row) if (!strcmp(json_string_value(json_object_get(row, "name")), name)) return row;
    fail_msg("no parameter %s", name);
    return NULL;
}

/* A null stands with its KEY_why, everywhere. */
static void nulls_say_why(const json_t *j)
{
    size_t i;
    const char *key;
    json_t *v;
    json_array_foreach(j, i, v) nulls_say_why(v);
    json_object_foreach((json_t *)j, key, v) {
        char *why = xprintf("%s_why", key);
        if (json_is_null(v) && !json_is_string(json_object_get(j, why))) fail_msg("%s is null without %s", key, why);
        free(why), nulls_say_why(v);
    }
}

static void eval_of_readers(void **state)
{
    (void)state;
    write_text("ai.csv", "case,TK,LL,SVA\na,10,50,20\nb,22,,21\nc,33,48,22\nd,41,52,23\n");
    write_text("r1.csv", "case,TK,LL,SVA\nd,40,51,25\nc,30,47,20\nb,20,46,20\na,12,49,19\n");
    write_text("r2.csv", "case,TK,LL,SVA\na,10,51,20\nb,20,48,21\nc,32,49,22\nd,42,53,23\n");
    write_text("published.csv", "parameter,unit,value\nTK,deg,7.0969\n");
    json_t *o = object("eval ai.csv r1.csv --reader2 r2.csv --published published.csv --margin 5 --json --quiet --out out");
    has(o, "units classes cases parameters values provenance");
    const json_t *ll = row_named(o, "LL"), *tk = row_named(o, "TK");
    has(ll, "name unit n failed MAE SD median P90 max bias within5 failure_rate loa ICC(2,1) CCC SEM MDC95 p p_holm p_equivalence readers");
    near(number(ll, "failed"), 1, 0); near(number(ll, "n"), 3, 0); near(number(ll, "failure_rate"), 0.25, 1e-12);
        near(number(ll, "within5_of_all"), 0.75, 1e-12);
    near(number(tk, "MAE"), 1.25, 1e-12); near(number(tk, "published"), 7.0969, 0);
    assert_true(json_is_null(json_object_get(ll, "published")));
    nulls_say_why(o);
    const json_t *from = json_object_get(o, "provenance");
    has(from, "program prediction truth second_reader split weights cfg");
    char *sum = xdup(json_string_value(json_object_get(json_object_get(from, "prediction"), "sha256"))),
        *line = xprintf("cd '%s' && sha256sum ai.csv", folder), got[65];
    FILE *p = popen(line, "r");
    assert_int_equal(fscanf(p, "%64s", got), 1);
    pclose(p);
    assert_string_equal(sum, got);
    free(sum), free(line), json_decref(o);
    write_text("told.json", "{\"settings\": \"--cobb-method endplate\", \"cases\": [{\"id\": \"a\", \"region\": \"lumbar\", \"vertebrae\": {"
               "\"L1\": {\"SA\": [140, 20], \"SP\": [100, 22], \"IA\": [142, 50], \"IP\": [102, 50]}, "
               "\"L5\": {\"SA\": [140, 80], \"SP\": [100, 72], \"IA\": [138, 112], \"IP\": [98, 100]}}, "
               "\"S1\": {\"SA\": [130, 130], \"SP\": [96, 106]}}]}");
    write_text("one.csv", "case,LL\na,49\n");
    o = object("eval told.json one.csv --json --quiet");
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_object_get(o, "provenance"), "prediction"), "settings")),
                        "--cobb-method endplate");
    json_decref(o);
    static const char *const made[] = { "parameters.txt", "parameters.md", "parameters.csv", "parameters.tex", "bias.tex",
        "reliability.csv", "readers.md", "values.csv",
                                        "eval.json" };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char *name = xprintf("out/%s", made[i]), *path = in(name);
        if (!file_exists(path)) fail_msg("%s was not written", name);
        free(name), free(path);
    }
    static const char *const ours[] = { "parameters", "bias", "reliability", "readers", "values" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {    /* our own tables pass our own audit */
        char *words = xprintf("audit out/%s.csv", ours[i]);
        succeeds(words, "0 errors, 0 warnings");
        free(words);
    }
    write_text("out/levels.tex", "of another evaluation");
    write_text("odd.csv", "case,TK,LL,SVA\na,12,49,19\nb,20,46,20\nc,30,47,20\nd,40,-51,25\n");
    result r = call("eval ai.csv odd.csv --out out --force --json");
    assert_non_null(strstr(r.err, "warning: odd.csv:5: LL of d: got -51 where ai.csv has 52: the sign?"));
    o = json_loads(r.out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(o, "doubts")), 1);
    json_decref(o), drop(&r);
    static const char *const gone[] = { "levels.tex", "readers.md" }, *const stays[] = { "values.tex", "values.txt", "parameters.csv" };
    for (int i = 0; i < 5; i++) {
        char *name = xprintf("out/%s", i < 2 ? gone[i] : stays[i - 2]), *path = in(name);
        if (file_exists(path) != (i > 1)) fail_msg("%s: of this evaluation or of another?", name);
        free(name), free(path);
    }
    succeeds("eval ai.csv r1.csv", "failed");
    write_text("typing.csv", "case,TKK\na,1\n");
    refused("eval ai.csv typing.csv", "typing.csv:1: got the column 'TKK'");
    refused("eval ai.csv r1.csv --out out", "exists already");
    refused("eval ai.csv r1.csv --split test", "--split");
    write_text("r3.csv", "case,TK\na,10\nb,20\nc,32\n");
    refused("eval ai.csv r3.csv", "ai.csv:5: d has no row in r3.csv");
    write_text("r4.csv", "case,CL\na,10\nb,20\nc,32\nd,4\n");
    refused("eval ai.csv r4.csv", "no parameter in common");
    refused("eval ai.csv r1.csv --published r1.csv", "wanted parameter and value");
}

/* Phantoms with their own label maps as predictions: parameters are measured on maps and held to the landmarks. */
static void eval_of_a_store(void **state)
{
    (void)state;
    json_t *o = object("synth films.h5 region=lumbar n=3 seed=5 level=L1 --json --quiet");
    json_decref(o);
    o = object("eval films.h5 films.h5 --region lumbar --json --quiet");
    const json_t *ss = row_named(o, "SS");
    assert_true(number(ss, "n") + number(ss, "failed") == 3);
    assert_true(number(ss, "n") >= 2);
    assert_true(number(ss, "MAE") > 0 && number(ss, "MAE") < 6);
    nulls_say_why(o);
    json_decref(o);
    o = object("eval films.h5 films.h5 --no-parameters --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "parameters")), 0);
    assert_string_equal(json_string_value(json_object_get(o, "parameters_why")), "--no-parameters");
    json_decref(o);
    succeeds("measure films.h5 --region lumbar --out reader.csv --quiet", "measured");
    o = object("eval films.h5 reader.csv --region lumbar --json --quiet");           /* measured the same way twice */
    near(number(row_named(o, "SS"), "MAE"), 0, 1e-3);
    json_decref(o);
}

/* Frontal films are known by their landmarks: the Cobb angle is measured on the predicted map too. */
static void eval_of_frontal_films(void **state)
{
    (void)state;
    json_t *o = object("synth ap.h5 region=ap n=2 seed=3 level=L1 --json --quiet");
    json_decref(o);
    o = object("eval ap.h5 ap.h5 --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "parameters")), 1);
    near(number(row_named(o, "cobb"), "failed"), 0, 0);
    assert_true(number(row_named(o, "cobb"), "MAE") < 2);
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_a_film), cmocka_unit_test(a_row_a_value), cmocka_unit_test(gap_categories), cmocka_unit_test(bad_files), cmocka_unit_test(two_files),
        cmocka_unit_test(few_films), cmocka_unit_test(measured_is_not_refused), cmocka_unit_test(doubtful_rows),
        cmocka_unit_test(against_two_readers), cmocka_unit_test(classes_of_parameters), cmocka_unit_test(readers_of_the_certificate),
            cmocka_unit_test(eval_of_readers), cmocka_unit_test(eval_of_a_store),
        cmocka_unit_test(eval_of_frontal_films),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
