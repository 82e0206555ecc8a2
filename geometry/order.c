/* order.c - which body follows which, and what their levels are; see geometry.h. */
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* ---- duplicates ---------------------------------------------------------------------------------------------------------------------- */

static void bounds(const geo_contour *c, double box[4])
{
    box[0] = box[1] = INFINITY, box[2] = box[3] = -INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        box[0] = fmin(box[0], c->p[i].x), box[1] = fmin(box[1], c->p[i].y);
        box[2] = fmax(box[2], c->p[i].x), box[3] = fmax(box[3], c->p[i].y);
    }
}

/* Pixels of the contour within the box of w x h pixels at (x0, y0), painted with bit. */
static int paint(const geo_contour *c, double x0, double y0, int64_t h, int64_t w, uint8_t *mask)
{
    geo_contour moved;
    if (geo_contour_copy(c, &moved)) return GEO_MEMORY;
    for (int64_t i = 0; i < moved.n; i++) moved.p[i] = sub(moved.p[i], vec(x0, y0));
    int64_t n = geo_mask_fill(&moved, mask, h, w, 1);
    geo_contour_free(&moved);
    return n < 0 ? GEO_BAD : GEO_OK;
}

/* Shared part of the smaller one, 0..1; negative: a status. */
static double containment(const geo_contour *a, const geo_contour *b)
{
    double p[4], q[4];
    bounds(a, p), bounds(b, q);
    if (!(p[0] <= q[2] && q[0] <= p[2] && p[1] <= q[3] && q[1] <= p[3])) return 0;
    double x0 = floor(fmin(p[0], q[0])), y0 = floor(fmin(p[1], q[1])), ww = fmax(p[2], q[2]) - x0 + 2, hh = fmax(p[3], q[3]) - y0 + 2;
    if (!(ww * hh < 1e9)) return GEO_BAD;
    int64_t w = (int64_t)ww, h = (int64_t)hh, na = 0, nb = 0, both = 0;
    uint8_t *m = calloc((size_t)(2 * w * h), 1);
    if (!m) return GEO_MEMORY;
    int status = paint(a, x0, y0, h, w, m);
    if (!status) status = paint(b, x0, y0, h, w, m + w * h);
    for (int64_t i = 0; i < w * h; i++) na += m[i], nb += m[w * h + i], both += m[i] & m[w * h + i];
    free(m);
    return status ? status : na && nb ? (double)both / (double)(na < nb ? na : nb) : 0;
}

int geo_duplicates_find(const geo_contour *c, const double *score, int n, uint8_t *drop)
{
    memset(drop, 0, (size_t)(n > 0 ? n : 0));
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n && !drop[i]; j++) {
            if (drop[j]) continue;
            double shared = containment(&c[i], &c[j]);
            if (shared < 0) return (int)shared;
            if (shared > 0.6) drop[score && score[j] > score[i] ? i : j] = 1;
        }
    return GEO_OK;
}

/* ---- order --------------------------------------------------------------------------------------------------------------------------- */

typedef struct walk { const geo_point *centre; const double *size; int n; uint8_t *used; } walk;

/* The nearest body not yet used within 60 degrees of `way` (any direction where way is 0) and `reach` sizes; -1: none. */
static int nearest_ahead(const walk *k, geo_point from, geo_point way, double reach)
{
    int best = -1;
    double least = INFINITY;
    for (int i = 0; i < k->n; i++) {
        geo_point step = sub(k->centre[i], from);
        double d = norm(step);
        if (k->used[i] || d > reach * k->size[i] || (norm(way) > 0 && dot(step, way) < 0.5 * d * norm(way))) continue;
        if (d < least) least = d, best = i;
    }
    return best;
}

/* Without an anchor: the lower one of the two bodies farthest apart; -1: there is none. */
static int lowest_end(const walk *k)
{
    int a = -1, b = -1;
    for (int i = 0; i < k->n; i++) {
        if (k->used[i]) continue;
        if (a < 0) a = b = i;
        for (int j = i + 1; j < k->n; j++)
            if (!k->used[j] && apart(k->centre[i], k->centre[j]) > apart(k->centre[a], k->centre[b])) a = i, b = j;
    }
    return a < 0 || k->centre[a].y > k->centre[b].y ? a : b;
}

/* From the anchor on, as if those that are left out were not there; how many are on the way. order: (n) */
static int follow(walk *k, const uint8_t *left_out, const geo_point *anchor, int up, int *order)
{
    int m = 0;
    memcpy(k->used, left_out, (size_t)k->n);
    const int first = anchor ? nearest_ahead(k, *anchor, vec(0, 0), INFINITY) : lowest_end(k);
    geo_point way = anchor && first >= 0 ? sub(k->centre[first], *anchor) : vec(0, up ? -1 : 1);
    for (int at = first; at >= 0; ) {
        k->used[at] = 1, order[m++] = at;
        if (m > 1) way = sub(k->centre[at], k->centre[order[m - 2]]);
        const int next = nearest_ahead(k, k->centre[at], way, 2.2);
        at = next >= 0 ? next : nearest_ahead(k, k->centre[at], way, 6);         /* some may be missing in between */
    }
    return m;
}

/* How many of order (m), but for its i-th, are not in other (n). */
static int lost(const int *order, int m, int i, const int *other, int n)
{
    int count = 0;
    for (int k = 0; k < m; k++) {
        int j = 0;
        while (j < n && other[j] != order[k]) j++;
        count += k != i && j == n;
    }
    return count;
}

/* The same without bodies that lead astray: while some are off the way, the one is left out without which most are on it, if at least
 * two more come than go: true bodies are not given up for false ones beside them. trial: (n) */
static int follow_most(walk *k, uint8_t *left_out, const geo_point *anchor, int up, int *order, int *trial)
{
    int m = follow(k, left_out, anchor, up, order);
    for (int worst = 0; m < k->n && worst >= 0; ) {
        int most = m;
        worst = -1;
        for (int i = 0; i < m; i++) {
            left_out[order[i]] = 1;
            const int found = follow(k, left_out, anchor, up, trial);
            if (found > most && found > m + 1 + lost(order, m, i, trial, found)) most = found, worst = order[i];
            left_out[order[i]] = 0;
        }
        if (worst >= 0) left_out[worst] = 1, m = follow(k, left_out, anchor, up, order);
    }
    return m;
}

/* Distance of body `at` from the line through the ones before and after it, over its size. */
static double off_line(const walk *k, const int *order, int m, int at)
{
    if (at == 0 || at == m - 1) return 0;
    geo_point a = k->centre[order[at - 1]], e = sub(k->centre[order[at + 1]], a), v = sub(k->centre[order[at]], a);
    double length = norm(e);
    return length > 0 ? fabs(cross(e, v)) / length / k->size[order[at]] : 0;
}

int geo_chain_order(const geo_point *centre, const double *size, int n, const geo_point *anchor, int bottom, int *order, uint8_t *dropped)
{
    if (n < 0 || (n && (!centre || !size || !order || !dropped))) return GEO_BAD;
    for (int i = 0; i < n; i++) if (!is_finite(centre[i]) || !(size[i] > 0)) return GEO_BAD;
    uint8_t *used = calloc(2 * (size_t)n + 1, 1);
    int *trial = malloc(((size_t)n + 1) * sizeof *trial);
    if (!used || !trial) return free(used), free(trial), GEO_MEMORY;
    walk k = { centre, size, n, used };
    const int up = !anchor || bottom;            /* walking from below to above */
    int m = follow_most(&k, used + n, anchor, up, order, trial);
    for (int changed = 1; changed; ) {           /* the worst first: it also spoils its neighbours' lines */
        int worst = -1;
        double most = 0.6;
        changed = 0;
        for (int i = 0; i < m; i++) if (off_line(&k, order, m, i) > most) most = off_line(&k, order, m, i), worst = i;
        if (worst >= 0) memmove(order + worst, order + worst + 1, (size_t)(--m - worst) * sizeof *order), changed = 1;
    }
    memset(dropped, 1, (size_t)n);
    for (int i = 0; i < m; i++) dropped[order[i]] = 0;
    if (up) for (int i = 0; i < m / 2; i++) {
        int t = order[i];
        order[i] = order[m - 1 - i], order[m - 1 - i] = t;
    }
    free(used), free(trial);
    return m;
}

/* ---- levels -------------------------------------------------------------------------------------------------------------------------- */

static int in_range(int level) { return level >= GEO_C2 && level <= GEO_L5 ? level : 0; }

int geo_chain_number(int n, const int *missing, int top, int bottom, int *level, uint8_t *unsure)
{
    if (n < 1 || !level || !unsure || (top && !in_range(top)) || (bottom && !in_range(bottom))) return GEO_BAD;
    int span = 1;                                /* places from the first to the last body */
    for (int i = 0; i + 1 < n; i++) span += 1 + (missing ? missing[i] : 0);
    int off = top && bottom ? span - (bottom - top + 1) : 0;
    for (int i = 0, place = 0; i < n; place += 1 + (missing && i + 1 < n ? missing[i] : 0), i++) {
        int down = top + place, up = bottom - (span - 1 - place);
        unsure[i] = !top && !bottom;
        if (!top && !bottom) level[i] = 0;
        else if (!off || !top || !bottom) level[i] = in_range(top ? down : up);
        else if (down <= GEO_C7) level[i] = in_range(down);
        else if (up >= GEO_L1) level[i] = in_range(up);
        else level[i] = in_range(up), unsure[i] = 1;
    }
    return off;
}

enum { STEPS = 3 };
static const int step[STEPS] = { 1, 2, 0 };

static double log_sum(double a, double b)
{
    double hi = fmax(a, b);
    return isinf(hi) ? hi : hi + log(exp(a - hi) + exp(b - hi));
}

int geo_levels_decode(const double *log_p, int n, int *level, double *confidence)
{
    return geo_levels_decode_by(log_p, n, 3, 4, level, confidence);
}

int geo_levels_decode_by(const double *log_p, int n, double missed, double twice, int *level, double *confidence)
{
    enum { L = GEO_LEVELS };
    const double cost[STEPS] = { 0, missed, twice };
    if (!log_p || !level || n < 1 || n > 1000 || !(missed >= 0) || !(twice >= 0)) return GEO_BAD;
    for (int i = 0; i < n * L; i++) if (isnan(log_p[i]) || log_p[i] > 700) return GEO_BAD;
    double (*best)[L] = malloc((size_t)n * 3 * sizeof *best), (*ahead)[L] = best + n, (*back)[L] = best + 2 * n;
    signed char (*from)[L] = malloc((size_t)n * sizeof *from);
    if (!best || !from) return free(best), free(from), GEO_MEMORY;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < L; l++) {
            best[i][l] = ahead[i][l] = i || l == 0 ? -INFINITY : 0, from[i][l] = 0;
            for (int s = 0; s < STEPS && i; s++) {
                int b = l - step[s];
                if (b < 1 || l < 1) continue;
                if (best[i - 1][b] - cost[s] > best[i][l]) best[i][l] = best[i - 1][b] - cost[s], from[i][l] = (signed char)s;
                ahead[i][l] = log_sum(ahead[i][l], ahead[i - 1][b] - cost[s]);
            }
            best[i][l] += log_p[i * L + l], ahead[i][l] += log_p[i * L + l];
        }
    int last = 0;
    double total = -INFINITY;
    for (int l = 1; l < L; l++) {
        if (best[n - 1][l] > best[n - 1][last]) last = l;
        total = log_sum(total, ahead[n - 1][l]);
    }
    for (int i = n - 1; i >= 0; i--)
        for (int l = 0; l < L; l++) {
            back[i][l] = i == n - 1 ? 0 : -INFINITY;
            for (int s = 0; s < STEPS && i < n - 1; s++)
                if (l + step[s] < L) back[i][l] = log_sum(back[i][l],
                    back[i + 1][l + step[s]] + log_p[(i + 1) * L + l + step[s]] - cost[s]);
        }
    int status = last && isfinite(total) ? GEO_OK : GEO_DEGENERATE;
    double sum = 0;
    for (int i = n - 1, l = last; i >= 0 && !status; i--) {
        level[i] = l, sum += exp(ahead[i][l] + back[i][l] - total);
        l -= i ? step[(int)from[i][l]] : 0;
    }
    if (confidence) *confidence = status ? 0 : sum / n;
    free(best), free(from);
    return status;
}
