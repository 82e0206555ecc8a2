/* inpaint.c - `darkspine inpaint FILM... --weights W`: films without their implants. The mask is found, never given, unless --mask says so, and
 * then everything that is printed says so too. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/share.h"
#include "base/words.h"
#include "eval/html.h"
#include "nn/cfg.h"
#include "verbs/compute.h"
#include "verbs/inpaint_page.h"
#include "verbs/inpaint_truth.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/report.h"
#include "verbs/trained.h"
#include <stdlib.h>
#include <string.h>

enum { EMBEDDED = 24 };                          /* films whose pictures are in the report */

static const flag own[] = {
    { "--weights", "FILE.h5", "a checkpoint of a network that rebuilds films (default: weights/vqgan.h5 beside the program; without: method=telea)" },
    { "--settings", "FILE.cfg", "settings in a section [inpaint]; those of the command line come after" },
    { "--mask", "PATH|truth", "fill this mask instead of what would be found: a label map, a folder of them, or `truth`: that of the store" },
    { "--split", "train|val|test|foldN", "of a store, only the cases of this split" },
    { 0 }
};
static const usage how = { "inpaint", "FILM... [KEY=VALUE ...]",
    "Finds implants on films (files, folders, or one store), takes them out and fills the holes. Outside the mask nothing changes.\n"
    "Writes masks/STEM.png, restored/STEM.png (of a store restored.h5, with all that it knew), report.html and inpaint.cfg (every setting) into\n"
    "the folder --out (default: STEM-inpaint, after the first input). method=auto|codes|telea, and below the flags what decides on the mask.\n"
    "A filled hole is a guess; it shows nothing of what lies behind the metal.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 1, -1, 1 };

typedef struct session {
    const flags *f;
    films list;
    const store *s;                              /* the store that films come from; NULL: files */
    char *folder, *weights;                      /* weights NULL: none */
    const char *mask;                            /* --mask */
    inpaint_conf conf;
    char *settings;                              /* every one, as text */
    rebuilder *r;
    store *out;
    FILE *page;
    json_t *cases;
    inpaint_tally tally;
    int64_t pixels, outside, unchanged;
} session;

/* ---- what is asked for --------------------------------------------------------------------------------------------------------------- */

static void read_settings(session *s)
{
    static const char *const known[] = { "inpaint", NULL };
    const char *path = flags_text(s->f, "--settings", NULL);
    cfg *c = path ? cfg_read(path) : cfg_parse("[inpaint]\n", "command line");
    for (int i = 0; i < s->f->nset; i++) {
        const char *word = s->f->set[i], *dot = strchr(word, '.'), *equals = strchr(word, '=');
        if (s->f->precision && !strcmp(word, s->f->precision)) continue;
        char *whole = xprintf("%s%s", dot && dot < equals ? "" : "inpaint.", word);
        cfg_override(c, whole, known), free(whole);
    }
    cfg_section *e = cfg_find(c, "inpaint");
    if (!e) die("%s: no section [inpaint]", path);
    cfg_fill(e, inpaint_keys, &s->conf);
    for (int i = 0; i < c->n; i++) {
        if (strcmp(c->s[i].name, "inpaint")) die_at(c->s[i].at, "got [%s], wanted [inpaint]", c->s[i].name);
        cfg_check_used(&c->s[i], (const key *const[]){ inpaint_keys }, 1);
    }
    cfg_print_section(&s->settings, "inpaint", inpaint_keys, &s->conf);
    cfg_free(c);
}

static void find_weights(session *s)
{
    const char *given = flags_text(s->f, "--weights", NULL);
    s->weights = given ? xdup(given) : s->conf.method == INPAINT_TELEA ? NULL : share_path("weights/vqgan.h5");
    if (!s->weights && s->conf.method == INPAINT_CODES)
        die_at("--weights", "missing, and there is no weights/vqgan.h5 beside the program: method=codes wants a network that rebuilds films");
}

static void open_weights(session *s, const compute *c)
{
    if (!s->weights) return;
    checkpoint *k = trained_checkpoint(s->weights);
    run *r = trained_run(k);
    s->r = rebuilder_new(k, &r->data.fit, s->f->precision, c->dev);
    run_free(r), checkpoint_close(k);
}

static void find_films(session *s)
{
    s->list = films_find(s->f->input, s->f->n, flags_text(s->f, "--split", NULL));
    if (s->list.stores && s->f->n > 1) die("%s: a store goes alone, since what is restored of it is one store again", store_path(s->list.s[0]));
    s->s = s->list.stores ? s->list.s[0] : NULL;
    s->mask = flags_text(s->f, "--mask", NULL);
    if (s->mask && !strcmp(s->mask, "truth") && !s->s) die_at("--mask", "got truth, but only a store knows where implants are");
    if (s->mask && strcmp(s->mask, "truth") && !file_is_folder(s->mask) && s->list.n > 1)
        die_at("--mask", "%s: %lld films, wanted a folder with a mask for each", s->mask, (long long)s->list.n);
}

static char *product(const session *s, const char *kind, int64_t i) { return xprintf("%s/%s/%s.png", s->folder, kind, s->list.e[i].stem); }
static char *restored_at(const session *s, int64_t i) { return s->s ? path_join(s->folder, "restored.h5") : product(s, "restored", i); }

static void may_write(const session *s)
{
    static const char *const names[] = { "report.html", "inpaint.cfg" };
    for (int k = 0; k < 2; k++) {
        char *path = path_join(s->folder, names[k]);
        flags_may_write(s->f, path), free(path);
    }
    for (int64_t i = 0; i < s->list.n; i++) {
        char *mask = product(s, "masks", i), *film = restored_at(s, i);
        flags_may_write(s->f, mask), flags_may_write(s->f, film);
        free(mask), free(film);
    }
}

/* The mask that was given for film i, of its size; NULL: it is to be found. Fresh. */
static uint8_t *given_mask(const session *s, int64_t i, const image *film)
{
    if (!s->mask) return NULL;
    uint8_t *mask = xalloc_n((size_t)film->h, (size_t)film->w);
    if (s->s && !strcmp(s->mask, "truth")) { inpaint_true_mask(s->s, s->list.e[i].at, mask); return mask; }
    char *path = file_is_folder(s->mask) ? xprintf("%s/%s.png", s->mask, s->list.e[i].stem) : xdup(s->mask);
    image m = labels_read(path);
    if (m.h != film->h || m.w != film->w)
        die("%s: a mask of %lld x %lld, wanted %lld x %lld as %s", path, (long long)m.h, (long long)m.w, (long long)film->h, (long long)film->w,
            s->list.e[i].source);
    for (int64_t k = 0; k < m.h * m.w; k++) mask[k] = image_at(&m, k) != 0;
    image_free(&m), free(path);
    return mask;
}

/* ---- a film -------------------------------------------------------------------------------------------------------------------------- */

static image read_film(const film *e)
{
    if (!e->s) return film_read(e->source);
    const store_case *c = store_at(e->s, e->at);
    image m = image_new(c->h, c->w, c->bits);
    store_read_image(e->s, e->at, m.p);
    return m;
}

/* The case as it was, but for its picture. */
static void store_film(session *s, int64_t at, const inpainted *o)
{
    store_case row = *store_at(s->s, at);
    const size_t n = (size_t)(row.h * row.w);
    uint8_t *mask = xalloc(n);
    uint32_t *planes = xalloc_n(n, sizeof *planes);
    labels l = store_read_labels(s->s, at);
    const int has_mask = store_read_mask(s->s, at, mask), has_planes = store_read_planes(s->s, at, planes);
    char *source = xprintf("%s%s%s", row.source, o->pixels ? " inpainted=" : "", o->pixels ? inpaint_methods[o->method] : "");
    if (strlen(source) < STORE_TEXT) row.source = source;
    row.sha256_image = row.sha256_labels = NULL;
    store_add(s->out, &row, o->restored.p, has_mask ? mask : NULL, has_planes ? planes : NULL, &l);
    labels_free(&l), free(mask), free(planes), free(source);
}

static void write_film(session *s, int64_t i, const image *film, const inpainted *o)
{
    char *mask = product(s, "masks", i), *restored = restored_at(s, i);
    image m = image_new(film->h, film->w, 8);
    for (int64_t k = 0; k < film->h * film->w; k++) ((uint8_t *)m.p)[k] = o->mask[k] ? 255 : 0;
    image_write(mask, &m), image_free(&m);
    if (s->s) store_film(s, s->list.e[i].at, o);
    else image_write(restored, &o->restored);
    if (i < EMBEDDED) inpaint_page_film(s->page, s->list.e[i].stem, film, o);
    free(mask), free(restored);
}

/* Before anything is written: every mask is there and fits its film. */
static void check_masks(const session *s)
{
    for (int64_t i = 0; i < s->list.n && s->mask; i++) {
        image m = read_film(&s->list.e[i]);
        free(given_mask(s, i, &m)), image_free(&m);
    }
}

static void one(session *s, int64_t i)
{
    const film *e = &s->list.e[i];
    image m = read_film(e);
    uint8_t *given = given_mask(s, i, &m);
    inpainted o = inpaint_film(&s->conf, s->r, &m, given);
    write_film(s, i, &m, &o);
    char *mask = product(s, "masks", i), *restored = restored_at(s, i);
    json_t *c = json_pack("{s:o s:o s:I s:I s:b s:s s:o s:o}", "case", object_text(e->stem), "file", object_text(e->source), "implant_pixels",
        (json_int_t)o.pixels, "changed_outside_mask", (json_int_t)o.changed_outside, "unchanged", !o.pixels, "method", inpaint_methods[o.method],
        "mask", object_text(mask), "restored", object_text(restored));
    if (!given && c) json_object_set_new(c, "found", json_pack("{s:I s:f s:s}", "pieces", (json_int_t)o.found.pieces, "threshold", o.found.threshold,
                                                               "metal", o.found.dark ? "dark" : "bright"));
    json_t *gain = e->s ? inpaint_tally_add(&s->tally, e->s, e->at, &o, &m) : NULL;
    if (gain) json_object_set_new(c, "truth", gain);
    object_append(s->cases, c);
    s->pixels += o.pixels, s->outside += o.changed_outside, s->unchanged += !o.pixels;
    free(mask), free(restored), free(given), inpainted_free(&o), image_free(&m);
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------------- */

static const char *row_name(const session *s) { return !s->mask ? "found" : strcmp(s->mask, "truth") ? "given" : "given: the truth"; }

static void begin_output(session *s, const char *report)
{
    static const char *const kinds[] = { "masks", "restored" };
    for (int k = 0; k < 2 - (s->s != NULL); k++) {
        char *path = path_join(s->folder, kinds[k]);
        file_make_folders(path), free(path);
    }
    if (s->s) {
        char *path = path_join(s->folder, "restored.h5");
        s->out = store_create(path, store_classes(s->s)), free(path);
    }
    s->page = file_begin(report);
    html_begin(s->page, "Films without implants");
    html_paragraph(s->page, "note", "A filled hole is a guess from films without implants. It shows nothing of what lies behind the metal, and no"
                                    " diagnosis may rest on it.");
    if (s->mask) html_paragraph(s->page, "note", "The masks were given, not found.");
}

static void end_output(session *s, const char *report)
{
    char *settings = path_join(s->folder, "inpaint.cfg");
    if (s->list.n > EMBEDDED) html_paragraph(s->page, "note", "Pictures of the other films are not part of this report.");
    html_section(s->page, "settings", 1, "Settings");
    html_lines(s->page, s->settings);
    report_environment(s->page);
    report_files(s->page, (char *[]){ s->weights, s->list.n == 1 && !s->s ? s->list.e[0].source : NULL }, 2);
    html_end(s->page);
    if (s->out) store_commit(s->out);
    file_write(settings, s->settings, strlen(s->settings));
    file_commit(s->page, report);
    free(settings);
}

static void print_json(const session *s, const char *report, double seconds)
{
    char *masks = s->list.n == 1 ? product(s, "masks", 0) : path_join(s->folder, "masks");
    char *restored = s->list.n == 1 || s->s ? restored_at(s, 0) : path_join(s->folder, "restored");
    json_t *o = json_pack("{s:I s:I s:o s:o s:s s:o s:I s:o s:f s:I s:O}", "implant_pixels", (json_int_t)s->pixels, "changed_outside_mask",
        (json_int_t)s->outside, "mask", object_text(masks), "restored", object_text(restored), "mask_is", row_name(s), "weights",
        s->weights ? object_text(s->weights) : json_null(), "unchanged", (json_int_t)s->unchanged, "report", object_text(report), "seconds", seconds,
        "peak_rss", (json_int_t)machine_peak_rss(), "cases", s->cases);
    if (o && !s->weights) json_object_set_new(o, "weights_why", json_string("none given and none beside the program"));
    if (o && s->tally.implanted) json_object_set_new(o, "truth", inpaint_tally_json(&s->tally));
    object_print(o);
    free(masks), free(restored);
}

static void print_text(const session *s, const char *report, double seconds)
{
    if (s->tally.implanted) inpaint_tally_print(&s->tally, stdout, row_name(s));
    if (s->list.n == 1 && !s->pixels) printf("no implants found: the film comes back unchanged\n");
    else if (s->list.n == 1) printf("%lld pixels in the mask (%s), filled by %s\n", (long long)s->pixels, row_name(s),
                                    json_string_value(json_object_get(json_array_get(s->cases, 0), "method")));
    else printf("%lld of %lld films come back unchanged: no implants found\n", (long long)s->unchanged, (long long)s->list.n);
    char *restored = s->list.n == 1 || s->s ? restored_at(s, 0) : path_join(s->folder, "restored");
    printf("%lld film%s in %.2f s: %s, %s/masks, %s\n", (long long)s->list.n, plural(s->list.n), seconds, restored, s->folder, report);
    free(restored);
}

static char *folder_of(const flags *f)
{
    const char *out = flags_text(f, "--out", NULL);
    if (out) return xdup(out);
    char *stem = path_stem(f->input[0]), *folder = xprintf("%s-inpaint", stem);
    free(stem);
    return folder;
}

int verb_inpaint(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) {                                        /* --help: the settings after the flags */
        printf("\nsettings\n");
        key_print_help(inpaint_keys);
        return EXIT_OK;
    }
    compute c = compute_begin(f);
    session s = { .f = f, .folder = folder_of(f), .cases = json_array() };
    read_settings(&s), find_weights(&s), find_films(&s), may_write(&s), films_check(&s.list), check_masks(&s);
    open_weights(&s, &c);
    if (s.r) compute_tell(&c);
    char *report = path_join(s.folder, "report.html");
    begin_output(&s, report);
    progress bar = progress_begin("inpaint", s.list.n, flags_has(f, "--quiet"));
    for (int64_t i = 0; i < s.list.n; i++) one(&s, i), progress_step(&bar, i + 1, NULL);
    const double seconds = progress_seconds(&bar);
    progress_end(&bar);
    end_output(&s, report);
    if (flags_has(f, "--json")) print_json(&s, report, seconds);
    else print_text(&s, report, seconds);
    json_decref(s.cases), inpaint_tally_free(&s.tally), rebuilder_free(s.r), films_free(&s.list);
    free(report), free(s.folder), free(s.weights), free(s.settings), flags_free(f);
    return EXIT_OK;
}
