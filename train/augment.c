/* augment.c - see augment.h. Numbers of a sample: element 0.. of (seed, RNG_AUGMENT, epoch, sample); pixels: RNG_NOISE. */
#include "train/augment.h"
#include "base/die.h"
#include "base/rng.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const key augment_keys[] = {
    { "flip",          K_REAL, offsetof(augment_conf, flip), "0", "share of samples mirrored left to right (a lateral film has a front: leave 0)",
      0, 1, 0 },
    { "flip_vertical", K_REAL, offsetof(augment_conf, flip_vertical), "0", "share of samples turned upside down", 0, 1, 0 },
    { "pairs",         K_TEXT, offsetof(augment_conf, pairs), "", "classes that change places in a mirror: 26:27,3:4", 0, 0, 0 },
    { "geometry",      K_REAL, offsetof(augment_conf, geometry), "1", "share of samples that are rotated, scaled, sheared and shifted", 0, 1, 0 },
    { "rotate",        K_REAL, offsetof(augment_conf, rotate), "10", "largest rotation either way, degrees", 0, 180, 0 },
    { "scale",         K_LIST, offsetof(augment_conf, scale), "0.9,1.1", "smallest and largest magnification; one number v: 1-v,1+v", 0, 20, 0 },
    { "shear",         K_REAL, offsetof(augment_conf, shear), "0", "largest shear either way, degrees", 0, 60, 0 },
    { "shift",         K_REAL, offsetof(augment_conf, shift), "0.05", "largest shift either way, share of the film's sides", 0, 1, 0 },
    { "intensity",     K_REAL, offsetof(augment_conf, intensity), "1", "share of samples whose grey values change", 0, 1, 0 },
    { "gamma",         K_LIST, offsetof(augment_conf, gamma), "0.8,1.25",
      "smallest and largest exponent of the grey values; one number v: 1-v,1+v", 0, 20, 0 },
    { "contrast",      K_LIST, offsetof(augment_conf, contrast), "0.9,1.1",
      "smallest and largest factor about the middle of the range; one number v: 1-v,1+v", 0, 20, 0 },
    { "brightness",    K_REAL, offsetof(augment_conf, brightness), "0.05", "largest change either way, share of the film's range", 0, 10, 0 },
    { "noise",         K_REAL, offsetof(augment_conf, noise), "0.02",
      "largest standard deviation of added noise, share of the film's range", 0, 10, 0 },
    { 0 }
};

typedef struct range { double lo, hi; } range;

static range range_of(const key_list *l) { return l->n == 1 ? (range){ 1 - l->v[0], 1 + l->v[0] } : (range){ l->v[0], l->v[1] }; }

static void check_range(const key_list *l, double least, const char *name, const char *at)
{
    const range r = range_of(l);
    if (l->n < 1 || l->n > 2 || r.lo > r.hi) die_at(at, "%s: got %d numbers, wanted the smallest and the largest, or one v for 1-v,1+v", name, l->n);
    if (r.lo < least) die_at(at, "%s: got %.10g to %.10g, wanted at least %.10g", name, r.lo, r.hi, least);
}

void augment_check(const augment_conf *c, int64_t classes, const char *at, uint8_t swap[256])
{
    check_range(&c->scale, 0.05, "scale", at), check_range(&c->gamma, 0.05, "gamma", at), check_range(&c->contrast, 0, "contrast", at);
    for (int i = 0; i < 256; i++) swap[i] = (uint8_t)i;
    char *copy = xdup(c->pairs ? c->pairs : ""), *save;
    for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        int64_t a, b;
        char *colon = strchr(w, ':');
        if (colon) *colon = 0;
        if (!colon || !text_int(w, &a) || !text_int(colon + 1, &b)) die_at(at, "pairs: got '%s', wanted LEFT:RIGHT,...", c->pairs);
        if (a < 1 || b < 1 || a >= classes || b >= classes || a == b || swap[a] != a || swap[b] != b)
            die_at(at, "pairs: got %lld:%lld, wanted two different classes of 1 to %lld, each once", (long long)a, (long long)b,
                   (long long)classes - 1);
        swap[a] = (uint8_t)b, swap[b] = (uint8_t)a;
    }
    free(copy);
}

augmentation augment_none(const fit *f) { return (augmentation){ .to_film = f->to_film, .gamma = 1, .contrast = 1 }; }

/* About the film's centre: net -> film, then the inverse of what is done to the picture (a magnified picture samples more closely). */
static affine moved(const augment_conf *c, const fit *f, const rng4 *u, const rng4 *v, int mirror, int overturn, int move)
{
    const double degree = 3.14159265358979323846 / 180, cx = 0.5 * (double)(f->w - 1), cy = 0.5 * (double)(f->h - 1);
    double angle = move ? rng_range(u->v[0], -c->rotate, c->rotate) * degree : 0;
    double shear = move ? tan(rng_range(u->v[1], -c->shear, c->shear) * degree) : 0;
    const range scale = range_of(&c->scale);
    double s = move ? exp(rng_range(u->v[2], log(scale.lo), log(scale.hi))) : 1;
    double dx = move ? rng_range(v->v[0], -c->shift, c->shift) * (double)f->w : 0;
    double dy = move ? rng_range(v->v[1], -c->shift, c->shift) * (double)f->h : 0;
    double co = cos(angle) / s, si = sin(angle) / s, fx = mirror ? -1 : 1, fy = overturn ? -1 : 1;
    affine a = { { fx * co, fx * (shear * co - si), 0, fy * si, fy * (shear * si + co), 0 } };
    a.m[2] = cx - a.m[0] * (cx + dx) - a.m[1] * (cy + dy);
    a.m[5] = cy - a.m[3] * (cx + dx) - a.m[4] * (cy + dy);
    return affine_then(&f->to_film, &a);
}

augmentation augment_draw(const augment_conf *c, const fit *f, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn)
{
    rng4 r[4];
    for (uint64_t i = 0; i < 4; i++) r[i] = rng_draw(seed, RNG_AUGMENT, (uint32_t)epoch, (uint32_t)sample, (uint64_t)turn << 32 | i);
    int mirror = rng_u01(r[0].v[0]) < c->flip, overturn = rng_u01(r[0].v[1]) < c->flip_vertical;
    int move = rng_u01(r[0].v[2]) < c->geometry, shade = rng_u01(r[0].v[3]) < c->intensity;
    augmentation a = augment_none(f);
    a.mirrored = mirror != overturn;                     /* upside down alone mirrors too; both together are half a turn */
    a.to_film = moved(c, f, &r[1], &r[2], mirror, overturn, move);
    if (!shade) return a;
    const range gamma = range_of(&c->gamma), contrast = range_of(&c->contrast);
    a.gamma = exp(rng_range(r[3].v[0], log(gamma.lo), log(gamma.hi)));
    a.contrast = rng_range(r[3].v[1], contrast.lo, contrast.hi);
    a.brightness = rng_range(r[3].v[2], -c->brightness, c->brightness);
    a.noise = rng_range(r[3].v[3], 0, c->noise);
    return a;
}

/* Nearly normal, mean 0, sd 1: the sum of four 16-bit uniforms (Irwin 1927, Hall 1927). Two from one draw; ends at +-3.46. */
static inline void bells(const rng4 *r, float out[2])
{
    for (int i = 0; i < 2; i++) {
        uint32_t a = r->v[2 * i], b = r->v[2 * i + 1], sum = (a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16);
        out[i] = ((float)sum - 131070.f) * (1.f / 37837.f);          /* sd of one: 65536 / sqrt(12), of four twice that */
    }
}

static void add_noise(const augmentation *a, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn, float range,
                      const uint8_t *inside, int64_t n, float *image)
{
    const float sd = (float)a->noise * range;
    for (int64_t i = 0; i < n; i += 2) {
        rng4 r = rng_draw(seed, RNG_NOISE, (uint32_t)epoch, (uint32_t)sample, (uint64_t)turn << 32 | (uint64_t)i);
        float e[2];
        bells(&r, e);
        image[i] += inside[i] ? sd * e[0] : 0;
        if (i + 1 < n) image[i + 1] += inside[i + 1] ? sd * e[1] : 0;
    }
}

void augment_grey(const augmentation *a, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn, float lo, float hi,
                  const uint8_t *inside, int64_t n, float *image)
{
    enum { STEPS = 2048 };
    const float range = hi > lo ? hi - lo : 1, unit = STEPS / range;
    if (a->gamma != 1 || a->contrast != 1 || a->brightness != 0) {
        float curve[STEPS + 2];                              /* the whole change as a table: grey in, grey out */
        for (int i = 0; i <= STEPS; i++)
            curve[i] = lo + range * (float)((pow((double)i / STEPS, a->gamma) - 0.5) * a->contrast + 0.5 + a->brightness);
        curve[STEPS + 1] = curve[STEPS];
        for (int64_t i = 0; i < n; i++) {
            float t = (image[i] - lo) * unit;
            t = t < 0 ? 0 : t > STEPS ? STEPS : t;
            int k = (int)t;
            float v = curve[k] + (t - (float)k) * (curve[k + 1] - curve[k]);
            image[i] = inside[i] ? v : image[i];
        }
    }
    if (a->noise > 0) add_noise(a, seed, epoch, sample, turn, range, inside, n, image);
}

void augment_labels(const augmentation *a, const uint8_t swap[256], int64_t n, uint8_t *labels)
{
    if (a->mirrored) for (int64_t i = 0; i < n; i++) labels[i] = swap[labels[i]];
}
