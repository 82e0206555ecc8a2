/* grey.c - see grey.h. Every filter here is separable: lines are taken out, filtered and put back, so that rows and columns share their code. */
#include "eval/grey.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What becomes of a line of n values; spare: 2 n + 4 wide floats, wide as the caller says. */
typedef void line_filter(float *line, int64_t n, int64_t size, float *spare);

static void along(float *a, int64_t lines, int64_t n, int64_t next, int64_t step, int64_t size, line_filter *f)
{
#pragma omp parallel
    {
        float *line = xalloc_n((size_t)(3 * n + 4 * size + 8), sizeof *line);
#pragma omp for schedule(static)
        for (int64_t k = 0; k < lines; k++) {
            float *p = a + k * next;
            for (int64_t i = 0; i < n; i++) line[i] = p[i * step];
            f(line, n, size, line + n);
            for (int64_t i = 0; i < n; i++) p[i * step] = line[i];
        }
        free(line);
    }
}

static void both(float *a, int64_t h, int64_t w, int64_t size, line_filter *f)
{
    along(a, h, w, w, 1, size, f), along(a, w, h, 1, w, size, f);
}

/* ---- smoothing ----------------------------------------------------------------------------------------------------------------------- */

static int64_t mirrored(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static void binomial(float *line, int64_t n, int64_t size, float *spare)
{
    (void)size;
    float *from = spare + 2;
    for (int64_t i = -2; i < n + 2; i++) from[i] = line[mirrored(i, n)];
    for (int64_t i = 0; i < n; i++)
        line[i] = 0.0625f * (from[i - 2] + from[i + 2]) + 0.25f * (from[i - 1] + from[i + 1]) + 0.375f * from[i];
}

void grey_smooth(float *a, int64_t h, int64_t w) { both(a, h, w, 0, binomial); }

/* ---- least and greatest -------------------------------------------------------------------------------------------------------------- */

/* Blocks of 2 r + 1: the greatest of any window is that of a block's tail and the next one's head. */
static void greatest(float *line, int64_t n, int64_t r, float *spare)
{
    const int64_t side = 2 * r + 1, padded = n + 2 * r;
    float *head = spare, *tail = spare + padded;
#define AT(i) ((i) < r || (i) >= n + r ? -INFINITY : line[(i) - r])
    for (int64_t i = 0; i < padded; i++) head[i] = i % side && head[i - 1] > AT(i) ? head[i - 1] : AT(i);
    for (int64_t i = padded - 1; i >= 0; i--) tail[i] = i + 1 < padded && (i + 1) % side && tail[i + 1] > AT(i) ? tail[i + 1] : AT(i);
#undef AT
    for (int64_t i = 0; i < n; i++) line[i] = tail[i] > head[i + side - 1] ? tail[i] : head[i + side - 1];
}

void grey_dilate(float *a, int64_t h, int64_t w, int64_t r)
{
    const int64_t longest = h > w ? h : w;
    both(a, h, w, r < longest ? r : longest, greatest);
}

static void turn(float *a, int64_t n) { for (int64_t i = 0; i < n; i++) a[i] = -a[i]; }

void grey_erode(float *a, int64_t h, int64_t w, int64_t r)
{
    turn(a, h * w), grey_dilate(a, h, w, r), turn(a, h * w);
}

/* ---- Otsu ---------------------------------------------------------------------------------------------------------------------------- */

int grey_otsu(const int64_t count[256])
{
    double n = 0, sum = 0, below = 0, sum_below = 0, best = 0;
    int at = -1;
    for (int v = 0; v < 256; v++) n += (double)count[v], sum += v * (double)count[v];
    for (int v = 0; v < 255; v++) {
        below += (double)count[v], sum_below += v * (double)count[v];
        if (!(below > 0) || !(n - below > 0)) continue;
        const double apart = sum_below / below - (sum - sum_below) / (n - below), between = below / n * (1 - below / n) * apart * apart;
        if (between > best) best = between, at = v;
    }
    return at;
}

/* ---- similarity ---------------------------------------------------------------------------------------------------------------------- */

enum { REACH = 5 };

static void gaussian(float *line, int64_t n, int64_t size, float *spare)
{
    (void)size;
    double tap[REACH + 1];
    for (int k = 0; k <= REACH; k++) tap[k] = exp(-k * k / (2 * 1.5 * 1.5));
    memcpy(spare, line, (size_t)n * sizeof *line);
    for (int64_t i = 0; i < n; i++) {
        double sum = 0, weight = 0;
        for (int64_t k = i < REACH ? -i : -REACH; k <= REACH && i + k < n; k++) sum += tap[labs(k)] * (double)spare[i + k], weight += tap[labs(k)];
        line[i] = (float)(sum / weight);
    }
}

void grey_similarity(const float *a, const float *b, int64_t h, int64_t w, double range, float *out)
{
    const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
    const int64_t n = h * w;
    float *m[5];                                          /* means of a, b, aa, bb, ab */
    for (int k = 0; k < 5; k++) {
        m[k] = xalloc_n((size_t)n, sizeof **m);
        for (int64_t i = 0; i < n; i++) m[k][i] = k == 0 ? a[i] : k == 1 ? b[i] : k == 2 ? a[i] * a[i] : k == 3 ? b[i] * b[i] : a[i] * b[i];
        both(m[k], h, w, 0, gaussian);
    }
    for (int64_t i = 0; i < n; i++) {
        const double x = (double)m[0][i], y = (double)m[1][i], xx = (double)m[2][i] - x * x, yy = (double)m[3][i] - y * y, xy = (double)m[4][i] - x * y;
        out[i] = (float)((2 * x * y + c1) * (2 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2)));
    }
    for (int k = 0; k < 5; k++) free(m[k]);
}
