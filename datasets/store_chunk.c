/* store_chunk.c - the bytes of a dataset, without HDF5's own chunk reader; see store_h5.h.
 *
 * Two reasons to decode chunks here. Decoding is nearly all of the time of reading a film, and can be done outside HDF5's lock, on as
 * many threads as there are. And HDF5 1.10 does not compare what a chunk unpacks to with the size the file claims: a hostile
 * chunk shape makes it read past its buffers. Filters known here: shuffle, gzip, fletcher32, in that order, each optional. */
#include "datasets/store_h5.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNKS_LIMIT = 1 << 20 };
static const hsize_t BYTES_LIMIT = (hsize_t)1 << 30;

static const H5Z_filter_t order[] = { H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE, H5Z_FILTER_FLETCHER32 };

static const char *read_filters(hid_t plist, layout *l)
{
    int last = -1;
    l->nfilters = H5Pget_nfilters(plist);
    if (l->nfilters < 0 || l->nfilters > 3) return "filters other than shuffle, gzip, fletcher32";
    for (int i = 0; i < l->nfilters; i++) {
        unsigned flags;
        size_t none = 0;
        int k = 0;
        H5Z_filter_t f = H5Pget_filter2(plist, (unsigned)i, &flags, &none, NULL, 0, NULL, NULL);
        while (k < 3 && order[k] != f) k++;
        if (k == 3 || k <= last) return "filters other than shuffle, gzip, fletcher32 in this order";
        l->filter[i] = (int)f, last = k;
    }
    return NULL;
}

const char *h5_layout(hid_t d, int rank, hsize_t limit, layout *l)
{
    hid_t space = H5Dget_space(d), plist = H5Dget_create_plist(d), type = H5Dget_type(d);
    const char *reason = NULL;
    *l = (layout){ .rank = rank, .each = H5Tget_size(type), .count = 1, .chunk_count = 1 };
    if (H5Sget_simple_extent_ndims(space) != rank || H5Sis_simple(space) <= 0) reason = "wrong number of dimensions";
    else if (H5Sget_simple_extent_dims(space, l->dims, NULL) != rank) reason = "damaged";
    for (int i = 0; !reason && i < rank; i++) {
        if (l->dims[i] > limit || (l->dims[i] && l->count > BYTES_LIMIT / l->dims[i])) reason = "more entries than a store may hold";
        else l->count *= l->dims[i];
    }
    if (!reason && (l->each < 1 || l->each > 1024 || l->count > BYTES_LIMIT / l->each)) reason = "more entries than a store may hold";
    if (!reason && H5Pget_layout(plist) == H5D_CHUNKED) {
        l->chunked = 1;
        if (H5Pget_chunk(plist, rank, l->chunk) != rank) reason = "damaged";
        for (int i = 0; !reason && i < rank; i++) {
            if (!l->chunk[i] || l->chunk[i] > BYTES_LIMIT / l->chunk_count) reason = "chunks of an absurd size";
            else l->chunk_count *= l->chunk[i];
        }
        if (!reason && l->chunk_count > BYTES_LIMIT / l->each) reason = "chunks of an absurd size";
        if (!reason) reason = read_filters(plist, l);
    }
    if (type >= 0) H5Tclose(type);
    if (plist >= 0) H5Pclose(plist);
    if (space >= 0) H5Sclose(space);
    return reason;
}

/* ---- one chunk ------------------------------------------------------------------------------------------------------------------- */

const char *chunk_fetch(hid_t d, const layout *l, const hsize_t *at, chunk *c)
{
    hsize_t stored = 0, whole = l->chunk_count * l->each;
    *c = (chunk){ 0 };
    if (H5Dget_chunk_storage_size(d, at, &stored) < 0 || stored > whole + whole / 64 + 4096) return "damaged data";
    if (!stored) return NULL;
    if (!(c->p = malloc(stored))) return "too large for the memory";
    c->n = stored;
    return H5Dread_chunk(d, H5P_DEFAULT, at, &c->skipped, c->p) < 0 ? "damaged data" : NULL;
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

static const char *check_sum(chunk *c)
{
    uint32_t sum = 0;
    if (c->n < 4) return "damaged data";
    c->n -= 4;
    for (int k = 0; k < 4; k++) sum |= (uint32_t)c->p[c->n + (size_t)k] << 8 * k;
    return sum == fletcher32(c->p, c->n) ? NULL : "damaged data (a checksum is wrong)";
}

static const char *inflate_all(chunk *c, size_t whole)
{
    uLongf got = whole;
    unsigned char *flat = malloc(whole);
    if (!flat) return "too large for the memory";
    int ok = uncompress(flat, &got, c->p, c->n) == Z_OK && got == whole;
    free(c->p), c->p = flat, c->n = whole;
    return ok ? NULL : "damaged data";
}

static void unshuffle(const unsigned char *in, unsigned char *out, size_t len, size_t each)
{
    for (size_t k = 0; k < each; k++)
        for (size_t i = 0; i < len; i++) out[i * each + k] = in[k * len + i];
}

const char *chunk_decode(chunk *c, const layout *l, unsigned char *out)
{
    size_t whole = (size_t)l->chunk_count * l->each;
    const char *reason = NULL;
    int shuffled = 0;
    if (!c->p) { memset(out, 0, whole); return NULL; }         /* a chunk that was never written holds zeros */
    for (int i = l->nfilters - 1; !reason && i >= 0; i--) {
        if (c->skipped >> i & 1) continue;
        if (l->filter[i] == H5Z_FILTER_FLETCHER32) reason = check_sum(c);
        else if (l->filter[i] == H5Z_FILTER_DEFLATE) reason = inflate_all(c, whole);
        else shuffled = l->each > 1;
    }
    if (!reason && c->n != whole) reason = "damaged data";
    if (!reason && shuffled) unshuffle(c->p, out, (size_t)l->chunk_count, l->each);
    else if (!reason) memcpy(out, c->p, whole);
    free(c->p), c->p = NULL;
    return reason;
}

/* ---- the whole dataset ------------------------------------------------------------------------------------------------------------- */

/* Copies the part of a decoded chunk that lies inside the dataset; both of l->rank dimensions, the last one contiguous. */
static void place(const layout *l, const hsize_t *at, const unsigned char *from, unsigned char *to)
{
    hsize_t size[3] = { 1, 1, 1 }, in[3] = { 1, 1, 1 }, out[3] = { 1, 1, 1 }, first[3] = { 0, 0, 0 };      /* padded in front */
    for (int i = 0, k = 3 - l->rank; i < l->rank; i++, k++) {
        first[k] = at[i], in[k] = l->chunk[i], out[k] = l->dims[i];
        size[k] = l->dims[i] - at[i] < l->chunk[i] ? l->dims[i] - at[i] : l->chunk[i];
    }
    for (hsize_t a = 0; a < size[0]; a++)
        for (hsize_t b = 0; b < size[1]; b++)
            memcpy(to + (((first[0] + a) * out[1] + first[1] + b) * out[2] + first[2]) * l->each, from + ((a * in[1] + b) * in[2]) * l->each,
                size[2] * l->each);
}

static const char *read_chunks(hid_t d, const layout *l, unsigned char *out)
{
    hsize_t at[3] = { 0, 0, 0 }, chunks = 1;
    for (int i = 0; i < l->rank; i++) chunks *= (l->dims[i] + l->chunk[i] - 1) / l->chunk[i];
    if (chunks > CHUNKS_LIMIT) return "more chunks than a store may hold";
    unsigned char *one = malloc((size_t)l->chunk_count * l->each);
    const char *reason = one ? NULL : "too large for the memory";
    for (hsize_t k = 0; !reason && k < chunks; k++) {
        chunk c;
        reason = chunk_fetch(d, l, at, &c);
        if (reason) free(c.p); else reason = chunk_decode(&c, l, one);
        if (!reason) place(l, at, one, out);
        for (int i = l->rank - 1; i >= 0; i--) {                /* the next corner, last dimension fastest */
            if ((at[i] += l->chunk[i]) < l->dims[i]) break;
            at[i] = 0;
        }
    }
    free(one);
    return reason;
}

const char *h5_read(hid_t d, const layout *l, hid_t type, void **out)
{
    hid_t stored = H5Dget_type(d);
    size_t wide = H5Tget_size(type) > l->each ? H5Tget_size(type) : l->each;
    const char *reason = NULL;
    *out = calloc((size_t)l->count + 1, wide);
    if (!*out) reason = "too large for the memory";
    else if (l->count && l->chunked) reason = read_chunks(d, l, *out);
    else if (l->count && H5Dread(d, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out) < 0) reason = "damaged data";
    if (!reason && H5Tequal(stored, type) <= 0 && H5Tconvert(stored, type, (size_t)l->count, *out, NULL, H5P_DEFAULT) < 0)
        reason = "wrong type of number";
    H5Tclose(stored);
    if (reason) free(*out), *out = NULL;
    return reason;
}
