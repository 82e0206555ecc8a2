/* agreement.h - overlap of a predicted with a true label map, class by class, as validation reports it during training. The full
 * evaluation, with distances and intervals, is `darkspine eval`. */
#ifndef TRAIN_AGREEMENT_H
#define TRAIN_AGREEMENT_H
#include <stdint.h>

/* pred, truth (n). dice, iou (256): of every value; NaN where neither map has it, and for background. ignore: a true value that is left
 * out, or -1. */
void agreement(const uint8_t *pred, const uint8_t *truth, int64_t n, int ignore, double dice[256], double iou[256]);
#endif
