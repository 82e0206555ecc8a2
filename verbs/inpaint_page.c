/* inpaint_page.c - see inpaint_page.h. All panes of a film go through one window of greys, that of the original, or a restored film would look
 * brighter only because its metal is gone. */
#include "verbs/inpaint_page.h"
#include "base/die.h"
#include "eval/html.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 560, GAP = 8, PANES = 4 };         /* longer side of a pane, and the gap, in pixels */

typedef struct strip { uint8_t *rgb; int64_t h, w, stride, at; } strip;

/* grey (h, w) 0..1, with the mask over it or without (NULL) */
static void pane(strip *s, const float *grey, const uint8_t *mask, int64_t h, int64_t w)
{
    float *small = xalloc_n((size_t)(s->h * s->w), sizeof *small);
    uint8_t *map = xalloc_n((size_t)s->h, (size_t)s->w), *out = xalloc_n((size_t)(s->h * s->w), 3);
    resize_smooth(grey, h, w, small, s->h, s->w);
    for (int64_t i = 0; i < 3 * s->h * s->w; i++) out[i] = (uint8_t)lrintf(255 * fminf(1, fmaxf(0, small[i / 3])));
    if (mask) resize_labels(mask, h, w, map, s->h, s->w), overlay_labels(out, map, s->h, s->w, 0.45, 1);
    for (int64_t y = 0; y < s->h; y++) memcpy(s->rgb + 3 * (y * s->stride + s->at), out + 3 * y * s->w, (size_t)(3 * s->w));
    s->at += s->w + GAP;
    free(small), free(map), free(out);
}

static char *caption_of(const char *name, const inpainted *o, int64_t pixels)
{
    if (!o->pixels) return xprintf("%s: no implants found; the film is unchanged", name);
    return xprintf("%s: %lld pixels (%.2f %%) filled by %s; from left to right the film, %sthe mask, the restored film", name, (long long)o->pixels,
                   100 * (double)o->pixels / (double)pixels, inpaint_methods[o->method], o->rebuilt ? "what the network makes of it, " : "");
}

void inpaint_page_film(FILE *f, const char *name, const image *film, const inpainted *o)
{
    const int64_t h = film->h, w = film->w;
    const double scale = fmin(1, (double)SIDE / (double)(h > w ? h : w));
    strip s = { .h = (int64_t)fmax(1, round(scale * (double)h)), .w = (int64_t)fmax(1, round(scale * (double)w)) };
    const int panes = PANES - !o->rebuilt;
    s.stride = panes * (s.w + GAP) - GAP, s.rgb = xalloc_n((size_t)(s.h * s.stride), 3);
    float *grey = xalloc_n((size_t)(h * w), sizeof *grey);
    image_to_float(film, grey);
    pane(&s, grey, NULL, h, w);
    if (o->rebuilt) pane(&s, o->rebuilt, NULL, h, w);
    pane(&s, grey, o->mask, h, w);
    image_to_float(&o->restored, grey);
    pane(&s, grey, NULL, h, w);
    char *caption = caption_of(name, o, h * w), *alt = xprintf("%s before and after", name);
    html_rgb(f, s.rgb, s.h, s.stride, alt, caption);
    free(caption), free(alt), free(s.rgb), free(grey);
}
