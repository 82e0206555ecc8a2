/* lesions.h - what age and disease do to single levels: fractures, worn discs, slips, osteophytes. */
#ifndef SYNTH_LESIONS_H
#define SYNTH_LESIONS_H
#include "synth/spine.h"

/* Draws the lesions of a person into f (by level; all sound at first) and notes kinds, grades and gas in a's vertebrae. */
void lesions_draw(anatomy *a, const dimension *size, const double s1_mm, lesion f[LEVEL_SLOTS], draws *d);
/* How much the middles of the plates sank beside the corners, mm: superior, inferior. */
void lesion_sunken(const lesion *f, double height, double sunken[2]);
/* Spurs, bridges, dents and lines as solids, once outlines are known. */
void lesions_solids(anatomy *a, const lesion f[LEVEL_SLOTS], draws *d);
#endif
