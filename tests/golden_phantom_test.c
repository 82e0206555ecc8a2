/* golden_phantom_test.c - twelve phantoms that must stay what they are: whoever changes a draw, an anatomy or the picture finds out here, and
 * either it was a mistake, or the twelve are made anew and looked at.
 *     build/cpu/tests/golden_phantom_test write      writes tests/golden/phantoms.txt and phantoms.png
 * Numbers are compared, not hashes: another libm, or a processor without fused multiply-add, rounds some of them otherwise. Anatomy then agrees
 * to a millionth (or they fail here), and pictures in all but a few pixels: a build for x86-64-v2 differed from one for AVX-512 by 0.007 grey
 * levels on average at most, and by more than one level in 53 of 32,768 pixels at most. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/image.h"
#include "datasets/synthetic.h"

enum { FILMS = 12, H = 256, W = 128, COLUMNS = 6, NUMBERS = 200, CLOSE = 8 };             /* the film that ends beside the spine */
static const char *const table_path = "tests/golden/phantoms.txt", *const sheet_path = "tests/golden/phantoms.png";
static const struct { enum region region; uint64_t seed; uint32_t index; int level, fractures; } golden[FILMS] = {
    { REGION_WHOLE, 1, 0, LEVEL_DIAGRAM, FRACTURES_NEVER }, { REGION_WHOLE, 1, 1, LEVEL_TRAINING, FRACTURES_ALWAYS },
    { REGION_WHOLE, 2, 7, LEVEL_STRESS, FRACTURES_BY_AGE }, { REGION_CERVICAL, 1, 2, LEVEL_NOISE, FRACTURES_NEVER },
    { REGION_CERVICAL, 3, 3, LEVEL_TRAINING, FRACTURES_BY_AGE }, { REGION_THORACIC, 1, 4, LEVEL_OVERLAP, FRACTURES_NEVER },
    { REGION_THORACIC, 4, 5, LEVEL_TRAINING, FRACTURES_ALWAYS }, { REGION_LUMBAR, 1, 6, LEVEL_TRAINING, FRACTURES_SCREWED },
    { REGION_LUMBAR, 5, 7, LEVEL_TRAINING, FRACTURES_BY_AGE },
    { REGION_LUMBAR, 6, 8, LEVEL_OVERLAP, FRACTURES_NEVER },
    { REGION_AP, 1, 9, LEVEL_TRAINING, FRACTURES_NEVER }, { REGION_AP, 7, 10, LEVEL_NOISE, FRACTURES_NEVER } };

static synthetic *golden_film(int i)
{
    const synthetic_settings s = {
        .anatomy = { .region = golden[i].region, .h = H, .w = W, .stress = golden[i].level == LEVEL_STRESS, .fractures = golden[i].fractures,
            .pathology = golden[i].level >= LEVEL_TRAINING ? PATHOLOGIES : PATH_NONE, .tilt = 2,
            .close = i == CLOSE },
        .picture = { .level = golden[i].level, .implants = golden[i].fractures == FRACTURES_SCREWED ? 1 : 0.5, .look = -1 },
        .layout = LAYOUT_LEVELS };
    return synthetic_new(&s, golden[i].seed, golden[i].index);
}

/* What is kept of a film: every value, the place of every corner and landmark (their sums), and the pixels of every object. */
typedef struct number { char name[2 * STORE_NAME]; double v, tol; } number;

static int numbers(const synthetic *f, number out[NUMBERS])
{
    const labels *l = &f->labels[0];
    int n = 0;
    double sum = 0;
    out[n++] = (number){ "spacing", f->row[0].spacing[0], 1e-9 };
    for (int i = 0; i < l->ncorners; i++) for (int c = 0; c < 4; c++) sum += (c + 1) * l->corners[i].p[c][0] + (c + 5) * l->corners[i].p[c][1];
    out[n++] = (number){ "corners", sum, 1e-5 }, sum = 0;
    for (int i = 0; i < l->nlandmarks; i++) sum += l->landmarks[i].x + 3 * l->landmarks[i].y + 7 * l->landmarks[i].r;
    out[n++] = (number){ "landmarks", sum, 1e-5 };
    for (int i = 0; i < l->nvalues; i++) {
        assert_true(n < NUMBERS - 40);
        out[n] = (number){ "", l->values[i].value, 1e-6 * fmax(1, fabs(l->values[i].value)) };
        snprintf(out[n++].name, sizeof out->name, "%s", l->values[i].name);
    }
    for (int i = 0; i < l->ninstances; i++) {
        double pixels = 0;
        for (int64_t k = 1; k < l->instances[i].nruns; k += 2) pixels += l->instances[i].runs[k];
        assert_true(n < NUMBERS);
        out[n] = (number){ "", pixels, 1 };                    /* a centre on the very border may fall to either side */
        if (l->instances[i].value == IMPLANT_VALUE) out[n].tol = 5;    /* where the shadow fades below its threshold */
        snprintf(out[n++].name, sizeof out->name, "pixels_%s", l->instances[i].level);
    }
    return n;
}

static uint8_t grey(const synthetic *f, int64_t at) { return (uint8_t)(((const uint16_t *)f->pixels[0])[at] >> 8); }
static int64_t place(int i, int64_t at) { return (i / COLUMNS * H + at / W) * COLUMNS * W + i % COLUMNS * W + at % W; }

static int write_all(void)
{
    image sheet = image_new(FILMS / COLUMNS * H, COLUMNS * W, 8);
    FILE *to = file_begin(table_path);
    for (int i = 0; i < FILMS; i++) {
        synthetic *f = golden_film(i);
        number v[NUMBERS];
        const int n = numbers(f, v);
        fprintf(to, "film %d %d\n", i, n);
        for (int k = 0; k < n; k++) fprintf(to, "%s %.9g\n", v[k].name, v[k].v);
        for (int64_t at = 0; at < H * W; at++) ((uint8_t *)sheet.p)[place(i, at)] = grey(f, at);
        synthetic_free(f);
    }
    file_commit(to, table_path), image_write(sheet_path, &sheet), image_free(&sheet);
    return 0;
}

static void numbers_stay(void **state)
{
    (void)state;
    FILE *from = fopen(table_path, "r");
    assert_non_null(from);
    for (int i = 0; i < FILMS; i++) {
        synthetic *f = golden_film(i);
        number v[NUMBERS];
        const int n = numbers(f, v);
        int which, count;
        assert_int_equal(fscanf(from, "film %d %d\n", &which, &count), 2);
        assert_int_equal(which, i);
        if (count != n) fail_msg("film %d: %d numbers, wanted %d", i, n, count);
        for (int k = 0; k < n; k++) {
            char name[2 * STORE_NAME];
            double wanted;
            assert_int_equal(fscanf(from, "%127s %lf\n", name, &wanted), 2);
            if (strcmp(name, v[k].name)) fail_msg("film %d: %s, wanted %s", i, v[k].name, name);
            const double tol = v[k].tol + 1e-8 * fabs(wanted);             /* nine digits are kept */
            if (!(fabs(v[k].v - wanted) <= tol)) fail_msg("film %d: %s = %.9g, wanted %.9g +- %.1g", i, name, v[k].v, wanted, tol);
        }
        synthetic_free(f);
    }
    fclose(from);
}

static void pictures_stay(void **state)
{
    (void)state;
    image sheet = film_read(sheet_path);
    assert_int_equal(sheet.h, FILMS / COLUMNS * H), assert_int_equal(sheet.w, COLUMNS * W);
    for (int i = 0; i < FILMS; i++) {
        synthetic *f = golden_film(i);
        double sum = 0;
        int off = 0;
        for (int64_t at = 0; at < H * W; at++) {
            const int d = abs((int)grey(f, at) - ((const uint8_t *)sheet.p)[place(i, at)]);
            sum += d, off += d > 1;
        }
        if (getenv("PHANTOMS_DIFFER")) printf("film %2d: mean difference %.5f grey levels, %d pixels by more than one\n", i, sum / (H * W), off);
        near(sum / (H * W), 0, 0.05);
        assert_in_range(off, 0, H * W / 200);
        synthetic_free(f);
    }
    image_free(&sheet);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "write")) return write_all();
    const struct CMUnitTest tests[] = { cmocka_unit_test(numbers_stay), cmocka_unit_test(pictures_stay) };
    return RUN_TESTS(tests);
}
