/* instances.h - what a detector is trained on: boxes, classes and masks of the instances of a batch, from maps of instance numbers, which go
 * through fit and augmentation as label maps do. Boxes follow from the masks, so they fit whatever was done to them. */
#ifndef TRAIN_INSTANCES_H
#define TRAIN_INSTANCES_H
#include "nn/net.h"

enum { INSTANCE_IDS = 256 };                    /* numbers of a map, 0 = none */

/* Memory of the truth leaves on the device, and back. */
void instances_take(const net *t, const device *dev);
void instances_free(const net *t, const device *dev);
size_t instances_bytes(const net *t);
/* Fills them and `extent`. ids (n, h, w); classes (n, INSTANCE_IDS): the class of each number. Numbers seen at fewer than 4 pixels are left
 * out; dies 2 where an image has more than detector.instances. */
void instances_put(const net *t, const device *dev, const uint8_t *ids, const uint8_t *classes);
#endif
