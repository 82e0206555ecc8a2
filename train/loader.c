/* loader.c - see loader.h. Workers take single samples, in order, as tickets; a ring of slots holds the batches being filled. The trap is
 * a worker that dies: its error is kept and raised again in the thread that asks for the batch. */
#include "train/loader.h"
#include "base/die.h"
#include "base/rng.h"
#include "base/clock.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot { batch b; int64_t done; } slot;

struct loader {
    loader_conf c;
    int64_t ticket;                          /* the next sample of the run for a worker to take */
    int64_t next, oldest;                    /* the next batch to give to the caller; the first whose slot is in use */
    slot *ring; int n;
    pthread_t *thread; int threads;
    pthread_mutex_t lock;
    pthread_cond_t room, ready;
    int stop, failed;
    die_trap error;
    double waited;
};

int64_t loader_steps(int64_t n, int64_t batch) { return (n + batch - 1) / batch; }

void loader_order(uint64_t seed, int64_t epoch, int64_t n, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        rng4 r = rng_draw(seed, RNG_SHUFFLE, (uint32_t)epoch, 0, (uint64_t)i);
        int64_t j = rng_below(r.v[0], (uint32_t)i + 1), t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

void loader_scratch_free(loader_scratch *s) { augment_scratch_free(s); }

augmentation loader_sample(const loader_conf *c, int64_t epoch, int64_t i, int64_t turn, loader_scratch *t, float *image, uint8_t *labels)
{
    return augment_sample(c->augment, c->set, c->swap, c->seed, epoch, i, turn, c->channels, t, image, labels);
}

typedef struct worker { loader *l; int64_t *order, epoch; loader_scratch scratch; } worker;

static void prepare(worker *w, int64_t ticket)
{
    loader *l = w->l;
    const loader_conf *c = &l->c;
    const int64_t n = c->set->n, steps = loader_steps(n, c->batch), b = ticket / c->batch, at = ticket % c->batch;
    const int64_t epoch = b / steps, position = b % steps * c->batch + at, area = c->set->net_h * c->set->net_w;
    if (c->shuffle && epoch != w->epoch) loader_order(c->seed, w->epoch = epoch, n, w->order);
    slot *s = &l->ring[b % l->n];
    int64_t i = w->order[position % n];
    s->b.sample[at] = i;
    loader_sample(c, epoch, i, position / n, &w->scratch, s->b.image + at * area * c->channels, s->b.labels + at * area);
}

static void work(worker *w)
{
    loader *l = w->l;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        int64_t ticket = l->ticket;
        if (ticket / l->c.batch >= l->oldest + l->n) { pthread_cond_wait(&l->room, &l->lock); continue; }
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
    free(w->order), free(w);
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
        *w = (worker){ .l = l, .order = xalloc_n((size_t)l->c.set->n, sizeof *w->order), .epoch = -1 };
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
        l->ring[i].b.labels = xalloc_n(batch, area);
        l->ring[i].b.sample = xalloc_n(batch, sizeof(int64_t));
    }
    l->next = l->oldest = c->first, l->ticket = c->first * c->batch;
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
    for (int i = 0; i < l->n; i++) free(l->ring[i].b.image), free(l->ring[i].b.labels), free(l->ring[i].b.sample);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->room), pthread_cond_destroy(&l->ready);
    free(l->ring), free(l->thread), free(l);
}

const batch *loader_next(loader *l)
{
    double before = clock_now();
    pthread_mutex_lock(&l->lock);
    if (l->next > l->oldest) {                                          /* the batch given last goes back to the workers */
        l->ring[l->oldest % l->n].done = 0;
        l->oldest = l->next;
        pthread_cond_broadcast(&l->room);
    }
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
