/* train.c - the loop; see train.h. Between two steps the run is whole: there, and only there, it is saved, stopped and resumed. */
#include "train/train.h"
#include "base/die.h"
#include "base/file.h"
#include "base/clock.h"
#include "train/layers.h"
#include "train/record.h"
#include "train/replay.h"
#include "train/trainer.h"
#include "train/worst.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int trainer_asked_to_stop(void *arg)
{
    const trainer *t = arg;
    const train_watch *w = &t->o->watch;
    return (w->stop && w->stop(w->arg)) || (t->o->max_seconds > 0 && clock_now() - t->began > t->o->max_seconds) || !access(t->stop, F_OK);
}

/* The ids of a batch, as many as fit. */
static void name_samples(const trainer *t, const batch *b, char *out, size_t room)
{
    size_t at = 0;
    out[0] = 0;
    for (int64_t i = 0; i < t->r->solver.batch && at + 80 < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s", i ? ", " : "", samples_case(t->set, b->sample[i])->id);
}

static _Noreturn void numbers_went_wrong(trainer *t, const batch *b, double loss, double norm)
{
    char bad[160], ids[400];
    const char *what = isfinite(loss) ? "the gradient's norm" : "the loss";
    trainer_save(t, t->failed, CHECKPOINT_STATE);
    record_write(t, "failed");
    model_first_bad(t->m, b->size, b->image, b->labels, bad);
    name_samples(t, b, ids, sizeof ids);
    die_numbers("step %lld (epoch %lld): %s is %s; first bad tensor: %s; samples: %s; state in %s%s", (long long)t->step + 1,
                (long long)(t->step / t->steps + 1), what, isnan(isfinite(loss) ? norm : loss) ? "not a number" : "infinite", bad, ids, t->failed,
                isfinite(loss) && t->m->spends ? " (with a part of this step; solver.fuse_step=0 would hold the state before it)" : "");
}

static void report(const trainer *t, double lr)
{
    const train_watch *w = &t->o->watch;
    const int64_t in_epoch = (t->step - 1) % t->steps + 1;
    train_status s = { .epoch = (t->step - 1) / t->steps + 1, .epochs = t->r->solver.epochs, .step = in_epoch, .steps = t->steps, .done = t->step,
                       .total = t->total, .loss = t->epoch_loss / (double)in_epoch, .lr = lr };
    s.images_per_second = (double)t->images / t->training, s.waiting = loader_waited(t->l) / t->training;
    if (w->stepped) w->stepped(w->arg, &s);
}

/* Half the filters of a layer without gradient is worth a line, once. */
static void tell_dead(trainer *t, const layer_step *s, int n)
{
    if (t->m->a && t->step <= t->r->adversary.start) return;     /* a critic that waits has no gradient */
    if (!t->told) t->told = xalloc((size_t)n);
    for (int i = 0; i < n; i++) {
        if (!s[i].name || s[i].dead < 0.5 || t->told[i]++) continue;
        trainer_note(t, "step %lld: no gradient reaches %.0f %% of the filters of %s: dead units? A lower rate, warm-up (solver.burn_in) or "
                     "leaky activations help", (long long)t->step, 100 * s[i].dead, s[i].name);
    }
}

/* The line "layers" of the log, for the step just made. */
static void log_layers(trainer *t)
{
    const layer_step *s = t->m->layers;
    const int n = t->m->p->n;
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        if (s[i].name)
            json_array_append_new(list, json_pack("{s:s,s:f,s:f,s:f,s:o,s:f}", "name", s[i].name, "weight", s[i].weight, "gradient", s[i].gradient,
                                              "update", s[i].update, "ratio", log_number(s[i].ratio), "dead", s[i].dead));
    log_add(t->log, json_pack("{s:s,s:I,s:I,s:o}", "kind", "layers", "epoch", (json_int_t)((t->step - 1) / t->steps + 1), "step",
                              (json_int_t)t->step, "layers", list));
    tell_dead(t, s, n);
    free(t->m->layers);
    t->m->layers = NULL;
}

static void log_step(trainer *t, double loss, double lr, double norm)
{
    json_t *o = json_pack("{s:s,s:I,s:I,s:f,s:f,s:f}", "kind", "step", "step", (json_int_t)t->step, "epoch",
                          (json_int_t)((t->step - 1) / t->steps + 1), "loss", loss, "lr", lr, "norm", norm);
    const adversary_losses *l = &t->m->said;
    const struct { const char *name; double value; } said[] = {
        { "l1", l->l1 }, { "perceptual", l->perceptual }, { "matching", l->matching }, { "codebook", l->codebook }, { "fooled", l->fooled }, { "balance", l->balance },
        { "perplexity", l->perplexity }, { "critic", l->critic }, { "critic_norm", l->critic_norm },
    };
    for (size_t i = 0; t->m->a && i < sizeof said / sizeof *said; i++) json_object_set_new(o, said[i].name, log_number(said[i].value));
    log_add(t->log, o);
}

/* While a GPU computes a step: the batch of the next one on its way to it. The last of the run has none. */
static void send_next(void *arg)
{
    trainer *t = arg;
    const batch *b = t->step + 1 < t->total ? loader_peek(t->l) : NULL;
    if (b) replay_send(t->m, t->step + 1, b->size, b->image, b->labels, b->classes);
}

static void one_step(trainer *t)
{
    const run_solver *s = &t->r->solver;
    const double began = clock_now(), lr = policy_lr(&s->policy, &t->k.policy, t->step, t->total, t->steps);
    const batch *b = loader_next(t->l);
    const int measure = t->r->evaluate.layers && (t->step + 1) % t->steps == 0;
    if (measure) t->m->layers = xalloc_n((size_t)t->m->p->n, sizeof *t->m->layers);
    t->m->classes = b->classes;
    double loss, norm = model_step(t->m, t->step, lr, b->size, b->image, b->labels, &loss);
    if (!isfinite(norm)) numbers_went_wrong(t, b, loss, norm);
    for (int64_t i = 0; i < s->batch; i++) sampling_met(&t->drawn_by, b->sample[i], t->m->part_loss[i / t->m->images]);
    t->epoch_loss += loss;
    t->step++;
    t->images += s->batch, t->training += clock_now() - began;
    if (t->step % t->r->evaluate.log_steps == 0) log_step(t, loss, lr, norm);
    if (measure) log_layers(t);
    report(t, lr);
}

static void log_epoch(trainer *t, int64_t epoch)
{
    const int64_t skipped = loader_skipped(t->l);
    const double seconds = t->training - t->epoch_training, waited = loader_waited(t->l) - t->epoch_waited;
    const double lr = policy_lr(&t->r->solver.policy, &t->k.policy, t->step - 1, t->total, t->steps);
    json_t *o = json_pack("{s:s,s:I,s:I,s:f,s:f,s:f,s:f,s:f}", "kind", "epoch", "epoch", (json_int_t)epoch, "step", (json_int_t)t->step,
                              "loss", t->epoch_loss / (double)t->steps, "lr", lr, "seconds", seconds,
                              "images_per_second", seconds > 0 ? (double)(t->images - t->epoch_images) / seconds : 0,
                              "waiting_for_data", seconds > 0 ? waited / seconds : 0);
    if (skipped) json_object_set_new(o, "skipped", json_integer(skipped));
    log_add(t->log, o);
    t->last_loss = t->epoch_loss / (double)t->steps;
    t->epoch_training = t->training, t->epoch_waited += waited, t->epoch_images = t->images, t->epoch_loss = 0;
}

static void log_validation(trainer *t, int64_t epoch, const validation *v)
{
    json_t *list = json_array();
    json_t *o = json_pack("{s:s,s:I,s:I,s:I,s:f}", "kind", "validation", "epoch", (json_int_t)epoch, "step", (json_int_t)t->step, "cases",
                          (json_int_t)v->cases, "seconds", v->seconds);
    json_object_set_new(o, "dice", log_number(v->dice)), json_object_set_new(o, "iou", log_number(v->iou));
    for (int c = 1; c < 256; c++) {
        if (!v->class_n[c]) continue;
        json_array_append_new(list, json_pack("{s:i,s:I,s:o,s:o}", "class", c, "n", (json_int_t)v->class_n[c], "dice", log_number(v->class_dice[c]),
                                              "iou", log_number(v->class_iou[c])));
    }
    json_object_set_new(o, "classes", list);
    if (t->m->a) json_object_set_new(o, "psnr", log_number(v->psnr));
    if (t->r->evaluate.cases) {
        json_t *cases = json_object();
        for (int64_t i = 0; i < v->cases; i++) json_object_set_new(cases, samples_case(t->val, i)->id, log_number(v->case_dice[i]));
        json_object_set_new(o, "case_dice", cases);
    }
    log_add(t->log, o);
}

static void draw(trainer *t, int now)
{
    enum { SECONDS = 20 };
    if (!now && clock_now() - t->drawn < SECONDS) return;
    log_draw(t->log, t->k.metric);
    t->drawn = clock_now();
}

typedef struct judging { trainer *t; worst films; } judging;

static int stop_judging(void *arg) { return trainer_asked_to_stop(((judging *)arg)->t); }

static void seen(void *arg, int64_t i, double dice, const uint8_t *pred, const uint8_t *truth)
{
    worst_take(&((judging *)arg)->films, i, dice, pred, truth);
}

/* What a validation is judged by */
static double metric_of(const trainer *t, const validation *v)
{
    return t->m->a ? v->psnr : t->r->evaluate.metric ? v->iou : v->dice;
}

/* Validation, with the worst films drawn. cases 0: asked to stop before it was through. */
static validation judge(trainer *t, int64_t epoch)
{
    if (t->m->a) return validate_rebuilt(t->val, t->judge[0], &(validate_watch){ .arg = t, .stop = trainer_asked_to_stop });
    judging j = { t, worst_new(t->val, t->r->evaluate.worst) };
    validation v = validate(t->val, t->judge, t->r->objective.ignore < 0 ? -1 : IGNORED, &(validate_watch){ &j, stop_judging, seen });
    if (v.cases) worst_write(&j.films, v.case_dice, epoch, t->o->out);
    worst_free(&j.films);
    return v;
}

/* What validation says: to the log, the policy, the best weights. */
static void take_validation(trainer *t, int64_t epoch, const validation *v)
{
    const train_watch *w = &t->o->watch;
    const double metric = metric_of(t, v);
    const int best = isfinite(metric) && (t->k.best_epoch < 0 || metric > t->k.best);
    log_validation(t, epoch, v);
    if (isfinite(metric)) policy_observe(&t->r->solver.policy, &t->k.policy, metric);
    if (best) {
        t->k.best = metric, t->k.best_epoch = epoch;
        trainer_save(t, t->best, CHECKPOINT_WEIGHTS);
    }
    if (w->validated) w->validated(w->arg, epoch, v, metric, best);
}

/* An epoch's end: validation where it is due, then the log, the best weights, the state. 0: asked to stop before it was through. */
static int close_epoch(trainer *t)
{
    const int64_t epoch = t->step / t->steps;
    const int due = t->val->n && (epoch % t->r->evaluate.every == 0 || t->step == t->total);
    const int64_t swa = t->r->solver.optim.swa;
    validation v = { 0 };
    if (due) {
        v = judge(t, epoch);
        if (!v.cases) { validation_free(&v); return 0; }
    }
    log_epoch(t, epoch);
    t->closed = epoch;
    if (due) take_validation(t, epoch, &v);
    if (swa > 0 && epoch >= swa) optim_average(t->m->o, &t->m->c);
    validation_free(&v);
    sampling_next(&t->drawn_by);
    trainer_save(t, t->last, CHECKPOINT_STATE);
    record_write(t, "running");
    t->saved = clock_now();
    draw(t, t->step == t->total);
    return 1;
}

/* Has evaluate.patience run out? It follows from what a checkpoint holds, so a resumed run ends where an uninterrupted one does. */
static int patience_is_out(const trainer *t)
{
    const int64_t patience = t->r->evaluate.patience, best = t->k.best_epoch < 0 ? 0 : t->k.best_epoch;
    return patience > 0 && t->closed - best >= patience;
}

/* 1: to the end; 0: stopped. */
static int loop(trainer *t)
{
    const double every = 60 * (double)t->r->solver.save_minutes;
    for (;;) {
        if (t->step && t->step % t->steps == 0 && t->closed < t->step / t->steps && !close_epoch(t)) return 0;
        if (t->step == t->total || (t->step == t->closed * t->steps && patience_is_out(t))) return 1;
        if (trainer_asked_to_stop(t)) return 0;
        one_step(t);
        if (every > 0 && clock_now() - t->saved > every) {
            trainer_save(t, t->last, CHECKPOINT_STATE);
            t->saved = clock_now();
        }
    }
}

/* From the beginning to the end, or to where it is stopped */
static int session(trainer *t, run *r, const train_options *o, train_result *out)
{
    trainer_begin(t, r, o);
    t->m->meanwhile = send_next, t->m->meanwhile_arg = t;
    *out = (train_result){ .metric = run_metric(r), .swa = NAN };
    const int whole = loop(t) && swa_finish(t, out);
    if (!whole) {
        trainer_save(t, t->last, CHECKPOINT_STATE);
        unlink(t->stop);
    }
    /* the state of a run with a critic holds other networks too: without validation the generator's weights at the end are the result */
    if (whole && t->m->a && t->k.best_epoch < 0) trainer_save(t, t->best, CHECKPOINT_WEIGHTS);
    if (!whole || t->step < t->total || t->m->o->swa) draw(t, 1);
    record_write(t, whole ? "finished" : "stopped");
    out->steps = t->step, out->epochs = t->step / t->steps, out->seconds = t->before + clock_now() - t->began, out->early = whole && t->step < t->total;
    out->images_per_second = t->training > 0 ? (double)t->images / t->training : 0, out->waiting = t->training > 0 ? loader_waited(t->l) / t->training : 0;
    out->best = t->k.best_epoch < 0 ? NAN : t->k.best, out->best_epoch = t->k.best_epoch < 0 ? 0 : t->k.best_epoch;
    if (out->early)
        trainer_note(t, "evaluate.patience=%lld: no better %s since epoch %lld, the run ends after epoch %lld", (long long)r->evaluate.patience,
                     out->metric, (long long)out->best_epoch, (long long)t->closed);
    trainer_end(t);
    return whole ? EXIT_OK : EXIT_STOPPED;
}

/* What was saved last, in words that end an error's line; "" where nothing was. Fresh */
static char *goes_on_from(const trainer *t)
{
    die_trap none;
    if (!t->o->resume && !t->log) return xdup("");               /* what stands in the folder is another run's */
    die_trap_push(&none);
    if (setjmp(none.jump)) return xdup("");
    checkpoint *k = checkpoint_open(t->last);
    char *words = xprintf("; %s holds the state after step %lld, from which --resume goes on", k->path, (long long)k->step);
    checkpoint_close(k);
    die_trap_pop(&none);
    return words;
}

static void record_failure(const trainer *t)
{
    die_trap none;
    die_trap_push(&none);
    if (setjmp(none.jump)) return;
    record_write(t, "failed");
    die_trap_pop(&none);
}

/* The machine failed: a full disk, a GPU. What a GPU holds then cannot be trusted to be the state between two steps, nor need the GPU answer: it
 * is asked for nothing, and what was saved last stands. */
static _Noreturn void failed(const trainer *t, const die_trap *why)
{
    if (why->status != EXIT_MACHINE) die_again(why);
    char *words = goes_on_from(t);
    if (t->log) record_failure(t);
    die_machine("%.600s%s", why->text, words);
}

static int guarded(trainer *t, run *r, const train_options *o, train_result *out)
{
    die_trap trap;
    die_trap_push(&trap);
    if (setjmp(trap.jump)) failed(t, &trap);
    const int status = session(t, r, o, out);
    die_trap_pop(&trap);
    return status;
}

int train(run *r, const train_options *o, train_result *out)
{
    trainer t = { .o = o };
    return guarded(&t, r, o, out);
}
