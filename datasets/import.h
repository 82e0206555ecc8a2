/* import.h - from folders of films and labels to a store.
 *
 * KIND masks:   SRC/images/STEM.* with SRC/masks/STEM.png, or --map with one pair of patterns.
 * KIND corners: SRC/labels.csv (file, LEVEL_TL_x, LEVEL_TL_y, ... for TL TR BL BR; optional patient, width, height and other numbers)
 *               with SRC/images/. The mask is the union of the filled quads; each quad is an instance too; other numeric columns
 *               become values.
 * What cannot be read is collected and not thrown at the first one: either all of it is listed and nothing is written, or
 * (skip_bad) it is left out and listed. */
#ifndef DATASETS_IMPORT_H
#define DATASETS_IMPORT_H
#include "datasets/store.h"

typedef struct import_options {
    const char *kind;                /* "masks", "corners" */
    const char *src, *out;           /* folder, store */
    const char *map;                 /* "films/<star>.png:labels/<star>.png", * stands for the same text on both sides; NULL: the default folders */
    const char *patient;             /* a column of labels.csv, or a POSIX extended regular expression whose group 1 in the film's name is the
                                        patient; NULL: the column patient, else every film its own */
    const char *classes;             /* class table; NULL: corners has vertebra = 1, masks names the values it finds by their numbers */
    double spacing[2];               /* mm per pixel, x then y; 0 0: unknown */
    int skip_bad;
    void (*tick)(void *with, int64_t done, int64_t total); void *with;      /* progress; may be NULL */
} import_options;

typedef struct bad_file { char *file, *why; } bad_file;
typedef struct import_result { int64_t cases; int nbad; bad_file *bad; int written; } import_result;

/* The known kinds, and which of them this build reads. */
extern const char *const import_kinds[]; extern const int import_nkinds;

/* written is 0 where bad files stopped it. Dies 2 on a wrong option or folder, 4 when the disk is full. */
import_result import_run(const import_options *o);
void import_result_free(import_result *r);
#endif
