/* predictions_test.c - predictions.h5: what is written is what is read, and a file that lies is refused before memory is taken for it. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/image.h"
#include "eval/pairs.h"
#include "eval/predictions.h"
#include <hdf5.h>

static char *folder;
static char *in(const char *name) { return path_join(folder, name); }

static void write_two(const char *path)
{
    static const int value[] = { 0, 3, 7 };
    static const char *const name[] = { "background", "L4", "" };
    const uint8_t a[6] = { 0, 3, 7, 7, 3, 0 }, b[2] = { 3, 0 };
    float p[18];
    for (int i = 0; i < 18; i++) p[i] = (float)i / 18;
    predictions *w = predictions_create(path, "best.h5", "3,7", 3, value, name);
    predictions_settings_add(w, "--tta");
    predictions_add(w, "zoe", "films/zoe.png", 2, 1, b, NULL);
    predictions_add(w, "adam \xc3\xbc", "films/adam.png", 2, 3, a, p);
    uint16_t deep[6] = { 0, 1, 256, 65535, 7, 9 };
    predictions_add_film(w, "adam \xc3\xbc", &(image){ 2, 3, 16, deep }, (double[2]){ 0.2, 0.3 }, "given");
    assert_false(file_exists(path));             /* not before it is whole */
    predictions_commit(w);
}

static void test_round_trip(void **state)
{
    (void)state;
    char *path = in("two.h5");
    const uint8_t want[6] = { 0, 3, 7, 7, 3, 0 };
    uint8_t got[6];
    int64_t h, w;
    write_two(path);
    assert_true(predictions_is(path));
    predictions *p = predictions_open(path);
    assert_int_equal(predictions_count(p), 2);
    assert_string_equal(predictions_stem(p, 0), "adam \xc3\xbc");
    assert_string_equal(predictions_stem(p, 1), "zoe");
    predictions_size(p, 0, &h, &w);
    assert_int_equal(h, 2), assert_int_equal(w, 3);
    predictions_read(p, 0, got);
    assert_memory_equal(got, want, 6);
    char *settings = predictions_settings(p);
    assert_string_equal(settings, "--tta"), free(settings);
    classes t = predictions_classes(p);
    assert_int_equal(t.n, 1);                    /* background is none, and a class without a name is called by its number */
    assert_int_equal(t.c[0].value, 3);
    assert_string_equal(t.c[0].name, "L4");
    image film = predictions_film(p, 0), none = predictions_film(p, 1);
    static const uint16_t deep[6] = { 0, 1, 256, 65535, 7, 9 };
    double spacing[2];
    char *source;
    assert_true(film.h == 2 && film.w == 3 && film.bits == 16 && none.h == 0);
    assert_memory_equal(film.p, deep, sizeof deep);
    assert_true(predictions_spacing(p, 0, spacing, &source) && spacing[0] == 0.2 && spacing[1] == 0.3);
    assert_string_equal(source, "given"), free(source);
    assert_false(predictions_spacing(p, 1, spacing, &source));
    image_free(&film), classes_free(&t), predictions_close(p);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(file, "/adam \xc3\xbc/probabilities", H5P_DEFAULT);
    float probabilities[18];
    assert_true(H5Dread(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, probabilities) >= 0);
    near(probabilities[17], 17.0 / 18, 1e-7);
    H5Dclose(d), H5Fclose(file);
    free(path);
}

static void map_file(const char *name, const uint8_t *pixels, int64_t h, int64_t w)
{
    char *path = in(name), *parent = path_folder(path);
    image m = image_new(h, w, 8);
    memcpy(m.p, pixels, (size_t)(h * w));
    file_make_folders(parent), image_write(path, &m);
    image_free(&m), free(path), free(parent);
}

/* Truth is read as the run read its labels: by the list of the file, whether it or the folder round it is given, until something else is asked for. */
static void test_truth_is_read_as_in_training(void **state)
{
    (void)state;
    static const uint8_t a[6] = { 0, 3, 9, 7, 1, 0 }, b[2] = { 9, 3 }, listed[6] = { 0, 3, 0, 7, 0, 0 }, any[6] = { 0, 1, 1, 1, 1, 0 };
    char *path = in("run/predictions.h5"), *pred = in("run"), *truth = in("truth");
    uint8_t *p, *t;
    int64_t h, w;
    map_file("truth/adam \xc3\xbc.png", a, 2, 3), map_file("truth/zoe.png", b, 2, 1);
    map_file("run/masks/adam \xc3\xbc.png", a, 2, 3), map_file("run/masks/zoe.png", b, 2, 1);
    write_two(path);
    for (int i = 0; i < 2; i++) {
        pairs *q = pairs_open(i ? pred : path, truth, NULL);
        assert_string_equal(pairs_labels(q), "3,7");
        pairs_load(q, 0, &h, &w, &p, &t);
        assert_memory_equal(t, listed, 6), assert_int_equal(p[2], 7);          /* of the file, not of masks/ */
        free(p), free(t);
        pairs_read_as(q, "any", "--labels");
        pairs_load(q, 0, &h, &w, &p, &t);
        assert_memory_equal(t, any, 6);
        free(p), free(t);
        pairs_read_as(q, "all", "--labels");
        pairs_load(q, 0, &h, &w, &p, &t);
        assert_memory_equal(t, a, 6);
        free(p), free(t), pairs_close(q);
    }
    free(path), free(pred), free(truth);
}

static void test_dropped(void **state)
{
    (void)state;
    char *path = in("dropped.h5");
    const int value = 1;
    const char *const name = "one";
    predictions *p = predictions_create(path, "w", "all", 1, &value, &name);
    predictions_close(p);
    assert_false(file_exists(path));
    int n;
    char **left = file_list(folder, "|.h5|", &n);
    for (int i = 0; i < n; i++) assert_null(strstr(left[i], "dropped")), free(left[i]);
    free(left), free(path);
}

/* A file of one film whose /a/labels is what `make` puts there. */
static char *forged(const char *name, void (*make)(hid_t group))
{
    static const char format[] = "darkspine-predictions";
    const hsize_t one = 1;
    char *path = in(name);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &one, NULL);
    H5Tset_size(type, sizeof format - 1);
    hid_t about = H5Gcreate2(file, ".about", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t d = H5Dcreate2(about, "format", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, format);
    make(group);
    H5Gclose(group), H5Dclose(d), H5Gclose(about), H5Sclose(space), H5Tclose(type), H5Fclose(file);
    return path;
}

static void dataset(hid_t group, hid_t type, int rank, hsize_t side)
{
    hsize_t dims[3] = { side, side, 2 }, chunk[3] = { 1, 1, 1 };
    hid_t space = H5Screate_simple(rank, dims, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, rank, chunk);
    H5Dclose(H5Dcreate2(group, "labels", type, space, H5P_DEFAULT, how, H5P_DEFAULT));
    H5Pclose(how), H5Sclose(space);
}
static void nothing(hid_t g) { (void)g; }
static void floats(hid_t g) { dataset(g, H5T_NATIVE_FLOAT, 2, 4); }
static void wide(hid_t g) { dataset(g, H5T_NATIVE_UINT16, 2, 4); }
static void three(hid_t g) { dataset(g, H5T_NATIVE_UINT8, 3, 4); }
static void huge(hid_t g) { dataset(g, H5T_NATIVE_UINT8, 2, (hsize_t)1 << 40); }
static void outside(hid_t g) { H5Lcreate_external("elsewhere.h5", "/x", g, "labels", H5P_DEFAULT, H5P_DEFAULT); }
static void group(hid_t g) { H5Gclose(H5Gcreate2(g, "labels", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)); }

static void refused(void (*make)(hid_t))
{
    char *const path = forged("forged.h5", make);
    assert_true(predictions_is(path));
    dies(EXIT_INPUT, "/a/labels is not a label map", predictions_open(path));
    free(path);
}

static void test_lies(void **state)
{
    (void)state;
    static void (*const make[])(hid_t) = { nothing, floats, wide, three, huge, outside, group };
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) refused(make[i]);
}

/* A sound description of 64 x 64 pixels, and a chunk that unpacks to 4 bytes. */
static void short_chunk(hid_t g)
{
    static const unsigned char four[] = { 0x78, 0x9c, 0x63, 0x64, 0x64, 0x64, 0x04, 0x00, 0x00, 0x0e, 0x00, 0x05 };    /* zlib: 1 1 1 1 */
    const hsize_t side[2] = { 64, 64 }, corner[2] = { 0, 0 };
    hid_t space = H5Screate_simple(2, side, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, 2, side), H5Pset_deflate(how, 4);
    hid_t d = H5Dcreate2(g, "labels", H5T_NATIVE_UINT8, space, H5P_DEFAULT, how, H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(d, H5P_DEFAULT, 0, corner, sizeof four, four) >= 0);
    H5Dclose(d), H5Pclose(how), H5Sclose(space);
}

static void test_short_chunk(void **state)
{
    (void)state;
    char *const path = forged("short.h5", short_chunk);
    uint8_t *const map = xalloc(64 * 64);
    predictions *const p = predictions_open(path);
    dies(EXIT_INPUT, "/a/labels cannot be read: damaged data", predictions_read(p, 0, map));
    predictions_close(p), free(map), free(path);
}

/* ---- instances ------------------------------------------------------------------------------------------------------------------------ */

enum { IH = 3, IW = 4 };
static const instances sound = { .n = 2, .box = { { 0, 0, 2.5f, 3 }, { 2, 0, 4, 1 } }, .score = { 0.75f, 0.5f }, .class = { 1, 255 } };

/* A film of a detector that found these; film "b" is of another network. */
static char *found_file(const instances *o, uint8_t last)
{
    static const int value[] = { 0, 1 };
    static const char *const name[] = { "background", "vertebra" };
    uint8_t number[IH * IW] = { 1, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, last };
    const uint8_t labels[IH * IW] = { 0 };
    instances own = *o;
    char *path = in("found.h5");
    own.number = number;
    predictions *p = predictions_create(path, "best.h5", "all", 2, value, name);
    predictions_add(p, "a", "a.png", IH, IW, labels, NULL), predictions_add_instances(p, "a", IH, IW, &own);
    predictions_add(p, "b", "b.png", IH, IW, labels, NULL);
    predictions_commit(p);
    return path;
}

static void test_instances(void **state)
{
    (void)state;
    char *path = found_file(&sound, 0);
    predictions *p = predictions_open(path);
    instances got;
    assert_int_equal(predictions_instances(p, 1, &got), 0), assert_null(got.number);
    assert_int_equal(predictions_instances(p, 0, &got), 1);
    assert_int_equal(got.n, 2), assert_int_equal(got.class[1], 255), assert_int_equal(got.number[2], 2);
    near(got.box[0][2], 2.5, 0); near(got.score[0], 0.75, 0);
    instance *mask = instances_masks(&got, IH, IW);
    uint8_t painted[IH * IW] = { 0 };
    instance_paint(&mask[0], painted, IH, IW, 1), instance_paint(&mask[1], painted, IH, IW, 2);
    assert_memory_equal(painted, got.number, IH * IW);
    assert_int_equal(mask[1].value, 255);
    free(mask[0].runs), free(mask[1].runs), free(mask), free(got.number);
    predictions_close(p), free(path);
}

static void refused_instances(const instances *o, uint8_t last, const char *cut, const char *says)
{
    char *path = found_file(o, last);
    instances got;
    if (cut) {
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        H5Ldelete(file, cut, H5P_DEFAULT), H5Fclose(file);
    }
    predictions *const p = predictions_open(path);
    dies(EXIT_INPUT, says, predictions_instances(p, 0, &got));
    predictions_close(p), free(path);
}

static void test_instances_that_lie(void **state)
{
    (void)state;
    static const float bad[][4] = { { NAN, 0, 1, 1 }, { 0, 0, INFINITY, 1 }, { 2, 0, 1, 1 }, { 0, 2, 1, 1 } };
    instances o = sound;
    o.n = 0, refused_instances(&o, 0, NULL, "a pixel of an instance that is not among the boxes"), o = sound;
    refused_instances(&sound, 3, NULL, "a pixel of an instance that is not among the boxes");
    o.score[1] = NAN, refused_instances(&o, 0, NULL, "a score that is no number");
    for (int k = 0; k < 4; k++) o = sound, memcpy(o.box[0], bad[k], sizeof bad[k]), refused_instances(&o, 0, NULL, "a box that is none");
    o = sound, o.class[0] = 0, refused_instances(&o, 0, NULL, "a class outside 1 to 255");
    o.class[0] = 256, refused_instances(&o, 0, NULL, "a class outside 1 to 255");
    refused_instances(&sound, 0, "/a/scores", "wanted boxes (n, 4), scores (n) and classes (n)");
    refused_instances(&sound, 0, "/a/boxes", "wanted boxes (n, 4), scores (n) and classes (n)");
}

static void test_other_files(void **state)
{
    (void)state;
    char *const path = in("text.h5"), *const two = in("two.h5"), *const cut = in("cut.h5");
    file_write(path, "no HDF5 at all", 14);
    assert_false(predictions_is(path));
    dies(EXIT_INPUT, "wanted predictions", predictions_open(path));
    size_t n;
    char *bytes = file_read(two, 1 << 24, &n);
    file_write(cut, bytes, n / 2);
    dies(EXIT_INPUT, "cut.h5", predictions_open(cut));
    free(bytes), free(path), free(two), free(cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instances), cmocka_unit_test(test_instances_that_lie),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truth_is_read_as_in_training), cmocka_unit_test(test_dropped), cmocka_unit_test(test_lies), cmocka_unit_test(test_short_chunk),
        cmocka_unit_test(test_other_files),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
