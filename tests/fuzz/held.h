/* held.h - a fuzz target for files that are read by name through one descriptor: each input is a file in memory, which read_all(path) then
 * reads. That must end in data of the stated sizes or in an error of status 2, never in a crash. The including file defines it. */
#ifndef FUZZ_HELD_H
#define FUZZ_HELD_H
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void read_all(const char *path);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static int file = -1;
    static char path[64];
    if (file < 0) file = memfd_create("input", 0), snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ftruncate(file, (off_t)n) || pwrite(file, bytes, n, 0) != (ssize_t)n) abort();
    const int next = dup(file);                                    /* the descriptor that opening will get */
    close(next);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        read_all(path);
        die_trap_pop(&t);
    } else {
        if (t.status != EXIT_INPUT) abort();
        close(next);                                               /* what the refused file left open */
    }
    return 0;
}
#endif
