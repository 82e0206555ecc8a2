/* pattern.h - files found by a pattern with stars, and what its stars stand for: how films find their labels. */
#ifndef DATASETS_PATTERN_H
#define DATASETS_PATTERN_H
#include <stdint.h>

typedef struct found { char *path, *name, *id; int used; } found;        /* to open; relative to the folder; see pattern_find */
typedef struct found_list { int64_t n; found *f; } found_list;

/* Stars of a pattern. They stand for any text without a slash; no other wildcard is allowed, nor an absolute pattern. */
int pattern_stars(const char *pattern);
/* All files below folder that match, in order of id, then of name; id: what the first `stars` stars stand for, joined by '_'. Names with
 * the same id stay together. Dies 2 where none matches. */
found_list pattern_find(const char *folder, const char *pattern, int stars);
void       found_free(found_list *l);
/* The first of this id, or -1. */
int64_t    found_at(const found_list *l, const char *id);
#endif
