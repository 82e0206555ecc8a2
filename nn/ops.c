/* ops.c - the table of ops. A new op is a row here, its file in nn/ops, its kernels, and a line in tests/cases. */
#include "nn/op.h"
#include <string.h>

extern const op op_element_loss, op_soft_dice, op_distill, op_gather, op_scatter, op_pick, op_top_k, op_maximum, op_argmax;
extern const op op_conv, op_deconv, op_batch_norm, op_group_norm, op_activation, op_add, op_dropout, op_softmax, op_concat, op_pad, op_crop,
    op_maxpool, op_upsample, op_cross_entropy, op_bce, op_dice, op_total;
extern const op op_avgpool, op_reduce, op_layer_norm, op_weight_standardize, op_linear, op_add_table, op_multiply, op_reshape, op_attention, op_fold_norm;

const op *const ops[] = {
    &op_element_loss, &op_soft_dice, &op_distill, &op_gather, &op_scatter, &op_pick, &op_top_k, &op_maximum, &op_argmax,
    &op_conv, &op_deconv, &op_batch_norm, &op_group_norm, &op_activation, &op_add, &op_dropout, &op_softmax, &op_concat, &op_pad, &op_crop,
    &op_maxpool, &op_upsample, &op_cross_entropy, &op_bce, &op_dice, &op_total,
    &op_avgpool, &op_reduce, &op_layer_norm, &op_weight_standardize, &op_linear, &op_add_table, &op_multiply, &op_reshape, &op_attention, &op_fold_norm, NULL
};

const op *op_find(const char *name)
{
    for (int i = 0; ops[i]; i++) if (!strcmp(ops[i]->name, name)) return ops[i];
    return NULL;
}
