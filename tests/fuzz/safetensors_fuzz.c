/* safetensors_fuzz.c - any bytes as a safetensors file: refused with one line, or read within the sizes it declares. */
#include "base/die.h"
#include "nn/safetensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static int file = -1;
    static char path[64];
    if (file < 0) file = memfd_create("safetensors", 0), snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ftruncate(file, (off_t)n) || pwrite(file, bytes, n, 0) != (ssize_t)n) abort();
    const int next = dup(file);                                    /* the descriptor that opening will get */
    close(next);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        safetensors *f = safetensors_open(path);
        for (int i = 0; i < f->n; i++) {
            if (f->t[i].type == I64 || safetensors_find(f, f->t[i].name) != i) continue;
            real *x = xalloc_n((size_t)shape_volume(&f->t[i].s), sizeof *x);
            safetensors_get(f, i, x);
            free(x);
        }
        safetensors_close(f);
        die_trap_pop(&t);
    } else {
        if (t.status != EXIT_INPUT) abort();
        close(next);                                               /* what the refused file left open */
    }
    return 0;
}
