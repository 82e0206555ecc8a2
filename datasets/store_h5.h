/* store_h5.h - what store.c (opening, index), store_chunk.c (bytes), store_read.c (cases) and store_write.c
 * share, and what eval/predictions.c reads its file with; nobody else includes it.
 *
 * Every HDF5 call is made between h5_enter and h5_leave. Code in between never dies (the lock would stay shut): it returns a
 * reason, NULL for fine, and the caller leaves before it dies. */
#ifndef DATASETS_STORE_H5_H
#define DATASETS_STORE_H5_H
#include <hdf5.h>
#include "datasets/store.h"

struct store {
    char *path;
    hid_t file;
    int writing;
    int64_t n, room;                 /* cases */
    store_case *row;                 /* (n) */
    char **text; int64_t ntext, text_room;    /* every string of the rows, to be freed */
    int64_t *by_id;                  /* (n) case numbers in order of id */
    classes table;
};

/* The columns of /index: one table drives reading, writing and the documentation's order. */
typedef enum { COL_TEXT, COL_SPLIT, COL_INT, COL_SIZE, COL_PAIR } column_kind;     /* char*, enum split, int, int64_t, double[2] */
typedef struct column { const char *name; column_kind kind; size_t at; int required; } column;
extern const column store_columns[];
extern const int store_ncolumns;

void h5_enter(void);
void h5_leave(void);
char *store_keep(store *s, char *text);                        /* the store takes the string over */
const char *id_fault(const char *id);                          /* NULL: usable as a case id and a file name */
void store_sort(store *s);                                     /* fills by_id; dies where two ids are equal */

/* A whole number of 1 to 8 bytes or an IEEE float, without padding bits: HDF5's conversion of odder types is slow and wastes memory. */
int h5_plain_number(hid_t type);
/* A small dataset, whole, in memory type `type` (strings: an array of fresh char *). dims gets `rank` sizes, none above limit;
 * *out NULL and no reason where the dataset does not exist. Called inside the lock. */
const char *h5_small(hid_t file, const char *path, hid_t type, int rank, hsize_t limit, hsize_t *dims, void **out);
const char *h5_strings(hid_t file, const char *path, hsize_t limit, hsize_t *n, char ***out);
void h5_strings_free(char **text, hsize_t n);
/* An existing dataset in the file itself: no external file, no virtual mapping, no link elsewhere. -1 with *reason NULL: absent. */
hid_t h5_open(hid_t file, const char *path, const char **reason);

/* How a dataset lies in the file. Sizes are checked: no dimension above limit, at most 1 GiB in all and in one chunk. */
typedef struct layout {
    int rank, chunked, nfilters, filter[3];
    size_t each;                                               /* bytes of an entry as stored */
    hsize_t dims[3], count, chunk[3], chunk_count;             /* count, chunk_count: entries in all, in a chunk */
} layout;
const char *h5_layout(hid_t d, int rank, hsize_t limit, layout *l);
/* All entries in memory type `type`, freshly allocated. */
const char *h5_read(hid_t d, const layout *l, hid_t type, void **out);

/* A chunk as it lies in the file. Fetching needs the lock; decoding does not, and takes p whatever comes of it. */
typedef struct chunk { unsigned char *p; size_t n; uint32_t skipped; } chunk;
const char *chunk_fetch(hid_t d, const layout *l, const hsize_t *at, chunk *c);
const char *chunk_decode(chunk *c, const layout *l, unsigned char *out);

/* Writers, inside the lock; 0 on failure. Strings become fixed-length UTF-8. */
int h5_put(hid_t group, const char *name, hid_t type, int rank, const hsize_t *dims, const void *data);
int h5_put_strings(hid_t group, const char *name, hsize_t n, const char *const *text);
int h5_put_column(hid_t index, const column *c, const store_case *row, int64_t n);
#endif
