/* film.c - a case in the canonical frame, with every plate's slope and what is wrong with it; see film.h.
 *
 * Spacing first, angles second: with pixels that are not square an angle between pixel positions is wrong. The mirror is solved here,
 * in one line (`canonical`), and nowhere else. */
#include "geometry/film.h"
#include "geometry/vec.h"
#include <string.h>

typedef struct to_canonical { double x, y; } to_canonical;

static geo_point canonical(geo_point p, const to_canonical *k) { return vec(p.x * k->x, p.y * k->y); }

static plate plate_of(geo_point a, geo_point p) { return (plate){ a, p, atan2(-(a.y - p.y), a.x - p.x) * DEGREES }; }
static double plate_length(const plate *p) { return apart(p->a, p->p); }

/* A plate shorter than a quarter of those beside it is a fault of its contour. */
static int too_short(const plate *p, const plate *above, const plate *below)
{
    double length = plate_length(p), sum = 0;
    int n = 0;
    if (above) sum += plate_length(above), n++;
    if (below) sum += plate_length(below), n++;
    return !(length >= 1e-6) || (n && length < 0.25 * sum / n);
}

static const level_frame *beside(const film *f, int level)
{
    return level >= GEO_C2 && level <= GEO_L5 && f->level[level].given & GIVEN_CORNERS ? &f->level[level] : NULL;
}

static void find_faults(film *f)
{
    for (int i = GEO_C1; i <= GEO_S1; i++) {
        level_frame *v = &f->level[i];
        const level_frame *up = beside(f, i - 1), *down = beside(f, i + 1);
        if (!(v->given & GIVEN_CORNERS)) continue;
        if (i == GEO_S1) {
            if (too_short(&v->sup, up ? &up->inf : NULL, NULL)) v->bad |= BAD_SUP;
            continue;
        }
        if (too_short(&v->sup, up ? &up->sup : NULL, down ? &down->sup : NULL)) v->bad |= BAD_SUP;
        if (too_short(&v->inf, up ? &up->inf : NULL, down ? &down->inf : NULL)) v->bad |= BAD_INF;
        geo_point d1 = sub(v->corner[IP], v->corner[SA]), d2 = sub(v->corner[IA], v->corner[SP]);
        int turns = 1;                                      /* counter-clockwise all round: no bow-tie, no mirror */
        const int round[4] = { SA, SP, IP, IA };
        for (int k = 0; k < 4; k++) {
            geo_point a = v->corner[round[k]], b = v->corner[round[(k + 1) % 4]], c = v->corner[round[(k + 2) % 4]];
            turns &= cross(sub(b, a), sub(c, b)) >= 0;
        }
        if (!turns || !(cross(d1, d2) > 0)) v->bad |= BAD_ORDER;
    }
}

void film_build(const geo_case *c, int facing, film *f)
{
    memset(f, 0, sizeof *f);
    f->facing = facing, f->spaced = c->sx > 0, f->age = c->age, f->choice = c->choice, f->has_point = c->has_point, f->heads = c->heads;
    const to_canonical k = { facing * (f->spaced ? c->sx : 1), -(f->spaced ? c->sy : 1) };
    for (int i = GEO_C1; i <= GEO_S1; i++) {
        const level_given *from = &c->level[i];
        level_frame *to = &f->level[i];
        to->given = from->given, to->marks = from->marks;
        if (!from->given) continue;
        for (int n = 0; n < 4; n++) to->corner[n] = canonical(from->corner[n], &k);
        for (int n = 0; n < 2; n++) to->middle[n] = canonical(from->middle[n], &k);
        to->centre = canonical(from->centre, &k);
        if (!(from->given & GIVEN_CORNERS)) continue;
        to->sup = plate_of(to->corner[SA], to->corner[SP]);
        if (i == GEO_S1) continue;
        to->inf = plate_of(to->corner[IA], to->corner[IP]);
        to->centre = middle(middle(to->corner[SA], to->corner[SP]), middle(to->corner[IA], to->corner[IP]));
    }
    f->m = middle(f->level[GEO_S1].corner[SA], f->level[GEO_S1].corner[SP]);
    for (int i = 0; i < c->heads; i++) f->head[i] = canonical(vec(c->head[i].x, c->head[i].y), &k), f->radius[i] = c->head[i].r * fabs(k.x);
    f->hips = c->heads == 2 ? middle(f->head[0], f->head[1]) : f->head[0];
    for (int i = 0; i < GEO_POINTS; i++) f->point[i] = canonical(c->point[i], &k);
    find_faults(f);
    level_frame *t1 = &f->level[GEO_T1], *c7 = &f->level[GEO_C7];
    if (c->choice[CHOICE_T1S] == 1 && !(t1->given & GIVEN_CORNERS) && c7->given & GIVEN_CORNERS && !(c7->bad & (BAD_SUP | BAD_ORDER))) {
        t1->sup = c7->sup, f->t1_from_c7 = 1;
    }
}
