/* sampling.h - how often each training case stands in an epoch.
 *
 * uniform: once each. balanced: so that every class is met equally often, as far as whole cases allow: the weight of a case is the sum over
 * its classes of 1 / (cases with that class), cases without any being a class of their own. hard: in proportion to the loss that a case had
 * lately, within a quarter and four times the mean. An epoch keeps its length; weighted ones draw by systematic resampling (Kitagawa
 * 1996), so a case of weight w times the mean stands there floor(w) or ceil(w) times. What hard listens to is the loss of the part
 * of a batch (solver.subdivisions) that the case was in: the smaller the parts, the sharper. */
#ifndef TRAIN_SAMPLING_H
#define TRAIN_SAMPLING_H
#include "nn/checkpoint.h"
#include "train/samples.h"

typedef struct sampling {
    int kind;                                /* enum in train/run.h */
    int64_t n;
    double *weight;                          /* (n) of the epoch that is being drawn, their mean is 1; NULL: uniform */
    double *loss;                            /* (n) hard: running mean of each case; NaN: not met yet */
} sampling;

/* balanced reads every label map of the set. */
sampling sampling_new(int kind, const samples *set);
void sampling_free(sampling *s);
/* hard: case i was part of what gave this loss. */
void sampling_met(sampling *s, int64_t i, double loss);
/* hard: the weights of the next epoch, from the losses so far. 1: they are new. */
int  sampling_next(sampling *s);
/* hard: to and from a checkpoint, bit for bit. Dies 2 where the checkpoint holds none that fit. */
void sampling_save(const sampling *s, checkpoint *k);
void sampling_load(sampling *s, const checkpoint *k);

/* order (n): cases drawn by weight (n) for this epoch, shuffled; turn (n): how often the case stands there before. Returns the highest
 * turn. weight NULL: each once. size: draws of its own for each. */
int64_t sampling_order(uint64_t seed, int64_t epoch, int size, int64_t n, const double *weight, int64_t *order, int64_t *turn);

/* Batches, and so optimiser steps, of an epoch: those of each input size, its last one filled up with the first samples of that size. */
int64_t sampling_steps(const samples *set, int64_t batch);
/* The epoch's batches one after the other: sample and turn (sampling_steps * batch). All samples of a batch have one input size; batches of several
 * sizes come in random order, each size as often as its films ask for whatever their weights. shuffle 0: cases as they stand in the set,
 * once each, size after size. */
void    sampling_deal(const samples *set, uint64_t seed, int64_t epoch, int64_t batch, int shuffle, const double *weight, int64_t *sample,
                      int64_t *turn);
#endif
