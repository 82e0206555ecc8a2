/* scored.h - what a finished evaluation leaves: tables on stdout, and the files of `eval --out`. */
#ifndef VERBS_SCORED_H
#define VERBS_SCORED_H
#include "eval/pairs.h"
#include "eval/score.h"

extern const char *const scored_products[];                  /* names of the files; NULL at the end */
void scored_write(const score *s, const char *folder);       /* the folder is made */
void scored_print(const score *s);
#endif
