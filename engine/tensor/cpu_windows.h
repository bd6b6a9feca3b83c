/* Products of windows of images with matrices, without laying the windows out as a matrix of their own.
 *
 * A window is `pieces` runs of `length` numbers, `apart` from the start of one to the start of the next: of an image
 * whose channels lie together, a kernel's rows. Six windows, wherever they begin, meet 16 columns of the matrix in the
 * registers. The matrix is packed as cpu_product.h says. Where there is no FMA, loops that the compiler vectorises. */
#ifndef TENSOR_CPU_WINDOWS_H
#define TENSOR_CPU_WINDOWS_H

#include "engine/tensor/cpu_product.h"

struct windows {
    const float *const *at; /* where each begins */
    size_t count, pieces, length, apart;
};

/* c[i][0 .. columns - 1] = bias + window i times the packed matrix (pieces * length x columns). */
struct window_product {
    struct windows x;
    float *const *c;
    const float *bias; /* NULL: zeros */
    bool add;          /* to what c holds, instead of the bias */
    const float *packed;
    size_t columns;
};
void window_product(const struct window_product *p);
void window_product_plain(const struct window_product *p);

/* w (pieces * length x columns, rows ldw apart) = the sum over windows of the window, as a column, times row i of d. */
struct window_sum {
    struct windows x;
    float *w;
    size_t ldw, columns;
    bool add;       /* to what w holds */
    const float *d; /* cut into panels of 16 columns, count x 16 each; 32-byte aligned */
};
void window_sum(const struct window_sum *s);
void window_sum_plain(const struct window_sum *s);

#endif
