/* start.c - the weights that a fresh run starts from: those of an earlier checkpoint (warm start, fine-tuning), and what is frozen of them.
 * Nothing is matched by chance: every tensor of the network is in the file with its shape, or named by solver.start_without, and every pattern
 * fits some tensor. */
#include "train/trainer.h"
#include <stdlib.h>
#include <string.h>

/* Dies where a pattern fits no tensor of the network: it is a mistake, or a name of another network. */
static void check_patterns(const trainer *t, const char *key, const char *patterns)
{
    const params *p = t->m->p;
    const char **names = xalloc_n((size_t)p->n, sizeof *names);
    for (int i = 0; i < p->n; i++) names[i] = p->p[i].name;
    char *copy = xdup(patterns ? patterns : ""), *save;
    for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        int fits = 0;
        for (int i = 0; i < p->n && !fits; i++) fits = params_fits(w, p->p[i].name);
        if (!fits) die("%s: solver.%s: '%s' fits no tensor of the network%s; `darkspine plan` lists its layers", t->r->path, key, w,
                       die_nearest(w, names, p->n));
    }
    free(copy), free(names);
}

void start_weights(trainer *t)
{
    const run_solver *s = &t->r->solver;
    const params *p = t->m->p;
    int64_t frozen = 0, taken = 0;
    check_patterns(t, "freeze", s->freeze), check_patterns(t, "start_without", s->start_without);
    for (int i = 0; i < p->n; i++) {
        if (p->p[i].role == PARAM && p->p[i].frozen) frozen += (int64_t)p->p[i].count;
        if (p->p[i].role == PARAM && !params_fits(s->start_without, p->p[i].name)) taken += (int64_t)p->p[i].count;
    }
    if (s->start) {
        checkpoint *k = checkpoint_open(s->start);
        checkpoint_load_some(k, t->m->p, s->start_without);
        trainer_note(t, "starting from %s: %lld of %lld parameters", k->path, (long long)taken, (long long)params_count(p, PARAM));
        checkpoint_close(k);
    }
    if (frozen) trainer_note(t, "%lld of %lld parameters are frozen", (long long)frozen, (long long)params_count(p, PARAM));
}
