/* begin.c - setting a run up: data, network, what it will need, a fresh start or the state of a checkpoint. Everything a user can have
 * wrong is found here, before anything is written. */
#include "train/trainer.h"
#include "base/words.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/version.h"
#include "datasets/check.h"
#include "base/clock.h"
#include "train/record.h"
#include "train/replay.h"
#include "train/worst.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

const char *const train_products[] = { "run.cfg", "log.jsonl", "log.csv", "curves.svg", "curves.png", "last.h5", "last.prev.h5", "best.h5",
                                       "failed.h5", "swa.h5", "run.json", "worst.csv", "events.out.tfevents.darkspine", NULL };

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
    trainer_note(t, "%s: looking for faults in %lld case%s (data.check=0 would not)", t->r->data.store, (long long)n, plural(n));
    samples_drop_faulty(t->s, t->set, t->val);
    if (!t->set->n) die("%s: all %lld training cases have faults: `darkspine check` lists them", t->r->data.store, (long long)t->set->faulty);
    if (!t->val->n && t->val->faulty)
        die("%s: all %lld validation cases have faults: `darkspine check` lists them", t->r->data.store, (long long)t->val->faulty);
    if (t->set->faulty + t->val->faulty)
        trainer_note(t, "%s: %lld training and %lld validation cases left out, they have faults (`darkspine check` lists them)", t->r->data.store,
                     (long long)t->set->faulty, (long long)t->val->faulty);
}

static void open_data(trainer *t, const net *n)
{
    const run_data *d = &t->r->data;
    const int64_t values = run_values(t->r, n), ignore = t->r->objective.ignore, limit = t->o->overfit;
    t->s = store_open(d->store);
    char *train = run_part(t->r, 0), *val = run_part(t->r, 1);
    t->set = samples_new(t->s, d, train, values, ignore, n->conf.height, n->conf.width, 0, 0);
    t->val = samples_new(t->s, d, limit ? train : val, values, ignore, n->conf.height, n->conf.width, 0, 0);
    free(train), free(val);
    t->set->instances = n->detector != NULL;
    if (!t->set->n) die("%s: data.train=none: nothing to train on", t->r->path);
    if (d->check) leave_out_faulty(t);
    if (limit && limit < t->set->n) t->set->n = t->val->n = limit;
    const double room = (double)d->cache * 1048576, all = (double)(t->set->n + t->val->n);
    t->set->room = (size_t)(room * (double)t->set->n / all), t->val->room = (size_t)(room * (double)t->val->n / all);
    /* Such a film would end the run in the middle; a run that was begun goes on. */
    if (n->detector && !t->o->resume) samples_check_instances(t->set, n->detector->conf.instances);
    t->steps = sampling_steps(t->set, t->r->solver.batch), t->total = t->steps * t->r->solver.epochs;
    trainer_note(t, "%s: %lld case%s to train on, %lld to validate on; %lld excluded left out; %lld step%s an epoch, %lld in all", d->store,
                 (long long)t->set->n, plural(t->set->n), (long long)t->val->n, (long long)(t->set->excluded + (limit ? 0 : t->val->excluded)), (long long)t->steps,
                 plural(t->steps), (long long)t->total);
    for (int k = 0; k < t->set->sizes.n && t->set->sizes.n > 1; k++)
        trainer_note(t, "input size %lldx%lld: %lld to train on, %lld to validate on", (long long)t->set->sizes.h[k], (long long)t->set->sizes.w[k],
                     (long long)samples_of_size(t->set, k), (long long)samples_of_size(t->val, k));
}

static double mib(size_t bytes) { return (double)bytes / 1048576; }

/* Words for the network that validates films of input size k. */
typedef struct one_film { size_words size; const char *word[3]; } one_film;

static const char *const *one_film_at(const trainer *t, int k, one_film *w)
{
    fit_sizes_words(&t->val->sizes, k, &w->size);
    w->word[0] = "net.batch=1", w->word[1] = w->size.word[0], w->word[2] = w->size.word[1];
    return w->word;
}

/* Bytes of validation: the network once more for each input size, for one film, without parameters of its own. */
static size_t judge_bytes(const trainer *t)
{
    size_t bytes = 0;
    for (int k = 0; k < t->val->sizes.n; k++) {
        if (!samples_of_size(t->val, k)) continue;
        one_film w;
        schedule forward = { 0 };
        net *n = net_parse(t->net, t->r->net_path, one_film_at(t, k, &w), 3);
        context c = net_context(n, t->o->dev);
        net_inference(n, &forward);
        plan_make(&forward, &c, 1);
        bytes += forward.arena + n->input->x.size;
        schedule_free(&forward), net_free(n);
    }
    return bytes ? bytes + validate_bytes(t->val, &t->m->t->conf) : 0;
}

/* Of the worst films a validation keeps their two label maps. */
static size_t worst_bytes(const trainer *t)
{
    size_t film = 0;
    for (int64_t i = 0; i < t->val->n; i++) {
        const store_case *c = samples_case(t->val, i);
        if ((size_t)(c->h * c->w) > film) film = (size_t)(c->h * c->w);
    }
    return 2 * film * (size_t)(t->r->evaluate.worst < t->val->n ? t->r->evaluate.worst : t->val->n);
}

/* The run does not fit on its device: says so, with the largest batch that does, which is asked of the planner. */
static _Noreturn void too_large(const trainer *t, size_t there, size_t judge)
{
    const device *dev = t->o->dev;
    const size_t room = dev->room(dev);
    int64_t fits = 0, fails = t->m->images;
    while (fails - fits > 1) {
        const int64_t images = fits + (fails - fits) / 2;
        model *m = model_plan(t->r, run_net(t->r, images), dev);
        if (model_map_bytes(m) + model_state_bytes(m, t->r) + judge <= room) fits = images;
        else fails = images;
        model_free(m);
    }
    char *most = fits ? xprintf("the largest batch that fits is solver.batch=%lld; solver.subdivisions takes a larger one in parts",
                                (long long)(fits * t->m->parts))
                      : xdup("not even one image at a time fits: wanted a smaller network, net.height or net.width");
    die_machine("not enough memory on %s: the run needs %s there, it has %s; %s", dev->name, BYTES(there), BYTES(room), most);
}

static void check_memory(const trainer *t)
{
    const net_conf *c = &t->m->t->conf;
    const size_t area = (size_t)fit_sizes_area(&t->set->sizes), batch = (size_t)t->r->solver.batch * area * ((size_t)c->channels * sizeof(float) + 1);
    const size_t maps = model_map_bytes(t->m), state = model_state_bytes(t->m, t->r), judge = judge_bytes(t), batches = 3 * batch;
    const size_t weights = t->r->evaluate.layers && !t->m->spends ? sizeof(real) * (size_t)model_numbers(t->m->t->g, PARAM) : 0;
    const size_t films = samples_room(t->set) + samples_room(t->val) + worst_bytes(t), there = maps + state + judge;
    const device *dev = t->o->dev;
    const size_t pinned = replay_pinned(t->m), truth = t->m->t->detector && !pinned ? instances_bytes(t->m->t) : 0;      /* on its way to the device */
    const size_t need = batches + films + weights + truth + pinned + (dev == &device_cpu ? there : 0);
    const machine here = machine_read();
    const size_t room = (size_t)machine_room(&here);
    trainer_note(t, "memory: maps %.1f MiB, parameters and optimiser %.1f MiB, validation %.1f MiB, batches %.1f MiB, films %.1f MiB", mib(maps),
                 mib(state), mib(judge), mib(batches), mib(films));
    if (dev != &device_cpu && there > dev->room(dev)) too_large(t, there, judge);
    if (need > room)
        die_machine("not enough memory: the run needs %s, there are %s; a smaller batch, subdivisions= or data.cache= needs less",
                    BYTES(need), BYTES(room));
}

/* Checkpoints that stand in the folder give their room to those that replace them. */
static void check_disk(const trainer *t)
{
    static const char *const replaced[] = { "last.h5", "last.prev.h5", "best.h5" };
    const size_t whole = (5 + (t->r->solver.optim.swa > 0)) * model_file_bytes(t->m, t->r);      /* these, one being written, and logs */
    size_t there = 0;
    for (int i = 0; i < 3; i++) {
        struct stat s;
        char *path = path_join(t->o->out, replaced[i]);
        if (!stat(path, &s)) there += (size_t)s.st_size;
        free(path);
    }
    const size_t disk = whole > there ? whole - there : 0;
    struct statvfs v;
    if (statvfs(t->o->out, &v)) return;
    const double left = (double)v.f_bavail * (double)v.f_frsize;
    if ((double)disk > left) die_machine("%s: not enough space: checkpoints need %s, there are %s", t->o->out, BYTES(disk), BYTES(left));
    if (2 * (double)disk > left) warn("%s: checkpoints need %s of the %s that are left", t->o->out, BYTES(disk), BYTES(left));
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
    static const char *const free_keys[] = { "net.graph", "solver.epochs", "solver.save_minutes", "solver.start", "solver.recompute", "solver.fuse_step",
                                             "data.store", "data.workers", "data.cache", "data.bad",
                                             "evaluate.every", "evaluate.patience", "evaluate.worst", "evaluate.layers", "evaluate.cases",
                                             "evaluate.log_steps", NULL };
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

/* What a checkpoint of this run says besides its state. */
static void describe(trainer *t)
{
    checkpoint *k = &t->k;
    char *cases = fingerprint(t->set), *validation = fingerprint(t->val);
    k->run = xdup(t->text), k->net = xdup(t->net), k->classes = class_text(store_classes(t->s)), k->seed = (uint64_t)t->r->solver.seed;
    k->metric = xdup(run_metric(t->r)), k->version = xprintf("%s %s %s", DARKSPINE_VERSION, version_commit(), version_build());
    k->best_epoch = -1;
    checkpoint_put_text(k, "cases", cases), checkpoint_put_text(k, "validation_cases", validation);
    checkpoint_put_number(k, "overfit", (double)t->o->overfit), checkpoint_put_number(k, "threads", omp_get_max_threads());
    free(cases), free(validation);
}

/* A number of the checkpoint within lo to hi (which leaves out NaN); dies where there is none. */
static double stored_number(const checkpoint *k, const char *key, double lo, double hi)
{
    double x;
    if (!checkpoint_number(k, key, &x)) die("%s: holds no %s: it was not written by training", k->path, key);
    if (!(x >= lo && x <= hi)) die("%s: %s: got %.10g, wanted %.10g to %.10g", k->path, key, x, lo, hi);
    return x;
}

static void check_cases(const trainer *t, const checkpoint *k, const char *key, const char *what)
{
    const char *was = checkpoint_text(k, key), *is = checkpoint_text(&t->k, key);
    if (was && strcmp(was, is)) die("%s: its %s cases (%s) are not those of %s (%s)", t->r->data.store, what, is, k->path, was);
}

/* Another build or number of threads may add in another order. */
static void warn_of_other_bits(const trainer *t, const checkpoint *k)
{
    const char *version = k->version ? k->version : "unknown";
    double threads = 0;
    checkpoint_number(k, "threads", &threads);
    if (strcmp(version, t->k.version) || threads != omp_get_max_threads())
        warn("%s: written by version %s on %.0f threads, this is %s on %d: the run goes on, but perhaps not to the same bits", k->path, version,
             threads, t->k.version, omp_get_max_threads());
}

/* The counters of a checkpoint are taken at their word only where a run can have written them. */
static void take_counters(trainer *t, const checkpoint *k)
{
    const policy_state *p = &k->policy;
    if (k->step > t->total)
        die("%s: %lld steps are done, more than solver.epochs=%lld makes (%lld)", k->path, (long long)k->step, (long long)t->r->solver.epochs,
            (long long)t->total);
    if (k->step < 0 || k->log_bytes < 0 || k->best_epoch < -1 || k->best_epoch > k->step / t->steps || (k->best_epoch >= 0 && !isfinite(k->best)))
        die("%s: step %lld, log_bytes %lld, best %g in epoch %lld: not what training writes", k->path, (long long)k->step, (long long)k->log_bytes,
            k->best, (long long)k->best_epoch);
    if (p->observed < 0 || p->bad < 0 || p->cooldown < 0 || (p->observed && !(isfinite(p->best) && p->lr >= 0 && p->lr <= t->r->solver.policy.lr)))
        die("%s: the state of solver.policy is not what training writes", k->path);
    t->step = k->step, t->closed = (int64_t)stored_number(k, "closed_epochs", 0, (double)(k->step / t->steps));
    t->epoch_loss = stored_number(k, "epoch_loss", -1e300, 1e300), t->before = stored_number(k, "seconds", 0, 1e12);
    checkpoint_number(k, "last_loss", &t->last_loss);
    if (!(fabs(t->last_loss) < 1e300)) t->last_loss = NAN;
    t->k.best = k->best, t->k.best_epoch = k->best_epoch, t->k.policy = k->policy, t->k.log_bytes = k->log_bytes;
}

static void resume(trainer *t)
{
    checkpoint *k = checkpoint_open(t->last);
    double overfit = 0;
    if (!k->run || !checkpoint_text(k, "cases")) die("%s: holds no run: it was not written by training", k->path);
    check_same(t, k->run);
    checkpoint_number(k, "overfit", &overfit);
    if (overfit != (double)t->o->overfit)
        die_at("--overfit", "got %lld, but %s was trained with %.0f (0: without)", (long long)t->o->overfit, k->path, overfit);
    sampling_load(&t->drawn_by, k);
    check_cases(t, k, "cases", "training"), check_cases(t, k, "validation_cases", "validation");
    take_counters(t, k);
    checkpoint_load(k, t->m->p, t->m->o);
    warn_of_other_bits(t, k);
    if (t->step >= t->total) trainer_note(t, "%s: all %lld steps are done; a larger solver.epochs goes on", k->path, (long long)t->total);
    else trainer_note(t, "resumed from %s: epoch %lld, %lld of %lld steps done", k->path, (long long)(t->step / t->steps + 1), (long long)t->step,
                      (long long)t->total);
    checkpoint_close(k);
}

static void open_judge(trainer *t)
{
    const run *r = t->r;
    if (!t->val->n) return;
    t->judged = *t->m->p;
    if (t->m->o->ema) t->judged.x = t->m->o->ema;
    for (int k = 0; k < t->val->sizes.n; k++) {
        one_film w;
        if (samples_of_size(t->val, k)) t->judge[k] = net_program_new(t->net, r->net_path, one_film_at(t, k, &w), 3, &t->judged, t->o->dev);
    }
}

static void start_loader(trainer *t)
{
    loader_conf c = { .set = t->set, .augment = t->o->overfit ? NULL : &t->r->augment, .seed = (uint64_t)t->r->solver.seed,
                      .batch = t->r->solver.batch, .channels = t->m->t->conf.channels, .shuffle = 1, .workers = (int)t->r->data.workers, .ahead = 2,
                      .first = t->step, .weight = t->drawn_by.weight, .one_epoch = t->r->data.sampling == SAMPLING_HARD,
                      .skip = t->r->data.bad == BAD_SKIP };
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
    worst_clear(folder, 0);
}

/* Is this the temporary file ("last.h5.tmp123", base/file.c) of a product? */
static int is_temporary(const char *name)
{
    for (int i = 0; train_products[i]; i++) {
        const size_t n = strlen(train_products[i]);
        if (!strncmp(name, train_products[i], n) && !strncmp(name + n, ".tmp", 4) && isdigit((unsigned char)name[n + 4])) return 1;
    }
    return 0;
}

/* What a process that was killed while it wrote left behind. */
static void clear_temporaries(const char *folder)
{
    int n;
    char **name = file_list(folder, NULL, &n);
    for (int i = 0; i < n; i++) {
        char *path = path_join(folder, name[i]);
        if (is_temporary(name[i])) unlink(path);
        free(path), free(name[i]);
    }
    free(name);
    worst_clear(folder, 1);
}

static void write_down(trainer *t)
{
    if (!t->o->resume) clear_folder(t->o->out);
    clear_temporaries(t->o->out);
    t->log = log_open(t->o->out, t->k.log_bytes);                /* before run.cfg: a log that does not fit ends it here */
    char *path = path_join(t->o->out, "run.cfg");
    file_write(path, t->text, strlen(t->text));
    free(path);
    record_write(t, "running");
    if (t->k.log_bytes) return;
    log_add(t->log, json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "kind", "run", "version", DARKSPINE_VERSION, "cases", (json_int_t)t->set->n,
                              "validation_cases",
                              (json_int_t)t->val->n, "parameters", (json_int_t)params_count(t->m->p, PARAM), "steps_per_epoch", (json_int_t)t->steps,
                              "batch", (json_int_t)t->r->solver.batch));
}

static void set_paths(trainer *t, const char *out)
{
    t->last = path_join(out, "last.h5"), t->best = path_join(out, "best.h5"), t->failed = path_join(out, "failed.h5");
    t->stop = path_join(out, "STOP");
}

void trainer_begin(trainer *t, run *r, const train_options *o)
{
    *t = (trainer){ .r = r, .o = o, .began = clock_now(), .last_loss = NAN };
    set_paths(t, o->out);
    net *n = run_net(r, r->solver.batch / r->solver.subdivisions);
    run_check(r, n);
    t->text = run_text(r, n), t->net = net_text(n);
    open_data(t, n);
    t->m = model_plan(r, n, o->dev);
    file_make_folders(o->out);
    check_memory(t), check_disk(t);
    model_take(t->m, r);
    trainer_note(t, "%lld parameters", (long long)params_count(t->m->p, PARAM));
    char *how = replay_says(t->m);
    if (how) trainer_note(t, "a step on %s: %s", o->dev->name, how);
    free(how);
    describe(t);
    t->drawn_by = sampling_new(r->data.sampling, t->set);
    if (o->resume) resume(t);
    else start_weights(t);
    open_judge(t);
    write_down(t);
    if (r->solver.policy.burn_in > t->total)
        trainer_note(t, "solver.burn_in=%lld steps is more than the %lld of this run: its full rate is never reached",
                     (long long)r->solver.policy.burn_in, (long long)t->total);
    if (o->dev != &device_cpu && !o->resume) trainer_save(t, t->last, CHECKPOINT_STATE);      /* a GPU that fails leaves nothing else */
    unlink(t->stop);
    t->saved = t->drawn = clock_now();
    start_loader(t);
}

void trainer_end(trainer *t)
{
    loader_free(t->l);
    for (int k = 0; k < FIT_SIZES; k++) net_program_free(t->judge[k]);
    model_free(t->m);
    sampling_free(&t->drawn_by);
    samples_free(t->set), samples_free(t->val);
    store_close(t->s);
    log_close(t->log);
    checkpoint_clear(&t->k);
    free(t->told), free(t->text), free(t->net), free(t->last), free(t->best), free(t->failed), free(t->stop);
}

void trainer_save(trainer *t, const char *path, checkpoint_kind kind)
{
    log_sync(t->log);
    checkpoint *k = &t->k;
    k->step = t->step, k->epoch = t->step / t->steps, k->position = t->step % t->steps * t->r->solver.batch, k->log_bytes = t->log->bytes;
    checkpoint_put_number(k, "closed_epochs", (double)t->closed);
    checkpoint_put_number(k, "epoch_loss", t->epoch_loss);
    sampling_save(&t->drawn_by, k);
    checkpoint_put_number(k, "last_loss", isfinite(t->last_loss) ? t->last_loss : 1e300);
    checkpoint_put_number(k, "seconds", t->before + clock_now() - t->began);
    if (!t->m->a || kind == CHECKPOINT_STATE) { checkpoint_write(path, k, kind, t->m->p, t->m->o); return; }
    params result = adversary_result(t->m->a);
    checkpoint_write(path, k, kind, &result, t->m->o);
    free(result.p);
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
