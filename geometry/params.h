/* params.h - the table of parameters and what evaluates it; internal to geometry/.
 *
 * A row says what a parameter is called, what it needs and which function computes it; the engine (params.c) checks the needs, so that a
 * function only computes. Where papers differ a parameter has several rows, each for one choice. */
#ifndef GEOMETRY_PARAMS_H
#define GEOMETRY_PARAMS_H
#include "geometry/film.h"

/* APART: hips and S1 middle are two points */
enum { NEED_NOTHING, NEED_SUP, NEED_INF, NEED_CENTRE, NEED_HIPS, NEED_APART, NEED_POINT };
typedef struct need { unsigned char kind, which; } need;
enum { NEEDS = 8 };

typedef struct parameter {
    const char *name, *unit, *title;
    int (*value)(const film *f, const struct parameter *p, double *out, char why[64]);        /* 0 or a code; why: its detail */
    need needs[NEEDS];
    unsigned char choice, of;                   /* row counts only where choice[choice - 1] == of; choice 0: always */
} parameter;

/* Value and error of every parameter, for one film. */
struct geo_result {
    film film;
    geo_value *value;
    char error[64], warning[WARNINGS + 64][WARNING_SIZE];
    int warnings, choice[CHOICES];
    unsigned char has_point[GEO_POINTS];
};

extern const parameter parameter_rows[];
extern const int parameter_row_count;

/* Formulas: of params_spine.c, params_pelvis.c and params_cervical.c. */
typedef int formula(const film *f, const parameter *p, double *out, char why[64]);
formula value_slope, value_lordosis, value_kyphosis, value_mismatch;
formula value_pt, value_pi, value_pi_ll, value_ldi, value_sva, value_gt, value_c7vt, value_c7st, value_ssa, value_spi, value_tpa;
formula value_rpv, value_rll, value_rsa;
formula value_csva, value_above, value_length, value_line_slope, value_c0c2, value_odha, value_bai, value_powers, value_to_line;
formula value_nt, value_tia, value_to_mcgregor;

/* bodies.c: fractured as far as one can tell from it and its neighbours: anterior below 0.8 of the posterior height, or a body beside it
 * looks more than 15 % too high against it. */
int body_is_suspect(const geo_result *r, int level);
/* The row that counts for this parameter of this film; NULL: there is no such parameter. */
const parameter *parameter_chosen(const geo_result *r, int index);
/* Slope of the plate of a NEED_SUP or NEED_INF. */
double plate_slope(const film *f, need n);
int    film_needs(const film *f, const need *needs, char error[64]);           /* 0 or the code that stands in the way */
#endif
