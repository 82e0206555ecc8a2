/* norm.cu - normalisation on a GPU; see norm.h. A reduction over pixels takes two kernels: the first leaves the sums of each part of
 * the pixels (kernels/loop.h) in scratch, the second adds the parts. Normalising and its gradient are then one pass each, in which a
 * thread keeps the constants of its channels in registers and walks over pixels.
 * Numbers: few values are summed in `real`, all further sums are double, which so costs little even where double is slow. Variances are
 * sums of squares about the mean of the values themselves, taken from the part's first pixel: no cancellation (norm.h).
 * The trap: the parts in scratch are no longer needed once they are added, and group_means puts its result in their place. */
#include "kernels/norm.h"
#include "kernels/reduce.cuh"

enum { ROWS = 8, EACH = 16 };            /* pixels that a thread loads at a time, and that it walks over */

/* Scratch as on the CPU: rows of two times `channels` doubles, one row a part and sample, then one a sample */
typedef struct { double *a, *b; } pair;
static __device__ inline pair pair_at(const norm_size &s, double *work, int64_t row)
{
    const pair p = { work + row * 2 * s.channels, work + (row * 2 + 1) * s.channels };
    return p;
}

/* A block for each part (x), tile of channels (y; a warp's 128 bytes wide) and sample (z) */
enum { TILE_PACKS = 8 };
#define LAUNCH_PARTS(kernel, s, stream, ...) \
    LAUNCH_PACKS(kernel, (s).channels, pack_width((s).channels) == 1 ? 32 : TILE_PACKS, \
                 dim3((unsigned)part_count((s).pixels), blocks_for((s).channels, block.x * pack_width((s).channels)), grid_limited((s).samples)), \
                 stream, s, __VA_ARGS__)
/* In such a kernel: channel k of this thread, and for each sample i, this block's part: row `part` of the scratch, pixels begin..end-1 */
#define EACH_PART(W, s) \
    const int64_t parts = gridDim.x, k = ((int64_t)blockIdx.y * blockDim.x + threadIdx.x) * (W); \
    const int64_t begin = part_begin((s).pixels, parts, blockIdx.x), end = part_begin((s).pixels, parts, blockIdx.x + 1); \
    for (int64_t i = blockIdx.z, part = i * parts + blockIdx.x; i < (s).samples; i += gridDim.z, part = i * parts + blockIdx.x)

/* ---- moments ---- */
typedef struct { double n, mean, squares; } moments;

static __device__ inline void add_moments(moments *a, const moments &b)
{
    if (b.n == 0) return;
    norm_merge(a->n, &a->mean, &a->squares, b.n, b.mean, b.squares);
    a->n += b.n;
}

/* The moments of all that n threads bring, n a power of 2, joined as a tree, the order of which is fixed; right in the one whose `mine`
 * is 0. all: shared memory, in which that of thread `mine` stands at mine * step */
static __device__ inline moments join(const moments &m, moments *all, int mine, int n, int step)
{
    __syncthreads();                                           /* `all` may still be read for what was joined before */
    all[mine * step] = m;
    for (int half = n / 2; half; half /= 2) {
        __syncthreads();
        if (mine < half) add_moments(&all[mine * step], all[(mine + half) * step]);
    }
    return all[mine * step];
}

/* The moments of a thread's pixels begin + threadIdx.y, + blockDim.y, ..: about `from`, so that they are small numbers in `real` */
template <int W> static __device__ inline void thread_moments(int64_t begin, int64_t end, const real *x, int64_t xs, int aligned, moments (&out)[W])
{
    const pack<real, W> from = load<W>(x + begin * xs, aligned);
    real count = 0, mean[W] = { 0 }, squares[W] = { 0 };
    for (int64_t p = begin + threadIdx.y; p < end; p += ROWS * blockDim.y) {
        pack<real, W> v[ROWS];
        int n = 0;
        for (int r = 0; r < ROWS; r++) if (p + r * blockDim.y < end) v[r] = load<W>(x + (p + r * blockDim.y) * xs, aligned), n++;
        const real share = (real)n / (count + (real)n), cross = count * share;
        for (int j = 0; j < W; j++) {
            real m = 0, q = 0;
            for (int r = 0; r < ROWS; r++) if (r < n) m += v[r].v[j] -= from.v[j];
            m /= (real)n;
            for (int r = 0; r < ROWS; r++) if (r < n) q += (v[r].v[j] - m) * (v[r].v[j] - m);
            const real delta = m - mean[j];
            mean[j] += delta * share, squares[j] += q + delta * delta * cross;
        }
        count += (real)n;
    }
    for (int j = 0; j < W; j++) {
        const moments m = { (double)count, (double)from.v[j] + (double)mean[j], (double)squares[j] };
        out[j] = m;
    }
}

template <int W> static __global__ void part_moments(norm_size s, const real *x, int64_t xs, int aligned, double *work)
{
    __shared__ moments all[THREADS];
    EACH_PART(W, s) {
        moments m[W] = { };
        if (k < s.channels) thread_moments<W>(begin, end, x + i * s.pixels * xs + k, xs, aligned, m);
        for (int j = 0; j < W; j++) {
            m[j] = join(m[j], &all[threadIdx.x], (int)threadIdx.y, (int)blockDim.y, (int)blockDim.x);
            const pair p = pair_at(s, work, part);
            if (threadIdx.y == 0 && k < s.channels) p.a[k + j] = m[j].mean, p.b[k + j] = m[j].squares;
        }
    }
}

/* One block a group (x) and sample (y): the parts of all channels of the group */
enum { JOINERS = 128 };
static __global__ void group_moments(norm_size s, double eps, real *mean, real *rstd, real *running_mean, real *running_var, double momentum,
                                     double *work)
{
    __shared__ moments all[JOINERS];
    const int64_t parts = part_count(s.pixels), each = s.channels / s.groups, g = blockIdx.x;
    const int t = (int)threadIdx.x;
    for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
        moments m = { };
        for (int64_t at = t; at < each * parts; at += JOINERS) {
            const int64_t k = g * each + at / parts, j = at % parts;
            const pair p = pair_at(s, work, i * parts + j);
            const moments more = { (double)(part_begin(s.pixels, parts, j + 1) - part_begin(s.pixels, parts, j)), p.a[k], p.b[k] };
            add_moments(&m, more);
        }
        m = join(m, all, t, JOINERS, 1);
        if (t) continue;
        mean[i * s.groups + g] = (real)m.mean, rstd[i * s.groups + g] = (real)(1 / sqrt(m.squares / m.n + eps));
        if (!running_mean) continue;
        running_mean[g] = norm_follow(running_mean[g], m.mean, momentum);
        running_var[g] = norm_follow(running_var[g], m.squares / (m.n > 1 ? m.n - 1 : 1), momentum);
    }
}

void norm_moments_cuda(const context *c, norm_size s, const real *x, int64_t xs, double eps, real *mean, real *rstd, real *running_mean,
                       real *running_var, double momentum, void *work)
{
    LAUNCH_PARTS(part_moments, s, c->stream, x, xs, is_aligned(x, xs), (double *)work);
    LAUNCH(group_moments, dim3((unsigned)s.groups, grid_limited(s.samples)), dim3(JOINERS), 0, c->stream, s, eps, mean, rstd, running_mean,
           running_var, momentum, (double *)work);
}

static __global__ void from_running(int64_t channels, const real *running_mean, const real *running_var, double eps, real *mean, real *rstd)
{
    for (int64_t k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; k < channels; k += (int64_t)gridDim.x * blockDim.x)
        mean[k] = running_mean[k], rstd[k] = (real)(1 / sqrt((double)running_var[k] + eps));
}

void norm_running_cuda(const context *c, int64_t channels, const real *running_mean, const real *running_var, double eps, real *mean, real *rstd)
{
    LAUNCH(from_running, dim3(blocks_for(channels, THREADS)), dim3(THREADS), 0, c->stream, channels, running_mean, running_var, eps, mean, rstd);
}

/* ---- values ---- */

/* z = (x - m) * k + b of a pack of channels */
template <int W> struct line { real m[W], k[W], b[W]; };

template <int W> static __device__ inline line<W> line_of(const norm_size &s, int64_t i, int64_t k, const norm_affine &f, const real *mean,
                                                          const real *rstd)
{
    const int64_t each = s.channels / s.groups;
    line<W> l;
    for (int j = 0; j < W; j++) {
        const int64_t g = i * s.groups + (k + j) / each;
        l.m[j] = mean[g], l.k[j] = rstd[g] * f.gamma[k + j], l.b[j] = f.beta[k + j];
    }
    return l;
}

/* Each sample i (grid's y) and pack at channel k; EACH_ROW: then its pixels p, counted through all samples */
#define EACH_LINE(W, s) \
    for (int64_t i = blockIdx.y; i < (s).samples; i += gridDim.y) \
        for (int64_t k = (int64_t)threadIdx.x * (W); k < (s).channels; k += (int64_t)blockDim.x * (W))
#define EACH_ROW(s) \
    for (int64_t p = i * (s).pixels + (int64_t)blockIdx.x * blockDim.y + threadIdx.y; p < (i + 1) * (s).pixels; p += (int64_t)gridDim.x * blockDim.y)
#define LAUNCH_LINES(kernel, s, stream, ...) \
    LAUNCH_PACKS(kernel, (s).channels, THREADS, dim3(blocks_for((s).pixels, (int64_t)block.y * EACH), grid_limited((s).samples)), \
                 stream, s, __VA_ARGS__)

template <int W> static __global__ void normalise(norm_size s, const real *x, int64_t xs, real *y, int64_t ys, norm_affine f, const real *mean,
                                                  const real *rstd, int aligned)
{
    EACH_LINE(W, s) {
        const line<W> l = line_of<W>(s, i, k, f, mean, rstd);
        EACH_ROW(s) {
            pack<real, W> a = load<W>(x + p * xs + k, aligned);
            for (int j = 0; j < W; j++) a.v[j] = act_value(f.a, (a.v[j] - l.m[j]) * l.k[j] + l.b[j], f.slope);
            store(y + p * ys + k, a, aligned);
        }
    }
}

void norm_forward_cuda(const context *c, norm_size s, const real *x, int64_t xs, real *y, int64_t ys, norm_affine f, const real *mean,
                       const real *rstd)
{
    LAUNCH_LINES(normalise, s, c->stream, x, xs, y, ys, f, mean, rstd, is_aligned(x, xs) && is_aligned(y, ys));
}

/* ---- gradients ---- */

/* x becomes x - mean, g, the gradient of y, that of z */
template <int W> static __device__ inline void back_to_z(const line<W> &l, const norm_affine &f, pack<real, W> *x, pack<real, W> *g)
{
    for (int j = 0; j < W; j++) {
        x->v[j] -= l.m[j];
        g->v[j] *= act_slope(f.a, x->v[j] * l.k[j] + l.b[j], f.slope);
    }
}

/* Of each part: the sums of g and of g * (x - mean) */
template <int W> static __global__ void part_sums(norm_size s, const real *x, int64_t xs, const real *gy, int64_t gys, norm_affine f,
                                                  const real *mean, const real *rstd, int aligned, double *work)
{
    EACH_PART(W, s) {
        double sum[W] = { }, sum_x[W] = { };
        const line<W> l = k < s.channels ? line_of<W>(s, i, k, f, mean, rstd) : line<W>{ };
        for (int64_t p = begin + threadIdx.y; p < end && k < s.channels; p += ROWS * blockDim.y) {
            pack<real, W> u = zeros<W>(), v = zeros<W>();
            for (int r = 0; r < ROWS; r++) {
                const int64_t q = i * s.pixels + p + r * blockDim.y;
                if (q >= i * s.pixels + end) break;
                pack<real, W> d = load<W>(x + q * xs + k, aligned), g = load<W>(gy + q * gys + k, aligned);
                back_to_z(l, f, &d, &g);
                for (int j = 0; j < W; j++) u.v[j] += g.v[j], v.v[j] += g.v[j] * d.v[j];
            }
            for (int j = 0; j < W; j++) sum[j] += (double)u.v[j], sum_x[j] += (double)v.v[j];
        }
        sum_over_y(sum), sum_over_y(sum_x);
        const pair out = pair_at(s, work, part);
        if (threadIdx.y == 0 && k < s.channels) for (int j = 0; j < W; j++) out.a[k + j] = sum[j], out.b[k + j] = sum_x[j];
    }
}

/* The parts of each sample and channel -> row i of `total`: sum g and sum g * xhat. 32 channels a block (x), samples in y */
static __global__ void total_sums(norm_size s, double *work, const real *rstd)
{
    const int64_t parts = part_count(s.pixels), k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
        double sum[1] = { }, sum_x[1] = { };
        for (int64_t j = threadIdx.y; j < parts && k < s.channels; j += blockDim.y) {
            const pair p = pair_at(s, work, i * parts + j);
            sum[0] += p.a[k], sum_x[0] += p.b[k];
        }
        sum_over_y(sum), sum_over_y(sum_x);
        const pair out = pair_at(s, work, s.samples * parts + i);
        if (threadIdx.y == 0 && k < s.channels)
            out.a[k] = sum[0], out.b[k] = sum_x[0] * (double)rstd[i * s.groups + k / (s.channels / s.groups)];
    }
}

static __global__ void parameter_gradients(norm_size s, double *total, real *ggamma, int add_gamma, real *gbeta, int add_beta)
{
    for (int64_t k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; k < s.channels; k += (int64_t)gridDim.x * blockDim.x) {
        double u = 0, v = 0;
        for (int64_t i = 0; i < s.samples; i++) u += pair_at(s, total, i).a[k], v += pair_at(s, total, i).b[k];
        if (gbeta) gbeta[k] = (add_beta ? gbeta[k] : 0) + (real)u;
        if (ggamma) ggamma[k] = (add_gamma ? ggamma[k] : 0) + (real)v;
    }
}

/* The two means that gx takes off, of each sample and group: [samples, groups, 2]. One block a group (x) and sample (y) */
static __global__ void group_means(norm_size s, double *total, const real *gamma, const real *rstd, real *out)
{
    const int64_t each = s.channels / s.groups, g = blockIdx.x;
    for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
        const pair t = pair_at(s, total, i);
        double u = 0, v = 0;
        for (int64_t k = g * each + threadIdx.x; k < (g + 1) * each; k += blockDim.x) u += (double)gamma[k] * t.a[k], v += (double)gamma[k] * t.b[k];
        u = block_sum(u), v = block_sum(v);
        const double m = (double)(s.pixels * each), r = (double)rstd[i * s.groups + g];
        if (threadIdx.x == 0) out[(i * s.groups + g) * 2] = (real)(r * u / m), out[(i * s.groups + g) * 2 + 1] = (real)(r * r * v / m);
    }
}

/* means: NULL where the statistics were constants */
template <int W> static __global__ void gradient(norm_size s, const real *x, int64_t xs, const real *gy, int64_t gys, norm_affine f,
                                                 const real *mean, const real *rstd, const real *means, real *gx, int add, int aligned)
{
    EACH_LINE(W, s) {
        const line<W> l = line_of<W>(s, i, k, f, mean, rstd);
        real a[W] = { 0 }, b[W] = { 0 };
        for (int j = 0; j < W && means; j++) {
            const real *m = means + (i * s.groups + (k + j) / (s.channels / s.groups)) * 2;
            a[j] = m[0], b[j] = m[1];
        }
        EACH_ROW(s) {
            pack<real, W> d = load<W>(x + p * xs + k, aligned), g = load<W>(gy + p * gys + k, aligned);
            back_to_z(l, f, &d, &g);
            for (int j = 0; j < W; j++) g.v[j] = norm_gradient(l.k[j], g.v[j], d.v[j], a[j], b[j]);
            if (add) accumulate(&g, load<W>(gx + p * xs + k, aligned));
            store(gx + p * xs + k, g, aligned);
        }
    }
}

void norm_backward_cuda(const context *c, norm_size s, int batch, const real *x, int64_t xs, const real *gy, int64_t gys, norm_affine f,
                        const real *mean, const real *rstd, real *gx, int add_x, real *ggamma, int add_gamma, real *gbeta, int add_beta,
                        void *work)
{
    const int aligned = is_aligned(x, xs) && is_aligned(gy, gys);
    double *parts = (double *)work, *total = parts + s.samples * part_count(s.pixels) * 2 * s.channels;
    real *means = batch ? (real *)work : NULL;
    LAUNCH_PARTS(part_sums, s, c->stream, x, xs, gy, gys, f, mean, rstd, aligned, parts);
    LAUNCH(total_sums, dim3(blocks_for(s.channels, 32), grid_limited(s.samples)), dim3(32, THREADS / 32), 0, c->stream, s, parts, rstd);
    LAUNCH(parameter_gradients, dim3(blocks_for(s.channels, THREADS)), dim3(THREADS), 0, c->stream, s, total, ggamma, add_gamma, gbeta, add_beta);
    if (!gx) return;
    if (batch) LAUNCH(group_means, dim3((unsigned)s.groups, grid_limited(s.samples)), dim3(128), 0, c->stream, s, total, f.gamma, rstd, means);
    LAUNCH_LINES(gradient, s, c->stream, x, xs, gy, gys, f, mean, rstd, means, gx, add_x, aligned && is_aligned(gx, xs));
}
