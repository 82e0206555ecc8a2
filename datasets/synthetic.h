/* synthetic.h - phantom films (synth/) as cases of a store: the picture, the label map in the layout of one of the systems, objects,
 * corners,
 * landmarks and measured values. Film i of a seed is a pure function of (settings, seed, i). */
#ifndef DATASETS_SYNTHETIC_H
#define DATASETS_SYNTHETIC_H
#include "datasets/store.h"
#include "synth/failure.h"
#include "synth/picture.h"

/* What the values of the label map mean: as in classes/NAME.csv. */
enum layout { LAYOUT_WHOLE, LAYOUT_CERVICAL, LAYOUT_THORACIC, LAYOUT_LUMBAR, LAYOUT_AP, LAYOUT_HSPINE, LAYOUT_LEVELS, LAYOUTS };
enum { IMPLANT_VALUE = 31 };
/* The table of a layout; with implants it has one more row, value 31. Owned by the caller. */
classes layout_classes(enum layout layout, int implants);
/* Class of an object (truth.h) in a layout; 0: not part of it. */
int     layout_value(enum layout layout, int code);

typedef struct synthetic_settings {
    anatomy_settings anatomy; picture_settings picture;
    enum layout layout;
    int    pairs;                        /* films with implants come twice, without and with, and their implants as objects */
    double reader;                       /* SD of the corners as a reader would set them, mm; 0: exact */
    int    failure;                      /* enum failure, or FAILURES for one drawn each time */
    int    mixed;                        /* whole, thoracic and lumbar spines in turn, whatever anatomy.region says */
    int    strata;                       /* films of the test set's six kinds in turn (synthetic_stratum); whole spines only */
} synthetic_settings;
/* What film `index` of a test set in strata is made with: of 60 films 20 are plain, 12 have implants (in pairs), 10 fractures, 8 a hidden C7,
 * 5 one vertebra too many or too few, 5 strong turns. The word for it, for the case's source. */
const char *synthetic_stratum(synthetic_settings *s, uint32_t index);

/* One film, or two of the same patient. Strings, pixels and labels are its own; masks and labels are shared by both rows. */
typedef struct synthetic { int n; store_case row[2]; void *pixels[2]; uint8_t *mask; labels labels[2]; char id[2][64], patient[64],
    source[512]; } synthetic;
synthetic *synthetic_new(const synthetic_settings *s, uint64_t seed, uint32_t index);
void       synthetic_free(synthetic *f);
void       synthetic_store(store *out, const synthetic *f);
#endif
