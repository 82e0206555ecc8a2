/* golden_detect_test.c - the steps of a detector against the numbers in tests/golden/ops_detection: RoIAlign forward and backward, anchors,
 * deltas, matches, suppression, mask targets, pasting, levels. (The resize of the input, transform.*, belongs to the network's tests.)
 * The double build must agree to the rounding of the stored float32; float to a few times its own. */
#include "tests/golden.h"
#include "tests/rig.h"
#include "kernels/detect.h"
#include "kernels/roi_align.h"

/* What the two reference codes do differently */
typedef struct { const char *name; int round, scales_last, floor_strides, aligned, hard, grid; roi_rule level; } convention;
static const convention conventions[2] = {
    { "torchvision", 1, 0, 1, 0, 0, 0, { .finest = 2, .add = 1e-6 } },
    { "detectron2", 0, 1, 0, 1, 1, 1, { .finest = 2, .add = 1e-8, .inside = 1 } },
};
static golden *g;
static const double tight = sizeof(real) == 8 ? 1e-7 : 3e-6;

static void close_to(const char *name, const double *want, const real *got, int64_t n, double tol)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tol * fmax(largest, 1)))
            fail_msg("%s, element %lld: %.9g, wanted %.9g", name, (long long)i, (double)got[i], want[i]);
}

/* Boxes of a tensor [n 4]; free() them */
static box *boxes_of(const char *name, int64_t *n)
{
    shape s;
    double *v = golden_tensor(g, name, &s);
    box *b = xalloc_n((size_t)s.d[0], sizeof *b);
    assert_int_equal(s.d[1], 4);
    for (int64_t i = 0; i < s.d[0]; i++) b[i] = (box){ (real)v[4 * i], (real)v[4 * i + 1], (real)v[4 * i + 2], (real)v[4 * i + 3] };
    *n = s.d[0];
    free(v);
    return b;
}

/* ---- RoIAlign: the regions of each image become its list, in their order ---- */
enum { REGIONS = 6, BINS = 49 };

static void maps_into(const char *name, const slot *to)
{
    shape s;
    double *v = golden_tensor(g, name, &s);
    real *o = xalloc_n((size_t)shape_volume(&s), sizeof *o);
    golden_nhwc(&s, v, o);
    assert_int_equal(shape_volume(&s), to->n);
    for (int64_t i = 0; i < to->n; i++) slot_put(to, i, o[i]);
    free(v), free(o);
}

static void maps_equal(const char *name, const slot *got)
{
    shape s;
    double *v = golden_tensor(g, name, &s), *want = xalloc_n((size_t)got->n, sizeof *want);
    real *o = xalloc_n((size_t)got->n, sizeof *o), *mine = xalloc_n((size_t)got->n, sizeof *mine);
    golden_nhwc(&s, v, o);
    for (int64_t i = 0; i < got->n; i++) want[i] = (double)o[i], mine[i] = slot_get(got, i);
    close_to(name, want, mine, got->n, tight);
    free(v), free(want), free(o), free(mine);
}

static void region_align(void **state)
{
    const char *tag = *state;
    int aligned, sampling;
    int64_t row[REGIONS];                                      /* of the output, by region of the fixture */
    double *rois = golden_tensor(g, "rois", NULL);
    assert_int_equal(sscanf(tag, "roi_align_al%d_sr%d", &aligned, &sampling), 2);
    char *words = xprintf("strides=4 sampling=%d aligned=%d", sampling, aligned), *gout = xprintf("%s.gout", tag);
    char *y = xprintf("%s.y", tag), *dfeat = xprintf("%s.dfeat", tag);
    rig *r = rig_new("roi_align", words, 3, (shape[]){ SHAPE4(2, REGIONS, 1, 4), SHAPE1(2), SHAPE4(2, 13, 17, 3) },
                     (dtype[]){ REAL_TYPE, I32, REAL_TYPE }, DENSE);
    int32_t *count = (int32_t *)r->x[1].p;
    count[0] = count[1] = 0;
    slot_fill(&r->x[0], 0);
    for (int k = 0; k < REGIONS; k++) {
        const int image = (int)rois[5 * k];
        row[k] = image * REGIONS + count[image]++;
        for (int j = 0; j < 4; j++) slot_put(&r->x[0], 4 * row[k] + j, (real)rois[5 * k + 1 + j]);
    }
    maps_into("feat", &r->x[2]);
    rig_forward(r);
    double *want = golden_tensor(g, y, NULL), *up = golden_tensor(g, gout, NULL);       /* region channel bin */
    slot_fill(&r->gy[0], 0);
    for (int k = 0; k < REGIONS; k++)
        for (int c = 0; c < 3; c++)
            for (int p = 0; p < BINS; p++) {
                const int64_t ours = (row[k] * BINS + p) * 3 + c, theirs = (k * 3 + c) * BINS + p;
                near(slot_get(&r->y[0], ours), want[theirs], tight);
                slot_put(&r->gy[0], ours, (real)up[theirs]);
            }
    rig_backward(r);
    maps_equal(dfeat, &r->gx[2]);
    free(rois), free(words), free(gout), free(y), free(dfeat), free(want), free(up), rig_free(r);
}

/* ---- suppression ---- */
static void suppression(void **state)
{
    (void)state;
    static const double overlap[] = { 0.3, 0.5, 0.7 };
    int64_t n;
    box *b = boxes_of("nms.boxes", &n);
    double *score = golden_tensor(g, "nms.scores", NULL), *class_ = golden_tensor(g, "nms.classes", NULL);
    candidate *c = xalloc_n((size_t)n, sizeof *c);
    for (int k = 0; k < 6; k++) {
        shape s;
        char *name = xprintf("nms.%skeep_%g", k % 2 ? "batched_" : "", overlap[k / 2]);
        double *keep = golden_tensor(g, name, &s);
        for (int64_t i = 0; i < n; i++) c[i] = (candidate){ (real)score[i], k % 2 ? (int32_t)class_[i] : 0, i, b[i] };
        assert_int_equal(candidates_suppress(c, n, overlap[k / 2], n), s.d[0]);
        for (int64_t i = 0; i < s.d[0]; i++) assert_int_equal(c[i].place, (int)keep[i]);
        free(name), free(keep);
    }
    assert_true(golden_scalar(g, "nms.min_abs_iou_minus_0.5") > 0.01);
    free(b), free(score), free(class_), free(c);
}

/* ---- anchors ---- */
static anchors grid_of(const convention *d, int64_t height, int64_t width, const int64_t h[5], const int64_t w[5])
{
    anchor_grid a = { .levels = 5, .ratios = 3, .scales = 1, .ratio = { 0.5, 1, 2 }, .scale = { 1 }, .round = d->round,
        .scales_last = d->scales_last };
    for (int l = 0; l < 5; l++) {
        a.size[l] = 32 << l, a.h[l] = h[l], a.w[l] = w[l];
        a.step_h[l] = (real)(d->floor_strides ? height / h[l] : 4 << l), a.step_w[l] = (real)(d->floor_strides ? width / w[l] : 4 << l);
    }
    return anchors_make(&a);
}

static box *all_of_grid(const anchors *a)
{
    const int64_t n = anchor_first(a, a->levels);
    box *all = xalloc_n((size_t)n, sizeof *all);
    for (int64_t i = 0; i < n; i++) all[i] = anchor_of_all(a, i);
    return all;
}

static void anchors_of_grids(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        const anchors a = grid_of(&conventions[k], 32, 40, (int64_t[]){ 8, 4, 2, 1, 1 }, (int64_t[]){ 10, 5, 3, 2, 1 });
        for (int l = 0; l < 5; l++) {
            char *name = xprintf("anchors.%s.cell%d", conventions[k].name, l);
            double *want = golden_tensor(g, name, NULL);
            close_to(name, want, &a.cell[l][0].x1, 12, k ? tight : 0);
            free(name), free(want);
        }
        if (k) continue;
        double *want = golden_tensor(g, "anchors.torchvision.all", NULL);
        box *all = all_of_grid(&a);
        assert_int_equal(anchor_first(&a, 5), 327);
        close_to("anchors.torchvision.all", want, &all[0].x1, 4 * 327, 0);
        free(want), free(all);
    }
}

/* ---- deltas ---- */
static void deltas(void **state)
{
    (void)state;
    static const struct { const char *name; box_weights w; } coder[] = {
        { "boxcoder_1_1_1_1", { 1, 1, 1, 1 } }, { "boxcoder_10_10_5_5", { 10, 10, 5, 5 } },
    };
    int64_t n;
    box *b = boxes_of("nms.boxes", &n);
    for (int k = 0; k < 2; k++) {
        char *encode = xprintf("%s.encode_ref_first20_prop_last20", coder[k].name), *delta = xprintf("%s.deltas", coder[k].name),
            *decode = xprintf("%s.decode", coder[k].name);
        double *want = golden_tensor(g, encode, NULL), *d = golden_tensor(g, delta, NULL), *moved = golden_tensor(g, decode, NULL);
        real got[80], to[160];
        for (int i = 0; i < 20; i++) {
            box_encode(b[20 + i], b[i], coder[k].w, got + 4 * i);
            for (int c = 0; c < 2; c++) {
                real v[4];
                for (int j = 0; j < 4; j++) v[j] = (real)d[8 * i + 4 * c + j];
                const box m = box_decode(b[20 + i], v, coder[k].w);
                memcpy(to + 8 * i + 4 * c, &m, sizeof m);
            }
        }
        close_to(encode, want, got, 80, tight);
        close_to(decode, moved, to, 160, tight);
        free(encode), free(delta), free(decode), free(want), free(d), free(moved);
    }
    free(b);
}

/* ---- matches ---- */
static void matches(void **state)
{
    (void)state;
    int64_t truths, n;
    box *truth = boxes_of("matcher.gt", &truths), *b = boxes_of("nms.boxes", &n);
    const anchors a = grid_of(&conventions[0], 64, 64, (int64_t[]){ 16, 8, 4, 2, 1 }, (int64_t[]){ 16, 8, 4, 2, 1 });
    box *all = all_of_grid(&a);
    const int64_t count = anchor_first(&a, 5);
    double *rpn = golden_tensor(g, "matcher.rpn_0.7_0.3_lowq", NULL), *regions = golden_tensor(g, "matcher.box_0.5_0.5", NULL);
    int32_t *match = xalloc_n((size_t)count, sizeof *match);
    real best[8];
    assert_int_equal(count, 1023);
    match_boxes(count, all, truths, truth, 0.3, 0.7, 1, match, best);
    for (int64_t i = 0; i < count; i++) assert_int_equal(match[i], (int)rpn[i]);
    match_boxes(n, b, truths, truth, 0.5, 0.5, 0, match, NULL);
    for (int64_t i = 0; i < n; i++) assert_int_equal(match[i], (int)regions[i]);
    free(truth), free(b), free(all), free(rpn), free(regions), free(match);
}

/* ---- masks ---- */
static void mask_targets(void **state)
{
    (void)state;
    int64_t n;
    box *b = boxes_of("masktarget.boxes", &n);
    double *mask = golden_tensor(g, "masktarget.masks", NULL), *which = golden_tensor(g, "masktarget.matched", NULL);
    uint8_t bytes[2 * 48 * 56];
    real target[784];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)mask[i];
    for (int k = 0; k < 2; k++) {
        const convention *d = &conventions[k];
        double *want = golden_tensor(g, k ? "masktarget.detectron2_28_bool" : "masktarget.torchvision_28_soft", NULL);
        for (int64_t i = 0; i < n; i++) {
            mask_target(bytes + (int)which[i] * 48 * 56, 56, 48, 56, b[i], &(mask_rule){ 28, 0, d->aligned, d->hard }, target);
            close_to("masktarget", want + 784 * i, target, 784, k ? 0 : tight);
        }
        free(want);
    }
    free(b), free(mask), free(which);
}

static void pasting(void **state)
{
    (void)state;
    int64_t n;
    box *b = boxes_of("paste.boxes", &n);
    double *masks = golden_tensor(g, "paste.masks", NULL), *hard = golden_tensor(g, "paste.detectron2_bool", NULL);
    real map[784], out[48 * 60];
    for (int k = 0; k < 2; k++) {
        double *want = golden_tensor(g, k ? "paste.detectron2_prob" : "paste.torchvision_prob", NULL);
        for (int64_t i = 0; i < n; i++) {
            for (int p = 0; p < 784; p++) map[p] = (real)masks[784 * i + p];
            mask_paste(conventions[k].grid, 28, map, b[i], 48, 60, out);
            close_to("paste", want + 2880 * i, out, 2880, sizeof(real) == 8 ? 1e-7 : 1e-5);
            for (int p = 0; k && p < 2880; p++) assert_int_equal(out[p] >= (real)0.5, (int)hard[2880 * i + p]);
        }
        free(want);
    }
    free(b), free(masks), free(hard);
}

static void levels(void **state)
{
    (void)state;
    shape s;
    double *side = golden_tensor(g, "fpnlevel.sqrt_area", &s);
    for (int k = 0; k < 2; k++) {
        double *want = golden_tensor(g, k ? "fpnlevel.detectron2" : "fpnlevel.torchvision", NULL);
        for (int64_t i = 0; i < s.d[0]; i++)
            assert_int_equal(2 + roi_level(&conventions[k].level, 4, (real)side[i] * (real)side[i]), (int)want[i]);
        free(want);
    }
    free(side);
    assert_int_equal(roi_level(&conventions[0].level, 4, (real)(223.9999 * 223.9999)), 2);     /* a hair below 224 is 224 to one of them */
    assert_int_equal(roi_level(&conventions[1].level, 4, (real)(223.9999 * 223.9999)), 1);
    assert_int_equal(roi_level(&conventions[0].level, 4, (real)NAN), 0);
}

/* nothing stands in ops_detection that no test reads */
static void all_of_detection(void **state)
{
    (void)state;
    static const char *const known[] = { "feat", "rois", "roi_align_", "nms.", "anchors.", "boxcoder", "matcher", "masktarget.",
        "paste.", "fpnlevel.", "transform." };
    for (int i = 0; i < golden_count(g); i++) {
        int found = 0;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) found |= !strncmp(golden_name(g, i), known[k], strlen(known[k]));
        if (!found) fail_msg("no test reads %s", golden_name(g, i));
    }
}

int main(void)
{
    static const char *const align[] = { "roi_align_al0_sr2", "roi_align_al0_sr0", "roi_align_al0_sr1", "roi_align_al1_sr2",
        "roi_align_al1_sr0", "roi_align_al1_sr1" };
    struct CMUnitTest t[14] = {
        cmocka_unit_test(suppression), cmocka_unit_test(anchors_of_grids), cmocka_unit_test(deltas), cmocka_unit_test(matches),
        cmocka_unit_test(mask_targets),
        cmocka_unit_test(pasting), cmocka_unit_test(levels), cmocka_unit_test(all_of_detection),
    };
    g = golden_open("tests/golden/ops_detection");
    for (int i = 0; i < 6; i++) t[8 + i] = (struct CMUnitTest){ align[i], region_align, NULL, NULL, (void *)align[i] };
    return RUN_TESTS(t);
}
