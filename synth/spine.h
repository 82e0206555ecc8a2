/* spine.h - from the seven angles to the slope of every plate, and from those to the corners of every body.
 *
 * Plates stand in one row from cranial to caudal: superior and inferior plate of the k-th body of the chain are numbers 2k and 2k + 1, the
 * S1 plate comes last. Seven of them are known from the person; between two known ones the difference is dealt out over bodies and
 * discs by fixed shares plus jitter whose sum is zero, so what is measured afterwards is exactly what was drawn.
 * The corners follow by walking up from the posterior end of S1: posterior disc height along the mean normal, inferior plate, posterior
 * body height, superior plate. Anterior heights, SVA and all the rest are consequences. */
#ifndef SYNTH_SPINE_H
#define SYNTH_SPINE_H
#include "synth/dimensions.h"
#include "synth/person.h"

enum { PLATES = 2 * LEVEL_SLOTS + 1 };
typedef struct slopes { double plate[PLATES]; int n; } slopes;           /* degrees, + anterior edge lower; n = 2 * bodies + 1 */

/* What happens to single bodies, by level: factors of the heights kept (1 1 1: whole; share: how much of it the superior plate takes),
 * share of
 * the wedge that the spine above follows, slip in mm, factor of the disc below. Filled by lesions_draw (lesions.h). */
typedef struct lesion { double factor[3], share, follow, slip, disc; } lesion;

/* Levels of the bodies of a spine with this kind of transition (anatomy.lstv), cranial to caudal; returns how many. */
int chain_levels(int lstv, int level[LEVEL_SLOTS]);

slopes slopes_draw(const person *p, const int *level, int n, int uiv, draws d);
/* Corners, S1, slips and heights kept into a; the S1 plate is s1_mm long and its posterior end the origin. */
void   chain_build(anatomy *a, const slopes *s, const dimension *size, const lesion *lesions, double s1_mm);
/* Is this a spine that somebody could have? Disc wedges, steps between plates, discs that overlap; wide: with pathology. */
int    chain_sound(const anatomy *a, int wide);
/* Horizontal distance of the centre of C7 from the posterior end of S1, mm, + forwards. */
double chain_sva(const anatomy *a);
#endif
