/* check_test.c - faults planted one at a time into sound stores: each must be found, under its code, in its case, and nothing else. */
#include "tests/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "datasets/check.h"
#include "geometry/polygon.h"
#include "verbs/verb.h"
#include <hdf5.h>
#include <unistd.h>

enum { H = 340, W = 120, LEVELS = 17, CASES = 24, VICTIM = 13 };

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

/* What a test may change before the store is written. */
typedef struct plan {
    corners c[CASES][LEVELS]; int n[CASES];
    uint8_t *film[CASES], *mask[CASES];              /* (H, W) */
    store_case row[CASES];
    char id[CASES][16], patient[CASES][16];
    classes table;
} plan;

/* A scoliotic spine: bodies of random size and tilt along a curve, more crooked than most real ones. */
static void spine(corners *c, int k)
{
    for (int i = 0; i < LEVELS; i++) {
        rng4 r = rng_draw(9, RNG_TEST, (uint32_t)k, (uint32_t)i, 0);
        double t = i / 16.0, bend = rng_range(rng_draw(9, RNG_TEST, (uint32_t)k, 99, 0).v[0], -40, 40);
        double x = 60 + bend * sin(3.1 * t), y = 20 + 300 * t;
        double slope = -bend * 3.1 * cos(3.1 * t) / 300 + rng_range(r.v[0], -0.1, 0.1);
        double w = 12 + 8 * t + rng_range(r.v[1], -1, 1), h = 5 + 3 * t + rng_range(r.v[2], -0.7, 0.7);
        double ux = cos(slope), uy = sin(slope);
        snprintf(c[i].level, STORE_NAME, i < 12 ? "T%d" : "L%d", i < 12 ? i + 1 : i - 11);
        for (int q = 0; q < 4; q++) {
            double sx = q % 2 ? w : -w, sy = q / 2 ? h : -h;
            c[i].p[q][0] = x + sx * ux - sy * uy, c[i].p[q][1] = y + sx * uy + sy * ux;
        }
    }
}

static void draw(plan *p, int k)
{
    static const int order[4] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL };
    memset(p->mask[k], 0, H * W);
    for (int i = 0; i < p->n[k]; i++) {
        double xy[8];
        for (int q = 0; q < 4; q++) xy[2 * q] = p->c[k][i].p[order[q]][0], xy[2 * q + 1] = p->c[k][i].p[order[q]][1];
        polygon_fill(xy, 4, p->mask[k], H, W, 1);
    }
}

static plan *plan_new(void)
{
    plan *p = xalloc(sizeof *p);
    classes_add(&p->table, 1, "vertebra", "vertebra");
    for (int k = 0; k < CASES; k++) {
        p->film[k] = xalloc(H * W), p->mask[k] = xalloc(H * W), p->n[k] = LEVELS;
        for (int i = 0; i < H * W; i++) {
            rng4 r = rng_draw(3, RNG_TEST, (uint32_t)k, 7, (uint64_t)(i / 8));
            p->film[k][i] = (uint8_t)(100 + 60 * sin(i % W * 0.05 * (1 + k % 5) + k) + 40 * cos(i / W * 0.02 * (1 + k % 7)) + (r.v[0] & 31));
        }
        spine(p->c[k], k), draw(p, k);
        snprintf(p->id[k], 16, "case%02d", k), snprintf(p->patient[k], 16, "P%d", k / 3);
        p->row[k] = (store_case){ .h = H, .w = W, .bits = 8, .split = k / 3 % 2 ? SPLIT_VAL : SPLIT_TRAIN, .spacing = { 0.5, 0.5 },
                                    .labelled_h = H, .labelled_w = W };
    }
    return p;
}

static char *plan_write(plan *p)
{
    char *path = path_join(scratch, "check.h5");
    store *s = store_create(path, &p->table);
    for (int k = 0; k < CASES; k++) {
        p->row[k].id = p->id[k], p->row[k].patient = p->patient[k];
        labels l = { .ncorners = p->n[k], .corners = p->c[k] };
        store_add(s, &p->row[k], p->film[k], p->mask[k], NULL, &l);
        free(p->film[k]), free(p->mask[k]);
    }
    store_commit(s);
    classes_free(&p->table), free(p);
    return path;
}

/* Exactly these errors (case, code; a zero code ends the list). A sound store: an empty list. Warnings do not count. */
typedef struct want { int at; const char *code; } want;

static void expect_path(char *path, const want *w)
{
    store *s = store_open(path);
    faults f = check_store(s, NULL, NULL);
    int n = 0;
    for (; w[n].code; n++) {
        int found = 0;
        for (int64_t i = 0; i < f.n; i++) found += f.f[i].error && f.f[i].at == w[n].at && !strcmp(f.f[i].code, w[n].code);
        for (int64_t i = 0; !found && i < f.n; i++) if (f.f[i].at == w[n].at) print_message("found instead: %s: %s\n", f.f[i].code,
            f.f[i].text);
        if (!found) fail_msg("case %d: %s was not found", w[n].at, w[n].code);
    }
    for (int64_t i = 0; i < f.n; i++) {
        int wanted = !f.f[i].error;
        for (int k = 0; k < n; k++) wanted |= w[k].at == f.f[i].at;
        if (!wanted) fail_msg("false alarm: case %lld: %s: %s", (long long)f.f[i].at, f.f[i].code, f.f[i].text);
    }
    if (!n) assert_int_equal(f.errors, 0);
    faults_free(&f), store_close(s), free(path);
}
static void expect(plan *p, const want *w) { expect_path(plan_write(p), w); }

#define WANT(...) ((const want[]){ __VA_ARGS__, { 0, NULL } })
#define PLANT(name, code, ...) \
    static void name(void **state) \
    { \
        (void)state; \
        plan *p = plan_new(); \
        corners *c = p->c[VICTIM]; \
        (void)c; \
        __VA_ARGS__; \
        expect(p, WANT({ VICTIM, code })); \
    }

static void sound(void **state) { (void)state; expect(plan_new(), (const want[]){ { 0, NULL } }); }

static void swap(corners *c, int a, int b)
{
    double t[2];
    memcpy(t, c->p[a], sizeof t), memcpy(c->p[a], c->p[b], sizeof t), memcpy(c->p[b], t, sizeof t);
}

static void rename_each_other(corners *a, corners *b)
{
    char t[STORE_NAME];
    memcpy(t, a->level, STORE_NAME), memcpy(a->level, b->level, STORE_NAME), memcpy(b->level, t, STORE_NAME);
}

PLANT(top_corners_exchanged, "corner_order", swap(&c[4], CORNER_TL, CORNER_TR))
PLANT(left_corners_exchanged, "corner_order", swap(&c[0], CORNER_TL, CORNER_BL))
PLANT(diagonal_exchanged, "corner_order", swap(&c[16], CORNER_TL, CORNER_BR))
PLANT(mirrored, "corner_order", swap(&c[8], CORNER_TL, CORNER_TR), swap(&c[8], CORNER_BL, CORNER_BR))
PLANT(upside_down, "tilt", swap(&c[8], CORNER_TL, CORNER_BR), swap(&c[8], CORNER_TR, CORNER_BL))
PLANT(corner_outside, "corner_outside", c[5].p[CORNER_TR][0] = W + 3)
PLANT(corner_not_a_number, "corner_outside", c[5].p[CORNER_TR][0] = NAN)
PLANT(corner_dragged, "side_ratio", c[9].p[CORNER_BL][1] += 42)
PLANT(neighbours_interlocked, "corner_chain", double t[2]; memcpy(t, c[6].p[CORNER_BL], sizeof t);
      memcpy(c[6].p[CORNER_BL], c[7].p[CORNER_TL], sizeof t); memcpy(c[7].p[CORNER_TL], t, sizeof t);
      c[6].p[CORNER_BL][1] += 1.5; c[7].p[CORNER_TL][1] -= 1.5)
PLANT(levels_exchanged, "vertebra_order", rename_each_other(&c[4], &c[5]))
PLANT(far_levels_exchanged, "vertebra_order", rename_each_other(&c[1], &c[14]))
PLANT(last_at_the_top, "vertebra_order", for (int q = 0; q < 4; q++) c[16].p[q][1] -= 318)
PLANT(drawn_twice, "vertebra_twice", for (int q = 0; q < 4; q++) for (int a = 0; a < 2; a++) c[7].p[q][a] = c[6].p[q][a] + 0.5)
PLANT(level_given_twice, "level_twice", memcpy(c[4].level, c[5].level, STORE_NAME))
PLANT(too_small, "area_outlier", double x = 0, y = 0; for (int q = 0; q < 4; q++) x += c[7].p[q][0] / 4, y += c[7].p[q][1] / 4;
      for (int q = 0; q < 4; q++) c[7].p[q][0] = x + 0.5 * (c[7].p[q][0] - x), c[7].p[q][1] = y + 0.5 * (c[7].p[q][1] - y))
PLANT(beside_the_spine, "offset", double by = c[10].p[0][0] < 50 ? 28 : -28; for (int q = 0; q < 4; q++) c[10].p[q][0] += by)
PLANT(on_the_discs, "disc_height", for (int i = 0; i < LEVELS; i++) for (int q = 0; q < 2; q++) for (int a = 0; a < 2; a++) {
          const double top = c[i].p[q][a], low = c[i].p[q + 2][a];
          c[i].p[q][a] = low + 0.1 * (low - top), c[i].p[q + 2][a] = low + 0.45 * (low - top);
      } draw(p, VICTIM))
PLANT(size_of_another_film, "size_mismatch", p->row[VICTIM].labelled_w = W + 1)
PLANT(nothing_drawn, "mask_empty", memset(p->mask[VICTIM], 0, H * W))
PLANT(other_class, "class_unknown", for (int i = 0; i < H * W; i++) if (p->mask[VICTIM][i]) p->mask[VICTIM][i] = 7)
PLANT(mask_of_another_film, "mask_corners", memcpy(p->mask[VICTIM], p->mask[4], H * W))
PLANT(constant_film, "image_constant", memset(p->film[VICTIM], 77, H * W))
PLANT(film_twice, "image_twice", memcpy(p->film[VICTIM], p->film[2], H * W))
PLANT(patient_in_two_parts, "patient_leak", p->row[VICTIM].split = SPLIT_VAL)
PLANT(absurd_spacing, "spacing_absurd", p->row[VICTIM].spacing[0] = 143)
PLANT(film_of_three_metres, "spacing_absurd", p->row[VICTIM].spacing[0] = p->row[VICTIM].spacing[1] = 9)
PLANT(half_a_spacing, "spacing_absurd", p->row[VICTIM].spacing[1] = 0)
PLANT(spacing_not_a_number, "spacing_absurd", p->row[VICTIM].spacing[0] = NAN)

/* What a fault quotes comes from a file, and goes to a terminal and into JSON. */
static void texts_are_clean(void **state)
{
    (void)state;
    faults f = { 0 };
    faults_add(&f, 0, 1, "code", "%s", "a\x1b[31m \xff\xc2\x9b ok");
    assert_string_equal(f.f[0].text, "a\xef\xbf\xbd[31m \xef\xbf\xbd\xef\xbf\xbd ok");
    faults_free(&f);
}

/* The same film saved again a little brighter, in the other part of the split. */
PLANT(film_again_in_the_other_part, "image_leak",
      for (int i = 0; i < H * W; i++) p->film[VICTIM][i] = (uint8_t)(p->film[3][i] < 250 ? p->film[3][i] + 1 + i % 2 : 251))

static void one_class_a_level(void **state)
{
    (void)state;
    plan *p = plan_new();
    classes_free(&p->table), p->table = classes_read("classes/levels.csv");
    for (int k = 0; k < CASES; k++)
        for (int i = 0; i < LEVELS; i++) {
            const double (*q)[2] = p->c[k][i].p;
            const double xy[8] = { q[0][0], q[0][1], q[1][0], q[1][1], q[3][0], q[3][1], q[2][0], q[2][1] };
            polygon_fill(xy, 4, p->mask[k], H, W, (uint8_t)(8 + i + (k == VICTIM && i == 5)));
        }
    expect(p, WANT({ VICTIM, "mask_level" }));
}

/* Corners may go on where the classes end: a film whose masks name T1 to L4 only. */
static void masks_leave_a_level_out(void **state)
{
    (void)state;
    plan *p = plan_new();
    classes_free(&p->table);
    for (int i = 0; i < LEVELS - 1; i++) classes_add(&p->table, 8 + i, p->c[0][i].level, "vertebra");
    for (int k = 0; k < CASES; k++)
        for (int i = 0; i < LEVELS; i++) {
            const double (*q)[2] = p->c[k][i].p;
            const double xy[8] = { q[0][0], q[0][1], q[1][0], q[1][1], q[3][0], q[3][1], q[2][0], q[2][1] };
            polygon_fill(xy, 4, p->mask[k], H, W, (uint8_t)(i < LEVELS - 1 ? 8 + i : 0));
        }
    expect(p, (const want[]){ { 0, NULL } });
}

/* Pixels changed behind the store's back, with all checksums of the file right: only the recorded hash tells. */
static void tampered(void **state)
{
    (void)state;
    char *path = plan_write(plan_new());
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    uint8_t *p = xalloc(H * W);
    const struct { const char *name; int at; } d[] = { { "/cases/case03/image", 3 }, { "/cases/case05/mask", 5 } };
    for (int i = 0; i < 2; i++) {
        hid_t s = H5Dopen2(f, d[i].name, H5P_DEFAULT);
        H5Dread(s, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, p);
        p[77] ^= 1;
        H5Dwrite(s, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, p), H5Dclose(s);
    }
    H5Ldelete(f, "/cases/case07/image", H5P_DEFAULT);
    H5Fclose(f), free(p);
    expect_path(path, WANT({ 3, "hash_mismatch" }, { 5, "hash_mismatch" }, { 7, "damaged" }));
}

static void levels_have_ranks(void **state)
{
    (void)state;
    const char *down[] = { "C1", "C7", "T1", "T12", "T13", "L1", "L5", "L6", "S1", "S5" };
    const char *not[] = { "", "X1", "T0", "T14", "L7", "T1a", "C8", "T+1", "t1", "T01" };
    for (int i = 1; i < 10; i++) assert_true(level_rank(down[i]) > level_rank(down[i - 1]));
    assert_int_equal(level_rank("L1") - level_rank("T12"), 2);
    assert_int_equal(level_rank("S1") - level_rank("L5"), 2);
    assert_int_equal(level_rank("T1") - level_rank("C7"), 2);
    for (int i = 0; i < 10; i++) assert_int_equal(level_rank(not[i]), 0);
}

/* The verb: exit 2 while errors stand, --exclude marks exactly the faulty case, and then 0; a sheet is made. */
static void the_verb(void **state)
{
    (void)state;
    plan *p = plan_new();
    swap(&p->c[VICTIM][4], CORNER_TL, CORNER_TR);
    char *path = plan_write(p), *sheet = path_join(scratch, "sheet.png");
    char *look[] = { "check", path, "--json", "--quiet", "--sheet", sheet };
    char *exclude[] = { "check", path, "--exclude", "--quiet", "--threads", "1" }, *again[] = { "check", path, "--quiet" };
    fflush(stdout), fflush(stderr);
    int out = dup(1), err = dup(2);
    FILE *null = fopen("/dev/null", "w");
    dup2(fileno(null), 1), dup2(fileno(null), 2);
    int a = verb_check(6, look), b = verb_check(6, exclude), c = verb_check(3, again);
    fflush(stdout), fflush(stderr), dup2(out, 1), dup2(err, 2), close(out), close(err), fclose(null);
    assert_int_equal(a, 2);
    assert_int_equal(b, 0);
    assert_int_equal(c, 0);
    image m = film_read(sheet);
    assert_true(m.h > 400 && m.w > 150);
    dies(2, "exists already", verb_check(6, look));
    store *s = store_open(path);
    for (int k = 0; k < CASES; k++) assert_int_equal(store_at(s, k)->excluded, k == VICTIM);
    store_close(s), image_free(&m), free(path), free(sheet);
}

int main(void)
{
    #define T(name) cmocka_unit_test(name)
    const struct CMUnitTest table[] = {
        T(sound), T(top_corners_exchanged), T(left_corners_exchanged), T(diagonal_exchanged), T(mirrored), T(upside_down),
        T(corner_outside), T(corner_not_a_number),
        T(corner_dragged), T(neighbours_interlocked), T(levels_exchanged), T(far_levels_exchanged), T(last_at_the_top), T(drawn_twice),
        T(level_given_twice), T(too_small),
        T(beside_the_spine), T(on_the_discs),
        T(size_of_another_film), T(nothing_drawn), T(other_class), T(mask_of_another_film), T(constant_film), T(film_twice),
        T(patient_in_two_parts), T(absurd_spacing), T(film_of_three_metres), T(half_a_spacing), T(spacing_not_a_number),
            T(texts_are_clean), T(film_again_in_the_other_part),
        T(one_class_a_level), T(masks_leave_a_level_out), T(tampered), T(levels_have_ranks), T(the_verb) };
    return _cmocka_run_group_tests(__FILE__, table, sizeof table / sizeof *table, set_up, tear_down);
}
