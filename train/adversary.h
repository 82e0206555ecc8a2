/* adversary.h - a network that rebuilds its input, trained against a critic that tells its pictures from films (VQ-GAN: Esser et al. 2021).
 *
 * Two objectives, each a network and a list of steps of its own, on one arena of parameters that both bind to by name. The generator's:
 *   nll = mean |x - xr| + perceptual distance;   g = -mean critic(xr);   total = nll + w g + codebook loss
 * where w makes the gradients of nll and g equally long at the last weights before xr (kernels/balance.h); its list takes those two gradients
 * first and then the total's. The critic's: a forward pass with the generator as it now is, and hinge or logistic loss on films and pictures.
 * Until batch `start` the critic counts for nothing, in both; but it is run, so that the statistics of its norms move. */
#ifndef TRAIN_ADVERSARY_H
#define TRAIN_ADVERSARY_H
#include "nn/net.h"
#include "nn/optim.h"

typedef struct adversary_conf {
    const char *critic;                      /* its cfg */
    const char *features;                    /* cfg of a network of features (configs/nets/vgg16-features.cfg), which is not trained; NULL: instead of
                                              * a perceptual distance, the mean |difference| of the pictures' gradients */
    double perceptual, weight, codebook;     /* of the three terms beside mean |x - xr| */
    int64_t start;                           /* batches */
    int vanilla;                             /* the critic's loss: 0 hinge (Lim and Ye 2017), 1 logistic (Goodfellow et al. 2014) */
    int dropout;                             /* 1: half of the feature differences are left out at random, as the published training did by accident */
} adversary_conf;

enum { ADVERSARY_TAPS = 5 };
typedef struct adversary {
    net *t, *u;                              /* generator and its objective; generator and critic */
    schedule build, judge;
    context c;
    params *p;                               /* group 0: generator; 1: critic; features are frozen */
    optim *o;
    tensor *l1, *perceptual, *nll, *fooled, *codebook, *loss, *perplexity, *balance;      /* numbers; balance: w. NULL: there is none */
    tensor *tap[ADVERSARY_TAPS];             /* (n 1 1 1) parts of the perceptual distance of each image; NULL: there is none */
    tensor *critic_loss;
    int forward;                             /* steps of `build` that are the forward pass of nll, g and codebook loss */
} adversary;

typedef struct adversary_losses { double loss, l1, perceptual, codebook, fooled, balance, perplexity, critic, norm, critic_norm; } adversary_losses;

/* The network at path, for [net] batch images; overrides as in net_load. share: as in plan_make. Parameters are drawn by seed. */
adversary *adversary_new(const adversary_conf *f, const char *path, const char *const *overrides, int n, const optim_conf *o, uint64_t seed,
                         int share, const device *dev);
void adversary_free(adversary *a);
/* One batch (batch, h, w, channels), -1..1, into both networks. */
void adversary_put(adversary *a, const real *image);
/* Batch number `step` from 0: generator, then critic. Where losses->norm or critic_norm is not finite its half has changed nothing. */
void adversary_step(adversary *a, int64_t step, double lr, const real *image, adversary_losses *out);
#endif
