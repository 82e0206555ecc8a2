/* landmarks.h - films that are given as landmarks: a JSON file of cases, or a CSV table of corners. docs/measure.md describes both forms.
 *
 * Landmarks are what a person set: they are taken as they stand, nothing is made up and nothing counted. A file is hostile: what is
 * malformed, not a number or beyond 1e7 pixels dies 2 with the file, the case and the key. Unknown names of points are warned of. */
#ifndef DATASETS_LANDMARKS_H
#define DATASETS_LANDMARKS_H
#include "datasets/store.h"
#include "geometry/geometry.h"

enum { LANDMARKS_BODIES = 64, LANDMARKS_ASKED = 64, LANDMARKS_WARNINGS = 16 };

typedef struct landmark_case {
    char *id;
    int frontal;
    int region;                                  /* GEO_REGION_*, -1 not said */
    double sx, sy, age, height;                  /* mm per pixel, 0 not known; years, -1 not known; of the film in pixels, 0 not known */
    int facing, cobb;                            /* +1, -1, 0 by votes; GEO_COBB_*, -1 not said */
    geo_case *film;                              /* lateral: everything but spacing, age and facing; NULL on frontal films */
    int n;                                       /* bodies given by their corners as on the screen, from cranial to caudal */
    geo_quad body[LANDMARKS_BODIES];
    char level[LANDMARKS_BODIES][STORE_NAME];
    int warnings; char warning[LANDMARKS_WARNINGS][48];      /* of masks that the landmarks come from; what landmarks show themselves is not among them */
    int nwant;  char **want;                     /* nwant -1: everything */
    int ncompression, compression[LANDMARKS_ASKED];         /* levels; -1: not asked for */
    int nslip, slip[LANDMARKS_ASKED][2];         /* upper and lower; -1: not asked for */
} landmark_case;

typedef struct landmark_cases { int64_t n; landmark_case *c; } landmark_cases;

/* region: GEO_REGION_AP reads every case as frontal, the others as lateral; -1: by its `mode`, else frontal where corners are named UL UR
 * LL LR and there is neither a sacrum nor a head. path: what messages call it. */
landmark_cases landmarks_json(const char *text, size_t n, const char *path, int region);
/* A table with the columns file, LEVEL_TL_x ... LEVEL_BR_y and, where known, height, age, spacing_x and spacing_y or spacing; frontal
 * unless region says otherwise. */
landmark_cases landmarks_csv(const char *path, int region);
/* Those of a case of a store; 0 where it has no corners. */
int         landmarks_store(const store *s, int64_t i, int region, landmark_case *out);
/* Does measuring know a point of this name? And " (did you mean Z?)" of one that it does not, or "". */
int         landmark_known(const char *name);
const char *landmark_nearest(const char *name);
/* Names the corners of those bodies in film, a copy of c->film: what is anterior where the patient looks to this side, -1 left or 1 right. */
void        landmark_case_face(const landmark_case *c, geo_case *film, int side);
void        landmarks_free(landmark_cases *l);
void        landmark_case_free(landmark_case *c);
#endif
