/* frame.h - the film's field of view; see frame.c. */
#ifndef SYNTH_FRAME_H
#define SYNTH_FRAME_H
#include "synth/anatomy.h"
#include "synth/draws.h"

/* Fills a->film but for its tilt: everything of the region is inside, with the room around it that films have. hip: middle of the two
 * heads. */
void frame_draw(anatomy *a, const double hip[2], draws *d);
#endif
