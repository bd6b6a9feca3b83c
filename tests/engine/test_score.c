/* Metrics against the real XGBoost and scikit-learn (tests/reference/xgboost_objective.py); what fits what; odd data.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/xgboost/score.h"

struct score_case {
    const char *metric, *objective;
    struct objective_settings settings;
    size_t rows;
    const float *margin, *label, *weight;
    const uint32_t *group;
    double wanted;
};
#include "tests/golden/xgboost_score.h"

static double value_of(const struct score_case *c)
{
    struct dataset d = {
        .rows = c->rows, .y = (float *)c->label, .weight = (float *)c->weight, .group = (uint32_t *)c->group};
    struct error err = {0};
    const struct objective *o = objective_find(c->objective, &err);
    float *prediction = calloc(c->rows * c->settings.classes + 1, sizeof *prediction);
    struct score score;
    double value;
    if (score_find(c->metric, o, &score, &err) < 0)
        fail_msg("%s, %s: %s", c->objective, c->metric, err.what);
    assert_string_equal(score.name, c->metric);
    o->predict(&c->settings, prediction, c->margin, c->rows);
    value = score_value(&score, o, &c->settings, &d, c->margin, prediction);
    free(prediction);
    return value;
}

static void agrees_with_the_references(void **state)
{
    size_t off = 0;
    (void)state;
    for (size_t i = 0; i < sizeof score_cases / sizeof *score_cases; i++) {
        const struct score_case *c = &score_cases[i];
        double is = value_of(c);
        if (!(fabs(is - c->wanted) <= 2e-5 * fabs(c->wanted) + 1e-7)) {
            print_message("%s %s%s: %.9g, wanted %.9g\n", c->objective, c->metric, c->weight ? " (weights)" : "", is,
                          c->wanted);
            off++;
        }
    }
    assert_int_equal(off, 0);
}

static void misfits_get_a_sentence(void **state)
{
    static const struct {
        const char *objective, *metric;
        bool fits;
    } cases[] = {
        {"reg:squarederror", "auc", false},     {"reg:squarederror", "mlogloss", false},
        {"multi:softmax", "auc", false},        {"multi:softmax", "rmse", false},
        {"binary:logistic", "merror", false},   {"rank:ndcg", "cox-nloglik", false},
        {"survival:cox", "cox-nloglik", true},  {"binary:logistic", "error@0.7", true},
        {"binary:logistic", "error@", false},   {"binary:logistic", "error@x", false},
        {"binary:logistic", "auc@0.5", false},  {"reg:squarederror", "rmse@1", false},
        {"rank:ndcg", "ndcg@5", true},          {"rank:map", "map@1e999", false},
        {"reg:squarederror", "rmsee", false},   {"reg:squarederror", "", false},
        {"binary:logistic", "f1", true},        {"multi:softprob", "precision_macro", true},
        {"multi:softprob", "f1_binary", false}, {"reg:tweedie", "tweedie-nloglik@1.3", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct score score;
        struct error err = {0};
        int said = score_find(cases[i].metric, objective_find(cases[i].objective, &err), &score, &err);
        if ((said == 0) != cases[i].fits)
            fail_msg("%s with %s: %d", cases[i].metric, cases[i].objective, said);
        if (said < 0)
            assert_true(err.what[0] && err.fix[0]);
    }
}

/* Every objective's own metric fits it. */
static void defaults_fit(void **state)
{
    (void)state;
    for (const struct objective *o = objectives; o->name; o++) {
        struct score score;
        struct error err = {0};
        if (score_find(o->metric, o, &score, &err) < 0)
            fail_msg("%s: %s", o->name, err.what);
    }
}

static double binary(const char *metric, const float *margin, const float *label, size_t rows)
{
    struct score_case c = {metric, "binary:logistic", {.classes = 1}, rows, margin, label, NULL, NULL, 0};
    return value_of(&c);
}

static void one_class_and_no_rows_are_no_number(void **state)
{
    const float margin[] = {1, -1, 0}, ones[] = {1, 1, 1}, zeros[] = {0, 0, 0};
    (void)state;
    assert_true(isnan(binary("auc", margin, ones, 3)));
    assert_true(isnan(binary("auc", margin, zeros, 3)));
    assert_true(isnan(binary("aucpr", margin, zeros, 3)));
    assert_true(isnan(binary("logloss", margin, ones, 0)));
    assert_true(isfinite(binary("logloss", (const float[]){100, -100, 100}, zeros, 3)));
    assert_true(binary("recall", margin, zeros, 3) == 0);
}

static void ties_count_half(void **state)
{
    const float label[] = {1, 0, 1, 0};
    (void)state;
    assert_true(binary("auc", (const float[]){0, 0, 0, 0}, label, 4) == 0.5);
    assert_true(binary("auc", (const float[]){2, 1, 2, 1}, label, 4) == 1);
    assert_true(binary("auc", (const float[]){1, 2, 1, 2}, label, 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_references),
        cmocka_unit_test(misfits_get_a_sentence),
        cmocka_unit_test(defaults_fit),
        cmocka_unit_test(one_class_and_no_rows_are_no_number),
        cmocka_unit_test(ties_count_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
