/* What a run that diverged gets: the score of the guess that needs no features, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/measure.h"

static float train_labels[] = {0, 0, 0, 1}, test_labels[] = {0, 1, 1, 1, 0, 1, 1, 1};
static float class_labels[] = {2, 2, 1, 0}, more_labels[] = {2, 1, 0, 0, 1, 1, 1, 1};

static void near(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-12)
        fail_msg("%.15g, wanted %.15g", got, wanted);
}

static double guess(const char *metric, float *train, float *test)
{
    const struct parts parts = {
        .table = {[PART_TRAIN] = {.rows = 4, .y = train}, [PART_TEST] = {.rows = 8, .y = test}}};
    const struct measure *m = measure_find(metric);
    assert_non_null(m);
    return measure_constant_guess(m, &parts);
}

static void the_guess_of_two_classes(void **state)
{
    (void)state;
    /* 0 is seen most: two of the eight are 0. The share of class 1 is 1/4, and 3/4 of the test rows are 1. */
    near(guess("test:binary_classification_accuracy", train_labels, test_labels), 0.25);
    near(guess("test:error", train_labels, test_labels), 0.75);
    near(guess("test:recall", train_labels, test_labels), 0);
    near(guess("test:recall", test_labels, train_labels), 1);
    near(guess("test:auc", train_labels, test_labels), 0.5);
    near(guess("test:logloss", train_labels, test_labels), 0.75 * log(4) + 0.25 * log(4.0 / 3));
    near(guess("best:test:logloss", train_labels, test_labels), guess("test:logloss", train_labels, test_labels));
}

static void the_guess_of_more_classes_and_of_numbers(void **state)
{
    (void)state;
    near(guess("test:multiclass_accuracy", class_labels, more_labels), 0.125);
    near(guess("test:macro_recall", class_labels, more_labels), 1.0 / 3);
    /* The mean label is 1/4: 3/4 away from six rows, 1/4 from two. */
    near(guess("test:mse", train_labels, test_labels), (6 * 0.5625 + 2 * 0.0625) / 8);
    near(guess("test:rmse", train_labels, test_labels), sqrt((6 * 0.5625 + 2 * 0.0625) / 8));
    near(guess("test:absolute_loss", train_labels, test_labels), (6 * 0.75 + 2 * 0.25) / 8);
}

static void a_class_never_seen_costs_much_but_not_all(void **state)
{
    float none[] = {0, 0, 0, 0};
    (void)state;
    assert_true(isfinite(guess("test:logloss", none, test_labels)));
    assert_true(guess("test:logloss", none, test_labels) > 20);
}

static void other_metrics_are_no_measures(void **state)
{
    (void)state;
    assert_null(measure_find("test:objective_loss"));
    assert_null(measure_find("validation:mse"));
    assert_null(measure_find("best:"));
    assert_null(measure_find(""));
}

static void add_lines(struct text *t, const char *const *lines)
{
    for (; *lines; lines++)
        assert_int_equal(text_append(t, *lines, strlen(*lines)), TEXT_ADDED);
}

static void the_guess_of_text(void **state)
{
    static const char *const train[] = {"__label__a x x", "x __label__b", "__label__a x", NULL};
    static const char *const test[] = {"__label__b y", "y", "x x x x", "__label__b __label__a x", NULL};
    int32_t topic[] = {-1, 0, 0, 0, 1, 1, -1};
    struct parts p = {.kind = DATA_TEXT};
    (void)state;
    add_lines(&p.text[PART_TRAIN], train);
    add_lines(&p.text[PART_TEST], test);
    near(measure_constant_guess(measure_find("test:accuracy"), &p), 0.25);
    near(measure_constant_guess(measure_find("validation:accuracy"), &p), 0);
    parts_free(&p);
    p = (struct parts){.kind = DATA_TEXT};
    add_lines(&p.text[PART_TRAIN], (const char *const[]){"the a b c d e of", NULL});
    p.text[PART_TRAIN].group[0] = topic;
    near(measure_constant_guess(measure_find("test:topic_precision"), &p), (3 * 2 + 2 * 1) / 20.0);
    near(measure_constant_guess(measure_find("test:role_precision"), &p), 0);
    p.text[PART_TRAIN].group[0] = NULL;
    parts_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guess_of_two_classes),
        cmocka_unit_test(the_guess_of_more_classes_and_of_numbers),
        cmocka_unit_test(a_class_never_seen_costs_much_but_not_all),
        cmocka_unit_test(the_guess_of_text),
        cmocka_unit_test(other_metrics_are_no_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
