/* seal.c - see seal.h. */
#include "nn/seal.h"
#include "base/die.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char title[] = "darkspine checkpoint 1\nsha256 ";
static const char about[] = "\nof the bytes from 512 on, which are an HDF5 file; h5py and HDFView open this file as it is\n";

/* The hash of everything from SEAL_SIZE on, as 64 characters. Returns 0 where the file cannot be read. */
static int hash(int fd, char hex[65])
{
    enum { CHUNK = 1 << 20 };
    unsigned char *bytes = xalloc(CHUNK), digest[32];
    EVP_MD_CTX *e = EVP_MD_CTX_new();
    int ok = e && EVP_DigestInit_ex(e, EVP_sha256(), NULL);
    ssize_t got = 0;
    for (off_t at = SEAL_SIZE; ok && (got = pread(fd, bytes, CHUNK, at)) > 0; at += got) ok = EVP_DigestUpdate(e, bytes, (size_t)got);
    ok = ok && got == 0 && EVP_DigestFinal_ex(e, digest, NULL);
    for (int i = 0; ok && i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(e), free(bytes);
    return ok;
}

static void text_of(const char *hex, char block[SEAL_SIZE])
{
    memset(block, 0, SEAL_SIZE);
    snprintf(block, SEAL_SIZE, "%s%s%s", title, hex, about);
}

int seal_write(int fd)
{
    char hex[65], block[SEAL_SIZE];
    errno = 0;
    if (!hash(fd, hex)) return 0;
    text_of(hex, block);
    return pwrite(fd, block, SEAL_SIZE, 0) == SEAL_SIZE;
}

int seal_check(const char *path, char why[160])
{
    char got[SEAL_SIZE], want[SEAL_SIZE], hex[65];
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);        /* a pipe must not block */
    if (fd < 0 || fstat(fd, &s) || !S_ISREG(s.st_mode)) {
        snprintf(why, 160, "cannot be opened: %s", fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0) close(fd);
        return 0;
    }
    int ok = 0;
    const ssize_t n = pread(fd, got, SEAL_SIZE, 0);
    if (n >= 4 && !memcmp(got, "\x89HDF", 4))
        snprintf(why, 160, "is not a darkspine checkpoint: HDF5, but films, predictions or other data; weights are wanted here");
    else if (n != SEAL_SIZE || memcmp(got, title, strlen(title))) snprintf(why, 160, "is not a darkspine checkpoint");
    else if (!hash(fd, hex)) snprintf(why, 160, "cannot be read: %s", strerror(errno));
    else {
        text_of(hex, want);
        ok = !memcmp(got, want, SEAL_SIZE);
        if (!ok) snprintf(why, 160, "is damaged: its content does not match its SHA-256");
    }
    close(fd);
    return ok;
}
