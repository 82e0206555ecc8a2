/* import_kinds_test.c - objects one by one: instances, COCO, Detectron2, labelme, and whole round trips; what is known beside the pixels. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/export.h"
#include "datasets/import.h"
#include "datasets/rle.h"

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

enum { H = 6, W = 8 };

/* A picture of H x W below the scratch folder; text: one digit a pixel, NULL: a ramp. bits 8 or 16; a digit d becomes d * step. */
static void picture(const char *name, const char *text, int bits, int step)
{
    char *path = path_join(scratch, name), *folder = path_folder(path);
    file_make_folders(folder);
    image m = image_new(H, W, bits);
    for (int i = 0; i < H * W; i++) {
        const int v = text ? (text[i] - '0') * step : bits == 16 ? i * 1300 + 7 : i * 5;
        if (bits == 16) ((uint16_t *)m.p)[i] = (uint16_t)v; else ((uint8_t *)m.p)[i] = (uint8_t)v;
    }
    image_write(path, &m);
    image_free(&m), free(path), free(folder);
}

static void text(const char *name, const char *words)
{
    char *path = path_join(scratch, name), *folder = path_folder(path);
    file_make_folders(folder);
    file_write(path, words, strlen(words));
    free(path), free(folder);
}

static import_result take(const char *kind, const char *src, const char *out, import_options o)
{
    char *from = path_join(scratch, src), *to = path_join(scratch, out);
    o.kind = kind, o.src = from, o.out = to;
    import_result r = import_run(&o);
    free(from), free(to);
    return r;
}

static store *opened(const char *name)
{
    char *path = path_join(scratch, name);
    store *s = store_open(path);
    free(path);
    return s;
}

static store *taken(const char *kind, const char *src, const char *out, import_options o)
{
    import_result r = take(kind, src, out, o);
    if (r.nbad) fail_msg("%s: %s", r.bad[0].file, r.bad[0].why);
    import_result_free(&r);
    return opened(out);
}

/* All that is refused is said of this file with these words. */
static void bad(const char *kind, const char *src, import_options o, const char *file, const char *words)
{
    import_result r = take(kind, src, "bad.h5", o);
    int found = 0;
    for (int i = 0; i < r.nbad; i++) found |= !strcmp(r.bad[i].file, file) && strstr(r.bad[i].why, words) != NULL;
    if (!found) fail_msg("%s: wanted '%s', got %d bad, the first: %s: %s", file, words, r.nbad, r.nbad ? r.bad[0].file : "",
        r.nbad ? r.bad[0].why : "");
    assert_int_equal(r.written, 0);
    import_result_free(&r);
}

/* The mask of case i is this text, one digit a pixel. */
static void mask_is(const store *s, int64_t i, const char *want)
{
    uint8_t m[H * W];
    assert_int_equal(store_read_mask(s, i, m), 1);
    for (int k = 0; k < H * W; k++) if (m[k] != want[k] - '0') fail_msg("case %d: pixel %d,%d is %d, wanted %c", (int)i, k % W, k / W, m[k], want[k]);
}

static void instance_is(const labels *l, int k, int value, const char *level, const char *want)
{
    uint8_t m[H * W] = { 0 };
    assert_true(k < l->ninstances);
    assert_int_equal(l->instances[k].value, value);
    assert_string_equal(l->instances[k].level, level);
    instance_paint(&l->instances[k], m, H, W, 1);
    for (int i = 0; i < H * W; i++) if (m[i] != want[i] - '0') fail_msg("instance %d: pixel %d,%d is %d, wanted %c", k, i % W, i / W, m[i], want[i]);
}

/* ---- instances ---------------------------------------------------------------------------------------------------------------------- */

#define ONE "110000001100000000000000000000000000000000000000"
#define TWO "010000000100000000000000000000000000000000000011"

static void instances_by_folder(void **state)
{
    (void)state;
    picture("inst/a/image.png", NULL, 8, 1), picture("inst/a/masks/001.png", ONE, 8, 255), picture("inst/a/masks/002.png", TWO, 8, 255);
    picture("inst/b/images/film.png", NULL, 16, 1), picture("inst/b/masks/7_L1.png", ONE, 8, 1), picture("inst/b/masks/L2_1.png", TWO, 8, 5);
    picture("inst/c/image/x.png", NULL, 8, 1), text("inst/c/masks/.keep", "");
    store *s = taken("instances", "inst", "inst.h5", (import_options){ 0 });
    assert_int_equal(store_count(s), 3);
    labels a = store_read_labels(s, 0), b = store_read_labels(s, 1), c = store_read_labels(s, 2);
    assert_int_equal(a.ninstances, 2);
    instance_is(&a, 0, 1, "", ONE), instance_is(&a, 1, 1, "", TWO);                /* they overlap, and both keep all of theirs */
    mask_is(s, 0, "110000001100000000000000000000000000000000000011");
    instance_is(&b, 0, 1, "L1", ONE), instance_is(&b, 1, 5, "L2", TWO);
    mask_is(s, 1, "150000001500000000000000000000000000000000000055");            /* the later one covers the earlier one */
    assert_int_equal(store_at(s, 1)->bits, 16);
    assert_string_equal(store_at(s, 1)->source, "b/images/film.png");
    assert_int_equal(c.ninstances, 0);
    mask_is(s, 2, "000000000000000000000000000000000000000000000000");
    labels_free(&a), labels_free(&b), labels_free(&c), store_close(s);
    char *levels = path_join("classes", "levels.csv");
    s = taken("instances", "inst", "inst.h5", (import_options){ .classes = levels });
    b = store_read_labels(s, 1);
    instance_is(&b, 0, 20, "L1", ONE), instance_is(&b, 1, 5, "L2", TWO);           /* a value above 1 says it itself */
    labels_free(&b), store_close(s), free(levels);
}

static void instances_by_pattern(void **state)
{
    (void)state;
    picture("pat/film/x1.png", NULL, 8, 1), picture("pat/film/x2.png", NULL, 8, 1);
    picture("pat/obj/x1/p.png", ONE, 8, 1), picture("pat/obj/x1/q.png", TWO, 8, 1);
    store *s = taken("instances", "pat", "pat.h5", (import_options){ .map = "film/*.png:obj/*/*.png" });
    labels a = store_read_labels(s, 0), b = store_read_labels(s, 1);
    assert_int_equal(a.ninstances, 2);
    assert_int_equal(b.ninstances, 0);
    labels_free(&a), labels_free(&b), store_close(s);
    picture("pat/obj/x9/p.png", ONE, 8, 1);
    bad("instances", "pat", (import_options){ .map = "film/*.png:obj/*/*.png" }, "obj/x9/p.png", "no film for this object");
    dies(2, "as many or more on the right side", take("instances", "pat", "x.h5", (import_options){ .map = "*/*.png:obj/*.png" }));
}

static void bad_instances(void **state)
{
    (void)state;
    picture("bi/a/image.png", NULL, 8, 1), picture("bi/a/masks/1.png", ONE, 8, 1);
    const import_options o = { 0 };
    picture("bi/b/masks/1.png", ONE, 8, 1);
    bad("instances", "bi", o, "b", "no film: image.*");
    picture("bi/b/image.png", NULL, 8, 1), picture("bi/b/image/y.png", NULL, 8, 1);
    bad("instances", "bi", o, "b/image.png", "more than one film");
    picture("bi/c/image.png", NULL, 8, 1);
    bad("instances", "bi", o, "c/image.png", "no folder masks/");
    picture("bi/c/masks/1.png", "120000000000000000000000000000000000000000000000", 8, 1);
    bad("instances", "bi", o, "c/image.png", "1.png: holds 1 and 2, wanted one object");
    picture("bi/c/masks/1.png", "000000000000000000000000000000000000000000000000", 8, 1);
    bad("instances", "bi", o, "c/image.png", "1.png: nothing is drawn in it");
    picture("bi/c/masks/1.png", ONE, 16, 300);
    bad("instances", "bi", o, "c/image.png", "holds the value 300");
    text("bi/c/masks/1.png", "no picture");
    bad("instances", "bi", o, "c/image.png", "1.png: not a PNG");
    import_result r = take("instances", "bi", "skip.h5", (import_options){ .skip_bad = 1 });
    assert_int_equal(r.cases, 1);
    assert_int_equal(r.nbad, 2);
    import_result_free(&r);
}

/* ---- COCO ------------------------------------------------------------------------------------------------------------------------------ */

/* Reads runs of all three forms and compares them with the picture they were made from, by hand and by the compression's definition. */
static void run_lengths(void **state)
{
    (void)state;
    const char *why;
    int64_t n;
    uint32_t *r = rle_parse("03d0", &n, &why);                        /* 0, 3, 52 = 20 + 32 more -> "d" needs a follower: 20 | 0 << 5 */
    assert_non_null(r);
    assert_int_equal(n, 3);
    assert_int_equal(r[2], 20);
    free(r);
    /* From the fourth on, differences: 5 4 3 6 2 1 is written 5 4 3 (6-4) (2-3) (1-6), one character each where -16 <= v < 16. */
    char packed[7] = { 48 + 5, 48 + 4, 48 + 3, 48 + 2, 48 + 31, 48 + 27, 0 };
    const uint32_t want[6] = { 5, 4, 3, 6, 2, 1 };
    r = rle_parse(packed, &n, &why);
    assert_int_equal(n, 6);
    for (int i = 0; i < 6; i++) assert_int_equal(r[i], want[i]);
    uint8_t m[21] = { 0 };                                              /* 3 rows, 7 columns, down the columns */
    assert_null(rle_paint(r, n, m, 3, 7));
    for (int i = 0; i < 21; i++) {
        const int at = i % 3 * 7 + i / 3, set = (i >= 5 && i < 9) || (i >= 12 && i < 18) || i == 20;
        assert_int_equal(m[at], set);
    }
    assert_non_null(rle_paint(r, n, m, 3, 8));
    assert_non_null(rle_paint(r, n - 1, m, 3, 7));
    free(r);
    assert_null(rle_parse("0\x1f", &n, &why));                        /* below the alphabet */
    assert_null(rle_parse("0d", &n, &why));                           /* ends within a number */
    assert_null(rle_parse("ooooooooo", &n, &why));                    /* too long a number */
    assert_null(rle_parse("O", &n, &why));                            /* -1 */
    r = rle_parse("", &n, &why), assert_non_null(r), assert_int_equal(n, 0), free(r);
}

#define IMAGES "\"images\":[{\"id\":7,\"file_name\":\"sub/a.png\",\"height\":6,\"width\":8,\"who\":\"P1\",\"mm\":0.25}," \
    "{\"id\":9,\"file_name\":\"b.png\",\"height\":6,\"width\":8,\"who\":\"P2\",\"mm\":0.5}]"
#define CATEGORIES "\"categories\":[{\"id\":3,\"name\":\"L1\"},{\"id\":1,\"name\":\"screw\"}]"

static void coco_file(const char *name, const char *annotations)
{
    char *all = xprintf("{%s,%s,\"annotations\":[%s]}", IMAGES, CATEGORIES, annotations);
    text(name, all);
    free(all);
}

/* The square of corners 1,1 and 4,3 in COCO's places covers exactly the pixels 1..3 x 1..2: the half pixel matters. */
#define SQUARE "000000000111000001110000000000000000000000000000"

static void coco_objects(void **state)
{
    (void)state;
    picture("coco/images/sub/a.png", NULL, 8, 1), picture("coco/images/b.png", NULL, 8, 1);
    coco_file("coco/all.json",
        "{\"id\":1,\"image_id\":7,\"category_id\":3,\"iscrowd\":0,\"segmentation\":[[1,1,4,1,4,3,1,3],[6,4,8,4,8,6,6,6]]},"
        "{\"id\":2,\"image_id\":7,\"category_id\":1,\"iscrowd\":1,\"segmentation\":{\"size\":[6,8],\"counts\":[0,2,46]}},"
        "{\"id\":3,\"image_id\":9,\"category_id\":1,\"segmentation\":{\"size\":[6,8],\"counts\":\"02^1\"}}");
    store *s = taken("coco", "coco/all.json", "coco.h5", (import_options){ .patient = "who", .spacing_from = "mm" });
    labels a = store_read_labels(s, 0), b = store_read_labels(s, 1);
    assert_string_equal(store_at(s, 0)->id, "sub_a");
    assert_string_equal(store_at(s, 0)->patient, "P1");
    near(store_at(s, 0)->spacing[0], 0.25, 0); near(store_at(s, 1)->spacing[1], 0.5, 0);
    assert_string_equal(store_at(s, 1)->spacing_source, "table");
    instance_is(&a, 0, 3, "L1", "000000000111000001110000000000000000001100000011");
    instance_is(&a, 1, 1, "crowd", "100000001000000000000000000000000000000000000000");
    instance_is(&b, 0, 1, "", "100000001000000000000000000000000000000000000000");
    mask_is(s, 0, "100000001333000003330000000000000000003300000033");
    assert_int_equal(store_classes(s)->n, 2);
    assert_string_equal(store_classes(s)->c[1].name, "L1");
    assert_string_equal(store_classes(s)->c[1].kind, "vertebra");
    labels_free(&a), labels_free(&b), store_close(s);
    char *levels = path_join("classes", "levels.csv"), *films = path_join(scratch, "coco/images");
    coco_file("elsewhere.json", "{\"id\":1,\"image_id\":9,\"category_id\":3,\"segmentation\":[[1,1,4,1,4,3,1,3]]}");
    s = taken("coco", "elsewhere.json", "coco.h5", (import_options){ .classes = levels, .images = films });
    b = store_read_labels(s, 1);
    instance_is(&b, 0, 20, "L1", SQUARE);                                  /* by name */
    labels_free(&b), store_close(s), free(levels), free(films);
}

static void bad_coco(void **state)
{
    (void)state;
    picture("bc/images/sub/a.png", NULL, 8, 1), picture("bc/images/b.png", NULL, 8, 1);
    const import_options o = { 0 };
    #define SEG(seg) coco_file("bc/x.json", "{\"id\":5,\"image_id\":7,\"category_id\":3,\"segmentation\":" seg "}")
    #define BAD(seg, words) SEG(seg); bad("coco", "bc/x.json", o, "sub/a.png", "annotation 5: " words)
    BAD("[[1,1,4,1,4]]", "corners that are no list of x, y");
    BAD("[[1,1,4,1]]", "a polygon of fewer than 3 corners");
    BAD("[[1,1,4,\"x\",4,3]]", "a coordinate that is no number");
    BAD("[]", "no segmentation");
    BAD("7", "no segmentation");
    BAD("{\"counts\":[48]}", "run lengths without size");
    BAD("{\"size\":[6,8],\"counts\":[-1]}", "a run length that is no whole number");
    BAD("{\"size\":[6,8],\"counts\":7}", "counts that are neither");
    BAD("{\"size\":[6,8],\"counts\":\"0d\"}", "damaged run lengths");
    SEG("{\"size\":[6,8],\"counts\":[47]}"), bad("coco", "bc/x.json", o, "sub/a.png", "do not add up");
    SEG("{\"size\":[6,8],\"counts\":[4294967295,4294967295]}"), bad("coco", "bc/x.json", o, "sub/a.png", "do not add up");
    SEG("{\"size\":[8,6],\"counts\":[48]}"), bad("coco", "bc/x.json", o, "sub/a.png", "of an image of another size");
    SEG("[[1e200,1,4,1,4,3]]"), bad("coco", "bc/x.json", o, "sub/a.png", "not finite");
    coco_file("bc/x.json", "{\"id\":5,\"image_id\":7,\"category_id\":8,\"segmentation\":[[1,1,4,1,4,3]]}");
    bad("coco", "bc/x.json", o, "sub/a.png", "category_id 8 is not among the categories");
    SEG("[[1,1,4,1,4,3]]");
    char *table = path_join(scratch, "other.csv");
    text("other.csv", "value,name,kind\n1,rib,\n");
    bad("coco", "bc/x.json", (import_options){ .classes = table }, "sub/a.png", "no class is called L1");
    free(table);
    #define FILE_DIES(words, all) text("bc/x.json", all); dies(2, words, take("coco", "bc/x.json", "x.h5", o))
    FILE_DIES("annotation 1 is of image 8, which is not among the images",
        "{" IMAGES "," CATEGORIES ",\"annotations\":[{\"image_id\":8,\"category_id\":3}]}");
    FILE_DIES("x.json:2: no JSON", "{\n]");
    FILE_DIES("wanted the lists images, annotations and categories", "{}");
    FILE_DIES("no list of categories", "{" IMAGES ",\"annotations\":[]}");
    FILE_DIES("an image without a whole number id", "{\"images\":[{}],\"annotations\":[]," CATEGORIES "}");
    FILE_DIES("two images have the id 1", "{\"images\":[{\"id\":1,\"file_name\":\"a\"},{\"id\":1,\"file_name\":\"b\"}],\"annotations\":[]," CATEGORIES "}");
    FILE_DIES("two categories have the id 1", "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"a\"},{\"id\":1,\"name\":\"b\"}]}");
    text("bc/x.json", "{\"images\":[{\"id\":1,\"file_name\":\"../../etc/passwd\",\"height\":6,\"width\":8}],\"annotations\":[]," CATEGORIES "}");
    bad("coco", "bc/x.json", o, "../../etc/passwd", "leaves the folder");
    text("bc/x.json", "{\"images\":[{\"id\":1,\"file_name\":\"b.png\",\"height\":7,\"width\":8}],\"annotations\":[]," CATEGORIES "}");
    bad("coco", "bc/x.json", o, "b.png", "its labels speak of 8 x 7 pixels, the film has 8 x 6");
    text("bc/x.json", "{\"images\":[{\"id\":1,\"file_name\":\"b.png\",\"width\":8}],\"annotations\":[]," CATEGORIES "}");
    bad("coco", "bc/x.json", o, "b.png", "no height and width");
}

/* Ids that are no classes become 1, 2, ... */
static void coco_from_zero(void **state)
{
    (void)state;
    picture("zero/b.png", NULL, 8, 1);
    text("zero/x.json", "{\"images\":[{\"id\":\"4\",\"file_name\":\"b.png\",\"height\":6,\"width\":8}],"
        "\"annotations\":[{\"image_id\":4,\"category_id\":0,\"segmentation\":[[1,1,4,1,4,3,1,3]]}],"
        "\"categories\":[{\"id\":700,\"name\":\"y\"},{\"id\":0,\"name\":\"x\"}]}");
    store *s = taken("coco", "zero/x.json", "zero.h5", (import_options){ 0 });
    labels l = store_read_labels(s, 0);
    instance_is(&l, 0, 1, "", SQUARE);
    assert_string_equal(store_classes(s)->c[1].name, "y");
    labels_free(&l), store_close(s);
}

static void detectron_list(void **state)
{
    (void)state;
    picture("det/b.png", NULL, 8, 1);
    text("det/x.json", "[{\"file_name\":\"/far/away/b.png\",\"height\":6,\"width\":8,\"annotations\":["
        "{\"category_id\":1,\"segmentation\":[[1,1,4,1,4,3,1,3]]}]}]");
    store *s = taken("coco", "det/x.json", "det.h5", (import_options){ 0 });
    labels l = store_read_labels(s, 0);
    assert_string_equal(store_at(s, 0)->id, "b");
    instance_is(&l, 0, 2, "", SQUARE);
    labels_free(&l), store_close(s);
    text("det/x.json", "[{\"file_name\":\"b.png\",\"height\":6,\"width\":8,\"annotations\":[{\"category_id\":255}]}]");
    bad("coco", "det/x.json", (import_options){ 0 }, "b.png", "category_id 255, wanted 0 to 254");
}

/* ---- labelme ---------------------------------------------------------------------------------------------------------------------------- */

static void labelme_file(const char *name, const char *film, const char *shapes)
{
    char *all = xprintf("{\"imagePath\":\"%s\",\"imageHeight\":6,\"imageWidth\":8,\"imageData\":null,\"shapes\":[%s]}", film, shapes);
    text(name, all);
    free(all);
}

static void labelme_shapes(void **state)
{
    (void)state;
    picture("lm/a.png", NULL, 8, 1);
    labelme_file("lm/a.json", "..\\\\films\\\\a.png",
        "{\"label\":\"body\",\"shape_type\":\"polygon\",\"points\":[[1,1],[4,1],[4,3],[1,3]],\"group_id\":1},"
        "{\"label\":\"T12\",\"shape_type\":\"rectangle\",\"points\":[[5,0],[7,2]],\"group_id\":1},"
        "{\"label\":\"body\",\"shape_type\":\"rectangle\",\"points\":[[6,4],[8,6]],\"group_id\":1},"
        "{\"label\":\"body\",\"points\":[[0,5],[1,5],[1,6],[0,6]],\"group_id\":null},"
        "{\"label\":\"promontory\",\"shape_type\":\"point\",\"points\":[[2.5,3.5]]},"
        "{\"label\":\"head\",\"shape_type\":\"circle\",\"points\":[[2.5,4.5],[4,4.5]]},"
        "{\"label\":\"measure\",\"shape_type\":\"line\",\"points\":[[2.5,4.5],[4,4.5]]}");
    store *s = taken("labelme", "lm", "lm.h5", (import_options){ 0 });
    labels l = store_read_labels(s, 0);
    assert_int_equal(store_classes(s)->n, 3);                              /* T12, body, head */
    assert_int_equal(l.ninstances, 4);
    instance_is(&l, 0, 2, "", "000000000111000001110000000000000000001100000011");
    instance_is(&l, 1, 1, "T12", "000001100000011000000000000000000000000000000000");
    instance_is(&l, 2, 2, "", "000000000000000000000000000000000000000010000000");
    instance_is(&l, 3, 3, "", "000000000000000000000000011100000111000001110000");
    assert_int_equal(l.nlandmarks, 2);
    assert_string_equal(l.landmarks[0].name, "promontory");
    near(l.landmarks[0].x, 2, 0); near(l.landmarks[0].y, 3, 0); near(l.landmarks[0].r, 0, 0);
    assert_string_equal(l.landmarks[1].name, "head");
    near(l.landmarks[1].r, 1.5, 0);
    labels_free(&l), store_close(s);
}

static void bad_labelme(void **state)
{
    (void)state;
    picture("bl/a.png", NULL, 8, 1);
    const import_options o = { 0 };
    #define SHAPE(shape, words) labelme_file("bl/a.json", "a.png", shape); bad("labelme", "bl", o, "a.png", words)
    SHAPE("{\"label\":\"x\",\"shape_type\":\"polygon\",\"points\":[[1,1],[4,1]]}", "shape 1: a polygon of fewer than 3 corners");
    SHAPE("{\"label\":\"x\",\"shape_type\":\"circle\",\"points\":[[1,1]]}", "a circle without centre and edge");
    SHAPE("{\"label\":\"x\",\"shape_type\":\"rectangle\",\"points\":[[1,1]]}", "a rectangle without two corners");
    SHAPE("{\"label\":\"x\",\"points\":[[1,1],[2],[3,3]]}", "a coordinate that is no number");
    SHAPE("{\"points\":[[1,1],[2,2],[3,3]]}", "no label");
    labelme_file("bl/a.json", "gone.png", "");
    bad("labelme", "bl", o, "gone.png", "No such file");
    text("bl/a.json", "{\"shapes\":[]}");
    bad("labelme", "bl", o, "a.json", "a.json has no imagePath");
    text("bl/a.json", "{");
    bad("labelme", "bl", o, "a.json", "a.json:1: no JSON");
}

/* ---- patient and spacing ---------------------------------------------------------------------------------------------------------------- */

static void patient_and_spacing(void **state)
{
    (void)state;
    picture("ps/images/P1_0.5mm.png", NULL, 8, 1), picture("ps/masks/P1_0.5mm.png", ONE, 8, 1);
    picture("ps/images/P2_0.2mm.png", NULL, 8, 1), picture("ps/masks/P2_0.2mm.png", ONE, 8, 1);
    store *s = taken("masks", "ps", "ps.h5", (import_options){ .patient = "^(P.)_", .spacing_from = "_([0-9.]+)mm" });
    near(store_at(s, 0)->spacing[0], 0.5, 0); near(store_at(s, 1)->spacing[1], 0.2, 0);
    assert_string_equal(store_at(s, 0)->spacing_source, "file name");
    store_close(s);
    s = taken("masks", "ps", "ps.h5", (import_options){ .spacing_from = "^P(.)_([0-9.]+)mm" });
    near(store_at(s, 1)->spacing[0], 2, 0); near(store_at(s, 1)->spacing[1], 0.2, 0);
    store_close(s);
    text("sp.csv", "file,spacing_x,spacing_y\nP1_0.5mm.png,0.1,0.3\nfolder/P2_0.2mm.dcm,,\n");
    char *table = path_join(scratch, "sp.csv");
    bad("masks", "ps", (import_options){ .spacing_from = table }, "images/P2_0.2mm.png", "no row of the table with its spacing");
    text("sp.csv", "file,spacing_x,spacing_y\nP1_0.5mm.png,0.1,0.3\nP2_0.2mm,,\n");
    s = taken("masks", "ps", "ps.h5", (import_options){ .spacing_from = table });
    near(store_at(s, 0)->spacing[0], 0.1, 0); near(store_at(s, 0)->spacing[1], 0.3, 0); near(store_at(s, 1)->spacing[0], 0, 0);
    store_close(s);
    text("sp.csv", "file,pid,px,py,spacing\nP1_0.5mm.png,A,0.1,0.3,7\nP2_0.2mm.png,B,0.2,0.4,8\n");
    s = taken("masks", "ps", "ps.h5", (import_options){ .table = table, .patient = "pid", .spacing_from = "px,py" });
    assert_string_equal(store_at(s, 1)->patient, "B");
    near(store_at(s, 1)->spacing[0], 0.2, 0); near(store_at(s, 1)->spacing[1], 0.4, 0);
    store_close(s);
    s = taken("masks", "ps", "ps.h5", (import_options){ .spacing_from = table });
    near(store_at(s, 1)->spacing[0], 8, 0); near(store_at(s, 1)->spacing[1], 8, 0);
    store_close(s);
    text("sp.csv", "file,spacing\nP1_0.5mm.png,-1\nP2_0.2mm.png,fine\n");
    bad("masks", "ps", (import_options){ .spacing_from = table }, "images/P1_0.5mm.png", "line 2: spacing: got '-1'");
    bad("masks", "ps", (import_options){ .spacing_from = table }, "images/P2_0.2mm.png", "line 3: spacing: got 'fine'");
    bad("masks", "ps", (import_options){ .spacing_from = "q([0-9])" }, "images/P1_0.5mm.png", "--spacing 'q([0-9])' finds nothing");
    dies(2, "--spacing: got 'px', wanted SX,SY, one or two columns", take("masks", "ps", "x.h5", (import_options){ .spacing_from = "px" }));
    dies(2, "--spacing: '((': ", take("masks", "ps", "x.h5", (import_options){ .spacing_from = "((" }));
    text("sp.csv", "file,x\n");
    dies(2, "no columns 'spacing_x' and 'spacing_y', nor 'spacing'", take("masks", "ps", "x.h5", (import_options){ .spacing_from = table }));
    text("sp.csv", "fil,x\n");
    dies(2, "no column 'file' (did you mean fil?)", take("masks", "ps", "x.h5", (import_options){ .table = table }));
    free(table);
}

/* ---- round trips --------------------------------------------------------------------------------------------------------------------------- */

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
    picture("rt/images/a.png", NULL, 16, 1), picture("rt/masks/a.png", ONE, 8, 3), picture("rt/images/b.png", NULL, 8, 1), picture("rt/masks/b.png",
        TWO, 8, 1);
    text("rt/labels.csv", "file,patient,width,height,cobb_deg,T1_TL_x,T1_TL_y,T1_TR_x,T1_TR_y,T1_BL_x,T1_BL_y,T1_BR_x,T1_BR_y\n"
        "a.png,P1,8,6,0.1,1.1,1,4,1,1,3,4,3.3333333333333335\nb.png,P2,8,6,,1,1,4,1,1,3,4,3\n");
    picture("rt3/a.png", NULL, 8, 1);
    labelme_file("rt3/a.json", "a.png", "{\"label\":\"head\",\"shape_type\":\"circle\",\"points\":[[2.6,4.7],[4,4.5]]},"
        "{\"label\":\"z\",\"shape_type\":\"point\",\"points\":[[2.1,0.3]]},{\"label\":\"a\",\"shape_type\":\"point\",\"points\":[[2.1,0.3]]}");
    coco_file("coco/all.json", "{\"id\":1,\"image_id\":7,\"category_id\":3,\"segmentation\":[[1,1,4,1,4,3,1,3]]},"
        "{\"id\":2,\"image_id\":7,\"category_id\":1,\"iscrowd\":1,\"segmentation\":{\"size\":[6,8],\"counts\":[0,2,46]}}");
    const struct { const char *kind, *src; } k[] = { { "masks", "rt" }, { "corners", "rt" }, { "instances", "inst" }, { "coco", "coco/all.json" },
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
    for (int i = 0; i < H * W; i++) film[i] = (uint16_t)(i * 1365), mask[i] = (uint8_t)(i % 5), planes[i] = (uint32_t)(i % 3) << 30 | (i % 7 == 0) << 4;
    classes table = { 0 };
    classes_add(&table, 4, "Wirbelk\xc3\xb6rper", "vertebra");
    store *s = store_create(path, &table);
    for (int k = 0; k < 3; k++) {
        char id[32];
        snprintf(id, sizeof id, "f %d.1", k);
        measured v[2] = { { "PI", "deg", 0.1 + k }, { "SVA", "mm", -1e-300 } };
        landmark m[2] = { { "S1 back", 1 / 3., 2, 0 }, { "head", 1, 2, 1e-7 } };
        instance o[2] = { instance_from_mask(mask, H, W, 7, "crowd"), instance_from_mask(mask, H, W, 31, "") };
        const labels l = { .nvalues = k ? 2 : 0, .values = v, .nlandmarks = k ? 2 : 0, .landmarks = m, .ninstances = k == 2 ? 2 : 0, .instances = o };
        store_case row = { .id = id, .patient = k ? "P\xc3\xa4" : "", .source = "x/y.dcm", .split = (split)k, .excluded = k == 1, .h = H, .w = W, .bits = 16,
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
        cmocka_unit_test(instances_by_folder), cmocka_unit_test(instances_by_pattern), cmocka_unit_test(bad_instances), cmocka_unit_test(run_lengths),
        cmocka_unit_test(coco_objects), cmocka_unit_test(bad_coco), cmocka_unit_test(coco_from_zero), cmocka_unit_test(detectron_list),
        cmocka_unit_test(labelme_shapes), cmocka_unit_test(bad_labelme), cmocka_unit_test(patient_and_spacing),
        cmocka_unit_test(every_kind_and_back), cmocka_unit_test(kinds_and_back), cmocka_unit_test(everything_and_back),
        cmocka_unit_test(bad_exported),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
