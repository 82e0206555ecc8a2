/* tile_gemm.cuh - the matrix product out [rows columns] = a [rows depth] b [depth columns] that every CUDA convolution and product runs
 * as: one block of 256 threads computes one tile of `out`, and only where numbers come from and where they go differs.
 *
 *   source    where a factor comes from: at(line) prepares a row of a (a column of b), find(line, d) is the address of its number at
 *             depth d, or NULL for a zero (padding, or outside). Neighbours in memory are either depths (deep() is 1) or lines (0).
 *   multiply  how a stage is multiplied: by FMA (exact), or by tensor cores after rounding the factors to TF32 or bf16.
 *   sink      where sums go: put(row, column, sums) takes RUN neighbouring columns.
 *
 * Along the depth the tile is done in stages of 16 words. While one stage is multiplied out of shared memory the next is already on
 * its way from global memory into registers; it is then stored to the other half of shared memory, so one barrier a stage is enough.
 * Every sum runs along the depth in order, whatever the tile, so the bits depend on the data and the way of multiplying alone.
 * Shared memory holds stage[word][line]: the tensor cores' fragments, the FMA loop's vectors and both directions of storing meet no
 * bank conflict there, thanks to 8 words of margin after each row and to turning lines round by `turned`.
 * The trap: VECTOR needs every run of 4 neighbours (aligned to 4) to be wholly inside or outside, and 16-byte aligned. */
#ifndef KERNELS_TILE_GEMM_CUH
#define KERNELS_TILE_GEMM_CUH
#include "kernels/cuda.h"
#include "kernels/loop.h"
#include "kernels/mma.h"

enum { TILE_THREADS = 256, STAGE_WORDS = 16 };

/* of the GPU in use: so many tiles at least must be there to keep it busy */
static inline int multiprocessors(void)
{
    int gpu = 0, n = 0;
    CUDA_CHECK(cudaGetDevice(&gpu), "asking which it is");
    CUDA_CHECK(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, gpu), "counting its multiprocessors");
    return n;
}

/* Eight warps share a tile of M x N; each has WARP_M x WARP_N of it. */
template <int ROWS, int COLUMNS> struct tile_of {
    enum { M = ROWS, N = COLUMNS, WARP_M = M * N >= 128 * 128 ? 64 : 32, WARP_N = WARP_M / 2, ACROSS = N / WARP_N,
           SUMS = WARP_M * WARP_N / 32 };
    static_assert(M / WARP_M * ACROSS * 32 == TILE_THREADS, "eight warps");
};
typedef tile_of<128, 128> wide_tile;
typedef tile_of<64, 64> small_tile;
typedef tile_of<128, 32> narrow_tile;    /* for few output channels */

struct alignas(4 * sizeof(real)) quad { real v[4]; };
struct alignas(16) word_quad { uint32_t v[4]; };

/* n / by for 0 <= n < 2^31 by a multiplication (Granlund and Montgomery 1994, figure 4.1) */
struct divider { uint32_t by, factor, shift; };
static inline DEVICE divider divider_by(int by)
{
    divider d = { (uint32_t)by, 0, 0 };
    while ((uint64_t)1 << d.shift < d.by) d.shift++;
    d.factor = (uint32_t)(((((uint64_t)1 << d.shift) - d.by) << 32) / d.by + 1);
    return d;
}
static inline DEVICE int divide(int n, const divider &d)
{
    const uint32_t high = (uint32_t)((uint64_t)(uint32_t)n * d.factor >> 32);
    return (int)((high + (uint32_t)n) >> d.shift);
}

/* threadIdx.x, as a number that the compiler knows to be small: it then finds most addresses at compile time */
static __device__ inline int tile_thread() { return threadIdx.x % TILE_THREADS; }

/* Where word w of a line stands in a stage of LINES lines; turn: 8 where a word is one number, 4 where it is two */
template <int LINES> static __device__ inline int stage_at(int w, int line, int turn)
{
    return w * (LINES + 8) + (line ^ w / 4 * turn);
}

/* ---- ways to multiply ---- */

/* Where this lane's sums lie in the tile, for the tensor cores' fragments. RUN neighbours of sums[] are neighbouring columns. */
template <class TILE> struct fragment_place {
    enum { RUN = 2 };
    static __device__ inline int row(int run) { return run / 2 / (TILE::WARP_N / 8) * 16 + run % 2 * 8 + threadIdx.x % 32 / 4; }
    static __device__ inline int column(int run) { return run / 2 % (TILE::WARP_N / 8) * 8 + threadIdx.x % 4 * 2; }
};

/* sums += stage a * stage b from this warp's first row and column, by fragments */
template <class TILE, int TURN, void (*mma)(float *, const uint32_t *, const uint32_t *)>
static __device__ inline void multiply_fragments(const uint32_t *a, const uint32_t *b, int row, int column, float *sums)
{
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    #pragma unroll
    for (int step = 0; step < STAGE_WORDS; step += 8) {        /* the same for all lanes: mma wants them together */
        const int w = step + t;
        uint32_t fa[4], fb[TILE::WARP_N / 8][2];
        #pragma unroll
        for (int j = 0; j < TILE::WARP_N / 8; j++)
            #pragma unroll
            for (int q = 0; q < 2; q++) fb[j][q] = b[stage_at<TILE::N>(w + q * 4, column + j * 8 + g, TURN)];
        #pragma unroll
        for (int i = 0; i < TILE::WARP_M / 16; i++) {
            #pragma unroll
            for (int q = 0; q < 4; q++) fa[q] = a[stage_at<TILE::M>(w + q / 2 * 4, row + i * 16 + q % 2 * 8 + g, TURN)];
            #pragma unroll
            for (int j = 0; j < TILE::WARP_N / 8; j++) mma(sums + (i * (TILE::WARP_N / 8) + j) * 4, fa, fb[j]);
        }
    }
}

/* PACK numbers a word, DEPTH numbers a stage; BLOCKS of this kind are to fit on a multiprocessor. word(v): the word of v[0 .. PACK) */
struct in_tf32 {
    enum { PACK = 1, DEPTH = 16, TURN = 8, BLOCKS = 2 };
    typedef float number;
    typedef uint32_t word;
    typedef word_quad words;
    template <class TILE> struct place : fragment_place<TILE> {};
    static __device__ inline word pack(real v, real) { return tf32_word((float)v); }
    template <class TILE> static __device__ inline void multiply(const word *a, const word *b, int row, int column, number *sums)
    {
        multiply_fragments<TILE, TURN, mma_tf32>(a, b, row, column, sums);
    }
};

struct in_bf16 {
    enum { PACK = 2, DEPTH = 32, TURN = 4, BLOCKS = 2 };
    typedef float number;
    typedef uint32_t word;
    typedef word_quad words;
    template <class TILE> struct place : fragment_place<TILE> {};
    static __device__ inline word pack(real low, real high) { return bf16_pair((float)low, (float)high); }
    template <class TILE> static __device__ inline void multiply(const word *a, const word *b, int row, int column, number *sums)
    {
        multiply_fragments<TILE, TURN, mma_bf16>(a, b, row, column, sums);
    }
};

/* Each thread has blocks of 4 x 4, 32 rows and 16 columns apart; the 8 x 4 threads of a warp fill what lies between. */
struct exactly {
    enum { PACK = 1, DEPTH = 16, TURN = 8, BLOCKS = 2 };
    typedef real number;
    typedef real word;
    typedef quad words;
    template <class TILE> struct place {
        enum { RUN = 4, ACROSS = TILE::WARP_N / 16 };
        static __device__ inline int row(int run) { return run / ACROSS / 4 * 32 + threadIdx.x % 32 / 4 * 4 + run / ACROSS % 4; }
        static __device__ inline int column(int run) { return run % ACROSS * 16 + threadIdx.x % 4 * 4; }
    };
    static __device__ inline word pack(real v, real) { return v; }
    template <class TILE> static __device__ inline void multiply(const word *a, const word *b, int row, int column, number *sums)
    {
        enum { HIGH = TILE::WARP_M / 32, ACROSS = TILE::WARP_N / 16 };
        const int i0 = row + threadIdx.x % 32 / 4 * 4, j0 = column + threadIdx.x % 4 * 4;
        #pragma unroll 2
        for (int w = 0; w < STAGE_WORDS; w++) {                /* 2: more would fetch ahead into registers that are not there */
            quad fa[HIGH], fb[ACROSS];
            #pragma unroll
            for (int i = 0; i < HIGH; i++) fa[i] = *(const quad *)(a + stage_at<TILE::M>(w, i0 + i * 32, TURN));
            #pragma unroll
            for (int j = 0; j < ACROSS; j++) fb[j] = *(const quad *)(b + stage_at<TILE::N>(w, j0 + j * 16, TURN));
            #pragma unroll
            for (int i = 0; i < HIGH * 4; i++)
                #pragma unroll
                for (int j = 0; j < ACROSS * 4; j++) sums[i * ACROSS * 4 + j] += fa[i / 4].v[i % 4] * fb[j / 4].v[j % 4];
        }
    }
};

/* ---- from a source to shared memory ---- */

/* What one thread carries of each stage of a factor with LINES lines: CELLS runs of 4 neighbours. Along the depth (deep) all its
 * cells have one depth and lines STEP apart; along the lines, one run of lines and depths in groups of PACK. */
template <class WAY, int LINES, int VECTOR, class SOURCE> struct carrier {
    enum { ALL = LINES * WAY::DEPTH / 4, DEEP_CELLS = (ALL + TILE_THREADS - 1) / TILE_THREADS,
           CELLS = DEEP_CELLS > WAY::PACK ? DEEP_CELLS : WAY::PACK,
           QUADS = WAY::DEPTH / 4, STEP = TILE_THREADS / QUADS, RUNS = LINES / 4, SLOTS = TILE_THREADS / RUNS };
    const SOURCE &from;
    typename SOURCE::line line[CELLS];
    int first;                           /* line of cell 0 */
    quad cell[CELLS];

    __device__ inline carrier(const SOURCE &source, int line0) : from(source)
    {
        const int deep = from.deep();
        first = line0 + (deep ? tile_thread() / QUADS : tile_thread() % RUNS * 4);
        #pragma unroll
        for (int i = 0; i < CELLS; i++) line[i] = from.at(deep ? first + i * STEP : first);
    }
    /* narrow tiles have fewer cells than threads, and words of two need two cells for one run of lines */
    static __device__ inline int idle(int deep) { return tile_thread() >= (deep ? (int)ALL : (int)RUNS * STAGE_WORDS); }
    static __device__ inline int cells(int deep) { return deep ? DEEP_CELLS : CELLS; }
    static __device__ inline int depth_of(int deep, int i)
    {
        return deep ? tile_thread() % QUADS * 4
                    : (tile_thread() / RUNS + i / WAY::PACK * SLOTS) * WAY::PACK + i % WAY::PACK;
    }
    __device__ inline void load(int depth)
    {
        const int deep = from.deep();
        if (idle(deep)) return;
        #pragma unroll
        for (int i = 0; i < CELLS; i++) {
            if (i >= cells(deep)) break;
            const int d = depth + depth_of(deep, i);
            if (VECTOR) {
                const real *p = from.find(line[i], d);
                cell[i] = p ? *(const quad *)p : quad{ { 0, 0, 0, 0 } };
            } else {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    const real *p = deep ? from.find(line[i], d + e) : from.find(from.at(first + e), d);
                    cell[i].v[e] = p ? *p : 0;
                }
            }
        }
    }
    __device__ inline void store(typename WAY::word *stage) const
    {
        if (idle(from.deep())) return;
        if (from.deep()) {
            const int l = tile_thread() / QUADS, w = tile_thread() % QUADS * 4 / WAY::PACK;
            #pragma unroll
            for (int i = 0; i < DEEP_CELLS; i++)
                #pragma unroll
                for (int e = 0; e < 4; e += WAY::PACK)
                    stage[stage_at<LINES>(w + e / WAY::PACK, l + i * STEP, WAY::TURN)]
                        = WAY::pack(cell[i].v[e], cell[i].v[e + WAY::PACK - 1]);
        } else {
            const int l = tile_thread() % RUNS * 4, w = tile_thread() / RUNS;
            #pragma unroll
            for (int i = 0; i < CELLS; i += WAY::PACK) {
                typename WAY::words packed;
                #pragma unroll
                for (int e = 0; e < 4; e++) packed.v[e] = WAY::pack(cell[i].v[e], cell[i + WAY::PACK - 1].v[e]);
                *(typename WAY::words *)(stage + stage_at<LINES>(w + i / WAY::PACK * SLOTS, l, WAY::TURN)) = packed;
            }
        }
    }
};

/* ---- the tile ---- */

/* Sums the depths begin..end-1 of the tile that starts at row0, column0 and hands them to the sink. All threads of the block come. */
template <class WAY, class TILE, int VECTOR, class A, class B, class SINK>
static __device__ inline void tile_product(const A &a, const B &b, int row0, int column0, int begin, int end, const SINK &sink)
{
    typedef typename WAY::word word;
    typedef typename WAY::template place<TILE> place;
    enum { A_WORDS = STAGE_WORDS * (TILE::M + 8), B_WORDS = STAGE_WORDS * (TILE::N + 8) };
    __shared__ typename WAY::words shared_a[2 * A_WORDS / 4], shared_b[2 * B_WORDS / 4];
    word *const stage_a = (word *)shared_a, *const stage_b = (word *)shared_b;
    const int warp = tile_thread() / 32, row = warp / TILE::ACROSS * TILE::WARP_M, column = warp % TILE::ACROSS * TILE::WARP_N;
    typename WAY::number sums[TILE::SUMS] = { 0 };
    carrier<WAY, TILE::M, VECTOR, A> from_a(a, row0);
    carrier<WAY, TILE::N, VECTOR, B> from_b(b, column0);
    from_a.load(begin), from_b.load(begin);
    from_a.store(stage_a), from_b.store(stage_b);
    __syncthreads();
    for (int d = begin, half = 0; d < end; d += WAY::DEPTH, half ^= 1) {
        const int more = d + WAY::DEPTH < end;
        if (more) from_a.load(d + WAY::DEPTH), from_b.load(d + WAY::DEPTH);
        WAY::template multiply<TILE>(stage_a + half * A_WORDS, stage_b + half * B_WORDS, row, column, sums);
        if (more) from_a.store(stage_a + (half ^ 1) * A_WORDS), from_b.store(stage_b + (half ^ 1) * B_WORDS);
        __syncthreads();
    }
    #pragma unroll
    for (int i = 0; i < TILE::SUMS / place::RUN; i++)
        sink.template put<VECTOR, place::RUN>(row0 + row + place::row(i), column0 + column + place::column(i), sums + i * place::RUN);
}

/* ---- plain matrices ---- */

/* Number (line, depth) stands at p[line * across + depth * along]; one of the two steps is 1. */
struct matrix_source {
    const real *p;
    int lines, end;                      /* lines, and the depth behind the last */
    int across, along;
    typedef int line;
    __device__ inline int deep() const { return along == 1; }
    __device__ inline line at(int i) const { return i; }
    __device__ inline const real *find(line i, int d) const
    {
        return i < lines && d < end ? p + (int64_t)i * across + (int64_t)d * along : NULL;
    }
};

/* out (+)= alpha * sum */
struct matrix_sink {
    real *out, alpha;
    int rows, columns, add, pitch;
    template <int VECTOR, int RUN, typename T> __device__ inline void put(int row, int column, const T *sums) const
    {
        struct alignas(RUN * sizeof(real)) run { real v[RUN]; };
        real *to = out + (int64_t)row * pitch + column;
        if (row >= rows || column >= columns) return;
        if (VECTOR) {
            run r = { { 0 } };
            if (add) r = *(const run *)to;
            #pragma unroll
            for (int e = 0; e < RUN; e++) r.v[e] += alpha * (real)sums[e];
            *(run *)to = r;
        } else {
            #pragma unroll
            for (int e = 0; e < RUN; e++) if (column + e < columns) to[e] = (add ? to[e] : 0) + alpha * (real)sums[e];
        }
    }
};

/* 1 if p and steps of it let 4 numbers be read at once */
static inline int whole_quads(const void *p, int64_t length, int64_t pitch)
{
    return (uintptr_t)p % sizeof(quad) == 0 && length % 4 == 0 && pitch % 4 == 0;
}
#endif
