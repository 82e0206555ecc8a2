/* chain.h - one level for every vertebral body, in order along the spine: what a network of levels says of each pixel, made one statement about
 * the film.
 *
 * Such a network finds bodies well and names them badly where the film gives little hold: one body has two names, two have the same, and
 * the neighbour of the last one that it knows (C7 above T1, the sacrum below L5) is drawn as one more of them. Together the bodies of a film
 * know better: each is given its level so that the levels follow each other and the network's probabilities of all pixels of all bodies
 * are highest; a body whose turn is a level that the network has no class for is left out. A second network that draws bodies more finely may say
 * where they are. */
#ifndef EVAL_CHAIN_H
#define EVAL_CHAIN_H
#include <stdint.h>
#include "geometry/geometry.h"

typedef struct chain { int classes, level[256], known[GEO_LEVELS]; } chain;     /* level of each class, 0: none; whether a class is of this level */

/* names (classes): of the classes in the order of the scores, "T1", ...; the first is the background. 0: fewer than two are levels. */
int chain_of(const char *const *names, int classes, chain *c);
/* p (h, w, classes): probabilities at every pixel, which become scores, logarithms of probabilities up to a constant, of the levels chosen: what
 * all levels together have of a pixel goes to the level of the body it lies in or nearest to, or to the background where that body is left out;
 * the other classes keep theirs. Without a body all keep theirs. bone (h, w): where the bodies are, if another network says it: what all
 * levels together have, while the others share the rest as they did; NULL: as p says. Returns how many bodies are named. */
int chain_decide(const chain *c, int64_t h, int64_t w, const float *bone, float *p);
#endif
