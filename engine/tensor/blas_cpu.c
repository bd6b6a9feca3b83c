/* The operations on the CPU by OpenBLAS: the only file that knows it. Sizes reach it as int, so longer arrays go in
 * pieces.
 *
 * OpenBLAS is loaded when it is needed first: it starts a thread per processor and maps tens of megabytes while it is
 * loaded, which would cost a small run, or one of trees, more than its training. */
#include <cblas.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/tensor/blas.h"

#define PIECE ((size_t)1 << 30)

#define LIBRARY "libopenblas.so.0"
#define BUFFER_BYTES ((size_t)144 << 20) /* more than what OpenBLAS maps for a thread: 128 MiB on newer processors */

static struct {
    __typeof__(cblas_sgemm) *gemm;
    __typeof__(cblas_sgemv) *gemv;
    __typeof__(cblas_saxpy) *axpy;
    __typeof__(cblas_sscal) *scal;
    __typeof__(cblas_sdot) *dot;
    __typeof__(openblas_set_num_threads) *set_threads;
} openblas;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static int threads_wanted = 1;

/* dlsym's pointers are data pointers in C; POSIX makes them fit. */
static bool find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
    return *(void **)function != NULL;
}

static bool has_room(size_t bytes)
{
    void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, bytes) == 0;
}

/* OpenBLAS maps a buffer at its first product and tries for ever where it may not: take it now, if there is room. */
static bool takes_buffer(void)
{
    float one = 1, product = 0;
    if (!has_room(BUFFER_BYTES))
        return false;
    openblas.gemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 1, 1, 1, 1, &one, 1, &one, 1, 0, &product, 1);
    return product == 1;
}

/* Each thread of OpenBLAS has a buffer of its own: without room for them all the caller's thread works alone. */
static void start_threads(void)
{
    bool several = threads_wanted > 1 && has_room((size_t)threads_wanted * BUFFER_BYTES);
    openblas.set_threads(several ? threads_wanted : 1);
}

static void load(void)
{
    void *library;
    setenv("OPENBLAS_NUM_THREADS", "1", 0); /* more are started when they are wanted */
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library && find(library, "cblas_sgemm", &openblas.gemm) && find(library, "cblas_sgemv", &openblas.gemv) &&
        find(library, "cblas_saxpy", &openblas.axpy) && find(library, "cblas_sscal", &openblas.scal) &&
        find(library, "cblas_sdot", &openblas.dot) &&
        find(library, "openblas_set_num_threads", &openblas.set_threads) && takes_buffer())
        start_threads();
    else /* a machine without it, or without room for it, computes by blas_ref.c, slowly and right */
        memset(&openblas, 0, sizeof openblas);
}

static bool has_blas(void)
{
    pthread_once(&loaded, load);
    return openblas.gemm != NULL;
}

/* y = beta * y for what BLAS leaves alone when the inner size is 0. */
static void only_beta(float *y, size_t n, float beta)
{
    for (size_t i = 0; i < n; i++)
        y[i] = beta == 0 ? 0 : beta * y[i];
}

static void cpu_gemm_in(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb, size_t m,
                        size_t n, size_t k, bool transpose_a, bool transpose_b, float alpha, float beta)
{
    if (m == 0 || n == 0)
        return;
    if (k == 0) {
        for (size_t i = 0; i < m; i++)
            only_beta(c + i * ldc, n, beta);
        return;
    }
    if (!has_blas()) {
        blas_ref.gemm_in(c, ldc, a, lda, b, ldb, m, n, k, transpose_a, transpose_b, alpha, beta);
        return;
    }
    openblas.gemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
                  (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

static void cpu_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                     bool transpose_b, float alpha, float beta)
{
    cpu_gemm_in(c, n, a, transpose_a ? m : k, b, transpose_b ? k : n, m, n, k, transpose_a, transpose_b, alpha, beta);
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
    if (!has_blas()) {
        blas_ref.gemv(y, a, x, rows, columns, transpose, alpha, beta);
        return;
    }
    openblas.gemv(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, (blasint)rows, (blasint)columns, alpha, a,
                  (blasint)columns, x, 1, beta, y, 1);
}

static void cpu_axpy(float *y, const float *x, size_t n, float alpha)
{
    if (!has_blas())
        blas_ref.axpy(y, x, n, alpha);
    for (size_t at = 0; has_blas() && at < n; at += PIECE)
        openblas.axpy((blasint)(n - at < PIECE ? n - at : PIECE), alpha, x + at, 1, y + at, 1);
}

static void cpu_scale(float *x, size_t n, float alpha)
{
    if (!has_blas())
        blas_ref.scale(x, n, alpha);
    for (size_t at = 0; has_blas() && at < n; at += PIECE)
        openblas.scal((blasint)(n - at < PIECE ? n - at : PIECE), alpha, x + at, 1);
}

static float cpu_dot(const float *x, const float *y, size_t n)
{
    double sum = 0;
    if (!has_blas())
        return blas_ref.dot(x, y, n);
    for (size_t at = 0; at < n; at += PIECE)
        sum += (double)openblas.dot((blasint)(n - at < PIECE ? n - at : PIECE), x + at, 1, y + at, 1);
    return (float)sum;
}

void blas_threads(int n)
{
    threads_wanted = n > 0 ? n : 1;
    if (openblas.set_threads) /* loaded already */
        start_threads();
}

const struct blas blas_cpu = {"cpu", cpu_gemm, cpu_gemm_in, cpu_gemv, cpu_axpy, cpu_scale, cpu_dot};
