/* object.h - the one JSON object that --json puts on stdout. */
#ifndef VERBS_OBJECT_H
#define VERBS_OBJECT_H
#include <jansson.h>

/* Prints and drops o. Dies 4 where stdout cannot take it. */
void object_print(json_t *o);
/* The same into a file, whole or absent; o stays. */
void object_write(const json_t *o, const char *path);
/* A number, or null where x is not finite: NaN is never printed. */
json_t *object_real(double x);
#endif
