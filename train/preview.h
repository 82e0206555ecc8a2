/* preview.h - what the network will be shown: a sheet of augmented training samples with their labels drawn in. */
#ifndef TRAIN_PREVIEW_H
#define TRAIN_PREVIEW_H
#include "train/run.h"

/* A PNG of rows x columns samples: one training case a row, without augmentation on the left, then as the first epochs draw it. */
void preview(run *r, const char *path, int rows, int columns);
#endif
