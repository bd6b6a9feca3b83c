/* What the kernels of backend_cpu share: how work is split over the threads of the tape, and weights packed once a
 * step. Parts depend on sizes and the number of threads only, so that the same of both give the same bits. */
#ifndef TENSOR_CPU_H
#define TENSOR_CPU_H

#include "engine/tensor/blas.h"
#include "engine/tensor/cpu_product.h"
#include "engine/tensor/kernel.h"

/* Things begin .. end - 1, as part number `part`. */
typedef void cpu_work(void *context, int part, size_t begin, size_t end);

/* Into how many parts n things are split that take so many operations in all: 1 where a thread more costs more than it
 * brings. */
int cpu_parts(struct tape *t, size_t n, double operations);
void cpu_share(struct tape *t, size_t n, double operations, cpu_work *work, void *context);

/* The matrix w (depth x columns), or its transposed, as product() wants it; packed once a step. NULL: no memory. */
const float *cpu_packed(struct tape *t, const struct tensor *w, bool transposed);

/* c[m x n] = beta c + op(a) op(b), shared by rows or columns of c. */
struct cpu_matrix {
    const float *data;
    size_t apart; /* numbers from row to row */
    bool transposed;
};
void cpu_multiply(struct tape *t, float *c, size_t ldc, struct cpu_matrix a, struct cpu_matrix b, size_t m, size_t n,
                  size_t k, float beta);

/* sum[columns] = beta sum + the column sums of x, rows x columns. */
void cpu_column_sums(struct tape *t, float *sum, const float *x, size_t ldx, size_t rows, size_t columns, float beta);

float *cpu_zeros(struct tape *t, size_t n); /* NULL: no memory */

/* Rows of numbers. */
void cpu_add(float *to, const float *from, size_t n);                      /* to += from */
void cpu_add_scaled(float *to, const float *from, float factor, size_t n); /* to += factor from */
float cpu_dot(const float *x, const float *y, size_t n);

/* dx = beta dx + factor dy, shared: how a slope flows to a tensor of the same shape. Nothing where x takes none. */
void cpu_flow(struct tape *t, struct tensor *x, const float *dy, float factor);

/* Do the rows of x lie equally far apart? Then how far. */
bool cpu_pitch(const struct tensor *x, size_t *apart);

#define CPU_KERNEL(name)                                                                                               \
    void cpu_##name##_forward(struct tape *t, struct node *n);                                                         \
    void cpu_##name##_backward(struct tape *t, struct node *n)

CPU_KERNEL(copy);
CPU_KERNEL(transpose);
CPU_KERNEL(linear);
CPU_KERNEL(matmul);
CPU_KERNEL(add);
CPU_KERNEL(sub);
CPU_KERNEL(mul);
CPU_KERNEL(affine);
CPU_KERNEL(unary);
CPU_KERNEL(reduce);
CPU_KERNEL(pool_time);
CPU_KERNEL(softmax);
CPU_KERNEL(cross_entropy);
CPU_KERNEL(output_loss);
CPU_KERNEL(embedding);
CPU_KERNEL(embedding_mean);
CPU_KERNEL(concat);
CPU_KERNEL(gather);
CPU_KERNEL(layer_norm);
CPU_KERNEL(batch_norm);
CPU_KERNEL(dropout);
CPU_KERNEL(lstm);
CPU_KERNEL(gru);
CPU_KERNEL(attention);
CPU_KERNEL(conv1d);
CPU_KERNEL(conv2d);
CPU_KERNEL(pool2d);
CPU_KERNEL(likelihood);
CPU_KERNEL(smooth_l1);

/* In the files that include this, a product and a sum may become one instruction on processors that have it, which the
 * rest of the engine forbids so that its numbers are the same everywhere: the functions of exp.h take a third less
 * time, and products of matrices differ from processor to processor all the same. Include exp.h after this. */
#pragma GCC optimize("fp-contract=fast")

#endif
