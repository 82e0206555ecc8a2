/* reduce.c - reductions on the CPU; see reduce.h. */
#include "kernels/reduce.h"
#include "kernels/loop.h"

size_t reduce_work(reduce_size s) { return (size_t)(s.groups * part_count(s.pixels) * reduce_width(s)) * sizeof(reduce_state); }

/* to: [width], the pixels from .. end - 1 of a group whose map begins at x */
static void reduce_part(const reduce_size *s, const real *x, int64_t xs, int64_t from, int64_t end, reduce_state *to)
{
    for (int64_t k = 0; k < reduce_width(*s); k++) to[k] = (reduce_state){ 0, -1 };
    for (int64_t p = from; p < end; p++)
        for (int64_t c = 0; c < s->channels; c++) reduce_take(&to[s->keep ? c : 0], s->kind, (double)x[p * xs + c], p * s->channels + c);
}

void reduce_forward_cpu(const context *c, reduce_size s, const real *x, int64_t xs, real *y, int64_t ys, int32_t *which, void *work)
{
    (void)c;
    reduce_state *part = work;                                 /* [groups][parts][width] */
    const int64_t parts = part_count(s.pixels), width = reduce_width(s);
    #pragma omp parallel for collapse(2) schedule(static) if (s.groups * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t j = 0; j < parts; j++)
            reduce_part(&s, x + i * s.pixels * xs, xs, part_begin(s.pixels, parts, j), part_begin(s.pixels, parts, j + 1),
                        part + (i * parts + j) * width);
    #pragma omp parallel for schedule(static) if (s.groups * parts * width > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t k = 0; k < width; k++) {
            reduce_state all = { 0, -1 };
            for (int64_t j = 0; j < parts; j++) reduce_take(&all, s.kind, part[(i * parts + j) * width + k].v, part[(i * parts + j) * width + k].at);
            if (y) y[i * ys + k] = (real)(s.kind == REDUCE_MEAN ? all.v / (double)reduce_count(s) : all.v);
            if (which) which[i * width + k] = (int32_t)all.at;
        }
}

void reduce_backward_cpu(const context *c, reduce_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    const int64_t width = reduce_width(s);
    const real share = s.kind == REDUCE_MEAN ? 1 / (real)reduce_count(s) : 1;
    #pragma omp parallel for collapse(2) schedule(static) if (s.groups * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t p = 0; p < s.pixels; p++)
            for (int64_t k = 0; k < s.channels; k++) {
                const int64_t to = s.keep ? k : 0;
                const int mine = s.kind != REDUCE_MAX || which[i * width + to] == p * s.channels + k;
                real *g = gx + (i * s.pixels + p) * gxs + k;
                *g = (add ? *g : 0) + (mine ? share * gy[i * gys + to] : 0);
            }
}
