/* store_read.c - the bulk data of a case: image, mask, planes, labels, hashes; see store.h.
 *
 * The one idea: a film's chunk is fetched raw under HDF5's lock (a copy of some hundred kilobytes) and decoded outside it, so that
 * decoding, which is nearly all of the time, runs on as many threads as there are. Films stored in other ways are read under the lock. */
#include "datasets/store_h5.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

enum { SMALL_LIMIT = 1 << 16, RUNS_LIMIT = 1 << 26 };

/* ---- one plane of pixels ------------------------------------------------------------------------------------------------------- */

/* Inside the lock: *c gets the raw chunk where the image is one chunk of the native type; otherwise *whole gets the pixels. Neither and no
 * reason: no such dataset. */
static const char *fetch(hid_t file, const char *path, hid_t type, int64_t h, int64_t w, layout *l, chunk *c, void **whole)
{
    const char *reason;
    const hsize_t corner[2] = { 0, 0 };
    hid_t d = h5_open(file, path, &reason);
    if (d < 0) return reason;
    hid_t have = H5Dget_type(d);
    if (H5Tget_class(have) != H5T_INTEGER || !h5_plain_number(have) || H5Tget_size(have) != H5Tget_size(type) || H5Tget_sign(have) != H5T_SGN_NONE)
        reason = "another type of pixel than /index says";
    else if (!(reason = h5_layout(d, 2, IMAGE_MAX_SIDE, l))) {
        int one = l->chunked && l->chunk[0] == l->dims[0] && l->chunk[1] == l->dims[1] && H5Tequal(have, type) > 0;
        if (l->dims[0] != (hsize_t)h || l->dims[1] != (hsize_t)w) reason = "another size than /index says";
        else if (one) reason = chunk_fetch(d, l, corner, c);
        if (!reason && !c->p) reason = h5_read(d, l, type, whole);
    }
    H5Tclose(have), H5Dclose(d);
    return reason;
}

/* The dataset /cases/ID/what, of this many bits, into out; 0 where there is none. */
static int read_plane(const store *s, int64_t i, const char *what, int bits, void *out)
{
    const store_case *c = &s->row[i];
    char path[320];
    layout l;
    chunk raw = { 0 };
    void *whole = NULL;
    snprintf(path, sizeof path, "/cases/%s/%s", c->id, what);
    h5_enter();
    hid_t type = bits == 8 ? H5T_NATIVE_UINT8 : bits == 16 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT32;
    const char *reason = fetch(s->file, path, type, c->h, c->w, &l, &raw, &whole);
    h5_leave();
    int found = raw.p || whole;
    if (reason) free(raw.p);
    else if (raw.p) reason = chunk_decode(&raw, &l, out);
    else if (whole) memcpy(out, whole, (size_t)(c->h * c->w) * (size_t)bits / 8);
    free(whole);
    if (reason) die("%s: case %s: %s: %s", s->path, c->id, what, reason);
    return found;
}

void store_read_image(const store *s, int64_t i, void *pixels)
{
    if (!read_plane(s, i, "image", s->row[i].bits, pixels)) die("%s: case %s: its image is missing", s->path, s->row[i].id);
}

int store_read_mask(const store *s, int64_t i, uint8_t *mask) { return read_plane(s, i, "mask", 8, mask); }
int store_read_planes(const store *s, int64_t i, uint32_t *planes) { return read_plane(s, i, "planes", 32, planes); }

/* ---- small labels ---------------------------------------------------------------------------------------------------------------- */

/* The raw columns of one case's labels: read under the lock, turned into structs outside it. */
typedef struct columns {
    char **level, **landmark, **quantity, **unit, **instance_level;
    double *points, *marks, *values;
    uint16_t *value; uint64_t *start; uint32_t *runs;
    hsize_t nlevel, npoints[3], nlandmark, nmarks[2], nquantity, nunit, nvalues, ninstance_level, nvalue, nstart, nruns;
} columns;

static const char *read_columns(hid_t file, const char *id, columns *c)
{
    static const char *const names[] = { "corners/level", "landmarks/name", "values/name", "values/unit", "instances/level" };
    char path[320], ***text[] = { &c->level, &c->landmark, &c->quantity, &c->unit, &c->instance_level };
    hsize_t *ntext[] = { &c->nlevel, &c->nlandmark, &c->nquantity, &c->nunit, &c->ninstance_level };
    const char *reason = NULL;
    #define IN(name) (snprintf(path, sizeof path, "/cases/%s/%s", id, name), path)
    static const char *const groups[] = { "corners", "landmarks", "values", "instances" };
    int any = 0, has[4];
    for (int g = 0; g < 4; g++) any |= has[g] = H5Lexists(file, IN(groups[g]), H5P_DEFAULT) > 0;
    if (!any) return NULL;
    for (int k = 0; !reason && k < 5; k++)
        if (has[k == 0 ? 0 : k == 1 ? 1 : k < 4 ? 2 : 3]) reason = h5_strings(file, IN(names[k]), SMALL_LIMIT, ntext[k], text[k]);
    for (int k = 0; !reason && k < 5; k++)
        for (hsize_t i = 0; i < *ntext[k]; i++) if (strlen((*text[k])[i]) >= STORE_NAME) reason = "a name longer than 63 bytes";
    if (!reason && has[0]) reason = h5_small(file, IN("corners/points"), H5T_NATIVE_DOUBLE, 3, SMALL_LIMIT, c->npoints, (void **)&c->points);
    if (!reason && has[1]) reason = h5_small(file, IN("landmarks/points"), H5T_NATIVE_DOUBLE, 2, SMALL_LIMIT, c->nmarks, (void **)&c->marks);
    if (!reason && has[2]) reason = h5_small(file, IN("values/value"), H5T_NATIVE_DOUBLE, 1, SMALL_LIMIT, &c->nvalues, (void **)&c->values);
    if (!reason && has[3]) reason = h5_small(file, IN("instances/value"), H5T_NATIVE_UINT16, 1, SMALL_LIMIT, &c->nvalue, (void **)&c->value);
    if (!reason && has[3]) reason = h5_small(file, IN("instances/start"), H5T_NATIVE_UINT64, 1, SMALL_LIMIT + 1, &c->nstart, (void **)&c->start);
    if (!reason && has[3]) reason = h5_small(file, IN("instances/runs"), H5T_NATIVE_UINT32, 1, RUNS_LIMIT, &c->nruns, (void **)&c->runs);
    #undef IN
    return reason;
}

static void columns_free(columns *c)
{
    h5_strings_free(c->level, c->nlevel), h5_strings_free(c->landmark, c->nlandmark), h5_strings_free(c->quantity, c->nquantity);
    h5_strings_free(c->unit, c->nunit), h5_strings_free(c->instance_level, c->ninstance_level);
    free(c->points), free(c->marks), free(c->values), free(c->value), free(c->start), free(c->runs);
}

/* Do the columns of each group agree in length, and the runs with the image? */
static const char *columns_fault(const columns *c, int64_t len)
{
    if (c->npoints[0] != c->nlevel || (c->points && (c->npoints[1] != 4 || c->npoints[2] != 2)))
        return "corners: wanted level (n) and points (n, 4, 2)";
    if (c->nmarks[0] != c->nlandmark || (c->marks && c->nmarks[1] != 3)) return "landmarks: wanted name (n) and points (n, 3)";
    if (c->nvalues != c->nquantity || (c->unit && c->nunit != c->nvalues)) return "values: columns of different lengths";
    if (c->ninstance_level != c->nvalue || (c->value && (c->nstart != c->nvalue + 1 || !c->runs || c->start[0] != 0 ||
        c->start[c->nvalue] != c->nruns)))
        return "instances: wanted value (n), level (n), start (n + 1) and runs";
    for (hsize_t i = 0; i < c->nvalue; i++) {
        uint64_t sum = 0;
        if (c->start[i + 1] < c->start[i] || c->start[i + 1] > c->nruns || c->value[i] < 1 || c->value[i] > CLASS_MAX) return "instances: damaged";
        for (uint64_t k = c->start[i]; k < c->start[i + 1]; k++) sum += c->runs[k];
        if (sum != (uint64_t)len) return "instances: runs that do not add up to the image";
    }
    return NULL;
}

static void name_copy(char to[STORE_NAME], const char *from) { snprintf(to, STORE_NAME, "%s", from); }

static labels from_columns(const columns *c)
{
    labels l = { (int)c->nlevel, (int)c->nlandmark, (int)c->nvalues, (int)c->nvalue, NULL, NULL, NULL, NULL };
    l.corners = xalloc_n(c->nlevel, sizeof *l.corners), l.landmarks = xalloc_n(c->nlandmark, sizeof *l.landmarks);
    l.values = xalloc_n(c->nvalues, sizeof *l.values), l.instances = xalloc_n(c->nvalue, sizeof *l.instances);
    for (int i = 0; i < l.ncorners; i++) name_copy(l.corners[i].level, c->level[i]), memcpy(l.corners[i].p, c->points + 8 * i, sizeof l.corners[i].p);
    for (int i = 0; i < l.nlandmarks; i++) {
        landmark *m = &l.landmarks[i];
        name_copy(m->name, c->landmark[i]), m->x = c->marks[3 * i], m->y = c->marks[3 * i + 1], m->r = c->marks[3 * i + 2];
    }
    for (int i = 0; i < l.nvalues; i++)
        name_copy(l.values[i].name, c->quantity[i]), name_copy(l.values[i].unit, c->unit ? c->unit[i] : ""), l.values[i].value = c->values[i];
    for (int i = 0; i < l.ninstances; i++) {
        instance *o = &l.instances[i];
        o->value = c->value[i], o->nruns = (int64_t)(c->start[i + 1] - c->start[i]);
        name_copy(o->level, c->instance_level[i]);
        o->runs = xalloc_n((size_t)o->nruns, sizeof *o->runs);
        memcpy(o->runs, c->runs + c->start[i], (size_t)o->nruns * sizeof *o->runs);
    }
    return l;
}

labels store_read_labels(const store *s, int64_t i)
{
    const store_case *row = &s->row[i];
    columns c = { 0 };
    h5_enter();
    const char *reason = read_columns(s->file, row->id, &c);
    h5_leave();
    if (!reason) reason = columns_fault(&c, row->h * row->w);
    labels l = { 0 };
    if (!reason) l = from_columns(&c);
    columns_free(&c);
    if (reason) die("%s: case %s: labels: %s", s->path, row->id, reason);
    return l;
}
