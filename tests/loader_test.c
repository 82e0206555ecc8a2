/* loader_test.c - the loader gives the same batches with any number of threads and from any starting point, every sample of an epoch once,
 * and raises in the caller what a worker died of. */
#include "tests/test.h"
#include "base/file.h"
#include "train/loader.h"
#include "train/sampling.h"
#include <unistd.h>

enum { CASES = 11, H = 60, W = 44, N = 32, BATCH = 4 };

static char *folder, *path;
static augment_conf augment;
static const run_data data = { .labels = "all", .fit = { FIT_LETTERBOX, FIT_PERCENTILE, 1, 99 } };

/* Films differ, so that a sample is known by its pixels; case 7 is excluded. */
static int make_store(void **state)
{
    (void)state;
    classes table = { 0 };
    folder = test_scratch(), path = path_join(folder, "films.h5");
    classes_add(&table, 1, "body", "vertebra"), classes_add(&table, 2, "disc", "vertebra");
    store *s = store_create(path, &table);
    uint8_t film[H * W], mask[H * W];
    for (int i = 0; i < CASES; i++) {
        char id[16];
        snprintf(id, sizeof id, "case%02d", i);
        for (int p = 0; p < H * W; p++) film[p] = (uint8_t)((p * (i + 3)) % 251), mask[p] = (uint8_t)((p / W / (i + 2)) % 3);
        store_case row = { .id = id, .h = H, .w = W, .bits = 8, .split = i < 9 ? SPLIT_TRAIN : SPLIT_VAL, .excluded = i == 7 };
        store_add(s, &row, film, i == 10 ? NULL : mask, NULL, NULL);
    }
    store_commit(s);
    classes_free(&table);
    key_words(augment_keys, &augment, "flip=0.5 crop=0.3 elastic=0.5 mosaic=0.5 clahe=0.3 low_contrast=0.3 invert=0.3 blur=0.5 cutout=0.5", "test");
    return 0;
}

static int drop_store(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    free(path);
    return 0;
}

static samples *open_part(store **s, const char *part, int64_t values, size_t room)
{
    *s = store_open(path);
    return samples_new(*s, &data, part, values, -1, N, N, room, 0);
}

static loader_conf conf_of(samples *set, int workers, int64_t first)
{
    loader_conf c = { .set = set, .augment = &augment, .seed = 9, .batch = BATCH, .channels = 1, .shuffle = 1, .workers = workers,
        .ahead = 2,
      .first = first };
    for (int i = 0; i < 256; i++) c.swap[i] = (uint8_t)i;
    return c;
}

typedef struct kept { float image[BATCH * N * N]; uint8_t labels[BATCH * N * N]; int64_t sample[BATCH]; } kept;

static void take(const loader_conf *c, int from, int to, kept *out)
{
    loader *l = loader_new(c);
    for (int i = from; i < to; i++) {
        const batch *b = loader_next(l);
        assert_int_equal(b->index, i);
        memcpy(out[i].image, b->image, sizeof out->image), memcpy(out[i].labels, b->labels, sizeof out->labels), memcpy(out[i].sample,
            b->sample,
                                                                                                                        sizeof out->sample);
    }
    assert_true(loader_waited(l) >= 0);
    loader_free(l);
}

static void any_number_of_workers_the_same_bits(void **state)
{
    (void)state;
    enum { BATCHES = 9 };
    const int workers[] = { 1, 4, 2, 4 };
    const size_t room[] = { 0, 1 << 20, 5000, 0 };                 /* without memory, with, with too little */
    kept *want = xalloc_n(BATCHES, sizeof *want), *got = xalloc_n(BATCHES, sizeof *got);
    for (int i = 0; i < 4; i++) {
        store *s;
        samples *set = open_part(&s, "train", 3, room[i]);
        assert_int_equal(set->n, 8), assert_int_equal(set->excluded, 1);
        loader_conf c = conf_of(set, workers[i], i == 3 ? 5 : 0);  /* the last starts in the middle of the third epoch */
        memcpy(got, want, BATCHES * sizeof *got);
        take(&c, i == 3 ? 5 : 0, BATCHES, i ? got : want);
        if (i) assert_memory_equal(want, got, BATCHES * sizeof *got);
        assert_true(set->used <= room[i]);
        samples_free(set), store_close(s);
    }
    free(want), free(got);
}

/* Looking ahead waits for nothing and takes nothing: what it shows, loader_next gives. */
static void a_look_ahead_is_the_next_batch(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "train", 3, 1 << 20);
    loader_conf c = conf_of(set, 2, 4);
    loader *l = loader_new(&c);
    const batch *held = NULL;
    for (int i = 4; i < 9; i++) {
        const batch *seen = NULL;
        for (int wait = 0; !seen && wait < 10000; wait++) {
            seen = loader_peek(l);
            if (!seen) usleep(1000);
        }
        assert_non_null(seen);
        assert_ptr_not_equal(seen, held);
        assert_int_equal(seen->index, i), assert_int_equal(seen->size, 0);
        held = loader_next(l);
        assert_ptr_equal(held, seen), assert_int_equal(held->index, i);
    }
    loader_free(l), samples_free(set), store_close(s);
}

static void every_sample_once_an_epoch(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "train", 3, 1 << 20);
    loader_conf c = conf_of(set, 2, 0);
    kept *k = xalloc_n(9, sizeof *k);
    c.batch = 3;                                                   /* 8 samples, 3 batches: one sample of the epoch comes twice */
    loader *l = loader_new(&c);
    int64_t orders[3][9];
    for (int e = 0; e < 3; e++) {
        int count[8] = { 0 };
        for (int b = 0; b < 3; b++) {
            const batch *x = loader_next(l);
            for (int j = 0; j < 3; j++) count[orders[e][3 * b + j] = x->sample[j]]++;
        }
        for (int i = 0; i < 8; i++) assert_int_equal(count[i], i == orders[e][0] ? 2 : 1);
        assert_int_equal(orders[e][8], orders[e][0]);              /* filled up with the first */
    }
    assert_memory_not_equal(orders[0], orders[1], sizeof orders[0]);
    loader_free(l), free(k);
    samples_free(set), store_close(s);
}

static void orders_are_fair(void **state)
{
    (void)state;
    enum { M = 6, EPOCHS = 6000 };
    int at[M][M] = { 0 };
    for (int e = 0; e < EPOCHS; e++) {
        int64_t order[M], turn[M], seen = 0;
        assert_int_equal(sampling_order(3, e, 0, M, NULL, order, turn), 0);
        for (int i = 0; i < M; i++) at[i][order[i]]++, seen |= 1 << order[i];
        assert_int_equal(seen, (1 << M) - 1);
    }
    for (int i = 0; i < M; i++) for (int j = 0; j < M; j++) near(at[i][j], EPOCHS / M, 5 * sqrt((double)EPOCHS / M));
}

/* Weights 3, 1, 0.5, ...: a case stands floor or ceil of its weight times in an epoch, and each time with another turn. */
static void weights_set_how_often(void **state)
{
    (void)state;
    enum { M = 8, EPOCHS = 4000 };
    static const double weight[M] = { 3, 1, 0.5, 0.5, 0.25, 0.75, 1.5, 0.5 };
    double count[M] = { 0 };
    for (int e = 0; e < EPOCHS; e++) {
        int64_t order[M], turn[M], seen[M] = { 0 };
        const int64_t most = sampling_order(5, e, 0, M, weight, order, turn);
        for (int i = 0; i < M; i++) assert_int_equal(turn[i], seen[order[i]]), seen[order[i]]++, count[order[i]]++;
        for (int i = 0; i < M; i++) assert_true(seen[i] >= floor(weight[i]) && seen[i] <= ceil(weight[i]));
        assert_int_equal(most, 2);
    }
    for (int i = 0; i < M; i++) near(count[i] / EPOCHS, weight[i], 0.04);
}

/* Class 2 is in one case of four, which then stands in an epoch about as often as the three others together. */
static void classes_are_balanced(void **state)
{
    (void)state;
    char *own = path_join(folder, "rare.h5");
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra"), classes_add(&table, 2, "disc", "vertebra");
    store *s = store_create(own, &table);
    uint8_t film[16] = { 9 }, mask[16];
    for (int i = 0; i < 4; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i), memset(mask, 1 + (i == 2), sizeof mask);
        store_add(s, &(store_case){ .id = id, .h = 4, .w = 4, .bits = 8, .split = SPLIT_TRAIN }, film, mask, NULL, NULL);
    }
    store_commit(s);
    s = store_open(own);
    samples *set = samples_new(s, &data, "train", 3, -1, N, N, 0, 0);
    sampling d = sampling_new(SAMPLING_BALANCED, set);
    for (int i = 0; i < 4; i++) near(d.weight[i], i == 2 ? 2 : 2.0 / 3, 1e-12);
    sampling_free(&d);
    d = sampling_new(SAMPLING_HARD, set);
    static const double loss[4] = { 1, 3, NAN, 0.1 };
    for (int i = 0; i < 4; i++) if (i != 2) sampling_met(&d, i, loss[i]), sampling_met(&d, i, loss[i]);
    assert_true(sampling_next(&d));
    near(d.weight[1] / d.weight[0], 3, 1e-9);
    near(d.weight[3] / d.weight[2], 0.25, 1e-9);                   /* at least a quarter; a case not met counts as the mean */
    near(d.weight[0] + d.weight[1] + d.weight[2] + d.weight[3], 4, 1e-9);
    checkpoint k = { 0 };
    sampling_save(&d, &k);
    sampling again = sampling_new(SAMPLING_HARD, set);
    sampling_load(&again, &k);
    assert_memory_equal(again.weight, d.weight, 4 * sizeof(double));
    assert_true(isnan(again.loss[2])), assert_memory_equal(again.loss, d.loss, 2 * sizeof(double));
    checkpoint_put_text(&k, "sampling", "0x1p+0 nan\n0x1p+90 0\n"), k.path = xdup("last.h5");
    dies(2, "last.h5: sampling: the weights", sampling_load(&again, &k));
    checkpoint_clear(&k), sampling_free(&d), sampling_free(&again), samples_free(set), store_close(s), classes_free(&table), free(own);
}

static void the_next_epoch_waits_for_its_weights(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "train", 3, 1 << 20);
    double weight[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    loader_conf c = conf_of(set, 3, 0);
    c.weight = weight, c.one_epoch = 1;
    loader *l = loader_new(&c);
    for (int e = 0; e < 3; e++) {
        for (int b = 0; b < 2; b++) {
            const batch *x = loader_next(l);
            for (int j = 0; j < BATCH && e; j++) assert_int_equal(x->sample[j], e);
        }
        for (int i = 0; i < 8; i++) weight[i] = i == e + 1 ? 8 : 0;
    }
    loader_free(l), samples_free(set), store_close(s);
}

static void what_cannot_be_read_is_skipped(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "val", 3, 0);                     /* case09 and case10, which has no label map */
    loader_conf c = conf_of(set, 2, 0);
    c.skip = 1;
    loader *l = loader_new(&c);
    for (int b = 0; b < 3; b++) {
        const batch *x = loader_next(l);
        for (int j = 0; j < BATCH; j++) assert_int_equal(x->sample[j], 0);
    }
    assert_int_equal(loader_skipped(l), 1);
    loader_free(l);
    set->at[0] = set->at[1], c.first = 0;                          /* both now: nothing is left to skip to */
    for (int i = 0; i < 100; i++) {                                /* a worker must not go on looking when another one found the last */
        l = loader_new(&c);
        dies(2, "case case10 has no label map", loader_next(l));
        loader_free(l);
    }
    samples_free(set), store_close(s);
}

static void what_a_worker_dies_of_is_raised(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "val", 3, 0);                     /* case09 and case10, which has no label map */
    loader_conf c = conf_of(set, 2, 0);
    loader *l = loader_new(&c);
    dies(2, "case case10 has no label map", loader_next(l));
    loader_free(l), samples_free(set), store_close(s);
}

static void dropped_cases_do_not_come(void **state)
{
    (void)state;
    store *s;
    samples *set = open_part(&s, "train", 3, 1 << 20);
    uint8_t marks[CASES] = { [2] = 1, [10] = 1 };                  /* case10 is in another part */
    samples_drop(set, marks);
    assert_int_equal(set->n, 7), assert_int_equal(set->faulty, 1);
    for (int64_t i = 0; i < set->n; i++) assert_string_not_equal(samples_case(set, i)->id, "case02");
    assert_true(samples_room(set) > 0);
    samples_free(set), store_close(s);
}

static void parts_and_classes_are_checked(void **state)
{
    (void)state;
    store *s;
    samples *set;
    dies(2, "no case is in part test (train 9, val 2, test 0, none 0): `darkspine split`", open_part(&s, "test", 3, 0));
    dies(2, "got part 'trian', wanted train, val, test, foldN, restN, all or none (did you mean train?)", open_part(&s, "trian", 3, 0));
    dies(2, "has a class of value 2 (disc), but the network tells 2 apart", open_part(&s, "train", 2, 0));
    set = open_part(&s, "none", 3, 0);
    assert_int_equal(set->n, 0);
    samples_free(set), store_close(s);
    run_data any = data, list = data;
    s = store_open(path);
    any.labels = "any", list.labels = "2,1";
    set = samples_new(s, &any, "train", 2, -1, N, N, 0, 3);
    assert_int_equal(set->n, 3), assert_int_equal(set->class_of[2], 1), assert_int_equal(set->class_of[0], 0);
    samples_free(set);
    set = samples_new(s, &list, "train", 3, 255, N, N, 0, 0);
    assert_int_equal(set->class_of[2], 1), assert_int_equal(set->class_of[1], 2), assert_int_equal(set->class_of[7], 0),
        assert_int_equal(set->class_of[255], 255);
    samples_free(set);
    any.labels = "any";
    set = samples_new(s, &any, "train", 2, 2, N, N, 0, 0);          /* all but 0 and what is ignored */
    assert_int_equal(set->class_of[1], 1), assert_int_equal(set->class_of[2], IGNORED);
    samples_free(set);
    dies(2, "objective.ignore: got 1, which is class 2 by data.labels=2,1", samples_new(s, &list, "train", 3, 1, N, N, 0, 0));
    dies(2, "objective.ignore: got 2, which is class 2 by data.labels=all", samples_new(s, &data, "train", 3, 2, N, N, 0, 0));
    list.labels = "1-400";
    dies(2, "data.labels: got '1-400'", samples_new(s, &list, "train", 3, -1, N, N, 0, 0));
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_workers_the_same_bits), cmocka_unit_test(a_look_ahead_is_the_next_batch),
        cmocka_unit_test(every_sample_once_an_epoch), cmocka_unit_test(orders_are_fair),
        cmocka_unit_test(weights_set_how_often), cmocka_unit_test(classes_are_balanced), cmocka_unit_test(the_next_epoch_waits_for_its_weights),
        cmocka_unit_test(what_cannot_be_read_is_skipped),
        cmocka_unit_test(what_a_worker_dies_of_is_raised), cmocka_unit_test(dropped_cases_do_not_come),
        cmocka_unit_test(parts_and_classes_are_checked),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, make_store, drop_store);
}
