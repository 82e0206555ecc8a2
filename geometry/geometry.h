/* geometry.h - from masks of vertebrae to clinical parameters: the public header, and the manual, of libdarkspine-geometry.
 *
 * A C library that needs only libm. Plain arrays in, plain structs out; double precision; no global state, so every function may be called
 * from any thread on different objects; same input, same bits. Link with `pkg-config --cflags --libs darkspine-geometry`.
 *
 * The way through it, each step usable alone:
 *
 *     mask or probability map
 *       -> geo_contour_*           cleaned outline to a fraction of a pixel          (contour, components, RLE, distance: sections 2, 3)
 *       -> geo_corners_find        four corners of a body, with a quality            (4)
 *       -> geo_sacrum_endplate, geo_heads_find, geo_dens_find ...                    (5)
 *       -> geo_chain_order, geo_chain_number, geo_gaps_find, geo_case_repair         (6)
 *       -> geo_case                what is known about one film, in image pixels     (7)
 *       -> geo_measure             every parameter, or the code that says why not    (8)
 *       -> geo_uncertainty         SD of every parameter from jittered contours      (9)
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
#define GEO_VERSION_MINOR 0             /* changes when something is added */
/* "1.0": of the library that runs, which may be newer than the header that was compiled. */
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
typedef struct geo_quad    { geo_point p[4]; } geo_quad;               /* upper left, upper right, lower right, lower left as on the screen */
typedef struct geo_corners { geo_point sa, sp, ia, ip; } geo_corners;  /* superior / inferior x anterior / posterior */
typedef struct geo_contour { geo_point *p; int64_t n; } geo_contour;   /* closed by itself; traced ones run clockwise on the screen */
typedef struct geo_box     { int64_t x0, y0, x1, y1, area; } geo_box;  /* pixels x0 <= x < x1, y0 <= y < y1; area: pixels of the value; 0: none */

/* ---- 2. Masks ------------------------------------------------------------------------------------------------------------------- *
 * A mask is an array (h, w) of bytes, row by row; any value but 0 is inside. */

/* 4-connected components in raster order of their first pixel. labels (h, w): 0 or 1..n, or NULL; areas (room): pixels of the first `room`
 * components, or NULL. Returns n or a negative status. */
int64_t geo_components(const uint8_t *mask, int64_t h, int64_t w, int32_t *labels, int64_t *areas, int64_t room);

/* out (h, w): the largest component (the first of equals) with its holes filled, 0 or 1; may not be mask itself. *dropped (or NULL): the share
 * of the mask's pixels that lay in other components; above 0.05 treat the result as of low quality. GEO_EMPTY: no pixel set. */
int geo_mask_clean(const uint8_t *mask, int64_t h, int64_t w, uint8_t *out, double *dropped);

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
    GEO_CORNERS_AUTO,                   /* MEAN, EXTREME, LINES, RECTANGLE, AXIS: the first whose result passes all tests */
    GEO_CORNERS_MEAN,                   /* plates half way between the extreme corners and the fitted lines: the most precise */
    GEO_CORNERS_EXTREME,                /* extreme points of the body's own frame: the most robust to leaks */
    GEO_CORNERS_LINES,                  /* total-least-squares lines through the plates */
    GEO_CORNERS_RDP,                    /* Ramer-Douglas-Peucker to exactly four vertices: the published way; wrong with one leak */
    GEO_CORNERS_RDP_HULL,               /* the same on the convex hull */
    GEO_CORNERS_RECTANGLE,              /* rectangle of least area */
    GEO_CORNERS_AXIS,                   /* rectangle of equal second moments */
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
 * faults noted; GEO_CORNERS_AUTO returns GEO_DEGENERATE where no method passes (out then holds the last one tried). */
int geo_corners_find(const geo_contour *c, const geo_corners_options *options, geo_body *out);

geo_corners geo_corners_name(const geo_quad *q, int facing);           /* facing -1: left on the screen is anterior */
geo_quad    geo_corners_quad(const geo_corners *c, int facing);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
