/* facing.c - which way the patient looks, by weighted votes; see film.h.
 *
 * A wrong answer flips every sign, so a weak sum is no answer. The bows of a kyphotic spine vote the wrong way: that is why several
 * structures vote, and why the sacrum behind its own plate counts most of the bony ones. Votes look at which side things lie on, on the
 * image, so no corner needs to be named anterior yet: each takes a middle of both ends of a plate. */
#include "geometry/film.h"
#include "geometry/vec.h"

static geo_point centre_of(const geo_case *c, int level)
{
    const level_given *v = &c->level[level];
    if (!(v->given & GIVEN_CORNERS)) return v->centre;
    if (level == GEO_S1) return middle(v->corner[SA], v->corner[SP]);
    return middle(middle(v->corner[SA], v->corner[SP]), middle(v->corner[IA], v->corner[IP]));
}

static int known(const geo_case *c, int level) { return c->level[level].given & (GIVEN_CORNERS | GIVEN_CENTRE); }

static double sign(double x) { return (x > 0) - (x < 0); }

/* +1 where p lies to the right of the line from top to bottom. */
static double bow(geo_point top, geo_point bottom, geo_point p) { return sign(-cross(sub(bottom, top), sub(p, top))); }

static double point_vote(const geo_case *c, int front, int back)
{
    return c->has_point[front] && c->has_point[back] ? sign(c->point[front].x - c->point[back].x) : 0;
}

static double bow_vote(const geo_case *c, int top, int apex, int bottom)
{
    return known(c, top) && known(c, apex) && known(c, bottom) ? bow(centre_of(c, top), centre_of(c, bottom), centre_of(c, apex)) : 0;
}

int facing_vote(const geo_case *c, double *score, int *conflict)
{
    if (c->voted && !c->facing) return *score = c->voted_score, *conflict = c->voted_conflict, c->voted;
    double anatomy = 8 * point_vote(c, GEO_HARD_PALATE, GEO_OPISTHION) + 8 * point_vote(c, GEO_BASION, GEO_OPISTHION);
    anatomy += known(c, GEO_S1) ? 3 * bow_vote(c, GEO_L1, GEO_L3, GEO_S1) : 2 * bow_vote(c, GEO_L1, GEO_L3, GEO_L5);
    anatomy -= 2 * bow_vote(c, GEO_T1, GEO_T7, GEO_T12);
    if (known(c, GEO_S1)) {
        double m = centre_of(c, GEO_S1).x, hips = 0;
        if (c->has_point[GEO_SACRUM_CENTROID]) anatomy += 4 * sign(m - c->point[GEO_SACRUM_CENTROID].x);
        for (int i = 0; i < c->heads; i++) hips += c->head[i].x - m;
        anatomy += 2 * sign(hips);
    }
    int given = c->facing ? c->facing : c->orientation;
    *conflict = given && anatomy * given <= -6;
    *score = anatomy + (*conflict ? 0 : 10 * c->orientation);
    if (c->facing) return c->facing;
    return *score >= 3 ? 1 : *score <= -3 ? -1 : 0;
}
