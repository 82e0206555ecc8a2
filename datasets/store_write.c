/* store_write.c - making a store, and changing the marks of one; see store.h.
 *
 * A store is written under a temporary name and renamed when it is whole. HDF5's earliest file format, one chunk an image. */
#include "datasets/store_h5.h"
#include "base/die.h"
#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- datasets and attributes, inside the lock ---------------------------------------------------------------------------------- */

static hid_t text_type(size_t bytes)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, bytes ? bytes : 1), H5Tset_strpad(t, H5T_STR_NULLPAD), H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
}

static int put(hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, hid_t plist, const void *data)
{
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t d = space >= 0 ? H5Dcreate2(group, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT) : -1;
    int empty = 0;
    for (int i = 0; i < rank; i++) empty |= dims[i] == 0;
    int ok = d >= 0 && (empty || H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    if (d >= 0) ok &= H5Dclose(d) >= 0;
    if (space >= 0) H5Sclose(space);
    return ok;
}

int h5_put(hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data)
{
    return put(group, name, type, rank, dims, H5P_DEFAULT, data);
}

/* n strings as the shortest fixed length that holds them all, zero-padded UTF-8. */
int h5_put_strings(hid_t group, const char *name, hsize_t n, const char *const *text)
{
    size_t size = 1;
    for (hsize_t i = 0; i < n; i++) if (strlen(text[i]) > size) size = strlen(text[i]);
    char *flat = calloc(n + 1, size);
    if (!flat) return 0;
    for (hsize_t i = 0; i < n; i++) memcpy(flat + i * size, text[i], strlen(text[i]));
    hid_t t = text_type(size);
    int ok = h5_put(group, name, t, 1, &n, flat);
    H5Tclose(t), free(flat);
    return ok;
}

static int attribute(hid_t on, const char *name, hid_t type, hid_t space, const void *v)
{
    hid_t a = H5Acreate2(on, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int ok = a >= 0 && H5Awrite(a, type, v) >= 0;
    if (a >= 0) ok &= H5Aclose(a) >= 0;
    return ok;
}

static int attribute_text(hid_t on, const char *name, const char *text)
{
    hid_t t = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(t, strlen(text) + 1);                          /* the image specification wants ASCII with a closing zero */
    int ok = attribute(on, name, t, space, text);
    H5Sclose(space), H5Tclose(t);
    return ok;
}

static int attribute_int(hid_t on, const char *name, hid_t type, int v)
{
    hid_t space = H5Screate(H5S_SCALAR);
    uint8_t byte = (uint8_t)v;
    int32_t word = v;
    int ok = attribute(on, name, type, space, H5Tget_size(type) == 1 ? (const void *)&byte : (const void *)&word);
    H5Sclose(space);
    return ok;
}

/* What viewers look for (HDF5 Image and Palette Specification 1.2), and the names of the two axes. */
static int image_attributes(hid_t on)
{
    hsize_t two = 2;
    const char *axes[2] = { "y", "x" };
    hid_t t = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &two, NULL);
    H5Tset_size(t, H5T_VARIABLE);
    int ok = attribute(on, "DIMENSION_LABELS", t, space, axes);
    H5Sclose(space), H5Tclose(t);
    return ok && attribute_text(on, "CLASS", "IMAGE") && attribute_text(on, "IMAGE_VERSION", "1.2") &&
           attribute_text(on, "IMAGE_SUBCLASS", "IMAGE_GRAYSCALE") && attribute_text(on, "DISPLAY_ORIGIN", "UL") &&
           attribute_int(on, "IMAGE_WHITE_IS_ZERO", H5T_NATIVE_UINT8, 0);
}

/* One plane of pixels: one chunk, shuffle + gzip 4 + fletcher32. */
static int put_plane(hid_t group, const char *name, hid_t type, int64_t h, int64_t w, const void *data)
{
    hsize_t dims[2] = { (hsize_t)h, (hsize_t)w };
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(p, 2, dims), H5Pset_shuffle(p), H5Pset_deflate(p, 4), H5Pset_fletcher32(p);
    int ok = put(group, name, type, 2, dims, p, data);
    H5Pclose(p);
    hid_t d = ok ? H5Dopen2(group, name, H5P_DEFAULT) : -1;
    ok = d >= 0 && image_attributes(d);
    if (d >= 0) H5Dclose(d);
    return ok;
}

/* ---- a case ------------------------------------------------------------------------------------------------------------------------ */

/* n strings of STORE_NAME bytes that stand `stride` bytes apart. */
static int put_names(hid_t group, const char *name, int n, const char *first, size_t stride)
{
    const char **v = calloc((size_t)n + 1, sizeof *v);
    if (!v) return 0;
    for (int i = 0; i < n; i++) v[i] = first + (size_t)i * stride;
    int ok = h5_put_strings(group, name, (hsize_t)n, v);
    free(v);
    return ok;
}

static int put_instances(hid_t g, const labels *l)
{
    hsize_t n = (hsize_t)l->ninstances, n1 = n + 1, total = 0;
    for (hsize_t i = 0; i < n; i++) total += (hsize_t)l->instances[i].nruns;
    uint16_t *value = calloc(n, sizeof *value);
    uint64_t *start = calloc(n1, sizeof *start);
    uint32_t *runs = calloc(total + 1, sizeof *runs);
    int ok = value && start && runs;
    for (hsize_t i = 0; ok && i < n; i++) {
        const instance *o = &l->instances[i];
        value[i] = (uint16_t)o->value, start[i + 1] = start[i] + (uint64_t)o->nruns;
        memcpy(runs + start[i], o->runs, (size_t)o->nruns * sizeof *runs);
    }
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(p, 1, &total), H5Pset_shuffle(p), H5Pset_deflate(p, 4), H5Pset_fletcher32(p);
    ok = ok && h5_put(g, "value", H5T_NATIVE_UINT16, 1, &n, value) && put_names(g, "level", l->ninstances, l->instances->level,
        sizeof *l->instances) &&
         h5_put(g, "start", H5T_NATIVE_UINT64, 1, &n1, start) && put(g, "runs", H5T_NATIVE_UINT32, 1, &total, p, runs);
    H5Pclose(p), free(value), free(start), free(runs);
    return ok;
}

static int put_corners(hid_t g, const labels *l)
{
    hsize_t dims[3] = { (hsize_t)l->ncorners, 4, 2 };
    double *v = calloc((size_t)l->ncorners, 8 * sizeof *v);
    for (int i = 0; v && i < l->ncorners; i++) memcpy(v + 8 * i, l->corners[i].p, sizeof l->corners[i].p);
    int ok = v && put_names(g, "level", l->ncorners, l->corners->level, sizeof *l->corners) && h5_put(g, "points", H5T_NATIVE_DOUBLE, 3, dims, v);
    free(v);
    return ok;
}

static int put_landmarks(hid_t g, const labels *l)
{
    hsize_t dims[2] = { (hsize_t)l->nlandmarks, 3 };
    double *v = calloc((size_t)l->nlandmarks, 3 * sizeof *v);
    for (int i = 0; v && i < l->nlandmarks; i++) memcpy(v + 3 * i, &l->landmarks[i].x, 3 * sizeof *v);
    int ok = v && put_names(g, "name", l->nlandmarks, l->landmarks->name, sizeof *l->landmarks) && h5_put(g, "points", H5T_NATIVE_DOUBLE, 2, dims, v);
    free(v);
    return ok;
}

static int put_values(hid_t g, const labels *l)
{
    hsize_t n = (hsize_t)l->nvalues;
    double *v = calloc((size_t)l->nvalues, sizeof *v);
    for (int i = 0; v && i < l->nvalues; i++) v[i] = l->values[i].value;
    int ok = v && put_names(g, "name", l->nvalues, l->values->name, sizeof *l->values) &&
             put_names(g, "unit", l->nvalues, l->values->unit, sizeof *l->values) && h5_put(g, "value", H5T_NATIVE_DOUBLE, 1, &n, v);
    free(v);
    return ok;
}

static int put_labels(hid_t group, const labels *l)
{
    const struct { const char *name; int n; int (*put)(hid_t, const labels *); } part[] = {
        { "corners", l->ncorners, put_corners }, { "landmarks", l->nlandmarks, put_landmarks },
        { "values", l->nvalues, put_values }, { "instances", l->ninstances, put_instances } };
    int ok = 1;
    for (int i = 0; ok && i < 4; i++) {
        if (!part[i].n) continue;
        hid_t g = H5Gcreate2(group, part[i].name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        ok = g >= 0 && part[i].put(g, l);
        if (g >= 0) H5Gclose(g);
    }
    return ok;
}

static void check_case(const store *s, const store_case *c, const labels *l)
{
    const char *bad = store_case_fault(c);
    if (bad) die("%s: case '%s': %s", s->path, c->id ? c->id : "", bad);
    if (c->h < 1 || c->w < 1 || c->h > IMAGE_MAX_SIDE || c->w > IMAGE_MAX_SIDE || c->h * c->w > IMAGE_MAX_PIXELS || (c->bits != 8 && c->bits != 16))
        die("%s: case %s: got %lld x %lld pixels of %d bits", s->path, c->id, (long long)c->w, (long long)c->h, c->bits);
    for (int i = 0; l && i < l->ninstances; i++) {
        int64_t sum = 0;
        for (int64_t k = 0; k < l->instances[i].nruns; k++) sum += l->instances[i].runs[k];
        if (sum != c->h * c->w || l->instances[i].value < 1 || l->instances[i].value > CLASS_MAX)
            die("%s: case %s: instance %d is not of this image", s->path, c->id, i);
    }
}

/* The row with the store's own copies of all strings. */
static store_case own_row(store *s, const store_case *c)
{
    store_case r = *c;
    for (int i = 0; i < store_ncolumns; i++) {
        if (store_columns[i].kind != COL_TEXT) continue;
        const char **at = (const char **)((char *)&r + store_columns[i].at);
        *at = store_keep(s, xdup(*at ? *at : ""));
    }
    return r;
}

void store_add(store *s, const store_case *c, const void *pixels, const uint8_t *mask, const uint32_t *planes, const labels *l)
{
    static const labels none = { 0 };
    char sha_image[65], sha_labels[65];
    if (!l) l = &none;
    check_case(s, c, l);
    hash_image(pixels, (size_t)(c->h * c->w) * (size_t)c->bits / 8, sha_image);
    hash_labels(mask, planes, c->h * c->w, l, sha_labels);
    if (s->n == s->room) s->row = xgrow(s->row, (size_t)(s->room = s->room ? 2 * s->room : 64) * sizeof *s->row);
    store_case r = *c;
    r.sha256_image = sha_image, r.sha256_labels = sha_labels;
    char *path = xprintf("/cases/%s", c->id);
    h5_enter();
    int twice = H5Lexists(s->file, path, H5P_DEFAULT) > 0;
    hid_t g = twice ? -1 : H5Gcreate2(s->file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = g >= 0 && put_plane(g, "image", c->bits == 16 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT8, c->h, c->w, pixels);
    ok = ok && (!mask || put_plane(g, "mask", H5T_NATIVE_UINT8, c->h, c->w, mask));
    ok = ok && (!planes || put_plane(g, "planes", H5T_NATIVE_UINT32, c->h, c->w, planes)) && put_labels(g, l);
    if (g >= 0) H5Gclose(g);
    h5_leave();
    free(path);
    if (twice) die("%s: two cases are called '%s'", s->path, c->id);
    if (!ok) die_machine("%s: cannot be written (disk full?)", s->path);
    s->row[s->n++] = own_row(s, &r);
}

/* ---- the file ---------------------------------------------------------------------------------------------------------------------- */

store *store_create(const char *path, const classes *table)
{
    const char *temp = file_temp(path);
    FILE *f = fopen(temp, "wbe");                              /* HDF5 does not say why it cannot: this does */
    if (!f) {
        int e = errno;
        file_discard(path);
        if (e == ENOSPC || e == EDQUOT || e == EIO) die_machine("%s: cannot be written: %s", path, strerror(e));
        die("%s: cannot be written: %s", path, strerror(e));
    }
    fclose(f);
    store *s = xalloc(sizeof *s);
    s->path = xdup(path), s->writing = 1;
    if (table) s->table = classes_copy(table);
    h5_enter();
    s->file = H5Fcreate(temp, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t g = s->file >= 0 ? H5Gcreate2(s->file, "cases", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) : -1;
    int ok = g >= 0 && attribute_text(s->file, "format", "darkspine-store") && attribute_int(s->file, "version", H5T_NATIVE_INT32, STORE_VERSION);
    if (g >= 0) H5Gclose(g);
    h5_leave();
    if (!ok) { store_close(s); die_machine("%s: cannot be written (disk full?)", path); }
    return s;
}

void store_set_classes(store *s, const classes *table)
{
    classes_free(&s->table);
    s->table = classes_copy(table);
}

static int put_classes(hid_t file, const classes *t)
{
    if (!t->n) return 1;
    uint16_t value[CLASS_MAX];
    hsize_t n = (hsize_t)t->n;
    for (int i = 0; i < t->n; i++) value[i] = (uint16_t)t->c[i].value;
    hid_t g = H5Gcreate2(file, "classes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = g >= 0 && h5_put(g, "value", H5T_NATIVE_UINT16, 1, &n, value) && put_names(g, "name", t->n, t->c->name, sizeof *t->c) &&
             put_names(g, "kind", t->n, t->c->kind, sizeof *t->c);
    if (g >= 0) H5Gclose(g);
    return ok;
}

int h5_put_column(hid_t index, const column *c, const store_case *row, int64_t n)
{
    hsize_t dims[2] = { (hsize_t)n, 2 };
    int text = c->kind <= COL_SPLIT, ok;
    char *v = calloc((size_t)n + 1, 2 * sizeof(double));       /* wide enough for every kind */
    for (int64_t i = 0; v && i < n; i++) {
        const char *at = (const char *)&row[i] + c->at;
        switch (c->kind) {
        case COL_TEXT:  ((const char **)v)[i] = *(const char *const *)at; break;
        case COL_SPLIT: ((const char **)v)[i] = split_names[*(const split *)at]; break;
        case COL_INT:   ((uint8_t *)v)[i] = (uint8_t)*(const int *)at; break;
        case COL_SIZE:  ((uint32_t *)v)[i] = (uint32_t)*(const int64_t *)at; break;
        case COL_PAIR:  memcpy(v + 16 * i, at, 16); break;
        }
    }
    hid_t type = c->kind == COL_INT ? H5T_NATIVE_UINT8 : c->kind == COL_SIZE ? H5T_NATIVE_UINT32 : H5T_NATIVE_DOUBLE;
    if (!v) ok = 0;
    else if (text) ok = h5_put_strings(index, c->name, (hsize_t)n, (const char *const *)v);
    else ok = h5_put(index, c->name, type, c->kind == COL_PAIR ? 2 : 1, dims, v);
    free(v);
    return ok;
}

void store_commit(store *s)
{
    char *path = xdup(s->path);
    store_sort(s);
    h5_enter();
    hid_t g = H5Gcreate2(s->file, "index", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = g >= 0 && put_classes(s->file, &s->table);
    for (int i = 0; ok && i < store_ncolumns; i++) ok = h5_put_column(g, &store_columns[i], s->row, s->n);
    if (g >= 0) ok &= H5Gclose(g) >= 0;
    ok = ok && H5Fflush(s->file, H5F_SCOPE_GLOBAL) >= 0;
    ok &= H5Fclose(s->file) >= 0;
    h5_leave();
    s->file = -1;
    if (!ok) { store_close(s); die_machine("%s: cannot be written (disk full?)", path); }
    s->writing = 0;
    store_close(s);
    file_publish(path);
    free(path);
}

/* A copy of the file under the temporary name, bit for bit. */
static void copy_file(const char *path, const char *temp)
{
    enum { BLOCK = 1 << 20 };
    FILE *in = fopen(path, "rbe"), *out = in ? fopen(temp, "wbe") : NULL;
    int bad = !out, e = errno;
    char *block = xalloc(BLOCK);
    for (size_t n; !bad && (n = fread(block, 1, BLOCK, in)) > 0;) bad = fwrite(block, 1, n, out) != n, e = errno;
    if (!bad && ferror(in)) bad = 1, e = EIO;
    if (in) fclose(in);
    if (out && fclose(out) && !bad) bad = 1, e = errno;
    free(block);
    if (bad) { file_discard(path); die_machine("%s: cannot be copied: %s", path, strerror(e)); }
}

/* The columns of these marks written anew, in a copy that replaces the file. NULL leaves a column. */
static void mark(const char *path, const split *splits, const uint8_t *excluded, const int *folds, int64_t n)
{
    store *s = store_open(path);
    int64_t have = s->n;
    if (n != have) { store_close(s); die("%s: got marks for %lld cases, it holds %lld", path, (long long)n, (long long)have); }
    for (int64_t i = 0; i < n; i++) {
        if (splits) s->row[i].split = splits[i];
        if (excluded) s->row[i].excluded = excluded[i] != 0;
        if (folds) s->row[i].fold = folds[i];
    }
    const char *temp = file_temp(path);
    copy_file(path, temp);
    h5_enter();
    hid_t file = H5Fopen(temp, H5F_ACC_RDWR, H5P_DEFAULT), g = file >= 0 ? H5Gopen2(file, "index", H5P_DEFAULT) : -1;
    int ok = g >= 0;
    for (int i = 0; ok && i < store_ncolumns; i++) {
        const column *c = &store_columns[i];
        if (!(splits && !strcmp(c->name, "split")) && !(excluded && !strcmp(c->name, "excluded")) && !(folds && !strcmp(c->name, "fold"))) continue;
        if (H5Lexists(g, c->name, H5P_DEFAULT) > 0) ok = H5Ldelete(g, c->name, H5P_DEFAULT) >= 0;
        ok = ok && h5_put_column(g, c, s->row, n);
    }
    if (g >= 0) H5Gclose(g);
    if (file >= 0) ok = (H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0) & ok, ok &= H5Fclose(file) >= 0;
    h5_leave();
    store_close(s);
    if (!ok) { file_discard(path); die_machine("%s: cannot be written (disk full?)", path); }
    file_publish(path);
}

void store_mark(const char *path, const split *splits, const uint8_t *excluded, int64_t n) { mark(path, splits, excluded, NULL, n); }
void store_fold(const char *path, const int *folds, int64_t n) { mark(path, NULL, NULL, folds, n); }
