/* The generator against the published algorithm (golden values of tests/reference/generate.py) and against the
 * distributions it promises. Bounds of the statistical checks: about five standard errors, so that a fixed seed passes
 * a right generator and not a wrong one. */
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
#include "tests/golden/generate.h"

static void same_numbers_as_the_reference(void **state)
{
    struct rng r = {{1, 2, 3, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof golden_state / sizeof *golden_state; i++)
        assert_int_equal(rng_next(&r), golden_state[i]);
    rng_init(&r, 42, 7);
    for (size_t i = 0; i < sizeof golden_next / sizeof *golden_next; i++)
        assert_int_equal(rng_next(&r), golden_next[i]);
    for (size_t i = 0; i < sizeof golden_normal / sizeof *golden_normal; i++)
        assert_true(rng_normal(&r) == golden_normal[i]);
    (void)golden;
}

static void uniform_and_normal_have_their_moments(void **state)
{
    struct rng r;
    enum { N = 200000 };
    double sum = 0, squares = 0, fourth = 0, beyond = 0, uniform = 0;
    (void)state;
    rng_init(&r, 3, 0);
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r), z = rng_normal(&r);
        assert_true(u >= 0 && u < 1);
        uniform += u;
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
        beyond += z > 1.96;
    }
    assert_true(fabs(uniform / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(sum / N) < 5 / sqrt(N));
    assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
    assert_true(fabs(beyond / N - 0.0249979) < 5 * sqrt(0.025 / N));
}

static void below_is_even(void **state)
{
    struct rng r;
    int counts[7] = {0};
    double chi = 0;
    (void)state;
    rng_init(&r, 1, 1);
    for (int i = 0; i < 70000; i++)
        counts[rng_below(&r, 7)]++;
    for (int k = 0; k < 7; k++)
        chi += (counts[k] - 10000.0) * (counts[k] - 10000.0) / 10000;
    assert_true(chi < 22.46); /* chi-square, 6 degrees of freedom, 0.1 % */
    for (int i = 0; i < 1000; i++) {
        assert_true(rng_below(&r, 1) == 0);
        assert_true(rng_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

static void streams_and_seeds_are_unrelated(void **state)
{
    double products = 0;
    enum { N = 20000 };
    struct rng a, b;
    (void)state;
    for (uint64_t k = 0; k < 4; k++) {
        rng_init(&a, 5 + (k & 1), 0);
        rng_init(&b, 5, 1 + (k & 2));
        products = 0;
        for (int i = 0; i < N; i++)
            products += (rng_uniform(&a) - 0.5) * (rng_uniform(&b) - 0.5);
        assert_true(fabs(products * 12 / N) < 5 / sqrt(N));
    }
}

static void shuffle_is_a_fair_permutation(void **state)
{
    int places[5][5] = {{0}};
    struct rng r;
    (void)state;
    rng_init(&r, 9, 0);
    for (int i = 0; i < 20000; i++) {
        uint32_t v[5] = {0, 1, 2, 3, 4}, seen = 0;
        rng_shuffle(&r, v, 5);
        for (int k = 0; k < 5; k++) {
            places[k][v[k]]++;
            seen |= 1u << v[k];
        }
        assert_int_equal(seen, 31);
    }
    for (int k = 0; k < 25; k++)
        assert_true(abs(places[k / 5][k % 5] - 4000) < 5 * 57);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_numbers_as_the_reference),
        cmocka_unit_test(uniform_and_normal_have_their_moments),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(streams_and_seeds_are_unrelated),
        cmocka_unit_test(shuffle_is_a_fair_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
