/* compute.h - where a verb computes: the flags --device, --threads, --seed and --precision, read the same way by every verb. */
#ifndef VERBS_COMPUTE_H
#define VERBS_COMPUTE_H
#include "nn/device.h"
#include "verbs/flags.h"

typedef struct compute {
    const device *dev;
    int threads;                         /* of OpenMP, already set */
    uint64_t seed;                       /* 1 where --seed was not given */
    char no_gpu[256];                    /* why dev is the CPU; empty where it is a GPU */
    int told;                            /* the user knows, or need not know, why */
} compute;

/* The number of OpenMP's threads, set: --threads, else OMP_NUM_THREADS, else every core that this process may use. The verb must have
 * declared FLAG_THREADS. */
int compute_threads(const flags *f);
/* --threads and --device of a verb that has nothing for a GPU: cpu or auto. */
int compute_on_cpu(const flags *f);
/* Dies 2 where --device is no word for one; which device, as compute_begin reads it. The verb must have declared FLAG_COMPUTE. */
int compute_words(const flags *f);
/* All of it; the verb must have declared FLAG_COMPUTE. Dies 2 where --device cuda is asked for and there is none. */
compute compute_begin(const flags *f);
/* One line on stderr where --device auto has found no GPU, once: for verbs that compute long, when their input has proved right. */
void compute_tell(compute *c);
#endif
