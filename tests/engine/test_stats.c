/* The t distribution against printed tables, and the stopping rule against simulated runs: few false verdicts when
 * there is no effect, few missed ones when there is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/stats.h"

/* Two-sided critical values as printed in the tables of textbooks (three decimals). */
static const struct {
    double freedom, p, t;
} table[] = {
    {1, 0.975, 12.706},  {1, 0.995, 63.657}, {2, 0.95, 2.920},  {2, 0.995, 9.925},  {3, 0.975, 3.182},
    {4, 0.90, 1.533},    {4, 0.999, 7.173},  {5, 0.975, 2.571}, {5, 0.995, 4.032},  {7, 0.975, 2.365},
    {9, 0.95, 1.833},    {10, 0.995, 3.169}, {12, 0.99, 2.681}, {15, 0.975, 2.131}, {19, 0.995, 2.861},
    {20, 0.9995, 3.850}, {23, 0.975, 2.069}, {30, 0.95, 1.697}, {60, 0.975, 2.000}, {120, 0.995, 2.617},
};

static void quantiles_are_those_of_the_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double t = stats_t_quantile(table[i].p, table[i].freedom);
        assert_true(fabs(t - table[i].t) <= 0.000501);
        assert_true(fabs(stats_t_quantile(1 - table[i].p, table[i].freedom) + t) < 1e-9 * t);
        assert_true(fabs(stats_t_probability(t, table[i].freedom) - table[i].p) < 1e-12);
    }
    assert_true(fabs(stats_t_quantile(0.5, 3)) < 1e-12);
}

/* One and two degrees of freedom have closed forms; many degrees approach the normal distribution. */
static void probabilities_have_their_closed_forms(void **state)
{
    (void)state;
    for (double t = -40; t <= 40; t += 0.37) {
        assert_true(fabs(stats_t_probability(t, 1) - (0.5 + atan(t) / M_PI)) < 1e-13);
        assert_true(fabs(stats_t_probability(t, 2) - (0.5 + t / (2 * sqrt(2 + t * t)))) < 1e-13);
        assert_true(fabs(stats_t_probability(t, 1e7) - 0.5 * erfc(-t / sqrt(2))) < 1e-6);
    }
}

static void interval_by_hand(void **state)
{
    /* mean 3, standard deviation sqrt(2.5), n 5, t(.975, 4) = 2.776 */
    static const double values[] = {1, 2, 3, 4, 5};
    struct stats_interval in = stats_interval(values, 5, 0.95);
    (void)state;
    assert_true(fabs(in.mean - 3) < 1e-12);
    assert_true(fabs(in.high - (3 + 2.7764 * sqrt(0.5))) < 1e-4 && fabs(in.low - (3 - 2.7764 * sqrt(0.5))) < 1e-4);
}

static enum stats_decision decide(const double *values, size_t n)
{
    static const struct stats_rule rule = {0.993, 0.01, 4, 6};
    struct stats_interval in;
    return stats_decide(&rule, values, n, &in);
}

static void the_rule_case_by_case(void **state)
{
    static const double up[] = {0.3, 0.31, 0.29, 0.3}, down[] = {-0.3, -0.31, -0.29, -0.3},
                        same[] = {0.25, 0.25, 0.25, 0.25}, zero[6] = {0}, tiny[] = {0.001, -0.001, 0.0005, -0.0005},
                        wild[] = {0.5, -0.5, 0.4, -0.4, 0.6, -0.6}, edge[] = {0.01, 0.01, 0.01, 0.01, 0.01, 0.01};
    (void)state;
    assert_int_equal(decide(up, 4), STATS_ABOVE);
    assert_int_equal(decide(up, 3), STATS_MORE); /* before the first look */
    assert_int_equal(decide(up, 1), STATS_MORE);
    assert_int_equal(decide(up, 0), STATS_MORE);
    assert_int_equal(decide(down, 4), STATS_BELOW);
    assert_int_equal(decide(same, 4), STATS_ABOVE); /* no spread: the interval is a point */
    assert_int_equal(decide(zero, 4), STATS_WITHIN);
    assert_int_equal(decide(tiny, 4), STATS_WITHIN);
    assert_int_equal(decide(wild, 4), STATS_MORE);
    assert_int_equal(decide(wild, 6), STATS_UNDECIDED);
    assert_int_equal(decide(edge, 4), STATS_MORE); /* on the edge of the band is neither */
    assert_int_equal(decide(edge, 6), STATS_UNDECIDED);
}

struct tally {
    int above, below, within, undecided;
    double seeds;
};

/* 1,000 experiments whose paired differences are normal with standard deviation 1. */
static struct tally simulate(double effect, const struct stats_rule *rule, uint64_t seed)
{
    struct tally tally = {0};
    struct rng r;
    rng_init(&r, seed, 0);
    for (int run = 0; run < 1000; run++) {
        double values[24];
        struct stats_interval in;
        enum stats_decision decision = STATS_MORE;
        size_t n = 0;
        while (decision == STATS_MORE) {
            values[n++] = effect + rng_normal(&r);
            decision = stats_decide(rule, values, n, &in);
        }
        tally.above += decision == STATS_ABOVE;
        tally.below += decision == STATS_BELOW;
        tally.within += decision == STATS_WITHIN;
        tally.undecided += decision == STATS_UNDECIDED;
        tally.seeds += (double)n / 1000;
    }
    return tally;
}

static const struct stats_rule rules[] = {{0.993, 0.01, 4, 24}, {0.993, 0.01, 6, 20}};

static void no_effect_gives_few_false_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct tally t = simulate(0, &rules[i], seed);
            print_message("A/A %zu to %zu: %d of 1000 false, %.1f seeds\n", rules[i].start, rules[i].cap,
                          t.above + t.below, t.seeds);
            assert_true(t.above + t.below <= 50);
        }
}

/* That the check above can fail: the plain 95 % interval at every look. */
static void plain_95_percent_would_cry_wolf(void **state)
{
    struct stats_rule plain = {0.95, 0.01, 4, 24};
    struct tally t = simulate(0, &plain, 1);
    (void)state;
    assert_true(t.above + t.below > 150);
}

static void an_effect_of_one_deviation_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct tally t = simulate(1, &rules[i], 1), down = simulate(-1, &rules[i], 2);
        print_message("effect 1, %zu to %zu: %d of 1000 found, %.1f seeds\n", rules[i].start, rules[i].cap, t.above,
                      t.seeds);
        assert_true(t.above >= 900 && t.below <= 5);
        assert_true(down.below >= 900 && down.above <= 5);
    }
}

static void a_difference_inside_the_band_does_not_matter(void **state)
{
    struct stats_rule wide = {0.993, 3, 6, 20};
    struct tally t = simulate(0, &wide, 1);
    (void)state;
    assert_true(t.within >= 950 && t.above + t.below == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_the_tables),
        cmocka_unit_test(probabilities_have_their_closed_forms),
        cmocka_unit_test(interval_by_hand),
        cmocka_unit_test(the_rule_case_by_case),
        cmocka_unit_test(no_effect_gives_few_false_verdicts),
        cmocka_unit_test(plain_95_percent_would_cry_wolf),
        cmocka_unit_test(an_effect_of_one_deviation_is_found),
        cmocka_unit_test(a_difference_inside_the_band_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
