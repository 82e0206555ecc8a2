/* instances.c - see instances.h. A mask is pasted at the film's own size, so borders are as fine as the film. */
#include "eval/instances.h"
#include "base/die.h"
#include "datasets/store.h"
#include "eval/objects.h"
#include "nn/net.h"
#include <stdlib.h>

/* An edge of pixels lies half a pixel before the centre of the next one. */
static box on_film(const fit *f, box b)
{
    double a[2], c[2];
    affine_apply(&f->to_film, (double)b.x1 - 0.5, (double)b.y1 - 0.5, a);
    affine_apply(&f->to_film, (double)b.x2 - 0.5, (double)b.y2 - 0.5, c);
    return (box){ (real)(a[0] + 0.5), (real)(a[1] + 0.5), (real)(c[0] + 0.5), (real)(c[1] + 0.5) };
}

instance *instances_masks(const instances *o, int64_t h, int64_t w)
{
    instance *out = xalloc_n((size_t)o->n + 1, sizeof *out);
    uint32_t *runs[INSTANCES_MOST];
    int64_t nruns[INSTANCES_MOST];
    objects_runs(o->number, h * w, o->n, runs, nruns);
    for (int k = 0; k < o->n; k++) out[k] = (instance){ .value = o->class[k], .nruns = nruns[k], .runs = runs[k] };
    return out;
}

int instances_sure(const instances *o)
{
    static const float least = 0.3f;
    int n = o->n;
    while (n && o->score[n - 1] < least) n--;
    return n;
}

instances instances_of(const net_program *r, const fit *f)
{
    const detector_conf *d = &r->t->detector->conf;
    detected all = net_program_detected(r);
    const found *o = all.image;
    const int64_t pixels = f->h * f->w;
    instances out = { .number = xalloc((size_t)pixels) };
    real *map = xalloc_n((size_t)pixels, sizeof *map);
    for (int64_t k = 0; k < o->n && out.n < INSTANCES_MOST; k++) {
        const box b = box_clip(on_film(f, o->boxes[k]), (real)f->w, (real)f->h), frame = on_film(f, box_widened(o->boxes[k], d->mask_margin));
        const mask_patch p = mask_patch_of(d->paste == PASTE_SAMPLED, o->size, frame, f->h, f->w);
        int64_t covered = 0;
        mask_paste_patch(d->paste == PASTE_SAMPLED, o->size, o->maps + k * o->size * o->size, frame, p, f->w, map);
        for (int64_t y = p.y1; y < p.y2; y++)
            for (int64_t i = y * f->w + p.x1; i < y * f->w + p.x2; i++)
                if (!out.number[i] && map[i] >= (real)d->mask_threshold) out.number[i] = (uint8_t)(out.n + 1), covered++;
        if (!covered) continue;
        const float edge[4] = { (float)b.x1, (float)b.y1, (float)b.x2, (float)b.y2 };
        for (int j = 0; j < 4; j++) out.box[out.n][j] = edge[j];
        out.score[out.n] = (float)o->scores[k], out.class[out.n] = (int)detector_class(d, o->label[k]);
        out.n++;
    }
    free(map), detected_free(&all);
    return out;
}
