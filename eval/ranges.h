/* ranges.h - normal ranges of parameters, from a CSV file: code,low,high,unit,population,source. An empty limit means that there is none.
 * What the program brings along is configs/ranges.csv; every hospital may have its own. */
#ifndef EVAL_RANGES_H
#define EVAL_RANGES_H

typedef struct range { char *code, *unit, *population, *source; double low, high; } range;     /* -INFINITY, INFINITY: no limit */
typedef struct ranges { int n; range *r; } ranges;

ranges ranges_read(const char *path);            /* dies 2 with file:line */
void   ranges_free(ranges *t);
const range *ranges_find(const ranges *t, const char *code);       /* NULL: none known */
/* -1 below, +1 above, 0 inside. */
int    range_side(const range *r, double value);
/* "20 to 65", "up to 20", "from 14"; room for 48 bytes. */
const char *range_text(const range *r, char out[48]);
#endif
