/* checkpoint_fuzz.c - checkpoints that lie. The input is a list of edits to a good checkpoint: links deleted, data sets and
 * attributes of any type and shape put in their place. The result is sealed again and read; it must load or be refused with one
 * line. Inputs whose first byte is odd are taken as the bytes of a file instead, and are not sealed: only the seal sees those,
 * because the HDF5 library itself (1.10) does not survive arbitrary bytes; that is what the seal is for. */
#include "base/die.h"
#include "base/file.h"
#include "nn/checkpoint.h"
#include "nn/seal.h"
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/checkpoint_fuzz.XXXXXX";
static void tidy(void) { unlink(path); }

static const char *const names[] = {
    "parameters", "parameters/conv.weight", "parameters/a", "optimiser", "optimiser/m", "optimiser/m/conv.weight", "ema", "ema/conv.weight",
    "texts", "texts/net.cfg", "texts/weights", "extra", "extra/t", "extra/n",
};
static const char *const fields[] = { "schema", "seed", "step", "best", "policy_lr", "ema_updates", "optimiser_kind", "optimiser_step" };
enum { NAMES = sizeof names / sizeof *names, FIELDS = sizeof fields / sizeof *fields };

static hid_t type_of(uint8_t b)
{
    if (b % 8 == 7) return H5Tvlen_create(H5T_IEEE_F32LE);
    hid_t t = H5Tcopy(b % 8 == 0 ? H5T_IEEE_F32LE : b % 8 == 1 ? H5T_IEEE_F64LE : b % 8 == 2 ? H5T_STD_I64LE : b % 8 == 3 ? H5T_STD_U64LE
                      : b % 8 == 4 ? H5T_IEEE_F32BE : H5T_C_S1);
    if (b % 8 == 5) H5Tset_size(t, H5T_VARIABLE);
    if (b % 8 == 6) H5Tset_size(t, (size_t)1 + (size_t)(b >> 3) * 1000003);
    return t;
}

static hid_t space_of(uint8_t b)
{
    hsize_t d[8];
    for (int i = 0; i < 8; i++) d[i] = b >> 3 == 31 && i == 0 ? (hsize_t)1 << 40 : (hsize_t)(i + (b >> 6)) % 4;
    return b % 8 == 7 ? H5Screate(H5S_SCALAR) : b % 8 == 6 ? H5Screate(H5S_NULL) : H5Screate_simple(b % 8 + 1, d, NULL);
}

static void edit(hid_t f, const uint8_t e[4])
{
    const char *name = names[e[1] % NAMES], *field = fields[e[1] % FIELDS];
    hid_t type = type_of(e[2]), space = space_of(e[3]), list = H5Pcreate(H5P_DATASET_CREATE), at = -1;
    if (e[2] & 128) H5Pset_layout(list, H5D_COMPACT);
    switch (e[0] % 5) {
    case 0: H5Ldelete(f, name, H5P_DEFAULT); break;
    case 1: at = H5Dcreate2(f, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT); break;
    case 2: H5Adelete(f, field); break;
    case 3: at = H5Acreate2(f, field, type, space, H5P_DEFAULT, H5P_DEFAULT); break;
    case 4: H5Lcreate_soft(names[e[2] % NAMES], f, name, H5P_DEFAULT, H5P_DEFAULT); break;
    }
    if (at >= 0) H5Oclose(at), H5Aclose(at);
    H5Pclose(list), H5Sclose(space), H5Tclose(type);
}

static char *good(params *p, size_t *n)
{
    optim_conf conf = { 0 };
    key_words(optim_keys, &conf, "ema=0.5", "fuzz");
    optim *o = optim_new(&conf, p);
    checkpoint k = { .net = xdup("[net]\n"), .best_epoch = -1 };
    checkpoint_put_text(&k, "t", "three"), checkpoint_put_number(&k, "n", 3);
    o->ema_updates = 1;
    unlink(path);
    checkpoint_write(path, &k, CHECKPOINT_STATE, p, o);
    checkpoint_clear(&k), optim_free(o);
    return file_read(path, 1 << 20, n);
}

static void load(params *p)
{
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        checkpoint *k = checkpoint_open(path);
        checkpoint_load(k, p, NULL);
        checkpoint_close(k);
        die_trap_pop(&t);
    } else if (t.status != EXIT_INPUT) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static params *p;
    static char *whole;
    static size_t size;
    if (!p) {
        graph *g = graph_new();
        graph_leaf(g, "conv.weight", SHAPE4(1, 1, 2, 3), REAL_TYPE, PARAM);
        p = params_new(g, &device_cpu, 1);
        if (mkstemp(path) < 0 || atexit(tidy)) abort();
        whole = good(p, &size);
    }
    const int raw = n > 0 && bytes[0] % 2, fd = open(path, O_RDWR | O_TRUNC);
    if (fd < 0 || write(fd, raw ? bytes + 1 : (uint8_t *)whole, raw ? n - 1 : size) < 0) abort();
    if (!raw) {
        hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        if (f < 0) abort();
        for (size_t i = 1; i + 4 <= n && i < 64; i += 4) edit(f, bytes + i);
        H5Fclose(f);
        if (!seal_write(fd)) abort();
    }
    close(fd);
    load(p);
    return 0;
}
