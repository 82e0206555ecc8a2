/* geometry.h - from masks of vertebrae to clinical parameters: the public header, and the manual, of libdarkspine-geometry.
 *
 * A C library that needs only libm. Plain arrays in, plain structs out; double precision; no global state, so every function may be called
 * from any thread on different objects; same input, same bits. Link with `pkg-config --cflags --libs darkspine-geometry`.
 *
 * The way through it, each step usable alone:
 *
 *     mask or probability map
 *       -> geo_parts_find          bodies of one class told apart                    (2)
 *       -> geo_contour_*           cleaned outline to a fraction of a pixel          (contour, components, RLE, distance: sections 2, 3)
 *       -> geo_corners_find        four corners of a body, with a quality            (4)
 *       -> geo_sacrum_endplate, geo_heads_find, geo_dens_find ...                    (5)
 *       -> geo_chain_order, geo_chain_number, geo_gaps_find, geo_case_repair         (6)
 *       -> geo_case                what is known about one film, in image pixels     (7)
 *       -> geo_measure             every parameter, or the code that says why not    (8)
 *       -> geo_uncertainty         SD of every parameter from jittered contours      (9)
 *
 * or all of it in one call: geo_chain_measure (10).
 *
 * Conventions. Image frame: x right, y down, pixels, (0,0) the centre of the top left pixel. Facing +1: the patient looks to the right of
 * the image. Formulas are written in the canonical frame (a, u) = (facing * x * sx, -y * sy): anterior and up are positive, so a mirrored
 * film gives the same values. Angles in degrees, differences wrapped into (-180, 180]. Signs: + is what the name says (lordosis + for
 * LL, L4S1, CL; kyphosis + for TK, TLK, wedge).
 *
 * Functions that can fail return GEO_OK (0) or a negative status. Structs with a `size` field may grow: fill them with their *_defaults
 * function. What a function allocates has a function that frees it. */
#ifndef DARKSPINE_GEOMETRY_H
#define DARKSPINE_GEOMETRY_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- 1. Version, status, small types -------------------------------------------------------------------------------------------- */

#define GEO_VERSION_MAJOR 1             /* changes when a program must be compiled anew */
#define GEO_VERSION_MINOR 4             /* changes when something is added */
/* "1.4": of the library that runs, which may be newer than the header that was compiled. */
const char *geo_version(void);

enum {
    GEO_OK = 0,
    GEO_EMPTY = -1,                     /* nothing there: an empty mask, no such structure */
    GEO_BAD = -2,                       /* an argument that makes no sense: sizes below 1, coordinates not finite, an unknown name */
    GEO_MEMORY = -3,
    GEO_DEGENERATE = -4,                /* there, but of no use: no area, coincident points, no estimator passed its tests */
};
const char *geo_status_text(int status);

typedef struct geo_point   { double x, y; } geo_point;
typedef struct geo_circle  { double x, y, r; } geo_circle;             /* r in pixels along x */
/* upper left, upper right, lower right, lower left as on the screen */
typedef struct geo_quad    { geo_point p[4]; } geo_quad;
typedef struct geo_corners { geo_point sa, sp, ia, ip; } geo_corners;  /* superior / inferior x anterior / posterior */
typedef struct geo_contour { geo_point *p; int64_t n; } geo_contour;   /* closed by itself; traced ones run clockwise on the screen */
/* pixels x0 <= x < x1, y0 <= y < y1; area: pixels of the value; 0: none */
typedef struct geo_box     { int64_t x0, y0, x1, y1, area; } geo_box;

/* ---- 2. Masks ------------------------------------------------------------------------------------------------------------------- *
 * A mask is an array (h, w) of bytes, row by row, of less than 2^31 pixels; any value but 0 is inside. */

/* 4-connected components in raster order of their first pixel. labels (h, w): 0 or 1..n, or NULL; areas (room): pixels of the first `room`
 * components, or NULL. Returns n or a negative status. */
int64_t geo_components(const uint8_t *mask, int64_t h, int64_t w, int32_t *labels, int64_t *areas, int64_t room);

/* The bodies in a probability map (h, w), where it exceeds 0.5: components, cut where two bodies touch, that is along a line on which the map is
 * lower by 1/32 (to 1/256) or more than at `least` pixels on either side. number (h, w): 0, or 1..n in raster order of their first pixel; smaller parts
 * than `least` pixels (1 or more) get 0. areas (room): pixels of the first `room` bodies, or NULL. Returns n or a negative status. */
int64_t geo_parts_find(const float *map, int64_t h, int64_t w, int64_t least, int32_t *number, int64_t *areas, int64_t room);

/* out (h, w): the largest component (the first of equals) with its holes filled, 0 or 1; may not be mask itself. *dropped (or NULL):
 * the share of the mask's pixels that lay in other components; above 0.05 treat the result as of low quality. GEO_EMPTY: no pixel set. */
int geo_mask_clean(const uint8_t *mask, int64_t h, int64_t w, uint8_t *out, double *dropped);

/* Opening: what discs of this radius (pixels) that fit into the mask cover. Takes off lips and stumps that are narrower. out (h, w), 0
 * or 1. */
int geo_mask_open(const uint8_t *mask, int64_t h, int64_t w, double radius, uint8_t *out);

/* The box of every value of a label map (h, w), in one pass. */
void geo_boxes(const uint8_t *labels, int64_t h, int64_t w, geo_box box[256]);

/* Polygon xy (n vertices) into a mask: sets the pixels whose centre is inside (non-zero winding) to value. Returns the number set, or
 * GEO_BAD where a coordinate is not finite. */
int64_t geo_mask_fill(const geo_contour *polygon, uint8_t *mask, int64_t h, int64_t w, uint8_t value);

/* Run lengths in COCO's order: column by column from the top left, zeros first. Returns how many counts there are; writes at most
 * `room` of them, so call once with room 0 to learn the size. */
int64_t geo_rle_encode(const uint8_t *mask, int64_t h, int64_t w, uint32_t *counts, int64_t room);
/* GEO_BAD, and nothing written, unless the counts sum to h * w. */
int geo_rle_decode(const uint32_t *counts, int64_t n, int64_t h, int64_t w, uint8_t *mask);

/* out (h, w): exact Euclidean distance of every pixel centre to the nearest pixel of the mask, with pixels sx by sy (any unit);
 * infinity where the mask is empty. Source: Felzenszwalb and Huttenlocher 2012. */
int geo_distance(const uint8_t *mask, int64_t h, int64_t w, double sx, double sy, double *out);

/* ---- 3. Contours ---------------------------------------------------------------------------------------------------------------- */

/* Outline of the cleaned mask: marching squares, one vertex between every inside pixel and its outside neighbour. The contour starts at the
 * first pixel of the mask in raster order. *dropped as in geo_mask_clean, or NULL. On failure *out is empty. */
int geo_contour_trace(const uint8_t *mask, int64_t h, int64_t w, geo_contour *out, double *dropped);
/* The same at map >= level of a probability map (h, w), vertices interpolated linearly; outside the map is 0, level > 0 (0.5 as a rule). */
int geo_contour_soft(const float *map, int64_t h, int64_t w, double level, geo_contour *out, double *dropped);
/* The same for one value of a label map, within its box. */
int geo_contour_label(const uint8_t *labels, int64_t h, int64_t w, uint8_t value, const geo_box *box, geo_contour *out, double *dropped);

/* Ramer-Douglas-Peucker on a closed contour cut at its two farthest vertices. */
int geo_simplify(const geo_contour *c, double tolerance, geo_contour *out);
/* Convex hull, clockwise on the screen (Andrew 1979), and the rectangle of least area (rotating calipers). */
int geo_hull(const geo_contour *c, geo_contour *out);
int geo_rectangle(const geo_contour *c, geo_point corner[4]);
int  geo_contour_copy(const geo_contour *c, geo_contour *out);
void geo_contour_free(geo_contour *c);          /* c itself stays; safe on an empty one */

/* ---- 4. Corners of a vertebral body --------------------------------------------------------------------------------------------- */

enum {                                  /* how corners are found */
    /* MEAN, EXTREME, LINES, RECTANGLE, AXIS: the first whose result passes all tests; where a body of 80 pixels or more has a lip (a corner
     * beyond straight sides by more than 11 % of the depth, and a second one by 6 %) SIDES comes first */
    GEO_CORNERS_AUTO,
    GEO_CORNERS_MEAN,                   /* plates half way between the extreme corners and the fitted lines: the most precise */
    GEO_CORNERS_EXTREME,                /* extreme points of the body's own frame: the most robust to leaks */
    GEO_CORNERS_LINES,                  /* total-least-squares lines through the plates */
    GEO_CORNERS_RDP,                    /* Ramer-Douglas-Peucker to exactly four vertices: the published way; wrong with one leak */
    GEO_CORNERS_RDP_HULL,               /* the same on the convex hull */
    GEO_CORNERS_RECTANGLE,              /* rectangle of least area */
    GEO_CORNERS_AXIS,                   /* rectangle of equal second moments */
    GEO_CORNERS_SIDES,                  /* crossings of total-least-squares lines through all four sides (k-lines): robust to osteophytes */
};
enum {                                  /* what a quadrilateral fails; bits */
    GEO_FAULT_ANGLE = 1,                /* an interior angle outside 60..120 degrees */
    GEO_FAULT_ASPECT = 2,               /* height / depth outside 0.35..1.4 (cervical 0.45..1.2; fractured from 0.25) */
    GEO_FAULT_COMMON = 4,               /* overlap with the mask (IoU) below 0.90 (cervical 0.85) */
    GEO_FAULT_AREA = 8,                 /* area differs from the mask's by more than 12 % */
    GEO_FAULT_WEDGE = 16,               /* plates more than 25 degrees apart */
    GEO_FAULT_ORDER = 32,               /* corners cross */
    GEO_FAULT_TILT = 64,                /* more than 25 degrees from the spine's normal: set by geo_chain_check */
    GEO_FAULT_LENGTH = 128,             /* plate length beyond 25 % of its neighbours': set by geo_chain_check */
    GEO_FAULT_BORDER = 256,             /* cut by the border of the image: set by geo_chain_check */
};

typedef struct geo_corners_options {
    size_t    size;                     /* sizeof this struct */
    int       method;
    double    trim;                     /* share of a plate left out at either end before its line is fitted; 0.05 */
    geo_point up;                       /* direction towards the head in the image, where known from the neighbours; (0, -1) */
    int       cervical, fractured;      /* which limits the tests take */
} geo_corners_options;
void geo_corners_defaults(geo_corners_options *o);

typedef struct geo_body {
    geo_quad  quad;                     /* pixels */
    geo_point centre;                   /* of the mask, pixels */
    double    area;                     /* of the mask, pixels squared */
    double    disagreement;             /* degrees between extreme points and fitted lines, the worse plate; above 6: low quality */
    int       method;                   /* that gave quad */
    unsigned  faults;                   /* GEO_FAULT_* bits */
} geo_body;

/* Contour in pixels of equal sides (scale it first where they are not). options NULL: the defaults. A named method returns GEO_OK with its
 * faults noted; GEO_CORNERS_AUTO returns GEO_DEGENERATE where no method passes (out then holds the result with the fewest faults). */
int geo_corners_find(const geo_contour *c, const geo_corners_options *options, geo_body *out);

geo_corners geo_corners_name(const geo_quad *q, int facing);           /* facing -1: left on the screen is anterior */
geo_quad    geo_corners_quad(const geo_corners *c, int facing);

/* ---- 5. Sacrum, femoral heads, skull base ------------------------------------------------------------------------------------------ *
 * Contours in pixels of equal sides. `facing` +1 or -1 as everywhere. */

enum { GEO_SACRUM_RAYS = 1, GEO_SACRUM_HULL };  /* what the plate was found with */
typedef struct geo_sacrum {
    geo_point left, right;                      /* ends of the upper plate of S1, as on the screen */
    geo_point centroid;                         /* of the mask */
    /* degrees between the ends found by following the contour and the crossings of fitted lines; above 6: low quality */
    double disagreement;
    /* largest deviation of the contour from the plate, share of its length; above 0.1: W_DOMED_S1 */
    double dome;
    double ratio;                               /* length / length of the L5 plate, 0 without L5; sound in 0.8..1.3 */
    int    method;
} geo_sacrum;
/* l5 (2): ends of the inferior plate of L5, left and right, or NULL: then the longest side of the hull that looks up and forwards. */
int geo_sacrum_endplate(const geo_contour *sacrum, const geo_point *l5, int facing, geo_sacrum *out);

/* Algebraic circle fit of n >= 3 points (Taubin 1991, by Newton's method on its characteristic cubic). */
int geo_circle_fit(const geo_point *p, int64_t n, geo_circle *out);

typedef struct geo_heads_options {
    size_t   size;
    /* expected, pixels: 0.68 of the S1 plate, or 24 mm; 0: unknown. Accepted: 0.7 .. 1.4 of it */
    double   radius;
    double   tolerance;                         /* a point belongs to a circle within this share of its radius; 0.03 */
    int      draws, most;                       /* RANSAC draws a circle (300); heads looked for in this contour (2) */
    uint64_t seed;                              /* SplitMix64: same seed, same result */
} geo_heads_options;
void geo_heads_defaults(geo_heads_options *o);
typedef struct geo_heads {
    int        n;
    geo_circle head[2];                         /* the better supported one first */
    double     inliers[2], arc[2], rms[2];      /* share of the contour, degrees seen, RMS residual in pixels */
    int        low_quality;                     /* arc below 180 degrees or (one head) inliers below 0.6 */
} geo_heads;
/* One or two circles in the contour of a mask that may cover both heads and parts of the necks: RANSAC, then Taubin's fit on what
 * agrees. */
int geo_heads_find(const geo_contour *c, const geo_heads_options *options, geo_heads *out);

typedef struct geo_dens {
    geo_point tip, ant_sup, ant_inf, post_sup, post_inf;       /* cortex lines of the dens */
    geo_point wall_sup, wall_inf;                              /* posterior wall of the body of C2 */
    geo_point centre, axis;                                    /* of C2; unit vector towards the tip */
} geo_dens;
int geo_dens_find(const geo_contour *c2, int facing, geo_dens *out);

/* Arches of C1 from its mask (h, w): the posterior cortex of the anterior arch at the height of the dens, the anterior cortex of the
 * posterior arch. *found: bit 1 anterior, bit 2 posterior. A ring in one piece is cut at the axis of the dens. */
int geo_c1_arches(const uint8_t *mask, int64_t h, int64_t w, const geo_dens *dens, int facing, geo_point *anterior, geo_point *posterior,
    int *found);

/* Posterior tip of the hard palate. */
int geo_palate_tip(const geo_contour *c, int facing, geo_point *out);
/* Basion or opisthion: the centre of a mask drawn as a dot (dot 1), or the lowest anterior point of one drawn as a structure. */
int geo_skull_point(const geo_contour *c, int facing, int dot, geo_point *out);

/* ---- 6. Order, levels, what is missing ------------------------------------------------------------------------------------------- */

/* Duplicates among contours that may overlap (instances of a detector): where two share more than 0.6 of the smaller one, the one with
 * the lower score (the later one, if equal) is dropped. drop (n): 1 for those. */
int geo_duplicates_find(const geo_contour *c, const double *score, int n, uint8_t *drop);

/* Order of n bodies along the spine, from cranial to caudal: from the anchor to the nearest next one that lies within 60 degrees of the
 * way so far (a spine may run level or bend back, so sorting by y is not enough). size (n): square roots of their areas. anchor: the
 * sacrum's plate, below the last one (bottom 1), or the dens, above the first (bottom 0), or NULL. order (n): indices; dropped (n): 1
 * for what lies more than 0.6 of its size off the line through its neighbours, is not on the way, or leads astray, so that without it at least two more
 * are on the way. Returns how many are in order. The time is n squared where all are on one way, n to the fourth at worst. */
int geo_chain_order(const geo_point *centre, const double *size, int n, const geo_point *anchor, int bottom, int *order, uint8_t *dropped);

/* Missing bodies between neighbours, from corners in order from cranial to caudal: gap (n - 1) is the distance between facing plates
 * over the median height of the bodies around; above `threshold` (0: the default 0.85) missing (n - 1) = max(1, round((gap - 0.22) /
 * 1.25)), else 0. Normal discs: at most 0.81 in 99.9 % of people; one body missing: at least 1.03 in 99 %. */
int geo_gaps_find(const geo_corners *body, int n, double threshold, double *gap, int *missing);

/* Levels of n bodies from cranial to caudal. top: level of the first one (GEO_C2, or GEO_C3 below a separate dens), bottom: of the last
 * one (GEO_L5 above a sacrum); 0 where not known. missing (n - 1) as found above, or NULL. level (n): 0 outside C2..L5; unsure (n): 1
 * where both anchors are known and disagree and the body is thoracic (lumbar ones count from below, cervical ones from above), or none
 * is known. Returns by how many bodies the count is off (0: consistent, + too many), or GEO_BAD. */
int geo_chain_number(int n, const int *missing, int top, int bottom, int *level, uint8_t *unsure);

/* Levels from probabilities: log_p (n, GEO_LEVELS), bodies from cranial to caudal. Viterbi over +1 (free), +2 (cost 3: one missed), 0
 * (cost 4: one seen twice); start and end are free. *confidence: mean posterior probability of the chosen levels; below 0.5 they are
 * not sure. */
int geo_levels_decode(const double *log_p, int n, int *level, double *confidence);
/* The same at other costs, 0 or more: INFINITY forbids a step. */
int geo_levels_decode_by(const double *log_p, int n, double missed, double twice, int *level, double *confidence);

enum {                                  /* what is odd about a body of a chain; bits */
    GEO_ODD_MERGED = 1,                 /* area above 1.6 of its neighbours' and 1.5 times as long along the spine */
    GEO_ODD_SPLIT = 2,                  /* with the next one: a step below 0.55 of the usual and together about one body */
    GEO_ODD_TRUNCATED = 4,              /* area below 0.6 of its neighbours' or cut by the border */
    GEO_ODD_TILT = 8,                   /* tilt beyond 3 MAD and 8 degrees from the spine's normal */
    GEO_ODD_HEIGHT = 16,                /* height 25 % off the trend of its neighbours: perhaps a fracture */
    GEO_ODD_ORDER = 32,                 /* its name did not suit its place: geo_chain_measure renamed it */
};
/* Bodies in order, on a film of h by w (0, 0: unknown); adds GEO_FAULT_TILT, _LENGTH and _BORDER to body[i].faults. odd (n). */
int geo_chain_check(geo_body *body, int n, int64_t h, int64_t w, unsigned *odd);

/* A merged mask cut in two at the narrowest place of its middle third along `up`; part[0] is the upper one. */
int geo_contour_split(const geo_contour *c, geo_point up, geo_contour part[2]);
/* Two parts of one body: the hull of both. */
int geo_contour_union(const geo_contour *a, const geo_contour *b, geo_contour *out);

/* ---- 7. A film: what is known about one image ------------------------------------------------------------------------------------ */

enum { GEO_C1 = 1, GEO_C2, GEO_C3, GEO_C4, GEO_C5, GEO_C6, GEO_C7, GEO_T1, GEO_T2, GEO_T3, GEO_T4, GEO_T5, GEO_T6, GEO_T7, GEO_T8, GEO_T9,
       GEO_T10, GEO_T11, GEO_T12, GEO_L1, GEO_L2, GEO_L3, GEO_L4, GEO_L5, GEO_S1, GEO_LEVELS };      /* from cranial to caudal */
const char *geo_level_name(int level);          /* "C1" ... "S1"; "" for anything else */
int         geo_level_parse(const char *name);  /* 0: no such level */

/* Single points, in image pixels. C1_ant_arch_post is the posterior cortex of C1's anterior arch, C1_post_arch_ant the anterior cortex
 * of its posterior arch; dens_* span the cortex lines of the dens, C2_post_* the posterior wall of the body of C2. */
enum { GEO_HARD_PALATE, GEO_OCCIPUT_LOW, GEO_OPISTHION, GEO_BASION, GEO_DENS_TIP, GEO_DENS_ANT_SUP, GEO_DENS_ANT_INF, GEO_DENS_POST_SUP,
       GEO_DENS_POST_INF, GEO_C1_ANT_ARCH_POST, GEO_C1_POST_ARCH_ANT, GEO_C2_POST_SUP, GEO_C2_POST_INF, GEO_C2_PEDICLE, GEO_STERNUM_TOP,
       GEO_SACRUM_CENTROID, GEO_POINTS };
const char *geo_point_name(int point);          /* "hard_palate" ...; "" for anything else */

typedef struct geo_case geo_case;               /* opaque; one thread at a time may change it */
geo_case *geo_case_new(void);                   /* NULL: memory */
geo_case *geo_case_copy(const geo_case *c);
void      geo_case_free(geo_case *c);

/* Every setter returns GEO_OK, or GEO_BAD and changes nothing where a value is not finite or a name is unknown. */
/* mm per pixel, columns first (DICOM's PixelSpacing is rows first); GEO_BAD where it is not sound */
int geo_case_spacing(geo_case *c, double sx, double sy);
/* 1 where both lie in GEO_SPACING_LEAST .. GEO_SPACING_MOST and neither is more than ten times the other: beyond, no film was taken, and
 * pixels made square would need more memory than the film. */
#define GEO_SPACING_LEAST 0.005
#define GEO_SPACING_MOST 10.0
#define GEO_SPACING_WANTED "mm per pixel from 0.005 to 10, neither above ten times the other"
int geo_spacing_sound(double sx, double sy);
int geo_case_uncalibrated(geo_case *c);                        /* the spacing is that of the detector: W_UNCALIBRATED_MM */
int geo_case_facing(geo_case *c, int facing);                  /* +1 right, -1 left: given by a person; 0 (default): by votes */
int geo_case_orientation(geo_case *c, int facing);             /* the same from DICOM (0020,0020): one vote of weight 10 */
int geo_case_age(geo_case *c, double years);
int geo_case_vertebra(geo_case *c, int level, const geo_corners *corners);     /* C2 .. L5 */
int geo_case_centroid(geo_case *c, int level, geo_point p);    /* of a mask, used only where the corners are not known */
/* mid-plate point: middle heights see biconcavity only with it */
int geo_case_plate_middle(geo_case *c, int level, int inferior, geo_point p);
int geo_case_s1(geo_case *c, geo_point anterior, geo_point posterior);         /* the upper plate */
int geo_case_head(geo_case *c, geo_circle head);               /* femoral heads: at most two */
int geo_case_point(geo_case *c, int point, geo_point p);
/* By name: "L3_SM", "L3_IM" (plate middles), or a point of the list above. */
int geo_case_named(geo_case *c, const char *name, geo_point p);

/* AMBIGUOUS: there, but its number is not sure; CUT: by the film's edge, so that its height is not its own and no fracture is graded */
enum { GEO_MARK_INTERPOLATED = 1, GEO_MARK_LOW_QUALITY = 2, GEO_MARK_AMBIGUOUS = 4, GEO_MARK_CUT = 8 };
enum { GEO_MARKS = 4 };
const char *geo_mark_name(unsigned mark);                      /* "interpolated" "low_quality" "level_unsure" "cut"; "": none */
int geo_case_mark(geo_case *c, int level, unsigned marks);     /* adds marks to a vertebra (or to S1) */
/* any "W_..." of at most 47 characters, passed on to the result; at most 16 */
int geo_case_warn(geo_case *c, const char *warning);

/* Where papers differ. The first word of each is the default.
 *   "TK"      "T4-T12" "T5-T12" "T2-T12"
 *   "LL"      "L1-S1" "T12-S1" (from the inferior plate of T12)
 *   "SVA"     "centroid" "corner": which point of C7 the plumb line goes through; corner: posterior superior
 *   "GT"      "middle" "corner": which point of the S1 plate is the hinge; corner: posterior
 *   "T1S"     "T1" "C7": take the slope of C7 where T1 is not seen (W_T1_FROM_C7; never for accuracy tables) */
int geo_case_choose(geo_case *c, const char *what, const char *choice);
/* The choices one by one, "TK" first, and what case c has of each; "" beyond the last. */
const char *geo_choice_name(int i);
const char *geo_case_choice(const geo_case *c, int i);
/* The choices that were made for another case, and what it says of the orientation and the detector. NULL: nothing. */
void geo_case_adopt(geo_case *c, const geo_case *from);

/* Both middles at once, as how far they lie inside the body on the line between the middles of its plates, in shares of that line: superior, then
 * inferior. GEO_BAD where the level has no corners, or a share is outside -1..1. geo_case_dips: 0 where the middles are not known. */
int geo_case_dip(geo_case *c, int level, const double dip[2]);
int geo_case_dips(const geo_case *c, int level, double dip[2]);

/* Where is vertebra `level`; 0: not there. */
int geo_case_corners(const geo_case *c, int level, geo_corners *out);
/* The same of the rest: ends of the S1 plate, heads (how many), a point, the marks of a level. */
int      geo_case_plate(const geo_case *c, geo_point *anterior, geo_point *posterior);
int      geo_case_heads(const geo_case *c, geo_circle head[2]);
int      geo_case_at(const geo_case *c, int point, geo_point *out);
unsigned geo_case_marks(const geo_case *c, int level);
/* Which way the patient looks, as geo_measure will take it: +1, -1, 0 ambiguous. */
int      geo_case_vote(const geo_case *c);

/* Bodies missing between two that are there are made up from their neighbours: shape and size between them, centre on a curve through
 * the four nearest, tilts from the two facing plates plus the level's usual offset; marked GEO_MARK_INTERPOLATED. At most `most` in a
 * row; nothing is made up beyond the ends. Returns how many. Landmarks given by a person need no repair. */
int geo_case_repair(geo_case *c, int most);

/* ---- 8. Measuring ----------------------------------------------------------------------------------------------------------------- *
 * Errors: E_FACING_AMBIGUOUS, E_MISSING:<structure>, E_LEVEL_AMBIGUOUS, E_DEGENERATE:<what>, E_UNDEFINED:<why>, E_NO_SPACING, and for
 * scores and ratios E_NO_AGE, E_NEIGHBOUR:<level>. Where several hold, the first in this order is given. Of several missing structures:
 * S1, then femoral_heads, then from cranial to caudal. A value is never NaN: it is there or an error is. */

enum { GEO_E_NONE, GEO_E_FACING_AMBIGUOUS, GEO_E_MISSING, GEO_E_LEVEL_AMBIGUOUS, GEO_E_DEGENERATE, GEO_E_UNDEFINED, GEO_E_NO_SPACING,
       GEO_E_NO_AGE, GEO_E_NEIGHBOUR, GEO_E_CODES };

int         geo_parameters(void);               /* how many there are: 0 .. n - 1 */
const char *geo_parameter_name(int parameter);  /* "SS" */
const char *geo_parameter_unit(int parameter);  /* "deg", "mm", "percent", "ratio" */
const char *geo_parameter_title(int parameter); /* "sacral slope" */
int         geo_parameter_find(const char *name);              /* -1: no such parameter */

typedef struct geo_result geo_result;
geo_result *geo_measure(const geo_case *c);     /* NULL: memory */
void        geo_result_free(geo_result *r);

typedef struct geo_value {
    double value;                               /* 0 where there is an error */
    int    code;                                /* GEO_E_* */
    unsigned marks;                             /* GEO_MARK_*: those of all vertebrae that it rests on */
    double pixels;                              /* E_NO_SPACING: the length in pixels, */
    double plates;                              /* and divided by the length of the S1 plate (0 where that is not known) */
    char   error[64];                           /* "" or the code with its text */
} geo_value;
int geo_result_value(const geo_result *r, int parameter, geo_value *out);

int         geo_result_facing(const geo_result *r, double *score);     /* +1, -1; 0: ambiguous. score: the sum of the votes */
const char *geo_result_error(const geo_result *r);                     /* "" or what holds for the whole film */
int         geo_result_warnings(const geo_result *r);
const char *geo_result_warning(const geo_result *r, int i);

/* Global alignment and proportion (Yilgor 2017, J Bone Joint Surg Am 99:1661). near: bits 1 RPV, 2 RLL, 4 LDI, 8 RSA within 0.1 of a
 * limit. */
typedef struct geo_gap { int rpv, rll, ldi, rsa, age, total; unsigned near; char category[4], error[64]; } geo_gap;
void geo_gap_points(double rpv, double rll, double ldi, double rsa, double age, geo_gap *out);
int  geo_result_gap(const geo_result *r, geo_gap *out);                /* 0, or a GEO_E_* code with its text in out->error */

/* "0", "+", "++" (Schwab 2012, Spine 37:1077) of "PI-LL", "PT" or "SVA"; "" for an unknown name. */
const char *geo_schwab(const char *modifier, double value);
/* By sacral slope: "1|2", "3", "3AP", "4" (Roussouly 2005; Laouissat 2018); NAN for a PT or PI that is not known. */
const char *geo_roussouly(double ss, double pt, double pi);

typedef struct geo_compression {
    double cr[3];                               /* height / mean height of the neighbours: anterior, middle, posterior */
    double loss;                                /* percent, anterior */
    double ratio;                               /* anterior / posterior height */
    double wedge;                               /* degrees, kyphosis + */
    const char *type;                           /* "wedge", "biconcave", "crush"; "none" at grade 0 */
    double genant_loss;                         /* percent, the largest of the three (Genant 1993) */
    /* fractured: the level of an upper / lower neighbour that is itself fractured, 0 none: its anterior height below 0.8 of the posterior
     * one, or a body beside it more than 15 % too high (any CR above 1.15); also W_NEIGHBOUR_FRACTURED:<level> of the film */
    int    grade, one_neighbour, fractured[2];
    char   error[64];
} geo_compression;
int geo_result_compression(const geo_result *r, int level, geo_compression *out);      /* 0 or a GEO_E_* code */
/* The same with every fractured neighbour replaced by the height that the next unfractured body (up to three levels away) and the usual
 * sizes of adults let expect of it. */
int geo_result_compression_sound(const geo_result *r, int level, geo_compression *out);
/* Genant's grade less the usual wedging of a body of this level, which thoracic ones have forwards and L5 backwards: heights over those
 * that an unfractured body with the same posterior height has. type as above. */
typedef struct geo_genant { double loss; int grade; const char *type; char error[64]; } geo_genant;
int geo_result_genant(const geo_result *r, int level, geo_genant *out);                /* 0 or a GEO_E_* code */
/* Level of a fractured body (grade 1 or more) that one of this parameter's plates belongs to: the angle is then partly a local one.
 * 0: none. */
int geo_result_fractured(const geo_result *r, int parameter);

/* Slip of the vertebra `upper` on the one below it (GEO_S1 included): percent of the lower plate, + forwards; mm 0 without spacing. */
typedef struct geo_slip { double percent, mm; const char *meyerding; char error[64]; } geo_slip;      /* "0", "I" .. "V" (Meyerding 1932) */
int geo_result_slip(const geo_result *r, int upper, int lower, geo_slip *out);

/* Heights of a body, or of the disc below it: anterior, middle, posterior; mm, or pixels without spacing. angle: wedge of the body
 * (kyphosis +), opening of the disc (lordosis +). */
typedef struct geo_heights { double anterior, middle, posterior, depth, angle; char error[64]; } geo_heights;
int geo_result_body(const geo_result *r, int level, geo_heights *out);
int geo_result_disc(const geo_result *r, int upper, geo_heights *out);

/* A value with its error: an angle in degrees, or a ratio. */
typedef struct geo_angle { double value; char error[64]; } geo_angle;
/* Height index of the disc below a body: mean of anterior and posterior height over depth (Farfan 1972). */
int geo_result_disc_index(const geo_result *r, int upper, geo_angle *out);
/* Proximal junctional angle: inferior plate of the upper instrumented vertebra against the superior plate `above` (1 or 2) levels higher,
 * kyphosis +. Kyphosis of the junction: at least 10 degrees, and at least 10 more than before the operation (Glattes 2005). */
int geo_result_pja(const geo_result *r, int uiv, int above, geo_angle *out);
int geo_pjk(double before, double after);

/* Shape of the lordosis from S1 upwards. inflection: the body that leans back most, where lordosis turns to kyphosis; vertebrae: bodies
 * from L5 up to it; apex: the body, or the disc below it, that stands most upright. E_UNDEFINED where nothing leans back from S1. */
typedef struct geo_lordosis { int apex, apex_is_disc, inflection, vertebrae; char error[64]; } geo_lordosis;
int geo_result_lordosis(const geo_result *r, geo_lordosis *out);
/* geo_roussouly with types 1 (at most three lordotic vertebrae, apex at L5 or the disc above) and 2 told apart; "1|2" where the two signs
 * disagree or there is no shape (NULL). */
const char *geo_roussouly_shape(double ss, double pt, double pi, const geo_lordosis *shape);

/* Alignment usual at an age (Lafage 2016, Spine 41:62): degrees, SVA mm. ll: the lordosis that incidence, kyphosis and age let expect
 * (mean absolute error 5 degrees), where has_ll. */
typedef struct geo_targets { double pt, pill, sva, tpa, ll; int has_ll; char error[64]; } geo_targets;
void geo_age_targets(double age, geo_targets *out);            /* without ll */
int  geo_result_targets(const geo_result *r, geo_targets *out);        /* 0 or GEO_E_NO_AGE */
/* "0", "1", "2" (Ames 2015, J Neurosurg Spine 23:673) of "cSVA", "TS-CL" or "SVA"; "" for an unknown name. */
const char *geo_ames(const char *modifier, double value);
/* Frontal curve type of SRS-Schwab from the thoracic and the lumbar or thoracolumbar Cobb angle: "T", "L", "D" (both), "N"; from 30. */
const char *geo_schwab_coronal(double thoracic, double lumbar);

/* Frontal films. n bodies from cranial to caudal, corners as on the screen, pixels; sx, sy spacing (1, 1 where not known). */
typedef struct geo_cobb {
    double main, upper, lower;                  /* degrees; upper and lower are 0 with the endplate method */
    int    upper_end, lower_end;                /* indices of the end vertebrae of the main curve */
    int    convex;                              /* +1: towards the right of the image, -1: left, 0: straight */
    int    s_shaped, scoliosis;                 /* scoliosis: main >= 10 degrees */
    const char *grade;                          /* "none", "mild" (10-20), "moderate" (20-40), "severe" (from 40) */
} geo_cobb;
enum { GEO_COBB_GRADES = 4 };
const char *geo_cobb_grade(int grade);          /* "none" "mild" "moderate" "severe"; "" for anything else */
enum { GEO_COBB_MIDLINE, GEO_COBB_ENDPLATE };
/* midline: tilts of the lines through the middles of the left and right sides; height (pixels of the film) decides where the lower curve
 * of an S-shaped spine is looked for. endplate: upper plate of one body against the lower plate of another (Cobb 1948). */
int geo_cobb_find(const geo_quad *body, int n, double sx, double sy, double height, int method, geo_cobb *out);

/* ---- 9. From a label map to a film, and what its outlines' noise does to the values ---------------------------------------------- */

/* What a value of a label map is: a level GEO_C1 .. GEO_L5, or one of these. */
enum { GEO_ROLE_NONE = 0, GEO_ROLE_SACRUM = 25, GEO_ROLE_HEAD = 26, GEO_ROLE_PALATE = 28, GEO_ROLE_BASION = 29, GEO_ROLE_OPISTHION = 30,
       GEO_ROLE_BODY = 31,              /* a vertebra whose level is not known: every component of the value is one */
       GEO_ROLE_INSTANCE = 32 };        /* the same, but the value is one vertebra */

typedef struct geo_tracing geo_tracing;         /* opaque: the outlines of a film */
/* labels (h, w). role (256), or NULL: 1-7 C1-C7, 8-19 T1-T12, 20-24 L1-L5, 25 sacrum, 26 and 27 femoral heads, 28 palate, 29 basion,
 * 30 opisthion. NULL, with *status saying why, on failure; a map without anything is GEO_EMPTY. */
geo_tracing *geo_tracing_new(const uint8_t *labels, int64_t h, int64_t w, const int *role, int *status);
/* Or from masks (h, w) of one structure each, which may overlap; score: of a detector, the higher one of duplicates stays. */
geo_tracing *geo_tracing_empty(int64_t h, int64_t w, int *status);
int          geo_tracing_add(geo_tracing *t, const uint8_t *mask, int role, double score);
void         geo_tracing_free(geo_tracing *t);
int          geo_tracing_outlines(const geo_tracing *t);
const geo_contour *geo_tracing_outline(const geo_tracing *t, int i, int *role);        /* pixels; role: what it is now, or NULL */
/* The outline of one value from its probability map (h, w) instead, to a fraction of a pixel; the width of the map's 0.3 .. 0.7 band, where
 * an edge with a normal error of SD s is 1.05 s wide, becomes the SD of every vertex in geo_uncertainty. GEO_EMPTY: nowhere 0.5. */
int geo_tracing_soft(geo_tracing *t, uint8_t value, const float *map);
const geo_contour *geo_tracing_contour(const geo_tracing *t, uint8_t value);   /* pixels; NULL: none */
/* Puts every landmark that can be found into the case (whose spacing must have been set): corners, plates, heads, points; marks bodies of
 * low quality. What cannot be found is left out, and geo_measure says so. Returns the number of structures used. */
int geo_tracing_landmarks(const geo_tracing *t, geo_case *c);

typedef struct geo_jitter {
    size_t   size;
    int      draws;                             /* 200 */
    double   sd, length;                        /* of the outline's error in pixels: SD (1), correlation length along the outline (8) */
    /* (256) an SD for every value of the map, or NULL: sd, and where geo_tracing_soft was called what its map says of every vertex */
    const double *sd_of;
    uint64_t seed;
} geo_jitter;
void geo_jitter_defaults(geo_jitter *o);
typedef struct geo_spread { double mean, sd; int n; } geo_spread;      /* n: draws that gave a value */
/* Outlines displaced by smooth random functions, landmarks found and everything measured anew in every draw. c: the case as it was before
 * geo_tracing_landmarks (spacing, age, facing, choices). spread (geo_parameters()); category (3): share of draws with GAP P, MD, SD. */
int geo_uncertainty(const geo_tracing *t, const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3]);
/* The same for landmarks without outlines: every point moves by a normal error of `sd` pixels in x and y (length, sd_of: not used). */
int geo_uncertainty_points(const geo_case *c, const geo_jitter *options, geo_spread *spread, double category[3]);

/* Of frontal films: the three angles (upper and lower: n 0 with the endplate method), and the share of draws of each grade. */
typedef struct geo_cobb_spread { geo_spread main, upper, lower; double grade[GEO_COBB_GRADES]; } geo_cobb_spread;
struct geo_choices;
/* t as geo_chain_measure left it, and the choices it was called with: bodies are ordered, checked and measured anew in every draw. */
int geo_uncertainty_cobb(const geo_tracing *t, const struct geo_choices *choices, const geo_jitter *options, geo_cobb_spread *out);
/* The same for corners without outlines, arguments as of geo_cobb_find: every corner moves by a normal error of `sd` pixels. */
int geo_uncertainty_quads(const geo_quad *body, int n, double sx, double sy, double height, int method, const geo_jitter *options,
                          geo_cobb_spread *out);

/* ---- 10. All of it in one call ----------------------------------------------------------------------------------------------------- */

enum { GEO_REGION_WHOLE, GEO_REGION_CERVICAL, GEO_REGION_THORACIC, GEO_REGION_LUMBAR, GEO_REGION_AP, GEO_REGIONS };
const char *geo_region_name(int region);        /* "whole" "cervical" "thoracic" "lumbar" "ap"; "" for anything else */
/* Is a parameter (or, for -1, the GAP score) one that films of this region are taken for? What the film allows is measured anyway. */
int geo_region_shows(int region, int parameter);

typedef struct geo_choices {
    size_t size;
    int    region;                              /* GEO_REGION_* */
    int    facing;                              /* +1 right, -1 left, 0 by votes; lateral films */
    int    corners;                             /* GEO_CORNERS_* */
    int    cobb;                                /* GEO_COBB_*; frontal films */
    int    repair;                              /* most bodies in a row to make up; 2 */
    double sx, sy;                              /* mm per pixel, x first; 0: not known */
    double age;                                 /* years; negative: not known */
    const geo_case *base;                       /* what else is known or chosen (geo_case_choose, _orientation, _warn), or NULL */
} geo_choices;
void geo_choices_defaults(geo_choices *o);

enum { GEO_CHAIN_MOST = 64 };                   /* bodies */
typedef struct geo_found {                      /* a body that was seen */
    int      level, unsure;                     /* 0: outside C2..L5; unsure: its number may be another */
    geo_quad quad;                              /* pixels */
    unsigned odd, faults;                       /* GEO_ODD_*, GEO_FAULT_* */
    double   disagreement;                      /* as in geo_body */
    int      missing;                           /* bodies missing between it and the next one, or the sacrum */
} geo_found;

typedef struct geo_chain {
    geo_case   *film;                           /* lateral films: landmarks and what was made up; else NULL */
    geo_result *result;                         /* its values; NULL on frontal films */
    geo_cobb    cobb;                           /* frontal films */
    int         cobb_status;                    /* GEO_OK, or why there is no angle */
    int         n;
    geo_found   body[GEO_CHAIN_MOST];           /* from cranial to caudal */
    int         dropped, made;                  /* outlines that belong to no spine; bodies made up */
    int         count;                          /* presacral bodies below C2, missing ones included; 22 in most people. 0: not countable */
    char        warning[24][48];                /* of frontal films; those of lateral ones are the result's */
    int         warnings;
} geo_chain;

/* From outlines to values: duplicates dropped, bodies put in order, merged ones cut and split ones joined, numbered from the anchors
 * there are (names, C2, sacrum) or checked against them, missing ones between two others made up (W_INTERPOLATED), corners, plates,
 * heads and points found, everything measured. t is changed: its roles become levels. GEO_OK, GEO_BAD, GEO_MEMORY, or GEO_EMPTY where
 * there is nothing of a spine; *out is always to be freed. Warnings beside those of geo_measure: W_COUNT_MISMATCH:<count>,
 * W_RELABELLED:<level>, W_DROPPED:<how many>; on frontal films W_ODD_TILT:<level> for bodies askew to the spine, which do not count. */
/* Does a body of a frontal film count in the Cobb angle? */
int  geo_found_counts(const geo_found *b);
int  geo_chain_measure(geo_tracing *t, const geo_choices *choices, geo_chain *out);
void geo_chain_free(geo_chain *c);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
