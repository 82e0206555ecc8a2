/* predict.c - the pipeline from films to files; see predict.h. The trap is an error in the second thread: it must not end the program while
 * the first one computes, so it is caught there and raised again where the two meet. */
#include "eval/predict.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/predictions.h"
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pipeline ------------------------------------------------------------------------------------------------------------------- */

typedef struct { int64_t i; image film; uint8_t *labels; float *probabilities; instances found; } slot;      /* i < 0: empty */

typedef struct {
    const predict_job *job;
    predictions *h5;
    double *seconds;
    slot *write, *read;                      /* what the second thread is to do; NULL: nothing */
    die_trap trap;
    int failed;
} errand;

static void read_film(const predict_job *job, slot *s, double *seconds)
{
    double start = clock_now();
    const film *e = &job->f->e[s->i];
    if (e->s) {
        const store_case *c = store_at(e->s, e->at);
        s->film = image_new(c->h, c->w, c->bits);
        store_read_image(e->s, e->at, s->film.p);
    } else s->film = film_read(e->source);
    size_t pixels = (size_t)(s->film.h * s->film.w);
    s->labels = xalloc(pixels);
    if (job->probabilities) s->probabilities = xalloc_n(pixels, (size_t)predictor_channels(job->p) * sizeof(float));
    seconds[s->i] += clock_now() - start;
}

static char *product(const predict_job *job, const char *kind, const char *stem) { return xprintf("%s/%s/%s.png", job->folder, kind, stem); }

static void write_overlay(const predict_job *job, const slot *s)
{
    const int64_t h = s->film.h, w = s->film.w, side = h < w ? h : w;
    uint8_t *rgb = xalloc_n((size_t)(h * w), 3);
    char *path = product(job, "overlay", job->f->e[s->i].stem);
    overlay_grey(&s->film, rgb);
    overlay_labels(rgb, s->labels, h, w, job->overlay, side < 768 ? 1 : (int)(side / 384));
    image_write_rgb(path, rgb, h, w);
    free(path), free(rgb);
}

/* What a network found, in the form that all kinds share: a detector's map of numbers becomes masks. */
static void hand_on(const predict_job *job, const slot *s)
{
    const int detector = s->found.number != NULL, all = detector ? s->found.n : 0, n = detector ? instances_sure(&s->found) : 0;
    instance *o = instances_masks(&s->found, all ? s->film.h : 0, s->film.w);
    double *score = xalloc_n((size_t)all + 1, sizeof *score);
    for (int k = 0; k < n; k++) score[k] = (double)s->found.score[k];
    job->each(job->arg, s->i, &s->film, &(segmentation){ .labels = s->labels, .ninstances = n, .instances = o,
                                                     .score = detector ? score : NULL });
    for (int k = 0; k < all; k++) free(o[k].runs);
    free(o), free(score);
}

static void write_film(const predict_job *job, predictions *h5, slot *s, double *seconds)
{
    double start = clock_now();
    const film *e = &job->f->e[s->i];
    char *path = product(job, "masks", e->stem);
    image_write(path, &(image){ s->film.h, s->film.w, 8, s->labels });
    if (job->overlay > 0) write_overlay(job, s);
    predictions_add(h5, e->stem, e->source, s->film.h, s->film.w, s->labels, s->probabilities);
    const store_case *c = e->s ? store_at(e->s, e->at) : NULL;
    predictions_add_film(h5, e->stem, &s->film, c && store_spacing_known(c) ? c->spacing : (double[2]){ 0, 0 }, c ? c->spacing_source : "");
    if (s->found.number) predictions_add_instances(h5, e->stem, s->film.h, s->film.w, &s->found);
    if (job->each) hand_on(job, s);
    free(path), free(s->labels), free(s->found.number), free(s->probabilities);
    image_free(&s->film);
    seconds[s->i] += clock_now() - start;
    *s = (slot){ .i = -1 };
}

static void *run_errand(void *arg)
{
    errand *e = arg;
    omp_set_num_threads(1);                  /* the cores are the network's: a second team would make both wait for each other */
    die_trap_push(&e->trap);
    if (!setjmp(e->trap.jump)) {
        if (e->write) write_film(e->job, e->h5, e->write, e->seconds);
        if (e->read) read_film(e->job, e->read, e->seconds);
        die_trap_pop(&e->trap);
    } else e->failed = 1;
    return NULL;
}

/* Computes s while the second thread runs the errand. */
static void compute(const predict_job *job, slot *s, errand *e)
{
    pthread_t second;
    if (pthread_create(&second, NULL, run_errand, e)) die_machine("cannot start a thread");
    double start = clock_now();
    if (predictor_detects(job->p)) s->found = predictor_detect(job->p, &s->film, s->labels);
    else predictor_run(job->p, &s->film, s->labels, s->probabilities);
    e->seconds[s->i] += clock_now() - start;
    pthread_join(second, NULL);
    if (e->failed) die_again(&e->trap);
}

static predictions *create(const predict_job *job)
{
    static const char *const kinds[] = { "masks", "overlay" };
    for (int i = 0; i < (job->overlay > 0 ? 2 : 1); i++) {
        char *folder = path_join(job->folder, kinds[i]);
        file_make_folders(folder);
        free(folder);
    }
    const meaning *m = predictor_meaning(job->p);
    int first = m->n - predictor_channels(job->p);                       /* 1 where the one channel is the foreground */
    char *path = path_join(job->folder, "predictions.h5");
    predictions *h5 = predictions_create(path, job->weights, m->labels ? m->labels : "all", predictor_channels(job->p), m->value + first, m->name + first);
    predictions_settings_add(h5, job->settings);
    free(path);
    return h5;
}

void predict_all(const predict_job *job, double *seconds)
{
    const int64_t n = job->f->n;
    slot ring[3] = { { .i = -1 }, { .i = -1 }, { .i = -1 } };
    memset(seconds, 0, (size_t)n * sizeof *seconds);
    predictions *h5 = create(job);
    ring[0].i = 0;
    read_film(job, &ring[0], seconds);
    for (int64_t i = 0; i < n; i++) {
        slot *before = &ring[(i + 2) % 3], *after = &ring[(i + 1) % 3];
        errand e = { .job = job, .h5 = h5, .seconds = seconds };
        if (i) e.write = before;
        if (i + 1 < n) e.read = after, after->i = i + 1;
        compute(job, &ring[i % 3], &e);
        if (job->done) job->done(job->arg, i + 1);
    }
    write_film(job, h5, &ring[(n - 1) % 3], seconds);
    predictions_commit(h5);
}
