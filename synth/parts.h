/* parts.h - what hangs on the chain of bodies: their outlines as solids, posterior elements, neck and skull base, pelvis.
 *
 * Each adds solids for the projector and, where there is truth to tell, fills the anatomy. Labels are outlines of bodies (C2: with the
 * dens, C1: two
 * arches); posterior elements and spurs are drawn only. Order matters: bodies first. */
#ifndef SYNTH_PARTS_H
#define SYNTH_PARTS_H
#include "synth/spine.h"

void parts_bodies(anatomy *a, const lesion *lesions, const dimension *size, draws *d);
void parts_posterior(anatomy *a, draws *d);
void parts_neck(anatomy *a, draws *d);               /* dens, C1, skull base, palate */
void parts_sacrum(anatomy *a, draws *d);
/* The two heads about the hips' middle, apart by the pelvis' rotation and by magnification. Needs the film. */
void parts_heads(anatomy *a, double radius, const double hip[2], draws *d);

/* A polygon given in a local frame (origin, slope of its x axis, + upward second) as a solid that is half_mm thick on either side.
 * Up to 12 points are taken for hand-made ones, whose corners are cut. */
solid *parts_add(anatomy *a, enum part part, int level, const double origin[2], double slope, const double (*local)[2], int n,
    double half_mm);
/* An ellipse with half axes rx along the slope, ry across; a ball of it is as thick as wide. */
solid *parts_ellipse(anatomy *a, enum part part, int level, const double centre[2], double slope, double rx, double ry, double half_mm);
#endif
