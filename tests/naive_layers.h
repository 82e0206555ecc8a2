/* naive_layers.h - the part of naive.h (which includes it) for the layers of transformers and their neighbours: average pooling,
 * reductions, bicubic and area resampling, layer norm, standardised weights, linear, attention. */
#ifndef TESTS_NAIVE_LAYERS_H
#define TESTS_NAIVE_LAYERS_H

static inline double averaged(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const int64_t rows = (int64_t)setting(r, "size_h"), columns = (int64_t)setting(r, "size_w");
    double sum = 0, count = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            const int64_t u = h * (int64_t)setting(r, "stride_h") - (int64_t)setting(r, "pad_top") + i;
            const int64_t v = w * (int64_t)setting(r, "stride_w") - (int64_t)setting(r, "pad_left") + j;
            if (within(r->n->in[0], u, v)) sum += x_at(r, 0, n, u, v, c), count++;
        }
    return sum / (setting(r, "count_pad") ? (double)(rows * columns) : count);
}
static inline void naive_avgpool(const rig *r, double *y) { EACH_OUT(averaged(r, n, h, w, c)); }

static inline void naive_reduce(const rig *r, double *y)
{
    enum { PIXELS, CHANNELS, ALL };
    const place4 s = size4(r->n->in[0]);
    const int over = (int)setting(r, "over");
    const int64_t each = over == CHANNELS ? s.c : over == PIXELS ? s.h * s.w : s.n * s.h * s.w * s.c;
    for (int64_t i = 0; i < r->y[0].n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < each; k++) sum += p_at(r, 0, over == PIXELS ? (i / s.c * each + k) * s.c + i % s.c : i * each + k);
        y[i] = sum / (setting(r, "kind") ? (double)each : 1);
    }
}

/* The cubic convolution kernel of Keys 1981 with a = -0.75, written as in the paper */
static inline double keys(double t)
{
    const double a = -0.75, x = fabs(t);
    if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

/* Weight of input i for output d: every whole number within reach of the position is a tap, and those outside are the border's */
static inline double cubic_share(int64_t d, int64_t i, int64_t in, int64_t out, int corners)
{
    const double x = corners ? (out == 1 ? 0 : (double)d * (double)(in - 1) / (double)(out - 1)) : ((double)d + 0.5) * (double)in / (double)out - 0.5;
    double w = 0;
    for (int64_t t = -4; t < in + 4; t++) if ((t < 0 ? 0 : t > in - 1 ? in - 1 : t) == i) w += keys(x - (double)t);
    return w;
}

static inline double area_share(int64_t d, int64_t i, int64_t in, int64_t out)
{
    const double from = floor((double)(d * in) / (double)out), to = ceil((double)((d + 1) * in) / (double)out);
    return (double)i >= from && (double)i < to ? 1 / (to - from) : 0;
}

static inline double tapped(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c, int cubic)
{
    const place4 a = size4(r->n->in[0]), b = size4(r->n->out[0]);
    const int corners = (int)setting(r, "align_corners");
    double sum = 0;
    for (int64_t i = 0; i < a.h; i++) {
        const double v = cubic ? cubic_share(h, i, a.h, b.h, corners) : area_share(h, i, a.h, b.h);
        for (int64_t j = 0; j < a.w && v != 0; j++)
            sum += v * (cubic ? cubic_share(w, j, a.w, b.w, corners) : area_share(w, j, a.w, b.w)) * x_at(r, 0, n, i, j, c);
    }
    return sum;
}

static inline void naive_layer_norm(const rig *r, double *y)
{
    const int64_t c = r->x[0].channels;
    for (int64_t p = 0; p < r->x[0].n / c; p++) {
        double mean = 0, var = 0;
        for (int64_t k = 0; k < c; k++) mean += p_at(r, 0, p * c + k) / (double)c;
        for (int64_t k = 0; k < c; k++) var += pow(p_at(r, 0, p * c + k) - mean, 2) / (double)c;
        for (int64_t k = 0; k < c; k++)
            y[p * c + k] = (p_at(r, 0, p * c + k) - mean) / sqrt(var + setting(r, "eps")) * p_at(r, 1, k) + p_at(r, 2, k);
    }
}

static inline void naive_weight_standardize(const rig *r, double *y)
{
    const int64_t o = r->x[0].channels, taps = r->x[0].n / o;
    for (int64_t k = 0; k < o; k++) {
        double mean = 0, var = 0;
        for (int64_t i = 0; i < taps; i++) mean += p_at(r, 0, i * o + k) / (double)taps;
        for (int64_t i = 0; i < taps; i++) var += pow(p_at(r, 0, i * o + k) - mean, 2) / (double)taps;
        for (int64_t i = 0; i < taps; i++) y[i * o + k] = (p_at(r, 0, i * o + k) - mean) / sqrt(var + setting(r, "eps"));
    }
}

static inline void naive_fold_norm(const rig *r, double *y)
{
    for (int64_t i = 0; i < r->y[0].n; i++) {
        const int64_t k = i % r->y[0].channels;
        y[i] = p_at(r, 0, i) * p_at(r, 1, k) / sqrt(p_at(r, 4, k) + setting(r, "eps"));
    }
}

static inline void naive_linear(const rig *r, double *y)
{
    const int64_t c = r->x[0].channels, k = r->y[0].channels;
    for (int64_t i = 0; i < r->y[0].n; i++) {
        y[i] = r->n->nin > 2 ? p_at(r, 2, i % k) : 0;
        for (int64_t j = 0; j < c; j++) y[i] += p_at(r, 0, i / k * c + j) * p_at(r, 1, i % k * c + j);
    }
}

static inline void naive_add_table(const rig *r, double *y)
{
    for (int64_t i = 0; i < r->y[0].n; i++) y[i] = p_at(r, 0, i) + p_at(r, 1, i % r->x[1].n);
}
static inline void naive_multiply(const rig *r, double *y) { EACH_OUT(x_at(r, 0, n, h, w, c) * x_at(r, 1, n, h, w, c)); }
static inline void naive_reshape(const rig *r, double *y) { for (int64_t i = 0; i < r->y[0].n; i++) y[i] = p_at(r, 0, i); }

/* channel c of query i of sample n: the average of the values, weighted by exp of the scaled products of query and keys */
static inline double attended(const rig *r, int64_t n, int64_t i, int64_t c)
{
    const int64_t all = r->x[0].channels, dim = all / (int64_t)setting(r, "heads"), at = c / dim * dim;
    const int64_t queries = tensor_pixels(r->n->in[0]) / r->n->in[0]->s.d[0], tokens = tensor_pixels(r->n->in[1]) / r->n->in[0]->s.d[0];
    double sum = 0, weight = 0;
    for (int64_t j = 0; j < tokens; j++) {
        double score = 0;
        for (int64_t k = at; k < at + dim; k++) score += p_at(r, 0, (n * queries + i) * all + k) * p_at(r, 1, (n * tokens + j) * all + k);
        const double e = exp(score / sqrt((double)dim));
        sum += e * p_at(r, 2, (n * tokens + j) * all + c), weight += e;
    }
    return sum / weight;
}
static inline void naive_attention(const rig *r, double *y) { EACH_OUT(attended(r, n, h * e_.w + w, c)); }
#endif
