/* findings.c - see findings.h. */
#include "eval/findings.h"
#include "base/clock.h"
#include "base/die.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static findings begin(const char *id, const measure_settings *s)
{
    findings m = { .id = xdup(id), .region = s->region < 0 ? GEO_REGION_WHOLE : s->region, .sx = s->sx, .sy = s->sy, .age = s->age,
        .spacing_source = s->sx > 0 ? s->spacing_source : "none" };
    m.frontal = m.region == GEO_REGION_AP, m.cobb_method = s->cobb < 0 ? GEO_COBB_MIDLINE : s->cobb;
    return m;
}

findings findings_nothing(const char *id, const measure_settings *s, const char *code)
{
    findings m = begin(id, s);
    m.failed = code;
    return m;
}

void findings_free(findings *m)
{
    geo_chain_free(&m->chain), geo_tracing_free(m->t);
    free(m->spread), free(m->curves), free(m->id);
    *m = (findings){ 0 };
}

static geo_jitter jitter(const measure_settings *s)
{
    geo_jitter j;
    geo_jitter_defaults(&j);
    j.sd = s->jitter, j.draws = s->draws, j.seed = s->seed;
    return j;
}

static void check(int status)
{
    if (status == GEO_MEMORY) die_machine("out of memory");
}

static void add_spread_masks(findings *m, const measure_settings *s, const geo_case *base)
{
    geo_jitter j = jitter(s);
    m->spread = xalloc_n((size_t)geo_parameters(), sizeof *m->spread);
    geo_case *c = base ? geo_case_copy(base) : geo_case_new();
    if (!c) die_machine("out of memory");
    if (m->sx > 0) geo_case_spacing(c, m->sx, m->sy);
    if (m->age >= 0) geo_case_age(c, m->age);
    geo_case_facing(c, geo_result_facing(m->chain.result, NULL));           /* found once: draws do not look the other way */
    check(geo_uncertainty(m->t, c, &j, m->spread, m->category));
    geo_case_free(c);
}

static void add_curves_masks(findings *m, const measure_settings *s, const geo_choices *o)
{
    geo_jitter j = jitter(s);
    m->curves = xalloc(sizeof *m->curves);
    check(geo_uncertainty_cobb(m->t, o, &j, m->curves));
}

findings findings_masks(const char *id, geo_tracing *t, int64_t h, int64_t w, const measure_settings *s)
{
    double start = clock_now();
    findings m = begin(id, s);
    geo_choices o;
    geo_choices_defaults(&o);
    o.region = m.region, o.facing = s->facing == -2 ? 0 : s->facing, o.corners = s->corners, o.cobb = m.cobb_method;
    o.sx = s->sx, o.sy = s->sy, o.age = s->age, o.base = s->base;
    m.t = t, m.h = h, m.w = w, m.from_masks = 1;
    int status = geo_chain_measure(t, &o, &m.chain);
    check(status);
    if (status) m.failed = "E_MISSING:spine";
    for (int i = 0; i < m.chain.n; i++) {
        const geo_found *f = &m.chain.body[i];
        snprintf(m.level[i], STORE_NAME, "%s", f->level ? geo_level_name(f->level) : "");
    }
    if (s->jitter > 0 && !status && m.frontal && !m.chain.cobb_status) add_curves_masks(&m, s, &o);
    if (s->jitter > 0 && !status && !m.frontal && geo_result_facing(m.chain.result, NULL)) add_spread_masks(&m, s, s->base);
    m.seconds = clock_now() - start;
    return m;
}

static void measure_bodies(findings *m, const landmark_case *c, const measure_settings *s)
{
    double sx = m->sx > 0 ? m->sx : 1, sy = m->sx > 0 ? m->sy : 1, height = c->height;
    m->chain.n = c->n, memcpy(m->level, c->level, sizeof m->level);
    for (int i = 0; i < c->n; i++) m->chain.body[i] = (geo_found){ .quad = c->body[i], .level = geo_level_parse(c->level[i]) };
    /* where the film ends is not known: its middle is that of the spine */
    if (!(height > 0) && c->n) height = c->body[0].p[0].y + c->body[c->n - 1].p[2].y;
    height = fmax(height, 0);
    m->chain.cobb_status = c->n < 2 ? GEO_EMPTY : geo_cobb_find(c->body, c->n, sx, sy, height, m->cobb_method, &m->chain.cobb);
    if (s->jitter > 0 && !m->chain.cobb_status) {
        geo_jitter j = jitter(s);
        m->curves = xalloc(sizeof *m->curves);
        geo_uncertainty_quads(c->body, c->n, sx, sy, height, m->cobb_method, &j, m->curves);
    }
    for (int i = 0; i < c->warnings; i++) strcpy(m->chain.warning[m->chain.warnings++], c->warning[i]);
    if (!(m->sx > 0)) strcpy(m->chain.warning[m->chain.warnings++], "W_SQUARE_PIXELS_ASSUMED");
}

findings findings_landmarks(const landmark_case *c, const measure_settings *s)
{
    double start = clock_now();
    findings m = begin(c->id, s);
    m.frontal = c->frontal, m.asked = c;
    if (m.frontal) m.region = GEO_REGION_AP;
    else if (s->region < 0 && c->region >= 0) m.region = c->region;
    if (!(m.sx > 0) && c->sx > 0) m.sx = c->sx, m.sy = c->sy, m.spacing_source = "file";
    if (m.age < 0) m.age = c->age;
    if (s->cobb < 0 && c->cobb >= 0) m.cobb_method = c->cobb;
    m.h = (int64_t)c->height;
    if (m.frontal) measure_bodies(&m, c, s);
    else {
        geo_case *film = m.chain.film = geo_case_copy(c->film);
        if (!film) die_machine("out of memory");
        if (m.sx > 0) geo_case_spacing(film, m.sx, m.sy);
        if (m.age >= 0) geo_case_age(film, m.age);
        geo_case_facing(film, s->facing == -2 ? c->facing : s->facing);
        if (s->facing == 1 || s->facing == -1) landmark_case_face(c, film, s->facing);
        geo_case_adopt(film, s->base);
        for (int i = 0; i < c->warnings; i++) geo_case_warn(film, c->warning[i]);
        if (!(m.chain.result = geo_measure(film))) die_machine("out of memory");
        if (s->jitter > 0 && geo_result_facing(m.chain.result, NULL)) {
            geo_jitter j = jitter(s);
            m.spread = xalloc_n((size_t)geo_parameters(), sizeof *m.spread);
            geo_case *fixed = geo_case_copy(film);
            if (!fixed) die_machine("out of memory");
            geo_case_facing(fixed, geo_result_facing(m.chain.result, NULL));
            check(geo_uncertainty_points(fixed, &j, m.spread, m.category));
            geo_case_free(fixed);
        }
    }
    m.seconds = clock_now() - start;
    return m;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------------------- */

const char *const findings_groups[FINDINGS_GROUPS] = { "pelvis", "lumbar spine", "thoracic spine", "balance", "neck", "skull and dens" };
static const char *const members[FINDINGS_GROUPS] = { " SS PT PI PILL RPV ", " LL L4S1 LDI RLL L1PA ", " TK TLK ",
    " SVA GT TPA C7VT C7ST SSA T1SPi T9SPi RSA ODHA ", " T1S C7S C2S CL TSCL cSVA NT TIA ",
    " McG_dist McG_len McG_slope Chamb_dist McRae_dist BDI BAI Powers ADI SAC C0C2 RJ Ranawat " };

static const char *group_of(const char *name)
{
    char padded[32];
    snprintf(padded, sizeof padded, " %s ", name);
    for (int i = 0; i < FINDINGS_GROUPS; i++) if (strstr(members[i], padded)) return findings_groups[i];
    return "";
}

int findings_wants(const findings *m, const char *name)
{
    if (!m->asked || m->asked->nwant < 0) return 1;
    for (int i = 0; i < m->asked->nwant; i++) if (!strcmp(m->asked->want[i], name)) return 1;
    return 0;
}

static int says_what(const findings *m) { return m->asked && m->asked->nwant >= 0; }

int findings_wants_gap(const findings *m)
{
    if (m->failed || m->frontal) return 0;
    if (!says_what(m)) return geo_region_shows(m->region, -1);
    return findings_wants(m, "GAP") ||
        (findings_wants(m, "RPV") && findings_wants(m, "RLL") && findings_wants(m, "LDI") && findings_wants(m, "RSA"));
}

double findings_value(const findings *m, const char *name)
{
    geo_value v;
    int p = geo_parameter_find(name);
    return !m->chain.result || p < 0 || geo_result_value(m->chain.result, p, &v) ? NAN : v.value;
}

const char *findings_doubts(const finding *r, char out[64])
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < GEO_MARKS; i++)
        if (r->v.marks & 1u << i) n += (size_t)snprintf(out + n, 64 - n, "%s%s", n ? ", " : "", geo_mark_name(1u << i));
    for (char *p = out; *p; p++) if (*p == '_') *p = ' ';
    return out;
}

const char *findings_level(const findings *m, int i) { return m->level[i]; }

static void add_normal(finding *r, const ranges *normal)
{
    r->normal = normal ? ranges_find(normal, r->name) : NULL;
    r->side = r->normal && !r->v.code ? range_side(r->normal, r->v.value) : 0;
}

static int frontal_row(const findings *m, const ranges *normal, finding *r)
{
    static const char *const why[] = { "", "E_MISSING:vertebrae", "E_UNDEFINED:bad corners", "", "E_DEGENERATE:endplate" };
    *r = (finding){ "cobb", "Cobb angle of the main curve", "deg", "frontal", { .value = m->chain.cobb.main }, NULL, 0, NAN };
    if (m->chain.cobb_status)
        r->v = (geo_value){ .code = GEO_E_DEGENERATE }, snprintf(r->v.error, sizeof r->v.error, "%s", why[-m->chain.cobb_status]);
    if (m->curves && m->curves->main.n > 1) r->sd = m->curves->main.sd;
    add_normal(r, normal);
    return 1;
}

int findings_rows(const findings *m, const ranges *normal, finding **out)
{
    int n = 0, all = geo_parameters();
    finding *r = *out = xalloc_n((size_t)all + 1, sizeof *r);
    if (m->failed) return 0;
    if (m->frontal) return findings_wants(m, "cobb") ? frontal_row(m, normal, r) : 0;
    for (int i = 0; i < all; i++) {
        geo_value v;
        const char *name = geo_parameter_name(i);
        geo_result_value(m->chain.result, i, &v);
        if (says_what(m) ? !findings_wants(m, name) : v.code && !geo_region_shows(m->region, i)) continue;
        r[n] = (finding){ name, geo_parameter_title(i), geo_parameter_unit(i), group_of(name), v, NULL, 0, NAN };
        if (m->spread && m->spread[i].n > 1 && !v.code) r[n].sd = m->spread[i].sd;
        add_normal(&r[n++], normal);
    }
    return n;
}
