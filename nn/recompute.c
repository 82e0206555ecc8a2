/* recompute.c - see recompute.h. Nodes are walked from the last to the first, so that a map which another one is made from is seen to be
 * wanted at that place, and may itself be made again there: dropout of gelu of what is kept, in two steps. */
#include "nn/recompute.h"
#include "base/die.h"
#include <stdlib.h>

enum {
    WORTH = 4,                           /* steps that a map must rest for at least: shorter gaps free nothing */
    PRODUCTS_ALL = 700,                  /* RECOMPUTE_AUTO: least multiply-adds of a forward pass for every number that is made again */
    PRODUCTS = 150                       /* most multiply-adds a number: as long as it takes to read and write the number twice */
};

typedef struct { int at; const node *n; } remade;        /* n is made again before step `at` */
typedef struct { remade *r; int n; } remades;            /* in the order of the walk: last node first */

/* Does this step read the value of t? */
static int reads(const step *t, const tensor *v)
{
    const node *n = t->n;
    if (!n) return 0;
    if (t->pack) return n->in[1] == v;
    for (int j = 0; j < n->nin; j++) {
        const int packed = j == 1 && step_reads_packed(t);
        if (n->in[j] == v && (!t->backward || n->reads_x >> j & 1) && !packed) return 1;
    }
    for (int j = 0; j < n->nout && t->backward; j++) if (n->out[j] == v && n->reads_y >> j & 1) return 1;
    return 0;
}

/* Is the map still there at step `at`? What is no map always is. */
static int lives(const tensor *t, int at)
{
    for (; t->of; t = t->of) {}
    return t->role != VALUE || t->x.last >= at;
}

/* Is it cheap to make what this node makes? Norms, activations, sums; convolutions of few channels */
static int cheap(const node *n)
{
    return n->op->again && n->nout == 1 && (!n->op->macs || n->op->macs(n) <= PRODUCTS * shape_volume(&n->out[0]->s));
}

/* Bytes that must be kept until step `at`, or made again there from others, so that n can be run there */
static size_t cost(const node *n, int at)
{
    size_t sum = n->packed[0] ? n->packed[0]->x.size : 0;
    for (int j = 0; j < n->nin; j++) {
        tensor *u = n->in[j];
        if (lives(u, at)) continue;
        const size_t remade = u->from && cheap(u->from) && !u->of ? cost(u->from, at) : SIZE_MAX, all = tensor_root(u)->x.size;
        sum += remade < all ? remade : all;
    }
    return sum;
}

/* The step before which v must be there again, after it has rested since the last step that forward reads it; 0: no such */
static int wanted(const schedule *s, int forward, const remades *done, const tensor *v, int made)
{
    int at = forward, rests = made;
    while (at < s->n && !reads(&s->s[at], v)) at++;
    for (int i = 0; i < done->n; i++)
        for (int j = 0; j < done->r[i].n->nin; j++) if (done->r[i].n->in[j] == v && done->r[i].at < at) at = done->r[i].at;
    for (int i = made; i < forward; i++) if (reads(&s->s[i], v)) rests = i;
    return at < s->n && at - rests > WORTH ? at : 0;
}

/* Are weights that the node reads other ones at step `at`? */
static int spent_before(const schedule *s, const node *n, int at)
{
    for (int i = 0; i < at; i++)
        for (int j = 0; s->s[i].spend && j < n->nin; j++) if (n->in[j] == s->s[i].spend) return 1;
    return 0;
}

/* From here on every tensor knows that it is read there. */
static void extend(const node *n, int at)
{
    for (int j = 0; j < n->nin; j++) {
        tensor *u = tensor_root(n->in[j]);
        if (u->role == VALUE && u->x.last < at) u->x.last = at;
    }
}

/* Before step i, the steps that make maps again, first node first */
static void insert(schedule *s, const remades *done)
{
    step *all = xalloc_n((size_t)(s->n + done->n) * 2 + 2, sizeof *all);
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        for (int k = done->n; k-- > 0;) if (done->r[k].at == i) all[n++] = (step){ .n = (node *)done->r[k].n, .again = 1 };
        all[n++] = s->s[i];
    }
    free(s->s);
    s->s = all, s->n = n;
}

/* Is the time of these passes lost beside the products of the forward pass? */
static int costs_little(const schedule *s, int forward, const remades *done)
{
    int64_t numbers = 0, products = 0;
    for (int i = 0; i < forward; i++) if (!s->s[i].pack && s->s[i].n->op->macs) products += s->s[i].n->op->macs(s->s[i].n);
    for (int i = 0; i < done->n; i++) numbers += shape_volume(&done->r[i].n->out[0]->s);
    return numbers * PRODUCTS_ALL <= products;
}

void recompute_insert(schedule *s)
{
    int forward = 0;                     /* steps before the first gradient */
    while (forward < s->n && !s->s[forward].seed) forward++;
    remades done = { xalloc_n((size_t)forward + 1, sizeof *done.r), 0 };
    for (int i = forward; i-- > 0;) {
        const node *n = s->s[i].n;
        const tensor *v = n->out[0];
        if (s->s[i].pack || !cheap(n) || v->keep || v->of || v->x.last <= i) continue;
        const int at = wanted(s, forward, &done, v, i);
        if (!at || cost(n, at) > v->x.size / 2 || spent_before(s, n, at)) continue;
        done.r[done.n++] = (remade){ at, n };
        extend(n, at);
    }
    if (s->recompute == RECOMPUTE_ALWAYS || costs_little(s, forward, &done)) insert(s, &done);
    s->recompute = RECOMPUTE_NEVER;      /* what is in the list stays there */
    free(done.r);
}
