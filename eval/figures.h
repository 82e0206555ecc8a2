/* figures.h - a figure as JSON and as cells of a table: what is missing is null, and says why. */
#ifndef EVAL_FIGURES_H
#define EVAL_FIGURES_H
#include "eval/agreement.h"
#include "eval/table.h"
#include <jansson.h>

/* key: number, or key: null and key_why: the reason. */
void figure_json(json_t *o, const char *key, quantity q);
/* key_ci: [low, high], or null and key_ci_why. */
void figure_json_interval(json_t *o, const char *key, quantity lo, quantity hi);
/* The next cell, of a column of ranges. */
void figure_cell_interval(table *t, quantity lo, quantity hi);
#endif
