/* naive_vq.h - the part of naive.h (which includes it) about codebooks and adversaries. */
#ifndef TESTS_NAIVE_VQ_H
#define TESTS_NAIVE_VQ_H

static inline double vq_square(const rig *r, int64_t row, int64_t code)
{
    const int64_t channels = tensor_channels(r->n->in[0]);
    double sum = 0;
    for (int64_t j = 0; j < channels; j++) sum += pow(p_at(r, 0, row * channels + j) - p_at(r, 1, code * channels + j), 2);
    return sum;
}
static inline void naive_quantize(const rig *r, double *y)
{
    const int64_t channels = tensor_channels(r->n->in[0]), codes = r->n->in[1]->s.d[0];
    for (int64_t i = 0; i < r->x[0].n / channels; i++) {
        int64_t best = 0;
        for (int64_t k = 1; k < codes; k++) if (vq_square(r, i, k) < vq_square(r, i, best)) best = k;
        for (int64_t j = 0; j < channels; j++) y[i * channels + j] = p_at(r, 1, best * channels + j);
        if (*(int32_t *)slot_at(&r->y[1], i) != best)
            fail_msg("law 2: index %lld is %d, wanted %lld", (long long)i, *(int32_t *)slot_at(&r->y[1], i), (long long)best);
    }
}

static inline int32_t vq_index(const rig *r, int64_t i) { return *(int32_t *)slot_at(&r->x[2], i); }
static inline void naive_codebook_loss(const rig *r, double *y)
{
    *y = 0;
    for (int64_t i = 0; i < r->x[2].n; i++) if (vq_index(r, i) >= 0) *y += vq_square(r, i, vq_index(r, i)) / (double)r->x[0].n;
    *y *= setting(r, "beta") + (setting(r, "type") < 2);
}

static inline void naive_codebook_update(const rig *r, double *y)
{
    double n = 0, entropy = 0;
    for (int64_t i = 0; i < r->x[2].n; i++) n += vq_index(r, i) >= 0;
    for (int64_t k = 0; k < r->n->in[1]->s.d[0]; k++) {
        double p = 0;
        for (int64_t i = 0; i < r->x[2].n; i++) p += (vq_index(r, i) == k) / n;
        entropy -= p > 0 ? p * log(p) : 0;
    }
    *y = exp(entropy);
}

static inline double unit_at(const rig *r, int i, int64_t k)
{
    const int64_t channels = tensor_channels(r->n->in[0]);
    double sum = 0;
    for (int64_t j = k / channels * channels; j < (k / channels + 1) * channels; j++) sum += p_at(r, i, j) * p_at(r, i, j);
    return p_at(r, i, k) / (sqrt(sum) + setting(r, "eps"));
}
static inline void naive_unit_difference(const rig *r, double *y)
{
    for (int64_t k = 0; k < r->y[0].n; k++) y[k] = pow(unit_at(r, 0, k) - unit_at(r, 1, k), 2);
}

static inline double listed(const rig *r, const char *name, int64_t c)
{
    const key_list *l = (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, name)->at);
    return (double)(float)l->v[l->n == 1 ? 0 : c];
}
static inline void naive_affine(const rig *r, double *y) { EACH_OUT((x_at(r, 0, n, h, w, c) - listed(r, "shift", c)) / listed(r, "scale", c)); }

static inline void naive_balance(const rig *r, double *y)
{
    const double ratio = r->n->nin > 1 ? sqrt(p_at(r, 1, 0)) / (sqrt(p_at(r, 2, 0)) + setting(r, "floor")) : 1;
    *y = (double)r->c.step < setting(r, "start") ? 0 : p_at(r, 0, 0) * setting(r, "weight") * fmin(ratio, r->n->nin > 1 ? setting(r, "limit") : 1);
    near(slot_get(&r->y[1], 0) * slot_get(&r->x[0], 0), *y, 1e-6);
}
#endif
