/* chain.h - one level for every vertebral body, in order along the spine: what a network of levels says of each pixel, made one statement about
 * the film.
 *
 * Such a network finds bodies well and names them badly where the film gives little hold: one body has two names, two have the same, and
 * the neighbour of the last one that it knows (C7 above T1, the sacrum below L5) is drawn as one more of them. Together the bodies of a film
 * know better: each is given its level so that the levels follow each other, none twice, and the network's probabilities of all pixels of all
 * bodies are highest; a body whose turn is a level that the network has no class for is left out. A second network that draws bodies
 * more finely may say where they are. */
#ifndef EVAL_CHAIN_H
#define EVAL_CHAIN_H
#include <stdint.h>
#include "geometry/geometry.h"

/* level of each class, 0: none; class of each level, 0: none */
typedef struct chain { int classes, level[256], class_of[GEO_LEVELS]; } chain;

/* What lies on one canvas: pixels of sx by sy in equal units, so that directions are true. */
typedef struct chain_canvas { int64_t h, w; double sx, sy; } chain_canvas;

/* names (classes): of the classes in the order of the scores, "T1", ...; the first is the background. 0: fewer than two are levels. */
int chain_of(const char *const *names, int classes, chain *c);
/* p (h, w, classes): probabilities; bone (h, w): where the bodies are, if another network says it, else NULL: what all levels of p have
 * together. class (h, w): the class that the levels' share of a pixel belongs to, that of the body it lies in or nearest to; 0: the body is left
 * out. Where there is no body, or more than 64, each pixel's likeliest level. Returns how many bodies are named. */
int chain_decide(const chain *c, const chain_canvas *canvas, const float *bone, const float *p, uint8_t *class);
#endif
