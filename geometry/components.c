/* components.c - connected components, and a mask made clean: its largest component with the holes filled. See geometry.h.
 *
 * Objects hang together by edges and background by corners, the pair that belongs together: a contour followed around a 4-connected object
 * then never crosses itself. */
#include "geometry/geometry.h"
#include "geometry/runs.h"
#include <stdlib.h>
#include <string.h>

static void paint(const runs *s, int64_t i, uint8_t *out, int64_t w, uint8_t value)
{
    memset(out + s->r[i].y * w + s->r[i].from, value, (size_t)(s->r[i].to - s->r[i].from));
}

int64_t geo_components(const uint8_t *mask, int64_t h, int64_t w, int32_t *labels, int64_t *areas, int64_t room)
{
    runs s;
    if (!mask || h < 1 || w < 1 || h > INT32_MAX / w) return GEO_BAD;
    if (runs_find(mask, h, w, 1, &s)) return GEO_MEMORY;
    runs_connect(&s, 0);
    int32_t *number = malloc((size_t)(s.n + 1) * sizeof *number);
    if (!number) return runs_free(&s), GEO_MEMORY;
    if (labels) memset(labels, 0, (size_t)(h * w) * sizeof *labels);
    int64_t n = 0;
    for (int64_t i = 0; i < s.n; i++) {
        const run *r = &s.r[i];
        if (r->root == i) {
            if (n < room && areas) areas[n] = 0;
            number[i] = (int32_t)++n;
        }
        int32_t k = number[r->root];
        if (areas && k <= room) areas[k - 1] += r->to - r->from;
        if (labels) for (int32_t x = r->from; x < r->to; x++) labels[r->y * w + x] = k;
    }
    free(number), runs_free(&s);
    return n;
}

/* Root of the component with the most pixels, the first of equals; pixels of all in *total. -1: no pixel, GEO_MEMORY. */
static int64_t largest(const runs *s, int64_t *total, int64_t *most)
{
    int64_t *area = calloc((size_t)(s->n + 1), sizeof *area), best = -1;
    if (!area) return GEO_MEMORY;
    *total = 0;
    for (int64_t i = 0; i < s->n; i++) area[s->r[i].root] += s->r[i].to - s->r[i].from, *total += s->r[i].to - s->r[i].from;
    for (int64_t i = 0; i < s->n; i++) if (best < 0 || area[i] > area[best]) best = i;
    *most = best < 0 ? 0 : area[best];
    free(area);
    return best;
}

/* Paints background that does not hang together with the border. */
static int fill_holes(uint8_t *out, int64_t h, int64_t w)
{
    runs s;
    if (runs_find(out, h, w, 0, &s)) return GEO_MEMORY;
    runs_connect(&s, 1);
    uint8_t *open = calloc((size_t)(s.n + 1), 1);
    if (!open) return runs_free(&s), GEO_MEMORY;
    for (int64_t i = 0; i < s.n; i++) {
        const run *r = &s.r[i];
        if (r->y == 0 || r->y == h - 1 || r->from == 0 || r->to == w) open[r->root] = 1;
    }
    for (int64_t i = 0; i < s.n; i++) if (!open[s.r[i].root]) paint(&s, i, out, w, 1);
    free(open), runs_free(&s);
    return GEO_OK;
}

int geo_mask_clean(const uint8_t *mask, int64_t h, int64_t w, uint8_t *out, double *dropped)
{
    runs s;
    int64_t total = 0, most = 0;
    if (!mask || !out || h < 1 || w < 1 || h > INT32_MAX / w) return GEO_BAD;
    if (runs_find(mask, h, w, 1, &s)) return GEO_MEMORY;
    runs_connect(&s, 0);
    int64_t best = largest(&s, &total, &most);
    memset(out, 0, (size_t)(h * w));
    if (best >= 0) for (int64_t i = 0; i < s.n; i++) if (s.r[i].root == best) paint(&s, i, out, w, 1);
    runs_free(&s);
    if (dropped) *dropped = total > 0 ? (double)(total - most) / (double)total : 0;
    return best < -1 ? GEO_MEMORY : best < 0 ? GEO_EMPTY : fill_holes(out, h, w);
}

void geo_boxes(const uint8_t *labels, int64_t h, int64_t w, geo_box box[256])
{
    for (int i = 0; i < 256; i++) box[i] = (geo_box){ w, h, 0, 0, 0 };
    for (int64_t y = 0; y < h; y++) {
        const uint8_t *row = labels + y * w;
        for (int64_t x = 0; x < w;) {
            uint64_t word[4], same = row[x] * 0x0101010101010101u;
            int64_t from = x;
            uint8_t v = row[x];
            for (; x + 32 <= w; x += 32) {                  /* 32 pixels at once: nearly all of a film is passed here */
                memcpy(word, row + x, 32);
                if ((word[0] ^ same) | (word[1] ^ same) | (word[2] ^ same) | (word[3] ^ same)) break;
            }
            while (x < w && row[x] == v) x++;
            if (!v) continue;
            geo_box *b = &box[v];
            if (from < b->x0) b->x0 = from;
            if (x > b->x1) b->x1 = x;
            if (y < b->y0) b->y0 = y;
            b->y1 = y + 1, b->area += x - from;
        }
    }
}
