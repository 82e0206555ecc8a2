/* vq.h - vector quantisation (van den Oord et al. 2017; Esser et al. 2021): every pixel's channels become the nearest of `codes` vectors, the
 * codebook.
 *
 * Distances are summed in double, so that no rounding decides between two codes: the CPU, a GPU and a reference that is right agree. Of
 * codes at one distance the first is taken.
 * Codes learn by the gradient of their loss, or as a running mean of the vectors that chose them; one that nothing has chosen for long can
 * be put where a vector is. */
#ifndef KERNELS_VQ_H
#define KERNELS_VQ_H
#include <math.h>
#include "base/rng.h"
#include "kernels/loop.h"

typedef struct { int64_t rows, channels, codes; } vq_size;               /* rows: pixels of all samples */

/* q [rows channels]: the nearest code of z; index [rows]: its number. codes [codes channels]. Where z holds a NaN: code 0. */
KERNEL(vq_nearest, vq_size s, const real *z, int64_t zs, const real *codes, real *q, int64_t qs, int32_t *index);

/* y = scale * mean (z - code)^2 over all rows and channels. A row whose index is no code adds nothing. */
size_t vq_loss_work(vq_size s);
KERNEL(vq_loss, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, real *y, void *work);
/* gz = gy scale d mean / d z, and gcodes = gy scale d mean / d codes */
KERNEL(vq_loss_to_rows, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, const real *gy, real *gz,
       int add);
KERNEL(vq_loss_to_codes, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, const real *gy,
       real *gcodes, int add);

/* What becomes of the codes after a batch: running means (decay > 0; size [codes] and sum [codes channels] are those of the vectors that
 * chose a code; a size of 0 is a fresh code and counts as one vector at its place; eps is spread over the sizes), and codes put elsewhere
 * (restart > 0: after so many batches without a vector, counted in idle [codes], onto one drawn from the batch). */
typedef struct { double decay, eps; int64_t restart; } vq_rule;
typedef struct { real *codes, *idle, *size, *sum; } vq_state;
size_t vq_update_work(vq_size s);
/* perplexity: exp of the entropy of the codes' use in this batch, 1 to `codes`. rule NULL: nothing but that. */
KERNEL(vq_update, vq_size s, const vq_rule *rule, const real *z, int64_t zs, const int32_t *index, vq_state t, real *perplexity, void *work);

static inline DEVICE int vq_is_code(int32_t index, int64_t codes) { return index >= 0 && index < codes; }
/* What a code with count vectors in a batch of n adds to the entropy */
static inline DEVICE double vq_entropy(double count, double n) { return count > 0 ? -count / n * log(count / n) : 0; }
/* The running mean of one number */
static inline DEVICE double vq_running(double decay, double old, double now) { return decay * old + (1 - decay) * now; }
/* A code's size with eps spread over all of them; total: of all sizes */
static inline DEVICE double vq_smoothed(const vq_rule *r, double size, double total, int64_t codes)
{
    return (size + r->eps) / (total + (double)codes * r->eps) * total;
}
/* The row of the batch that code k is put on */
static inline DEVICE int64_t vq_drawn(const vq_size *s, uint64_t seed, uint32_t step, int64_t k)
{
    return rng_below(rng_draw(seed, RNG_CODE, step, 0, (uint64_t)k).v[0], (uint32_t)s->rows);
}
#endif
