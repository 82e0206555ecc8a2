/* phantom.h - an anatomy made by hand from the struct alone, for tests of the picture that must not wait for, or change with, the sampled
 * ones: bodies along a bent line with pedicles and spinous processes. */
#ifndef TESTS_PHANTOM_H
#define TESTS_PHANTOM_H
#include "synth/anatomy.h"

anatomy *phantom_new(enum region region, uint64_t seed, uint32_t index, int64_t h, int64_t w, double spacing);
void     phantom_free(anatomy *a);
#endif
