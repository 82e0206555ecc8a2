/* seal.h - a SHA-256 in front of an HDF5 file.
 *
 * HDF5 leaves the first bytes of a file (its user block) to the application. The seal is 512 bytes of text there: what the file is
 * and the hash of every byte after it, so a damaged file is known before the HDF5 library sees one byte of it, and
 * `tail -c +513 last.h5 | sha256sum` checks it by hand. h5py and HDFView open such a file as it is. It guards against damage, not
 * against malice: who writes a file can also seal it. */
#ifndef NN_SEAL_H
#define NN_SEAL_H

enum { SEAL_SIZE = 512 };

/* Writes the seal of a finished file (open for reading and writing) whose user block is SEAL_SIZE bytes. Returns 0, with errno
 * set, where it cannot. */
int seal_write(int fd);
/* 1: whole. 0: why says what is wrong ("cannot be opened: ...", "is not a darkspine checkpoint", "is damaged: ..."). */
int seal_check(const char *path, char why[160]);
#endif
