/* loop.h - how the CPU kernels cut their work, the same for any number of threads, so that sums come out in the same bits.
 *
 * A reduction is cut into parts whose number depends on the size alone; each part is summed by one thread, the parts are added in
 * order. Elementwise kernels see a map as rows: a contiguous one in long rows, a strided one pixel by pixel. */
#ifndef KERNELS_LOOP_H
#define KERNELS_LOOP_H
#include "kernels/kernel.h"

enum {
    SERIAL = 1 << 14,                    /* elements below which waking threads costs more than it gives */
    PART = 256, MAX_PARTS = 128,         /* least pixels of a part, most parts */
    TILE = 64                            /* channels, or pixels of a transposed tile, that a kernel keeps in registers or L1 */
};

static inline DEVICE int64_t part_count(int64_t pixels)
{
    int64_t n = (pixels + PART - 1) / PART;
    return n < 1 ? 1 : n > MAX_PARTS ? (int64_t)MAX_PARTS : n;
}
static inline DEVICE int64_t part_begin(int64_t pixels, int64_t parts, int64_t i) { return pixels * i / parts; }
static inline DEVICE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline DEVICE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* n elements in rows of `width`; dense: all maps are contiguous */
typedef struct { int64_t n, width, rows; int dense; } map_rows;
static inline map_rows rows_of(int64_t pixels, int64_t channels, int dense)
{
    map_rows r = { pixels * channels, dense ? 4096 : channels, 0, dense };
    r.rows = (r.n + r.width - 1) / r.width;
    return r;
}
/* where row i of a map with this pixel stride starts */
static inline int64_t row_at(const map_rows *r, int64_t i, int64_t stride) { return i * (r->dense ? r->width : stride); }
static inline int64_t row_width(const map_rows *r, int64_t i) { return least(r->width, r->n - i * r->width); }
#endif
