/* reproduce_test.c - `darkspine reproduce`: a tiny experiment whole, judged, stopped, killed and changed; and the experiments that come
 * with the program, as far as they can be read without being run. */
#include "tests/cli.h"
#include "verbs/reproduce.h"

#define HEAD "[experiment]\nsystem=S2\ntitle=bodies along a line\n"
#define FILMS "[step]\nrun=synth films.h5 region=stack n=8 height=96 width=64\n" \
              "[step]\nrun=split films.h5 --by patient --parts train=.5,val=.5\n"
#define TRAIN "[step]\nrun=train @nets/tiny.cfg --out run data.store=films.h5 solver.optimiser=adam " \
              "solver.lr=0.05 solver.batch=2 solver.epochs="
#define TEST "[step]\nrun=predict run/best.h5 films.h5 --split val --out test\n" \
             "[step]\nrun=eval test films.h5 --split val --region ap --out eval\n"
#define ROWS "[row]\nmeasure=DSC\nfrom=eval\nfind=overall.DSC.mean\ntolerance=0.01\n" \
             "published=others.csv region=cervical films=95 DSC_percent\n" \
             "[row]\nmeasure=films\nfrom=eval\nfind=classes[name=body].n\ntolerance=0\n" \
             "[row]\nmeasure=nothing\nfrom=eval\nfind=classes[name=tail].n\ntolerance=0\n"

#define SPLIT_ROW "[row]\nmeasure=a\nfrom=split\nfind=train\ntolerance=0\n"

static const variation as_recorded = { .seed = 1, .flags = (char *)"", .suffix = (char *)"" };

/* A folder of one experiment. */
static void make_experiment(const char *name, const char *text)
{
    char *nets = xprintf("%s/nets", name), *path = in(nets), *net = xprintf("%s/nets/tiny.cfg", name), *file = xprintf("%s/one.cfg", name);
    char *others = xprintf("%s/others.csv", name);
    file_make_folders(path);
    write_text(net, "[net]\nbatch=2\nheight=96\nwidth=64\nclasses=2\n[convolutional]\nname=one\nfilters=4\nsize=3\npad=1\nactivation=relu\n"
                    "[convolutional]\nname=two\nsize=1\n");
    write_text(file, text);
    write_text(others, "region,films,DSC_percent\ncervical,943,91\ncervical,95,90.0\nlumbar,95,\n");
    free(others), free(nets), free(path), free(net), free(file);
}

static json_t *parse(const result *r)
{
    json_t *o = json_loads(r->out, 0, NULL);
    if (!o) fail_msg("stdout is no JSON: '%s' (%s)", r->out, r->err);
    return o;
}

static const json_t *row_of(const json_t *o, const char *measure)
{
    const json_t *rows = json_object_get(o, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!strcmp(json_string_value(json_object_get(json_array_get(rows, i), "measure")), measure)) return json_array_get(rows, i);
    fail_msg("no row %s", measure);
    return NULL;
}

static void verdict_is(const json_t *o, const char *measure, const char *want)
{
    assert_string_equal(json_string_value(json_object_get(row_of(o, measure), "verdict")), want);
}

static char *contents(const char *name)
{
    char *path = in(name), *text = file_read(path, 1 << 24, NULL);
    free(path);
    return text;
}

/* From nothing to the table; then a band; then one that fails; then other steps, which have none. */
static void figures_are_judged(void **state)
{
    (void)state;
    make_experiment("mine", HEAD FILMS TRAIN "12\n" TEST ROWS);
    json_t *o = object("reproduce mine --json --quiet --threads 1 --record runs.csv");
    verdict_is(o, "DSC", "no band yet");
    const double dsc = number(row_of(o, "DSC"), "ours");
    assert_true(dsc > 0.3 && dsc <= 1);
    near(number(row_of(o, "films"), "ours"), 4, 0);
    near(number(row_of(o, "DSC"), "published"), 0.9, 1e-12);
    assert_true(json_is_null(json_object_get(row_of(o, "nothing"), "ours")));
    assert_string_equal(json_string_value(json_object_get(row_of(o, "nothing"), "ours_why")), "not in what the step printed");
    assert_true(json_is_null(json_object_get(row_of(o, "films"), "published")));
    json_decref(o);
    json_t *e = object("eval results/reproduce/mine/one/test results/reproduce/mine/one/films.h5 --split val --region ap --json --quiet");
    near(number(json_object_get(json_object_get(e, "overall"), "DSC"), "mean"), dsc, 0);
    json_decref(e);
    char *before = contents("results/reproduce/mine/one/train.step.json");
    char *table_ = contents("results/reproduce/mine/table.md");
    char *page = contents("results/reproduce/mine/report.html");
    assert_non_null(strstr(table_, "no band yet")), assert_non_null(strstr(page, "Overlap by class"));

    o = object("reproduce mine --json --quiet --bands runs.csv");                    /* nothing is run again */
    verdict_is(o, "DSC", "PASS"), verdict_is(o, "films", "PASS"), verdict_is(o, "nothing", "no band yet");
    near(json_number_value(json_array_get(json_object_get(row_of(o, "DSC"), "band"), 0)), dsc - 0.01, 1e-9);
    json_decref(o);
    char *after = contents("results/reproduce/mine/one/train.step.json");
    assert_string_equal(before, after);

    char *runs = contents("runs.csv"), *four = strstr(runs, ",4,");
    assert_non_null(four);
    four[1] = '5';                                                                  /* as if five films had been there */
    write_text("mine/bands.csv", runs);
    result r = call("reproduce mine --json --quiet");
    assert_int_equal(r.status, 1);
    o = parse(&r);
    verdict_is(o, "films", "FAIL"), verdict_is(o, "DSC", "PASS");
    json_decref(o), drop(&r);

    make_experiment("mine", HEAD FILMS TRAIN "3\n" TEST ROWS);
    refused("reproduce mine --quiet", "train was made by other steps than");
    o = object("reproduce mine --json --quiet --threads 1 --force");
    verdict_is(o, "films", "no band yet");
    assert_non_null(strstr(json_string_value(json_object_get(row_of(o, "films"), "band_why")), "other steps"));
    json_decref(o);
    free(before), free(after), free(table_), free(page), free(runs);
}

/* A figure whose step found no value is outside every band. */
static void a_lost_figure_fails(void **state)
{
    (void)state;
    figure f = { .ours = quantity_missing("gone"), .low = -1, .high = 1, .runs = 2 };
    assert_string_equal(figure_verdict(&f), "FAIL");
    f.ours = quantity_of(1);
    assert_string_equal(figure_verdict(&f), "PASS");
    f.ours = quantity_of(1.0001);
    assert_string_equal(figure_verdict(&f), "FAIL");
    f.ours = quantity_of(-1.0001);
    assert_string_equal(figure_verdict(&f), "FAIL");
    f.runs = 0;
    assert_string_equal(figure_verdict(&f), "no band yet");
}

static void places_in_json(void **state)
{
    (void)state;
    json_t *o = json_loads("{\"a\":{\"b\":[{\"name\":\"x\",\"v\":1},{\"name\":\"SS\",\"v\":2.5,\"w\":{\"z\":3},\"n\":null}]}}", 0, NULL);
    near(json_find(o, "a.b[name=SS].v").value, 2.5, 0);
    near(json_find(o, "a.b[name=SS].w.z").value, 3, 0);
    assert_string_equal(json_find(o, "a.b[name=SS].n").why, "the step found no value");
    static const char *const absent[] = { "a.c", "a.b[name=PT].v", "a.b[name=SS.v", "a.b[SS].v", "a.b.v", "b" };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_string_equal(json_find(o, absent[i]).why, "not in what the step printed");
    assert_string_equal(json_find(o, "a").why, "the step found no value");
    json_decref(o);
}

/* A step as if it had been run: what it printed, under its mark. */
static void pretend(const experiment *e, step *s, const char *printed)
{
    char *path = step_record(e, s), *text = xprintf("{\"mark\":\"%s\"%s%s}", s->mark, *printed ? ",\"result\":" : "", printed);
    file_make_folders(e->folder), file_write(path, text, strlen(text));
    free(path), free(text);
}

/* Order, marks, minutes, what is done, and the band of two recorded runs, in this process. */
static void steps_and_bands(void **state)
{
    (void)state;
    enum { TEN, TWO, ALL };
    int n;
    make_experiment("order", HEAD FILMS SPLIT_ROW "published=others.csv region=cervical films=95 DSC_percent\n");
    char *from = in("order"), *out = in("o"), *tenth = in("order/ten.cfg"), *net = in("order/nets/tiny.cfg"), *bands = in("order/b.csv");
    static const char ten[] = "[experiment]\nsystem=S10\ntitle=x\n[step]\nrun=synth a.h5\nminutes=2\n"
                              "[step]\nrun=train net.file=@nets/tiny.cfg --out run\nminutes=3\n"
                              "[row]\nmeasure=steps\nfrom=train\nfind=steps\ntolerance=0.5\n";
    file_write(tenth, ten, sizeof ten - 1);
    experiment *e = experiments_read(from, out, &as_recorded, NULL, 0, &n);
    assert_int_equal(n, ALL);
    assert_string_equal(e[0].system, "S2"), assert_string_equal(e[1].system, "S10");          /* not by letters */
    near(e[0].figure[0].printed.value, 0.9, 1e-12);
    experiment *x = &e[1];
    char *word = step_word(x, &x->step[1], 1);
    assert_memory_equal(word, "net.file=/", 10), assert_non_null(strstr(word, "/order/nets/tiny.cfg"));
    free(word);

    near(reproduce_minutes(x, 1), 5, 1e-12);
    pretend(x, &x->step[1], "{\"steps\":7}");                                       /* the step before it is not done */
    reproduce_find_done(x, 1, 0);
    near(reproduce_minutes(x, 1), 5, 1e-12);
    pretend(x, &x->step[0], ""), reproduce_find_done(x, 1, 0);                      /* begun, not done */
    near(reproduce_minutes(x, 1), 5, 1e-12);
    pretend(x, &x->step[0], "{}"), reproduce_find_done(x, 1, 0);
    near(reproduce_minutes(x, 1), 0, 0);

    reproduce_judge(x, 1, bands);
    near(x->figure[0].ours.value, 7, 0);
    assert_int_equal(x->figure[0].runs, 0);
    reproduce_record(x, 1, bands, "a \"command\", twice");
    x->figure[0].ours = quantity_of(9);
    reproduce_record(x, 1, bands, "another");
    x->figure[0].ours = quantity_missing("gone");
    reproduce_record(x, 1, bands, "a figure that is not there is not recorded");
    reproduce_judge(x, 1, bands);
    assert_int_equal(x->figure[0].runs, 2);
    near(x->figure[0].low, 6.5, 1e-12);
    near(x->figure[0].high, 9.5, 1e-12);
    assert_string_equal(figure_verdict(&x->figure[0]), "PASS");
    reproduce_judge(e, 1, bands);                                                   /* the other experiment has none */
    assert_int_equal(e[0].figure[0].runs, 0);

    char before[65], first_[65];
    memcpy(first_, x->step[0].mark, 65), memcpy(before, x->step[1].mark, 65);
    experiments_free(e, n);
    file_write(net, "[net]\n", 6);                                                  /* a file that a step names has changed */
    e = experiments_read(from, out, &as_recorded, NULL, 0, &n), x = &e[1];
    assert_string_equal(x->step[0].mark, first_), assert_string_not_equal(x->step[1].mark, before);
    reproduce_judge(x, 1, bands);
    assert_int_equal(x->figure[0].runs, 0);
    assert_non_null(strstr(x->figure[0].why, "other steps"));
    dies(EXIT_INPUT, "train was made by other steps", reproduce_find_done(x, 1, 0));
    reproduce_find_done(x, 1, 1);                                                   /* --force */
    near(reproduce_minutes(x, 1), 5, 1e-12);
    char *record = step_record(x, &x->step[1]);
    assert_false(file_exists(record));
    char *other = xdup(ten), *film = strstr(other, "a.h5");
    memcpy(before, x->step[1].mark, 65), experiments_free(e, n);
    *film = 'b', file_write(tenth, other, sizeof ten - 1);                          /* the step before has changed */
    e = experiments_read(from, out, &as_recorded, NULL, 0, &n);
    assert_string_not_equal(e[1].step[1].mark, before);
    free(other), free(record), experiments_free(e, n), free(from), free(out), free(tenth), free(net), free(bands);
}

/* Seeds are moved together, so films to train on and films to judge by stay different; precision is for those that compute with it. */
static void another_seed_and_precision(void **state)
{
    (void)state;
    static const char text[] = HEAD "[step]\nrun=synth a.h5 seed=7\n"
                               "[step]\nname=more\nrun=synth b.h5 seed=9\n[step]\nrun=split a.h5 --seed 3\n"
                               "[step]\nrun=train @nets/tiny.cfg --out run solver.seed=5\n"
                               "[step]\nname=exact\nrun=predict run a.h5 --precision float32 --out x --seed=0\n"
                               "[step]\nrun=predict run a.h5 --out y\n[step]\nrun=eval y a.h5\n"
                               "[row]\nmeasure=DSC\nfrom=eval\nfind=DSC\ntolerance=1\n";
    static const char *const seed2[] = { "synth a.h5 seed=10007", "synth b.h5 seed=10009", "split a.h5 --seed 10003",
        "train @nets/tiny.cfg --out run solver.seed=10005", "predict run a.h5 --precision float32 --out x --seed=10000",
        "predict run a.h5 --out y --seed=10001", "eval y a.h5 --seed=10001" };
    static const char *const bf16[] = { "synth a.h5 seed=7", "synth b.h5 seed=9", "split a.h5 --seed 3",
        "train @nets/tiny.cfg --out run solver.seed=5 --precision=bf16", "predict run a.h5 --precision float32 --out x --seed=0",
        "predict run a.h5 --out y --precision=bf16", "eval y a.h5" };
    make_experiment("vary", text);
    char *from = in("vary"), *out = in("varied"), *bands = in("vary/bands.csv");
    variation usual = variation_of(1, NULL), other = variation_of(2, NULL), half = variation_of(1, "bf16"), both = variation_of(3, "bf16");
    assert_string_equal(usual.flags, ""), assert_string_equal(usual.suffix, "");
    assert_string_equal(both.flags, " --seed 3 --precision bf16"), assert_string_equal(both.suffix, "-seed3-bf16");
    int n;
    experiment *e = experiments_read(from, out, &usual, NULL, 0, &n), *s = experiments_read(from, out, &other, NULL, 0, &n),
               *h = experiments_read(from, out, &half, NULL, 0, &n);
    for (int k = 0; k < e->nsteps; k++) {
        assert_string_equal(s->step[k].run, seed2[k]), assert_string_equal(h->step[k].run, bf16[k]);
        assert_string_not_equal(s->step[k].mark, e->step[k].mark);
        assert_int_equal(!strcmp(h->step[k].mark, e->step[k].mark), k < 3);         /* films and split are the same */
    }
    for (int k = 0; k < e->nsteps; k++) pretend(e, &e->step[k], "{\"DSC\":0.5}");
    reproduce_find_done(e, 1, 0), reproduce_judge(e, 1, NULL), reproduce_record(e, 1, bands, "recorded"), reproduce_judge(e, 1, bands);
    assert_string_equal(figure_verdict(e->figure), "PASS");
    dies(EXIT_INPUT, "synth was made with the recorded seed and precision, wanted --seed 2; another --out keeps both",
         reproduce_find_done(s, 1, 0));
    dies(EXIT_INPUT, "train was made with the recorded seed and precision, wanted --precision bf16;", reproduce_find_done(h, 1, 0));
    reproduce_judge(s, 1, bands);
    assert_string_equal(figure_verdict(s->figure), "no band yet");
    assert_string_equal(s->figure->why, "no band yet: none was recorded with this seed and precision");
    s->figure->ours = quantity_of(0.9), reproduce_record(s, 1, bands, "another"), reproduce_judge(s, 1, bands);
    assert_int_equal(s->figure->runs, 1);
    near(s->figure->low, -0.1, 1e-12);       /* of its own run alone */
    reproduce_judge(e, 1, bands);
    assert_int_equal(e->figure->runs, 1);
    near(e->figure->low, -0.5, 1e-12);
    experiments_free(e, 1), experiments_free(s, 1), experiments_free(h, 1), free(from), free(out), free(bands);
    variation_free(&usual), variation_free(&other), variation_free(&half), variation_free(&both);
}

/* From outside: another folder, other films, no verdict and why; and nothing of one run is taken for the other. */
static void another_seed_is_another_run(void **state)
{
    (void)state;
    make_experiment("vary", HEAD FILMS "[step]\nrun=measure films.h5 --region ap\n" SPLIT_ROW);
    json_t *a = object("reproduce vary --json --quiet --threads 1 --record vary/bands.csv");
    json_t *b = object("reproduce vary --json --quiet --threads 1 --seed 2 --precision bf16 --record more.csv");
    verdict_is(b, "a", "no band yet");
    near(number(a, "seed"), 1, 0);
    near(number(b, "seed"), 2, 0);
    assert_string_equal(json_string_value(json_object_get(a, "precision")), "as the networks say");
    assert_string_equal(json_string_value(json_object_get(b, "precision")), "bf16");
    assert_string_equal(json_string_value(json_object_get(row_of(b, "a"), "band_why")),
                        "no band yet: none was recorded with this seed and precision");
    assert_string_equal(json_string_value(json_object_get(b, "out")), "results/reproduce/vary-seed2-bf16");
    char *step_ = contents("results/reproduce/vary-seed2-bf16/one/synth.step.json"), *recorded = contents("more.csv");
    char *one = contents("results/reproduce/vary/one/measure.step.json");
    char *two = contents("results/reproduce/vary-seed2-bf16/one/measure.step.json");
    char *page = contents("results/reproduce/vary-seed2-bf16/table.md");
    assert_non_null(strstr(step_, "seed=10001"));
    assert_non_null(strstr(recorded, "\"darkspine reproduce vary --seed 2 --precision bf16\""));
    assert_non_null(strstr(one, "stack_1_00000")), assert_non_null(strstr(two, "stack_10001_00000"));
    assert_non_null(strstr(page, "--seed 2 --precision bf16"));
    assert_non_null(strstr(page, "none was recorded with this seed and precision"));
    refused("reproduce vary --quiet --seed 2 --out results/reproduce/vary",
            "synth was made with the recorded seed and precision, wanted --seed 2;");
    refused("reproduce vary --quiet --out results/reproduce/vary-seed2-bf16",
            "synth was made with --seed 2 --precision bf16, wanted the recorded seed and precision;");
    refused("reproduce vary --plan --precision bf61", "--precision: got 'bf61', wanted one of float32, bf16, tf32 (did you mean bf16?)");
    refused("reproduce vary --plan --device gpu", "--device: got 'gpu', wanted one of cpu, cuda, auto");
    refused("reproduce vary --plan --seed 0", "--seed: got '0', wanted a whole number from 1 to");
    json_decref(a), json_decref(b), free(step_), free(recorded), free(one), free(two), free(page);
}

/* What a training that was cut off leaves, and then the same figures as without: words: what cuts it off. */
static void cut_off(const char *how_, const char *out, int status)
{
    char *before = xprintf("{ \"$ROOT/${DARKSPINE:-darkspine}\" reproduce slow --out %s --threads 1 --quiet & p=$!; "
                           "while [ ! -e %s/one/run/last.h5 ]; do sleep 0.02; done; kill -%s $p; wait $p; echo $? >%s.status; };",
                           out, out, how_, out);
    char *again = xprintf("reproduce slow --out %s --threads 1 --json --quiet", out), *name = xprintf("%s.status", out);
    char *path = xprintf("%s/one/train.step.json", out);
    result r = call_after(before, again);
    assert_int_equal(r.status, 0);
    char *ended = contents(name);
    assert_int_equal(atoi(ended), status);
    char *text = contents(path);
    json_t *o = parse(&r), *whole = object("reproduce slow --out whole --threads 1 --json --quiet"), *t = json_loads(text, 0, NULL);
    assert_true(json_is_true(json_object_get(t, "resumed")));
    assert_true(json_equal(json_object_get(o, "rows"), json_object_get(whole, "rows")));
    assert_true(number(row_of(o, "DSC"), "ours") > 0);
    json_decref(o), json_decref(whole), json_decref(t), drop(&r);
    free(before), free(again), free(name), free(path), free(ended), free(text);
}

static void goes_on_after_a_kill(void **state)
{
    (void)state;
    make_experiment("slow", HEAD FILMS TRAIN "150\n" TEST ROWS);
    cut_off("KILL", "killed", 128 + 9);
    cut_off("TERM", "stopped", 75);
}

/* A step that fails ends the call, and is the first to be run the next time. */
static void a_step_fails(void **state)
{
    (void)state;
    make_experiment("bad", HEAD FILMS "[step]\nrun=predict none.h5 films.h5 --out test\n"
                                      "[row]\nmeasure=x\nfrom=predict\nfind=seconds\ntolerance=0\n");
    result r = call("reproduce bad --quiet");
    assert_int_equal(r.status, 1);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "none.h5"));
    assert_non_null(strstr(r.err, "one.cfg:8, in results/reproduce/bad/one: `predict none.h5 films.h5 --out test` ended with status 2"));
    drop(&r);
    json_t *o = object("reproduce bad --plan --json");
    near(number(o, "seconds"), 6, 1e-9);                                          /* of the one step that is left */
    json_decref(o);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        { "[step]\nrun=synth x.h5\n", "one.cfg:1: got [step], wanted one [experiment] and it first" },
        { "[experiment]\nsystem=S1\n", "experiment.title: missing" },
        { HEAD, "no [step], wanted steps and rows" },
        { HEAD FILMS, "no [row], wanted steps and rows" },
        { HEAD "[stap]\nx=1\n", "unknown section [stap]" },
        { HEAD "[step]\nrun=sinth x.h5\n", "one.cfg:4: step.run: got the verb sinth, wanted synth, split, train, predict, "
          "measure, eval, run or inpaint (did you mean synth?)" },
        { HEAD "[step]\nrun=reproduce quick\n", "got the verb reproduce" },
        { HEAD "[step]\nrun=\n", "step.run: got nothing" },
        { HEAD "[step]\nrun=synth x.h5\nminuts=3\n", "step.minuts: unknown key (did you mean minutes?)" },
        { HEAD "[step]\nrun=synth x.h5\nname=../x\n", "wanted the name of a file" },
        { HEAD FILMS FILMS, "a second step called synth" },
        { HEAD "[step]\nrun=train @nets/none.cfg --out run\n[row]\nmeasure=a\nfrom=train\nfind=steps\ntolerance=0\n",
          "@nets/none.cfg: no such file" },
        { HEAD FILMS "[row]\nmeasure=a\nfrom=splitt\nfind=train\ntolerance=0\n", 
          "row.from: got splitt, wanted a step that stands before it (did you mean split?)" },
        { HEAD FILMS "[row]\nmeasure=a\nfrom=split\nfind=train\n", "row.tolerance: missing" },
        { HEAD FILMS SPLIT_ROW "published=others.csv region=hip DSC_percent\n", "others.csv has no such row, or no number in it" },
        { HEAD FILMS SPLIT_ROW "published=others.csv region=lumbar DSC_percent\n", "others.csv has no such row, or no number in it" },
        { HEAD FILMS SPLIT_ROW "published=others.csv region=lumbar DSC\n", "others.csv has no column DSC" },
        { HEAD FILMS SPLIT_ROW "published=others.csv part=lumbar films\n", "no column part" },
        { HEAD FILMS SPLIT_ROW "published=others.csv lumbar films\n", "got lumbar, wanted COLUMN=VALUE" },
        { HEAD FILMS SPLIT_ROW "published=none.csv region=lumbar films\n", "none.csv: no such file" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        make_experiment("wrong", cases[i].text), refused("reproduce wrong --plan", cases[i].says);
    make_experiment("odd", HEAD FILMS SPLIT_ROW);
    refused("reproduce odd S7 --plan", "odd: no experiment or system S7");
    refused("reproduce sometimes", "got sometimes, wanted quick, full or a folder");
    refused("reproduce odd --bands none.csv", "--bands: none.csv: no such file");
    write_text("strange.csv", "a,b\n1,2\n");
    refused("reproduce odd --quiet --bands strange.csv", "strange.csv: got no column experiment");
}

/* Are the network and the settings of a training such as the program takes? */
static void plans(const char *run)
{
    char *words = xprintf("plan --json"), *copy = xdup(run), *save;
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        if (!strcmp(w, "train")) continue;
        if (!strcmp(w, "--out")) strtok_r(NULL, " ", &save);
        else {
            const char *sign = strchr(w, '@');
            char *more = sign ? xprintf("%s %.*s$ROOT/%s", words, (int)(sign - w), w, sign + 1) : xprintf("%s %s", words, w);
            free(words), words = more;
        }
    }
    json_t *o = object(words);
    assert_true(number(o, "parameters") > 1e6);
    json_decref(o), free(words), free(copy);
}

/* Those that come with the program: every system that is due, files that are there, and a budget within half an hour. */
static void shipped_experiments(void **state)
{
    (void)state;
    static const char *const modes[] = { "quick", "full" };
    static const struct { const char *systems[7]; double minutes; } due[] = { { { "S2", "S4", "S9", "S10" }, 30 },
                                                                               { { "S1", "S2", "S3", "S4", "S9", "S10" }, 24 * 60 } };
    for (int m = 0; m < 2; m++) {
        char *words = xprintf("reproduce %s --plan --json", modes[m]);
        json_t *o = object(words);
        const json_t *list = json_object_get(o, "experiments");
        for (int k = 0; due[m].systems[k]; k++) {
            int found = 0;
            for (size_t i = 0; i < json_array_size(list); i++)
                found |= !strcmp(json_string_value(json_object_get(json_array_get(list, i), "system")), due[m].systems[k]);
            if (!found) fail_msg("%s has no %s", modes[m], due[m].systems[k]);
        }
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *steps = json_object_get(json_array_get(list, i), "steps");
            for (size_t k = 0; k < json_array_size(steps); k++) {
                const char *run = json_string_value(json_object_get(json_array_get(steps, k), "run"));
                if (!strncmp(run, "train ", 6)) plans(run);
            }
        }
        assert_true(number(o, "seconds") > 60 && number(o, "seconds") <= 60 * due[m].minutes);
        json_decref(o), free(words);
    }
    refused("reproduce quick S5 --plan", "no experiment or system S5");
    json_t *one = object("reproduce quick S9 --plan --json");
    assert_int_equal(json_array_size(json_object_get(one, "experiments")), 1);
    json_decref(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(places_in_json), cmocka_unit_test(steps_and_bands),
                                        cmocka_unit_test(a_lost_figure_fails), cmocka_unit_test(another_seed_and_precision),
                                        cmocka_unit_test(another_seed_is_another_run),
                                        cmocka_unit_test(nonsense_is_refused), cmocka_unit_test(shipped_experiments),
                                        cmocka_unit_test(figures_are_judged), cmocka_unit_test(a_step_fails),
                                        cmocka_unit_test(goes_on_after_a_kill) };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder), folder = NULL;
    return failed;
}
