/* import_test.c - folders into a store and back: pairing, patients, corners to masks, everything that can be wrong with the files. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/export.h"
#include "datasets/import.h"
#include "datasets/split.h"
#include "verbs/verb.h"
#include <unistd.h>

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

/* An 8-bit picture DIR/name whose pixels are seed + index (modulo most), 0 or 1 where most is 2. */
static void picture(const char *dir, const char *name, int h, int w, int seed, int most)
{
    char *path = path_join(dir, name), *folder = path_folder(path);
    file_make_folders(folder);
    image m = image_new(h, w, 8);
    for (int i = 0; i < h * w; i++) ((uint8_t *)m.p)[i] = (uint8_t)((seed + i * 7) % most);
    image_write(path, &m);
    image_free(&m), free(path), free(folder);
}

static char *fresh(const char *name) { char *p = path_join(scratch, name); file_make_folders(p); return p; }

static import_result run(const char *kind, const char *src, const char *out, import_options o)
{
    o.kind = kind, o.src = src, o.out = out;
    return import_run(&o);
}

static void masks_by_stem(void **state)
{
    (void)state;
    char *src = fresh("by stem"), *out = path_join(scratch, "stem.h5");
    picture(src, "images/P1_a.png", 9, 7, 0, 251), picture(src, "images/P1_b.png", 5, 6, 1, 251), picture(src, "images/P2_a.png", 4, 4,
        2, 251);
    picture(src, "masks/P1_a.png", 9, 7, 0, 2), picture(src, "masks/P1_b.png", 5, 6, 0, 4), picture(src, "masks/P2_a.png", 4, 4, 0, 2);
    import_result r = run("masks", src, out, (import_options){ .patient = "^(P[0-9]+)_", .spacing = { 0.1, 0.2 } });
    assert_int_equal(r.cases, 3);
    assert_int_equal(r.nbad, 0);
    store *s = store_open(out);
    uint8_t film[30], mask[30];
    assert_int_equal(store_find(s, "P1_b"), 1);
    assert_string_equal(store_at(s, 1)->patient, "P1");
    assert_string_equal(store_at(s, 1)->source, "images/P1_b.png");
    assert_string_equal(store_at(s, 1)->spacing_source, "given");
    near(store_at(s, 1)->spacing[1], 0.2, 0);
    assert_int_equal(store_at(s, 1)->h, 5);
    store_read_image(s, 1, film), assert_int_equal(store_read_mask(s, 1, mask), 1);
    for (int i = 0; i < 30; i++) assert_int_equal(film[i], (1 + i * 7) % 251), assert_int_equal(mask[i], i * 7 % 4);
    assert_int_equal(store_classes(s)->n, 3);                                      /* the values that occur, called by their numbers */
    assert_string_equal(store_classes(s)->c[2].name, "3");
    store_close(s), import_result_free(&r), free(src), free(out);
}

static void masks_by_pattern(void **state)
{
    (void)state;
    char *src = fresh("by [pattern]"), *out = path_join(scratch, "map.h5");
    picture(src, "A/image/0.png", 4, 4, 0, 99), picture(src, "B/image/0.png", 4, 4, 1, 99);
    picture(src, "A/label/m0.png", 4, 4, 0, 2), picture(src, "B/label/m0.png", 4, 4, 1, 2);
    import_result r = run("masks", src, out, (import_options){ .map = "*/image/*.png:*/label/m*.png" });
    assert_int_equal(r.cases, 2);
    store *s = store_open(out);
    assert_true(store_find(s, "A_0") >= 0 && store_find(s, "B_0") >= 0);
    store_close(s), import_result_free(&r);
    dies(2, "--map: no file matches", run("masks", src, out, (import_options){ .map = "x/*.png:y/*.png" }));
    dies(2, "wanted the same number", run("masks", src, out, (import_options){ .map = "*/image/*.png:A/label/m*.png" }));
    dies(2, "--map: got 'a'", run("masks", src, out, (import_options){ .map = "a" }));
    free(src), free(out);
}

/* One of each: all are listed, nothing is written; with skip_bad the good one is. */
static void bad_files(void **state)
{
    (void)state;
    char *src = fresh("bad"), *out = path_join(scratch, "bad.h5"), *cut = path_join(src, "images/cut.png");
    picture(src, "images/good.png", 6, 6, 0, 99), picture(src, "masks/good.png", 6, 6, 0, 2);
    picture(src, "images/lonely.png", 6, 6, 0, 99);
    picture(src, "masks/orphan.png", 6, 6, 0, 2);
    picture(src, "images/size.png", 6, 6, 0, 99), picture(src, "masks/size.png", 6, 7, 0, 2);
    picture(src, "images/cut.png", 6, 6, 0, 99), picture(src, "masks/cut.png", 6, 6, 0, 2);
    picture(src, "images/deep.png", 2, 2, 0, 99);
    assert_int_equal(truncate(cut, 40), 0);
    image m = image_new(2, 2, 16);
    ((uint16_t *)m.p)[1] = 300;
    char *deep = path_join(src, "masks/deep.png");
    image_write(deep, &m);
    import_result r = run("masks", src, out, (import_options){ 0 });
    assert_int_equal(r.written, 0);
    assert_int_equal(r.nbad, 5);
    assert_false(file_exists(out));
    const char *want[5][2] = { { "images/cut.png", "truncated PNG" }, { "images/deep.png", "value 300" }, { "images/lonely.png",
        "no label map masks/lonely.png" },
                               { "images/size.png", "its label map is 7 x 6, the film 6 x 6" }, { "masks/orphan.png", "no film" } };
    for (int i = 0; i < 5; i++) {
        assert_string_equal(r.bad[i].file, want[i][0]);
        assert_non_null(strstr(r.bad[i].why, want[i][1]));
    }
    import_result_free(&r);
    r = run("masks", src, out, (import_options){ .skip_bad = 1 });
    assert_int_equal(r.written, 1);
    assert_int_equal(r.cases, 1);
    assert_int_equal(r.nbad, 5);
    store *s = store_open(out);
    assert_int_equal(store_count(s), 1);
    store_close(s), import_result_free(&r), image_free(&m), free(src), free(out), free(cut), free(deep);
}

static const char table_head[] = "file,patient,width,height,cobb_main_deg,note,T12_TL_x,T12_TL_y,T12_TR_x,T12_TR_y,"
                                 "T12_BL_x,T12_BL_y,T12_BR_x,T12_BR_y,"
                                 "L1_TL_x,L1_TL_y,L1_TR_x,L1_TR_y,L1_BL_x,L1_BL_y,L1_BR_x,L1_BR_y\n";

static char *corner_folder(const char *name, const char *rows)
{
    char *src = fresh(name), *path = path_join(src, "labels.csv"), *text = xprintf("%s%s", table_head, rows);
    picture(src, "images/a.png", 30, 20, 0, 251), picture(src, "images/b.png", 30, 20, 3, 251);
    file_write(path, text, strlen(text));
    free(path), free(text);
    return src;
}

static void corners_to_masks(void **state)
{
    (void)state;
    char *src = corner_folder("corners", "a.png,P7,20,30,41.5,ok,2.5,3.5,10.5,3.5,2.5,8.5,10.5,8.5,3,12,10,12,3,16,10,16\r\n"
                                         "b.png,\"P,8\",20,30,,ok,2,3,10,3,2,8,10,8,,,,,,,,\r\n"), *out = path_join(scratch, "corners.h5");
    import_result r = run("corners", src, out, (import_options){ 0 });
    assert_int_equal(r.cases, 2);
    store *s = store_open(out);
    uint8_t mask[600], one[600] = { 0 };
    labels l = store_read_labels(s, 0), k = store_read_labels(s, 1);
    assert_string_equal(store_at(s, 1)->patient, "P,8");
    assert_int_equal(store_at(s, 0)->labelled_w, 20);
    assert_int_equal(l.ncorners, 2);
    assert_int_equal(k.ncorners, 1);
    assert_int_equal(k.nvalues, 0);
    near(l.corners[0].p[CORNER_BR][1], 8.5, 0);
    assert_string_equal(l.values[0].name, "cobb_main");
    assert_string_equal(l.values[0].unit, "deg");
    near(l.values[0].value, 41.5, 0);
    store_read_mask(s, 0, mask);
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 20; x++) assert_int_equal(mask[y * 20 + x], (x >= 3 && x <= 10 && y >= 4 && y <= 8) || (x >= 3 && x < 10 &&
            y >= 12 &&
            y < 16));
    assert_string_equal(l.instances[1].level, "L1");
    instance_paint(&l.instances[1], one, 30, 20, 1);
    for (int i = 0; i < 600; i++) assert_int_equal(one[i], i / 20 >= 12 && i / 20 < 16 && i % 20 >= 3 && i % 20 < 10);
    labels_free(&l), labels_free(&k), store_close(s), import_result_free(&r);
    char *levels = path_join("classes", "levels.csv");
    r = run("corners", src, out, (import_options){ .classes = levels, .patient = "^(.)[.]" });
    s = store_open(out);
    store_read_mask(s, 0, mask);
    assert_int_equal(mask[5 * 20 + 5], 19);                                        /* T12 and L1 have classes of their own there */
    assert_int_equal(mask[13 * 20 + 5], 20);
    assert_string_equal(store_at(s, 1)->patient, "b");
    store_close(s), import_result_free(&r), free(levels), free(src), free(out);
}

static void bad_tables(void **state)
{
    (void)state;
    char *out = path_join(scratch, "x.h5"), *src = corner_folder("rows", "a.png,P1,20,30,1,ok,1,2,3\n");
    dies(2, "labels.csv:2: got 9 fields, wanted 22", run("corners", src, out, (import_options){ 0 }));
    free(src), src = corner_folder("rows",
        "a.png,P1,20,30,1,ok,x,3,10,3,2,8,10,8,3,12,10,12,3,16,10,16\nb.png,,20,30,1,ok,1,3,10,3,2,8,10,8,3,12,10,12,3,16,10,\n"
                                           "c.png,P3,20,30,1,ok,1,3,10,3,2,8,10,8,3,12,10,12,3,16,10,16\n"
                                           "a.png,P1,0,30,1,ok,1,3,10,3,2,8,10,8,3,12,10,12,3,16,10,16\n");
    import_result r = run("corners", src, out, (import_options){ 0 });
    assert_int_equal(r.nbad, 4);
    assert_non_null(strstr(r.bad[0].why, "line 2: T12_TL_x: got 'x', wanted a number"));
    assert_non_null(strstr(r.bad[1].why, "line 3: no patient"));
    assert_non_null(strstr(r.bad[2].why, "No such file"));
    assert_non_null(strstr(r.bad[3].why, "line 5: width: got '0'"));
    import_result_free(&r), free(src);
    src = fresh("head");
    picture(src, "images/a.png", 4, 4, 0, 99);
    char *path = path_join(src, "labels.csv");
    file_write(path, "file,T1_TL_x\n", 13);
    dies(2, "the column T1_TL_y is missing", run("corners", src, out, (import_options){ 0 }));
    file_write(path, "fil,T1_TL_x\n", 12);
    dies(2, "no column 'file' (did you mean fil?)", run("corners", src, out, (import_options){ 0 }));
    dies(2, "wanted masks, instances, coco, labelme, corners or exported (did you mean coco?)", run("coca", src, out,
        (import_options){ 0 }));
    dies(2, "no such folder", run("masks", "/no/such", out, (import_options){ 0 }));
    dies(2, "wanted a column of labels.csv or a regular expression", run("corners", corner_folder("r2",
        "a.png,P1,20,30,1,ok,1,3,10,3,2,8,10,8,3,12,10,12,3,16,10,16\n"), out,
                                                                          (import_options){ .patient = "name" }));
    assert_false(file_exists(out));
    free(path), free(src), free(out);
}

static void class_tables(void **state)
{
    (void)state;
    char *path = path_join(scratch, "c.csv");
    #define BAD(text, words) file_write(path, text, sizeof text - 1); dies(2, words, classes_read(path))
    BAD("value,name,kind\n1,a,x\n1,b,x\n", "c.csv:3: 1,b: this value stands twice");
    BAD("value,name,kind\n1,a,x\n2,a,x\n", "c.csv:3: 2,a: this name stands twice");
    BAD("value,name,kind\n0,a,x\n", "must be 1 to 255");
    BAD("value,name,kind\none,a,x\n", "got 'one', wanted a whole number");
    BAD("name,value\n", "wanted the header value,name,kind");
    BAD("value,name,kind\n1,a,b,c\n", "got more, wanted three columns");
    BAD("value,name,kind\n", "no class in it");
    #undef BAD
    static const char sound[] = "\xEF\xBB\xBFvalue,name,kind\r\n0,background,\r\n 2 , b ,\r\n\"1\",\"a\",\"k\"\r\n";
    file_write(path, sound, sizeof sound - 1);
    classes t = classes_read(path);
    char buf[16];
    assert_int_equal(t.n, 2);
    assert_string_equal(t.c[0].name, "a");
    assert_string_equal(classes_name(&t, 2, buf), "b");
    assert_string_equal(classes_name(&t, 9, buf), "9");
    classes_free(&t), free(path);
}

/* What makes a bad case and no end of the import: texts longer than a store takes. */
static void long_texts(void **state)
{
    (void)state;
    char *src = fresh("long"), *out = path_join(scratch, "long.h5"), name[240], file[300];
    memset(name, 'n', 220), name[220] = 0;
    snprintf(file, sizeof file, "images/%s.png", name), picture(src, file, 6, 6, 0, 99);
    snprintf(file, sizeof file, "masks/%s.png", name), picture(src, file, 6, 6, 0, 2);
    picture(src, "images/good.png", 6, 6, 0, 99), picture(src, "masks/good.png", 6, 6, 0, 2);
    import_result r = run("masks", src, out, (import_options){ .skip_bad = 1 });
    assert_int_equal(r.cases, 1);
    assert_int_equal(r.nbad, 1);
    assert_non_null(strstr(r.bad[0].why, "longer than 200 bytes"));
    import_result_free(&r), free(src), free(out);
    char text[1100];
    memset(text, 't', 1025), text[1025] = 0;
    const store_case row = { .id = "a", .patient = text, .h = 1, .w = 1, .bits = 8 };
    assert_string_equal(store_case_fault(&row), "a text longer than 1024 bytes");
    text[1024] = 0;
    assert_null(store_case_fault(&row));
}

/* Overlapping structures come out as one label map a class. */
static void export_planes(void **state)
{
    (void)state;
    char *path = path_join(scratch, "planes.h5"), *dir = path_join(scratch, "planes"), *five = path_join(dir, "planes/5/a.png"),
         *six = path_join(dir, "planes/6/a.png");
    const uint8_t film[4] = { 1, 2, 3, 4 };
    const uint32_t planes[4] = { 0, 1u << 5, 1u << 5 | 1u << 31, 0 };
    const store_case row = { .id = "a", .h = 2, .w = 2, .bits = 8 };
    classes table = { 0 };
    classes_add(&table, 5, "bone", ""), classes_add(&table, 31, "screw", "implant");
    store *s = store_create(path, &table);
    store_add(s, &row, film, NULL, planes, NULL);
    store_commit(s);
    s = store_open(path);
    export_store(s, dir, NULL, NULL);
    image m = labels_read(five);
    for (int i = 0; i < 4; i++) assert_int_equal(image_at(&m, i), i == 1 || i == 2 ? 5 : 0);
    assert_false(file_exists(six));
    char *screws = path_join(dir, "implants/a.png");
    image_free(&m), m = film_read(screws);
    for (int i = 0; i < 4; i++) assert_int_equal(image_at(&m, i), i == 2 ? 255 : 0);
    classes_free(&table), free(screws);
    image_free(&m), store_close(s), free(path), free(dir), free(five), free(six);
}

/* store -> files -> store: the same pixels, labels and table. */
static void export_and_back(void **state)
{
    (void)state;
    char *src = corner_folder("round",
        "a.png,P7,20,30,41.5,ok,2.5,3.5,10.5,3.5,2.5,8.5,10.5,8.5,3,12,10,12,3,16,10,16.015625\nb.png,P8,20,30,0.1,ok,2,3,10,3,2,8,10,8,,,,,,,,\n");
    char *one = path_join(scratch, "one.h5"), *two = path_join(scratch, "two.h5"), *dir = path_join(scratch, "exported"),
        *three = path_join(scratch, "three.h5");
    import_result r = run("corners", src, one, (import_options){ 0 });
    import_result_free(&r);
    store *a = store_open(one);
    export_store(a, dir, NULL, NULL);
    char *table = path_join(dir, "classes.csv");
    r = run("corners", dir, two, (import_options){ .classes = table }), import_result_free(&r);
    r = run("masks", dir, three, (import_options){ .classes = table }), import_result_free(&r);
    store *b = store_open(two), *c = store_open(three);
    for (int i = 0; i < 2; i++) {
        uint8_t m[600], n[600];
        assert_string_equal(store_at(a, i)->sha256_image, store_at(b, i)->sha256_image);
        assert_string_equal(store_at(a, i)->sha256_labels, store_at(b, i)->sha256_labels);
        assert_string_equal(store_at(a, i)->patient, store_at(b, i)->patient);
        assert_string_equal(store_at(a, i)->sha256_image, store_at(c, i)->sha256_image);
        store_read_mask(a, i, m), store_read_mask(c, i, n);
        assert_memory_equal(m, n, sizeof m);
    }
    char *truth = path_join(dir, "truth.json"), *text = file_read(truth, 1 << 20, NULL), *inst = path_join(dir, "instances/a/002_L1.png");
    assert_non_null(strstr(text, "\"UL\""));
    assert_non_null(strstr(text, "\"mode_why\""));              /* a store does not know from which side the film was taken */
    assert_non_null(strstr(text, "\"cobb_main\": 41.5"));
    assert_true(file_exists(inst));
    store_close(a), store_close(b), store_close(c);
    free(src), free(one), free(two), free(three), free(dir), free(table), free(truth), free(text), free(inst);
}

/* Whole patients, counts near the shares, the same for the same seed, another for another. */
static void split_patients(void **state)
{
    (void)state;
    char *path = path_join(scratch, "split.h5");
    store *s = store_create(path, NULL);
    uint8_t p[4] = { 0 };
    enum { N = 200 };
    for (int i = 0; i < N; i++) {
        char id[16], patient[16];
        snprintf(id, sizeof id, "c%d", i), snprintf(patient, sizeof patient, "P%d", i * i % 61 % 47);
        p[0] = (uint8_t)i;
        store_case row = { .id = id, .patient = patient, .h = 2, .w = 2, .bits = 8 };
        store_add(s, &row, p, NULL, NULL, NULL);
    }
    store_commit(s), s = store_open(path);
    const double share[SPLITS] = { 0, 0.7, 0.2, 0.1 };
    split a[N], b[N], c[N];
    split_by_patient(s, share, 5, a), split_by_patient(s, share, 5, b), split_by_patient(s, share, 6, c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    int count[SPLITS] = { 0 };
    for (int i = 0; i < N; i++) {
        count[a[i]]++;
        for (int j = 0; j < i; j++) if (!strcmp(store_at(s, i)->patient, store_at(s, j)->patient)) assert_int_equal(a[i], a[j]);
    }
    assert_int_equal(count[SPLIT_NONE], 0);
    near(count[SPLIT_TRAIN], 140, 4);
    near(count[SPLIT_VAL], 40, 4);
    near(count[SPLIT_TEST], 20, 4);
    store_close(s);
    char *ok[] = { "split", path, "--parts", "train=.5,val=.5", "--quiet", "--json" }, *sum[] = { "split", path, "--parts",
        "train=.5,val=.4" },
        *word[] = { "split", path, "--parts", "trian=1" };
    dies(2, "add up to 0.9, wanted 1", verb_split(4, sum));
    dies(2, "got the part 'trian', wanted train, val or test (did you mean train?)", verb_split(4, word));
    fflush(stdout);
    int keep = dup(1);
    assert_non_null(freopen("/dev/null", "w", stdout));
    int status = verb_split(6, ok);
    fflush(stdout), dup2(keep, 1), close(keep);
    assert_int_equal(status, 0);
    s = store_open(path);
    count[SPLIT_TRAIN] = count[SPLIT_VAL] = 0;
    for (int i = 0; i < N; i++) count[store_at(s, i)->split]++;
    near(count[SPLIT_TRAIN], 100, 2);
    near(count[SPLIT_VAL], 100, 2);
    store_close(s), free(path);
}

int main(void)
{
    const struct CMUnitTest table[] = {
        cmocka_unit_test(masks_by_stem), cmocka_unit_test(masks_by_pattern), cmocka_unit_test(bad_files),
            cmocka_unit_test(corners_to_masks),
            cmocka_unit_test(bad_tables),
        cmocka_unit_test(class_tables), cmocka_unit_test(export_and_back), cmocka_unit_test(long_texts),
        cmocka_unit_test(export_planes), cmocka_unit_test(split_patients) };
    return _cmocka_run_group_tests(__FILE__, table, sizeof table / sizeof *table, set_up, tear_down);
}
