/* predictions.h - predictions.h5: what `predict` leaves for other programs, and what `eval` reads back.
 *
 * One group per film, named after its stem (which never begins with a dot), and one of what they have in common:
 *     /.about/format        text (1): darkspine-predictions
 *     /.about/version       int32 (1): 1
 *     /.about/value, name   int32 and text (c): the classes in the order of the channels; the name is empty where a class has none
 *     /.about/weights       text (1): the file they came from
 *     /STEM/labels          uint8 (h, w): the value is the class, at the film's own size
 *     /STEM/probabilities   float32 (h, w, c), where asked for
 *     attribute source      the film's file, or STORE.h5:ID
 * The root group is in HDF5's earliest form, and nothing that is read back is an attribute: HDF5 1.10 reads beyond
 * a damaged one, while datasets are read with the checks of a store.
 * The trap: HDF5 is not safe on several threads. Calls take its lock, as those of stores do, but one file is for one thread. */
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
char   *predictions_weights(const predictions *p);           /* the file they came from, as it was named then; fresh, "" not said */
classes predictions_classes(const predictions *p);           /* the table without background; classes_free */
#endif
