/* metrics.c - see metrics.h. One pass over the image finds counts and boxes of all classes; everything about borders then happens
 * inside the box that holds the class in both maps, which is exact: every border pixel, asked about or nearest, lies in it. */
#include "eval/metrics.h"
#include "eval/distance.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const metric_info metric_table[METRICS] = {
    [METRIC_DSC] = { "DSC", 0, 1 },                 [METRIC_IOU] = { "IoU", 0, 1 },
    [METRIC_PRECISION] = { "precision", 0, 1 },     [METRIC_RECALL] = { "recall", 0, 1 },
    [METRIC_HD95] = { "HD95", 1, 0 },               [METRIC_ASSD] = { "ASSD", 1, 0 },
    [METRIC_NSD] = { "NSD", 0, 1 },                 [METRIC_HD] = { "HD", 1, 0 },
    [METRIC_HD95_POOLED] = { "HD95_pooled", 1, 0 }, [METRIC_MASD] = { "MASD", 1, 0 },
    [METRIC_HD95_PENALISED] = { "HD95_penalised", 1, 0 },
    [METRIC_ASSD_PENALISED] = { "ASSD_penalised", 1, 0 },
};

static const char neither[] = "the class is in neither map", no_pred[] = "nothing was predicted", no_truth[] = "the truth has none";

/* Pixels x0..x1-1, y0..y1-1; empty while x1 == 0. */
typedef struct { int64_t x0, y0, x1, y1; } box;

static void box_add(box *b, int64_t x0, int64_t x1, int64_t y)
{
    if (!b->x1) *b = (box){ x0, y, x1, y + 1 };
    if (x0 < b->x0) b->x0 = x0;
    if (x1 > b->x1) b->x1 = x1;
    b->y1 = y + 1;                                               /* rows come in order */
}

/* Where the run of equal pairs (pred, truth) that starts at x ends. */
static int64_t run_end(const uint8_t *pred, const uint8_t *truth, int64_t x, int64_t n)
{
    uint8_t p = pred[x], t = truth[x];
    uint64_t p8 = 0x0101010101010101u * p, t8 = 0x0101010101010101u * t, a, b;
    for (; x + 8 <= n; x += 8) {
        memcpy(&a, pred + x, 8), memcpy(&b, truth + x, 8);
        if (a != p8 || b != t8) break;
    }
    while (x < n && pred[x] == p && truth[x] == t) x++;
    return x;
}

static void count_run(overlap count[256], int p, int t, int64_t n)
{
    count[p].pred += n, count[t].truth += n;
    if (p == t) count[p].both += n;
}

void metrics_count(overlap count[256], const uint8_t *pred, const uint8_t *truth, int64_t n, int ignore)
{
    for (int64_t x = 0, end; x < n; x = end) {
        end = run_end(pred, truth, x, n);
        if (truth[x] != ignore) count_run(count, pred[x], truth[x], end - x);
    }
}

static quantity ratio(double a, double b, const char *why) { return b > 0 ? quantity_of(a / b) : quantity_missing(why); }

/* Would the other naming of a and b fit the truth better? count[p][t]: pixels of pred a, b, anything else (0, 1, 2) where the truth is. */
static int other_names(int64_t count[3][3])
{
    double iou[2][2];
    for (int p = 0; p < 2; p++)
        for (int t = 0; t < 2; t++) {
            int64_t either = -count[p][t];
            for (int k = 0; k < 3; k++) either += count[p][k] + count[k][t];
            iou[p][t] = either ? (double)count[p][t] / (double)either : 0;
        }
    return fmax(iou[0][1], iou[1][0]) > fmax(iou[0][0], iou[1][1]);
}

int metrics_rename(uint8_t *pred, const uint8_t *truth, int64_t n, int ignore, const uint8_t twin[256])
{
    int renamed = 0;
    for (int a = 0; a < 256; a++) {
        const int b = twin[a];
        if (b <= a) continue;
        int64_t count[3][3] = { { 0 } };
        for (int64_t i = 0; i < n; i++)
            if (truth[i] != ignore) count[pred[i] == a ? 0 : pred[i] == b ? 1 : 2][truth[i] == a ? 0 : truth[i] == b ? 1 : 2]++;
        if (!other_names(count)) continue;
        for (int64_t i = 0; i < n; i++) pred[i] = (uint8_t)(pred[i] == a ? b : pred[i] == b ? a : pred[i]);
        renamed++;
    }
    return renamed;
}

quantity metrics_dsc(const overlap *c) { return ratio(2.0 * (double)c->both, (double)(c->pred + c->truth), neither); }

static void overlap_metrics(metrics *m)
{
    const overlap *c = &m->count;
    double both = (double)c->both;
    int absent = !c->pred && !c->truth;
    m->of[METRIC_DSC] = metrics_dsc(c);
    m->of[METRIC_IOU] = ratio(both, (double)(c->pred + c->truth - c->both), neither);
    m->of[METRIC_PRECISION] = ratio(both, (double)c->pred, absent ? neither : no_pred);
    m->of[METRIC_RECALL] = ratio(both, (double)c->truth, absent ? neither : no_truth);
}

/* The border pixels of a value inside its box, as y * (box width) + x in the box, ascending. Fresh array, *n of them. */
static int64_t *border(const uint8_t *map, int64_t w, box b, int value, int64_t pixels, int64_t *n)
{
    int64_t *at = xalloc_n((size_t)pixels, sizeof *at), k = 0;
    for (int64_t y = b.y0; y < b.y1; y++) {
        const uint8_t *row = map + y * w;
        int edge = y == b.y0 || y == b.y1 - 1;
        for (int64_t x = b.x0; x < b.x1; x++)
            if (row[x] == value && (edge || x == b.x0 || x == b.x1 - 1 || row[x - 1] != value || row[x + 1] != value
                                    || row[x - w] != value || row[x + w] != value))
                at[k++] = (y - b.y0) * (b.x1 - b.x0) + x - b.x0;
    }
    *n = k;
    return at;
}

/* d: the a distances of the predicted border to the true one, then the b of the true border to the predicted one. Sorts them. */
static void distance_metrics(metrics *m, double *d, int64_t a, int64_t b, double tau)
{
    double within = 0, mean_a = stats_mean(d, a), mean_b = stats_mean(d + a, b);
    for (int64_t i = 0; i < a + b; i++) within += d[i] <= tau * (1 + 1e-9);
    stats_sort(d, a), stats_sort(d + a, b);
    m->of[METRIC_NSD] = quantity_of(within / (double)(a + b));
    m->of[METRIC_HD] = quantity_of(fmax(d[a - 1], d[a + b - 1]));
    m->of[METRIC_HD95] = quantity_of(fmax(stats_percentile(d, a, 95), stats_percentile(d + a, b, 95)));
    m->of[METRIC_MASD] = quantity_of(0.5 * (mean_a + mean_b));
    m->of[METRIC_ASSD] = quantity_of((mean_a * (double)a + mean_b * (double)b) / (double)(a + b));
    stats_sort(d, a + b);
    m->of[METRIC_HD95_POOLED] = quantity_of(stats_percentile(d, a + b, 95));
    m->of[METRIC_HD95_PENALISED] = m->of[METRIC_HD95], m->of[METRIC_ASSD_PENALISED] = m->of[METRIC_ASSD];
}

/* What stands in place of distances where a mask is empty: nothing, the penalty (image diagonal), and an NSD of 0. */
static void no_distances(metrics *m, const char *why, double diagonal)
{
    for (int i = 0; i < METRICS; i++) if (metric_table[i].is_length) m->of[i] = quantity_missing(why);
    m->of[METRIC_NSD] = why == neither ? quantity_missing(why) : quantity_of(0);
    if (why != neither) m->of[METRIC_HD95_PENALISED] = m->of[METRIC_ASSD_PENALISED] = quantity_of(diagonal);
}

static void class_metrics(metrics *m, const uint8_t *pred, const uint8_t *truth, int64_t h, int64_t w, box b, double sx, double sy, double tau)
{
    overlap_metrics(m);
    int64_t bh = b.y1 - b.y0, bw = b.x1 - b.x0, np, nt;
    int64_t *p = border(pred, w, b, m->value, m->count.pred, &np), *t = border(truth, w, b, m->value, m->count.truth, &nt);
    m->pred_border = np, m->truth_border = nt;
    if (np && nt) {
        double *d = xalloc_n((size_t)(np + nt), sizeof *d);
        distance_to(bh, bw, sx, sy, t, nt, p, np, d);
        distance_to(bh, bw, sx, sy, p, np, t, nt, d + np);
        distance_metrics(m, d, np, nt, tau);
        free(d);
    } else
        no_distances(m, np ? no_truth : no_pred, hypot((double)w * sx, (double)h * sy));
    free(p), free(t);
}

metrics metrics_absent(int value)
{
    metrics m = { .value = value };
    overlap_metrics(&m);
    no_distances(&m, neither, 0);
    return m;
}

int metrics_image(const uint8_t *pred, const uint8_t *truth, int64_t h, int64_t w, const double *spacing, double tau, metrics *out)
{
    double sx = spacing ? spacing[0] : 1, sy = spacing ? spacing[1] : 1;
    assert(h > 0 && w > 0 && isfinite(sx) && sx > 0 && isfinite(sy) && sy > 0 && tau >= 0);
    overlap count[256] = { 0 };
    box boxes[256] = { 0 };
    for (int64_t y = 0; y < h; y++) {
        const uint8_t *p = pred + y * w, *t = truth + y * w;
        for (int64_t x = 0, end; x < w; x = end) {
            end = run_end(p, t, x, w);
            count_run(count, p[x], t[x], end - x);
            box_add(&boxes[p[x]], x, end, y), box_add(&boxes[t[x]], x, end, y);
        }
    }
    int n = 0;
    for (int v = 1; v < 256; v++) if (boxes[v].x1) out[n++] = (metrics){ .value = v, .count = count[v] };
    #pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n; i++) class_metrics(&out[i], pred, truth, h, w, boxes[out[i].value], sx, sy, tau);
    return n;
}
