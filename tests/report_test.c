/* report_test.c - HTML reports: the page's writer and figures, `darkspine report` and `darkspine run` from outside, names that want to be
 * markup, and, where Chromium is installed, a real browser. */
#include "tests/cli.h"
#include "tests/page.h"
#include "eval/html.h"
#include "eval/html_plots.h"
#include "eval/predictions.h"
#include "eval/table.h"
#include "verbs/measure.h"
#include "verbs/report.h"
#include <math.h>

#define HOSTILE "<img src=http://x onerror=alert(1)>&\"'`</td><script>"

typedef struct memory { FILE *f; char *text; size_t n; } memory;

static memory *begin(void)
{
    memory *m = calloc(1, sizeof *m);
    m->f = open_memstream(&m->text, &m->n);
    return m;
}

static void end(memory *m) { free(m->text), free(m); }

/* ---- the page ------------------------------------------------------------------------------------------------------------------------ */

static void text_is_no_markup(void **state)
{
    (void)state;
    memory *m = begin();
    html_text(m->f, "a<b>&\"'=:/` \xff L1");
    fclose(m->f);
    assert_string_equal(m->text, "a&#60;b&#62;&#38;&#34;&#39;&#61;&#58;&#47;&#96; \xef\xbf\xbd L1");
    end(m);
}

/* RFC 4648, section 10. */
static void pictures_are_base64(void **state)
{
    (void)state;
    static const struct { const char *bytes, *text; } cases[] = { { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foobar",
        "Zm9vYmFy" },
                                                                  { "\xff\xef\xbe", "/+++" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memory *m = begin();
        html_png(m->f, cases[i].bytes, strlen(cases[i].bytes), "x", NULL);
        fclose(m->f);
        char *want = xprintf("base64,%s\"", cases[i].text);
        if (!strstr(m->text, want)) fail_msg("got %s, wanted %s", m->text, want);
        free(want), end(m);
    }
}

static void figures_are_whole(void **state)
{
    (void)state;
    const double x[] = { 1, 2, 3, 4 }, y[] = { 0.5, NAN, 0.7, 1e200 }, a[] = { 10, 22, 30, 44 }, b[] = { 9, 20, 31, 40 }, e[] = { 1, 2,
        1, 4 };
    const plot_series s = { HOSTILE, x, y, 4, 0, PLOT_MARK_HIGHEST };
    const plot_group g[] = { { HOSTILE, a, 4 }, { "none", NULL, 0 } };
    const html_errors h[] = { { HOSTILE, e, 4, 8 }, { "none", NULL, 0, 3 } };
    memory *m = begin();
    html_begin(m->f, HOSTILE);
    html_curves(m->f, &(plot_panel){ HOSTILE, HOSTILE, HOSTILE, &s, 1, 0, 1 });
    html_curves(m->f, &(plot_panel){ "empty", "", "", NULL, 0, 0, 0 });
    html_agreement(m->f, HOSTILE, "mm", a, b, 4), html_agreement(m->f, "same", "mm", a, a, 4);
    html_error_shares(m->f, HOSTILE, "mm", h, 2), html_strips(m->f, HOSTILE, HOSTILE, g, 2, 0, 0);
    html_lines(m->f, "one\n" HOSTILE "\n");
    html_end(m->f);
    fclose(m->f);
    assert_int_equal(page_check(m->text), 0);
    /* differences 1, 2, -1, 4: mean 1.5, SD sqrt(13 / 3) */
    assert_non_null(strstr(m->text, "bias +1.50, limits of agreement -2.58 to +5.58 mm"));
    /* four of eight films were measured: the curve ends half way up a height of 198 from the bottom at 228 */
    assert_non_null(strstr(m->text, "V129.0H386.0"));
    assert_non_null(strstr(m->text, "highest 0.7 at 3"));
    end(m);
}

static void tables_are_whole(void **state)
{
    (void)state;
    table *t = table_new(HOSTILE);
    memory *m = begin();
    table_column(t, "class", "", COLUMN_TEXT, 0), table_column(t, "DSC", "mm", COLUMN_SPREAD, 2);
    table_text(t, HOSTILE), table_numbers(t, 0.5, 0.25), table_rule(t);
    table_text(t, "L2"), table_missing(t, HOSTILE), table_note(t, HOSTILE);
    html_begin(m->f, "t"), table_html(t, m->f), html_end(m->f);
    fclose(m->f);
    page_check(m->text);
    assert_non_null(strstr(m->text, "<td class=\"n\">0.50 ± 0.25</td>"));
    assert_non_null(strstr(m->text, "<tr class=\"rule\"><td>L2</td><td class=\"n\">– [1]</td></tr>"));
    table_free(t), end(m);
}

/* Four films have a reference; on one of them the prediction gave nothing. Of three structures one is missed, one invented, one there. */
static void sections_count_what_failed(void **state)
{
    (void)state;
    static const char text[] = "{\"units\":\"mm\",\"classes\":[{\"value\":1,\"name\":\"L1\"}],\"cases\":[{\"case\":\"one\",\"classes\":["
        "{\"name\":\"L1\",\"DSC\":0,\"precision\":null,\"recall\":0},{\"name\":\"L2\",\"DSC\":0,\"precision\":0,\"recall\":null},"
        "{\"name\":\"L3\",\"DSC\":0.5,\"precision\":0.5,\"recall\":0.5}]}],"
        "\"parameters\":[{\"name\":\"SS\",\"unit\":\"deg\",\"films\":4,\"failed\":1,\"MAE\":2,\"SD\":1,\"loa\":[-3,4]}],\"values\":["
        "{\"case\":\"one\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":31,\"reference\":30,\"error\":1},"
        "{\"case\":\"two\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":42,\"reference\":40,\"error\":2},"
        "{\"case\":\"three\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":17,\"reference\":20,\"error\":-3},"
        "{\"case\":\"four\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":null,\"reference\":20,\"error\":null}]}";
    json_t *eval = json_loads(text, 0, NULL);
    assert_non_null(eval);
    memory *m = begin(), *people = begin();
    html_begin(m->f, "t");
    report_parameters(m->f, people->f, 1, eval), report_parameters(m->f, people->f, 2, eval), report_failures(m->f, 1, eval);
    html_end(m->f);
    fclose(m->f), fclose(people->f);
    page_check(m->text);
    assert_non_null(strstr(m->text, "id=\"parameters-2\""));
    assert_non_null(strstr(m->text, "V79.5H386.0"));                                 /* three of four films: 75 % of a height of 198 */
    assert_non_null(strstr(m->text, "bias +0.00, limits of agreement -5.19 to +5.19"));      /* 1, 2, -3: SD sqrt(7) */
    assert_non_null(strstr(m->text, "<tr><td>four</td><td>SS</td></tr>"));
    assert_non_null(strstr(m->text, "<tr><td>one</td><td>L1</td><td>missed</td></tr>"));
    assert_non_null(strstr(m->text, "<tr><td>one</td><td>L2</td><td>invented</td></tr>"));
    assert_non_null(strstr(m->text, "2 structures of 1 images"));
    assert_non_null(strstr(people->text, "2.00 ± 1.00"));
    json_decref(eval), end(m), end(people);
}

/* Without label maps: the parameters' tiles, and the readers beside each other. */
static void sections_of_readers(void **state)
{
    (void)state;
    static const char text[] = "{\"classes\":[],\"cases\":[],\"values\":[],\"parameters\":[{\"name\":\"SS\",\"unit\":\"deg\",\"films\":4,"
        "\"published\":7.25,\"readers\":{\"n\":3,\"prediction_reader1\":1.5,\"prediction_reader2\":2,\"reader1_reader2\":2.5,\"excess\":-1,"
        "\"excess_ci\":[-3,0.5]}},{\"name\":\"PT\",\"unit\":\"deg\",\"films\":5,\"published\":null,\"published_why\":\"none\"}]}";
    json_t *eval = json_loads(text, 0, NULL);
    assert_non_null(eval);
    memory *m = begin();
    html_begin(m->f, "t");
    report_evaluation(m->f, 1, eval, "e"), report_parameters(m->f, NULL, 1, eval);
    report_worst(m->f, 1, eval, NULL, NULL), report_failures(m->f, 1, eval);
    html_end(m->f), fclose(m->f);
    page_check(m->text);
    static const char *const there[] = { "<b>5</b><span>films</span>", "<b>2</b><span>parameters</span>", "<td class=\"n\">7.25</td>",
        "-3.00 to 0.50", "No image has a DSC", "No label maps were compared" };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) if (!strstr(m->text, there[i])) fail_msg("the page lacks '%s'", there[i]);
    assert_null(strstr(m->text, "Overlap by class")), assert_null(strstr(m->text, "structures of"));
    json_decref(eval), end(m);
}

/* ---- the verbs ----------------------------------------------------------------------------------------------------------------------- */

static char *page(const char *name)
{
    char *path = in(name), *text = file_read(path, 1 << 28, NULL);
    free(path);
    return text;
}

#define TRAIN "train tiny.cfg --quiet --threads 1 data.store=films.h5 solver.optimiser=adam solver.lr=0.05 solver.batch=2 solver.epochs=12 --out work/run"

/* Films of bodies along a line, a network of two layers that finds them roughly, its predictions and their evaluation. */
static void make_work(void)
{
    char *work = in("work");
    if (!file_exists(work)) {
        write_text("tiny.cfg", "[net]\nbatch=2\nheight=96\nwidth=64\nclasses=2\n"
                   "[convolutional]\nname=one\nfilters=4\nsize=3\npad=1\nactivation=relu\n[convolutional]\nname=two\nsize=1\n");
        succeeds("synth films.h5 region=stack n=8 height=96 width=64 --quiet", "8");
        succeeds("split films.h5 --by patient --parts train=.5,val=.5 --quiet", "4");
        succeeds(TRAIN, "trained");
        succeeds("predict work/run/best.h5 films.h5 --out work/test --quiet", "8 films");
        succeeds("eval work/test films.h5 --region ap --out work/eval --quiet", "body");
    }
    free(work);
}

static void report_of_a_run(void **state)
{
    (void)state;
    make_work();
    json_t *o = object("report work --json");
    assert_string_equal(json_string_value(json_object_get(o, "file")), "work/report.html");
    near(number(o, "evaluations"), 1, 0);
    near(number(o, "runs"), 1, 0);
    json_decref(o);
    char *text = page("work/report.html");
    assert_int_equal(page_check(text), 8);                                          /* truth beside prediction, of every film there is */
    static const char *const parts[] = { "Overlap by class", "Borders by class", "DSC by class", "Share of films within an error",
        "id=\"worst\"", "id=\"failures\"", "Loss", "Validation",
        "solver", "oneDNN", "SHA-256", "prefers-color-scheme", "@media print" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) if (!strstr(text, parts[i])) fail_msg("no %s in the report", parts[i]);
    json_t *e = object("eval work/test films.h5 --json --quiet");
    char *dsc = xprintf("<td class=\"n\">%.3f</td>", number(json_object_get(class_of(e, 1), "DSC"), "mean"));
    assert_non_null(strstr(text, dsc));
    json_decref(e), free(dsc), free(text);
    refused("report work", "work/report.html: exists already");
    succeeds("report work --force --out other.html --truth films.h5", "other.html");
}

/* Two evaluations in one folder, and predictions of a single film beside those of all: each part has its own place, each evaluation the
 * predictions that hold its cases. */
static void what_belongs_together_is_found(void **state)
{
    (void)state;
    make_work();
    succeeds("export films.h5 few --quiet", "8");
    succeeds("predict work/run/best.h5 few/images/stack_1_00003.png --out work/decoy --quiet", "1 film");
    succeeds("eval work/test films.h5 --region ap --out work/again --quiet", "body");
    succeeds("report work --out two.html", "two.html");
    char *text = page("two.html");
    assert_int_equal(page_check(text), 16);
    assert_non_null(strstr(text, "id=\"worst-2\""));
    free(text);
}

/* A film whose prediction gives no value is a failure and stays in the count. */
static void failed_films_stay_in_the_count(void **state)
{
    (void)state;
    make_work();
    char *path = in("films.h5"), *out = in("half/predictions.h5"), *parent = in("half");
    file_make_folders(parent);
    store *s = store_open(path);
    predictions *p = predictions_create(out, "none", "all", 2, (const int[]){ 0, 1 }, (const char *const[]){ "background", "body" });
    for (int64_t i = 0; i < store_count(s); i++) {
        const store_case *c = store_at(s, i);
        uint8_t *mask = xalloc_n((size_t)c->h, (size_t)c->w);
        if (i >= 2) assert_true(store_read_mask(s, i, mask));
        predictions_add(p, c->id, path, c->h, c->w, mask, NULL);
        free(mask);
    }
    predictions_commit(p), store_close(s);
    succeeds("eval half/predictions.h5 films.h5 --region ap --out half/eval --quiet", "body");
    result r = call("report half");
    const char *row = strstr(r.out, "\ncobb");
    if (!row) fail_msg("no row of the Cobb angle: %s%s", r.out, r.err);
    int films = 0, bad = 0;
    if (sscanf(row, " cobb ° %d %d", &films, &bad) != 2 || films != 8 || bad != 2) fail_msg("wanted 8 films and 2 failed: %.60s", row);
    char *text = page("half/report.html");
    page_check(text);
    assert_non_null(strstr(text, "2 structures of 8 images were missed"));
    assert_non_null(strstr(text, "<td>missed</td>"));
    drop(&r), free(text), free(path), free(out), free(parent);
}

/* No label maps: no empty tables of them, but what the readers differ by, and the published figures. */
static void report_of_readers(void **state)
{
    (void)state;
    char *folder_ = in("rd");
    file_make_folders(folder_), free(folder_);
    write_text("rd/ai.csv", "case,TK,LL\na,10,50\nb,22,\nc,33,48\nd,41,52\n");
    write_text("rd/r1.csv", "case,TK,LL\nd,40,51\nc,30,47\nb,20,46\na,12,49\n");
    write_text("rd/r2.csv", "case,TK,LL\na,10,51\nb,20,48\nc,32,49\nd,42,53\n");
    write_text("rd/published.csv", "parameter,unit,value\nTK,deg,7.0969\n");
    succeeds("eval rd/ai.csv rd/r1.csv --reader2 rd/r2.csv --published rd/published.csv --out rd/eval --quiet", "published");
    succeeds("report rd", "7.10");
    char *text = page("rd/report.html");
    page_check(text);
    static const char *const there[] = { "The reference is the mean of two readers", "prediction - reader 1", "<td class=\"n\">7.10</td>",
        "<b>4</b><span>films</span>", "<tr><td>b</td><td>LL</td></tr>", "other films and other readers" };
    static const char *const absent[] = { "Overlap by class", "mean DSC", "0 structures", "<b>0</b>", "both sides" };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) if (!strstr(text, there[i])) fail_msg("the page lacks '%s'", there[i]);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) if (strstr(text, absent[i])) fail_msg("the page has '%s'", absent[i]);
    free(text);
}

static void report_refuses(void **state)
{
    (void)state;
    make_work();
    refused("report nowhere", "nowhere: no such folder");
    refused("report .. --out x.txt", ".html");
    char *empty = in("empty"), *bad = in("bad");
    file_make_folders(empty), file_make_folders(bad);
    refused("report empty", "neither a run");
    write_text("bad/eval.json", "{\"classes\": [");
    refused("report bad", "bad/eval.json:1:");
    write_text("bad/eval.json", "[]");
    refused("report bad", "bad/eval.json:1:");
    refused("report work --force --truth none.h5", "none.h5: no such store");
    refused("report work --force --truth work/test/predictions.h5", "holds none of the cases");
    free(empty), free(bad);
}

/* An eval.json of somebody who wants to get into the page, or who has never seen one. */
static void hostile_evaluation(void **state)
{
    (void)state;
    char *folder_ = in("evil");
    file_make_folders(folder_);
    json_t *o = json_pack("{s:s s:[{s:i s:s s:{s:i s:f}}, i] s:[{s:s s:f s:[{s:s s:f s:n s:f}]}, s, {s:i s:s}] s:[{s:s s:f s:[f,f] s:{}}, i]}", "units", HOSTILE,
        "classes", "value", 1, "name", HOSTILE, "DSC", "n", 1, "mean", 0.5, 7, "cases", "case", HOSTILE, "DSC", 0.0, "classes", "name",
            HOSTILE, "DSC", 0.0,
        "precision", "recall", 0.0, "nothing", "case", 3, "DSC", "high", "parameters", "name", HOSTILE, "MAE", 1.5, "ci", 1.0, 2.0,
            "more", 5);
    assert_non_null(o);
    char *path = in("evil/eval.json");
    assert_int_equal(json_dump_file(o, path, 0), 0);
    json_decref(o);
    succeeds("report evil", "evil/report.html");
    char *text = page("evil/report.html");
    assert_int_equal(page_check(text), 0);
    assert_non_null(strstr(text, "missed"));
    free(text), free(path), free(folder_);
}

/* `run` is `predict` and `measure` in one: the same masks, byte by byte, and the same values. */
static void run_joins_predict_and_measure(void **state)
{
    (void)state;
    make_work();
    json_t *o = object("run films.h5 --weights work/run/best.h5 --region ap --out joined --json --quiet");
    json_t *m = object("measure work/test/predictions.h5 --region ap --json --quiet");
    const json_t *a = json_object_get(o, "cases"), *b = json_object_get(m, "cases");
    int measured = 0;
    assert_int_equal(json_array_size(a), 8), assert_int_equal(json_array_size(b), 8);
    for (size_t i = 0; i < 8; i++) {
        const json_t *p = json_array_get(a, i), *q = json_array_get(b, i);
        assert_true(json_equal(json_object_get(p, "id"), json_object_get(q, "id")));
        assert_true(json_equal(json_object_get(p, "vertebrae"), json_object_get(q, "vertebrae")));
        measured += json_is_number(json_object_get(p, "cobb"));
        const char *id = json_string_value(json_object_get(p, "id"));
        char *mine = xprintf("joined/masks/%s.png", id), *other = xprintf("work/test/masks/%s.png", id),
            *drawing = xprintf("joined/overlay/%s.png", id);
        char *x = in(mine), *y = in(other), *z = in(drawing);
        size_t nx, ny;
        char *s = file_read(x, 1 << 20, &nx), *t = file_read(y, 1 << 20, &ny);
        assert_int_equal(nx, ny), assert_memory_equal(s, t, nx), assert_true(file_exists(z));
        free(mine), free(other), free(drawing), free(x), free(y), free(z), free(s), free(t);
    }
    assert_true(measured > 0);
    has(json_object_get(o, "files"), "report parameters corners predictions");
    json_decref(o), json_decref(m);
    char *text = page("joined/report.html");
    assert_int_equal(page_check(text), 8);
    free(text);
    refused("run films.h5 --weights work/run/best.h5 --region ap --out joined", "exists already");
}

/* A film's name is markup, and the spacing given by hand reaches the values. */
static void run_of_one_film(void **state)
{
    (void)state;
    make_work();
    succeeds("export films.h5 plain --quiet", "8");
    char *from = in("plain/images/stack_1_00000.png"), *to = in("<b>&\"x=1.png");
    size_t n;
    char *bytes = file_read(from, 1 << 20, &n);
    file_write(to, bytes, n);
    json_t *o = object("run '<b>&\"x=1.png' --weights work/run/best.h5 --region ap --spacing 0.5,0.5 cobb_method=endplate --json --quiet");
    assert_string_equal(json_string_value(json_object_get(o, "settings")), "--weights work/run/best.h5 --region ap --spacing 0.5,0.5 cobb_method=endplate");
    assert_string_equal(json_string_value(json_object_get(o, "weights")), "work/run/best.h5");
    const json_t *c = json_array_get(json_object_get(o, "cases"), 0), *files = json_object_get(o, "files");
    near(json_number_value(json_array_get(json_object_get(c, "spacing"), 0)), 0.5, 0);
    has(files, "mask overlay report");
    assert_string_equal(json_string_value(json_object_get(files, "report")), "<b>&\"x=1-run/report.html");
    char *text = page("<b>&\"x=1-run/report.html");
    assert_int_equal(page_check(text), 1), assert_non_null(strstr(text, "--region ap --spacing 0.5,0.5 cobb_method"));
    succeeds("measure '<b>&\"x=1-run/measure.json' --quiet", "Cobb angle");          /* what was found can be measured again */
    json_decref(o), free(text), free(bytes), free(from), free(to);
    refused("run plain/images/stack_1_00000.png --region lumbar", "--weights: missing, and there is no weights/lumbar.h5");
    refused("run none.png --weights work/run/best.h5", "none.png");
    refused("run plain/images/stack_1_00000.png --weights work/run/best.h5 --region hip", "--region");
}

static void keep_values(void *arg, findings *f, const image *film)
{
    static const char *const names[] = { "SS", "PT", "PI", "LL", "L4S1" };
    (void)film;
    geo_corners q;
    for (int i = 0; i < 5; i++) ((double *)arg)[i] = findings_value(f, names[i]);
    assert_true(geo_case_corners(f->chain.film, GEO_L3, &q));
    ((double *)arg)[5] = q.sa.y;
}

/* A network may give a label map, or objects that overlap: measuring takes both. Of two that are one body the surer one counts. */
static void objects_are_measured_as_maps_are(void **state)
{
    (void)state;
    double map_[6], objects[6], doubtful[6];
    succeeds("synth lumbar.h5 region=lumbar n=1 seed=5 level=L0 classes=hspine height=512 width=384 --quiet", "1 film of");
    char *path = in("lumbar.h5");
    store *s = store_open(path);
    const store_case *c = store_at(s, 0);
    image film = image_new(c->h, c->w, c->bits);
    uint8_t *mask = xalloc_n((size_t)c->h, (size_t)c->w), *one = xalloc_n((size_t)c->h, (size_t)c->w);
    store_read_image(s, 0, film.p), assert_true(store_read_mask(s, 0, mask));
    instance o[9];
    double score[9] = { 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.3 };
    for (int k = 0; k < 9; k++) {                                                   /* the ninth: L3 once more, a few rows higher */
        const int64_t shift = k == 8 ? 4 * c->w : 0;
        for (int64_t i = 0; i < c->h * c->w; i++) one[i] = i + shift < c->h * c->w && mask[i + shift] == (k == 8 ? 3 : k + 1);
        o[k] = instance_from_mask(one, c->h, c->w, k == 8 ? 3 : k + 1, "");
    }
    measure_job job = { .settings = { .region = GEO_REGION_LUMBAR, .facing = -2, .cobb = -1, .age = -1 }, .each = keep_values,
        .arg = map_ };
    measure_segmentation(&job, "map", "map", &film, &(segmentation){ .labels = mask }, store_classes(s));
    job.arg = objects;
    measure_segmentation(&job, "objects", "objects", &film, &(segmentation){ mask, 9, o, score }, store_classes(s));
    for (int i = 0; i < 6; i++) {
        assert_true(isfinite(map_[i]));
        near(objects[i], map_[i], 1e-9);
    }
    score[2] = 0.3, score[8] = 0.9, job.arg = doubtful;
    measure_segmentation(&job, "objects", "objects", &film, &(segmentation){ mask, 9, o, score }, store_classes(s));
    near(doubtful[5], map_[5] - 4, 0.5);
    for (int k = 0; k < 9; k++) free(o[k].runs);
    free(mask), free(one), free(path), image_free(&film), store_close(s);
}

/* ---- a browser ----------------------------------------------------------------------------------------------------------------------- */

static int shell(const char *line) { const int status = system(line); return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

/* What Chromium says on the console of a page in the scratch folder; fresh. dom: the page as it stood in the end, fresh. */
static char *console_of(const char *name, char **dom)
{
    char *line = xprintf("cd '%s' && timeout 100 chromium --headless=new --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
                         " --user-data-dir=profile --enable-logging=stderr --dump-dom \"file://$PWD/%s\" >dom.html 2>console.txt", folder, name);
    if (shell(line)) fail_msg("chromium failed: %s", line);
    free(line);
    *dom = page("dom.html");
    return page("console.txt");
}

/* The content policy in the head of the page forbids every request and every script, and the browser reports what it has forbidden on the
 * console. So a silent console is a page that asked for nothing; that it would not be silent is seen on the same page with a picture from
 * elsewhere put into it. */
static void browser_is_silent(void **state)
{
    (void)state;
    make_work();
    if (shell("command -v chromium >/dev/null 2>&1")) skip();
    succeeds("report work --force", "work/report.html");
    char *dom, *console = console_of("work/report.html", &dom);
    assert_non_null(strstr(dom, "Files and their hashes"));
    if (strstr(console, "CONSOLE")) fail_msg("the console says %.300s", strstr(console, "CONSOLE"));
    free(dom), free(console);
    char *text = page("work/report.html"), *body = strstr(text, "<body>");
    char *worse = xprintf("%.*s<body><img src=\"http://127.0.0.1:9/x.png\">%s", (int)(body - text), text, body + 6);
    write_text("worse.html", worse);
    console = console_of("worse.html", &dom);
    if (!strstr(console, "CONSOLE")) fail_msg("a picture from elsewhere is not noticed: %.300s", console);
    free(dom), free(console), free(text), free(worse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_no_markup), cmocka_unit_test(pictures_are_base64), cmocka_unit_test(figures_are_whole),
            cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(sections_count_what_failed), cmocka_unit_test(sections_of_readers),
        cmocka_unit_test(report_of_a_run), cmocka_unit_test(what_belongs_together_is_found),
        cmocka_unit_test(failed_films_stay_in_the_count), cmocka_unit_test(report_of_readers), cmocka_unit_test(report_refuses), cmocka_unit_test(hostile_evaluation),
        cmocka_unit_test(run_joins_predict_and_measure), cmocka_unit_test(run_of_one_film),
            cmocka_unit_test(objects_are_measured_as_maps_are), cmocka_unit_test(browser_is_silent),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
