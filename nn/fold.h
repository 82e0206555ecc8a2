/* fold.h - a graph for inference: batch norms with running statistics and activations become part of the convolutions before them. */
#ifndef NN_FOLD_H
#define NN_FOLD_H
#include "nn/graph.h"

/* Turns every convolution (transposed ones too) whose only reader is a batch norm, or an activation, into one convolution with bias and
 * activation; the norm's fold_norm node stands right before it. Activations that no convolution kernel has (all but relu and leaky) stay
 * nodes of their own. Afterwards the graph is for evaluation only: no gradient goes through
 * such a convolution. Returns the norms folded. Views must have been made before. */
int graph_fold(graph *g);
#endif
