/* Reference kernels: the same numbers in another order. */
#ifndef TENSOR_REF_SHAPES_H
#define TENSOR_REF_SHAPES_H

#include "engine/tensor/ref.h"

/* y = x, row by row */
static void copy_forward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    (void)t;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < width; j++)
            numbers(n->out[0])[r * width + j] = row_of(n->in[0], numbers(n->in[0]), r)[j];
}

static void copy_backward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < width; j++)
            row_of(n->in[0], dx, r)[j] += slopes(n->out[0])[r * width + j];
}

/* Where element i of the transposed tensor comes from. */
static size_t transpose_source(const struct node *n, size_t i)
{
    size_t at = 0;
    for (int d = n->out[0]->rank - 1; d >= 0; d--) {
        at += i % n->out[0]->shape[d] * n->in[0]->stride[n->whole[d]];
        i /= n->out[0]->shape[d];
    }
    return at;
}

static void transpose_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->out[0]);
    (void)t;
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = numbers(n->in[0])[transpose_source(n, i)];
}

static void transpose_backward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->out[0]);
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t i = 0; i < count; i++)
        dx[transpose_source(n, i)] += slopes(n->out[0])[i];
}

/* The place in y at which row r of a part begins; the dimensions before the joined one are `outer` many, those from it
 * on are a run of `span` numbers in the part and of `whole` in y. */
struct joined {
    size_t rows, width, span, whole;
};

static struct joined joined_of(const struct node *n, const struct tensor *part)
{
    struct joined j = {tensor_rows(part), tensor_width(part), 1, 1};
    for (int d = (int)n->whole[1]; d < part->rank; d++) {
        j.span *= part->shape[d];
        j.whole *= n->out[0]->shape[d];
    }
    return j;
}

static size_t joined_at(const struct joined *j, size_t r)
{
    size_t at = r * j->width; /* in the part, were it dense */
    return at / j->span * j->whole + at % j->span;
}

static void concat_forward(struct tape *t, struct node *n)
{
    size_t before = 0;
    (void)t;
    for (size_t i = 0; i < n->whole[0]; i++) {
        struct joined j = joined_of(n, n->in[i]);
        for (size_t r = 0; r < j.rows && j.width > 0; r++)
            memcpy(numbers(n->out[0]) + before + joined_at(&j, r), row_of(n->in[i], numbers(n->in[i]), r),
                   j.width * sizeof(REAL));
        before += j.span;
    }
}

static void concat_backward(struct tape *t, struct node *n)
{
    size_t before = 0;
    for (size_t i = 0; i < n->whole[0]; i++) {
        struct joined j = joined_of(n, n->in[i]);
        REAL *dx = slopes_to(t, n->in[i]);
        for (size_t r = 0; dx && r < j.rows && j.width > 0; r++)
            for (size_t k = 0; k < j.width; k++)
                row_of(n->in[i], dx, r)[k] += slopes(n->out[0])[before + joined_at(&j, r) + k];
        before += j.span;
    }
}

/* y[i] = x[row[i]] */
static void gather_forward(struct tape *t, struct node *n)
{
    size_t width = n->in[0]->stride[0];
    (void)t;
    for (size_t i = 0; i < n->whole[0]; i++)
        for (size_t j = 0; j < width; j++)
            numbers(n->out[0])[i * width + j] = numbers(n->in[0])[(size_t)n->index[0][i] * width + j];
}

static void gather_backward(struct tape *t, struct node *n)
{
    size_t width = n->in[0]->stride[0];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t i = 0; i < n->whole[0]; i++)
        for (size_t j = 0; j < width; j++)
            dx[(size_t)n->index[0][i] * width + j] += slopes(n->out[0])[i * width + j];
}

#endif
