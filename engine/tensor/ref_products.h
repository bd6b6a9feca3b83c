/* Reference kernels: products of matrices. */
#ifndef TENSOR_REF_PRODUCTS_H
#define TENSOR_REF_PRODUCTS_H

#include "engine/tensor/ref.h"

/* y = x w + b */
static void linear_forward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *w = n->in[1], *y = n->out[0];
    const REAL *b = numbers(n->in[2]);
    size_t rows = tensor_rows(x), outputs = w->shape[1];
    (void)t;
    product(matrix_of(y, numbers(y)), matrix_of(x, numbers(x)), matrix_of(w, numbers(w)), rows, outputs, w->shape[0],
            false);
    for (size_t i = 0; b && i < rows * outputs; i++)
        numbers(y)[i] += b[i % tensor_count(n->in[2])];
}

/* dx += dy w', dw += x' dy, db += the sum of dy's rows, or blocks of rows */
static void linear_backward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *w = n->in[1], *y = n->out[0];
    REAL *dx = slopes_to(t, n->in[0]), *dw = slopes_to(t, n->in[1]), *db = slopes_to(t, n->in[2]);
    struct matrix dy = matrix_of(y, y->grad);
    size_t rows = tensor_rows(x), inputs = w->shape[0], outputs = w->shape[1];
    if (dx)
        product(matrix_of(x, dx), dy, transposed(matrix_of(w, numbers(w))), rows, inputs, outputs, true);
    if (dw)
        product(matrix_of(w, dw), transposed(matrix_of(x, numbers(x))), dy, inputs, outputs, rows, true);
    for (size_t i = 0; db && i < rows * outputs; i++)
        db[i % tensor_count(n->in[2])] += dy.at[i];
}

/* One of the G products: op(a), op(b) and c, or their slopes. */
static struct matrix group_of(const struct tensor *x, REAL *numbers, size_t g, bool transpose)
{
    size_t at = x->rank == 3 && x->shape[0] > 1 ? g * x->stride[0] : 0;
    struct matrix m = matrix_of(x, numbers + at);
    return transpose ? transposed(m) : m;
}

/* c = op(a) op(b) */
static void matmul_forward(struct tape *t, struct node *n)
{
    const struct tensor *a = n->in[0], *b = n->in[1], *c = n->out[0];
    size_t groups = c->rank == 3 ? c->shape[0] : 1;
    (void)t;
    for (size_t g = 0; g < groups; g++)
        product(group_of(c, numbers(c), g, false), group_of(a, numbers(a), g, n->flag[0]),
                group_of(b, numbers(b), g, n->flag[1]), c->shape[c->rank - 2], tensor_width(c),
                a->shape[a->rank - 1 - n->flag[0]], false);
}

/* d op(a) += dc op(b)', d op(b) += op(a)' dc */
static void matmul_backward(struct tape *t, struct node *n)
{
    struct tensor *a = n->in[0], *b = n->in[1], *c = n->out[0];
    REAL *da = slopes_to(t, a), *db = slopes_to(t, b);
    size_t rows = c->shape[c->rank - 2], columns = tensor_width(c), inner = a->shape[a->rank - 1 - n->flag[0]];
    size_t groups = c->rank == 3 ? c->shape[0] : 1;
    for (size_t g = 0; g < groups; g++) {
        struct matrix dc = group_of(c, c->grad, g, false);
        if (da)
            product(group_of(a, da, g, n->flag[0]), dc, group_of(b, numbers(b), g, !n->flag[1]), rows, inner, columns,
                    true);
        if (db)
            product(group_of(b, db, g, n->flag[1]), group_of(a, numbers(a), g, !n->flag[0]), dc, inner, columns, rows,
                    true);
    }
}

#endif
