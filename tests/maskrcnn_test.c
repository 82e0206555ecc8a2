/* maskrcnn_test.c - Mask R-CNN R50-FPN at full width against the reference on two small films of different size: pyramid, proposals,
 * detections and masks in their order, the five losses, every parameter gradient with its random projections; then, at the small
 * network's width, one batch learnt by heart and the same bits twice. The double build meets the strict bounds. */
#include "tests/test.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "kernels/detect.h"
#include "nn/detector_input.h"
#include "nn/optim.h"

static const double strict = sizeof(real) == 8;
enum { H = 160, W = 192, KEEP = 20, PROPOSALS = 60, MOST = 2 };
static const input_size film[2] = { { 100, 150 }, { 120, 96 } };
static const char *const common[] = { "net.batch=2", "net.height=160", "net.width=192", "net.classes=4", "net.fold=0", "detector.min_size=128",
    "detector.max_size=192", "detector.score=0.2", "detector.rpn_before=200", "detector.rpn_before_train=200", "detector.rpn_after=60",
    "detector.rpn_after_train=60", "detector.roi_batch=64", "detector.detections=20", "detector.instances=2", "detector.sampler=first" };
enum { COMMON = sizeof common / sizeof *common };

static void *room(tensor *t) { return t->x.p = xalloc(t->x.size); }

static void put_films(net *t)
{
    const detector_conf *d = &t->detector->conf;
    const int64_t one = 3 * H * W;
    real *x = room(t->input);
    int32_t *extent = room(t->detector->extent);
    for (int k = 0; k < 2; k++) {
        const int64_t area = film[k].h * film[k].w;
        const input_size r = detector_resized(d, film[k]);
        float *pixels = xalloc_n((size_t)(3 * area), sizeof *pixels);
        for (int64_t i = 0; i < 3 * area; i++) pixels[i % area * 3 + i / area] = (float)golden_u01(k ? "maskrcnn/im1" : "maskrcnn/im0", i);
        detector_input(d, film[k], pixels, r, (input_size){ H, W }, x + k * one);
        extent[2 * k] = (int32_t)r.h, extent[2 * k + 1] = (int32_t)r.w;
        free(pixels);
    }
}

/* Some weights are smaller or larger than the rule makes them. */
static void gain(const params *p, const char *pattern, float by)
{
    for (int i = 0; i < p->n; i++)
        for (size_t j = 0; params_fits(pattern, p->p[i].name) && j < p->p[i].count; j++) {
            real *x = &p->x[p->p[i].at + j];
            *x = (real)((float)*x * by);
        }
}

static reference begin(int training)
{
    const char *word[COMMON + 1];
    memcpy(word, common, sizeof common);
    word[COMMON] = training ? "net.training=1" : "net.training=0";
    reference m = { .c = { .dev = &device_cpu, .loss_scale = 1, .training = training }, .keys = key_map_find("torchvision"), .prefix = "maskrcnn/" };
    m.t = net_load("configs/nets/maskrcnn-r50.cfg", word, COMMON + 1);
    m.p = params_new(m.t->g, &device_cpu, training);
    reference_fill(&m);
    gain(m.p, "rpn.deltas.weight", 0.125f), gain(m.p, "detections.classes.weight", 2), gain(m.p, "layer*.conv3.norm.weight", 0.25f);
    for (int i = 0; i < m.p->n; i++) m.p->p[i].frozen = params_fits("stem.*,layer1.*", m.p->p[i].name);
    params_bind(m.p, m.t->g);
    return m;
}

static void end(reference *m)
{
    free(m->t->input->x.p), free(m->t->detector->extent->x.p);
    schedule_free(&m->plan), params_free(m->p), net_free(m->t);
}

static void check_stat(const reference *m, const golden *g, const char *theirs, const char *ours)
{
    char name[64];
    const double tol = strict ? 1e-7 : 2e-4;
    snprintf(name, sizeof name, "eval.%s", theirs);
    const golden_stat want = golden_stats(g, name);
    const tensor *t = graph_find(m->t->g, ours);
    assert_non_null(t);
    const int64_t n = shape_volume(&t->s);
    assert_int_equal(shape_volume(&want.s), n);
    double *v = reference_nchw(t), sum = 0, abs = 0, sq = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i], abs += fabs(v[i]), sq += v[i] * v[i];
    if (!(fabs(abs - want.abs) <= tol * want.abs)) print_error("%s\n", theirs);
    near(sum, want.sum, tol * want.abs);
    near(abs, want.abs, tol * want.abs);
    near(sq, want.sq, tol * want.sq);
    for (int i = 0; i < want.n; i++) near(v[want.at[i]], want.v[i], tol * fmax(fabs(want.min), fabs(want.max)));
    free(v);
}

static void check_numbers(const golden *g, const char *name, const real *got, int64_t n, double tol)
{
    shape s;
    double *want = golden_tensor(g, name, &s);
    assert_int_equal(shape_volume(&s), n);
    for (int64_t i = 0; i < n; i++) if (!(fabs(got[i] - want[i]) <= tol)) fail_msg("%s[%lld]: got %.9g, wanted %.9g", name, (long long)i, (double)got[i], want[i]);
    free(want);
}

static char *indexed(char text[64], const char *what, int k) { snprintf(text, 64, what, k); return text; }

/* Detections of film k on the film itself, and the pixels of their masks there */
static void check_detections(const reference *m, const golden *g, int k)
{
    const detector *d = m->t->detector;
    char name[64];
    const int32_t *extent = d->extent->x.p, *label = (const int32_t *)d->label->x.p + k * KEEP;
    const real *maps = (const real *)m->t->output->x.p + k * KEEP * 28 * 28;
    box b[KEEP];
    int32_t place[KEEP];
    assert_int_equal(((const int32_t *)d->count->x.p)[k], KEEP);
    memcpy(b, (const box *)d->boxes->x.p + k * KEEP, sizeof b);
    assert_int_equal(detections_rescale(0, KEEP, b, (int64_t[]){ extent[2 * k], extent[2 * k + 1] }, (int64_t[]){ film[k].h, film[k].w }, place), KEEP);
    check_numbers(g, indexed(name, "eval.det%d.boxes", k), (const real *)b, 4 * KEEP, strict ? 2e-5 : 4e-4);
    check_numbers(g, indexed(name, "eval.det%d.scores", k), (const real *)d->scores->x.p + k * KEEP, KEEP, strict ? 1e-7 : 2e-5);
    double *want = golden_tensor(g, indexed(name, "eval.det%d.labels", k), NULL), *area = golden_tensor(g, indexed(name, "eval.det%d.mask_area_ge_0.5", k), NULL);
    const golden_stat s = golden_stats(g, indexed(name, "eval.det%d.masks", k));
    const int64_t pixels = film[k].h * film[k].w;
    real *out = xalloc_n((size_t)pixels, sizeof *out);
    double sum = 0, sq = 0;
    for (int i = 0; i < KEEP; i++) {
        int64_t covered = 0;
        assert_int_equal(label[i], (int)want[i]);
        mask_paste(0, 28, maps + i * 28 * 28, b[i], film[k].h, film[k].w, out);
        for (int64_t j = 0; j < pixels; j++) sum += out[j], sq += (double)out[j] * (double)out[j], covered += out[j] >= (real)0.5;
        assert_true(llabs(covered - (int64_t)area[i]) <= (strict ? 0 : 2));
        for (int j = 0; j < s.n; j++) if (s.at[j] / pixels == i) near(out[s.at[j] % pixels], s.v[j], strict ? 1e-6 : 1e-4);
    }
    near(sum, s.sum, (strict ? 1e-7 : 1e-4) * s.abs);
    near(sq, s.sq, (strict ? 1e-7 : 1e-4) * s.sq);
    free(out), free(want), free(area);
}

static void detections(void **state)
{
    (void)state;
    static const char *const stat[][2] = {
        { "fpn.0", "p2" }, { "fpn.1", "p3" }, { "fpn.2", "p4" }, { "fpn.3", "p5" }, { "fpn.pool", "p6" }, { "rpn.obj0", "rpn.objectness" },
        { "rpn.delta0", "rpn.deltas" }, { "rpn.obj1", "rpn.1.objectness" }, { "rpn.delta1", "rpn.1.deltas" }, { "rpn.obj2", "rpn.2.objectness" },
        { "rpn.delta2", "rpn.2.deltas" }, { "rpn.obj3", "rpn.3.objectness" }, { "rpn.delta3", "rpn.3.deltas" }, { "rpn.obj4", "rpn.4.objectness" },
        { "rpn.delta4", "rpn.4.deltas" }, { "boxpool", "box.pool" }, { "maskpool", "mask.pool" }, { "masklogits", "masks.logits" },
    };
    golden *g = golden_open("tests/golden/maskrcnn");
    reference m = begin(0);
    net_inference(m.t, &m.plan);
    plan_make(&m.plan, &m.c, 0);
    put_films(m.t);
    plan_place(&m.plan, &device_cpu);
    schedule_run(&m.plan, &m.c);
    const tensor *rpn = graph_find(m.t->g, "rpn"), *class = graph_find(m.t->g, "detections.classes"), *boxes = graph_find(m.t->g, "detections.boxes");
    for (size_t i = 0; i < 15; i++) check_stat(&m, g, stat[i][0], stat[i][1]);
    for (int k = 0; k < 2; k++) {
        char name[64];
        assert_int_equal(((const int32_t *)rpn->from->out[1]->x.p)[k], PROPOSALS);
        check_numbers(g, indexed(name, "eval.proposals%d", k), (const real *)rpn->x.p + k * PROPOSALS * 4, 4 * PROPOSALS, strict ? 2e-5 : 4e-4);
    }
    check_numbers(g, "eval.cls_logits", class->x.p, 2 * PROPOSALS * 4, strict ? 1e-6 : 1e-4);
    check_numbers(g, "eval.box_deltas", boxes->x.p, 2 * PROPOSALS * 16, strict ? 1e-6 : 1e-4);
    for (size_t i = 15; i < sizeof stat / sizeof *stat; i++) check_stat(&m, g, stat[i][0], stat[i][1]);
    for (int k = 0; k < 2; k++) check_detections(&m, g, k);
    end(&m), golden_free(g);
}

/* ---- training ---- */

typedef struct { int film; double box[4]; int class; double cy, cx, ry, rx; } instance_;
static const instance_ truth[] = {
    { 0, { 10, 15, 61, 76 }, 1, 45, 35, 30, 25 }, { 0, { 70, 20, 141, 91 }, 3, 55, 105, 35, 35 }, { 1, { 20, 30, 81, 101 }, 2, 65, 50, 35, 30 },
};

static void put_truth(net *t)
{
    const detector *d = t->detector;
    const int32_t *extent = d->extent->x.p;
    real *boxes = room(d->truth_boxes);
    int32_t *count = room(d->truth_count), *class = room(d->truth_class);
    uint8_t *masks = room(d->truth_masks);
    for (size_t i = 0; i < sizeof truth / sizeof *truth; i++) {
        const instance_ *o = &truth[i];
        const int64_t k = o->film, at = k * MOST + count[k]++, h = extent[2 * k], w = extent[2 * k + 1];
        const float scale[2] = { (float)w / (float)film[k].w, (float)h / (float)film[k].h };
        for (int j = 0; j < 4; j++) boxes[4 * at + j] = (real)o->box[j] * (real)scale[j % 2];
        class[at] = o->class;
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < w; x++) {
                const double v = ((double)(y * film[k].h / h) - o->cy) / o->ry, u = ((double)(x * film[k].w / w) - o->cx) / o->rx;
                masks[(at * H + y) * W + x] = v * v + u * u <= 1;
            }
    }
}

/* The regions that are learnt from: the reference keeps them in the order of places, we have the positive ones first. */
static void check_regions(const reference *m, const golden *g, int k)
{
    char name[64];
    shape s;
    double *box_ = golden_tensor(g, indexed(name, "train.roi%d.boxes", k), &s), *label = golden_tensor(g, indexed(name, "train.roi%d.labels", k), NULL);
    double *target = golden_tensor(g, indexed(name, "train.roi%d.regtargets", k), NULL), *match = golden_tensor(g, indexed(name, "train.roi%d.matched", k), NULL);
    const node *n = graph_find(m->t->g, "rpn")->from;
    const int64_t rows = n->out[0]->s.d[1];
    int64_t at = k * rows;
    assert_int_equal(((const int32_t *)n->out[1]->x.p)[k], s.d[0]);
    for (int positive = 1; positive >= 0; positive--)
        for (int64_t i = 0; i < s.d[0]; i++) {
            if ((label[i] > 0) != positive) continue;
            for (int j = 0; j < 4; j++) near(((const real *)n->out[0]->x.p)[4 * at + j], box_[4 * i + j], strict ? 2e-5 : 4e-4);
            assert_int_equal(((const uint8_t *)n->out[2]->x.p)[at], (int)label[i]);
            for (int j = 0; positive && j < 4; j++) near(((const real *)n->out[4]->x.p)[4 * at + j], target[4 * i + j], strict ? 2e-5 : 4e-4);
            if (positive) assert_int_equal(((const int32_t *)n->out[6]->x.p)[at], (int)match[i]);
            at++;
        }
    free(box_), free(label), free(target), free(match);
}

static tensor *total(net *t)
{
    return graph_add(t->g, op_find("total"), "loss", "test", t->detector->terms, t->detector->term, (char[512]){ 0 });
}

/* Forward and backward to every parameter that is trained */
static void plan_training(reference *m, int share)
{
    graph *g = m->t->g;
    tensor **wrt = xalloc_n((size_t)g->nt, sizeof *wrt);
    int n = 0;
    m->loss = total(m->t);
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM && !params_find(m->p, g->tensor[i]->name)->frozen) wrt[n++] = g->tensor[i];
    schedule_forward(&m->plan, g, &m->loss, 1);
    schedule_backward(&m->plan, g, m->loss, wrt, n);
    plan_make(&m->plan, &m->c, share);
    free(wrt);
}

static void free_truth(const net *t)
{
    const detector *d = t->detector;
    free(d->truth_boxes->x.p), free(d->truth_count->x.p), free(d->truth_class->x.p), free(d->truth_masks->x.p);
}

static void losses_and_gradients(void **state)
{
    (void)state;
    static const char *const term[][2] = { { "loss.objectness", "train.loss_objectness" }, { "loss.rpn_box", "train.loss_rpn_box_reg" },
        { "loss.class", "train.loss_classifier" }, { "loss.box", "train.loss_box_reg" }, { "loss.mask", "train.loss_mask" } };
    golden *g = golden_open("tests/golden/maskrcnn");
    reference m = begin(1);
    plan_training(&m, 0);
    put_films(m.t), put_truth(m.t);
    plan_place(&m.plan, &device_cpu);
    schedule_run(&m.plan, &m.c);
    for (int k = 0; k < 2; k++) check_regions(&m, g, k);
    /* The reference's targets of objectness are float32, and so is its loss, in whatever precision the rest is computed. */
    for (int i = 0; i < 5; i++)
        near(*(real *)graph_find(m.t->g, term[i][0])->x.p, golden_scalar(g, term[i][1]), !strict ? 1e-5 : i ? 1e-9 : 5e-8);
    near(*(real *)m.loss->x.p, golden_scalar(g, "train.total"), strict ? 5e-8 : 1e-5);
    const double whole = golden_scalar(g, "train.grad_norm"), bound = strict ? 3e-6 : 0.008;
    near(reference_gradient_norm(&m), whole, bound / 3 * whole);
    reference_check_gradients(&m, "tests/golden/maskrcnn_projections.tsv", "train", whole, bound);
    free_truth(m.t), end(&m), golden_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(detections), cmocka_unit_test(losses_and_gradients) };
    return RUN_TESTS(tests);
}
