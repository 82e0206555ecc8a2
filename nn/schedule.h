/* schedule.h - what runs, in order. Autograd happens here: backward steps are appended to a flat list, once; the first write of
 * a gradient sets it and later writes add, so nothing is ever zeroed. */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H
#include "nn/graph.h"

enum recompute { RECOMPUTE_NEVER, RECOMPUTE_AUTO, RECOMPUTE_ALWAYS };
#define RECOMPUTE_WORDS "never|auto|always"

typedef struct schedule {
    step *s; int n;
    enum recompute recompute;            /* may plan_make have maps made again rather than kept? See nn/recompute.h */
    int fixed;                           /* leading steps whose results depend on parameters alone: schedule_settle */
    size_t arena, work;                  /* bytes: values, gradients and scratch; of it the largest scratch of any step */
    char *base;                          /* set by plan_place */
    void (*spend)(void *spender, const context *c, tensor *parameter);      /* takes a gradient that is whole; see schedule_spend */
    void *spender;
    const struct device *dev;
} schedule;

void schedule_forward(schedule *s, graph *g, tensor *const *out, int nout);      /* the steps that these outputs need */
/* One node more, whatever the list holds already: for what must run after a gradient (norms of it, codebooks). */
void schedule_append(schedule *s, node *n);
/* Of a list that holds forward steps only: puts those first that depend on parameters alone (packing weights, folding norms,
 * standardising weights). They need to run again only when parameters have changed, and the plan keeps what they make. */
void schedule_settle(schedule *s);
/* d loss / d wrt: only tensors that depend on wrt and lead to loss take part. May be called several times in one list. Dies
 * (an op without a gradient on the way) naming the op and why. */
void schedule_backward(schedule *s, graph *g, tensor *loss, tensor *const *wrt, int nwrt);
/* Of a whole list, before it is planned: every parameter's gradient is handed to s->spend right after the last step that names the parameter,
 * and its memory is then free for others. Gradients are therefore never all there at once, and params need hold none. */
void schedule_spend(schedule *s);
/* Of the tensors of the last schedule_backward: has every one of these a gradient? */
int  schedule_reaches(tensor *const *wrt, int nwrt);
int  step_reads_packed(const step *t);   /* are the weights, input 1, read in their packed form at this step? */
void schedule_run(const schedule *s, context *c);                                 /* all steps */
void schedule_run_part(const schedule *s, context *c, int from, int to);          /* steps from..to-1 */
void schedule_free(schedule *s);                                                  /* the lists and the memory, not the struct */
#endif
