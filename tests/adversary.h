/* adversary.h - a network and its critic for tests: both from files, planned and placed. */
#ifndef TESTS_ADVERSARY_H
#define TESTS_ADVERSARY_H
#include "train/adversary.h"

static inline adversary *adversary_new(const adversary_conf *f, const char *path, const char *const *words, int n, uint64_t seed, int share)
{
    optim_conf o;
    key_words(optim_keys, &o, "optimiser=adam beta1=0.5 beta2=0.9 decay=0", "test");
    adversary *a = adversary_plan(f, net_load(path, words, n), net_load(path, words, n), seed, share, &device_cpu);
    adversary_take(a, &o);
    return a;
}
#endif
