/* draws.h - random numbers for phantoms: one stream for each (seed, film, stage), so that drawing more in one stage changes nothing in
 * another: noise and implants leave the anatomy as it is. A stream is a counter over base/rng.h; copy it to draw the same again. */
#ifndef SYNTH_DRAWS_H
#define SYNTH_DRAWS_H
#include "base/rng.h"

/* Numbers are part of what a seed means: append, never reorder. 32 and above: the picture. */
enum stage { STAGE_PERSON = 1, STAGE_PATHOLOGY, STAGE_SIZE, STAGE_SLOPES, STAGE_PELVIS, STAGE_CONTOUR, STAGE_SKULL, STAGE_POSTERIOR,
    STAGE_FRACTURE,
    STAGE_DISC, STAGE_FILM, STAGE_FRONTAL, STAGE_READER, STAGE_FAILURE, STAGE_BONE, STAGE_PICTURE = 32 };

typedef struct draws { uint64_t seed, k; uint32_t film, stage; } draws;

static inline draws draws_begin(uint64_t seed, uint32_t film, uint32_t stage) { return (draws){ .seed = seed, .film = film,
    .stage = stage }; }
static inline rng4 draws_next(draws *d) { return rng_draw(d->seed, RNG_PHANTOM, d->stage, d->film, d->k++); }
static inline double draws_u01(draws *d) { return rng_u01(draws_next(d).v[0]); }
static inline double draws_range(draws *d, double lo, double hi) { return rng_range(draws_next(d).v[0], lo, hi); }
static inline int draws_below(draws *d, int n) { return (int)rng_below(draws_next(d).v[0], (uint32_t)n); }
static inline int draws_chance(draws *d, double p) { return draws_u01(d) < p; }
static inline double draws_normal(draws *d, double mean, double sd)
{
    rng4 r = draws_next(d);
    return mean + sd * rng_normal(r.v[0], r.v[1]);
}
#endif
