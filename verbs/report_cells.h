/* report_cells.h - values of an eval.json as cells of a table. The file may be anybody's: whatever is not there or is of another kind is a missing
 * cell with the reason that the file gives, never a crash. */
#ifndef VERBS_REPORT_CELLS_H
#define VERBS_REPORT_CELLS_H
#include "eval/table.h"
#include <jansson.h>

/* o[key], or otherwise where it is no text */
const char *cell_text(const json_t *o, const char *key, const char *otherwise);
/* o[key], or the reason that stands beside it under KEY_why */
quantity    cell_quantity(const json_t *o, const char *key);
/* One cell: a with b beside it (a mean and its SD); the two ends under o[key]; a whole number */
void        cell_pair(table *t, quantity a, quantity b);
void        cell_interval(table *t, const json_t *o, const char *key);
void        cell_count(table *t, const json_t *o, const char *key);
#endif
