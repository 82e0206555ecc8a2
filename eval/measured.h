/* measured.h - one film measured: what was given, what was found, every value; and the rows that a report is made of.
 *
 * Three ways in (a label map or outlines, landmarks), one struct out, so that text, JSON, CSV and the drawing need not know where a film
 * came from. */
#ifndef EVAL_MEASURED_H
#define EVAL_MEASURED_H
#include "datasets/landmarks.h"
#include "eval/ranges.h"

/* What the user has said; "not said" leaves it to the file. */
typedef struct measure_settings {
    int region, facing, corners, cobb;           /* region, cobb -1, facing -2: not said */
    double sx, sy, age;                          /* 0, 0, -1: not said */
    const geo_case *base;                        /* choices where papers differ */
    double jitter;                               /* SD of outlines or landmarks in pixels; 0: no uncertainty */
    int draws;
    uint64_t seed;
} measure_settings;

typedef struct measured {
    char *id;
    int frontal, region, facing_given;
    int64_t h, w;                                /* of the film; 0 where landmarks do not say */
    double sx, sy, age;                          /* as used */
    int from_masks;
    const char *failed;                          /* an error code of the whole film, or NULL */
    geo_tracing *t;                              /* outlines, or NULL */
    geo_chain chain;                             /* lateral: film, result; frontal: cobb, bodies */
    char level[LANDMARKS_BODIES][STORE_NAME];    /* names of chain.body; LANDMARKS_BODIES = GEO_CHAIN_MOST */
    int cobb_method;
    const landmark_case *asked;                  /* what the case asks for, or NULL; not owned */
    geo_spread *spread;                          /* (geo_parameters()) or NULL */
    double category[3], seconds;
} measured;

/* t is taken. detector: the spacing is that of the detector. */
measured measured_masks(const char *id, geo_tracing *t, int64_t h, int64_t w, const measure_settings *s);
measured measured_landmarks(const landmark_case *c, const measure_settings *s);
/* A film on which nothing was found. */
measured measured_nothing(const char *id, const measure_settings *s, const char *code);
void measured_free(measured *m);

/* A value with all that is known of it. */
typedef struct measured_row {
    const char *name, *title, *unit, *group;     /* group: "pelvis", "lumbar spine" ... */
    geo_value v;
    const range *normal;                         /* NULL: none known */
    int side;                                    /* of the normal range: -1, 0, +1 */
    double sd;                                   /* NAN: not computed */
} measured_row;

/* The rows that are asked for, or that the film's region shows or allows: those of lateral films in the table's order, one (cobb) of a
 * frontal film. Returns how many; free(*out). */
int measured_rows(const measured *m, const ranges *normal, measured_row **out);
/* Does the case ask for this name? 1 where it does not say what it wants. */
int measured_wants(const measured *m, const char *name);
/* GAP is given where all of its components are asked for. */
int measured_wants_gap(const measured *m);
/* Value of a parameter, NAN where there is none. */
double measured_value(const measured *m, const char *name);
/* The name of body i of a frontal film. */
const char *measured_level(const measured *m, int i);
#endif
