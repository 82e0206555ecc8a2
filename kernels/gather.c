/* gather.c - rows by number on the CPU; see gather.h. The adjoint first lists the takers of every row by counting. */
#include "kernels/gather.h"
#include "kernels/loop.h"
#include "kernels/sort.h"

/* The CPU wants first [rows + 1] and list [taken] of each sample; CUDA sorts the takers. */
size_t scatter_work(row_size s)
{
    const size_t counted = (size_t)(s.samples * (s.rows + 1 + s.taken)) * sizeof(int64_t), sorted = sort_entries_work(s.samples, s.taken);
    return counted > sorted ? counted : sorted;
}

static int valid(int32_t index, int64_t rows) { return index >= 0 && index < rows; }

void gather_rows_cpu(const context *c, row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.taken * s.pixels * s.channels > SERIAL)
    for (int64_t k = 0; k < s.samples * s.taken; k++)
        for (int64_t p = 0; p < s.pixels; p++) {
            real *to = y + (k * s.pixels + p) * ys;
            const int there = valid(index[k], s.rows);
            const real *from = there ? x + ((k / s.taken * s.rows + index[k]) * s.pixels + p) * xs : NULL;
            for (int64_t j = 0; j < s.channels; j++) to[j] = (add ? to[j] : 0) + (there ? from[j] : 0);
        }
}

/* list: the takers of row r, in their order, at first[r] .. first[r + 1] - 1 */
static void list_takers(const row_size *s, const int32_t *index, int64_t *first, int64_t *list)
{
    for (int64_t r = 0; r <= s->rows; r++) first[r] = 0;
    for (int64_t k = 0; k < s->taken; k++) if (valid(index[k], s->rows)) first[index[k] + 1]++;
    for (int64_t r = 0; r < s->rows; r++) first[r + 1] += first[r];
    for (int64_t k = 0; k < s->taken; k++) if (valid(index[k], s->rows)) list[first[index[k]]++] = k;
    for (int64_t r = s->rows; r > 0; r--) first[r] = first[r - 1];      /* each start has moved to the next one's place */
    first[0] = 0;
}

void scatter_rows_cpu(const context *c, row_size s, const int32_t *index, const real *y, int64_t ys, real *x, int64_t xs, int add,
                         void *work)
{
    (void)c;
    int64_t *firsts = work, *lists = firsts + s.samples * (s.rows + 1);
    for (int64_t i = 0; i < s.samples; i++) list_takers(&s, index + i * s.taken, firsts + i * (s.rows + 1), lists + i * s.taken);
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.rows * s.pixels * s.channels > SERIAL)
    for (int64_t r = 0; r < s.samples * s.rows; r++)
        for (int64_t p = 0; p < s.pixels; p++) {
            const int64_t i = r / s.rows, *first = firsts + i * (s.rows + 1) + r % s.rows, *list = lists + i * s.taken;
            real *to = x + (r * s.pixels + p) * xs;
            for (int64_t j = 0; j < s.channels && !add; j++) to[j] = 0;
            for (int64_t k = first[0]; k < first[1]; k++) {
                const real *from = y + ((i * s.taken + list[k]) * s.pixels + p) * ys;
                for (int64_t j = 0; j < s.channels; j++) to[j] += from[j];
            }
        }
}

void pick_rows_cpu(const context *c, pick_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.rows * s.pixels * s.width > SERIAL)
    for (int64_t i = 0; i < s.rows; i++)
        for (int64_t p = i * s.pixels; p < (i + 1) * s.pixels; p++)
            for (int64_t j = 0; j < s.width; j++)
                y[p * ys + j] = valid(index[i], s.channels / s.width) ? x[p * xs + index[i] * s.width + j] : 0;
}

void pick_rows_backward_cpu(const context *c, pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs,
                               int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.rows * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.rows; i++)
        for (int64_t p = i * s.pixels; p < (i + 1) * s.pixels; p++)
            for (int64_t j = 0; j < s.channels; j++)
                gx[p * gxs + j] = (add ? gx[p * gxs + j] : 0) + (j / s.width == index[i] ? gy[p * gys + j % s.width] : 0);
}
