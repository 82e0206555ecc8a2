/* project.h - solids into path-length maps. A solid is cut into slices along the beam; each slice is the outline moved by its lateral
 * offset times the angle between the beam and the solid's own lateral axis. So a plate that is tilted against the beam shows both rims,
 * and nothing here knows of rims. */
#ifndef SYNTH_PROJECT_H
#define SYNTH_PROJECT_H
#include "synth/anatomy.h"
#include "synth/maps.h"
#include "synth/texture.h"

/* Adds one solid of a film to the maps. grain: where in the texture's tile its trabeculae lie. */
void project_solid(maps *m, const solid *s, const film *f, const texture *t, uint32_t grain);
/* All of the list, in order. */
void project_solids(maps *m, const solids *l, const film *f, const texture *t);
/* The beam's direction at p: how far (dx, dy in mm) a point moves on the film for each mm along the beam. */
void project_beam(const film *f, const double p[2], double shift[2]);
#endif
