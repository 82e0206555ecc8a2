/* measure_test.c - `darkspine measure` from outside: the worked examples through its JSON, every kind of input, bad input, overlays. */
#include "tests/cli.h"
#include "tests/spine.h"
#include "datasets/store.h"
#include "eval/predictions.h"
#include <math.h>

static const double TOLERANCE = 1e-6;

/* ---- the worked examples: spine.txt written as JSON, then its expectations read from what comes out ---------------------------------- */

typedef struct { json_t *cases, *o; int frontal; } writer;

static json_t *pair(double x, double y) { return json_pack("[f f]", x, y); }

static json_t *member(json_t *o, const char *key, json_t *fresh)
{
    if (!json_object_get(o, key)) json_object_set_new(o, key, fresh);
    else json_decref(fresh);
    return json_object_get(o, key);
}

static json_t *words_of(const char *rest)
{
    json_t *list = json_array();
    char *copy = xdup(rest), *save;
    for (char *w = strtok_r(copy, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) json_array_append_new(list, json_string(w));
    free(copy);
    return list;
}

static void write_film(writer *w, const char *key, const char *rest)
{
    static const char *const lateral[] = { "SA", "SP", "IA", "IP" }, *const frontal[] = { "UL", "UR", "LL", "LR" };
    double v[8];
    char name[64];
    if (!strcmp(key, "case")) {
        sscanf(rest, "%63s", name);
        w->o = json_pack("{s:s}", "id", name), w->frontal = 0;
        json_array_append_new(w->cases, w->o);
    } else if (!strcmp(key, "mode")) {
        w->frontal = !strncmp(rest, "coronal", 7);
        json_object_set_new(w->o, "mode", json_string(w->frontal ? "coronal" : "lateral"));
    } else if (!strcmp(key, "spacing") && sscanf(rest, "%lf %lf", v, v + 1) == 2) json_object_set_new(w->o, "spacing", pair(v[0], v[1]));
    else if (!strcmp(key, "facing") && sscanf(rest, "%63s", name) == 1) json_object_set_new(w->o, "facing", json_string(name));
    else if (!strcmp(key, "age")) json_object_set_new(w->o, "age", json_real(atof(rest)));
    else if (!strcmp(key, "vertebra")) {
        sscanf(rest, "%63s %lf %lf %lf %lf %lf %lf %lf %lf", name, v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7);
        json_t *q = json_object();
        for (int k = 0; k < 4; k++) json_object_set_new(q, w->frontal ? frontal[k] : lateral[k], pair(v[2 * k], v[2 * k + 1]));
        json_object_set_new(member(w->o, "vertebrae", json_object()), name, q);
        if (w->frontal) json_array_append_new(member(w->o, "order", json_array()), json_string(name));
    } else if (!strcmp(key, "s1")) {
        sscanf(rest, "%lf %lf %lf %lf", v, v + 1, v + 2, v + 3);
        json_object_set_new(w->o, "S1", json_pack("{s:o s:o}", "SA", pair(v[0], v[1]), "SP", pair(v[2], v[3])));
    } else if (!strcmp(key, "head")) {
        sscanf(rest, "%lf %lf %lf", v, v + 1, v + 2);
        json_array_append_new(member(w->o, "FH", json_array()), json_pack("[f f f]", v[0], v[1], v[2]));
    } else if (!strcmp(key, "point")) {
        sscanf(rest, "%63s %lf %lf", name, v, v + 1);
        json_object_set_new(member(w->o, "points", json_object()), name, pair(v[0], v[1]));
    } else if (!strcmp(key, "want")) json_object_set_new(w->o, "want", words_of(rest));
    else if (!strcmp(key, "compression") || !strcmp(key, "compression_error")) {
        sscanf(rest, "%63s", name);
        json_array_append_new(member(w->o, "compression", json_array()), json_string(name));
    } else if (!strcmp(key, "slip")) {
        char lower[64];
        sscanf(rest, "%63s %63s", name, lower);
        json_array_append_new(member(w->o, "slip", json_array()), json_pack("[s s]", name, lower));
    }
}

typedef struct { const json_t *o; const char *id; size_t compressions, slips, values, errors; } seen;

static void same(const seen *s, const char *what, double got, double want)
{
    if (!(fabs(got - want) <= TOLERANCE)) fail_msg("%s: %s is %.10g, wanted %.10g", s->id, what, got, want);
}

static void same_text(const seen *s, const char *what, const json_t *got, const char *want)
{
    const char *text = json_string_value(got);
    if (!text || strncmp(text, want, strcspn(want, "\n"))) fail_msg("%s: %s is %s, wanted %s", s->id, what, text ? text : "missing", want);
}

static const json_t *at(const json_t *o, const char *key) { return json_object_get(o, key); }

static void check_gap(seen *s, const char *rest)
{
    static const char *const names[] = { "RPV", "RLL", "LDI", "RSA", "age" };
    int w[6];
    char category[8], near_list[32];
    sscanf(rest, "%d %d %d %d %d %d %7s %31s", w, w + 1, w + 2, w + 3, w + 4, w + 5, category, near_list);
    const json_t *g = at(s->o, "GAP"), *scores = at(g, "scores");
    for (int i = 0; i < 5; i++) same(s, names[i], number(scores, names[i]), w[i]);
    same(s, "total", number(g, "total"), w[5]);
    same_text(s, "category", at(g, "category"), category);
    for (size_t i = 0; i < 4; i++) {
        int listed = 0;
        for (size_t k = 0; k < json_array_size(at(g, "near_boundary")); k++)
            listed |= !strcmp(json_string_value(json_array_get(at(g, "near_boundary"), k)), names[i]);
        assert_int_equal(listed, strstr(near_list, names[i]) != NULL);
    }
}

static void check_compression(seen *s, const char *rest, int is_error)
{
    static const char *const keys[] = { "CR_anterior", "CR_middle", "CR_posterior", "loss_anterior_pct", "ratio_ant_post", "wedge_angle",
        "genant_loss_pct" };
    const json_t *c = json_array_get(at(s->o, "compression"), s->compressions++);
    char level[8], text[64];
    double w[7];
    int grade, one;
    if (is_error) {
        sscanf(rest, "%7s %63s", level, text);
        same_text(s, "compression error", at(c, "error"), text);
        return;
    }
    sscanf(rest, "%7s %lf %lf %lf %lf %lf %lf %lf %63s %d %d", level, w, w + 1, w + 2, w + 3, w + 4, w + 5, w + 6, text, &grade, &one);
    same_text(s, "level", at(c, "level"), level);
    for (int i = 0; i < 7; i++) same(s, keys[i], number(c, keys[i]), w[i]);
    same_text(s, "genant_type", at(c, "genant_type"), text);
    same(s, "genant_grade", number(c, "genant_grade"), grade);
    int warned = 0;
    for (size_t i = 0; i < json_array_size(at(c, "warnings")); i++)
        warned |= !strcmp(json_string_value(json_array_get(at(c, "warnings"), i)), "W_ONE_NEIGHBOUR");
    assert_int_equal(warned, one);
}

static void check_line(seen *s, const char *key, const char *rest)
{
    char name[64], text[128] = "", third[64];
    double v[3];
    if (!strcmp(key, "value") && sscanf(rest, "%63s %lf", name, v) == 2) same(s, name, number(at(s->o, "values"), name), v[0]), s->values++;
    else if (!strcmp(key, "px") && sscanf(rest, "%63s %lf", name, v) == 2) same(s, name, number(at(s->o, "values_px"), name), v[0]);
    else if (!strcmp(key, "error") && sscanf(rest, "%63s %127[^\n]", name, text) == 2)
        same_text(s, name, at(at(s->o, "errors"), name), text), s->errors++;
    else if (!strcmp(key, "warning")) {
        int found = 0;
        for (size_t i = 0; i < json_array_size(at(s->o, "warnings")); i++)
            found |= !strncmp(rest, json_string_value(json_array_get(at(s->o, "warnings"), i)), strcspn(rest, "\n"));
        if (!found) fail_msg("%s: no warning %s", s->id, rest);
    } else if (!strcmp(key, "side") && sscanf(rest, "%63s %lf", name, v) == 2)
        same_text(s, "facing", at(s->o, "facing"), name), same(s, "facing_score", number(s->o, "facing_score"), v[0]);
    else if (!strcmp(key, "gap")) check_gap(s, rest);
    else if (!strcmp(key, "schwab") && sscanf(rest, "%63s %127s %63s", name, text, third) == 3) {
        const json_t *g = at(s->o, "Schwab");
        same_text(s, "PI-LL", at(g, "PI-LL"), name), same_text(s, "PT", at(g, "PT"), text);
        if (strcmp(third, "-")) same_text(s, "SVA", at(g, "SVA"), third);
        else assert_true(json_is_null(at(g, "SVA")));
    } else if (!strcmp(key, "roussouly") && sscanf(rest, "%63s", name) == 1) same_text(s, "Roussouly_by_SS", at(s->o, "Roussouly_by_SS"),
        name);
    else if (!strncmp(key, "compression", 11)) check_compression(s, rest, key[11] == '_');
    else if (!strcmp(key, "slip") && sscanf(rest, "%63s %127s %lf %lf %63s", name, text, v, v + 1, third) == 5) {
        const json_t *p = json_array_get(at(s->o, "slip"), s->slips++);
        same_text(s, "upper", at(p, "upper"), name), same_text(s, "lower", at(p, "lower"), text);
        same(s, "slip_pct", number(p, "slip_pct"), v[0]), same(s, "slip_mm", number(p, "slip_mm"), v[1]);
        same_text(s, "meyerding", at(p, "meyerding"), third);
    } else if (!strcmp(key, "cobb") && sscanf(rest, "%lf %63s %127s %63s", v, name, text, third) == 4) {
        same(s, "cobb", number(s->o, "cobb"), v[0]);
        same_text(s, "upper_end", at(s->o, "upper_end"), name), same_text(s, "lower_end", at(s->o, "lower_end"), text);
        same_text(s, "convex", at(s->o, "convex"), third);
        assert_true(json_is_true(at(s->o, "scoliosis")));
    }
}

/* Nothing beside what the case wants. */
static void no_more(const seen *s)
{
    if (json_object_size(at(s->o, "values")) != s->values || json_object_size(at(s->o, "errors")) != s->errors)
        fail_msg("%s: %zu values and %zu errors, wanted %zu and %zu", s->id, json_object_size(at(s->o, "values")),
                 json_object_size(at(s->o, "errors")), s->values, s->errors);
}

static void test_examples(void **state)
{
    (void)state;
    char line[4096], key[64];
    writer w = { .cases = json_array() };
    FILE *f = fopen("tests/golden/spine.txt", "r");
    int from;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%63s %n", key, &from) < 1) continue;
        if (!strcmp(key, "score") || !strcmp(key, "gapcase")) break;
        write_film(&w, key, line + from);
    }
    char *text = json_dumps(w.cases, JSON_REAL_PRECISION(17));
    write_text("examples.json", text);
    json_t *all = object("measure examples.json --json");
    assert_int_equal(json_array_size(at(all, "cases")), 30);
    seen s = { 0 };
    size_t n = 0, checks = 0;
    rewind(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' || sscanf(line, "%63s %n", key, &from) < 1) continue;
        if (!strcmp(key, "score") || !strcmp(key, "gapcase")) break;
        if (!strcmp(key, "case")) {
            if (s.o) no_more(&s);
            s = (seen){ .o = json_array_get(at(all, "cases"), n++) };
            s.id = json_string_value(at(s.o, "id"));
        } else check_line(&s, key, line + from), checks++;
    }
    no_more(&s);
    assert_int_equal(n, 30);
    assert_true(checks > 800);
    fclose(f), json_decref(all), json_decref(w.cases), free(text);
}

/* The same film once for itself, once in a list, once in {"cases"}; flags win over the file. */
static void test_forms(void **state)
{
    (void)state;
    static const char one[] = "{\"id\": \"a\", \"facing\": \"right\", \"vertebrae\": "
                              "{\"L4\": {\"SA\": [10, 10], \"SP\": [0, 10], \"IA\": [10, 16], "
                              "\"IP\": [0, 16]}, \"L5\": {\"SA\": [10, 20], \"SP\": [0, 20], \"IA\": [10, 26], \"IP\": [0, 26]}}, "
                              "\"S1\": {\"SA\": [9, 35], \"SP\": [1, 28]}, \"points\": {\"nose\": [3, 4]}}";
    char *list = xprintf("[%s, %s]", one, one), *cases = xprintf("{\"cases\": [%s]}", one);
    write_text("one.json", one), write_text("list.json", list), write_text("cases.json", cases);
    json_t *a = object("measure one.json --json"), *b = object("measure list.json one.json --json"),
        *c = object("measure cases.json --json --spacing .5,.5 --age 70 --facing left");
    const json_t *f = json_array_get(at(a, "cases"), 0), *g = json_array_get(at(c, "cases"), 0);
    assert_int_equal(json_array_size(at(b, "cases")), 3);
    near(number(at(f, "values"), "SS"), 41.18592516570965, 1e-9);
    assert_string_equal(json_string_value(at(at(f, "errors"), "LL")), "E_MISSING:L1");
    assert_true(json_is_null(at(f, "spacing")) && json_is_string(at(f, "spacing_why")));
    assert_string_equal(json_string_value(at(g, "facing")), "left");
    near(number(g, "age"), 70, 0);
    near(json_number_value(json_array_get(at(g, "spacing"), 0)), 0.5, 0);
    json_decref(a), json_decref(b), json_decref(c), free(list), free(cases);
}

/* ---- films drawn from a spine -------------------------------------------------------------------------------------------------------- */

enum { FH = 1150, FW = 560 };
static spine drawn;
static const spine_view view = { 1, 0.7, 0.7, FW / 2, 860, 0 };
static uint8_t labels_drawn[FH * FW];

static void save(const char *name, const uint8_t *map)
{
    char *path = in(name), *parent = path_folder(path);
    image m = { FH, FW, 8, (void *)(uintptr_t)map };
    file_make_folders(parent);
    image_write(path, &m);
    free(path), free(parent);
}

static const json_t *only(const json_t *o)
{
    assert_int_equal(json_array_size(at(o, "cases")), 1);
    return json_array_get(at(o, "cases"), 0);
}

/* Values of the film within so many degrees of the truth. */
static void true_values(const json_t *c, double degrees)
{
    static const char *const names[] = { "SS", "PT", "PI", "LL", "L4S1", "TK", "TLK", "GT", "TPA" };
    geo_case *truth = spine_case(&drawn, &view, 1);
    geo_result *r = geo_measure(truth);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        geo_value v;
        geo_result_value(r, geo_parameter_find(names[i]), &v);
        double got = number(at(c, "values"), names[i]);
        if (!(fabs(got - v.value) <= degrees)) fail_msg("%s is %.2f, wanted %.2f", names[i], got, v.value);
    }
    geo_result_free(r), geo_case_free(truth);
}

static int warned(const json_t *c, const char *text)
{
    const json_t *w = at(c, "warnings");
    for (size_t i = 0; i < json_array_size(w); i++) if (!strcmp(json_string_value(json_array_get(w, i)), text)) return 1;
    return 0;
}

static void test_label_map(void **state)
{
    (void)state;
    save("film.png", labels_drawn);
    json_t *o = object("measure film.png --spacing .7,.7 --age 50 --json");
    const json_t *c = only(o);
    has(c, "id values errors warnings facing facing_score GAP Schwab Roussouly_by_SS compression slip vertebrae S1 FH points interpolated");
    assert_string_equal(json_string_value(at(c, "id")), "film");
    assert_string_equal(json_string_value(at(c, "facing")), "right");
    true_values(c, 4);
    char *found = json_dumps(c, 0);              /* what was found is landmarks again: measured once more, the same comes out */
    write_text("found.json", found), free(found);
    json_t *again = object("measure found.json --json");
    near(number(at(only(again), "values"), "PI"), number(at(c, "values"), "PI"), 1e-9);
    near(number(at(only(again), "values"), "TK"), number(at(c, "values"), "TK"), 1e-9);
    json_decref(again), json_decref(o);
    o = object("measure film.png --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "SVA")), "E_NO_SPACING");
    assert_true(number(at(only(o), "values_px"), "SVA") != 0 && number(at(only(o), "values_S1"), "SVA") != 0);
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "GAP")), "E_NO_AGE");
    json_decref(o);
}

static void test_choices(void **state)
{
    (void)state;
    json_t *a = object("measure film.png --spacing .7,.7 --json"),
        *b = object("measure film.png --spacing .7,.7 --json TK=T2-T12 measure.SVA=corner");
    assert_true(fabs(number(at(only(a), "values"), "TK") - number(at(only(b), "values"), "TK")) > 0.5);
    assert_true(fabs(number(at(only(a), "values"), "SVA") - number(at(only(b), "values"), "SVA")) > 4);
    json_decref(a), json_decref(b);
    refused("measure film.png TK=T3-T12", "T3-T12");
    refused("measure film.png TKK=T2-T12", "did you mean TK?");
    refused("measure film.png cobb_method=cobb", "midline, endplate");
    json_t *e = object("measure film.png --spacing .7,.7 --corners extreme --json");
    true_values(only(e), 6);
    json_decref(e);
}

static void test_mirrored(void **state)
{
    (void)state;
    uint8_t *flipped = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) flipped[i] = labels_drawn[i / FW * FW + FW - 1 - i % FW];
    save("flipped.png", flipped), free(flipped);
    json_t *o = object("measure flipped.png --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(only(o), "facing")), "left");
    true_values(only(o), 4);
    json_decref(o);
}

static void test_missing_body(void **state)
{
    (void)state;
    uint8_t *gone = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) gone[i] = labels_drawn[i] == GEO_T12 ? 0 : labels_drawn[i];
    save("gone.png", gone);
    json_t *o = object("measure gone.png --spacing .7,.7 --json");
    assert_true(warned(only(o), "W_INTERPOLATED:T12"));
    assert_string_equal(json_string_value(json_array_get(at(only(o), "interpolated"), 0)), "T12");
    true_values(only(o), 9);
    json_decref(o);
    for (int64_t i = 0; i < FH * FW; i++) if (gone[i] >= 26) gone[i] = 0;
    save("nohips.png", gone), free(gone);
    o = object("measure nohips.png --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "PT")), "E_MISSING:femoral_heads");
    json_decref(o);
}

static const char whole_csv[] = "value,name,kind\n2,C2,vertebra\n3,vertebra,vertebra\n25,sacrum,sacrum\n26,femoral_head,femoral_head\n";

/* One class for all vertebrae, named by the anchors; and each vertebra an instance. */
static void test_unnamed(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++)
        m[i] = labels_drawn[i] > 3 && labels_drawn[i] < 25 ? 3 : labels_drawn[i] == 27 ? 26 : labels_drawn[i];
    save("unnamed.png", m);
    write_text("whole.csv", whole_csv);
    json_t *o = object("measure unnamed.png --classes whole.csv --spacing .7,.7 --json");
    true_values(only(o), 4);
    json_decref(o);
    refused("measure unnamed.png --classes nowhere.csv", "nowhere.csv");
    o = object("measure film.png --classes levels --spacing .7,.7 --json");
    true_values(only(o), 4);
    json_decref(o);
    for (int64_t i = 0; i < FH * FW; i++) m[i] = labels_drawn[i] >= GEO_L1 && labels_drawn[i] <= GEO_L5 ? labels_drawn[i] : 0;
    save("lumbar.png", m), free(m);              /* without an anchor the numbers are a guess, and say so */
    o = object("measure lumbar.png --instances --region lumbar --facing right --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "SS")), "E_MISSING:S1");
    assert_null(at(at(only(o), "errors"), "TK"));
    assert_int_equal(json_object_size(at(only(o), "vertebrae")), 5);
    json_decref(o);
}

/* DIR/NNN_LEVEL.png, 0 and 255, as export writes them; and as separate words. */
static void test_instances(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int v = GEO_C2; v <= 27; v++) {
        char name[64];
        snprintf(name, sizeof name, "instances/one/%03d_%s.png", v,
            v < 25 ? geo_level_name(v) : v == 25 ? "sacrum" : v == 26 ? "femoral_head_1" : "femoral_head_2");
        for (int64_t i = 0; i < FH * FW; i++) m[i] = labels_drawn[i] == v ? 255 : 0;
        save(name, m);
    }
    free(m);
    json_t *o = object("measure instances/one --spacing .7,.7 --json"),
        *p = object("measure instances/one/0*.png --instances --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(only(o), "id")), "one");
    true_values(only(o), 4), true_values(only(p), 4);
    json_decref(o), json_decref(p);
    map("instances/two/001_L3.png", 3, 4, "110011000000"), map("instances/two/002_L4.png", 3, 3, "110110000");
    refused("measure instances/two", "as the first instance");
}

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
            char *more = xprintf("%s,T%d_TL_x,T%d_TL_y,T%d_TR_x,T%d_TR_y,T%d_BL_x,T%d_BL_y,T%d_BR_x,T%d_BR_y", text[k], level, level, level, level,
                                 level, level, level, level);
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

static void test_frontal_map(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int i = 0; i < 17; i++) {
        double x = 280 + 40 * sin(i * 0.35), slope = atan2(40 * 0.35 * cos(i * 0.35), 60), c = cos(slope), n = sin(slope);
        static const double u[4] = { -28, 28, 27, -27 }, v[4] = { -20, -20, 20, 20 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = (geo_point){ x + c * u[k] + n * v[k], 60 + 60 * i - n * u[k] + c * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, m, FH, FW, (uint8_t)(i + 1));
    }
    save("ap.png", m);
    json_t *ids = object("measure ap.png --region ap --json");
    for (int64_t i = 0; i < FH * FW; i++) m[i] = m[i] ? 255 : 0;
    save("ap2.png", m), free(m);
    json_t *binary = object("measure ap2.png --region ap --json");
    near(number(only(ids), "cobb"), 26, 2.5);
    near(number(only(ids), "cobb"), number(only(binary), "cobb"), 1e-9);
    assert_int_equal(json_array_size(at(only(ids), "order")), 17);
    assert_string_equal(json_string_value(json_array_get(at(only(binary), "order"), 16)), "L5");
    json_decref(ids), json_decref(binary);
}

/* ---- reports and drawings ------------------------------------------------------------------------------------------------------------ */

static void test_reports(void **state)
{
    (void)state;
    result r = call("measure film.png --spacing .7,.7 --age 50 --uncertainty 0.5");
    assert_int_equal(r.status, 0);
    static const char *const says[] = { "sacral slope", "normal", "20 to 65", "± SD", "GAP score", "SRS-Schwab", "Roussouly",
        "E_MISSING:hard_palate", "looking right" };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (!strstr(r.out, says[i])) fail_msg("no '%s' in the report:\n%s", says[i], r.out);
    drop(&r);
    succeeds("measure examples.json", "W13_lumbar_kyphosis");
    succeeds("measure film.png --spacing .7,.7 --out film.csv", "film.csv");
    char *path = in("film.csv"), *text = file_read(path, 1 << 20, NULL);
    assert_true(!strncmp(text, "film,parameter,title,value,unit,sd,low,high,flag,interpolated,missing\n", 69));
    assert_non_null(strstr(text, "\nfilm,SS,sacral slope,"));
    refused("measure film.png --out film.csv", "--force");
    refused("measure film.png --out film.pdf", ".json");
    succeeds("measure film.png --out film.json", "film.json");
    write_text("strict.csv", "code,low,high,unit,population,source\nSS,1,2,deg,nobody,none\n");
    json_t *o = object("measure film.png --ranges strict.csv --json");
    assert_string_equal(json_string_value(at(at(only(o), "flags"), "SS")), "high");
    assert_null(at(at(only(o), "flags"), "PT"));
    write_text("strict.csv", "code,low,high,unit,population,source\nSS,2,1,deg,nobody,none\n");
    refused("measure film.png --ranges strict.csv", "strict.csv:2");
    json_decref(o), free(path), free(text);
}

static void test_uncertainty(void **state)
{
    (void)state;
    json_t *a = object("measure film.png --spacing .7,.7 --age 50 --uncertainty 0.5 --json"),
        *b = object("measure film.png --spacing .7,.7 --age 50 --uncertainty 0.5 --json");
    const json_t *sd = at(only(a), "sd"), *p = at(only(a), "GAP_probability");
    assert_true(number(sd, "SS") > 0.05 && number(sd, "SS") < 6 && number(sd, "PT") < number(sd, "SS"));
    near(number(p, "P") + number(p, "MD") + number(p, "SD"), 1, 0.05);
    near(number(sd, "SS"), number(at(only(b), "sd"), "SS"), 0);
    json_t *c = object("measure found.json --uncertainty 1 --json");
    assert_true(number(at(only(c), "sd"), "SS") > number(at(only(c), "sd"), "PT"));
    json_decref(a), json_decref(b), json_decref(c);
}

static void test_overlay(void **state)
{
    (void)state;
    image film = image_new(FH, FW, 8);
    char *path = in("xray.png"), *drawn_path = in("overlay.png"), *svg = in("overlay.svg");
    for (int64_t i = 0; i < FH * FW; i++) ((uint8_t *)film.p)[i] = (uint8_t)(i % FW / 3);
    image_write(path, &film), image_free(&film);
    succeeds("measure film.png --spacing .7,.7 --overlay overlay.png --film xray.png", "sacral slope");
    image o = film_read(drawn_path);
    assert_true(o.h >= 1400 && o.w > o.h / 3);
    int bright = 0;
    for (int64_t i = 0; i < o.h * o.w; i++) bright += image_at(&o, i) > 200;
    assert_true(bright > 2000);                  /* letters and lines; the film itself stays below */
    image_free(&o);
    refused("measure film.png --overlay overlay.png", "--force");
    succeeds("measure film.png --overlay overlay.svg", "sacral slope");
    char *text = file_read(svg, 1 << 26, NULL);
    assert_true(!strncmp(text, "<?xml", 5) && strstr(text, "</svg>"));
    refused("measure film.png --overlay overlay.gif --force", "overlay.gif");
    succeeds("measure examples.json --overlay drawings", "W28_coronal_cobb");
    char *one = in("drawings/W24_cervical_normal.png"), *two = in("drawings/W16_facing_ambiguous.png");
    assert_true(file_exists(one) && file_exists(two));
    refused("measure examples.json --overlay all.png", "--overlay");
    map("small.png", 3, 4, "000000000000");
    refused("measure film.png --overlay other.png --film small.png", "wanted the size of the masks");
    free(path), free(drawn_path), free(svg), free(text), free(one), free(two);
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
    refused_text("{\"FH\": [[1, 2, 3]], \"age\": \"old\"}", "age");
    refused_text("{\"FH\": [[1, 2, 3]], \"facing\": \"up\"}", "auto, right, left");
    refused_text("{\"FH\": [[1, 2, 3]], \"mode\": \"oblique\"}", "lateral");
    refused_text("{\"FH\": [[1, 2, 3]], \"want\": \"SS\"}", "want");
    refused_text("{\"mode\": \"coronal\", \"order\": [\"T1\"], \"vertebrae\": {}}", "order");
    refused_text("{\"FH\": [[1, 2, 3]]", "bad.json:1");
    refused_text("[[[[[", "bad.json:1");
    write_text("bad.csv", "file,T1_TL_x\na,1\n");
    refused("measure bad.csv", "T1_TL_y");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_forms), cmocka_unit_test(test_label_map), cmocka_unit_test(test_choices),
        cmocka_unit_test(test_mirrored), cmocka_unit_test(test_missing_body), cmocka_unit_test(test_unnamed),
            cmocka_unit_test(test_instances),
        cmocka_unit_test(test_store_and_predictions), cmocka_unit_test(test_corner_table),
        cmocka_unit_test(test_corner_table_in_any_order), cmocka_unit_test(test_frontal_map),
        cmocka_unit_test(test_reports), cmocka_unit_test(test_uncertainty), cmocka_unit_test(test_overlay),
            cmocka_unit_test(test_bad_landmarks),
        cmocka_unit_test(test_bad_maps), cmocka_unit_test(test_degenerate),
    };
    uint64_t seed = 12;
    folder = test_scratch();
    drawn = spine_make(&seed, &(spine_noise){ 0.5, 1, 0.02, 0, 0 });
    spine_draw(&drawn, &view, labels_drawn, FH, FW);
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
