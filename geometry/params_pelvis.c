/* params_pelvis.c - the pelvis under the spine; see params.h. Sources: Duval-Beaupere 1992 and Legaye 1998 (SS, PT, PI), Jackson and
 * McManus 1994 (SVA), Obeid 2016 (GT), Protopsaltis 2014 (TPA), Roussouly 2006 (SSA), Yilgor 2017 (RPV, RLL, LDI, RSA).
 *
 * PI is computed from its own definition, not as PT + SS: that the sum agrees is a test. */
#include "geometry/params.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* Angle of p over b against the vertical, + where p lies in front; E_DEGENERATE where they are one point. */
static int lean(geo_point p, geo_point b, double *out, char why[64])
{
    if (!(apart(p, b) >= 1e-6)) return strcpy(why, "coincident points"), GEO_E_DEGENERATE;
    *out = atan2(p.x - b.x, p.y - b.y) * DEGREES;
    return 0;
}

static const plate *s1(const film *f) { return &f->level[GEO_S1].sup; }
static geo_point c7(const film *f) { return f->level[GEO_C7].centre; }

static double tilt(const film *f) { return atan2(f->hips.x - f->m.x, f->m.y - f->hips.y) * DEGREES; }

static double incidence(const film *f)
{
    geo_point e = sub(s1(f)->a, s1(f)->p), n = vec(e.y, -e.x), v = sub(f->hips, f->m);
    return atan2(cross(n, v), dot(n, v)) * DEGREES;
}

static double lordosis(const film *f, const parameter *p)       /* of a row whose first two needs are its plates */
{
    return wrap(plate_slope(f, p->needs[1]) - plate_slope(f, p->needs[0]));
}

static geo_point hinge(const film *f) { return f->choice[CHOICE_GT] ? s1(f)->p : f->m; }

static int global_tilt(const film *f, double *out, char why[64])
{
    geo_point b = hinge(f);
    int code = lean(c7(f), b, out, why);
    *out = wrap(*out + atan2(f->hips.x - b.x, b.y - f->hips.y) * DEGREES);
    return code;
}

int value_pt(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p, (void)why;
    *out = tilt(f);
    return 0;
}

int value_pi(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p, (void)why;
    *out = incidence(f);
    return 0;
}

int value_pi_ll(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = wrap(incidence(f) - lordosis(f, p));
    return 0;
}

/* Digits of a small number without the locale's decimal sign. */
static void write_fixed(double x, char *out)
{
    long long m = llround(fabs(x) * 1000);
    char digit[24];
    int n = 0;
    do digit[n++] = (char)('0' + m % 10), m /= 10; while (m || n < 4);
    if (x < 0) *out++ = '-';
    while (n) {
        *out++ = digit[--n];
        if (n == 3) *out++ = '.';
    }
    *out = 0;
}

/* First two needs: L1 superior (or the choice for LL) and S1; third: L4 superior. */
int value_ldi(const film *f, const parameter *p, double *out, char why[64])
{
    double ll = lordosis(f, p);
    if (!(ll >= 1)) {
        char number[32];
        write_fixed(ll, number);
        strcpy(why, "L1-S1 lordosis "), strcat(why, number), strcat(why, " < 1 deg");
        return GEO_E_UNDEFINED;
    }
    *out = 100 * wrap(s1(f)->slope - plate_slope(f, p->needs[2])) / ll;
    return 0;
}

int value_sva(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p, (void)why;
    geo_point c = f->choice[CHOICE_SVA] ? f->level[GEO_C7].corner[SP] : c7(f);
    *out = c.x - s1(f)->p.x;
    return 0;
}

int value_gt(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p;
    return global_tilt(f, out, why);
}

int value_c7vt(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p;
    return lean(c7(f), f->m, out, why);
}

int value_c7st(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p;
    int code = lean(c7(f), f->m, out, why);
    *out = wrap(s1(f)->slope - *out);
    return code;
}

int value_ssa(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p;
    int code = lean(c7(f), f->m, out, why);
    *out = wrap(90 + s1(f)->slope - *out);
    return code;
}

/* Spinopelvic inclination of the vertebra of the first need. */
int value_spi(const film *f, const parameter *p, double *out, char why[64])
{
    return lean(f->level[p->needs[0].which].centre, f->hips, out, why);
}

/* Pelvic angle of the vertebra of the first need. */
int value_tpa(const film *f, const parameter *p, double *out, char why[64])
{
    int code = lean(f->level[p->needs[0].which].centre, f->hips, out, why);
    *out = wrap(tilt(f) + *out);
    return code;
}

int value_rpv(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p, (void)why;
    *out = s1(f)->slope - (0.59 * incidence(f) + 9);
    return 0;
}

int value_rll(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = lordosis(f, p) - (0.62 * incidence(f) + 29);
    return 0;
}

int value_rsa(const film *f, const parameter *p, double *out, char why[64])
{
    (void)p;
    int code = global_tilt(f, out, why);
    *out -= 0.48 * incidence(f) - 15;
    return code;
}
