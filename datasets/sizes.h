/* sizes.h - several sizes of a net's input (data.sizes), so that films of many shapes need little padding, or are bent little: each film goes to
 * one of them, by its own height and width alone. Size 0 is the net's own. */
#ifndef DATASETS_SIZES_H
#define DATASETS_SIZES_H
#include "datasets/fit.h"

enum { FIT_SIZES = 16 };                 /* at most, the net's own among them */
typedef struct fit_sizes { int n; int64_t h[FIT_SIZES], w[FIT_SIZES]; } fit_sizes;

/* The net's own size and those of c->sizes, "512x256,768x384" (rows x columns). Dies 2 where that is no such list, or one stands twice. */
fit_sizes fit_sizes_of(const fit_conf *c, int64_t net_h, int64_t net_w);
/* The size for a film: the one nearest in shape (log of height / width), of several of the same shape that nearest in area, of equals the
 * first. */
int       fit_sizes_choose(const fit_sizes *s, int64_t h, int64_t w);
int64_t   fit_sizes_area(const fit_sizes *s);          /* pixels of the largest */

/* Words that make a network one of size k: "net.height=...", "net.width=...". */
typedef struct size_words { char text[2][40]; const char *word[2]; } size_words;
void      fit_sizes_words(const fit_sizes *s, int k, size_words *out);
#endif
