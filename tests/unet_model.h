/* unet_model.h - a U-Net with the parameters, input and labels of the reference runs, ready to run: shared by the fixture test and by
 * the tool that hands every gradient to PyTorch. */
#ifndef TESTS_UNET_MODEL_H
#define TESTS_UNET_MODEL_H
#include "nn/net.h"

typedef struct unet { net *t; params *p; schedule plan; context c; tensor *truth, *ce, *dice, *loss; int forward; } unet;

enum { EXACT, WINOGRAD, HALVES };        /* how convolutions compute; HALVES: net.precision=bf16 */
/* Batch 1, h x w, cross-entropy + Dice; tag names the input ("a32"). plan: every buffer apart, so that features
 * can be looked at after the run; steps before `forward` are the forward pass. */
unet unet_new(const char *path, int64_t h, int64_t w, const char *tag, int how);
void unet_free(unet *m);
void  reference_key(const char *name, char key[160]);        /* our parameter's name -> the reference's state_dict key */
shape reference_shape(const param *q);                       /* O,I,H,W or I,O,H,W; as is for the rest */
int64_t reference_at(const param *q, const shape *r, int64_t i);     /* where element i of the reference's layout stands in ours */
#endif
