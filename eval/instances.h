/* instances.h - what a detector finds on a film: boxes, scores and classes, best first, and a map of their numbers, from 1, in which the
 * better one has the pixels that two claim. */
#ifndef EVAL_INSTANCES_H
#define EVAL_INSTANCES_H
#include "datasets/fit.h"

struct net_program;
enum { INSTANCES_MOST = 255 };

typedef struct instances {
    int n;
    float box[INSTANCES_MOST][4];            /* x1 y1 x2 y2, pixels of the film, edges: a box of one pixel has x2 = x1 + 1 */
    float score[INSTANCES_MOST];
    int class[INSTANCES_MOST];               /* of the network, 0 = background */
    uint8_t *number;                         /* (h, w) of the film; 0: none. free() it */
} instances;

/* The same as masks (n): runs of the film's rows. free() the runs of each, then the list. */
struct instance *instances_masks(const instances *o, int64_t h, int64_t w);
/* How many of them, the best, are certain enough to be measured: score 0.3 and above. The others count in precision and recall only. */
int instances_sure(const instances *o);
/* Of the first image of a program that has just run, on the film that f has fitted to it. Those without a pixel are left out. */
instances instances_of(const struct net_program *r, const fit *f);
#endif
