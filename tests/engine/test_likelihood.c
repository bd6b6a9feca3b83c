/* Likelihoods: densities that integrate to 1, draws whose moments and shares are those of the theory, and the same
 * numbers as the loss on the tape. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/nn/likelihood.h"
#include "engine/tensor/ops.h"

struct sample {
    enum likelihood kind;
    float raw[3];
    double v;
};

/* Small and large scales, few and many counts, sharp and flat. */
static const struct sample samples[] = {
    {LIKELIHOOD_GAUSSIAN, {0.3f, 0.5f, 0}, 2},
    {LIKELIHOOD_GAUSSIAN, {-2, -3, 0}, 100},
    {LIKELIHOOD_STUDENT_T, {0.1f, -0.2f, 4}, 3},
    {LIKELIHOOD_STUDENT_T, {-1, 1, 30}, 0.5},
    {LIKELIHOOD_NEGATIVE_BINOMIAL, {1, 0.5f, 0}, 1},
    {LIKELIHOOD_NEGATIVE_BINOMIAL, {-1, -2, 0}, 0.5},
    {LIKELIHOOD_NEGATIVE_BINOMIAL, {1, -1, 0}, 40},
    {LIKELIHOOD_NEGATIVE_BINOMIAL, {2, -30, 0}, 20},
    {LIKELIHOOD_BETA, {1, 2, 0}, 1},
    {LIKELIHOOD_BETA, {3, 0.8f, 0}, 7},
};
enum { SAMPLES = sizeof samples / sizeof *samples, DRAWS = 200000 };

static struct likelihood_parameters parameters_of(const struct sample *s)
{
    return likelihood_parameters(s->kind, s->raw, s->v);
}

/* Sums f(y) p(y): over counts, or by the midpoint rule on a wide interval, which for Student-t is stretched. */
static double expected(const struct likelihood_parameters *p, double (*f)(double y, double mean))
{
    double sum = 0, mean = likelihood_mean(p);
    enum { N = 200000 };
    for (int i = 0; i < N; i++) {
        double u = (i + 0.5) / N, y = u, dy = 1.0 / N;
        if (p->kind == LIKELIHOOD_NEGATIVE_BINOMIAL) {
            y = i;
            dy = 1;
        } else if (p->kind != LIKELIHOOD_BETA) { /* y = mean + sigma sinh(x), x in (-14, 14) */
            double x = 28 * (u - 0.5);
            y = p->a + p->b * sinh(x);
            dy = p->b * cosh(x) * 28 / N;
        }
        sum += f(y, mean) * exp(likelihood_log(p, y)) * dy;
    }
    return sum;
}

static double one(double y, double mean)
{
    (void)y;
    (void)mean;
    return 1;
}

static double itself(double y, double mean)
{
    (void)mean;
    return y;
}

static double squared(double y, double mean)
{
    return (y - mean) * (y - mean);
}

static double below(double y, double mean)
{
    return y < mean ? 1 : 0;
}

static void check_near(size_t sample, const char *what, double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("sample %zu (%s), %s: %.9g is not %.9g within %.3g", sample, likelihood_name(samples[sample].kind),
                 what, a, b, tolerance);
}

static void densities_are_densities(void **state)
{
    (void)state;
    for (size_t s = 0; s < SAMPLES; s++) {
        struct likelihood_parameters p = parameters_of(&samples[s]);
        double mean = likelihood_mean(&p);
        check_near(s, "the whole", expected(&p, one), 1, 2e-5);
        check_near(s, "the mean", expected(&p, itself), mean, 2e-5 * (1 + fabs(mean)));
    }
}

/* Means and shares of draws lie within five standard errors of what the density says. */
static void draws_are_of_the_density(void **state)
{
    (void)state;
    for (size_t s = 0; s < SAMPLES; s++) {
        struct likelihood_parameters p = parameters_of(&samples[s]);
        double mean = likelihood_mean(&p), variance = expected(&p, squared), share = expected(&p, below);
        double sum = 0, squares = 0, fourth = 0, under = 0;
        struct rng r;
        rng_init(&r, 7, s);
        for (int i = 0; i < DRAWS; i++) {
            double y = likelihood_draw(&p, &r), off = squared(y, mean);
            assert_true(likelihood_takes(p.kind, y));
            sum += y;
            squares += off;
            fourth += off * off;
            under += below(y, mean);
        }
        fourth = fourth / DRAWS - variance * variance;
        check_near(s, "mean of draws", sum / DRAWS, mean, 5 * sqrt(variance / DRAWS));
        check_near(s, "variance of draws", squares / DRAWS, variance, 5 * sqrt(fabs(fourth) / DRAWS));
        check_near(s, "share below the mean", under / DRAWS, share, 5 * sqrt(share * (1 - share) / DRAWS));
    }
}

/* Each count by itself: the small and the large branch of Poisson, and gamma below and above shape 1. */
static void counts_come_as_often_as_they_should(void **state)
{
    (void)state;
    for (size_t s = 0; s < SAMPLES; s++) {
        static double seen[60];
        struct likelihood_parameters p = parameters_of(&samples[s]);
        struct rng r;
        if (p.kind != LIKELIHOOD_NEGATIVE_BINOMIAL)
            continue;
        memset(seen, 0, sizeof seen);
        rng_init(&r, 8, s);
        for (int i = 0; i < DRAWS; i++) {
            double y = likelihood_draw(&p, &r);
            if (y < 60)
                seen[(int)y]++;
        }
        for (int k = 0; k < 60; k++) {
            double share = exp(likelihood_log(&p, k));
            check_near(s, "a count", seen[k] / DRAWS, share, 5 * sqrt(share / DRAWS) + 2.0 / DRAWS);
        }
    }
}

static void the_scale_is_a_unit(void **state)
{
    const float raw[3] = {0.4f, 0.2f, 1};
    (void)state;
    for (int kind = LIKELIHOOD_GAUSSIAN; kind <= LIKELIHOOD_STUDENT_T; kind++) {
        struct likelihood_parameters one_unit = likelihood_parameters((enum likelihood)kind, raw, 1);
        struct likelihood_parameters scaled = likelihood_parameters((enum likelihood)kind, raw, 1000);
        assert_true(fabs(likelihood_log(&scaled, 1234) - (likelihood_log(&one_unit, 1.234) - log(1000))) < 1e-9);
        assert_true(fabs(likelihood_mean(&scaled) - 1000 * likelihood_mean(&one_unit)) < 1e-9);
    }
}

static void a_point_is_the_point(void **state)
{
    struct likelihood_parameters p = likelihood_parameters(LIKELIHOOD_L1, (const float[]){1.5f}, 4);
    struct rng r;
    (void)state;
    rng_init(&r, 1, 1);
    assert_true(likelihood_draw(&p, &r) == 6 && likelihood_mean(&p) == 6);
    assert_true(likelihood_log(&p, 4) == -0.5);
}

static void extremes_stay_numbers(void **state)
{
    static const float raws[] = {-80, -20, 0, 20, 80};
    (void)state;
    for (int kind = 0; kind <= LIKELIHOOD_L1; kind++)
        for (int i = 0; i < 125; i++) {
            const float raw[3] = {raws[i % 5], raws[i / 5 % 5], raws[i / 25]};
            for (double v = 1e-6; v < 1e9; v *= 1e7) {
                struct likelihood_parameters p = likelihood_parameters((enum likelihood)kind, raw, v);
                struct rng r;
                rng_init(&r, 3, (uint64_t)i);
                for (int d = 0; d < 20; d++)
                    assert_true(likelihood_takes(p.kind, likelihood_draw(&p, &r)));
                assert_true(isfinite(likelihood_mean(&p)) && !isnan(likelihood_log(&p, 0)));
            }
        }
}

static void names_and_values_are_the_services(void **state)
{
    (void)state;
    assert_int_equal(likelihood_kind_of("student-t"), LIKELIHOOD_STUDENT_T);
    assert_int_equal(likelihood_kind_of("deterministic-L1"), LIKELIHOOD_L1);
    assert_int_equal(likelihood_kind_of("normal"), -1);
    assert_false(likelihood_takes(LIKELIHOOD_NEGATIVE_BINOMIAL, 1.5));
    assert_false(likelihood_takes(LIKELIHOOD_NEGATIVE_BINOMIAL, -1));
    assert_false(likelihood_takes(LIKELIHOOD_BETA, 1.01));
    assert_true(likelihood_takes(LIKELIHOOD_BETA, 1) && likelihood_takes(LIKELIHOOD_GAUSSIAN, -3));
}

/* The loss that teaches a network is minus the sum of what this module calls the log. */
static void the_loss_is_minus_the_log(void **state)
{
    enum { N = 50 };
    struct error err;
    struct tape *tape = tape_open(&backend_ref64, 1, &err);
    struct rng r;
    (void)state;
    rng_init(&r, 5, 5);
    for (int kind = 0; kind <= LIKELIHOOD_L1; kind++) {
        size_t outputs = likelihood_outputs((enum likelihood)kind);
        float raw[3 * N], y[N], v[N], weight[N];
        double wanted = 0, found;
        for (size_t i = 0; i < N; i++) {
            struct likelihood_parameters p;
            for (size_t j = 0; j < outputs; j++)
                raw[i * outputs + j] = (float)(2 * rng_normal(&r));
            v[i] = (float)exp(2 * rng_normal(&r));
            weight[i] = (float)rng_uniform(&r);
            p = likelihood_parameters((enum likelihood)kind, raw + i * outputs, (double)v[i]);
            y[i] = (float)likelihood_draw(&p, &r);
            wanted -= (double)weight[i] * likelihood_log(&p, (double)y[i]);
        }
        tape_begin(tape, false, 1);
        found = tape_number(tape,
                            op_likelihood(tape, (enum likelihood)kind, tape_input(tape, 2, (size_t[]){N, outputs}, raw),
                                          tape_input(tape, 1, (size_t[]){N}, y), tape_input(tape, 1, (size_t[]){N}, v),
                                          tape_input(tape, 1, (size_t[]){N}, weight), 1));
        assert_true(fabs(found - wanted) < 1e-9 * (1 + fabs(wanted)));
    }
    tape_close(tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(densities_are_densities),
        cmocka_unit_test(draws_are_of_the_density),
        cmocka_unit_test(counts_come_as_often_as_they_should),
        cmocka_unit_test(the_loss_is_minus_the_log),
        cmocka_unit_test(the_scale_is_a_unit),
        cmocka_unit_test(a_point_is_the_point),
        cmocka_unit_test(extremes_stay_numbers),
        cmocka_unit_test(names_and_values_are_the_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
