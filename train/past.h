/* past.h - a run as its folder tells it, finished or not: what `darkspine runs` lists and compares. Numbers come from log.jsonl, settings from
 * run.cfg, status and origin from run.json; a folder of an older version without the last is read as well. */
#ifndef TRAIN_PAST_H
#define TRAIN_PAST_H
#include "nn/cfg.h"
#include <stdint.h>

typedef struct past_series { double *x, *y; int64_t n; } past_series;

typedef struct past_run {
    char *folder, *status, *commit, *version;            /* status "unknown" and empty texts where run.json does not say */
    const char *metric;                                  /* "dice" or "iou"; "psnr" (dB) of a network that rebuilds films */
    double best, loss, seconds, images_per_second;       /* NaN: none yet. loss: mean of the last epoch; seconds: of its epochs and validations */
    int64_t best_epoch, epoch, epochs, parameters;       /* 0: none, not known */
    past_series losses, metrics;                         /* over epochs */
    cfg *settings;                                       /* NULL where there is no run.cfg */
} past_run;

int      past_is(const char *folder);                    /* does it hold a run? */
/* Dies 2 on a file that is not what training writes. */
past_run past_read(const char *folder);
void     past_free(past_run *p);
/* A setting by "section.key", of the run's own sections and [net]; NULL: it has none. */
const char *past_setting(const past_run *p, const char *name);
#endif
