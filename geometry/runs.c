/* runs.c - runs of a mask and union-find over them; see runs.h.
 *
 * A component's root is always its smallest run index, so labels come in raster order whatever the order of the unions. */
#include "geometry/runs.h"
#include <stdlib.h>
#include <string.h>

/* First x >= from with truth equal to `inside`, or w. Words of zeros are skipped at once: most of a film is background. */
static int64_t next(const uint8_t *row, int64_t from, int64_t w, int inside)
{
    int64_t x = from;
    if (!inside) {
        const uint8_t *zero = memchr(row + x, 0, (size_t)(w - x));
        return zero ? zero - row : w;
    }
    for (uint64_t word; x + 8 <= w; x += 8) {
        memcpy(&word, row + x, 8);
        if (word) break;
    }
    while (x < w && !row[x]) x++;
    return x;
}

int runs_find(const uint8_t *mask, int64_t h, int64_t w, int inside, runs *out)
{
    int64_t room = 2 * h + 16;
    out->n = 0;
    if (!(out->r = malloc((size_t)room * sizeof *out->r))) return -1;
    for (int64_t y = 0; y < h; y++) {
        const uint8_t *row = mask + y * w;
        for (int64_t x = next(row, 0, w, inside), end; x < w; x = next(row, end, w, inside)) {
            end = next(row, x, w, !inside);
            if (out->n == room) {
                run *more = realloc(out->r, (size_t)(room *= 2) * sizeof *more);
                if (!more) return runs_free(out), -1;
                out->r = more;
            }
            out->r[out->n] = (run){ (int32_t)y, (int32_t)x, (int32_t)end, (int32_t)out->n };
            out->n++;
        }
    }
    return 0;
}

static int32_t root_of(run *r, int32_t i)
{
    while (r[i].root != i) r[i].root = r[r[i].root].root, i = r[i].root;
    return i;
}

void runs_connect(runs *s, int corners)
{
    run *r = s->r;
    int64_t above = 0;
    for (int64_t i = 0; i < s->n; i++) {
        while (above < i && (r[above].y < r[i].y - 1 || (r[above].y == r[i].y - 1 && r[above].to + corners <= r[i].from))) above++;
        for (int64_t k = above; k < i && r[k].y == r[i].y - 1 && r[k].from < r[i].to + corners; k++) {
            int32_t a = root_of(r, (int32_t)k), b = root_of(r, (int32_t)i);
            if (a < b) r[b].root = a;
            else r[a].root = b;
        }
    }
    for (int64_t i = 0; i < s->n; i++) r[i].root = root_of(r, (int32_t)i);
}

void runs_free(runs *s) { free(s->r), s->r = NULL, s->n = 0; }
