/* npz_fuzz.c - any bytes as a .npz archive: refused with one line, or read within the sizes it declares. */
#include "base/die.h"
#include "nn/npz.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static int file = -1;
    static char path[64];
    if (file < 0) file = memfd_create("npz", 0), snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ftruncate(file, (off_t)n) || pwrite(file, bytes, n, 0) != (ssize_t)n) abort();
    const int next = dup(file);                                    /* the descriptor that opening will get */
    close(next);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        npz *f = npz_open(path);
        for (int i = 0; i < f->n; i++) {
            real *x = xalloc_n((size_t)shape_volume(&f->a[i].s), sizeof *x);
            npz_get(f, i, x);
            free(x);
        }
        npz_close(f);
        die_trap_pop(&t);
    } else {
        if (t.status != EXIT_INPUT) abort();
        close(next);                                               /* what the refused file left open */
    }
    return 0;
}
