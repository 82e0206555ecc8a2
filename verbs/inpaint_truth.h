/* inpaint_truth.h - what a store knows of implants on its films, and how good an inpainting of them was: where they are (objects or classes of
 * kind implant) and the same film without them (the patient's one other film of the size that has none; `synth pairs=1` makes such pairs). */
#ifndef VERBS_INPAINT_TRUTH_H
#define VERBS_INPAINT_TRUTH_H
#include "eval/inpaint.h"
#include "datasets/store.h"
#include <jansson.h>

/* mask (h, w) of case i: 1 where it has an implant. Returns the pixels; 0 too where the store does not say. */
int64_t inpaint_true_mask(const store *s, int64_t i, uint8_t *mask);
/* Its partner without implants, or -1. */
int64_t inpaint_partner(const store *s, int64_t i);

/* Film by film. */
enum { GAIN_DICE, GAIN_PSNR_BEFORE, GAIN_PSNR, GAIN_SSIM_BEFORE, GAIN_SSIM, GAINS };
extern const char *const inpaint_gains[GAINS];                       /* keys of the JSON */
typedef struct inpaint_tally {
    int64_t n, implanted, missed, plain, alarms;         /* films measured; with implants, of which none was found; without, of which some were */
    double *of[GAINS];                                   /* (n) */
    char **patient;
} inpaint_tally;

/* Counts film i of the store; its gains as JSON, or NULL where the store knows of no implant on it. */
json_t *inpaint_tally_add(inpaint_tally *t, const store *s, int64_t i, const inpainted *o, const image *film);
/* {films, missed, plain, alarms, implant_dice: {n, mean, sd, ci}, ...}; and a table of the same for people. Means over films, intervals over
 * patients. */
json_t *inpaint_tally_json(const inpaint_tally *t);
void    inpaint_tally_print(const inpaint_tally *t, FILE *f, const char *row);
void    inpaint_tally_free(inpaint_tally *t);
#endif
