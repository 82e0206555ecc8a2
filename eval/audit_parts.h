/* audit_parts.h - what the files of the audit share: cells as numbers, headings as words, and findings. */
#ifndef EVAL_AUDIT_PARTS_H
#define EVAL_AUDIT_PARTS_H
#include "base/die.h"
#include "eval/audit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static inline const audit_cell *audit_at(const audit *a, int row, int column) { return &a->cell[row * a->t.ncols + column]; }
static inline int audit_has(const audit *a, int row, int column) { return column >= 0 && audit_at(a, row, column)->number; }
static inline double audit_value(const audit *a, int row, int column) { return audit_at(a, row, column)->value; }

/* Half of the last printed digit: how far rounding may have moved a figure. */
static inline double audit_half(const audit_cell *c) { return 0.5 * pow(10, -c->decimals) * (1 + 1e-9); }

void audit_say(audit *a, const char *rule, int error, int row, int column, const char *fmt, ...) PRINTF(6, 7);

/* Does the heading or label hold the word, whatever its case? A word is bounded by what is neither a letter nor a digit. */
int audit_word(const char *text, const char *word);
/* The first column whose heading holds one of these words (space-separated list), or -1. */
int audit_column(const audit *a, const char *words);
/* The column called NAME, NAME + suffix, or either with a unit in brackets, or -1. */
int audit_named(const audit *a, const char *name, const char *suffix);
/* More than half of its cells that are not empty are numbers. */
int audit_numeric(const audit *a, int column);
/* Decimals of the column: the most that any cell shows. */
int audit_decimals(const audit *a, int column);
/* The row whose label holds the word, at or after `from`, or -1. */
int audit_row(const audit *a, const char *word, int from);
/* Unit of a parameter: "mm", "deg" ..., or NULL where the heading is none. */
const char *audit_unit(const char *heading);

void audit_pi(audit *a);
void audit_pi_missing(audit *a);
void audit_differences(audit *a);
void audit_units_mixed(audit *a);
void audit_gap(audit *a);
void audit_alignment(audit *a);
void audit_averages(audit *a);
void audit_mae_bias(audit *a);
void audit_ratios(audit *a);
void audit_gains(audit *a);
void audit_feasible(audit *a);
void audit_coverage(audit *a);
void audit_splits(audit *a);
void audit_duplicates(audit *a);
void audit_ranges(audit *a);
void audit_units(audit *a);
void audit_counts(audit *a);
void audit_n_missing(audit *a);
void audit_commas(audit *a);
#endif
