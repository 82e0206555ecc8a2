/* cli_synth_test.c - `darkspine synth` from outside: what it refuses, and that a store which was stopped and gone on with is the one that
 * nobody stopped. */
#include "tests/cli.h"
#include "datasets/image.h"
#include "datasets/store.h"

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    return 0;
}

static const char words[] = "region=whole n=240 seed=4 height=192 width=96 implants=0.5 pairs=1 --threads 2 --quiet";

/* The call, told to stop as soon as its file is there, which is after it began to listen. Returns its status. */
static int stopped(const char *more)
{
    static const char script[] = "p=$1; shift\n\"$p\" synth b.h5 \"$@\" >out 2>&1 &\np=$!\n"
        "while kill -0 $p && ! ls b.h5.part.tmp*; do sleep 0.005; done >/dev/null 2>&1\nkill -TERM $p\nwait $p\n";
    char root[4096];
    assert_non_null(getcwd(root, sizeof root));
    char *program = path_join(root, getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine");
    write_text("stop.sh", script);
    char *line = xprintf("cd '%s' && sh stop.sh '%s' %s %s", folder, program, words, more);
    const int status = system(line);
    free(program), free(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int same(const char *a, const char *b) { return !strcmp(a ? a : "", b ? b : ""); }

static void a_stopped_store_is_finished_the_same(void **state)
{
    (void)state;
    char *whole = in("a.h5"), *mended = in("b.h5"), *part = in("b.h5.part"), *text = in("b.h5.part.txt"), *line = xprintf("synth a.h5 %s", words),
        *again = xprintf("synth b.h5 %s", words), *on = xprintf("synth b.h5 %s --resume", words), *other = xprintf("synth b.h5 %s --resume reader=1", words);
    succeeds(line, "films of 192 x 96");
    assert_int_equal(stopped(""), 75);
    assert_true(file_exists(part) && !file_exists(mended));
    store *p = store_open(part);
    assert_true(store_count(p) >= 1);
    store_close(p);
    refused(again, "is there already: --resume goes on");
    refused(other, "only n may change");
    assert_int_equal(stopped("--resume"), 75);                 /* and once more on the way */
    succeeds(on, "films of 192 x 96");
    assert_true(!file_exists(part) && !file_exists(text));
    store *a = store_open(whole), *b = store_open(mended);
    assert_int_equal(store_count(a), store_count(b));
    for (int64_t i = 0; i < store_count(a); i++) {
        const store_case *x = store_at(a, i), *y = store_at(b, i);
        assert_true(same(x->id, y->id) && same(x->source, y->source) && same(x->patient, y->patient) && *x->sha256_image && *x->sha256_labels);
        assert_true(same(x->sha256_image, y->sha256_image) && same(x->sha256_labels, y->sha256_labels) && x->spacing[1] == y->spacing[1]);
    }
    store_close(a), store_close(b);
    refused("synth c.h5 region=whole n=2 --resume", "c.h5.part is not there");
    free(whole), free(mended), free(part), free(text), free(line), free(again), free(on), free(other);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    refused("synth x.h5 region=cervical fractures=always", "wanted region=whole, thoracic or lumbar");
    refused("synth x.h5 region=lumbar strata=1", "wanted region=whole");
    refused("synth x.h5 region=whole strata=1 level=L2", "level=L3");
    refused("synth x.h5 region=whole fractures=screw", "did you mean");
    refused("synth x.h5 region=stack --resume", "--resume");
    refused("synth x.h5 region=lumbar close=2", "close");
    refused("synth x.h5 region=mixed strata=1", "wanted region=whole");
    refused("synth x.h5 region=ap facing=left", "wanted a lateral region");
}

/* Of a pair the film with implants has their mask, as it was projected, and the one without has none. --seed is seed=. */
static void implants_are_exported(void **state)
{
    (void)state;
    succeeds("synth pair.h5 region=lumbar n=1 --seed 5 height=256 width=192 implants=1 pairs=1 --device cpu --quiet", "seed 5");
    succeeds("export pair.h5 pair --quiet", "2 cases");
    char *with = in("pair/implants/lumbar_5_00000_implants.png"), *without = in("pair/implants/lumbar_5_00000.png");
    assert_true(file_exists(with) && !file_exists(without));
    image m = film_read(with);
    int64_t metal = 0, other = 0;
    for (int64_t i = 0; i < m.h * m.w; i++) metal += image_at(&m, i) == 255, other += image_at(&m, i) != 255 && image_at(&m, i) != 0;
    assert_true(metal > 100 && metal < m.h * m.w / 2 && !other);
    image_free(&m), free(with), free(without);
}

static double facing_of(const store *s, int64_t i)
{
    labels l = store_read_labels(s, i);
    double side = 0;
    for (int k = 0; k < l.nvalues; k++) if (!strcmp(l.values[k].name, "facing")) side = l.values[k].value;
    labels_free(&l);
    return side;
}

/* On demand all look one way; those who did so anyway are the same films. */
static void all_look_one_way(void **state)
{
    (void)state;
    succeeds("synth any.h5 region=thoracic n=6 height=128 width=96 --quiet", "128 x 96");
    succeeds("synth left.h5 region=thoracic n=6 height=128 width=96 facing=left --quiet", "128 x 96");
    char *any = in("any.h5"), *left = in("left.h5");
    store *a = store_open(any), *b = store_open(left);
    int turned = 0;
    for (int64_t i = 0; i < 6; i++) {
        const int right = facing_of(a, i) > 0;
        assert_true(facing_of(b, i) == -1);
        assert_int_equal(same(store_at(a, i)->sha256_image, store_at(b, i)->sha256_image), !right);
        turned += right;
    }
    assert_true(turned > 0 && turned < 6);
    store_close(a), store_close(b), free(any), free(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_stopped_store_is_finished_the_same), cmocka_unit_test(what_cannot_be_is_refused),
                                        cmocka_unit_test(implants_are_exported), cmocka_unit_test(all_look_one_way) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
