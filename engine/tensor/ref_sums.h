/* Reference kernels: sums, means and maxima along a dimension, and softmax. */
#ifndef TENSOR_REF_SUMS_H
#define TENSOR_REF_SUMS_H

#include "engine/tensor/ref.h"

/* `count` numbers that lie `apart`. */
static double reduced(enum reduce kind, const REAL *x, size_t count, size_t apart)
{
    double sum = 0, largest = count > 0 ? (double)x[0] : 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)x[i * apart];
        largest = fmax(largest, (double)x[i * apart]);
    }
    return kind == REDUCE_MAX ? largest : kind == REDUCE_MEAN && count > 0 ? sum / (double)count : sum;
}

static void reduced_back(enum reduce kind, const REAL *x, REAL *dx, size_t count, size_t apart, double slope)
{
    size_t largest = 0;
    if (kind == REDUCE_MAX) {
        for (size_t i = 1; i < count; i++)
            largest = x[i * apart] > x[largest * apart] ? i : largest;
        if (count > 0)
            dx[largest * apart] += (REAL)slope;
        return;
    }
    for (size_t i = 0; i < count; i++)
        dx[i * apart] += (REAL)(kind == REDUCE_MEAN ? slope / (double)count : slope);
}

/* x is outer x n x inner: y[o][i] from x[o][..][i] */
static void reduce_forward(struct tape *t, struct node *n)
{
    size_t outer = n->whole[0], count = n->whole[1], inner = n->whole[2];
    (void)t;
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++)
            numbers(n->out[0])[o * inner + i] =
                (REAL)reduced((enum reduce)n->kind, numbers(n->in[0]) + o * count * inner + i, count, inner);
}

static void reduce_backward(struct tape *t, struct node *n)
{
    size_t outer = n->whole[0], count = n->whole[1], inner = n->whole[2];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            size_t at = o * count * inner + i;
            reduced_back((enum reduce)n->kind, numbers(n->in[0]) + at, dx + at, count, inner,
                         (double)slopes(n->out[0])[o * inner + i]);
        }
}

/* How many steps of row b count. */
static size_t steps_of(const struct node *n, size_t b, size_t all)
{
    return n->index[0] ? (size_t)n->index[0][b] : all;
}

/* y[b][d] from x[0 .. length[b] - 1][b][d] */
static void pool_time_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[1], width = n->in[0]->shape[2];
    (void)t;
    for (size_t i = 0; i < rows * width; i++)
        numbers(n->out[0])[i] = (REAL)reduced((enum reduce)n->kind, numbers(n->in[0]) + i,
                                              steps_of(n, i / width, n->in[0]->shape[0]), rows * width);
}

static void pool_time_backward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[1], width = n->in[0]->shape[2];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t i = 0; i < rows * width; i++)
        reduced_back((enum reduce)n->kind, numbers(n->in[0]) + i, dx + i, steps_of(n, i / width, n->in[0]->shape[0]),
                     rows * width, (double)slopes(n->out[0])[i]);
}

/* log of the sum of e^x; of none: 0 */
static double log_sum_exp(const REAL *x, size_t count)
{
    double largest = reduced(REDUCE_MAX, x, count, 1), sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)x[i] - largest);
    return count > 0 ? largest + log(sum) : 0;
}

/* y = e^x / sum of e^x, of each row */
static void softmax_forward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    (void)t;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = numbers(n->in[0]) + r * width;
        double all = log_sum_exp(x, width);
        for (size_t j = 0; j < width; j++)
            numbers(n->out[0])[r * width + j] = (REAL)exp((double)x[j] - all);
    }
}

/* dx += y (dy - sum of dy y) */
static void softmax_backward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        const REAL *y = numbers(n->out[0]) + r * width, *dy = slopes(n->out[0]) + r * width;
        double mean = 0;
        for (size_t j = 0; j < width; j++)
            mean += (double)y[j] * (double)dy[j];
        for (size_t j = 0; j < width; j++)
            dx[r * width + j] += (REAL)((double)y[j] * ((double)dy[j] - mean));
    }
}

#endif
