/* store.c - opening a store: the file, its version, the class table and the index; see store.h and store_h5.h.
 *
 * Nothing in the file is believed: every size is compared with a limit before memory is taken for it, and datasets that point
 * outside the file (external storage, external links, virtual mappings, filter plug-ins) are refused. */
#include "datasets/store_h5.h"
#include "base/die.h"
#include "base/file.h"
#include "base/utf8.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const split_names[SPLITS] = { "", "train", "val", "test" };

#define COL(name, kind, member, required) { name, kind, offsetof(store_case, member), required }
const column store_columns[] = {
    COL("id", COL_TEXT, id, 1), COL("patient", COL_TEXT, patient, 1), COL("height", COL_SIZE, h, 1), COL("width", COL_SIZE, w, 1),
    COL("bits", COL_INT, bits, 1), COL("split", COL_SPLIT, split, 0), COL("excluded", COL_INT, excluded, 0),
    COL("fold", COL_INT, fold, 0),
    COL("spacing", COL_PAIR, spacing, 0), COL("spacing_source", COL_TEXT, spacing_source, 0), COL("source", COL_TEXT, source, 0),
    COL("labelled_height", COL_SIZE, labelled_h, 0), COL("labelled_width", COL_SIZE, labelled_w, 0),
    COL("sha256_image", COL_TEXT, sha256_image, 0), COL("sha256_labels", COL_TEXT, sha256_labels, 0),
};
const int store_ncolumns = sizeof store_columns / sizeof *store_columns;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;       /* HDF5 is one global machine: so is its lock */

void store_library(void) { H5dont_atexit(); }

void h5_enter(void)
{
    pthread_mutex_lock(&lock);
    store_library();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);                     /* per thread: our own messages, not HDF5's stack */
    H5PLset_loading_state(0);
}
void h5_leave(void) { pthread_mutex_unlock(&lock); }

int split_find(const char *name)
{
    for (int i = 0; i < SPLITS; i++) if (!strcmp(name, split_names[i])) return i;
    return -1;
}

char *store_keep(store *s, char *text)
{
    if (s->ntext == s->text_room) s->text = xgrow(s->text, (size_t)(s->text_room = s->text_room ? 2 * s->text_room : 256) * sizeof *s->text);
    return s->text[s->ntext++] = text;
}

const char *id_fault(const char *id)
{
    if (!id || !id[0]) return "an empty id";
    if (id[0] == '.' || strlen(id) > 200) return "an id that begins with a dot or is longer than 200 bytes";
    if (strchr(id, '/')) return "an id with a slash";
    char *clean = utf8_clean(id);
    const int same = !strcmp(clean, id);
    free(clean);
    return same ? NULL : "an id with a control character, or that is not UTF-8";
}

const char *store_case_fault(const store_case *c)
{
    const char *bad = id_fault(c->id);
    for (int i = 0; !bad && i < store_ncolumns; i++) {
        if (store_columns[i].kind != COL_TEXT) continue;
        const char *text = *(const char *const *)((const char *)c + store_columns[i].at);
        if (text && strlen(text) > STORE_TEXT) bad = "a text longer than 1024 bytes";
    }
    return bad;
}

int store_spacing_known(const store_case *c)
{
    return isfinite(c->spacing[0]) && isfinite(c->spacing[1]) && c->spacing[0] > 0 && c->spacing[1] > 0;
}

/* ---- small datasets ------------------------------------------------------------------------------------------------------------ */

hid_t h5_open(hid_t file, const char *path, const char **reason)
{
    H5O_info_t here, there;
    *reason = NULL;
    if (H5Lexists(file, path, H5P_DEFAULT) <= 0) return -1;
    hid_t d = H5Dopen2(file, path, H5P_DEFAULT), p = d >= 0 ? H5Dget_create_plist(d) : -1;
    if (d < 0) *reason = "not a dataset, or damaged";
    else if (p < 0 || H5Oget_info2(d, &here, H5O_INFO_BASIC) < 0 || H5Oget_info2(file, &there, H5O_INFO_BASIC) < 0) *reason = "damaged";
    else if (here.fileno != there.fileno || H5Pget_external_count(p) != 0 || H5Pget_layout(p) == H5D_VIRTUAL)
        *reason = "its data lie in another file";
    if (p >= 0) H5Pclose(p);
    if (!*reason) return d;
    if (d >= 0) H5Dclose(d);
    return -1;
}

int h5_plain_number(hid_t type)
{
    if (H5Tget_class(type) == H5T_INTEGER) {
        size_t size = H5Tget_size(type);
        return (size == 1 || size == 2 || size == 4 || size == 8) && H5Tget_precision(type) == 8 * size && H5Tget_offset(type) == 0;
    }
    return H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0 ||
        H5Tequal(type, H5T_IEEE_F32BE) > 0;
}

const char *h5_small(hid_t file, const char *path, hid_t type, int rank, hsize_t limit, hsize_t *dims, void **out)
{
    const char *reason;
    layout l;
    *out = NULL;
    hid_t d = h5_open(file, path, &reason);
    if (d < 0) return reason;
    hid_t stored = H5Dget_type(d);
    H5T_class_t have = H5Tget_class(stored), want = H5Tget_class(type);
    if (!h5_plain_number(stored) || (have != want && !(have == H5T_INTEGER && want == H5T_FLOAT))) reason = "wrong type of number";
    else reason = h5_layout(d, rank, limit, &l);
    if (!reason) memcpy(dims, l.dims, (size_t)rank * sizeof *dims), reason = h5_read(d, &l, type, out);
    H5Tclose(stored), H5Dclose(d);
    return reason;
}

/* Variable-length strings: HDF5 keeps them in a heap and hands out pointers, which are given back here. */
static const char *variable_strings(hid_t d, hid_t stored, const layout *l, char **text)
{
    char **v = calloc((size_t)l->count + 1, sizeof *v);
    hid_t space = H5Dget_space(d);
    const char *reason = NULL;
    if (!v) reason = "too large for the memory";
    else if (l->chunked) reason = "variable-length text in chunks, wanted contiguous or of fixed length";
    else if (l->count && H5Dread(d, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0) reason = "damaged data";
    for (hsize_t i = 0; !reason && i < l->count; i++) {
        if (v[i] && strlen(v[i]) > STORE_TEXT) reason = "a string that is too long";
        else if (!(text[i] = strdup(v[i] ? v[i] : ""))) reason = "too large for the memory";
    }
    if (v && l->count) H5Dvlen_reclaim(stored, space, H5P_DEFAULT, v);
    H5Sclose(space), free(v);
    return reason;
}

static const char *fixed_strings(hid_t d, hid_t stored, const layout *l, char **text)
{
    char *raw;
    if (l->each > STORE_TEXT) return "strings that are too long";
    const char *reason = h5_read(d, l, stored, (void **)&raw);
    int spaces = H5Tget_strpad(stored) == H5T_STR_SPACEPAD;
    for (hsize_t i = 0; !reason && i < l->count; i++) {
        const char *from = raw + i * l->each;
        size_t len = strnlen(from, l->each);
        while (spaces && len && from[len - 1] == ' ') len--;
        if (!(text[i] = strndup(from, len))) reason = "too large for the memory";
    }
    free(raw);
    return reason;
}

const char *h5_strings(hid_t file, const char *path, hsize_t limit, hsize_t *n, char ***out)
{
    const char *reason;
    layout l;
    *out = NULL, *n = 0;
    hid_t d = h5_open(file, path, &reason);
    if (d < 0) return reason;
    hid_t stored = H5Dget_type(d);
    if (H5Tget_class(stored) != H5T_STRING) reason = "wrong type, wanted text";
    else reason = h5_layout(d, 1, limit, &l);
    if (!reason && !(*out = calloc((size_t)l.count + 1, sizeof **out))) reason = "too large for the memory";
    if (!reason) reason = (H5Tis_variable_str(stored) > 0 ? variable_strings : fixed_strings)(d, stored, &l, *out), *n = l.count;
    if (reason) h5_strings_free(*out, *n), *out = NULL, *n = 0;
    H5Tclose(stored), H5Dclose(d);
    return reason;
}

void h5_strings_free(char **text, hsize_t n)
{
    for (hsize_t i = 0; text && i < n; i++) free(text[i]);
    free(text);
}

/* ---- opening --------------------------------------------------------------------------------------------------------------------- */

static void column_die(const store *s, const char *name, const char *reason) { die("%s: /index/%s: %s", s->path, name, reason); }

static void rows_new(store *s, int64_t n)
{
    s->n = s->room = n, s->row = xalloc_n((size_t)n, sizeof *s->row);
    for (int64_t i = 0; i < n; i++) {
        store_case *r = &s->row[i];
        r->id = r->patient = r->source = r->spacing_source = r->sha256_image = r->sha256_labels = "";
    }
}

static void read_text(store *s, const column *c)
{
    char path[64], **text;
    hsize_t n;
    snprintf(path, sizeof path, "/index/%s", c->name);
    h5_enter();
    const char *reason = h5_strings(s->file, path, STORE_MAX_CASES, &n, &text);
    h5_leave();
    if (reason) column_die(s, c->name, reason);
    if (!text && c->required) column_die(s, c->name, "is missing");
    if (!text) return;
    if (c == store_columns) rows_new(s, (int64_t)n);           /* the first column, id, says how many cases there are */
    for (hsize_t i = 0; i < n; i++) store_keep(s, text[i]);
    free(text);
    if ((int64_t)n != s->n) column_die(s, c->name, "another length than /index/id");
    for (int64_t i = 0; i < s->n; i++) {
        const char *v = s->text[s->ntext - s->n + i];
        char *at = (char *)&s->row[i] + c->at;
        if (c->kind == COL_TEXT) { *(const char **)at = v; continue; }
        int k = split_find(v);
        if (k < 0) die("%s: /index/%s: got '%s', wanted train, val, test or nothing%s", s->path, c->name, v, die_nearest(v, split_names, SPLITS));
        *(split *)at = (split)k;
    }
}

static void read_numbers(store *s, const column *c)
{
    char path[64];
    hsize_t dims[2] = { 0, 2 };
    double *v;
    int rank = c->kind == COL_PAIR ? 2 : 1;
    snprintf(path, sizeof path, "/index/%s", c->name);
    h5_enter();
    const char *reason = h5_small(s->file, path, H5T_NATIVE_DOUBLE, rank, STORE_MAX_CASES, dims, (void **)&v);
    h5_leave();
    if (reason) column_die(s, c->name, reason);
    if (!v && c->required) column_die(s, c->name, "is missing");
    if (!v) return;
    if ((int64_t)dims[0] != s->n || (rank == 2 && dims[1] != 2)) { free(v); column_die(s, c->name, "another length than /index/id"); }
    for (int64_t i = 0; i < s->n; i++) {
        char *at = (char *)&s->row[i] + c->at;
        if (c->kind == COL_PAIR) { memcpy(at, v + 2 * i, 2 * sizeof *v); continue; }
        if (!(v[i] >= 0 && v[i] <= 1e9 && v[i] == (double)(int64_t)v[i])) { free(v); column_die(s, c->name, "not whole numbers of 0 or more"); }
        if (c->kind == COL_INT) *(int *)at = (int)v[i]; else *(int64_t *)at = (int64_t)v[i];
    }
    free(v);
}

static const char *read_version(hid_t file, double *version, char name[32])
{
    *version = 0, name[0] = 0;
    hid_t a = H5Aexists(file, "format") > 0 ? H5Aopen(file, "format", H5P_DEFAULT) : -1;
    hid_t t = a >= 0 ? H5Aget_type(a) : -1, sp = a >= 0 ? H5Aget_space(a) : -1;
    if (t >= 0 && H5Tget_class(t) == H5T_STRING && H5Sget_simple_extent_npoints(sp) == 1) {
        char *v = NULL;
        if (H5Tis_variable_str(t) > 0) {
            if (H5Aread(a, t, &v) >= 0 && v) { snprintf(name, 32, "%s", v); H5Dvlen_reclaim(t, sp, H5P_DEFAULT, &v); }
        } else if (H5Tget_size(t) < 32) H5Aread(a, t, name), name[H5Tget_size(t)] = 0;
    }
    if (t >= 0) H5Tclose(t), H5Sclose(sp);
    if (a >= 0) H5Aclose(a);
    if (strcmp(name, "darkspine-store")) return "an HDF5 file, but not a darkspine store (no attribute format = darkspine-store)";
    a = H5Aexists(file, "version") > 0 ? H5Aopen(file, "version", H5P_DEFAULT) : -1;
    t = a >= 0 ? H5Aget_type(a) : -1, sp = a >= 0 ? H5Aget_space(a) : -1;
    if (a < 0 || !h5_plain_number(t) || H5Sget_simple_extent_npoints(sp) != 1 || H5Aread(a, H5T_NATIVE_DOUBLE, version) < 0) *version = 0;
    if (a >= 0) H5Tclose(t), H5Sclose(sp), H5Aclose(a);
    return NULL;
}

static void read_classes(store *s)
{
    char **name, **kind;
    double *value;
    hsize_t n, m, dims;
    h5_enter();
    const char *reason = h5_small(s->file, "/classes/value", H5T_NATIVE_DOUBLE, 1, CLASS_MAX, &dims, (void **)&value);
    h5_leave();
    if (reason) die("%s: /classes/value: %s", s->path, reason);
    if (!value) return;
    h5_enter();
    reason = h5_strings(s->file, "/classes/name", CLASS_MAX, &n, &name);
    const char *reason2 = h5_strings(s->file, "/classes/kind", CLASS_MAX, &m, &kind);
    h5_leave();
    if (!reason) reason = reason2;
    if (!reason && (n != dims || (kind && m != dims))) reason = "columns of different lengths";
    for (hsize_t i = 0; !reason && i < dims; i++) {
        if (!(value[i] >= 1 && value[i] <= CLASS_MAX && value[i] == (int)value[i])) reason = "a value that is no whole number from 1 to 255";
        else classes_add(&s->table, (int)value[i], name[i], kind ? kind[i] : "");
    }
    h5_strings_free(name, n), h5_strings_free(kind, m), free(value);
    if (reason) die("%s: /classes: %s", s->path, reason);
}

static int by_id(const void *a, const void *b, void *rows)
{
    const store_case *r = rows;
    return strcmp(r[*(const int64_t *)a].id, r[*(const int64_t *)b].id);
}

void store_sort(store *s)
{
    free(s->by_id), s->by_id = xalloc_n((size_t)s->n, sizeof *s->by_id);
    for (int64_t i = 0; i < s->n; i++) s->by_id[i] = i;
    if (s->n) qsort_r(s->by_id, (size_t)s->n, sizeof *s->by_id, by_id, s->row);
    for (int64_t i = 1; i < s->n; i++)
        if (!strcmp(s->row[s->by_id[i]].id, s->row[s->by_id[i - 1]].id)) die("%s: two cases are called '%s'", s->path, s->row[s->by_id[i]].id);
}

static void check_rows(const store *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        const store_case *r = &s->row[i];
        const char *bad = id_fault(r->id);
        if (bad) die("%s: /index/id[%lld]: %s", s->path, (long long)i, bad);
        if (r->h < 1 || r->w < 1 || r->h > IMAGE_MAX_SIDE || r->w > IMAGE_MAX_SIDE || r->h * r->w > IMAGE_MAX_PIXELS)
            die("%s: case %s: got %lld x %lld pixels, wanted 1 to %d million", s->path, r->id, (long long)r->w, (long long)r->h,
                IMAGE_MAX_PIXELS >> 20);
        if (r->bits != 8 && r->bits != 16) die("%s: case %s: got %d bits, wanted 8 or 16", s->path, r->id, r->bits);
    }
}

static const char *not_hdf5(const char *path)
{
    if (file_is_folder(path)) return "a folder, wanted a store: `darkspine import` makes one of films and masks";
    if (file_has_suffix(path, "|.png|.jpg|.jpeg|.bmp|")) return "an image, wanted a store: `darkspine import` makes one of films and masks";
    return "not an HDF5 file, or truncated";
}

static void load(store *s)
{
    char name[32];
    double version = 0;
    FILE *f = fopen(s->path, "rbe");
    if (!f) die("%s: %s", s->path, strerror(errno));
    fclose(f);
    h5_enter();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    s->file = H5Fopen(s->path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    const char *reason = s->file < 0 ? not_hdf5(s->path) : read_version(s->file, &version, name);
    h5_leave();
    if (reason) die("%s: %s", s->path, reason);
    if (version != STORE_VERSION) die("%s: got store version %g, wanted %d", s->path, version, STORE_VERSION);
    read_classes(s);
    for (int i = 0; i < store_ncolumns; i++)
        if (store_columns[i].kind <= COL_SPLIT) read_text(s, &store_columns[i]); else read_numbers(s, &store_columns[i]);
    check_rows(s);
    store_sort(s);
}

int store_like(const char *path)
{
    static const unsigned char signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
    unsigned char first[8];
    FILE *f = fopen(path, "rbe");
    int yes = f && fread(first, 1, sizeof first, f) == sizeof first && !memcmp(first, signature, sizeof first);
    if (f) fclose(f);
    return yes;
}

store *store_open(const char *path)
{
    store *s = xalloc(sizeof *s);
    s->path = xdup(path), s->file = -1;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        load(s);
        die_trap_pop(&t);
        return s;
    }
    store_close(s);                                            /* whoever caught the error must not inherit an open file */
    die_again(&t);
}

void store_close(store *s)
{
    if (!s) return;
    h5_enter();
    if (s->file >= 0) H5Fclose(s->file);
    h5_leave();
    if (s->writing) file_discard(s->path);
    for (int64_t i = 0; i < s->ntext; i++) free(s->text[i]);
    free(s->text), free(s->row), free(s->by_id), free(s->path), classes_free(&s->table), free(s);
}

/* ---- asking ---------------------------------------------------------------------------------------------------------------------- */

int64_t store_count(const store *s) { return s->n; }
const char *store_path(const store *s) { return s->path; }
const store_case *store_at(const store *s, int64_t i) { return &s->row[i]; }
const classes *store_classes(const store *s) { return &s->table; }

int64_t store_find(const store *s, const char *id)
{
    int64_t lo = 0, hi = s->n;
    while (lo < hi) {
        int64_t mid = (lo + hi) / 2;
        int c = strcmp(s->row[s->by_id[mid]].id, id);
        if (!c) return s->by_id[mid];
        if (c < 0) lo = mid + 1; else hi = mid;
    }
    return -1;
}
