/* record.h - DIR/run.json: what a run is and how far it is, for programs and for `darkspine runs`. Rewritten, whole, with every checkpoint. */
#ifndef TRAIN_RECORD_H
#define TRAIN_RECORD_H
#include "train/trainer.h"

/* status: "running", "stopped", "finished", "failed" */
void record_write(const trainer *t, const char *status);
#endif
