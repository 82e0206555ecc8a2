/* parameters.h - parameters of the spine against a reference, parameter by parameter: what is measured on predictions against what is
 * measured on the truth, or against one or two readers.
 *
 * The reference is the one reader, or the mean of the two where both have a value; then each of them, and they against each other, stand
 * beside it (a mean of two flatters whatever is compared with it). Angles and lengths are never averaged together. */
#ifndef EVAL_PARAMETERS_H
#define EVAL_PARAMETERS_H
#include "eval/paired.h"
#include "eval/readings.h"
#include "eval/table.h"
#include <jansson.h>

typedef struct parameter_options {
    agreement_options agreement;         /* zeroed: agreement_defaults */
    double margin;                       /* of equivalence, in the unit of the parameter; 0: not tested */
    const double *published;             /* (readings_parameters()) mean absolute differences to stand beside ours, NAN none; or NULL */
    const char *published_from;          /* where they come from */
} parameter_options;

typedef struct parameter_row {
    int parameter;                       /* readings_name, readings_unit */
    agreement of;
    triad readers;                       /* with two readers */
    wilcoxon bias;                       /* signed errors, a mean a patient, against zero */
    tost same;                           /* with a margin */
    quantity bias_holm, same_holm;       /* p corrected over the parameters */
    double published;                    /* NAN: none */
} parameter_row;

/* A classification of the films by their parameters. confusion[reference][prediction], labels in order. */
enum { PARAMETER_SCHEMES = 5, PARAMETER_CLASSES = 4 };
typedef struct class_row {
    const char *name, *const *label;
    int classes, power;                  /* power: of kappa's weights, 0 where the classes have no order */
    int64_t films, failed, confusion[PARAMETER_CLASSES][PARAMETER_CLASSES];
    kappa k;
} class_row;

typedef struct parameters {
    parameter_options o;
    int n, readers;                      /* readers: 0 the truth, 1, 2 */
    parameter_row *row;                  /* in the order of readings_name; those with a reference in some film */
    int64_t films, patients, unknown_patients;
    quantity angles, lengths;            /* mean over the parameters of their MAE; over angles and over lengths */
    class_row class[PARAMETER_SCHEMES];  /* Schwab's modifiers (2012), Roussouly's types by SS (2005), GAP's
                                            categories (Yilgor 2017) of films whose age is known */
    char *left_out;                      /* parameters that only one side gives, by comma; "" none */
} parameters;

/* second: the other reader, or NULL. readers: 0 where ref is the truth and no reader, else 1 or 2. Dies 2 as readings_match. Patients
 * are those of ref, where it names none those of pred, else every film is its own. */
parameters parameters_compare(const readings *pred, const readings *ref, const readings *second, int readers, const parameter_options *o);
void       parameters_free(parameters *p);

/* Errors with failures beside them; bias, limits, shares; reliability and correlation; with two readers the three against each other. */
table *parameters_error_table(const parameters *p);
table *parameters_bias_table(const parameters *p);
table *parameters_agreement_table(const parameters *p);
table *parameters_reader_table(const parameters *p);
table *parameters_class_table(const parameters *p);                  /* NULL where no film has a class */
/* A row a film and parameter: both values and the error. */
table *parameters_film_table(const readings *pred, const readings *ref, const readings *second);
/* The lists `parameters` and `classifications` of eval --json; fresh arrays. */
json_t *parameters_json(const parameters *p);
json_t *parameters_class_json(const parameters *p);

/* Fills p->class; pred, ref: (films, nparameters) values, age: (films) years; NAN none. Called by parameters_compare. */
void parameters_classify(parameters *p, const double *pred, const double *ref, const double *age, const int64_t *patient, int64_t films,
                         int nparameters);
#endif
