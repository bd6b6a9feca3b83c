/* Made data: the same bytes as the second implementation in tests/reference/generate.py, the distributions that the
 * descriptions promise, and refusals that say what would be right. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/data/generate.h"
#include "tests/golden/generate.h"

struct made {
    struct dataset train, validation, test;
    struct generator_truth truth;
    struct error err;
};

static int make(struct made *m, const char *recipe, uint64_t seed)
{
    *m = (struct made){0};
    return generate(recipe, seed, &m->train, &m->validation, &m->test, &m->truth, &m->err);
}

static void unmake(struct made *m)
{
    dataset_free(&m->train);
    dataset_free(&m->validation);
    dataset_free(&m->test);
    generator_truth_free(&m->truth);
}

static uint64_t fnv(uint64_t h, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3u;
    return h;
}

static uint64_t hash(const struct dataset *d)
{
    uint64_t h = fnv(0xCBF29CE484222325u, d->x, d->rows * d->columns * sizeof *d->x);
    return fnv(h, d->y, d->rows * sizeof *d->y);
}

static void same_bytes_as_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct made m;
        assert_int_equal(make(&m, golden[i].recipe, golden[i].seed), 0);
        assert_int_equal(hash(&m.train), golden[i].train);
        assert_int_equal(hash(&m.validation), golden[i].validation);
        assert_int_equal(hash(&m.test), golden[i].test);
        unmake(&m);
    }
    (void)golden_next, (void)golden_normal, (void)golden_state;
}

/* The planted rule's guess for one row. */
static double best_guess(const struct generator_truth *t, const float *x, size_t columns)
{
    double score = t->bias, best = -INFINITY;
    size_t guess = 0;
    if (t->shape)
        return t->classes ? generator_best(t, x) > 0 : generator_best(t, x);
    for (size_t j = 0; t->weights && j < columns; j++)
        score += t->weights[j] * (x[j] / t->scales[j]);
    for (size_t k = 0; t->centres && k < t->classes; k++) {
        double log_share = log(t->shares[k]);
        for (size_t j = 0; j < columns; j++)
            log_share -= 0.5 * (x[j] - t->centres[k * columns + j]) * (x[j] - t->centres[k * columns + j]);
        if (log_share > best)
            best = log_share, guess = k;
    }
    return t->centres ? (double)guess : t->classes ? score > 0 : score;
}

static double test_accuracy(const struct made *m)
{
    double right = 0;
    for (size_t i = 0; i < m->test.rows; i++)
        right += best_guess(&m->truth, m->test.x + i * m->test.columns, m->test.columns) == m->test.y[i];
    return right / (double)m->test.rows;
}

static void best_accuracy_is_what_the_truth_says(void **state)
{
    static const char *const recipes[] = {"gauss2:noise=0.4",
                                          "gauss2:noise=1.5",
                                          "logit_lin:d=20",
                                          "logit_lin:strength=1",
                                          "scaled_lin",
                                          "sparse_lin",
                                          "bumps_clf",
                                          "bumps_clf:flip=0.2",
                                          "imb_gauss:positives=0.2,shift=0.5"};
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct made m;
            double bayes;
            assert_int_equal(make(&m, recipes[i], seed), 0);
            bayes = m.truth.bayes;
            assert_true(fabs(test_accuracy(&m) - bayes) < 4.5 * sqrt(bayes * (1 - bayes) / GENERATE_TEST_ROWS));
            unmake(&m);
        }
}

/* Cloud of +-1 corners: the rule is the sign of the product. */
static void xor_is_in_the_product_and_in_neither_input(void **state)
{
    struct made m;
    double product = 0, first = 0, second = 0, n = GENERATE_TEST_ROWS;
    (void)state;
    assert_int_equal(make(&m, "xor2:noise=0.5", 1), 0);
    for (size_t i = 0; i < m.test.rows; i++) {
        const float *x = m.test.x + 2 * i;
        product += (x[0] * x[1] < 0) == (m.test.y[i] > 0);
        first += (x[0] < 0) == (m.test.y[i] > 0);
        second += (x[1] < 0) == (m.test.y[i] > 0);
    }
    assert_true(fabs(product / n - m.truth.bayes) < 4.5 * sqrt(0.25 / n));
    assert_true(fabs(m.truth.bayes - 0.9555) < 0.0005); /* p = .97725: p^2 + (1 - p)^2 */
    assert_true(fabs(first / n - 0.5) < 4.5 * sqrt(0.25 / n) && fabs(second / n - 0.5) < 4.5 * sqrt(0.25 / n));
    unmake(&m);
}

static void moons_lie_on_their_half_circles(void **state)
{
    struct made m;
    double angles[2] = {0}, count[2] = {0};
    (void)state;
    assert_int_equal(make(&m, "moons2:noise=0.01", 2), 0);
    for (size_t i = 0; i < m.test.rows; i++) {
        int lower = m.test.y[i] > 0;
        double x = lower ? 1 - m.test.x[2 * i] : m.test.x[2 * i],
               y = lower ? 0.5 - m.test.x[2 * i + 1] : m.test.x[2 * i + 1];
        assert_true(fabs(hypot(x, y) - 1) < 0.06 && y > -0.06);
        angles[lower] += atan2(y, x);
        count[lower]++;
    }
    for (int k = 0; k < 2; k++) /* angles are uniform on [0, pi] */
        assert_true(fabs(angles[k] / count[k] - M_PI / 2) < 5 * M_PI / sqrt(12 * count[k]));
    unmake(&m);
}

static void mix_has_its_shares_centres_and_best_rule(void **state)
{
    struct made m;
    enum { K = 4, D = 8 };
    double count[K] = {0}, sums[K][D] = {{0}}, squares = 0, n = GENERATE_TEST_ROWS;
    (void)state;
    assert_int_equal(make(&m, "gauss_mix:classes=4,d=8,skew=0.5", 4), 0);
    for (size_t i = 0; i < m.test.rows; i++) {
        size_t k = (size_t)m.test.y[i];
        assert_true(k < K);
        count[k]++;
        for (size_t j = 0; j < D; j++) {
            double away = m.test.x[i * D + j] - m.truth.centres[k * D + j];
            sums[k][j] += away;
            squares += away * away;
        }
    }
    assert_true(fabs(squares / (n * D) - 1) < 5 * sqrt(2 / (n * D)));
    for (size_t k = 0; k < K; k++) {
        double share = 8.0 / 15 / (double)(1u << k); /* 1, 1/2, 1/4, 1/8 of 15/8 */
        assert_true(fabs(m.truth.shares[k] - share) < 1e-6);
        assert_true(fabs(count[k] / n - share) < 4.5 * sqrt(share / n));
        for (size_t j = 0; j < D; j++)
            assert_true(fabs(sums[k][j] / count[k]) < 4.5 / sqrt(count[k]));
    }
    assert_true(test_accuracy(&m) > 0.9);
    unmake(&m);
}

/* Root mean square of each column against 10^k, computed here by the C library. */
static void scales_are_spread_evenly(void **state)
{
    struct made m;
    (void)state;
    assert_int_equal(make(&m, "scaled_lin:d=10,low=-2,high=3", 1), 0);
    for (size_t j = 0; j < 10; j++) {
        double scale = pow(10, -2 + 5.0 * (double)j / 9), squares = 0;
        for (size_t i = 0; i < m.test.rows; i++)
            squares += pow(m.test.x[i * 10 + j] / scale, 2);
        assert_true(fabs(m.truth.scales[j] / scale - 1) < 1e-6);
        assert_true(fabs(squares / GENERATE_TEST_ROWS - 1) < 5 * sqrt(2.0 / GENERATE_TEST_ROWS));
    }
    assert_true(m.truth.scales[9] == 1000.0f);
    assert_true(m.truth.bayes > 0.94 && m.truth.bayes < 0.96);
    unmake(&m);
}

static void regression_noise_is_what_was_asked(void **state)
{
    static const char *const recipes[] = {"gauss_lin:noise=0.25,d=7", "line1:noise=0.25", "friedman1:noise=0.25",
                                          "curve1:noise=0.25"};
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct made m;
        double squares = 0;
        assert_int_equal(make(&m, recipes[k], 6), 0);
        for (size_t i = 0; i < m.test.rows; i++)
            squares += pow(m.test.y[i] - best_guess(&m.truth, m.test.x + i * m.test.columns, m.test.columns), 2);
        squares /= GENERATE_TEST_ROWS;
        assert_true(fabs(m.truth.bayes - 0.0625) < 1e-12);
        assert_true(fabs(squares / 0.0625 - 1) < 5 * sqrt(2.0 / GENERATE_TEST_ROWS));
        unmake(&m);
    }
}

static void a_table_has_its_kinds_of_columns(void **state)
{
    struct made m;
    double right = 0, zeros = 0, n = GENERATE_TEST_ROWS;
    (void)state;
    assert_int_equal(make(&m, "table_mix:n=2000,zeros=0.3,distinct=5", 3), 0);
    for (size_t i = 0; i < m.test.rows; i++) {
        const float *x = m.test.x + i * 30;
        assert_true(x[1] >= 0 && x[1] <= 5 && x[1] == floorf(x[1]));
        assert_true(i == 0 || x[2] > x[2 - 30]);
        zeros += (x[0] == 0) + (x[1] == 0);
        right += best_guess(&m.truth, x, 30) == m.test.y[i];
    }
    assert_true(fabs(zeros / (2 * n) - 0.3) < 4.5 * sqrt(0.21 / (2 * n)));
    assert_true(right / n > 0.85); /* the noise has 1, the score about 3 */
    unmake(&m);
}

static void few_inputs_of_sparse_lin_have_a_weight(void **state)
{
    struct made m;
    size_t with_weight = 0;
    (void)state;
    assert_int_equal(make(&m, "sparse_lin:d=200,k=10", 3), 0);
    for (size_t j = 0; j < 200; j++)
        with_weight += m.truth.weights[j] != 0;
    assert_int_equal(with_weight, 10);
    unmake(&m);
}

static void parts_have_their_sizes_and_share_no_row(void **state)
{
    static const struct {
        const char *recipe;
        size_t train, validation;
    } cases[] = {{"gauss2:n=10", 10, 200}, {"gauss2:n=600", 600, 300}, {"gauss2:n=9000", 9000, 4000}};
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        struct made m;
        assert_int_equal(make(&m, cases[c].recipe, 1), 0);
        assert_int_equal(m.train.rows, cases[c].train);
        assert_int_equal(m.validation.rows, cases[c].validation);
        assert_int_equal(m.test.rows, GENERATE_TEST_ROWS);
        for (size_t i = 0; i < 10; i++)
            for (size_t k = 0; k < m.test.rows; k++)
                assert_true(m.train.x[2 * i] != m.test.x[2 * k] &&
                            (k >= m.validation.rows || m.train.x[2 * i] != m.validation.x[2 * k]));
        unmake(&m);
    }
}

static void same_seed_same_bytes_other_seed_other_bytes(void **state)
{
    (void)state;
    for (size_t g = 0; generator_at(g) && generator_kind(generator_at(g)) == DATA_TABLE; g++) {
        struct made a, b, c;
        assert_int_equal(make(&a, generator_at(g)->name, 11), 0);
        assert_int_equal(make(&b, generator_at(g)->name, 11), 0);
        assert_int_equal(make(&c, generator_at(g)->name, 12), 0);
        assert_true(hash(&a.train) == hash(&b.train) && hash(&a.test) == hash(&b.test));
        assert_true(hash(&a.train) != hash(&c.train));
        assert_int_equal(a.train.rows, generator_at(g)->parameters[0].fallback);
        unmake(&a), unmake(&b), unmake(&c);
    }
}

static void hostile_recipes_are_refused_with_the_right_form(void **state)
{
    static const char *const recipes[][2] = {
        {"", "gauss2"},
        {"gauss", "gauss2, xor2"},
        {"gauss2 ", "gauss2"},
        {"gauss2:", "n, noise"},
        {"gauss2:n", "n, noise"},
        {"gauss2:n=", "10 to 1000000"},
        {"gauss2:n=5", "10 to 1000000"},
        {"gauss2:n=20.5", "whole number from 10"},
        {"gauss2:n=nan", "whole number from 10"},
        {"gauss2:n=inf", "whole number from 10"},
        {"gauss2:n=0x20", "whole number from 10"},
        {"gauss2:n=1e999", "whole number from 10"},
        {"gauss2:n=-20", "whole number from 10"},
        {"gauss2:n=100,", "n, noise"},
        {"gauss2:n=100,,noise=1", "n, noise"},
        {"gauss2:n=100,n=200", "once"},
        {"gauss2:noise=0", "0.01 to 100"},
        {"gauss2:noise=1 ", "0.01 to 100"},
        {"gauss2:depth=3", "n, noise"},
        {"gauss2:=3", "n, noise"},
        {"gauss2:noise=1111111111111111111111111111111111111111111111111111111111111111111111", "0.01 to 100"},
        {"scaled_lin:low=2,high=1", "low <= high"},
        {"logit_lin:n=1000000,d=3000", "lower n or d"},
        {"gauss2\n:n=100", "gauss2"},
    };
    char lengthy[5000];
    struct made m;
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        if (make(&m, recipes[i][0], 1) == 0)
            fail_msg("'%s' was taken", recipes[i][0]);
        assert_int_not_equal(m.err.code, ERROR_NONE);
        assert_true(m.err.what[0] && m.err.where[0]);
        if (!strstr(m.err.fix, recipes[i][1]))
            fail_msg("'%s': '%s' does not tell '%s'", recipes[i][0], m.err.fix, recipes[i][1]);
        unmake(&m);
    }
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(make(&m, lengthy, 1), -1);
    unmake(&m);
}

static void description_is_the_table(void **state)
{
    struct str out = {0};
    struct json j = json_begin(&out);
    (void)state;
    generator_describe(&j, generator_at(0));
    assert_non_null(strstr(str_text(&out), "\"name\":\"gauss2\""));
    assert_non_null(strstr(str_text(&out), "{\"name\":\"n\",\"default\":2000,\"min\":10,\"max\":1000000,"));
    assert_int_equal(j.depth, 0);
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_as_the_reference),
        cmocka_unit_test(best_accuracy_is_what_the_truth_says),
        cmocka_unit_test(xor_is_in_the_product_and_in_neither_input),
        cmocka_unit_test(moons_lie_on_their_half_circles),
        cmocka_unit_test(mix_has_its_shares_centres_and_best_rule),
        cmocka_unit_test(scales_are_spread_evenly),
        cmocka_unit_test(regression_noise_is_what_was_asked),
        cmocka_unit_test(a_table_has_its_kinds_of_columns),
        cmocka_unit_test(few_inputs_of_sparse_lin_have_a_weight),
        cmocka_unit_test(parts_have_their_sizes_and_share_no_row),
        cmocka_unit_test(same_seed_same_bytes_other_seed_other_bytes),
        cmocka_unit_test(hostile_recipes_are_refused_with_the_right_form),
        cmocka_unit_test(description_is_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
