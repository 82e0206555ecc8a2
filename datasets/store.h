/* store.h - a data set in one HDF5 file: films, masks, instances, corners, landmarks, values, and an index. Schema: docs/store.md.
 *
 * Bulk data lie under /cases/ID/ (one image = one chunk); everything small that is known of every case stands once, in the columns
 * of /index, so that opening a store of thousands of cases reads a dozen arrays. Films of one store differ in size.
 * The trap is HDF5's global lock: image and mask chunks are read raw under the lock and decompressed outside it, so that several
 * threads read in parallel. All read calls are safe from any thread; everything else is for one thread.
 * A store is hostile until checked: what is malformed, damaged or of another version dies 2 with "FILE: ...". */
#ifndef DATASETS_STORE_H
#define DATASETS_STORE_H
#include "datasets/classes.h"
#include "datasets/image.h"

enum { STORE_VERSION = 1, STORE_FOLDS = 99, STORE_NAME = 64, STORE_TEXT = 1024, STORE_MAX_CASES = 1 << 22 };     /* NAME, TEXT: bytes */
enum { CORNER_TL, CORNER_TR, CORNER_BL, CORNER_BR };

typedef enum split { SPLIT_NONE, SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLITS } split;
extern const char *const split_names[SPLITS];                         /* "", "train", "val", "test" */
int split_find(const char *name);                                     /* the split of that name, or -1 */

/* Four corners of a vertebral body, pixels, in the order TL TR BL BR as seen on the film. */
typedef struct corners { char level[STORE_NAME]; double p[4][2]; } corners;             /* p[corner] = x, y */
typedef struct landmark { char name[STORE_NAME]; double x, y, r; } landmark;            /* pixels; r = 0: a point */
typedef struct measured { char name[STORE_NAME], unit[STORE_NAME]; double value; } measured;
/* One object: runs alternate background, object, background, ... row by row from the top left; they add up to h * w. */
typedef struct instance { int value; char level[STORE_NAME]; int64_t nruns; uint32_t *runs; } instance;

typedef struct labels {                                               /* zero: none of them */
    int ncorners, nlandmarks, nvalues, ninstances;
    corners *corners; landmark *landmarks; measured *values; instance *instances;       /* owned */
} labels;
void labels_free(labels *l);
/* mask (h, w) of 0 / 1 -> runs, and back (adds value into out (h, w) wherever the object is). */
instance instance_from_mask(const uint8_t *mask, int64_t h, int64_t w, int value, const char *level);
void     instance_paint(const instance *o, uint8_t *out, int64_t h, int64_t w, uint8_t value);

/* One row of the index. Strings belong to the store and live until store_close. */
typedef struct store_case {
    const char *id, *patient, *source;                                /* source: the file it came from; "" unknown */
    split split;
    int excluded;                                                     /* left out of training by `check --exclude` */
    int fold;                                                         /* of a cross-validation, from 1; 0: none */
    int64_t h, w;
    int bits;                                                         /* 8 or 16 */
    double spacing[2];                                                /* mm per pixel, x then y; 0 0 = unknown */
    const char *spacing_source;                                       /* "given", "detector", ...; "" unknown */
    int64_t labelled_h, labelled_w;                                   /* the size the label file speaks of; 0 0 = it does not say */
    const char *sha256_image, *sha256_labels;                         /* hex; "" = not recorded */
} store_case;

/* What makes a row unfit for a store (its id, a text longer than STORE_TEXT), or NULL. Texts may be NULL for "". */
const char *store_case_fault(const store_case *c);
int store_spacing_known(const store_case *c);                         /* both numbers finite and above 0 */

typedef struct store store;

/* First thing in a program that writes HDF5 files, before any of HDF5: its clean-up at exit crashes after a full disk. Every file is
 * closed by hand, so nothing is lost. */
void    store_library(void);

/* Reading. */
int     store_like(const char *path);                                 /* does it begin as an HDF5 file does? 0 where it cannot be read */
store  *store_open(const char *path);
void    store_close(store *s);                                        /* also drops a created store that was not committed; NULL is fine */
int64_t store_count(const store *s);
const char *store_path(const store *s);
const store_case *store_at(const store *s, int64_t i);                /* 0 <= i < store_count */
int64_t store_find(const store *s, const char *id);                   /* -1: no such case */
const classes *store_classes(const store *s);

void   store_read_image(const store *s, int64_t i, void *pixels);     /* uint8_t or uint16_t (h, w) by bits */
int    store_read_mask(const store *s, int64_t i, uint8_t *mask);     /* label map (h, w); 0 and nothing touched where the case has none */
int    store_read_planes(const store *s, int64_t i, uint32_t *planes);/* (h, w), bit v = class of value v, 1..31; 0 where there are none */
labels store_read_labels(const store *s, int64_t i);                  /* corners, landmarks, values, instances; labels_free */

/* SHA-256 in hex, what the index records: of the pixels as bytes, and of the labels in the order of docs/store.md (mask (len), planes (len)
 * and l may be NULL). */
void hash_image(const void *pixels, size_t bytes, char out[65]);
void hash_labels(const uint8_t *mask, const uint32_t *planes, int64_t len, const labels *l, char out[65]);

/* Writing. A store appears under its name only at store_commit; until then there is a temporary file beside it.
 * store_add checks the case (unique id that can be a file name, sizes, runs that add up) and dies 2 where it is wrong; hashes are computed. The case
 * row's strings may be NULL for "". labels and mask, planes may be NULL. Dies 4 when the disk is full. */
store *store_create(const char *path, const classes *table);
void   store_add(store *s, const store_case *row, const void *pixels, const uint8_t *mask, const uint32_t *planes, const labels *l);
void   store_set_classes(store *s, const classes *table);             /* replaces the table given to store_create */
void   store_commit(store *s);                                        /* writes the index, closes, renames; s is gone */

/* Rewrites two columns of an existing store, safely (a changed copy is renamed over it): NULL leaves a column. Each (count). */
void   store_mark(const char *path, const split *splits, const uint8_t *excluded, int64_t n);
void   store_fold(const char *path, const int *folds, int64_t n);     /* the same for the folds, 0 to STORE_FOLDS */
#endif
