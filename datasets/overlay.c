/* overlay.c - drawing labels over a film, in colours that the colour-blind can tell apart; see image.h. */
#include "datasets/image.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const uint8_t *overlay_colour(int value)
{
    static const uint8_t black[3] = { 0, 0, 0 }, table[7][3] = {                             /* Okabe and Ito, 2008 */
        { 230, 159, 0 }, { 86, 180, 233 }, { 0, 158, 115 }, { 240, 228, 66 }, { 0, 114, 178 }, { 213, 94, 0 }, { 204, 121, 167 } };
    return value > 0 ? table[(value - 1) % 7] : black;
}

/* The value below which this share of the pixels lies. */
static int percentile(const int64_t *count, int n, int64_t total, double share)
{
    int64_t sum = 0, want = (int64_t)(share * (double)total);
    for (int v = 0; v < n; v++) if ((sum += count[v]) > want) return v;
    return n - 1;
}

void overlay_grey(const image *film, uint8_t *rgb)
{
    int levels = film->bits == 16 ? 65536 : 256;
    int64_t len = film->h * film->w, *count = xalloc_n((size_t)levels, sizeof *count);
    for (int64_t i = 0; i < len; i++) count[image_at(film, i)]++;
    int lo = percentile(count, levels, len, 0.01), hi = percentile(count, levels, len, 0.995);
    if (hi <= lo) hi = lo + 1;
    for (int64_t i = 0; i < len; i++) {
        int v = (image_at(film, i) - lo) * 255 / (hi - lo);
        memset(rgb + 3 * i, v < 0 ? 0 : v > 255 ? 255 : v, 3);
    }
    free(count);
}

/* Does a pixel of another value lie within `thick` pixels along a row or column? The image's border is no outline. */
static int on_outline(const uint8_t *m, int64_t h, int64_t w, int64_t y, int64_t x, int thick)
{
    uint8_t v = m[y * w + x];
    for (int k = 1; k <= thick; k++)
        if ((x >= k && m[y * w + x - k] != v) || (x + k < w && m[y * w + x + k] != v) ||
            (y >= k && m[(y - k) * w + x] != v) || (y + k < h && m[(y + k) * w + x] != v)) return 1;
    return 0;
}

void overlay_labels(uint8_t *rgb, const uint8_t *labels, int64_t h, int64_t w, double opacity, int thick)
{
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            int v = labels[y * w + x];
            if (!v) continue;
            const uint8_t *colour = overlay_colour(v);
            double a = on_outline(labels, h, w, y, x, thick) ? 1 : opacity;
            uint8_t *p = rgb + 3 * (y * w + x);
            for (int c = 0; c < 3; c++) p[c] = (uint8_t)lrint((1 - a) * p[c] + a * colour[c]);
        }
}

void overlay_line(uint8_t *rgb, int64_t h, int64_t w, double x0, double y0, double x1, double y1, int thick, const uint8_t colour[3])
{
    double far = 4.0 * IMAGE_MAX_SIDE;                                                        /* no film reaches there: bounds the steps */
    if (!(fabs(x0) < far && fabs(y0) < far && fabs(x1) < far && fabs(y1) < far)) return;
    int64_t steps = (int64_t)ceil(fmax(fabs(x1 - x0), fabs(y1 - y0))) + 1, r = (thick - 1) / 2;
    for (int64_t s = 0; s <= steps; s++) {
        int64_t x = lrint(x0 + (x1 - x0) * (double)s / (double)steps), y = lrint(y0 + (y1 - y0) * (double)s / (double)steps);
        for (int64_t j = y - r; j < y - r + thick; j++)
            for (int64_t i = x - r; i < x - r + thick; i++)
                if (i >= 0 && i < w && j >= 0 && j < h) memcpy(rgb + 3 * (j * w + i), colour, 3);
    }
}

/* The letter's cell, a dot higher above and below, darkened, so that it can be read on bone and on air */
static void shade(uint8_t *rgb, int64_t h, int64_t w, int64_t x, int64_t y, int scale)
{
    for (int64_t j = y - scale; j < y + 6 * scale; j++)
        for (int64_t i = x; i < x + 4 * scale; i++)
            for (int c = 0; c < 3 && i >= 0 && i < w && j >= 0 && j < h; c++) rgb[3 * (j * w + i) + c] /= 4;
}

/* Rows of three dots, an octal digit each, from the top; in the order of `letters`. */
void overlay_text(uint8_t *rgb, int64_t h, int64_t w, int64_t x, int64_t y, int scale, const uint8_t colour[3], const char *text)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.";
    static const uint16_t dots[] = {
        075557, 026227, 071747, 071717, 055711, 074717, 074757, 071122, 075757, 075717,
        025755, 065656, 034443, 065556, 074647, 074644, 034553, 055755, 072227, 011152, 055655, 044447, 057755,
        065555, 025552, 065644, 025573, 065655, 034216, 072222, 055557, 055552, 055775, 055255, 055222, 071247, 000007, 000700, 000002 };
    for (; *text; text++, x += 4 * scale) {
        const char *at = strchr(letters, *text >= 'a' && *text <= 'z' ? *text - 32 : *text);
        shade(rgb, h, w, x, y, scale);
        for (int k = 0; at && k < 15 * scale * scale; k++) {
            int dot = k / (scale * scale), dx = dot % 3 * scale + k % scale, dy = dot / 3 * scale + k / scale % scale;
            int on = dots[at - letters] >> (14 - dot) & 1;
            if (on && x + dx >= 0 && x + dx < w && y + dy >= 0 && y + dy < h) memcpy(rgb + 3 * ((y + dy) * w + x + dx), colour, 3);
        }
    }
}
