/* run.c - see run.h. A text is split by blanking the lines of the other half, so that both halves keep their line numbers. */
#include "train/run.h"
#include "datasets/sizes.h"
#include "kernels/loss.h"
#include "base/die.h"
#include "base/file.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

const char *const loss_names[LOSSES] = { "cross_entropy", "bce", "dice" };
static const char *const metric_names[] = { "dice", "iou" };
#define METRIC_WORDS "dice|iou"

#define DATA(field)      offsetof(run_data, field)
#define SOLVER(field)    offsetof(run_solver, field)
#define OBJECTIVE(field) offsetof(run_objective, field)
#define EVALUATE(field)  offsetof(run_evaluate, field)
#define ADVERSARY(field) offsetof(run_adversary, field)

static const key data_keys[] = {
    { "store",   K_TEXT, DATA(store), NULL, "the data set, a file made by `darkspine import`; a path relative to the working directory", 0, 0, 0 },
    { "train",   K_TEXT, DATA(train), "train",
      "cases trained on: a part of the store (train, val, test, foldN, restN: all folds but N), or all", 0, 0, 0 },
    { "val",     K_TEXT, DATA(val), "val", "cases validated on: a part likewise, all, or none", 0, 0, 0 },
    { "fold",    K_INT,  DATA(fold), "0", "validate on this fold of `split --folds`, train on the others (data.train, data.val are not read); "
                                          "0: no cross-validation", 0, 99, 0 },
    { "classes", K_INT,  DATA(classes), "0", "classes of the label maps with background; 0: as many as the network has", 0, 255, 0 },
    { "labels",  K_TEXT, DATA(labels), "all", "values of the label maps that are classes: all (value = class), any (all but 0 are class 1), "
                                              "or a list, 8-19,20 (the first is class 1, ...; other values are background)", 0, 0, 0 },
    { "exchangeable", K_TEXT, DATA(exchangeable), "",
      "classes whose names are arbitrary, such as two femoral heads, 7:8: of each pair the one further left in a training sample gets the lower "
      "number, and validation compares by overlap", 0, 0, 0 },
    { "check",   K_BOOL, DATA(check), "1", "look for faults first, as `darkspine check` does, and leave out the cases with errors", 0, 0, 0 },
    { "sampling", K_WORD, DATA(sampling), "uniform", "how often a case stands in an epoch: once; so that classes are met equally often; "
                                                     "in proportion to its loss lately", 0, 0, "uniform|balanced|hard" },
    { "bad",     K_WORD, DATA(bad), "stop", "a training film that cannot be read during the run: ends it, or is skipped and counted",
      0, 0, "stop|skip" },
    FIT_KEYS(DATA(fit)),
    { "workers", K_INT,  DATA(workers), "2", "threads that prepare samples; any number gives the same run", 1, 64, 0 },
    { "cache",   K_INT,  DATA(cache), "2048", "MiB of reduced films kept in memory; beyond that they are read again", 0, 1 << 24, 0 },
    { 0 }
};

static const key solver_keys[] = {
    { "epochs",       K_INT, SOLVER(epochs), "40", "passes over the training cases", 1, 1000000, 0 },
    { "batch",        K_INT, SOLVER(batch), "4", "samples an optimiser step", 1, 65536, 0 },
    { "subdivisions", K_INT, SOLVER(subdivisions), "1", "parts a batch is computed in, to save memory", 1, 65536, 0 },
    { "recompute",    K_WORD, SOLVER(recompute), "auto",
      "maps that cost little are made again for the backward pass, not kept: less memory, same bits; auto: where that takes no time to speak of",
      0, 0, RECOMPUTE_WORDS },
    { "fuse_step",    K_BOOL, SOLVER(fuse_step), "1",
      "the optimiser takes every gradient as soon as it is whole, so that not all need be held; not with clip, subdivisions or on a GPU", 0, 0, 0 },
    { "seed",         K_INT, SOLVER(seed), "1", "of weights, order, augmentation and dropout", 0, 1e18, 0 },
    { "start",        K_TEXT, SOLVER(start), "", "weights to start from, a checkpoint of `train` or `convert` (default: drawn at random)", 0, 0, 0 },
    { "start_without", K_TEXT, SOLVER(start_without), "", "tensors that are not taken from there, by pattern: out*,dec?.* (a new head)", 0, 0, 0 },
    { "freeze",       K_TEXT, SOLVER(freeze), "",
      "tensors that are not trained, by pattern: enc*; a batch norm among them keeps its statistics", 0, 0, 0 },
    { "save_minutes", K_INT, SOLVER(save_minutes), "10", "a checkpoint at least this often, besides every epoch; 0: every epoch only", 0, 1e6, 0 },
    OPTIM_KEYS(SOLVER(optim)),
    POLICY_KEYS(SOLVER(policy)),
    { 0 }
};

static const key objective_keys[] = {
    { "loss",          K_TEXT, OBJECTIVE(loss), "",
      "terms by comma: cross_entropy, bce, dice (default: cross_entropy,dice, or bce,dice for a net of one class; a detector has its own: detection)", 0, 0, 0 },
    { "weights",       K_LIST, OBJECTIVE(weights), "", "weight of each term (default: 1 each)", 0, 1e6, 0 },
    { "dice",          K_WORD, OBJECTIVE(dice), "transunet",
      "dice: which one (those of nnunet fall from 0 to -1, the others from 1 to 0)", 0, 0, DICE_WORDS },
    { "class_weights", K_LIST, OBJECTIVE(class_weights), "", "cross_entropy: weight of every class (default: 1 each)", 0, 1e6, 0 },
    { "ignore",        K_INT,  OBJECTIVE(ignore), "-1",
      "value of the label maps, none of the classes, whose pixels count for nothing; -1: none", -1, 255, 0 },
    { 0 }
};

static const key adversary_keys[] = {
    { "critic",     K_TEXT, ADVERSARY(critic), "", "cfg of the network that tells rebuilt films from films, such as configs/nets/patchgan.cfg (looked for from the working directory, beside the cfg and beside the program); with it the "
                                                   "run is one of a network that rebuilds its input, and labels are not looked at", 0, 0, 0 },
    { "features",   K_TEXT, ADVERSARY(features), "", "cfg of a network of features for the perceptual distance (configs/nets/vgg16-features.cfg; looked for like the critic); default: "
                                                     "the mean difference of the films' gradients instead", 0, 0, 0 },
    { "features_weights", K_TEXT, ADVERSARY(features_weights), "", "its weights (looked for like the critic), safetensors under the names that `convert --keys lpips` knows", 0, 0, 0 },
    { "perceptual", K_REAL, ADVERSARY(perceptual), "1", "weight of that term beside the mean |film - rebuilt|", 0, 1e6, 0 },
    { "weight",     K_REAL, ADVERSARY(weight), "0.8", "of the critic's verdict, after its gradient has been made as long as the other terms'", 0, 1e6, 0 },
    { "codebook",   K_REAL, ADVERSARY(codebook), "1", "weight of the codebook's loss", 0, 1e6, 0 },
    { "matching",   K_REAL, ADVERSARY(matching), "0", "weight of the mean difference of the critic's own maps of film and rebuilt film: a perceptual term "
                                                       "by features of its own; 0: without", 0, 1e6, 0 },
    { "erase",      K_REAL, ADVERSARY(erase), "0", "share of films from which strokes are erased before the network sees them, for networks that are to fill holes",
      0, 1, 0 },
    { "start",      K_INT,  ADVERSARY(start), "0", "batches before which the critic neither counts nor learns", 0, 0xffffffff, 0 },
    { "loss",       K_WORD, ADVERSARY(loss), "hinge", "the critic's", 0, 0, "hinge|vanilla" },
    { "dropout",    K_BOOL, ADVERSARY(dropout), "0", "features: half of the differences are left out at random, as the published training did", 0, 0, 0 },
    { 0 }
};

static const key evaluate_keys[] = {
    { "every",  K_INT,  EVALUATE(every), "1", "epochs from one validation to the next", 1, 1000000, 0 },
    { "metric", K_WORD, EVALUATE(metric), "dice", "what the best weights are best at: mean over classes of the mean over films", 0, 0, METRIC_WORDS },
    { "patience", K_INT, EVALUATE(patience), "0", "end the run when so many epochs have brought no better metric; 0: never", 0, 1000000, 0 },
    { "worst",  K_INT,  EVALUATE(worst), "4", "after each validation, draw so many of the worst films into DIR/worst; 0: none", 0, 1000, 0 },
    { "layers", K_BOOL, EVALUATE(layers), "1", "write gradient, update and dead filters of every layer to the log once an epoch", 0, 0, 0 },
    { "cases",  K_BOOL, EVALUATE(cases), "0", "write the DSC of every case to the log", 0, 0, 0 },
    { "log_steps", K_INT, EVALUATE(log_steps), "1", "optimiser steps from one line of the log to the next", 1, 1000000, 0 },
    { 0 }
};

const run_section run_sections[] = {
    { "data", "the films, their labels, and how they fill the network's input", data_keys, offsetof(run, data) },
    { "solver", "how long, in what steps, and by what rule the weights are trained", solver_keys, offsetof(run, solver) },
    { "objective", "the loss", objective_keys, offsetof(run, objective) },
    { "adversary", "training a network that rebuilds its films against a critic", adversary_keys, offsetof(run, adversary) },
    { "augment", "random variation of the training samples", augment_keys, offsetof(run, augment) },
    { "evaluate", "validation during training", evaluate_keys, offsetof(run, evaluate) },
    { 0 }
};

static const run_section *section_find(const char *name, size_t n)
{
    for (const run_section *s = run_sections; s->name; s++) if (strlen(s->name) == n && !strncmp(s->name, name, n)) return s;
    return NULL;
}

/* Does this line open a section, and which? Its length, 0 where it does not. */
static size_t section_of(const char *line, const char **name)
{
    while (isblank((unsigned char)*line)) line++;
    if (*line++ != '[') return 0;
    while (isblank((unsigned char)*line)) line++;
    *name = line;
    size_t n = strcspn(line, "]\n#;");
    while (n && isblank((unsigned char)line[n - 1])) n--;
    return n;
}

/* The text with the lines of the run's sections (or, network = 0, of all others) made empty. *found: is any line of a section left? */
static char *keep_lines(const char *text, int network, int *found)
{
    char *out = xdup(text), *to = out;
    int keep = 1;
    *found = 0;
    for (const char *line = text; *line;) {
        const char *name;
        size_t n = section_of(line, &name), length = strcspn(line, "\n");
        if (n) keep = (section_find(name, n) == NULL) == network, *found |= keep;
        if (keep) memcpy(to, line, length), to += length;
        line += length;
        if (*line) *to++ = '\n', line++;
    }
    *to = 0;
    return out;
}

static const char *nearest_section(const char *name)
{
    const char *names[sizeof run_sections / sizeof *run_sections];
    int n = 0;
    for (; run_sections[n].name; n++) names[n] = run_sections[n].name;
    return die_nearest(name, names, n);
}

static void add_word(run *r, char *word)
{
    r->word = xgrow(r->word, (size_t)(r->words + 1) * sizeof *r->word);
    r->word[r->words++] = word;
}

/* Keys of a section as overrides of the network in another file */
static void override(run *r, const cfg_section *s, const key *keys)
{
    for (int i = 0; i < s->n; i++) {
        if (keys == net_keys && !strcmp(s->e[i].key, "file")) continue;
        if (!key_find(keys, s->e[i].key)) die_at(s->e[i].at, "%s.%s: unknown key", s->name, s->e[i].key);
        add_word(r, xprintf("%s.%s=%s", s->name, s->e[i].key, s->e[i].value));
    }
}

/* [net] file=: the network stands in another file, and the other keys of [net] become overrides, as those of [detector] do. */
static void net_of(run *r, const char *text)
{
    int any;
    r->net_text = keep_lines(text, 1, &any), r->net_path = xdup(r->path);
    if (!any) die_at(r->path, "no network: wanted [net] with file=, or a network's sections");
    cfg *c = cfg_parse(r->net_text, r->path);
    cfg_section *s = c->n && !strcmp(c->s[0].name, "net") ? &c->s[0] : NULL;
    const char *file = s ? cfg_get(s, "file") : NULL;
    if (file) {
        for (int i = 0; i < c->n; i++) {
            const int detects = !strcmp(c->s[i].name, "detector");
            if (i && (!detects || i > 1)) die_at(c->s[i].at, "unknown section [%s] beside net.file%s", c->s[i].name, nearest_section(c->s[i].name));
            override(r, &c->s[i], i ? detector_keys(CONVENTION_TORCHVISION) : net_keys);
        }
        char *folder = path_folder(r->path), *full = path_join(folder, file);
        if (!file_exists(full)) die_at(s->at, "net.file: no such file %s", full);
        free(r->net_text), free(r->net_path), free(folder);
        r->net_text = text_read(full, TEXT_MAX), r->net_path = full;
    }
    cfg_free(c);
}

static void fill(run *r, cfg *c)
{
    for (int i = 0; i < c->n; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(c->s[i].name, c->s[j].name)) die_at(c->s[i].at, "[%s] stands twice, first at %s", c->s[i].name, c->s[j].at);
    for (const run_section *t = run_sections; t->name; t++) {
        cfg_section none = { .name = (char *)t->name, .at = r->path }, *s = cfg_find(c, t->name);
        cfg_fill(s ? s : &none, t->keys, (char *)r + t->at);
        if (s) cfg_check_used(s, (const key *const[]){ t->keys }, 1);
    }
}

#define DETECTION "detection"            /* objective.loss of a detector, which brings its own losses */

/* The terms of objective.loss: kind of each; returns how many. No term comes twice, so there are at most LOSSES. */
static int loss_terms(const char *loss, int kind[LOSSES], const char *at)
{
    for (int n = 0;; loss++) {
        const size_t length = strcspn(loss, ",");
        char *w = xprintf("%.*s", (int)length, loss);
        int i = 0;
        while (i < LOSSES && strcmp(w, loss_names[i])) i++;
        if (i == LOSSES)
            die_at(at, "loss: got '%s', wanted cross_entropy, bce or dice, by comma without spaces%s", w, die_nearest(w, loss_names, LOSSES));
        for (int j = 0; j < n; j++) if (kind[j] == i) die_at(at, "loss: %s stands twice", w);
        kind[n++] = i;
        free(w);
        loss += length;
        if (!*loss) return n;
    }
}

static int check_loss(const run_objective *o, int kind[LOSSES], const char *at)
{
    const int n = loss_terms(o->loss, kind, at);
    if (o->weights.n && o->weights.n != n) die_at(at, "weights: got %d numbers, wanted one for each term of loss=%s", o->weights.n, o->loss);
    return n;
}

static void check(run *r)
{
    uint8_t swap[256];
    int kind[LOSSES];
    char *at = xprintf("%s: solver", r->path);
    if (r->solver.batch % r->solver.subdivisions)
        die_at(at, "subdivisions: got %lld, wanted a divisor of batch=%lld", (long long)r->solver.subdivisions, (long long)r->solver.batch);
    optim_check(&r->solver.optim, at);
    policy_check(&r->solver.policy, at);
    key_unused(solver_keys, &r->solver, "start_without", r->solver.start != NULL, "no solver.start", at);
    free(at);
    at = xprintf("%s: data", r->path);
    for (int i = 0; i < 2; i++) key_unused(data_keys, &r->data, i ? "val" : "train", !r->data.fold, "data.fold", at);
    free(at);
    at = xprintf("%s: augment", r->path);
    augment_check(&r->augment, 256, at, swap);
    free(at);
    at = xprintf("%s: objective", r->path);
    if (r->objective.loss && strcmp(r->objective.loss, DETECTION)) check_loss(&r->objective, kind, at);      /* DETECTION: run_check */
    free(at);
}

/* key=value without a section: the section that has such a key, or one of nearly that name, is told. */
_Noreturn static void sectionless(const char *word, const char *got)
{
    enum { MOST = 256 };
    const char *name[MOST], *section[MOST];
    int n = 0, at = 0;
    for (const run_section *s = run_sections; s->name; s++)
        for (const key *k = s->keys; k->name && n < MOST; k++) name[n] = k->name, section[n++] = s->name;
    for (const key *k = net_keys; k->name && n < MOST; k++) name[n] = k->name, section[n++] = "net";
    const char *meant = nearest(got, name, n);
    while (meant && name[at] != meant) at++;
    if (meant) die("got '%s', wanted section.key=value (did you mean %s.%s?)", word, section[at], meant);
    die("got '%s', wanted section.key=value", word);
}

/* A word for the network, onto r->word: "net.width=64", "NAME.key=value". A misspelt section of the run is told here, where its name is known. */
static void network_word(run *r, const char *word)
{
    const char *end = word + strcspn(word, "="), *dot = memrchr(word, '.', (size_t)(end - word));
    char *who = xprintf("%.*s", (int)((dot ? dot : end) - word), word);
    if (!dot) sectionless(word, who);
    const char *meant = nearest_section(who);
    if (*meant && strcmp(who, "net")) {
        cfg *c = cfg_parse(r->net_text, r->net_path);
        int found = 0;
        for (int i = 0; i < c->n && !found; i++) {
            const char *name = cfg_get(&c->s[i], "name");
            found = !strcmp(c->s[i].name, who) || (name && !strcmp(name, who));
        }
        if (!found) die("%s: no section or name %s%s", word, who, nearest_section(who));
        cfg_free(c);
    }
    free(who);
    add_word(r, xdup(word));
}

/* The net's own number of images, which a training replaces by its own: wrong is wrong all the same. */
static void check_batch(const run *r)
{
    net_conf conf;
    cfg *c = cfg_parse(r->net_text, r->net_path);
    for (int i = 0; i < r->words; i++) if (!strncmp(r->word[i], "net.batch=", 10)) cfg_override(c, r->word[i], NULL);
    const cfg_section *s = cfg_find(c, "net");
    for (int i = 0; s && i < s->n; i++) {
        if (strcmp(s->e[i].key, "batch")) continue;
        char *at = xprintf("%s: net.batch", s->e[i].at);
        key_set(key_find(net_keys, "batch"), &conf, s->e[i].value, at), free(at);
    }
    cfg_free(c);
}

run *run_parse(const char *text, const char *path, const char *const *words, int n)
{
    static const char *known[sizeof run_sections / sizeof *run_sections];
    for (int i = 0; run_sections[i].name; i++) known[i] = run_sections[i].name;
    run *r = xalloc(sizeof *r);
    int any;
    r->path = xdup(path);
    net_of(r, text);
    char *own = keep_lines(text, 0, &any);
    cfg *c = cfg_parse(own, path);
    for (int i = 0; i < n; i++)
        if (section_find(words[i], strcspn(words[i], ".="))) cfg_override(c, words[i], known);
        else network_word(r, words[i]);
    fill(r, c);
    check(r), check_batch(r);
    cfg_free(c), free(own);
    return r;
}

run *run_read(const char *path, const char *const *words, int n)
{
    char *text = text_read(path, TEXT_MAX);
    run *r = run_parse(text, path, words, n);
    free(text);
    return r;
}

void run_free(run *r)
{
    if (!r) return;
    for (const run_section *t = run_sections; t->name; t++)
        for (const key *k = t->keys; k->name; k++)
            if (k->type == K_TEXT) free(*(char **)((char *)r + t->at + k->at));
    for (int i = 0; i < r->words; i++) free(r->word[i]);
    free(r->word), free(r->path), free(r->net_text), free(r->net_path), free(r);
}

net *run_net_at(const run *r, int64_t batch, int64_t h, int64_t w)
{
    const int64_t value[] = { batch, h, w };
    static const char *const name[] = { "batch", "height", "width" };
    const char **word = xalloc_n((size_t)r->words + 3, sizeof *word);
    char *own[3];
    int n = 0;
    for (; n < r->words; n++) word[n] = r->word[n];
    for (int i = 0; i < 3; i++) {
        own[i] = xprintf("net.%s=%lld", name[i], (long long)value[i]);
        if (value[i]) word[n++] = own[i];
    }
    net *t = net_parse(r->net_text, r->net_path, word, n);
    for (int i = 0; i < 3; i++) free(own[i]);
    free(word);
    return t;
}

net *run_net(const run *r, int64_t batch) { return run_net_at(r, batch, 0, 0); }

int run_losses(const run *r, int kind[LOSSES], double weight[LOSSES])
{
    const int n = loss_terms(r->objective.loss, kind, r->path);
    for (int i = 0; i < n; i++) weight[i] = r->objective.weights.v[i];
    return n;
}

/* classes: of the network. */
static void check_objective(run *r, int64_t classes)
{
    int kind[LOSSES], has[LOSSES] = { 0 };
    run_objective *o = &r->objective;
    char *at = xprintf("%s: objective", r->path);
    if (!o->loss) o->loss = xdup(classes == 1 ? "bce,dice" : "cross_entropy,dice");
    const int n = check_loss(o, kind, at);
    for (int i = o->weights.n; i < n; i++) o->weights.v[o->weights.n++] = 1;
    for (int i = 0; i < n; i++) has[kind[i]] = 1;
    if (has[LOSS_BCE] && classes != 1) die_at(at, "loss: bce is for a net of one class, this one has %lld", (long long)classes);
    if (has[LOSS_CROSS_ENTROPY] && classes == 1) die_at(at, "loss: cross_entropy wants two classes or more, this net has one (use bce)");
    char *choice = xprintf("loss=%s", o->loss);
    key_unused(objective_keys, o, "class_weights", has[LOSS_CROSS_ENTROPY], choice, at);
    key_unused(objective_keys, o, "dice", has[LOSS_DICE], choice, at);
    if (o->class_weights.n && o->class_weights.n != classes)
        die_at(at, "class_weights: got %d numbers, wanted %lld", o->class_weights.n, (long long)classes);
    free(choice), free(at);
}

char *run_part(const run *r, int validation)
{
    if (r->data.fold) return xprintf("%s%lld", validation ? "fold" : "rest", (long long)r->data.fold);
    return xdup(validation ? r->data.val : r->data.train);
}

/* Early stopping and plateau listen to validation. */
static void check_listeners(const run *r)
{
    const policy_conf *p = &r->solver.policy;
    const int deaf = !r->data.fold && !strcmp(r->data.val, "none");
    char *at = xprintf("%s: evaluate", r->path);
    if (deaf && r->evaluate.patience)
        die_at(at, "patience: got %lld, which listens to validation, with data.val=none", (long long)r->evaluate.patience);
    free(at);
    if (p->policy != POLICY_PLATEAU) return;
    at = xprintf("%s: solver", r->path);
    if (deaf) die_at(at, "policy: got plateau, which listens to validation, with data.val=none");
    if (p->mode) die_at(at, "mode: got min, wanted max: a larger %s (evaluate.metric) is better", run_metric(r));
    free(at);
}

/* A detector has its losses, in its own graph. */
static void check_detection(run *r, const detector_conf *d)
{
    run_objective *o = &r->objective;
    char *at = xprintf("%s: objective", r->path);
    if (o->loss && strcmp(o->loss, DETECTION)) die_at(at, "loss: got %s, but a detector has its own five (" DETECTION ")", o->loss);
    if (!o->loss) o->loss = xdup(DETECTION);
    if (d->input == INPUT_RULE)
        die("%s: detector.input=rule is for prediction with published weights; training fits films to the network: wanted fit", r->path);
    if (o->ignore >= 0) die_at(at, "ignore: got %lld, but a detector has no label map: wanted -1", (long long)o->ignore);
    if (o->weights.n || o->class_weights.n) die_at(at, "weights, class_weights: a detector's losses are added up as they are: wanted none");
    free(at);
}

/* With a critic: what a run of labels has and this one has not. Without: that nothing speaks of it. */
static void check_adversary(run *r, const net *t)
{
    const run_adversary *v = &r->adversary;
    char *at = xprintf("%s: adversary", r->path);
    for (const key *k = adversary_keys; k->name; k++)
        key_unused(adversary_keys, v, k->name, v->critic != NULL || !strcmp(k->name, "critic"), "no critic", at);
    if (v->critic) {
        if (!v->features != !v->features_weights) die_at(at, "features and features_weights: got one, wanted both or none");
        key_unused(adversary_keys, v, "dropout", v->features != NULL, "no features", at);
        if (r->solver.subdivisions != 1) die_at(at, "solver.subdivisions: got %lld, wanted 1", (long long)r->solver.subdivisions);
        if (r->solver.optim.swa || r->solver.freeze) die_at(at, "solver.swa and solver.freeze: wanted neither with a critic");
        if (r->data.fit.sizes && *r->data.fit.sizes) die_at(at, "data.sizes: got %s, wanted none with a critic", r->data.fit.sizes);
        if (t->conf.classes != t->conf.channels)
            die_at(at, "the network takes %lld channels and gives %lld (net.channels, net.classes): wanted as many", (long long)t->conf.channels,
                   (long long)t->conf.classes);
        for (const key *k = objective_keys; k->name; k++) key_unused(objective_keys, &r->objective, k->name, 0, "a critic", at);
        free((char *)r->data.labels), r->data.labels = xdup("any");    /* they are read, and not looked at */
    }
    free(at);
}

int64_t run_values(const run *r, const net *t) { return t->conf.classes == 1 || r->adversary.critic ? 2 : t->conf.classes; }

void run_check(run *r, const net *t)
{
    uint8_t swap[256];
    const int64_t k = t->conf.classes, values = run_values(r, t);
    check_adversary(r, t);
    if (t->detector) check_detection(r, &t->detector->conf);
    else if (!r->adversary.critic) check_objective(r, k);
    check_listeners(r);
    char *at = xprintf("%s: data", r->path);
    if (r->data.classes && r->data.classes != values)
        die_at(at, "classes: got %lld, but the network tells %lld apart (net.classes=%lld)", (long long)r->data.classes, (long long)values,
               (long long)k);
    augment_pairs(r->data.exchangeable, "exchangeable", values, at, swap);
    if (t->detector && r->data.exchangeable) die_at(at, "exchangeable: got %s, but a detector tells instances apart: wanted none", r->data.exchangeable);
    free(at);
    fit_sizes_of(&r->data.fit, t->conf.height, t->conf.width);
    at = xprintf("%s: augment", r->path);
    augment_check(&r->augment, values, at, swap);
    if (t->detector && r->augment.mosaic > 0) die_at(at, "mosaic: got %g, but a detector knows instances by numbers of one film: wanted 0", r->augment.mosaic);
    for (int c = 0; t->detector && c < 256; c++)
        if (swap[c] != c) die_at(at, "swap: got pairs of classes, which instances of a detector do not change into: wanted none");
    free(at);
}

char *run_value(const run *r, const char *section, const char *name)
{
    const run_section *s = section_find(section, strlen(section));
    return key_text(key_find(s->keys, name), (const char *)r + s->at);
}

const char *run_metric(const run *r) { return r->adversary.critic ? "psnr" : metric_names[r->evaluate.metric]; }
const char *run_loss(const run *r) { return r->adversary.critic ? "adversary" : r->objective.loss; }

char *run_text(const run *r, const net *t)
{
    char *text = NULL;
    for (const run_section *s = run_sections; s->name; s++) cfg_print_section(&text, s->name, s->keys, (const char *)r + s->at);
    cfg_print_section(&text, "net", net_keys, &t->conf);
    char *net = net_text(t), *layers = strstr(net, "\n["), *whole = xprintf("%s%s", text, layers ? layers : "");
    free(text), free(net);
    return whole;
}
