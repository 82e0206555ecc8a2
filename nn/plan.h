/* plan.h - the memory planner. It sees only a list of steps: which step first writes and last reads every buffer. Buffers whose
 * lives do not overlap share addresses: largest first, each at the lowest address free throughout its life. */
#ifndef NN_PLAN_H
#define NN_PLAN_H
#include "nn/schedule.h"

/* Prepares every node (kernels chosen, scratch known) and gives every value, gradient and step's scratch an offset. share = 0 puts every buffer
 * apart: more memory, and by test the same bits. Sets s->arena and s->work; takes no memory yet. */
void plan_make(schedule *s, const context *c, int share);
/* What no plan of these steps can do without: the largest sum of buffers that live at once, in bytes. */
size_t plan_bound(const schedule *s);
/* Takes the memory and sets every pointer; dies 4 with need and have where it cannot be had. Leaves must be bound before. */
void plan_place(schedule *s, const struct device *dev);
/* The same in memory of the device that is there, s->arena bytes, and stays the caller's. */
void plan_place_at(schedule *s, void *memory);
void plan_print(const schedule *s);      /* buffers: name, bytes, from, to, offset; then the peak */
#endif
