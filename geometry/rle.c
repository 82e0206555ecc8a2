/* rle.c - run-length coding as COCO's "counts" have it: column by column, first the zeros. See geometry.h. */
#include "geometry/geometry.h"
#include <string.h>

int64_t geo_rle_encode(const uint8_t *mask, int64_t h, int64_t w, uint32_t *counts, int64_t room)
{
    if (!mask || h < 1 || w < 1 || h > INT32_MAX / w) return GEO_BAD;
    int64_t n = 0;
    uint32_t length = 0;
    int now = 0;
    for (int64_t x = 0; x < w; x++)
        for (int64_t y = 0; y < h; y++) {
            if ((mask[y * w + x] != 0) != now) {
                if (n < room) counts[n] = length;
                n++, now = !now, length = 0;
            }
            length++;
        }
    if (n < room) counts[n] = length;
    return n + 1;
}

int geo_rle_decode(const uint32_t *counts, int64_t n, int64_t h, int64_t w, uint8_t *mask)
{
    if (!counts || !mask || h < 1 || w < 1 || n < 1) return GEO_BAD;
    int64_t at = 0, size = h * w, total = 0;
    for (int64_t i = 0; i < n; i++) if ((total += counts[i]) > size) return GEO_BAD;
    if (total != size) return GEO_BAD;
    memset(mask, 0, (size_t)size);
    for (int64_t i = 0; i < n; at += counts[i++])
        if (i % 2) for (int64_t k = at; k < at + counts[i]; k++) mask[k % h * w + k / h] = 1;
    return GEO_OK;
}
