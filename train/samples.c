/* samples.c - see samples.h. */
#include "train/samples.h"
#include "base/die.h"
#include "datasets/check.h"
#include "datasets/split.h"
#include <stdlib.h>
#include <string.h>

static void choose(samples *t, const char *name, int64_t limit)
{
    const part wanted = part_get(name, "data");
    int64_t count[SPLITS] = { 0 }, cases = store_count(t->s);
    int folds = 0;
    t->at = xalloc_n((size_t)cases, sizeof *t->at);
    for (int64_t i = 0; i < cases; i++) {
        const store_case *c = store_at(t->s, i);
        count[c->split]++;
        if (c->fold > folds) folds = c->fold;
        if (!part_has(&wanted, c)) continue;
        if (c->excluded) t->excluded++;
        else if (!limit || t->n < limit) t->at[t->n++] = i;
    }
    if (t->n) return;
    if (t->excluded) die("%s: all %lld cases of %s are excluded", store_path(t->s), (long long)t->excluded, name);
    const int fold = wanted.kind == PART_FOLD || wanted.kind == PART_REST;
    if (fold && folds)
        die("%s: no case is in part %s: its folds are 1 to %d (data.fold=0: no cross-validation); `darkspine split --folds N` deals others",
            store_path(t->s), name, folds);
    if (fold) die("%s: no case is in part %s, it has no folds: `darkspine split --folds 5` deals them", store_path(t->s), name);
    die("%s: no case is in part %s (train %lld, val %lld, test %lld, none %lld): `darkspine split` assigns them", store_path(t->s), name,
        (long long)count[SPLIT_TRAIN], (long long)count[SPLIT_VAL], (long long)count[SPLIT_TEST], (long long)count[SPLIT_NONE]);
}

static void meaning(samples *t, const char *labels, int64_t values, int64_t ignore)
{
    const classes *table = store_classes(t->s);
    int64_t found = values - 1;
    if (!strcmp(labels, "all")) {
        for (int v = 0; v < 256; v++) t->class_of[v] = (int16_t)(v < values ? v : -1);
        int last = table->n - 1;                                   /* ascending by value */
        if (last >= 0 && table->c[last].value == ignore) last--;
        if (last >= 0 && table->c[last].value >= values)
            die("%s has a class of value %d (%s), but the network tells %lld apart with background: wanted net.classes=%d, or fewer classes "
                "by data.labels=any or a list of values", store_path(t->s), table->c[last].value, table->c[last].name, (long long)values,
                table->c[last].value + 1);
    } else if (!strcmp(labels, "any")) {
        for (int v = 0; v < 256; v++) t->class_of[v] = v > 0;
        found = 1;
    } else {
        int value[256];
        found = classes_values(labels, "data.labels", value);
        for (int v = 0; v < 256; v++) t->class_of[v] = 0;
        for (int k = 1; k <= found; k++) t->class_of[value[k]] = (int16_t)k;
    }
    if (found != values - 1)
        die("data.labels=%s makes %lld classes with background, but the network tells %lld apart", labels, (long long)found + 1, (long long)values);
    if (ignore < 0) return;
    if (!ignore || (t->class_of[ignore] > 0 && strcmp(labels, "any")))         /* any means all others */
        die("objective.ignore: got %lld, which is class %d by data.labels=%s, wanted another value", (long long)ignore, t->class_of[ignore], labels);
    t->class_of[ignore] = IGNORED;
}

samples *samples_new(const store *s, const run_data *d, const char *part, int64_t values, int64_t ignore, int64_t net_h, int64_t net_w,
                     size_t room, int64_t limit)
{
    samples *t = xalloc(sizeof *t);
    *t = (samples){ .s = s, .fit = d->fit, .sizes = fit_sizes_of(&d->fit, net_h, net_w), .room = room };
    pthread_mutex_init(&t->lock, NULL);
    if (!strcmp(part, "none")) return t;
    augment_pairs(d->exchangeable, "exchangeable", values, "data", t->twin);
    choose(t, part, limit);
    meaning(t, d->labels, values, ignore);
    t->memory = xalloc_n((size_t)t->n, sizeof *t->memory), t->size = xalloc((size_t)t->n);
    for (int64_t i = 0; i < t->n; i++) t->size[i] = (uint8_t)fit_sizes_choose(&t->sizes, samples_case(t, i)->h, samples_case(t, i)->w);
    return t;
}

void samples_drop(samples *t, const uint8_t *marks)
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->n; i++) if (!marks[t->at[i]]) t->size[n] = t->size[i], t->at[n++] = t->at[i];
    t->faulty += t->n - n;
    t->n = n;
}

void samples_drop_faulty(const store *s, samples *a, samples *b)
{
    const int64_t n = store_count(s);
    uint8_t *marks = xalloc((size_t)n);
    faults f = check_store(s, NULL, NULL);
    faults_cases(&f, n, marks);
    samples_drop(a, marks);
    if (b) samples_drop(b, marks);
    faults_free(&f), free(marks);
}

void samples_free(samples *t)
{
    if (!t) return;
    for (int64_t i = 0; i < t->n; i++) fit_source_free(&t->memory[i].source);      /* a dropped case was never read */
    pthread_mutex_destroy(&t->lock);
    free(t->memory), free(t->size), free(t->at), free(t);
}

static fit fit_of(const samples *t, int64_t i)
{
    const store_case *c = samples_case(t, i);
    return fit_make(&t->fit, c->h, c->w, t->sizes.h[t->size[i]], t->sizes.w[t->size[i]]);
}

int64_t samples_of_size(const samples *t, int size)
{
    int64_t n = 0;
    for (int64_t i = 0; i < t->n; i++) n += t->size[i] == size;
    return n;
}

int64_t samples_nth(const samples *t, int size, int64_t k)
{
    if (t->sizes.n == 1) return k;
    int64_t i = 0;
    while (t->size[i] != size || k-- > 0) i++;
    return i;
}

size_t samples_room(const samples *t)
{
    size_t sum = 0;
    for (int64_t i = 0; i < t->n; i++) {
        const store_case *c = samples_case(t, i);
        const fit f = fit_of(t, i);
        sum += (size_t)(2 * ((c->h + f.ky - 1) / f.ky) * ((c->w + f.kx - 1) / f.kx) + (c->h + f.ly - 1) / f.ly * ((c->w + f.lx - 1) / f.lx));
    }
    return sum < t->room ? sum : t->room;
}

const store_case *samples_case(const samples *t, int64_t i) { return store_at(t->s, t->at[i]); }

void samples_labels(const samples *t, int64_t i, uint8_t *labels)
{
    const store_case *c = samples_case(t, i);
    int64_t bad = 0;
    int value = 0;
    if (!store_read_mask(t->s, t->at[i], labels)) die("%s: case %s has no label map", store_path(t->s), c->id);
    for (int64_t p = 0; p < c->h * c->w; p++) {
        int16_t k = t->class_of[labels[p]];
        if (k < 0) bad++, value = labels[p];
        labels[p] = (uint8_t)k;
    }
    if (bad) die("%s: case %s: %lld pixels are no class of this run, one of them has the value %d", store_path(t->s), c->id, (long long)bad, value);
}

/* A film that shows no object has a label map, and nothing in it; without one nobody knows what it shows. */
static int shows_nothing(const samples *t, int64_t i)
{
    const store_case *c = samples_case(t, i);
    const int64_t n = c->h * c->w;
    uint8_t *map = xalloc((size_t)n);
    int nothing = store_read_mask(t->s, t->at[i], map);
    for (int64_t p = 0; p < n && nothing; p++) nothing = !map[p];
    free(map);
    return nothing;
}

void samples_check_instances(const samples *t, int64_t most)
{
    for (int64_t i = 0; i < t->n; i++) {
        labels l = store_read_labels(t->s, t->at[i]);
        int n = 0;
        for (int k = 0; k < l.ninstances; k++) {
            const int value = l.instances[k].value, class = value >= 0 && value < 256 ? t->class_of[value] : 0;
            n += class > 0 && class != IGNORED;
        }
        const char *path = store_path(t->s), *id = samples_case(t, i)->id;
        if (!l.ninstances && !shows_nothing(t, i))
            die("%s: case %s has no instances: a detector is trained on a store that `import instances`, `import coco`, `import corners` or `synth` made", path, id);
        if (n > most) die("%s: case %s has %d instances, more than detector.instances=%lld holds: wanted detector.instances=%d or more", path, id, n, (long long)most, n);
        labels_free(&l);
    }
}

void samples_instances(const samples *t, int64_t i, uint8_t *numbers, uint8_t classes[INSTANCE_IDS])
{
    const store_case *c = samples_case(t, i);
    labels l = store_read_labels(t->s, t->at[i]);
    int n = 0;
    memset(numbers, 0, (size_t)(c->h * c->w)), memset(classes, 0, INSTANCE_IDS);
    for (int k = 0; k < l.ninstances; k++) {
        const instance *o = &l.instances[k];
        const int class = o->value >= 0 && o->value < 256 ? t->class_of[o->value] : -1;
        if (class < 0) die("%s: case %s: an instance of value %d is no class of this run", store_path(t->s), c->id, o->value);
        if (!class || class == IGNORED) continue;
        if (++n == INSTANCE_IDS) die("%s: case %s has more than %d instances", store_path(t->s), c->id, INSTANCE_IDS - 1);
        instance_paint(o, numbers, c->h, c->w, (uint8_t)n);
        classes[n] = (uint8_t)class;
    }
    labels_free(&l);
}

static sample read_now(const samples *t, int64_t i)
{
    const store_case *c = samples_case(t, i);
    sample s = { .f = fit_of(t, i) };
    size_t n = (size_t)(c->h * c->w);
    void *pixels = xalloc_n(n, (size_t)c->bits / 8);
    uint8_t *labels = xalloc(n);
    store_read_image(t->s, t->at[i], pixels);
    if (t->instances) samples_instances(t, i, labels, s.classes);
    else samples_labels(t, i, labels);
    s.source = fit_reduce(&s.f, pixels, c->bits, labels);
    free(pixels), free(labels);
    return s;
}

sample samples_get(samples *t, int64_t i)
{
    pthread_mutex_lock(&t->lock);
    sample s = t->memory[i];
    pthread_mutex_unlock(&t->lock);
    if (s.source.p) return s;
    s = read_now(t, i);
    pthread_mutex_lock(&t->lock);
    size_t bytes = fit_source_bytes(&s.source);
    if (!t->memory[i].source.p && t->used + bytes <= t->room) {
        s.kept = 1;
        t->memory[i] = s, t->used += bytes;
    }
    pthread_mutex_unlock(&t->lock);
    return s;
}

void samples_done(sample *s)
{
    if (!s->kept) fit_source_free(&s->source);
}
