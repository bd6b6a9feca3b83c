/* Pictures of scores, read back from the lines that a reader gets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "engine/picture.h"

static bool keep(void *context, const char *line, size_t len)
{
    cJSON **last = context;
    cJSON_Delete(*last);
    *last = cJSON_ParseWithLength(line, len);
    assert_non_null(*last);
    return true;
}

static double number(const cJSON *data, const char *key)
{
    const cJSON *value = cJSON_GetObjectItem(data, key);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

static double at(const cJSON *data, const char *key, int i)
{
    const cJSON *value = cJSON_GetArrayItem(cJSON_GetObjectItem(data, key), i);
    assert_true(cJSON_IsNumber(value));
    return value->valuedouble;
}

static int length(const cJSON *data, const char *key)
{
    return cJSON_GetArraySize(cJSON_GetObjectItem(data, key));
}

static const cJSON *data_of(const cJSON *line, const char *kind)
{
    assert_string_equal(cJSON_GetObjectItem(line, "event")->valuestring, "picture");
    assert_string_equal(cJSON_GetObjectItem(line, "kind")->valuestring, kind);
    assert_true(number(line, "step") == 7);
    return cJSON_GetObjectItem(line, "data");
}

static void near(double is, double wanted)
{
    if (!(fabs(is - wanted) < 1e-5))
        fail_msg("%.9g, wanted %.9g", is, wanted);
}

/* Five rows by hand; the two of score 0.5 are one step. */
static void ranking_steps_over_ties(void **state)
{
    static const float score[] = {0.5f, 0.9f, 0.5f, 0.1f, 0.7f}, label[] = {1, 1, 0, 0, 0};
    static const double fpr[] = {0, 0, 1. / 3, 2. / 3, 1}, tpr[] = {0, 0.5, 0.5, 1, 1};
    static const double precision[] = {1, 0.5, 0.5, 0.4}, recall[] = {0.5, 0.5, 1, 1};
    cJSON *line = NULL;
    struct event_sink sink = {.write = keep, .context = &line};
    const cJSON *data;
    (void)state;
    picture_ranking(&sink, "validation", score, label, 5, NULL, 7);
    data = data_of(line, "ranking");
    assert_int_equal(length(data, "fpr"), 5);
    assert_int_equal(length(data, "tpr"), 5);
    assert_int_equal(length(data, "threshold"), 5);
    assert_int_equal(length(data, "precision"), length(data, "recall"));
    for (int i = 0; i < 5; i++) {
        near(at(data, "fpr", i), fpr[i]);
        near(at(data, "tpr", i), tpr[i]);
    }
    for (int i = 0; i < 4; i++) {
        near(at(data, "precision", i), precision[i]);
        near(at(data, "recall", i), recall[i]);
    }
    near(number(data, "auc"), 0.75);
    near(number(data, "average_precision"), 0.75);
    assert_true(number(data, "positives") == 2 && number(data, "negatives") == 3);
    cJSON_Delete(line);
}

/* Thinned curves keep both ends and lose nearly no area. */
static void long_curves_are_thinned(void **state)
{
    enum { ROWS = 5000 };
    float *score = malloc(ROWS * sizeof *score), *label = malloc(ROWS * sizeof *label);
    cJSON *line = NULL;
    struct event_sink sink = {.write = keep, .context = &line};
    const cJSON *data;
    double area = 0;
    int n;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        score[i] = (float)(i * 2654435761u % ROWS);
        label[i] = (float)((i * 40503u + 7) % 997 < score[i] / 10);
    }
    picture_ranking(&sink, "train", score, label, ROWS, NULL, 7);
    data = data_of(line, "ranking");
    n = length(data, "fpr");
    assert_in_range(n, 100, 202);
    assert_true(at(data, "fpr", 0) == 0 && at(data, "tpr", 0) == 0);
    assert_true(at(data, "fpr", n - 1) == 1 && at(data, "tpr", n - 1) == 1);
    for (int i = 1; i < n; i++) {
        assert_true(at(data, "fpr", i) >= at(data, "fpr", i - 1));
        area += (at(data, "fpr", i) - at(data, "fpr", i - 1)) * (at(data, "tpr", i) + at(data, "tpr", i - 1)) / 2;
    }
    assert_true(fabs(area - number(data, "auc")) < 2e-3);
    free(score);
    free(label);
    cJSON_Delete(line);
}

static void odd_scores_do_no_harm(void **state)
{
    static const float nothing[] = {NAN, NAN}, one[] = {0.25f, NAN}, label[] = {1, 0};
    cJSON *line = NULL;
    struct event_sink sink = {.write = keep, .context = &line};
    (void)state;
    picture_ranking(&sink, "train", nothing, label, 2, NULL, 7);
    picture_ranking(&sink, "train", one, label, 0, NULL, 7);
    assert_null(line); /* nothing to show */
    picture_ranking(&sink, "train", one, label, 2, NULL, 7);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(data_of(line, "ranking"), "auc")));
    picture_confusion(&sink, "train", nothing, label, 2, 2, NULL, 7);
    assert_int_equal(length(data_of(line, "confusion"), "counts"), 2);
    picture_residuals(&sink, "train", one, label, 0, 7);
    assert_int_equal(length(data_of(line, "residuals"), "predicted"), 0);
    cJSON_Delete(line);
}

static void confusion_counts_the_commonest(void **state)
{
    enum { CLASSES = 25, ROWS = 2 * CLASSES };
    float label[ROWS], predicted[ROWS];
    cJSON *line = NULL;
    struct event_sink sink = {.write = keep, .context = &line};
    const cJSON *data, *counts;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) { /* classes 5 to 24 twice and more, 0 to 4 once */
        label[i] = (float)(i < CLASSES ? i : 5 + (i - CLASSES) % 20);
        predicted[i] = i % 2 ? label[i] : 6;
    }
    picture_confusion(&sink, "train", predicted, label, ROWS, CLASSES, NULL, 7);
    data = data_of(line, "confusion");
    counts = cJSON_GetObjectItem(data, "counts");
    assert_int_equal(length(data, "classes"), 20);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(data, "classes"), 0)->valuestring, "5");
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(data, "classes"), 19)->valuestring, "24");
    for (int row = 0; row < 20; row++)
        for (int column = 0; column < 20; column++) {
            int wanted = 0;
            for (size_t i = 0; i < ROWS; i++)
                wanted += label[i] == (float)(row + 5) && predicted[i] == (float)(column + 5);
            assert_int_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(counts, row), column)->valueint, wanted);
        }
    cJSON_Delete(line);
}

static void residuals_are_spread_evenly(void **state)
{
    enum { ROWS = 1500 };
    float label[ROWS], predicted[ROWS];
    cJSON *line = NULL;
    struct event_sink sink = {.write = keep, .context = &line};
    const cJSON *data;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        predicted[i] = (float)i;
        label[i] = (float)i + 0.5f;
    }
    picture_residuals(&sink, "train", predicted, label, ROWS, 7);
    data = data_of(line, "residuals");
    assert_int_equal(length(data, "predicted"), 500);
    assert_true(number(data, "rows") == ROWS);
    for (int i = 0; i < 500; i++) {
        near(at(data, "predicted", i), 3 * i);
        near(at(data, "residual", i), 0.5);
    }
    cJSON_Delete(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranking_steps_over_ties),     cmocka_unit_test(long_curves_are_thinned),
        cmocka_unit_test(odd_scores_do_no_harm),       cmocka_unit_test(confusion_counts_the_commonest),
        cmocka_unit_test(residuals_are_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
