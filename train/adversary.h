/* adversary.h - a network that rebuilds its input, trained against a critic that tells its pictures from films (VQ-GAN: Esser et al. 2021).
 *
 * Two objectives, each a network and a list of steps of its own, on one arena of parameters that both bind to by name. The generator's:
 *   nll = mean |x - xr| + perceptual distance + matching;   g = -mean critic(xr);   total = nll + w g + codebook loss
 * where w makes the gradients of nll and g equally long at the last weights before xr (kernels/balance.h); its list takes those two gradients
 * first and then the total's. The critic's: a forward pass with the generator as it now is, and hinge or logistic loss on films and pictures.
 * Until batch `start` the critic counts for nothing, in both; but it is run, so that the statistics of its norms move.
 *
 * Matching is the mean |difference| of the critic's own maps of x and of xr, after Wang et al. (CVPR 2018) and Larsen et al. (ICML 2016): features
 * that need no weights of others. With `erase` the network sees films with strokes erased (datasets/erase.h), and x is the whole film. */
#ifndef TRAIN_ADVERSARY_H
#define TRAIN_ADVERSARY_H
#include "nn/net.h"
#include "train/layers.h"

typedef struct adversary_conf {
    const char *critic;                      /* its cfg */
    const char *features;                    /* cfg of a network of features (configs/nets/vgg16-features.cfg), which is not trained; NULL: instead of
                                              * a perceptual distance, the mean |difference| of the pictures' gradients */
    double perceptual, weight, codebook;     /* of the three terms beside mean |x - xr| */
    double matching;                         /* weight of the mean difference of the critic's maps; 0: without */
    double erase;                            /* share of films that lose strokes */
    int64_t start;                           /* batches */
    int vanilla;                             /* the critic's loss: 0 hinge (Lim and Ye 2017), 1 logistic (Goodfellow et al. 2014) */
    int dropout;                             /* 1: half of the feature differences are left out at random, as the published training did by accident */
    int spend;                               /* gradients are used up one by one: solver.clip must be 0 */
    enum recompute recompute;                /* maps that cost little are made again, not kept */
} adversary_conf;

enum { ADVERSARY_TAPS = 5 };
/* The perceptual distance of two maps -1..1 (Zhang et al. 2018), n 1 1 1, and its parts; the network of features and the weights of the taps are
 * parameters of t, "perceptual.*". */
tensor *adversary_distance(net *t, const char *features, int dropout, tensor *mine, tensor *truth, tensor *taps[ADVERSARY_TAPS]);

typedef struct adversary {
    net *t, *u;                              /* generator and its objective; generator and critic */
    schedule build, judge;
    context c;
    params *p;                               /* group 0: generator; 1: critic; features are frozen */
    optim *o;
    tensor *truth[2];                        /* x, of t and of u: their inputs, or with `erase` leaves beside them */
    double erase;
    void *maps;                              /* of the two lists, which take turns */
    int spends;
    layer_step *layers;                      /* where it spends: model.layers */
    tensor *l1, *perceptual, *matching, *nll, *fooled, *codebook, *loss, *perplexity, *balance;      /* numbers; balance: w. NULL: there is none */
    tensor *critic_loss;
    int forward, judged;                     /* steps of `build` that are the forward pass of nll, g and codebook loss; of `judge` */
} adversary;

typedef struct adversary_losses { double loss, l1, perceptual, matching, codebook, fooled, balance, perplexity, critic, norm, critic_norm; } adversary_losses;

/* t and u: the same network twice, which then belong to the adversary. Nothing is taken yet; share: as in plan_make. */
adversary *adversary_plan(const adversary_conf *f, net *t, net *u, uint64_t seed, int share, const device *dev);
/* Takes the memory; parameters are drawn by the seed. */
void adversary_take(adversary *a, const optim_conf *o);
void adversary_free(adversary *a);
/* What is left when training is over: the generator's tensors, in the same arenas; free its p. */
params adversary_result(const adversary *a);
size_t adversary_map_bytes(const adversary *a);
int adversary_frozen(const char *name);      /* does the tensor belong to the network of features? */
/* One batch (batch, h, w, channels), -1..1, into both networks; what is erased of it follows from the seed and the step in a->c. */
void adversary_put(adversary *a, const real *image);
/* Batch number `step` from 0: generator, then critic. Where losses->norm or critic_norm is not finite its half has changed nothing,
 * but with `spend` the tensors before the bad one. */
void adversary_step(adversary *a, int64_t step, double lr, const real *image, adversary_losses *out);
#endif
