/* loader.c - see loader.h. Workers take single samples, in order, as tickets; a ring of slots holds the batches being filled. The trap is
 * a worker that dies: its error is kept and raised again in the thread that asks for the batch. */
#include "train/loader.h"
#include "train/sampling.h"
#include "base/die.h"
#include "base/clock.h"
#include <signal.h>
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
    uint8_t *bad; int64_t skipped;           /* (set->n) cases that cannot be read; how many */
    die_trap error;
    double waited;
};

int64_t loader_steps(int64_t n, int64_t batch) { return (n + batch - 1) / batch; }

void loader_scratch_free(loader_scratch *s) { augment_scratch_free(s); }

augmentation loader_sample(const loader_conf *c, int64_t epoch, int64_t i, int64_t turn, loader_scratch *t, float *image, uint8_t *labels)
{
    return augment_sample(c->augment, c->set, c->swap, c->seed, epoch, i, turn, c->channels, t, image, labels);
}

typedef struct worker { loader *l; int64_t *order, *turn, turns, epoch; loader_scratch scratch; } worker;

/* Under the lock: every worker stops, and the caller gets this error, unless there was one before. */
static void fail(loader *l, const die_trap *why)
{
    if (!l->failed) l->error = *why;
    l->failed = l->stop = 1;
    pthread_cond_broadcast(&l->room), pthread_cond_broadcast(&l->ready);
}

/* Once for each case: it is not tried again, so what a failed reading leaves in memory stays small. With none left the loader stops. */
static void leave_out(loader *l, int64_t i, const die_trap *why)
{
    pthread_mutex_lock(&l->lock);
    const int first = !l->bad[i];
    l->bad[i] = 1, l->skipped += first;
    if (l->skipped == l->c.set->n) fail(l, why);
    pthread_mutex_unlock(&l->lock);
    if (first) warn("case %s is skipped (data.bad=skip): %s", samples_case(l->c.set, i)->id, why->text);
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
static int try_sample(worker *w, int64_t epoch, int64_t i, int64_t turn, float *image, uint8_t *labels, die_trap *trap)
{
    loader *l = w->l;
    pthread_mutex_lock(&l->lock);
    const int bad = l->bad[i];
    pthread_mutex_unlock(&l->lock);
    if (bad) return 0;
    if (!l->c.skip) return loader_sample(&l->c, epoch, i, turn, &w->scratch, image, labels), 1;
    if (trapped_sample(w, epoch, i, turn, image, labels, trap)) return 1;
    leave_out(l, w->scratch.reading, trap);
    if (w->scratch.reading == i) return 0;
    w->scratch.alone = 1;
    const int read = trapped_sample(w, epoch, i, turn, image, labels, trap);
    w->scratch.alone = 0;
    if (!read) leave_out(l, i, trap);
    return read;
}

static int stopped(loader *l)
{
    pthread_mutex_lock(&l->lock);
    const int stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

/* 0: the loader was stopped before a sample was found that can be read. */
static int prepare(worker *w, int64_t ticket)
{
    loader *l = w->l;
    const loader_conf *c = &l->c;
    const int64_t n = c->set->n, steps = loader_steps(n, c->batch), b = ticket / c->batch, at = ticket % c->batch;
    const int64_t epoch = b / steps, position = b % steps * c->batch + at, area = c->set->net_h * c->set->net_w;
    if (c->shuffle && epoch != w->epoch) w->turns = 1 + sampling_order(c->seed, w->epoch = epoch, n, c->weight, w->order, w->turn);
    slot *s = &l->ring[b % l->n];
    const int64_t k = position % n, turn = w->turn[k] + position / n * w->turns;
    int64_t i = w->order[k];
    die_trap trap;
    while (!try_sample(w, epoch, i, turn, s->b.image + at * area * c->channels, s->b.labels + at * area, &trap)) {
        if (stopped(l)) return 0;
        i = (i + 1) % n;
    }
    memcpy(s->b.classes + at * INSTANCE_IDS, w->scratch.classes, INSTANCE_IDS);
    s->b.sample[at] = i;
    return 1;
}

/* May this batch be prepared now? There must be a slot for it, and with one_epoch its epoch must have begun. */
static int may_prepare(const loader *l, int64_t b)
{
    const int64_t steps = loader_steps(l->c.set->n, l->c.batch);
    return b < l->oldest + l->n && (!l->c.one_epoch || b / steps <= l->asked / steps);
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
        const int prepared = prepare(w, ticket);
        pthread_mutex_lock(&l->lock);
        slot *s = &l->ring[ticket / l->c.batch % l->n];
        if (prepared && ++s->done == l->c.batch) pthread_cond_signal(&l->ready);
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
        fail(l, &t);
        pthread_mutex_unlock(&l->lock);
    }
    loader_scratch_free(&w->scratch);
    free(w->order), free(w->turn), free(w);
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
        const size_t n = (size_t)l->c.set->n;
        *w = (worker){ .l = l, .order = xalloc_n(n, sizeof *w->order), .turn = xalloc_n(n, sizeof *w->turn), .turns = 1, .epoch = -1 };
        for (int64_t k = 0; k < l->c.set->n; k++) w->order[k] = k;
        if (pthread_create(&l->thread[l->threads], NULL, worker_main, w)) die_machine("cannot start a loader thread");
        l->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

loader *loader_new(const loader_conf *c)
{
    loader *l = xalloc(sizeof *l);
    const size_t area = (size_t)(c->set->net_h * c->set->net_w), batch = (size_t)c->batch;
    l->c = *c, l->n = c->ahead + 1;                                     /* one more: the batch the caller holds */
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
