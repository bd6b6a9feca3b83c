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

/* to[n] += from[n] */
void cpu_add(float *to, const float *from, size_t n);

#define CPU_KERNEL(name)                                                                                               \
    void cpu_##name##_forward(struct tape *t, struct node *n);                                                         \
    void cpu_##name##_backward(struct tape *t, struct node *n)

CPU_KERNEL(linear);
CPU_KERNEL(matmul);
CPU_KERNEL(lstm);
CPU_KERNEL(gru);
CPU_KERNEL(attention);
CPU_KERNEL(embedding);
CPU_KERNEL(embedding_mean);
CPU_KERNEL(cross_entropy);
CPU_KERNEL(output_loss);

#endif
