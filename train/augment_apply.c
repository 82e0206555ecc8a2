/* augment_apply.c - see augment_apply.h. */
#include "train/augment_apply.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

void augment_scratch_free(augment_scratch *t)
{
    free(t->plane), free(t->grey), free(t->spare), free(t->shift), free(t->inside);
    *t = (augment_scratch){ 0 };
}

static void make_room(augment_scratch *t, int64_t n)
{
    if (t->pixels >= n) return;
    free(t->inside), free(t->grey), free(t->spare), free(t->shift);
    t->inside = xalloc((size_t)n), t->grey = xalloc_n((size_t)n, sizeof *t->grey), t->spare = xalloc_n((size_t)n, sizeof *t->spare);
    t->shift = xalloc_n((size_t)n, 2 * sizeof *t->shift), t->pixels = n;
}

/* The names of exchangeable classes, by place: of a pair the one whose middle lies further left in the part (of equals, higher up) gets the lower
 * number, and so does one that is alone. After every mirror and turn, so that the picture tells the name. */
static void name_by_place(const uint8_t twin[256], const fit_part *part, int64_t w, uint8_t *labels)
{
    for (int a = 0; a < 256; a++) {
        const int b = twin[a];
        if (b <= a) continue;
        double n[2] = { 0 }, x[2] = { 0 }, y[2] = { 0 };
        for (int64_t i = part->y0; i < part->y1; i++)
            for (int64_t j = part->x0; j < part->x1; j++) {
                const int v = labels[i * w + j], k = v == b;
                if (v == a || k) n[k]++, x[k] += (double)j, y[k] += (double)i;
            }
        if (!n[1] || (n[0] && (x[0] * n[1] < x[1] * n[0] || (x[0] * n[1] == x[1] * n[0] && y[0] * n[1] <= y[1] * n[0])))) continue;
        for (int64_t i = part->y0; i < part->y1; i++)
            for (int64_t j = part->x0; j < part->x1; j++) {
                uint8_t *v = labels + i * w + j;
                *v = (uint8_t)(*v == a ? b : *v == b ? a : *v);
            }
    }
}

/* A part of the net's input, of this sample with this augmentation; grey and labels (net_h, net_w) are written there alone. */
static void make_part(const sample *s, const augmentation *a, const fit_part *part, const uint8_t swap[256], const uint8_t twin[256],
                      augment_scratch *t, float *grey, uint8_t *labels)
{
    const int64_t w = s->f.net_w, n = s->f.net_h * w;
    fit_view v = { a->to_film, NULL, NULL, *part };
    if (t->room < fit_plane_floats(&s->source)) {
        t->room = fit_plane_floats(&s->source);
        t->plane = xgrow(t->plane, t->room * sizeof *t->plane);
    }
    if (a->elastic > 0) augment_shifts(a, &s->f, t->shift, t->shift + n), v.dx = t->shift, v.dy = t->shift + n;
    fit_sample_view(&s->f, &s->source, &v, t->plane, grey, t->inside);
    augment_grey(a, &s->f, part, s->source.lo, s->source.hi, t->inside, t->spare, grey);
    fit_sample_labels_view(&s->f, &s->source, &v, labels);
    for (int64_t y = part->y0; y < part->y1; y++) augment_labels(a, swap, part->x1 - part->x0, labels + y * w + part->x0);
    name_by_place(twin, part, w, labels);
}

augmentation augment_sample(const augment_conf *c, samples *set, const uint8_t swap[256], uint64_t seed, int64_t epoch, int64_t i,
    int64_t turn,
                            int64_t channels, augment_scratch *t, float *image, uint8_t *labels)
{
    t->reading = i;
    sample s = samples_get(set, i);
    const int64_t n = s.f.net_h * s.f.net_w;
    const fit_part all = { 0, s.f.net_h, 0, s.f.net_w };
    augment_mosaic m;
    make_room(t, n);
    memcpy(t->classes, s.classes, sizeof t->classes);
    float *grey = channels == 1 ? image : t->grey;
    augmentation a = c ? augment_draw(c, &s.f, seed, epoch, i, turn) : augment_none(&s.f);
    if (c && !t->alone && augment_mosaic_draw(c, &s.f, samples_of_size(set, set->size[i]), seed, epoch, i, turn, &m)) {
        for (int k = 0; k < 4; k++) {
            if (k) m.sample[k] = samples_nth(set, set->size[i], m.sample[k]);        /* of the same size, so that its fit is the same */
            t->reading = m.sample[k];
            sample q = k ? samples_get(set, m.sample[k]) : s;
            augmentation b = augment_draw(c, &q.f, seed, epoch, m.sample[k], m.turn[k]);
            augment_mosaic_place(&m, k, &q.f, &b);
            make_part(&q, &b, &m.part[k], swap, set->twin, t, grey, labels);
            if (k) samples_done(&q); else a = b;
        }
    } else make_part(&s, &a, &all, swap, set->twin, t, grey, labels);
    if (grey != image)
        for (int64_t p = 0; p < n * channels; p++) image[p] = grey[p / channels];
    samples_done(&s);
    return a;
}
