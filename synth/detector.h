/* detector.h - from path lengths to counts and to the logarithmic image.
 *
 * I = N (sum over bins of share * exp(-sum of mu * t) + S), S = ratio * (the primary smoothed by a wide Gaussian); Poisson and electronic
 * noise; blur; -log(I / N). N is set by the thick parts of the body, as an exposure control does. Exposure and scatter are those of the
 * film without implants also where there are some, so that a pair differs nowhere but in the implants' shadows. */
#ifndef SYNTH_DETECTOR_H
#define SYNTH_DETECTOR_H
#include "synth/maps.h"

typedef struct detector {
    double photons;                      /* counts per pixel behind the thick parts */
    double electronic;                   /* SD, counts; photons <= 0: no noise at all */
    double scatter, scatter_mm;          /* scatter over primary behind the thick parts, SD of its spread */
    double blur_mm, motion_mm;           /* SD; motion is along y */
} detector;

/* What reaches the detector of what was sent, 0..1, (h, w) fresh; implants: maps to add, or NULL. */
float *detector_primary(const maps *m, const maps *implants);
/* log (h, w) from a primary, which is used up. plain: the primary without implants (may be the same pointer); seed, index key the noise. */
void   detector_log(const detector *d, const maps *m, const float *plain, float *primary, uint64_t seed, uint32_t index, float *log);
#endif
