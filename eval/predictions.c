/* predictions.c - predictions.h5, written and read; see predictions.h. Sizes are checked before a byte is taken for them; links that
 * lead out of the file are refused, since following one would read whatever file a stranger names; and chunks are decoded as those of a
 * store are (datasets/store_h5.h), since HDF5 does not compare what a chunk unpacks to with what the file claims. */
#include "eval/predictions.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/image.h"
#include "datasets/store_h5.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, MOST = 1 << 20, NAME = 256, GZIP = 4 };
static const char FORMAT[] = "darkspine-predictions", ABOUT[] = ".about";

typedef struct { char *stem; int64_t h, w; } entry;
struct predictions {
    char *path;
    hid_t file;
    int writing, nclasses;
    entry *e; int64_t n;
};

/* ---- writing: inside the lock, 0 on failure ---------------------------------------------------------------------------------------- */

static int put_text(hid_t at, const char *name, const char *text)
{
    hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, *text ? strlen(text) : 1), H5Tset_cset(type, H5T_CSET_UTF8), H5Tset_strpad(type, H5T_STR_NULLPAD);
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int ok = a >= 0 && H5Awrite(a, type, text) >= 0;
    if (a >= 0) ok &= H5Aclose(a) >= 0;
    H5Tclose(type), H5Sclose(space);
    return ok;
}

static int put_head(hid_t file, const char *weights, const char *labels, int n, const int *values, const char *const *names)
{
    const int version = VERSION;
    const char *const format = FORMAT;
    const hsize_t count = (hsize_t)n, one = 1;
    hid_t g = H5Gcreate2(file, ABOUT, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int ok = g >= 0 && h5_put_strings(g, "format", 1, &format) && h5_put(g, "version", H5T_NATIVE_INT, 1, &one, &version) &&
         h5_put(g, "value", H5T_NATIVE_INT, 1, &count, values) && h5_put_strings(g, "name", count, names) &&
         h5_put_strings(g, "weights", 1, &weights) && h5_put_strings(g, "labels", 1, &labels);
    if (g >= 0) H5Gclose(g);
    return ok;
}

predictions *predictions_create(const char *path, const char *weights, const char *labels, int nclasses, const int *values,
                                const char *const *names)
{
    predictions *p = xalloc(sizeof *p);
    *p = (predictions){ .path = xdup(path), .writing = 1, .nclasses = nclasses };
    const char *temp = file_temp(path);
    h5_enter();
    p->file = H5Fcreate(temp, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    int ok = p->file >= 0 && put_head(p->file, weights, labels, nclasses, values, names);
    h5_leave();
    if (p->file < 0) die("%s: cannot be written", path);
    if (!ok) die_machine("%s: cannot be written (disk full?)", path);
    return p;
}

void predictions_settings_add(predictions *p, const char *settings)
{
    h5_enter();
    hid_t g = H5Gopen2(p->file, ABOUT, H5P_DEFAULT);
    int ok = g >= 0 && h5_put_strings(g, "settings", 1, &settings);
    if (g >= 0) H5Gclose(g);
    h5_leave();
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
}

/* One film is one chunk, as far as a chunk may go (4 GiB): larger arrays are cut into rows. picture: HDF5's word for what kind of image
 * it is, or NULL. */
static int put_array(hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data, const char *picture)
{
    hsize_t chunk[3];
    memcpy(chunk, dims, (size_t)rank * sizeof *dims);
    hsize_t row = H5Tget_size(type) * dims[1] * (rank == 3 ? dims[2] : 1), rows = ((hsize_t)1 << 30) / row;
    if (chunk[0] > rows) chunk[0] = rows ? rows : 1;
    hid_t space = H5Screate_simple(rank, dims, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, rank, chunk), H5Pset_shuffle(how), H5Pset_deflate(how, GZIP), H5Pset_fletcher32(how);
    hid_t d = H5Dcreate2(group, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    int ok = d >= 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    if (picture) ok = ok && put_text(d, "CLASS", "IMAGE") && put_text(d, "IMAGE_VERSION", "1.2") && put_text(d, "IMAGE_SUBCLASS", picture);
    if (d >= 0) ok &= H5Dclose(d) >= 0;
    H5Pclose(how), H5Sclose(space);
    return ok;
}

void predictions_add(predictions *p, const char *stem, const char *source, int64_t h, int64_t w, const uint8_t *labels, const float *probabilities)
{
    hsize_t dims[3] = { (hsize_t)h, (hsize_t)w, (hsize_t)p->nclasses };
    h5_enter();
    hid_t group = H5Gcreate2(p->file, stem, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);      /* not marked as UTF-8: see list */
    int ok = group >= 0 && put_text(group, "source", source) &&
        put_array(group, "labels", H5T_NATIVE_UINT8, 2, dims, labels, "IMAGE_INDEXED");
    if (probabilities) ok = ok && put_array(group, "probabilities", H5T_NATIVE_FLOAT, 3, dims, probabilities, NULL);
    if (group >= 0) H5Gclose(group);
    h5_leave();
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
}

void predictions_add_film(predictions *p, const char *stem, const image *film, const double spacing[2], const char *spacing_source)
{
    const hsize_t dims[2] = { (hsize_t)film->h, (hsize_t)film->w }, two = 2;
    h5_enter();
    hid_t group = H5Gopen2(p->file, stem, H5P_DEFAULT);
    int ok = group >= 0 &&
        put_array(group, "film", film->bits == 16 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT8, 2, dims, film->p, "IMAGE_GRAYSCALE");
    if (spacing[0] > 0) ok = ok && h5_put(group, "spacing", H5T_NATIVE_DOUBLE, 1, &two, spacing) &&
        h5_put_strings(group, "spacing_source", 1, &spacing_source);
    if (group >= 0) H5Gclose(group);
    h5_leave();
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
}

void predictions_add_instances(predictions *p, const char *stem, int64_t h, int64_t w, const instances *o)
{
    const hsize_t dims[2] = { (hsize_t)h, (hsize_t)w }, n[2] = { (hsize_t)o->n, 4 };
    h5_enter();
    hid_t group = H5Gopen2(p->file, stem, H5P_DEFAULT);
    int ok = group >= 0 && put_array(group, "instances", H5T_NATIVE_UINT8, 2, dims, o->number, "IMAGE_INDEXED");
    if (o->n) ok = ok && h5_put(group, "boxes", H5T_NATIVE_FLOAT, 2, n, o->box) && h5_put(group, "scores", H5T_NATIVE_FLOAT, 1, n, o->score) &&
                   h5_put(group, "classes", H5T_NATIVE_INT, 1, n, o->class);
    if (group >= 0) H5Gclose(group);
    h5_leave();
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
}

static void release(predictions *p)
{
    for (int64_t i = 0; i < p->n; i++) free(p->e[i].stem);
    free(p->e), free(p->path), free(p);
}

void predictions_commit(predictions *p)
{
    h5_enter();
    int ok = H5Fflush(p->file, H5F_SCOPE_GLOBAL) >= 0;
    ok &= H5Fclose(p->file) >= 0;
    h5_leave();
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
    file_publish(p->path);
    release(p);
}

void predictions_close(predictions *p)
{
    if (!p) return;
    h5_enter();
    if (p->file >= 0) H5Fclose(p->file);
    h5_leave();
    if (p->writing) file_discard(p->path);
    release(p);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

/* Inside the lock. */
static hid_t open_file(const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

int predictions_is(const char *path)
{
    char **text = NULL;
    hsize_t n = 0;
    h5_enter();
    hid_t file = H5Fis_hdf5(path) > 0 ? open_file(path) : -1;
    if (file >= 0) h5_strings(file, "/.about/format", 1, &n, &text), H5Fclose(file);
    h5_leave();
    const int is = n == 1 && !strcmp(text[0], FORMAT);
    h5_strings_free(text, n);
    return is;
}

static herr_t collect(hid_t root, const char *name, const H5L_info_t *info, void *arg)
{
    predictions *p = arg;
    (void)root;
    if (!strcmp(name, ABOUT)) return 0;
    if (info->type != H5L_TYPE_HARD || p->n >= MOST || strlen(name) >= NAME) return -1;
    entry *more = realloc(p->e, (size_t)(p->n + 1) * sizeof *more);
    if (!more) return -1;
    p->e = more, p->e[p->n].stem = strdup(name);
    return p->e[p->n].stem ? p->n++, 0 : -1;
}

/* A member of entry i of at most `bytes` a pixel, opened and found to be what it should be; -1 otherwise, with the reason where it is
 * there. Inside the lock. */
static hid_t open_picture(const predictions *p, int64_t i, const char *name, size_t bytes, layout *l, const char **reason)
{
    char path[NAME + 16];
    snprintf(path, sizeof path, "%s/%s", p->e[i].stem, name);
    hid_t d = h5_open(p->file, path, reason);
    if (d < 0) return -1;
    hid_t type = H5Dget_type(d);
    if (H5Tget_class(type) != H5T_INTEGER || !h5_plain_number(type) || H5Tget_size(type) > bytes || H5Tget_sign(type) != H5T_SGN_NONE)
        *reason = bytes == 1 ? "another type, wanted uint8" : "another type, wanted uint8 or uint16";
    else *reason = h5_layout(d, 2, IMAGE_MAX_SIDE, l);
    if (!*reason && (!l->count || l->count > IMAGE_MAX_PIXELS)) *reason = "no pixels, or too many";
    H5Tclose(type);
    if (!*reason) return d;
    H5Dclose(d);
    return -1;
}

static hid_t open_labels(const predictions *p, int64_t i, layout *l, const char **reason)
{
    hid_t d = open_picture(p, i, "labels", 1, l, reason);
    if (d < 0 && !*reason) *reason = "it is missing";
    return d;
}

/* Fills the list; the reason why that is impossible, or NULL. *bad: the entry that is wrong, -1 where it is the file. Inside the lock.
 * Only a root group in HDF5's earliest form is listed, which is what HDF5 writes unless told otherwise: of the later, compact form HDF5
 * 1.10 believes the number of links that the file claims, and frees what it never read. */
static const char *list(predictions *p, int64_t *bad)
{
    const char *reason = NULL;
    H5G_info_t root;
    *bad = -1;
    if (p->file < 0 || H5Gget_info(p->file, &root) < 0) return "its films cannot be listed";
    if (root.storage_type != H5G_STORAGE_TYPE_SYMBOL_TABLE) return "its root group is not in HDF5's earliest form, which predictions are written in";
    if (H5Literate(p->file, H5_INDEX_NAME, H5_ITER_INC, NULL, collect, p) < 0) return "its films cannot be listed";
    for (int64_t i = 0; i < p->n; i++) {
        layout l;
        hid_t d = open_labels(p, i, &l, &reason);
        if (d < 0) { *bad = i; return reason; }
        p->e[i].h = (int64_t)l.dims[0], p->e[i].w = (int64_t)l.dims[1];
        H5Dclose(d);
    }
    return NULL;
}

predictions *predictions_open(const char *path)
{
    if (!predictions_is(path)) die("%s: got another kind of file, wanted predictions (an HDF5 file whose /.about/format is %s)", path, FORMAT);
    predictions *p = xalloc(sizeof *p);
    char stem[NAME] = "";
    int64_t bad;
    p->path = xdup(path);
    h5_enter();
    p->file = open_file(path);
    const char *reason = list(p, &bad);
    h5_leave();
    if (!reason) return p;
    if (bad >= 0) snprintf(stem, sizeof stem, "%s", p->e[bad].stem);
    predictions_close(p);
    if (bad >= 0) die("%s: damaged: /%s/labels is not a label map: %s", path, stem, reason);
    die("%s: damaged: %s", path, reason);
}

int64_t predictions_count(const predictions *p) { return p->n; }
const char *predictions_stem(const predictions *p, int64_t i) { return p->e[i].stem; }
void predictions_size(const predictions *p, int64_t i, int64_t *h, int64_t *w) { *h = p->e[i].h, *w = p->e[i].w; }

static const char *read_labels(const predictions *p, int64_t i, uint8_t *labels)
{
    layout l;
    const char *reason;
    void *whole;
    hid_t d = open_labels(p, i, &l, &reason);
    if (d < 0) return reason;
    if (l.dims[0] != (hsize_t)p->e[i].h || l.dims[1] != (hsize_t)p->e[i].w) reason = "its size has changed";
    else if (!(reason = h5_read(d, &l, H5T_NATIVE_UINT8, &whole))) memcpy(labels, whole, l.count), free(whole);
    H5Dclose(d);
    return reason;
}

void predictions_read(const predictions *p, int64_t i, uint8_t *labels)
{
    h5_enter();
    const char *reason = read_labels(p, i, labels);
    h5_leave();
    if (reason) die("%s: damaged: /%s/labels cannot be read: %s", p->path, p->e[i].stem, reason);
}

/* One text of what the films have in common; fresh, NULL where the file does not say. */
static char *about(const predictions *p, const char *name)
{
    char **text = NULL, *path = xprintf("/%s/%s", ABOUT, name);
    hsize_t n = 0;
    h5_enter();
    const char *reason = h5_strings(p->file, path, 1, &n, &text);
    h5_leave();
    char *said = !reason && n == 1 ? xdup(text[0]) : NULL;
    h5_strings_free(text, n), free(path);
    return said;
}

char *predictions_weights(const predictions *p)
{
    char *said = about(p, "weights");
    return said ? said : xdup("");
}

char *predictions_settings(const predictions *p) { return about(p, "settings"); }

char *predictions_labels(const predictions *p)
{
    char *said = about(p, "labels");
    if (said && *said) return said;
    free(said);
    return xdup("all");
}

static const char *read_film(const predictions *p, int64_t i, image *out)
{
    layout l;
    const char *reason;
    hid_t d = open_picture(p, i, "film", 2, &l, &reason);
    if (d < 0) return reason;
    void *whole = NULL;
    if (l.dims[0] != (hsize_t)p->e[i].h || l.dims[1] != (hsize_t)p->e[i].w) reason = "its size is not that of the labels";
    else if (!(reason = h5_read(d, &l, l.each == 2 ? H5T_NATIVE_UINT16 : H5T_NATIVE_UINT8, &whole)))
        *out = (image){ p->e[i].h, p->e[i].w, l.each == 2 ? 16 : 8, whole };
    H5Dclose(d);
    return reason;
}

image predictions_film(const predictions *p, int64_t i)
{
    image film = { 0 };
    h5_enter();
    const char *reason = read_film(p, i, &film);
    h5_leave();
    if (reason) die("%s: damaged: /%s/film cannot be read: %s", p->path, p->e[i].stem, reason);
    return film;
}

/* Does the file say of n instances, and of these pixels of theirs, what can be? */
static const char *instances_fault(const instances *o, int64_t pixels)
{
    for (int k = 0; k < o->n; k++) {
        const float *b = o->box[k];
        if (!isfinite(o->score[k])) return "a score that is no number";
        if (!isfinite(b[0]) || !isfinite(b[1]) || !isfinite(b[2]) || !isfinite(b[3]) || b[2] < b[0] || b[3] < b[1])
            return "a box that is none, wanted x1 y1 x2 y2";
        if (o->class[k] < 1 || o->class[k] > CLASS_MAX) return "a class outside 1 to 255";
    }
    for (int64_t q = 0; q < pixels; q++) if (o->number[q] > o->n) return "a pixel of an instance that is not among the boxes";
    return NULL;
}

/* *there: 0 where the film has no map of instances. Inside the lock. */
static const char *read_instances(const predictions *p, int64_t i, instances *o, int *there)
{
    layout l;
    const char *reason;
    void *map = NULL, *column[3] = { NULL, NULL, NULL };
    hsize_t n[3][2] = { { 0 } };
    hid_t d = open_picture(p, i, "instances", 1, &l, &reason);
    *there = d >= 0 || reason;
    if (d < 0) return reason;
    if (l.dims[0] != (hsize_t)p->e[i].h || l.dims[1] != (hsize_t)p->e[i].w) reason = "its size is not that of the labels";
    else reason = h5_read(d, &l, H5T_NATIVE_UINT8, &map);
    H5Dclose(d);
    const struct { const char *name; hid_t type; int rank; size_t each; void *to; } of[] = {
        { "boxes", H5T_NATIVE_FLOAT, 2, sizeof *o->box, o->box }, { "scores", H5T_NATIVE_FLOAT, 1, sizeof *o->score, o->score },
        { "classes", H5T_NATIVE_INT, 1, sizeof *o->class, o->class } };
    for (int k = 0; k < 3 && !reason; k++) {
        char path[NAME + 16];
        snprintf(path, sizeof path, "%s/%s", p->e[i].stem, of[k].name);
        reason = h5_small(p->file, path, of[k].type, of[k].rank, INSTANCES_MOST, n[k], &column[k]);
        if (!reason && (n[k][0] != n[0][0] || (k == 0 && column[k] && n[k][1] != 4)))
            reason = "wanted boxes (n, 4), scores (n) and classes (n)";
        if (!reason && column[k]) memcpy(of[k].to, column[k], (size_t)n[k][0] * of[k].each);
    }
    for (int k = 0; k < 3; k++) free(column[k]);
    o->n = (int)n[0][0], o->number = map;
    return reason ? reason : instances_fault(o, p->e[i].h * p->e[i].w);
}

int predictions_instances(const predictions *p, int64_t i, instances *out)
{
    int there;
    *out = (instances){ 0 };
    h5_enter();
    const char *reason = read_instances(p, i, out, &there);
    h5_leave();
    if (reason) free(out->number), die("%s: damaged: instances of /%s cannot be read: %s", p->path, p->e[i].stem, reason);
    return there;
}

int predictions_spacing(const predictions *p, int64_t i, double spacing[2], char **source)
{
    char path[NAME + 24], **text = NULL;
    double *v = NULL;
    hsize_t two = 0, n = 0;
    snprintf(path, sizeof path, "%s/spacing", p->e[i].stem);
    h5_enter();
    const char *reason = h5_small(p->file, path, H5T_NATIVE_DOUBLE, 1, 2, &two, (void **)&v);
    snprintf(path, sizeof path, "%s/spacing_source", p->e[i].stem);
    if (!reason && v) reason = h5_strings(p->file, path, 1, &n, &text);
    h5_leave();
    if (!reason && v && two != 2) reason = "wanted two numbers";
    const int known = !reason && v;
    if (known) memcpy(spacing, v, 2 * sizeof *v), *source = xdup(n ? text[0] : "");
    h5_strings_free(text, n), free(v);
    if (reason) die("%s: damaged: /%s/spacing cannot be read: %s", p->path, p->e[i].stem, reason);
    return known;
}

classes predictions_classes(const predictions *p)
{
    hsize_t n = 0, names = 0;
    int *value = NULL;
    char **name = NULL;
    classes t = { 0 };
    h5_enter();
    const char *reason = h5_small(p->file, "/.about/value", H5T_NATIVE_INT, 1, CLASS_MAX + 1, &n, (void **)&value);
    if (!reason) reason = h5_strings(p->file, "/.about/name", CLASS_MAX + 1, &names, &name);
    h5_leave();
    for (hsize_t i = 0; !reason && value && i < n && n == names; i++)
        if (value[i] >= 1 && value[i] <= CLASS_MAX && *name[i]) classes_add(&t, value[i], name[i], "");
    h5_strings_free(name, names), free(value);
    if (reason) die("%s: damaged: its classes cannot be read: %s", p->path, reason);
    return t;
}
