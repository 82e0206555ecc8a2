/* cli_instances_test.c - `eval` of what a detector found, from outside: on a store of phantoms, and the same as COCO's files, which must
 * give the same figures. */
#include "tests/cli.h"
#include "datasets/rle.h"
#include "datasets/store.h"
#include "eval/predictions.h"

enum { FILMS = 4 };

/* Film i as a detector that is nearly right would have it: the first film without its first object; on the second an object of nothing;
 * on the third boxes two pixels to the right; the fourth exactly. */
static instances found_on(const labels *l, int64_t i, int64_t h, int64_t w)
{
    instances o = { .number = xalloc((size_t)(h * w)) };
    for (int k = i == 0; k < l->ninstances; k++) {
        const int n = o.n++;
        int64_t x0 = w, x1 = 0, y0 = h, y1 = 0;
        instance_paint(&l->instances[k], o.number, h, w, (uint8_t)o.n);
        for (int64_t q = 0; q < h * w; q++)
            if (o.number[q] == o.n) x0 = q % w < x0 ? q % w : x0, x1 = q % w >= x1 ? q % w + 1 : x1, y0 = q / w < y0 ? q / w : y0, y1 = q / w + 1;
        const float off = i == 2 ? 2 : 0, edge[4] = { (float)x0 + off, (float)y0, (float)x1 + off, (float)y1 };
        memcpy(o.box[n], edge, sizeof edge);
        o.score[n] = 1 - 0.0625f * (float)(k / 2), o.class[n] = l->instances[k].value;
    }
    if (i == 1) {
        const float edge[4] = { 0, 0, 5, 5 };
        memcpy(o.box[o.n], edge, sizeof edge), o.score[o.n] = 0.9375f, o.class[o.n] = 1, o.number[0] = (uint8_t)++o.n;
    }
    return o;
}

static void add_results(json_t *list, int64_t film, const instances *o, int64_t h, int64_t w)
{
    uint8_t *one = xalloc((size_t)(h * w));
    for (int k = 0; k < o->n; k++) {
        int64_t n;
        for (int64_t q = 0; q < h * w; q++) one[q] = o->number[q] == k + 1;
        uint32_t *runs = rle_runs(one, h, w, &n);
        char *text = rle_text(runs, n);
        const float *b = o->box[k];
        json_array_append_new(list, json_pack("{s:I, s:i, s:f, s:[f,f,f,f], s:{s:[I,I], s:s}}", "image_id", (json_int_t)film + 1, "category_id",
            o->class[k], "score", (double)o->score[k], "bbox", (double)b[0], (double)b[1], (double)(b[2] - b[0]), (double)(b[3] - b[1]),
            "segmentation", "size", (json_int_t)h, (json_int_t)w, "counts", text));
        free(runs), free(text);
    }
    free(one);
}

static void write_found(void)
{
    static const int value[] = { 0, 1, 2 };
    static const char *const name[] = { "background", "vertebra", "sacrum" };
    char *films = in("films.h5"), *path = in("found.h5"), *maps = in("maps.h5"), *results = in("results.json");
    store *s = store_open(films);
    predictions *p = predictions_create(path, "none", "all", 3, value, name), *plain = predictions_create(maps, "none", "all", 3, value, name);
    json_t *list = json_array();
    for (int64_t i = 0; i < FILMS; i++) {
        const store_case *c = store_at(s, i);
        labels l = store_read_labels(s, i);
        instances o = found_on(&l, i, c->h, c->w);
        uint8_t *map = xalloc((size_t)(c->h * c->w));
        for (int64_t q = 0; q < c->h * c->w; q++) map[q] = (uint8_t)(o.number[q] ? o.class[o.number[q] - 1] : 0);
        predictions_add(p, c->id, "x", c->h, c->w, map, NULL), predictions_add(plain, c->id, "x", c->h, c->w, map, NULL);
        predictions_add_instances(p, c->id, c->h, c->w, &o);
        add_results(list, i, &o, c->h, c->w);
        free(map), free(o.number), labels_free(&l);
    }
    predictions_commit(p), predictions_commit(plain), store_close(s);
    assert_int_equal(json_dump_file(list, results, 0), 0);
    json_decref(list), free(films), free(path), free(maps), free(results);
}

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch();
    succeeds("synth films.h5 region=lumbar n=4 height=384 width=192 seed=12 level=L1 --quiet", "4");
    succeeds("export films.h5 told --coco --quiet", "4");
    write_found();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    return 0;
}

static const json_t *at(const json_t *o, const char *a, const char *b)
{
    const json_t *v = json_object_get(json_object_get(o, a), b);
    if (!v) fail_msg("no key %s of %s", b, a);
    return v;
}

static void figures_of_a_detector(void **state)
{
    (void)state;
    json_t *o = object("eval found.h5 films.h5 --region lumbar --json --quiet");
    const json_t *i = json_object_get(o, "instances"), *box = at(o, "instances", "bbox"), *mask = at(o, "instances", "segm"),
        *q = at(o, "instances", "panoptic"), *d = at(o, "instances", "detection"), *limits = at(o, "levels", "limits");
    const double truths = number(d, "truths");
    assert_true(truths >= 4 * 6);
    near(number(i, "films"), FILMS, 0); near(number(q, "FP"), 1, 0); near(number(q, "FN"), 1, 0); near(number(q, "TP"), truths - 1, 0);
    near(number(d, "detected"), (truths - 1) / truths, 1e-12); near(number(d, "extra"), 0.25, 0);
    near(number(q, "SQ"), 1, 1e-12);
    assert_true(number(mask, "AP") > 0.9 && number(mask, "AP") < 1 && number(box, "AP") < number(mask, "AP"));
    near(number(mask, "AP50"), number(mask, "AP"), 1e-12); near(number(box, "AP50"), number(mask, "AP50"), 1e-12);
    has(json_array_get(json_object_get(box, "classes"), 1), "value name truths predictions AP AP50 AR100");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(q, "classes"), 0), "name")), "vertebra");
    for (size_t k = 0; k < 3; k++) {             /* numbered from the sacrum: all but the one that is missing */
        const json_t *row = json_array_get(limits, k);
        near(number(row, "identified"), 1 - 1 / number(json_object_get(o, "levels"), "levels"), 1e-12);
        near(number(row, "whole_films"), 0.75, 1e-12); near(number(row, "off_by_one"), 0, 0);
    }
    json_decref(o);
    o = object("eval found.h5 films.h5 --region lumbar --json --quiet --score 0.95 --no-parameters");
    assert_true(number(at(o, "instances", "panoptic"), "TP") < truths / 2);
    near(number(at(o, "instances", "segm"), "AP"), number(at(o, "instances", "segm"), "AP50"), 1e-12);
    assert_true(json_is_null(json_object_get(o, "levels"))), has(o, "levels_why");
    json_decref(o);
}

/* The same objects as COCO's files: runs go the other way, ids are numbers, and every figure is the same. */
static void the_same_as_coco(void **state)
{
    (void)state;
    json_t *a = object("eval found.h5 films.h5 --json --quiet --seed 5"), *b = object("eval results.json told/coco.json --json --quiet --seed 5");
    json_t *of_a = json_object_get(a, "instances"), *of_b = json_object_get(b, "instances");
    char *ta = json_dumps(of_a, JSON_INDENT(1) | JSON_SORT_KEYS), *tb = json_dumps(of_b, JSON_INDENT(1) | JSON_SORT_KEYS);
    assert_string_equal(ta, tb);
    assert_int_equal(json_array_size(json_object_get(b, "classes")), 0), has(b, "levels_why parameters_why provenance");
    free(ta), free(tb), json_decref(a), json_decref(b);
}

/* A store against itself: right in everything. */
static void a_store_as_prediction(void **state)
{
    (void)state;
    json_t *o = object("eval films.h5 films.h5 --region lumbar --json --quiet");
    near(number(at(o, "instances", "bbox"), "AP"), 1, 1e-12); near(number(at(o, "instances", "panoptic"), "PQ"), 1, 1e-12);
    near(number(json_array_get(at(o, "levels", "limits"), 0), "identified"), 1, 0);
    json_decref(o);
}

static void without_instances(void **state)
{
    (void)state;
    json_t *o = object("eval maps.h5 films.h5 --region lumbar --json --quiet");
    assert_true(json_is_null(json_object_get(o, "instances")));
    assert_string_equal(json_string_value(json_object_get(o, "instances_why")), "the prediction holds label maps and no instances");
    assert_true(number(json_array_get(at(o, "levels", "limits"), 0), "identified") > 0.9);       /* levels need none */
    json_decref(o);
    succeeds("import masks told masks.h5 --quiet", "4");
    o = object("eval found.h5 masks.h5 --json --quiet --no-parameters");
    assert_non_null(strstr(json_string_value(json_object_get(o, "instances_why")), "has a label map and no instances"));
    json_decref(o);
}

static void tables(void **state)
{
    (void)state;
    static const char *const stems[] = { "instances", "panoptic", "detection", "levels" }, *const suffixes[] = { "txt", "md", "csv", "tex" };
    succeeds("eval found.h5 films.h5 --region lumbar --out all --quiet", "Average precision and recall of instances");
    succeeds("eval found.h5 films.h5 --region lumbar --quiet", "Are the levels named right?");
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < 4; j++) {
            char *name = xprintf("all/%s.%s", stems[k], suffixes[j]), *path = in(name);
            if (!file_exists(path)) fail_msg("%s is missing", name);
            free(name), free(path);
        }
    refused("eval found.h5 films.h5 --region lumbar --out all --quiet", "--force");
    succeeds("eval results.json told/coco.json --out coco --quiet", "Are the objects found?");
    char *csv = in("coco/instances.csv"), *text = file_read(csv, 1 << 16, NULL);
    assert_int_equal(strncmp(text, "compared,AP,", 12), 0);
    free(csv), free(text);
}

static void results_are(const char *text, const char *says)
{
    write_text("bad.json", text);
    refused("eval bad.json told/coco.json", says);
}

static void bad_files_are_named(void **state)
{
    (void)state;
    refused("eval results.json told/coco.json --split val", "--split: told/coco.json is COCO's annotations");
    refused("eval found.h5 films.h5 --score high", "--score");
    results_are("{}", "no COCO results");
    results_are("[{\"image_id\": 9, \"category_id\": 1, \"score\": 1, \"bbox\": [1, 1, 2, 2]}]", "result 1: image_id 9 is not among the images");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 1, 2, 2]}]", "result 1: its score is no number");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1e999, \"bbox\": [1, 1, 2, 2]}]", "bad.json");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"bbox\": [1, 1, -2, 2]}]", "its bbox is none");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"bbox\": [1, 1, 2]}]", "its bbox is none");
    results_are("[{\"image_id\": \"one\", \"category_id\": 1, \"score\": 1}]", "result 1: image_id: got no whole number");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"segmentation\": {\"size\": [384, 191], \"counts\": [384]}}]", "another size than its image");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"segmentation\": {\"size\": [384, 192], \"counts\": [5, 4294967295]}}]", "do not add up");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"segmentation\": {\"size\": [384, 192], \"counts\": [-5, 73733]}}]", "run length");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"segmentation\": {\"size\": [384, 192], \"counts\": \"~\"}}]", "damaged run lengths");
    results_are("[{\"image_id\": 1, \"category_id\": 1, \"score\": 1}]", "neither has every object a bbox nor every object a segmentation");
    write_text("truth.json", "{\"images\": [], \"annotations\": [], \"categories\": []}");
    refused("eval results.json truth.json", "no COCO annotations");
    write_text("truth.json", "{\"images\": [{\"id\": 1}, {\"id\": 1}], \"annotations\": [], \"categories\": [{\"id\": 1}]}");
    refused("eval results.json truth.json", "two of its images have the id 1");
}

/* Polygons are painted as `import coco` paints them; no result at all is no error. */
static void polygons_and_nothing(void **state)
{
    (void)state;
    write_text("square.json", "{\"images\": [{\"id\": 4, \"height\": 50, \"width\": 40}], \"categories\": [{\"id\": 2}], \"annotations\": [{\"id\": 1, "
               "\"image_id\": 4, \"category_id\": 2, \"segmentation\": [[10, 10, 20, 10, 20, 20, 10, 20]]}]}");
    write_text("one.json", "[{\"image_id\": 4, \"category_id\": 2, \"score\": 0.5, \"segmentation\": [[10, 10, 20, 10, 20, 17, 10, 17]]}, "
               "{\"image_id\": 4, \"category_id\": 3, \"score\": 0.5}]");
    write_text("none.json", "[]");
    json_t *o = object("eval one.json square.json --json");
    near(number(at(o, "instances", "panoptic"), "SQ"), 0.7, 1e-12); near(number(at(o, "instances", "bbox"), "AP"), 0.5, 1e-12);
    json_decref(o);
    o = object("eval none.json square.json --json");
    near(number(at(o, "instances", "segm"), "AP"), 0, 0); near(number(at(o, "instances", "panoptic"), "FN"), 1, 0);
    json_decref(o);
}

/* The HTML report has the tables of objects, too, with the figures of the text. */
static void a_report_has_them(void **state)
{
    (void)state;
    result r = call("eval found.h5 films.h5 --region lumbar --out shown --force --quiet");
    assert_int_equal(r.status, 0);
    drop(&r);
    succeeds("report shown --out shown.html", "shown.html");
    json_t *o = object("eval found.h5 films.h5 --region lumbar --json --quiet");
    char *path = in("shown.html"), *page = file_read(path, 64 << 20, NULL), *ap = xprintf("%.3f", number(at(o, "instances", "segm"), "AP"));
    static const char *const wanted[] = { "Average precision and recall", "Instances by class", "Are the objects found?", "Levels named right", "off by one" };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) assert_non_null(strstr(page, wanted[i]));
    assert_non_null(strstr(strstr(page, wanted[0]), ap));
    json_decref(o), free(path), free(page), free(ap);
}

/* The last film, of which all is found; with a block in a corner that the detector does not believe in itself */
static void write_doubt(const char *name, int doubt)
{
    static const int value[] = { 0, 1, 2 };
    static const char *const names[] = { "background", "vertebra", "sacrum" };
    char *films = in("films.h5"), *path = in(name);
    store *s = store_open(films);
    const store_case *c = store_at(s, FILMS - 1);
    predictions *p = predictions_create(path, "none", "all", 3, value, names);
    labels l = store_read_labels(s, FILMS - 1);
    instances o = found_on(&l, FILMS - 1, c->h, c->w);
    if (doubt) {
        const float edge[4] = { 0, 0, 24, 20 };
        memcpy(o.box[o.n], edge, sizeof edge), o.score[o.n] = 0.2f, o.class[o.n] = 1, o.n++;
        for (int64_t y = 0; y < 20; y++) memset(o.number + y * c->w, o.n, 24);
    }
    uint8_t *map = xalloc((size_t)(c->h * c->w));
    for (int64_t q = 0; q < c->h * c->w; q++) map[q] = (uint8_t)(o.number[q] ? o.class[o.number[q] - 1] : 0);
    image film = { c->h, c->w, c->bits, xalloc_n((size_t)(c->h * c->w), (size_t)c->bits / 8) };
    store_read_image(s, FILMS - 1, film.p);
    predictions_add(p, c->id, "x", c->h, c->w, map, NULL);
    predictions_add_film(p, c->id, &film, c->spacing, c->spacing_source), predictions_add_instances(p, c->id, c->h, c->w, &o);
    predictions_commit(p), store_close(s), image_free(&film);
    free(map), free(o.number), labels_free(&l), free(films), free(path);
}

/* What is measured of a detector's film is what it is sure of: the same by `measure` as by `run`, which looks at no others either. */
static void doubtful_objects_are_not_measured(void **state)
{
    (void)state;
    write_doubt("sure.h5", 0), write_doubt("doubt.h5", 1);
    result sure = call("measure sure.h5 --region lumbar"), doubt = call("measure doubt.h5 --region lumbar");
    assert_int_equal(sure.status, 0);
    assert_non_null(strstr(sure.out, "LL"));
    assert_string_equal(strchr(sure.out, 0x0a), strchr(doubt.out, 0x0a));     /* after the line that names the file */
    drop(&sure), drop(&doubt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_a_detector), cmocka_unit_test(the_same_as_coco), cmocka_unit_test(a_store_as_prediction),
        cmocka_unit_test(without_instances), cmocka_unit_test(tables), cmocka_unit_test(bad_files_are_named), cmocka_unit_test(polygons_and_nothing),
        cmocka_unit_test(doubtful_objects_are_not_measured), cmocka_unit_test(a_report_has_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
