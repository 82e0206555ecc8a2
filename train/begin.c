/* begin.c - setting a run up: data, network, what it will need, a fresh start or the state of a checkpoint. Everything a user can have
 * wrong is found here, before anything is written. */
#include "train/trainer.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/version.h"
#include "datasets/check.h"
#include "train/clock.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

const char *const train_products[] = { "run.cfg", "log.jsonl", "log.csv", "curves.svg", "curves.png", "last.h5", "last.prev.h5", "best.h5",
                                       "failed.h5", NULL };

void trainer_note(const trainer *t, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (t->o->watch.note) t->o->watch.note(t->o->watch.arg, line);
}

/* Cases with error-level faults teach something wrong: they are left out, and counted. */
static void leave_out_faulty(trainer *t)
{
    const int64_t n = store_count(t->s);
    uint8_t *marks = xalloc((size_t)n);
    trainer_note(t, "%s: looking for faults in %lld cases (data.check=0 would not)", t->r->data.store, (long long)n);
    faults f = check_store(t->s, NULL, NULL);
    faults_cases(&f, n, marks);
    samples_drop(t->set, marks), samples_drop(t->val, marks);
    if (!t->set->n) die("%s: all %lld training cases have faults: `darkspine check` lists them", t->r->data.store, (long long)t->set->faulty);
    if (t->set->faulty + t->val->faulty)
        trainer_note(t, "%s: %lld training and %lld validation cases left out, they have faults (`darkspine check` lists them)", t->r->data.store,
                     (long long)t->set->faulty, (long long)t->val->faulty);
    faults_free(&f), free(marks);
}

static void open_data(trainer *t, const net *n)
{
    const run_data *d = &t->r->data;
    const int64_t k = n->conf.classes, values = k == 1 ? 2 : k, ignore = t->r->objective.ignore, limit = t->o->overfit;
    t->s = store_open(d->store);
    t->set = samples_new(t->s, d, d->train, values, ignore, n->conf.height, n->conf.width, 0, 0);
    t->val = samples_new(t->s, d, limit ? d->train : d->val, values, ignore, n->conf.height, n->conf.width, 0, 0);
    if (!t->set->n) die("%s: data.train=none: nothing to train on", t->r->path);
    if (d->check) leave_out_faulty(t);
    if (limit && limit < t->set->n) t->set->n = t->val->n = limit;
    const double room = (double)d->cache * 1048576, all = (double)(t->set->n + t->val->n);
    t->set->room = (size_t)(room * (double)t->set->n / all), t->val->room = (size_t)(room * (double)t->val->n / all);
    t->steps = run_epoch_steps(t->r, t->set->n), t->total = t->steps * t->r->solver.epochs;
    trainer_note(t, "%s: %lld cases to train on, %lld to validate on; %lld excluded cases left out; %lld steps an epoch, %lld in all", d->store,
                 (long long)t->set->n, (long long)t->val->n, (long long)(t->set->excluded + (limit ? 0 : t->val->excluded)), (long long)t->steps,
                 (long long)t->total);
}

static double mib(size_t bytes) { return (double)bytes / 1048576; }

/* Does the machine have what the run will need? Said before it is taken. */
static void check_room(const trainer *t)
{
    const net_conf *c = &t->m->t->conf;
    const run_solver *s = &t->r->solver;
    const size_t area = (size_t)(c->height * c->width), maps = model_map_bytes(t->m), state = model_state_bytes(t->m, t->r);
    const size_t batches = 3 * (size_t)s->batch * area * ((size_t)c->channels * sizeof(float) + 1), films = samples_room(t->set) + samples_room(t->val);
    const machine here = machine_read();
    const size_t need = maps + state + batches + films, room = (size_t)machine_room(&here);
    trainer_note(t, "memory: maps %.1f MiB, parameters and optimiser %.1f MiB, batches %.1f MiB, films %.1f MiB", mib(maps), mib(state),
                 mib(batches), mib(films));
    if (need > room)
        die_machine("not enough memory: the run needs %zu bytes, there are %zu; a smaller batch, subdivisions= or data.cache= needs less", need, room);
    const size_t file = model_file_bytes(t->m, t->r), disk = 5 * file;                     /* last, the one before, best, one being written, and logs */
    struct statvfs v;
    if (statvfs(t->o->out, &v)) return;
    const double left = (double)v.f_bavail * (double)v.f_frsize;
    if ((double)disk > left) die_machine("%s: not enough space: checkpoints need %zu bytes, there are %.0f", t->o->out, disk, left);
    if (2 * (double)disk > left) warn("%s: checkpoints need %zu bytes of the %.0f that are left", t->o->out, disk, left);
}

/* A number that changes with the training cases, their order, films and labels (FNV-1a). */
static char *fingerprint(const samples *set)
{
    uint64_t h = 14695981039346656037u;
    for (int64_t i = 0; i < set->n; i++) {
        const store_case *c = samples_case(set, i);
        const char *const text[] = { c->id, c->sha256_image, c->sha256_labels };
        for (int j = 0; j < 3; j++)
            for (const char *p = text[j]; ; p++) {
                h = (h ^ (uint8_t)*p) * 1099511628211u;
                if (!*p) break;
            }
    }
    return xprintf("%lld cases, %016llx", (long long)set->n, (unsigned long long)h);
}

/* The store's class table as the CSV it may have come from. */
static char *class_text(const classes *table)
{
    char *text = xdup("value,name,kind\n");
    for (int i = 0; i < table->n; i++) {
        char *more = xprintf("%s%d,%s,%s\n", text, table->c[i].value, table->c[i].name, table->c[i].kind);
        free(text);
        text = more;
    }
    return text;
}

/* May this key be another one when a run is resumed? */
static int may_change(const char *section, const char *name)
{
    static const char *const free_keys[] = { "solver.epochs", "solver.save_minutes", "data.store", "data.workers", "data.cache", "evaluate.every",
                                             "evaluate.cases", "evaluate.log_steps", NULL };
    char both[160];
    snprintf(both, sizeof both, "%s.%s", section, name);
    for (int i = 0; free_keys[i]; i++) if (!strcmp(both, free_keys[i])) return 1;
    return 0;
}

static void check_same(const trainer *t, const char *stored)
{
    cfg *was = cfg_parse(stored, t->last), *is = cfg_parse(t->text, t->r->path);
    if (was->n != is->n) die("%s: the network is not that of %s", t->r->path, t->last);
    for (int i = 0; i < was->n; i++) {
        cfg_section *a = &was->s[i], *b = &is->s[i];
        if (strcmp(a->name, b->name)) die("%s: the network is not that of %s: [%s], wanted [%s]", t->r->path, t->last, b->name, a->name);
        for (int side = 0; side < 2; side++) {
            cfg_section *x = side ? b : a, *y = side ? a : b;
            for (int j = 0; j < x->n; j++) {
                const char *v = cfg_get(y, x->e[j].key), *w = x->e[j].value;
                if (may_change(a->name, x->e[j].key) || (v && !strcmp(v, w))) continue;
                die("%s: %s.%s: got %s, but %s was trained with %s: this key cannot change when a run is resumed", t->r->path, a->name, x->e[j].key,
                    side ? w : v ? v : "nothing", t->last, side ? v ? v : "nothing" : w);
            }
        }
    }
    cfg_free(was), cfg_free(is);
}

static double stored_number(const checkpoint *k, const char *key)
{
    double x;
    if (!checkpoint_number(k, key, &x)) die("%s: holds no %s: it was not written by training", k->path, key);
    return x;
}

static void resume(trainer *t)
{
    checkpoint *k = checkpoint_open(t->last);
    const char *cases = checkpoint_text(k, "cases");
    char *now = fingerprint(t->set);
    if (!k->run || !cases) die("%s: holds no run: it was not written by training", k->path);
    check_same(t, k->run);
    if (strcmp(cases, now)) die("%s: its training cases (%s) are not those of %s (%s)", t->r->data.store, now, k->path, cases);
    checkpoint_load(k, t->m->p, t->m->o);
    t->step = k->step, t->closed = (int64_t)stored_number(k, "closed_epochs");
    t->epoch_loss = stored_number(k, "epoch_loss"), t->before = stored_number(k, "seconds");
    t->k.best = k->best, t->k.best_epoch = k->best_epoch, t->k.policy = k->policy, t->k.log_bytes = k->log_bytes;
    if (t->step > t->total)
        die("%s: %lld steps are done, more than solver.epochs=%lld makes (%lld)", k->path, (long long)t->step, (long long)t->r->solver.epochs,
            (long long)t->total);
    trainer_note(t, "resumed from %s: epoch %lld, %lld of %lld steps done", k->path, (long long)(t->step / t->steps + 1), (long long)t->step,
                 (long long)t->total);
    free(now);
    checkpoint_close(k);
}

static void open_judge(trainer *t)
{
    const run *r = t->r;
    const char *word[] = { "net.batch=1" };
    if (!t->val->n) return;
    t->judged = *t->m->p;
    if (t->m->o->ema) t->judged.x = t->m->o->ema;
    t->judge = net_program_new(t->net, r->net_path, word, 1, &t->judged, t->o->dev);
}

static void start_loader(trainer *t)
{
    loader_conf c = { .set = t->set, .augment = t->o->overfit ? NULL : &t->r->augment, .seed = (uint64_t)t->r->solver.seed, .batch = t->r->solver.batch,
                      .channels = t->m->t->conf.channels, .shuffle = 1, .workers = (int)t->r->data.workers, .ahead = 2, .first = t->step };
    augment_check(&t->r->augment, 256, t->r->path, c.swap);
    t->l = loader_new(&c);
}

/* A fresh start: what an earlier run left in the folder goes. */
static void clear_folder(const char *folder)
{
    for (int i = 0; train_products[i]; i++) {
        char *path = path_join(folder, train_products[i]);
        if (unlink(path) && errno != ENOENT) die_machine("%s: cannot be removed: %s", path, strerror(errno));
        free(path);
    }
}

static void write_down(trainer *t)
{
    if (!t->o->resume) clear_folder(t->o->out);
    char *path = path_join(t->o->out, "run.cfg");
    file_write(path, t->text, strlen(t->text));
    free(path);
    t->log = log_open(t->o->out, t->k.log_bytes);
    if (t->k.log_bytes) return;
    log_add(t->log, json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "kind", "run", "version", DARKSPINE_VERSION, "cases", (json_int_t)t->set->n,
                              "validation_cases",
                              (json_int_t)t->val->n, "parameters", (json_int_t)params_count(t->m->p, PARAM), "steps_per_epoch", (json_int_t)t->steps,
                              "batch", (json_int_t)t->r->solver.batch));
}

static void set_paths(trainer *t, const char *out)
{
    t->last = path_join(out, "last.h5"), t->best = path_join(out, "best.h5"), t->failed = path_join(out, "failed.h5"), t->stop = path_join(out, "STOP");
}

void trainer_begin(trainer *t, run *r, const train_options *o)
{
    *t = (trainer){ .r = r, .o = o, .began = clock_now() };
    set_paths(t, o->out);
    net *n = run_net(r, r->solver.batch / r->solver.subdivisions);
    run_check(r, n);
    t->text = run_text(r, n), t->net = net_text(n);
    open_data(t, n);
    t->m = model_plan(r, n, o->dev);
    file_make_folders(o->out);
    check_room(t);
    model_take(t->m, r);
    trainer_note(t, "%lld parameters", (long long)params_count(t->m->p, PARAM));
    t->k.best_epoch = -1;
    if (o->resume) resume(t);
    open_judge(t);
    write_down(t);
    unlink(t->stop);
    t->k.run = xdup(t->text), t->k.net = xdup(t->net), t->k.classes = class_text(store_classes(t->s)), t->k.seed = (uint64_t)r->solver.seed;
    t->k.metric = run_value(r, "evaluate", "metric"), t->k.version = xprintf("%s %s", DARKSPINE_VERSION, version_commit());
    char *cases = fingerprint(t->set);
    checkpoint_put_text(&t->k, "cases", cases);
    free(cases);
    t->saved = t->drawn = clock_now();
    start_loader(t);
}

void trainer_end(trainer *t)
{
    loader_free(t->l);
    net_program_free(t->judge);
    model_free(t->m);
    samples_free(t->set), samples_free(t->val);
    store_close(t->s);
    log_close(t->log);
    checkpoint_clear(&t->k);
    free(t->text), free(t->net), free(t->last), free(t->best), free(t->failed), free(t->stop);
}

void trainer_save(trainer *t, const char *path, checkpoint_kind kind)
{
    log_sync(t->log);
    checkpoint *k = &t->k;
    k->step = t->step, k->epoch = t->step / t->steps, k->position = t->step % t->steps * t->r->solver.batch, k->log_bytes = t->log->bytes;
    checkpoint_put_number(k, "closed_epochs", (double)t->closed);
    checkpoint_put_number(k, "epoch_loss", t->epoch_loss);
    checkpoint_put_number(k, "seconds", t->before + clock_now() - t->began);
    checkpoint_write(path, k, kind, t->m->p, t->m->o);
}

run *train_stored(const char *folder, const char *const *words, int n)
{
    char *path = path_join(folder, "last.h5");
    checkpoint *k = checkpoint_open(path);
    if (!k->run) die("%s: holds no run: it was not written by training", path);
    run *r = run_parse(k->run, path, words, n);
    checkpoint_close(k);
    free(path);
    return r;
}
