/* swa.c - the end of a run with solver.swa: the mean of the weights of its last epochs (Izmailov et al., UAI 2018) becomes swa.h5.
 *
 * The trap is batch norm: the mean of running statistics is not what the mean weights would see. So they are taken anew, by training
 * passes without a step over as many batches as an epoch has, and at least BATCHES. The run's own weights come back afterwards. */
#include "train/trainer.h"
#include "base/file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 50 };

static void copy(const device *dev, real *to, const real *from, size_t n)
{
    real *host = xalloc_n(n, sizeof *host);
    dev->get(dev, host, from, n * sizeof *host), dev->put(dev, to, host, n * sizeof *host);
    free(host);
}

/* 0: asked to stop. */
static int new_statistics(trainer *t)
{
    const int64_t n = t->steps > BATCHES ? t->steps : BATCHES;
    if (!model_numbers(t->m->t->g, STATE)) return 1;
    for (int64_t i = 0; i < n; i++) {
        if (trainer_asked_to_stop(t)) return 0;
        const batch *b = loader_next(t->l);
        t->m->classes = b->classes;
        model_look(t->m, t->step + i, b->size, b->image, b->labels);
    }
    return 1;
}

static void judge(trainer *t, train_result *out)
{
    const int64_t epoch = t->step / t->steps;
    json_t *o = json_pack("{s:s,s:I,s:I,s:I}", "kind", "swa", "epoch", (json_int_t)epoch, "step", (json_int_t)t->step, "averaged",
                          (json_int_t)t->m->o->swa_updates);
    if (t->val->n) {
        validation v = validate(t->val, t->judge, t->r->objective.ignore < 0 ? -1 : IGNORED, NULL);
        json_object_set_new(o, "dice", log_number(v.dice)), json_object_set_new(o, "iou", log_number(v.iou));
        out->swa = t->r->evaluate.metric ? v.iou : v.dice;
        trainer_note(t, "swa: validation %.4f with the mean of the weights of %lld epochs", out->swa, (long long)t->m->o->swa_updates);
        validation_free(&v);
    }
    log_add(t->log, o);
}

int swa_finish(trainer *t, train_result *out)
{
    optim *o = t->m->o;
    const params *p = t->m->p;
    const device *dev = p->dev;
    if (!o->swa) return 1;
    if (!o->swa_updates) {
        warn("%s: solver.swa=%lld: the run ended before that epoch, there is no swa.h5", t->o->out, (long long)o->conf.swa);
        return 1;
    }
    real *raw = xalloc_n(p->total, sizeof *raw);
    char *path = path_join(t->o->out, "swa.h5");
    dev->get(dev, raw, p->x, p->total * sizeof *raw);
    copy(dev, p->x, o->swa, p->total);
    const int whole = new_statistics(t);
    if (whole) {
        judge(t, out);
        log_sync(t->log);
        checkpoint_write(path, &t->k, CHECKPOINT_WEIGHTS, p, NULL);
    }
    dev->put(dev, p->x, raw, p->total * sizeof *raw);
    free(raw), free(path);
    return whole;
}
