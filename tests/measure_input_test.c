/* measure_input_test.c - what `darkspine measure` can be given beside label maps, and bad input of every kind. */
#include "tests/measure_rig.h"
#include "datasets/store.h"
#include "eval/predictions.h"

static void test_store_and_predictions(void **state)
{
    (void)state;
    char *path = in("films.h5"), *h5 = in("run/predictions.h5"), *run = in("run");
    image film = image_new(FH, FW, 8);
    store *s = store_create(path, NULL);
    instance list[2] = { 0 };
    uint8_t *mask = xalloc(FH * FW);
    store_case row = { .id = "masks", .h = FH, .w = FW, .bits = 8, .spacing = { 0.7, 0.7 }, .spacing_source = "given" };
    store_add(s, &row, film.p, labels_drawn, NULL, NULL);
    corners c[2] = { { "T1", { { 10, 10 }, { 40, 12 }, { 10, 30 }, { 40, 32 } } },
        { "T2", { { 10, 40 }, { 40, 30 }, { 12, 60 }, { 42, 52 } } } };
    labels l = { .ncorners = 2, .corners = c };
    row.id = "corners";
    store_add(s, &row, film.p, NULL, NULL, &l);
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < FH * FW; i++) mask[i] = labels_drawn[i] == GEO_L4 + k;
        list[k] = instance_from_mask(mask, FH, FW, 1, geo_level_name(GEO_L4 + k));
    }
    l = (labels){ .ninstances = 2, .instances = list };
    row.id = "objects";
    store_add(s, &row, film.p, NULL, NULL, &l);
    row.id = "bare", row.spacing_source = "detector";
    store_add(s, &row, film.p, labels_drawn, NULL, NULL);
    row.id = "nothing";
    store_add(s, &row, film.p, NULL, NULL, NULL);
    store_commit(s);
    json_t *o = object("measure films.h5 --json");
    const json_t *cases = at(o, "cases");
    assert_int_equal(json_array_size(cases), 5);
    assert_string_equal(json_string_value(at(json_array_get(cases, 0), "spacing_source")), "given");
    assert_true(warned(json_array_get(cases, 3), "W_UNCALIBRATED_MM") && !warned(json_array_get(cases, 0), "W_UNCALIBRATED_MM"));
    true_values(json_array_get(cases, 0), 4);
    assert_string_equal(json_string_value(at(json_array_get(cases, 1), "cobb_method")), "midline");
    near(number(json_array_get(cases, 1), "cobb"), (atan2(2, 30) + atan2(9, 30)) * 57.29577951308232, 1e-9);
    assert_int_equal(json_object_size(at(json_array_get(cases, 2), "vertebrae")), 0);       /* two bodies do not say where the front is */
    assert_string_equal(json_string_value(at(at(json_array_get(cases, 4), "errors"), "*")), "E_MISSING:labels");
    json_decref(o);
    file_make_folders(run);
    static const int value[] = { 0, 5 };
    static const char *const name[] = { "background", "sacrum" };
    predictions *p = predictions_create(h5, "best.h5", "all", 2, value, name);
    for (int64_t i = 0; i < FH * FW; i++) mask[i] = labels_drawn[i] == 25 ? 5 : 0;
    predictions_add(p, "a", "a.png", FH, FW, mask, NULL);
    predictions_commit(p);
    save("run/masks/a.png", mask);
    static const char *const inputs[] = { "run/predictions.h5", "run", "run/masks" };
    for (size_t k = 0; k < 3; k++) {             /* the classes of the network are those of the masks beside it */
        char *words = xprintf("measure %s --facing right --region lumbar --json", inputs[k]);
        o = object(words);
        assert_true(number(at(only(o), "values"), "SS") > 10);
        json_decref(o), free(words);
    }
    for (int k = 0; k < 2; k++) free(list[k].runs);
    image_free(&film), free(path), free(h5), free(run), free(mask);
}

/* predictions.h5 knows the film and its spacing: lengths are measured, and the drawing shows the film. */
static void test_predicted_film(void **state)
{
    (void)state;
    char *path = in("known.h5"), *picture = in("known.png");
    int value[31];
    const char *name[31];
    char names[31][16];
    for (int v = 0; v < 31; v++) {
        value[v] = v, name[v] = names[v];
        static const char *const others[] = { "sacrum", "femoral_head", "femoral_head_2" };
        snprintf(names[v], sizeof names[v], "%s", !v || v > 27 ? "" : v < 25 ? geo_level_name(v) : others[v - 25]);
    }
    image film = image_new(FH, FW, 16);
    for (int64_t i = 0; i < FH * FW; i++) ((uint16_t *)film.p)[i] = (uint16_t)(i % FW * 100);
    predictions *p = predictions_create(path, "best.h5", "all", 31, value, name);
    predictions_add(p, "a", "films.h5:a", FH, FW, labels_drawn, NULL);
    predictions_add_film(p, "a", &film, (double[2]){ 0.7, 0.7 }, "detector");
    predictions_add(p, "b", "b.png", FH, FW, labels_drawn, NULL);
    predictions_add_film(p, "b", &film, (double[2]){ 0, 0 }, "");
    predictions_commit(p);
    json_t *o = object("measure known.h5 --json");
    const json_t *a = json_array_get(at(o, "cases"), 0), *b = json_array_get(at(o, "cases"), 1);
    true_values(a, 4);
    assert_string_equal(json_string_value(at(a, "spacing_source")), "detector");
    assert_true(warned(a, "W_UNCALIBRATED_MM") && json_is_number(at(at(a, "values"), "SVA")));
    assert_true(json_is_null(at(b, "spacing")));
    assert_string_equal(json_string_value(at(at(b, "errors"), "SVA")), "E_NO_SPACING");
    json_decref(o);
    o = object("measure known.h5 --spacing .35,.35 --json");                /* what the user says comes first */
    assert_string_equal(json_string_value(at(json_array_get(at(o, "cases"), 0), "spacing_source")), "user");
    json_decref(o);
    succeeds("measure known.h5 --overlay known_drawn", "2 films drawn: known_drawn");
    free(picture), picture = in("known_drawn/a.png");
    image drawn_film = film_read(picture);
    int64_t dark = 0, bright = 0;                /* the film's own shades, not the black that stands where there is none */
    for (int64_t y = drawn_film.h / 2, x = 0; x < drawn_film.w / 2; x++) dark += image_at(&drawn_film, y * drawn_film.w + x) < 8, bright++;
    assert_true(dark < bright / 2);
    image_free(&drawn_film), image_free(&film), free(path), free(picture);
}

/* What a case wants is what it gets: of the other view a code, not silence and not a Cobb angle that nobody asked for. */
static void test_wanted_of_the_other_view(void **state)
{
    (void)state;
    static const char bodies[] = "\"vertebrae\": {\"T1\": {\"UL\": [10, 10], \"UR\": [40, 12], \"LL\": [10, 30], \"LR\": [40, 32]}, "
                                 "\"T2\": {\"UL\": [10, 40], \"UR\": [40, 30], \"LL\": [12, 60], \"LR\": [42, 52]}";
    char *text = xprintf("[{\"mode\": \"coronal\", \"want\": [\"cobb\", \"SS\"], %s}}, "
        "{\"mode\": \"coronal\", \"want\": [\"SS\", \"x\"], %s}}, "
        "{\"mode\": \"lateral\", \"facing\": \"right\", \"want\": [\"cobb\"], %s}}, {\"mode\": \"coronal\", %s, "
        "\"S1\": {\"UL\": [10, 90], \"UR\": [40, 70]}}}]", bodies, bodies, bodies, bodies);
    write_text("want.json", text);
    json_t *o = object("measure want.json --json");
    const json_t *c[4];
    for (size_t i = 0; i < 4; i++) c[i] = json_array_get(at(o, "cases"), i);
    assert_true(number(c[0], "cobb") > 10);
    assert_string_equal(json_string_value(at(at(c[0], "errors"), "SS")), "E_UNDEFINED:lateral films only");
    assert_null(at(c[1], "cobb")), assert_null(at(c[1], "cobb_why"));
    assert_string_equal(json_string_value(at(at(c[1], "errors"), "x")), "E_UNDEFINED:no such parameter");
    assert_string_equal(json_string_value(at(at(c[2], "errors"), "cobb")), "E_UNDEFINED:frontal films only");
    near(number(c[3], "cobb"), number(c[0], "cobb"), 0);                     /* the sacrum is no vertebra: it bends no curve */
    json_decref(o), free(text);
    succeeds("measure want.json", "Lateral films");
}

/* A folder with a film on which nothing was found is measured to its end; that film's row says so. */
static void test_blank_map_among_others(void **state)
{
    (void)state;
    uint8_t *blank = xalloc(FH * FW);
    save("maps/a.png", blank), save("maps/b.png", labels_drawn), free(blank);
    json_t *o = object("measure maps --spacing .7,.7 --json");
    assert_int_equal(json_array_size(at(o, "cases")), 2);
    assert_string_equal(json_string_value(at(at(json_array_get(at(o, "cases"), 0), "errors"), "*")), "E_MISSING:spine");
    true_values(json_array_get(at(o, "cases"), 1), 4);
    json_decref(o);
    refused("measure maps/a.png", "nothing of a spine");
}

/* A class is what its name says by itself, then what its kind says; a name that only begins like a structure is none against its kind. */
static void test_class_roles(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) m[i] = labels_drawn[i] == 25 ? 5 : labels_drawn[i] == GEO_L1 ? 6 : 0;
    save("screw.png", m), free(m);
    write_text("screw.csv", "value,name,kind\n5,sacrum_1,sacrum\n6,sacrum_screw,implant\n");
    write_text("turned.csv", "value,name,kind\n6,sacrum_1,sacrum\n5,sacrum_screw,implant\n");
    json_t *a = object("measure screw.png --classes screw.csv --facing right --json"),
        *b = object("measure screw.png --classes turned.csv --facing right --json");
    const json_t *sa = at(at(only(a), "S1"), "SA"), *other = at(at(only(b), "S1"), "SA");
    assert_true(json_number_value(json_array_get(sa, 1)) > json_number_value(json_array_get(other, 1)) + 50);
    json_decref(a), json_decref(b);
}

static void test_corner_table(void **state)
{
    (void)state;
    write_text("corners.csv", "file,height,T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y,"
                              "T2_TL_x,T2_TL_y,T2_TR_x,T2_TR_y,T2_BL_x,T2_BL_y,T2_BR_x,T2_BR_y\n"
                              "a.jpg,100,10,10,40,12,10,30,40,32,10,40,40,30,12,60,42,52\nb.jpg,100,10,10,40,10,10,30,40,30,,,,,,,,\n");
    json_t *o = object("measure corners.csv --json"), *e = object("measure corners.csv --cobb-method endplate --json"),
        *k = object("measure corners.csv cobb_method=endplate --json");
    const json_t *a = json_array_get(at(o, "cases"), 0), *b = json_array_get(at(o, "cases"), 1);
    has(a, "cobb upper_end lower_end cobb_upper cobb_lower cobb_method convex grade scoliosis");
    near(number(a, "cobb"), atan2(2, 30) * 57.29577951308232 + atan2(9, 30) * 57.29577951308232, 1e-9);
    assert_string_equal(json_string_value(at(a, "grade")), "moderate");
    assert_true(json_is_null(at(b, "cobb")));
    assert_string_equal(json_string_value(at(b, "cobb_why")), "E_MISSING:vertebrae");
    assert_string_equal(json_string_value(at(json_array_get(at(e, "cases"), 0), "cobb_method")), "endplate");
    near(number(json_array_get(at(e, "cases"), 0), "cobb"), number(json_array_get(at(k, "cases"), 0), "cobb"), 0);
    assert_true(json_is_null(at(json_array_get(at(e, "cases"), 0), "cobb_upper")));
    write_text("spaced.csv", "file,spacing_x,spacing_y,age,T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y,"
                             "T2_TL_x,T2_TL_y,T2_TR_x,T2_TR_y,T2_BL_x,T2_BL_y,T2_BR_x,T2_BR_y\n"
                             "a.jpg,0.2,0.4,61,10,10,40,12,10,30,40,32,10,40,40,30,12,60,42,52\n");
    json_t *spaced = object("measure spaced.csv --json");
    near(number(only(spaced), "cobb"), atan2(4, 30) * 57.29577951308232 + atan2(18, 30) * 57.29577951308232, 1e-9);
    near(number(only(spaced), "age"), 61, 0);
    assert_string_equal(json_string_value(at(only(spaced), "spacing_source")), "file");
    json_decref(spaced);
    near(number(a, "height"), 100, 0);                         /* so that the report measures the same when it is read back */
    json_decref(o), json_decref(e), json_decref(k);
}

/* Three bodies whose columns stand from below: the same as from above. */
static void test_corner_table_in_any_order(void **state)
{
    (void)state;
    static const char *const body[3] = { ",10,10,40,12,10,30,40,32", ",10,40,40,30,12,60,42,52", ",12,70,42,76,10,90,40,98" };
    char *text[2] = { xprintf("file,height"), xprintf("file,height") };
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            const int level = k ? 3 - i : i + 1;
            char *more = xprintf("%s,T%d_TL_x,T%d_TL_y,T%d_TR_x,T%d_TR_y,T%d_BL_x,T%d_BL_y,T%d_BR_x,T%d_BR_y", text[k], level, level,
                                 level, level, level, level, level, level);
            free(text[k]), text[k] = more;
        }
    json_t *o[2];
    for (int k = 0; k < 2; k++) {
        char *table = xprintf("%s\na.jpg,100%s%s%s\n", text[k], body[k ? 2 : 0], body[1], body[k ? 0 : 2]);
        write_text("corners.csv", table);
        o[k] = object("measure corners.csv --json");
        free(table), free(text[k]);
    }
    for (int k = 0; k < 2; k++) json_object_del(json_array_get(at(o[k], "cases"), 0), "seconds");
    assert_true(number(json_array_get(at(o[0], "cases"), 0), "cobb") > 10);
    assert_true(json_equal(at(o[0], "cases"), at(o[1], "cases")));
    json_decref(o[0]), json_decref(o[1]);
}

/* What was measured on masks can be written down, read back and measured again: the same values, errors and fractures, though the masks are gone. */
static void test_read_back(void **state)
{
    (void)state;
    succeeds("synth broken.h5 region=lumbar n=3 seed=4 classes=hspine fractures=always height=384 width=288 --quiet", "3 films");
    succeeds("export broken.h5 broken --quiet", "3 cases");
    json_t *first = object("measure broken/masks --classes broken/classes.csv --region lumbar LL=T12-S1 --out broken.json --json --quiet"), *again = object("measure broken.json --json --quiet");
    static const char *const same[] = { "region", "values", "errors", "flags", "compression", "slip", "interpolated", "low_quality", "level_unsure", "facing",
        "warnings", "choices" };
    int fractures = 0;
    for (size_t i = 0; i < 3; i++) {
        json_t *a = json_array_get(at(first, "cases"), i), *b = json_array_get(at(again, "cases"), i);
        for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
            char *x = json_dumps(at(a, same[k]), JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)),
                *y = json_dumps(at(b, same[k]), JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
            assert_non_null(x), assert_non_null(y), assert_string_equal(x, y);
            free(x), free(y);
        }
        for (size_t k = 0; k < json_array_size(at(a, "compression")); k++)
            fractures += json_integer_value(at(json_array_get(at(a, "compression"), k), "genant_grade")) > 0;
    }
    assert_true(fractures > 0);
    json_decref(first), json_decref(again);
    result r = call("measure broken/masks --classes broken/classes.csv --region lumbar --quiet");
    assert_true(r.status == 0 && strstr(r.out, "L4S1") && !strstr(r.out, "TK") && !strstr(r.out, "GAP"));         /* of lumbar films */
    drop(&r);
}

/* What masks showed and landmarks cannot is told again; the spacing stays the detector's; a word on the command line comes before the file's. */
static void test_what_masks_showed(void **state)
{
    (void)state;
    write_text("said.json", "{\"id\": \"a\", \"facing\": \"right\", \"spacing\": 0.2, \"spacing_source\": \"detector\", \"choices\": {\"LL\": \"T12-S1\"}, "
        "\"warnings\": [\"W_DROPPED:2\", \"W_INTERPOLATED:L3\", \"W_LOW_QUALITY:femoral_heads\"], \"vertebrae\": {"
        "\"T12\": {\"SA\": [140, 5], \"SP\": [100, 2], \"IA\": [142, 35], \"IP\": [102, 25]}, "
        "\"L1\": {\"SA\": [140, 40], \"SP\": [100, 42], \"IA\": [142, 70], \"IP\": [102, 72], \"dip\": [0.2, 0.1]}}, \"S1\": {\"SA\": [130, 130], \"SP\": [96, 106]}}");
    json_t *o = object("measure said.json --json"), *other = object("measure said.json LL=L1-S1 --json");
    const json_t *c = only(o), *d = only(other);
    assert_true(warned(c, "W_DROPPED:2") && warned(c, "W_LOW_QUALITY:femoral_heads") && warned(c, "W_UNCALIBRATED_MM") && !warned(c, "W_INTERPOLATED:L3"));
    assert_string_equal(json_string_value(at(at(c, "choices"), "LL")), "T12-S1");
    assert_string_equal(json_string_value(at(at(d, "choices"), "LL")), "L1-S1");
    assert_true(fabs(number(at(c, "values"), "LL") - number(at(d, "values"), "LL")) > 5);
    json_decref(o), json_decref(other);
}

/* A body that stands askew is left out of the Cobb angle, and stays out when the file is read back. */
static void test_left_out(void **state)
{
    (void)state;
    uint8_t *mask = xalloc(FH * FW);
    for (int64_t b = 0; b < 7; b++)
        for (int64_t y = 0; y < 12; y++)
            for (int64_t x = 0; x < 40; x++) {
                const int64_t row = 10 + 20 * b + y + (b == 3 ? (x - 20) * 4 / 5 : 0) / (b == 3 ? 1 : 8), col = 60 + 2 * b + x;
                if (row >= 0 && row < FH && col < FW) mask[row * FW + col] = (uint8_t)(GEO_T8 + b);
            }
    save("askew.png", mask);
    json_t *o = object("measure askew.png --region ap --json --quiet --out askew.json"), *again = object("measure askew.json --json --quiet");
    const json_t *a = only(o), *b = only(again);
    assert_int_equal(json_object_size(at(a, "left_out")), 1), assert_int_equal(json_object_size(at(a, "vertebrae")), 6);
    near(number(a, "cobb"), number(b, "cobb"), 1e-6);
    assert_true(warned(b, "W_ODD_TILT:T11"));
    json_decref(o), json_decref(again), free(mask);
}

/* Doubts that a file names stay doubts, and are named again. */
static void test_marks(void **state)
{
    (void)state;
    static const char *const marks[] = { "level_unsure", "interpolated", "low_quality" };
    static const char *const texts[] = { "[\"L1\"]", "[]", "[]", "[]", "[\"L5\"]", "[]", "[]", "[]", "[\"S1\", \"L1\"]" };
    for (int i = 0; i < 3; i++) {
        char *text = xprintf("{\"id\": \"a\", \"facing\": \"right\", \"region\": \"lumbar\", \"%s\": %s, \"%s\": %s, \"%s\": %s, \"vertebrae\": {"
            "\"L1\": {\"SA\": [140, 20], \"SP\": [100, 22], \"IA\": [142, 50], \"IP\": [102, 50]}, "
            "\"L5\": {\"SA\": [140, 80], \"SP\": [100, 72], \"IA\": [138, 112], \"IP\": [98, 100]}}, \"S1\": {\"SA\": [130, 130], \"SP\": [96, 106]}}",
            marks[0], texts[3 * i], marks[1], texts[3 * i + 1], marks[2], texts[3 * i + 2]);
        write_text("marks.json", text);
        json_t *o = object("measure marks.json --json");
        const json_t *c = only(o);
        assert_string_equal(json_string_value(at(c, "region")), "lumbar");
        for (int k = 0; k < 3; k++) assert_int_equal(json_array_size(at(c, marks[k])), strlen(texts[3 * i + k]) > 7 ? 2 : strlen(texts[3 * i + k]) > 2);
        const char *why = json_string_value(at(at(c, "errors"), "LL"));
        if (i) assert_null(why), assert_true(number(at(c, "values"), "LL") > 10);
        else assert_string_equal(why, "E_LEVEL_AMBIGUOUS:L1");
        assert_true(warned(c, "W_INTERPOLATED:L5") == (i == 1) && warned(c, "W_LOW_QUALITY:S1") == (i == 2) && warned(c, "W_LOW_QUALITY:L1") == (i == 2));
        result r = call("measure marks.json");
        assert_true((strstr(r.out, "low quality") != NULL) == (i == 2));
        assert_null(strstr(r.out, "interpolated"));                /* L5 was made up: no angle here rests on it */
        drop(&r), json_decref(o), free(text);
    }
}

/* ---- bad input ----------------------------------------------------------------------------------------------------------------------- */

static void refused_text(const char *text, const char *says)
{
    write_text("bad.json", text);
    refused("measure bad.json --json", says);
}

static void test_bad_landmarks(void **state)
{
    (void)state;
    refused_text("", "bad.json:");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [NaN, 1], \"SP\": [0, 1], \"IA\": [1, 2], \"IP\": [0, 2]}}}", "bad.json:1");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [1e300, 1], \"SP\": [0, 1], \"IA\": [1, 2], \"IP\": [0, 2]}}}", "L3.SA");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [1e400, 1], \"SP\": [0, 1], \"IA\": [1, 2], \"IP\": [0, 2]}}}", "bad.json:1");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [null, 1], \"SP\": [0, 1], \"IA\": [1, 2], \"IP\": [0, 2]}}}", "got null");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [1, 1], \"SP\": [0, 1], \"IA\": [1, 2]}}}", "L3.IP");
    refused_text("{\"vertebrae\": {\"X3\": {\"SA\": [1, 1], \"SP\": [0, 1], \"IA\": [1, 2], \"IP\": [0, 2]}}}", "X3");
    refused_text("{\"vertebrae\": 3}", "vertebrae");
    refused_text("{\"id\": \"a\"}", "landmarks of a film");
    refused_text("{\"cases\": []}", "no case");
    refused_text("{\"cases\": [1]}", "an object");
    refused_text("{\"FH\": [[1, 2, 3], [1, 2, 3], [1, 2, 3]]}", "FH");
    refused_text("{\"FH\": [[1, 2, 3]], \"spacing\": [0, 1]}", "spacing");
    refused_text("{\"FH\": [[1, 2, 3]], \"spacing\": [0.005, 9]}", "neither above ten times the other");
    refused_text("{\"FH\": [[1, 2, 3]], \"spacing\": 1000}", "0.005 to 10");
    refused_text("{\"mode\": \"ap\", \"vertebrae\": {\"T1\": {\"UL\": [1, 1], \"UR\": [9, 1], \"LL\": [1, 9], \"LR\": [9, 9]}, "
                 "\"T2\": {\"SA\": [1, 11], \"SP\": [9, 11], \"IA\": [1, 19], \"IP\": [9, 19]}}}",
                 "T2: got nothing, wanted the corners UL UR LL LR");
    refused_text("{\"FH\": [[1, 2, 3]], \"age\": \"old\"}", "age");
    refused_text("{\"FH\": [[1, 2, 3]], \"facing\": \"up\"}", "auto, right, left");
    refused_text("{\"FH\": [[1, 2, 3]], \"mode\": \"oblique\"}", "lateral");
    refused_text("{\"FH\": [[1, 2, 3]], \"want\": \"SS\"}", "want");
    refused_text("{\"FH\": [[1, 2, 3]], \"region\": \"hip\"}", "whole, cervical, thoracic, lumbar, ap");
    refused_text("{\"FH\": [[1, 2, 3]], \"mode\": \"lateral\", \"region\": \"ap\"}", "a region of lateral films");
    refused_text("{\"FH\": [[1, 2, 3]], \"choices\": {\"LL\": \"L9\"}}", "LL: got \"L9\"");
    refused_text("{\"vertebrae\": {\"L3\": {\"SA\": [9, 1], \"SP\": [1, 1], \"IA\": [9, 8], \"IP\": [1, 8], \"dip\": [2, 0]}}}", "L3: got 2, wanted [superior, inferior]");
    refused_text("{\"FH\": [[1, 2, 3]], \"interpolated\": \"L3\"}", "a list of levels");
    refused_text("{\"FH\": [[1, 2, 3]], \"level_unsure\": [\"X3\"]}", "level_unsure: got \"X3\"");
    refused_text("{\"mode\": \"coronal\", \"order\": [\"T1\"], \"vertebrae\": {}}", "order");
    refused_text("{\"FH\": [[1, 2, 3]]", "bad.json:1");
    refused_text("[[[[[", "bad.json:1");
    write_text("bad.csv", "file,T1_TL_x\na,1\n");
    refused("measure bad.csv", "T1_TL_y");
    write_text("bad.csv", "spacing,T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y\n400,1,2,3,4,5,6,7,8\n");
    refused("measure bad.csv", "bad.csv:2: spacing");
    refused("measure bad.csv --classes levels", "--classes: got landmarks");
    write_text("bad.csv", "file,a\na,1\n");
    refused("measure bad.csv", "no corner columns");
    write_text("bad.csv", "T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y\n1,2,3,4,5,6,7,nan\n");
    refused("measure bad.csv", "bad.csv:2");
    write_text("bad.csv", "T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y\n1,2,3,4,5,6,7,\n");
    refused("measure bad.csv", "7 of its 8");
}

static void test_bad_maps(void **state)
{
    (void)state;
    map("none.png", 3, 4, "000000000000");
    refused("measure none.png", "nothing of a spine");
    image m = image_new(40, 40, 8);
    char *path = in("strange.png"), *cut = in("cut.png"), *film = in("film.png");
    for (int64_t i = 0; i < 1600; i++) ((uint8_t *)m.p)[i] = i % 40 > 10 && i % 40 < 30 ? 77 : 0;
    image_write(path, &m), image_free(&m);
    refused("measure strange.png", "the value 77");
    size_t n;
    char *bytes = file_read(film, 1 << 20, &n);
    file_write(cut, bytes, n / 2);
    refused("measure cut.png", "PNG");
    refused("measure no.png", "no such file");
    refused("measure film.png --device cuda", "cpu, auto");
    refused("measure film.png --region spine", "whole, cervical, thoracic, lumbar, ap");
    refused("measure film.png --facing up", "left, auto, right");
    refused("measure film.png --spacing 0,1", "--spacing");
    refused("measure film.png --spacing 1e9,1", "--spacing");
    refused("measure film.png --spacing .001,.001", "0.005 to 10");
    refused("measure film.png --spacing .1,2", "neither above ten times the other");
    refused("measure film.png --age -3", "--age");
    refused("measure film.png --uncertainty 0", "--uncertainty");
    refused("measure film.png --corners best", "--corners");
    refused("measure film.png --film nowhere.png", "nowhere.png");
    refused("measure", "got 0 inputs");
    write_text("plain.txt", "hello");
    refused("measure plain.txt", "not a PNG");
    free(path), free(cut), free(film), free(bytes);
}

static const char *error_of(const json_t *o, const char *name) { return json_string_value(at(at(only(o), "errors"), name)); }

/* Input that is well-formed and of no use gives its code, not an exit. */
static void test_degenerate(void **state)
{
    (void)state;
    write_text("d.json", "{\"facing\": \"right\", \"vertebrae\": "
                         "{\"T1\": {\"SA\": [5, 5], \"SP\": [5, 5], \"IA\": [9, 9], \"IP\": [0, 9]}}, \"want\": [\"T1S\", \"nonsense\"]}");
    json_t *o = object("measure d.json --json");
    assert_string_equal(error_of(o, "T1S"), "E_DEGENERATE:T1sup");
    assert_string_equal(error_of(o, "nonsense"), "E_UNDEFINED:no such parameter");
    json_decref(o);
    write_text("d.json", "{\"facing\": \"right\", \"vertebrae\": "
                         "{\"T1\": {\"SA\": [0, 5], \"SP\": [9, 5], \"IA\": [9, 9], \"IP\": [0, 9]}}, \"want\": [\"T1S\"]}");
    o = object("measure d.json --json");
    assert_string_equal(error_of(o, "T1S"), "E_DEGENERATE:corner_order");
    json_decref(o);
    write_text("d.json", "{\"mode\": \"coronal\", \"vertebrae\": "
                         "{\"T1\": {\"UL\": [1, 1], \"UR\": [1, 1], \"LL\": [1, 1], \"LR\": [1, 1]}, "
                         "\"T2\": {\"UL\": [1, 5], \"UR\": [5, 5], \"LL\": [1, 9], \"LR\": [5, 9]}}}");
    o = object("measure d.json --json");
    assert_string_equal(error_of(o, "cobb"), "E_DEGENERATE:endplate");
    json_decref(o);
}

/* Corners as on the screen take their names from the side that --facing says, whatever the votes say of bodies alone: nothing. */
static void test_corners_follow_the_side(void **state)
{
    (void)state;
    succeeds("synth side.h5 region=thoracic n=2 height=256 width=160 facing=left --quiet", "256 x 160");
    json_t *left = object("measure side.h5 --region thoracic --facing left --json --quiet"),
           *right = object("measure side.h5 --region thoracic --facing right --json --quiet"),
           *e = object("eval side.h5 side.h5 --region thoracic --facing left --json --quiet"), *p;
    size_t k, seen = 0;
    for (size_t i = 0; i < 2; i++) {
        const double kyphosis = number(at(json_array_get(at(left, "cases"), i), "values"), "TK");
        assert_true(kyphosis > 5 && kyphosis < 90);
        near(number(at(json_array_get(at(right, "cases"), i), "values"), "TK"), -kyphosis, 1e-9);
    }
    json_array_foreach(at(e, "parameters"), k, p)
        if (!strcmp(json_string_value(at(p, "name")), "TK")) { near(number(p, "n") + number(p, "failed"), 2, 0); seen++; }
    assert_int_equal(seen, 1);
    refused("eval side.h5 side.h5 --facing up", "left, auto, right");
    json_decref(left), json_decref(right), json_decref(e);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_and_predictions),
        cmocka_unit_test(test_predicted_film),
        cmocka_unit_test(test_wanted_of_the_other_view),
        cmocka_unit_test(test_blank_map_among_others),
        cmocka_unit_test(test_class_roles),
        cmocka_unit_test(test_corner_table),
        cmocka_unit_test(test_corner_table_in_any_order),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_what_masks_showed),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_bad_landmarks),
        cmocka_unit_test(test_bad_maps),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_corners_follow_the_side),
    };
    return RUN_TESTS(tests);
}

int main(void) { return run_drawn(run); }
