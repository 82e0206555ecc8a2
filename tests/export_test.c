/* export_test.c - what import makes of an export is the store that was exported, bit for bit, for every kind. */
#include "tests/import_rig.h"

/* Everything that a store holds of two cases is the same, bit for bit; source: where the film came from counts too. */
static void same_case(const store *a, const store *b, int64_t i, int source)
{
    const store_case *p = store_at(a, i), *q = store_at(b, i);
    assert_string_equal(p->id, q->id);
    assert_string_equal(p->sha256_image, q->sha256_image);
    assert_string_equal(p->sha256_labels, q->sha256_labels);           /* mask, planes, corners, landmarks, values, instances */
    assert_string_equal(p->patient, q->patient);
    assert_memory_equal(p->spacing, q->spacing, sizeof p->spacing);
    if (!source) return;
    assert_string_equal(p->source, q->source);
    assert_string_equal(p->spacing_source, q->spacing_source);
    assert_int_equal(p->split, q->split);
    assert_int_equal(p->excluded, q->excluded);
    assert_true(p->labelled_h == q->labelled_h && p->labelled_w == q->labelled_w && p->bits == q->bits);
}

static void same_store(const char *one, const char *two, int source)
{
    store *a = opened(one), *b = opened(two);
    assert_int_equal(store_count(a), store_count(b));
    for (int64_t i = 0; i < store_count(a); i++) same_case(a, b, i, source);
    const classes *p = store_classes(a), *q = store_classes(b);
    assert_int_equal(p->n, q->n);
    for (int i = 0; i < p->n; i++) {
        assert_int_equal(p->c[i].value, q->c[i].value);
        assert_string_equal(p->c[i].name, q->c[i].name);
        assert_string_equal(p->c[i].kind, q->c[i].kind);
    }
    store_close(a), store_close(b);
}

static void export_to(const char *name, const char *folder)
{
    char *to = path_join(scratch, folder);
    store *s = opened(name);
    export_store(s, to, NULL, NULL);
    store_close(s), free(to);
}

/* What import exported makes of every kind's export is the same store. */
static void every_kind_and_back(void **state)
{
    (void)state;
    picture("inst/a/image.png", NULL, 8, 1), picture("inst/a/masks/001.png", ONE, 8, 255), picture("inst/a/masks/002_L4.png", TWO, 8, 5);
    picture("coco/images/sub/a.png", NULL, 8, 1), picture("coco/images/b.png", NULL, 16, 1);
    text("coco/all.json", "{\"images\":[{\"id\":7,\"file_name\":\"sub/a.png\",\"height\":6,\"width\":8},"
        "{\"id\":9,\"file_name\":\"b.png\",\"height\":6,\"width\":8}],"
        "\"categories\":[{\"id\":3,\"name\":\"L1\"},{\"id\":1,\"name\":\"screw\"}],\"annotations\":["
        "{\"id\":1,\"image_id\":7,\"category_id\":3,\"segmentation\":[[1,1,4,1,4,3,1,3]]},"
        "{\"id\":2,\"image_id\":7,\"category_id\":1,\"iscrowd\":1,\"segmentation\":{\"size\":[6,8],\"counts\":[0,2,46]}}]}");
    picture("rt/images/a.png", NULL, 16, 1), picture("rt/masks/a.png", ONE, 8, 3), picture("rt/images/b.png", NULL, 8, 1),
        picture("rt/masks/b.png",
        TWO, 8, 1);
    text("rt/labels.csv", "file,patient,width,height,cobb_deg,T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y\n"
        "a.png,P1,8,6,0.1,1.1,1,4,1,1,3,4,3.3333333333333335\nb.png,P2,8,6,,1,1,4,1,1,3,4,3\n");
    picture("rt3/a.png", NULL, 8, 1);
    text("rt3/a.json", "{\"imagePath\":\"a.png\",\"imageHeight\":6,\"imageWidth\":8,\"shapes\":["
        "{\"label\":\"head\",\"shape_type\":\"circle\",\"points\":[[2.6,4.7],[4,4.5]]},"
        "{\"label\":\"z\",\"shape_type\":\"point\",\"points\":[[2.1,0.3]]},{\"label\":\"a\",\"shape_type\":\"point\",\"points\":[[2.1,0.3]]}]}");
    const struct { const char *kind, *src; } k[] = { { "masks", "rt" }, { "corners", "rt" }, { "instances", "inst" }, { "coco",
        "coco/all.json" },
        { "labelme", "rt3" } };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        char folder[32];
        snprintf(folder, sizeof folder, "back-%zu", i);
        store_close(taken(k[i].kind, k[i].src, "one.h5", (import_options){ .spacing = { 0.1, 1 / 3. } }));
        export_to("one.h5", folder);
        store_close(taken("exported", folder, "two.h5", (import_options){ 0 }));
        same_store("one.h5", "two.h5", 1);
    }
}

/* The kinds read each other's exports too: corners and masks their own, instances what other kinds exported. */
static void kinds_and_back(void **state)
{
    (void)state;
    store_close(taken("corners", "rt", "one.h5", (import_options){ .spacing = { 0.1, 1 / 3. } }));
    export_to("one.h5", "rt-out");
    store_close(taken("corners", "rt-out", "two.h5", (import_options){ 0 }));
    same_store("one.h5", "two.h5", 0);
    char *table = path_join(scratch, "inst-out/classes.csv");
    store_close(taken("instances", "inst", "one.h5", (import_options){ 0 }));
    export_to("one.h5", "inst-out");
    store_close(taken("instances", "inst-out", "two.h5", (import_options){ .map = "images/*.png:instances/*/*.png", .classes = table }));
    same_store("one.h5", "two.h5", 0);
    free(table);
}

/* Planes, landmarks, splits, marks, and what is not usual. */
static void everything_and_back(void **state)
{
    (void)state;
    char *path = path_join(scratch, "one.h5");
    uint16_t film[H * W];
    uint8_t mask[H * W];
    uint32_t planes[H * W];
    for (int i = 0; i < H * W; i++) film[i] = (uint16_t)(i * 1365), mask[i] = (uint8_t)(i % 5),
        planes[i] = (uint32_t)(i % 3) << 30 | (i % 7 == 0) << 4;
    classes table = { 0 };
    classes_add(&table, 4, "Wirbelk\xc3\xb6rper", "vertebra");
    store *s = store_create(path, &table);
    for (int k = 0; k < 3; k++) {
        char id[32];
        snprintf(id, sizeof id, "f %d.1", k);
        measured v[2] = { { "PI", "deg", 0.1 + k }, { "SVA", "mm", -1e-300 } };
        landmark m[2] = { { "S1 back", 1 / 3., 2, 0 }, { "head", 1, 2, 1e-7 } };
        instance o[2] = { instance_from_mask(mask, H, W, 7, "crowd"), instance_from_mask(mask, H, W, 31, "") };
        const labels l = { .nvalues = k ? 2 : 0, .values = v, .nlandmarks = k ? 2 : 0, .landmarks = m, .ninstances = k == 2 ? 2 : 0,
            .instances = o };
        store_case row = { .id = id, .patient = k ? "P\xc3\xa4" : "", .source = "x/y.dcm", .split = (split)k, .excluded = k == 1, .h = H,
            .w = W, .bits = 16,
            .labelled_h = 6, .labelled_w = 9 };
        if (k) row.spacing[0] = 0.139, row.spacing[1] = 0.14, row.spacing_source = "detector";
        store_add(s, &row, film, k == 1 ? NULL : mask, k ? planes : NULL, &l);
        free(o[0].runs), free(o[1].runs);
    }
    store_commit(s), classes_free(&table), free(path);
    export_to("one.h5", "everything");
    store_close(taken("exported", "everything", "two.h5", (import_options){ 0 }));
    same_store("one.h5", "two.h5", 1);
}

/* Objects that overlap, one empty but for a pixel, a crowd, landmarks of which each film has some, a circle: what COCO's form holds comes back bit
 * for bit; then a film of a label map alone. */
static void coco_and_back(void **state)
{
    (void)state;
    char *path = path_join(scratch, "c.h5"), *folder = path_join(scratch, "coco");
    uint16_t film[H * W];
    uint8_t part[4][H * W] = { { 0 } }, mask[H * W];
    for (int i = 0; i < H * W; i++) {
        film[i] = (uint16_t)(i * 1365 + 1);
        part[0][i] = i % W < 3, part[1][i] = i / W > 1 && i % W > 1, part[2][i] = i == H * W - 1, part[3][i] = (i * 7 + i / W) % 3 == 0;
    }
    classes table = { 0 };
    classes_add(&table, 4, "L1", "vertebra"), classes_add(&table, 9, "screw", "implant"), classes_add(&table, 200, "Rand", "");
    store *s = store_create(path, &table);
    for (int k = 0; k < 3; k++) {
        char id[8];
        snprintf(id, sizeof id, "f %d.1", k);
        landmark m[3] = { { "S1 back", 1 / 3., 2.5, 0 }, { "head", 1e-3, 2, 2.25 + k }, { "S1 front", -0.5, 7, 0 } };
        instance o[4];
        memset(mask, 0, sizeof mask);
        for (int j = 0; j < 4; j++) {
            static const int value[4] = { 4, 9, 200, 4 };
            static const char *const level[4] = { "L1", "", "S1", "crowd" };
            o[j] = instance_from_mask(part[j], H, W, value[j], level[j]);
            instance_paint(&o[j], mask, H, W, (uint8_t)value[j]);
        }
        const labels l = { .nlandmarks = k == 1 ? 1 : k ? 3 : 2, .landmarks = k == 1 ? m + 1 : m, .ninstances = 4, .instances = o };
        store_case row = { .id = id, .patient = "P\xc3\xa4 1", .h = H, .w = W, .bits = 16, .spacing = { 0.139, 1 / 7. }, .spacing_source = "x" };
        store_add(s, &row, film, mask, NULL, &l);
        for (int j = 0; j < 4; j++) free(o[j].runs);
    }
    store_commit(s), classes_free(&table);
    export_to("c.h5", "coco");
    s = opened("c.h5"), export_coco(s, folder), store_close(s);
    store_close(taken("coco", "coco/coco.json", "d.h5", (import_options){ 0 }));
    same_store("c.h5", "d.h5", 0);

    picture("flat/images/a.png", NULL, 8, 1), picture("flat/masks/a.png", "120000001200000000000000000000000000000000000021", 8, 1);
    store_close(taken("masks", "flat", "flat.h5", (import_options){ 0 }));
    free(folder), folder = path_join(scratch, "flat-coco");
    export_to("flat.h5", "flat-coco");
    s = opened("flat.h5"), export_coco(s, folder), store_close(s);
    s = taken("coco", "flat-coco/coco.json", "flat2.h5", (import_options){ 0 });
    mask_is(s, 0, "120000001200000000000000000000000000000000000021");
    labels l = store_read_labels(s, 0);
    instance_is(&l, 0, 1, "", "100000001000000000000000000000000000000000000001");
    assert_int_equal(l.ninstances, 2), assert_int_equal(l.nlandmarks, 0);
    labels_free(&l), store_close(s), free(path), free(folder);
}

static void bad_exported(void **state)
{
    (void)state;
    const import_options o = { 0 };
    picture("be/images/a.png", NULL, 8, 1);
    #define TRUTH(more, words) text("be/truth.json", "{\"cases\":[{\"id\":\"a\",\"file\":\"images/a.png\"" more "}]}"); \
        bad("exported", "be", o, "images/a.png", words)
    TRUTH(",\"mask\":\"../../secret.png\"", "is no file below the folder");
    TRUTH(",\"mask\":\"masks/a.png\"", "No such file");
    TRUTH(",\"planes\":[32]", "plane 32, wanted 1 to 31");
    TRUTH(",\"order\":[\"T1\"]", "T1 has no UL");
    TRUTH(",\"order\":[],\"vertebrae\":{\"T1\":{}}", "order does not name every vertebra");
    TRUTH(",\"facing\":\"left\",\"about\":{\"facing\":1},\"units\":{\"facing\":\"side\"}", "facing is left, but about.facing is 1");
    TRUTH(",\"FH\":5", "FH is no list of heads");
    TRUTH(",\"FH\":[[1,2,\"r\"]]", "the radius of a femoral head is no number");
    TRUTH(",\"landmarks\":{\"x\":[1]}", "the landmark x is no point");
    TRUTH(",\"instances\":[{\"file\":\"images/a.png\",\"value\":0}]", "instance 1 is of class 0");
    TRUTH(",\"split\":\"trian\"", "got split 'trian'");
    TRUTH(",\"values\":{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}", "is too long");
    text("be/truth.json", "{}");
    dies(2, "no list of cases", take("exported", "be", "x.h5", o));
    text("be/truth.json", "{\"cases\":[{}]}");
    bad("exported", "be", o, "", "is no file below");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_back), cmocka_unit_test(kinds_and_back), cmocka_unit_test(everything_and_back), cmocka_unit_test(coco_and_back),
        cmocka_unit_test(bad_exported),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
