/* detector.c - counts, scatter, noise and blur; see detector.h. */
#include "synth/detector.h"
#include "base/die.h"
#include "kernels/math.h"
#include "synth/attenuation.h"
#include "synth/filter.h"
#include "synth/picture.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, FEW = 16 };         /* pixels at a time; counts below which Poisson's law is no Gaussian */

/* attenuation[k][i] of the pixels at.. of one set of maps, what displaces soft tissue being counted instead of it. */
static void attenuate(const maps *m, int64_t at, int64_t n, float sum[BINS][BLOCK])
{
    for (int what = 0; what < MATERIALS; what++) {
        if (!m->m[what]) continue;
        for (int k = 0; k < BINS; k++) {
            const double soft = what == MATERIAL_SOFT ? 0 : attenuation(MATERIAL_SOFT, spectrum_kev[k]);
            const float mu = (float)(attenuation((enum material)what, spectrum_kev[k]) - soft), *t = m->m[what] + at;
            for (int64_t i = 0; i < n; i++) sum[k][i] += mu * t[i];
        }
    }
}

float *detector_primary(const maps *m, const maps *implants)
{
    const int64_t size = m->h * m->w;
    float *p = xalloc_n((size_t)size, sizeof *p), (*sum)[BLOCK] = xalloc_n(BINS, sizeof *sum);
    for (int64_t at = 0; at < size; at += BLOCK) {
        const int64_t n = size - at < BLOCK ? size - at : BLOCK;
        memset(sum, 0, BINS * sizeof *sum);
        attenuate(m, at, n, sum);
        if (implants) attenuate(implants, at, n, sum);
        for (int k = 0; k < BINS; k++) {
            const float share = (float)spectrum_share[k];
            for (int64_t i = 0; i < n; i++) p[at + i] += share * exp_float(sum[k][i] > 0 ? -sum[k][i] : 0);
        }
    }
    free(sum);
    return p;
}

static int up(const void *a, const void *b) { return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b); }

/* The primary behind the thick parts: its 10th percentile where there is a body at all. */
static double behind_thick(const float *p, int64_t n)
{
    enum { SAMPLES = 4096 };
    float v[SAMPLES];
    int found = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        const float x = p[i * n / SAMPLES];
        if (x < 0.5f) v[found++] = x;
    }
    if (!found) return 0.5;
    qsort(v, (size_t)found, sizeof *v, up);
    return v[found / 10];
}

/* Poisson's law by inversion, for few counts. */
static float few(double mean, double u)
{
    double p = exp(-mean), sum = p;
    int k = 0;
    while (u > sum && k < 200) k++, p *= mean / k, sum += p;
    return (float)k;
}

/* Four standard normals of one draw (Box and Muller 1958). */
static void normals(rng4 r, float z[4])
{
    for (int i = 0; i < 2; i++) {
        const float u = ((float)(r.v[2 * i] >> 8) + 0.5f) * 0x1p-24f, a = 6.2831853f * ((float)(r.v[2 * i + 1] >> 8)) * 0x1p-24f;
        const float radius = sqrtf(-2 * log_float(u));
        z[2 * i] = radius * cosf(a), z[2 * i + 1] = radius * sinf(a);
    }
}

static void noise(const detector *d, float *counts, int64_t n, uint64_t seed, uint32_t index)
{
    const float square = (float)(d->electronic * d->electronic);
    for (int64_t i = 0; i < n; i += 4) {
        float z[4];
        normals(rng_draw(seed, RNG_PHANTOM, STAGE_NOISE, index, (uint64_t)i), z);
        for (int64_t j = i; j < n && j < i + 4; j++) {
            if (counts[j] >= FEW) counts[j] += sqrtf(counts[j] + square) * z[j - i];
            else counts[j] = few(counts[j], rng_u01(rng_draw(seed, RNG_PHANTOM, STAGE_NOISE, index, (uint64_t)j + (1ull << 40)).v[0]))
                           + (float)d->electronic * z[j - i];
        }
    }
}

void detector_log(const detector *d, const maps *m, const float *plain, float *primary, uint64_t seed, uint32_t index, float *out)
{
    const int64_t size = m->h * m->w;
    const double thick = behind_thick(plain, size), open = d->photons > 0 ? d->photons / (thick * (1 + d->scatter)) : 1;
    const float least = d->photons > 0 ? 1 : 1e-6f;            /* a count: what the converter reads where nothing came through */
    const double sd = d->blur_mm / m->spacing, motion = hypot(d->blur_mm, d->motion_mm) / m->spacing;
    if (d->scatter > 0) {                                      /* thin parts and air scatter little, however much passes through them */
        const float most = (float)(2.5 * thick);
        for (int64_t i = 0; i < size; i++) out[i] = plain[i] < most ? plain[i] : most;
        filter_wide(out, m->h, m->w, d->scatter_mm / m->spacing, out);
        for (int64_t i = 0; i < size; i++) primary[i] = (float)open * (primary[i] + (float)d->scatter * out[i]);
    } else for (int64_t i = 0; i < size; i++) primary[i] *= (float)open;
    if (d->photons > 0) noise(d, primary, size, seed, index);
    filter_gauss(primary, m->h, m->w, sd, motion);
    const float shift = (float)log(open);
    for (int64_t i = 0; i < size; i++) out[i] = shift - log_float(primary[i] > least ? primary[i] : least);
}
