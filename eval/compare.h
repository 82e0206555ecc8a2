/* compare.h - two methods on the same films, from what `eval --json` said of each: overlap class by class, errors parameter by parameter,
 * on the films for which both gave a value. The sign is always a - b: an overlap above 0 and an error below 0 speak for a.
 *
 * The trap: a method that gives up on the hard films has small errors on the rest. So errors are compared at common coverage, and what
 * each of the two failed on stands beside them. */
#ifndef EVAL_COMPARE_H
#define EVAL_COMPARE_H
#include "eval/paired.h"
#include "eval/table.h"
#include <jansson.h>

typedef struct compared_row {
    char *name, *unit;                   /* unit "": an overlap */
    compared of;                         /* of overlaps mae_a and mae_b are the means, and a film without the class has failed nowhere */
    quantity holm;                       /* p of the test, corrected over the rows of its table */
    quantity effect;                     /* matched-pairs rank correlation (W+ - W-) / (W+ + W-), -1 to 1 (Kerby 2014) */
} compared_row;

typedef struct comparison {
    char *a, *b;                         /* where they come from */
    int nclasses, nparameters;
    compared_row *class, *parameter;     /* those that both have */
    int64_t films, patients, draws;
    char *left_out;                      /* what only one has, by comma; "" none */
} comparison;

/* a, b: objects of `eval --json` about the same films; name_a, name_b: what messages call them. Dies 2 where they are not, where a film
 * is in one alone, or where their references differ. */
comparison comparison_of(const json_t *a, const char *name_a, const json_t *b, const char *name_b, int64_t draws, uint64_t seed);
void       comparison_free(comparison *c);
table     *comparison_class_table(const comparison *c);          /* NULL: no class in common */
table     *comparison_parameter_table(const comparison *c);      /* NULL: no parameter in common */
json_t    *comparison_json(const comparison *c);                 /* fresh: {a, b, films, patients, classes, parameters, left_out} */
#endif
