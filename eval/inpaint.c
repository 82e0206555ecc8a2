/* inpaint.c - see inpaint.h. Greys are shares of what the film's bits hold. The trap is the seam: a network's greys are a little off, and its
 * mean over a whole film is right where the hole is not. So the difference between film and network just outside the hole is carried into it
 * (`level`), and the outermost pixels of the mask, which lie beyond the metal, fade from the film into the filling (`feather`). */
#include "eval/inpaint.h"
#include "base/die.h"
#include "datasets/erase.h"
#include "eval/grey.h"
#include "eval/telea.h"
#include "geometry/geometry.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const inpaint_methods[] = { "auto", "codes", "telea" };

const key inpaint_keys[] = {
    { "method", K_WORD, offsetof(inpaint_conf, method), "auto",
      "codes: a network's, which needs weights; telea: fast marching (Telea 2004); auto: codes where there are weights", 0, 0, "auto|codes|telea" },
    IMPLANT_KEYS(offsetof(inpaint_conf, find)),
    { "passes", K_INT, offsetof(inpaint_conf, passes), "5", "codes: times that the filled film goes through the network", 1, 100, NULL },
    { "level", K_BOOL, offsetof(inpaint_conf, level), "1", "codes: carry the difference between film and network round the hole into it", 0, 0, NULL },
    { "radius", K_INT, offsetof(inpaint_conf, radius), "5", "telea: pixels within which what is known counts", 1, 64, NULL },
    { "feather", K_INT, offsetof(inpaint_conf, feather), "2", "pixels at the mask's border, inside it, that fade from film to filling", 0, 64, NULL },
    { .name = NULL }
};

/* The filling of the mask, as greys of the whole film; fresh */
static float *filling(const inpaint_conf *c, rebuilder *r, int method, const float *film, const uint8_t *mask, int64_t h, int64_t w)
{
    const size_t bytes = (size_t)(h * w) * sizeof(float);
    float *out = xalloc(bytes), *erased;
    memcpy(out, film, bytes);
    if (method == INPAINT_TELEA) { telea(out, h, w, mask, (int)c->radius); return out; }
    erased = xalloc(bytes);
    memcpy(erased, film, bytes);
    erase_fill(erased, h, w, mask);
    rebuilder_fill(r, erased, mask, h, w, c->passes, out);
    if (c->level) {
        for (int64_t i = 0; i < h * w; i++) erased[i] = film[i] - out[i];
        erase_fill(erased, h, w, mask);
        for (int64_t i = 0; i < h * w; i++) out[i] += erased[i];
    }
    free(erased);
    return out;
}

static void put(image *m, int64_t i, double grey)
{
    const int top = m->bits == 16 ? 65535 : 255, v = (int)(fmin(fmax(grey, 0), 1) * top + 0.5);
    if (m->bits == 16) ((uint16_t *)m->p)[i] = (uint16_t)v;
    else ((uint8_t *)m->p)[i] = (uint8_t)v;
}

/* Inside the mask alone. A mask without an outside has nothing to go by and is left. */
static void blend(const inpaint_conf *c, const float *film, const float *fill, inpainted *o)
{
    const int64_t h = o->restored.h, w = o->restored.w;
    double *depth = xalloc_n((size_t)(h * w), sizeof *depth);
    uint8_t *outside = xalloc((size_t)(h * w));
    for (int64_t i = 0; i < h * w; i++) outside[i] = !o->mask[i];
    if (geo_distance(outside, h, w, 1, 1, depth)) die_machine("out of memory");
    for (int64_t i = 0; i < h * w; i++) {
        if (!o->mask[i]) continue;
        const double share = fmin(1, depth[i] / (double)(c->feather + 1));
        put(&o->restored, i, (1 - share) * (double)film[i] + share * (double)fill[i]);
    }
    free(depth), free(outside);
}

static int64_t changed(const inpainted *o, const image *film)
{
    int64_t n = 0;
    for (int64_t i = 0; i < film->h * film->w; i++) n += !o->mask[i] && image_at(&o->restored, i) != image_at(film, i);
    return n;
}

inpainted inpaint_film(const inpaint_conf *c, rebuilder *r, const image *film, const uint8_t *given)
{
    const int64_t h = film->h, w = film->w, n = h * w;
    inpainted o = { .method = c->method ? c->method : r ? INPAINT_CODES : INPAINT_TELEA, .restored = image_new(h, w, film->bits) };
    assert(r || o.method != INPAINT_CODES);
    float *grey = xalloc_n((size_t)n, sizeof *grey);
    image_to_float(film, grey);
    memcpy(o.restored.p, film->p, (size_t)n * (size_t)film->bits / 8);
    o.mask = xalloc((size_t)n);
    if (r) o.rebuilt = xalloc_n((size_t)n, sizeof *o.rebuilt), rebuilder_run(r, grey, h, w, o.rebuilt);
    if (given) for (int64_t i = 0; i < n; i++) o.mask[i] = given[i] != 0;
    else o.found = implant_find(&c->find, grey, o.rebuilt, h, w, o.mask);
    for (int64_t i = 0; i < n; i++) o.pixels += o.mask[i];
    if (o.pixels && o.pixels < n) {
        float *fill = filling(c, r, o.method, grey, o.mask, h, w);
        blend(c, grey, fill, &o);
        free(fill);
    }
    o.changed_outside = changed(&o, film);
    free(grey);
    return o;
}

void inpainted_free(inpainted *o)
{
    image_free(&o->restored);
    free(o->rebuilt), free(o->mask);
    *o = (inpainted){ 0 };
}

/* ---- against the truth --------------------------------------------------------------------------------------------------------------- */

/* 10 log10 (1 / mean squared difference), and the mean similarity, inside the mask; an exact picture has 100 dB. */
static void closeness(const image *a, const float *clean, const uint8_t *inside, double *psnr, double *ssim)
{
    const int64_t n = a->h * a->w;
    float *x = xalloc_n((size_t)n, sizeof *x), *like = xalloc_n((size_t)n, sizeof *like);
    double square = 0, sum = 0, pixels = 0;
    image_to_float(a, x);
    grey_similarity(x, clean, a->h, a->w, 1, like);
    for (int64_t i = 0; i < n; i++) {
        if (!inside[i]) continue;
        const double d = (double)x[i] - (double)clean[i];
        square += d * d, sum += (double)like[i], pixels++;
    }
    *psnr = fmin(100, 10 * log10(pixels / square)), *ssim = sum / pixels;
    free(x), free(like);
}

inpaint_gain inpaint_measure(const inpainted *o, const image *film, const image *clean, const uint8_t *implant)
{
    const int64_t n = film->h * film->w;
    int64_t both = 0, true_pixels = 0;
    inpaint_gain g = { NAN, NAN, NAN, NAN, NAN };
    for (int64_t i = 0; i < n; i++) both += o->mask[i] && implant[i], true_pixels += implant[i] != 0;
    if (true_pixels + o->pixels) g.dice = 2 * (double)both / (double)(true_pixels + o->pixels);
    if (!true_pixels) return g;
    float *x = xalloc_n((size_t)n, sizeof *x);
    image_to_float(clean, x);
    closeness(film, x, implant, &g.psnr_before, &g.ssim_before);
    closeness(&o->restored, x, implant, &g.psnr, &g.ssim);
    free(x);
    return g;
}
