/* The reference kernels as a table, and the flat arrays of the trainer. The file that includes this says REAL (float or
 * double), BACKEND (the table's name) and OPTIMISE (of nn/optimiser.h, for that type). */
#ifndef TENSOR_REF_BACKEND_H
#define TENSOR_REF_BACKEND_H

#include <stdlib.h>
#include <string.h>

#include "engine/nn/optimiser.h"
#include "engine/tensor/ref_attention.h"
#include "engine/tensor/ref_convolution.h"
#include "engine/tensor/ref_elements.h"
#include "engine/tensor/ref_losses.h"
#include "engine/tensor/ref_norms.h"
#include "engine/tensor/ref_products.h"
#include "engine/tensor/ref_recurrent.h"
#include "engine/tensor/ref_shapes.h"
#include "engine/tensor/ref_sums.h"
#include "engine/tensor/ref_tables.h"

static void *ref_alloc(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
}

static void ref_zero(void *memory, size_t bytes)
{
    if (bytes > 0)
        memset(memory, 0, bytes);
}

static void ref_move(void *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
}

static int ref_finish(struct error *err)
{
    (void)err;
    return 0;
}

static void ref_optimise(const struct optimiser *o, void *w, void *gradient, size_t begin, size_t end, double rate,
                         double decay)
{
    OPTIMISE(o, w, gradient, begin, end, rate, decay, 0);
}

static double ref_square_sum(const void *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)((const REAL *)x)[i] * (double)((const REAL *)x)[i];
    return sum;
}

static void ref_scale(void *x, size_t n, double factor)
{
    for (size_t i = 0; i < n; i++)
        ((REAL *)x)[i] = (REAL)(factor * (double)((REAL *)x)[i]);
}

static void ref_clip(void *x, size_t n, double limit)
{
    for (size_t i = 0; i < n; i++)
        ((REAL *)x)[i] = (REAL)fmax(-limit, fmin(limit, (double)((REAL *)x)[i]));
}

const struct backend BACKEND = {
    .name = sizeof(REAL) == sizeof(float) ? "reference" : "reference in double",
    .bytes = sizeof(REAL),
    .host = true,
    .alloc = ref_alloc,
    .release = free,
    .zero = ref_zero,
    .upload = ref_move,
    .download = ref_move,
    .finish = ref_finish,
    .optimise = ref_optimise,
    .square_sum = ref_square_sum,
    .scale = ref_scale,
    .clip = ref_clip,
    .kernels =
        {
            [OP_COPY] = {copy_forward, copy_backward},
            [OP_TRANSPOSE] = {transpose_forward, transpose_backward},
            [OP_LINEAR] = {linear_forward, linear_backward},
            [OP_MATMUL] = {matmul_forward, matmul_backward},
            [OP_ADD] = {add_forward, add_backward},
            [OP_SUB] = {sub_forward, sub_backward},
            [OP_MUL] = {mul_forward, mul_backward},
            [OP_AFFINE] = {affine_forward, affine_backward},
            [OP_UNARY] = {unary_forward, unary_backward},
            [OP_REDUCE] = {reduce_forward, reduce_backward},
            [OP_POOL_TIME] = {pool_time_forward, pool_time_backward},
            [OP_SOFTMAX] = {softmax_forward, softmax_backward},
            [OP_CROSS_ENTROPY] = {cross_entropy_forward, cross_entropy_backward},
            [OP_OUTPUT_LOSS] = {output_loss_forward, output_loss_backward},
            [OP_EMBEDDING] = {embedding_forward, embedding_backward},
            [OP_EMBEDDING_MEAN] = {embedding_mean_forward, embedding_mean_backward},
            [OP_CONCAT] = {concat_forward, concat_backward},
            [OP_GATHER] = {gather_forward, gather_backward},
            [OP_LAYER_NORM] = {layer_norm_forward, layer_norm_backward},
            [OP_BATCH_NORM] = {batch_norm_forward, batch_norm_backward},
            [OP_DROPOUT] = {dropout_forward, dropout_backward},
            [OP_LSTM] = {lstm_forward, lstm_backward},
            [OP_GRU] = {gru_forward, gru_backward},
            [OP_ATTENTION] = {attention_forward, attention_backward},
            [OP_CONV1D] = {conv1d_forward, conv1d_backward},
            [OP_CONV2D] = {conv2d_forward, conv2d_backward},
            [OP_POOL2D] = {pool2d_forward, pool2d_backward},
            [OP_LIKELIHOOD] = {likelihood_forward, likelihood_backward},
            [OP_SMOOTH_L1] = {smooth_l1_forward, smooth_l1_backward},
        },
};

#endif
