/* rebuild.h - films through a network that was trained to rebuild films without implants (docs/vqgan.md): what it makes of a film, and what it
 * puts into a hole. */
#ifndef EVAL_REBUILD_H
#define EVAL_REBUILD_H
#include "datasets/fit.h"
#include "nn/checkpoint.h"
#include "nn/net.h"

typedef struct rebuilder {
    net_program *program;
    params *p;
    fit_conf fit;
    real *in, *out;                          /* (height, width, channels) */
} rebuilder;

/* The network of a checkpoint and how its run fits films. Dies 2 where it does not rebuild its input (no codebook, or other channels out
 * than in), or where the fit cannot be undone (data.clahe). precision: "net.precision=WORD", or NULL for the network's own. */
rebuilder *rebuilder_new(checkpoint *k, const fit_conf *fit, const char *precision, const device *dev);
void rebuilder_free(rebuilder *r);                       /* NULL is fine */

/* film (h, w), 0..1 of its bits' range -> out (h, w) in the same greys, as fine as the net's input. */
void rebuilder_run(rebuilder *r, const float *film, int64_t h, int64_t w, float *out);
/* The same for a film whose mask (h, w) is to be filled and already holds something plausible there: what the net makes of it takes the
 * place of the mask's part, and that goes in again, `passes` times in all. */
void rebuilder_fill(rebuilder *r, const float *film, const uint8_t *mask, int64_t h, int64_t w, int64_t passes, float *out);
#endif
