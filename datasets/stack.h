/* stack.h - simple made-up films: a stack of bright bodies along a curved line, with exact masks and corners. They have no anatomy and
 * no physics; they exist so that the whole path from training to table can be seen without any data. Film i of a seed is a pure
 * function of (seed, i). */
#ifndef DATASETS_STACK_H
#define DATASETS_STACK_H
#include "datasets/image.h"
#include "datasets/store.h"

enum { STACK_BODIES = 12 };

typedef struct stack_film { image film; uint8_t *mask; corners body[STACK_BODIES]; } stack_film;

/* film: 8 bits, h x w (64 to 4096); mask (h, w): 0 background, 1 body; bodies from the top down, called T6 to L5, corners in pixels. */
stack_film stack_make(uint64_t seed, uint32_t i, int64_t h, int64_t w);
void       stack_free(stack_film *f);
#endif
