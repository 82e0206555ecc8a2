/* patched.h - a fuzz target for files that are read by name: a small sound file is made once by make_sound(path), and each input is a
 * list of patches (where: 3 bytes, what: 1 byte) on a copy of it, which read_all(path) then reads. That must end in data of the stated
 * sizes or in an error of status 2, never in a crash. The including file defines the two. */
#ifndef FUZZ_PATCHED_H
#define FUZZ_PATCHED_H
#include "base/die.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_sound(const char *path);
static void read_all(const char *path);

static char path[64], *sound;
static size_t size;

/* HDF5 asks for what a hostile size says and copes with a refusal; what die() leaves behind is not given back. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1:detect_leaks=0"; }

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    snprintf(path, sizeof path, "%s/fuzz-%ld.h5", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
    make_sound(path);
    sound = file_read(path, 1 << 24, &size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *b = malloc(size);
    memcpy(b, sound, size);
    for (size_t i = 0; i + 4 <= n; i += 4) b[((size_t)data[i] << 16 | (size_t)data[i + 1] << 8 | data[i + 2]) % size] = (char)data[i + 3];
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b, 1, size, f) != size) abort();
    fclose(f), free(b);
    read_all(path);
    return 0;
}
#endif
