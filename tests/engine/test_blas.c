/* The OpenBLAS operations against the plain C ones, on random shapes with 0 and 1 among them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/tensor/blas.h"

#define LARGEST 70

static float a[LARGEST * LARGEST], b[LARGEST * LARGEST], c[LARGEST * LARGEST], d[LARGEST * LARGEST];
static struct rng r;

static void fill(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (float)rng_normal(&r);
}

static size_t size(void)
{
    static const size_t special[] = {0, 1, 2, 64};
    return rng_below(&r, 2) ? special[rng_below(&r, 4)] : (size_t)rng_below(&r, LARGEST);
}

/* Sums of up to 70 products of normal numbers, 32-bit: 1e-4 is 20 times what rounding can add up to on the average. */
static void compare(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)c[i] - (double)d[i]) < 1e-4))
            fail_msg("%zu of %zu: %g, wanted %g", i, n, (double)d[i], (double)c[i]);
}

static void products_agree(void **state)
{
    (void)state;
    for (int round = 0; round < 400; round++) {
        size_t m = size(), n = size(), k = size();
        bool ta = rng_below(&r, 2), tb = rng_below(&r, 2), write_only = rng_below(&r, 2);
        float alpha = (float)rng_normal(&r), beta = write_only ? 0 : (float)rng_normal(&r);
        fill(a, m * k);
        fill(b, k * n);
        fill(c, m * n);
        memcpy(d, c, m * n * sizeof *d);
        if (write_only && m > 0 && n > 0)
            c[0] = d[0] = NAN; /* must not be read */
        blas_ref.gemm(c, a, b, m, n, k, ta, tb, alpha, beta);
        blas_cpu.gemm(d, a, b, m, n, k, ta, tb, alpha, beta);
        compare(m * n);
        fill(c, LARGEST);
        memcpy(d, c, LARGEST * sizeof *d);
        blas_ref.gemv(c, a, b, m, k, ta, alpha, beta);
        blas_cpu.gemv(d, a, b, m, k, ta, alpha, beta);
        compare(LARGEST);
    }
}

static void vectors_agree(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        size_t n = size() * size();
        float alpha = (float)rng_normal(&r);
        fill(a, n);
        fill(c, n);
        memcpy(d, c, n * sizeof *d);
        blas_ref.axpy(c, a, n, alpha);
        blas_cpu.axpy(d, a, n, alpha);
        blas_ref.scale(c, n, alpha);
        blas_cpu.scale(d, n, alpha);
        compare(n);
        assert_true(fabsf(blas_ref.dot(a, c, n) - blas_cpu.dot(a, c, n)) < 1e-2f);
    }
}

/* The judge itself, by hand. */
static void the_plain_one_is_right(void **state)
{
    const float x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 0, -1, 2, 1, 3};
    float out[4] = {10, 10, 10, 10};
    (void)state;
    blas_ref.gemm(out, x, y, 2, 2, 3, false, false, 1, 1); /* [1 2 3; 4 5 6] [1 0; -1 2; 1 3] */
    assert_true(out[0] == 12 && out[1] == 23 && out[2] == 15 && out[3] == 38);
    blas_ref.gemm(out, x, y, 2, 2, 3, true, true, 1, 0); /* [1 3 5; 2 4 6] [1 2; 0 1; -1 3] */
    assert_true(out[0] == -4 && out[1] == 20 && out[2] == -4 && out[3] == 26);
    assert_true(blas_ref.dot(x, y, 6) == 1 + 0 - 3 + 8 + 5 + 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_agree),
        cmocka_unit_test(vectors_agree),
        cmocka_unit_test(the_plain_one_is_right),
    };
    rng_init(&r, 9, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
