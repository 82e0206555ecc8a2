/* checkpoint.h - the state of a run in one HDF5 file, atomic and exact: what is loaded continues to the bit.
 *
 * STATE (last.h5): /parameters/NAME, /optimiser/m|v/NAME, /ema/NAME with the shapes in memory order, every counter as an attribute
 * of /, every text (resolved cfgs, class table) under /texts, anything else by key under /extra. No random state: random numbers
 * are functions of (seed, epoch, sample). WEIGHTS (best.h5): the same file without optimiser and average; /parameters holds what
 * was evaluated, and the text `weights` says which: raw or ema.
 *
 * The file is written under another name, sealed with a SHA-256 (nn/seal.h), synced and renamed. Writing STATE keeps the file it
 * replaces as NAME.prev.h5; at every instant one whole checkpoint exists. */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H
#include "nn/optim.h"
#include "nn/policy.h"

enum { CHECKPOINT_EXTRAS = 4096 };       /* at most */
typedef struct checkpoint_extra { char key[64]; char *text; double number; } checkpoint_extra;     /* text NULL: a number */

typedef struct checkpoint {
    char *run, *net, *classes, *version; /* resolved run cfg and net cfg, class table, version and commit; NULL: none */
    char *metric, *weights;              /* name of the metric that `best` is; "raw" or "ema" (set by writing) */
    uint64_t seed;
    int64_t step, epoch, position, micro;        /* optimiser steps done; epoch; samples of it done; micro-batches of the step done */
    int64_t log_bytes;                   /* length of log.jsonl when this was written: a resumed run cuts it there */
    double  best;                        /* best value of `metric` so far, at the end of epoch best_epoch (-1: none yet) */
    int64_t best_epoch;
    policy_state policy;
    checkpoint_extra *extra; int extras;
    char *path;                          /* set by opening: the file that was read, perhaps NAME.prev.h5 */
    int64_t file;                        /* HDF5 handle while open; 0 elsewhere */
} checkpoint;

typedef enum { CHECKPOINT_STATE, CHECKPOINT_WEIGHTS } checkpoint_kind;

/* Writes k, p and o (which may be NULL: WEIGHTS of p as they are). Dies 4 on a full disk, the old file left as it was; dies 2
 * where the folder is missing. */
void checkpoint_write(const char *path, const checkpoint *k, checkpoint_kind kind, const params *p, const optim *o);

/* Opens and verifies, and reads all but the tensors: enough for predict to build the net. A damaged or missing NAME.h5 is replaced
 * by a whole NAME.prev.h5, with a warning; dies 2 where there is none. */
checkpoint *checkpoint_open(const char *path);
/* Fills p, and o unless NULL. Strict: every tensor of p is in the file with its shape and the file holds no other, or exit 2. With
 * o the file must be a STATE of the same optimiser; without, p gets what is to be evaluated: the average where there is one. */
void checkpoint_load(checkpoint *k, params *p, optim *o);
/* The same without optimiser and without the tensors whose names fit these patterns (params_fits; NULL: none), which keep their values
 * and which the file may hold, in any shape, or not. */
void checkpoint_load_some(checkpoint *k, params *p, const char *without);
void checkpoint_close(checkpoint *k);    /* an opened one: the file, the texts, the struct */

void checkpoint_put_text(checkpoint *k, const char *key, const char *text);        /* replaces a value of that key */
void checkpoint_put_number(checkpoint *k, const char *key, double number);
const char *checkpoint_text(const checkpoint *k, const char *key);                 /* NULL: none */
int  checkpoint_number(const checkpoint *k, const char *key, double *out);         /* 0: none */
void checkpoint_clear(checkpoint *k);    /* frees what k owns (texts, extras), and makes it zero */
char *checkpoint_previous(const char *path);       /* "run/last.h5" -> "run/last.prev.h5"; fresh */
#endif
