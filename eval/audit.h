/* audit.h - the lint of a result table: what its own figures contradict, each finding with its arithmetic.
 *
 * A table is a CSV file; which rules apply follows from its headings alone (audit_rules lists them), so any table may be given. A rule
 * speaks only where the printed digits leave no way out: a sum or a mean is compared within what rounding of each printed figure allows.
 * An error contradicts the table itself; a warning is what a reviewer would ask about. docs/evaluation.md explains every rule. */
#ifndef EVAL_AUDIT_H
#define EVAL_AUDIT_H
#include "datasets/csv.h"

typedef struct audit_finding {
    const char *rule;
    int error;                           /* else a warning */
    int row;                             /* 0 .. nrows - 1, or -1: the table as a whole */
    char *column;                        /* heading, or NULL */
    char *text;
} audit_finding;

/* Number of a cell as printed: decimals of its fraction, percent where a % follows. */
typedef struct audit_cell { int number, decimals, percent; double value; } audit_cell;

typedef struct audit {
    csv t;
    csv reference;                       /* ncols 0: none was given */
    audit_cell *cell;                    /* (nrows, ncols) */
    int n, errors;
    audit_finding *f;
} audit;

typedef struct audit_rule { const char *id; void (*look)(audit *a); const char *help; } audit_rule;
extern const audit_rule audit_rules[];   /* ends with a zero entry */

/* Reads the table and applies every rule. reference: a table of the same films in the same order to hold the rows to, or NULL. Dies 2
 * where a file is no CSV. audit_free. */
audit audit_table(const char *path, const char *reference);
void  audit_free(audit *a);
/* The first cell of a row, or "row N". */
const char *audit_label(const audit *a, int row, char room[32]);
#endif
