/* cli_inpaint_test.c - `darkspine inpaint` from outside: a film, a store of pairs, a network, given masks, and what is refused. */
#include "tests/cli.h"
#include "datasets/store.h"

static int begin(void **state)
{
    (void)state;
    folder = test_scratch();
    succeeds("synth pairs.h5 region=lumbar n=3 seed=3 height=512 width=384 level=L3 implants=1 pairs=1 pathology=none fractures=none --quiet", "6 films");
    succeeds("export pairs.h5 ex --quiet", "6 cases");
    return 0;
}
static int end(void **state) { (void)state; test_scratch_remove(folder); return 0; }

static store *opened(const char *name)
{
    char *path = in(name);
    store *s = store_open(path);
    free(path);
    return s;
}

/* Films without implants are the same to the last bit, all others outside the masks; labels and rows stay. */
static void a_store_comes_back_as_a_store(void **state)
{
    (void)state;
    json_t *o = object("inpaint pairs.h5 method=telea --json --quiet --out store");
    has(o, "implant_pixels mask restored changed_outside_mask cases truth mask_is report seconds");
    assert_int_equal((int)number(o, "changed_outside_mask"), 0);
    assert_string_equal(json_string_value(json_object_get(o, "restored")), "store/restored.h5");
    store *a = opened("pairs.h5"), *b = opened("store/restored.h5");
    assert_int_equal(store_count(b), 6);
    const json_t *cases = json_object_get(o, "cases");
    int64_t in_all = 0;
    for (int64_t i = 0; i < 6; i++) {
        const store_case *p = store_at(a, i), *q = store_at(b, i);
        const json_t *c = json_array_get(cases, (size_t)i);
        assert_string_equal(p->id, q->id), assert_string_equal(p->patient, q->patient);
        assert_string_equal(p->sha256_labels, q->sha256_labels);
        in_all += (int64_t)number(c, "implant_pixels");
        assert_int_equal(!strcmp(p->sha256_image, q->sha256_image), json_is_true(json_object_get(c, "unchanged")));
        if (strstr(p->id, "implants")) has(json_object_get(c, "truth"), "implant_dice psnr psnr_before ssim ssim_before");
    }
    assert_int_equal(in_all, (int64_t)number(o, "implant_pixels"));
    const json_t *truth = json_object_get(o, "truth"), *dice = json_object_get(truth, "implant_dice"), *before = json_object_get(truth, "psnr_before");
    assert_int_equal((int)number(truth, "films"), 3), assert_int_equal((int)number(truth, "plain"), 3), assert_true(number(truth, "alarms") < 3);
    assert_true(number(dice, "mean") > 0.4);
    assert_true(number(json_object_get(truth, "psnr"), "mean") > number(before, "mean") + 3);
    store_close(a), store_close(b), json_decref(o);
    refused("inpaint pairs.h5 method=telea --out store", "--force");
}

static void a_film_comes_back_as_a_film(void **state)
{
    (void)state;
    json_t *o = object("inpaint ex/images/lumbar_3_00000_implants.png method=telea --json --quiet --out film");
    assert_int_equal((int)number(o, "changed_outside_mask"), 0);
    assert_string_equal(json_string_value(json_object_get(o, "mask")), "film/masks/lumbar_3_00000_implants.png");
    char *at[3] = { in("ex/images/lumbar_3_00000_implants.png"), in("film/restored/lumbar_3_00000_implants.png"),
                    in("film/masks/lumbar_3_00000_implants.png") };
    image film = film_read(at[0]), restored = film_read(at[1]), mask = labels_read(at[2]);
    int64_t pixels = 0, inside = 0;
    assert_true(film.h == restored.h && film.w == restored.w && film.bits == restored.bits && mask.h == film.h && mask.w == film.w);
    for (int64_t i = 0; i < film.h * film.w; i++) {
        pixels += image_at(&mask, i), inside += image_at(&mask, i) && image_at(&film, i) != image_at(&restored, i);
        if (!image_at(&mask, i)) assert_int_equal(image_at(&film, i), image_at(&restored, i));
    }
    assert_int_equal(pixels, (int64_t)number(o, "implant_pixels"));
    assert_true(inside > pixels / 2);
    json_decref(o), image_free(&film), image_free(&restored), image_free(&mask);
    for (int i = 0; i < 3; i++) free(at[i]);
    succeeds("inpaint ex/images/lumbar_3_00000.png method=telea least=1 --quiet --out plain", "comes back unchanged");
}

/* A mask that is given is filled as it is, and everything says that it was given. */
static void given_masks_are_told(void **state)
{
    (void)state;
    json_t *o = object("inpaint pairs.h5 method=telea --mask truth --json --quiet --out given");
    assert_string_equal(json_string_value(json_object_get(o, "mask_is")), "given: the truth");
    near(number(json_object_get(json_object_get(o, "truth"), "implant_dice"), "mean"), 1, 0);
    json_decref(o);
    o = object("inpaint ex/images/lumbar_3_00001_implants.png --mask given/masks/lumbar_3_00001_implants.png method=telea --json --quiet --out given2");
    assert_string_equal(json_string_value(json_object_get(o, "mask_is")), "given");
    assert_true(number(o, "implant_pixels") > 100);
    json_decref(o);
}

static const char net_cfg[] =
    "[net]\nbatch=2\nheight=64\nwidth=48\nchannels=1\nclasses=1\n"
    "[convolutional]\nname=in\nfilters=8\nsize=3\nstride=2\npadding=0,1,0,1\nactivation=swish\n"
    "[quantize]\nname=codes\ncodes=16\ntype=ema\ndecay=0.9\nrestart=4\n"
    "[convolutional]\nname=up\nfilters=8\nsize=3\npad=1\nactivation=swish\n[upsample]\n[convolutional]\nname=out\nsize=3\npad=1\n";
static const char critic_cfg[] = "[net]\nclasses=1\n[convolutional]\nname=main.0\nfilters=8\nsize=4\nstride=2\npadding=1\n[convolutional]\nname=main.2\nsize=4\npadding=1\n";

/* Phantoms of every kind that `synth` draws: implants are found on most films, and few films without are changed. */
static void implants_of_many_kinds_are_found(void **state)
{
    (void)state;
    succeeds("synth many.h5 region=lumbar n=12 seed=2 height=384 width=288 implants=1 pairs=1 classes=hspine --quiet", "24 films");
    json_t *o = object("inpaint many.h5 method=telea --json --quiet --out many"), *t = json_object_get(o, "truth");
    assert_int_equal(number(t, "films"), 12), assert_int_equal(number(t, "plain"), 12);
    assert_true(number(json_object_get(t, "implant_dice"), "mean") > 0.6);
    assert_true(number(t, "missed") <= 2 && number(t, "alarms") <= 2);
    json_decref(o);
}

/* A tiny network, hardly trained: the ways through it, not how good it is. */
static void a_network_fills_what_it_is_given(void **state)
{
    (void)state;
    write_text("net.cfg", net_cfg), write_text("critic.cfg", critic_cfg);
    result r = call("train net.cfg --out vq --quiet data.store=pairs.h5 data.train=all data.val=none data.mode=stretch data.range=signed adversary.critic=critic.cfg"
                    " adversary.erase=0.5 adversary.matching=1 solver.epochs=2 solver.batch=2 solver.optimiser=adam solver.decay=0 solver.lr=0.002");
    if (r.status) fail_msg("%s", r.err);
    drop(&r);
    succeeds("plan $ROOT/configs/runs/vqgan-small.cfg", "2942433 parameters");         /* whose critic is found beside the program */
    json_t *o = object("inpaint pairs.h5 --weights vq --mask truth --json --quiet --out codes passes=2");
    assert_int_equal((int)number(o, "changed_outside_mask"), 0);
    const json_t *first = json_array_get(json_object_get(o, "cases"), 1);
    assert_string_equal(json_string_value(json_object_get(first, "method")), "codes");
    assert_true(number(json_object_get(json_object_get(o, "truth"), "psnr"), "mean") > number(json_object_get(json_object_get(o, "truth"), "psnr_before"), "mean"));
    json_decref(o);
    o = object("inpaint ex/images/lumbar_3_00002_implants.png --weights vq method=telea --json --quiet --out both");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(o, "cases"), 0), "method")), "telea");
    json_decref(o);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    write_text("other.cfg", "[solver]\nepochs=1\n"), write_text("settings.cfg", "[inpaint]\nmethod=telea\nradius=0\n");
    map("small.png", 3, 4, "110011000000");
    write_text("broken.png", "no picture");
    refused("inpaint ex/images/lumbar_3_00000.png method=codes --weights nothing.h5", "nothing.h5");
    refused("inpaint ex/images/lumbar_3_00000.png metod=telea --out x", "metod");
    refused("inpaint ex/images/lumbar_3_00000.png method=navier --out x", "navier");
    refused("inpaint ex/images/lumbar_3_00000.png threshold=-1 --out x", "threshold");
    refused("inpaint ex/images/lumbar_3_00000.png --settings other.cfg --out x", "[inpaint]");
    refused("inpaint ex/images/lumbar_3_00000.png --settings settings.cfg --out x", "settings.cfg:3");
    refused("inpaint ex/images/lumbar_3_00000.png method=telea --mask small.png --out x", "a mask of 3 x 4, wanted 512 x 384");
    refused("inpaint ex/images/lumbar_3_00000.png method=telea --mask truth --out x", "only a store knows");
    refused("inpaint ex/images method=telea --mask small.png --out x", "wanted a folder");
    refused("inpaint pairs.h5 small.png method=telea --out x", "goes alone");
    refused("inpaint broken.png method=telea --out x", "broken.png");
    write_text("seg.cfg", "[net]\nheight=32\nwidth=32\nchannels=1\nclasses=1\n[convolutional]\nfilters=1\nsize=1\n");
    result r = call("train seg.cfg --out seg data.store=pairs.h5 data.train=all data.val=none data.labels=any solver.epochs=1 solver.batch=2 solver.burn_in=50");
    assert_non_null(strstr(r.err, "solver.burn_in=50 steps is more than the "));
    if (r.status) fail_msg("%s", r.err);
    drop(&r);
    refused("inpaint ex/images/lumbar_3_00000.png --weights seg --out x", "does not rebuild films");
    char *x = in("x");
    assert_false(file_exists(x));
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_store_comes_back_as_a_store), cmocka_unit_test(a_film_comes_back_as_a_film),
        cmocka_unit_test(given_masks_are_told), cmocka_unit_test(implants_of_many_kinds_are_found), cmocka_unit_test(a_network_fills_what_it_is_given), cmocka_unit_test(what_is_wrong_is_refused) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, begin, end);
}
