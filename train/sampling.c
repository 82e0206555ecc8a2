/* sampling.c - see sampling.h. */
#include "train/sampling.h"
#include "base/die.h"
#include "base/rng.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void normalise(double *w, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += w[i];
    for (int64_t i = 0; i < n; i++) w[i] *= (double)n / sum;
}

/* has[c]: does the label map of case i hold class c? has[0]: it holds none. */
static void classes_in(const samples *set, int64_t i, uint8_t has[256])
{
    const store_case *c = samples_case(set, i);
    const int64_t area = c->h * c->w;
    uint8_t *labels = xalloc((size_t)area);
    samples_labels(set, i, labels);
    memset(has, 0, 256);
    for (int64_t p = 0; p < area; p++) has[labels[p]] = 1;
    has[0] = has[IGNORED] = 0;
    has[0] = !memchr(has, 1, 256);
    free(labels);
}

static void balance(sampling *s, const samples *set)
{
    int64_t cases[256] = { 0 };
    uint8_t *has = xalloc_n((size_t)s->n, 256);
    for (int64_t i = 0; i < s->n; i++) {
        classes_in(set, i, has + 256 * i);
        for (int c = 0; c < 256; c++) cases[c] += has[256 * i + c];
    }
    for (int64_t i = 0; i < s->n; i++)
        for (int c = 0; c < 256; c++) if (has[256 * i + c]) s->weight[i] += 1.0 / (double)cases[c];
    normalise(s->weight, s->n);
    free(has);
}

sampling sampling_new(int kind, const samples *set)
{
    sampling s = { .kind = kind, .n = set->n };
    if (kind == SAMPLING_UNIFORM) return s;
    s.weight = xalloc_n((size_t)s.n, sizeof *s.weight);
    if (kind == SAMPLING_BALANCED) balance(&s, set);
    if (kind == SAMPLING_HARD) {
        s.loss = xalloc_n((size_t)s.n, sizeof *s.loss);
        for (int64_t i = 0; i < s.n; i++) s.weight[i] = 1, s.loss[i] = NAN;
    }
    return s;
}

void sampling_free(sampling *s)
{
    free(s->weight), free(s->loss);
    *s = (sampling){ 0 };
}

void sampling_met(sampling *s, int64_t i, double loss)
{
    if (s->loss) s->loss[i] = isnan(s->loss[i]) ? loss : 0.5 * s->loss[i] + 0.5 * loss;
}

/* Losses may be below 0 (that of nnU-Net): what counts is how far a case lies above the easiest. */
int sampling_next(sampling *s)
{
    double least = INFINITY, sum = 0;
    int64_t met = 0;
    if (!s->loss) return 0;
    for (int64_t i = 0; i < s->n; i++) if (s->loss[i] < least) least = s->loss[i];
    if (least > 0) least = 0;
    for (int64_t i = 0; i < s->n; i++) if (!isnan(s->loss[i])) sum += s->loss[i] - least, met++;
    const double mean = met ? sum / (double)met : 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double w = mean > 0 && !isnan(s->loss[i]) ? (s->loss[i] - least) / mean : 1;
        s->weight[i] = fmin(4, fmax(0.25, w));
    }
    normalise(s->weight, s->n);
    return 1;
}

void sampling_save(const sampling *s, checkpoint *k)
{
    if (!s->loss) return;
    enum { ROOM = 64 };                                          /* two numbers in hexadecimal */
    char *text = xalloc((size_t)s->n * ROOM + 1);
    size_t at = 0;
    for (int64_t i = 0; i < s->n; i++) at += (size_t)snprintf(text + at, ROOM, "%a %a\n", s->weight[i], s->loss[i]);
    checkpoint_put_text(k, "sampling", text);
    free(text);
}

void sampling_load(sampling *s, const checkpoint *k)
{
    if (!s->loss) return;
    const char *text = checkpoint_text(k, "sampling");
    for (int64_t i = 0; i < s->n; i++) {
        char *a = NULL, *b = NULL;
        if (text) s->weight[i] = strtod(text, &a), s->loss[i] = strtod(a, &b);
        if (!text || a == text || b == a || !(s->weight[i] > 0 && s->weight[i] <= (double)s->n) || isinf(s->loss[i]))
            die("%s: sampling: the weights of the cases are not what training writes", k->path);
        text = b;
    }
}

static void shuffle(uint64_t seed, int64_t epoch, uint32_t which, int64_t n, int64_t *order)
{
    for (int64_t i = n - 1; i > 0; i--) {
        rng4 r = rng_draw(seed, RNG_SHUFFLE, (uint32_t)epoch, which, (uint64_t)i);
        int64_t j = rng_below(r.v[0], (uint32_t)i + 1), t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

int64_t sampling_order(uint64_t seed, int64_t epoch, int size, int64_t n, const double *weight, int64_t *order, int64_t *turn)
{
    const uint32_t which = 2 * (uint32_t)size;
    const double offset = rng_u01(rng_draw(seed, RNG_SHUFFLE, (uint32_t)epoch, which + 1, 0).v[0]);
    double sum = 0;
    int64_t at = 0, most = 0;
    for (int64_t i = 0; i < n && weight; i++)
        for (sum += weight[i]; at < n && (double)at + offset < sum; at++) order[at] = i;
    for (; at < n; at++) order[at] = weight ? n - 1 : at;        /* weights may add up to a rounding less than n */
    shuffle(seed, epoch, which, n, order);
    int64_t *seen = xalloc_n((size_t)n, sizeof *seen);
    for (int64_t i = 0; i < n; i++) {
        turn[i] = seen[order[i]]++;
        if (turn[i] > most) most = turn[i];
    }
    free(seen);
    return most;
}

static int64_t batches(int64_t n, int64_t batch) { return (n + batch - 1) / batch; }

int64_t sampling_steps(const samples *set, int64_t batch)
{
    int64_t steps = 0;
    for (int k = 0; k < set->sizes.n; k++) steps += batches(samples_of_size(set, k), batch);
    return steps;
}

/* The batches of one size, its n samples; weight: of the whole set. Returns how many samples they hold. */
static int64_t deal_size(const samples *set, int size, int64_t n, uint64_t seed, int64_t epoch, int64_t batch, int mix, const double *weight,
                         int64_t *sample, int64_t *turn)
{
    const int64_t all = batches(n, batch) * batch;
    int64_t *member = xalloc_n((size_t)n, sizeof *member), *order = xalloc_n((size_t)n, sizeof *order), *before = xalloc_n((size_t)n, sizeof *before);
    double *own = weight ? xalloc_n((size_t)n, sizeof *own) : NULL;
    for (int64_t i = 0, k = 0; i < set->n; i++) {
        if (set->size[i] != size) continue;
        if (own) own[k] = weight[i];
        order[k] = k, member[k++] = i;
    }
    if (own && set->sizes.n > 1) normalise(own, n);          /* one size alone: they are */
    const int64_t turns = 1 + (mix ? sampling_order(seed, epoch, size, n, own, order, before) : 0);
    for (int64_t p = 0; p < all; p++) sample[p] = member[order[p % n]], turn[p] = before[p % n] + p / n * turns;
    free(member), free(order), free(before), free(own);
    return all;
}

void sampling_deal(const samples *set, uint64_t seed, int64_t epoch, int64_t batch, int mix, const double *weight, int64_t *sample, int64_t *turn)
{
    const int64_t steps = sampling_steps(set, batch), all = steps * batch;
    int64_t at = 0, *place = xalloc_n((size_t)steps, sizeof *place), *s = xalloc_n((size_t)all, 2 * sizeof *s), *t = s + all;
    for (int k = 0; k < set->sizes.n; k++) {
        const int64_t n = samples_of_size(set, k);
        if (n) at += deal_size(set, k, n, seed, epoch, batch, mix, weight, s + at, t + at);
    }
    for (int64_t b = 0; b < steps; b++) place[b] = b;
    if (mix && set->sizes.n > 1) shuffle(seed, epoch, 2 * FIT_SIZES, steps, place);
    for (int64_t p = 0; p < all; p++) {
        const int64_t to = place[p / batch] * batch + p % batch;
        sample[to] = s[p], turn[to] = t[p];
    }
    free(place), free(s);
}
