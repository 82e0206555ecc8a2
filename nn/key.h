/* key.h - key tables: how `key=value` words fill a struct.
 *
 * One table a section, layer or op says every key it takes, its type, default, range and meaning. From it come parsing, checking,
 * `darkspine help SECTION`, the resolved cfg that a run keeps, and the words of a test case. A key that no table knows is an error. */
#ifndef NN_KEY_H
#define NN_KEY_H
#include <stddef.h>
#include <stdint.h>

typedef enum {
    K_INT,      /* int64_t */
    K_REAL,     /* double */
    K_BOOL,     /* int: 0 or 1 */
    K_WORD,     /* int: position in `words` */
    K_TEXT,     /* const char *: any text; NULL where it is not given and has no default */
    K_LIST,     /* key_list: numbers by comma */
    K_FROM      /* const char *: names (or indices) of earlier layers by comma */
} key_type;

enum { KEY_LIST_MAX = 32 };
typedef struct { int n; double v[KEY_LIST_MAX]; } key_list;

typedef struct key {
    const char *name;
    key_type type;
    size_t at;                           /* offsetof the field in the struct */
    const char *def;                     /* default as text; NULL: must be given (K_TEXT, K_FROM: "" means none) */
    const char *help;
    double lo, hi;                       /* K_INT, K_REAL, K_LIST: allowed range, both included; lo == hi: any */
    const char *words;                   /* K_WORD: "linear|relu|leaky" */
} key;

/* One value into its field; where = "unet.cfg:42: convolutional.size" for the message. Dies 2 on a value that does not fit. */
void key_set(const key *k, void *out, const char *value, const char *where);
void key_defaults(const key *table, void *out);                  /* tables end with a NULL name; required keys are left zero */
const key *key_find(const key *table, const char *name);         /* NULL: no such key */
/* Words of a test case or a flag list, "size=3 stride=2": defaults, then each word; dies like cfg reading does. */
void key_words(const key *table, void *out, const char *words, const char *where);
/* Word i of "linear|relu|leaky"; fresh string, free() it. */
char *key_word(const char *words, int i);
/* The value of a field as text, the form key_set reads; fresh string, free() it. */
char *key_text(const key *k, const void *values);
/* For tables in which a choice decides which keys are read: dies where key `name` of the table differs from its default although
 * `used` is 0; choice = "optimiser=sgd". */
void key_unused(const key *table, const void *values, const char *name, int used, const char *choice, const char *at);
void key_print_help(const key *table);                           /* the table on stdout, aligned */
#endif
