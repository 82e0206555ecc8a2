/* person.h - who stands before the detector: age, sex, size and the seven angles that a spine is built from.
 *
 * Adults of 18 to 80 without complaints after MEANS (Hey et al. 2021 and companions, n = 468) with the correlations of SYNTH's planning
 * fit; on request one of six pathologies is laid over them. SVA, cSVA, TPA, SSA, LDI and GAP are never drawn: they follow. */
#ifndef SYNTH_PERSON_H
#define SYNTH_PERSON_H
#include "synth/anatomy.h"
#include "synth/draws.h"

/* Draws until the angles lie in the ranges that are accepted. */
person person_draw(draws *d);
/* One of the pathologies by its share; PATH_NONE in 55 %. */
enum pathology pathology_draw(draws *d);
/* Changes the angles as the pathology does; *sva: the SVA that the pelvis is to be turned for, mm, or NAN for none. */
void person_afflict(person *p, enum pathology what, draws *d, double *sva);
#endif
