/* spine.c - see spine.h. */
#include "tests/spine.h"
#include "geometry/random.h"
#include "geometry/template.h"
#include "geometry/vec.h"
#include <string.h>

uint64_t spine_random(uint64_t *s) { return random_next(s); }
double spine_uniform(uint64_t *s, double from, double to) { return from + (to - from) * random_uniform(s); }
double spine_normal(uint64_t *s) { return random_normal(s); }

/* Along a plate of this slope, from posterior to anterior; its normal upwards. */
static geo_point forwards(double slope) { return vec(cos(slope / DEGREES), -sin(slope / DEGREES)); }
static geo_point upwards(double slope)  { return vec(sin(slope / DEGREES), cos(slope / DEGREES)); }

spine spine_make(uint64_t *seed, const spine_noise *noise)
{
    spine s;
    memset(&s, 0, sizeof s);
    double person = 1 + 0.08 * noise->person * spine_normal(seed), tilt = 4 * noise->person * spine_normal(seed),
        bend = 5 * noise->person * spine_normal(seed);
    double slope = usual[GEO_S1].sup + tilt + noise->slope * spine_normal(seed);
    s.corner[GEO_S1][0] = scale(forwards(slope), usual[GEO_S1].upper_depth * person);
    geo_point below[2] = { s.corner[GEO_S1][0], s.corner[GEO_S1][1] };         /* upper plate of what is below: anterior, posterior */
    double below_slope = slope;
    for (int i = GEO_L5; i >= GEO_C2; i--) {
        const usual_body *u = &usual[i];
        double part = (double)(GEO_S1 - i) / GEO_S1, shift = tilt * (1 - part) + bend * sin(6.28 * part);
        double size = person * (1 + noise->size * spine_normal(seed)), disc = person;
        if (spine_uniform(seed, 0, 1) < noise->disc) disc *= spine_uniform(seed, 0.3, 0.8);
        double inf = u->inf + shift + noise->slope * spine_normal(seed), sup = u->sup + shift + noise->slope * spine_normal(seed);
        if (spine_uniform(seed, 0, 1) < noise->fracture) sup += spine_uniform(seed, 8, 18);
        geo_point gap = scale(upwards(0.5 * (inf + below_slope)), 0.5 * (u->disc_ant + u->disc_post) * disc);
        geo_point m = add(middle(below[0], below[1]), gap), half = scale(forwards(inf), 0.5 * u->lower_depth * size);
        s.corner[i][2] = add(m, half), s.corner[i][3] = sub(m, half);
        m = add(m, scale(upwards(0.5 * (inf + sup)), 0.5 * u->height * (1 + u->ratio) * size));
        half = scale(forwards(sup), 0.5 * u->upper_depth * size);
        s.corner[i][0] = add(m, half), s.corner[i][1] = sub(m, half);
        below[0] = s.corner[i][0], below[1] = s.corner[i][1], below_slope = sup;
    }
    double pt = 12 + 6 * noise->person * spine_normal(seed), apart_mm = spine_uniform(seed, 0, 20);
    geo_point hips = add(middle(s.corner[GEO_S1][0], s.corner[GEO_S1][1]), scale(vec(sin(pt / DEGREES), -cos(pt / DEGREES)), 115 * person));
    s.head[0] = add(hips, vec(0.5 * apart_mm, 0.1 * apart_mm)), s.head[1] = sub(hips, vec(0.5 * apart_mm, 0.1 * apart_mm));
    s.radius = 23 * person;
    return s;
}

geo_point spine_point(geo_point p, const spine_view *v)
{
    geo_point q = rotate(p, v->degrees);
    return vec(v->x0 + v->facing * q.x / v->sx, v->y0 - q.y / v->sy);
}

geo_corners spine_body(const spine *s, int level, const spine_view *v)
{
    const geo_point *p = s->corner[level];
    return (geo_corners){ spine_point(p[0], v), spine_point(p[1], v), spine_point(p[2], v), spine_point(p[3], v) };
}

geo_case *spine_case(const spine *s, const spine_view *v, int with_spacing)
{
    geo_case *c = geo_case_new();
    if (with_spacing) geo_case_spacing(c, v->sx, v->sy);
    geo_case_facing(c, v->facing), geo_case_age(c, 50);
    for (int i = GEO_C2; i <= GEO_L5; i++) {
        geo_corners q = spine_body(s, i, v);
        geo_case_vertebra(c, i, &q);
    }
    geo_case_s1(c, spine_point(s->corner[GEO_S1][0], v), spine_point(s->corner[GEO_S1][1], v));
    for (int k = 0; k < 2; k++) {
        geo_point p = spine_point(s->head[k], v);
        geo_case_head(c, (geo_circle){ p.x, p.y, s->radius / v->sx });
    }
    return c;
}

static void draw(const geo_point *p, int n, const spine_view *v, uint8_t *labels, int64_t h, int64_t w, uint8_t value)
{
    geo_point q[256];
    for (int i = 0; i < n; i++) q[i] = spine_point(p[i], v);
    geo_mask_fill(&(geo_contour){ q, n }, labels, h, w, value);
}

void spine_draw(const spine *s, const spine_view *v, uint8_t *labels, int64_t h, int64_t w)
{
    memset(labels, 0, (size_t)(h * w));
    for (int i = GEO_C2; i <= GEO_L5; i++) {
        geo_point q[4] = { s->corner[i][0], s->corner[i][1], s->corner[i][3], s->corner[i][2] };
        draw(q, 4, v, labels, h, w, (uint8_t)i);
    }
    for (int k = 0; k < 2; k++) {
        geo_point q[180];
        for (int i = 0; i < 180; i++) q[i] = add(s->head[k], rotate(vec(s->radius, 0), 2. * i));
        draw(q, 180, v, labels, h, w, (uint8_t)(26 + k));
    }
    geo_point a = s->corner[GEO_S1][0], p = s->corner[GEO_S1][1], e = unit(sub(a, p)), down = vec(e.y, -e.x);
    double length = apart(a, p);
    geo_point sacrum[6] = { a, p, add(along(p, down, 0.8 * length), scale(e, -0.15 * length)),
        add(along(p, down, 2.2 * length), scale(e, 0.1 * length)),
                            add(along(p, down, 2.6 * length), scale(e, 0.5 * length)),
                                add(along(a, down, 1.2 * length), scale(e, -0.35 * length)) };
    draw(sacrum, 6, v, labels, h, w, 25);
}
