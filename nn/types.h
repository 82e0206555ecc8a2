/* types.h - which maps lie in bf16.
 *
 * A map does where the net's precision is bf16, the device has rows of ops for such maps and gains by them (nn/backend.h), and the op
 * that writes it and all that read it have such a row; else it stays real. An op whose row is not `mixed` has all its maps in one type,
 * so a real one makes its neighbours real as far as the next op that is: the convolutions, which read and write both. Its gradient lies
 * as the map does. Inputs, outputs of the net, parameters, statistics and losses are always real. */
#ifndef NN_TYPES_H
#define NN_TYPES_H
#include "nn/schedule.h"

/* Sets the types and sizes of all maps of the schedule; for plan_make, before nodes are prepared. */
void types_choose(const schedule *s, const context *c);
#endif
