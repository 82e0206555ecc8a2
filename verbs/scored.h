/* scored.h - what a finished evaluation leaves: tables on stdout, the files of `eval --out`, the object of `eval --json`. */
#ifndef VERBS_SCORED_H
#define VERBS_SCORED_H
#include "eval/instance_score.h"
#include "eval/levels.h"
#include "eval/pairs.h"
#include "eval/parameters.h"
#include "eval/score.h"

typedef struct scored {
    const score *s;                      /* label maps; NULL: readings only */
    const parameters *p;                 /* NULL: no parameters were compared */
    const readings *pred, *ref, *second; /* those of p; second may be NULL */
    const doubts *odd;                   /* of the readers' files, or NULL */
    const char *why;                     /* why there are no parameters */
    const instance_score *i;             /* NULL: no instances were compared, for this reason: */
    const char *no_instances;
    const levels *l;                     /* NULL: nothing of a spine was measured */
    int64_t draws; uint64_t seed;        /* of the intervals of l */
    json_t *provenance;                  /* kept by the caller */
} scored;

char  **scored_products(const char *folder, int *n);         /* paths of all that scored_write may write there, fresh */
void    scored_write(const scored *r, const char *folder);   /* the folder is made */
void    scored_print(const scored *r);
json_t *scored_json(const scored *r);                        /* fresh */
#endif
