/* truth.h - what a detector is trained on: boxes, classes and masks of the instances of a batch, from maps of instance numbers, which go
 * through fit and augmentation as label maps do. Boxes follow from the masks, so they fit whatever was done to them. */
#ifndef TRAIN_TRUTH_H
#define TRAIN_TRUTH_H
#include "nn/net.h"

enum { TRUTH_IDS = 256 };                    /* numbers of a map, 0 = none */

/* Memory of the truth leaves on the device, and back. */
void truth_take(const net *t, const device *dev);
void truth_free(const net *t, const device *dev);
size_t truth_bytes(const net *t);
/* Fills them and `extent`. ids (n, h, w); classes (n, TRUTH_IDS): the class of each number. Numbers seen at fewer than 4 pixels are left
 * out; dies 2 where an image has more than detector.instances. */
void truth_put(const net *t, const device *dev, const uint8_t *ids, const uint8_t *classes);
#endif
