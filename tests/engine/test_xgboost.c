/* XGBoost's settings: lists that are read by hand, metrics and their order, what the table says of the objectives. The
 * runs are tested from outside, in xgboost.test.mjs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/xgboost/xgboost.h"

static void monotone_signs_are_read(void **state)
{
    static const struct {
        const char *text;
        int signs[4];
    } good[] = {{"(1,0,-1)", {1, 0, -1, 0}},
                {"[ -1 , 1 ]", {-1, 1, 0, 0}},
                {"1", {1, 0, 0, 0}},
                {"(1,)", {1, 0, 0, 0}},
                {"0,0,0,+1", {0, 0, 0, 1}}};
    static const char *const bad[] = {"",  "(",      "()",    "(1",    "1)",          "(1]",     "(2)", "(1,0.5)",
                                      "x", "(1,,0)", "(1 0)", "(1)(0", "(1,0,0,0,0)", "(1,0) 1", "(-)"};
    struct error err;
    signed char *signs;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(xgboost_monotone(good[i].text, 4, &signs, &err), 0);
        for (int j = 0; j < 4; j++)
            assert_int_equal(signs[j], good[i].signs[j]);
        free(signs);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct error){0};
        if (xgboost_monotone(bad[i], 4, &signs, &err) == 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(err.code == ERROR_INPUT && err.what[0] && err.fix[0]);
        free(signs);
    }
}

static void interactions_are_read_as_bits(void **state)
{
    static const char *const bad[] = {"",
                                      "[",
                                      "[]",
                                      "[[]]",
                                      "[0]",
                                      "[[0,1]",
                                      "[[0,1]]]",
                                      "[[0,70]]",
                                      "[[-1]]",
                                      "[[0 1]]",
                                      "[[0],]",
                                      "[[0],[\"a\"]]",
                                      "[[9999999999999999999]]",
                                      "[[0]] x",
                                      "[[0.5,1]]"};
    struct error err;
    uint64_t *allowed;
    size_t groups;
    (void)state;
    assert_int_equal(xgboost_interactions(" [[0,1], [2,69,2]]", 70, &allowed, &groups, &err), 0);
    assert_int_equal(groups, 2);
    assert_int_equal(grow_words(70), 2);
    assert_true(allowed[0] == 3 && allowed[1] == 0 && allowed[2] == 4 && allowed[3] == 1u << 5);
    free(allowed);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct error){0};
        if (xgboost_interactions(bad[i], 70, &allowed, &groups, &err) == 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(err.code == ERROR_INPUT && err.what[0] && err.fix[0]);
        free(allowed);
    }
}

static void resolve(struct settings *out, const char *const *pairs)
{
    struct settings given = {0};
    struct error err = {0};
    for (; *pairs; pairs += 2)
        assert_int_equal(settings_set(&given, pairs[0], pairs[1], &err), 0);
    if (algorithm_resolve(&xgboost, &given, out, &err) < 0)
        fail_msg("%s", err.what);
}

#define RESOLVE(out, ...) resolve(out, (const char *const[]){"num_round", "5", __VA_ARGS__, NULL})

static void metrics_keep_their_order_and_come_once(void **state)
{
    struct settings s;
    struct score scores[XGBOOST_SCORES];
    struct error err;
    const struct objective *o = objective_find("binary:logistic", &err);
    int count;
    (void)state;
    RESOLVE(&s, "objective", "binary:logistic", "eval_metric", " auc, ['error@0.3','logloss'], auc");
    assert_int_equal(xgboost_scores(&s, o, scores, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(scores[0].name, "error@0.3");
    assert_string_equal(scores[1].name, "logloss");
    assert_string_equal(scores[2].name, "auc");
    RESOLVE(&s, "objective", "binary:logistic", "_tuning_objective_metric", "validation:error");
    assert_int_equal(xgboost_scores(&s, o, scores, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_string_equal(scores[0].name, "error");
    RESOLVE(&s, "objective", "binary:logistic");
    assert_int_equal(xgboost_scores(&s, o, scores, &count, &err), 0);
    assert_string_equal(scores[0].name, o->metric);
}

static void defaults_are_those_of_the_booster(void **state)
{
    struct settings s;
    (void)state;
    RESOLVE(&s, "booster", "gblinear");
    assert_string_equal(settings_get(&s, "eta"), "0.5");
    assert_string_equal(settings_get(&s, "lambda"), "0");
    assert_string_equal(settings_get(&s, "updater"), "shotgun");
    RESOLVE(&s, "booster", "gblinear", "eta", "0.3", "reg_lambda", "1");
    assert_string_equal(settings_get(&s, "eta"), "0.3");
    assert_string_equal(settings_get(&s, "lambda"), "1");
    RESOLVE(&s, "tree_method", "hist");
    assert_string_equal(settings_get(&s, "updater"), "grow_quantile_histmaker");
    RESOLVE(&s, "updater", "grow_histmaker,prune");
    assert_string_equal(settings_get(&s, "tree_method"), "approx");
    RESOLVE(&s, "objective", "count:poisson");
    assert_string_equal(settings_get(&s, "max_delta_step"), "0.7");
}

static const struct hyperparameter *find(const char *name)
{
    const struct hyperparameter *h = xgboost.hyperparameters;
    while (h->name && strcmp(h->name, name) != 0)
        h++;
    return h->name ? h : NULL;
}

/* The table's choices are spelt out for the forms; they must be the objectives there are, and the old name. */
static void the_table_names_every_objective(void **state)
{
    const char *choices = find("objective")->choices;
    size_t words = 1, known = 1;
    struct error err;
    (void)state;
    for (const char *c = choices; *c; c++)
        words += *c == '|';
    for (const struct objective *o = objectives; o->name; o++, known++)
        assert_non_null(strstr(choices, o->name));
    assert_int_equal(words, known);
    assert_ptr_equal(objective_find("reg:linear", &err), objective_find("reg:squarederror", &err));
}

/* The service's page, row by row (reference, section 3.2). */
static void the_table_has_every_row_of_the_page(void **state)
{
    static const char *const rows[][2] = {{"num_round", NULL},
                                          {"num_class", NULL},
                                          {"alpha", "0"},
                                          {"base_score", "0.5"},
                                          {"booster", "gbtree"},
                                          {"colsample_bylevel", "1"},
                                          {"colsample_bynode", "1"},
                                          {"colsample_bytree", "1"},
                                          {"csv_weights", "0"},
                                          {"deterministic_histogram", "true"},
                                          {"early_stopping_rounds", NULL},
                                          {"eta", "0.3"},
                                          {"eval_metric", NULL},
                                          {"gamma", "0"},
                                          {"grow_policy", "depthwise"},
                                          {"interaction_constraints", NULL},
                                          {"lambda", "1"},
                                          {"lambda_bias", "0"},
                                          {"max_bin", "256"},
                                          {"max_delta_step", "0"},
                                          {"max_depth", "6"},
                                          {"max_leaves", "0"},
                                          {"min_child_weight", "1"},
                                          {"monotone_constraints", NULL},
                                          {"normalize_type", "tree"},
                                          {"nthread", NULL},
                                          {"objective", "reg:squarederror"},
                                          {"one_drop", "0"},
                                          {"process_type", "default"},
                                          {"rate_drop", "0"},
                                          {"refresh_leaf", "1"},
                                          {"sample_type", "uniform"},
                                          {"scale_pos_weight", "1"},
                                          {"seed", "0"},
                                          {"single_precision_histogram", "false"},
                                          {"sketch_eps", "0.03"},
                                          {"skip_drop", "0"},
                                          {"subsample", "1"},
                                          {"tree_method", "auto"},
                                          {"tweedie_variance_power", "1.5"},
                                          {"updater", "grow_colmaker,prune"},
                                          {"use_dask_gpu_training", "false"},
                                          {"verbosity", "1"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct hyperparameter *h = find(rows[i][0]);
        if (!h)
            fail_msg("%s is missing", rows[i][0]);
        if (rows[i][1])
            assert_string_equal(h->fallback, rows[i][1]);
        else
            assert_null(h->fallback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotone_signs_are_read),
        cmocka_unit_test(interactions_are_read_as_bits),
        cmocka_unit_test(metrics_keep_their_order_and_come_once),
        cmocka_unit_test(defaults_are_those_of_the_booster),
        cmocka_unit_test(the_table_names_every_objective),
        cmocka_unit_test(the_table_has_every_row_of_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
