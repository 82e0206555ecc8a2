/* measure_input.c - what `measure` can be given, told apart by what it is, not by what it is called; see measure.h. */
#include "verbs/measure.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/store.h"
#include "eval/predictions.h"
#include <stdlib.h>
#include <string.h>

enum { JSON_LIMIT = 256 << 20 };

/* ---- label maps ---------------------------------------------------------------------------------------------------------------------- */

/* strict: a value that nothing is known of is an error; alone: so is a map without a spine, which among others is a row that says so. */
typedef struct map { const char *path, *id; int64_t h, w; const uint8_t *labels; const image *film; int strict, alone; } map;

static void hand_on(const measure_job *job, findings *f, const image *film) { job->each(job->arg, f, film); }

/* t: what its values mean, n 0 where that is not known. */
static void measure_map(const measure_job *job, const map *m, const classes *t)
{
    int role[256], seen[256], status;
    measure_settings s = job->settings;
    roles_present(m->labels, m->h * m->w, seen);
    if (job->instances) for (int v = 0; v < 256; v++) role[v] = GEO_ROLE_INSTANCE;
    else if (t->n && !roles_of(t, role)) die("%s: the class table holds no vertebra, sacrum, femoral head or skull", m->path);
    else if (!t->n) roles_guess(s.region, seen, role);
    if (m->strict) roles_refuse_strangers(m->path, role, seen, t);
    geo_tracing *traced = geo_tracing_new(m->labels, m->h, m->w, role, &status);
    if (status == GEO_MEMORY) die_machine("out of memory");
    if (!traced && m->alone) die("%s: nothing of a spine in it, wanted vertebrae, a sacrum, femoral heads or the skull base", m->path);
    findings f = traced ? findings_masks(m->id, traced, m->h, m->w, &s) : findings_nothing(m->id, &s, "E_MISSING:spine");
    if (f.failed && m->alone) die("%s: nothing of a spine can be measured in it", m->path);
    hand_on(job, &f, m->film);
    findings_free(&f);
}

/* Pixels as bytes. Instance ids may be larger: those are numbered anew, in order. 0 where they must be instances. */
static uint8_t *bytes_of(const char *path, const image *m)
{
    uint8_t *out = xalloc_n((size_t)m->h, (size_t)m->w), *id = xalloc(65536);
    int n = 0, most = 0;
    for (int64_t i = 0; i < m->h * m->w; i++) { int v = image_at(m, i); id[v] = 1; if (v > most) most = v; }
    for (int v = 1; v < 65536 && most > 255; v++) if (id[v] && ++n <= 255) id[v] = (uint8_t)n;
    if (n > 255) die("%s: got %d different values, wanted a label map of at most 255 structures (`darkspine run` measures films)", path, n);
    for (int64_t i = 0; i < m->h * m->w; i++) { int v = image_at(m, i); out[i] = most > 255 ? (v ? id[v] : 0) : (uint8_t)v; }
    free(id);
    return out;
}

static int has_large(const image *m)
{
    for (int64_t i = 0; i < m->h * m->w; i++) if (image_at(m, i) > 255) return 1;
    return 0;
}

static void measure_png(const measure_job *job, const char *path, const classes *t, int alone)
{
    image m = labels_read(path);
    measure_job instances = *job;
    instances.instances |= has_large(&m);
    uint8_t *labels = bytes_of(path, &m);
    char *id = path_stem(path);
    measure_map(&instances, &(map){ .path = path, .id = id, .h = m.h, .w = m.w, .labels = labels, .strict = 1, .alone = alone }, t);
    image_free(&m), free(labels), free(id);
}

int measure_names(const classes *t)
{
    int role[256];
    return roles_of(t, role);
}

void measure_labels(const measure_job *job, const char *id, int64_t h, int64_t w, const uint8_t *labels, const classes *t)
{
    measure_map(job, &(map){ .path = id, .id = id, .h = h, .w = w, .labels = labels }, t);
}

/* ---- instances ----------------------------------------------------------------------------------------------------------------------- */

/* "003_L3.png" -> L3; BODY where the name holds no structure. */
static int role_in_name(const char *path)
{
    char *stem = path_stem(path), *last = strrchr(stem, '_');
    class c = { 0 };
    snprintf(c.name, sizeof c.name, "%s", last ? last + 1 : stem);
    if (last && (!strcmp(last, "_1") || !strcmp(last, "_2") || !strcmp(last, "_head"))) snprintf(c.name, sizeof c.name, "%s",
        strstr(stem, "femoral_head") ? "femoral_head" : stem);
    int role = role_of_class(&c);
    free(stem);
    return role ? role : GEO_ROLE_BODY;
}

int64_t measure_instances(const measure_job *job, char *const *paths, int n, const char *id)
{
    geo_tracing *t = NULL;
    int64_t h = 0, w = 0;
    int status;
    for (int i = 0; i < n; i++) {
        image m = labels_read(paths[i]);
        if (!t) h = m.h, w = m.w, t = geo_tracing_empty(h, w, &status);
        if (!t) die_machine("out of memory");
        if (m.h != h || m.w != w) die("%s: got %lld x %lld, wanted %lld x %lld (h x w) as the first instance, %s", paths[i], (long long)m.h,
            (long long)m.w, (long long)h, (long long)w, paths[0]);
        uint8_t *labels = bytes_of(paths[i], &m);
        for (int64_t k = 0; k < h * w; k++) labels[k] = labels[k] != 0;
        if (geo_tracing_add(t, labels, role_in_name(paths[i]), 1) == GEO_MEMORY) die_machine("out of memory");
        image_free(&m), free(labels);
    }
    if (!t || !geo_tracing_outlines(t)) die("%s: nothing of a spine in it", n ? paths[0] : id);
    findings f = findings_masks(id, t, h, w, &job->settings);
    if (f.failed) die("%s: nothing of a spine can be measured in it", paths[0]);
    hand_on(job, &f, NULL);
    findings_free(&f);
    return 1;
}

/* ---- folders ------------------------------------------------------------------------------------------------------------------------- */

static void set_total(const measure_job *job, int64_t n) { if (job->total) *job->total += n; }

static int64_t measure_predictions(const measure_job *job, const char *path);

/* DIR or DIR/masks as `predict` leaves them, or any folder of label maps; one of instances where every name ends in a structure's. */
static int64_t measure_folder(const measure_job *job, const char *folder)
{
    char *masks = path_join(folder, "masks"), *beside = path_join(folder, "../predictions.h5"),
        *inside = path_join(folder, "predictions.h5");
    int64_t done = -1;
    if (file_is_folder(masks)) done = file_exists(inside) && !job->classes ? measure_predictions(job, inside) : measure_folder(job, masks);
    if (done < 0) {
        int n, named = 1;
        char **name = file_list(folder, "|.png|.PNG|", &n), **path = xalloc_n((size_t)n + 1, sizeof *path);
        if (!n) die("%s: got a folder without label maps, wanted *.png", folder);
        for (int i = 0; i < n; i++) {
            path[i] = path_join(folder, name[i]);
            named &= strchr(name[i], '_') && role_in_name(name[i]) != GEO_ROLE_BODY;
        }
        set_total(job, job->instances || named ? 1 : n);
        classes t = { 0 };
        if (job->classes) t = classes_given("--classes", job->classes);
        else if (predictions_is(beside)) {
            predictions *p = predictions_open(beside);
            t = predictions_classes(p), predictions_close(p);
        }
        char *trimmed = xdup(folder);
        for (size_t k = strlen(trimmed); k > 1 && trimmed[k - 1] == '/';) trimmed[--k] = 0;
        char *slash = strrchr(trimmed, '/');
        if (job->instances || named) done = measure_instances(job, path, n, slash ? slash + 1 : trimmed);
        else for (int i = done = 0; i < n; i++, done++) measure_png(job, path[i], &t, n == 1);
        for (int i = 0; i < n; i++) free(name[i]), free(path[i]);
        classes_free(&t), free(name), free(path), free(trimmed);
    }
    free(masks), free(beside), free(inside);
    return done;
}

/* ---- HDF5 ---------------------------------------------------------------------------------------------------------------------------- */

/* A table of a store or of predictions is of use where it names something of a spine; "1", "2" do not. */
static classes useful(classes t)
{
    int role[256];
    if (!roles_of(&t, role)) classes_free(&t);
    return t;
}

/* The spacing that the input knows, where the user has not said one. Returns the choices as they now stand; free them. */
static geo_case *known_spacing(measure_settings *s, const char *path, const char *id, const double spacing[2], const char *source)
{
    geo_case *base = geo_case_copy(s->base);
    if (!base) die_machine("out of memory");
    if (!geo_spacing_sound(spacing[0], spacing[1])) die("%s: case %s: spacing: got %g x %g, wanted %s; --spacing gives another", path, id,
        spacing[0], spacing[1], GEO_SPACING_WANTED);
    s->sx = spacing[0], s->sy = spacing[1], s->spacing_source = source, s->base = base;
    if (!strcmp(source, "detector")) geo_case_uncalibrated(base);
    return base;
}

void measure_found(const measure_job *job, const char *path, const char *id, const image *film, const uint8_t *labels, const instances *o,
                   const classes *t)
{
    instance *mask = instances_masks(o, film->h, film->w);
    double score[INSTANCES_MOST];
    for (int k = 0; k < o->n; k++) score[k] = (double)o->score[k];
    measure_segmentation(job, path, id, film, &(segmentation){ labels, instances_sure(o), mask, score }, t);
    for (int k = 0; k < o->n; k++) free(mask[k].runs);
    free(mask);
}

static void measure_prediction(const measure_job *job, const predictions *p, int64_t i, map *m, const classes *t)
{
    predictions_size(p, i, &m->h, &m->w);
    uint8_t *labels = xalloc_n((size_t)m->h, (size_t)m->w);
    predictions_read(p, i, labels);
    m->labels = labels;
    instances found = { 0 };
    if (m->film && predictions_instances(p, i, &found)) measure_found(job, m->path, m->id, m->film, labels, &found, t);
    else measure_map(job, m, t);
    free(labels), free(found.number);
}

static int64_t measure_predictions(const measure_job *job, const char *path)
{
    predictions *p = predictions_open(path);
    classes t = job->classes ? classes_given("--classes", job->classes) : useful(predictions_classes(p));
    int64_t n = predictions_count(p);
    if (!n) die("%s: holds no predictions", path);
    set_total(job, n);
    for (int64_t i = 0; i < n; i++) {
        image film = predictions_film(p, i);
        map m = { .path = path, .id = predictions_stem(p, i), .film = film.h ? &film : NULL };
        measure_job with = *job;
        double spacing[2];
        char *source = NULL;
        geo_case *base = NULL;
        if (!(job->settings.sx > 0) && predictions_spacing(p, i, spacing, &source))
            base = known_spacing(&with.settings, path, m.id, spacing, *source ? source : "predictions");
        measure_prediction(&with, p, i, &m, &t);
        geo_case_free(base), image_free(&film), free(source);
    }
    classes_free(&t), predictions_close(p);
    return n;
}

/* Objects as outlines; NULL where there is none that belongs to a spine. score (n), or NULL: 1 each. */
static geo_tracing *trace_instances(const instance *o, const double *score, int n, int64_t h, int64_t w, const classes *t)
{
    int status, role[256], any = 0;
    geo_tracing *traced = n ? geo_tracing_empty(h, w, &status) : NULL;
    uint8_t *mask = traced ? xalloc_n((size_t)h, (size_t)w) : NULL;
    roles_of(t, role);
    for (int k = 0; k < n && traced; k++) {
        int what = geo_level_parse(o[k].level);
        if (!what || what == GEO_S1) what = what ? GEO_ROLE_SACRUM : role[o[k].value & 255];
        if (!what) continue;
        memset(mask, 0, (size_t)(h * w));
        instance_paint(&o[k], mask, h, w, 1);
        any |= !geo_tracing_add(traced, mask, what, score ? score[k] : 1);
    }
    free(mask);
    if (!any) geo_tracing_free(traced), traced = NULL;
    return traced;
}

static geo_tracing *trace_case(const store *s, int64_t i, const classes *t)
{
    labels l = store_read_labels(s, i);
    geo_tracing *traced = trace_instances(l.instances, NULL, l.ninstances, store_at(s, i)->h, store_at(s, i)->w, t);
    labels_free(&l);
    return traced;
}

void measure_segmentation(const measure_job *job, const char *path, const char *id, const image *film, const segmentation *s,
                          const classes *t)
{
    classes own = useful(classes_copy(t));
    geo_tracing *traced = trace_instances(s->instances, s->score, s->ninstances, film->h, film->w, &own);
    uint8_t *none = s->score ? xalloc_n((size_t)film->h, (size_t)film->w) : NULL;       /* a detector's map shows the uncertain ones, too */
    const uint8_t *labels = none ? none : s->labels;
    if (traced) {
        findings f = findings_masks(id, traced, film->h, film->w, &job->settings);
        hand_on(job, &f, film);
        findings_free(&f);
    } else measure_map(job, &(map){ .path = path, .id = id, .h = film->h, .w = film->w, .labels = labels, .film = film }, &own);
    classes_free(&own), free(none);
}

/* The patient's age in years among the values of a case, -1 where it is not there. */
static double age_of(const store *s, int64_t i)
{
    labels l = store_read_labels(s, i);
    double age = -1;
    for (int k = 0; k < l.nvalues; k++)
        if (!strcmp(l.values[k].name, "age") && l.values[k].value >= 0 && l.values[k].value <= 130) age = l.values[k].value;
    labels_free(&l);
    return age;
}

measure_settings measure_settings_case(const measure_settings *s, const store *from, int64_t i, geo_case **base)
{
    const store_case *c = store_at(from, i);
    measure_settings own = *s;
    *base = NULL;
    if (!(own.sx > 0) && store_spacing_known(c))
        *base = known_spacing(&own, store_path(from), c->id, c->spacing, *c->spacing_source ? c->spacing_source : "store");
    if (own.age < 0) own.age = age_of(from, i);
    return own;
}

/* Landmarks before instances before label maps: what a person has set comes first. */
void measure_case(const measure_job *job, const store *s, int64_t i, const classes *t)
{
    const store_case *c = store_at(s, i);
    geo_case *base;
    measure_settings own = measure_settings_case(&job->settings, s, i, &base);
    landmark_case marks;
    image film = image_new(c->h, c->w, c->bits);
    if (!job->blind) store_read_image(s, i, film.p);
    geo_tracing *traced = NULL;
    uint8_t *labels = NULL;
    if (landmarks_store(s, i, own.region, &marks)) {
        findings f = findings_landmarks(&marks, &own);
        f.asked = NULL, f.h = c->h, f.w = c->w;
        hand_on(job, &f, &film);
        findings_free(&f);
    } else if ((traced = trace_case(s, i, t))) {
        findings f = findings_masks(c->id, traced, c->h, c->w, &own);
        hand_on(job, &f, &film);
        findings_free(&f);
    } else if (labels = xalloc_n((size_t)c->h, (size_t)c->w), store_read_mask(s, i, labels)) {
        map m = { .path = store_path(s), .id = c->id, .h = c->h, .w = c->w, .labels = labels, .film = &film };
        measure_job with = *job;
        with.settings = own;
        measure_map(&with, &m, t);
    } else {
        findings f = findings_nothing(c->id, &own, "E_MISSING:labels");
        hand_on(job, &f, &film);
        findings_free(&f);
    }
    landmark_case_free(&marks), image_free(&film), geo_case_free(base), free(labels);
}

static int64_t measure_store(const measure_job *job, const char *path)
{
    store *s = store_open(path);
    classes t = job->classes ? classes_given("--classes", job->classes) : useful(classes_copy(store_classes(s)));
    int64_t n = store_count(s);
    set_total(job, n);
    for (int64_t i = 0; i < n; i++) measure_case(job, s, i, &t);
    classes_free(&t), store_close(s);
    return n;
}

/* ---- landmarks ----------------------------------------------------------------------------------------------------------------------- */

static void refuse_classes(const measure_job *job, const char *path)
{
    if (job->classes) die_at("--classes", "got landmarks, %s; wanted label maps, whose values a class table explains", path);
}

static int64_t measure_landmarks(const measure_job *job, landmark_cases *l)
{
    set_total(job, l->n);
    for (int64_t i = 0; i < l->n; i++) {
        findings f = findings_landmarks(&l->c[i], &job->settings);
        hand_on(job, &f, NULL);
        findings_free(&f);
    }
    int64_t n = l->n;
    landmarks_free(l);
    return n;
}

static int ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && !strcasecmp(path + n - m, end);
}

int64_t measure_input(const measure_job *job, const char *path)
{
    if (file_is_folder(path)) return measure_folder(job, path);
    if (!file_exists(path)) die("%s: no such file or folder", path);
    if (predictions_is(path)) return measure_predictions(job, path);
    if (store_like(path)) return measure_store(job, path);
    if (ends_with(path, ".csv")) {
        refuse_classes(job, path);
        landmark_cases l = landmarks_csv(path, job->settings.region);
        return measure_landmarks(job, &l);
    }
    if (ends_with(path, ".json")) {
        size_t n;
        refuse_classes(job, path);
        char *text = file_read(path, JSON_LIMIT, &n);
        landmark_cases l = landmarks_json(text, n, path, job->settings.region);
        free(text);
        return measure_landmarks(job, &l);
    }
    classes t = job->classes ? classes_given("--classes", job->classes) : (classes){ 0 };
    set_total(job, 1);
    measure_png(job, path, &t, 1);
    classes_free(&t);
    return 1;
}
