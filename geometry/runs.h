/* runs.h - a mask as horizontal runs of pixels, and which runs hang together; internal to geometry/.
 *
 * Components, holes and areas cost one pass over the pixels and then only work per run. */
#ifndef GEOMETRY_RUNS_H
#define GEOMETRY_RUNS_H
#include <stdint.h>

typedef struct run { int32_t y, from, to, root; } run;      /* pixels from <= x < to of row y; root: index of its component's first run */
typedef struct runs { run *r; int64_t n; } runs;

/* Runs of the pixels of mask (h, w) whose truth equals `inside` (1: non-zero ones, 0: zeros), in raster order. -1: memory. */
int  runs_find(const uint8_t *mask, int64_t h, int64_t w, int inside, runs *out);
/* Sets root. corners 0: runs hang together where they share an edge of a pixel (4-connected), 1: a corner is enough (8-connected). */
void runs_connect(runs *s, int corners);
void runs_free(runs *s);
#endif
