/* dimensions.h - average sizes of the bodies C2 .. L5, mm (Panjabi 1991 and 1992, discs: Lu 1999, Fletcher 2015; C2 from radiographs), and
 * those of
 * one person. Radiographs of another population may be a tenth larger; the person's size factor spans that. */
#ifndef SYNTH_DIMENSIONS_H
#define SYNTH_DIMENSIONS_H
#include "synth/anatomy.h"
#include "synth/draws.h"

/* The disc is that below the body. ratio: anterior / posterior height, by shape alone; in a chain the anterior height follows from the
 * slopes. */
/* [2]: superior, inferior; disc: anterior, posterior */
typedef struct dimension { double height, depth[2], width[2], ratio, disc[2]; } dimension;
extern const dimension dimension_mean[LEVEL_SLOTS];              /* by level C2 .. L5 and L6; elsewhere 0 */
/* Height, depth and width each vary along the spine as an AR(1) process (rho .9, SD .04 of the logarithm), times the person's size. */
void dimensions_draw(double size, draws *d, dimension out[LEVEL_SLOTS]);
#endif
