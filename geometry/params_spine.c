/* params_spine.c - slopes of plates and angles between two of them; see params.h. */
#include "geometry/params.h"
#include "geometry/vec.h"

double plate_slope(const film *f, need n)
{
    return n.kind == NEED_INF ? f->level[n.which].inf.slope : f->level[n.which].sup.slope;
}

/* Slope of the first plate. */
int value_slope(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = plate_slope(f, p->needs[0]);
    return 0;
}

/* From the upper plate (first need) to the lower (second): + is lordosis. */
int value_lordosis(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = wrap(plate_slope(f, p->needs[1]) - plate_slope(f, p->needs[0]));
    return 0;
}

int value_kyphosis(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = wrap(plate_slope(f, p->needs[0]) - plate_slope(f, p->needs[1]));
    return 0;
}

/* T1 slope minus cervical lordosis: needs T1 superior, C2 inferior, C7 inferior. */
int value_mismatch(const film *f, const parameter *p, double *out, char why[64])
{
    (void)why;
    *out = wrap(plate_slope(f, p->needs[0]) - wrap(plate_slope(f, p->needs[2]) - plate_slope(f, p->needs[1])));
    return 0;
}
