/* The operations on the CPU by OpenBLAS: the only file that knows it. Sizes reach it as int, so longer arrays go in
 * pieces. */
#include <cblas.h>
#include <limits.h>
#include <string.h>

#include "engine/tensor/backend.h"

#define PIECE ((size_t)1 << 30)

/* y = beta * y for what BLAS leaves alone when the inner size is 0. */
static void only_beta(float *y, size_t n, float beta)
{
    for (size_t i = 0; i < n; i++)
        y[i] = beta == 0 ? 0 : beta * y[i];
}

static void cpu_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                     bool transpose_b, float alpha, float beta)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0) {
        only_beta(c, m * n, beta);
        return;
    }
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
                (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)(transpose_a ? m : k), b,
                (blasint)(transpose_b ? k : n), beta, c, (blasint)n);
}

static void cpu_gemv(float *y, const float *a, const float *x, size_t rows, size_t columns, bool transpose, float alpha,
                     float beta)
{
    size_t out = transpose ? columns : rows, in = transpose ? rows : columns;
    if (out == 0)
        return;
    if (in == 0) {
        only_beta(y, out, beta);
        return;
    }
    cblas_sgemv(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, (blasint)rows, (blasint)columns, alpha, a,
                (blasint)columns, x, 1, beta, y, 1);
}

static void cpu_axpy(float *y, const float *x, size_t n, float alpha)
{
    for (size_t at = 0; at < n; at += PIECE)
        cblas_saxpy((blasint)(n - at < PIECE ? n - at : PIECE), alpha, x + at, 1, y + at, 1);
}

static void cpu_scale(float *x, size_t n, float alpha)
{
    for (size_t at = 0; at < n; at += PIECE)
        cblas_sscal((blasint)(n - at < PIECE ? n - at : PIECE), alpha, x + at, 1);
}

static float cpu_dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    for (size_t at = 0; at < n; at += PIECE)
        sum += (double)cblas_sdot((blasint)(n - at < PIECE ? n - at : PIECE), x + at, 1, y + at, 1);
    return (float)sum;
}

void backend_threads(int n)
{
    openblas_set_num_threads(n > 0 ? n : 1);
}

const struct backend backend_cpu = {"cpu", cpu_gemm, cpu_gemv, cpu_axpy, cpu_scale, cpu_dot};
