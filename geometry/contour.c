/* contour.c - the outline of a mask, to a fraction of a pixel. See geometry.h.
 *
 * Marching squares, walked: follow the cracks between pixels inside and pixels outside, and set a vertex on every crack, where the map
 * crosses the level between the two pixel centres. On a mask of zeros and ones that is the half-way point, so that nothing is shrunk by
 * half a pixel as it is by tracing pixel centres. Saddles are cut apart (4-connected inside), as in components.c. */
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* A map with a border of one zero around: p points to pixel (0,0); level is what inside exceeds or reaches. */
typedef struct map { const float *soft; const uint8_t *in; int64_t stride; } map;

static const int dx[4] = { 0, 1, 0, -1 }, dy[4] = { -1, 0, 1, 0 };          /* up, right, down, left: clockwise on the screen */

static geo_point crossing(const map *m, int64_t x, int64_t y, int side, float level)
{
    double t = 0.5;
    if (m->soft) {
        double a = m->soft[y * m->stride + x], b = m->soft[(y + dy[side]) * m->stride + x + dx[side]];
        t = a > b ? (a - level) / (a - b) : 0.5;
    }
    return vec((double)x + t * dx[side], (double)y + t * dy[side]);
}

static int push(geo_contour *c, int64_t *room, geo_point p)
{
    if (c->n == *room) {
        geo_point *more = realloc(c->p, (size_t)(*room *= 2) * sizeof *more);
        if (!more) return GEO_MEMORY;
        c->p = more;
    }
    c->p[c->n++] = p;
    return GEO_OK;
}

/* From the top of pixel (x0, y0), which has nothing above it, round to the same crack. */
static int walk(const map *m, int64_t x0, int64_t y0, float level, geo_contour *out)
{
    int64_t x = x0, y = y0, room = 256;
    int side = 0;
    *out = (geo_contour){ malloc((size_t)room * sizeof *out->p), 0 };
    if (!out->p) return GEO_MEMORY;
    do {
        if (push(out, &room, crossing(m, x, y, side, level))) return geo_contour_free(out), GEO_MEMORY;
        int ahead = (side + 1) & 3;
        int64_t ax = x + dx[ahead], ay = y + dy[ahead], bx = ax + dx[side], by = ay + dy[side];
        if (!m->in[ay * m->stride + ax]) side = ahead;
        else if (!m->in[by * m->stride + bx]) x = ax, y = ay;
        else x = bx, y = by, side = (side + 3) & 3;
    } while (x != x0 || y != y0 || side != 0);
    return GEO_OK;
}

/* clean (h, w): one filled component; soft (h, w) or NULL; both moved into a map with a border. */
static int trace(const uint8_t *clean, const float *soft, int64_t h, int64_t w, float level, geo_contour *out)
{
    int64_t stride = w + 2, size = (h + 2) * stride, start = -1;
    uint8_t *in = calloc((size_t)size, 1);
    float *s = soft ? calloc((size_t)size, sizeof *s) : NULL;
    int status = in && (s || !soft) ? GEO_OK : GEO_MEMORY;
    for (int64_t y = 0; y < h && !status; y++) {
        memcpy(in + (y + 1) * stride + 1, clean + y * w, (size_t)w);
        if (soft) memcpy(s + (y + 1) * stride + 1, soft + y * w, (size_t)w * sizeof *s);
        const uint8_t *first = start < 0 ? memchr(clean + y * w, 1, (size_t)w) : NULL;
        if (first) start = first - clean;
    }
    if (!status && start < 0) status = GEO_EMPTY;
    if (!status) {
        map m = { soft ? s + stride + 1 : NULL, in + stride + 1, stride };
        status = walk(&m, start % w, start / w, level, out);
    }
    free(in), free(s);
    return status;
}

int geo_contour_trace(const uint8_t *mask, int64_t h, int64_t w, geo_contour *out, double *dropped)
{
    if (!out) return GEO_BAD;
    *out = (geo_contour){ NULL, 0 };
    if (!mask || h < 1 || w < 1 || h > INT32_MAX / w) return GEO_BAD;
    uint8_t *clean = malloc((size_t)(h * w));
    int status = clean ? geo_mask_clean(mask, h, w, clean, dropped) : GEO_MEMORY;
    if (!status) status = trace(clean, NULL, h, w, 0.5f, out);
    free(clean);
    return status;
}

int geo_contour_soft(const float *map, int64_t h, int64_t w, double level, geo_contour *out, double *dropped)
{
    if (!out) return GEO_BAD;
    *out = (geo_contour){ NULL, 0 };
    if (!map || h < 1 || w < 1 || h > INT32_MAX / w || !(level > 0)) return GEO_BAD;
    uint8_t *in = malloc((size_t)(h * w)), *clean = malloc((size_t)(h * w));
    int status = in && clean ? GEO_OK : GEO_MEMORY;
    float limit = (float)level;
    for (int64_t i = 0; i < h * w && !status; i++) {
        if (!isfinite(map[i])) status = GEO_BAD;
        in[i] = map[i] >= limit;
    }
    if (!status) status = geo_mask_clean(in, h, w, clean, dropped);
    if (!status) status = trace(clean, map, h, w, limit, out);
    free(in), free(clean);
    return status;
}

int geo_contour_label(const uint8_t *labels, int64_t h, int64_t w, uint8_t value, const geo_box *b, geo_contour *out, double *dropped)
{
    if (!out) return GEO_BAD;
    *out = (geo_contour){ NULL, 0 };
    if (!labels || !b) return GEO_BAD;
    if (b->x0 < 0 || b->y0 < 0 || b->x1 > w || b->y1 > h || b->x0 >= b->x1 || b->y0 >= b->y1) return b->area ? GEO_BAD : GEO_EMPTY;
    int64_t bw = b->x1 - b->x0, bh = b->y1 - b->y0;
    uint8_t *crop = malloc((size_t)(bw * bh));
    if (!crop) return GEO_MEMORY;
    for (int64_t y = 0; y < bh; y++) {
        const uint8_t *from = labels + (b->y0 + y) * w + b->x0;
        for (int64_t x = 0; x < bw; x++) crop[y * bw + x] = from[x] == value;
    }
    int status = geo_contour_trace(crop, bh, bw, out, dropped);
    for (int64_t i = 0; i < out->n; i++) out->p[i] = add(out->p[i], vec((double)b->x0, (double)b->y0));
    free(crop);
    return status;
}

int geo_contour_copy(const geo_contour *c, geo_contour *out)
{
    *out = (geo_contour){ malloc((size_t)(c->n + 1) * sizeof *c->p), c->n };
    if (!out->p) return out->n = 0, GEO_MEMORY;
    memcpy(out->p, c->p, (size_t)c->n * sizeof *c->p);
    return GEO_OK;
}

void geo_contour_free(geo_contour *c)
{
    if (c) free(c->p), c->p = NULL, c->n = 0;
}
