/* template.h - a usual adult spine; internal to geometry/ (and its tests). */
#ifndef GEOMETRY_TEMPLATE_H
#define GEOMETRY_TEMPLATE_H
#include "geometry/geometry.h"

/* Slopes of the plates in degrees (+ anterior lower) of a balanced standing adult; sizes in mm: means of Panjabi 1991 and 1992 (bodies),
 * Lu 1999 and Fletcher 2015 (discs), in part interpolated. disc: below the body. */
typedef struct usual_body { double sup, inf, height, ratio, upper_depth, lower_depth, disc_ant, disc_post; } usual_body;
extern const usual_body usual[GEO_LEVELS];       /* S1: sup and upper_depth only */
#endif
