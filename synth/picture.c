/* picture.c - the order in which a radiograph comes about; see picture.h. Everything is drawn as if the patient looked to the right; the
 * finished film is mirrored, and letters come last, so that they can be read. */
#include "synth/picture.h"
#include "base/die.h"
#include "kernels/math.h"
#include "synth/detector.h"
#include "synth/implants.h"
#include "synth/looks.h"
#include "synth/objects.h"
#include "synth/project.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the film is made of, without implants. */
static void compose(scene *s, int level)
{
    if (level > LEVEL_DIAGRAM) {
        if (s->a->region == REGION_AP) scene_frontal(s);
        else {
            scene_trunk(s), scene_lungs(s);
            if (s->overlap) scene_ribs(s), scene_head(s), scene_pelvis(s);
        }
        if (s->overlap) scene_gas(s);
        if (level >= LEVEL_TRAINING) scene_objects(s);
        float *soft = maps_of(s->m, MATERIAL_SOFT);            /* gas cannot be thicker than the body */
        for (int64_t i = 0; i < s->m->h * s->m->w; i++) soft[i] = soft[i] > 0 ? soft[i] : 0;
    }
    project_solids(s->m, &s->a->solids, &s->a->film, s->t);
}

static detector detector_draw(const anatomy *a, int level)
{
    draws d = draws_begin(a->seed, a->index, STAGE_DETECTOR);
    detector k = { .photons = exp(draws_range(&d, log(1.2e3), log(2e4))), .electronic = draws_range(&d, 2, 5),
        .scatter = draws_range(&d, 0.5, 2),
                   .scatter_mm = draws_range(&d, 40, 80), .blur_mm = draws_range(&d, 0.15, 0.3),
                       .motion_mm = draws_chance(&d, 0.3) ? draws_range(&d, 0, 0.5) : 0 };
    if (level == LEVEL_STRESS) k.photons /= 8;
    if (level == LEVEL_DIAGRAM) k = (detector){ 0 };
    return k;
}

/* 1 where the implants weaken the beam by more than 0.02 in the logarithm, and one pixel round it. */
static uint8_t *implant_mask(const float *plain, const float *with, int64_t h, int64_t w)
{
    uint8_t *hit = xalloc_n((size_t)(h * w), 2), *mask = xalloc_n((size_t)(h * w), 1);
    const float less = (float)exp(-0.02);
    for (int64_t i = 0; i < h * w; i++) hit[i] = with[i] < less * plain[i];
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            for (int64_t i = y > 0 ? y - 1 : 0; hit[y * w + x] && i <= y + 1 && i < h; i++)
                for (int64_t j = x > 0 ? x - 1 : 0; j <= x + 1 && j < w; j++) mask[i * w + j] = 1;
    free(hit);
    return mask;
}

/* A corner drowns where metal takes more than half of what is left, within a millimetre. */
static void see_corners(picture *p, const anatomy *a, const maps *m, const float *plain, const float *with)
{
    const int64_t r = (int64_t)ceil(1 / m->spacing);
    for (int level = 0; level < LEVEL_SLOTS; level++)
        for (int k = 0; k < 4; k++) {
            p->visible[level][k] = a->v[level].visible[k];
            if (!with || !a->v[level].there) continue;
            const int64_t x = llround((a->v[level].corner[k][0] - m->origin[0]) / m->spacing);
            const int64_t y = llround((a->v[level].corner[k][1] - m->origin[1]) / m->spacing);
            for (int64_t i = y - r; i <= y + r; i++)
                for (int64_t j = x - r; j <= x + r; j++)
                    if (i >= 0 && i < m->h && j >= 0 && j < m->w && with[i * m->w + j] < 0.5f
                        * plain[i * m->w + j]) p->visible[level][k] = 0;
        }
}

static void mirror(void *p, int64_t h, int64_t w, size_t each)
{
    uint8_t *b = p, t[8];
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w / 2; x++) {
            uint8_t *l = b + (size_t)(y * w + x) * each, *r = b + (size_t)(y * w + w - 1 - x) * each;
            memcpy(t, l, each), memcpy(l, r, each), memcpy(r, t, each);
        }
}

/* room (h, w) gets the logarithm that a look starts from, which for bone alone lacks what soft tissue would show without noise: veil. */
static const float *bared(const look_settings *look, const float *veil, const float *log, int64_t size, float *room)
{
    if (!veil) return log;
    for (int64_t i = 0; i < size; i++) room[i] = log[i] - (float)look->bare * veil[i];
    return room;
}

static float *veil_of(const maps *m, detector k)
{
    maps soft = maps_new(m->h, m->w, m->spacing, m->origin);
    soft.m[MATERIAL_SOFT] = m->m[MATERIAL_SOFT], soft.m[MATERIAL_LUNG] = m->m[MATERIAL_LUNG];
    float *primary = detector_primary(&soft, NULL), *veil = xalloc_n((size_t)(m->h * m->w), sizeof *veil);
    k.photons = 0;
    detector_log(&k, &soft, primary, primary, 0, 0, veil);
    free(primary);
    return veil;
}

static uint16_t *finish(const picture *p, const anatomy *a, const look_settings *look, const look_range *range, const float *log, int level)
{
    const int64_t size = p->h * p->w;
    float *work = xalloc_n((size_t)size, 2 * sizeof *work), *grey = work + size;
    uint16_t *film = xalloc_n((size_t)size, sizeof *film);
    memcpy(work, log, (size_t)size * sizeof *log);
    look_apply(look, range, work, p->h, p->w, grey);
    if (a->film.facing < 0) mirror(grey, p->h, p->w, sizeof *grey);
    if (level >= LEVEL_TRAINING) objects_mark(grey, a, look->inverted);
    for (int64_t i = 0; i < size; i++) film[i] = (uint16_t)(65535 * grey[i] + 0.5f);
    free(work);
    return film;
}

/* The spine's place in every row that the window is set for, in pixels; on films of the neck not that of the chest. */
static float *spine_rows(const scene *s, const look_settings *look)
{
    float *x = xalloc_n((size_t)s->m->h, sizeof *x);
    for (int64_t y = 0; y < s->m->h; y++) {
        const int other = s->a->region == REGION_CERVICAL && (s->row_level[y] < GEO_C1 || s->row_level[y] > GEO_C7 + 0.4);
        const double row = (double)y / (double)s->m->h;
        x[y] = other || row < look->from || row > look->to ? NAN : (float)((s->row_x[y] - s->m->origin[0]) / s->m->spacing);
    }
    return x;
}

picture *picture_new(const anatomy *a, const picture_settings *s)
{
    const film *f = &a->film;
    picture *p = xalloc(sizeof *p);
    maps m = maps_new(f->h, f->w, f->spacing, f->origin), metal = maps_new(f->h, f->w, f->spacing, f->origin);
    texture t = texture_new(a->seed, a->index, 1.8);
    scene body = scene_new(a, &m, &t, s->level >= LEVEL_OVERLAP);
    *p = (picture){ .h = f->h, .w = f->w };
    compose(&body, s->level);
    implants which = { 0 };
    const int pair = s->level >= LEVEL_TRAINING && implants_draw(&body, &metal, s->implants, &which);
    memcpy(p->implants, which.words, sizeof p->implants), memcpy(p->screws, which.screws, sizeof p->screws);
    float *plain = detector_primary(&m, NULL), *used = xalloc_n((size_t)(p->h * p->w), sizeof *used),
        *with = pair ? detector_primary(&m, &metal) : NULL;
    const detector k = detector_draw(a, s->level);
    const look_settings look = look_draw(a->seed, a->index, a->region, s->level, s->look, pair);
    see_corners(p, a, &m, plain, with);
    p->look = look.look, p->inverted = look.inverted, p->log = xalloc_n((size_t)(p->h * p->w), sizeof *p->log);
    if (pair) p->implant = implant_mask(plain, with, p->h, p->w), p->log_with = xalloc_n((size_t)(p->h * p->w), sizeof *p->log);
    memcpy(used, plain, (size_t)(p->h * p->w) * sizeof *used);
    detector_log(&k, &m, plain, used, a->seed, a->index, p->log);
    if (pair) detector_log(&k, &m, plain, with, a->seed, a->index, p->log_with);
    float *centre = spine_rows(&body, &look), *veil = look.bare > 0 ? veil_of(&m, k) : NULL;
    const float *seen = bared(&look, veil, p->log, f->h * f->w, used);
    look_range range = look_measure(&look, seen, p->h, p->w, f->spacing, centre, (a->region == REGION_AP ? 40 : 60) / f->spacing);
    p->film = finish(p, a, &look, &range, seen, s->level);
    if (pair) p->film_with = finish(p, a, &look, &range, bared(&look, veil, p->log_with, f->h * f->w, used), s->level);
    if (f->facing < 0) {
        mirror(p->log, p->h, p->w, sizeof(float));
        if (pair) mirror(p->log_with, p->h, p->w, sizeof(float)), mirror(p->implant, p->h, p->w, 1);
    }
    look_range_free(&range), scene_free(&body), texture_free(&t), maps_free(&m), maps_free(&metal);
    free(centre), free(veil), free(plain), free(used), free(with);
    return p;
}

void picture_free(picture *p)
{
    if (!p) return;
    free(p->film), free(p->film_with), free(p->implant), free(p->log), free(p->log_with), free(p);
}
