/* measure_rig.h - what the tests of `darkspine measure` share: a spine drawn as a label map, and looking into the JSON that comes out. */
#ifndef TESTS_MEASURE_RIG_H
#define TESTS_MEASURE_RIG_H
#include "tests/cli.h"
#include "tests/spine.h"
#include <math.h>

static inline const json_t *at(const json_t *o, const char *key) { return json_object_get(o, key); }

/* ---- films drawn from a spine -------------------------------------------------------------------------------------------------------- */

enum { FH = 1150, FW = 560 };
static __attribute__((unused)) spine drawn;
static const spine_view view = { 1, 0.7, 0.7, FW / 2, 860, 0 };
static uint8_t labels_drawn[FH * FW];

static inline void save(const char *name, const uint8_t *map)
{
    char *path = in(name), *parent = path_folder(path);
    image m = { FH, FW, 8, (void *)(uintptr_t)map };
    file_make_folders(parent);
    image_write(path, &m);
    free(path), free(parent);
}

static inline const json_t *only(const json_t *o)
{
    assert_int_equal(json_array_size(at(o, "cases")), 1);
    return json_array_get(at(o, "cases"), 0);
}

/* Values of the film within so many degrees of the truth. */
static inline void true_values(const json_t *c, double degrees)
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

static inline int warned(const json_t *c, const char *text)
{
    const json_t *w = at(c, "warnings");
    for (size_t i = 0; i < json_array_size(w); i++) if (!strcmp(json_string_value(json_array_get(w, i)), text)) return 1;
    return 0;
}

static inline void draw_spine(void)
{
    uint64_t seed = 12;
    drawn = spine_make(&seed, &(spine_noise){ 0.5, 1, 0.02, 0, 0 });
    spine_draw(&drawn, &view, labels_drawn, FH, FW);
}

static inline int run_drawn(int (*run)(void))
{
    folder = test_scratch();
    draw_spine(), save("film.png", labels_drawn);
    int failed = run();
    test_scratch_remove(folder);
    return failed;
}
#endif
