/* open.c - opening of a mask by a disc: erosion, then dilation, both by exact distances. See geometry.h. */
#include "geometry/geometry.h"
#include <stdlib.h>
#include <string.h>

/* out: 1 where the distance to the nearest pixel of value `of` is above (keep 1) or at most (keep 0) the radius. */
static int by_distance(const uint8_t *mask, int64_t h, int64_t w, int of, double radius, int keep, double *d, uint8_t *out)
{
    for (int64_t i = 0; i < h * w; i++) out[i] = (uint8_t)(!!mask[i] == of);
    int status = geo_distance(out, h, w, 1, 1, d);
    for (int64_t i = 0; i < h * w && !status; i++) out[i] = (uint8_t)((d[i] > radius) == keep);
    return status;
}

int geo_mask_open(const uint8_t *mask, int64_t h, int64_t w, double radius, uint8_t *out)
{
    if (!mask || !out || h < 1 || w < 1 || h > INT32_MAX / w || !(radius >= 0)) return GEO_BAD;
    /* a frame of outside, so that a mask at the border of the image is eroded there too */
    const int64_t bh = h + 2, bw = w + 2;
    uint8_t *a = calloc((size_t)(bh * bw), 1), *b = malloc((size_t)(bh * bw));
    double *d = malloc((size_t)(bh * bw) * sizeof *d);
    int status = a && b && d ? GEO_OK : GEO_MEMORY;
    for (int64_t y = 0; y < h && !status; y++) memcpy(a + (y + 1) * bw + 1, mask + y * w, (size_t)w);
    if (!status) status = by_distance(a, bh, bw, 0, radius, 1, d, b);
    if (!status) status = by_distance(b, bh, bw, 1, radius, 0, d, a);
    for (int64_t y = 0; y < h && !status; y++)
        for (int64_t x = 0; x < w; x++) out[y * w + x] = a[(y + 1) * bw + x + 1];
    free(a), free(b), free(d);
    return status;
}
