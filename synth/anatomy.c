/* anatomy.c - one patient and film from a seed; see anatomy.h. Draws person, sizes and slopes until the spine is one that could be, then
 * hangs
 * everything else on it. Streams go on from try to try, so a refused spine costs nothing but time. */
#include "synth/anatomy.h"
#include "base/die.h"
#include "synth/frame.h"
#include "synth/lesions.h"
#include "synth/parts.h"
#include "synth/plane.h"
#include "synth/scoliosis.h"
#include <stdlib.h>
#include <string.h>

enum { SOLIDS = 640, POINTS = 40000, TRIES = 2000 };

typedef struct work {
    dimension size[LEVEL_SLOTS]; lesion lesions[LEVEL_SLOTS];
    double s1, vector, radius, sva;                                        /* plate, M to hips, head, mm; the SVA wanted or NAN */
    draws person, pathology, size_, slopes, pelvis, fracture, film;
} work;

static void pelvis_draw(const person *p, work *w)
{
    const double grown = (p->size - 1) / 0.08;                             /* correlated with size, of the published spread */
    w->s1 = 33.5 + 2.5 * (0.8 * grown + draws_normal(&w->pelvis, 0, 0.6)), w->vector = 118 + 8 * (0.8 * grown + draws_normal(&w->pelvis,
        0, 0.6));
    w->radius = 23.5 + 1.6 * (0.8 * grown + draws_normal(&w->pelvis, 0, 0.6));
    w->s1 = fmax(26, w->s1), w->vector = fmax(90, w->vector), w->radius = fmax(18, w->radius);
}

/* The angles as the film shows them: a patient who leans forwards by the tilt. */
static person tilted(const anatomy *a)
{
    person p = a->person;
    p.ss += a->film.tilt, p.t1s += a->film.tilt;
    return p;
}

static double lay(anatomy *a, const work *w, double pt)
{
    a->person.pt = pt, a->person.ss = a->person.pi - pt;
    const person p = tilted(a);
    const slopes s = slopes_draw(&p, a->chain, a->n, a->uiv, w->slopes);
    chain_build(a, &s, w->size, w->lesions, w->s1);
    return chain_sva(a);
}

/* Turns the pelvis until the plumb line falls where it should (secant, at most 8 steps), within what hips allow. */
static void balance(anatomy *a, const work *w)
{
    const double least = fmax(-8, a->person.pi - 70), most = fmin(48, a->person.pi - 2);
    double t0 = a->person.pt, t1 = fmin(most, t0 + 4), v0 = lay(a, w, t0) - w->sva, v1 = lay(a, w, t1) - w->sva;
    for (int i = 0; i < 8 && fabs(v1) > 0.5 && fabs(v1 - v0) > 1e-6; i++) {
        const double t = fmin(most, fmax(least, t1 - v1 * (t1 - t0) / (v1 - v0)));
        t0 = t1, v0 = v1, t1 = t, v1 = lay(a, w, t1) - w->sva;
    }
}

static int ldi_sound(const anatomy *a)
{
    const vertebra *l4 = &a->v[GEO_L4], *l1 = &a->v[GEO_L1];
    const double ss = plane_slope(a->s1[0], a->s1[1]), ll = ss - plane_slope(l1->corner[SA], l1->corner[SP]),
        low = ss - plane_slope(l4->corner[SA], l4->corner[SP]);
    return low > 0.45 * ll && low < 0.85 * ll;
}

static int try_spine(anatomy *a, work *w)
{
    memset(a->v, 0, sizeof a->v);
    a->person = person_draw(&w->person);
    a->pathology = a->set.pathology == PATHOLOGIES ? (int)pathology_draw(&w->pathology) : a->set.pathology;
    a->uiv = a->pathology == PATH_JUNCTION ? GEO_T10 + draws_below(&w->pathology, 3) : 0;
    a->lstv = a->pathology == PATH_LSTV ? (int[]){ -1, 1, 2 }[draws_below(&w->pathology, 3)] : 0;
    person_afflict(&a->person, a->pathology, &w->pathology, &w->sva);
    a->n = chain_levels(a->lstv, a->chain);
    dimensions_draw(a->person.size, &w->size_, w->size), pelvis_draw(&a->person, w);
    lesions_draw(a, w->size, w->s1, w->lesions, &w->fracture);
    w->slopes.k += PLATES * 2;
    const double natural = lay(a, w, a->person.pt);
    if (isfinite(w->sva)) balance(a, w);
    else w->sva = natural;
    const int wide = a->pathology != PATH_NONE;
    return chain_sound(a, wide) && (wide || ldi_sound(a)) && fabs(chain_sva(a)) < 200;
}

static void shoulders(anatomy *a, draws *d)
{
    for (int l = 0; l < LEVEL_SLOTS; l++) for (int c = 0; c < 4; c++) a->v[l].visible[c] = a->v[l].there;
    if (!draws_chance(d, a->stress ? 0.8 : 0.12) && !a->set.hidden) return;
    for (int l = GEO_C7; l <= GEO_T2; l++) {
        a->v[l].hidden = 1;
        for (int c = 0; c < 4; c++) a->v[l].visible[c] = l == GEO_C7 && c < IA;
    }
}

/* Bone thins with age (some 0.7 % a year from 40), and differs between people of one age; joints and arches that carry more grow dense. */
static void bone_draw(anatomy *a)
{
    draws d = draws_begin(a->seed, a->index, STAGE_BONE);
    const double sound = draws_normal(&d, 1.08 - 0.007 * fmax(0, a->person.age - 40), 0.17);
    a->bone.filled = fmin(fmax(sound, 0.35), 1.4), a->bone.cortex = draws_range(&d, 0.5, 1.2), a->bone.behind = draws_range(&d, 0.9, 1.9);
}

static void lateral(anatomy *a, work *w)
{
    int tries = 0;
    while (!try_spine(a, w)) if (++tries == TRIES) die("synth: no spine for seed %llu, film %u", (unsigned long long)a->seed, a->index);
    draws contour = draws_begin(a->seed, a->index, STAGE_CONTOUR), skull = draws_begin(a->seed, a->index, STAGE_SKULL);
    draws posterior = draws_begin(a->seed, a->index, STAGE_POSTERIOR), marks = draws_begin(a->seed, a->index, STAGE_DISC);
    double middle[2], hip[2];
    bone_draw(a);
    const double pt = DEGREE * (a->person.pt - a->film.tilt);
    parts_bodies(a, w->lesions, w->size, &contour), parts_posterior(a, &posterior), parts_neck(a, &skull), parts_sacrum(a, &contour);
    lesions_solids(a, w->lesions, &marks);
    plane_mix(middle, a->s1[0], a->s1[1], 0.5);
    hip[0] = middle[0] + w->vector * sin(pt), hip[1] = middle[1] + w->vector * cos(pt);
    frame_draw(a, hip, &w->film);
    parts_heads(a, w->radius, hip, &w->pelvis);
    shoulders(a, &w->film);
}

anatomy *anatomy_new(const anatomy_settings *set, uint64_t seed, uint32_t index)
{
    anatomy *a = xalloc(sizeof *a);
    work *w = xalloc(sizeof *w);
    a->set = *set, a->seed = seed, a->index = index, a->region = set->region, a->stress = set->stress, a->solids = solids_new(SOLIDS,
        POINTS);
    w->person = draws_begin(seed, index, STAGE_PERSON), w->pathology = draws_begin(seed, index, STAGE_PATHOLOGY);
    w->size_ = draws_begin(seed, index, STAGE_SIZE), w->slopes = draws_begin(seed, index, STAGE_SLOPES), w->pelvis = draws_begin(seed,
        index, STAGE_PELVIS);
    w->fracture = draws_begin(seed, index, STAGE_FRACTURE), w->film = draws_begin(seed, index, STAGE_FILM);
    a->film.tilt = draws_normal(&w->film, 0, set->tilt);
    if (set->region == REGION_AP) scoliosis_build(a);
    else lateral(a, w);
    free(w);
    return a;
}

void anatomy_free(anatomy *a)
{
    if (!a) return;
    solids_free(&a->solids);
    free(a);
}
