/* The operations on arrays of floats that every learner is made of, as a table of functions, so that an algorithm never
 * asks which device it is on. blas_ref.c is plain C and the judge; blas_cpu.c is
 * fast and must agree with it. backend.h has the operations of networks.
 *
 * Matrices are dense, row after row. Sizes may be 0: then nothing is read, and outputs are as the formula says. */
#ifndef TENSOR_BLAS_H
#define TENSOR_BLAS_H

#include <stdbool.h>
#include <stddef.h>

struct blas {
    const char *name;
    /* c[m x n] = alpha * op(a) op(b) + beta * c, op(a) being m x k and op(b) k x n. Transposed means the stored matrix
     * is k x m (or n x k). With beta 0, c is written without being read. */
    void (*gemm)(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                 bool transpose_b, float alpha, float beta);
    /* The same of stored matrices whose rows lie lda, ldb and ldc numbers apart. */
    void (*gemm_in)(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb, size_t m, size_t n,
                    size_t k, bool transpose_a, bool transpose_b, float alpha, float beta);
    /* y = alpha * op(a) x + beta * y, the stored a being rows x columns. */
    void (*gemv)(float *y, const float *a, const float *x, size_t rows, size_t columns, bool transpose, float alpha,
                 float beta);
    void (*axpy)(float *y, const float *x, size_t n, float alpha); /* y += alpha x */
    void (*scale)(float *x, size_t n, float alpha);                /* x *= alpha */
    float (*dot)(const float *x, const float *y, size_t n);
};

extern const struct blas blas_ref, blas_cpu;

void blas_threads(int n); /* how many the fast one may use from now on */

#endif
