/* table.h - every table of the project: built cell by cell, written as aligned text, Markdown, CSV or LaTeX.
 *
 *     table *t = table_new("DSC by class");
 *     table_column(t, "class", "", COLUMN_TEXT, 0);
 *     table_column(t, "DSC", "", COLUMN_SPREAD, 3);
 *     table_text(t, "L1"); table_numbers(t, 0.912, 0.041);          one cell a column, row after row
 *     table_text(t, "L2"); table_missing(t, "no image has it");
 *     table_write(t, stdout, TABLE_PLAIN); table_free(t);
 *
 * A cell holds numbers, not text made of numbers: for people they are rounded and joined ("0.912 ± 0.041"), in the CSV each has its
 * own column and all its digits. A missing cell says why, in a note under the table or in the CSV's last column. */
#ifndef EVAL_TABLE_H
#define EVAL_TABLE_H
#include "eval/stats.h"
#include <stdio.h>

typedef struct table table;
enum column_kind {
    COLUMN_TEXT,         /* words, to the left */
    COLUMN_COUNT,        /* a whole number */
    COLUMN_NUMBER,       /* a number with so many decimals */
    COLUMN_SPREAD,       /* mean and sd: "0.912 ± 0.041"; in CSV two columns, NAME_mean and NAME_sd */
    COLUMN_RANGE,        /* two ends: "0.895 to 0.927"; in CSV NAME_low and NAME_high */
    COLUMN_KINDS
};
enum table_form { TABLE_PLAIN, TABLE_MARKDOWN, TABLE_CSV, TABLE_LATEX, TABLE_FORMS };
extern const char *const table_suffix[TABLE_FORMS];  /* "txt", "md", "csv", "tex" */

/* All strings are copied. title and unit may be "". Columns come before the first cell. decimals: of NUMBER, SPREAD and RANGE. */
table *table_new(const char *title);
void   table_free(table *t);
void   table_column(table *t, const char *title, const char *unit, enum column_kind kind, int decimals);

/* The next cell, which must suit its column. Numbers are finite. table_numbers is for columns of two numbers. */
void table_text(table *t, const char *text);
void table_count(table *t, int64_t n);
void table_number(table *t, double x);
void table_numbers(table *t, double a, double b);
void table_missing(table *t, const char *why);
void table_quantity(table *t, quantity q);           /* table_number or table_missing */

/* A line between the rows before and those after (text and Markdown), and a line of text under the table. */
void table_rule(table *t);
void table_note(table *t, const char *note);

/* Rows must be whole. LaTeX is a table environment in plain LaTeX (\hline; no package beyond inputenc's UTF-8). CSV is RFC 4180 with
 * "\n" line ends; numbers in the shortest form that reads back to the same double. */
void table_write(const table *t, FILE *f, enum table_form form);
/* As part of a page (eval/html.h), which is no form of its own: it needs the page's style. */
void table_html(const table *t, FILE *f);
#endif
