/* parallel.h - a loop on all threads whose steps may die. An error must not leave an OpenMP region (by a jump, or by an exit while
 * other threads still write): it is caught where it happens and raised when all threads have stopped. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H
#include <stdint.h>

/* work(arg, i) for every i of 0..n-1, in any order. After an error no new step begins; of several errors the one of the lowest i is
 * raised. tick (may be NULL) is told how many are done, by one thread at a time. */
void parallel_for(int64_t n, void (*work)(void *arg, int64_t i), void *arg, void (*tick)(void *with, int64_t done, int64_t total), void *with);
#endif
