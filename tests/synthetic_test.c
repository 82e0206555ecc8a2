/* synthetic_test.c - phantoms as cases of a store: layouts, the same bits for any number of threads, failures with their diagnoses,
 * readers. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/synthetic.h"
#include "synth/truth.h"
#include <omp.h>

static synthetic_settings small(enum region region, int level)
{
    return (synthetic_settings){ .anatomy = { .region = region, .h = 256, .w = 160, .pathology = PATHOLOGIES, .fractures = 1, .tilt = 2 },
                                 .picture = { .level = level, .implants = 0.5, .look = -1 }, .layout = (enum layout)region };
}

static void layouts_are_those_of_the_class_files(void **state)
{
    (void)state;
    static const char *const names[LAYOUTS] = { "whole", "cervical", "thoracic", "lumbar", "ap", "hspine", "levels" };
    for (int k = 0; k < LAYOUTS; k++) {
        char *path = xprintf("classes/%s.csv", names[k]);
        classes file = classes_read(path), own = layout_classes(k, 0);
        for (int i = 0; i < own.n; i++) {
            const class *c = classes_find(&file, own.c[i].value);
            if (own.c[i].value == CODE_L6) continue;                       /* a sixth lumbar vertebra stands in no file */
            assert_non_null(c);
            assert_string_equal(c->name, own.c[i].name), assert_string_equal(c->kind, own.c[i].kind);
        }
        assert_int_equal(file.n, own.n - (k == LAYOUT_LEVELS));
        classes_free(&file), classes_free(&own), free(path);
    }
    assert_int_equal(layout_value(LAYOUT_WHOLE, GEO_C2), 1);
    assert_int_equal(layout_value(LAYOUT_WHOLE, CODE_L6), 2);
    assert_int_equal(layout_value(LAYOUT_HSPINE, GEO_T12), 0);
    assert_int_equal(layout_value(LAYOUT_CERVICAL, CODE_OPISTHION), 3);
}

static void hashes(const synthetic *f, char image[65], char labels_[65])
{
    hash_image(f->pixels[0], (size_t)(2 * f->row[0].h * f->row[0].w), image);
    hash_labels(f->mask, NULL, f->row[0].h * f->row[0].w, &f->labels[0], labels_);
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    char image[2][65], labels_[2][65], other[65], rest[65];
    for (int region = 0; region < REGIONS; region++) {
        const synthetic_settings s = small(region, LEVEL_TRAINING);
        for (int k = 0; k < 2; k++) {
            omp_set_num_threads(k ? 3 : 1);
            synthetic *f = synthetic_new(&s, 9, 4);
            hashes(f, image[k], labels_[k]);
            synthetic_free(f);
        }
        assert_string_equal(image[0], image[1]), assert_string_equal(labels_[0], labels_[1]);
        synthetic *f = synthetic_new(&s, 9, 5);
        hashes(f, other, rest);
        assert_string_not_equal(image[0], other), assert_string_not_equal(labels_[0], rest);
        synthetic_free(f);
    }
}

static void levels_change_the_picture_not_the_truth(void **state)
{
    (void)state;
    char first[65], image[65], labels_[65], before[65] = "";
    for (int level = LEVEL_DIAGRAM; level <= LEVEL_OVERLAP; level++) {
        const synthetic_settings s = small(REGION_LUMBAR, level);
        synthetic *f = synthetic_new(&s, 9, 1);
        hashes(f, image, labels_);
        if (level == LEVEL_DIAGRAM) memcpy(first, labels_, sizeof first);
        assert_string_equal(first, labels_);
        assert_string_not_equal(image, before);
        memcpy(before, image, sizeof before);
        synthetic_free(f);
    }
}

static void a_store_holds_them(void **state)
{
    (void)state;
    char *folder = test_scratch(), *path = path_join(folder, "s.h5");
    synthetic_settings s = small(REGION_WHOLE, LEVEL_TRAINING);
    s.pairs = 1, s.picture.implants = 1;
    classes table = layout_classes(s.layout, 1);
    store *out = store_create(path, &table);
    int64_t cases = 0, objects = 0;
    for (uint32_t i = 0; i < 3; i++) {
        synthetic *f = synthetic_new(&s, 2, i);
        assert_int_equal(f->n, 2);
        assert_int_equal(f->labels[1].ninstances, f->labels[0].ninstances + 1);
        cases += f->n, objects += f->labels[0].ninstances;
        synthetic_store(out, f), synthetic_free(f);
    }
    store_commit(out);
    store *in = store_open(path);
    assert_int_equal(store_count(in), cases);
    assert_true(objects > 3 * 24);
    assert_string_equal(store_at(in, 0)->patient, store_at(in, 1)->patient);
    labels l = store_read_labels(in, 0);
    uint8_t *mask = xalloc(256 * 160);
    assert_int_equal(store_read_mask(in, 0, mask), 1);
    for (int k = 0; k < l.ncorners; k++) {
        const double (*p)[2] = l.corners[k].p;
        const double x = (p[0][0] + p[1][0] + p[2][0] + p[3][0]) / 4, y = (p[0][1] + p[1][1] + p[2][1] + p[3][1]) / 4;
        const int wanted = !strcmp(l.corners[k].level, "C2") ? 1 : !strcmp(l.corners[k].level, "S1") ? 3 : 2;
        assert_int_equal(mask[lround(y) * 160 + lround(x)], wanted);
    }
    labels_free(&l), free(mask), store_close(in), classes_free(&table);
    test_scratch_remove(folder), free(path);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static truth *truth_at(uint32_t i)
{
    const anatomy_settings s = { .region = REGION_WHOLE, .h = 1024, .w = 512 };
    anatomy *a = anatomy_new(&s, 81, i);
    truth *t = truth_new(a);
    anatomy_free(a);
    return t;
}

static double all_area(const truth *t)
{
    uint8_t *m = xalloc((size_t)(t->h * t->w));
    double n = 0;
    for (int i = 0; i < t->nobjects; i++) memset(m, 0, (size_t)(t->h * t->w)), n += (double)object_paint(&t->object[i], m, t->h, t->w, 1);
    free(m);
    return n;
}

static const object *find(const truth *t, const char *name)
{
    for (int i = 0; i < t->nobjects; i++) if (!strcmp(t->object[i].name, name)) return &t->object[i];
    return NULL;
}

static void failures_do_what_they_say(void **state)
{
    (void)state;
    static const struct { int objects; double area[2]; } wanted[FAILURES] = { [FAILURE_DROP] = { 0, { 0.80, 0.999 } },
        [FAILURE_MERGE] = { -1, { 1.001, 1.05 } },
        [FAILURE_SPLIT] = { 1, { 0.995, 1.005 } }, [FAILURE_SHIFT] = { 0, { 0.999, 1.001 } }, [FAILURE_TRUNCATE] = { 0, { 0.94, 0.999 } },
            [FAILURE_SPURIOUS] = { 1, { 1.005, 1.15 } },
        [FAILURE_ERODE] = { 0, { 0.4, 0.97 } }, [FAILURE_DILATE] = { 0, { 1.03, 1.6 } }, [FAILURE_RAGGED] = { 0, { 0.93, 1.07 } },
            [FAILURE_LEAK] = { 0, { 1.0005, 1.05 } },
        [FAILURE_SPUR] = { 0, { 1.0001, 1.05 } }, [FAILURE_SWAP] = { 0, { 0.999, 1.001 } }, [FAILURE_FACING] = { 0, { 0.999, 1.001 } },
            [FAILURE_HEADS] = { 0, { 0.999, 1.001 } },
        [FAILURE_HEAD] = { -1, { 0.75, 0.99 } } };
    for (int kind = 1; kind < FAILURES; kind++)
        for (uint32_t i = 0; i < 4; i++) {
            truth *t = truth_at(i);
            draws d = draws_begin(1, i, STAGE_FAILURE);
            char text[DIAGNOSIS];
            const int before = t->nobjects;
            const double area = all_area(t);
            failure_apply(t, kind, &d, text);
            char *prefix = xprintf("%s:", failure_names[kind]);
            if (strncmp(text, prefix, strlen(prefix))) fail_msg("%s: diagnosis '%s'", failure_names[kind], text);
            int change = t->nobjects - before, expected = wanted[kind].objects;
            if (kind == FAILURE_DROP) { expected = -1; for (const char *c = text; *c; c++) expected -= *c == ','; }
            if (change != expected) fail_msg("%s: %d objects more, wanted %d", text, change, expected);
            const double ratio = all_area(t) / area;
            if (!(ratio >= wanted[kind].area[0] && ratio <= wanted[kind].area[1])) fail_msg("%s: area %.4f of what it was", text, ratio);
            if (kind == FAILURE_DROP || kind == FAILURE_HEAD) assert_null(find(t, strtok(text + strlen(prefix), ",")));
            if (kind == FAILURE_MERGE) assert_non_null(find(t, strtok(text + strlen(prefix), "+"))), assert_null(find(t, strtok(NULL,
                "+")));
            truth_free(t), free(prefix);
        }
}

static outline circle(double radius, int clockwise)
{
    enum { N = 300 };
    outline o = { xalloc_n(N, sizeof *o.p), N };
    for (int i = 0; i < N; i++) {
        const double t = (clockwise ? 1 : -1) * 6.283185307179586 * i / N;
        o.p[i][0] = 250 + radius * cos(t), o.p[i][1] = 250 + radius * sin(t);
    }
    return o;
}

/* Outlines move along their normals, outwards whichever way they run; the noise has the SD and the length that were asked for. */
static void outlines_move_as_far_as_asked(void **state)
{
    (void)state;
    enum { LENGTH = 6 };
    double square = 0, lagged = 0;
    int n = 0;
    for (int k = 0; k < 20; k++) {
        draws d = draws_begin(5, (uint32_t)k, STAGE_FAILURE);
        outline o = circle(200, k % 2);
        outline_push(&o, 3, 0, 0, &d);
        for (int i = 0; i < o.n; i++) near(hypot(o.p[i][0] - 250, o.p[i][1] - 250), 203, 0.1);
        free(o.p);
        o = circle(200, k % 2);
        outline_push(&o, 0, 1.5, LENGTH, &d);
        for (int i = 0; i < o.n; i++, n++) {
            const double *p = o.p[i], *q = o.p[(i + LENGTH) % o.n], a = hypot(p[0] - 250, p[1] - 250) - 200, b = hypot(q[0] - 250, q[1] - 250) - 200;
            square += a * a, lagged += a * b;
        }
        free(o.p);
    }
    near(sqrt(square / n), 1.5, 0.1);
    near(lagged / square, exp(-0.25), 0.1);      /* of noise smoothed by a Gaussian of this length */
}

/* The detector of gaps finds bodies that were dropped between two others, and nothing on films that are whole. */
static void dropped_bodies_are_found(void **state)
{
    (void)state;
    int wanted = 0, found = 0;
    for (uint32_t i = 0; i < 40; i++) {
        truth *t = truth_at(i);
        draws d = draws_begin(2, i, STAGE_FAILURE);
        char text[DIAGNOSIS] = "none";
        geo_corners c[LEVEL_SLOTS];
        double gap[LEVEL_SLOTS];
        int n = 0, missing[LEVEL_SLOTS], sum = 0, level[LEVEL_SLOTS], gone = 0;
        if (i % 2) failure_apply(t, FAILURE_DROP, &d, text);
        for (int k = 0; k < t->nbodies; k++) {
            const body *b = &t->body[k];
            if (b->level < GEO_C3 || b->level > GEO_L5 || !find(t, level_name(b->level))) continue;
            const geo_quad q = { { { b->p[0][0], b->p[0][1] }, { b->p[1][0], b->p[1][1] }, { b->p[3][0], b->p[3][1] }, { b->p[2][0],
                b->p[2][1] } } };
            level[n] = b->level, c[n++] = geo_corners_name(&q, t->facing);
        }
        for (int k = 1; k < n; k++) gone += level[k] - level[k - 1] - 1;
        geo_gaps_find(c, n, 0, gap, missing);
        for (int k = 0; k + 1 < n; k++) sum += missing[k];
        if (!(i % 2)) assert_int_equal(sum, 0);
        wanted += gone, found += sum < gone ? sum : gone;
        truth_free(t);
    }
    assert_true(wanted > 20 && found >= 0.95 * wanted);
}

static void readers_err_as_much_as_asked(void **state)
{
    (void)state;
    double square = 0, common = 0;
    int n = 0, bodies = 0;
    for (uint32_t i = 0; i < 30; i++) {
        truth *t = truth_at(i), *u = truth_at(i);
        draws d = draws_begin(3, i, STAGE_READER);
        truth_reread(u, 1.5, &d);
        for (int k = 0; k < t->nbodies; k++) {
            double mean[2] = { 0, 0 };
            for (int c = 0; c < 4; c++)
                for (int x = 0; x < 2; x++) {
                    const double e = (u->body[k].p[c][x] - t->body[k].p[c][x]) * t->spacing;
                    square += e * e, n++, mean[x] += e / 4;
                }
            common += mean[0] * mean[0] + mean[1] * mean[1], bodies += 2;
        }
        truth_free(t), truth_free(u);
    }
    near(sqrt(square / n), 1.5, 0.1);
    near(common / bodies, 1.5 * 1.5 * (0.5 + 0.5 / 4), 0.25);              /* half of the variance is common to a body */
}

/* ---- what is asked for, and what is told of it ------------------------------------------------------------------------ */

static double told(const labels *l, const char *level, const char *what)
{
    char name[32];
    snprintf(name, sizeof name, "%s%s", level, what);
    for (int i = 0; i < l->nvalues; i++) if (!strcmp(l->values[i].name, name)) return l->values[i].value;
    return 0;
}

static int pixels(const instance *o)
{
    int n = 0;
    for (int64_t i = 1; i < o->nruns; i += 2) n += (int)o->runs[i];
    return n;
}

static int64_t shared(const instance *a, const instance *b, int64_t h, int64_t w)
{
    uint8_t *m = xalloc_n((size_t)h, (size_t)w), *n = xalloc_n((size_t)h, (size_t)w);
    int64_t both = 0;
    memset(m, 0, (size_t)(h * w)), memset(n, 0, (size_t)(h * w));
    instance_paint(a, m, h, w, 1), instance_paint(b, n, h, w, 1);
    for (int64_t i = 0; i < h * w; i++) both += m[i] && n[i];
    free(m), free(n);
    return both;
}

/* One body is broken, screws run through it and its neighbours, the film without them shows the same break, and the truth says so. */
static void screws_run_through_the_broken_body(void **state)
{
    (void)state;
    synthetic_settings s = small(REGION_LUMBAR, LEVEL_TRAINING);
    s.anatomy.fractures = FRACTURES_SCREWED, s.anatomy.pathology = PATH_NONE, s.pairs = 1, s.picture.implants = 1, s.layout = LAYOUT_LEVELS;
    for (uint32_t i = 0; i < 6; i++) {
        anatomy *a = anatomy_new(&s.anatomy, 14, i);
        int broken = 0, count = 0;
        for (int l = 0; l < LEVEL_SLOTS; l++) if (a->v[l].fracture) broken = l, count++;
        assert_int_equal(count, 1);
        synthetic *f = synthetic_new(&s, 14, i);
        assert_int_equal(f->n, 2);
        const labels *bare = &f->labels[0], *metal = &f->labels[1];
        const instance *body[2] = { NULL }, *implant = NULL;
        for (int k = 0; k < 2; k++)
            for (int j = 0; j < f->labels[k].ninstances; j++) {
                if (!strcmp(f->labels[k].instances[j].level, level_name(broken))) body[k] = &f->labels[k].instances[j];
                if (f->labels[k].instances[j].value == IMPLANT_VALUE) implant = &f->labels[k].instances[j], assert_int_equal(k, 1);
            }
        assert_true(body[0] && body[1] && implant);
        assert_int_equal(pixels(body[0]), pixels(body[1]));
        assert_int_equal(shared(body[0], body[1], 256, 160), pixels(body[0]));
        assert_true(shared(body[1], implant, 256, 160) > 0.08 * pixels(body[1]));
        for (int l = broken - 1; l <= broken + 1; l++) {
            const char *name = level_name(l);
            for (int k = 0; k < metal->ncorners; k++)
                if (!strcmp(metal->corners[k].level, name)) assert_true(told(metal, name, "_screws") == 2);
            assert_true(told(bare, name, "_screws") == 0);
        }
        assert_true(told(bare, level_name(broken), "_CR_ant") > 0 && told(bare, level_name(broken), "_CR_mid") < 0.95);
        synthetic_free(f), anatomy_free(a);
    }
}

/* Every node and bridge that is drawn is told, and nothing else. */
static void marks_of_the_discs_are_told(void **state)
{
    (void)state;
    const anatomy_settings s = { .region = REGION_WHOLE, .h = 1024, .w = 512, .pathology = PATHOLOGIES, .fractures = FRACTURES_BY_AGE };
    int nodes = 0, stiff = 0;
    for (uint32_t i = 0; i < 250; i++) {
        anatomy *a = anatomy_new(&s, 15, i);
        truth *t = truth_new(a);
        int holes = 0, drawn = 0, joined = 0, said = 0, bridged = 0;
        double dish = 0;
        for (int k = 0; k < a->solids.n; k++) holes += a->solids.s[k].part == PART_CLEFT && !a->v[a->solids.s[k].level].fracture;
        for (int l = 0; l < LEVEL_SLOTS; l++) {
            for (int e = 0; e < 2; e++) drawn += a->v[l].dent[e] > 0 && !a->v[l].fracture, said -= a->v[l].dent[e] > 0 && a->v[l].fracture;
            joined += a->v[l].bridge;
        }
        for (int k = 0; k < t->nvalues; k++) {
            const value *v = &t->value[k];
            if (strstr(v->name, "_schmorl_")) said++, assert_true(v->v >= 3 && v->v <= 8);
            bridged += strstr(v->name, "_bridge") != NULL;
            if (!strcmp(v->name, "DISH")) dish = v->v;
        }
        assert_int_equal(said, holes), assert_int_equal(drawn, holes), assert_int_equal(bridged, joined);
        assert_true(dish == (joined ? joined + 1 : 0) && (!joined || joined >= 3));
        nodes += holes, stiff += joined > 0;
        truth_free(t), anatomy_free(a);
    }
    assert_true(nodes > 50 && stiff > 2);
}

/* Close framing shows the same patient, larger: bodies are cut by the border, hips are gone, and what is left measures the same. */
static void close_films_show_the_same_spine(void **state)
{
    (void)state;
    static const enum region regions[] = { REGION_LUMBAR, REGION_THORACIC };
    int cut = 0, hips = 0, larger = 0;
    for (uint32_t i = 0; i < 40; i++) {
        anatomy_settings s = { .region = regions[i % 2], .h = 512, .w = 384, .tilt = 2 };
        anatomy *wide = anatomy_new(&s, 18, i);
        s.close = 1;
        anatomy *near_ = anatomy_new(&s, 18, i);
        for (int l = 0; l < LEVEL_SLOTS; l++) assert_memory_equal(wide->v[l].corner, near_->v[l].corner, sizeof wide->v[l].corner);
        truth *t = truth_new(wide), *u = truth_new(near_);
        assert_true(u->nbodies >= 4);
        cut += u->nobjects > u->nbodies, larger += near_->film.spacing < wide->film.spacing;
        hips += find(u, "femoral_head_1") != NULL;
        for (int k = 0; k < u->nvalues; k++)
            for (int j = 0; j < t->nvalues; j++)
                if (!strcmp(u->value[k].name, "L1_CR_ant") && !strcmp(t->value[j].name, "L1_CR_ant")) near(u->value[k].v, t->value[j].v, 1e-9);
        truth_free(t), truth_free(u), anatomy_free(wide), anatomy_free(near_);
    }
    assert_true(cut > 20 && larger > 36 && hips < 8);
}

static void mixed_films_take_turns(void **state)
{
    (void)state;
    static const char *const wanted[] = { "whole_", "thoracic_", "lumbar_" };
    synthetic_settings s = small(REGION_WHOLE, LEVEL_NOISE);
    s.mixed = 1;
    for (uint32_t i = 0; i < 6; i++) {
        synthetic *f = synthetic_new(&s, 19, i);
        assert_memory_equal(f->id[0], wanted[i % 3], strlen(wanted[i % 3]));
        for (int k = 0; k < f->labels[0].ninstances; k++) assert_in_range(f->labels[0].instances[k].value, 1, 4);    /* one layout for all */
        synthetic_free(f);
    }
}

/* ---- grey values before any look ---------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) { return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b); }

/* The histogram of the logarithm over the bodies of finished lateral films, by part of the spine: e^-2.5 behind a neck to e^-9 behind shoulders,
 * half of a part within its band, and next to nothing beyond its ends (the dens lies over air). */
static void log_attenuation_lies_in_range(void **state)
{
    (void)state;
    enum { TALL = 400, WIDE = 240, PARTS = 4 };
    static const struct { int first, last; double low, middle[2], high; } part[PARTS] = { { GEO_C2, GEO_C5, 0.7, { 2.3, 4.6 }, 7 },
        { GEO_C7, GEO_T2, 3.2, { 4.2, 7.8 }, 8.5 }, { GEO_T3, GEO_T10, 3, { 3.6, 8 }, 9 }, { GEO_T11, GEO_L5, 4, { 4.4, 8 }, 9 } };
    uint8_t *map = xalloc(TALL * WIDE);
    float *v = xalloc_n(TALL * WIDE, sizeof *v);
    int seen[PARTS] = { 0 };
    for (int k = 0; k < 4 * REGION_AP; k++) {
        const anatomy_settings who = { .region = (enum region)(k % REGION_AP), .h = TALL, .w = WIDE, .pathology = PATHOLOGIES,
            .fractures = FRACTURES_BY_AGE, .tilt = 2 };
        const picture_settings how = { LEVEL_TRAINING, 0, LOOK_WINDOW };
        anatomy *a = anatomy_new(&who, 17, (uint32_t)k);
        picture *p = picture_new(a, &how);
        truth *t = truth_new(a);
        memset(map, 0, TALL * WIDE);
        for (int i = 0; i < t->nobjects; i++)
            for (int g = 0; g < PARTS; g++)
                if (t->object[i].code >= part[g].first && t->object[i].code <= part[g].last)
                    object_paint(&t->object[i], map, TALL, WIDE, (uint8_t)(g + 1));
        for (int g = 0; g < PARTS; g++) {
            int n = 0;
            for (int i = 0; i < TALL * WIDE; i++) if (map[i] == g + 1) v[n++] = p->log[i];
            if (n < 150 || (g == 0 && who.region == REGION_THORACIC)) continue;    /* where that shows C5, it is beside the shoulders */
            qsort(v, (size_t)n, sizeof *v, by_size), seen[g]++;
            const double low = v[n / 100], middle = v[n / 2], high = v[n - 1 - n / 100];
            if (!(low >= part[g].low && middle >= part[g].middle[0] && middle <= part[g].middle[1] && high <= part[g].high))
                fail_msg("%s film %d, part %d: %.2f %.2f %.2f", region_names[who.region], k, g, low, middle, high);
        }
        truth_free(t), picture_free(p), anatomy_free(a);
    }
    for (int g = 0; g < PARTS; g++) assert_true(seen[g] > 6);
    free(map), free(v);
}

static void strata_are_what_they_say(void **state)
{
    (void)state;
    static const struct { const char *name; int films; } strata[] = { { "plain", 100 }, { "implants", 60 }, { "fractures", 50 },
        { "hidden_c7", 40 }, { "lstv", 25 }, { "turned", 25 } };
    int count[6] = { 0 }, first[6] = { 0 };
    double turn[6] = { 0 };
    for (uint32_t i = 0; i < 300; i++) {
        synthetic_settings s = small(REGION_WHOLE, LEVEL_TRAINING);
        const char *name = synthetic_stratum(&s, i);
        int k = 0;
        while (strcmp(name, strata[k].name)) assert_true(++k < 6);
        count[k]++, first[k] += i < 12;
        anatomy *a = anatomy_new(&s.anatomy, 16, i);
        int broken = 0;
        for (int l = 0; l < LEVEL_SLOTS; l++) broken += a->v[l].fracture != FRACTURE_NONE, turn[k] += fabs(a->v[l].rotation) / strata[k].films;
        assert_int_equal(broken > 0, k == 2), assert_int_equal(a->lstv != 0, k == 4);
        assert_true(k != 3 || a->v[GEO_C7].hidden);
        assert_true(s.picture.implants == (k == 1) && s.pairs == (k == 1));
        anatomy_free(a);
    }
    for (int k = 0; k < 6; k++) assert_int_equal(count[k], strata[k].films), assert_true(first[k] > 0);
    assert_true(turn[5] > 2 * turn[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_those_of_the_class_files), cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(levels_change_the_picture_not_the_truth), cmocka_unit_test(a_store_holds_them),
            cmocka_unit_test(failures_do_what_they_say),
        cmocka_unit_test(outlines_move_as_far_as_asked), cmocka_unit_test(dropped_bodies_are_found), cmocka_unit_test(readers_err_as_much_as_asked),
        cmocka_unit_test(screws_run_through_the_broken_body), cmocka_unit_test(marks_of_the_discs_are_told), cmocka_unit_test(strata_are_what_they_say),
        cmocka_unit_test(log_attenuation_lies_in_range), cmocka_unit_test(close_films_show_the_same_spine), cmocka_unit_test(mixed_films_take_turns),
    };
    return RUN_TESTS(tests);
}
