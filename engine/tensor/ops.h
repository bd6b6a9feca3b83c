/* The operations of networks: each takes tensors of this step, or parameters, and gives a new tensor.
 *
 * Sizes: T time steps, B rows of a batch, D width. Sequences are time-major, T x B x D, so that a step's rows lie
 * together. "strided": takes views whose rows lie apart; all else must be dense. A shape that does not fit is a fault
 * of the program: assert. `index` arrays come from tape_ints.
 *
 * What kernels find in the node: inputs in the order of the arguments, outputs y first; `kind` as given; the rest under
 * "node:". Whatever is optional may be NULL. keep[] is there only when learning. An output has a slope if an input has
 * one. Weights of rows, labels y and scales v take no slope; a row of weight 0 is not looked at. */
#ifndef TENSOR_OPS_H
#define TENSOR_OPS_H

#include "engine/tensor/tape.h"

/* --- products --------------------------------------------------------------------------------------------------- */

/* y = x w + b over the last dimension. x .. x I (strided where rank 2), w I x O, b NULL, O, or the shape of y's last
 * dimensions, which is repeated. */
struct tensor *op_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b);
/* op(a) op(b), rank 2 (strided) or rank 3 (G products; a size-1 G is repeated). node: flag 0, 1: transpose a, b */
struct tensor *op_matmul(struct tape *t, struct tensor *a, struct tensor *b, bool transpose_a, bool transpose_b);

/* --- element by element ----------------------------------------------------------------------------------------- */

/* b has a's shape, or the shape of a's last dimensions and is repeated. */
struct tensor *op_add(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *op_sub(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *op_mul(struct tape *t, struct tensor *a, struct tensor *b);
/* factor x + shift. node: number 0, 1: factor, shift */
struct tensor *op_affine(struct tape *t, struct tensor *x, double factor, double shift);
struct tensor *op_unary(struct tape *t, struct tensor *x, enum unary kind); /* strided */
/* x with probability 1 - rate, divided by it; else 0. Element i stays where random_at(random, i) >= rate. Not learning
 * or rate 0: x itself. node: number 0: rate, random */
struct tensor *op_dropout(struct tape *t, struct tensor *x, double rate);

/* --- shapes ----------------------------------------------------------------------------------------------------- */

struct tensor *op_copy(struct tape *t, struct tensor *x); /* strided to dense; a dense one is given back as it is */
/* Dimension d of the result is x's dimension permutation[d]. node: whole[d]: permutation[d] */
struct tensor *op_transpose(struct tape *t, struct tensor *x, const int *permutation);
/* Up to 8 parts, strided. node: whole 0, 1: count, dimension */
struct tensor *op_concat(struct tape *t, struct tensor *const *parts, int count, int dimension);
/* Rows of the first dimension. node: index 0: row, whole 0: count */
struct tensor *op_gather(struct tape *t, struct tensor *x, const int32_t *row, size_t count);

/* --- sums ------------------------------------------------------------------------------------------------------- */

/* Along one dimension, which goes; dimension -1: over all, to rank 0. The largest of equals is the first. Of none: 0.
 * node: whole 0 .. 2: x as outer x n x inner, n being reduced */
struct tensor *op_reduce(struct tape *t, struct tensor *x, enum reduce kind, int dimension);
/* T x B x D to B x D, of the first length[b] steps of row b (NULL: all). No steps: 0. node: index 0: length */
struct tensor *op_pool_time(struct tape *t, struct tensor *x, enum reduce kind, const int32_t *length);
struct tensor *op_softmax(struct tape *t, struct tensor *x); /* of each row */

/* --- losses: rank 0 --------------------------------------------------------------------------------------------- */

/* scale * sum over rows of weight * -log softmax(x)[target]; target -1: the row does not count. weight N or NULL.
 * x N x C. node: in x weight, index 0: target, number 0: scale, keep 0: log of the sum of e^x of each row, N */
struct tensor *op_cross_entropy(struct tape *t, struct tensor *x, const int32_t *target, struct tensor *weight,
                                double scale);
/* The cross entropy of x w^T + b without keeping the scores: x N x D, w C x D, b C or NULL. Only as the loss of the
 * tape: when learning, the slopes of w and b are added at once (that of the loss being 1), x's is kept. Also counts the
 * rows whose largest score is the target's: out 1, rank 0, no slope; `right` may be NULL.
 * node: in x w b weight, index 0: target, number 0: scale, keep 0: the slopes of x, N x D */
struct tensor *op_output_loss(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b,
                              const int32_t *target, struct tensor *weight, double scale, struct tensor **right);
/* scale * sum over i of weight[i] * -log p(y[i]), by the kind's raw outputs (N x P) and the scale v[i] of the row. The
 * formulas are in likelihood.h. node: in raw y v weight, number 0: scale */
struct tensor *op_likelihood(struct tape *t, enum likelihood kind, struct tensor *raw, struct tensor *y,
                             struct tensor *v, struct tensor *weight, double scale);

/* scale * sum over rows of weight * sum along the row of s(x - y), s(d) = d^2 / 2 where |d| < 1, else |d| - 1/2. x, y N
 * x D, weight N or NULL. node: in x y weight, number 0: scale */
struct tensor *op_smooth_l1(struct tape *t, struct tensor *x, struct tensor *y, struct tensor *weight, double scale);

/* --- tables ----------------------------------------------------------------------------------------------------- */

/* Rows of table V x D: N x D. id -1 gives zeros and takes no slope. node: index 0: id, whole 0: count */
struct tensor *op_embedding(struct tape *t, struct tensor *table, const int32_t *id, size_t count);
/* B x D: the mean of the rows id[start[b]] .. id[start[b + 1] - 1]; none: 0. An id of -1 counts as a row of zeros.
 * node: index 0, 1: id, start, whole 0: rows */
struct tensor *op_embedding_mean(struct tape *t, struct tensor *table, const int32_t *id, const int32_t *start,
                                 size_t rows);

/* --- normalisation ---------------------------------------------------------------------------------------------- */

/* Each row by itself: gain (x - mean) / sqrt(variance + epsilon) + bias; gain and bias may be NULL.
 * node: number 0: epsilon, keep 0, 1: mean and 1 / sqrt(variance + epsilon) of each row */
struct tensor *op_layer_norm(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                             double epsilon);
/* Over all rows, each column by itself. Learning: with the batch's mean and variance, and running = (1 - momentum)
 * running + momentum batch's (variance by n - 1, of one row 0); else with the running ones, which have no slope.
 * node: in x gain bias running_mean running_variance, number 0, 1: momentum, epsilon, keep as layer_norm of each column
 */
struct tensor *op_batch_norm(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                             struct tensor *running_mean, struct tensor *running_variance, double momentum,
                             double epsilon);
/* The relu of it, in the same passes. node: the same, flag 0 */
struct tensor *op_batch_norm_relu(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                                  struct tensor *running_mean, struct tensor *running_variance, double momentum,
                                  double epsilon);

/* --- recurrent, over a whole sequence --------------------------------------------------------------------------- */

/* gates T x B x 4D (strided): the input's part with all biases, in the order input, forget, cell, output; u D x 4D; h0,
 * c0 B x D or NULL: zeros. c = f c' + i g, h = o tanh(c). Row b stands still from length[b] on (NULL: T). reverse: from
 * the last step to the first, standing still at steps >= length first. zoneout: with that probability an element of h
 * and, drawn anew, of c keeps its value (Krueger et al. 2017); not learning: the expected value of the two.
 * out h T x B x D (of each step; beyond length what stands), last_h and last_c B x D: the state at the end of the run.
 * What is kept takes the place of the gates' numbers where no other op saw them: none may afterwards (assert).
 * The draws of element (t, b, d) are i = 2 ((t B + b) D + d) for h and i + 1 for c.
 * node: index 0: length, flag 0: reverse, number 0: zoneout, random, keep 0: gates after their functions, T x B x 4D,
 * keep 1: c of each step, T x B x D */
struct tensor *op_lstm(struct tape *t, struct tensor *gates, struct tensor *u, struct tensor *h0, struct tensor *c0,
                       const int32_t *length, bool reverse, double zoneout, struct tensor **last_h,
                       struct tensor **last_c);
/* gates T x B x 3D: reset, update, new; r = s(gr + h ur), z = s(gz + h uz), n = tanh(gn + r (h un + bn)), h' = (1 - z)
 * n + z h. bn D. length and reverse as above.
 * node: index 0: length, flag 0: reverse, keep 0: r, z, n and h un + bn of each step, T x B x 4D */
struct tensor *op_gru(struct tape *t, struct tensor *gates, struct tensor *u, struct tensor *bn, struct tensor *h0,
                      const int32_t *length, bool reverse, struct tensor **last_h);

/* --- attention -------------------------------------------------------------------------------------------------- */

/* For each of T queries of each row: scores over S places, softmax over the first length[b] (NULL: S; 0: weights 0),
 * the weighted sum of memory. query T x B x A, keys S x B x A, memory S x B x H. dot: query . key times number[0];
 * additive: v . tanh(query + key), v A. out context T x B x H; weights T x B x S (no slope) may be NULL.
 * node: in query keys memory v, out context weights, index 0: length, number 0: factor */
struct tensor *op_attention(struct tape *t, enum attention kind, struct tensor *query, struct tensor *keys,
                            struct tensor *memory, struct tensor *v, const int32_t *length, double factor,
                            struct tensor **weights);

/* --- convolution ------------------------------------------------------------------------------------------------ */

/* Along time: x T x B x C, w K x C x O, b O or NULL; pads with `before` and `after` zero steps; T + before + after - K
 * + 1 steps (0 where that is negative). node: whole 0, 1: before, after */
struct tensor *op_conv1d(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b, size_t before,
                         size_t after);
/* Images B x H x W x C, w KH x KW x C x O. node: whole 0, 1: stride, pad */
struct tensor *op_conv2d(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b, size_t stride,
                         size_t pad);
/* Windows of size x size; what is beyond the image does not count, also not to the mean's divisor. pad < size.
 * node: whole 0 .. 2: size, stride, pad */
struct tensor *op_pool2d(struct tape *t, struct tensor *x, enum reduce kind, size_t size, size_t stride, size_t pad);

#endif
