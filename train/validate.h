/* validate.h - validation during training: every film of the validation part through the network and back to its own size, compared
 * with its full label map. */
#ifndef TRAIN_VALIDATE_H
#define TRAIN_VALIDATE_H
#include "nn/net.h"
#include "train/samples.h"

typedef struct validation {
    int64_t cases;
    double dice, iou;                        /* mean over classes of the mean over films that have the class, in truth or prediction; NaN: none has */
    double class_dice[256], class_iou[256];  /* means over films; NaN: no film has it */
    int64_t class_n[256];                    /* films */
    double *case_dice;                       /* (cases) mean over classes; NaN: none; owned */
    double seconds;
    double psnr;                             /* validate_rebuilt: mean over films, dB; NaN: none was finite */
} validation;

/* Who watches; both calls may be NULL. stop is asked before every film: once it says 1 the validation ends early with cases = 0. seen gets
 * every film i with its mean DSC (NaN: none) and both label maps, which live until it returns. */
typedef struct validate_watch {
    void *arg;
    int  (*stop)(void *arg);
    void (*seen)(void *arg, int64_t i, double dice, const uint8_t *pred, const uint8_t *truth);
} validate_watch;

/* r: the network for one image, bound to the weights to judge, at each input size of the set that has samples. ignore: a class whose pixels
 * do not count, or -1. w may be NULL. */
validation validate(samples *set, net_program *const *r, int ignore, const validate_watch *w);
/* Of a network that rebuilds its input (train/adversary.h): psnr, of each film as the network sees it, with a peak of the film's range. */
validation validate_rebuilt(samples *set, net_program *r, const validate_watch *w);
/* Bytes that it takes beside the network: for the input, the scores and the largest film. */
size_t validate_bytes(const samples *set, const net_conf *c);
void validation_free(validation *v);
#endif
