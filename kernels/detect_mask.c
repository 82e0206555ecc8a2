/* detect_mask.c - masks into the frame of a box and back; see detect.h. A target is RoIAlign of the truth; a map is pasted the way of
 * torchvision (the box grown by the frame of one zero pixel, cut to whole pixels, the framed map resized to it) or of Detectron2
 * (every pixel's centre looks up its place in the map). */
#include "kernels/detect.h"
#include "kernels/roi_align.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

/* The sum of a row of the mask by the weights of one bin of an axis */
static real row_sum(const roi_axis *a, int64_t bin, const uint8_t *row, int64_t w)
{
    real sum = 0;
    roi_sample s;
    for (int64_t i = 0; i < a->n; i++)
        if (roi_sample_of(a, bin, i, w, &s)) sum += s.at_low * (row[s.low] != 0) + s.at_high * (row[s.high] != 0);
    return sum;
}

void mask_target(const uint8_t *mask, int64_t h, int64_t w, box b, int64_t size, int aligned, int hard, real *target)
{
    const roi_rule r = { .out_h = size, .out_w = size, .aligned = aligned, .scale = { 1 } };
    const roi o = roi_of(&r, 1, &b.x1, 1);
    for (int64_t row = 0; row < size; row++)
        for (int64_t column = 0; column < size; column++) {
            real sum = 0;
            roi_sample s;
            for (int64_t i = 0; i < o.y.n; i++)
                if (roi_sample_of(&o.y, row, i, h, &s))
                    sum += s.at_low * row_sum(&o.x, column, mask + s.low * w, w) + s.at_high * row_sum(&o.x, column, mask + s.high * w, w);
            target[row * size + column] = hard ? (real)(sum >= (real)0.5) : sum;
        }
}

/* The map at y, x; zero beyond it, as far as a pixel away it fades */
static real map_at(int64_t size, const real *map, real y, real x)
{
    const int64_t i = (int64_t)floor((double)y), j = (int64_t)floor((double)x);
    const real v = y - (real)i, u = x - (real)j;
    real sum = 0;
    for (int k = 0; k < 4; k++) {
        const int64_t row = i + k / 2, column = j + k % 2;
        if (row < 0 || row >= size || column < 0 || column >= size) continue;
        sum += (k / 2 ? v : 1 - v) * (k % 2 ? u : 1 - u) * map[row * size + column];
    }
    return sum;
}

/* The extent of a side in whole pixels; what no image holds is cut, so that it can be counted */
static int64_t whole(real v) { return (int64_t)(v > 1e9 ? 1e9 : v > -1e9 ? (double)v : -1e9); }

/* Where pixel i of `out` lies in the map, when the map with its frame of one pixel is resized to them (half-pixel centres). In the frame
 * and beyond it map_at is 0, as the frame is. */
static real framed(int64_t i, int64_t size, int64_t out) { return (real)(size + 2) / (real)out * ((real)i + (real)0.5) - (real)1.5; }

static void paste_resized(int64_t size, const real *map, box b, int64_t h, int64_t w, real *out)
{
    const real grow = (real)(size + 2) / (real)size;
    const real half_w = box_width(b) * (real)0.5 * grow, half_h = box_height(b) * (real)0.5 * grow;
    const real x = (b.x2 + b.x1) * (real)0.5, y = (b.y2 + b.y1) * (real)0.5;
    const int64_t x1 = whole(x - half_w), x2 = whole(x + half_w), y1 = whole(y - half_h), y2 = whole(y + half_h);
    const int64_t wide = x2 - x1 + 1 > 1 ? x2 - x1 + 1 : 1, tall = y2 - y1 + 1 > 1 ? y2 - y1 + 1 : 1;
    for (int64_t i = y1 > 0 ? y1 : 0; i < h && i <= y2; i++)
        for (int64_t j = x1 > 0 ? x1 : 0; j < w && j <= x2; j++)
            out[i * w + j] = map_at(size, map, framed(i - y1, size, tall), framed(j - x1, size, wide));
}

static void paste_sampled(int64_t size, const real *map, box b, int64_t h, int64_t w, real *out)
{
    for (int64_t i = 0; i < h; i++) {
        const real v = ((real)i + (real)0.5 - b.y1) / box_height(b) * (real)size - (real)0.5;
        for (int64_t j = 0; j < w && v > -1 && v < (real)size; j++) {
            const real u = ((real)j + (real)0.5 - b.x1) / box_width(b) * (real)size - (real)0.5;
            if (u > -1 && u < (real)size) out[i * w + j] = map_at(size, map, v, u);
        }
    }
}

void mask_paste(int grid, int64_t size, const real *map, box b, int64_t h, int64_t w, real *out)
{
    memset(out, 0, (size_t)(h * w) * sizeof *out);
    if (!box_finite(b)) return;
    if (grid) paste_sampled(size, map, b, h, w, out);
    else paste_resized(size, map, b, h, w, out);
}
