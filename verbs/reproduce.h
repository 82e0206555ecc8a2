/* reproduce.h - what the files of `darkspine reproduce` share.
 *
 * An experiment is a cfg file and nothing else: [experiment] names the system it stands for, every [step] is a call of this program,
 * every [row] a figure that one of the steps printed. So a system is added by writing a file (docs/reproduce.md). The steps of an
 * experiment run in a folder of its own, each as a process of its own; what a step printed is kept beside what it was made of
 * (reproduce_run.c), so that a call that was stopped or killed goes on where it was. */
#ifndef VERBS_REPRODUCE_H
#define VERBS_REPRODUCE_H
#include "eval/stats.h"
#include "nn/cfg.h"
#include <jansson.h>

/* How a verb is called again: what overwrites its result, and what a call that was cut off leaves to go on from. */
typedef struct step_kind {
    const char *verb;
    int force, device, threads, precision;       /* takes --force; ...; all take --seed */
    const char *partial;                 /* there: go on with --resume. %s is its output; NULL: a step begins anew */
} step_kind;

typedef struct step {
    char *name, *run;                    /* name: by default the verb */
    const char *at;                      /* file:line */
    double minutes;                      /* of the recorded runs */
    int words; char **word;              /* run, split at spaces; word[0] is the verb */
    const step_kind *kind;
    char mark[65];                       /* SHA-256 of the words of this step and of all before it, and of the @files they name */
    int done;
} step;

/* What another run does otherwise than the recorded ones, whose seed is 1 and whose precision is what the networks say. */
typedef struct variation {
    int64_t seed, moved;                 /* moved: by which every seed of the experiments is */
    const char *precision;               /* or NULL */
    char *flags, *suffix;                /* " --seed 2 --precision bf16", "-seed2-bf16"; both "" where it is as recorded */
} variation;

typedef struct figure {                  /* a [row] */
    char *measure, *unit, *from, *find, *published;      /* unit, published: NULL: none */
    const char *at;
    double tolerance;                    /* by which another machine's run may miss the recorded ones */
    quantity ours, printed;              /* printed: the published one; missing has its reason */
    int runs; double low, high;          /* the band; runs 0: none was recorded */
    const char *why;                     /* why there is no band */
} figure;

typedef struct experiment {
    char *name, *folder, *beside;        /* stem of its file; where it runs; the folder of its file */
    const char *flags;                   /* of the variation that its steps are of */
    char *system, *title;
    cfg *c;
    int nsteps, nfigures;
    step *step;
    figure *figure;
} experiment;

/* All *.cfg of a folder, by system and then by name; only: (nonly) systems or names that are wanted, 0: all. out: the folder that results
 * go to. v must outlive them. Dies 2. */
experiment *experiments_read(const char *from, const char *out, const variation *v, char *const *only, int nonly, int *n);
void        experiments_free(experiment *e, int n);
variation   variation_of(int64_t seed, const char *precision);
void        variation_free(variation *v);
void        step_vary(step *s, const variation *v);              /* its words as this run calls it. Dies 2 */
/* A word of a step as the program gets it: @NAME, also after a =, is the file NAME beside the experiment, or one that the program brings
 * along. Fresh. Dies 2. */
char       *step_word(const experiment *e, const step *s, int word);
/* OUT/EXPERIMENT/STEP.step.json, fresh. */
char       *step_record(const experiment *e, const step *s);

typedef struct reproduction {
    int quiet;
    const char *device, *threads;        /* for the steps, or NULL */
} reproduction;

/* Marks the steps that are done as such. force: nothing is done yet, and results of other steps are replaced instead of refused (2). */
void   reproduce_find_done(experiment *e, int n, int force);
double reproduce_minutes(const experiment *e, int n);            /* that the steps which are not done will take */
/* Runs what is not done. Returns EXIT_OK, EXIT_STOPPED, or the status of the step that failed. */
int    reproduce_run(experiment *e, int n, const reproduction *how);
/* Only one process may work in out: waits a little for one that is ending, then dies 2. The lock ends with the process. */
void   reproduce_lock(const char *out);
/* The program itself with these words, in this folder, what it prints into a file (NULL: thrown away). Its exit status; a signal to this
 * process goes on to it, and it does not outlive this process. */
int    reproduce_call(const char *folder, char *const *word, const char *print);

/* The cell of a CSV file in results/published, or beside the experiment, that "FILE COLUMN=VALUE ... COLUMN" means; a column that ends in
 * _percent is read as shares. at: of the [row], for messages. Dies 2. */
double  published_value(const experiment *e, const char *words, const char *at);

/* Fills ours and the band of every figure. bands: a CSV file that reproduce_record wrote; not there: no bands. */
void    reproduce_judge(experiment *e, int n, const char *bands);
const char *figure_verdict(const figure *f);                     /* "PASS", "FAIL", "no band yet" */
/* Adds the figures to a file of recorded runs, which is made where it is not there. command: how they came about. */
void    reproduce_record(const experiment *e, int n, const char *bands, const char *command);
/* A place in a JSON object: keys by point, [key=value] for the member of a list whose key says so: "parameters[name=SS].MAE". */
quantity json_find(const json_t *o, const char *path);
#endif
