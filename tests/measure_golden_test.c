/* measure_golden_test.c - the worked examples through `darkspine measure`: given as landmarks, read from its JSON. */
#include "tests/measure_rig.h"

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

/* A report for people, and a drawing each. */
static void test_many_films(void **state)
{
    (void)state;
    succeeds("measure examples.json", "W13_lumbar_kyphosis");
    succeeds("measure examples.json --overlay drawings", "W28_coronal_cobb");
    char *one = in("drawings/W24_cervical_normal.png"), *two = in("drawings/W16_facing_ambiguous.png");
    assert_true(file_exists(one) && file_exists(two));
    refused("measure examples.json --overlay all.png", "--overlay");
    free(one), free(two);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_many_films),
    };
    return RUN_TESTS(tests);
}

int main(void) { return run_drawn(run); }
