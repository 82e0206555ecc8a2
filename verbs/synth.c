/* synth.c - `darkspine synth`: made-up films with exact truth, into a store: stacks of bodies (datasets/stack.h), or phantoms of spines
 * (datasets/synthetic.h). Films are made on all threads; whoever finishes the next one in line writes all that are ready, so the store
 * is the same for any number of threads. */
#include "base/die.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/words.h"
#include "datasets/stack.h"
#include "datasets/synthetic.h"
#include "nn/key.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/stop.h"
#include "verbs/synth_part.h"
#include "verbs/verb.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = REGIONS, MIXED, KINDS };  /* as a region */
typedef struct synth { int region, level, classes, pathology, pairs, failure, fractures, strata, facing; int64_t n, seed, height, width; double implants,
    reader, close; } synth;

#define LAYOUT_WORDS "whole|cervical|thoracic|lumbar|ap|hspine|levels"
static const key keys[] = {
    { "region", K_WORD, offsetof(synth, region), NULL,  "what the films show; stack: bodies along a curved line, no anatomy; mixed: whole, thoracic and lumbar in turn", 0, 0,
        "whole|cervical|thoracic|lumbar|ap|stack|mixed" },
    { "n",      K_INT,  offsetof(synth, n),      "100", "films", 1, 1000000, 0 },
    { "seed",   K_INT,  offsetof(synth, seed),   "1",   "another seed, other films; film i of a seed is always the same", 0,
        INT64_MAX / 2, 0 },
    { "height", K_INT,  offsetof(synth, height), "0",   "pixels, 64 to 4096; 0: as usual for the region", 0, 4096, 0 },
    { "width",  K_INT,  offsetof(synth, width),  "0",   "pixels, 64 to 4096; 0: as usual for the region", 0, 4096, 0 },
    { "level",  K_WORD, offsetof(synth, level),  "L3",
        "L0 clean diagram, L1 noise and blur, L2 what lies over the spine, L3 processing, implants, disease, L4 stress", 0, 0,
        "L0|L1|L2|L3|L4" },
    { "classes", K_WORD, offsetof(synth, classes), "auto", "layout of the label maps, as classes/NAME.csv; auto: that of the region", 0,
        0, "auto|" LAYOUT_WORDS },
    { "pathology", K_WORD, offsetof(synth, pathology), "auto", "auto: none below L3, mixed from L3", 0, 0,
        "auto|none|flatback|kyphosis|slip|junction|lstv|dome|mixed" },
    { "fractures", K_WORD, offsetof(synth, fractures), "auto",
        "auto: none below L3, by age from L3; always: on every film; screwed: one on every film, and the implants are screws through it", 0, 0,
        "auto|none|always|screwed" },
    { "implants", K_REAL, offsetof(synth, implants), "0.2", "share of films with implants, from L3", 0, 1, 0 },
    { "close", K_REAL, offsetof(synth, close), "0",
        "share of thoracic and lumbar films that end beside the spine and within bodies, as many real ones do; the hips are not on them", 0, 1, 0 },
    { "facing", K_WORD, offsetof(synth, facing), "any", "which way the patients look: any draws it; a store of one side is what measure and run take --facing for",
        0, 0, "any|left|right" },
    { "pairs",  K_BOOL, offsetof(synth, pairs),  "0",   "films with implants come without them too, as two cases of one patient", 0, 0, 0 },
    { "strata", K_BOOL, offsetof(synth, strata), "0",
        "a test set of whole spines: of 60 films 20 plain, 12 in pairs with implants, 10 fractured, 8 with a hidden C7, 5 LSTV, 5 turned", 0, 0, 0 },
    { "reader", K_REAL, offsetof(synth, reader), "0",
        "labels as a reader would set them: SD of the corners in mm (1 to 2 is usual), 1 % of films misnumbered", 0, 10, 0 },
    { "failure", K_WORD, offsetof(synth, failure), "none",
        "what a net would have done wrong to the objects; the diagnosis is in the case's source", 0, 0,
      "none|drop|merge|split|shift|truncate|spurious|erode|dilate|ragged|leak|spur|swap|facing|heads|head|any" },
    { 0 }
};
static const flag own[] = { { "--resume", NULL, "go on where the same call was stopped; n may be another" }, { 0 } };
static const usage how = { "synth", "OUT.h5 region=... [n=100] [seed=1] [level=L3] [KEY=VALUE ...]",
    "Make films with exact masks, corners, landmarks and parameters. They are not radiographs of anybody: call every figure\n"
    "from them synthetic.\n"
    "The patients are made after published averages of adults without complaints; bodies are ellipses in section, and there is no real\n"
    "trabecular or vascular texture. See docs/synth.md.\n"
    "SIGINT, SIGTERM and SIGUSR1 leave the films that are done in OUT.h5.part and end with status 75; --resume goes on from there.\n"
    "\n"
    "keys: region=whole|cervical|thoracic|lumbar|ap|stack|mixed  n  seed  height  width  level=L0..L4\n"
    "      classes=auto|whole|cervical|thoracic|lumbar|ap|hspine|levels\n"
    "      pathology=auto|none|flatback|kyphosis|slip|junction|lstv|dome|mixed\n"
    "      fractures=auto|none|always|screwed  implants=0.2  close=0  facing=any|left|right  pairs=0|1  strata=0|1  reader=MM\n"
    "      failure=none|drop|merge|split|shift|truncate|spurious|erode|dilate|ragged|leak|spur|swap|facing|heads|head|any",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_COMPUTE | FLAG_NO_NET, 1, 1, 1 };

/* Usual size of a film, pixels. */
static const int64_t sizes[KINDS][2] = { [REGION_WHOLE] = { 1024, 512 }, [REGION_CERVICAL] = { 1024, 768 },
    [REGION_THORACIC] = { 1024, 512 },
    [REGION_LUMBAR] = { 1024, 768 }, [REGION_AP] = { 1024, 512 }, [STACK] = { 256, 128 }, [MIXED] = { 1024, 512 } };

static void set_size(int64_t *v, int64_t usual, const char *name)
{
    if (*v && *v < 64) die("%s: got %lld, wanted 64 to 4096 pixels, or 0", name, (long long)*v);
    if (!*v) *v = usual;
}

static synth settings(const flags *f)
{
    synth s = { 0 };
    int region = 0;
    key_defaults(keys, &s);
    const int64_t shared = s.seed = flags_int(f, "--seed", s.seed, 0, INT64_MAX);
    for (int i = 0; i < f->nset; i++) {
        char name[32];
        const char *equals = strchr(f->set[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - f->set[i]), f->set[i]);
        const key *k = key_find(keys, name);
        if (!k) {
            const char *names[sizeof keys / sizeof *keys];
            int n = 0;
            for (; keys[n].name; n++) names[n] = keys[n].name;
            die("%s: unknown setting%s", name, die_nearest(name, names, n));
        }
        key_set(k, &s, equals + 1, name);
        region |= !strcmp(name, "region");
    }
    if (flags_has(f, "--seed") && s.seed != shared) die_at("--seed", "got %lld beside seed=%lld, wanted one of them", (long long)shared, (long long)s.seed);
    if (!region) die("region: missing, wanted region=whole, cervical, thoracic, lumbar, ap, stack or mixed");
    if (s.strata && s.region != REGION_WHOLE) die("strata: only whole spines can show them all, wanted region=whole");
    if (s.strata && s.level < LEVEL_TRAINING) die("strata: implants are drawn from level=L3 on");
    if (s.fractures > 1 && (s.region == REGION_CERVICAL || s.region == REGION_AP || s.region == STACK))
        die("fractures: bodies break from T5 to L4, wanted region=whole, thoracic or lumbar");
    if (s.facing && (s.region == REGION_AP || s.region == STACK)) die("facing: these films are frontal, wanted a lateral region");
    set_size(&s.height, sizes[s.region][0], "height"), set_size(&s.width, sizes[s.region][1], "width");
    return s;
}

static synthetic_settings phantom_settings(const synth *s)
{
    const int disease = s->level >= LEVEL_TRAINING;
    /* the words' order is the enum's */
    const int pathology = s->pathology == 0 ? (disease ? PATHOLOGIES : PATH_NONE) : s->pathology - 1;
    return (synthetic_settings){
        .anatomy = { .region = s->region == MIXED ? REGION_WHOLE : s->region, .h = s->height, .w = s->width, .stress = s->level == LEVEL_STRESS, .pathology = pathology,
            .fractures = s->fractures == 0 ? disease : s->fractures - 1 + (s->fractures > 1), .tilt = 2, .close = s->close,
            .facing = (s->facing == 2) - (s->facing == 1) },
        .picture = { .level = s->level, .implants = s->implants, .look = -1 },
        .layout = s->classes ? (enum layout)(s->classes - 1) : s->region == MIXED ? LAYOUT_WHOLE : (enum layout)s->region, .mixed = s->region == MIXED,
            .pairs = s->pairs, .reader = s->reader,
            .failure = s->failure, .strata = s->strata };
}

/* ---- the line of films -------------------------------------------------------------------------------------------------------------- */

typedef struct line { const synth *s; synthetic_settings phantom; store *out; synthetic **ready; int64_t from, next;
    pthread_mutex_t lock; } line;

/* Under the lock, so that an error must be caught before it leaves. */
static void write_ready(line *l)
{
    for (; l->next < l->s->n && l->ready[l->next]; l->next++) {
        synthetic *f = l->ready[l->next];
        synthetic_store(l->out, f);
        l->ready[l->next] = NULL, synthetic_free(f);
    }
}

static void make(void *arg, int64_t after)
{
    line *l = arg;
    const int64_t i = l->from + after;
    if (after && stop_asked()) return;                     /* the first is always made, so that what is left is a store */
    synthetic *f = synthetic_new(&l->phantom, (uint64_t)l->s->seed, (uint32_t)i);
    pthread_mutex_lock(&l->lock);
    l->ready[i] = f;
    die_trap t;
    die_trap_push(&t);
    if (setjmp(t.jump)) pthread_mutex_unlock(&l->lock), die_again(&t);
    write_ready(l);
    die_trap_pop(&t);
    pthread_mutex_unlock(&l->lock);
}

static void tick(void *with, int64_t done, int64_t total)
{
    (void)total;
    progress_step(with, done, NULL);
}

/* From film `from` on. Returns how many films there are in the end, which is less than n where the call was stopped. */
static int64_t make_phantoms(store *out, const synth *s, int64_t from, progress *p)
{
    line l = { .s = s, .phantom = phantom_settings(s), .out = out, .ready = xalloc_n((size_t)s->n, sizeof *l.ready), .from = from,
        .next = from, .lock = PTHREAD_MUTEX_INITIALIZER };
    if (from < s->n) parallel_for(s->n - from, make, &l, tick, p);
    for (int64_t i = l.next; i < s->n; i++) synthetic_free(l.ready[i]);        /* done, but not the next in line */
    free(l.ready), pthread_mutex_destroy(&l.lock);
    return l.next;
}

static void add_stack(store *out, const synth *s, int64_t i)
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

static int64_t make_stacks(store *out, const synth *s, progress *p)
{
    for (int64_t i = 0; i < s->n; i++) add_stack(out, s, i), progress_step(p, i + 1, NULL);
    return s->n;
}

static classes table_of(const synth *s)
{
    if (s->region != STACK) return layout_classes(phantom_settings(s).layout, (s->pairs && s->implants > 0) || s->strata);
    classes t = { 0 };
    classes_add(&t, 1, "body", "vertebra");
    return t;
}

/* What the films depend on, as text: every setting but their number. */
static char *settings_text(const synth *s)
{
    char *all = xdup("");
    for (const key *k = keys; k->name; k++) {
        if (!strcmp(k->name, "n")) continue;
        char *value = key_text(k, s), *more = xprintf("%s%s=%s\n", all, k->name, value);
        free(all), free(value);
        all = more;
    }
    return all;
}

/* The store is written as OUT.h5.part and renamed when it has all films. Returns how many it has. */
static int64_t make_store(const flags *f, const synth *s, int64_t *cases, progress *p)
{
    const int resume = flags_has(f, "--resume");
    char *settings = settings_text(s);
    synth_part part = part_of(f->input[0]);
    if (resume && s->region == STACK) die_at("--resume", "stacks take no time, wanted films of phantoms");
    part_check(&part, settings, resume, flags_has(f, "--force"));
    classes table = table_of(s);
    stop_catch();
    store *out = store_create(part.store, &table);
    const int64_t from = resume ? part_take(&part, out, s->n) : 0;
    *p = progress_begin("synth", s->n - from, flags_has(f, "--quiet"));
    const int64_t films = s->region == STACK ? make_stacks(out, s, p) : make_phantoms(out, s, from, p);
    *cases = store_count(out);
    if (films < s->n) file_write(part.words, settings, strlen(settings));
    store_commit(out);
    if (films >= s->n) {
        if (rename(part.store, f->input[0])) die_machine("%s: cannot be renamed to %s", part.store, f->input[0]);
        remove(part.words);
    }
    progress_end(p);
    classes_free(&table), part_free(&part), free(settings);
    return films;
}

int verb_synth(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return 0;
    const synth s = settings(f);
    flags_may_write(f, f->input[0]);
    compute_on_cpu(f);
    progress p;
    int64_t cases;
    const int64_t films = make_store(f, &s, &cases, &p);
    const int stopped = films < s.n;
    const double seconds = progress_seconds(&p);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:I, s:f, s:o, s:b}", "cases", (json_int_t)cases, "seconds", seconds, "store", object_text(f->input[0]), "stopped", stopped));
    else if (stopped) printf("stopped after %lld of %lld films; the same call with --resume goes on\n", (long long)films, (long long)s.n);
    else printf("%lld film%s of %lld x %lld, seed %lld, in %s (%.1f s)\n", (long long)cases, plural(cases), (long long)s.height, (long long)s.width,
                (long long)s.seed, f->input[0], seconds);
    flags_free(f);
    return stopped ? EXIT_STOPPED : EXIT_OK;
}
