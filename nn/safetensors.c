/* safetensors.c - see safetensors.h. */
#include "nn/safetensors.h"
#include "base/die.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct { const char *name; dtype type; int half; size_t size; } types[] = {
    { "F32", F32, 0, 4 }, { "F64", F64, 0, 8 }, { "F16", F32, 1, 2 }, { "BF16", BF16, 0, 2 }, { "I64", I64, 0, 8 },
};
enum { TYPES = sizeof types / sizeof *types };

static size_t bytes_each(const safetensor *t) { return t->half ? 2 : dtype_size(t->type); }

static void read_at(const safetensors *f, size_t at, void *out, size_t size)
{
    char *p = out;
    for (ssize_t got; size; p += got, at += (size_t)got, size -= (size_t)got)
        if ((got = pread(f->fd, p, size, (off_t)at)) <= 0) {
            if (got < 0) die_machine("%s: cannot be read: %s", f->path, strerror(errno));
            die("%s: ends at byte %zu, wanted %zu more", f->path, at, size);
        }
}

/* A whole number >= 0, or 0 (false). */
static int size_of(const json_t *j, size_t *out)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0) return 0;
    *out = (size_t)json_integer_value(j);
    return 1;
}

static void read_type(const safetensors *f, safetensor *t, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 0; name && i < TYPES; i++)
        if (!strcmp(name, types[i].name)) { t->type = types[i].type, t->half = types[i].half; return; }
    die("%s: %s: dtype: got %s, wanted F32, F64, F16, BF16 or I64", f->path, t->name, name ? name : "no text");
}

/* The bytes the shape needs, overflow checked. */
static size_t read_shape(const safetensors *f, safetensor *t, const json_t *entry)
{
    const json_t *dims = json_object_get(entry, "shape");
    size_t size = bytes_each(t), d;
    if (!json_is_array(dims)) die("%s: %s: shape: wanted a list of whole numbers", f->path, t->name);
    if (json_array_size(dims) > 4) die("%s: %s: shape: got %zu axes, wanted at most 4", f->path, t->name, json_array_size(dims));
    t->s.nd = (int)json_array_size(dims);
    for (int i = 0; i < t->s.nd; i++) {
        if (!size_of(json_array_get(dims, (size_t)i), &d)) die("%s: %s: shape: wanted a list of whole numbers", f->path, t->name);
        if (d && size > INT64_MAX / d) die("%s: %s: shape: too large", f->path, t->name);
        size *= d, t->s.d[i] = (int64_t)d;
    }
    return size;
}

static void read_entry(const safetensors *f, safetensor *t, const json_t *entry, size_t room)
{
    const json_t *where = json_object_get(entry, "data_offsets");
    size_t end;
    if (!json_is_object(entry) || json_object_size(entry) != 3) die("%s: %s: wanted dtype, shape and data_offsets, no more", f->path, t->name);
    read_type(f, t, entry);
    t->size = read_shape(f, t, entry);
    if (!json_is_array(where) || json_array_size(where) != 2 || !size_of(json_array_get(where, 0), &t->at)
        || !size_of(json_array_get(where, 1), &end) || end < t->at || end > room)
        die("%s: %s: data_offsets: wanted two rising offsets up to %zu", f->path, t->name, room);
    if (end - t->at != t->size) die("%s: %s: got %zu bytes, wanted %zu for its shape", f->path, t->name, end - t->at, t->size);
}

static int by_place(const void *a, const void *b)
{
    const safetensor *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->size != y->size ? (x->size < y->size ? -1 : 1) : strcmp(x->name, y->name);
}

/* Every byte of the data once: each tensor begins where the one before it ends. */
static void check_places(safetensors *f, size_t room)
{
    size_t at = 0;
    qsort(f->t, (size_t)f->n, sizeof *f->t, by_place);
    for (int i = 0; i < f->n; at += f->t[i++].size)
        if (f->t[i].at != at)
            die("%s: %s: begins at byte %zu of the data, wanted %zu (%s)", f->path, f->t[i].name, f->t[i].at, at,
                f->t[i].at < at ? "tensors overlap" : "a hole");
    if (at != room) die("%s: got %zu bytes of data, wanted %zu", f->path, room, at);
}

static void read_header(safetensors *f, const json_t *header, size_t room)
{
    const char *name, *word;                             /* a name of its own for the inner loop: json_object_foreach steps by it */
    json_t *entry, *text;
    f->t = xalloc_n(json_object_size(header) + 1, sizeof *f->t);
    json_object_foreach((json_t *)(uintptr_t)header, name, entry) {
        if (!strcmp(name, "__metadata__")) {
            if (!json_is_object(entry)) die("%s: __metadata__: wanted texts by name", f->path);
            json_object_foreach(entry, word, text) if (!json_is_string(text)) die("%s: __metadata__: %s: wanted a text", f->path, word);
            continue;
        }
        safetensor *t = &f->t[f->n++];
        t->name = xdup(name);
        read_entry(f, t, entry, room);
    }
    check_places(f, room);
}

safetensors *safetensors_open(const char *path)
{
    safetensors *f = xalloc(sizeof *f);
    unsigned char length[8];
    struct stat s;
    json_error_t e;
    f->path = xdup(path);
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0) die("%s: %s", path, strerror(errno));
    if (fstat(f->fd, &s) || !S_ISREG(s.st_mode)) die("%s: wanted a file", path);
    if (s.st_size < 8) die("%s: got %lld bytes, wanted a safetensors file", path, (long long)s.st_size);
    read_at(f, 0, length, 8);
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--) n = n << 8 | length[i];
    if (n > (uint64_t)s.st_size - 8)
        die("%s: got a header of %llu bytes in a file of %lld, wanted a safetensors file", path, (unsigned long long)n, (long long)s.st_size);
    if (n > SAFETENSORS_HEADER) die("%s: got a header of %llu bytes, wanted at most %d", path, (unsigned long long)n, SAFETENSORS_HEADER);
    char *text = xalloc((size_t)n + 1);
    read_at(f, 8, text, (size_t)n);
    json_t *header = n && text[0] == '{' ? json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &e) : NULL;
    if (!header) die("%s: header: %s", path, n && text[0] == '{' ? e.text : "wanted a JSON object");
    free(text);
    f->data = 8 + (size_t)n;
    read_header(f, header, (size_t)s.st_size - f->data);
    json_decref(header);
    return f;
}

int safetensors_find(const safetensors *f, const char *name)
{
    for (int i = 0; i < f->n; i++) if (!strcmp(f->t[i].name, name)) return i;
    return -1;
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* IEEE 754 binary16, subnormal numbers and NaN payloads included. */
static float half_value(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31) return from_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) return from_bits(sign | 0x3F800000u) * (float)fraction * 0x1p-24f;
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

void safetensors_get(const safetensors *f, int i, real *out)
{
    const safetensor *t = &f->t[i];
    const size_t n = (size_t)shape_volume(&t->s);
    char *raw = xalloc(t->size);
    read_at(f, f->data + t->at, raw, t->size);
    for (size_t j = 0; j < n; j++) {
        const char *p = raw + j * bytes_each(t);
        uint16_t h;
        float x;
        double d;
        if (t->half) memcpy(&h, p, 2), out[j] = half_value(h);
        else if (t->type == BF16) memcpy(&h, p, 2), out[j] = from_bits((uint32_t)h << 16);
        else if (t->type == F32) memcpy(&x, p, 4), out[j] = x;
        else memcpy(&d, p, 8), out[j] = (real)d;
    }
    free(raw);
}

void safetensors_close(safetensors *f)
{
    if (!f) return;
    for (int i = 0; i < f->n; i++) free(f->t[i].name);
    close(f->fd);
    free(f->t), free(f->path), free(f);
}

/* ---- writing ---- */

struct safetensors_writer { FILE *f; char *path; json_t *header; size_t *size; int n, put; size_t at; };

safetensors_writer *safetensors_begin(const char *path)
{
    safetensors_writer *w = xalloc(sizeof *w);
    w->path = xdup(path), w->f = file_begin(path), w->header = json_object();
    return w;
}

void safetensors_declare(safetensors_writer *w, const char *name, dtype type, shape s)
{
    json_t *dims = json_array();
    const char *word = NULL;
    for (int i = 0; i < TYPES; i++) if (types[i].type == type && !types[i].half) word = types[i].name;
    for (int i = 0; i < s.nd; i++) json_array_append_new(dims, json_integer(s.d[i]));
    const size_t size = (size_t)shape_volume(&s) * dtype_size(type);
    json_t *entry = json_pack("{s:s, s:o, s:[I,I]}", "dtype", word, "shape", dims, "data_offsets", (json_int_t)w->at, (json_int_t)(w->at + size));
    if (!entry || json_object_get(w->header, name) || json_object_set_new(w->header, name, entry)) die("%s: %s cannot be named twice", w->path, name);
    w->size = xgrow(w->size, (size_t)(w->n + 1) * sizeof *w->size);
    w->size[w->n++] = size, w->at += size;
}

/* The header is padded with spaces to a multiple of 8, so that the data are aligned. */
static void put_header(safetensors_writer *w)
{
    char *text = json_dumps(w->header, JSON_COMPACT);
    if (!text) die_machine("%s: out of memory", w->path);
    const size_t n = (strlen(text) + 7) / 8 * 8;
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)n >> 8 * i);
    fwrite(length, 1, 8, w->f);
    fprintf(w->f, "%-*s", (int)n, text);
    free(text);
}

void safetensors_put(safetensors_writer *w, int i, const void *data)
{
    if (!w->put) put_header(w);
    w->put++;
    fwrite(data, 1, w->size[i], w->f);
}

void safetensors_commit(safetensors_writer *w)
{
    if (!w->put) put_header(w);
    file_commit(w->f, w->path);
    json_decref(w->header);
    free(w->size), free(w->path), free(w);
}
