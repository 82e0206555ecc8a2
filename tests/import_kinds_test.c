/* import_kinds_test.c - objects one by one: instances, COCO, Detectron2, labelme; and what is known beside the
 * pixels. */
#include "tests/import_rig.h"
#include "datasets/rle.h"

/* ---- instances ---------------------------------------------------------------------------------------------------------------------- */

static void instances_by_folder(void **state)
{
    (void)state;
    picture("inst/a/image.png", NULL, 8, 1), picture("inst/a/masks/001.png", ONE, 8, 255), picture("inst/a/masks/002.png", TWO, 8, 255);
    picture("inst/b/images/film.png", NULL, 16, 1), picture("inst/b/masks/7_L1.png", ONE, 8, 1), picture("inst/b/masks/L2_1.png", TWO, 8,
        5);
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

/* ---- COCO -------------------------------------------------------------------------------------------------------------------------- */

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

static void landmark_is(const labels *l, int k, const char *name, double x, double y)
{
    assert_true(k < l->nlandmarks);
    assert_string_equal(l->landmarks[k].name, name);
    near(l->landmarks[k].x, x, 0);
    near(l->landmarks[k].y, y, 0);
    near(l->landmarks[k].r, 0, 0);
}

/* Names by category and object; points without an object; what has no v is left out; pixels are places as they are. */
static void coco_keypoints(void **state)
{
    (void)state;
    static const char films[] = "{\"images\":[{\"id\":7,\"file_name\":\"a.png\",\"height\":6,\"width\":8}],\"categories\":["
        "{\"id\":1,\"name\":\"L1\",\"keypoints\":[\"TL\",\"TR\"]},{\"id\":2,\"name\":\"L2\",\"keypoints\":[\"TL\"]},"
        "{\"id\":3,\"name\":\"hip\",\"keypoints\":[\"centre\"],\"supercategory\":\"joint\"}],\"annotations\":[";
    picture("kp/images/a.png", NULL, 8, 1);
    char *all = xprintf("%s%s]}", films, "{\"id\":1,\"image_id\":7,\"category_id\":1,\"segmentation\":[],\"keypoints\":[1,2,2,3.5,0,0]},"
        "{\"id\":2,\"image_id\":7,\"category_id\":3,\"segmentation\":[[1,1,4,1,4,3,1,3]],\"keypoints\":[4.25,5,1]},"
        "{\"id\":3,\"image_id\":7,\"category_id\":3,\"keypoints\":[5,5,2]},"
        "{\"id\":4,\"image_id\":7,\"category_id\":2,\"keypoints\":[0,0,2]}");
    text("kp/all.json", all), free(all);
    store *s = taken("coco", "kp/all.json", "kp.h5", (import_options){ 0 });
    labels l = store_read_labels(s, 0);
    assert_int_equal(l.ninstances, 1), assert_int_equal(l.nlandmarks, 4);
    landmark_is(&l, 0, "L1 TL", 1, 2), landmark_is(&l, 1, "centre", 4.25, 5), landmark_is(&l, 2, "centre_2", 5, 5), landmark_is(&l, 3, "L2 TL", 0, 0);
    assert_string_equal(classes_find(store_classes(s), 3)->kind, "joint"), assert_string_equal(classes_find(store_classes(s), 1)->kind, "vertebra");
    labels_free(&l), store_close(s);
    const import_options o = { 0 };
    #define POINTS(points, words) all = xprintf("%s{\"id\":1,\"image_id\":7,\"category_id\":1,\"keypoints\":" points "}]}", films); \
        text("kp/all.json", all), free(all), bad("coco", "kp/all.json", o, "a.png", words)
    POINTS("[1,2,2]", "3 numbers of keypoints, wanted x, y, v for each of 2");
    POINTS("[1,2,2,1,2,\"x\"]", "keypoint 2 is not x, y, v");
    POINTS("{}", "0 numbers of keypoints");
    text("kp/two.json", "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"a\",\"keypoints\":[\"p\",\"p\"]}]}");
    dies(2, "category a: two keypoints are called p", take("coco", "kp/two.json", "x.h5", o));
    text("kp/det.json", "[{\"file_name\":\"a.png\",\"height\":6,\"width\":8,\"annotations\":[{\"category_id\":0,\"keypoints\":[1.5,2.5,2]},"
        "{\"category_id\":0,\"keypoints\":[3.5,2.5,1]}]}]");
    s = taken("coco", "kp/det.json", "det.h5", o);
    l = store_read_labels(s, 0);
    landmark_is(&l, 0, "point_1", 1, 2), landmark_is(&l, 1, "point_1_2", 3, 2);
    labels_free(&l), store_close(s);
}

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
    FILE_DIES("x.json:2: no JSON: duplicate object key", "{\"images\":[],\n\"images\":[]," CATEGORIES ",\"annotations\":[]}");
    FILE_DIES("wanted the lists images, annotations and categories", "{}");
    FILE_DIES("no list of categories", "{" IMAGES ",\"annotations\":[]}");
    FILE_DIES("an image without a whole number id", "{\"images\":[{}],\"annotations\":[]," CATEGORIES "}");
    FILE_DIES("two images have the id 1",
        "{\"images\":[{\"id\":1,\"file_name\":\"a\"},{\"id\":1,\"file_name\":\"b\"}],\"annotations\":[]," CATEGORIES "}");
    FILE_DIES("two categories have the id 1",
        "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":1,\"name\":\"a\"},{\"id\":1,\"name\":\"b\"}]}");
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

/* ---- labelme ----------------------------------------------------------------------------------------------------------------------- */

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
        "{\"label\":\"body\",\"points\":[[0,5],[1,5],[1,6],[0,6]],\"group_id\":2},"
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

/* A misspelt point is stored, and one line says which name was probably meant; names that measuring knows are not spoken of. */
static void labelme_strange_points(void **state)
{
    (void)state;
    #define POINT(name) "{\"label\":\"" name "\",\"shape_type\":\"point\",\"points\":[[2.5,3.5]]}"
    picture("sp/a.png", NULL, 8, 1);
    labelme_file("sp/a.json", "a.png", POINT("dens_tipp") "," POINT("basion") "," POINT("L3_SM") "," POINT("femoral_head") "," POINT("L3_SN") ","
        POINT("zzzzzzzzzz"));
    char *said = errors_of("labelme", "sp", "sp.h5");
    assert_non_null(strstr(said, "sp: `measure` knows no points called L3_SN (did you mean L3_SM?), dens_tipp (did you mean dens_tip?), "
        "zzzzzzzzzz; they are stored\n"));
    assert_null(strchr(strchr(said, '\n') + 1, '\n'));
    store *s = opened("sp.h5");
    labels l = store_read_labels(s, 0);
    assert_int_equal(l.nlandmarks, 6);
    labels_free(&l), store_close(s), free(said);
    labelme_file("sp/a.json", "a.png", POINT("dens_tip"));
    said = errors_of("labelme", "sp", "sp2.h5");
    assert_string_equal(said, "");
    free(said);
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
    text("bl/a.json", "{\"imagePath\":\"a.png\",\n\"imagePath\":\"b.png\",\"shapes\":[]}");
    bad("labelme", "bl", o, "a.json", "a.json:2: no JSON: duplicate object key");
}

/* ---- patient and spacing ----------------------------------------------------------------------------------------------------------- */

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
    dies(2, "no columns 'spacing_x' and 'spacing_y', nor 'spacing'", take("masks", "ps", "x.h5",
        (import_options){ .spacing_from = table }));
    text("sp.csv", "fil,x\n");
    dies(2, "no column 'file' (did you mean fil?)", take("masks", "ps", "x.h5", (import_options){ .table = table }));
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_by_folder), cmocka_unit_test(instances_by_pattern), cmocka_unit_test(bad_instances),
            cmocka_unit_test(run_lengths),
        cmocka_unit_test(coco_objects), cmocka_unit_test(coco_keypoints), cmocka_unit_test(bad_coco), cmocka_unit_test(coco_from_zero), cmocka_unit_test(detectron_list),
        cmocka_unit_test(labelme_shapes), cmocka_unit_test(labelme_strange_points), cmocka_unit_test(bad_labelme), cmocka_unit_test(patient_and_spacing),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
