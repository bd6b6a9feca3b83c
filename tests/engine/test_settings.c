/* Settings against the table: what is taken, refused with which words, and what auto becomes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/algorithm.h"
#include "engine/suggest.h"

/* Resolves "name=value name=value ..." against Linear Learner's table. */
static int resolve(const char *pairs, struct settings *out, struct error *err)
{
    struct settings given = {0};
    char text[512], *save = NULL;
    *err = (struct error){0};
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        if (settings_set(&given, pair, equals + 1, err) < 0)
            return -1;
    }
    return algorithm_resolve(algorithm_find("linear-learner", err), &given, out, err);
}

static void unsuitable_values_are_refused_by_name(void **state)
{
    static const struct {
        const char *pairs, *where, *what, *fix;
    } cases[] = {
        {"", "predictor_type", "needs predictor_type", "binary_classifier|"},
        {"predictor_type=regresor", "predictor_type", "cannot be 'regresor'", "did you mean regressor?"},
        {"predictor_type=multiclass_classifier", "num_classes", "needs num_classes", "num_classes="},
        {"predictor_type=multiclass_classifier num_classes=2", "num_classes", "at least 3", "at least 3"},
        {"predictor_type=regressor learning_rat=1", "learning_rat", "has no hyperparameter",
         "did you mean learning_rate?"},
        {"predictor_type=regressor zzzz=1", "zzzz", "has no hyperparameter", "describe"},
        {"predictor_type=regressor learning_rate=0", "learning_rate", "must be above 0", "or auto"},
        {"predictor_type=regressor learning_rate=fast", "learning_rate", "must be a number", "above 0"},
        {"predictor_type=regressor learning_rate=nan", "learning_rate", "must be a number", "above 0"},
        {"predictor_type=regressor learning_rate=0x10", "learning_rate", "must be a number", "above 0"},
        {"predictor_type=regressor learning_rate=1e999", "learning_rate", "must be a number", "above 0"},
        {"predictor_type=regressor epochs=1.5", "epochs", "whole number", "at least 1"},
        {"predictor_type=regressor epochs=auto", "epochs", "must be a number", "at least 1"},
        {"predictor_type=regressor epochs=99999999999999999999", "epochs", "too large", "at least 1"},
        {"predictor_type=regressor momentum=1", "momentum", "below 1", "below 1"},
        {"predictor_type=regressor use_bias=yes", "use_bias", "true or false", "true or false"},
        {"predictor_type=regressor use_bias=auto", "use_bias", "true or false", "true or false"},
        {"predictor_type=regressor loss=logistic", "loss", "cannot be trained with logistic", "squared_loss"},
        {"predictor_type=binary_classifier loss=softmax_loss", "loss", "cannot be trained", "logistic|hinge_loss"},
        {"predictor_type=regressor num_models=0", "num_models", "at least 1", "at least 1"},
        {"predictor_type=binary_classifier positive_example_weight_mult=evenly", "positive_example_weight_mult",
         "must be a number", "balanced"},
    };
    struct settings out;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(resolve(cases[i].pairs, &out, &err), -1);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_string_equal(err.where, cases[i].where);
        if (!strstr(err.what, cases[i].what) || !strstr(err.fix, cases[i].fix))
            fail_msg("'%s' says: %s / %s", cases[i].pairs, err.what, err.fix);
    }
}

/* The documented defaults, and what auto becomes, by predictor and optimiser. */
static void auto_becomes_a_value(void **state)
{
    static const struct {
        const char *pairs, *name, *value;
    } cases[] = {
        {"predictor_type=regressor", "epochs", "15"},
        {"predictor_type=regressor", "mini_batch_size", "1000"},
        {"predictor_type=regressor", "loss", "squared_loss"},
        {"predictor_type=binary_classifier", "loss", "logistic"},
        {"predictor_type=multiclass_classifier num_classes=3", "loss", "softmax_loss"},
        {"predictor_type=regressor", "optimizer", "adam"},
        {"predictor_type=regressor optimizer=sgd", "learning_rate", "0.1"},
        {"predictor_type=regressor", "normalize_label", "true"},
        {"predictor_type=binary_classifier normalize_label=true", "normalize_label", "false"},
        {"predictor_type=regressor normalize_label=false", "unbias_label", "false"},
        {"predictor_type=regressor use_bias=false", "unbias_label", "false"},
        {"predictor_type=regressor normalize_data=False", "normalize_data", "false"},
        {"predictor_type=regressor normalize_data=false", "unbias_data", "false"},
        {"predictor_type=regressor normalize_data=auto", "unbias_data", "true"},
        {"predictor_type=regressor wd=auto", "wd", "0"},
        {"predictor_type=regressor num_models=auto", "num_models", "1"},
        {"predictor_type=binary_classifier positive_example_weight_mult=balanced", "positive_example_weight_mult",
         "balanced"},
    };
    struct settings out;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (resolve(cases[i].pairs, &out, &err) < 0)
            fail_msg("%s", err.what);
        assert_string_equal(settings_get(&out, cases[i].name), cases[i].value);
    }
}

static void every_hyperparameter_is_there_after_resolving(void **state)
{
    const struct algorithm *a;
    struct settings out;
    struct error err;
    int count = 0;
    (void)state;
    a = algorithm_find("linear-learner", &err);
    assert_int_equal(resolve("predictor_type=multiclass_classifier num_classes=3", &out, &err), 0);
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++) {
        const char *value = settings_get(&out, h->name);
        assert_non_null(value);
        if (strcmp(h->name, "feature_dim") != 0 && strcmp(h->name, "num_calibration_samples") != 0)
            assert_string_not_equal(value, "auto"); /* those two wait for the data */
        assert_true(h->help && h->help[0]);
        count++;
    }
    assert_int_equal(count, 44); /* as many as the documentation's table has rows */
    assert_int_equal(out.count, 44);
}

static void what_is_read_depends(void **state)
{
    const struct algorithm *a;
    struct settings out;
    struct error err;
    (void)state;
    a = algorithm_find("linear-learner", &err);
    assert_int_equal(resolve("predictor_type=regressor loss=eps_insensitive_absolute_loss", &out, &err), 0);
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++) {
        if (strcmp(h->name, "momentum") == 0 || strcmp(h->name, "num_classes") == 0 || strcmp(h->name, "quantile") == 0)
            assert_false(hyperparameter_applies(h, &out));
        if (strcmp(h->name, "beta_1") == 0 || strcmp(h->name, "loss_insensitivity") == 0 || strcmp(h->name, "wd") == 0)
            assert_true(hyperparameter_applies(h, &out));
    }
}

static void settings_have_limits(void **state)
{
    struct settings s = {0};
    struct error err;
    char name[16], long_value[600];
    (void)state;
    memset(long_value, 'v', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    assert_int_equal(settings_set(&s, "a", long_value, &err), -1);
    assert_int_equal(settings_set(&s, long_value, "a", &err), -1);
    for (int i = 0; i < SETTINGS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(settings_set(&s, name, "1", &err), 0);
    }
    assert_int_equal(settings_set(&s, "n0", "2", &err), 0);
    assert_true(settings_number(&s, "n0") == 2);
    assert_int_equal(settings_set(&s, "one_more", "1", &err), -1);
    assert_true(isnan(settings_number(&s, "absent")));
}

static void algorithms_are_found_or_named(void **state)
{
    struct error err;
    (void)state;
    for (const struct algorithm *const *a = algorithm_table; *a; a++)
        assert_ptr_equal(algorithm_find((*a)->name, &err), *a);
    assert_null(algorithm_find("linear", &err));
    assert_non_null(strstr(err.fix, "did you mean linear-learner?"));
    assert_null(algorithm_find("svm", &err));
    assert_non_null(strstr(err.fix, "object-detection"));
}

static void near_names_are_suggested(void **state)
{
    struct suggestion s = {0};
    (void)state;
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("epochs", "epochs"), 0);
    assert_int_equal(suggest_distance("epcohs", "epochs"), 1);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    suggest_offer(&s, "bta_1", "quantile");
    assert_string_equal(s.name, "");
    suggest_offer(&s, "bta_1", "beta_2");
    suggest_offer(&s, "bta_1", "beta_1");
    assert_string_equal(s.name, "beta_1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsuitable_values_are_refused_by_name),
        cmocka_unit_test(auto_becomes_a_value),
        cmocka_unit_test(every_hyperparameter_is_there_after_resolving),
        cmocka_unit_test(what_is_read_depends),
        cmocka_unit_test(settings_have_limits),
        cmocka_unit_test(algorithms_are_found_or_named),
        cmocka_unit_test(near_names_are_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
