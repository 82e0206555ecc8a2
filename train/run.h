/* run.h - everything that decides a training run, from a cfg file and words of the command line.
 *
 * A run cfg has the sections [data] [solver] [objective] [augment] [evaluate], each with its key table, and a network: either
 * [net] file=unet.cfg (relative to the cfg; other keys of [net] then override those of that file), or the network's own sections in the
 * same file. So a bare network cfg is a run too, with every other value at its default, and the resolved text of a run (run_text) is
 * one self-contained file from which the same run starts again. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H
#include "datasets/fit.h"
#include "nn/net.h"
#include "nn/optim.h"
#include "nn/policy.h"
#include "train/augment.h"

typedef struct run_data {
    const char *store, *train, *val, *labels, *exchangeable;
    int64_t classes, workers, cache, fold;
    int check, sampling, bad;
    fit_conf fit;
} run_data;

typedef struct run_solver {
    int64_t epochs, batch, subdivisions, seed, save_minutes;
    int recompute, fuse_step;
    const char *start, *start_without, *freeze;      /* a checkpoint; patterns of tensors; NULL: none */
    policy_conf policy;
    optim_conf optim;
} run_solver;

enum { SAMPLING_UNIFORM, SAMPLING_BALANCED, SAMPLING_HARD };
enum { BAD_STOP, BAD_SKIP };
enum { LOSS_CROSS_ENTROPY, LOSS_BCE, LOSS_DICE, LOSSES };
extern const char *const loss_names[LOSSES];

/* The number by which labels say objective.ignore, to the loss and to validation; no network has a class of this number. */
enum { IGNORED = 255 };

typedef struct run_objective {
    const char *loss;                        /* terms by comma; NULL: by the net's classes */
    key_list weights, class_weights;
    int dice;
    int64_t ignore;                          /* a value of the label maps, or -1 */
} run_objective;

/* A critic makes the run one of a network that rebuilds its films (train/adversary.h) */
typedef struct run_adversary {
    const char *critic, *features, *features_weights;      /* files; NULL: none */
    double perceptual, weight, codebook, matching, erase;
    int64_t start;
    int loss, dropout;
} run_adversary;

typedef struct run_evaluate { int64_t every, log_steps, patience, worst; int metric, cases, layers; } run_evaluate;

typedef struct run {
    run_data data;
    run_solver solver;
    run_objective objective;
    run_adversary adversary;
    augment_conf augment;
    run_evaluate evaluate;
    char *path;                              /* the file */
    char *net_text, *net_path;               /* the network's cfg text, and what it calls itself in messages */
    char **word; int words;                  /* overrides that go to the network */
} run;

/* The sections of a run: what `darkspine help SECTION` shows beside layers and [net]. */
typedef struct run_section { const char *name, *help; const key *keys; size_t at; } run_section;
extern const run_section run_sections[];     /* a NULL name at the end */

/* words: "section.key=value"; those whose section is none of a run's go to the network. Dies with file:line on anything wrong in the
 * run's sections; the network is checked by run_net. */
run *run_read(const char *path, const char *const *words, int n);
run *run_parse(const char *text, const char *path, const char *const *words, int n);
void run_free(run *r);

/* The path of a file that the run names: from the working directory, beside the cfg, or among what the program brings along; as named where it is
 * in none. Fresh; NULL for NULL. The run keeps the name as it was given, so that it can be resumed from another place. */
char *run_file(const run *r, const char *named);

/* The network for this many images a pass (0: as its cfg says); and the same for an input of this size (0: as its cfg says). */
net *run_net(const run *r, int64_t batch);
net *run_net_at(const run *r, int64_t batch, int64_t h, int64_t w);
/* What can only be checked against the network; fills r->objective.loss and weights where they were left to it. */
void run_check(run *r, const net *t);
/* How many values of the label maps the run tells apart, background included. */
int64_t run_values(const run *r, const net *t);
/* The whole run as text, every value explicit, the network included. */
char *run_text(const run *r, const net *t);

/* The part of the store that is trained on, or validated on: data.train, data.val, or by data.fold. Fresh. */
char *run_part(const run *r, int validation);
/* One value as text, the form its key reads; fresh. */
char *run_value(const run *r, const char *section, const char *key);
/* What the best weights are best at: "dice" or "iou", with a critic "psnr"; and what is trained: objective.loss, or "adversary". */
const char *run_metric(const run *r);
const char *run_loss(const run *r);
/* The terms of the objective: kind and weight of each; returns how many (at most LOSSES). */
int run_losses(const run *r, int kind[LOSSES], double weight[LOSSES]);
#endif
