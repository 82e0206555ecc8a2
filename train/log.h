/* log.h - what a run writes down: DIR/log.jsonl, one JSON object a line, only ever appended to; and what is drawn from it anew each
 * time: log.csv (one row an epoch), curves.svg and curves.png. Every line goes into an event file for TensorBoard too (train/events.h).
 *
 * A checkpoint records the log's length. A resumed run cuts the log there, so that no step stands in it twice. The times of an epoch
 * (seconds, images_per_second, waiting_for_data) are those of the session that ended it: steps done before a stop are not in them. */
#ifndef TRAIN_LOG_H
#define TRAIN_LOG_H
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

typedef struct run_log { char *folder, *path, *events_path; int file; FILE *events; int64_t bytes; int warned; } run_log;

/* bytes: length to cut an existing log to; 0 starts anew. Dies 2 where the log is shorter than that, 4 on a write error. */
run_log *log_open(const char *folder, int64_t bytes);
void     log_close(run_log *l);
void     log_add(run_log *l, json_t *o);             /* one line, with the time; takes o */
void     log_sync(run_log *l);                       /* on disk, before a checkpoint records l->bytes */
json_t  *log_number(double x);                       /* null where it is not finite */
/* log.csv and the curves from log.jsonl. metric: "dice" or "iou". A log above LOG_MAX bytes is not drawn any more: warns once. */
enum { LOG_MAX = 1 << 28 };
void     log_draw(run_log *l, const char *metric);

/* How a metric of validation is drawn. top: of the axis from 0; 0: by the values. DSC where the word is none of them. */
typedef struct log_metric { const char *metric, *title, *axis; double top; } log_metric;
const log_metric *log_metric_find(const char *metric);
#endif
