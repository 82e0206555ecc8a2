/* scoliosis.h - frontal films: T1 to L5 with up to three curves. */
#ifndef SYNTH_SCOLIOSIS_H
#define SYNTH_SCOLIOSIS_H
#include "synth/anatomy.h"

/* Fills the whole anatomy of a frontal film: chain T1 .. L5, corners (SA: superior, right of the image), the film, solids; cobb[0]: the
 * main angle,
 * which the mid-body tilts span exactly; upper and lower follow by measuring. */
void scoliosis_build(anatomy *a);
#endif
