/* progress.h - how far a long job is, on stderr: a bar that redraws itself on a terminal, otherwise a plain line every few seconds, and
 * nothing when quiet. The remaining time is estimated from the steps done so far. Calls are cheap: most return at once. */
#ifndef VERBS_PROGRESS_H
#define VERBS_PROGRESS_H
#include <stdint.h>
#include "base/die.h"

typedef struct progress {
    const char *what;            /* "import", "epoch 3/40" */
    int64_t total;               /* 0: unknown */
    int quiet, terminal, shown;
    double began, last;          /* seconds, monotonic */
} progress;

progress progress_begin(const char *what, int64_t total, int quiet);
/* done of total; fmt (may be NULL) adds a few words, such as a loss or images per second. */
void progress_step(progress *p, int64_t done, const char *fmt, ...) PRINTF(3, 4);
void progress_end(progress *p);               /* clears the bar; the summary is the caller's to print */
double progress_seconds(const progress *p);   /* since progress_begin */
#endif
