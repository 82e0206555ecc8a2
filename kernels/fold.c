/* fold.c - see fold.h. A thread owns a strip of channels, so that the factors stay in registers and L1 while the rows run by. */
#include "kernels/fold.h"
#include "kernels/loop.h"
#include <math.h>

void norm_fold_cpu(const context *c, int64_t rows, int64_t channels, const real *w, int64_t ws, const real *b, fold_norm f, real *w2,
                   int64_t ys, real *b2)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (rows * channels > SERIAL)
    for (int64_t at = 0; at < channels; at += TILE) {
        const int64_t n = least(TILE, channels - at);
        real factor[TILE];
        for (int64_t k = 0; k < n; k++) {
            const double s = (double)f.gamma[at + k] / sqrt((double)f.var[at + k] + f.eps);
            factor[k] = (real)s;
            b2[at + k] = (real)(((b ? (double)b[at + k] : 0) - (double)f.mean[at + k]) * s + (double)f.beta[at + k]);
        }
        for (int64_t i = 0; i < rows; i++)
            for (int64_t k = 0; k < n; k++) w2[i * ys + at + k] = w[i * ws + at + k] * factor[k];
    }
}
