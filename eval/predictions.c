/* predictions.c - predictions.h5, written and read; see predictions.h. Sizes are checked before a byte is taken for them; links that
 * lead out of the file are refused, since following one would read whatever file a stranger names. */
#include "eval/predictions.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/image.h"
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, MOST = 1 << 20, NAME = 256, GZIP = 4 };
static const char FORMAT[] = "darkspine-predictions";

typedef struct { char *stem; int64_t h, w; } entry;
struct predictions {
    char *path;
    hid_t file;
    int writing, nclasses;
    entry *e; int64_t n;
};

static void quiet(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static void must(int ok, const predictions *p)
{
    if (!ok) die_machine("%s: cannot be written (disk full?)", p->path);
}

static hid_t text_type(size_t n)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, n ? n : 1), H5Tset_cset(t, H5T_CSET_UTF8), H5Tset_strpad(t, H5T_STR_NULLPAD);
    return t;
}

/* count < 0: one value, not a list. */
static void put_attribute(const predictions *p, hid_t at, const char *name, hid_t type, int count, const void *data)
{
    hsize_t n = (hsize_t)count;
    hid_t space = count < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    must(a >= 0 && H5Awrite(a, type, data) >= 0, p);
    H5Aclose(a), H5Sclose(space);
}

static void put_text(const predictions *p, hid_t at, const char *name, const char *text)
{
    hid_t type = text_type(strlen(text));
    put_attribute(p, at, name, type, -1, text);
    H5Tclose(type);
}

predictions *predictions_create(const char *path, const char *weights, int nclasses, const int *values, const char *const *names)
{
    quiet();
    predictions *p = xalloc(sizeof *p);
    *p = (predictions){ .path = xdup(path), .writing = 1, .nclasses = nclasses };
    p->file = H5Fcreate(file_temp(path), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (p->file < 0) die("%s: cannot be written", path);
    int version = VERSION;
    put_text(p, p->file, "format", FORMAT);
    put_attribute(p, p->file, "version", H5T_NATIVE_INT, -1, &version);
    put_text(p, p->file, "weights", weights);
    put_attribute(p, p->file, "class_values", H5T_NATIVE_INT, nclasses, values);
    size_t room = 1;
    for (int i = 0; i < nclasses; i++) if (strlen(names[i]) > room) room = strlen(names[i]);
    char *text = xalloc_n((size_t)nclasses, room);
    for (int i = 0; i < nclasses; i++) memcpy(text + (size_t)i * room, names[i], strlen(names[i]));
    hid_t type = text_type(room);
    put_attribute(p, p->file, "class_names", type, nclasses, text);
    H5Tclose(type), free(text);
    return p;
}

/* One film is one chunk, as far as a chunk may go (4 GiB): larger arrays are cut into rows. */
static void put_array(const predictions *p, hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data)
{
    hsize_t chunk[3];
    memcpy(chunk, dims, (size_t)rank * sizeof *dims);
    hsize_t row = H5Tget_size(type) * dims[1] * (rank == 3 ? dims[2] : 1), rows = ((hsize_t)1 << 30) / row;
    if (chunk[0] > rows) chunk[0] = rows ? rows : 1;
    hid_t space = H5Screate_simple(rank, dims, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, rank, chunk), H5Pset_shuffle(how), H5Pset_deflate(how, GZIP), H5Pset_fletcher32(how);
    hid_t d = H5Dcreate2(group, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    must(d >= 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, p);
    if (rank == 2) put_text(p, d, "CLASS", "IMAGE"), put_text(p, d, "IMAGE_VERSION", "1.2"), put_text(p, d, "IMAGE_SUBCLASS", "IMAGE_INDEXED");
    H5Dclose(d), H5Pclose(how), H5Sclose(space);
}

void predictions_add(predictions *p, const char *stem, const char *source, int64_t h, int64_t w, const uint8_t *labels, const float *probabilities)
{
    hsize_t dims[3] = { (hsize_t)h, (hsize_t)w, (hsize_t)p->nclasses };
    quiet();                                                 /* HDF5 keeps this setting thread by thread */
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_char_encoding(links, H5T_CSET_UTF8);
    hid_t group = H5Gcreate2(p->file, stem, links, H5P_DEFAULT, H5P_DEFAULT);
    must(group >= 0, p);
    put_text(p, group, "source", source);
    put_array(p, group, "labels", H5T_NATIVE_UINT8, 2, dims, labels);
    if (probabilities) put_array(p, group, "probabilities", H5T_NATIVE_FLOAT, 3, dims, probabilities);
    H5Gclose(group), H5Pclose(links);
}

static void release(predictions *p)
{
    for (int64_t i = 0; i < p->n; i++) free(p->e[i].stem);
    free(p->e), free(p->path), free(p);
}

void predictions_commit(predictions *p)
{
    int ok = H5Fflush(p->file, H5F_SCOPE_GLOBAL) >= 0;
    ok &= H5Fclose(p->file) >= 0;
    must(ok, p);
    file_publish(p->path);
    release(p);
}

void predictions_close(predictions *p)
{
    if (!p) return;
    H5Fclose(p->file);
    if (p->writing) file_discard(p->path);
    release(p);
}

/* A fixed-length text attribute of at most NAME - 1 bytes; 0 where there is none. */
static int get_text(hid_t at, const char *name, char out[NAME])
{
    hid_t a = H5Aexists(at, name) > 0 ? H5Aopen(at, name, H5P_DEFAULT) : -1, type = a < 0 ? -1 : H5Aget_type(a), space = a < 0 ? -1 : H5Aget_space(a);
    int ok = type >= 0 && H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type) && H5Tget_size(type) < NAME
             && H5Sget_simple_extent_npoints(space) == 1;
    memset(out, 0, NAME);
    if (ok) ok = H5Aread(a, type, out) >= 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (a >= 0) H5Aclose(a);
    return ok;
}

int predictions_is(const char *path)
{
    char text[NAME] = "";
    quiet();
    if (H5Fis_hdf5(path) <= 0) return 0;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) return 0;
    get_text(file, "format", text);
    H5Fclose(file);
    return !strcmp(text, FORMAT);
}

static herr_t collect(hid_t root, const char *name, const H5L_info_t *info, void *arg)
{
    predictions *p = arg;
    (void)root;
    if (info->type != H5L_TYPE_HARD || p->n >= MOST || strlen(name) >= NAME) return -1;
    if ((p->n & (p->n + 1)) == 0) p->e = xgrow(p->e, (size_t)(2 * (p->n + 1)) * sizeof *p->e);
    p->e[p->n++].stem = xdup(name);
    return 0;
}

/* The labels of entry i, opened and found to be what they should be; -1 otherwise. */
static hid_t open_labels(const predictions *p, int64_t i, hsize_t dims[2])
{
    char *name = xprintf("%s/labels", p->e[i].stem);
    H5L_info_t link;
    H5O_info_t object;
    int ok = H5Oget_info_by_name(p->file, p->e[i].stem, &object, H5P_DEFAULT) >= 0 && object.type == H5O_TYPE_GROUP
             && H5Lexists(p->file, name, H5P_DEFAULT) > 0 && H5Lget_info(p->file, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD
             && H5Oget_info_by_name(p->file, name, &object, H5P_DEFAULT) >= 0 && object.type == H5O_TYPE_DATASET;
    hid_t d = ok ? H5Dopen2(p->file, name, H5P_DEFAULT) : -1;
    free(name);
    if (d < 0) return -1;
    hid_t type = H5Dget_type(d), space = H5Dget_space(d), how = H5Dget_create_plist(d);
    ok = H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE && H5Sget_simple_extent_ndims(space) == 2
         && H5Sget_simple_extent_dims(space, dims, NULL) == 2 && H5Pget_external_count(how) == 0 && H5Pget_layout(how) != H5D_VIRTUAL;
    ok = ok && dims[0] && dims[1] && dims[0] <= IMAGE_MAX_SIDE && dims[1] <= IMAGE_MAX_SIDE && dims[0] * dims[1] <= IMAGE_MAX_PIXELS;
    H5Tclose(type), H5Sclose(space), H5Pclose(how);
    if (!ok) H5Dclose(d);
    return ok ? d : -1;
}

predictions *predictions_open(const char *path)
{
    if (!predictions_is(path)) die("%s: got another kind of file, wanted predictions (an HDF5 file with attribute format = %s)", path, FORMAT);
    predictions *p = xalloc(sizeof *p);
    *p = (predictions){ .path = xdup(path), .file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT) };
    if (p->file < 0 || H5Literate(p->file, H5_INDEX_NAME, H5_ITER_INC, NULL, collect, p) < 0) {
        predictions_close(p);
        die("%s: damaged: its films cannot be listed", path);
    }
    for (int64_t i = 0; i < p->n; i++) {
        hsize_t dims[2];
        hid_t d = open_labels(p, i, dims);
        if (d < 0) die("%s: damaged: /%s/labels is not a label map (uint8, two sizes)", path, p->e[i].stem);
        p->e[i].h = (int64_t)dims[0], p->e[i].w = (int64_t)dims[1];
        H5Dclose(d);
    }
    return p;
}

int64_t predictions_count(const predictions *p) { return p->n; }
const char *predictions_stem(const predictions *p, int64_t i) { return p->e[i].stem; }
void predictions_size(const predictions *p, int64_t i, int64_t *h, int64_t *w) { *h = p->e[i].h, *w = p->e[i].w; }

void predictions_read(const predictions *p, int64_t i, uint8_t *labels)
{
    hsize_t dims[2];
    hid_t d = open_labels(p, i, dims);
    int ok = d >= 0 && H5Dread(d, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0;
    if (d >= 0) H5Dclose(d);
    if (!ok) die("%s: damaged: /%s/labels cannot be read", p->path, p->e[i].stem);
}

/* A list attribute read whole as `type`; the number of its elements, 0 where it is missing or not of that class. */
static int get_list(hid_t at, const char *name, H5T_class_t class, int most, size_t each, void *out, hid_t type)
{
    hid_t a = H5Aexists(at, name) > 0 ? H5Aopen(at, name, H5P_DEFAULT) : -1;
    if (a < 0) return 0;
    hid_t stored = H5Aget_type(a), space = H5Aget_space(a);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    int ok = H5Tget_class(stored) == class && n > 0 && n <= most && H5Tget_size(stored) <= each && (class != H5T_STRING || !H5Tis_variable_str(stored));
    ok = ok && H5Aread(a, type, out) >= 0;
    H5Tclose(stored), H5Sclose(space), H5Aclose(a);
    return ok ? (int)n : 0;
}

classes predictions_classes(const predictions *p)
{
    int value[CLASS_MAX + 1];
    char (*name)[CLASS_NAME] = xalloc_n(CLASS_MAX + 1, sizeof *name);
    hid_t type = text_type(CLASS_NAME);
    H5Tset_strpad(type, H5T_STR_NULLTERM);
    int n = get_list(p->file, "class_values", H5T_INTEGER, CLASS_MAX + 1, sizeof(int), value, H5T_NATIVE_INT);
    int names = get_list(p->file, "class_names", H5T_STRING, CLASS_MAX + 1, CLASS_NAME, name, type);
    H5Tclose(type);
    classes t = { 0 };
    for (int i = 0; i < n && n == names; i++) if (value[i] >= 1 && value[i] <= CLASS_MAX && *name[i]) classes_add(&t, value[i], name[i], "");
    free(name);
    return t;
}
