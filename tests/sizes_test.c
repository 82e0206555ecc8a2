/* sizes_test.c - several sizes of a net's input in one run: which film goes to which, batches of one size, the same bits for any number of workers
 * and after any stop, steps that are those of a network built for that size alone. */
#include "tests/tiny_run.h"
#include "datasets/sizes.h"
#include "nn/checkpoint.h"
#include "train/loader.h"
#include "train/model.h"
#include "train/sampling.h"

enum { FILMS = 13 };
#define SIZES " data.sizes=24x40,24x24"
#define WORDS "solver.epochs=3 solver.batch=2 solver.lr=0.02 solver.subdivisions=2 data.check=0 augment.mosaic=0.5 evaluate.worst=0 net.height=40 net.width=28"

/* Films of 70 x 50, 50 x 70 and 40 x 40 in turn, the last three to validate on; and one that cannot be read, for it has no label map. */
static int set_up_mixed(void **state)
{
    set_up(state);
    free(films), films = path_join(folder, "mixed.h5");
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra");
    store *s = store_create(films, &table);
    uint8_t film[H * W], mask[H * W], f[H * W], m[H * W];
    for (int i = 0; i < FILMS; i++) {
        char id[16];
        const int h = i % 3 == 0 ? H : i % 3 == 1 ? W : 40, w = i % 3 == 0 ? W : i % 3 == 1 ? H : 40;
        draw(i % 8, film, mask);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const int from = i % 3 == 1 ? x * W + y : y * W + x;
                f[y * w + x] = film[from], m[y * w + x] = mask[from];
            }
        snprintf(id, sizeof id, "film%02d", i);
        store_add(s, &(store_case){ .id = id, .h = h, .w = w, .bits = 8, .split = i < 10 ? SPLIT_TRAIN : SPLIT_VAL }, f, m, NULL, NULL);
    }
    store_add(s, &(store_case){ .id = "bare", .h = H, .w = W, .bits = 8, .split = SPLIT_TEST }, film, NULL, NULL, NULL);
    store_commit(s);
    classes_free(&table);
    return 0;
}

static void a_film_goes_to_the_size_of_its_shape(void **state)
{
    (void)state;
    const fit_conf c = { .sizes = "512x256,256x512,512x512" };
    const fit_sizes s = fit_sizes_of(&c, 256, 256);
    static const int64_t film[][3] = { { 256, 256, 0 }, { 100, 100, 0 }, { 300, 300, 0 }, { 400, 400, 3 }, { 2000, 2010, 3 }, { 3000, 1000, 1 },
                                       { 700, 500, 3 }, { 715, 500, 1 }, { 500, 715, 2 }, { 20, 40, 2 } };
    assert_int_equal(s.n, 4);
    for (size_t i = 0; i < sizeof film / sizeof *film; i++) {
        const int k = fit_sizes_choose(&s, film[i][0], film[i][1]);
        if (k != film[i][2]) fail_msg("%dx%d went to %d", (int)film[i][0], (int)film[i][1], k);
    }
    assert_int_equal(fit_sizes_area(&s), 512 * 512);
    const fit_conf none = { 0 };
    assert_int_equal(fit_sizes_of(&none, 7, 9).n, 1);
}

static void wrong_sizes_are_named(void **state)
{
    (void)state;
    dies(2, "data.sizes: got '24x40,24', wanted sizes as rows x columns", train_some("never", WORDS " data.sizes=24x40,24", 0, -1, 0, NULL));
    dies(2, "data.sizes: got '0x8'", train_some("never", WORDS " data.sizes=0x8", 0, -1, 0, NULL));
    dies(2, "data.sizes: 24x40 stands twice", train_some("never", WORDS " data.sizes=24x40,24x40", 0, -1, 0, NULL));
    dies(2, "data.sizes: 40x28 is the size of the net already", train_some("never", WORDS " data.sizes=40x28", 0, -1, 0, NULL));
    dies(2, "data.sizes: 25x40: ", train_some("never", WORDS " data.sizes=25x40", 0, -1, 0, NULL));           /* it halves its maps */
    const char *low = strstr(net_cfg, "[convolutional]\nname=low");
    char *text = xprintf("%.*s[position]\nname=place\n\n%s", (int)(low - net_cfg), net_cfg, low), *store_word = xprintf("data.store=%s", films);
    run *r = run_parse(text, "place.cfg", (const char *const[]){ store_word, "data.sizes=24x40" }, 2);
    net *t = run_net(r, 1);
    run_check(r, t);
    dies(2, "data.sizes: 24x40: place.table would be 1x240x8 and is 1x256x8 at the net's own size", model_plan(r, t, &device_cpu));
    net_free(t), run_free(r), free(text), free(store_word);
}

static samples *set_of(const run *r, store **s)
{
    *s = store_open(films);
    return samples_new(*s, &r->data, "train", 2, -1, 40, 28, 1 << 20, 0);
}

static void batches_have_one_size(void **state)
{
    (void)state;
    enum { BATCH = 3, EPOCHS = 40 };
    run *r = run_of(WORDS SIZES);
    store *s;
    samples *set = set_of(r, &s);
    static const int64_t films_of[3] = { 4, 3, 3 };
    const int64_t steps = sampling_steps(set, BATCH);
    int firsts[3] = { 0 };
    for (int k = 0; k < 3; k++) assert_int_equal(samples_of_size(set, k), films_of[k]);
    assert_int_equal(steps, 2 + 1 + 1);
    for (int e = 0; e < EPOCHS; e++) {
        int64_t sample[4 * BATCH], turn[4 * BATCH], again[4 * BATCH], times[10] = { 0 };
        double weight[10] = { 1.7, 0.2, 0.4, 0.1, 1.8, 1.6, 0.1, 2, 1.9, 0.2 };
        sampling_deal(set, 5, e, BATCH, 1, e % 2 ? weight : NULL, sample, turn);
        sampling_deal(set, 5, e, BATCH, 1, e % 2 ? weight : NULL, again, turn);
        assert_memory_equal(sample, again, sizeof sample);
        for (int p = 0; p < 4 * BATCH; p++) {
            assert_int_equal(set->size[sample[p]], set->size[sample[p / BATCH * BATCH]]);
            times[sample[p]]++;
            for (int q = 0; q < p; q++) if (sample[q] == sample[p]) assert_int_not_equal(turn[q], turn[p]);
        }
        firsts[set->size[sample[0]]]++;
        for (int i = 0; i < 10 && e % 2 == 0; i++) assert_true(times[i] == 1 || (times[i] == 2 && set->size[i] == 0));
    }
    for (int k = 0; k < 3; k++) assert_true(firsts[k] >= (k ? 4 : 12));              /* batches of all sizes come anywhere */
    int differ = 0;                                          /* wide and square films: as many of each, but shuffled by draws of their own */
    for (int e = 0; e < EPOCHS; e++) {
        int64_t sample[4 * BATCH], turn[4 * BATCH], rank[3][2 * BATCH], n[3] = { 0 };
        sampling_deal(set, 5, e, BATCH, 1, NULL, sample, turn);                      /* one batch of each: the order within it tells */
        for (int p = 0; p < 4 * BATCH; p++) rank[set->size[sample[p]]][n[set->size[sample[p]]]++] = sample[p] / 3;
        differ += memcmp(rank[1], rank[2], 3 * sizeof(int64_t)) != 0;
    }
    assert_true(differ > EPOCHS / 2);
    uint8_t marks[FILMS + 1] = { 1, 1 };
    samples_drop(set, marks);
    for (int64_t i = 0; i < set->n; i++) assert_int_equal(set->size[i], (i + 2) % 3);
    samples_free(set), store_close(s), run_free(r);
}

static void workers_change_nothing(void **state)
{
    (void)state;
    enum { BATCH = 3, BATCHES = 11, ROOM = BATCH * 40 * 28 };
    typedef struct { int size; float image[ROOM]; uint8_t labels[ROOM]; int64_t sample[BATCH]; } kept;
    kept *want = xalloc_n(BATCHES, sizeof *want), *got = xalloc_n(BATCHES, sizeof *got);
    run *r = run_of(WORDS SIZES);
    for (int round = 0; round < 4; round++) {
        store *s;
        samples *set = set_of(r, &s);
        loader_conf c = { .set = set, .augment = &r->augment, .seed = 3, .batch = BATCH, .channels = 1, .shuffle = 1, .workers = 1 + round % 3,
                          .ahead = 2, .first = round == 3 ? 5 : 0 };
        augment_check(&r->augment, 256, "", c.swap);
        loader *l = loader_new(&c);
        for (int64_t b = c.first; b < BATCHES; b++) {
            kept *k = &(round ? got : want)[b];
            const batch *x = loader_next(l);
            const size_t pixels = (size_t)(BATCH * set->sizes.h[x->size] * set->sizes.w[x->size]);
            k->size = x->size;
            memcpy(k->image, x->image, pixels * sizeof(float)), memcpy(k->labels, x->labels, pixels), memcpy(k->sample, x->sample, sizeof k->sample);
            for (int i = 0; i < BATCH; i++) assert_int_equal(set->size[k->sample[i]], k->size);
        }
        loader_free(l), samples_free(set), store_close(s);
        if (round == 3) memcpy(got, want, 5 * sizeof *got);
        if (round) assert_memory_equal(want, got, BATCHES * sizeof *want);
    }
    free(want), free(got), run_free(r);
}

/* A case that cannot be read is replaced by one of its size; a mosaic holds no other either; where all of a size are bad, that is said. */
static void sizes_keep_to_themselves(void **state)
{
    (void)state;
    enum { BATCH = 2, EPOCHS = 3 };
    run *r = run_of(WORDS SIZES " augment.mosaic=1");
    store *s;
    samples *set = set_of(r, &s);
    loader_conf c = { .set = set, .seed = 3, .batch = BATCH, .channels = 1, .shuffle = 1, .workers = 2, .ahead = 2, .skip = 1 };
    augment_check(&r->augment, 256, "", c.swap);
    set->at[1] = FILMS;
    loader *l = loader_new(&c);
    for (int64_t b = 0; b < EPOCHS * sampling_steps(set, BATCH); b++) {
        const batch *x = loader_next(l);
        for (int i = 0; i < BATCH; i++) assert_int_equal(set->size[x->sample[i]], x->size), assert_int_not_equal(x->sample[i], 1);
    }
    assert_int_equal(loader_skipped(l), 1);
    loader_free(l), samples_free(set), store_close(s);
    c.set = set = set_of(r, &s), set->at[1] = set->at[4] = set->at[7] = FILMS;
    l = loader_new(&c);
    dies(2, "case bare has no label map", for (int i = 0; i < 6; i++) loader_next(l));
    loader_free(l), samples_free(set);
    set = samples_new(s, &r->data, "train", 2, -1, 40, 28, 0, 0);
    for (int64_t i = 0; i < set->n; i++) if (set->size[i] != 2) set->at[i] = FILMS;
    loader_scratch t = { 0 };
    float image[24 * 24];
    uint8_t labels[24 * 24];
    c.set = set, c.augment = &r->augment;
    for (int64_t e = 0; e < 20; e++) loader_sample(&c, e, 2 + e % 3 * 3, 0, &t, image, labels);        /* would die of reading another */
    loader_scratch_free(&t), samples_free(set), store_close(s), run_free(r);
}

static model *model_of(const char *words, run **r)
{
    *r = run_of(words);
    net *t = run_net(*r, 1);
    run_check(*r, t);
    return model_plan(*r, t, &device_cpu);
}

/* Three steps at three sizes by one model, and by one network each that is built for its size and gets the weights of the one before. */
static void a_step_is_that_of_a_net_of_its_size(void **state)
{
    (void)state;
    static const char *const alone[3] = { "net.height=40 net.width=28", "net.height=24 net.width=40", "net.height=24 net.width=24" };
    enum { MOST = 40 * 28 * 2 };
    float image[MOST];
    uint8_t labels[MOST];
    run *r, *q;
    for (int i = 0; i < MOST; i++) image[i] = (float)(i * 37 % 101) / 101, labels[i] = i % 7 < 2;
    model *m = model_of(WORDS SIZES, &r), *n;
    size_t bytes = 0;
    assert_int_equal(m->sizes, 3);
    model_take(m, r);
    params *p = NULL;
    for (int k = 0; k < 3; k++) {
        double got, want, norm;
        char *words = xprintf("%s %s", WORDS, alone[k]);
        n = model_of(words, &q);
        if (model_map_bytes(n) > bytes) bytes = model_map_bytes(n);
        model_take(n, q);
        if (p) memcpy(n->p->x, p->x, p->total * sizeof(real));
        norm = model_step(m, k, 0.1, k, image, labels, &got);
        near(model_step(n, k, 0.1, 0, image, labels, &want), norm, 0);
        assert_true(got == want && isfinite(got));
        if (!k) assert_memory_equal(m->p->x, n->p->x, m->p->total * sizeof(real));       /* later ones have other moments */
        p = m->p;
        model_free(n), run_free(q), free(words);
    }
    assert_true(model_map_bytes(m) >= bytes && model_map_bytes(m) <= bytes + 4096);           /* of the largest, not of all */
    model_free(m), run_free(r);
}

static params *last_weights(const char *name)
{
    run *r = run_of(WORDS);
    net *t = run_net(r, 1);
    char *path = xprintf("%s/%s/last.h5", folder, name);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint *k = checkpoint_open(path);
    checkpoint_load(k, p, NULL);
    checkpoint_close(k), free(path), net_free(t), run_free(r);
    return p;
}

/* Validation sees each film by the network of its size. */
static void validation_is_that_of_each_size(void **state)
{
    (void)state;
    static const int64_t h[3] = { 40, 24, 24 }, w[3] = { 28, 40, 24 };
    run *r = run_of(WORDS SIZES), *alone = run_of(WORDS);
    net *t = run_net(r, 1);
    char *text = net_text(t);
    params *p = params_new(t->g, &device_cpu, 0);
    params_init(p, 11);
    store *s = store_open(films);
    samples *set = samples_new(s, &r->data, "val", 2, -1, 40, 28, 0, 0);
    net_program *of[3];
    for (int k = 0; k < 3; k++) {
        size_words words;
        fit_sizes_words(&set->sizes, k, &words);
        of[k] = net_program_new(text, "tiny", words.word, 2, p, &device_cpu);
    }
    validation v = validate(set, of, -1, NULL);
    assert_int_equal(v.cases, 3);
    for (int k = 0; k < 3; k++) {
        samples *own = samples_new(s, &alone->data, "val", 2, -1, h[k], w[k], 0, 0);
        validation q = validate(own, &of[k], -1, NULL);
        for (int64_t i = 0; i < 3; i++) if (set->size[i] == k) assert_true(v.case_dice[i] == q.case_dice[i]);
        validation_free(&q), samples_free(own);
    }
    for (int k = 0; k < 3; k++) net_program_free(of[k]);
    validation_free(&v), samples_free(set), store_close(s), params_free(p), free(text), net_free(t), run_free(r), run_free(alone);
}

static void a_stopped_run_goes_on_to_the_bit(void **state)
{
    (void)state;
    train_result t;
    assert_int_equal(train_some("whole", WORDS SIZES, 0, -1, 0, &t), EXIT_OK);
    assert_int_equal(t.steps, 3 * (2 + 2 + 2));
    assert_true(t.best > 0);
    params *want = last_weights("whole");
    char *log = log_of("whole");
    for (int cut = 1; cut < 18; cut += 4) {
        assert_int_equal(train_some("cut", WORDS SIZES " data.workers=3", 0, cut, 0, NULL), EXIT_STOPPED);
        assert_int_equal(train_some("cut", WORDS SIZES, 1, -1, 0, NULL), EXIT_OK);
        params *got = last_weights("cut");
        char *other = log_of("cut");
        assert_memory_equal(got->x, want->x, want->total * sizeof(real)), assert_string_equal(other, log);
        params_free(got), free(other);
    }
    params_free(want), free(log);
    dies(2, "data.sizes: got nothing, but", train_some("whole", WORDS, 1, -1, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_goes_to_the_size_of_its_shape), cmocka_unit_test(wrong_sizes_are_named), cmocka_unit_test(batches_have_one_size),
        cmocka_unit_test(workers_change_nothing), cmocka_unit_test(sizes_keep_to_themselves),
        cmocka_unit_test(a_step_is_that_of_a_net_of_its_size), cmocka_unit_test(validation_is_that_of_each_size),
        cmocka_unit_test(a_stopped_run_goes_on_to_the_bit),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up_mixed, tear_down);
}
