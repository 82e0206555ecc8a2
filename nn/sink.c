/* sink.c - see sink.h. */
#include "nn/sink.h"
#include "base/die.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

typedef struct sink_file { H5FD_t base; sink *s; haddr_t eoa, eof; } sink_file;       /* base first: the library casts */

static void note(sink *s, int ok)
{
    if (!ok && !s->error) s->error = errno ? errno : EIO;
}

static H5FD_t *open_file(const char *name, unsigned flags, hid_t how, haddr_t most)
{
    (void)name, (void)flags, (void)most;
    sink_file *f = xalloc(sizeof *f);
    f->s = *(sink *const *)H5Pget_driver_info(how);
    return &f->base;
}

static herr_t close_file(H5FD_t *file) { free(file); return 0; }
static haddr_t get_eoa(const H5FD_t *file, H5FD_mem_t type) { (void)type; return ((const sink_file *)file)->eoa; }
static haddr_t get_eof(const H5FD_t *file, H5FD_mem_t type) { (void)type; return ((const sink_file *)file)->eof; }
static herr_t set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t at) { (void)type; ((sink_file *)file)->eoa = at; return 0; }

static herr_t read_file(H5FD_t *file, H5FD_mem_t type, hid_t dxpl, haddr_t at, size_t size, void *bytes)
{
    (void)type, (void)dxpl;
    sink_file *f = (sink_file *)file;
    char *p = bytes;
    for (ssize_t got; size; p += got, at += (haddr_t)got, size -= (size_t)got)
        if ((got = pread(f->s->fd, p, size, (off_t)at)) <= 0) {
            note(f->s, got == 0);
            memset(p, 0, size);                                    /* beyond what was written: zeros, as in a sparse file */
            break;
        }
    return 0;
}

static herr_t write_file(H5FD_t *file, H5FD_mem_t type, hid_t dxpl, haddr_t at, size_t size, const void *bytes)
{
    (void)type, (void)dxpl;
    sink_file *f = (sink_file *)file;
    if (at + size > f->eof) f->eof = at + size;
    const char *p = bytes;
    for (ssize_t put; size && !f->s->error; p += put, at += (haddr_t)put, size -= (size_t)put)
        if ((put = pwrite(f->s->fd, p, size, (off_t)at)) <= 0) {
            if (put < 0 && errno == EINTR) { put = 0; continue; }
            note(f->s, 0);
            break;
        }
    return 0;
}

static herr_t cut_file(H5FD_t *file, hid_t dxpl, hbool_t closing)
{
    (void)dxpl, (void)closing;
    sink_file *f = (sink_file *)file;
    if (f->eof == f->eoa) return 0;
    note(f->s, ftruncate(f->s->fd, (off_t)f->eoa) == 0);
    f->eof = f->eoa;
    return 0;
}

static herr_t features(const H5FD_t *file, unsigned long *out)
{
    (void)file;
    *out = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

hid_t sink_use(hid_t how, sink *s)
{
    static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 14, 0)
        .version = H5FD_CLASS_VERSION, .value = (H5FD_class_value_t)511,
#endif
        .name = "darkspine", .maxaddr = (haddr_t)1 << 62, .fc_degree = H5F_CLOSE_STRONG, .fapl_size = sizeof(sink *), .open = open_file,
        .close = close_file, .query = features, .get_eoa = get_eoa, .set_eoa = set_eoa, .get_eof = get_eof, .read = read_file,
        .write = write_file, .truncate = cut_file, .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    hid_t id = H5FDregister(&driver);
    if (id >= 0 && H5Pset_driver(how, id, &s) < 0) { H5FDunregister(id); id = -1; }
    return id;
}
