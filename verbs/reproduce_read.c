/* reproduce_read.c - experiments from their cfg files; see reproduce.h. */
#include "verbs/reproduce.h"
#include "base/die.h"
#include "base/file.h"
#include "base/share.h"
#include "eval/provenance.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct head { char *system, *title; } head;
static const key head_keys[] = {
    { "system", K_TEXT, offsetof(head, system), NULL, "the system it stands for: S2", 0, 0, 0 },
    { "title", K_TEXT, offsetof(head, title), NULL, "a line about it", 0, 0, 0 },
    { 0 }
};
static const key step_keys[] = {
    { "run", K_TEXT, offsetof(step, run), NULL, "the words of a call: synth films.h5 region=lumbar; @NAME is a file of the program",
        0, 0, 0 },
    { "name", K_TEXT, offsetof(step, name), "", "what figures call it (default: the verb)", 0, 0, 0 },
    { "minutes", K_REAL, offsetof(step, minutes), "0.1", "how long it took when it was recorded", 0, 1e6, 0 },
    { 0 }
};
static const key figure_keys[] = {
    { "measure", K_TEXT, offsetof(figure, measure), NULL, "what the table calls it: DSC, mean over classes", 0, 0, 0 },
    { "unit", K_TEXT, offsetof(figure, unit), "", "deg, mm; none for a share", 0, 0, 0 },
    { "from", K_TEXT, offsetof(figure, from), NULL, "the step that printed it", 0, 0, 0 },
    { "find", K_TEXT, offsetof(figure, find), NULL, "where in its object: parameters[name=SS].MAE", 0, 0, 0 },
    { "tolerance", K_REAL, offsetof(figure, tolerance), NULL, "by which a run on another machine may miss the recorded ones", 0, 1e9, 0 },
    { "published", K_TEXT, offsetof(figure, published), "", "FILE COLUMN=VALUE ... COLUMN of results/published", 0, 0, 0 },
    { 0 }
};

static const step_kind kinds[] = {       /* verb, --force, --device, --threads, --precision, what a cut-off call leaves */
    { "synth",   1, 0, 1, 0, "%s.part.txt" },
    { "split",   0, 0, 0, 0, NULL },
    { "train",   1, 1, 1, 1, "%s/last.h5" },
    { "predict", 1, 1, 1, 1, NULL },
    { "measure", 1, 0, 1, 0, NULL },
    { "eval",    1, 0, 1, 0, NULL },
    { "run",     1, 1, 1, 1, NULL },
    { "inpaint", 1, 1, 1, 1, NULL },
    { 0 }
};

static const step_kind *kind_of(const char *verb, const char *at)
{
    const char *names[sizeof kinds / sizeof *kinds];
    int n = 0;
    for (const step_kind *k = kinds; k->verb; k++) {
        if (!strcmp(k->verb, verb)) return k;
        names[n++] = k->verb;
    }
    die_at(at, "step.run: got the verb %s, wanted synth, split, train, predict, measure, eval, run or inpaint%s", verb,
           die_nearest(verb, names, n));
}

static void split_words(step *s)
{
    char *text = xdup(s->run), *save;
    for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
        s->word = xgrow(s->word, (size_t)(s->words + 1) * sizeof *s->word);
        s->word[s->words++] = xdup(w);
    }
    free(text);
}

/* The @ of a word, or NULL. */
static char *at_sign(char *word)
{
    char *equals = strchr(word, '=');
    return *word == '@' ? word : equals && equals[1] == '@' ? equals + 1 : NULL;
}

static char *brought_along(const experiment *e, const step *s, const char *name)
{
    char *path = path_join(e->beside, name);
    if (!file_exists(path)) free(path), path = share_path(name);
    if (!path) die_at(s->at, "step.run: @%s: no such file beside the experiment or with the program", name);
    char *full = realpath(path, NULL);
    if (!full) die_machine("%s: cannot be found out where it is", path);
    free(path);
    return full;
}

char *step_word(const experiment *e, const step *s, int word)
{
    char *w = s->word[word], *sign = at_sign(w);
    if (!sign) return xdup(w);
    char *file = brought_along(e, s, sign + 1), *out = xprintf("%.*s%s", (int)(sign - w), w, file);
    free(file);
    return out;
}

char *step_record(const experiment *e, const step *s)
{
    return xprintf("%s/%s.step.json", e->folder, s->name);
}

/* What a file holds, and what those hold that a cfg names by file= (a run its network), so many deep. */
static void mark_file(EVP_MD_CTX *m, const char *path, int deep)
{
    char hex[65];
    if (!provenance_hash(path, hex)) die("%s: cannot be read", path);
    EVP_DigestUpdate(m, hex, 64);
    const char *dot = strrchr(path, '.');
    if (!dot || strcmp(dot, ".cfg")) return;
    if (!deep) die("%s: a cfg that names a cfg that names a cfg ..., wanted an end of it", path);
    char *folder = path_folder(path);
    cfg *c = cfg_read(path);
    for (int i = 0; i < c->n; i++) {
        const char *named = cfg_get(&c->s[i], "file");
        char *other = named ? path_join(folder, named) : NULL;
        if (other) mark_file(m, other, deep - 1);
        free(other);
    }
    cfg_free(c), free(folder);
}

/* A chain: the mark of a step holds that of the step before it. */
static void mark_steps(experiment *e)
{
    for (int i = 0; i < e->nsteps; i++) {
        step *s = &e->step[i];
        unsigned char digest[32];
        EVP_MD_CTX *m = EVP_MD_CTX_new();
        if (!m || !EVP_DigestInit_ex(m, EVP_sha256(), NULL)) die_machine("out of memory");
        if (i) EVP_DigestUpdate(m, e->step[i - 1].mark, 64);
        for (int w = 0; w < s->words; w++) {
            EVP_DigestUpdate(m, s->word[w], strlen(s->word[w]) + 1);
            char *sign = at_sign(s->word[w]), *file = sign ? brought_along(e, s, sign + 1) : NULL;
            if (file) mark_file(m, file, 8);
            free(file);
        }
        EVP_DigestFinal_ex(m, digest, NULL), EVP_MD_CTX_free(m);
        for (int k = 0; k < 32; k++) snprintf(s->mark + 2 * k, 3, "%02x", digest[k]);
    }
}

static void read_step(experiment *e, cfg_section *s, const variation *v)
{
    static const key *const tables[] = { step_keys };
    step t = { .at = s->at };
    cfg_fill(s, step_keys, &t), cfg_check_used(s, tables, 1);
    if (!t.run) die_at(s->at, "step.run: got nothing, wanted the words of a call");
    split_words(&t);
    t.kind = kind_of(t.word[0], s->at);
    step_vary(&t, v);
    if (!t.name) t.name = xdup(t.word[0]);
    if (strchr(t.name, '/') || *t.name == '.') die_at(s->at, "step.name: got %s, wanted the name of a file", t.name);
    for (int i = 0; i < e->nsteps; i++)
        if (!strcmp(e->step[i].name, t.name)) die_at(s->at, "step: a second step called %s: give it a name=", t.name);
    e->step = xgrow(e->step, (size_t)(e->nsteps + 1) * sizeof *e->step);
    e->step[e->nsteps++] = t;
}

static void read_figure(experiment *e, cfg_section *s)
{
    static const key *const tables[] = { figure_keys };
    figure f = { .at = s->at };
    cfg_fill(s, figure_keys, &f), cfg_check_used(s, tables, 1);
    if (!f.measure || !f.from || !f.find) die_at(s->at, "row: measure, from and find may not be empty");
    const char *names[64];
    int n = 0, found = 0;
    for (int i = 0; i < e->nsteps && n < 64; i++) names[n++] = e->step[i].name, found |= !strcmp(names[i], f.from);
    if (!found) die_at(s->at, "row.from: got %s, wanted a step that stands before it%s", f.from, die_nearest(f.from, names, n));
    f.printed = f.published ? quantity_of(published_value(e, f.published, s->at)) : quantity_missing("nothing was published");
    e->figure = xgrow(e->figure, (size_t)(e->nfigures + 1) * sizeof *e->figure);
    e->figure[e->nfigures++] = f;
}

static experiment experiment_read(const char *path, const char *out, const variation *v)
{
    static const key *const tables[] = { head_keys };
    experiment e = { .name = path_stem(path), .beside = path_folder(path), .flags = v->flags, .c = cfg_read(path) };
    head h = { 0 };
    e.folder = path_join(out, e.name);
    for (int i = 0; i < e.c->n; i++) {
        cfg_section *s = &e.c->s[i];
        const int first = !strcmp(s->name, "experiment");
        if (first != !i) die_at(s->at, "got [%s], wanted one [experiment] and it first", s->name);
        if (first) cfg_fill(s, head_keys, &h), cfg_check_used(s, tables, 1);
        else if (!strcmp(s->name, "step")) read_step(&e, s, v);
        else if (!strcmp(s->name, "row")) read_figure(&e, s);
        else die_at(s->at, "unknown section [%s], wanted [step] or [row]", s->name);
    }
    if (!h.system || !h.title) die("%s: no [experiment] with system= and title=", path);
    if (!e.nsteps || !e.nfigures) die("%s: no [%s], wanted steps and rows", path, e.nsteps ? "row" : "step");
    e.system = h.system, e.title = h.title;
    mark_steps(&e);
    return e;
}

/* What cfg_fill made; the rest is text of the cfg. */
static void experiment_free(experiment *e)
{
    for (int i = 0; i < e->nsteps; i++) {
        step *s = &e->step[i];
        for (int w = 0; w < s->words; w++) free(s->word[w]);
        free(s->word), free(s->name), free(s->run);
    }
    for (int i = 0; i < e->nfigures; i++) {
        figure *f = &e->figure[i];
        free(f->measure), free(f->unit), free(f->from), free(f->find), free(f->published);
    }
    free(e->step), free(e->figure), free(e->name), free(e->folder), free(e->beside), free(e->system), free(e->title), cfg_free(e->c);
}

void experiments_free(experiment *e, int n)
{
    for (int i = 0; i < n; i++) experiment_free(&e[i]);
    free(e);
}

static int by_system(const void *a, const void *b)
{
    const experiment *x = a, *y = b;
    const int order = strverscmp(x->system, y->system);          /* S2 before S10 */
    return order ? order : strcmp(x->name, y->name);
}

static int wanted(const experiment *e, char *const *only, int nonly)
{
    for (int i = 0; i < nonly; i++) if (!strcmp(only[i], e->name) || !strcmp(only[i], e->system)) return 1;
    return !nonly;
}

static void check_wanted(const experiment *e, int n, const char *from, const char *word)
{
    const char *names[128];
    int k = 0;
    for (int i = 0; i < n && k < 126; i++) {
        if (!strcmp(word, e[i].name) || !strcmp(word, e[i].system)) return;
        names[k++] = e[i].name, names[k++] = e[i].system;
    }
    die("%s: no experiment or system %s%s", from, word, die_nearest(word, names, k));
}

experiment *experiments_read(const char *from, const char *out, const variation *v, char *const *only, int nonly, int *n)
{
    int files, kept = 0;
    char **name = file_list(from, "|.cfg|", &files);
    experiment *e = xalloc_n((size_t)files + 1, sizeof *e);
    for (int i = 0; i < files; i++) {
        char *path = path_join(from, name[i]);
        e[i] = experiment_read(path, out, v);
        free(path), free(name[i]);
    }
    free(name);
    if (!files) die("%s: holds no experiment (*.cfg)", from);
    for (int i = 0; i < nonly; i++) check_wanted(e, files, from, only[i]);
    for (int i = 0; i < files; i++) {
        experiment one = e[i];
        if (wanted(&one, only, nonly)) e[kept++] = one;
        else experiment_free(&one);
    }
    qsort(e, (size_t)kept, sizeof *e, by_system);
    *n = kept;
    return e;
}
