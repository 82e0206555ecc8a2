/* measure_flags.c - what the command line says of how to measure, the same for `measure` and `run`; see measure.h. */
#include "verbs/measure.h"
#include "base/die.h"
#include "base/share.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const methods[] = { "midline", "endplate" };
static const char *const estimators[] = { "auto", "mean", "extreme", "lines", "rdp", "rdp_hull", "rectangle", "axis", "sides" };

static int word_of(const char *at, const char *got, const char *const *words, int n)
{
    for (int i = 0; i < n; i++) if (!strcmp(got, words[i])) return i;
    char list[256] = "";
    for (int i = 0; i < n; i++) snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    die_at(at, "got '%s', wanted one of %s%s", got, list, die_nearest(got, words, n));
}

/* NAME=CHOICE words; measure.NAME=CHOICE is the same. */
static geo_case *read_choices(const flags *f, int *cobb)
{
    geo_case *c = geo_case_new();
    if (!c) die_machine("out of memory");
    for (int i = 0; i < f->nset; i++) {
        const char *word = strncmp(f->set[i], "measure.", 8) ? f->set[i] : f->set[i] + 8;
        char *what = xdup(word), *choice = strchr(what, '=');
        static const char *const names[] = { "TK", "LL", "SVA", "GT", "T1S", "cobb_method" };
        *choice++ = 0;
        if (!strcmp(what, "cobb_method")) *cobb = word_of(what, choice, methods, 2);
        else if (geo_case_choose(c, what, choice)) {
            int known = 0;
            for (int k = 0; k < 6; k++) known |= !strcmp(what, names[k]);
            if (!known) die("%s: no such choice%s; `darkspine measure --help` lists them; a film whose name holds a = stands behind --", what,
                            die_nearest(what, names, 6));
            die_at(what, "got '%s'; `darkspine measure --help` lists what it may be", choice);
        }
        free(what);
    }
    return c;
}

measure_settings measure_settings_read(const flags *f, geo_case **base)
{
    static const char *const sides[] = { "left", "auto", "right" };
    static const char *const regions[] = { "whole", "cervical", "thoracic", "lumbar", "ap" };
    measure_settings s = { .age = -1, .draws = 200, .seed = 1 };
    double spacing[2];
    s.region = flags_word(f, "--region", regions, 5, -1), s.facing = flags_word(f, "--facing", sides, 3, -1) - 1;
    s.cobb = flags_word(f, "--cobb-method", methods, 2, -1), s.corners = flags_word(f, "--corners", estimators, 9, 0);
    if (flags_spacing(f, spacing)) s.sx = spacing[0], s.sy = spacing[1], s.spacing_source = "user";
    s.age = flags_real(f, "--age", -1, 0, 130), s.jitter = flags_real(f, "--uncertainty", 0, 1e-6, 1000);
    s.seed = (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX);
    s.base = *base = read_choices(f, &s.cobb);
    return s;
}

ranges measure_ranges_read(const flags *f)
{
    const char *given = flags_text(f, "--ranges", NULL);
    char *path = given ? xdup(given) : share_path("configs/ranges.csv");
    ranges r = path ? ranges_read(path) : (ranges){ 0 };
    free(path);
    return r;
}
