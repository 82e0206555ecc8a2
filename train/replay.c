/* replay.c - see replay.h. The queue of copies fills `staging`; the queue of kernels takes the batch from there, part by part, to where the net
 * reads it. Traps: pinned memory is read when the copy's turn comes, so it may be written again only when that is over; a record holds
 * addresses, so whatever it reads must stay where it is. */
#include "train/replay.h"
#include "base/die.h"
#include "base/words.h"
#include "nn/backend.h"
#include "nn/detector_input.h"
#include "train/instances.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct record { void *steps; int ran; } record;

struct replay {
    live_numbers *live; real *losses;            /* on the device, one block: the numbers of the step, (parts) losses */
    live_numbers *next; char *told;              /* pinned: (parts) numbers on their way there; that block on its way back */
    char *staging;                               /* on the device: a batch, the images of all parts, then their labels */
    struct { char *host; void *sent; } lane[2];  /* pinned, as staging; marked when the copy is over */
    int turn;                                    /* the lane used last */
    void *taken, *judged;                        /* events: staging may be filled again; loss and norm are known */
    int64_t ahead; const float *image;           /* what staging holds or is about to: the step, and the batch by its images; -1: nothing */
    record part[FIT_SIZES][2][2], update;        /* part: by size; is it not the first; is it the last */
};

/* What keeps the model's step from being recorded, in words; NULL: nothing */
static const char *hindrance(const model *m)
{
    if (m->a) return "a critic";
    for (int k = 0; k < m->sizes; k++)
        for (int i = 0; i < m->of[k].plan.n; i++) {
            const step *s = &m->of[k].plan.s[i];
            if (s->n && s->n->op->host) return s->n->op->name;
        }
    return NULL;
}

char *replay_says(const model *m)
{
    const char *why = hindrance(m);
    if (!m->c.dev->queues) return NULL;
    if (why) return xprintf("kernel by kernel, each batch when it is wanted: %s looks at the step on the host", why);
    return xdup(m->t->conf.graph ? "recorded as CUDA graphs the second time, the next batch copied beside it"
                                 : "kernel by kernel (net.graph=0), the next batch copied beside it");
}

static size_t image_bytes(const model *m, int size) { return (size_t)m->parts * m->of[size].t->input->x.size; }
/* What a part learns from: the label map, or a detector's instances */
static size_t truth_bytes(const model_size *z) { return z->truth ? z->truth->x.size : instances_bytes(z->t); }
static void *truth_at(const model_size *z) { return z->truth ? z->truth->x.p : instances_block(z->t); }
static size_t label_bytes(const model *m, int size) { return (size_t)m->parts * truth_bytes(&m->of[size]); }
static size_t told_bytes(const model *m) { return sizeof(live_numbers) + (size_t)m->parts * sizeof(real); }

static size_t staging_bytes(const model *m)
{
    size_t most = 0;
    for (int k = 0; k < m->sizes; k++) {
        const size_t bytes = image_bytes(m, k) + label_bytes(m, k);
        if (bytes > most) most = bytes;
    }
    return most;
}

static int does_without(const model *m) { return !m->c.dev->queues || hindrance(m); }

size_t replay_bytes(const model *m) { return does_without(m) ? 0 : staging_bytes(m) + told_bytes(m); }

size_t replay_pinned(const model *m) { return does_without(m) ? 0 : 2 * staging_bytes(m) + told_bytes(m); }

static void *pinned(const device *d, size_t bytes)
{
    void *p = d->queues->pin(d, bytes);
    if (!p) die_machine("out of memory: %s of pinned memory for %s are refused", BYTES(bytes), d->name);
    return p;
}

void replay_take(model *m)
{
    const device *d = m->c.dev;
    if (does_without(m)) return;
    replay *r = m->replay = xalloc(sizeof *r);
    r->live = device_alloc(d, told_bytes(m), "changing numbers"), r->losses = (real *)(r->live + 1);
    r->staging = device_alloc(d, staging_bytes(m), "the next batch");
    r->next = pinned(d, (size_t)m->parts * sizeof *r->next), r->told = pinned(d, told_bytes(m));
    for (int i = 0; i < 2; i++) r->lane[i].host = pinned(d, staging_bytes(m)), r->lane[i].sent = d->queues->event(d);
    r->taken = d->queues->event(d), r->judged = d->queues->event(d), r->ahead = -1;
}

void replay_free(model *m)
{
    replay *r = m->replay;
    const device *d = m->c.dev;
    if (!r) return;
    const device_queues *q = d->queues;
    const record *parts = &r->part[0][0][0];
    d->sync(d);
    for (int i = 0; i < FIT_SIZES * 4; i++) if (parts[i].steps) q->drop_record(d, parts[i].steps);
    if (r->update.steps) q->drop_record(d, r->update.steps);
    for (int i = 0; i < 2; i++) q->unpin(d, r->lane[i].host), q->drop_event(d, r->lane[i].sent);
    q->drop_event(d, r->taken), q->drop_event(d, r->judged);
    q->unpin(d, r->next), q->unpin(d, r->told);
    d->free(d, r->live), d->free(d, r->staging);
    free(r), m->replay = NULL;
}

/* As the device wants it: the images of all parts, then what each learns from */
static void stage(const model *m, const model_size *z, const float *image, const uint8_t *labels, const uint8_t *classes, char *host)
{
    const int64_t n = m->parts * shape_volume(&z->t->input->s), area = tensor_pixels(z->t->input);
    const size_t images = (size_t)n * sizeof(real), each = truth_bytes(z);
    real *x = (real *)host;
    for (int64_t i = 0; i < n; i++) x[i] = (real)image[i];
    if (z->truth) { memcpy(host + images, labels, (size_t)m->parts * each); return; }
    detector_normalise(&z->t->detector->conf, n, x);
    for (int64_t p = 0; p < m->parts; p++)
        instances_fill(z->t, labels + p * area, classes + p * m->images * INSTANCE_IDS, host + images + (size_t)p * each);
}

void replay_send(model *m, int64_t step, int size, const float *image, const uint8_t *labels, const uint8_t *classes)
{
    replay *r = m->replay;
    const device *d = m->c.dev;
    const device_queues *q = d->queues;
    const size_t bytes = image_bytes(m, size) + label_bytes(m, size);
    r->turn = !r->turn;
    char *host = r->lane[r->turn].host;
    q->await(d, r->lane[r->turn].sent);
    stage(m, &m->of[size], image, labels, classes, host);
    q->wait(d, r->taken, QUEUE_COPIES);
    q->copy(d, QUEUE_COPIES, r->staging, host, bytes);
    q->mark(d, r->lane[r->turn].sent, QUEUE_COPIES);
    r->ahead = step, r->image = image;
}

/* What is recorded: kernels alone. The context's step and micro mean nothing there. */
typedef struct task { model *m; const model_size *z; context c; int last; } task;

static void compute_part(task *t)
{
    const model *m = t->m;
    schedule_run(&t->z->plan, &t->c);
    t->c.dev->code->note(&t->c, t->z->loss->x.p, m->replay->losses);
    if (t->last) optim_judge(m->o, &t->c, (int)m->parts, m->replay->losses);
}

static void update(task *t) { optim_update(t->m->o, &t->c); }

/* The first time as it is, the second time recorded, from then on by its record */
static void run_record(record *k, void (*f)(task *), task *t)
{
    const device *d = t->c.dev;
    if (!t->m->t->conf.graph || !k->ran++) { f(t); return; }
    if (!k->steps) {
        d->queues->begin(d);
        f(t);
        k->steps = d->queues->end(d);
    }
    d->queues->run(d, k->steps);
}

static void start_part(task *t, int64_t part)
{
    model *m = t->m;
    replay *r = m->replay;
    const model_size *z = t->z;
    const device *d = t->c.dev;
    const device_queues *q = d->queues;
    const int size = (int)(z - m->of);
    t->c.accumulate = part > 0, t->last = part + 1 == m->parts;
    q->copy(d, QUEUE_KERNELS, r->live, &r->next[part], sizeof *r->live);
    q->copy(d, QUEUE_KERNELS, z->t->input->x.p, r->staging + (size_t)part * z->t->input->x.size, z->t->input->x.size);
    q->copy(d, QUEUE_KERNELS, truth_at(z), r->staging + image_bytes(m, size) + (size_t)part * truth_bytes(z), truth_bytes(z));
    if (t->last) q->mark(d, r->taken, QUEUE_KERNELS);
    run_record(&r->part[size][part > 0][t->last], compute_part, t);
}

/* Loss and norm, from what the device told; a step that was not made is taken back. */
static double read_back(model *m, double *loss)
{
    const live_numbers *now = (const live_numbers *)m->replay->told;
    const real *losses = (const real *)(now + 1);
    *loss = 0;
    if (now->stop) optim_undo(m->o);
    for (int64_t part = 0; part < m->parts; part++) {
        m->part_loss[part] = (double)losses[part];
        *loss += (double)losses[part] / (double)m->parts;
        if (!isfinite(*loss)) return NAN;
    }
    return now->norm;
}

double replay_step(model *m, int64_t step, double lr, int size, const float *image, const uint8_t *labels, double *loss)
{
    replay *r = m->replay;
    const device *d = m->c.dev;
    const device_queues *q = d->queues;
    live_numbers now = { .step = (uint32_t)step };
    m->c.step = (uint32_t)step;
    optim_begin(m->o, &m->c, lr, &now);
    for (int64_t part = 0; part < m->parts; part++) r->next[part] = now, r->next[part].micro = (uint32_t)part;
    if (r->ahead != step || r->image != image) replay_send(m, step, size, image, labels, m->classes);
    r->ahead = -1;
    q->wait(d, r->lane[r->turn].sent, QUEUE_KERNELS);
    task t = { .m = m, .z = &m->of[size], .c = m->c };
    t.c.live = r->live;
    for (int64_t part = 0; part < m->parts; part++) start_part(&t, part);
    q->copy(d, QUEUE_KERNELS, r->told, r->live, told_bytes(m));
    q->mark(d, r->judged, QUEUE_KERNELS);
    run_record(&r->update, update, &t);
    if (m->meanwhile) m->meanwhile(m->meanwhile_arg);
    q->await(d, r->judged);
    return read_back(m, loss);
}
