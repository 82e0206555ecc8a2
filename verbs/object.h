/* object.h - the one JSON object that --json puts on stdout. */
#ifndef VERBS_OBJECT_H
#define VERBS_OBJECT_H
#include <jansson.h>

/* A text from outside (a path, a name, a reason): bytes that are not UTF-8, and control characters, become U+FFFD. Never NULL. */
json_t *object_text(const char *s);
/* Adds o to a list. Here and in object_print, a NULL (out of memory) ends the program: nothing is left out in silence. */
void object_append(json_t *list, json_t *o);
/* Prints and drops o. Dies 4 where stdout cannot take it. */
void object_print(json_t *o);
/* The same into a file, whole or absent; o stays. */
void object_write(const json_t *o, const char *path);
/* A number, or null where x is not finite: NaN is never printed. */
json_t *object_real(double x);
#endif
