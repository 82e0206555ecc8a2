/* case.c - setting what is known about a film; see geometry.h. */
#include "geometry/film.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

geo_case *geo_case_new(void)
{
    geo_case *c = calloc(1, sizeof *c);
    if (c) c->age = NAN;
    return c;
}

geo_case *geo_case_copy(const geo_case *c)
{
    geo_case *copy = malloc(sizeof *copy);
    if (copy) *copy = *c;
    return copy;
}

void geo_case_free(geo_case *c) { free(c); }

int geo_spacing_sound(double sx, double sy)
{
    return sx >= GEO_SPACING_LEAST && sy >= GEO_SPACING_LEAST && sx <= GEO_SPACING_MOST && sy <= GEO_SPACING_MOST && sx <= 10 * sy &&
        sy <= 10 * sx;
}

int geo_case_spacing(geo_case *c, double sx, double sy)
{
    if (!geo_spacing_sound(sx, sy)) return GEO_BAD;
    c->sx = sx, c->sy = sy;
    return GEO_OK;
}

int geo_case_uncalibrated(geo_case *c) { return c->uncalibrated = 1, GEO_OK; }

static int set_side(int *out, int facing)
{
    if (facing < -1 || facing > 1) return GEO_BAD;
    *out = facing;
    return GEO_OK;
}
int geo_case_facing(geo_case *c, int facing)      { return set_side(&c->facing, facing); }
int geo_case_orientation(geo_case *c, int facing) { return set_side(&c->orientation, facing); }

int geo_case_age(geo_case *c, double years)
{
    if (!(years >= 0 && years < 200)) return GEO_BAD;
    c->age = years;
    return GEO_OK;
}

/* Far beyond any film, and small enough that no product below overflows. */
static int usable(geo_point p) { return fabs(p.x) < 1e7 && fabs(p.y) < 1e7; }
static int is_body(int level) { return level >= GEO_C1 && level <= GEO_L5; }

int geo_case_vertebra(geo_case *c, int level, const geo_corners *q)
{
    const geo_point p[4] = { q->sa, q->sp, q->ia, q->ip };
    if (!is_body(level)) return GEO_BAD;
    for (int k = 0; k < 4; k++) if (!usable(p[k])) return GEO_BAD;
    memcpy(c->level[level].corner, p, sizeof p);
    c->level[level].given |= GIVEN_CORNERS;
    return GEO_OK;
}

int geo_case_corners(const geo_case *c, int level, geo_corners *out)
{
    if (!is_body(level) || !(c->level[level].given & GIVEN_CORNERS)) return 0;
    const geo_point *p = c->level[level].corner;
    *out = (geo_corners){ p[SA], p[SP], p[IA], p[IP] };
    return 1;
}

int geo_case_plate(const geo_case *c, geo_point *anterior, geo_point *posterior)
{
    if (!(c->level[GEO_S1].given & GIVEN_CORNERS)) return 0;
    *anterior = c->level[GEO_S1].corner[SA], *posterior = c->level[GEO_S1].corner[SP];
    return 1;
}

int geo_case_heads(const geo_case *c, geo_circle head[2])
{
    memcpy(head, c->head, sizeof c->head);
    return c->heads;
}

int geo_case_at(const geo_case *c, int point, geo_point *out)
{
    if (point < 0 || point >= GEO_POINTS || !c->has_point[point]) return 0;
    *out = c->point[point];
    return 1;
}

unsigned geo_case_marks(const geo_case *c, int level) { return level >= GEO_C1 && level <= GEO_S1 ? c->level[level].marks : 0; }

int geo_case_vote(const geo_case *c)
{
    double score;
    int conflict;
    return facing_vote(c, &score, &conflict);
}

int geo_case_centroid(geo_case *c, int level, geo_point p)
{
    if (!is_body(level) || !usable(p)) return GEO_BAD;
    c->level[level].centre = p, c->level[level].given |= GIVEN_CENTRE;
    return GEO_OK;
}

int geo_case_plate_middle(geo_case *c, int level, int inferior, geo_point p)
{
    if (!is_body(level) || !usable(p)) return GEO_BAD;
    c->level[level].middle[!!inferior] = p, c->level[level].given |= inferior ? GIVEN_MIDDLE_LOWER : GIVEN_MIDDLE;
    return GEO_OK;
}

/* From the middle of the superior plate to that of the inferior one */
static geo_point midline(const geo_case *c, int level, geo_point *from)
{
    const geo_point *p = c->level[level].corner;
    *from = middle(p[SA], p[SP]);
    return sub(middle(p[IA], p[IP]), *from);
}

int geo_case_dip(geo_case *c, int level, const double dip[2])
{
    if (!is_body(level) || !(c->level[level].given & GIVEN_CORNERS) || !(fabs(dip[0]) <= 1) || !(fabs(dip[1]) <= 1)) return GEO_BAD;
    geo_point from, d = midline(c, level, &from);
    return geo_case_plate_middle(c, level, 0, along(from, d, dip[0])) || geo_case_plate_middle(c, level, 1, along(from, d, 1 - dip[1])) ? GEO_BAD : GEO_OK;
}

int geo_case_dips(const geo_case *c, int level, double dip[2])
{
    const unsigned all = GIVEN_CORNERS | GIVEN_MIDDLE | GIVEN_MIDDLE_LOWER;
    if (!is_body(level) || (c->level[level].given & all) != all) return 0;
    geo_point from, d = midline(c, level, &from);
    if (!(dot(d, d) > 0)) return 0;
    for (int k = 0; k < 2; k++) dip[k] = dot(sub(c->level[level].middle[k], from), d) / dot(d, d);
    dip[1] = 1 - dip[1];
    return 1;
}

int geo_case_s1(geo_case *c, geo_point anterior, geo_point posterior)
{
    if (!usable(anterior) || !usable(posterior)) return GEO_BAD;
    c->level[GEO_S1].corner[SA] = anterior, c->level[GEO_S1].corner[SP] = posterior;
    c->level[GEO_S1].given |= GIVEN_CORNERS;
    return GEO_OK;
}

int geo_case_head(geo_case *c, geo_circle head)
{
    if (c->heads == 2 || !usable(vec(head.x, head.y)) || !(head.r >= 0 && head.r < 1e7)) return GEO_BAD;
    c->head[c->heads++] = head;
    return GEO_OK;
}

int geo_case_point(geo_case *c, int point, geo_point p)
{
    if (point < 0 || point >= GEO_POINTS || !usable(p)) return GEO_BAD;
    c->point[point] = p, c->has_point[point] = 1;
    return GEO_OK;
}

int geo_case_named(geo_case *c, const char *name, geo_point p)
{
    for (int i = 0; i < GEO_POINTS; i++) if (!strcmp(name, geo_point_name(i))) return geo_case_point(c, i, p);
    const char *tail = strchr(name, '_');
    char level[4] = { 0 };
    if (!tail || tail - name > 3 || (strcmp(tail, "_SM") && strcmp(tail, "_IM"))) return GEO_BAD;
    memcpy(level, name, (size_t)(tail - name));
    return geo_case_plate_middle(c, geo_level_parse(level), tail[1] == 'I', p);
}

const char *geo_mark_name(unsigned mark)
{
    switch (mark) {
    case GEO_MARK_INTERPOLATED: return "interpolated";
    case GEO_MARK_LOW_QUALITY: return "low_quality";
    case GEO_MARK_AMBIGUOUS: return "level_unsure";
    case GEO_MARK_CUT: return "cut";
    default: return "";
    }
}

int geo_case_mark(geo_case *c, int level, unsigned marks)
{
    if (level < GEO_C1 || level > GEO_S1) return GEO_BAD;
    c->level[level].marks |= marks;
    return GEO_OK;
}

int geo_case_warn(geo_case *c, const char *warning)
{
    if (!warning || strncmp(warning, "W_", 2) || strlen(warning) >= WARNING_SIZE || c->warnings == WARNINGS) return GEO_BAD;
    for (int i = 0; i < c->warnings; i++) if (!strcmp(c->warning[i], warning)) return GEO_OK;
    strcpy(c->warning[c->warnings++], warning);
    return GEO_OK;
}

int geo_case_choose(geo_case *c, const char *what, const char *choice)
{
    int value, i = what && choice ? choice_parse(what, choice, &value) : -1;
    if (i < 0) return GEO_BAD;
    c->choice[i] = value, c->chosen |= 1 << i;
    return GEO_OK;
}

const char *geo_case_choice(const geo_case *c, int i) { return i >= 0 && i < CHOICES ? choice_word(i, c->choice[i]) : ""; }

void geo_case_adopt(geo_case *c, const geo_case *from)
{
    if (!from) return;
    for (int i = 0; i < CHOICES; i++) if (from->chosen & 1 << i) c->choice[i] = from->choice[i];
    if (from->orientation) c->orientation = from->orientation;
    if (from->uncalibrated) c->uncalibrated = 1;
}
