/* findings.h - one film measured: what was given, what was found, every value; and the rows that a report is made of.
 *
 * Three ways in (a label map or outlines, landmarks), one struct out, so that text, JSON, CSV and the drawing need not know where a film
 * came from. */
#ifndef EVAL_FINDINGS_H
#define EVAL_FINDINGS_H
#include "datasets/landmarks.h"
#include "eval/ranges.h"

/* What the user has said; "not said" leaves it to the file. */
typedef struct measure_settings {
    int region, facing, corners, cobb;           /* region, cobb -1, facing -2: not said */
    double sx, sy, age;                          /* 0, 0, -1: not said */
    const char *spacing_source;                  /* "user", "store", "detector" ...; NULL where sx is 0 */
    const geo_case *base;                        /* choices where papers differ */
    double jitter;                               /* SD of outlines or landmarks in pixels; 0: no uncertainty */
    int draws;
    uint64_t seed;
} measure_settings;

typedef struct findings {
    char *id;
    int frontal, region, facing_given;
    int64_t h, w;                                /* of the film; 0 where landmarks do not say */
    double sx, sy, age;                          /* as used */
    const char *spacing_source;                  /* "none" where there is none */
    int from_masks;
    const char *failed;                          /* an error code of the whole film, or NULL */
    geo_tracing *t;                              /* outlines, or NULL */
    geo_chain chain;                             /* lateral: film, result; frontal: cobb, bodies */
    char level[LANDMARKS_BODIES][STORE_NAME];    /* names of chain.body; LANDMARKS_BODIES = GEO_CHAIN_MOST */
    int cobb_method;
    const landmark_case *asked;                  /* what the case asks for, or NULL; not owned */
    geo_spread *spread;                          /* of lateral films (geo_parameters()), or NULL */
    double category[3];
    geo_cobb_spread *curves;                     /* of frontal films, or NULL */
    double seconds;
} findings;

/* t is taken. detector: the spacing is that of the detector. */
findings findings_masks(const char *id, geo_tracing *t, int64_t h, int64_t w, const measure_settings *s);
findings findings_landmarks(const landmark_case *c, const measure_settings *s);
/* A film on which nothing was found. */
findings findings_nothing(const char *id, const measure_settings *s, const char *code);
void findings_free(findings *m);

/* Groups of parameters, in the order of a report. */
enum { FINDINGS_GROUPS = 6 };
extern const char *const findings_groups[FINDINGS_GROUPS];

/* A value with all that is known of it. */
typedef struct finding {
    const char *name, *title, *unit, *group;     /* group: "pelvis", "lumbar spine" ... */
    geo_value v;
    const range *normal;                         /* NULL: none known */
    int side;                                    /* of the normal range: -1, 0, +1 */
    double sd;                                   /* NAN: not computed */
} finding;

/* The rows that are asked for, or that the film's region shows or allows: those of lateral films in the table's order, one (cobb) of a
 * frontal film, none of what films of the other view show. Returns how many; free(*out). */
int findings_rows(const findings *m, const ranges *normal, finding **out);
/* Does the case ask for this name? 1 where it does not say what it wants. */
int findings_wants(const findings *m, const char *name);
/* GAP is given where all of its components are asked for. */
int findings_wants_gap(const findings *m);
/* What is in doubt of the vertebrae that the value rests on: "interpolated, low quality"; "" for nothing. */
const char *findings_doubts(const finding *r, char out[64]);
/* Value of a parameter, NAN where there is none. */
double findings_value(const findings *m, const char *name);
/* The name of body i of a frontal film. */
const char *findings_level(const findings *m, int i);
#endif
