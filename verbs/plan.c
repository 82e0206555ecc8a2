/* plan.c - `darkspine plan`: what a network or a run is made of and what it will need, before anything is allocated. The numbers come
 * from the same graph, schedules and kernel choices that training and prediction use. */
#include "verbs/verb.h"
#include "base/die.h"
#include "train/replay.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const flag own[] = {
    { "--memory", NULL, "also every buffer of the training plan: bytes, first and last step, offset" },
    { "--dot", NULL, "the graph in Graphviz's language instead" },
    { "--inference", NULL, "the kernels of inference instead: norms folded into convolutions" },
    { 0 }
};
static const usage how = { "plan", "NET.cfg|RUN.cfg",
    "Layers, shapes, parameters, multiply-adds of one image, memory, and the kernel chosen for every layer; nothing is allocated.\n"
    "A network alone is planned with cross-entropy and SGD with momentum. Kernels are named `forward | backward data | backward weights`.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_COMPUTE, 1, 1, 1 };

typedef struct { run *r; model *m; net *inference; schedule forward; int norms; } planned;     /* norms: folded at inference */

/* Does the file hold more than a network? */
static int is_run(const char *path)
{
    cfg *c = cfg_read(path);
    cfg_section *s = cfg_find(c, "net");
    int yes = s && cfg_get(s, "file");
    for (const run_section *t = run_sections; t->name; t++) yes |= cfg_find(c, t->name) != NULL;
    cfg_free(c);
    return yes;
}

/* The words that make a run of a network alone come first: those of the command line override them. */
static run *read(const char *path, const flags *f, int whole)
{
    static const char *const alone[] = { "data.store=none", "solver.optimiser=sgd", "solver.momentum=0.9" };
    enum { ALONE = sizeof alone / sizeof *alone };
    const char **word = xalloc_n((size_t)f->nset + ALONE + 1, sizeof *word);
    int n = 0;
    for (int i = 0; !whole && i < ALONE; i++) word[n++] = alone[i];
    for (int i = 0; i < f->nset; i++) word[n++] = f->set[i];
    run *r = run_read(path, word, n);
    free(word);
    return r;
}

static planned make(const flags *f, const device *dev)
{
    const char *path = f->input[0];
    int whole = is_run(path);
    planned p = { .r = read(path, f, whole) };
    int64_t batch = whole ? p.r->solver.batch / p.r->solver.subdivisions : 0;
    net *t = run_net(p.r, batch);
    if (!whole && !p.r->objective.loss && !t->detector && !p.r->adversary.critic)
        p.r->objective.loss = xdup(t->conf.classes == 1 ? "bce" : "cross_entropy");
    run_check(p.r, t);
    p.m = model_plan(p.r, t, dev);
    p.inference = run_net(p.r, batch);
    context c = net_context(p.inference, dev);
    p.norms = net_inference(p.inference, &p.forward);
    plan_make(&p.forward, &c, 1);
    return p;
}

static void release(planned *p)
{
    schedule_free(&p->forward);
    net_free(p->inference), model_free(p->m), run_free(p->r);
}

typedef struct { int64_t parameters, trainable, macs; size_t bytes, training, inference, workspace, bound[2], kept; } totals;
/* bound: of the arena in training, at inference; kept: what inference makes of parameters alone, once */

static totals add_up(const planned *p)
{
    const graph *g = p->inference->g;
    totals s = { .parameters = model_numbers(g, PARAM), .macs = net_macs(p->inference), .workspace = p->m->of[0].plan.work };
    s.trainable = s.parameters;
    s.bytes = (size_t)(s.parameters + model_numbers(g, STATE)) * sizeof(real);
    s.training = model_map_bytes(p->m) + model_state_bytes(p->m, p->r);
    s.inference = p->forward.arena + p->inference->input->x.size + s.bytes;
    s.bound[0] = plan_bound(&p->m->of[0].plan), s.bound[1] = plan_bound(&p->forward);
    for (int i = 0; i < p->forward.fixed; i++) {
        const step *t = &p->forward.s[i];
        if (t->pack) s.kept += t->n->packed[0]->x.size;
        else for (int j = 0; j < t->n->nout; j++) if (t->n->out[j]->x.last == p->forward.n - 1) s.kept += t->n->out[j]->x.size;
    }
    return s;
}

/* What computes layer i: the kernel of each of its nodes, or the op's name where there is but one; fresh. */
static char *kernels(const net *t, int i)
{
    const net_layer *l = &t->layer[i];
    char *text = xdup(l->count ? "" : "nothing to do");
    for (int k = l->first; k < l->first + l->count; k++) {
        const node *n = t->g->node[k];
        char *more = xprintf("%s%s%s", text, *text ? "; " : "", n->kernel ? n->kernel : n->op->name);
        free(text);
        text = more;
    }
    return text;
}

/* The sizes of data.sizes beside the net's own, each with its own plan in the same memory. */
static void print_sizes(const planned *p)
{
    for (int k = 0; k < p->m->sizes && p->m->sizes > 1; k++) {
        const model_size *z = &p->m->of[k];
        printf("%-12s%" PRId64 " x %" PRId64 ": %.1f MiB training arena, %.3f G multiply-adds an image%s\n", k ? "" : "input sizes", z->t->conf.height,
               z->t->conf.width, (double)z->plan.arena / (1 << 20), (double)net_macs(z->t) * 1e-9, k ? "" : " (the net's own, as above)");
    }
    if (p->m->sizes > 1) printf("%-12sone arena holds any of them: training, above, counts the largest\n", "");
}

static json_t *object_sizes(const planned *p)
{
    json_t *list = json_array();
    for (int k = 0; k < p->m->sizes; k++) {
        const model_size *z = &p->m->of[k];
        object_append(list, json_pack("{s:I s:I s:I s:I}", "height", (json_int_t)z->t->conf.height, "width", (json_int_t)z->t->conf.width,
                                      "training_arena", (json_int_t)z->plan.arena, "macs", (json_int_t)net_macs(z->t)));
    }
    return list;
}

static json_t *object(const planned *p, const char *path)
{
    const net *t = p->m->t;
    const totals s = add_up(p);
    const net_conf *c = &t->conf;
    json_t *rows = json_array();
    for (int i = 0; i < t->n; i++) {
        const net_layer *l = &t->layer[i];
        json_t *shape = json_array();
        char *kernel = kernels(t, i), *inference = kernels(p->inference, i);
        for (int d = 0; d < l->out->s.nd; d++) json_array_append_new(shape, json_integer(l->out->s.d[d]));
        object_append(rows, json_pack("{s:i s:o s:s s:o s:s s:I s:I s:s}", "index", i, "name", object_text(l->name), "section", l->l->section,
                                     "shape", shape, "type", dtype_name(l->out->type), "parameters", (json_int_t)l->parameters, "macs", (json_int_t)net_layer_macs(p->inference, i), "kernel", kernel));
        json_object_set_new(json_array_get(rows, (size_t)i), "inference_kernel", json_string(inference));
        free(kernel), free(inference);
    }
    return json_pack("{s:o s:o s:[I,I,I,I] s:I s:I s:I s:s s:o s:{s:I s:I s:I s:I s:I s:I s:I s:I s:I}}", "net", object_text(path), "sizes", object_sizes(p), "input", (json_int_t)c->batch,
                     (json_int_t)c->height, (json_int_t)c->width, (json_int_t)c->channels, "parameters", (json_int_t)s.parameters, "trainable", (json_int_t)s.trainable,
                     "macs", (json_int_t)s.macs, "loss", run_loss(p->r), "layers", rows, "memory", "parameters", (json_int_t)s.bytes,
                     "training_peak", (json_int_t)s.training, "inference_peak", (json_int_t)s.inference, "workspace", (json_int_t)s.workspace,
                     "training_arena", (json_int_t)p->m->of[0].plan.arena, "training_bound", (json_int_t)s.bound[0],
                     "inference_arena", (json_int_t)p->forward.arena, "inference_bound", (json_int_t)s.bound[1], "inference_kept", (json_int_t)s.kept);
}

static void print_arena(const char *what, size_t arena, size_t bound)
{
    printf("            %10.1f MiB %s arena; no plan needs less than %.1f (%.1f %% less)\n", (double)arena / (1 << 20), what,
           (double)bound / (1 << 20), arena ? 100 * (1 - (double)bound / (double)arena) : 0);
}

/* Where maps lie in bf16, and why not where they do not */
static const char *maps(const planned *p)
{
    const net *t = p->m->t;
    if (!p->m->c.bf16) return "float32";
    for (int i = 0; i < t->n; i++)
        if (t->layer[i].out->type == BF16) return "of the types above; parameters, their gradients, statistics and losses float32";
    return "float32: no two layers of this network can share one in bf16, or this device does not gain by it";
}

static void print(const planned *p, int memory, int inference)
{
    const net *t = p->m->t;
    const totals s = add_up(p);
    const double mib = 1 << 20;
    char text[64];
    printf("%5s  %-24s %-16s %-18s %-8s %12s %14s  %s\n", "layer", "name", "section", "output", "type", "parameters", "MACs / image", "kernel");
    for (int i = 0; i < t->n; i++) {
        const net_layer *l = &t->layer[i];
        char *kernel = kernels(inference ? p->inference : t, i);
        printf("%5d  %-24s %-16s %-18s %-8s %12" PRId64 " %14" PRId64 "  %s\n", i, l->name, l->l->section, shape_text(&l->out->s, text),
               dtype_name(l->out->type), l->parameters, net_layer_macs(p->inference, i), kernel);
        free(kernel);
    }
    printf("\ninput       %s, %" PRId64 " parameters, %.3f G multiply-adds an image\n",
           shape_text(&t->input->s, text), s.parameters, (double)s.macs * 1e-9);
    printf("objective   %s; %d steps forward and backward\n", run_loss(p->r), p->m->of[0].plan.n);
    printf("maps        %s\n", maps(p));
    char *step = replay_says(p->m);
    if (step) printf("step        %s\n", step);
    free(step);
    print_sizes(p);
    printf("memory      %10.1f MiB parameters\n            %10.1f MiB training: maps, parameters, gradients, optimiser", (double)s.bytes / mib,
           (double)s.training / mib);
    printf("\n            %10.1f MiB inference\n            %10.1f MiB of these: scratch\n", (double)s.inference / mib, (double)s.workspace / mib);
    print_arena("training", p->m->of[0].plan.arena, s.bound[0]), print_arena("inference", p->forward.arena, s.bound[1]);
    printf("inference   %d norms folded; %d of %d steps, which make %.1f MiB of weights, run only when parameters have changed\n", p->norms,
           p->forward.fixed, p->forward.n, (double)s.kept / mib);
    if (memory) putchar('\n'), plan_print(&p->m->of[0].plan);
}

int verb_plan(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    if (flags_has(f, "--json") && (flags_has(f, "--dot") || flags_has(f, "--memory") || flags_has(f, "--inference")))
        die_at("--json", "cannot go with --dot, --memory or --inference: they print text");
    compute c = compute_begin(f);
    planned p = make(f, c.dev);
    if (flags_has(f, "--dot")) graph_print_dot(p.inference->g);
    else if (flags_has(f, "--json")) object_print(object(&p, f->input[0]));
    else print(&p, flags_has(f, "--memory"), flags_has(f, "--inference"));
    release(&p), flags_free(f);
    return EXIT_OK;
}
