/* objects.h - letters, numbers, ruler and collimator on the finished film. */
#ifndef SYNTH_OBJECTS_H
#define SYNTH_OBJECTS_H
#include "synth/scene.h"

/* grey (h, w) of 0..1 as it will be looked at, already mirrored. They keep to the margins. */
void objects_mark(float *grey, const anatomy *a, int inverted);
#endif
