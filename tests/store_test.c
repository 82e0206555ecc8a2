/* store_test.c - the store: everything comes back bit for bit, from several threads; strangers' files; damaged and lying files. */
#include "tests/test.h"
#include "datasets/store.h"
#include "base/file.h"
#include <hdf5.h>
#include <omp.h>
#include <unistd.h>

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

enum { H = 37, W = 23, LEN = H * W, CASES = 12 };

static uint8_t pixel8(int k, int i) { return (uint8_t)(i * 7 + k * 13); }
static uint16_t pixel16(int k, int i) { return (uint16_t)(i * 771 + k * 13); }

/* Cases of both depths and two sizes; odd ones with every kind of label. */
static char *build(const char *name)
{
    char *path = path_join(scratch, name);
    classes table = { 0 };
    classes_add(&table, 20, "L1", "vertebra"), classes_add(&table, 3, "f\xc3\xa9mur", "");
    store *s = store_create(path, &table);
    uint8_t p8[LEN], mask[LEN];
    uint16_t p16[LEN];
    uint32_t planes[LEN];
    corners c[2] = { { "T12", { { 1.25, 2 }, { 9, 2.5 }, { 1, 8 }, { 9, 8.125 } } }, { "L1", { { 1, 10 }, { 9, 10 }, { 1, 17 }, { 9, 0.1 } } } };
    landmark m[1] = { { "femoral_head_1", 3.5, 4.5, 6.25 } };
    measured v[2] = { { "cobb", "deg", 41.139 }, { "age", "", 12 } };
    for (int k = 0; k < CASES; k++) {
        char id[32], patient[32];
        int deep = k % 3 == 0, h = k % 2 ? H : H - 5;
        snprintf(id, sizeof id, "film %02d \xc3\xa4", k), snprintf(patient, sizeof patient, "P%d", k / 2);
        for (int i = 0; i < LEN; i++) p8[i] = pixel8(k, i), p16[i] = pixel16(k, i), mask[i] = i % 11 == 0 ? 20 : 0,
            planes[i] = (uint32_t)(i % 5) << 3 | (uint32_t)i << 20;
        store_case row = { .id = id, .patient = patient, .h = h, .w = W, .bits = deep ? 16 : 8, .source = k ? NULL : "images/a.png",
            .split = k % SPLITS,
                           .spacing = { 0.143, 0.2 }, .spacing_source = "given", .labelled_h = 99, .excluded = k == 3 };
        instance o[1] = { instance_from_mask(mask, h, W, 20, "L1") };
        labels l = { 2, 1, 2, 1, c, m, v, o };
        store_add(s, &row, deep ? (void *)p16 : p8, mask, k % 2 ? planes : NULL, k % 2 ? &l : NULL);
        free(o[0].runs);
    }
    store_commit(s);
    classes_free(&table);
    return path;
}

static void expect_case(const store *s, int k)
{
    const store_case *c = store_at(s, k);
    uint16_t buf[LEN];
    uint8_t mask[LEN];
    uint32_t planes[LEN];
    int len = (int)(c->h * c->w);
    store_read_image(s, k, buf);
    for (int i = 0; i < len; i++) assert_int_equal(c->bits == 16 ? buf[i] : ((uint8_t *)buf)[i], c->bits == 16 ? pixel16(k, i) : pixel8(k, i));
    assert_int_equal(store_read_mask(s, k, mask), 1);
    for (int i = 0; i < len; i++) assert_int_equal(mask[i], i % 11 == 0 ? 20 : 0);
    assert_int_equal(store_read_planes(s, k, planes), k % 2);
    for (int i = 0; k % 2 && i < len; i++) assert_int_equal(planes[i], (uint32_t)(i % 5) << 3 | (uint32_t)i << 20);
}

static void round_trip(void **state)
{
    (void)state;
    char *path = build("a store.h5");
    store *s = store_open(path);
    assert_int_equal(store_count(s), CASES);
    assert_int_equal(store_classes(s)->n, 2);
    assert_string_equal(store_classes(s)->c[0].name, "f\xc3\xa9mur");
    assert_int_equal(store_classes(s)->c[1].value, 20);
    for (int k = 0; k < CASES; k++) expect_case(s, k);
    const store_case *c = store_at(s, 3);
    assert_string_equal(c->id, "film 03 \xc3\xa4");
    assert_string_equal(c->patient, "P1");
    assert_string_equal(store_at(s, 0)->source, "images/a.png");
    assert_string_equal(c->source, "");
    assert_int_equal(c->split, SPLIT_TEST);
    assert_int_equal(c->excluded, 1);
    assert_int_equal(c->h, H);
    assert_int_equal(c->labelled_h, 99);
    near(c->spacing[0], 0.143, 0);
    near(c->spacing[1], 0.2, 0);
    assert_int_equal(store_find(s, "film 07 \xc3\xa4"), 7);
    assert_int_equal(store_find(s, "film"), -1);
    store_close(s), free(path);
}

static void labels_round_trip(void **state)
{
    (void)state;
    char *path = build("labels.h5"), sha[65];
    store *s = store_open(path);
    labels l = store_read_labels(s, 5), none = store_read_labels(s, 4);
    assert_int_equal(none.ncorners + none.nlandmarks + none.nvalues + none.ninstances, 0);
    assert_int_equal(l.ncorners, 2);
    assert_string_equal(l.corners[1].level, "L1");
    near(l.corners[0].p[CORNER_TL][0], 1.25, 0);
    near(l.corners[1].p[CORNER_BR][1], 0.1, 0);
    assert_string_equal(l.landmarks[0].name, "femoral_head_1");
    near(l.landmarks[0].r, 6.25, 0);
    assert_string_equal(l.values[0].unit, "deg");
    near(l.values[0].value, 41.139, 0);
    uint8_t mask[LEN], again[LEN] = { 0 };
    store_read_mask(s, 5, mask);
    assert_int_equal(l.instances[0].value, 20);
    instance_paint(&l.instances[0], again, H, W, 20);
    assert_memory_equal(mask, again, LEN);
    uint32_t planes[LEN];
    store_read_planes(s, 5, planes);
    hash_labels(mask, planes, LEN, &l, sha);
    assert_string_equal(sha, store_at(s, 5)->sha256_labels);
    l.corners[0].p[0][0] += 1e-9;
    hash_labels(mask, planes, LEN, &l, sha);
    assert_string_not_equal(sha, store_at(s, 5)->sha256_labels);
    labels_free(&l), labels_free(&none), store_close(s), free(path);
}

static void many_threads(void **state)
{
    (void)state;
    char *path = build("threads.h5");
    store *s = store_open(path);
    int wrong = 0;
    #pragma omp parallel for num_threads(4) reduction(+:wrong)
    for (int r = 0; r < 40 * CASES; r++) {
        uint16_t buf[LEN];
        int k = r % CASES;
        const store_case *c = store_at(s, k);
        store_read_image(s, k, buf);
        for (int i = 0; i < (int)(c->h * c->w); i++) wrong += (c->bits == 16 ? buf[i] : ((uint8_t *)buf)[i]) != (c->bits == 16 ? pixel16(k, i)
            : pixel8(k, i));
    }
    assert_int_equal(wrong, 0);
    store_close(s), free(path);
}

static void marks(void **state)
{
    (void)state;
    char *path = build("marks.h5");
    split part[CASES];
    uint8_t out[CASES] = { 0 };
    for (int k = 0; k < CASES; k++) part[k] = k % 2 ? SPLIT_VAL : SPLIT_TRAIN;
    out[7] = 1;
    store_mark(path, part, NULL, CASES);
    store_mark(path, NULL, out, CASES);
    store *s = store_open(path);
    for (int k = 0; k < CASES; k++) {
        assert_int_equal(store_at(s, k)->split, part[k]);
        assert_int_equal(store_at(s, k)->excluded, k == 7);
        expect_case(s, k);
    }
    store_close(s);
    dies(2, "got marks for 3 cases, it holds 12", store_mark(path, part, NULL, 3));
    free(path);
}

static void whole_or_absent(void **state)
{
    (void)state;
    char *path = path_join(scratch, "never.h5");
    uint8_t p[4] = { 1, 2, 3, 4 };
    store *s = store_create(path, NULL);
    store_case row = { .id = "a", .h = 2, .w = 2, .bits = 8 };
    store_add(s, &row, p, NULL, NULL, NULL);
    assert_false(file_exists(path));
    dies(2, "two cases are called 'a'", store_add(s, &row, p, NULL, NULL, NULL));
    row.id = "../a";
    dies(2, "begins with a dot", store_add(s, &row, p, NULL, NULL, NULL));
    row.id = "x/y";
    dies(2, "slash", store_add(s, &row, p, NULL, NULL, NULL));
    row.id = "\xff";
    dies(2, "not UTF-8", store_add(s, &row, p, NULL, NULL, NULL));
    store_close(s);
    assert_false(file_exists(path));
    int n;
    char **left = file_list(scratch, NULL, &n);
    for (int i = 0; i < n; i++) { assert_null(strstr(left[i], "tmp")); free(left[i]); }
    free(left), free(path);
    dies(2, "cannot be written", store_create("/no/such/folder/a.h5", NULL));
}

/* ---- hostile files ------------------------------------------------------------------------------------------------------------------ */

/* Replaces a dataset by one of another type or shape. */
static void replace(const char *path, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data)
{
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), s = H5Screate_simple(rank, dims, NULL);
    H5Ldelete(f, name, H5P_DEFAULT);
    hid_t d = H5Dcreate2(f, name, type, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (data) H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(d), H5Sclose(s), H5Fclose(f);
}

static void read_all(const char *path)
{
    store *s = store_open(path);
    for (int64_t i = 0; i < store_count(s); i++) {
        const store_case *c = store_at(s, i);
        uint8_t *b = xalloc_n((size_t)(c->h * c->w), 4);
        store_read_image(s, i, b), store_read_mask(s, i, b), store_read_planes(s, i, (uint32_t *)(void *)b);
        labels l = store_read_labels(s, i);
        labels_free(&l), free(b);
    }
    store_close(s);
}

static void lies(void **state)
{
    (void)state;
    char *path;
    double half[CASES] = { 0.5 };
    uint8_t bytes[H * (W + 1)] = { 0 };
    uint32_t runs[3] = { 1, 2, 3 };
    hsize_t n = CASES, fewer = CASES - 1, wide[2] = { H, W + 1 }, right[2] = { H, W }, three = 3, huge[2] = { (hsize_t)1 << 40, (hsize_t)1 << 20 };
    #define LIE(words, ...) path = build("lie.h5"), replace(path, __VA_ARGS__); dies(2, words, read_all(path)); free(path)
    LIE("/index/height: another length than /index/id", "/index/height", H5T_NATIVE_UINT32, 1, &fewer, NULL);
    LIE("/index/height: wrong number of dimensions", "/index/height", H5T_NATIVE_UINT32, 2, right, NULL);
    LIE("/index/width: more entries than a store may hold", "/index/width", H5T_NATIVE_UINT8, 1, huge, NULL);
    LIE("got 23 x 0 pixels", "/index/height", H5T_NATIVE_UINT32, 1, &n, NULL);
    LIE("/index/excluded: not whole numbers", "/index/excluded", H5T_NATIVE_DOUBLE, 1, &n, half);
    LIE("/index/id: wrong type, wanted text", "/index/id", H5T_NATIVE_INT, 1, &n, NULL);
    LIE("image: another size than /index says", "/cases/film 01 \xc3\xa4/image", H5T_NATIVE_UINT8, 2, wide, bytes);
    LIE("image: wrong number of dimensions", "/cases/film 01 \xc3\xa4/image", H5T_NATIVE_UINT8, 1, wide, bytes);
    LIE("image: another type of pixel than /index says", "/cases/film 01 \xc3\xa4/image", H5T_NATIVE_FLOAT, 2, right, NULL);
    LIE("mask: another type", "/cases/film 01 \xc3\xa4/mask", H5T_NATIVE_INT8, 2, right, NULL);
    LIE("instances: wanted value", "/cases/film 01 \xc3\xa4/instances/runs", H5T_NATIVE_UINT32, 1, &three, runs);
    LIE("wrong number of dimensions", "/cases/film 01 \xc3\xa4/corners/points", H5T_NATIVE_DOUBLE, 1, &three, NULL);
    LIE("wanted level (n) and points (n, 4, 2)", "/cases/film 01 \xc3\xa4/corners/level", H5T_C_S1, 1, &three, NULL);
    #undef LIE
}

static void other_files(void **state)
{
    (void)state;
    char *no = path_join(scratch, "no.h5"), *path = build("link.h5"), *text = path_join(scratch, "text.h5");
    dies(2, "No such file", store_open(no));
    file_write(text, "not HDF5 at all", 15);
    dies(2, "not an HDF5 file", store_open(text));
    dies(2, "a folder, wanted a store", store_open(scratch));
    char *film = path_join(scratch, "film.PNG");
    file_write(film, "not HDF5 at all", 15);
    dies(2, "an image, wanted a store", store_open(film));
    free(film);
    hid_t f = H5Fcreate(no, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(f);
    dies(2, "not a darkspine store", store_open(no));
    char *donor = build("donor.h5");             /* pixels that lie in another file: by a link, and by external storage */
    f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(f, "/cases/film 01 \xc3\xa4/mask", H5P_DEFAULT);
    H5Lcreate_external(donor, "/cases/film 01 \xc3\xa4/mask", f, "/cases/film 01 \xc3\xa4/mask", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(f);
    dies(2, "case film 01 \xc3\xa4: mask: its data lie in another file", read_all(path));
    f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t p = H5Pcreate(H5P_DATASET_CREATE), s = H5Screate_simple(2, (hsize_t[]){ H, W }, NULL);
    H5Pset_external(p, text, 0, LEN);
    H5Ldelete(f, "/cases/film 01 \xc3\xa4/mask", H5P_DEFAULT);
    H5Dclose(H5Dcreate2(f, "/cases/film 01 \xc3\xa4/mask", H5T_NATIVE_UINT8, s, H5P_DEFAULT, p, H5P_DEFAULT));
    H5Pclose(p), H5Sclose(s), H5Fclose(f);
    dies(2, "case film 01 \xc3\xa4: mask: its data lie in another file", read_all(path));
    free(donor);
    free(no), free(path), free(text);
}

/* The file cut anywhere, and single bytes changed in the pixels' chunks: an error, never other pixels. */
static void truncated(void **state)
{
    (void)state;
    char *path = build("cut.h5"), *cut = path_join(scratch, "cut2.h5");
    size_t n;
    char *b = file_read(path, 1 << 26, &n);
    for (size_t len = 0; len < n; len += 1 + n / 61) {
        file_write(cut, b, len);
        dies(2, "cut2.h5", read_all(cut));
    }
    free(b), free(path), free(cut);
}

static void damaged_chunk(void **state)
{
    (void)state;
    char *path = build("bits.h5");
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, "/cases/film 02 \xc3\xa4/image", H5P_DEFAULT);
    haddr_t at;
    hsize_t size;
    assert_true(H5Dget_chunk_info_by_coord(d, (hsize_t[]){ 0, 0 }, NULL, &at, &size) >= 0);
    H5Dclose(d), H5Fclose(f);
    size_t n;
    char *b = file_read(path, 1 << 26, &n);
    for (hsize_t k = 0; k < size; k += 1 + size / 50) {
        b[at + k] ^= 0x10;
        file_write(path, b, n);
        dies(2, "case film 02 \xc3\xa4: image: damaged data", read_all(path));
        b[at + k] ^= 0x10;
    }
    file_write(path, b, n);
    read_all(path);
    free(b), free(path);
}

/* ---- strangers -------------------------------------------------------------------------------------------------------------------------- */

static int python(void) { return system("/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null") == 0; }

/* Runs the code block of docs/store.md that is marked with this word. */
static int run_page(const char *word, const char *path, const char *out)
{
    char *cmd = xprintf("awk '/^```python %s/{on=1;next} /^```/{on=0} on' docs/store.md > '%s/page.py' && "
                        "/usr/bin/python3 '%s/page.py' '%s' > '%s'", word, scratch, scratch, path, out);
    int status = system(cmd);
    free(cmd);
    return status;
}

static void page_reads(void **state)
{
    (void)state;
    if (!python()) skip();
    char *path = build("ours.h5"), *out = path_join(scratch, "out.txt");
    assert_int_equal(run_page("read", path, out), 0);
    char *text = file_read(out, 1 << 20, NULL);
    assert_non_null(strstr(text, "film 05 \xc3\xa4 P2 train (37, 23) uint8"));
    assert_non_null(strstr(text, "mask {'L1': 78}"));                            /* ceil(37 * 23 / 11) */
    assert_non_null(strstr(text, "corners T12 TL 1.25 2.0"));
    assert_non_null(strstr(text, "instance L1 78 pixels"));
    free(text), free(out), free(path);
}

static void page_writes(void **state)
{
    (void)state;
    if (!python()) skip();
    char *path = path_join(scratch, "theirs.h5"), *out = path_join(scratch, "out.txt");
    assert_int_equal(run_page("write", path, out), 0);
    store *s = store_open(path);
    assert_int_equal(store_count(s), 2);
    assert_string_equal(store_at(s, 1)->id, "film-2");
    assert_int_equal(store_at(s, 1)->split, SPLIT_VAL);
    assert_string_equal(store_at(s, 1)->source, "");
    uint16_t p[35];
    uint8_t q[48], m[48];
    store_read_image(s, 1, p), store_read_image(s, 0, q);
    for (int i = 0; i < 35; i++) assert_int_equal(p[i], i * 1000);
    for (int i = 0; i < 48; i++) assert_int_equal(q[i], i);
    assert_int_equal(store_read_mask(s, 0, m), 1);
    for (int i = 0; i < 48; i++) assert_int_equal(m[i], i > 23);
    store_close(s), free(path), free(out);
}

/* Chunks smaller than the image, no filters, big-endian: the slow way gives the same pixels. */
static void other_layouts(void **state)
{
    (void)state;
    char *path = build("layout.h5");
    uint16_t p[LEN];
    hsize_t dims[2] = { H, W }, chunk[2] = { 8, 8 };
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), sp = H5Screate_simple(2, dims, NULL), pl = H5Pcreate(H5P_DATASET_CREATE);
    for (int i = 0; i < LEN; i++) p[i] = pixel16(3, i);
    H5Pset_chunk(pl, 2, chunk), H5Pset_deflate(pl, 9);
    H5Ldelete(f, "/cases/film 03 \xc3\xa4/image", H5P_DEFAULT), H5Ldelete(f, "/cases/film 09 \xc3\xa4/image", H5P_DEFAULT);
    hid_t a = H5Dcreate2(f, "/cases/film 03 \xc3\xa4/image", H5T_STD_U16BE, sp, H5P_DEFAULT, pl, H5P_DEFAULT);
    hid_t b = H5Dcreate2(f, "/cases/film 09 \xc3\xa4/image", H5T_STD_U16LE, sp, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(a, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, p);
    for (int i = 0; i < LEN; i++) p[i] = pixel16(9, i);
    H5Dwrite(b, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, p);
    H5Dclose(a), H5Dclose(b), H5Pclose(pl), H5Sclose(sp), H5Fclose(f);
    store *s = store_open(path);
    expect_case(s, 3), expect_case(s, 9);
    store_close(s), free(path);
}

int main(void)
{
    const struct CMUnitTest table[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(labels_round_trip), cmocka_unit_test(many_threads), cmocka_unit_test(marks),
            cmocka_unit_test(whole_or_absent),
        cmocka_unit_test(lies), cmocka_unit_test(other_files), cmocka_unit_test(truncated), cmocka_unit_test(damaged_chunk),
        cmocka_unit_test(page_reads), cmocka_unit_test(page_writes), cmocka_unit_test(other_layouts) };
    return _cmocka_run_group_tests(__FILE__, table, sizeof table / sizeof *table, set_up, tear_down);
}
