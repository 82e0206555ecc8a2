/* recompute.h - maps that are made again rather than kept. Between forward and backward most memory holds maps that cost next to nothing
 * to make from maps that are kept beside them: a convolution's input is its predecessor's output, normalised and rectified. Such a map
 * is given up after its last use in forward and made again just before backward reads it: the same bits, less memory, one more pass
 * over the map (Chen et al. 2016, "Training deep nets with sublinear memory cost", restricted to ops that cost next to nothing: those that
 * multiply no matrices, and convolutions of few channels, such as a network's first). */
#ifndef NN_RECOMPUTE_H
#define NN_RECOMPUTE_H
#include "nn/schedule.h"

/* Puts steps that make maps again into a list whose nodes are prepared and whose buffers know their first and last step, once. RECOMPUTE_AUTO:
 * unless the passes would cost more than a few percent of a step (by measurement), as they do in nets of few channels, whose maps are small anyway. Maps whose op
 * has no `again` or is dear, that are outputs or lie in a wider map, or that cannot be made without keeping more than half of what is saved, stay. */
void recompute_insert(schedule *s);
#endif
