/* device_replay.c - see device_replay.h. What a record could keep of its first step changes with every step here: the rate (0 at first), the batch,
 * its size, the masks of dropout, the share of the running average. On the emulator each way is gone twice, once with copies as late as may
 * be and once with kernels as late as may be, so that what is not waited for shows. */
#include "tests/device_replay.h"
#include "tests/rig.h"
#include "tests/tiny_run.h"
#include "nn/backend.h"
#include "train/instances.h"
#include "train/replay.h"

enum { STEPS = 6, BATCH = 3, SIDE = 32, MOST = SIDE * SIDE };
typedef enum { RECORDED, BY_KERNEL, BY_HOST, WAYS } way;
static const double rates[STEPS] = { 0, 0.05, 0.04, 0.03, 0.02, 0.01 };
static const int size_of[STEPS] = { 0, 1, 0, 1, 1, 0 };     /* where there are two */

#define HEAD "[data]\nstore=none\n[net]\nbatch=1\nheight=8\nwidth=8\nchannels=1\nclasses=3\n"
static const char unet[] = HEAD
    "[convolutional]\nname=enc\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nname=low\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
    "[dropout]\nprobability=0.3\n"
    "[deconvolutional]\nname=up\nfilters=4\nsize=2\nstride=2\n"
    "[route]\nlayers=enc,up\n"
    "[convolutional]\nname=out\nfilters=3\nsize=1\n";
static const char transformer[] = HEAD
    "[convolutional]\nname=patches\nfilters=8\nsize=4\nstride=4\nstandardize=1\nnormalize=group\nnorm_groups=2\n"
    "[position]\nname=place\n[dropout]\nprobability=0.1\n"
    "[layernorm]\nname=before\n[attention]\nname=look\nheads=2\n[shortcut]\nfrom=-1,-3\n"
    "[layernorm]\n[connected]\neach=pixel\noutput=12\nactivation=gelu\n[dropout]\nprobability=0.2\n"
    "[upsample]\nstride=4\nmode=bilinear\nalign_corners=1\n[convolutional]\nname=out\nfilters=3\nsize=1\n";

/* Choices among anchors, proposals and masks, whose random numbers differ from step to step as well */
static const char detects[] = "[data]\nstore=none\n[net]\nbatch=1\nheight=32\nwidth=32\nchannels=1\nclasses=2\n"
    "[detector]\nconvention=torchvision\nmean=0.45\nstd=0.225\nmin_size=32\nmax_size=32\nanchor_sizes=8,16\nanchor_ratios=0.7,1.4\nrpn_before_train=60\nrpn_after_train=20\n"
    "rpn_after=10\nroi_batch=12\ndetections=6\ninstances=4\nmask_size=8\nmask_margin=0.1\n"
    "[convolutional]\nname=c2\nfilters=8\nsize=4\nstride=4\nactivation=relu\n"
    "[convolutional]\nname=c3\nfilters=8\nsize=2\nstride=2\nactivation=relu\n"
    "[rpn]\nname=rpn\nfrom=c2,c3\nfilters=8\n"
    "[roi_align]\nname=box.pool\nfrom=rpn,c2,c3\nsize=2\n[connected]\nname=fc\noutput=12\nactivation=relu\n"
    "[detections]\nname=detections\nfrom=fc,rpn\n"
    "[roi_align]\nname=mask.pool\nfrom=detections,c2,c3\nsize=4\n[convolutional]\nname=mask\nfilters=8\nsize=3\npad=1\nactivation=relu\n"
    "[deconvolutional]\nname=mask.up\nfilters=8\nsize=2\nstride=2\n[masks]\nname=masks\nfrom=mask.up,detections\n";

typedef struct trial { const char *name, *cfg; int ways; const char *words[12]; } trial;      /* ways: how many of all_ways */
static const trial trials[] = {
    { "U-Net, sgd", unet, 4, { "solver.optimiser=sgd", "solver.momentum=0.9", "solver.nesterov=1", "solver.clip=1", "solver.ema=0.9",
                            "data.sizes=4x12", "solver.recompute=always" } },
    { "U-Net in parts, adamw", unet, 2, { "solver.optimiser=adamw", "solver.decay=0.1", "solver.decay_norm=0", "solver.subdivisions=3", "solver.clip=0.1",
                                       "solver.ema=0.9", "solver.ema_warmup=0" } },
    { "U-Net, rmsprop", unet, 1, { "solver.optimiser=rmsprop", "solver.momentum=0.5" } },
    { "transformer, adam", transformer, 1, { "solver.optimiser=adam", "solver.decay=0.01", "solver.ema=0.99", "solver.recompute=always" } },
    { "detector, sgd", detects, 4, { "solver.optimiser=sgd", "solver.momentum=0.9", "solver.clip=1", "data.sizes=16x32", "detector.multiple=16" } },
    { "detector in parts, adamw", detects, 1, { "solver.optimiser=adamw", "solver.subdivisions=3" } },
};
enum { DETECTOR = 4 };                                     /* its place among them */

typedef struct batches { float *image[STEPS]; uint8_t *labels[STEPS], classes[BATCH * INSTANCE_IDS]; } batches;

/* Two bright rectangles an image, which move with the step */
static batches batches_of_objects(void)
{
    batches b = { .classes = { 0 } };
    for (int i = 0; i < BATCH; i++) for (int k = 1; k < 3; k++) b.classes[i * INSTANCE_IDS + k] = k == 1 || i > 0;   /* of the first image one is not learnt */
    for (int s = 0; s < STEPS; s++) {
        b.image[s] = xalloc_n(BATCH * MOST, sizeof(float)), b.labels[s] = xalloc(BATCH * MOST);
        for (int i = 0; i < BATCH * MOST; i++) {
            const int n = i / MOST, y = i / SIDE % SIDE, x = i % SIDE;
            b.labels[s][i] = x >= 3 + s && x < 13 + s && y >= 4 && y < 12 + n ? 1 : x >= 16 && x < 25 + n && y >= 15 + s && y < 24 + s ? 2 : 0;
            b.image[s][i] = (float)(0.3 * rig_u(80 + (uint32_t)s, i) + 0.6 * !!b.labels[s][i]);
        }
    }
    return b;
}

static batches batches_new(void)
{
    batches b = { .classes = { 0 } };
    for (int s = 0; s < STEPS; s++) {
        b.image[s] = xalloc_n(BATCH * MOST, sizeof(float)), b.labels[s] = xalloc(BATCH * MOST);
        for (int64_t i = 0; i < BATCH * MOST; i++) {
            b.image[s][i] = (float)rig_u(80 + (uint32_t)s, i);
            b.labels[s][i] = (uint8_t)((b.image[s][i] > 0.2f) + (i / 7 % 5 == 0));
        }
    }
    return b;
}

static void batches_free(batches *b) { for (int s = 0; s < STEPS; s++) free(b->image[s]), free(b->labels[s]); }

typedef struct session { run *r; model *m; const batches *b; int64_t step; } session;

/* The batch of the next step; for step 2 none, for step 4 another than it then gets. */
static void next(void *arg)
{
    session *t = arg;
    const int64_t s = t->step + 1, b = s == 4 ? 0 : s;
    if (s < STEPS && s != 2) replay_send(t->m, s, t->m->sizes > 1 ? size_of[b] : 0, t->b->image[b], t->b->labels[b], t->b->classes);
}

static session begin(const device *d, const trial *k, way how, const batches *b)
{
    const char *words[16];
    int n = 0;
    while (k->words[n]) words[n] = k->words[n], n++;
    words[n++] = "solver.batch=3", words[n++] = how == RECORDED ? "net.graph=1" : "net.graph=0";
    session t = { .r = run_parse(k->cfg, "replay.cfg", words, n), .b = b };
    net *u = run_net(t.r, BATCH / t.r->solver.subdivisions);
    run_check(t.r, u);
    t.m = model_plan(t.r, u, d);
    model_take(t.m, t.r);
    assert_non_null(t.m->replay);
    if (how == BY_HOST) replay_free(t.m);
    else t.m->meanwhile = next;
    return t;
}

typedef struct numbers { double loss[STEPS], norm[STEPS]; real *x; size_t n; } numbers;

/* Weights, moments and average, one after the other */
static void read_state(const model *m, numbers *out)
{
    const params *p = m->p;
    const real *const from[] = { p->x, m->o->ema, m->o->m, m->o->v };
    const size_t count[] = { p->total, p->total, p->trainable, p->trainable };
    out->x = xalloc_n(2 * p->total + 2 * p->trainable, sizeof *out->x), out->n = 0;
    for (int i = 0; i < 4; i++) if (from[i]) p->dev->get(p->dev, out->x + out->n, from[i], count[i] * sizeof(real)), out->n += count[i];
}

/* bad: the step whose input holds a number that is none; -1: none */
static numbers train_so(const device *d, const trial *k, way how, const batches *b, int bad)
{
    session t = begin(d, k, how, b);
    numbers out;
    t.m->meanwhile_arg = &t, t.m->classes = b->classes;
    for (int s = 0; s < STEPS; s++) {
        const int size = t.m->sizes > 1 ? size_of[s] : 0;
        const int64_t before = t.m->o->step;
        t.step = s;
        out.norm[s] = model_step(t.m, s, rates[s], size, b->image[s], b->labels[s], &out.loss[s]);
        if ((s == bad) == (isfinite(out.norm[s]) != 0)) fail_msg("%s: step %d has a norm of %g", k->name, s, out.norm[s]);
        assert_int_equal(t.m->o->step, before + (s != bad));
    }
    read_state(t.m, &out);
    model_free(t.m), run_free(t.r);
    return out;
}

static void all_ways(const device *d, const trial *k, int ways, const batches *b, int bad)
{
    static const char *const late[] = { "others", "first" }, *const names[WAYS] = { "recorded", "kernel by kernel", "by the host" };
    const numbers want = train_so(d, k, BY_HOST, b, bad);
    if (bad < 0 && !(want.loss[STEPS - 1] < want.loss[1])) fail_msg("%s: the loss goes from %g to %g", k->name, want.loss[1], want.loss[STEPS - 1]);
    for (int i = 0; i < ways; i++) {
        setenv("CUDA_EMU_LATE", late[i % 2], 1);
        numbers got = train_so(d, k, (way)(i / 2), b, bad);
        for (int s = 0; s < STEPS; s++)
            if (s != bad && (got.loss[s] != want.loss[s] || got.norm[s] != want.norm[s]))
                fail_msg("%s, %s (%s late): step %d has loss %.9g and norm %.9g, wanted %.9g and %.9g", k->name, names[i / 2], late[i % 2], s,
                         got.loss[s], got.norm[s], want.loss[s], want.norm[s]);
        assert_int_equal(got.n, want.n);
        if (memcmp(got.x, want.x, want.n * sizeof *want.x)) fail_msg("%s, %s: other weights or moments", k->name, names[i / 2]);
        free(got.x);
    }
    unsetenv("CUDA_EMU_LATE");
    free(want.x);
}

void replay_same_bits(const device *d)
{
    batches b = batches_new(), objects = batches_of_objects();
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        all_ways(d, &trials[i], trials[i].ways, trials[i].cfg == detects ? &objects : &b, -1);
    batches_free(&b), batches_free(&objects);
}

void replay_stops(const device *d)
{
    static const struct { int trial, bad; } k[] = { { 0, 0 }, { 1, 3 }, { DETECTOR, 3 } };      /* of step 0: what is recorded then is a first step */
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        const int detector = k[i].trial == DETECTOR, area = detector ? MOST : 8 * 8;
        batches b = detector ? batches_of_objects() : batches_new();
        for (int p = area; p < (detector ? 2 * area : area + 1); p++) b.image[k[i].bad][p] = NAN;     /* the second image, or one pixel of it */
        all_ways(d, &trials[k[i].trial], 1, &b, k[i].bad);
        batches_free(&b);
    }
}

/* The norm is the sum that the host would make of more parts than a block has threads, to the bit. */
void replay_judges(const device *d)
{
    enum { PARTS = 1000 };
    static const real losses[2][2] = { { 1, 2 }, { 1, (real)INFINITY } };
    double part[PARTS], sum = 0;
    for (int i = 0; i < PARTS; i++) part[i] = 1 + rig_u(90, i), sum += part[i];
    const size_t bytes = sizeof(live_numbers) + sizeof part + sizeof losses[0];
    char *p = d->alloc(d, bytes);
    for (int k = 0; k < 2; k++) {
        live_numbers now = { .stop = 7 };
        const context c = { .dev = d, .live = (live_numbers *)p };
        d->put(d, p, &now, sizeof now), d->put(d, p + sizeof now, part, sizeof part);
        d->put(d, p + sizeof now + sizeof part, losses[k], sizeof losses[k]);
        d->code->judge(&c, PARTS, (const double *)(p + sizeof now), 2, 2, (const real *)(p + sizeof now + sizeof part));
        d->get(d, &now, p, sizeof now);
        assert_true(now.norm == sqrt(sum)), assert_true(now.scale == (real)(2 / (sqrt(sum) + 1e-6)));
        assert_int_equal(now.stop, k);
    }
    d->free(d, p);
}

/* Says how the step of a run of configs/ is made */
static void says(const device *d, const char *cfg, const char *const *words, int n, const char *want, int replays)
{
    run *r = run_read(cfg, words, n);
    net *t = run_net(r, 1);
    run_check(r, t);
    model *m = model_plan(r, t, d);
    char *said = replay_says(m);
    if (!strstr(said, want)) fail_msg("%s: %s, wanted %s", cfg, said, want);
    assert_int_equal(replay_bytes(m) > 0, replays);
    free(said), model_free(m), run_free(r);
}

void replay_hindered(const device *d)
{
    static const char *const detector[] = { "data.store=none", "net.height=64", "net.width=64", "net.classes=2", "solver.batch=1" };
    static const char *const critic[] = { "data.store=none", "net.height=64", "net.width=64", "solver.batch=1" };
    says(d, "configs/nets/maskrcnn-small.cfg", detector, 5, "recorded as CUDA graphs", 1);
    says(d, "configs/runs/vqgan-small.cfg", critic, 4, "a critic looks at the step on the host", 0);
}

static char *log_of_training(const device *d, const char *name, const char *words, int steps)
{
    char *dir = path_join(folder, name);
    for (int resume = 0; resume < 1 + (steps > 0); resume++) {
        run *r = run_of(words);
        train_result out;
        const train_options o = { .out = dir, .resume = resume, .dev = d, .watch = { .stop = stop_after, .stepped = count } };
        steps_left = resume ? -1 : steps ? steps : -1;
        assert_int_equal(train(r, &o, &out), steps && !resume ? EXIT_STOPPED : EXIT_OK);
        run_free(r);
    }
    free(dir);
    return log_of(name);
}

/* Whole trainings by the trainer, which sends what its loader has ready: the same log with and without records, and in two sessions */
void replay_trains(const device *d)
{
#define WORDS "net.height=16 net.width=16 solver.batch=2 solver.epochs=2 solver.lr=0.05 solver.momentum=0.9 solver.clip=1 evaluate.worst=0 net.graph="
    assert_int_equal(set_up(NULL), 0);
    char *want = log_of_training(d, "kernels", WORDS "0", 0), *got = log_of_training(d, "records", WORDS "1", 0),
         *resumed = log_of_training(d, "resumed", WORDS "1", 4);
    assert_non_null(strstr(want, "\"step\": 6"));
    assert_string_equal(got, want);
    assert_string_equal(resumed, want);
    free(want), free(got), free(resumed);
    tear_down(NULL);
}
