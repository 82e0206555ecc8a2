/* ops.c - the table of ops. A new op is a row here, its file in nn/ops, its kernels, and a line in tests/cases. */
#include "nn/op.h"
#include <string.h>

extern const op op_element_loss, op_soft_dice, op_distill, op_gather, op_scatter, op_pick, op_top_k, op_maximum, op_argmax;
extern const op op_roi_align, op_level_rows, op_proposals, op_detections, op_widen_boxes, op_anchor_targets, op_roi_targets, op_mask_targets;
extern const op op_conv, op_deconv, op_batch_norm, op_fixed_norm, op_group_norm, op_activation, op_add, op_dropout, op_softmax, op_concat, op_pad, op_crop,
    op_maxpool, op_upsample, op_cross_entropy, op_bce, op_dice, op_total;
extern const op op_avgpool, op_reduce, op_layer_norm, op_weight_standardize, op_linear, op_add_table, op_multiply, op_reshape, op_attention,
    op_fold_norm;

extern const op op_quantize, op_codebook_loss, op_codebook_update, op_reflect, op_unit_difference, op_affine, op_balance;

const op *const ops[] = {
    &op_quantize, &op_codebook_loss, &op_codebook_update, &op_reflect, &op_unit_difference, &op_affine, &op_balance,
    &op_element_loss, &op_soft_dice, &op_distill, &op_gather, &op_scatter, &op_pick, &op_top_k, &op_maximum, &op_argmax,
    &op_roi_align, &op_level_rows, &op_proposals, &op_detections, &op_widen_boxes, &op_anchor_targets, &op_roi_targets, &op_mask_targets,
    &op_conv, &op_deconv, &op_batch_norm, &op_fixed_norm, &op_group_norm, &op_activation, &op_add, &op_dropout, &op_softmax, &op_concat, &op_pad, &op_crop,
    &op_maxpool, &op_upsample, &op_cross_entropy, &op_bce, &op_dice, &op_total,
    &op_avgpool, &op_reduce, &op_layer_norm, &op_weight_standardize, &op_linear, &op_add_table, &op_multiply, &op_reshape, &op_attention,
    &op_fold_norm, NULL
};

#ifndef DARKSPINE_CUDA                   /* rows of files that are compiled twice (see Makefile: TWICE), and of ops that ask the type */
extern const op op_batch_norm_bf16, op_fixed_norm_bf16, op_group_norm_bf16, op_activation_bf16, op_add_bf16, op_dropout_bf16, op_softmax_bf16, op_concat_bf16,
    op_pad_bf16, op_crop_bf16, op_maxpool_bf16, op_avgpool_bf16, op_upsample_bf16;
const op *const ops_bf16[] = {
    &op_conv, &op_deconv, &op_batch_norm_bf16, &op_fixed_norm_bf16, &op_group_norm_bf16, &op_activation_bf16, &op_add_bf16, &op_dropout_bf16, &op_softmax_bf16,
    &op_concat_bf16, &op_pad_bf16, &op_crop_bf16, &op_maxpool_bf16, &op_avgpool_bf16, &op_upsample_bf16, NULL
};
#endif

const op *op_row(const op *const *table, const char *name)
{
    for (int i = 0; table && table[i]; i++) if (!strcmp(table[i]->name, name)) return table[i];
    return NULL;
}

const op *op_find(const char *name) { return op_row(ops, name); }
