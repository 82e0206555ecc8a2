/* instances.h - what a detector is trained on: boxes, classes and masks of the instances of a batch, from maps of instance numbers, which go
 * through fit and augmentation as label maps do. Boxes follow from the masks, so they fit whatever was done to them. */
#ifndef TRAIN_INSTANCES_H
#define TRAIN_INSTANCES_H
#include "nn/net.h"

enum { INSTANCE_IDS = 256 };                    /* numbers of a map, 0 = none */

/* The leaves of the net that hold the truth lie in one block of the device's memory. */
void   instances_take(const net *t, const device *dev);
void   instances_free(const net *t, const device *dev);
size_t instances_bytes(const net *t);
void  *instances_block(const net *t);
/* The instances of one image that are learnt from: those seen at 4 pixels or more, and of a class; how many. b: edges, pixels. */
typedef struct instance_seen { int number, class; box b; } instance_seen;
int instances_seen(const uint8_t *ids, const uint8_t *classes, int64_t h, int64_t w, instance_seen seen[INSTANCE_IDS]);
/* Such a block, on the host. ids (n, h, w); classes (n, INSTANCE_IDS): the class of each number. Dies 2 where an image has more than
 * detector.instances. put: onto the device. */
void instances_fill(const net *t, const uint8_t *ids, const uint8_t *classes, void *block);
void instances_put(const net *t, const device *dev, const uint8_t *ids, const uint8_t *classes);
#endif
