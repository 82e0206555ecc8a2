/* golden.h - reads the expected numbers in tests/golden/: NAME.tsv says what stands where in NAME.bin. See golden/README.md.
 *
 * Everything is handed out as double, in the reference's own layout (NCHW maps, OIHW filters): converting to ours is part of the
 * test. Whatever is asked for and not there fails the program at once, so a test cannot pass on data it did not find. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H
#include "nn/tensor.h"

typedef struct golden golden;

typedef struct golden_stat {             /* what is kept of a tensor too large to store */
    shape s;
    double sum, abs, sq, min, max;       /* sum x, sum |x|, sum x^2 */
    int n;                               /* samples: */
    int64_t at[16]; double v[16];        /* flat row-major index, value */
} golden_stat;

golden *golden_open(const char *path);                                   /* "tests/golden/ops_basic": reads .tsv and .bin */
void    golden_free(golden *g);
int     golden_has(const golden *g, const char *name);
double *golden_tensor(const golden *g, const char *name, shape *s);      /* row-major values, free() them; s may be NULL */
double  golden_scalar(const golden *g, const char *name);
const char *golden_text(const golden *g, const char *name);
golden_stat golden_stats(const golden *g, const char *name);
int     golden_count(const golden *g);                                   /* lines of the table, */
const char *golden_name(const golden *g, int i);                         /* and the name in each */

/* The parameters and inputs of the full models are not stored but regenerated: value i in [0, 1) of the tensor called key
 * (FNV-1a of the key, then SplitMix64), the same integer rule the references were run with. */
double golden_u01(const char *key, int64_t i);
/* A whole tensor, (float)((2 u - 1) * scale + offset): one rounding to float. */
void   golden_fill(const char *key, double scale, double offset, int64_t n, real *out);

/* n,c,h,w -> n,h,w,c and back; o,i,h,w -> h,w,i,o is golden_filter. */
void golden_nhwc(const shape *nchw, const double *from, real *to);
void golden_nchw(const shape *nchw, const real *from, double *to);
void golden_filter(const shape *oihw, const double *from, real *to);
void golden_filter_back(const shape *oihw, const real *from, double *to);
#endif
