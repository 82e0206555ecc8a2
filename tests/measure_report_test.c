/* measure_report_test.c - what `darkspine measure` leaves behind: text, CSV, JSON, uncertainties, drawings. */
#include "tests/measure_rig.h"

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
    succeeds("measure film.png --spacing .7,.7 --out film.csv", "film.csv");
    char *path = in("film.csv"), *text = file_read(path, 1 << 20, NULL);
    assert_true(!strncmp(text, "film,parameter,title,value,unit,sd,low,high,flag,interpolated,doubts,missing\n", 76));
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
    char *found = json_dumps(only(a), 0);        /* what was found is landmarks again */
    write_text("found.json", found), free(found);
    json_t *c = object("measure found.json --uncertainty 1 --json");
    assert_true(number(at(only(c), "sd"), "SS") > number(at(only(c), "sd"), "PT"));
    json_decref(a), json_decref(b), json_decref(c);
}

/* A film that does not say which way the patient looks says what to do about it. */
static void test_hint(void **state)
{
    (void)state;
    write_text("unclear.json", "{\"vertebrae\": {\"L3\": {\"UL\": [0, 0], \"UR\": [9, 0], \"LL\": [0, 5], \"LR\": [9, 5]}}, "
                               "\"mode\": \"lateral\"}");
    result r = call("measure unclear.json unclear.json --json");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.err, "2 films do not say which way the patient looks (E_FACING_AMBIGUOUS)"));
    assert_non_null(strstr(r.err, "--facing left or --facing right"));
    drop(&r);
}

static void test_overlay(void **state)
{
    (void)state;
    image film = image_new(FH, FW, 8);
    char *path = in("xray.png"), *drawn_path = in("overlay.png"), *svg = in("overlay.svg");
    for (int64_t i = 0; i < FH * FW; i++) ((uint8_t *)film.p)[i] = (uint8_t)(i % FW / 3);
    image_write(path, &film), image_free(&film);
    succeeds("measure film.png --spacing .7,.7 --overlay overlay.png --film xray.png", "\ndrawn: overlay.png\n");
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
    map("small.png", 3, 4, "000000000000");
    refused("measure film.png --overlay other.png --film small.png", "wanted the size of the masks");
    free(path), free(drawn_path), free(svg), free(text);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_uncertainty),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_overlay),
    };
    return RUN_TESTS(tests);
}

int main(void) { return run_drawn(run); }
