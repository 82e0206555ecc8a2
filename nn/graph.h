/* graph.h - a graph: nodes in the order they run, and the tensors they join. Built once, then frozen. */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H
#include "nn/op.h"

typedef struct graph {
    node **node; int n;
    tensor **tensor; int nt;             /* every tensor, leaves included, for freeing and for walking */
} graph;

graph  *graph_new(void);
void    graph_free(graph *g);
void    node_free(node *n);                              /* and what it saved, but not its outputs: those are the graph's */
tensor *graph_leaf(graph *g, const char *name, shape s, dtype type, role r);
/* A node with its output(s) named `name`; conf is copied (o->conf bytes; NULL: zeros). Returns out[0]. Dies as infer does. */
tensor *graph_add(graph *g, const op *o, const char *name, const char *at, int nin, tensor *const *in, const void *conf);
/* The same with the settings as words of the op's own key table ("type=l1 norm=sum"), which dies on those it does not know. */
tensor *graph_words(graph *g, const char *op, const char *name, const char *at, int nin, tensor *const *in, const char *words);
/* Makes the node one of this device and of the types of its maps: that row of the op, and prepared (kernels chosen, scratch known). Again after views have changed. */
void    node_prepare(const context *c, node *n);
tensor *graph_find(const graph *g, const char *name);    /* NULL: none */
/* Turns inputs of concats into views of the concat's output where that is safe: a value, made by a node, in one concat only,
 * whose other readers all stand before the concat (its gradient is then set by what follows the concat and added to by them). */
void    graph_views(graph *g);
void    graph_print_dot(const graph *g);                 /* Graphviz on stdout */
#endif
