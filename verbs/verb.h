/* verb.h - the verbs of the program. darkspine.c holds the table; every function stands in verbs/NAME.c, takes the command line from its
 * own name on (argv[0] is the verb) and returns the exit status. */
#ifndef VERBS_VERB_H
#define VERBS_VERB_H
#include <stdio.h>

typedef struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;                    /* one line */
} verb;

extern const verb verbs[];               /* ends with a zero entry; in the order of the work: plan, data, training, results, rest */

int verb_plan(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_split(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_synth(int argc, char **argv);
int verb_train(int argc, char **argv);
int verb_runs(int argc, char **argv);
int verb_predict(int argc, char **argv);
int verb_eval(int argc, char **argv);
int verb_measure(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_inpaint(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_audit(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_bench(int argc, char **argv);
int verb_convert(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_help(int argc, char **argv);

void help_overview(void);                /* what `darkspine` and `darkspine --help` print */
void doctor_version(FILE *f);            /* what `darkspine --version` prints */
#endif
