/* check_turned.c - see check_turned.h. A mirror image is a fellow as it is: films are seen from both sides, and bodies are nearly
 * symmetric, so a
 * turn counts with and without one. */
#include "datasets/check_turned.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

enum { SIZE = THUMB * THUMB, FELLOWS = 5, MOST = 300, LEAST = 8 };     /* fellows that count, looked at, without which nothing is said */
#define ALIKE 0.60                           /* correlation from which pictures show the same thing */
#define BETTER 0.25                          /* by how much a turn must be better than none */

/* Turn t of 0..7: bit 0 mirrors, bit 1 turns over, bit 2 transposes. */
static void turn(const float *from, int t, float *to)
{
    for (int y = 0; y < THUMB; y++)
        for (int x = 0; x < THUMB; x++) {
            const int u = t & 1 ? THUMB - 1 - x : x, v = t & 2 ? THUMB - 1 - y : y;
            to[y * THUMB + x] = from[t & 4 ? u * THUMB + v : v * THUMB + u];
        }
}

static float dot(const float *a, const float *b)
{
    float sum = 0;
    #pragma omp simd reduction(+:sum)
    for (int i = 0; i < SIZE; i++) sum += a[i] * b[i];
    return sum;
}

/* Keeps the largest in best (FELLOWS), descending. */
static void keep(float best[FELLOWS], float v)
{
    for (int k = 0; k < FELLOWS; k++) if (v > best[k]) { const float t = best[k]; best[k] = v, v = t; }
}

static double mean(const float best[FELLOWS])
{
    double sum = 0;
    for (int k = 0; k < FELLOWS; k++) sum += best[k] / FELLOWS;
    return sum;
}

static int blank(const float *thumb) { return dot(thumb, thumb) < 0.5f; }

/* as it is or mirrored, turned over, sideways, and the negative as it is or mirrored: the nearest fellows of each. */
static turned look(const float *thumbs, const int64_t *fellow, int64_t m, int64_t i)
{
    static const int of[8] = { TURNED_NOT, TURNED_NOT, TURNED_OVER, TURNED_OVER, TURNED_SIDEWAYS, TURNED_SIDEWAYS, TURNED_SIDEWAYS,
        TURNED_SIDEWAYS };
    float best[4][FELLOWS], one[SIZE];
    for (int k = 0; k < 4 * FELLOWS; k++) best[k / FELLOWS][k % FELLOWS] = -1;
    for (int t = 0; t < 8; t++) {
        turn(thumbs + i * SIZE, t, one);
        for (int64_t j = 0; j < m; j++) {
            if (fellow[j] == i) continue;
            const float c = dot(one, thumbs + fellow[j] * SIZE);
            keep(best[of[t]], c);
            if (of[t] == TURNED_NOT) keep(best[TURNED_NEGATIVE], -c);
        }
    }
    turned r = { TURNED_NOT, mean(best[TURNED_NOT]), 0 };
    for (int how = TURNED_SIDEWAYS; how <= TURNED_NEGATIVE; how++)
        if (mean(best[how]) > r.there) r.there = mean(best[how]), r.how = how;
    if (r.there < ALIKE || r.there - r.here < BETTER) r.how = TURNED_NOT;
    return r;
}

void check_turned(const float *thumbs, int64_t n, turned *out)
{
    int64_t *fellow = xalloc_n((size_t)n, sizeof *fellow), m = 0, kept = 0;
    for (int64_t i = 0; i < n; i++) out[i] = (turned){ 0 };
    for (int64_t i = 0; i < n; i++) if (!blank(thumbs + i * SIZE)) fellow[m++] = i;
    for (int64_t k = 0; m > MOST && k < MOST; k++) fellow[kept++] = fellow[k * m / MOST];       /* evenly spread over the store */
    if (kept) m = kept;
    #pragma omp parallel for schedule(dynamic, 4)
    for (int64_t i = 0; i < n; i++) if (m >= LEAST && !blank(thumbs + i * SIZE)) out[i] = look(thumbs, fellow, m, i);
    free(fellow);
}
