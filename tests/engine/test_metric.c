/* Metrics against a second implementation that counts (tests/reference/metric.py), ties, thresholds, odd inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/metric.h"
#include "tests/golden/metric.h"

static void same(double is, double wanted)
{
    if (isnan(wanted) ? !isnan(is) : fabs(is - wanted) > 1e-12)
        fail_msg("%.15g, wanted %.15g", is, wanted);
}

static void two_classes_agree_with_counting(void **state)
{
    static const char *const names[] = {"binary_classification_accuracy", "binary_f_beta", "precision", "recall",
                                        "roc_auc_score"};
    (void)state;
    for (size_t c = 0; c < sizeof binary_cases / sizeof *binary_cases; c++) {
        struct metric_value v[METRIC_VALUES_MAX];
        struct metric_tally m;
        size_t rows = binary_cases[c].rows, half = rows / 2;
        assert_int_equal(metric_tally_init(&m, METRIC_BINARY, 2, rows), 0);
        m.beta = binary_cases[c].beta;
        metric_tally_add(&m, binary_cases[c].score, binary_cases[c].label, rows); /* a pass that is forgotten */
        metric_tally_reset(&m);
        metric_tally_add(&m, binary_cases[c].score, binary_cases[c].label, half);
        metric_tally_add(&m, binary_cases[c].score + half, binary_cases[c].label + half, rows - half);
        assert_int_equal(metric_tally_finish(&m, v), 5);
        for (int i = 0; i < 5; i++) {
            assert_string_equal(v[i].name, names[i]);
            same(v[i].value, binary_cases[c].wanted[i]);
        }
        metric_tally_free(&m);
    }
}

static void many_classes_agree_with_counting(void **state)
{
    static const char *const names[] = {
        "multiclass_accuracy", "multiclass_top_k_accuracy", "macro_f_beta", "macro_precision", "macro_recall", "dcg"};
    (void)state;
    for (size_t c = 0; c < sizeof multiclass_cases / sizeof *multiclass_cases; c++) {
        struct metric_value v[METRIC_VALUES_MAX];
        struct metric_tally m;
        assert_int_equal(metric_tally_init(&m, METRIC_MULTICLASS, multiclass_cases[c].classes, 0), 0);
        m.beta = multiclass_cases[c].beta;
        m.top_k = multiclass_cases[c].top;
        metric_tally_add(&m, multiclass_cases[c].score, multiclass_cases[c].label, multiclass_cases[c].rows);
        assert_int_equal(metric_tally_finish(&m, v), 6);
        for (int i = 0; i < 6; i++) {
            assert_string_equal(v[i].name, names[i]);
            same(v[i].value, multiclass_cases[c].wanted[i]);
        }
        metric_tally_free(&m);
    }
}

static void regression_by_hand(void **state)
{
    const float score[] = {1, 2, 5}, label[] = {2, 2, 1};
    struct metric_value v[METRIC_VALUES_MAX];
    struct metric_tally m;
    (void)state;
    assert_int_equal(metric_tally_init(&m, METRIC_REGRESSION, 0, 3), 0);
    assert_int_equal(metric_tally_finish(&m, v), 0); /* no rows, no metrics */
    metric_tally_add(&m, score, label, 3);
    assert_int_equal(metric_tally_finish(&m, v), 3);
    same(v[0].value, 5. / 3);
    same(v[1].value, 17. / 3);
    same(v[2].value, sqrt(17. / 3));
    metric_tally_free(&m);
}

/* Scores in order with labels 0 0 1 0 1 1: between -1 and 0.5, one negative is above, no positive below. */
static const float ladder[] = {-3, -2, 0.5f, 1, 2, 3}, rungs[] = {0, 0, 1, 0, 1, 1};

static double threshold_for(enum metric_criterion criterion, double target, const float *label)
{
    struct metric_tally m;
    double threshold;
    assert_int_equal(metric_tally_init(&m, METRIC_BINARY, 2, 6), 0);
    metric_tally_add(&m, ladder, label, 6);
    threshold = metric_calibrate(&m, criterion, target, 0);
    metric_tally_free(&m);
    return threshold;
}

static void thresholds_serve_their_criterion(void **state)
{
    const float none[6] = {0};
    (void)state;
    same(threshold_for(METRIC_PRECISION_AT_RECALL, 0.6, rungs), 1.5); /* two of three found, nothing false */
    same(threshold_for(METRIC_PRECISION_AT_RECALL, 0.9, rungs), 0);   /* 0 finds all three already, -0.75 no better */
    same(threshold_for(METRIC_RECALL_AT_PRECISION, 0.9, rungs), 1.5);
    same(threshold_for(METRIC_RECALL_AT_PRECISION, 0.7, rungs), 0);
    same(threshold_for(METRIC_F_BETA, 0, rungs), 0); /* 6/7, better than 4/5 above 1.5 */
    same(threshold_for(METRIC_ACCURACY, 0, rungs), 0);
    same(threshold_for(METRIC_ACCURACY, 0, none), 2.5); /* fewest false ones that a threshold between rows can have */
}

static void scores_that_are_no_numbers_give_no_auc(void **state)
{
    const float score[] = {1, NAN, 0}, label[] = {1, 0, 0};
    struct metric_value v[METRIC_VALUES_MAX];
    struct metric_tally m;
    (void)state;
    assert_int_equal(metric_tally_init(&m, METRIC_BINARY, 2, 3), 0);
    metric_tally_add(&m, score, label, 3);
    metric_tally_finish(&m, v);
    same(v[4].value, NAN);
    metric_tally_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_classes_agree_with_counting),
        cmocka_unit_test(many_classes_agree_with_counting),
        cmocka_unit_test(regression_by_hand),
        cmocka_unit_test(thresholds_serve_their_criterion),
        cmocka_unit_test(scores_that_are_no_numbers_give_no_auc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
