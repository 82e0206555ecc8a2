/* buckets.c - films through a detector at sizes that a rule gives them (nn/detector_input.h). Padded to a multiple, films of any size come
 * to a few sizes, and each of these has a program of its own, made when it first comes and kept. */
#include "eval/predict.h"
#include "base/die.h"
#include "nn/detector_input.h"
#include <stdlib.h>

enum { KEPT = 4 };                           /* programs, each with an arena; the one made first goes when there are more sizes */
struct bucket { input_size size; net_program *program; };

static net_program *make(const predictor *p, input_size size)
{
    const net *t = p->of[0].program[0]->t;
    char *text = net_text(t), *h = xprintf("net.height=%lld", (long long)size.h), *w = xprintf("net.width=%lld", (long long)size.w);
    net_program *r = net_program_new(text, t->text->path, (const char *const[]){ h, w }, 2, p->of[0].p, p->of[0].program[0]->c.dev);
    free(text), free(h), free(w);
    return r;
}

static net_program *program_for(predictor *p, input_size size)
{
    if (!p->bucket) p->bucket = xalloc_n(KEPT, sizeof *p->bucket);
    for (int i = 0; i < p->buckets; i++) if (p->bucket[i].size.h == size.h && p->bucket[i].size.w == size.w) return p->bucket[i].program;
    if (p->buckets == KEPT) {
        net_program_free(p->bucket[0].program);
        for (int i = 1; i < KEPT; i++) p->bucket[i - 1] = p->bucket[i];
        p->buckets--;
    }
    p->bucket[p->buckets] = (struct bucket){ size, make(p, size) };
    return p->bucket[p->buckets++].program;
}

instances buckets_detect(predictor *p, const image *film)
{
    const net *t = p->of[0].program[0]->t;
    const detector_conf *d = &t->detector->conf;
    const input_size size = { film->h, film->w }, resized = detector_resized(d, size), padded = detector_padded(d, resized);
    const size_t channels = (size_t)t->conf.channels;
    const double sy = (double)film->h / (double)resized.h, sx = (double)film->w / (double)resized.w;
    fit f = fit_make(&p->fit, film->h, film->w, film->h, film->w);
    float *image = xalloc_n((size_t)(film->h * film->w) * channels, sizeof *image);
    real *in = xalloc_n((size_t)(padded.h * padded.w) * channels, sizeof *in);
    net_program *r = program_for(p, padded);
    fit_film(&f, film->p, film->bits, t->conf.channels, image);
    detector_input(d, size, image, resized, padded, in);
    net_program_detect(r, in, (const int32_t[]){ (int32_t)resized.h, (int32_t)resized.w });
    f.to_film = affine_axes(sx, sy, 0.5 * sx - 0.5, 0.5 * sy - 0.5);
    free(image), free(in);
    return instances_of(r, &f);
}

void buckets_free(predictor *p)
{
    for (int i = 0; i < p->buckets; i++) net_program_free(p->bucket[i].program);
    free(p->bucket);
}
