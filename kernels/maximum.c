/* maximum.c - maxima on the CPU; see maximum.h. Each group in parts, so that one large group has work for all threads. */
#include "kernels/maximum.h"
#include "kernels/loop.h"

size_t maximum_work(maximum_size s) { return (size_t)(s.groups * part_count(s.pixels) * maximum_width(s)) * sizeof(maximum_best); }

/* to: [width], of the pixels from .. end - 1 of a group whose map begins at x */
static void maximum_part(const maximum_size *s, const real *x, int64_t xs, int64_t from, int64_t end, maximum_best *to)
{
    for (int64_t k = 0; k < maximum_width(*s); k++) to[k].at = -1;
    for (int64_t p = from; p < end; p++)
        for (int64_t c = 0; c < s->channels; c++) {
            const maximum_best new = { x[p * xs + c], p * s->channels + c };
            if (maximum_beats(new, to[s->keep ? c : 0])) to[s->keep ? c : 0] = new;
        }
}

void maximum_forward_cpu(const context *c, maximum_size s, const real *x, int64_t xs, real *y, int64_t ys, int32_t *which, void *work)
{
    (void)c;
    maximum_best *part = work;                                 /* [groups][parts][width] */
    const int64_t parts = part_count(s.pixels), width = maximum_width(s);
    #pragma omp parallel for collapse(2) schedule(static) if (s.groups * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t j = 0; j < parts; j++)
            maximum_part(&s, x + i * s.pixels * xs, xs, part_begin(s.pixels, parts, j), part_begin(s.pixels, parts, j + 1),
                         part + (i * parts + j) * width);
    #pragma omp parallel for schedule(static) if (s.groups * parts * width > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t k = 0; k < width; k++) {
            maximum_best best = part[i * parts * width + k];
            for (int64_t j = 1; j < parts; j++)
                if (maximum_beats(part[(i * parts + j) * width + k], best)) best = part[(i * parts + j) * width + k];
            if (y) y[i * ys + k] = best.v;
            which[i * width + k] = (int32_t)best.at;
        }
}

void maximum_backward_cpu(const context *c, maximum_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs,
                          int add)
{
    (void)c;
    const int64_t width = maximum_width(s);
    #pragma omp parallel for collapse(2) schedule(static) if (s.groups * s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.groups; i++)
        for (int64_t p = 0; p < s.pixels; p++)
            for (int64_t k = 0; k < s.channels; k++) {
                const int64_t of = s.keep ? k : 0;
                real *g = gx + (i * s.pixels + p) * gxs + k;
                *g = (add ? *g : 0) + (which[i * width + of] == p * s.channels + k ? gy[i * gys + of] : 0);
            }
}
