/* rebuild.c - see rebuild.h. Greys go to the net's range and back by the film's own statistics, which are those of the film as it is given:
 * of a film with a hole, those of the filled one, so that metal which is no longer there does not press the rest together. */
#include "eval/rebuild.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

static int has_codebook(const net *t)
{
    for (int i = 0; i < t->g->n; i++) if (!strcmp(t->g->node[i]->op->name, "quantize")) return 1;
    return 0;
}

rebuilder *rebuilder_new(checkpoint *k, const fit_conf *fit, const char *precision, const device *dev)
{
    const char *const words[] = { "net.batch=1", precision };
    const int n = precision ? 2 : 1;
    if (!k->net) die("%s: holds no network: wanted a checkpoint that `train` or `convert` wrote", k->path);
    if (fit->clahe > 0) die("%s: its run has data.clahe=%g, which cannot be undone: wanted a network trained without", k->path, fit->clahe);
    net *t = net_parse(k->net, k->path, words, n);
    if (!has_codebook(t) || t->conf.channels != t->conf.classes)
        die("%s: its network does not rebuild films (%s, %lld channels in, %lld out), wanted one trained with [adversary], as configs/runs/vqgan-small.cfg",
            k->path, has_codebook(t) ? "a codebook" : "no codebook", (long long)t->conf.channels, (long long)t->conf.classes);
    rebuilder *r = xalloc(sizeof *r);
    r->fit = *fit, r->p = params_new(t->g, dev, 0);
    checkpoint_load(k, r->p, NULL);
    net_free(t);
    r->program = net_program_new(k->net, k->path, words, n, r->p, dev);
    const net_conf *c = &r->program->t->conf;
    r->in = xalloc_n((size_t)(c->height * c->width * c->channels), sizeof *r->in);
    r->out = xalloc_n((size_t)(c->height * c->width * c->channels), sizeof *r->out);
    return r;
}

void rebuilder_free(rebuilder *r)
{
    if (!r) return;
    net_program_free(r->program), params_free(r->p);
    free(r->in), free(r->out), free(r);
}

/* One film on the net's canvas, and how greys come back from there. */
typedef struct canvas { fit f; int64_t n; float *grey, sub, mul; } canvas;

static canvas canvas_new(const rebuilder *r, const float *film, int64_t h, int64_t w)
{
    const net_conf *c = &r->program->t->conf;
    canvas v = { .f = fit_make(&r->fit, h, w, c->height, c->width), .n = c->height * c->width };
    uint16_t *pixels = xalloc_n((size_t)(h * w), sizeof *pixels);
    for (int64_t i = 0; i < h * w; i++) pixels[i] = (uint16_t)((film[i] < 0 ? 0 : film[i] > 1 ? 1 : film[i]) * 65535 + 0.5f);
    fit_source s = fit_reduce(&v.f, pixels, 16, NULL);
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane);
    v.grey = xalloc_n((size_t)v.n, sizeof *v.grey), v.sub = s.sub, v.mul = s.mul;
    fit_sample(&v.f, &s, &v.f.to_film, plane, v.grey, NULL);
    fit_source_free(&s), free(plane), free(pixels);
    return v;
}

/* v->grey through the net, into out (net's pixels): the mean of its channels */
static void pass(rebuilder *r, const canvas *v, float *out)
{
    const int64_t c = r->program->t->conf.channels;
    for (int64_t i = 0; i < v->n * c; i++) r->in[i] = (real)v->grey[i / c];
    net_program_run(r->program, r->in, r->out);
    for (int64_t i = 0; i < v->n; i++) {
        real sum = 0;
        for (int64_t k = 0; k < c; k++) sum += r->out[i * c + k];
        out[i] = (float)(sum / (real)c);
    }
}

/* map (the net's pixels), which is freed, to the film's greys */
static void hand_back(canvas *v, float *map, float *out)
{
    for (int64_t i = 0; i < v->n; i++) map[i] = (map[i] / v->mul + v->sub) / 65535;
    fit_back_map(&v->f, map, out);
    free(map), free(v->grey);
}

void rebuilder_run(rebuilder *r, const float *film, int64_t h, int64_t w, float *out)
{
    canvas v = canvas_new(r, film, h, w);
    float *map = xalloc_n((size_t)v.n, sizeof *map);
    pass(r, &v, map);
    hand_back(&v, map, out);
}

/* Which of the net's pixels see anything of the mask: fresh (net's pixels) */
static float *holes_of(const canvas *v, const uint8_t *mask)
{
    const int64_t n = v->f.h * v->f.w;
    fit f = v->f;
    uint8_t *white = xalloc((size_t)n);
    float *seen = xalloc_n((size_t)v->n, sizeof *seen);
    f.conf.normalise = FIT_SCALE, f.conf.range = FIT_UNIT;
    for (int64_t i = 0; i < n; i++) white[i] = mask[i] ? 255 : 0;
    fit_film(&f, white, 8, 1, seen);
    free(white);
    return seen;
}

void rebuilder_fill(rebuilder *r, const float *film, const uint8_t *mask, int64_t h, int64_t w, int64_t passes, float *out)
{
    canvas v = canvas_new(r, film, h, w);
    float *map = xalloc_n((size_t)v.n, sizeof *map), *hole = holes_of(&v, mask);
    for (int64_t k = 0; k < passes; k++) {
        pass(r, &v, map);
        for (int64_t i = 0; i < v.n; i++) if (hole[i] > 0) v.grey[i] = map[i];
    }
    free(hole);
    hand_back(&v, map, out);
}
