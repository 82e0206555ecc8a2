/* samples.h - the cases of one part of a store as samples of a run: which they are, what their label values mean, and a memory of
 * reduced films (datasets/fit.h), since reading and shrinking a film costs more than all that follows.
 *
 * Cases marked as excluded or found faulty are left out and counted. What makes a case unusable (no label map, a value that is no class) ends the
 * run with the case's name: nothing is skipped in silence. Reading is safe from any thread. */
#ifndef TRAIN_SAMPLES_H
#define TRAIN_SAMPLES_H
#include <pthread.h>
#include "datasets/sizes.h"
#include "datasets/store.h"
#include "train/run.h"
#include "train/instances.h"

typedef struct sample {
    fit f;
    fit_source source;
    uint8_t classes[INSTANCE_IDS];              /* of a set of instances: class of each number in its labels; 0: none */
    int kept;                                /* source belongs to the memory */
} sample;

typedef struct samples {
    const store *s;
    int64_t *at, n;                          /* rows of the store, ascending */
    int64_t excluded, faulty;                /* cases of this part that are left out: as marked in the store, by samples_drop */
    fit_conf fit;
    fit_sizes sizes; uint8_t *size;          /* of the net's input; (n) which of them each sample has */
    int instances;                           /* 1: labels of samples are numbers of instances, from 1, rather than classes */
    uint8_t twin[256];                       /* exchangeable classes: each other's number, all others their own */
    int16_t class_of[256];                   /* of each value of a label map; -1: not allowed */
    sample *memory; pthread_mutex_t lock;    /* (n); source.p NULL where not read yet */
    size_t used, room;                       /* bytes */
} samples;

/* Input sizes are those of d->fit.sizes and net_h x net_w. part: by name (datasets/split.h). values: classes of the labels; ignore: a value of the label maps that becomes IGNORED,
 * or -1. room: bytes that may be kept. limit > 0: only the first so many. Dies 2 where the store has no such cases, naming what it has. */
samples *samples_new(const store *s, const run_data *d, const char *part, int64_t values, int64_t ignore, int64_t net_h, int64_t net_w,
                     size_t room, int64_t limit);
/* Leaves out the cases whose row of the store is marked; marks (store_count). */
void     samples_drop(samples *t, const uint8_t *marks);
/* And those that `check` has errors for; b may be NULL. */
void     samples_drop_faulty(const store *s, samples *a, samples *b);
void     samples_free(samples *t);
/* The reduced film and labels of sample i, from memory or read now; give it back with samples_done. */
sample   samples_get(samples *t, int64_t i);
void     samples_done(sample *s);
/* Bytes that the memory will grow to: all reduced films, or the room there is. */
size_t   samples_room(const samples *t);
/* Samples of this input size, and the k-th of them. */
int64_t  samples_of_size(const samples *t, int size);
int64_t  samples_nth(const samples *t, int size, int64_t k);
const store_case *samples_case(const samples *t, int64_t i);
/* The instances of sample i as a map of numbers (h, w), the later on top, and their classes. */
void     samples_instances(const samples *t, int64_t i, uint8_t *numbers, uint8_t classes[INSTANCE_IDS]);
/* Dies 2 where a sample has more instances than this, or none although its label map shows something or is missing. Tiny ones, which
 * are not learnt from, count too. */
void     samples_check_instances(const samples *t, int64_t most);
/* The full label map of sample i in classes, (h, w) of its case. */
void     samples_labels(const samples *t, int64_t i, uint8_t *labels);
#endif
