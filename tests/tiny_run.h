/* tiny_run.h - whole trainings of a tiny U-Net on drawn films, for the tests of train/: a store of 8 cases (6 to train on, 2 to validate on; a
 * patient has two), a network of one halving, and train_some, which trains it for so many steps. */
#ifndef TESTS_TINY_RUN_H
#define TESTS_TINY_RUN_H
#include "tests/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "datasets/store.h"
#include "train/train.h"
#include <jansson.h>
#include <omp.h>

enum { CASES = 8, H = 70, W = 50 };
static char *folder, *films, *net_path;

static const char net_cfg[] =
    "# a U-Net of one halving\n[net]\nbatch=1\nheight=32\nwidth=32\nchannels=1\nclasses=2\n\n"
    "[convolutional]\nname=enc\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n\n"
    "[maxpool]\nsize=2\nstride=2\n\n"
    "[convolutional]\nname=low\nfilters=16\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n\n"
    "[dropout]\nprobability=0.1\n\n"
    "[deconvolutional]\nname=up\nfilters=8\nsize=2\nstride=2\n\n"
    "[route]\nlayers=enc,up\n\n"
    "[convolutional]\nname=dec\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n\n"
    "[convolutional]\nname=out\nfilters=2\nsize=1\n";

/* Bright discs on a dark, uneven ground. */
static inline void draw(int which, uint8_t *film, uint8_t *mask)
{
    for (int p = 0; p < H * W; p++) {
        rng4 r = rng_draw(4, RNG_TEST, (uint32_t)which, 0, (uint64_t)p);
        double x = p % W, y = p / W;
        mask[p] = hypot(x - 15 - 2 * which, y - 20) < 9 || hypot(x - 28, y - 45 - which) < 11;
        film[p] = (uint8_t)(60 + 80 * mask[p] + y / 3 + rng_range(r.v[0], 0, 40));
    }
}

static inline int set_up(void **state)
{
    (void)state;
    classes table = { 0 };
    omp_set_num_threads(1);                                        /* a net this small only waits for a second thread */
    folder = test_scratch(), films = path_join(folder, "films.h5"), net_path = path_join(folder, "tiny.cfg");
    classes_add(&table, 1, "body", "vertebra");
    store *s = store_create(films, &table);
    uint8_t film[H * W], mask[H * W];
    for (int i = 0; i < CASES; i++) {
        char id[16], patient[16];
        snprintf(id, sizeof id, "case%d", i), snprintf(patient, sizeof patient, "p%d", i / 2);
        draw(i, film, mask);
        const split part = i < 6 ? SPLIT_TRAIN : SPLIT_VAL;
        store_add(s, &(store_case){ .id = id, .patient = patient, .h = H, .w = W, .bits = 8, .split = part }, film, mask, NULL, NULL);
    }
    store_commit(s);
    classes_free(&table);
    file_write(net_path, net_cfg, sizeof net_cfg - 1);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    free(films), free(net_path);
    test_scratch_remove(folder);
    return 0;
}

/* A run of the tiny net; words by space. */
static inline run *run_of(const char *words)
{
    const char *word[32] = { NULL };
    int n = 0;
    char *copy = xprintf("data.store=%s %s", films, words);
    for (char *save, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) word[n++] = w;
    run *r = run_read(net_path, word, n);
    free(copy);
    return r;
}

static int steps_left;
static double last_loss, last_rate;
static inline int stop_after(void *arg) { (void)arg; return steps_left == 0; }
static inline void count(void *arg, const train_status *s) { (void)arg; steps_left--; last_loss = s->loss, last_rate = s->images_per_second; }

/* Trains into folder/name until the end, or for so many steps (steps < 0: all). */
static inline int train_some(const char *name, const char *words, int resume, int steps, int64_t overfit, train_result *out)
{
    char *dir = path_join(folder, name);
    run *r = run_of(words);
    steps_left = steps;
    train_options o = { .out = dir, .resume = resume, .overfit = overfit, .dev = &device_cpu, .watch = { .stop = stop_after, .stepped = count } };
    train_result t;
    int status = train(r, &o, out ? out : &t);
    run_free(r), free(dir);
    return status;
}

/* The log without what differs between two runs of the same bits: times. */
static inline char *log_of(const char *name)
{
    static const char *const times[] = { "seconds", "images_per_second", "waiting_for_data", "time" };
    char *path = xprintf("%s/%s/log.jsonl", folder, name), *text = file_read(path, 1 << 20, NULL), *out = xdup("");
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, 0, NULL);
        assert_non_null(o);
        for (int i = 0; i < 4; i++) json_object_del(o, times[i]);
        char *s = json_dumps(o, JSON_SORT_KEYS), *more = xprintf("%s%s\n", out, s);
        free(s), free(out), json_decref(o);
        out = more;
    }
    free(path), free(text);
    return out;
}
#endif
