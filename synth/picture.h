/* picture.h - the radiograph of an anatomy: what surrounds it, what was put into it, the detector, and the look of the finished film.
 *
 * A pure function of (anatomy, settings): every stage has its own stream of random numbers, so that implants, noise or the look never
 * change what the others drew. A film with implants comes as a pair, without and with them, that differs in their shadows alone. */
#ifndef SYNTH_PICTURE_H
#define SYNTH_PICTURE_H
#include "synth/anatomy.h"
#include "synth/draws.h"

/* Numbers are part of what a seed means: append, never reorder. */
enum picture_stage { STAGE_TEXTURE = STAGE_PICTURE, STAGE_TISSUE, STAGE_TRUNK, STAGE_LUNGS, STAGE_RIBS, STAGE_HEAD, STAGE_HIPS, STAGE_GAS,
    STAGE_FRONT,
    STAGE_OBJECTS, STAGE_IMPLANTS, STAGE_DETECTOR, STAGE_NOISE, STAGE_LOOK, STAGE_MARKS };

enum picture_level { LEVEL_DIAGRAM, LEVEL_NOISE, LEVEL_OVERLAP, LEVEL_TRAINING, LEVEL_STRESS };          /* L0 .. L4 */
enum look { LOOK_WINDOW, LOOK_CLAHE, LOOK_MULTISCALE, LOOK_BONE, LOOKS };
extern const char *const look_names[LOOKS];

typedef struct picture_settings {
    int    level;                        /* enum picture_level */
    double implants;                     /* probability that a film has some, at L3 and L4 */
    int    look;                         /* enum look, -1: drawn */
} picture_settings;

typedef struct picture {
    int64_t   h, w;
    uint16_t *film, *film_with;          /* (h, w); film_with NULL: no implants */
    uint8_t  *implant;                   /* (h, w) 0 / 1, or NULL */
    float    *log, *log_with;            /* (h, w) log attenuation as the detector saw it, before any look; log_with or NULL */
    int       visible[LEVEL_SLOTS][4];   /* corners not hidden by implants or, as the anatomy says, by the shoulders */
    enum look look; int inverted;
    char      implants[64];              /* in words: "screws L4-S1, rods, cage L4/5"; "" none */
    int       screws[LEVEL_SLOTS];       /* pedicle screws in each body of film_with */
} picture;
picture *picture_new(const anatomy *a, const picture_settings *s);
void     picture_free(picture *p);
#endif
