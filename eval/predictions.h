/* predictions.h - predictions.h5: what `predict` leaves for other programs, and what `eval` reads back.
 *
 * One group per film, named after its stem (which never begins with a dot), and one of what they have in common:
 *     /.about/format        text (1): darkspine-predictions
 *     /.about/version       int32 (1): 1
 *     /.about/value, name   int32 and text (c): the classes in the order of the channels; the name is empty where a class has none
 *     /.about/weights       text (1): the file they came from
 *     /.about/settings      text (1): what was given beside the weights ("--tta detector.score=0.3"); absent in files of earlier versions
 *     /.about/labels        text (1): how label maps were read in training: all, any, or a list of values (data.labels)
 *     /STEM/labels          uint8 (h, w): the value is the class, at the film's own size
 *     /STEM/probabilities   float32 (h, w, c), where asked for
 *     /STEM/film            uint8 or uint16 (h, w): the radiograph, so that it can be drawn on
 *     /STEM/spacing         float64 (2): mm per pixel, x then y; absent: not known
 *     /STEM/spacing_source  text (1), beside it
 *     /STEM/instances       of a detector: uint8 (h, w), the number of the instance that has the pixel, from 1
 *     /STEM/boxes, scores, classes   float32 (n, 4) x1 y1 x2 y2, float32 (n), int32 (n): instance 1, 2, ...; absent where there are none
 *     attribute source      the film's file, or STORE.h5:ID
 * The root group is in HDF5's earliest form, and nothing that is read back is an attribute: HDF5 1.10 reads beyond
 * a damaged one, while datasets are read with the checks of a store.
 * The trap: HDF5 is not safe on several threads. Calls take its lock, as those of stores do, but one file is for one thread. */
#ifndef EVAL_PREDICTIONS_H
#define EVAL_PREDICTIONS_H
#include <stdint.h>
#include "datasets/classes.h"
#include "datasets/image.h"
#include "eval/instances.h"

typedef struct predictions predictions;

/* Writing: the file appears at predictions_commit, whole. values, names (nclasses): class of every channel. Die 4 on a full disk. */
predictions *predictions_create(const char *path, const char *weights, const char *labels, int nclasses, const int *values,
                                const char *const *names);
/* What was given beside the weights, "" nothing; once, before or after films. */
void predictions_settings_add(predictions *p, const char *settings);
/* labels (h, w); probabilities (h, w, nclasses) or NULL */
void predictions_add(predictions *p, const char *stem, const char *source, int64_t h, int64_t w, const uint8_t *labels, const float *probabilities);
/* What more is known of a film that was added: its pixels, and its spacing in mm (0 0: not known) with where that comes from. */
void predictions_add_film(predictions *p, const char *stem, const image *film, const double spacing[2], const char *spacing_source);
/* To a film that has been added, of this size. */
void predictions_add_instances(predictions *p, const char *stem, int64_t h, int64_t w, const instances *o);
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
char   *predictions_settings(const predictions *p);          /* what was given beside them; fresh, NULL not said */
image predictions_film(const predictions *p, int64_t i);     /* no pixels (h 0) where the film is not in the file; image_free */
/* What a detector found on it, the classes as values of label maps; free(out->number). 0 where the film is no detector's. */
int   predictions_instances(const predictions *p, int64_t i, instances *out);
/* 0 where it is not known; source: free() it. */
int predictions_spacing(const predictions *p, int64_t i, double spacing[2], char **source);
classes predictions_classes(const predictions *p);           /* the table without background; classes_free */
char   *predictions_labels(const predictions *p);            /* data.labels of the run; "all" where the file does not say; fresh */
#endif
