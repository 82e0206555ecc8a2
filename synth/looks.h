/* looks.h - from the logarithmic image to the finished film: what a reading room's software, a scanner of old films or a file format does
 * to it. This is where the gap between hospitals lies. Drawn once a film (look_draw) and applied alike to both films of a pair: ranges and
 * the wide background come from the film without implants. Only CLAHE spreads an implant's effect beyond its surroundings; pairs do
 * without. */
#ifndef SYNTH_LOOKS_H
#define SYNTH_LOOKS_H
#include "synth/picture.h"

typedef struct look_settings {
    enum look look;
    double low, high;                    /* percentiles of the log image that become black and white */
    double gamma, toe;                   /* exponent; strength of the S curve, 0..1 */
    double flatten, flatten_mm;          /* share of the wide background taken away, and its SD */
    double bare;                         /* share of the soft tissue's shadow taken away: by a second energy, or in films simulated from CT */
    double from, to;                     /* the part of the film's height that the window is set for */
    double gain, clip;                   /* multiscale: of the fine layers; clahe: its limit */
    int    inverted, jpeg;               /* jpeg: quality 75..95, 0: none */
    double vignette;                     /* darker corners, share */
    double seam, seam_step; int seam_px; /* place as a share of the height, brightness step, sideways offset; seam 0: none */
} look_settings;

look_settings look_draw(uint64_t seed, uint32_t index, enum region region, int level, int forced, int pair);
/* What of a look must be the same for both films of a pair. */
/* floor: log attenuation below which there is no body; the background is taken of what lies above it, or the skin would shine. */
typedef struct look_range { float low, high, floor; float *wide; } look_range;
/* The window is set for what lies within reach pixels of centre (h), the spine; rows whose centre is not a number do not count. */
look_range look_measure(const look_settings *k, const float *log, int64_t h, int64_t w, double spacing, const float *centre, double reach);
void       look_range_free(look_range *r);
/* grey (h, w) of 0..1 from log (h, w), which is used up. */
void look_apply(const look_settings *k, const look_range *r, float *log, int64_t h, int64_t w, float *grey);
/* Blocks of 8 x 8 in the cosine transform, rounded by the luminance table of ITU-T T.81 at this quality; grey of 0..1, in place. */
void look_jpeg(float *grey, int64_t h, int64_t w, int quality);
#endif
