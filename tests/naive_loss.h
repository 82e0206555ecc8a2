/* naive_loss.h - the part of naive.h about losses against maps of targets, rows by number, order and maxima. */
#ifndef TESTS_NAIVE_LOSS_H
#define TESTS_NAIVE_LOSS_H

/* element k of the output, a number or a whole number */
static inline double y_at(const rig *r, int64_t k)
{
    return r->n->out[0]->type == I32 ? (double)*(int32_t *)slot_at(&r->y[0], k) : (double)slot_get(&r->y[0], k);
}
static inline int64_t index_at(const rig *r, int64_t k) { return *(int32_t *)slot_at(&r->x[1], k); }

static inline double element_of_type(int type, double beta, double x, double t)
{
    const double d = fabs(x - t), side = t > 0.5 ? 1 : -1;
    switch (type) {
    case 0: return d;
    case 1: return beta > 0 && d < beta ? 0.5 * d * d / beta : d - 0.5 * beta;
    case 2: return d * d;
    case 3: return -t * log(1 / (1 + exp(-x))) - (1 - t) * log(1 / (1 + exp(x)));
    case 4: return fmax(0, 1 - (t == 0 || t == 1 ? side : 2 * t - 1) * x);
    default: return x - 2 * t * x;
    }
}

static inline void naive_element_loss(const rig *r, double *y)
{
    const int64_t weights = r->n->nin > 2 ? r->x[2].n : 1, each = r->x[0].n / weights;
    double sum = 0, total = 0;
    for (int64_t i = 0; i < r->x[0].n; i++) {
        const double k = r->n->nin > 2 ? p_at(r, 2, i / each) : 1, t = r->n->nin > 1 ? p_at(r, 1, i) : setting(r, "target");
        sum += k * element_of_type((int)setting(r, "type"), setting(r, "beta"), p_at(r, 0, i), t), total += k;
    }
    *y = setting(r, "norm") ? sum / total : sum;
}

static inline void naive_soft_dice(const rig *r, double *y)
{
    const key_list *w = (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, "weights")->at);
    const int64_t channels = tensor_channels(r->n->in[0]), pixels = r->x[0].n / channels;
    const double eps = setting(r, "eps"), e = setting(r, "squares") ? 2 : 1;
    *y = 0;
    for (int64_t c = 0; c < channels; c++) {
        double above = eps, below = eps;
        for (int64_t i = 0; i < pixels; i++) {
            const double p = chance(r, i, c, 1), t = p_at(r, 1, i * channels + c);
            above += 2 * p * t, below += pow(p, e) + (e == 1 ? t : t * t);
        }
        *y += (w->n ? w->v[c] : 1 / (double)channels) * (1 - above / below);
    }
}

/* softmax of pixel p of input i over the temperature */
static inline double cooled(const rig *r, int i, int64_t p, int64_t c, double temperature)
{
    const int64_t all = tensor_channels(r->n->in[0]);
    double sum = 0;
    for (int64_t k = 0; k < all; k++) sum += exp((p_at(r, i, p * all + k) - p_at(r, i, p * all + c)) / temperature);
    return 1 / sum;
}
static inline void naive_distill(const rig *r, double *y)
{
    const int64_t channels = tensor_channels(r->n->in[0]), pixels = r->x[0].n / channels;
    const double t = setting(r, "temperature");
    *y = 0;
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            *y += cooled(r, 1, p, c, t) * log(cooled(r, 1, p, c, t) / cooled(r, 0, p, c, t)) * t * t / (double)pixels;
}

static inline int within_samples(const rig *r) { return r->n->in[1]->s.nd == 2; }
static inline double gathered(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const int64_t wide = r->n->in[0]->s.d[2], from = index_at(r, within_samples(r) ? n * r->n->in[1]->s.d[1] + h : n);
    if (from < 0) return 0;
    return within_samples(r) ? x_at(r, 0, n, from / wide, from % wide, c) : x_at(r, 0, from, h, w, c);
}
static inline void naive_gather(const rig *r, double *y) { EACH_OUT(gathered(r, n, h, w, c)); }

static inline double scattered(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const int64_t wide = r->n->in[0]->s.d[2], each = r->n->in[1]->s.d[1];
    double sum = 0;
    for (int64_t k = 0; !within_samples(r) && k < r->x[1].n; k++) if (index_at(r, k) == n) sum += x_at(r, 0, k, h, w, c);
    for (int64_t k = 0; within_samples(r) && k < each; k++) if (index_at(r, n * each + k) == h) sum += x_at(r, 0, n, k / wide, k % wide, c);
    return sum;
}
static inline void naive_scatter(const rig *r, double *y) { EACH_OUT(scattered(r, n, h, w, c)); }

static inline double picked(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return index_at(r, n) < 0 ? 0 : x_at(r, 0, n, h, w, index_at(r, n) * tensor_channels(r->n->out[0]) + c);
}
static inline void naive_pick(const rig *r, double *y) { EACH_OUT(picked(r, n, h, w, c)); }

/* the place of the element of sample i that `rank` others come before, -1 where there are not so many */
static inline int64_t place_of(const rig *r, int64_t i, int64_t rank)
{
    const int64_t all = r->x[0].n / r->n->in[0]->s.d[0], n = r->n->nin > 1 ? (int64_t)fmin((double)all, (double)index_at(r, i)) : all;
    for (int64_t j = 0; j < n; j++) {
        int64_t before = 0;
        for (int64_t k = 0; k < n; k++) {
            const double a = p_at(r, 0, i * all + k), b = p_at(r, 0, i * all + j);
            before += a == b ? k < j : (a > b) == !setting(r, "order");
        }
        if (before == rank) return j;
    }
    return -1;
}
static inline void naive_top_k(const rig *r, double *y)
{
    const int64_t all = r->x[0].n / r->n->in[0]->s.d[0], take = r->n->out[0]->s.d[1];
    for (int64_t k = 0; k < r->y[0].n; k++) {
        const int64_t j = place_of(r, k / take, k % take);
        y[k] = j < 0 ? 0 : p_at(r, 0, k / take * all + j);
        if (*(int32_t *)slot_at(&r->y[1], k) != j)
            fail_msg("law 2: place %lld is %d, wanted %lld", (long long)k, *(int32_t *)slot_at(&r->y[1], k), (long long)j);
    }
}

/* whether element i of the input belongs to result k */
static inline int belongs(const rig *r, int64_t i, int64_t k)
{
    const tensor *x = r->n->in[0];
    const int64_t channels = tensor_channels(x), sample = i / (r->x[0].n / x->s.d[0]), over = (int64_t)setting(r, "over");
    return k == (over == 0 ? 0 : over == 1 ? sample : over == 2 ? sample * channels + i % channels : i / channels);
}
static inline void naive_maximum(const rig *r, double *y)
{
    for (int64_t k = 0; k < r->y[0].n; k++) {
        y[k] = -INFINITY;
        for (int64_t i = 0; i < r->x[0].n; i++) if (belongs(r, i, k)) y[k] = fmax(y[k], p_at(r, 0, i));
    }
}

static inline void naive_argmax(const rig *r, double *y)
{
    const int64_t channels = tensor_channels(r->n->in[0]);
    for (int64_t p = 0; p < r->y[0].n; p++) {
        y[p] = 0;
        for (int64_t c = 1; c < channels; c++)
            if (p_at(r, 0, p * channels + c) > p_at(r, 0, p * channels + (int64_t)y[p])) y[p] = (double)c;
    }
}
#endif
