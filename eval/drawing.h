/* drawing.h - what was measured, drawn on the film: outlines, corners, plates, plumb lines, circles and angles with their values.
 *
 * PNG or SVG by the name's ending. Lines and letters grow with the film, so that a film of 4000 rows and one of 256 look the same on a
 * screen; small films are enlarged. */
#ifndef EVAL_DRAWING_H
#define EVAL_DRAWING_H
#include "eval/findings.h"

/* film: the radiograph, or NULL: black. Dies 2 on another ending, 4 on a full disk. */
void drawing_write(const char *path, const findings *f, const image *film, const ranges *normal);
#endif
