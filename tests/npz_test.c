/* npz_test.c - NumPy archives and the vision transformer's weights in them: every layout that has to be turned, the interpolated position
 * table, what may be left out, and archives that lie. The archives are made here, byte by byte. */
#include "tests/test.h"
#include "base/file.h"
#include "nn/net.h"
#include "nn/npz.h"
#include "nn/vit.h"
#include <zlib.h>

typedef struct bytes { unsigned char *p; size_t n; } bytes;

static void put(bytes *b, const void *p, size_t n)
{
    b->p = xgrow(b->p, b->n + n + 1);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void put_little(bytes *b, uint64_t v, int n) { for (int i = 0; i < n; i++) put(b, &(unsigned char){ (unsigned char)(v >> 8 * i) }, 1); }

static void put_zip_fields(bytes *b, int deflated, const bytes *packed, const bytes *whole, const char *name)
{
    put_little(b, 20, 2), put_little(b, 0, 2), put_little(b, deflated ? 8 : 0, 2), put_little(b, 0, 4);
    put_little(b, crc32(0, whole->p, (uInt)whole->n), 4), put_little(b, packed->n, 4), put_little(b, whole->n, 4), put_little(b, strlen(name) + 4, 2), put_little(b, 0, 2);
}

typedef struct archive { bytes file, directory; int n; } archive;

/* A member NAME.npy: the text of its dictionary, then the numbers */
static void add_raw(archive *z, const char *name, const char *dictionary, const void *data, size_t size, int deflated)
{
    bytes npy = { 0 }, packed = { 0 };
    put(&npy, "\x93NUMPY\1\0", 8), put_little(&npy, strlen(dictionary), 2), put(&npy, dictionary, strlen(dictionary)), put(&npy, data, size);
    if (deflated) {
        z_stream s = { .next_in = npy.p, .avail_in = (uInt)npy.n };
        assert_int_equal(deflateInit2(&s, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        packed.p = xalloc(npy.n + 1000), s.next_out = packed.p, s.avail_out = (uInt)npy.n + 1000;
        assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
        packed.n = s.total_out;
        deflateEnd(&s);
    } else put(&packed, npy.p, npy.n);
    const size_t at = z->file.n;
    put(&z->file, "PK\3\4", 4), put_zip_fields(&z->file, deflated, &packed, &npy, name);
    put(&z->file, name, strlen(name)), put(&z->file, ".npy", 4), put(&z->file, packed.p, packed.n);
    put(&z->directory, "PK\1\2", 4), put_little(&z->directory, 20, 2), put_zip_fields(&z->directory, deflated, &packed, &npy, name);
    put_little(&z->directory, 0, 6), put_little(&z->directory, 0, 4), put_little(&z->directory, at, 4);
    put(&z->directory, name, strlen(name)), put(&z->directory, ".npy", 4);
    z->n++;
    free(npy.p), free(packed.p);
}

static void add(archive *z, const char *name, const char *shape_words, const float *v, size_t n, int deflated)
{
    char *d = xprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n", shape_words);
    add_raw(z, name, d, v, n * sizeof *v, deflated);
    free(d);
}

static void save(archive *z, const char *path)
{
    bytes all = { 0 };
    put(&all, z->file.p, z->file.n), put(&all, z->directory.p, z->directory.n);
    put(&all, "PK\5\6", 4), put_little(&all, 0, 4), put_little(&all, (uint64_t)z->n, 2), put_little(&all, (uint64_t)z->n, 2);
    put_little(&all, z->directory.n, 4), put_little(&all, z->file.n, 4), put_little(&all, 0, 2);
    file_write(path, all.p, all.n);
    free(all.p), free(z->file.p), free(z->directory.p);
    *z = (archive){ .n = 0 };
}

/* The smallest network with one of everything that is turned: a stem of 2 filters on one channel, tokens of 4 channels, 2 x 2 of them. */
static const char tiny_cfg[] =
    "[net]\nheight=4\nwidth=4\nclasses=3\n"
    "[convolutional]\nname=root\nfilters=2\nsize=3\nstride=2\npadding=1\nbias=0\nstandardize=1\nnormalize=group\nnorm_groups=2\nactivation=relu\n"
    "[convolutional]\nname=patch\nfilters=4\nsize=1\n"
    "[position]\nname=position\n"
    "[attention]\nname=layer0.attention\nheads=2\n"
    "[layernorm]\nname=encoder_norm\n"
    "[upsample]\nstride=2\n"
    "[convolutional]\nname=head\nsize=1\n";

static float wave(int seed, size_t i) { return (float)sin(1.7 * seed + 0.31 * (double)i); }

typedef struct member { const char *name, *shape_words; size_t n; int seed; } member;
static const member all[] = {
    { "conv_root/kernel", "3, 3, 3, 2", 54, 1 }, { "gn_root/scale", "1, 1, 1, 2", 2, 2 }, { "gn_root/bias", "2,", 2, 3 },
    { "embedding/kernel", "1, 1, 2, 4", 8, 4 }, { "embedding/bias", "4,", 4, 5 },
    { "Transformer/posembed_input/pos_embedding", "1, 10, 4", 40, 6 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel", "4, 2, 2", 16, 7 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/bias", "2, 2", 4, 8 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/kernel", "4, 2, 2", 16, 9 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/bias", "2, 2", 4, 10 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/value/kernel", "4, 2, 2", 16, 11 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/value/bias", "2, 2", 4, 12 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/out/kernel", "2, 2, 4", 16, 13 },
    { "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/out/bias", "4,", 4, 14 },
    { "Transformer/encoder_norm/scale", "4,", 4, 15 }, { "Transformer/encoder_norm/bias", "4,", 4, 16 },
    { "head/kernel", "4, 9", 36, 17 }, { "cls", "1, 1, 4", 4, 18 },
};
enum { ALL = sizeof all / sizeof *all };

/* change: the member that gets another shape (or, NULL, is left out) */
static void make(const char *path, int deflated, const char *change, const char *shape_words)
{
    archive z = { .n = 0 };
    for (int i = 0; i < ALL; i++) {
        float v[64];
        const int changed = change && !strcmp(change, all[i].name);
        if (changed && !shape_words) continue;
        for (size_t k = 0; k < all[i].n; k++) v[k] = wave(all[i].seed, k);
        add(&z, all[i].name, changed ? shape_words : all[i].shape_words, v, all[i].n, deflated);
    }
    save(&z, path);
}

static params *tiny(net **t)
{
    *t = net_parse(tiny_cfg, "tiny.cfg", NULL, 0);
    params *p = params_new((*t)->g, &device_cpu, 0);
    params_init(p, 5);
    return p;
}

static const real *value(const params *p, const char *name)
{
    const param *q = params_find(p, name);
    assert_non_null(q);
    return p->x + q->at;
}

static void check_turned(const params *p)
{
    const real *stem = value(p, "root.weight"), *query = value(p, "layer0.attention.query.weight"), *out = value(p, "layer0.attention.out.weight");
    const real *table = value(p, "position.table");
    for (size_t k = 0; k < 9; k++)
        for (size_t o = 0; o < 2; o++) near(stem[k * 2 + o], wave(1, k * 6 + o) + wave(1, k * 6 + 2 + o) + wave(1, k * 6 + 4 + o), 1e-6);
    for (size_t o = 0; o < 4; o++)
        for (size_t i = 0; i < 4; i++) {
            near(query[o * 4 + i], wave(7, i * 4 + o), 0);
            near(out[o * 4 + i], wave(13, i * 4 + o), 0);
        }
    for (size_t i = 0; i < 8; i++) near(value(p, "patch.weight")[i], wave(4, i), 0);
    for (size_t i = 0; i < 4; i++) near(value(p, "layer0.attention.value.bias")[i], wave(12, i), 0);
    static const size_t corner[4] = { 0, 2, 6, 8 };            /* of the 3 x 3 grid there, after the class token */
    for (size_t k = 0; k < 4; k++) for (size_t c = 0; c < 4; c++) near(table[k * 4 + c], wave(6, (1 + corner[k]) * 4 + c), 1e-6);
}

static void every_layout_is_turned(void **state)
{
    char *path = path_join(*state, "a.npz");
    for (int deflated = 0; deflated < 2; deflated++) {
        net *t;
        params *p = tiny(&t), *before = tiny(&t);
        make(path, deflated, NULL, NULL);
        const vit_read r = vit_weights_read(path, p);
        assert_int_equal(r.arrays, ALL - 2);
        assert_int_equal(r.kept, 4 * 3 + 3);
        assert_int_equal(r.filled + r.kept, params_count(p, PARAM));
        assert_true(r.summed);
        check_turned(p);
        assert_memory_equal(value(p, "head.weight"), value(before, "head.weight"), 12 * sizeof(real));
        params_free(p), params_free(before), net_free(t);
    }
    free(path);
}

static void what_does_not_fit_is_refused(void **state)
{
    char *path = path_join(*state, "b.npz");
    net *t;
    params *p = tiny(&t);
    make(path, 0, "embedding/bias", NULL);
    dies(2, "no embedding/bias in the file, for the parameter patch.bias", vit_weights_read(path, p));
    make(path, 0, "embedding/kernel", "2, 1, 1, 4");
    dies(2, "embedding/kernel: got 2x1x1x4, which does not fit the parameter patch.weight", vit_weights_read(path, p));
    make(path, 0, "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/kernel", "8, 2");
    dies(2, "key/kernel: got 8x2, which does not fit", vit_weights_read(path, p));
    make(path, 0, "Transformer/posembed_input/pos_embedding", "1, 8, 5");
    dies(2, "pos_embedding: got 1x8x5, which does not fit", vit_weights_read(path, p));
    archive z = { .n = 0 };
    add(&z, "block9/unit1/conv1/kernel", "1,", (float[]){ 1 }, 1, 0);
    save(&z, path);
    dies(2, "block9/unit1/conv1/kernel: the network has no such parameter", vit_weights_read(path, p));
    params_free(p), net_free(t), free(path);
}

static void number_types(void **state)
{
    char *path = path_join(*state, "c.npz");
    const uint16_t half[4] = { 0x3c00, 0xc100, 0x0001, 0x7bff };
    const double wide[2] = { 1e-3, -7 };
    real got[4];
    archive z = { .n = 0 };
    add_raw(&z, "half", "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }", half, sizeof half, 1);
    add_raw(&z, "wide", "{'shape': (2, 1), 'descr': '<f8', 'fortran_order': False}", wide, sizeof wide, 0);
    save(&z, path);
    npz *f = npz_open(path);
    assert_int_equal(f->n, 2);
    npz_get(f, npz_find(f, "half"), got);
    static const double want[4] = { 1, -2.5, 0x1p-24, 65504 };
    for (int i = 0; i < 4; i++) near(got[i], want[i], 0);
    npz_get(f, npz_find(f, "wide"), got);
    near(got[0], 1e-3, 1e-10);
    near(got[1], -7, 0);
    assert_int_equal(npz_find(f, "none"), -1);
    npz_close(f), free(path);
}

static void bad_header(const char *path, const char *dictionary, const char *wanted)
{
    archive z = { .n = 0 };
    add_raw(&z, "x", dictionary, "12345678", 8, 0);
    save(&z, path);
    dies(2, wanted, npz_open(path));
}

/* Writes the file and reads it: 1 where it is refused with exit status 2. */
static int refuses(const char *path, const char *bytes, size_t n)
{
    file_write(path, bytes, n);
    net *t;
    params *p = tiny(&t);
    volatile int refused = 1;
    die_trap trap;
    die_trap_push(&trap);
    if (!setjmp(trap.jump)) vit_weights_read(path, p), die_trap_pop(&trap), refused = 0;
    else assert_int_equal(trap.status, 2);
    params_free(p), net_free(t);
    return refused;
}

static void archives_that_lie(void **state)
{
    char *path = path_join(*state, "d.npz");
    bad_header(path, "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", "wanted '<f2', '<f4' or '<f8'");
    bad_header(path, "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", "'fortran_order': False");
    bad_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "x: got 8 bytes of numbers, wanted 12 for its shape");
    bad_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "x: got 8 bytes of numbers, wanted 4 for its shape");
    archive z = { .n = 0 };                                    /* a member that claims four bytes of the directory behind it */
    add_raw(&z, "x", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "12345678", 8, 0);
    z.directory.p[20] = (unsigned char)(z.directory.p[20] + 4), z.directory.p[24] = (unsigned char)(z.directory.p[24] + 4);
    save(&z, path);
    dies(2, "wanted a member inside the file", npz_open(path));
    bad_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", "a shape that fits");
    bad_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 2), }", "at most four sizes");
    bad_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "at most four sizes");
    bad_header(path, "{'descr': '<f4', 'shape': (2,), }", "wanted 'fortran_order'");
    file_write(path, "PK", 2);
    dies(2, "got no directory at its end", npz_open(path));
    for (volatile int deflated = 0; deflated < 2; deflated++) {        /* a number changed: only the checksum can tell */
        archive y = { .n = 0 };
        add(&y, "x", "2,", (const float[]){ 1, 2 }, 2, deflated);
        y.directory.p[16] ^= 1;
        save(&y, path);
        npz *f = npz_open(path);
        dies(2, "x: damaged (its checksum is wrong)", npz_get(f, 0, (real[2]){ 0 }));
        npz_close(f);
    }
    size_t n;
    make(path, 1, NULL, NULL);
    char *good = file_read(path, 1 << 20, &n);
    for (size_t cut = 1; cut < n; cut += 97) assert_true(refuses(path, good, n - cut));      /* the directory stands at the end */
    int refused = 0, trials = 0;
    for (size_t at = 0; at < n; at += 11, trials++) {          /* one byte wrong: read or refused, never worse */
        good[at] ^= 0x55;
        refused += refuses(path, good, n);
        good[at] ^= 0x55;
    }
    assert_true(refused > trials / 4);
    free(good), free(path);
}

static int setup(void **s) { *s = test_scratch(); return 0; }
static int teardown(void **s) { test_scratch_remove(*s); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_turned), cmocka_unit_test(what_does_not_fit_is_refused), cmocka_unit_test(number_types),
        cmocka_unit_test(archives_that_lie),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, setup, teardown);
}
