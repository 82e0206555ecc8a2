/* report.h - what the HTML reports of `report` and of `run` share; see eval/html.h for the page itself. */
#ifndef VERBS_REPORT_H
#define VERBS_REPORT_H
#include "eval/findings.h"
#include <jansson.h>
#include <stdio.h>

/* The sections "Environment" and "Files": this program and machine; size and SHA-256 of these files (n, NULL entries are skipped) and of the
 * program itself. */
void report_environment(FILE *f);
void report_files(FILE *f, char *const *path, int n);

/* A PNG file, embedded; nothing where it is not there. */
void report_picture(FILE *f, const char *path, const char *alt, const char *caption);

/* One film measured: what lies outside its normal range first, the drawing (a PNG file, or NULL), all values, what could not be measured. */
void report_film(FILE *f, const findings *m, const ranges *normal, const char *drawing);

/* ---- sections of `report`, each from what one kind of file says. number: which evaluation or run of the report this is, from 1 ----- */

/* A finished evaluation, as eval.json has it. */
void report_headline(FILE *f, const json_t *eval);
void report_evaluation(FILE *f, int number, const json_t *eval, const char *path);
void report_failures(FILE *f, int number, const json_t *eval);

/* The worst cases of an evaluation, film by film: truth beside prediction. pred: a predictions.h5, truth: a store; either may be NULL. */
enum { REPORT_WORST = 10 };
void report_worst(FILE *f, int number, const json_t *eval, const char *pred, const char *truth);

/* Further tables of the same section: objects compared one by one, and levels named right; nothing where the evaluation has neither. */
void report_instances(FILE *f, const json_t *eval);

/* Errors and agreement of the parameters, from `parameters` and `values`; the table of errors goes to text too, for people. */
void report_parameters(FILE *f, FILE *text, int number, const json_t *eval);

/* What the evaluation was made from, with hashes as they were then. */
void report_provenance(FILE *f, const json_t *eval);

/* The run that was trained in this folder. */
void report_training(FILE *f, int number, const char *folder);
#endif
