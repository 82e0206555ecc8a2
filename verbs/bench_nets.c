/* bench_nets.c - whole networks and the loader; see bench_nets.h. */
#include "verbs/bench_nets.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/rng.h"
#include "datasets/stack.h"
#include "eval/instances.h"
#include "train/loader.h"
#include "train/model.h"
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static run *alone(const char *path, const char *const *words, int n)
{
    static const char *const first[] = { "data.store=none", "solver.optimiser=sgd", "solver.momentum=0.9" };
    enum { FIRST = sizeof first / sizeof *first };
    const char **word = xalloc_n((size_t)n + FIRST, sizeof *word);
    memcpy(word, first, sizeof first);
    memcpy(word + FIRST, words, (size_t)n * sizeof *words);
    run *r = run_read(path, word, FIRST + n);
    free(word);
    return r;
}

static void fill(real *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = (real)rng_u01(rng_draw(1, RNG_TEST, 0, 0, (uint64_t)i).v[0]);
}

static void finish(bench *b, const net *t, const char *path, const char *what, double seconds, int passes, int reset)
{
    const net_conf *c = &t->conf;
    char *stem = path_stem(path), *name = xprintf("%s %s", stem, what);
    const double flops = c->precision == 1 && b->flops_bf16 > 0 ? b->flops_bf16 : b->flops;
    bench_row *r = bench_add(b, name, seconds, (double)c->batch, "images/s", flops * 1e9 / (2.0 * passes * (double)net_macs(t)));
    if (reset) r->peak_rss = machine_peak_rss();
    snprintf(r->note, sizeof r->note, "batch %" PRId64 ", %" PRId64 " x %" PRId64, c->batch, c->height, c->width);
    free(stem), free(name);
}

typedef struct { net_program *program; real *in, *out; fit whole; } inference;      /* whole: a film of the input's size, of a detector */

/* Of a detector as far as the masks on the film */
static void infer(void *arg)
{
    const inference *i = arg;
    const net *t = i->program->t;
    if (!t->detector) { net_program_run(i->program, i->in, i->out); return; }
    net_program_detect(i->program, i->in, (const int32_t[]){ (int32_t)t->conf.height, (int32_t)t->conf.width });
    instances found = instances_of(i->program, &i->whole);
    free(found.number);
}

/* A detector that has learnt nothing finds nothing, and its mask head would be idle: it is biased towards the first class. Its fixed
 * norms are the identity, so that what residual units add must be small for numbers to stay small. */
static void find_something(const net *t, const params *p)
{
    for (int i = 0; i < p->n && t->detector; i++) {
        const param *q = &p->p[i];
        if (params_fits("*.classes.bias", q->name)) p->x[q->at + (size_t)detector_column(&t->detector->conf, 1)] = 4;
        for (size_t j = 0; params_fits("*.conv3.weight", q->name) && j < q->count; j++) p->x[q->at + j] *= (real)0.25;
    }
}

void bench_inference(bench *b, const char *path, const char *const *words, int n, const device *dev, int steps)
{
    int reset = machine_peak_reset();
    run *r = alone(path, words, n);
    net *t = run_net(r, 0);
    params *p = params_new(t->g, dev, 0);
    params_init(p, 1);
    if (dev == &device_cpu) find_something(t, p);
    char *text = net_text(t);
    inference i = { net_program_new(text, path, NULL, 0, p, dev), xalloc(t->input->x.size),
                    t->detector ? NULL : xalloc_n((size_t)tensor_pixels(t->input) * (size_t)t->conf.classes, sizeof(real)),
                    fit_make(&r->data.fit, t->conf.height, t->conf.width, t->conf.height, t->conf.width) };
    fill(i.in, shape_volume(&t->input->s));
    finish(b, t, path, "inference", bench_time(infer, &i, b->repeats), 1, reset);
    if (steps) bench_steps(b, "inference", &i.program->plan, &i.program->c);
    net_program_free(i.program), params_free(p), net_free(t), run_free(r);
    free(text), free(i.in), free(i.out);
}

typedef struct { model *m; float *image; uint8_t *labels, *classes; int64_t step; } training;

static void train_step(void *arg)
{
    training *t = arg;
    double loss;
    model_step(t->m, t->step++, 1e-4, 0, t->image, t->labels, &loss);
}

/* Twenty objects a film of a detector, or as many as it has room for, one above the other in the middle as bodies of a spine are. */
static void as_instances(const net *t, training *s)
{
    const int64_t objects = t->detector->conf.instances < 20 ? t->detector->conf.instances : 20;
    s->m->classes = s->classes = xalloc_n((size_t)t->conf.batch, INSTANCE_IDS);
    memset(s->classes, 1, (size_t)t->conf.batch * INSTANCE_IDS);
    for (int64_t i = 0; i < tensor_pixels(t->input); i++) {
        const int64_t x = i % t->conf.width, y = i / t->conf.width % t->conf.height;
        s->labels[i] = (uint8_t)(llabs(16 * x - 8 * t->conf.width) < t->conf.width ? 1 + y * objects / t->conf.height : 0);
    }
}

void bench_training(bench *b, const char *path, const char *const *words, int n, const device *dev, int steps)
{
    int reset = machine_peak_reset();
    run *r = alone(path, words, n);
    net *t = run_net(r, 0);
    run_check(r, t);
    training s = { .m = model_plan(r, t, dev) };
    model_take(s.m, r);
    t = s.m->t;
    const int64_t pixels = tensor_pixels(t->input), classes = t->conf.classes == 1 ? 2 : t->conf.classes;
    s.image = xalloc_n((size_t)(pixels * t->conf.channels), sizeof *s.image), s.labels = xalloc((size_t)pixels);
    for (int64_t i = 0; i < pixels * t->conf.channels; i++) s.image[i] = (float)rng_u01(rng_draw(1, RNG_TEST, 0, 0, (uint64_t)i).v[0]);
    if (t->detector) as_instances(t, &s);
    else for (int64_t i = 0; i < pixels; i++) s.labels[i] = (uint8_t)rng_below(rng_draw(2, RNG_TEST, 0, 0, (uint64_t)i).v[0], (uint32_t)classes);
    finish(b, t, path, "training step", bench_time(train_step, &s, b->repeats), 3, reset);
    if (steps) bench_steps(b, "training", &s.m->of[0].plan, &s.m->c);
    free(s.image), free(s.labels), free(s.classes);
    model_free(s.m), run_free(r);
}

/* ---- the loader ------------------------------------------------------------------------------------------------------------------- */

enum { FILMS = 64, HEIGHT = 1024, WIDTH = 512, BATCH = 8, MOST_THREADS = 2 };

typedef struct { const store *s; run_data *data; int threads; const augment_conf *augment; samples *set; } feeding;

/* What a run has without a word about it, and everything there is, on every sample. */
static const struct { const char *name, *words; } variations[] = {
    { "as they are", NULL },
    { "usual augmentation", "" },
    { "all augmentation", "flip=1 crop=1 elastic=1 mosaic=1 clahe=1 low_contrast=1 invert=1 blur=1 cutout=1" } };

/* On pages of the cache: the file has just been written. */
static store *make_store(const char *path)
{
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra");
    store *s = store_create(path, &table);
    for (uint32_t i = 0; i < FILMS; i++) {
        stack_film f = stack_make(1, i, HEIGHT, WIDTH);
        char id[16];
        snprintf(id, sizeof id, "film%03u", i);
        store_case row = { .id = id, .patient = id, .split = SPLIT_TRAIN, .h = HEIGHT, .w = WIDTH, .bits = 8 };
        store_add(s, &row, f.film.p, f.mask, NULL, NULL);
        stack_free(&f);
    }
    store_commit(s);
    classes_free(&table);
    return store_open(path);
}

static void read_all(void *arg)
{
    const feeding *f = arg;
    #pragma omp parallel num_threads(f->threads)
    {
        uint8_t *film = xalloc(HEIGHT * WIDTH), *mask = xalloc(HEIGHT * WIDTH);
        #pragma omp for schedule(dynamic)
        for (int64_t i = 0; i < FILMS; i++) store_read_image(f->s, i, film), store_read_mask(f->s, i, mask);
        free(film), free(mask);
    }
}

static void feed_all(void *arg)
{
    const feeding *f = arg;
    samples *set = samples_new(f->s, f->data, "train", 2, -1, HEIGHT / 2, WIDTH / 2, 0, 0);
    loader_conf c = { .set = set, .augment = NULL, .seed = 1, .batch = BATCH, .channels = 1, .shuffle = 1, .workers = f->threads,
        .ahead = 2 };
    loader *l = loader_new(&c);
    for (int64_t i = 0; i < FILMS / BATCH; i++) loader_next(l);
    loader_free(l), samples_free(set);
}

/* Every film once from memory, through the augmentation. */
static void vary_all(void *arg)
{
    const feeding *f = arg;
    loader_conf c = { .set = f->set, .augment = f->augment, .seed = 1, .batch = BATCH, .channels = 1, .shuffle = 1,
        .workers = f->threads, .ahead = 2 };
    for (int i = 0; i < 256; i++) c.swap[i] = (uint8_t)i;
    loader *l = loader_new(&c);
    for (int64_t i = 0; i < FILMS / BATCH; i++) loader_next(l);
    loader_free(l);
}

static void bench_variation(bench *b, feeding *f, const char *what, const char *words)
{
    char name[112];
    augment_conf conf;
    if (words) key_words(augment_keys, &conf, words, "bench");
    f->augment = words ? &conf : NULL;
    f->set = samples_new(f->s, f->data, "train", 2, -1, HEIGHT / 2, WIDTH / 2, (size_t)1 << 30, 0);
    vary_all(f);                                                             /* into memory */
    snprintf(name, sizeof name, "samples 512x256 from memory, %s, %d thread%s", what, f->threads, f->threads > 1 ? "s" : "");
    bench_add(b, name, bench_time(vary_all, f, b->repeats), FILMS, "films/s", 0);
    samples_free(f->set);
}

void bench_loader(bench *b)
{
    const char *base = getenv("TMPDIR");
    char *folder = xprintf("%s/darkspine-bench-XXXXXX", base ? base : "/tmp"), name[112];
    if (!mkdtemp(folder)) die("%s: cannot make a temporary folder", folder);
    char *path = path_join(folder, "films.h5");
    store *s = make_store(path);
    run_data data;
    memset(&data, 0, sizeof data);
    key_defaults(run_sections[0].keys, &data);
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        feeding f = { s, &data, threads, NULL, NULL };
        snprintf(name, sizeof name, "store read 1024x512 film + mask, %d thread%s", threads, threads > 1 ? "s" : "");
        bench_add(b, name, bench_time(read_all, &f, b->repeats), FILMS, "films/s", 0);
        snprintf(name, sizeof name, "loader 1024x512 -> 512x256 film + mask, %d thread%s", threads, threads > 1 ? "s" : "");
        bench_add(b, name, bench_time(feed_all, &f, b->repeats), FILMS, "films/s", 0);
        for (size_t k = 0; k < sizeof variations / sizeof *variations; k++) bench_variation(b, &f, variations[k].name, variations[k].words);
    }
    store_close(s);
    unlink(path), rmdir(folder);
    free(path), free(folder);
}
