/* parallel.c - see parallel.h. */
#include "base/parallel.h"
#include "base/die.h"

/* One step; 0 where it died, with the reason in t. */
static int survives(void (*work)(void *, int64_t), void *arg, int64_t i, die_trap *t)
{
    die_trap_push(t);
    if (setjmp(t->jump)) return 0;
    work(arg, i);
    die_trap_pop(t);
    return 1;
}

void parallel_for(int64_t n, void (*work)(void *arg, int64_t i), void *arg, void (*tick)(void *with, int64_t done, int64_t total), void *with)
{
    die_trap first;
    int64_t at = n, done = 0;
    #pragma omp parallel for schedule(dynamic)
    for (int64_t i = 0; i < n; i++) {
        int64_t failed;
        #pragma omp atomic read
        failed = at;
        if (failed < n) continue;
        die_trap t;
        const int fine = survives(work, arg, i, &t);
        #pragma omp critical(parallel_for)
        {
            if (!fine && i < at) {
                first = t;
                #pragma omp atomic write
                at = i;
            }
            if (done++, tick) tick(with, done, n);
        }
    }
    if (at < n) die_again(&first);
}
