/* sort.c - sort and top-k on the CPU: a radix sort by bytes from the lowest, which is stable, one sample a thread. */
#include "kernels/sort.h"
#include "kernels/loop.h"

size_t sort_entries_work(int64_t samples, int64_t n) { return (size_t)(2 * samples * n) * sizeof(sort_entry); }
size_t sort_work(sort_size s) { return sort_entries_work(s.samples, s.pixels * s.channels); }

/* One pass by the byte at `shift`; 0 where all bytes are alike and nothing was moved */
static int radix_pass(int64_t n, const sort_entry *a, sort_entry *b, int shift)
{
    int64_t at[257] = { 0 };
    for (int64_t i = 0; i < n; i++) at[(a[i].key >> shift & 255) + 1]++;
    if (at[(a[0].key >> shift & 255) + 1] == n) return 0;
    for (int v = 0; v < 256; v++) at[v + 1] += at[v];
    for (int64_t i = 0; i < n; i++) b[at[a[i].key >> shift & 255]++] = a[i];
    return 1;
}

/* n entries of a in order, with b as space: where they end up */
static const sort_entry *radix_sort(int64_t n, sort_entry *a, sort_entry *b)
{
    for (int shift = 0; n && shift < (int)(8 * sizeof(real)); shift += 8)
        if (radix_pass(n, a, b, shift)) {
            sort_entry *t = a;
            a = b, b = t;
        }
    return a;
}

void sort_rows_cpu(const context *c, sort_size s, const real *x, int64_t xs, const int32_t *count, real *y, int64_t ys, int32_t *order,
                      void *work)
{
    (void)c;
    const int64_t all = s.pixels * s.channels;
    #pragma omp parallel for schedule(static) if (s.samples * all > SERIAL)
    for (int64_t i = 0; i < s.samples; i++) {
        sort_entry *a = (sort_entry *)work + 2 * i * all;
        const real *from = x + i * s.pixels * xs;
        const int64_t n = sort_length(s, count, i);
        for (int64_t j = 0; j < n; j++) a[j] = (sort_entry){ sort_key(from[j / s.channels * xs + j % s.channels], s.ascending), j };
        const sort_entry *e = radix_sort(n, a, a + all);
        for (int64_t k = 0; k < s.take; k++) {
            const int64_t j = k < n ? e[k].place : -1;
            y[(i * s.take + k) * ys] = j < 0 ? 0 : from[j / s.channels * xs + j % s.channels];
            order[i * s.take + k] = (int32_t)j;
        }
    }
}

void sort_backward_cpu(const context *c, sort_size s, const int32_t *order, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.samples * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.samples; i++) {
        real *to = gx + i * s.pixels * gxs;
        for (int64_t j = 0; !add && j < s.pixels * s.channels; j++) to[j / s.channels * gxs + j % s.channels] = 0;
        for (int64_t k = i * s.take; k < (i + 1) * s.take; k++) {              /* no place comes twice */
            const int64_t j = order[k];
            if (j >= 0 && j < s.pixels * s.channels) to[j / s.channels * gxs + j % s.channels] += gy[k * gys];
        }
    }
}
