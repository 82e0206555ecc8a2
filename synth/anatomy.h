/* anatomy.h - everything about one phantom film: who the patient is, what was sampled, where every structure lies, and of which solids the
 * projector makes the picture. A pure function of (seed, index, settings): every stage draws from its own stream (draws.h).
 *
 * All points are in the frame of solid.h (mm, x anterior, y down) after the patient's tilt; film_pixel turns them into pixels. */
#ifndef SYNTH_ANATOMY_H
#define SYNTH_ANATOMY_H
#include "geometry/geometry.h"
#include "synth/solid.h"
#include <stdint.h>

enum region { REGION_WHOLE, REGION_CERVICAL, REGION_THORACIC, REGION_LUMBAR, REGION_AP, REGIONS };
extern const char *const region_names[REGIONS];
enum { LEVEL_L6 = GEO_LEVELS, LEVEL_SLOTS };                             /* an extra lumbar vertebra, beside the levels of geometry.h */
const char *level_name(int level);                                       /* geo_level_name, and "L6" */

enum pathology { PATH_NONE, PATH_FLATBACK, PATH_KYPHOSIS, PATH_SLIP, PATH_JUNCTION, PATH_LSTV, PATH_DOME, PATHOLOGIES };
extern const char *const pathology_names[PATHOLOGIES];
/* How often bodies are broken: by age (and kyphosis); on every film; one on every film, and screws, where there are some, run through it. */
enum fractures { FRACTURES_NEVER, FRACTURES_BY_AGE, FRACTURES_ALWAYS, FRACTURES_SCREWED };
enum fracture { FRACTURE_NONE, FRACTURE_WEDGE, FRACTURE_BICONCAVE, FRACTURE_CRUSH };

/* The person and the angles that the chain is solved for, degrees (signs as in geometry.h). */
typedef struct person {
    double age; int male;
    double size;                                                         /* 1: the average of both sexes */
    double pi, pt, ss, ll, tk, t1s, cl;
    double tlj;                                                          /* angle of the disc T12/L1 */
} person;

/* Film: pixel = (p - origin) / spacing, mirrored if facing < 0 (film_pixel). The beam: film point p's ray leaves the focus, which stands
 * source_distance in front (+z) of the mid-sagittal plane at film point focus; 1e9: parallel. slot: no vertical divergence. */
typedef struct film {
    int64_t h, w;
    double  spacing, origin[2];                                          /* mm per pixel; mm of the centre of pixel (0, 0) facing right */
    int     facing;                                                      /* +1, -1 */
    /* degrees that the patient was turned, + clockwise on the screen */
    double  tilt;
    double  source_distance, focus[2]; int slot;
} film;
void film_pixel(const film *f, const double mm[2], double px[2]);

/* A vertebra. Corners are ring edges without osteophytes, as the annotation guide wants them. */
typedef struct vertebra {
    int    there;                                                        /* exists in this patient */
    /* SA SP IA IP; middle of superior, inferior plate on the contour */
    double corner[4][2], middle[2][2];
    const double (*outline)[2]; int n;                                   /* the label's outline: body, with the dens for C2; NULL C1 */
    double width[2];                                                     /* superior, inferior, mm along the beam */
    double rotation, bend;                                               /* axial and lateral, degrees */
    enum fracture fracture; int grade; double factor[3];                 /* heights kept: anterior, middle, posterior */
    double slip;                                                         /* on the one below, mm along its plate, + forwards */
    double disc[2], vacuum;                                              /* height below: anterior, posterior; share of dark gas 0..1 */
    double dent[2]; int bridge;                                          /* Schmorl's node: width, mm, superior, inferior; bone before the disc below */
    int    visible[4], hidden;                                           /* by corner; hidden: the body drowns in the shoulders (C7) */
    double pedicle[2][2];                                                /* its middle at the posterior wall, and at the canal's far end */
} vertebra;

/* pathology: one of enum pathology, or PATHOLOGIES: drawn from the mixture. fractures: enum fractures. stress: hidden C7, strong turns, by
 * chance; hidden, turned: these for sure. facing: +1 right, -1 left, 0 drawn. tilt: SD of the patient's lean on the film, degrees. close: share of thoracic and lumbar films that end
 * beside the spine and within bodies, instead of at the skin and with the hips on them. */
typedef struct anatomy_settings { enum region region; int64_t h, w; int stress, pathology, fractures, hidden, turned, facing; double tilt, close; }
    anatomy_settings;

typedef struct anatomy {
    anatomy_settings set;
    uint64_t seed; uint32_t index; enum region region; int stress;
    enum pathology pathology;
    person person;
    film   film;
    vertebra v[LEVEL_SLOTS];                                             /* by level; C2 has a body, C1 only arches */
    int    chain[LEVEL_SLOTS], n;                                        /* levels of bodies from cranial (C2) to caudal */
    double s1[2][2];                                                     /* the S1 plate: anterior, posterior end */
    double dome;                                                         /* height of its dome, mm */
    const double (*sacrum)[2]; int sacrum_n;                             /* the label's outline */
    double sacral[6][2];                                                 /* middle line: S1 plate, S1/2 .. S4/5, tip */
    double head[2][3], head_z[2]; int heads;                             /* circles x y r as projected; lateral place */
    double point[GEO_POINTS][2]; int point_there[GEO_POINTS];            /* skull base, C1, dens */
    /* C1: anterior, posterior arch: centre, half axes; slope of the first */
    double arch[2][4], arch_slope;
    double skull[2];                                                     /* centre of the occipital arc, mm; radius 0: not there */
    double skull_radius;
    /* uppermost instrumented level below a junctional kyphosis, or 0 */
    int    uiv;
    int    lstv;                                                         /* -1: 23 presacral, 0, +1: 25 (L6), 2: half-sacralised L5 */
    double cobb[3];                                                      /* frontal films: sampled main, upper, lower */
    struct { double filled, cortex, behind; } bone;                      /* of this patient: solid.filled of bodies, factor of shells, density of arches */
    solids solids;                                                       /* what of this is bone, for the projector */
} anatomy;

anatomy *anatomy_new(const anatomy_settings *s, uint64_t seed, uint32_t index);
void     anatomy_free(anatomy *a);
#endif
