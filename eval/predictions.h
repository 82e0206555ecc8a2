/* predictions.h - predictions.h5: what `predict` leaves for other programs, and what `eval` reads back.
 *
 * Root attributes: format = "darkspine-predictions", version = 1, weights (the file they came from), class_values (int32) and
 * class_names (text, empty where a class has no name), in the order of the channels of the probabilities. One group per film, named after its stem:
 *     /STEM/labels          uint8 (h, w): the value is the class, at the film's own size
 *     /STEM/probabilities   float32 (h, w, c), where asked for
 *     attribute source      the film's file, or STORE.h5:ID
 * The trap: HDF5 is not safe on several threads, so all calls on one file, and those on stores meanwhile, belong to one thread. */
#ifndef EVAL_PREDICTIONS_H
#define EVAL_PREDICTIONS_H
#include <stdint.h>
#include "datasets/classes.h"

typedef struct predictions predictions;

/* Writing: the file appears at predictions_commit, whole. values, names (nclasses): class of every channel. Die 4 on a full disk. */
predictions *predictions_create(const char *path, const char *weights, int nclasses, const int *values, const char *const *names);
/* labels (h, w); probabilities (h, w, nclasses) or NULL */
void predictions_add(predictions *p, const char *stem, const char *source, int64_t h, int64_t w, const uint8_t *labels, const float *probabilities);
void predictions_commit(predictions *p);                     /* p is gone */

/* Reading. Dies 2 on a file that is none, is damaged, or lies about its sizes. */
int  predictions_is(const char *path);                       /* an HDF5 file that calls itself predictions */
predictions *predictions_open(const char *path);
void predictions_close(predictions *p);                      /* of a file being written: it is dropped. NULL is fine */
int64_t     predictions_count(const predictions *p);
const char *predictions_stem(const predictions *p, int64_t i);       /* ascending; lives until close */
void predictions_size(const predictions *p, int64_t i, int64_t *h, int64_t *w);
void predictions_read(const predictions *p, int64_t i, uint8_t *labels);         /* (h, w) */
classes predictions_classes(const predictions *p);           /* the table without background; classes_free */
#endif
