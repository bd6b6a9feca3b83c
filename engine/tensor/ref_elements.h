/* Reference kernels: element by element. */
#ifndef TENSOR_REF_ELEMENTS_H
#define TENSOR_REF_ELEMENTS_H

#include "engine/tensor/ref.h"

/* y = a + b, a - b, a b; b is repeated: element i of a meets element i % count of b. */
static void add_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    (void)t;
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = numbers(n->in[0])[i] + numbers(n->in[1])[i % again];
}

static void add_scaled(struct tape *t, struct node *n, struct tensor *x, REAL factor)
{
    size_t count = tensor_count(n->out[0]), again = tensor_count(x);
    REAL *dx = slopes_to(t, x);
    for (size_t i = 0; dx && i < count; i++)
        dx[i % again] += factor * slopes(n->out[0])[i];
}

static void add_backward(struct tape *t, struct node *n)
{
    add_scaled(t, n, n->in[0], 1);
    add_scaled(t, n, n->in[1], 1);
}

static void sub_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    (void)t;
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = numbers(n->in[0])[i] - numbers(n->in[1])[i % again];
}

static void sub_backward(struct tape *t, struct node *n)
{
    add_scaled(t, n, n->in[0], 1);
    add_scaled(t, n, n->in[1], -1);
}

static void mul_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    (void)t;
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = numbers(n->in[0])[i] * numbers(n->in[1])[i % again];
}

static void mul_backward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    const REAL *a = numbers(n->in[0]), *b = numbers(n->in[1]), *dy = slopes(n->out[0]);
    REAL *da = slopes_to(t, n->in[0]), *db = slopes_to(t, n->in[1]);
    for (size_t i = 0; da && i < count; i++)
        da[i] += dy[i] * b[i % again];
    for (size_t i = 0; db && i < count; i++)
        db[i % again] += dy[i] * a[i];
}

/* y = factor x + shift */
static void affine_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]);
    (void)t;
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = (REAL)(n->number[0] * (double)numbers(n->in[0])[i] + n->number[1]);
}

static void affine_backward(struct tape *t, struct node *n)
{
    add_scaled(t, n, n->in[0], (REAL)n->number[0]);
}

static double unary_value(enum unary kind, double x)
{
    switch (kind) {
    case UNARY_TANH:
        return tanh(x);
    case UNARY_SIGMOID:
        return logistic(x);
    case UNARY_RELU:
        return x > 0 ? x : 0;
    case UNARY_SOFTPLUS:
        return softplus(x);
    case UNARY_EXP:
        return exp(x);
    case UNARY_LOG:
        return log(x);
    case UNARY_ABS:
        return fabs(x);
    case UNARY_SQUARE:
        return x * x;
    case UNARY_SQRT:
        return sqrt(x);
    }
    return NAN;
}

/* y is the value at x. */
static double unary_slope(enum unary kind, double x, double y)
{
    switch (kind) {
    case UNARY_TANH:
        return 1 - y * y;
    case UNARY_SIGMOID:
        return y * (1 - y);
    case UNARY_RELU:
        return x > 0;
    case UNARY_SOFTPLUS:
        return logistic(x);
    case UNARY_EXP:
        return y;
    case UNARY_LOG:
        return 1 / x;
    case UNARY_ABS:
        return (x > 0) - (x < 0);
    case UNARY_SQUARE:
        return 2 * x;
    case UNARY_SQRT:
        return 0.5 / y;
    }
    return NAN;
}

static void unary_forward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    (void)t;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < width; j++)
            numbers(n->out[0])[r * width + j] =
                (REAL)unary_value((enum unary)n->kind, (double)row_of(n->in[0], numbers(n->in[0]), r)[j]);
}

static void unary_backward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    const REAL *y = numbers(n->out[0]), *dy = slopes(n->out[0]);
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = row_of(n->in[0], numbers(n->in[0]), r);
        for (size_t j = 0; j < width; j++) {
            double slope = unary_slope((enum unary)n->kind, (double)x[j], (double)y[r * width + j]);
            row_of(n->in[0], dx, r)[j] += (REAL)(slope * (double)dy[r * width + j]);
        }
    }
}

/* y = x / (1 - rate) where the draw says so, else 0 */
static void dropout(const struct node *n, const REAL *from, REAL *to, bool add)
{
    size_t count = tensor_count(n->in[0]);
    for (size_t i = 0; i < count; i++) {
        bool stays = random_at(n->random, i) >= n->number[0];
        double y = stays ? (double)from[i] / (1 - n->number[0]) : 0;
        to[i] = (REAL)(add ? (double)to[i] + y : y);
    }
}

static void dropout_forward(struct tape *t, struct node *n)
{
    (void)t;
    dropout(n, numbers(n->in[0]), numbers(n->out[0]), false);
}

static void dropout_backward(struct tape *t, struct node *n)
{
    dropout(n, slopes(n->out[0]), slopes_to(t, n->in[0]), true);
}

#endif
