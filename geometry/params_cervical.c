/* params_cervical.c - skull base, dens, C1 and the neck; see params.h. Sources: McGregor 1948, Harris 1994 (BDI, BAI), Powers 1979,
 * Hinck and Hopkins 1960 (ADI), Boden 1993 (SAC), Tang 2012 (cSVA). Rows that measure against a line name its posterior and its
 * anterior point, in that order, as their last two needs. */
#include "geometry/params.h"
#include "geometry/vec.h"
#include <string.h>

static geo_point at(const film *f, need n) { return f->point[n.which]; }

/* p above the line from q (posterior) to r (anterior); 0 where the line has no length. */
static int above(geo_point p, geo_point q, geo_point r, double *out, char why[64])
{
    geo_point d = sub(r, q);
    if (!(norm(d) >= 1e-6)) return strcpy(why, "line without length"), GEO_E_DEGENERATE;
    *out = cross(d, sub(p, q)) / norm(d);
    return 0;
}

int value_csva(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p, (void)why;
    *out = f->level[GEO_C2].centre.x - f->level[GEO_C7].corner[SP].x;
    return 0;
}

/* Height of point 0 above the line 1 -> 2. */
int value_above(const film *f, const parameter *p, double *out, char why[64])
{
    return above(at(f, p->needs[0]), at(f, p->needs[1]), at(f, p->needs[2]), out, why);
}

/* Distance of point 0 from the line 1 -> 2. */
int value_to_line(const film *f, const parameter *p, double *out, char why[64])
{
    int code = value_above(f, p, out, why);
    *out = fabs(*out);
    return code;
}

/* Distance of points 0 and 1. */
int value_length(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = apart(at(f, p->needs[0]), at(f, p->needs[1]));
    return 0;
}

static int line_slope(geo_point posterior, geo_point anterior, double *out, char why[64])
{
    geo_point d = sub(anterior, posterior);
    if (!(norm(d) >= 1e-6)) return strcpy(why, "line without length"), GEO_E_DEGENERATE;
    *out = atan2(-d.y, d.x) * DEGREES;
    return 0;
}

int value_line_slope(const film *f, const parameter *p, double *out, char why[64])
{
    return line_slope(at(f, p->needs[0]), at(f, p->needs[1]), out, why);
}

/* C2 inferior plate, then McGregor's line. */
int value_c0c2(const film *f, const parameter *p, double *out, char why[64])
{
    double line = 0;
    int code = line_slope(at(f, p->needs[1]), at(f, p->needs[2]), &line, why);
    *out = wrap(plate_slope(f, p->needs[0]) - line);
    return code;
}

/* Lean of the dens tip over the hip axis. */
int value_odha(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    geo_point d = sub(at(f, p->needs[0]), f->hips);
    *out = atan2(d.x, d.y) * DEGREES;
    return 0;
}

/* Basion in front of the line through C2's posterior wall. */
int value_bai(const film *f, const parameter *p, double *out, char why[64])
{
    geo_point low = at(f, p->needs[1]), d = sub(at(f, p->needs[2]), low);
    if (!(norm(d) >= 1e-6)) return strcpy(why, "C2 posterior wall"), GEO_E_DEGENERATE;
    *out = dot(sub(at(f, p->needs[0]), low), vec(d.y, -d.x)) / norm(d);
    return 0;
}

int value_powers(const film *f, const parameter *p, double *out, char why[64])
{
    double bc = apart(at(f, p->needs[0]), at(f, p->needs[1])), oa = apart(at(f, p->needs[2]), at(f, p->needs[3]));
    if (!(oa >= 1e-6)) return strcpy(why, "opisthion = C1 anterior arch"), GEO_E_UNDEFINED;
    *out = bc / oa;
    return 0;
}

/* Line from the middle of the T1 plate to the top of the sternum, against the vertical (neck tilt). */
int value_nt(const film *f, const parameter *p, double *out, char why[64])
{
    const plate *t1 = &f->level[GEO_T1].sup;
    geo_point d = sub(at(f, p->needs[1]), middle(t1->a, t1->p));
    if (!(norm(d) >= 1e-6)) return strcpy(why, "sternum = T1 middle"), GEO_E_DEGENERATE;
    *out = 90 - atan2(-d.y, d.x) * DEGREES;
    return 0;
}

/* Between that line and the plate's normal. */
int value_tia(const film *f, const parameter *p, double *out, char why[64])
{
    double nt = 0;
    int code = value_nt(f, p, &nt, why);
    *out = wrap(nt + plate_slope(f, p->needs[0]));
    return code;
}

/* Middle of C2's inferior plate under McGregor's line (Redlund-Johnell and Pettersson 1984). */
int value_to_mcgregor(const film *f, const parameter *p, double *out, char why[64])
{
    const plate *c2 = &f->level[GEO_C2].inf;
    int code = above(middle(c2->a, c2->p), at(f, p->needs[1]), at(f, p->needs[2]), out, why);
    *out = fabs(*out);
    return code;
}
