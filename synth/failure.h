/* failure.h - what segmentation nets do wrong, done on purpose to the objects of a film, each with the diagnosis that a detector of
 * failures
 * should give. Corners, points and values keep the truth; only objects change. */
#ifndef SYNTH_FAILURE_H
#define SYNTH_FAILURE_H
#include "synth/truth.h"

enum failure { FAILURE_NONE, FAILURE_DROP, FAILURE_MERGE, FAILURE_SPLIT, FAILURE_SHIFT, FAILURE_TRUNCATE, FAILURE_SPURIOUS, FAILURE_ERODE,
    FAILURE_DILATE,
    FAILURE_RAGGED, FAILURE_LEAK, FAILURE_SPUR, FAILURE_SWAP, FAILURE_FACING, FAILURE_HEADS, FAILURE_HEAD, FAILURES };
extern const char *const failure_names[FAILURES];
enum { DIAGNOSIS = 96 };

/* Does it, and writes what it did: "drop:T5,T6", "merge:L1+L2", "split:T9", "shift:-1", "truncate:L5", "spurious:S2", "erode:3px", ...;
 * "none" where
 * the film has nothing that this could be done to. kind FAILURES: one is drawn. */
void failure_apply(truth *t, enum failure kind, draws *d, char diagnosis[DIAGNOSIS]);

/* An outline sampled every pixel and pushed outwards by a smooth random function: SD and correlation length in pixels; shift: by so much
 * everywhere. */
void outline_push(outline *o, double shift, double sd, double length, draws *d);
#endif
