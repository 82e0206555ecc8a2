/* file.h - files that are whole or absent.
 *
 * Everything darkspine writes goes to a temporary name beside its target, is synced, and is renamed over the target; a crash, a
 * full disk or a signal leaves the old file as it was. Temporaries of a process that ends early are removed at exit. */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include <stdio.h>
#include <stddef.h>

/* For writers of our own: FILE *f = file_begin(path); fprintf(f, ...); file_commit(f, path).
 * file_begin dies 2 where the folder does not exist or cannot be written, file_commit dies 4 on any write error (disk full). */
FILE *file_begin(const char *path);
void  file_commit(FILE *f, const char *path);

/* For libraries that open a path themselves (HDF5, cairo, libpng): write to file_temp(path), then file_publish(path), which
 * syncs and renames. file_discard removes the temporary. The name is freed by publish or discard. */
const char *file_temp(const char *path);
void file_publish(const char *path);
void file_discard(const char *path);
/* Signals that end a program (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU; unless ignored) remove the temporaries first, the oldest 16 of
 * them. file_clean does so alone, and may be called by a signal's handler. */
void file_clean_on_signals(void);
void file_clean(void);

void  file_write(const char *path, const void *bytes, size_t n);           /* begin, write, commit */
/* The whole file, NUL-terminated, length in *n (may be NULL); dies 2 when missing, unreadable or larger than limit bytes. */
char *file_read(const char *path, size_t limit, size_t *n);
char *text_read(const char *path, size_t limit);                           /* the same; dies 2 where it holds a zero byte: no text does */
int   file_exists(const char *path);
int   file_is_folder(const char *path);
void  file_make_folders(const char *path);                                 /* mkdir -p; dies 2 or 4 */
char *path_join(const char *folder, const char *name);                     /* fresh string; an absolute name stays itself */
char *path_folder(const char *path);                                       /* "a/b.png" -> "a", "b.png" -> "." ; fresh */
char *path_stem(const char *path);                                         /* "a/b.c.png" -> "b.c", "a/b/" -> "b"; fresh */
/* Does a name end in one of a "|.png|.jpg|" style list, in letters of either case? NULL: always */
int file_has_suffix(const char *name, const char *suffixes);
/* Names in a folder that end in one of the suffixes (NULL = all; "|.png|.jpg|" style list), sorted, no dot files, not
 * recursive; *n gets the count. Fresh array of fresh names. Dies 2 where the folder cannot be read. */
char **file_list(const char *folder, const char *suffixes, int *n);
#endif
