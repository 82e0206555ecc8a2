/* bench_geometry.c - speed of the way from a label map to parameters on a film of 4000 x 1800 with 24 bodies, and the precision of the
 * ways to find corners; see bench.h and bench_corners.h. One core does the work whatever the number of threads, but for FILMS such films at
 * once on 1, 2, 4 ... threads, whose ceiling is that many times the rate of one. */
#include "eval/bench.h"
#include "eval/bench_corners.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/parallel.h"
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { H = 4000, W = 1800, BODIES = 24, BASE_TRIALS = 140, FILMS = 1000 };

typedef struct work {
    uint8_t *labels;
    geo_contour head[2];
    geo_case *film;
} work;

/* A body of 230 x 120 at row `at`, tilted to and fro like the curves of a spine. */
static geo_corners body_on_film(int i)
{
    double y = 90 + 145. * i, t = 0.5 * sin(i * 0.28), x = 800 + 140 * cos(i * 0.28), c = cos(t), s = sin(t);
    static const double u[4] = { 115, -115, 118, -112 }, v[4] = { -62, -58, 60, 62 };
    geo_point p[4];
    for (int k = 0; k < 4; k++) p[k] = (geo_point){ x + c * u[k] - s * v[k], y + s * u[k] + c * v[k] };
    return (geo_corners){ p[0], p[1], p[2], p[3] };
}

static void draw_film(work *w)
{
    w->labels = xalloc((size_t)H * W), w->film = geo_case_new();
    geo_case_spacing(w->film, 0.143, 0.143), geo_case_age(w->film, 50), geo_case_facing(w->film, 1);
    for (int i = 0; i < BODIES; i++) {
        geo_corners q = body_on_film(i);
        geo_point p[4] = { q.sa, q.sp, q.ip, q.ia };
        geo_mask_fill(&(geo_contour){ p, 4 }, w->labels, H, W, (uint8_t)(1 + i));
        geo_case_vertebra(w->film, 1 + i, &q);
    }
    geo_case_s1(w->film, (geo_point){ 1150, 3650 }, (geo_point){ 960, 3530 });
    for (int k = 0; k < 2; k++) {
        geo_point p[360], c = { 1200 + 380. * k, 3810 };
        for (int i = 0; i < 360; i++) p[i] = (geo_point){ c.x + 160 * cos(i / 57.29578), c.y + 160 * sin(i / 57.29578) };
        geo_mask_fill(&(geo_contour){ p, 360 }, w->labels, H, W, (uint8_t)(26 + k));
        geo_case_head(w->film, (geo_circle){ c.x, c.y, 160 });
    }
    geo_box box[256];
    geo_boxes(w->labels, H, W, box);
    for (int k = 0; k < 2; k++) geo_contour_label(w->labels, H, W, (uint8_t)(26 + k), &box[26 + k], &w->head[k], NULL);
}

static void run_corners(void *arg)
{
    work *w = arg;
    geo_box box[256];
    geo_boxes(w->labels, H, W, box);
    for (int i = 1; i <= BODIES; i++) {
        geo_contour c;
        geo_body b;
        if (geo_contour_label(w->labels, H, W, (uint8_t)i, &box[i], &c, NULL) || geo_corners_find(&c, NULL, &b))
            die("bench geometry: body %d was not found", i);
        geo_contour_free(&c);
    }
}

static void run_circles(void *arg)
{
    work *w = arg;
    geo_heads_options o;
    geo_heads_defaults(&o);
    o.radius = 160, o.most = 1;
    for (int k = 0; k < 2; k++) {
        geo_heads h;
        if (geo_heads_find(&w->head[k], &o, &h)) die("bench geometry: head %d was not found", k);
    }
}

static void run_parameters(void *arg) { geo_result_free(geo_measure(((work *)arg)->film)); }

static void run_film(void *arg, int64_t i)
{
    (void)i;
    run_corners(arg), run_circles(arg), run_parameters(arg);
}

static void add_scaling(bench *b, work *w)
{
    double one = 0;
    for (int k = 1;; k = 2 * k < b->threads ? 2 * k : b->threads) {
        char name[64];
        omp_set_num_threads(k);
        double start = clock_now();
        parallel_for(FILMS, run_film, w, NULL, NULL);
        double seconds = clock_now() - start;
        if (k == 1) one = FILMS / seconds;
        snprintf(name, sizeof name, "%d films on %d thread%s", FILMS, k, k == 1 ? "" : "s");
        bench_row *r = bench_add(b, name, seconds, FILMS, "films/s", one * k);
        snprintf(r->note, sizeof r->note, "contours, corners, circles, parameters");
        if (k >= b->threads) return;
    }
}

static void add_speed(bench *b)
{
    static const struct { const char *name; void (*run)(void *); } rows[] = { { "contours and corners of 24 bodies", run_corners },
        { "circles of two heads", run_circles }, { "all parameters", run_parameters } };
    work w = { 0 };
    draw_film(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        snprintf(bench_add(b, rows[i].name, bench_time(rows[i].run, &w, 5 * b->repeats), 1, "films/s", 0)->note, sizeof b->row->note,
            "4000 x 1800");
    add_scaling(b, &w);
    for (int k = 0; k < 2; k++) geo_contour_free(&w.head[k]);
    geo_case_free(w.film), free(w.labels);
}

/* Root mean square over the three correlation lengths of the noise. */
static void add_precision(bench *b, int scenario, int depth, int noise)
{
    double square[CORNERS_METHODS] = { 0 }, start = clock_now();
    corners_cell c = { 0 };
    for (int length = 0; length < 3; length++) {
        c = bench_corners(27 * scenario + 9 * depth + 3 * length + noise, BASE_TRIALS * b->repeats);
        for (int m = 0; m < CORNERS_METHODS; m++) square[m] += c.by[m].rmse * c.by[m].rmse / 3;
    }
    double seconds = (clock_now() - start) / CORNERS_METHODS;
    for (int m = 0; m < CORNERS_METHODS; m++) {
        char name[96];
        snprintf(name, sizeof name, "corners %s, %s %.0f px, noise %.1f px", corners_methods[m].name, c.scenario, c.depth, c.noise);
        bench_row *r = bench_add(b, name, seconds, 1, "degrees RMSE", 0);
        r->rate = sqrt(square[m]);
        snprintf(r->note, sizeof r->note, "DSC %.3f, P95 %.1f", c.dsc, c.by[m].p95);
    }
}

void bench_geometry(bench *b)
{
    add_speed(b);
    for (int cell = 0; cell < 27; cell++) add_precision(b, cell / 9, cell / 3 % 3, cell % 3);
}
