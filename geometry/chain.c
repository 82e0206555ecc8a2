/* chain.c - from outlines to values in one call; see geometry.h. Each step stands in a file of its own; here is only their order. */
#include "geometry/params.h"
#include "geometry/tracing.h"
#include <stdlib.h>
#include <string.h>

static const char *const regions[GEO_REGIONS] = { "whole", "cervical", "thoracic", "lumbar", "ap" };

const char *geo_region_name(int region) { return region >= 0 && region < GEO_REGIONS ? regions[region] : ""; }

/* What films of a region are taken for; whole films for everything. */
static const char *const shown[GEO_REGIONS] = {
    [GEO_REGION_CERVICAL] = " T1S C7S C2S CL TSCL cSVA McG_dist McG_len McG_slope Chamb_dist McRae_dist BDI BAI Powers ADI SAC C0C2 RJ ",
    [GEO_REGION_THORACIC] = " TK T1S ",
    [GEO_REGION_LUMBAR] = " SS PT PI LL L4S1 LDI PILL L1PA RPV RLL ",
    [GEO_REGION_AP] = " ",
};

int geo_region_shows(int region, int parameter)
{
    char padded[32] = " ";
    if (region == GEO_REGION_WHOLE) return 1;
    if (region < 0 || region >= GEO_REGIONS || parameter < 0) return 0;
    strcat(strcat(padded, geo_parameter_name(parameter)), " ");
    return strstr(shown[region], padded) != NULL;
}

void geo_choices_defaults(geo_choices *o)
{
    *o = (geo_choices){ .size = sizeof *o, .repair = 2, .age = -1 };
}

static void warn(geo_chain *out, const char *code, const char *detail)
{
    if (out->warnings == (int)(sizeof out->warning / sizeof *out->warning)) return;
    char *w = out->warning[out->warnings++];
    strcpy(w, code);
    if (detail && *detail) strcat(strcat(w, ":"), detail);
}

/* A whole number below 1000, in digits. */
static const char *digits(int n, char text[8])
{
    int k = 7;
    text[k] = 0;
    do text[--k] = (char)('0' + n % 10), n /= 10; while (n && k);
    return text + k;
}

static int count_problem(const geo_found *f)
{
    return f->faults || f->disagreement > 6 || f->odd & (GEO_ODD_MERGED | GEO_ODD_SPLIT | GEO_ODD_TRUNCATED);
}

static void warn_chain(geo_chain *out, int frontal)
{
    char text[8];
    if (frontal && out->n && out->body[0].unsure && out->n != 17) out->count = out->n;      /* T1 to L5 as a rule */
    if (out->count) warn(out, "W_COUNT_MISMATCH", digits(out->count, text));
    if (out->dropped) warn(out, "W_DROPPED", digits(out->dropped, text));
    for (int i = 0; i < out->n; i++) {
        const geo_found *f = &out->body[i];
        if (f->odd & GEO_ODD_ORDER) warn(out, "W_RELABELLED", geo_level_name(f->level));
        if (frontal && count_problem(f)) warn(out, "W_LOW_QUALITY", geo_level_name(f->level));
        if (frontal && f->faults & GEO_FAULT_TILT) warn(out, "W_ODD_TILT", geo_level_name(f->level));
    }
}

/* One without a level has been left out, and the reader told so. */
int geo_found_counts(const geo_found *b) { return b->level && !(b->faults & GEO_FAULT_TILT); }

/* The main angle is the largest difference of two tilts, so one spoilt outline would be the whole result: bodies that stand askew to the
 * spine are left out. */
static int measure_frontal(const geo_tracing *t, const geo_choices *o, geo_chain *out)
{
    geo_quad q[GEO_CHAIN_MOST];
    int at[GEO_CHAIN_MOST], n = 0;
    double sx = o->sx > 0 ? o->sx : 1, sy = o->sx > 0 ? o->sy : 1;
    for (int i = 0; i < out->n; i++)
        if (geo_found_counts(&out->body[i])) at[n] = i, q[n++] = out->body[i].quad;
    out->cobb_status = n < 2 ? GEO_EMPTY : geo_cobb_find(q, n, sx, sy, (double)t->h, o->cobb, &out->cobb);
    if (!out->cobb_status) out->cobb.upper_end = at[out->cobb.upper_end], out->cobb.lower_end = at[out->cobb.lower_end];
    if (o->sx <= 0) warn(out, "W_SQUARE_PIXELS_ASSUMED", NULL);
    return GEO_OK;
}

static int measure_lateral(geo_tracing *t, const geo_choices *o, geo_chain *out)
{
    geo_case *c = out->film = o->base ? geo_case_copy(o->base) : geo_case_new();
    if (!c) return GEO_MEMORY;
    int bad = o->sx > 0 && geo_case_spacing(c, o->sx, o->sy);
    bad |= o->age >= 0 && geo_case_age(c, o->age);
    bad |= o->facing && geo_case_facing(c, o->facing);
    if (bad) return GEO_BAD;
    for (int i = 0; i < out->warnings; i++) geo_case_warn(c, out->warning[i]);
    int used = tracing_landmarks(t, NULL, c);
    if (used <= 0) return used ? used : GEO_EMPTY;
    for (int i = GEO_C2; i <= GEO_L5; i++) out->made += !!(geo_case_marks(c, i) & GEO_MARK_INTERPOLATED);
    out->result = geo_measure(c);
    return out->result ? GEO_OK : GEO_MEMORY;
}

int geo_chain_measure(geo_tracing *t, const geo_choices *choices, geo_chain *out)
{
    geo_choices o;
    geo_choices_defaults(&o);
    if (choices) memcpy(&o, choices, choices->size < sizeof o ? choices->size : sizeof o);
    memset(out, 0, sizeof *out);
    if (!t || o.region < 0 || o.region >= GEO_REGIONS || o.facing < -1 || o.facing > 1 || (o.sx > 0) != (o.sy > 0) ||
        (o.sx > 0 && !geo_spacing_sound(o.sx, o.sy))) return GEO_BAD;
    t->method = o.corners, t->repair = o.repair;
    int frontal = o.region == GEO_REGION_AP, status = tracing_number(t, &o, out);
    if (status) return status;
    warn_chain(out, frontal);
    return frontal ? measure_frontal(t, &o, out) : measure_lateral(t, &o, out);
}

void geo_chain_free(geo_chain *c)
{
    geo_case_free(c->film), geo_result_free(c->result);
    c->film = NULL, c->result = NULL;
}
