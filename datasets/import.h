/* import.h - from folders of films and labels to a store. docs/import.md shows each kind.
 *
 * KIND masks:     SRC/images/STEM.* with SRC/masks/STEM.png, or --map with one pair of patterns.
 * KIND instances: one PNG an object: SRC/NAME/image.* (or image/, images/ with one film) with SRC/NAME/masks/, or --map.
 * KIND coco:      SRC is a COCO JSON file, or Detectron2's list of films; polygons, runs, crowds. Corners of pixels become centres: -0.5.
 * KIND labelme:   SRC/STEM.json with the films beside; polygons, rectangles, circles, points. -0.5 too.
 * KIND corners:   SRC/labels.csv (file, LEVEL_TL_x, LEVEL_TL_y, ... for TL TR BL BR; optional patient, width, height, spacing_x,
 * spacing_y and other
 *                 numbers) with SRC/images/. The mask is the union of the filled quads; each quad is an instance too; other numeric columns
 *                 become values.
 * KIND exported:  what export wrote, back again, whole.
 * What cannot be read is collected and not thrown at the first one: either all of it is listed and nothing is written, or
 * (skip_bad) it is left out and listed. */
#ifndef DATASETS_IMPORT_H
#define DATASETS_IMPORT_H
#include "datasets/store.h"

typedef struct import_options {
    const char *kind;                /* a word of import_kinds */
    const char *src, *out;           /* folder or JSON file, store */
    const char *map;                 /* "films/<star>.png:labels/<star>.png", * stands for the same text on both sides; NULL: the default folders */
    const char *images;              /* coco, labelme: folder of the films; NULL: beside the JSON file */
    const char *table;               /* CSV file with a column `file`, whose columns --patient and --spacing may name; NULL: the kind's own */
    const char *patient;             /* a column, or a POSIX extended regular expression whose group 1 in the film's name is the
                                        patient; NULL: the column patient, else every film its own */
    const char *classes;             /* class table; NULL: the kind's own names, else the values that occur, by their numbers */
    double spacing[2];               /* mm per pixel, x then y; 0 0: unknown */
    const char *spacing_from;        /* COLUMN, COLUMN_X,COLUMN_Y, FILE.csv or a regular expression; NULL: columns spacing_x and spacing_y */
    int skip_bad;
    void (*tick)(void *with, int64_t done, int64_t total); void *with;      /* progress; may be NULL */
} import_options;

typedef struct bad_file { char *file, *why; } bad_file;
typedef struct import_result { int64_t cases; int nbad; bad_file *bad; int written; } import_result;

/* The known kinds. */
extern const char *const import_kinds[]; extern const int import_nkinds;

/* written is 0 where bad files stopped it. Dies 2 on a wrong option or folder, 4 when the disk is full. */
import_result import_run(const import_options *o);
void import_result_free(import_result *r);
#endif
