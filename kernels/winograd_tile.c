/* winograd_tile.c - the transforms of winograd_avx512.h, on 16 channels at a time, one to a lane.
 *
 * A 2-D transform is a 1-D one down the columns, then along the rows. The matrices are those of Lavin and Gray, multiplied out.
 * The trap: a tile at the border reads and writes only pixels that exist, but computes as all others do, so that the bits of a pixel
 * do not depend on where its tile lies. */
#include "kernels/winograd_avx512.h"

INLINE vec all(float a) { return _mm512_set1_ps(a); }
INLINE vec fma_(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }            /* c + a b */
INLINE vec fms_(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }           /* c - a b */
INLINE __mmask16 lanes(int64_t n) { return n >= WINO_LANES ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1); }
INLINE vec load(__mmask16 m, const float *p) { return _mm512_maskz_loadu_ps(m, p); }
INLINE void store(__mmask16 m, float *p, vec a) { _mm512_mask_storeu_ps(p, m, a); }

void AVX512 wino_fence(void) { _mm_sfence(); }

/* ---- one dimension ---- */

INLINE void input_1d(const vec d[6], vec t[6])                 /* t = B' d */
{
    vec a = fms_(all(4), d[2], d[4]), b = fms_(all(4), d[1], d[3]), c = d[4] - d[2], e = d[3] - d[1];
    t[0] = fma_(all(4), d[0], fms_(all(5), d[2], d[4]));
    t[1] = a + b;
    t[2] = a - b;
    t[3] = fma_(all(2), e, c);
    t[4] = fms_(all(2), e, c);
    t[5] = fma_(all(4), d[1], fms_(all(5), d[3], d[5]));
}

INLINE void gradient_1d(const vec y[4], vec t[6])              /* t = A y */
{
    vec a = y[0] + y[2], b = y[1] + y[3], c = fma_(all(4), y[2], y[0]), e = fma_(all(4), y[3], y[1]);
    t[0] = y[0];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = fma_(all(2), e, c);
    t[4] = fms_(all(2), e, c);
    t[5] = y[3];
}

INLINE void output_1d(const vec m[6], vec o[4])                /* o = A' m */
{
    vec s = m[1] + m[2], d = m[1] - m[2], u = m[3] + m[4], w = m[3] - m[4];
    o[0] = m[0] + s + u;
    o[1] = fma_(all(2), w, d);
    o[2] = fma_(all(4), u, s);
    o[3] = fma_(all(8), w, d) + m[5];
}

INLINE void filter_1d(const vec g[3], vec t[6])                /* t = G g */
{
    vec s = all(-1.f / 6) * (g[0] + g[2]), p = fma_(all(1.f / 24), g[0], all(1.f / 6) * g[2]);
    t[0] = all(.25f) * g[0];
    t[1] = fms_(all(1.f / 6), g[1], s);
    t[2] = fma_(all(1.f / 6), g[1], s);
    t[3] = fma_(all(1.f / 12), g[1], p);
    t[4] = fms_(all(1.f / 12), g[1], p);
    t[5] = g[2];
}

INLINE void filter_gradient_1d(const vec m[6], vec o[3])       /* o = G' m */
{
    vec s = all(1.f / 6) * (m[1] + m[2]), u = m[3] + m[4];
    o[0] = fma_(all(.25f), m[0], fms_(all(-1.f / 24), u, all(0) - s));
    o[1] = fma_(all(1.f / 12), m[3] - m[4], all(1.f / 6) * (m[2] - m[1]));
    o[2] = fma_(all(1.f / 6), u, m[5] - s);
}

/* ---- tiles ---- */

typedef struct { int64_t n, i, j; } corner;                    /* image and pixel where a tile starts */
INLINE corner corner_of(const tiling *g, int64_t tile)
{
    int64_t r = tile % (g->down * g->across);
    return (corner){ tile / (g->down * g->across), r / g->across * 4, r % g->across * 4 };
}

/* The size x size patch from pixel i, j of the image at x on; zeros outside. Fetches the last four columns of the next tile's patch. */
INLINE void transform_patch(const int size, const tiling *g, const float *x, int64_t xs, int64_t i, int64_t j, int inside, __mmask16 m,
                            float *out, size_t plane)
{
    vec w[6][6], d[6], e[6];
    UNROLL(6) for (int b = 0; b < size; b++) {
        UNROLL(6) for (int a = 0; a < size; a++) {
            const float *p = x + ((i + a) * g->w + j + b) * xs;
            int there = inside || (i + a >= 0 && i + a < g->h && j + b >= 0 && j + b < g->w);
            d[a] = there ? load(m, p) : all(0);
            if (b >= size - 4) _mm_prefetch((const char *)(p + 4 * xs), _MM_HINT_T0);
        }
        if (size == 6) input_1d(d, e);
        else gradient_1d(d, e);
        UNROLL(6) for (int a = 0; a < 6; a++) w[a][b] = e[a];
    }
    UNROLL(6) for (int a = 0; a < 6; a++) {
        if (size == 6) input_1d(w[a], e);
        else gradient_1d(w[a], e);
        UNROLL(6) for (int b = 0; b < 6; b++) _mm512_store_ps(out + (size_t)(a * 6 + b) * plane, e[b]);
    }
}

void AVX512 wino_input(const tiling *g, const float *x, int64_t xs, int64_t c, int64_t tile, float *v, size_t plane, size_t block)
{
    corner t = corner_of(g, tile);
    int inside = t.i > 0 && t.j > 0 && t.i + 5 <= g->h && t.j + 5 <= g->w;
    x += t.n * g->h * g->w * xs;
    for (int64_t b = 0; b * WINO_LANES < c; b++) {
        const float *in = x + b * WINO_LANES;
        float *out = v + (size_t)b * block;
        if (inside) transform_patch(6, g, in, xs, t.i - 1, t.j - 1, 1, lanes(c - b * WINO_LANES), out, plane);
        else transform_patch(6, g, in, xs, t.i - 1, t.j - 1, 0, lanes(c - b * WINO_LANES), out, plane);
    }
}

void AVX512 wino_gradient(const tiling *g, const float *gy, int64_t ys, int64_t k, int64_t tile, float *y, size_t plane, size_t block)
{
    corner t = corner_of(g, tile);
    int inside = t.i + 4 <= g->h && t.j + 4 <= g->w;
    gy += t.n * g->h * g->w * ys;
    for (int64_t b = 0; b * WINO_LANES < k; b++) {
        const float *in = gy + b * WINO_LANES;
        float *out = y + (size_t)(b / 2) * block + b % 2 * WINO_LANES;
        if (inside) transform_patch(4, g, in, ys, t.i, t.j, 1, lanes(k - b * WINO_LANES), out, plane);
        else transform_patch(4, g, in, ys, t.i, t.j, 0, lanes(k - b * WINO_LANES), out, plane);
    }
}

INLINE vec activate(const wino_finish *f, vec a)
{
    __mmask16 low = _mm512_cmp_ps_mask(a, all(0), _CMP_NGT_UQ);
    if (f->act == ACT_RELU) return _mm512_mask_mov_ps(a, low, all(0));
    if (f->act == ACT_LEAKY) return _mm512_mask_mul_ps(a, low, a, all(f->slope));
    return a;
}

void AVX512 wino_output(const tiling *g, const float *m, size_t plane, int64_t tile, int64_t first, int64_t k, const wino_finish *f,
                        float *y, int64_t ys)
{
    corner t = corner_of(g, tile);
    for (int half = 0; half < 2 && first + half * WINO_LANES < k; half++) {
        int64_t c = first + half * WINO_LANES;
        __mmask16 mask = lanes(k - c);
        vec w[4][6], d[6], o[4], bias = f->bias ? load(mask, f->bias + c) : all(0);
        UNROLL(6) for (int b = 0; b < 6; b++) {
            UNROLL(6) for (int a = 0; a < 6; a++) d[a] = _mm512_load_ps(m + (size_t)(a * 6 + b) * plane + half * WINO_LANES);
            output_1d(d, o);
            UNROLL(4) for (int a = 0; a < 4; a++) w[a][b] = o[a];
        }
        UNROLL(4) for (int a = 0; a < 4; a++) {
            output_1d(w[a], o);
            UNROLL(4) for (int b = 0; b < 4; b++) {
                float *p = y + ((t.n * g->h + t.i + a) * g->w + t.j + b) * ys + c;
                if (t.i + a >= g->h || t.j + b >= g->w) continue;
                vec out = activate(f, o[b] + bias);
                if (f->stream) _mm512_stream_ps(p, out);
                else store(mask, p, f->add ? _mm512_add_ps(load(mask, p), out) : out);
            }
        }
    }
}

/* ---- filters ---- */

INLINE void transpose(vec r[16])
{
    UNROLL(4) for (int s = 1; s < 16; s *= 2) {
        int low[16], high[16];
        for (int l = 0; l < 16; l++) low[l] = l & s ? 16 + l - s : l, high[l] = l & s ? 16 + l : l + s;
        __m512i a = _mm512_loadu_si512(low), b = _mm512_loadu_si512(high);
        UNROLL(16) for (int i = 0; i < 16; i++) {
            if (i & s) continue;
            vec p = r[i], q = r[i + s];
            r[i] = _mm512_permutex2var_ps(p, a, q), r[i + s] = _mm512_permutex2var_ps(p, b, q);
        }
    }
}

/* Tap f of 16 x 16 filters: rows from depth d, columns from output o; zeros outside */
INLINE void load_taps(const float *w, int64_t c, int64_t k, int turned, int f, int64_t d, int64_t o, vec g[16])
{
    int64_t rows = turned ? c - o : c - d, row = turned ? o : d, column = turned ? d : o;
    const float *p = w + ((turned ? 8 - f : f) * c + row) * k + column;
    for (int i = 0; i < 16; i++) {
        __mmask16 m = i < rows ? lanes(k - column) : 0;
        g[i] = m ? load(m, p + i * k) : all(0);
        if (m) _mm_prefetch((const char *)(p + (turned ? i * k + 16 : (i + 16) * k)), _MM_HINT_T0);    /* what the next call reads */
    }
    if (turned) transpose(g);
}

void AVX512 wino_filter(const float *w, int64_t c, int64_t k, int turned, int64_t from, int64_t to, int64_t first, float *u, size_t plane)
{
    for (int64_t d = from; d < to; d += 16)
        for (int half = 0; half < WINO_WIDTH && first + half < (turned ? c : k); half += 16) {
            vec g[9][16], a[6][3], e[6];
            for (int f = 0; f < 9; f++) load_taps(w, c, k, turned, f, d, first + half, g[f]);
            for (int i = 0; i < 16; i++) {
                float *out = u + (size_t)(d - from + i) * WINO_WIDTH + half;
                UNROLL(3) for (int s = 0; s < 3; s++) {
                    filter_1d((vec[]){ g[s][i], g[3 + s][i], g[6 + s][i] }, e);
                    UNROLL(6) for (int q = 0; q < 6; q++) a[q][s] = e[q];
                }
                UNROLL(6) for (int q = 0; q < 6; q++) {
                    filter_1d(a[q], e);
                    UNROLL(6) for (int s = 0; s < 6; s++) _mm512_store_ps(out + (size_t)(q * 6 + s) * plane, e[s]);
                }
            }
        }
}

void AVX512 wino_filter_gradient(const float *d, size_t stride, int64_t parts, float *gw, int64_t c, int64_t k, int64_t c0, int64_t k0,
                                 int add)
{
    for (int i = 0; i < WINO_LANES && c0 + i < c; i++)
        for (int half = 0; half < WINO_WIDTH && k0 + half < k; half += 16) {
            __mmask16 mask = lanes(k - k0 - half);
            vec z[3][6], m[6], o[3];
            UNROLL(6) for (int b = 0; b < 6; b++) {
                UNROLL(6) for (int a = 0; a < 6; a++) {
                    const float *p = d + (a * 6 + b) * (WINO_LANES * WINO_WIDTH) + i * WINO_WIDTH + half;
                    m[a] = _mm512_load_ps(p);
                    for (int64_t q = 1; q < parts; q++) m[a] = m[a] + _mm512_load_ps(p + (size_t)q * stride);
                }
                filter_gradient_1d(m, o);
                UNROLL(3) for (int a = 0; a < 3; a++) z[a][b] = o[a];
            }
            UNROLL(3) for (int a = 0; a < 3; a++) {
                filter_gradient_1d(z[a], o);
                UNROLL(3) for (int b = 0; b < 3; b++) {
                    float *p = gw + ((a * 3 + b) * c + c0 + i) * k + k0 + half;
                    store(mask, p, add ? _mm512_add_ps(load(mask, p), o[b]) : o[b]);
                }
            }
        }
}
