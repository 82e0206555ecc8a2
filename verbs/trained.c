/* trained.c - see trained.h. */
#include "verbs/trained.h"
#include "base/die.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

meaning trained_meaning(const run *r, const net_conf *c, const classes *t, const char *path)
{
    static const char background[] = "background";
    meaning m = { .n = c->classes == 1 ? 2 : (int)c->classes, .labels = r->data.labels };
    if (!strcmp(r->data.labels, "all")) for (int i = 1; i < m.n; i++) m.value[i] = i;
    else if (!strcmp(r->data.labels, "any")) m.value[1] = 1;
    else if (classes_values(r->data.labels, "data.labels", m.value) != m.n - 1)
        die("%s: data.labels=%s is not a list of its %d classes", path, r->data.labels, m.n - 1);
    m.name[0] = background;
    for (int i = 1; i < m.n; i++) {
        const class *found = strcmp(r->data.labels, "any") ? classes_find(t, m.value[i]) : NULL;
        m.name[i] = found ? found->name : "";
    }
    char *at = xprintf("%s: augment", path);
    uint8_t twin[256];
    augment_check(&r->augment, m.n, at, m.swap);
    free(at);
    augment_pairs(r->data.exchangeable, "exchangeable", m.n, path, twin);
    for (int i = 0; i < m.n; i++) if (twin[i] != i) m.swap[i] = twin[i];         /* named by place, so a mirror exchanges them */
    return m;
}

checkpoint *trained_checkpoint(const char *path)
{
    static const char *const names[] = { "best.h5", "last.h5" };
    checkpoint *k = NULL;
    for (int i = 0; i < 2 && file_is_folder(path) && !k; i++) {
        char *inside = path_join(path, names[i]);
        if (file_exists(inside)) k = checkpoint_open(inside);
        free(inside);
    }
    if (!k && file_is_folder(path)) die("%s: a folder without best.h5 and last.h5, wanted a checkpoint or the folder of a run", path);
    return k ? k : checkpoint_open(path);
}

run *trained_run(const checkpoint *k)
{
    static const char *const alone[] = { "data.store=none" };
    if (!k->run && !k->net) die("%s: holds neither a run nor a network", k->path);
    return k->run ? run_parse(k->run, k->path, NULL, 0) : run_parse(k->net, k->path, alone, 1);
}

/* What needs no other weights: the rest of the section says how the weights were made. */
static const char *const late[] = { "score", "small", "nms", "detections", "mask_threshold", "mask_margin" };
enum { LATE = sizeof late / sizeof *late };

static void check_late(const char *word)
{
    const char *key = strchr(word, '.') + 1;
    char *name = xprintf("%.*s", (int)strcspn(key, "="), key), *list = xdup(late[0]);
    int known = 0;
    for (int i = 0; i < LATE; i++) known |= !strcmp(name, late[i]);
    for (int i = 1; i < LATE && !known; i++) {
        char *more = xprintf("%s, %s", list, late[i]);
        free(list), list = more;
    }
    if (!known) die("%s: not to be chosen for weights that are there: wanted detector.KEY=value with one of %s%s", word, list, die_nearest(name, late, LATE));
    free(name), free(list);
}

const char **trained_words(flags *f, int *n)
{
    const char **words = xalloc_n((size_t)f->nset + 1, sizeof *words);
    int left = 0;
    *n = 0;
    for (int i = 0; i < f->nset; i++) {
        const int detects = !strncmp(f->set[i], "detector.", strlen("detector.")), taken = detects || f->set[i] == f->precision;
        if (detects) check_late(f->set[i]);
        if (taken) words[(*n)++] = f->set[i];
        else f->set[left++] = f->set[i];
    }
    f->nset = left;
    return words;
}

trained trained_open(const char *path, const predict_how *how, const char *const *words, int n, const device *dev)
{
    trained t = { .k = trained_checkpoint(path) };
    t.r = trained_run(t.k);
    t.t = run_net(t.r, 1);
    t.table = classes_parse(t.k->classes ? t.k->classes : "", t.k->path);
    t.m = trained_meaning(t.r, &t.t->conf, &t.table, t.k->path);
    t.p = predictor_new(t.k, &t.r->data.fit, &t.m, how, words, n, dev);
    return t;
}

predict_how trained_how(const flags *f)
{
    if (flags_has(f, "--chain") && flags_text(f, "--levels", NULL)) die_at("--chain", "got it beside --levels, which means it");
    return (predict_how){ .mirror = flags_has(f, "--tta"), .chain = flags_has(f, "--chain") };
}

trained trained_namer(trained *t, const flags *f, const char *const *words, int n, const device *dev)
{
    const char *path = flags_text(f, "--levels", NULL);
    if (!path) return (trained){ 0 };
    const predict_how seen = trained_how(f);                 /* without --chain, which cannot stand beside --levels */
    trained namer = trained_open(path, &seen, words, n, dev);
    predictor_name_by(t->p, namer.p, t->k->path, namer.k->path);
    return namer;
}

void trained_close(trained *t)
{
    if (!t->p) return;
    predictor_free(t->p), classes_free(&t->table), net_free(t->t), run_free(t->r), checkpoint_close(t->k);
}

classes trained_classes(const trained *t)
{
    classes out = { 0 };
    for (int i = 1; i < t->m.n; i++) {
        const class *known = *t->m.name[i] ? classes_find(&t->table, t->m.value[i]) : NULL;
        if (known) classes_add(&out, known->value, known->name, known->kind);
    }
    return out;
}
