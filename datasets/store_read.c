/* store_read.c - the bulk data of a case: image, mask, planes, labels, hashes; see store.h.
 *
 * The one idea: a chunk is fetched raw under HDF5's lock (a copy of some hundred kilobytes) and decoded here, outside it, so that
 * decoding, which is nearly all of the time, runs on as many threads as there are. Only what store_add writes is decoded here
 * (one chunk; shuffle, gzip, fletcher32 in that order, each optional); any other layout goes through H5Dread, slower but right. */
#include "datasets/store_h5.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { SMALL_LIMIT = 1 << 16, RUNS_LIMIT = 1 << 26 };

/* ---- one plane of pixels ------------------------------------------------------------------------------------------------------- */

typedef struct raw {                                       /* a chunk as it lies in the file */
    unsigned char *p; size_t n;
    int nfilters; H5Z_filter_t filter[3];
    uint32_t skipped;                                      /* bit i: filter i was not applied to this chunk */
} raw;

/* Does the dataset have one chunk of the whole image and filters in our order? Fills r's filters. */
static int plain(hid_t plist, int64_t h, int64_t w, raw *r)
{
    static const H5Z_filter_t order[] = { H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE, H5Z_FILTER_FLETCHER32 };
    hsize_t chunk[2];
    if (H5Pget_layout(plist) != H5D_CHUNKED || H5Pget_chunk(plist, 2, chunk) != 2) return 0;
    if (chunk[0] != (hsize_t)h || chunk[1] != (hsize_t)w) return 0;
    int n = H5Pget_nfilters(plist), last = -1;
    if (n < 0 || n > 3) return 0;
    for (int i = 0; i < n; i++) {
        unsigned flags;
        size_t none = 0;
        int k = 0;
        r->filter[i] = H5Pget_filter2(plist, (unsigned)i, &flags, &none, NULL, 0, NULL, NULL);
        while (k < 3 && order[k] != r->filter[i]) k++;
        if (k == 3 || k <= last) return 0;
        last = k;
    }
    r->nfilters = n;
    return 1;
}

/* Inside the lock: either *r gets the raw chunk, or the pixels are read into out. reason NULL and *found 0: no such dataset. */
static const char *fetch(hid_t file, const char *path, hid_t type, int64_t h, int64_t w, void *out, raw *r, int *found)
{
    const char *reason;
    hsize_t dims[2], at[2] = { 0, 0 }, stored = 0;
    hid_t d = h5_open(file, path, &reason);
    *found = d >= 0;
    if (d < 0) return reason;
    hid_t have = H5Dget_type(d), space = H5Dget_space(d), plist = H5Dget_create_plist(d);
    size_t whole = (size_t)h * (size_t)w * H5Tget_size(type);
    if (H5Tget_class(have) != H5T_INTEGER || !h5_plain_number(have) || H5Tget_size(have) != H5Tget_size(type) || H5Tget_sign(have) != H5T_SGN_NONE) reason = "another type of pixel than /index says";
    else if (H5Sget_simple_extent_ndims(space) != 2 || H5Sget_simple_extent_dims(space, dims, NULL) != 2) reason = "not a 2-dimensional array";
    else if (dims[0] != (hsize_t)h || dims[1] != (hsize_t)w) reason = "another size than /index says";
    else if (plain(plist, h, w, r) && H5Tequal(have, type) > 0) {
        if (H5Dget_chunk_storage_size(d, at, &stored) < 0 || stored < 1 || stored > whole + whole / 64 + 4096) reason = "damaged data";
        else if (!(r->p = malloc(stored))) reason = "too large for the memory";
        else if (H5Dread_chunk(d, H5P_DEFAULT, at, &r->skipped, r->p) < 0) reason = "damaged data";
        r->n = stored;
    } else if (H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0) reason = "damaged data";
    H5Pclose(plist), H5Sclose(space), H5Tclose(have), H5Dclose(d);
    return reason;
}

/* Fletcher's sum as HDF5 computes it: big-endian 16-bit words, sums folded to 16 bits (Fletcher 1982; HDF5's H5checksum.c). */
static uint32_t fletcher32(const unsigned char *p, size_t n)
{
    uint32_t a = 0, b = 0;
    for (size_t words = n / 2; words;) {
        size_t block = words > 360 ? 360 : words;
        words -= block;
        for (; block; block--, p += 2) a += (uint32_t)p[0] << 8 | p[1], b += a;
        a = (a & 0xffff) + (a >> 16), b = (b & 0xffff) + (b >> 16);
    }
    if (n % 2) {
        a += (uint32_t)*p << 8, b += a;
        a = (a & 0xffff) + (a >> 16), b = (b & 0xffff) + (b >> 16);
    }
    a = (a & 0xffff) + (a >> 16), b = (b & 0xffff) + (b >> 16);
    return b << 16 | a;
}

static void unshuffle(const unsigned char *in, unsigned char *out, size_t len, size_t each)
{
    for (size_t k = 0; k < each; k++)
        for (size_t i = 0; i < len; i++) out[i * each + k] = in[k * len + i];
}

/* Undoes the filters, last one first; out has room for whole bytes. Takes r->p. */
static const char *decode(raw *r, unsigned char *out, size_t len, size_t each)
{
    size_t whole = len * each;
    const char *reason = NULL;
    unsigned char *p = r->p;
    for (int i = r->nfilters - 1; !reason && i >= 0; i--) {
        if (r->skipped >> i & 1) continue;
        if (r->filter[i] == H5Z_FILTER_FLETCHER32) {
            uint32_t sum = 0;
            if (r->n < 4) { reason = "damaged data"; break; }
            r->n -= 4;
            for (int k = 0; k < 4; k++) sum |= (uint32_t)p[r->n + (size_t)k] << 8 * k;
            if (sum != fletcher32(p, r->n)) reason = "damaged data (a checksum is wrong)";
        } else if (r->filter[i] == H5Z_FILTER_DEFLATE) {
            uLongf got = whole;
            unsigned char *flat = malloc(whole);
            if (!flat) reason = "too large for the memory";
            else if (uncompress(flat, &got, p, r->n) != Z_OK || got != whole) reason = "damaged data";
            free(p), p = flat, r->n = whole;
        } else if (each > 1) {
            if (r->n != whole) { reason = "damaged data"; break; }
            unshuffle(p, out, len, each);
            free(p), p = NULL;
        }
    }
    if (!reason && p && r->n != whole) reason = "damaged data";
    if (!reason && p) memcpy(out, p, whole);
    free(p), r->p = NULL;
    return reason;
}

/* The dataset /cases/ID/what, of this memory type, into out; 0 where there is none. */
static int read_plane(const store *s, int64_t i, const char *what, int bits, void *out)
{
    const store_case *c = &s->row[i];
    char path[320];
    raw r = { 0 };
    int found;
    snprintf(path, sizeof path, "/cases/%s/%s", c->id, what);
    h5_enter();
    hid_t type = bits == 8 ? H5T_NATIVE_UINT8 : bits == 16 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT32;
    const char *reason = fetch(s->file, path, type, c->h, c->w, out, &r, &found);
    h5_leave();
    if (reason) free(r.p);
    else if (r.p) reason = decode(&r, out, (size_t)(c->h * c->w), (size_t)bits / 8);
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
    if (c->npoints[0] != c->nlevel || (c->points && (c->npoints[1] != 4 || c->npoints[2] != 2))) return "corners: wanted level (n) and points (n, 4, 2)";
    if (c->nmarks[0] != c->nlandmark || (c->marks && c->nmarks[1] != 3)) return "landmarks: wanted name (n) and points (n, 3)";
    if (c->nvalues != c->nquantity || (c->unit && c->nunit != c->nvalues)) return "values: columns of different lengths";
    if (c->ninstance_level != c->nvalue || (c->value && (c->nstart != c->nvalue + 1 || !c->runs || c->start[0] != 0 || c->start[c->nvalue] != c->nruns)))
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
