/* bodies.c - heights of bodies and discs, compression against the neighbours, slip; see geometry.h.
 *
 * From four corners the middle height is only the mean of the other two, and a biconcave fracture with intact corners is invisible:
 * middles of the plates, where given, are what shows it. A fractured neighbour spoils the denominator the other way: what stands beside
 * it looks too high. */
#include "geometry/params.h"
#include "geometry/template.h"
#include "geometry/vec.h"
#include <string.h>

/* Heights: anterior, middle, posterior. */
static void heights_of(const level_frame *v, double h[3])
{
    h[0] = apart(v->corner[SA], v->corner[IA]), h[2] = apart(v->corner[SP], v->corner[IP]);
    int both = GIVEN_MIDDLE | GIVEN_MIDDLE_LOWER;
    if ((v->given & both) == (unsigned)both) h[1] = apart(v->middle[0], v->middle[1]);
    else h[1] = apart(middle(v->corner[SA], v->corner[SP]), middle(v->corner[IA], v->corner[IP]));
}

static int is_there(const geo_result *r, int level)
{
    return level >= GEO_C2 && level <= GEO_L5 && r->film.level[level].given & GIVEN_CORNERS;
}

/* Seen whole, not made up, and with a height. */
static int is_sound(const geo_result *r, int level)
{
    if (!is_there(r, level)) return 0;
    const level_frame *v = &r->film.level[level];
    double h[3];
    heights_of(v, h);
    return !(v->marks & (GEO_MARK_INTERPOLATED | GEO_MARK_CUT)) && !v->bad && h[0] > 1e-6 && h[1] > 1e-6 && h[2] > 1e-6;
}

static int need_body(const geo_result *r, int level, char error[64])
{
    const need n[NEEDS] = { { NEED_SUP, (unsigned char)level }, { NEED_INF, (unsigned char)level } };
    if (level < GEO_C2 || level > GEO_L5) return code_write(GEO_E_MISSING, "body", error);
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, error);
    return film_needs(&r->film, n, error);
}

int geo_result_body(const geo_result *r, int level, geo_heights *out)
{
    memset(out, 0, sizeof *out);
    int code = need_body(r, level, out->error);
    if (code) return code;
    const level_frame *v = &r->film.level[level];
    double h[3];
    heights_of(v, h);
    out->anterior = h[0], out->middle = h[1], out->posterior = h[2];
    out->depth = 0.5 * (apart(v->sup.a, v->sup.p) + apart(v->inf.a, v->inf.p)), out->angle = wrap(v->sup.slope - v->inf.slope);
    return 0;
}

int geo_result_disc(const geo_result *r, int upper, geo_heights *out)
{
    memset(out, 0, sizeof *out);
    const need n[NEEDS] = { { NEED_INF, (unsigned char)upper }, { NEED_SUP, (unsigned char)(upper + 1) } };
    if (upper < GEO_C2 || upper > GEO_L5) return code_write(GEO_E_MISSING, "disc", out->error);
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, out->error);
    int code = film_needs(&r->film, n, out->error);
    if (code) return code;
    const plate *a = &r->film.level[upper].inf, *b = &r->film.level[upper + 1].sup;
    out->anterior = apart(a->a, b->a), out->posterior = apart(a->p, b->p), out->middle = apart(middle(a->a, a->p), middle(b->a, b->p));
    out->depth = 0.5 * (apart(a->a, a->p) + apart(b->a, b->p)), out->angle = wrap(b->slope - a->slope);
    return 0;
}

/* Percent of height lost -> grade (Genant 1993). */
static int genant_grade(double loss) { return loss < 20 ? 0 : loss <= 25 ? 1 : loss <= 40 ? 2 : 3; }

/* ---- fractured neighbours ------------------------------------------------------------------------------------------------------------ */

/* C2 carries the dens, so it is no measure for others. */
static int is_measure(const geo_result *r, int level) { return level > GEO_C2 && is_sound(r, level); }

/* The neighbour that makes a body look more than 15 % too high: the lower of the two in the height that does, where it is lower than the
 * body itself by 20 %, the least that counts as a fracture. 0: none. */
static int blamed_by(const geo_result *r, int level)
{
    double h[3], beside[2][3], worst = 1.15;
    int there[2], blamed = 0;
    if (!is_measure(r, level)) return 0;
    heights_of(&r->film.level[level], h);
    for (int side = 0; side < 2; side++) {
        int at = side ? level + 1 : level - 1;
        if ((there[side] = is_measure(r, at))) heights_of(&r->film.level[at], beside[side]);
    }
    for (int k = 0; k < 3 && (there[0] || there[1]); k++) {
        double up = beside[!there[0]][k], down = beside[there[1]][k], ratio = h[k] / (0.5 * (up + down));
        if (ratio > worst && fmin(up, down) <= 0.8 * h[k])
            worst = ratio, blamed = there[0] && (!there[1] || up < down) ? level - 1 : level + 1;
    }
    return blamed;
}

int body_is_suspect(const geo_result *r, int level)
{
    double h[3];
    if (!is_measure(r, level)) return 0;
    heights_of(&r->film.level[level], h);
    return h[0] < 0.8 * h[2] || blamed_by(r, level - 1) == level || blamed_by(r, level + 1) == level;
}

static void usual_heights(int level, double h[3])
{
    h[2] = usual[level].height, h[0] = h[2] * usual[level].ratio, h[1] = 0.5 * (h[0] + h[2]);
}

/* Heights of the neighbour on one side; sound: one that is fractured is replaced by what the next unfractured body, up to three levels
 * away, lets expect of it. 0: there is none. */
static int neighbour_heights(const geo_result *r, int level, int side, int sound, double h[3])
{
    int step = side ? 1 : -1, near = level + step;
    for (int i = 1; i <= (sound ? 3 : 1); i++) {
        int at = level + i * step;
        double here[3], there[3];
        if (!is_measure(r, at) || (sound && body_is_suspect(r, at))) continue;
        heights_of(&r->film.level[at], h);
        if (at == near) return 1;
        usual_heights(near, here), usual_heights(at, there);
        for (int k = 0; k < 3; k++) h[k] *= here[k] / there[k];
        return 1;
    }
    return 0;
}

static void grade(const double h[3], double posterior, geo_compression *out)
{
    static const char *const names[] = { "wedge", "biconcave", "crush" };
    const double loss[3] = { 100 * (1 - h[0] / h[2]), 100 * (1 - h[1] / h[2]), 100 * (1 - h[2] / posterior) };
    int worst = 0;
    for (int i = 1; i < 3; i++) if (loss[i] > loss[worst]) worst = i;
    out->genant_loss = loss[worst], out->grade = genant_grade(loss[worst]), out->type = out->grade ? names[worst] : "none";
}

static int compression(const geo_result *r, int level, int sound, geo_compression *out)
{
    memset(out, 0, sizeof *out);
    out->type = "none";
    int code = need_body(r, level, out->error), n = 0;
    if (code) return code;
    if (!is_sound(r, level)) return code_write(GEO_E_DEGENERATE, "height", out->error);
    double h[3], mean[3] = { 0 };
    heights_of(&r->film.level[level], h);
    for (int side = 0; side < 2; side++) {
        int beside = side ? level + 1 : level - 1;
        double k[3];
        if (body_is_suspect(r, beside)) out->fractured[side] = beside;
        if (!neighbour_heights(r, level, side, sound, k)) continue;
        for (int i = 0; i < 3; i++) mean[i] += k[i];
        n++;
    }
    if (!n) return code_write(GEO_E_NEIGHBOUR, geo_level_name(level), out->error);
    for (int i = 0; i < 3; i++) mean[i] /= n, out->cr[i] = h[i] / mean[i];
    const level_frame *v = &r->film.level[level];
    out->one_neighbour = n == 1, out->loss = 100 * (1 - out->cr[0]), out->ratio = h[0] / h[2],
        out->wedge = wrap(v->sup.slope - v->inf.slope);
    grade(h, mean[2], out);
    return 0;
}

int geo_result_genant(const geo_result *r, int level, geo_genant *out)
{
    geo_compression c, net;
    double h[3];
    *out = (geo_genant){ .type = "none" };
    int code = compression(r, level, 1, &c);
    if (code) return memcpy(out->error, c.error, sizeof out->error), code;
    heights_of(&r->film.level[level], h);
    const double ratio = usual[level].ratio, posterior = h[2] / c.cr[2];
    h[0] /= ratio, h[1] /= 0.5 * (1 + ratio);
    grade(h, posterior, &net);
    out->loss = net.genant_loss, out->grade = net.grade, out->type = net.type;
    return 0;
}

int geo_result_compression(const geo_result *r, int level, geo_compression *out)       { return compression(r, level, 0, out); }
int geo_result_compression_sound(const geo_result *r, int level, geo_compression *out) { return compression(r, level, 1, out); }

int geo_result_slip(const geo_result *r, int upper, int lower, geo_slip *out)
{
    static const char *const grades[] = { "0", "I", "II", "III", "IV", "V" };
    memset(out, 0, sizeof *out);
    out->meyerding = "0";
    const need n[NEEDS] = { { NEED_INF, (unsigned char)upper }, { NEED_SUP, (unsigned char)lower } };
    if (upper < GEO_C2 || upper > GEO_L5 || lower != upper + 1) return code_write(GEO_E_MISSING, "pair", out->error);
    if (!r->film.facing) return code_write(GEO_E_FACING_AMBIGUOUS, NULL, out->error);
    int code = film_needs(&r->film, n, out->error);
    if (code) return code;
    if ((r->film.level[upper].marks | r->film.level[lower].marks) & GEO_MARK_INTERPOLATED)
        return code_write(GEO_E_MISSING, geo_level_name(r->film.level[upper].marks & GEO_MARK_INTERPOLATED ? upper : lower), out->error);
    const plate *s = &r->film.level[lower].sup;
    geo_point e = sub(s->a, s->p);
    double length = norm(e), forward = dot(sub(r->film.level[upper].corner[IP], s->p), e) / length;
    out->percent = 100 * forward / length, out->mm = r->film.spaced ? forward : 0;
    double size = fabs(out->percent);
    out->meyerding = grades[size <= 3 ? 0 : size <= 25 ? 1 : size <= 50 ? 2 : size <= 75 ? 3 : size <= 100 ? 4 : 5];
    return 0;
}
