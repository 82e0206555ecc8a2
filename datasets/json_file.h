/* json_file.h - JSON files of others: reading one, and asking for what may or may not be there. Values keep belonging to the file's
 * tree. */
#ifndef DATASETS_JSON_FILE_H
#define DATASETS_JSON_FILE_H
#include <jansson.h>
#include <stddef.h>

json_t     *json_file(const char *path, size_t limit);                /* dies 2 where it cannot be read, is no JSON or has a key twice */
json_t     *json_try(const char *path, size_t limit, char **why);     /* the same; NULL with a fresh reason instead */
const char *json_word(const json_t *o, const char *key);              /* the text under key, or NULL; "" is a text */
int         json_number(const json_t *v, double *out);                /* a number, not NaN; 0 where it is none */
int64_t     json_whole(const json_t *v);                              /* a whole number, also one written as 512.0; else 0 */
/* A fresh text of what stands under key: a text, a number, or "" for everything else. */
char       *json_text(const json_t *o, const char *key);
json_t     *json_clean(const char *s);                                /* a text that need not be UTF-8, as one that is */
/* Numbers x, y, x, y, ... of a list, or [[x, y], ...]: fresh array of 2 * *n, or NULL with *why where it is none. */
double     *json_points(const json_t *list, int64_t *n, const char **why);
#endif
