/* npz.c - see npz.h. The directory at the end of a zip archive says where everything is; only its sizes are believed, and only after
 * they are checked against the file. Unpacking stops at the size that the directory states, so a small file cannot grow without end. */
#include "nn/npz.h"
#include "base/die.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { END_SIZE = 22, ENTRY_SIZE = 46, LOCAL_SIZE = 30, COMMENT_MAX = 65535, MEMBERS_MAX = 20000, NPY_HEADER_MAX = 4096, PIECE = 1 << 16 };

static uint64_t little(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static void read_at(const npz *f, uint64_t at, void *out, size_t size)
{
    char *p = out;
    for (ssize_t got; size; p += got, at += (uint64_t)got, size -= (size_t)got)
        if ((got = pread(f->fd, p, size, (off_t)at)) <= 0) {
            if (got < 0) die_machine("%s: cannot be read: %s", f->path, strerror(errno));
            die("%s: ends at byte %llu, wanted %zu more", f->path, (unsigned long long)at, size);
        }
}

/* ---- a member's bytes, unpacked ---- */

typedef struct stream { const npz *f; const npz_array *a; z_stream z; uint64_t taken; uint32_t crc; unsigned char piece[PIECE]; } stream;

static void stream_begin(stream *s, const npz *f, const npz_array *a)
{
    memset(s, 0, sizeof *s);
    s->f = f, s->a = a;
    if (a->deflated && inflateInit2(&s->z, -MAX_WBITS) != Z_OK) die_machine("out of memory");
}

static void stream_end(stream *s) { if (s->a->deflated) inflateEnd(&s->z); }

/* The next size bytes */
static void unpack(stream *s, void *out, size_t size)
{
    const npz_array *a = s->a;
    if (!a->deflated) {
        read_at(s->f, a->at + s->taken, out, size);
        s->taken += size;
        return;
    }
    s->z.next_out = out;
    for (size_t left = size; left;) {
        if (!s->z.avail_in) {
            const uint64_t rest = a->packed - s->taken;
            s->z.avail_in = (uInt)(rest < PIECE ? rest : PIECE), s->z.next_in = s->piece;
            read_at(s->f, a->at + s->taken, s->piece, s->z.avail_in);
            s->taken += s->z.avail_in;
        }
        const uInt room = (uInt)(left < (1u << 30) ? left : 1u << 30), had = s->z.avail_in;
        s->z.avail_out = room;
        const int status = inflate(&s->z, Z_NO_FLUSH);
        left -= room - s->z.avail_out;
        if ((status != Z_OK && !(status == Z_STREAM_END && !left)) || (room == s->z.avail_out && had == s->z.avail_in))
            die("%s: %s: damaged (deflated data end or break %zu bytes early)", s->f->path, a->name, left);
    }
}

/* The same, and their part of the checksum */
static void stream_take(stream *s, void *out, size_t size)
{
    unpack(s, out, size);
    s->crc = (uint32_t)crc32_z(s->crc, out, size);
}

/* ---- the header of a .npy: a Python dictionary as text ---- */

static _Noreturn void bad_header(const npz *f, const npz_array *a, const char *wanted)
{
    die("%s: %s: not an array that can be read: wanted %s", f->path, a->name, wanted);
}

/* The text after 'KEY': in the dictionary */
static const char *field(const npz *f, const npz_array *a, const char *text, const char *quoted)
{
    const char *at = strstr(text, quoted);
    if (!at) bad_header(f, a, quoted);
    at += strlen(quoted);
    while (*at == ' ') at++;
    if (*at++ != ':') bad_header(f, a, "key: value");
    while (*at == ' ') at++;
    return at;
}

static void read_shape(const npz *f, npz_array *a, const char *at)
{
    uint64_t volume = (uint64_t)a->bytes;
    if (*at++ != '(') bad_header(f, a, "a shape in parentheses");
    while (*at != ')') {
        char *end;
        errno = 0;
        const long long d = isdigit((unsigned char)*at) ? strtoll(at, &end, 10) : -1;
        if (d < 1 || errno || a->s.nd == 4) bad_header(f, a, "at most four sizes of 1 or more");
        if (volume > (uint64_t)INT64_MAX / (uint64_t)d) bad_header(f, a, "a shape that fits into the file");
        volume *= (uint64_t)d, a->s.d[a->s.nd++] = d;
        for (at = end; *at == ',' || *at == ' '; at++) {}
    }
    if (volume != a->size - a->header)
        die("%s: %s: got %llu bytes of numbers, wanted %llu for its shape", f->path, a->name, (unsigned long long)(a->size - a->header),
            (unsigned long long)volume);
}

static void read_header(const npz *f, npz_array *a)
{
    unsigned char start[12] = { 0 };
    char text[NPY_HEADER_MAX + 1];
    stream *s = xalloc(sizeof *s);
    stream_begin(s, f, a);
    if (a->size < 12) bad_header(f, a, "a .npy file");
    stream_take(s, start, 12);
    if (memcmp(start, "\x93NUMPY", 6) || start[6] < 1 || start[6] > 3) bad_header(f, a, "a .npy file of version 1 to 3");
    const int wide = start[6] > 1;
    const uint64_t n = little(start + 8, wide ? 4 : 2), read = wide ? 0 : 2;        /* version 1: two bytes of the text are in start */
    if (n < 4 || n > NPY_HEADER_MAX || (wide ? 12 : 10) + n > a->size) bad_header(f, a, "a header of 4 to 4096 bytes");
    memcpy(text, start + 10, (size_t)read);
    stream_take(s, text + read, (size_t)(n - read));
    text[n] = 0;
    stream_end(s), free(s);
    a->header = (wide ? 12u : 10u) + n;
    const char *type = field(f, a, text, "'descr'");
    if (strncmp(type, "'<f", 3) || !strchr("248", type[3]) || !type[3] || type[4] != '\'') bad_header(f, a, "'<f2', '<f4' or '<f8'");
    a->bytes = type[3] - '0';
    if (strncmp(field(f, a, text, "'fortran_order'"), "False", 5)) bad_header(f, a, "'fortran_order': False");
    read_shape(f, a, field(f, a, text, "'shape'"));
}

/* ---- the directory ---- */

static void read_entry(const npz *f, npz_array *a, const unsigned char *e, const char *name, size_t length, uint64_t directory)
{
    unsigned char local[LOCAL_SIZE];
    if (length < 5 || memcmp(name + length - 4, ".npy", 4) || memchr(name, 0, length)) die("%s: member '%.*s': wanted NAME.npy", f->path, (int)length, name);
    a->name = xprintf("%.*s", (int)(length - 4), name);
    const uint64_t method = little(e + 10, 2), at = little(e + 42, 4);
    a->crc = (uint32_t)little(e + 16, 4), a->packed = little(e + 20, 4), a->size = little(e + 24, 4);
    if (little(e + 8, 2) & 1) die("%s: %s: encrypted", f->path, a->name);
    if (method != 0 && method != 8) die("%s: %s: packed by method %llu, wanted stored (0) or deflated (8)", f->path, a->name, (unsigned long long)method);
    if (method == 8 && a->size / 1032 > a->packed + 1) die("%s: %s: claims to grow more than deflate can", f->path, a->name);
    if (a->packed == UINT32_MAX || a->size == UINT32_MAX || at == UINT32_MAX) die("%s: %s: larger than 4 GiB", f->path, a->name);
    a->deflated = method == 8;
    if (at + LOCAL_SIZE > directory) die("%s: %s: begins at byte %llu, behind the data", f->path, a->name, (unsigned long long)at);
    read_at(f, at, local, LOCAL_SIZE);
    if (memcmp(local, "PK\3\4", 4)) die("%s: %s: no zip member at byte %llu", f->path, a->name, (unsigned long long)at);
    a->at = at + LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    if (a->at > directory || a->packed > directory - a->at || (!a->deflated && a->packed != a->size))
        die("%s: %s: got %llu bytes at byte %llu, wanted a member inside the file", f->path, a->name, (unsigned long long)a->packed,
            (unsigned long long)a->at);
}

static void read_directory(npz *f, const unsigned char *end, uint64_t end_at)
{
    const uint64_t count = little(end + 10, 2), size = little(end + 12, 4), at = little(end + 16, 4);
    if (count > MEMBERS_MAX || size > end_at || at != end_at - size) die("%s: damaged, or no .npz file: its directory is not where it says", f->path);
    unsigned char *all = xalloc((size_t)size + 1);
    read_at(f, at, all, (size_t)size);
    f->a = xalloc_n((size_t)count + 1, sizeof *f->a);
    uint64_t p = 0;
    for (uint64_t i = 0; i < count; i++) {
        const unsigned char *e = all + p;
        if (size - p < ENTRY_SIZE || memcmp(e, "PK\1\2", 4)) die("%s: entry %llu of its directory is damaged", f->path, (unsigned long long)i);
        const uint64_t name = little(e + 28, 2), whole = ENTRY_SIZE + name + little(e + 30, 2) + little(e + 32, 2);
        if (whole > size - p) die("%s: entry %llu of its directory is damaged", f->path, (unsigned long long)i);
        read_entry(f, &f->a[f->n++], e, (const char *)e + ENTRY_SIZE, (size_t)name, at);
        p += whole;
    }
    free(all);
}

npz *npz_open(const char *path)
{
    npz *f = xalloc(sizeof *f);
    struct stat s;
    f->path = xdup(path);
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0) die("%s: %s", path, strerror(errno));
    if (fstat(f->fd, &s) || !S_ISREG(s.st_mode)) die("%s: wanted a file", path);
    const uint64_t length = (uint64_t)s.st_size, tail = length < END_SIZE + COMMENT_MAX ? length : END_SIZE + COMMENT_MAX;
    unsigned char *end = xalloc((size_t)tail + 1);
    read_at(f, length - tail, end, (size_t)tail);
    int64_t i = (int64_t)tail - END_SIZE;
    while (i >= 0 && memcmp(end + i, "PK\5\6", 4)) i--;
    if (i < 0) die("%s: got no directory at its end, wanted a .npz file", path);
    read_directory(f, end + i, length - tail + (uint64_t)i);
    free(end);
    for (int k = 0; k < f->n; k++) {
        read_header(f, &f->a[k]);
        if (npz_find(f, f->a[k].name) != k) die("%s: %s stands twice", path, f->a[k].name);
    }
    return f;
}

int npz_find(const npz *f, const char *name)
{
    for (int i = 0; i < f->n; i++) if (!strcmp(f->a[i].name, name)) return i;
    return -1;
}

static double half_value(uint16_t h)
{
    const int e = h >> 10 & 31, m = h & 1023;
    const double v = e == 31 ? (m ? (double)NAN : (double)INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -v : v;
}

void npz_get(const npz *f, int i, real *out)
{
    const npz_array *a = &f->a[i];
    unsigned char piece[8192], skip[NPY_HEADER_MAX + 12];
    stream *s = xalloc(sizeof *s);
    stream_begin(s, f, a);
    stream_take(s, skip, (size_t)a->header);
    for (int64_t left = shape_volume(&a->s), n; left; left -= n) {
        n = left < (int64_t)sizeof piece / a->bytes ? left : (int64_t)sizeof piece / a->bytes;
        stream_take(s, piece, (size_t)(n * a->bytes));
        for (int64_t k = 0; k < n; k++) {
            const uint64_t bits = little(piece + k * a->bytes, a->bytes);
            float single;
            double wide;
            memcpy(&single, &(uint32_t){ (uint32_t)bits }, 4), memcpy(&wide, &bits, 8);
            *out++ = (real)(a->bytes == 2 ? half_value((uint16_t)bits) : a->bytes == 4 ? (double)single : wide);
        }
    }
    if (s->crc != a->crc) die("%s: %s: damaged (its checksum is wrong)", f->path, a->name);
    stream_end(s), free(s);
}

void npz_close(npz *f)
{
    if (!f) return;
    for (int i = 0; i < f->n; i++) free(f->a[i].name);
    close(f->fd), free(f->a), free(f->path), free(f);
}
