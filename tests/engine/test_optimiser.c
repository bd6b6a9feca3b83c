/* Optimisers against the published formulas computed apart (tests/reference/optimiser.py), and the schedule. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/nn/optimiser.h"
#include "engine/nn/schedule.h"
#include "tests/golden/optimiser.h"

/* Weights are 32-bit: five steps of about 0.1 leave a few units in the seventh digit. */
static void five_steps_are_those_of_the_formulas(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof golden_steps / sizeof *golden_steps; c++) {
        struct optimiser o;
        float memory[6] = {0}, w[3];
        memcpy(w, golden_start, sizeof w);
        optimiser_init(&o, golden_steps[c].kind, memory, 3);
        o.momentum = (float)golden_steps[c].a;
        if (o.kind == OPTIMISER_ADAM) {
            o.beta_1 = (float)golden_steps[c].a;
            o.beta_2 = (float)golden_steps[c].b;
        }
        for (int t = 0; t < 5; t++)
            optimiser_step(&o, w, golden_gradients[t], golden_steps[c].rate, golden_steps[c].decay, golden_steps[c].l1);
        for (int i = 0; i < 3; i++)
            if (fabs((double)w[i] - golden_steps[c].wanted[i]) > 2e-6)
                fail_msg("case %zu, weight %d: %.9g, wanted %.9g", c, i, (double)w[i], golden_steps[c].wanted[i]);
    }
}

/* What is shared out in ranges, in double, or by sgd without its state, is the same step. */
static void ranges_are_the_step(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPTIMISER_KINDS; kind++)
        for (int plain = 0; plain <= (kind == OPTIMISER_SGD); plain++) {
            float whole_state[6] = {0}, part_state[6] = {0}, whole[3], part[3];
            double double_state[6] = {0}, twice[3], slopes[3];
            struct optimiser a, b, c;
            memcpy(whole, golden_start, sizeof whole);
            memcpy(part, golden_start, sizeof part);
            for (int i = 0; i < 3; i++)
                twice[i] = (double)golden_start[i];
            optimiser_init(&a, (enum optimiser_kind)kind, whole_state, 3);
            optimiser_init(&b, (enum optimiser_kind)kind, plain ? NULL : part_state, 3);
            c = a;
            c.first = (void *)double_state;
            c.second = a.second ? (void *)(double_state + 3) : NULL;
            for (int t = 0; t < 5; t++) {
                optimiser_step(&a, whole, golden_gradients[t], 0.1, 0.2, 0.1);
                optimiser_advance(&b);
                optimiser_range(&b, part, golden_gradients[t], 2, 3, 0.1, 0.2, 0.1);
                optimiser_range(&b, part, golden_gradients[t], 0, 2, 0.1, 0.2, 0.1);
                for (int i = 0; i < 3; i++)
                    slopes[i] = (double)golden_gradients[t][i];
                optimiser_advance(&c);
                optimiser_range_double(&c, twice, slopes, 0, 3, 0.1, 0.2, 0.1);
            }
            for (int i = 0; i < 3; i++) {
                assert_true(plain ? fabsf(whole[i] - part[i]) < 1e-6f : whole[i] == part[i]);
                assert_true(fabs((double)whole[i] - twice[i]) < 2e-6);
            }
        }
}

static void names_are_the_services(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPTIMISER_KINDS; kind++)
        assert_int_equal(optimiser_kind_of(optimiser_name((enum optimiser_kind)kind)), kind);
    assert_int_equal(optimiser_kind_of("adadelta"), OPTIMISER_ADADELTA);
    assert_int_equal(optimiser_kind_of("Adam"), -1);
}

/* For plain SGD, weight decay and the gradient of an L2 penalty are the same step. */
static void decay_is_the_l2_gradient(void **state)
{
    struct optimiser a, b;
    float state_a[1] = {0}, state_b[1] = {0}, w = 0.8f, v = 0.8f, g = 0.3f, with_penalty = 0.3f + 0.25f * 0.8f;
    (void)state;
    optimiser_init(&a, OPTIMISER_SGD, state_a, 1);
    optimiser_init(&b, OPTIMISER_SGD, state_b, 1);
    optimiser_step(&a, &w, &g, 0.5, 0.25, 0);
    optimiser_step(&b, &v, &with_penalty, 0.5, 0, 0);
    assert_true(w == v);
}

/* L1 alone brings a weight to exactly 0 and keeps it there; a gradient below its strength does not move it. */
static void l1_makes_exact_zeros(void **state)
{
    (void)state;
    for (int k = 0; k < OPTIMISER_KINDS; k++) {
        struct optimiser o;
        float memory[4] = {0}, w[2] = {0.3f, -0.3f};
        const float g[2] = {0.01f, -0.01f};
        optimiser_init(&o, (enum optimiser_kind)k, memory, 2);
        for (int t = 0; t < 3000; t++)
            optimiser_step(&o, w, g, 0.01, 0, 0.05);
        assert_true(w[0] == 0 && w[1] == 0);
    }
}

static void keeps_what_is_not_a_number(void **state)
{
    struct optimiser o;
    float memory[1] = {0}, w = 0.1f, g = NAN;
    (void)state;
    optimiser_init(&o, OPTIMISER_SGD, memory, 1);
    optimiser_step(&o, &w, &g, 0.1, 0, 0.1);
    assert_true(isnan(w));
}

static void the_rate_falls_in_steps_to_its_floor(void **state)
{
    const struct schedule s = {.rate = 1, .factor = 0.5, .minimum = 0.2, .interval = 10}, off = {.rate = 3},
                          low = {.rate = 0.1, .factor = 0.5, .minimum = 0.2, .interval = 10};
    (void)state;
    assert_true(schedule_rate(&s, 0) == 1 && schedule_rate(&s, 9) == 1);
    assert_true(schedule_rate(&s, 10) == 0.5 && schedule_rate(&s, 29) == 0.25);
    assert_true(schedule_rate(&s, 30) == 0.2 && schedule_rate(&s, 1000000) == 0.2);
    assert_true(schedule_rate(&off, 1000) == 3);
    assert_true(schedule_rate(&low, 500) == 0.1);
}

static void rates_are_half_at_the_half_life(void **state)
{
    (void)state;
    assert_true(schedule_inverse_time(0.3, 0, 10) == 0.3 && schedule_inverse_root(0.3, 0, 10) == 0.3);
    assert_true(fabs(schedule_inverse_time(0.3, 10, 10) - 0.15) < 1e-15);
    assert_true(fabs(schedule_inverse_root(0.3, 10, 10) - 0.15) < 1e-15);
    assert_true(fabs(schedule_inverse_time(1, 30, 10) - 0.25) < 1e-15);
    assert_true(fabs(schedule_inverse_root(1, 50, 10) - 0.25) < 1e-15);
}

static void a_plateau_reduces_the_rate(void **state)
{
    static const double perplexity[] = {9, 8, 8, 8.5, 9, 7, NAN, 7, 7, 7.5, 8, 7};
    static const double wanted[] = {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125};
    struct plateau p = plateau_start(1, 0.5, 3), q = p;
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(plateau_rate(&p, perplexity[i], true) == wanted[i]);
        assert_true(plateau_rate(&q, -perplexity[i], false) == wanted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_steps_are_those_of_the_formulas),
        cmocka_unit_test(ranges_are_the_step),
        cmocka_unit_test(names_are_the_services),
        cmocka_unit_test(decay_is_the_l2_gradient),
        cmocka_unit_test(l1_makes_exact_zeros),
        cmocka_unit_test(keeps_what_is_not_a_number),
        cmocka_unit_test(the_rate_falls_in_steps_to_its_floor),
        cmocka_unit_test(rates_are_half_at_the_half_life),
        cmocka_unit_test(a_plateau_reduces_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
