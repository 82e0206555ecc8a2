/* contour.h - the outline of a body from its four corners: hollow plates, waisted walls, rounded rims, the uncinate step of the neck. */
#ifndef SYNTH_CONTOUR_H
#define SYNTH_CONTOUR_H
#include "synth/anatomy.h"
#include "synth/draws.h"

enum { CONTOUR_MOST = 160 };
typedef struct shape {
    double plate[2], apex[2];              /* how deep the superior, inferior plate is hollow, mm; where, 0 anterior .. 1 posterior */
    double wall[2];                        /* waist of the anterior, posterior wall, mm */
    double rim;                            /* radius of the corners, mm */
    double uncinate;                       /* height of the step at the back of the superior plate, mm */
} shape;
/* Usual values of a level, as the person draws them. sunken: how much the middle lost beside the corners, mm, superior and inferior. */
shape shape_draw(int level, const double sunken[2], draws *d);
/* Clockwise on the screen, beginning at SP; every corner lies on it exactly. Returns the number of points; middle: of the two plates. */
int contour_make(const double corner[4][2], const shape *s, double out[CONTOUR_MOST][2], double middle[2][2]);
#endif
