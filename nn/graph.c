/* graph.c - nodes and tensors in the order they were made; see graph.h. */
#include "nn/graph.h"
#include "nn/backend.h"
#include "nn/device.h"
#include "base/die.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

graph *graph_new(void) { return xalloc(sizeof(graph)); }

void node_free(node *n)
{
    if (n->op->release) n->op->release(n);
    for (int j = 0; j < n->nsaved; j++) tensor_free(n->saved[j]);
    for (int j = 0; j < 2; j++) tensor_free(n->packed[j]);
    free(n->conf), free(n);
}

void graph_free(graph *g)
{
    if (!g) return;
    for (int i = 0; i < g->n; i++) node_free(g->node[i]);
    for (int i = 0; i < g->nt; i++) tensor_free(g->tensor[i]);
    free(g->node), free(g->tensor), free(g);
}

static void keep(graph *g, tensor *t)
{
    if ((g->nt & (g->nt + 1)) == 0) g->tensor = xgrow(g->tensor, (size_t)(2 * (g->nt + 1)) * sizeof *g->tensor);
    g->tensor[g->nt++] = t;
}

tensor *graph_leaf(graph *g, const char *name, shape s, dtype type, role r)
{
    tensor *t = tensor_new(name, s, type, r);
    keep(g, t);
    return t;
}

tensor *node_output(node *n, shape s, dtype type)
{
    assert(n->nout < MAX_OUT);
    tensor *t = tensor_new("", s, type, VALUE);
    t->from = n;
    return n->out[n->nout++] = t;
}

tensor *node_saved(node *n, const char *what, shape s, dtype type)
{
    assert(n->nsaved < MAX_SAVED);
    tensor *t = tensor_new(what, s, type, VALUE);
    t->from = n;
    return n->saved[n->nsaved++] = t;
}

void node_packs(node *n)
{
    for (int i = 0; i < 2; i++) n->packed[i] = tensor_new(i ? "packed backward" : "packed", SHAPE1(0), U8, VALUE);
}

void node_pack_size(node *n, int backward, size_t bytes)
{
    n->packed[backward]->s = SHAPE1((int64_t)bytes);
    n->packed[backward]->x.size = bytes;
}

tensor *graph_add(graph *g, const op *o, const char *name, const char *at, int nin, tensor *const *in, const void *conf)
{
    node *n = xalloc(sizeof *n);
    assert(nin <= MAX_IN);
    n->op = o, n->nin = nin, n->want = ~0u, n->reads_x = o->reads_x, n->reads_y = o->reads_y, n->conf = xalloc(o->conf);
    snprintf(n->at, sizeof n->at, "%s", at);
    if (conf && o->conf) memcpy(n->conf, conf, o->conf);
    memcpy(n->in, in, (size_t)nin * sizeof *in);
    o->infer(n);
    if (o->samples) n->out[0]->count = n->in[0]->count;
    for (int i = 0; i < n->nout; i++) {
        snprintf(n->out[i]->name, sizeof n->out[i]->name, i ? "%s.%d" : "%s", name, i);
        keep(g, n->out[i]);
    }
    for (int i = 0; i < n->nsaved; i++) {
        char what[40];
        snprintf(what, sizeof what, "%.39s", n->saved[i]->name);
        snprintf(n->saved[i]->name, sizeof n->saved[i]->name, "%.54s.%s", name, what);
    }
    for (int i = 0; i < 2 && n->packed[0]; i++)
        snprintf(n->packed[i]->name, sizeof n->packed[i]->name, "%.54s.packed%s", name, i ? " backward" : "");
    if ((g->n & (g->n + 1)) == 0) g->node = xgrow(g->node, (size_t)(2 * (g->n + 1)) * sizeof *g->node);
    g->node[g->n++] = n;
    return n->out[0];
}

tensor *graph_words(graph *g, const char *op_name, const char *name, const char *at, int nin, tensor *const *in, const char *words)
{
    const op *o = op_find(op_name);
    void *conf = xalloc(o->conf);
    key_words(o->keys, conf, words, at);
    tensor *t = graph_add(g, o, name, at, nin, in, conf);
    free(conf);
    return t;
}

static const op *row_on(const struct device *d, const node *n)
{
    int bf16 = 0;
    for (int i = 0; i < n->nin; i++) bf16 |= n->in[i]->type == BF16;
    for (int i = 0; i < n->nout; i++) bf16 |= n->out[i]->type == BF16;
    const op *o = op_row(bf16 ? d->code->ops_bf16 : d->code->ops, n->op->name);
    assert(o);
    return o;
}

void node_prepare(const context *c, node *n)
{
    const op *o = row_on(c->dev, n);
    if (o != n->op && n->op->release) n->op->release(n);       /* what another row has prepared is its own to free */
    n->op = o;
    if (o->prepare) o->prepare(c, n);
}

tensor *graph_find(const graph *g, const char *name)
{
    for (int i = g->nt; i-- > 0;) if (!strcmp(g->tensor[i]->name, name)) return g->tensor[i];
    return NULL;
}

/* May input j of concat node c live inside its output? */
static int may_view(const graph *g, int c, const tensor *t)
{
    if (t->role != VALUE || !t->from || t->of || t->keep || t->s.nd != 4) return 0;
    int seen = 0;
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->node[i]->nin; j++)
            if (g->node[i]->in[j] == t) {
                if (i > c) return 0;                           /* its gradient would be set before the concat's, then overwritten */
                seen += i == c;
            }
    return seen == 1;
}

void graph_views(graph *g)
{
    const op *concat = op_find("concat");
    for (int c = 0; c < g->n; c++) {
        node *n = g->node[c];
        if (n->op != concat) continue;
        int64_t offset = 0;
        for (int j = 0; j < n->nin; j++) {
            tensor *t = n->in[j];
            if (may_view(g, c, t)) t->of = n->out[0], t->offset = offset;
            offset += tensor_channels(t);
        }
    }
}

void graph_print_dot(const graph *g)
{
    char text[64];
    printf("digraph net {\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n");
    for (int i = 0; i < g->n; i++) {
        const node *n = g->node[i];
        printf("  n%d [label=\"%s\\n%s %s\"];\n", i, n->out[0]->name, n->op->name, shape_text(&n->out[0]->s, text));
        for (int j = 0; j < n->nin; j++)
            for (int k = 0; k < i; k++)
                if (n->in[j]->from == g->node[k]) printf("  n%d -> n%d;\n", k, i);
    }
    printf("}\n");
}
