/* npz_fuzz.c - any bytes as a .npz archive: refused with one line, or read within the sizes it declares. */
#include "tests/fuzz/held.h"
#include "nn/npz.h"

static void read_all(const char *path)
{
    npz *f = npz_open(path);
    for (int i = 0; i < f->n; i++) {
        real *x = xalloc_n((size_t)shape_volume(&f->a[i].s), sizeof *x);
        npz_get(f, i, x);
        free(x);
    }
    npz_close(f);
}
