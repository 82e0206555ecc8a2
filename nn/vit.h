/* vit.h - the weights of vision transformers as their authors published them (Dosovitskiy et al. 2021, hybrids with a ResNet): a .npz whose
 * arrays have JAX's names and layouts. They fill the encoder of a TransUNet; its decoder and head keep their starting values. */
#ifndef NN_VIT_H
#define NN_VIT_H
#include "nn/params.h"

typedef struct vit_read {
    int arrays;                          /* used */
    int64_t filled, kept;                /* parameters filled, and left as they were */
    int summed;                          /* the stem's three colours were summed for a network with one channel */
} vit_read;

/* Fills p->x. Strict: every array of the file is used (but for the classifier: head, pre_logits, cls) and every parameter of the encoder
 * is filled, each with the size it has, or exit 2. A position table of another grid is interpolated, linearly, corners kept. */
vit_read vit_weights_read(const char *path, params *p);
#endif
