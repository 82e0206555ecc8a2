/* landmarks_json.c - cases of landmarks in JSON; see landmarks.h.
 *
 * One case is an object; a file is one case, a list of them, or {"cases": [...]}. The form is also what `export` writes. Whatever is
 * there must be right; what is not known here (descriptions, expected values) is left alone. */
#include "datasets/landmarks_forms.h"
#include "base/die.h"
#include "base/utf8.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *path;
    char *id;                                    /* of the case, fit to be printed */
    const json_t *o;
    landmark_case *c;
    int screen;                                  /* some corners are named as on the screen */
    char *named;                                 /* a body whose corners are named by anterior and posterior, or NULL; owned */
} reader;

/* key: what of the case is wrong. A value of any size is shown by its first forty bytes. */
static _Noreturn void fault(const reader *r, const char *key, const json_t *got, const char *wanted)
{
    char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL, *name = utf8_clean(key);
    die("%s: case %.80s: %.80s: got %.40s, wanted %s", r->path, r->id, name, text ? text : "nothing", wanted);
}

static const json_t *get(const reader *r, const char *key)
{
    const json_t *v = json_object_get(r->o, key);
    return json_is_null(v) ? NULL : v;
}

static double number(const reader *r, const char *key, const json_t *v, double least, double most, const char *wanted)
{
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= least && x <= most)) fault(r, key, v, wanted);
    return x;
}

static geo_point point(const reader *r, const char *key, const json_t *v)
{
    static const char wanted[] = "[x, y] in pixels";
    if (!json_is_array(v) || json_array_size(v) < 2 || json_array_size(v) > 3) fault(r, key, v, wanted);
    return (geo_point){ number(r, key, json_array_get(v, 0), -1e7, 1e7, wanted), number(r, key, json_array_get(v, 1), -1e7, 1e7, wanted) };
}

static int word(const reader *r, const char *key, const char *const *words, int n, int otherwise)
{
    const json_t *v = get(r, key);
    char wanted[160] = "one of";
    if (!v) return otherwise;
    for (int i = 0; i < n; i++) {
        if (json_is_string(v) && !strcmp(json_string_value(v), words[i])) return i;
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s %s", i ? "," : "", words[i]);
    }
    fault(r, key, v, wanted);
}

/* ---- bodies -------------------------------------------------------------------------------------------------------------------------- */

static void read_dip(const reader *r, const char *name, int level, const json_t *v)
{
    static const char wanted[] = "[superior, inferior], shares of the body's height, -1 to 1, of a body with all its corners";
    double dip[2];
    if (!v) return;
    if (!json_is_array(v) || json_array_size(v) != 2) fault(r, name, v, wanted);
    for (size_t k = 0; k < 2; k++) dip[k] = number(r, name, json_array_get(v, k), -1, 1, wanted);
    if (geo_case_dip(r->c->film, level, dip)) fault(r, name, v, wanted);
}

static void read_vertebra(reader *r, const char *name, const json_t *v)
{
    static const char *const screen[4] = { "UL", "UR", "LR", "LL" }, *const named[4] = { "SA", "SP", "IA", "IP" };
    landmark_case *c = r->c;
    int level = geo_level_parse(name), is_screen = json_object_get(v, "UL") != NULL;
    geo_point p[4];
    if (!json_is_object(v)) fault(r, name, v, "an object of corners");
    for (int k = 0; k < 4; k++) {
        const char *corner = is_screen ? screen[k] : named[k];
        const json_t *at = json_object_get(v, corner);
        char *key = xprintf("%.40s.%s", name, corner);
        if (!at && level == GEO_S1 && k >= 2) p[k] = p[k - 2];                   /* the sacrum has an upper plate only */
        else p[k] = point(r, key, at);
        free(key);
    }
    if (is_screen) {
        if (c->n == LANDMARKS_BODIES) fault(r, "vertebrae", NULL, "at most 64 bodies");
        r->screen = 1;
        memcpy(c->body[c->n].p, p, sizeof p), snprintf(c->level[c->n++], STORE_NAME, "%s", name);
        return;
    }
    if (!r->named && level != GEO_S1) r->named = xdup(name);
    geo_corners q = { p[0], p[1], p[2], p[3] };
    if (level == GEO_S1 ? geo_case_s1(c->film, p[0], p[1]) : geo_case_vertebra(c->film, level, &q))
        fault(r, name, NULL, "a level, C1 to L5");
    read_dip(r, name, level, json_object_get(v, "dip"));
}

/* Frontal films say in which order the bodies stand. */
static void read_order(reader *r)
{
    const json_t *order = get(r, "order"), *all = get(r, "vertebrae");
    const char *name;
    json_t *v;
    if (!order) {
        json_object_foreach((json_t *)all, name, v) read_vertebra(r, name, v);
        landmark_case_sort(r->c);
        return;
    }
    if (!json_is_array(order) || json_array_size(order) != json_object_size(all)) fault(r, "order", order, "every vertebra once");
    for (size_t i = 0; i < json_array_size(order); i++) {
        name = json_string_value(json_array_get(order, i));
        for (size_t k = 0; k < i && name; k++)
            if (!strcmp(name, json_string_value(json_array_get(order, k)))) fault(r, "order", order, "every vertebra once");
        if (!name || !(v = json_object_get(all, name))) fault(r, "order", json_array_get(order, i), "a name that stands in vertebrae");
        read_vertebra(r, name, v);
    }
}

static void read_heads(reader *r)
{
    const json_t *all = get(r, "FH");
    if (all && (!json_is_array(all) || json_array_size(all) > 2)) fault(r, "FH", all, "a list of at most two [x, y, radius]");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i);
        geo_point p = point(r, "FH", v);
        double radius = json_array_size(v) == 3 ? number(r, "FH", json_array_get(v, 2), 0, 1e6, "a radius in pixels") : 0;
        geo_case_head(r->c->film, (geo_circle){ p.x, p.y, radius });
    }
}

static void read_points(reader *r, const char *key)
{
    const json_t *all = get(r, key);
    const char *name;
    json_t *v;
    if (all && !json_is_object(all)) fault(r, key, all, "an object of [x, y]");
    json_object_foreach((json_t *)all, name, v) {
        geo_point p = point(r, name, v);
        double radius = json_array_size(v) == 3 ? number(r, name, json_array_get(v, 2), 0, 1e6, "a radius in pixels") : 0;
        if (landmark_case_point(r->c, name, p.x, p.y, radius)) continue;
        char *clean = utf8_clean(name);
        warn("%s: case %.80s: %s: the point %.80s is not known and not used%s", r->path, r->id, key, clean, landmark_nearest(name));
        free(clean);
    }
}

/* ---- what is asked for --------------------------------------------------------------------------------------------------------------- */

static void read_want(reader *r)
{
    const json_t *all = get(r, "want");
    if (!all) return;
    if (!json_is_array(all) || json_array_size(all) > 1000) fault(r, "want", all, "a list of parameters");
    r->c->want = xalloc_n(json_array_size(all) + 1, sizeof *r->c->want), r->c->nwant = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i);
        if (!json_is_string(v) || json_string_length(v) > 63) fault(r, "want", v, "the name of a parameter");
        r->c->want[r->c->nwant++] = xdup(json_string_value(v));
    }
}

/* A level, or an object with its name under `member`: what measure itself prints. */
static int level_at(const reader *r, const char *key, const json_t *v, const char *member)
{
    if (json_is_object(v)) v = json_object_get(v, member);
    int level = json_is_string(v) ? geo_level_parse(json_string_value(v)) : 0;
    if (!level) fault(r, key, v, "a level, C1 to S1");
    return level;
}

static void read_asked(reader *r)
{
    const json_t *levels = get(r, "compression"), *pairs = get(r, "slip");
    landmark_case *c = r->c;
    if (levels && (!json_is_array(levels) || json_array_size(levels) > LANDMARKS_ASKED))
        fault(r, "compression", levels, "a list of levels");
    if (pairs && (!json_is_array(pairs) || json_array_size(pairs) > LANDMARKS_ASKED)) fault(r, "slip", pairs, "a list of [upper, lower]");
    if (levels) c->ncompression = (int)json_array_size(levels);
    if (pairs) c->nslip = (int)json_array_size(pairs);
    for (int i = 0; i < c->ncompression; i++) c->compression[i] = level_at(r, "compression", json_array_get(levels, (size_t)i), "level");
    for (int i = 0; i < c->nslip; i++) {
        const json_t *v = json_array_get(pairs, (size_t)i);
        if (!json_is_object(v) && json_array_size(v) != 2) fault(r, "slip", v, "[upper, lower]");
        for (int k = 0; k < 2; k++)
            c->slip[i][k] = level_at(r, "slip", json_is_object(v) ? v : json_array_get(v, (size_t)k), k ? "lower" : "upper");
    }
}

/* What masks left in doubt and nobody has taken back: lists of levels, as measure prints them. */
static void read_marks(reader *r)
{
    for (int i = 0; i < GEO_MARKS; i++) {
        const char *key = geo_mark_name(1u << i);
        const json_t *all = get(r, key);
        if (all && (!json_is_array(all) || json_array_size(all) > LANDMARKS_ASKED)) fault(r, key, all, "a list of levels");
        for (size_t k = 0; k < json_array_size(all); k++) geo_case_mark(r->c->film, level_at(r, key, json_array_get(all, k), ""), 1u << i);
    }
}

static void read_scale(reader *r)
{
    static const char wanted[] = "[sx, sy], " GEO_SPACING_WANTED;
    const json_t *v = get(r, "spacing"), *age = get(r, "age"), *height = get(r, "height");
    landmark_case *c = r->c;
    if (json_is_number(v)) c->sx = c->sy = number(r, "spacing", v, 1e-9, 1e5, wanted);
    else if (v) {
        if (!json_is_array(v) || json_array_size(v) != 2) fault(r, "spacing", v, wanted);
        c->sx = number(r, "spacing", json_array_get(v, 0), 1e-9, 1e5, wanted),
            c->sy = number(r, "spacing", json_array_get(v, 1), 1e-9, 1e5, wanted);
    }
    if (v && !geo_spacing_sound(c->sx, c->sy)) fault(r, "spacing", v, wanted);
    if (age) c->age = number(r, "age", age, 0, 199, "years, 0 to 199");
    if (height) c->height = number(r, "height", height, 1, 1e7, "the height of the film in pixels");
}

/* Of what masks showed, what landmarks cannot: level by level it stands in the marks on lateral films, which have them. */
static void read_warnings(reader *r)
{
    static const char *const lateral[] = { "W_DOMED_S1", "W_LOW_QUALITY:femoral_heads", "W_LOW_QUALITY:C1", "W_DROPPED:", "W_RELABELLED:", "W_COUNT_MISMATCH:", NULL },
        *const frontal[] = { "W_DROPPED:", "W_RELABELLED:", "W_COUNT_MISMATCH:", "W_LOW_QUALITY:", "W_ODD_TILT:", NULL };
    const json_t *all = get(r, "warnings");
    landmark_case *c = r->c;
    if (all && !json_is_array(all)) fault(r, "warnings", all, "a list of warnings");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *text = json_string_value(json_array_get(all, i));
        int known = 0;
        for (const char *const *k = c->frontal ? frontal : lateral; *k; k++) known |= text && !strncmp(text, *k, strlen(*k));
        if (known && strlen(text) < sizeof *c->warning && c->warnings < LANDMARKS_WARNINGS) strcpy(c->warning[c->warnings++], text);
    }
}

static void read_choices(reader *r)
{
    const json_t *all = get(r, "choices");
    const char *name;
    json_t *v;
    if (all && !json_is_object(all)) fault(r, "choices", all, "an object: what is chosen, by parameter");
    json_object_foreach((json_t *)all, name, v)
        if (!json_is_string(v) || geo_case_choose(r->c->film, name, json_string_value(v))) fault(r, name, v, "a choice that `darkspine measure --help` lists");
}

static int is_frontal(const reader *r, int region)
{
    static const char *const modes[] = { "lateral", "sagittal", "coronal", "frontal", "ap", "AP" };
    int mode = word(r, "mode", modes, 6, -1);
    if (region >= 0) return region == GEO_REGION_AP;
    if (mode >= 0) return mode >= 2;
    geo_point a, p;
    return r->screen && !geo_case_plate(r->c->film, &a, &p) && !get(r, "FH") && !get(r, "landmarks");
}

static void read_case(reader *r, int region)
{
    static const char *const sides[] = { "auto", "right", "left" }, *const methods[] = { "midline", "endplate" };
    const char *regions[GEO_REGIONS];
    for (int i = 0; i < GEO_REGIONS; i++) regions[i] = geo_region_name(i);
    const json_t *all = get(r, "vertebrae"), *s1 = get(r, "S1");
    if (all && !json_is_object(all)) fault(r, "vertebrae", all, "an object of levels");
    read_scale(r), read_order(r), read_heads(r), read_points(r, "points"), read_points(r, "landmarks"), read_want(r), read_asked(r), read_marks(r);
    if (s1) read_vertebra(r, "S1", s1);
    r->c->region = word(r, "region", regions, GEO_REGIONS, -1);
    int side = word(r, "facing", sides, 3, 0);
    r->c->facing = side == 2 ? -1 : side, r->c->cobb = word(r, "cobb_method", methods, 2, -1);
    int frontal = is_frontal(r, region);
    if (frontal && r->named) fault(r, r->named, NULL, "the corners UL UR LL LR on a frontal film");
    for (int i = 0; i < r->c->n && !frontal; i++)
        if (!geo_level_parse(r->c->level[i])) fault(r, r->c->level[i], NULL, "a level, C1 to L5, on a lateral film");
    if (!all && !s1 && !get(r, "FH") && !get(r, "points") && !get(r, "landmarks")) fault(r, "vertebrae", NULL, "landmarks of a film");
    if (region < 0 && r->c->region == GEO_REGION_AP && !frontal) fault(r, "region", get(r, "region"), "a region of lateral films");
    const json_t *source = get(r, "spacing_source");
    if (json_is_string(source) && !strcmp(json_string_value(source), "detector")) geo_case_uncalibrated(r->c->film);
    read_choices(r);
    landmark_case_finish(r->c, frontal);
    read_warnings(r);
}

/* Its id, or its place in the file. */
static char *id_of(const json_t *o, size_t i)
{
    const json_t *id = json_object_get(o, "id");
    if (json_is_string(id) && json_string_length(id)) return utf8_clean(json_string_value(id));
    return json_is_integer(id) ? xprintf("%lld", (long long)json_integer_value(id)) : xprintf("%zu", i + 1);
}

landmark_cases landmarks_json(const char *text, size_t n, const char *path, int region)
{
    json_error_t e;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (!root) {
        char *clean = utf8_clean(e.text);
        die("%s:%d: no JSON: %s", path, e.line, clean);
    }
    json_t *list = json_is_array(root) ? root : json_object_get(root, "cases");
    size_t count = list ? json_array_size(list) : 1;
    if (list && !json_is_array(list)) die("%s: cases: got no list", path);
    if (!list && !json_is_object(root)) die("%s: got no object, wanted a case or {\"cases\": [...]}", path);
    if (!count) die("%s: no case in it", path);
    landmark_cases l = { (int64_t)count, xalloc_n(count, sizeof *l.c) };
    for (size_t i = 0; i < count; i++) {
        const json_t *o = list ? json_array_get(list, i) : root;
        reader r = { .path = path, .id = id_of(o, i), .o = o, .c = &l.c[i] };
        if (!json_is_object(o)) fault(&r, "case", o, "an object");
        *r.c = landmark_case_new(r.id);
        read_case(&r, region);
        free(r.id), free(r.named);
    }
    json_decref(root);
    return l;
}
