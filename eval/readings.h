/* readings.h - parameters of many films as one source gives them: a reader's CSV file, or what was measured.
 *
 * A reader's file says what it means, and nothing is guessed: wrong units, other signs, decimal commas, rows that stand twice and films
 * that are missing die 2 with the line. An empty cell is a value that was not given; it counts as a failure or leaves the film out, as
 * agreement.h says. docs/evaluation.md describes the two forms (a row a film, or a row a value as `measure --out FILE.csv` writes). */
#ifndef EVAL_READINGS_H
#define EVAL_READINGS_H
#include <stdint.h>

/* patient "" unknown; line 0: not from a file; age in years, NAN unknown */
typedef struct reading { char *id, *patient; int line; double age, *value; } reading;
typedef struct readings {
    char *path;
    int nparameters, *given;             /* parameters by number (readings_name); given: the source has a column for it */
    int64_t n, room;
    reading *r;                          /* value (nparameters), NAN where there is none */
} readings;

/* The parameters are those of geometry/, and the Cobb angle of frontal films. */
int         readings_parameters(void);
const char *readings_name(int parameter);                /* "TK" */
const char *readings_unit(int parameter);                /* "deg", "mm" ... */
int         readings_find(const char *name);             /* -1: no such parameter */

readings readings_new(const char *path);
/* a film without values; valid until the next add */
reading *readings_add(readings *s, const char *id, const char *patient, int line);
void     readings_free(readings *s);

int      readings_table(const char *path);               /* a file NAME.csv */
int      readings_like(const char *path);                /* one whose heading names parameters, or a list of values */
readings readings_csv(const char *path);                 /* dies 2 */
int64_t *readings_sorted(const readings *s);             /* films in the order of their ids; fresh */

/* Both have the same films, by id; then *order (fresh, n) gives for each film of a its place in b. Dies 2, naming the line, where a film
 * is missing on either side, where its patient or its age (by more than a year) is another, and, where one of the two is a file, where
 * values of a parameter are throughout those of another unit or of the opposite sign. */
void readings_match(const readings *a, const readings *b, int64_t **order);

/* What looks wrong in single rows and may yet be meant, a line of text each: a value that a sign, cm or radians would explain, and a row
 * whose values are all those of another. Nothing is changed by it. */
typedef struct doubts { char **line; int n; } doubts;
void   doubts_add(doubts *d, const readings *a, const readings *b);      /* those of b, beside a. Dies 2 as readings_match */
void   doubts_free(doubts *d);
#endif
