/* landmarks.c - what the forms of landmarks.h have in common: a case under construction; and corners from tables and stores. */
#include "datasets/landmarks_forms.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/csv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void landmark_case_free(landmark_case *c)
{
    for (int i = 0; i < c->nwant; i++) free(c->want[i]);
    geo_case_free(c->film), free(c->want), free(c->id);
    *c = (landmark_case){ 0 };
}

void landmarks_free(landmark_cases *l)
{
    for (int64_t i = 0; i < l->n; i++) landmark_case_free(&l->c[i]);
    free(l->c), *l = (landmark_cases){ 0 };
}

landmark_case landmark_case_new(const char *id)
{
    landmark_case c = { .id = xdup(id), .region = -1, .age = -1, .cobb = -1, .nwant = -1, .ncompression = -1, .nslip = -1, .film = geo_case_new() };
    if (!c.film) die_machine("out of memory");
    return c;
}

void landmark_case_sort(landmark_case *c)
{
    for (int i = 1; i < c->n; i++)
        for (int k = i; k > 0; k--) {
            int a = geo_level_parse(c->level[k - 1]), b = geo_level_parse(c->level[k]);
            int later = a && b ? a > b : c->body[k - 1].p[0].y > c->body[k].p[0].y;
            if (!later) break;
            geo_quad q = c->body[k];
            char name[STORE_NAME];
            memcpy(name, c->level[k], STORE_NAME);
            c->body[k] = c->body[k - 1], memcpy(c->level[k], c->level[k - 1], STORE_NAME);
            c->body[k - 1] = q, memcpy(c->level[k - 1], name, STORE_NAME);
        }
}

/* Columns and data sets may stand in any order where every body has the name of a level. */
static void sort_named(landmark_case *c)
{
    for (int i = 0; i < c->n; i++) if (!geo_level_parse(c->level[i])) return;
    landmark_case_sort(c);
}

void landmark_case_face(const landmark_case *c, geo_case *film, int side)
{
    for (int i = 0; i < c->n; i++) {
        const geo_corners q = geo_corners_name(&c->body[i], side);
        const int level = geo_level_parse(c->level[i]);
        if (level == GEO_S1) geo_case_s1(film, q.sa, q.sp);
        else geo_case_vertebra(film, level, &q);
    }
}

/* Corners as on the screen do not say what is anterior: where the file does not either, the votes do, which look at the middles of plates only. */
static void name_corners(landmark_case *c)
{
    landmark_case_face(c, c->film, c->facing ? c->facing : 1);
    if (!c->facing && geo_case_vote(c->film) < 0) landmark_case_face(c, c->film, -1);
}

/* The Cobb angle is one between bodies; the sacrum, with its one plate, is none. */
static void drop_sacrum(landmark_case *c)
{
    geo_point a, p;
    int n = 0, gone = geo_case_plate(c->film, &a, &p);
    for (int i = 0; i < c->n; i++) {
        if (geo_level_parse(c->level[i]) == GEO_S1) { gone = 1; continue; }
        c->body[n] = c->body[i], memmove(c->level[n++], c->level[i], STORE_NAME);
    }
    c->n = n;
    if (gone) warn("%.80s: S1 is no vertebra and does not count in the Cobb angle of a frontal film", c->id);
}

void landmark_case_finish(landmark_case *c, int frontal)
{
    c->frontal = frontal;
    if (frontal) drop_sacrum(c);
    if (frontal) geo_case_free(c->film), c->film = NULL;
    else name_corners(c);
}

/* ---- corner tables ------------------------------------------------------------------------------------------------------------------- */

static const char *const corner_names[4] = { "TL", "TR", "BR", "BL" };            /* in the order of geo_quad */

typedef struct level_columns { char name[STORE_NAME]; int at[4][2]; } level_columns;

/* Columns of one level: name_TL_x and its seven fellows. */
static void find_columns(const csv *t, const char *path, level_columns *c)
{
    for (int k = 0; k < 8; k++) {
        char *name = xprintf("%s_%s_%c", c->name, corner_names[k / 2], "xy"[k % 2]);
        if ((c->at[k / 2][k % 2] = csv_column(t, name)) < 0) die("%s:1: the column %s is missing", path, name);
        free(name);
    }
}

static int find_levels(const csv *t, const char *path, level_columns *c)
{
    int n = 0;
    for (int i = 0; i < t->ncols; i++) {
        size_t len = strlen(t->name[i]);
        if (len < 6 || strcmp(t->name[i] + len - 5, "_TL_x")) continue;
        if (len - 5 >= STORE_NAME || n == LANDMARKS_BODIES)
            die("%s:1: %s: got a longer name or more levels than a spine has", path, t->name[i]);
        snprintf(c[n].name, STORE_NAME, "%.*s", (int)(len - 5), t->name[i]);
        find_columns(t, path, &c[n++]);
    }
    if (!n) die("%s:1: no corner columns, wanted LEVEL_TL_x, LEVEL_TL_y, ... LEVEL_BR_y", path);
    return n;
}

/* 0 where all eight cells are empty. */
static int read_quad(const csv *t, int row, const char *path, const level_columns *c, geo_quad *q)
{
    int given = 0;
    for (int k = 0; k < 8; k++) {
        const char *cell = csv_cell(t, row, c->at[k / 2][k % 2]);
        double v;
        if (!*cell) continue;
        if (!text_real(cell, &v) || v < -1e7 || v > 1e7)
            die("%s:%d: %s: got '%.40s', wanted a number of pixels", path, t->line[row], t->name[c->at[k / 2][k % 2]], cell);
        *(k % 2 ? &q->p[k / 2].y : &q->p[k / 2].x) = v, given++;
    }
    if (given && given < 8) die("%s:%d: %s has %d of its 8 coordinates", path, t->line[row], c->name, given);
    return given;
}

/* A number of a row in least..most; `unknown` where there is no such column, or nothing in it. */
static double read_number(const csv *t, int row, const char *path, const char *name, double least, double most, double unknown)
{
    const int at = csv_column(t, name);
    const char *cell = at < 0 ? "" : csv_cell(t, row, at);
    double v = unknown;
    if (*cell && (!text_real(cell, &v) || v < least || v > most))
        die("%s:%d: %s: got '%.40s', wanted a number from %g to %g", path, t->line[row], name, cell, least, most);
    return v;
}

static void read_spacing(const csv *t, int row, const char *path, landmark_case *c)
{
    const double least = GEO_SPACING_LEAST, most = GEO_SPACING_MOST, both = read_number(t, row, path, "spacing", least, most, 0);
    c->sx = read_number(t, row, path, "spacing_x", least, most, both), c->sy = read_number(t, row, path, "spacing_y", least, most, both);
    if ((c->sx > 0 || c->sy > 0) && !geo_spacing_sound(c->sx, c->sy))
        die("%s:%d: spacing: got %g x %g, wanted %s", path, t->line[row], c->sx, c->sy, GEO_SPACING_WANTED);
}

landmark_cases landmarks_csv(const char *path, int region)
{
    csv t = csv_read(path);
    level_columns levels[LANDMARKS_BODIES];
    int n = find_levels(&t, path, levels), file = csv_column(&t, "file");
    int frontal = region < 0 || region == GEO_REGION_AP;
    landmark_cases l = { t.nrows, xalloc_n((size_t)t.nrows + 1, sizeof *l.c) };
    if (!t.nrows) die("%s: no film in it, only a header", path);
    for (int row = 0; row < t.nrows; row++) {
        char *id = file >= 0 && *csv_cell(&t, row, file) ? path_stem(csv_cell(&t, row, file)) : xprintf("%d", row + 1);
        landmark_case *c = &l.c[row];
        *c = landmark_case_new(id);
        c->height = read_number(&t, row, path, "height", 1, 1e7, 0), c->age = read_number(&t, row, path, "age", 0, 130, -1);
        read_spacing(&t, row, path, c);
        for (int k = 0; k < n; k++) {
            if (!read_quad(&t, row, path, &levels[k], &c->body[c->n])) continue;
            if (!frontal && !geo_level_parse(levels[k].name))
                die("%s:1: %s: got an unknown level, wanted C1 to L5 on a lateral film", path, levels[k].name);
            memcpy(c->level[c->n++], levels[k].name, STORE_NAME);
        }
        sort_named(c);
        landmark_case_finish(c, frontal);
        free(id);
    }
    csv_free(&t);
    return l;
}

/* ---- stores -------------------------------------------------------------------------------------------------------------------------- */

static int is_pelvis(const labels *l)
{
    for (int i = 0; i < l->ncorners; i++) if (geo_level_parse(l->corners[i].level) == GEO_S1) return 1;
    return l->nlandmarks > 0;
}

int landmarks_store(const store *s, int64_t i, int region, landmark_case *out)
{
    labels l = store_read_labels(s, i);
    const store_case *row = store_at(s, i);
    int frontal = region == GEO_REGION_AP || (region < 0 && !is_pelvis(&l)), most = LANDMARKS_BODIES;
    *out = landmark_case_new(row->id);
    out->height = row->labelled_h ? (double)row->labelled_h : (double)row->h;
    if (store_spacing_known(row)) out->sx = row->spacing[0], out->sy = row->spacing[1];
    for (int k = 0; k < l.ncorners && out->n < most; k++) {
        static const int from[4] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL };
        if (!frontal && !geo_level_parse(l.corners[k].level)) continue;
        for (int p = 0; p < 4; p++) out->body[out->n].p[p] = (geo_point){ l.corners[k].p[from[p]][0], l.corners[k].p[from[p]][1] };
        memcpy(out->level[out->n++], l.corners[k].level, STORE_NAME);
    }
    for (int k = 0; k < l.nlandmarks && !frontal; k++) landmark_case_point(out, l.landmarks[k].name, l.landmarks[k].x, l.landmarks[k].y,
        l.landmarks[k].r);
    int any = l.ncorners > 0;
    sort_named(out);
    landmark_case_finish(out, frontal);
    labels_free(&l);
    return any;
}

/* ---- names --------------------------------------------------------------------------------------------------------------------------- */

static const char head[] = "femoral_head";

static int is_head(const char *name) { return !strncmp(name, head, sizeof head - 1) || !strcmp(name, "FH"); }

int landmark_known(const char *name)
{
    geo_case *c = geo_case_new();
    if (!c) die_machine("out of memory");
    const int known = is_head(name) || !geo_case_named(c, name, (geo_point){ 0, 0 });
    geo_case_free(c);
    return known;
}

const char *landmark_nearest(const char *name)
{
    enum { MIDDLES = 2 * (GEO_L5 - GEO_C2 + 1) };
    const char *all[GEO_POINTS + MIDDLES + 1];
    char middle[MIDDLES][8];
    for (int i = 0; i < GEO_POINTS; i++) all[i] = geo_point_name(i);
    for (int i = 0; i < MIDDLES; i++) {
        snprintf(middle[i], sizeof middle[i], "%.3s_%cM", geo_level_name(GEO_C2 + i / 2), "SI"[i % 2]);
        all[GEO_POINTS + i] = middle[i];
    }
    all[GEO_POINTS + MIDDLES] = head;
    return die_nearest(name, all, GEO_POINTS + MIDDLES + 1);
}

int landmark_case_point(landmark_case *c, const char *name, double x, double y, double r)
{
    if (is_head(name)) return !geo_case_head(c->film, (geo_circle){ x, y, r });
    return !geo_case_named(c->film, name, (geo_point){ x, y });
}
