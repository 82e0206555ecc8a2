/* params.c - runs the table of parameters over a film; see params.h.
 *
 * What stands in the way of a value is found from its needs alone, in the order that geometry.h states; only then is its formula run. A
 * number that is not finite would be a hole in the checks, so it is caught as E_UNDEFINED rather than given. */
#include "geometry/params.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* ---- needs -------------------------------------------------------------------------------------------------------------------------- */

/* S1 first, then the hips, then points and levels from cranial to caudal. */
static int rank_of(need n)
{
    if (n.kind == NEED_HIPS || n.kind == NEED_APART) return 1 + (n.kind == NEED_APART);
    if (n.kind == NEED_POINT) return 10 + n.which;
    return n.which == GEO_S1 ? 0 : 100 + n.which;
}

static const char *missing(const film *f, need n)
{
    const level_frame *v = &f->level[n.kind == NEED_POINT ? 0 : n.which];
    switch (n.kind) {
    case NEED_SUP:
        if (n.which == GEO_T1 && f->t1_from_c7) return NULL;
        return v->given & GIVEN_CORNERS ? NULL : geo_level_name(n.which);
    case NEED_INF: return v->given & GIVEN_CORNERS ? NULL : geo_level_name(n.which);
    case NEED_CENTRE: return v->given & (GIVEN_CORNERS | GIVEN_CENTRE) ? NULL : geo_level_name(n.which);
    case NEED_HIPS: return f->heads ? NULL : "femoral_heads";
    case NEED_POINT: return f->has_point[n.which] ? NULL : geo_point_name(n.which);
    }
    return NULL;
}

/* Text of what is wrong with a need that is there, in `text`; NULL: nothing. */
static const char *degenerate(const film *f, need n, char text[16])
{
    if (n.kind == NEED_APART) return apart(f->hips, f->m) >= 1e-6 ? NULL : "hip axis = S1 midpoint";
    if (n.kind == NEED_HIPS || n.kind == NEED_POINT || (n.which == GEO_T1 && f->t1_from_c7)) return NULL;
    unsigned bad = f->level[n.which].bad, part = n.kind == NEED_SUP ? BAD_SUP : n.kind == NEED_INF ? BAD_INF : BAD_SUP | BAD_INF;
    if (bad & part) return strcat(strcpy(text, geo_level_name(n.which)), bad & part & BAD_SUP ? "sup" : "inf");
    return bad & BAD_ORDER ? "corner_order" : NULL;
}

static int is_level(need n) { return n.kind == NEED_SUP || n.kind == NEED_INF || n.kind == NEED_CENTRE; }

int film_needs(const film *f, const need *needs, char error[64])
{
    const char *lacks = NULL, *wrong = NULL, *unsure = NULL;
    int lack_rank = 0, wrong_rank = 0;
    char text[16];
    for (int i = 0; i < NEEDS && needs[i].kind; i++) {
        const char *m = missing(f, needs[i]);
        int rank = rank_of(needs[i]);
        if (m && (!lacks || rank < lack_rank)) lacks = m, lack_rank = rank;
        if (is_level(needs[i]) && f->level[needs[i].which].marks & GEO_MARK_AMBIGUOUS && !unsure) unsure = geo_level_name(needs[i].which);
    }
    if (lacks) return code_write(GEO_E_MISSING, lacks, error);
    if (unsure) return code_write(GEO_E_LEVEL_AMBIGUOUS, unsure, error);
    for (int i = 0; i < NEEDS && needs[i].kind; i++) {
        char here[16];
        const char *d = degenerate(f, needs[i], here);
        int rank = rank_of(needs[i]);
        if (d && (!wrong || rank < wrong_rank)) wrong = d == here ? strcpy(text, here) : d, wrong_rank = rank;
    }
    return wrong ? code_write(GEO_E_DEGENERATE, wrong, error) : 0;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------------------- */

/* First row of the parameter with this index; -1: there is none. */
static int row_of(int index)
{
    int n = -1;
    for (int i = 0; i < parameter_row_count; i++) {
        if (!i || strcmp(parameter_rows[i].name, parameter_rows[i - 1].name)) n++;
        if (n == index) return i;
    }
    return -1;
}

int geo_parameters(void)
{
    int n = 0;
    for (int i = 0; i < parameter_row_count; i++) n += !i || strcmp(parameter_rows[i].name, parameter_rows[i - 1].name) != 0;
    return n;
}

const char *geo_parameter_name(int i)  { int r = row_of(i); return r < 0 ? "" : parameter_rows[r].name; }
const char *geo_parameter_unit(int i)  { int r = row_of(i); return r < 0 ? "" : parameter_rows[r].unit; }
const char *geo_parameter_title(int i) { int r = row_of(i); return r < 0 ? "" : parameter_rows[r].title; }

int geo_parameter_find(const char *name)
{
    for (int i = 0, r = 0; name && (r = row_of(i)) >= 0; i++) if (!strcmp(name, parameter_rows[r].name)) return i;
    return -1;
}

const parameter *parameter_chosen(const geo_result *r, int index)
{
    int first = row_of(index);
    if (first < 0) return NULL;
    const parameter *chosen = &parameter_rows[first];
    for (int i = first; i < parameter_row_count && !strcmp(parameter_rows[i].name, parameter_rows[first].name); i++) {
        const parameter *p = &parameter_rows[i];
        if (p->choice && r->choice[p->choice - 1] == p->of) chosen = p;
    }
    return chosen;
}

/* ---- one film ----------------------------------------------------------------------------------------------------------------------- */

static void evaluate(const film *f, const parameter *p, geo_value *out)
{
    memset(out, 0, sizeof *out);
    char why[64] = "";
    double v = 0;
    out->code = film_needs(f, p->needs, out->error);
    if (out->code) return;
    for (int i = 0; i < NEEDS && p->needs[i].kind; i++)
        if (is_level(p->needs[i])) out->marks |= f->level[p->needs[i].which].marks;
    out->code = p->value(f, p, &v, why);
    if (!out->code && !isfinite(v)) out->code = GEO_E_UNDEFINED, strcpy(why, "not finite");
    if (out->code) { code_write(out->code, why, out->error); return; }
    if (f->spaced || strcmp(p->unit, "mm")) { out->value = v; return; }
    const plate *s1 = &f->level[GEO_S1].sup;
    out->pixels = v;
    if (f->level[GEO_S1].given && !f->level[GEO_S1].bad) out->plates = v / apart(s1->a, s1->p);
    out->code = code_write(GEO_E_NO_SPACING, NULL, out->error);
}

static void warn(geo_result *r, const char *code, const char *detail)
{
    if (r->warnings == (int)(sizeof r->warning / sizeof *r->warning)) return;
    char *w = r->warning[r->warnings++];
    strcpy(w, code);
    if (detail) strcat(strcat(w, ":"), detail);
}

static void warn_levels(geo_result *r, unsigned mark, const char *code)
{
    for (int i = GEO_C1; i <= GEO_S1; i++) if (r->film.level[i].marks & mark) warn(r, code, geo_level_name(i));
}

static void warn_all(const geo_case *c, geo_result *r, int conflict)
{
    const film *f = &r->film;
    if (!f->spaced) warn(r, "W_SQUARE_PIXELS_ASSUMED", NULL);
    if (c->uncalibrated && f->spaced) warn(r, "W_UNCALIBRATED_MM", NULL);
    if (conflict) warn(r, "W_FACING_CONFLICT", NULL);
    if (f->heads == 1) warn(r, "W_ONE_FEMORAL_HEAD", NULL);
    if (f->heads == 2) {
        double d = apart(f->head[0], f->head[1]), lo = fmin(f->radius[0], f->radius[1]), hi = fmax(f->radius[0], f->radius[1]);
        char mm[24] = "", digit[24];
        int n = 0, k = 0;
        if ((f->spaced && d > 30) || (lo > 0 && hi > 1.25 * lo)) {
            for (long long v = llround(d); v || !n; v /= 10) digit[n++] = (char)('0' + v % 10);
            while (n) mm[k++] = digit[--n];
            warn(r, "W_FH_SEPARATION", f->spaced ? mm : NULL);
        }
    }
    if (f->t1_from_c7) warn(r, "W_T1_FROM_C7", NULL);
    if (f->level[GEO_C2].given == GIVEN_CENTRE) warn(r, "W_C2_MASK_CENTROID", NULL);
    warn_levels(r, GEO_MARK_INTERPOLATED, "W_INTERPOLATED"), warn_levels(r, GEO_MARK_LOW_QUALITY, "W_LOW_QUALITY");
    if (f->facing)
        for (int i = GEO_C3; i <= GEO_L5; i++) if (body_is_suspect(r, i)) warn(r, "W_NEIGHBOUR_FRACTURED", geo_level_name(i));
    for (int i = 0; i < c->warnings; i++) warn(r, c->warning[i], NULL);
}

/* r->value is there; everything else is written. */
static void measure(const geo_case *c, geo_result *r)
{
    int conflict, n = 0, side = facing_vote(c, &r->film.score, &conflict);
    double score = r->film.score;
    memcpy(r->choice, c->choice, sizeof r->choice), memcpy(r->has_point, c->has_point, sizeof r->has_point);
    film_build(c, side ? side : 1, &r->film);
    r->film.choice = r->choice, r->film.has_point = r->has_point, r->film.score = score, r->film.facing = side;
    r->warnings = 0, r->error[0] = 0;
    if (!side) code_write(GEO_E_FACING_AMBIGUOUS, NULL, r->error);
    for (const parameter *p; (p = parameter_chosen(r, n)); n++) {
        if (side) evaluate(&r->film, p, &r->value[n]);
        else memset(&r->value[n], 0, sizeof r->value[n]), r->value[n].code = code_write(GEO_E_FACING_AMBIGUOUS, NULL, r->value[n].error);
    }
    warn_all(c, r, conflict);
}

geo_result *geo_measure(const geo_case *c)
{
    if (!c) return NULL;
    geo_result *r = calloc(1, sizeof *r);
    if (r && !(r->value = calloc((size_t)geo_parameters(), sizeof *r->value))) free(r), r = NULL;
    if (r) measure(c, r);
    return r;
}

void geo_result_free(geo_result *r)
{
    if (r) free(r->value);
    free(r);
}

int geo_result_value(const geo_result *r, int parameter, geo_value *out)
{
    if (parameter < 0 || parameter >= geo_parameters()) return GEO_BAD;
    *out = r->value[parameter];
    return out->code;
}

int geo_result_facing(const geo_result *r, double *score)
{
    if (score) *score = r->film.score;
    return r->film.facing;
}

const char *geo_result_error(const geo_result *r)          { return r->error; }
int         geo_result_warnings(const geo_result *r)       { return r->warnings; }
const char *geo_result_warning(const geo_result *r, int i) { return i >= 0 && i < r->warnings ? r->warning[i] : ""; }
