/* implant.c - see implant.h. The trap is statistics over the black round the patient: it is flat, so a median deviation that takes it in is 0
 * and everything stands out. What is black is left out of them. */
#include "eval/implant.h"
#include "base/die.h"
#include "eval/grey.h"
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 4096 };
static const float black = 0.02f;            /* of the film's range */

/* ---- statistics ---------------------------------------------------------------------------------------------------------------------- */

static int bin_of(float v) { return v <= 0 ? 0 : v >= 1 ? BINS - 1 : (int)(v * BINS); }

/* The value that a share of the counted lie below; 0 where there are none. */
static double quantile(const int64_t *count, double share)
{
    int64_t n = 0, seen = 0;
    for (int k = 0; k < BINS; k++) n += count[k];
    for (int k = 0; k < BINS && n; k++) if ((double)(seen += count[k]) >= share * (double)n && seen) return (k + 0.5) / BINS;
    return 0;
}

/* count (BINS) of |v - centre| where the film is not black */
static void counted(const float *v, const float *film, double centre, int64_t n, int64_t *count)
{
    memset(count, 0, BINS * sizeof *count);
    for (int64_t i = 0; i < n; i++) if (film[i] > black) count[bin_of(fabsf(v[i] - (float)centre))]++;
}

static double threshold_of(const implant_conf *c, const float *difference, const float *film, int64_t n)
{
    int64_t count[BINS], coarse[256] = { 0 };
    double t = 0;
    counted(difference, film, 0, n, count);
    if (c->rule == RULE_ROBUST) {
        const double median = quantile(count, 0.5);
        counted(difference, film, median, n, count);
        t = median + c->threshold * 1.4826 * quantile(count, 0.5);
    } else if (c->rule == RULE_OTSU) {
        for (int k = 0; k < BINS; k++) coarse[k * 256 / BINS] += count[k];
        t = (grey_otsu(coarse) + 1) / 256.0;
    } else t = quantile(count, c->percentile / 100);
    return fmax(t, c->least_difference);
}

/* ---- maps ---------------------------------------------------------------------------------------------------------------------------- */

/* The film's percentiles 0.5 and 99.5 */
static void range_of(const float *film, int64_t n, float range[2])
{
    int64_t count[BINS] = { 0 };
    for (int64_t i = 0; i < n; i++) count[bin_of(film[i])]++;
    range[0] = (float)quantile(count, 0.005), range[1] = (float)quantile(count, 0.995);
    if (!(range[1] > range[0])) range[1] = range[0] + 1;
}

/* 0..1 of that range, bright where metal is, smoothed; fresh */
static float *shown(const float *film, int64_t h, int64_t w, const float range[2], int dark)
{
    float *a = xalloc_n((size_t)(h * w), sizeof *a);
    for (int64_t i = 0; i < h * w; i++) {
        const float v = (film[i] - range[0]) / (range[1] - range[0]), held = v < 0 ? 0 : v > 1 ? 1 : v;
        a[i] = dark ? 1 - held : held;
    }
    grey_smooth(a, h, w);
    return a;
}

/* Air lies at the sides of nearly every film: where it is brighter than the middle of all greys, black and white are exchanged. */
static int is_inverted(const float *film, int64_t h, int64_t w)
{
    int64_t side[BINS] = { 0 }, all[BINS] = { 0 };
    const int64_t strip = w / 40 + 1;
    for (int64_t i = 0; i < h * w; i++) {
        const int64_t x = i % w;
        all[bin_of(film[i])]++;
        if (x < strip || x >= w - strip) side[bin_of(film[i])]++;
    }
    const double dark = quantile(all, 0.01), light = quantile(all, 0.99), air = quantile(side, 0.5);
    return air >= quantile(all, 0.5) && air > dark + 0.75 * (light - dark);      /* equal: most of the film is air */
}

/* What rises above its surroundings and is narrower than `width` pixels: a minus its opening; fresh */
static float *risen(const float *a, int64_t h, int64_t w, int64_t width)
{
    float *b = xalloc_n((size_t)(h * w), sizeof *b);
    memcpy(b, a, (size_t)(h * w) * sizeof *b);
    grey_erode(b, h, w, width / 2), grey_dilate(b, h, w, width / 2);
    for (int64_t i = 0; i < h * w; i++) b[i] = a[i] - b[i];
    return b;
}

/* ---- pieces -------------------------------------------------------------------------------------------------------------------------- */

/* pixels above the threshold; sum of greys; radius of the largest disc; pixels of the rim and the sum of their slopes */
typedef struct piece { int64_t area, above, rim; double grey, reach, slope; int kept; } piece;

/* See the key `score`. */
static double score_of(const piece *p, double share)
{
    return p->grey / (double)p->area + 2.15 * p->slope / (double)p->rim + 0.024 * log(share);
}

static void distance(const uint8_t *mask, int64_t h, int64_t w, double *out)
{
    if (geo_distance(mask, h, w, 1, 1, out)) die_machine("out of memory");
}

static int64_t label_pieces(const uint8_t *mask, int64_t h, int64_t w, int32_t *label)
{
    const int64_t n = geo_components(mask, h, w, label, NULL, 0);
    if (n < 0) die_machine("out of memory");
    return n;
}

/* Leaves of every piece what rises by a share of its highest pixel: a screw that touches a bright band of tissue parts from it. */
static void keep_cores(double share, uint8_t *mask, const float *hat, int64_t h, int64_t w)
{
    int32_t *label = xalloc_n((size_t)(h * w), sizeof *label);
    float *top = xalloc_n((size_t)label_pieces(mask, h, w, label) + 1, sizeof *top);
    for (int64_t i = 0; i < h * w; i++) if (hat[i] > top[label[i]]) top[label[i]] = hat[i];
    for (int64_t i = 0; i < h * w; i++) mask[i] = label[i] && hat[i] >= (float)share * top[label[i]];
    free(label), free(top);
}

/* Steepest rise of a towards a pixel from two pixels beside it, per pixel */
static float rise_at(const float *a, int64_t h, int64_t w, int64_t at)
{
    const int64_t y = at / w, x = at % w;
    const float dx = x >= 2 && x + 2 < w ? (a[at + 2] - a[at - 2]) / 4 : 0, dy = y >= 2 && y + 2 < h ? (a[at + 2 * w] - a[at - 2 * w]) / 4 : 0;
    return hypotf(dx, dy);
}

static void measure_pieces(const uint8_t *mask, const int32_t *label, const float *film, const float *difference, double threshold, int64_t h, int64_t w,
                           piece *p)
{
    const int64_t n = h * w;
    double *inside = xalloc_n((size_t)n, sizeof *inside);
    uint8_t *outside = xalloc((size_t)n);
    for (int64_t i = 0; i < n; i++) outside[i] = !mask[i];
    distance(outside, h, w, inside);
    for (int64_t i = 0; i < n; i++) {
        if (!mask[i]) continue;
        piece *q = &p[label[i]];
        q->area++, q->grey += (double)film[i], q->above += (double)difference[i] > threshold, q->reach = fmax(q->reach, inside[i] - 0.5);
        if (inside[i] < 1.5) q->rim++, q->slope += (double)rise_at(film, h, w, i);
    }
    free(inside), free(outside);
}

/* mask (h, w): where metal could be; what is no piece of metal leaves it. */
static int64_t keep_pieces(const implant_conf *c, uint8_t *mask, const float *film, const float *difference, double threshold, int64_t h, int64_t w)
{
    int32_t *label = xalloc_n((size_t)(h * w), sizeof *label);
    const int64_t pieces = label_pieces(mask, h, w, label);
    piece *p = xalloc_n((size_t)pieces + 1, sizeof *p);
    int64_t kept = 0;
    measure_pieces(mask, label, film, difference, threshold, h, w, p);
    for (int64_t k = 1; k <= pieces; k++) {
        const double area = (double)p[k].area, share = area / (double)(h * w);
        p[k].kept = share >= c->least && share <= c->most && (double)p[k].above >= c->support * area && p[k].above
                    && area >= c->slender * M_PI * p[k].reach * p[k].reach && score_of(&p[k], share) >= c->score;
        kept += p[k].kept;
    }
    for (int64_t i = 0; i < h * w; i++) mask[i] = (uint8_t)(label[i] && p[label[i]].kept);
    free(label), free(p);
    return kept;
}

static void open_mask(uint8_t *mask, int64_t h, int64_t w, int64_t r)
{
    float *a = xalloc_n((size_t)(h * w), sizeof *a);
    for (int64_t i = 0; i < h * w; i++) a[i] = mask[i];
    grey_erode(a, h, w, r), grey_dilate(a, h, w, r);
    for (int64_t i = 0; i < h * w; i++) mask[i] = a[i] > 0;
    free(a);
}

static int64_t grow_mask(uint8_t *mask, int64_t h, int64_t w, double by)
{
    double *away = xalloc_n((size_t)(h * w), sizeof *away);
    int64_t pixels = 0;
    distance(mask, h, w, away);
    for (int64_t i = 0; i < h * w; i++) pixels += mask[i] = away[i] <= by;
    free(away);
    return pixels;
}

implant_found implant_find(const implant_conf *c, const float *film, const float *rebuilt, int64_t h, int64_t w, uint8_t *mask)
{
    const int64_t n = h * w, side = h < w ? h : w;
    implant_found o = { .dark = c->metal == METAL_AUTO ? is_inverted(film, h, w) : c->metal == METAL_DARK };
    float range[2];
    int64_t count[BINS];
    range_of(film, n, range);
    float *a = shown(film, h, w, range, o.dark), *hat = risen(a, h, w, (int64_t)(c->width * (double)side)), *difference = hat;
    if (rebuilt) {
        difference = shown(rebuilt, h, w, range, o.dark);
        for (int64_t i = 0; i < n; i++) difference[i] = fmaxf(0, a[i] - difference[i]);
    }
    o.threshold = threshold_of(c, difference, a, n);
    counted(a, a, 0, n, count);
    const float bright = (float)quantile(count, c->bright / 100), contrast = (float)c->contrast;
    for (int64_t i = 0; i < n; i++) mask[i] = hat[i] > contrast && a[i] >= bright;
    keep_cores(c->core, mask, hat, h, w);
    open_mask(mask, h, w, c->open);
    o.pieces = keep_pieces(c, mask, a, difference, o.threshold, h, w);
    if (o.pieces) o.pixels = grow_mask(mask, h, w, (double)c->grow);
    if (rebuilt) free(difference);
    free(a), free(hat);
    return o;
}
