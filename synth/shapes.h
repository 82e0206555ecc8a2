/* shapes.h - everything of a film that has no truth attached, from three kinds of shape: balls, tubes along a line, plates within an
 * outline. Millimetres in the frame of solid.h; path lengths are added to the maps. Amounts may be negative: gas is soft tissue taken
 * away. */
#ifndef SYNTH_SHAPES_H
#define SYNTH_SHAPES_H
#include "synth/maps.h"

/* An ellipsoid: half axes a, b, turned clockwise by angle (radians); depth: its whole extent along the beam at the centre, mm. A haze is
 * the same with a border that fades, for what is no ball. */
typedef struct ball { double at[2], a, b, angle, depth; } ball;
void shape_ball(maps *m, enum material what, ball o);
void shape_haze(maps *m, enum material what, ball o);
/* The layer of this thickness around it, outside of what the ellipsoid holds. */
void shape_shell(maps *m, enum material what, ball o, double thick);

/* A round bar along the points, its radius by point; shell_mm of shell around the core. stretch, by point: its length along the beam is
 * that much longer than its diameter, as that of a rib that runs towards the source. Thinner than a pixel it keeps its volume. */
enum { TUBE_POINTS = 64 };
typedef struct tube { int n; double p[TUBE_POINTS][2], radius[TUBE_POINTS], stretch[TUBE_POINTS]; } tube;
void shape_tube(maps *m, enum material core, enum material shell, const tube *t, double shell_mm, double gain);

/* A slab within the outline (n at most SHAPE_CORNERS), thick mm along the beam. With a rim it is bone: its corners are rounded, and its
 * border, edge_mm wide, holds up to rim mm of cortical bone more; without, it fades over its border. */
enum { SHAPE_CORNERS = 16 };
void shape_plate(maps *m, enum material what, const double (*outline)[2], int n, double thick, double rim, double edge_mm);
/* A closed outline with its corners cut off twice (Chaikin 1974): out gets 4 n points, n at most SHAPE_CORNERS. */
int  shape_round(const double (*p)[2], int n, double (*out)[2]);
#endif
