/* bench_nets.h - whole networks and the loader as `bench` measures them: what eval/bench.h cannot reach, since training stands above it. */
#ifndef VERBS_BENCH_NETS_H
#define VERBS_BENCH_NETS_H
#include "eval/bench.h"

/* One row each, images/s. The ceiling counts the multiply-adds of a direct convolution: once for inference, three times (forward,
 * backward to data, backward to weights) for training. Training is one whole step: cross-entropy + Dice, gradients, SGD with momentum.
 * words: overrides such as net.batch=4. peak_rss: of this pass alone, where the kernel lets it be measured. steps: a row for every step
 * too. */
void bench_inference(bench *b, const char *path, const char *const *words, int n, const device *dev, int steps);
void bench_training(bench *b, const char *path, const char *const *words, int n, const device *dev, int steps);
/* Films of 1024 x 512 (8 bits, with masks) from a temporary store in a warm cache: read only, made into training samples, and from memory
 * through no, the usual and all augmentation. */
void bench_loader(bench *b);
#endif
