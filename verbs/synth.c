/* synth.c - `darkspine synth`: made-up films with exact truth, into a store. So far one kind: region=stack (datasets/stack.h). */
#include "base/die.h"
#include "base/file.h"
#include "datasets/stack.h"
#include "nn/key.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/verb.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int region; int64_t n, seed, height, width; } synth;

static const key keys[] = {
    { "region", K_WORD, offsetof(synth, region), NULL,  "stack: bodies along a curved line, no anatomy", 0, 0, "stack" },
    { "n",      K_INT,  offsetof(synth, n),      "100", "films", 1, 1000000, 0 },
    { "seed",   K_INT,  offsetof(synth, seed),   "1",   "another seed, other films; film i of a seed is always the same", 0, INT64_MAX / 2, 0 },
    { "height", K_INT,  offsetof(synth, height), "256", "pixels", 64, 4096, 0 },
    { "width",  K_INT,  offsetof(synth, width),  "128", "pixels", 64, 4096, 0 },
    { 0 }
};
static const usage how = { "synth", "OUT.h5 region=stack [n=100] [seed=1] [height=256] [width=128]",
                           "Make films with exact masks and corners, for trying things out. They are not radiographs.", NULL,
                           FLAG_JSON | FLAG_QUIET | FLAG_FORCE, 1, 1, 1 };

static synth settings(const flags *f)
{
    synth s = { 0 };
    int region = 0;
    key_defaults(keys, &s);
    for (int i = 0; i < f->nset; i++) {
        char name[32];
        const char *equals = strchr(f->set[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - f->set[i]), f->set[i]);
        const key *k = key_find(keys, name);
        if (!k) {
            const char *names[8];
            int n = 0;
            for (; keys[n].name; n++) names[n] = keys[n].name;
            die("%s: unknown setting%s", name, die_nearest(name, names, n));
        }
        key_set(k, &s, equals + 1, name);
        region |= !strcmp(name, "region");
    }
    if (!region) die("region: missing, wanted region=stack");
    return s;
}

static void add(store *out, const synth *s, int64_t i)
{
    stack_film f = stack_make((uint64_t)s->seed, (uint32_t)i, s->height, s->width);
    char id[64], patient[64], source[96];
    snprintf(id, sizeof id, "stack_%lld_%05lld", (long long)s->seed, (long long)i);
    snprintf(patient, sizeof patient, "S%lld_%05lld", (long long)s->seed, (long long)i);
    snprintf(source, sizeof source, "synth region=stack seed=%lld film=%lld", (long long)s->seed, (long long)i);
    store_case row = { .id = id, .patient = patient, .source = source, .h = s->height, .w = s->width, .bits = 8 };
    labels l = { .ncorners = STACK_BODIES, .corners = f.body };
    store_add(out, &row, f.film.p, f.mask, NULL, &l);
    stack_free(&f);
}

int verb_synth(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return 0;
    synth s = settings(f);
    flags_may_write(f, f->input[0]);
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra");
    progress p = progress_begin("synth", s.n, flags_has(f, "--quiet"));
    store *out = store_create(f->input[0], &table);
    for (int64_t i = 0; i < s.n; i++) add(out, &s, i), progress_step(&p, i + 1, NULL);
    store_commit(out);
    progress_end(&p);
    double seconds = progress_seconds(&p);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:I, s:f, s:o}", "cases", (json_int_t)s.n, "seconds", seconds, "store", object_text(f->input[0])));
    else printf("%lld films of %lld x %lld, seed %lld, in %s (%.1f s)\n", (long long)s.n, (long long)s.height, (long long)s.width,
                (long long)s.seed, f->input[0], seconds);
    classes_free(&table), flags_free(f);
    return 0;
}
