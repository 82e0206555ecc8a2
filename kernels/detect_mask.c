/* detect_mask.c - masks into the frame of a box and back; see detect.h. A target is RoIAlign of the truth; a map is pasted the way of
 * torchvision (the box grown by the frame of one zero pixel, cut to whole pixels, the framed map resized to it) or of Detectron2
 * (every pixel's centre looks up its place in the map). */
#include "kernels/detect.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

void mask_target(const uint8_t *mask, int64_t stride, int64_t h, int64_t w, box b, const mask_rule *r, real *target)
{
    const roi o = mask_roi(b, r->size, r->aligned);
    for (int64_t i = 0; i < r->size * r->size; i++) target[i] = mask_target_at(mask, stride, h, w, &o, i / r->size, i % r->size, r->hard);
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

/* The box grown by the frame, in whole pixels, both ends included */
static mask_patch framed_box(int64_t size, box b)
{
    const real grow = (real)(size + 2) / (real)size;
    const real half_w = box_width(b) * (real)0.5 * grow, half_h = box_height(b) * (real)0.5 * grow;
    const real x = (b.x2 + b.x1) * (real)0.5, y = (b.y2 + b.y1) * (real)0.5;
    return (mask_patch){ whole(y - half_h), whole(x - half_w), whole(y + half_h), whole(x + half_w) };
}

static void paste_resized(int64_t size, const real *map, box b, mask_patch p, int64_t w, real *out)
{
    const mask_patch f = framed_box(size, b);
    const int64_t wide = f.x2 - f.x1 + 1 > 1 ? f.x2 - f.x1 + 1 : 1, tall = f.y2 - f.y1 + 1 > 1 ? f.y2 - f.y1 + 1 : 1;
    for (int64_t i = p.y1; i < p.y2; i++)
        for (int64_t j = p.x1; j < p.x2; j++)
            out[i * w + j] = map_at(size, map, framed(i - f.y1, size, tall), framed(j - f.x1, size, wide));
}

static void paste_sampled(int64_t size, const real *map, box b, mask_patch p, int64_t w, real *out)
{
    for (int64_t i = p.y1; i < p.y2; i++) {
        const real v = ((real)i + (real)0.5 - b.y1) / box_height(b) * (real)size - (real)0.5;
        for (int64_t j = p.x1; j < p.x2; j++) {
            const real u = ((real)j + (real)0.5 - b.x1) / box_width(b) * (real)size - (real)0.5;
            const int within = v > -1 && v < (real)size && u > -1 && u < (real)size;
            out[i * w + j] = within ? map_at(size, map, v, u) : 0;
        }
    }
}

static int64_t held(int64_t v, int64_t high) { return v < 0 ? 0 : v < high ? v : high; }

/* Sampled, the map fades within half a pixel of it around the box. */
mask_patch mask_patch_of(int grid, int64_t size, box b, int64_t h, int64_t w)
{
    if (!box_finite(b)) return (mask_patch){ 0 };
    const real rim_h = box_height(b) / (real)size, rim_w = box_width(b) / (real)size;
    mask_patch f = framed_box(size, b);
    if (grid) f = (mask_patch){ whole(b.y1 - rim_h) - 1, whole(b.x1 - rim_w) - 1, whole(b.y2 + rim_h) + 1, whole(b.x2 + rim_w) + 1 };
    return (mask_patch){ held(f.y1, h), held(f.x1, w), held(f.y2 + 1, h), held(f.x2 + 1, w) };
}

void mask_paste_patch(int grid, int64_t size, const real *map, box b, mask_patch p, int64_t w, real *out)
{
    if (grid) paste_sampled(size, map, b, p, w, out);
    else paste_resized(size, map, b, p, w, out);
}

void mask_paste(int grid, int64_t size, const real *map, box b, int64_t h, int64_t w, real *out)
{
    memset(out, 0, (size_t)(h * w) * sizeof *out);
    mask_paste_patch(grid, size, map, b, mask_patch_of(grid, size, b, h, w), w, out);
}
