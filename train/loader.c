/* loader.c - see loader.h. Workers take single samples, in order, as tickets; a ring of slots holds the batches being filled. The trap is
 * a worker that dies: its error is kept and raised again in the thread that asks for the batch. */
#include "train/loader.h"
#include "train/sampling.h"
#include "base/die.h"
#include "base/clock.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot { batch b; int64_t done; } slot;

struct loader {
    loader_conf c;
    int64_t ticket;                          /* the next sample of the run for a worker to take */
    int64_t next, oldest;                    /* the next batch to give to the caller; the first whose slot is in use */
    int64_t asked;                           /* the last batch that loader_next was called for */
    slot *ring; int n;
    pthread_t *thread; int threads;
    pthread_mutex_t lock;
    pthread_cond_t room, ready;
    int stop, failed;
    uint8_t *bad; int64_t skipped, steps;    /* (set->n) cases that cannot be read; how many; batches of an epoch */
    char why[sizeof ((die_trap *)0)->text];  /* the last of them could not be read */
    die_trap error;
    double waited;
};

void loader_scratch_free(loader_scratch *s) { augment_scratch_free(s); }

augmentation loader_sample(const loader_conf *c, int64_t epoch, int64_t i, int64_t turn, loader_scratch *t, float *image, uint8_t *labels)
{
    return augment_sample(c->augment, c->set, c->swap, c->seed, epoch, i, turn, c->channels, t, image, labels);
}

/* sample, turn: of the epoch, as sampling_deal leaves them */
typedef struct worker { loader *l; int64_t *sample, *turn, epoch; loader_scratch scratch; } worker;

/* Once for each case: it is not tried again, so what a failed reading leaves in memory stays small. */
static void leave_out(loader *l, int64_t i, const char *why)
{
    pthread_mutex_lock(&l->lock);
    const int first = !l->bad[i];
    l->bad[i] = 1, l->skipped += first;
    snprintf(l->why, sizeof l->why, "%s", why);
    pthread_mutex_unlock(&l->lock);
    if (first) warn("case %s is skipped (data.bad=skip): %s", samples_case(l->c.set, i)->id, why);
}

/* Returns 1, or 0 and what the reading died of in *trap; t->reading then says which case. */
static int trapped_sample(worker *w, int64_t epoch, int64_t i, int64_t turn, float *image, uint8_t *labels, die_trap *trap)
{
    die_trap_push(trap);
    if (!setjmp(trap->jump)) {
        loader_sample(&w->l->c, epoch, i, turn, &w->scratch, image, labels);
        die_trap_pop(trap);
        return 1;
    }
    if (trap->status != EXIT_INPUT) die_again(trap);
    return 0;
}

/* 0: with `skip`, the sample cannot be read. A mosaic is made of several: where another one of them is at fault, the sample stands alone. */
static int try_sample(worker *w, int64_t epoch, int64_t i, int64_t turn, float *image, uint8_t *labels)
{
    loader *l = w->l;
    die_trap trap;
    pthread_mutex_lock(&l->lock);
    const int bad = l->bad[i];
    pthread_mutex_unlock(&l->lock);
    if (bad) return 0;
    if (!l->c.skip) return loader_sample(&l->c, epoch, i, turn, &w->scratch, image, labels), 1;
    if (trapped_sample(w, epoch, i, turn, image, labels, &trap)) return 1;
    leave_out(l, w->scratch.reading, trap.text);
    if (w->scratch.reading == i) return 0;
    w->scratch.alone = 1;
    const int read = trapped_sample(w, epoch, i, turn, image, labels, &trap);
    w->scratch.alone = 0;
    if (!read) leave_out(l, i, trap.text);
    return read;
}

/* The case that stands in for i, which cannot be read: the next of its input size. Dies where all from `first` on have been tried. */
static int64_t next_of_size(loader *l, int64_t i, int64_t first)
{
    const samples *set = l->c.set;
    do i = (i + 1) % set->n; while (set->size[i] != set->size[first]);
    if (i != first) return i;
    pthread_mutex_lock(&l->lock);
    char *why = xdup(l->why);
    pthread_mutex_unlock(&l->lock);
    die("%s", why);
}

static void prepare(worker *w, int64_t ticket)
{
    loader *l = w->l;
    const loader_conf *c = &l->c;
    const int64_t b = ticket / c->batch, at = ticket % c->batch, epoch = b / l->steps, position = b % l->steps * c->batch + at;
    if (epoch != w->epoch) sampling_deal(c->set, c->seed, w->epoch = epoch, c->batch, c->shuffle, c->weight, w->sample, w->turn);
    const int64_t first = w->sample[position], turn = w->turn[position];
    const int64_t area = c->set->sizes.h[c->set->size[first]] * c->set->sizes.w[c->set->size[first]];
    slot *s = &l->ring[b % l->n];
    int64_t i = first;
    while (!try_sample(w, epoch, i, turn, s->b.image + at * area * c->channels, s->b.labels + at * area)) i = next_of_size(l, i, first);
    memcpy(s->b.classes + at * INSTANCE_IDS, w->scratch.classes, INSTANCE_IDS);
    s->b.sample[at] = i;
}

/* May this batch be prepared now? There must be a slot for it, and with one_epoch its epoch must have begun. */
static int may_prepare(const loader *l, int64_t b)
{
    return b < l->oldest + l->n && (!l->c.one_epoch || b / l->steps <= l->asked / l->steps);
}

static void work(worker *w)
{
    loader *l = w->l;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        int64_t ticket = l->ticket;
        if (!may_prepare(l, ticket / l->c.batch)) { pthread_cond_wait(&l->room, &l->lock); continue; }
        l->ticket++;
        pthread_mutex_unlock(&l->lock);
        prepare(w, ticket);
        pthread_mutex_lock(&l->lock);
        slot *s = &l->ring[ticket / l->c.batch % l->n];
        if (++s->done == l->c.batch) pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    loader *l = w->l;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        work(w);
        die_trap_pop(&t);
    } else {
        pthread_mutex_lock(&l->lock);
        if (!l->failed) l->error = t;
        l->failed = l->stop = 1;
        pthread_cond_broadcast(&l->room), pthread_cond_broadcast(&l->ready);
        pthread_mutex_unlock(&l->lock);
    }
    loader_scratch_free(&w->scratch);
    free(w->sample), free(w->turn), free(w);
    return NULL;
}

/* Signals are the main thread's: workers start with all of them blocked. */
static void start(loader *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < l->c.workers; i++) {
        worker *w = xalloc(sizeof *w);
        const size_t n = (size_t)(l->steps * l->c.batch);
        *w = (worker){ .l = l, .sample = xalloc_n(n, sizeof *w->sample), .turn = xalloc_n(n, sizeof *w->turn), .epoch = -1 };
        if (pthread_create(&l->thread[l->threads], NULL, worker_main, w)) die_machine("cannot start a loader thread");
        l->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

loader *loader_new(const loader_conf *c)
{
    loader *l = xalloc(sizeof *l);
    const size_t area = (size_t)fit_sizes_area(&c->set->sizes), batch = (size_t)c->batch;
    l->c = *c, l->steps = sampling_steps(c->set, c->batch), l->n = c->ahead + 1;            /* one more: the batch the caller holds */
    l->ring = xalloc_n((size_t)l->n, sizeof *l->ring);
    for (int i = 0; i < l->n; i++) {
        l->ring[i].b.image = xalloc_n(batch * area * (size_t)c->channels, sizeof(float));
        l->ring[i].b.labels = xalloc_n(batch, area), l->ring[i].b.classes = xalloc_n(batch, INSTANCE_IDS);
        l->ring[i].b.sample = xalloc_n(batch, sizeof(int64_t));
    }
    l->bad = xalloc((size_t)c->set->n);
    l->next = l->oldest = c->first, l->asked = c->one_epoch ? c->first - 1 : c->first, l->ticket = c->first * c->batch;
    l->thread = xalloc_n((size_t)c->workers, sizeof *l->thread);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->room, NULL), pthread_cond_init(&l->ready, NULL);
    start(l);
    return l;
}

void loader_free(loader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stop = 1;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->threads; i++) pthread_join(l->thread[i], NULL);
    for (int i = 0; i < l->n; i++) {
        const batch *b = &l->ring[i].b;
        free(b->image), free(b->labels), free(b->classes), free(b->sample);
    }
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->room), pthread_cond_destroy(&l->ready);
    free(l->ring), free(l->thread), free(l->bad), free(l);
}

const batch *loader_next(loader *l)
{
    double before = clock_now();
    pthread_mutex_lock(&l->lock);
    if (l->next > l->oldest) {                                          /* the batch given last goes back to the workers */
        l->ring[l->oldest % l->n].done = 0;
        l->oldest = l->next;
    }
    l->asked = l->next;
    pthread_cond_broadcast(&l->room);
    slot *s = &l->ring[l->next % l->n];
    while (s->done < l->c.batch && !l->failed) pthread_cond_wait(&l->ready, &l->lock);
    int whole = s->done == l->c.batch;
    s->b.index = l->next++;
    pthread_mutex_unlock(&l->lock);
    l->waited += clock_now() - before;
    if (!whole) die_again(&l->error);
    s->b.size = l->c.set->size[s->b.sample[0]];
    return &s->b;
}

const batch *loader_peek(loader *l)
{
    pthread_mutex_lock(&l->lock);
    slot *s = &l->ring[l->next % l->n];
    const int whole = s->done == l->c.batch;
    pthread_mutex_unlock(&l->lock);
    if (!whole) return NULL;
    s->b.index = l->next, s->b.size = l->c.set->size[s->b.sample[0]];
    return &s->b;
}

double loader_waited(const loader *l) { return l->waited; }

int64_t loader_skipped(loader *l)
{
    pthread_mutex_lock(&l->lock);
    const int64_t n = l->skipped;
    pthread_mutex_unlock(&l->lock);
    return n;
}
