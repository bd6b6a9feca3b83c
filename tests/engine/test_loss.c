/* Losses: slopes against finite differences of the values, batches against single points, formulas at chosen places. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/nn/loss.h"

static const struct loss all[] = {
    {LOSS_SQUARED, 0, 1}, {LOSS_ABSOLUTE, 0, 1},   {LOSS_EPS_SQUARED, 0.3, 1}, {LOSS_EPS_ABSOLUTE, 0.3, 1},
    {LOSS_HUBER, 0.7, 1}, {LOSS_QUANTILE, 0.2, 1}, {LOSS_QUANTILE, 0.9, 1},    {LOSS_LOGISTIC, 0, 1},
    {LOSS_HINGE, 1, 1},   {LOSS_HINGE, 0.4, 1},
};
enum { ALL = sizeof all / sizeof *all };

static bool is_classifier(const struct loss *l)
{
    return l->kind >= LOSS_LOGISTIC;
}

/* Central differences err by h^2 times the third derivative: below 1e-7 here. Points within h of a kink are left out
 * (there the two one-sided slopes differ). */
static void slopes_agree_with_finite_differences(void **state)
{
    const double h = 1e-5;
    struct rng r;
    (void)state;
    rng_init(&r, 3, 1);
    for (int i = 0; i < ALL; i++)
        for (int k = 0; k < 500; k++) {
            double s = 4 * rng_normal(&r), y = is_classifier(&all[i]) ? (double)rng_below(&r, 2) : rng_normal(&r);
            double up = loss_at(&all[i], s + h, y).value, down = loss_at(&all[i], s - h, y).value;
            double here = loss_at(&all[i], s, y).value, slope = loss_at(&all[i], s, y).slope;
            bool kink = fabs((up - here) - (here - down)) > 3 * h * h;
            if (!kink)
                assert_true(fabs((up - down) / (2 * h) - slope) < 1e-6 * (1 + fabs(slope)));
        }
}

static void values_are_what_the_formulas_say(void **state)
{
    static const struct {
        struct loss loss;
        double score, label, value, slope;
    } cases[] = {
        {{LOSS_SQUARED, 0, 1}, 3, 1, 4, 4},
        {{LOSS_ABSOLUTE, 0, 1}, -1, 1, 2, -1},
        {{LOSS_EPS_SQUARED, 0.5, 1}, 2, 1, 0.25, 1},
        {{LOSS_EPS_SQUARED, 0.5, 1}, 1.4, 1, 0, 0},
        {{LOSS_EPS_ABSOLUTE, 0.5, 1}, 0, 1, 0.5, -1},
        {{LOSS_HUBER, 1, 1}, 1.5, 1, 0.125, 0.5},
        {{LOSS_HUBER, 1, 1}, 4, 1, 2.5, 1},
        {{LOSS_QUANTILE, 0.9, 1}, 0, 2, 1.8, -0.9},
        {{LOSS_QUANTILE, 0.9, 1}, 2, 0, 0.2, 0.1},
        {{LOSS_LOGISTIC, 0, 1}, 0, 1, 0.6931471805599453, -0.5},
        {{LOSS_LOGISTIC, 0, 1}, 800, 0, 800, 1},
        {{LOSS_LOGISTIC, 0, 1}, -800, 0, 0, 0},
        {{LOSS_HINGE, 1, 1}, 0.25, 1, 0.75, -1},
        {{LOSS_HINGE, 1, 1}, -2, 0, 0, 0},
        {{LOSS_HINGE, 1, 1}, 0, 0, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loss_point p = loss_at(&cases[i].loss, cases[i].score, cases[i].label);
        assert_true(fabs(p.value - cases[i].value) < 1e-12);
        assert_true(fabs(p.slope - cases[i].slope) < 1e-12);
    }
}

/* 32-bit scores: a relative 1e-6 of the largest term. 1,300 rows cross the logistic loss's blocks of 512. */
static void batches_agree_with_points(void **state)
{
    enum { ROWS = 1300 };
    static float score[ROWS], label[ROWS], weight[ROWS], gradient[ROWS];
    struct rng r;
    (void)state;
    rng_init(&r, 4, 1);
    for (int i = 0; i < ALL; i++)
        for (int weighted = 0; weighted < 2; weighted++) {
            double sum = 0, batch;
            for (int k = 0; k < ROWS; k++) {
                score[k] = (float)((k % 13 ? 3 : 60) * rng_normal(&r));
                label[k] = (float)(is_classifier(&all[i]) ? (double)rng_below(&r, 2) : rng_normal(&r));
                weight[k] = weighted ? (float)(3 * rng_uniform(&r)) : 1;
                sum += (double)weight[k] * loss_at(&all[i], (double)score[k], (double)label[k]).value;
            }
            batch = loss_batch(&all[i], gradient, score, label, weighted ? weight : NULL, ROWS);
            assert_true(fabs(batch - sum) < 2e-6 * sum);
            assert_true(batch == loss_batch(&all[i], NULL, score, label, weighted ? weight : NULL, ROWS));
            for (int k = 0; k < ROWS; k++) {
                double slope = (double)weight[k] * loss_at(&all[i], (double)score[k], (double)label[k]).slope;
                assert_true(fabs((double)gradient[k] - slope) < 1e-6 * (1 + fabs(slope)));
            }
        }
}

/* The definition in double, without the shift that keeps it from overflowing. */
static double softmax_value(const double *s, size_t label, size_t classes)
{
    double sum = 0;
    for (size_t k = 0; k < classes; k++)
        sum += exp(s[k]);
    return log(sum) - s[label];
}

static void softmax_agrees_with_its_definition(void **state)
{
    enum { ROWS = 40, K = 5 };
    const struct loss softmax = {LOSS_SOFTMAX, 0, K};
    const double h = 1e-5;
    static float score[ROWS * K], label[ROWS], weight[ROWS], gradient[ROWS * K];
    double sum = 0;
    struct rng r;
    (void)state;
    rng_init(&r, 5, 1);
    for (int i = 0; i < ROWS * K; i++)
        score[i] = (float)(3 * rng_normal(&r));
    for (int i = 0; i < ROWS; i++) {
        label[i] = (float)rng_below(&r, K);
        weight[i] = (float)rng_uniform(&r);
    }
    assert_true(isfinite(loss_batch(&softmax, gradient, score, label, weight, ROWS)));
    for (int i = 0; i < ROWS; i++) {
        double s[K];
        for (int k = 0; k < K; k++)
            s[k] = (double)score[i * K + k];
        sum += (double)weight[i] * softmax_value(s, (size_t)label[i], K);
        for (int k = 0; k < K; k++) {
            double up, down, was = s[k];
            s[k] = was + h;
            up = softmax_value(s, (size_t)label[i], K);
            s[k] = was - h;
            down = softmax_value(s, (size_t)label[i], K);
            s[k] = was;
            assert_true(fabs((double)weight[i] * (up - down) / (2 * h) - (double)gradient[i * K + k]) < 1e-6);
        }
    }
    assert_true(fabs(sum - loss_batch(&softmax, NULL, score, label, weight, ROWS)) < 1e-5 * sum);
    score[0] = 3e38f; /* nothing overflows where exp would */
    label[0] = 1;
    assert_true(isfinite(loss_batch(&softmax, gradient, score, label, NULL, 1)));
    assert_true(gradient[0] == 1 && gradient[1] == -1);
}

static void says_when_a_score_is_not_a_number(void **state)
{
    const float label = 1, bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (int i = 0; i < ALL; i++)
        assert_true(isnan(loss_batch(&all[i], NULL, bad, &label, NULL, 1)) || all[i].kind == LOSS_EPS_SQUARED ||
                    all[i].kind == LOSS_EPS_ABSOLUTE || all[i].kind == LOSS_HINGE || all[i].kind == LOSS_QUANTILE);
    assert_int_equal(loss_kind_of("no_loss"), -1);
    assert_int_equal(loss_kind_of("huber_loss"), LOSS_HUBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_agree_with_finite_differences),
        cmocka_unit_test(values_are_what_the_formulas_say),
        cmocka_unit_test(batches_agree_with_points),
        cmocka_unit_test(softmax_agrees_with_its_definition),
        cmocka_unit_test(says_when_a_score_is_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
