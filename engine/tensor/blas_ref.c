/* The operations in plain C, as their formulas are written. Sums are taken in double: this is the judge. */
#include "engine/tensor/blas.h"

static void ref_gemm_in(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb, size_t m,
                        size_t n, size_t k, bool transpose_a, bool transpose_b, float alpha, float beta)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float *cell = c + i * ldc + j;
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += (double)(transpose_a ? a[l * lda + i] : a[i * lda + l]) *
                       (double)(transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
            *cell = (float)((double)alpha * sum + (beta == 0 ? 0 : (double)beta * (double)*cell));
        }
}

static void ref_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                     bool transpose_b, float alpha, float beta)
{
    ref_gemm_in(c, n, a, transpose_a ? m : k, b, transpose_b ? k : n, m, n, k, transpose_a, transpose_b, alpha, beta);
}

static void ref_gemv(float *y, const float *a, const float *x, size_t rows, size_t columns, bool transpose, float alpha,
                     float beta)
{
    ref_gemm(y, a, x, transpose ? columns : rows, 1, transpose ? rows : columns, transpose, false, alpha, beta);
}

static void ref_axpy(float *y, const float *x, size_t n, float alpha)
{
    for (size_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

static void ref_scale(float *x, size_t n, float alpha)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= alpha;
}

static float ref_dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return (float)sum;
}

const struct blas blas_ref = {"reference", ref_gemm, ref_gemm_in, ref_gemv, ref_axpy, ref_scale, ref_dot};
