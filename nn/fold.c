/* fold.c - see fold.h. The convolution takes over the output of the node after it, so that whoever read that output, a view of a concat
 * included, need not know. Settings pass from node to node through their key tables, as words.
 * The trap: an output that the graph's user asks for (keep) must survive under its own meaning, so what makes it is left alone. */
#include "nn/fold.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

/* The one node that reads t, if it reads it once and first; NULL: none, or more */
static node *only_reader(const graph *g, const tensor *t)
{
    node *found = NULL;
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->node[i]->nin; j++) {
            if (g->node[i]->in[j] != t) continue;
            if (found || j) return NULL;
            found = g->node[i];
        }
    return found;
}

static int is(const node *n, const char *op) { return !strcmp(n->op->name, op); }
static int is_norm(const node *n) { return is(n, "batch_norm") || is(n, "fixed_norm"); }

static void pass_on(const char *name, const node *from, node *to)
{
    char *text = key_text(key_find(from->op->keys, name), from->conf);
    key_set(key_find(to->op->keys, name), to->conf, text, to->at);
    free(text);
}

/* The last node of the graph moves to place i. */
static void move_last(graph *g, int i)
{
    node *last = g->node[g->n - 1];
    memmove(g->node + i + 1, g->node + i, (size_t)(g->n - 1 - i) * sizeof *g->node);
    g->node[i] = last;
}

/* Weights and bias of conv, node i, become those that fold_norm makes of them and of norm. */
static void add_fold(graph *g, int i, node *conv, const node *norm)
{
    tensor *in[6] = { conv->in[1], norm->in[1], norm->in[2], norm->in[3], norm->in[4], conv->nin > 2 ? conv->in[2] : NULL };
    char *name = xprintf("%.80s.folded", norm->out[0]->name), *eps = key_text(key_find(norm->op->keys, "eps"), norm->conf);
    char *words = xprintf("eps=%s", eps);
    node *fold = graph_words(g, "fold_norm", name, norm->at, conv->nin > 2 ? 6 : 5, in, words)->from;
    fold->layer = conv->layer;
    conv->in[1] = fold->out[0], conv->in[2] = fold->out[1], conv->nin = 3;
    move_last(g, i);
    free(name), free(eps), free(words);
}

/* Node `by` takes the place of node `old`, its output's maker. */
static void replace_output(node *by, const node *old)
{
    by->out[0]->from = NULL;                                   /* stays in the graph's list of tensors, read and written by nobody */
    by->out[0] = old->out[0];
    by->out[0]->from = by;
}

static void remove_node(graph *g, node *n)
{
    int at = 0;
    while (g->node[at] != n) at++;
    memmove(g->node + at, g->node + at + 1, (size_t)(--g->n - at) * sizeof *g->node);
    node_free(n);
}

/* What is left of a norm, once it is folded into node i - 1, is its activation. */
static void leave_activation(graph *g, int i, node *conv, node *norm)
{
    char *name = xprintf("%.80s.unused", norm->out[0]->name);
    const op *o = op_find("activation");
    void *conf = xalloc(o->conf);
    node *act = graph_add(g, o, name, norm->at, 1, conv->out, conf)->from;
    pass_on("activation", norm, act), pass_on("slope", norm, act);
    act->layer = norm->layer;
    replace_output(act, norm);
    move_last(g, i);
    free(name), free(conf);
}

/* A transposed convolution whose kernel is not its stride runs as the data pass of a convolution, which knows no activation. */
static int activates(const node *conv)
{
    const int64_t *x = conv->in[0]->s.d, *y = conv->out[0]->s.d, *w = conv->in[1]->s.d;
    return is(conv, "conv") || (y[1] == x[1] * w[1] && y[2] == x[2] * w[2]);
}

/* Have the kernels of this convolution the activation of node n? */
static int is_simple(const node *conv, const node *n)
{
    char *word = key_text(key_find(n->op->keys, "activation"), n->conf);
    const int simple = !strcmp(word, "linear") || (activates(conv) && (!strcmp(word, "relu") || !strcmp(word, "leaky")));
    free(word);
    return simple;
}

int graph_fold(graph *g)
{
    int norms = 0;
    for (int i = 0; i < g->n; i++) {
        node *n = g->node[i];
        if ((!is(n, "conv") && !is(n, "deconv")) || n->out[0]->keep || n->out[0]->of) continue;
        node *after = only_reader(g, n->out[0]);
        if (!after || (!is_norm(after) && !(is(after, "activation") && is_simple(n, after)))) continue;
        if (is_norm(after)) add_fold(g, i++, n, after), norms++;
        if (is_simple(n, after)) pass_on("activation", after, n), pass_on("slope", after, n), replace_output(n, after);
        else leave_activation(g, i + 1, n, after);
        remove_node(g, after);
    }
    return norms;
}
