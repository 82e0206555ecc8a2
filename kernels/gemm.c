/* gemm.c - the matrix product on the CPU; see gemm.h. The loop: a block of rows by a block of columns of the result belongs to one
 * thread, which walks along k with a piece of both factors copied straight into L1, whatever their transposes were. */
#include "kernels/gemm.h"
#include "kernels/dnn_cpu.h"
#include "kernels/loop.h"
#include "kernels/rows.h"

enum { ROWS = 32, COLUMNS = 64, DEPTH = 64 };

static void block(const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int64_t i0, int64_t j0)
{
    real pa[DEPTH][ROWS], pb[DEPTH][COLUMNS];
    int64_t m = least(ROWS, s->m - i0), n = least(COLUMNS, s->n - j0);
    for (int64_t p0 = 0; p0 < s->k; p0 += DEPTH) {
        int64_t k = least(DEPTH, s->k - p0);
        for (int64_t p = 0; p < k; p++) {
            for (int64_t i = 0; i < m; i++) pa[p][i] = alpha * a[s->ta ? (p0 + p) * s->lda + i0 + i : (i0 + i) * s->lda + p0 + p];
            for (int64_t j = 0; j < n; j++) pb[p][j] = b[s->tb ? (j0 + j) * s->ldb + p0 + p : (p0 + p) * s->ldb + j0 + j];
            for (int64_t j = n; j < COLUMNS; j++) pb[p][j] = 0;
        }
        for (int64_t i = 0; i < m; i++) {
            real sum[COLUMNS] = { 0 }, *out = y + (i0 + i) * s->ldc + j0;
            for (int64_t p = 0; p < k; p++) {
                #pragma omp simd
                for (int j = 0; j < COLUMNS; j++) sum[j] += pa[p][i] * pb[p][j];
            }
            for (int64_t j = 0; j < n; j++) out[j] += sum[j];
        }
    }
}

static void loops(const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    int64_t columns = (s->n + COLUMNS - 1) / COLUMNS, blocks = (s->m + ROWS - 1) / ROWS * columns;
    #pragma omp parallel for schedule(static)
    for (int64_t q = 0; q < blocks; q++) {
        int64_t i0 = q / columns * ROWS, j0 = q % columns * COLUMNS;
        if (!add)
            for (int64_t i = i0; i < least(i0 + ROWS, s->m); i++)
                for (int64_t j = j0; j < least(j0 + COLUMNS, s->n); j++) y[i * s->ldc + j] = 0;
        block(s, alpha, a, b, y, i0, j0);
    }
}

void gemm_cpu(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    (void)c;
    if (!dnn_gemm(s, alpha, a, b, y, add)) loops(s, alpha, a, b, y, add);
}

void gemm_bias_cpu(const context *c, const gemm_shape *s, const real *a, const real *b, const real *bias, real *y)
{
    gemm_cpu(c, s, 1, a, b, y, 0);
    if (bias) table_add_cpu(c, s->m, 1, s->n, y, s->ldc, bias, s->n, y, s->ldc);
}

void gemm_work_cpu(const context *c, const gemm_shape *s, size_t *bytes) { (void)c, (void)s, *bytes = 0; }
