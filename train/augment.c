/* augment.c - what is drawn for a sample; see augment.h. Points: augment_warp.c, greys: augment_grey.c. Numbers of a sample: element 0.. of
 * (seed, RNG_AUGMENT, epoch, sample), each number its own place, so that switching one thing on changes nothing else. */
#include "train/augment.h"
#include "base/die.h"
#include "base/rng.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const key augment_keys[] = {
    { "flip",          K_REAL, offsetof(augment_conf, flip), "0",
        "share of samples mirrored left to right (a lateral film has a front: leave 0)",
      0, 1, 0 },
    { "flip_vertical", K_REAL, offsetof(augment_conf, flip_vertical), "0", "share of samples turned upside down", 0, 1, 0 },
    { "pairs",         K_TEXT, offsetof(augment_conf, pairs), "", "classes that change places in a mirror: 26:27,3:4", 0, 0, 0 },
    { "quarters",      K_REAL, offsetof(augment_conf, quarters), "0",
      "share of samples that are turned by 0 to 3 quarter turns and then mirrored, and not moved by what follows down to shift", 0, 1, 0 },
    { "geometry",      K_REAL, offsetof(augment_conf, geometry), "1",
      "share of samples (of those that quarters leaves) that are rotated, scaled, sheared and shifted", 0, 1, 0 },
    { "whole_degrees", K_BOOL, offsetof(augment_conf, whole_degrees), "0", "rotate by whole degrees, from -rotate to rotate - 1", 0, 0, 0 },
    { "rotate",        K_REAL, offsetof(augment_conf, rotate), "10", "largest rotation either way, degrees", 0, 180, 0 },
    { "scale",         K_LIST, offsetof(augment_conf, scale), "0.9,1.1", "smallest and largest magnification; one number v: 1-v,1+v", 0,
        20, 0 },
    { "shear",         K_REAL, offsetof(augment_conf, shear), "0", "largest shear either way, degrees", 0, 60, 0 },
    { "shift",         K_REAL, offsetof(augment_conf, shift), "0.05", "largest shift either way, share of the film's sides", 0, 1, 0 },
    { "intensity",     K_REAL, offsetof(augment_conf, intensity), "1", "share of samples whose grey values change", 0, 1, 0 },
    { "gamma",         K_LIST, offsetof(augment_conf, gamma), "0.8,1.25",
      "smallest and largest exponent of the grey values; one number v: 1-v,1+v", 0, 20, 0 },
    { "contrast",      K_LIST, offsetof(augment_conf, contrast), "0.9,1.1",
      "smallest and largest factor about the middle of the range; one number v: 1-v,1+v", 0, 20, 0 },
    { "brightness",    K_REAL, offsetof(augment_conf, brightness), "0.05", "largest change either way, share of the film's range", 0, 10,
        0 },
    { "noise",         K_REAL, offsetof(augment_conf, noise), "0.02",
      "largest standard deviation of added noise, share of the film's range", 0, 10, 0 },
    { "crop",          K_REAL, offsetof(augment_conf, crop), "0", "share of samples of which a part of the film is shown, enlarged", 0,
        1, 0 },
    { "crop_side",     K_LIST, offsetof(augment_conf, crop_side), "0.5,0.9",
        "smallest and largest side of that part, share of the film's", 0.05, 1, 0 },
    { "elastic",       K_REAL, offsetof(augment_conf, elastic), "0", "share of samples bent by a smooth random displacement", 0, 1, 0 },
    { "elastic_size",  K_REAL, offsetof(augment_conf, elastic_size), "0.15",
      "its largest displacement, share of a grid cell (below 1/4 nothing folds)", 0, 0.24, 0 },
    { "elastic_cells", K_INT,  offsetof(augment_conf, elastic_cells), "6", "grid cells along the longer side of the net's input", 1, 64,
        0 },
    { "mosaic",        K_REAL, offsetof(augment_conf, mosaic), "0", "share of samples put together of four, round a random point", 0, 1,
        0 },
    { "mosaic_scale",  K_LIST, offsetof(augment_conf, mosaic_scale), "0.5,1", "smallest and largest magnification of the four", 0.1, 4, 0 },
    { "clahe",         K_REAL, offsetof(augment_conf, clahe), "0", "share of samples whose local contrast is equalised (CLAHE)", 0, 1, 0 },
    { "clahe_clip",    K_LIST, offsetof(augment_conf, clahe_clip), "1,4", "smallest and largest clip limit", 0.1, 256, 0 },
    { "clahe_tiles",   K_INT,  offsetof(augment_conf, clahe_tiles), "8", "tiles along each side of the net's input", 1, 64, 0 },
    { "low_contrast",  K_REAL, offsetof(augment_conf, low_contrast), "0", "share of samples that look badly exposed", 0, 1, 0 },
    { "low_contrast_factor", K_LIST, offsetof(augment_conf, low_contrast_factor), "0.2,0.6",
      "smallest and largest share of the contrast that is left", 0, 1, 0 },
    { "invert",        K_REAL, offsetof(augment_conf, invert), "0", "share of samples with bright and dark exchanged", 0, 1, 0 },
    { "blur",          K_REAL, offsetof(augment_conf, blur), "0", "share of samples that are blurred", 0, 1, 0 },
    { "blur_sd",       K_LIST, offsetof(augment_conf, blur_sd), "0.5,1.5", "smallest and largest standard deviation, pixels of the net",
        0.1, 16, 0 },
    { "cutout",        K_REAL, offsetof(augment_conf, cutout), "0", "share of samples with grey patches over them; labels stay", 0, 1, 0 },
    { "cutout_side",   K_LIST, offsetof(augment_conf, cutout_side), "0.05,0.2",
        "smallest and largest side of a patch, share of the net's input", 0, 1, 0 },
    { "cutout_count",  K_INT,  offsetof(augment_conf, cutout_count), "3", "most patches on one sample", 1, AUGMENT_CUTS, 0 },
    { 0 }
};

typedef struct range { double lo, hi; } range;

static range range_of(const key_list *l) { return l->n == 1 ? (range){ 1 - l->v[0], 1 + l->v[0] } : (range){ l->v[0], l->v[1] }; }

static void check_range(const key_list *l, double least, const char *name, const char *at)
{
    const range r = range_of(l);
    if (l->n < 1 || l->n > 2 || r.lo > r.hi) die_at(at, "%s: got %d numbers, wanted the smallest and the largest, or one v for 1-v,1+v",
        name, l->n);
    if (r.lo < least) die_at(at, "%s: got %.10g to %.10g, wanted at least %.10g", name, r.lo, r.hi, least);
}

/* Lists whose one number v means v itself. */
static range plain(const key_list *l) { return (range){ l->v[0], l->v[l->n > 1] }; }

static void check_plain(const key_list *l, const char *name, const char *at)
{
    if (l->n < 1 || l->n > 2 || plain(l).lo > plain(l).hi) die_at(at, "%s: got %d numbers, wanted the smallest and the largest, or one",
        name, l->n);
}

void augment_pairs(const char *text, const char *key, int64_t classes, const char *at, uint8_t swap[256])
{
    for (int i = 0; i < 256; i++) swap[i] = (uint8_t)i;
    char *copy = xdup(text ? text : ""), *save;
    for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        int64_t a, b;
        char *colon = strchr(w, ':');
        if (colon) *colon = 0;
        if (!colon || !text_int(w, &a) || !text_int(colon + 1, &b)) die_at(at, "%s: got '%s', wanted LEFT:RIGHT,...", key, text);
        if (a < 1 || b < 1 || a >= classes || b >= classes || a == b || swap[a] != a || swap[b] != b)
            die_at(at, "%s: got %lld:%lld, wanted two different classes of 1 to %lld, each once", key, (long long)a, (long long)b,
                   (long long)classes - 1);
        swap[a] = (uint8_t)b, swap[b] = (uint8_t)a;
    }
    free(copy);
}

void augment_check(const augment_conf *c, int64_t classes, const char *at, uint8_t swap[256])
{
    check_range(&c->scale, 0.05, "scale", at), check_range(&c->gamma, 0.05, "gamma", at), check_range(&c->contrast, 0, "contrast", at);
    check_plain(&c->crop_side, "crop_side", at), check_plain(&c->mosaic_scale, "mosaic_scale", at), check_plain(&c->clahe_clip,
        "clahe_clip", at);
    check_plain(&c->low_contrast_factor, "low_contrast_factor", at), check_plain(&c->blur_sd, "blur_sd", at);
    check_plain(&c->cutout_side, "cutout_side", at);
    augment_pairs(c->pairs, "pairs", classes, at, swap);
}

augmentation augment_none(const fit *f) { return (augmentation){ .to_film = f->to_film, .gamma = 1, .contrast = 1 }; }

/* About the film's centre: net -> film, then the inverse of what is done to the picture (a magnified picture samples more closely). */
static affine moved(const augment_conf *c, const fit *f, const rng4 *u, const rng4 *v, int mirror, int overturn, int move)
{
    const double degree = 3.14159265358979323846 / 180, cx = 0.5 * (double)(f->w - 1), cy = 0.5 * (double)(f->h - 1);
    const double turn = rng_range(u->v[0], -c->rotate, c->rotate);
    double angle = move ? (c->whole_degrees ? floor(turn) : turn) * degree : 0;
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

/* Turned by so many quarters about the film's centre, then mirrored: upside down or left to right. The inverse of that, as in moved(). */
static affine turned(const fit *f, int64_t quarters, int upside_down, const affine *to_film)
{
    const double cx = 0.5 * (double)(f->w - 1), cy = 0.5 * (double)(f->h - 1);
    double x[2] = { upside_down ? 1 : -1, 0 }, y[2] = { 0, upside_down ? -1 : 1 };       /* film's x and y of a picture's (x, y) about the centre */
    for (; quarters > 0; quarters--)
        for (int k = 0; k < 2; k++) {
            const double was = x[k];
            x[k] = -y[k], y[k] = was;
        }
    const affine a = { { x[0], x[1], cx - x[0] * cx - x[1] * cy, y[0], y[1], cy - y[0] * cx - y[1] * cy } };
    return affine_then(to_film, &a);
}

static double between(const key_list *l, uint32_t u) { return rng_range(u, plain(l).lo, plain(l).hi); }

/* A part of the film with sides of this share, anywhere on it, fills what the whole film filled. */
static affine cropped(const augment_conf *c, const fit *f, const rng4 *u, const affine *to_film)
{
    const double side = between(&c->crop_side, u->v[1]);
    const double x = rng_range(u->v[2], 0, (1 - side) * (double)f->w) - 0.5, y = rng_range(u->v[3], 0, (1 - side) * (double)f->h) - 0.5;
    const affine part = affine_axes(side, side, x + 0.5 * side, y + 0.5 * side);                   /* film -> part of it, edge to edge */
    return affine_then(to_film, &part);
}

static void draw_cuts(const augment_conf *c, augmentation *a)
{
    const rng4 n = rng_draw(a->seed, RNG_AUGMENT, (uint32_t)a->epoch, (uint32_t)a->sample, (uint64_t)a->turn << 32 | 8);
    a->ncuts = 1 + rng_below(n.v[0], (uint32_t)c->cutout_count);
    for (int64_t k = 0; k < a->ncuts; k++) {
        rng4 u[2];
        for (uint64_t i = 0; i < 2; i++)
            u[i] = rng_draw(a->seed, RNG_AUGMENT, (uint32_t)a->epoch, (uint32_t)a->sample,
                (uint64_t)a->turn << 32 | (16 + 2 * (uint64_t)k + i));
        a->cut[k] = (augment_cut){ rng_u01(u[0].v[0]), rng_u01(u[0].v[1]), between(&c->cutout_side, u[0].v[2]), between(&c->cutout_side,
            u[0].v[3]),
                                   rng_u01(u[1].v[0]) };
    }
}

augmentation augment_draw(const augment_conf *c, const fit *f, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn)
{
    rng4 r[8];
    for (uint64_t i = 0; i < 8; i++) r[i] = rng_draw(seed, RNG_AUGMENT, (uint32_t)epoch, (uint32_t)sample, (uint64_t)turn << 32 | i);
    int mirror = rng_u01(r[0].v[0]) < c->flip, overturn = rng_u01(r[0].v[1]) < c->flip_vertical;
    const int turn_round = rng_u01(r[7].v[1]) < c->quarters;
    int move = !turn_round && rng_u01(r[0].v[2]) < c->geometry, shade = rng_u01(r[0].v[3]) < c->intensity;
    augmentation a = augment_none(f);
    a.seed = seed, a.epoch = epoch, a.sample = sample, a.turn = turn;
    a.mirrored = (mirror != overturn) != turn_round;     /* upside down alone mirrors too; both together are half a turn */
    a.to_film = moved(c, f, &r[1], &r[2], mirror, overturn, move);
    if (turn_round) a.to_film = turned(f, rng_below(r[7].v[2], 4), (int)rng_below(r[7].v[3], 2), &a.to_film);
    if (rng_u01(r[4].v[0]) < c->crop) a.to_film = cropped(c, f, &r[4], &a.to_film);
    a.cell = (double)(f->net_h > f->net_w ? f->net_h : f->net_w) / (double)c->elastic_cells;
    if (rng_u01(r[5].v[0]) < c->elastic) a.elastic = c->elastic_size * a.cell;
    if (shade) {
        const range gamma = range_of(&c->gamma), contrast = range_of(&c->contrast);
        a.gamma = exp(rng_range(r[3].v[0], log(gamma.lo), log(gamma.hi)));
        a.contrast = rng_range(r[3].v[1], contrast.lo, contrast.hi);
        a.brightness = rng_range(r[3].v[2], -c->brightness, c->brightness);
        a.noise = rng_range(r[3].v[3], 0, c->noise);
    }
    if (rng_u01(r[5].v[1]) < c->low_contrast) a.contrast *= between(&c->low_contrast_factor, r[5].v[2]);
    a.inverted = rng_u01(r[5].v[3]) < c->invert;
    if (rng_u01(r[6].v[0]) < c->clahe) a.clahe = between(&c->clahe_clip, r[6].v[1]), a.clahe_tiles = c->clahe_tiles;
    if (rng_u01(r[6].v[2]) < c->blur) a.blur = between(&c->blur_sd, r[6].v[3]);
    if (rng_u01(r[7].v[0]) < c->cutout) draw_cuts(c, &a);
    return a;
}

void augment_labels(const augmentation *a, const uint8_t swap[256], int64_t n, uint8_t *labels)
{
    if (a->mirrored) for (int64_t i = 0; i < n; i++) labels[i] = swap[labels[i]];
}

/* ---- mosaic ------------------------------------------------------------------------------------------------------------------------ */

int augment_mosaic_draw(const augment_conf *c, const fit *f, int64_t n, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn,
    augment_mosaic *m)
{
    rng4 r[4];
    for (uint64_t i = 0; i < 4; i++) r[i] = rng_draw(seed, RNG_AUGMENT, (uint32_t)epoch, (uint32_t)sample, (uint64_t)turn << 32 | (9 + i));
    if (!(rng_u01(r[0].v[0]) < c->mosaic)) return 0;
    const double lo = 0.3, hi = 0.7;                     /* where the point may lie, share of the sides */
    m->x = (int64_t)lrint(rng_range(r[0].v[1], lo, hi) * (double)f->net_w), m->y = (int64_t)lrint(rng_range(r[0].v[2], lo,
        hi) * (double)f->net_h);
    for (int k = 0; k < 4; k++) {
        m->sample[k] = k ? rng_below(r[1].v[k], (uint32_t)n) : sample;
        m->turn[k] = turn + 4096 * (k + 1);              /* another variation than the sample has when it stands alone */
        m->scale[k] = between(&c->mosaic_scale, r[2].v[k]);
        m->part[k] = (fit_part){ k / 2 ? m->y : 0, k / 2 ? f->net_h : m->y, k % 2 ? m->x : 0, k % 2 ? f->net_w : m->x };
    }
    return 1;
}

void augment_mosaic_place(const augment_mosaic *m, int k, const fit *f, augmentation *a)
{
    /* The picture's corner that faces the point, in the net's pixels as the plain fit has them: on its edge, half a pixel beyond the centre. */
    const affine to_net = affine_inverse(&f->to_film);
    double corner[2];
    affine_apply(&to_net, k % 2 ? -0.5 : (double)f->w - 0.5, k / 2 ? -0.5 : (double)f->h - 0.5, corner);
    const double s = 1 / m->scale[k], x = (double)m->x - 0.5, y = (double)m->y - 0.5;
    const affine place = affine_axes(s, s, corner[0] - s * x, corner[1] - s * y);
    a->to_film = affine_then(&place, &a->to_film);
}
