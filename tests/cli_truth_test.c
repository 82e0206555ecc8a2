/* cli_truth_test.c - figures from predicted masks are worth something only if predict and measure cannot see the truth. Cervical phantoms
 * are stripped of it, or given a false one, and everything that comes out of the program must stay the same; and what is measured on
 * predictions must be what the label maps in them say, in millimetres, with the store gone. */
#include "tests/cli.h"
#include "datasets/store.h"
#include "eval/predictions.h"

enum { FILMS = 3 };
typedef enum told { TOLD_ALL, TOLD_MASKS, TOLD_NOTHING, TOLD_LIES } told;

/* Truth that belongs to another patient: everything 20 pixels off, and the values with it. */
static void twist(labels *l)
{
    for (int i = 0; i < l->ncorners; i++) for (int c = 0; c < 4; c++) l->corners[i].p[c][0] += 20, l->corners[i].p[c][1] -= 5 * c;
    for (int i = 0; i < l->nlandmarks; i++) l->landmarks[i].x += 20;
    for (int i = 0; i < l->nvalues; i++) l->values[i].value = -l->values[i].value;
}

/* films.h5 again as NAME, with as much of its truth. Films, their names and their spacing are no truth. */
static void retell(const char *name, told what)
{
    char *from = in("films.h5"), *to = in(name);
    store *s = store_open(from), *out = store_create(to, what == TOLD_NOTHING ? NULL : store_classes(s));
    for (int64_t i = 0; i < store_count(s); i++) {
        const store_case *c = store_at(s, i);
        store_case row = { .id = c->id, .h = c->h, .w = c->w, .bits = c->bits, .spacing = { c->spacing[0], c->spacing[1] },
            .spacing_source = c->spacing_source };
        image film = image_new(c->h, c->w, c->bits), mask = image_new(c->h, c->w, 8);
        labels l = store_read_labels(s, i);
        store_read_image(s, i, film.p);
        assert_int_equal(store_read_mask(s, i, mask.p), 1);
        assert_true(l.ncorners > 5 && l.nlandmarks > 10 && l.nvalues > 10 && l.ninstances > 8);
        if (what == TOLD_LIES) twist(&l), memset(mask.p, 7, (size_t)(c->h * c->w / 2));
        store_add(out, &row, film.p, what == TOLD_NOTHING ? NULL : mask.p, NULL, what == TOLD_LIES ? &l : NULL);
        labels_free(&l), image_free(&film), image_free(&mask);
    }
    store_commit(out), store_close(s), free(from), free(to);
}

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch();
    write_text("tiny.cfg", "[net]\nbatch=3\nheight=128\nwidth=96\nclasses=11\n[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=relu\n"
               "[convolutional]\nfilters=8\nsize=5\npad=1\nactivation=relu\n[deconvolutional]\nfilters=11\nsize=2\nstride=2\n");
    succeeds("synth films.h5 region=cervical n=3 height=512 width=384 seed=12 level=L1 --quiet", "3");
    retell("masks.h5", TOLD_MASKS), retell("bare.h5", TOLD_NOTHING), retell("lies.h5", TOLD_LIES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    return 0;
}

/* The label maps and spacings of DIR/predictions.h5, one after the other. */
static uint8_t *all_of(const char *name, size_t *bytes)
{
    char *path = in(name), *films = in("films.h5");
    predictions *p = predictions_open(path);
    store *s = store_open(films);
    enum { HEAD = 2 * sizeof(double) + STORE_NAME };
    uint8_t *all = NULL;
    *bytes = 0;
    assert_int_equal(predictions_count(p), FILMS);
    for (int64_t i = 0; i < FILMS; i++) {
        int64_t h, w;
        double mm[2];
        char *from = NULL;
        predictions_size(p, i, &h, &w);
        all = xgrow(all, *bytes + (size_t)(h * w) + HEAD);
        predictions_read(p, i, all + *bytes);
        assert_int_equal(predictions_spacing(p, i, mm, &from), 1);
        const store_case *c = store_at(s, store_find(s, predictions_stem(p, i)));
        assert_true(mm[0] == c->spacing[0] && mm[1] == c->spacing[1]);
        memcpy(all + *bytes + h * w, mm, sizeof mm), memset(all + *bytes + h * w + sizeof mm, 0, STORE_NAME);
        memcpy(all + *bytes + h * w + sizeof mm, from, strlen(from) < STORE_NAME ? strlen(from) : STORE_NAME);
        free(from);
        *bytes += (size_t)(h * w) + HEAD;
    }
    predictions_close(p), store_close(s), free(path), free(films);
    return all;
}

static void predictions_do_not_know_the_truth(void **state)
{
    (void)state;
    succeeds("train tiny.cfg --out run --quiet --threads 1 data.store=films.h5 data.train=all data.val=all solver.epochs=8 solver.optimiser=adam "
             "solver.lr=0.02 solver.batch=3 augment.geometry=0", "trained");
    static const char *const stores[] = { "films", "masks", "bare", "lies" };
    size_t bytes[4];
    uint8_t *said[4];
    for (int k = 0; k < 4; k++) {
        char *words = xprintf("predict run/best.h5 %s.h5 --out of-%s --quiet --threads 1", stores[k], stores[k]),
            *result = xprintf("of-%s/predictions.h5", stores[k]);
        succeeds(words, "3 films");
        said[k] = all_of(result, &bytes[k]);
        assert_int_equal(bytes[k], bytes[0]);
        assert_memory_equal(said[k], said[0], bytes[0]);
        free(words), free(result);
    }
    int seen[256] = { 0 }, classes_seen = 0;
    for (size_t i = 0; i < bytes[0]; i++) seen[said[0][i]] = 1;
    for (int v = 0; v < 11; v++) classes_seen += seen[v];
    assert_true(classes_seen > 1);               /* else equality would say nothing */
    for (int k = 0; k < 4; k++) free(said[k]);
}

/* values of two objects of `measure --json`, equal to within tol where both have them; returns how many. */
static int compare(const json_t *a, const json_t *b, double tol, double *most)
{
    const json_t *va = json_object_get(a, "values"), *vb = json_object_get(b, "values");
    const char *key;
    const json_t *v;
    int n = 0;
    *most = 0;
    json_object_foreach((json_t *)va, key, v) {
        const json_t *w = json_object_get(vb, key);
        if (!w) continue;
        const double d = fabs(json_number_value(v) - json_number_value(w));
        if (!(d <= tol)) fail_msg("%s: %g and %g", key, json_number_value(v), json_number_value(w));
        *most = fmax(*most, d), n++;
    }
    return n;
}

/* A network that is never wrong: what is measured on its predictions is what its label maps say, whatever the store says. */
static void measures_do_not_know_the_truth(void **state)
{
    (void)state;
    char *path = in("masks.h5"), *out = in("perfect.h5"), *films = in("films.h5"), *away = in("away.h5");
    store *s = store_open(path);
    const classes *t = store_classes(s);
    int value[16] = { 0 };
    const char *name[16] = { "background" };
    for (int i = 0; i < t->n; i++) value[i + 1] = t->c[i].value, name[i + 1] = t->c[i].name;
    predictions *p = predictions_create(out, "none", "all", t->n + 1, value, name);
    for (int64_t i = 0; i < FILMS; i++) {
        const store_case *c = store_at(s, i);
        uint8_t *mask = xalloc((size_t)(c->h * c->w));
        char *source = xprintf("%s:%s", films, c->id);
        store_read_mask(s, i, mask);
        const image film = { c->h, c->w, 8, mask };             /* nothing to be learned from it either */
        predictions_add(p, c->id, source, c->h, c->w, mask, NULL);
        predictions_add_film(p, c->id, &film, c->spacing, c->spacing_source);
        free(mask), free(source);
    }
    predictions_commit(p), store_close(s);
    json_t *truth = object("measure films.h5 --region cervical --json --quiet"), *map = object("measure masks.h5 --region cervical --json --quiet");
    assert_int_equal(rename(films, away), 0);
    json_t *own = object("measure perfect.h5 --region cervical --json --quiet");
    assert_int_equal(rename(away, films), 0);
    for (size_t i = 0; i < FILMS; i++) {
        double most;
        const json_t *o = json_array_get(json_object_get(own, "cases"), i), *m = json_array_get(json_object_get(map, "cases"), i),
            *u = json_array_get(json_object_get(truth, "cases"), i);
        assert_string_equal(json_string_value(json_object_get(o, "spacing_source")), "synth");
        assert_true(compare(o, m, 0, &most) >= 8);             /* angles and millimetres, to the bit */
        assert_non_null(json_object_get(json_object_get(o, "values"), "cSVA"));
        assert_null(json_object_get(o, "age"));                /* which stands among the values of films.h5 */
        assert_true(compare(o, u, 12, &most) >= 8 && most > 0.01);     /* near the truth, and not it: that has landmarks, this pixels */
    }
    json_decref(truth), json_decref(map), json_decref(own), free(path), free(out), free(films), free(away);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(predictions_do_not_know_the_truth), cmocka_unit_test(measures_do_not_know_the_truth) };
    return _cmocka_run_group_tests(__FILE__, tests, 2, set_up, tear_down);
}
