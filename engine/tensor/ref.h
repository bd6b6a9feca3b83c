/* What the reference kernels (ref_*.h) share. They are included once for float and once for double, as REAL: the
 * formulas as they are written, sums in double, one number after the other. They are the judges of the fast ones. */
#ifndef TENSOR_REF_H
#define TENSOR_REF_H

#include <math.h>
#include <string.h>

#include "engine/tensor/kernel.h"
#include "engine/tensor/likelihood.h"

static inline REAL *numbers(const struct tensor *x)
{
    return numbers_of(x);
}

/* Of an output: complete when backward is called. */
static inline const REAL *slopes(const struct tensor *y)
{
    return y->grad;
}

/* Of an input: to be added to; NULL where no slope is asked for. */
static inline REAL *slopes_to(struct tape *t, struct tensor *x)
{
    return slope_to(t, x);
}

/* Where row r of a strided tensor begins, in its numbers or its slopes. */
static inline REAL *row_of(const struct tensor *x, REAL *numbers, size_t r)
{
    return numbers + tensor_offset(x, r);
}

/* A matrix by two strides, so that the transposed one is the same numbers seen the other way. */
struct matrix {
    REAL *at;
    size_t down, right;
};

/* The rows of x: .. x width. */
static inline struct matrix matrix_of(const struct tensor *x, REAL *numbers)
{
    return (struct matrix){numbers, x->rank >= 2 ? x->stride[x->rank - 2] : tensor_width(x), 1};
}

static inline struct matrix transposed(struct matrix m)
{
    return (struct matrix){m.at, m.right, m.down};
}

/* c[m x n] = a[m x k] b[k x n], or += */
static inline void product(struct matrix c, struct matrix a, struct matrix b, size_t m, size_t n, size_t k, bool add)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            REAL *cell = c.at + i * c.down + j * c.right;
            double sum = add ? (double)*cell : 0;
            for (size_t l = 0; l < k; l++)
                sum += (double)a.at[i * a.down + l * a.right] * (double)b.at[l * b.down + j * b.right];
            *cell = (REAL)sum;
        }
}

#endif
