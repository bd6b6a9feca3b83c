/* The catalogue's form, the loss contour, and whole experiments with the real learner, seen through their lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "engine/base/asset.h"
#include "engine/contour.h"
#include "engine/data/generate.h"
#include "engine/experiment.h"
#include "engine/plan.h"

/* --- catalogues ------------------------------------------------------------------------------- */

/* The catalogue's file of Linear Learner with LL-14 alone. */
static cJSON *built_in(void)
{
    const struct asset *asset = asset_find(&asset_content, "experiments/linear-learner.json");
    cJSON *file = cJSON_ParseWithLength((const char *)asset->plain, asset->plain_len), *all;
    assert_non_null(file);
    all = cJSON_GetObjectItemCaseSensitive(file, "experiments");
    for (int i = cJSON_GetArraySize(all); i-- > 0;) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(all, i), "id");
        if (strcmp(cJSON_GetStringValue(id), "LL-14") != 0)
            cJSON_DeleteItemFromArray(all, i);
    }
    assert_int_equal(cJSON_GetArraySize(all), 1);
    return file;
}

static cJSON *at(cJSON *from, const char *path)
{
    char copy[200], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", path);
    while ((word = strsep(&rest, "/")) && *word)
        from = word[0] >= '0' && word[0] <= '9' ? cJSON_GetArrayItem(from, atoi(word))
                                                : cJSON_GetObjectItemCaseSensitive(from, word);
    assert_non_null(from);
    return from;
}

static const char *write_text(const char *text)
{
    static char path[] = "/tmp/flashlab-experiment-XXXXXX";
    FILE *f;
    strcpy(path + strlen(path) - 6, "XXXXXX");
    f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static int read_text(const char *text, struct error *err)
{
    struct plan plan;
    const char *path = write_text(text);
    int status = plan_read(&plan, path, false, err);
    if (status == 0)
        plan_free(&plan);
    unlink(path);
    return status;
}

static void the_built_in_catalogue_is_read(void **state)
{
    struct plan plan;
    struct error err;
    (void)state;
    assert_int_equal(plan_read(&plan, "LL-14", false, &err), 0);
    assert_string_equal(plan.algorithm->name, "linear-learner");
    assert_string_equal(plan.data, "scaled_lin:n=4000,d=10,low=-2,high=3");
    assert_int_equal(plan.arms[1].value_count, 7);
    assert_int_equal(plan.expected_sign, 1);
    assert_true(plan.contour && plan.rule.start == 6 && plan.rule.cap == 20 && plan.rule.confidence == 0.993);
    plan_free(&plan);
    assert_int_equal(plan_read(&plan, "LL-14", true, &err), 0);
    assert_string_equal(plan.data, "scaled_lin:n=4000,d=10,low=0,high=0");
    plan_free(&plan);
    assert_int_equal(plan_read(&plan, "LL-99", false, &err), -1);
    assert_non_null(strstr(err.fix, "LL-14"));
    assert_int_equal(plan_read(&plan, "no/such/file.json", false, &err), -1);
    assert_non_null(strstr(err.what, "cannot be read"));
    assert_int_equal(plan_read(&plan, "/tmp", false, &err), -1);
    assert_int_equal(plan_read(&plan, "", false, &err), -1);
}

/* Each change of the built-in experiment must be refused by a sentence that names the field. */
static void faults_are_refused_by_name(void **state)
{
    static const struct {
        const char *path, *key, *value, *where;
    } changes[] = {
        {"experiments/0", "claim", NULL, "claim"},
        {"experiments/0", "claim", "3", "claim"},
        {"experiments/0", "claim", "\"\"", "claim"},
        {"experiments/0", "clam", "\"x\"", "an experiment"},
        {"experiments/0", "id|title", "\"x\"", "an experiment"},
        {"experiments/0", "kind", "\"SHOW\"", "kind"},
        {"experiments/0", "arms", "[]", "arms"},
        {"experiments/0", "arms", "[[], []]", "arms"},
        {"experiments/0", "arms", "{}", "arms"},
        {"experiments/0", "base", "[]", "base"},
        {"experiments/0", "base", "{\"predictor_type\": 3}", "predictor_type"},
        {"experiments/0", "base", "{\"predictor_typ\": \"regressor\"}", "predictor_typ"},
        {"experiments/0/arms/0", "name", "\"normalised\"", "arms"},
        {"experiments/0/arms/0", "tune", "[]", "tune"},
        {"experiments/0/arms/0", "tune", "{}", "tune"},
        {"experiments/0/arms/0", "tune", "{\"learning_rate\": []}", "tune"},
        {"experiments/0/arms/0", "tune", "{\"learning_rate\": [0.1]}", "learning_rate"},
        {"experiments/0/arms/0", "tune", "{\"learning_rate\": [\"-1\"]}", "learning_rate"},
        {"experiments/0/arms/0", "tune", "{\"learning_rate\": [\"1\"], \"epochs\": [\"1\"]}", "tune"},
        {"experiments/0/arms/0", "set", "{\"normalize_data\": \"perhaps\"}", "normalize_data"},
        {"experiments/0", "measure", "{\"metric\": \"test:mse\", \"direction\": \"max\"}", "label"},
        {"experiments/0/measure", "direction", "\"up\"", "direction"},
        {"experiments/0", "choose", "\"loss\"", "choose"},
        {"experiments/0", "expect", "{\"low\": 0}", "expect"},
        {"experiments/0", "expect", "{\"high\": 0.1}", "expect"},
        {"experiments/0", "expect", "{\"low\": 0.1, \"high\": 0.2}", "expect"},
        {"experiments/0", "band", "-1", "band"},
        {"experiments/0", "confidence", "1", "confidence"},
        {"experiments/0", "seeds", "{\"start\": 1, \"cap\": 20}", "start"},
        {"experiments/0", "seeds", "{\"start\": 6, \"cap\": 5}", "cap"},
        {"experiments/0", "seeds", "{\"start\": 6, \"cap\": 1e9}", "cap"},
        {"experiments/0", "flip", "[]", "flip"},
        {"experiments/0/flip", "set", "[]", "set"},
        {"experiments/0/flip", "sets", "{}", "flip"},
        {"experiments/0", "pace", "\"fast\"", "pace"},
        {"experiments/0", "pictures", "[\"film\"]", "pictures"},
        {"experiments/0", "pictures", "[{}]", "pictures"},
        {"", "experiments", "[]", "/tmp/"},
        {"", "experiments", "[3]", "/tmp/"},
        {"", "experiments", "{}", "/tmp/"},
        {"", "algorithm", "\"xgbost\"", "algorithm"},
        {"", "algorithm", NULL, "algorithm"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        cJSON *file = built_in(), *object = at(file, changes[i].path);
        struct error err = {0};
        char *text;
        cJSON_DeleteItemFromObjectCaseSensitive(object, changes[i].key);
        if (changes[i].value)
            cJSON_AddItemToObject(object, changes[i].key, cJSON_Parse(changes[i].value));
        text = cJSON_Print(file);
        if (read_text(text, &err) == 0)
            fail_msg("change %zu (%s) was taken", i, changes[i].key);
        if (!err.what[0] || !strstr(err.where, changes[i].where))
            fail_msg("change %zu (%s): '%s' at '%s'", i, changes[i].key, err.what, err.where);
        free(text);
        cJSON_Delete(file);
    }
}

static void what_is_not_json_is_refused_with_its_line(void **state)
{
    struct error err = {0};
    char *deep = malloc(200001);
    (void)state;
    assert_int_equal(read_text("{\n\"algorithm\": \"linear-learner\",\n\"experiments\": [}\n", &err), -1);
    assert_non_null(strstr(err.what, "line 3"));
    assert_int_equal(read_text("", &err), -1);
    assert_int_equal(read_text("[]", &err), -1);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    assert_int_equal(read_text(deep, &err), -1);
    free(deep);
    deep = calloc(1, (2 << 20) + 1);
    memset(deep, ' ', 2 << 20);
    assert_int_equal(read_text(deep, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    free(deep);
}

/* --- the contour ------------------------------------------------------------------------------ */

/* Mean logistic loss of linear weights, written anew. */
static double loss(const struct dataset *d, const double *w, double bias, const float *shift, const float *factor)
{
    double sum = 0;
    for (size_t i = 0; i < d->rows; i++) {
        double score = bias;
        for (size_t j = 0; j < d->columns; j++)
            score += w[j] * ((double)d->x[i * d->columns + j] - shift[j]) * factor[j];
        sum += log1p(exp(d->y[i] > 0 ? -score : score));
    }
    return sum / (double)d->rows;
}

static void contour_is_the_loss_and_its_lowest_point(void **state)
{
    struct dataset train, validation, test;
    struct error err;
    struct contour c;
    struct str out = {0};
    struct json j = json_begin(&out);
    const float shift[] = {0.1f, 0, -0.5f, 2}, factor[] = {1, 2, 1, 0.01f};
    float weights[] = {1, -2, 0.5f, 3};
    struct trace step = {.weights = weights, .shift = shift, .factor = factor, .columns = 4, .bias = 0.25f};
    cJSON *picture, *data;
    double low[2], high[2], best[2], w[4] = {1, -2, 0.5, 3};
    (void)state;
    assert_int_equal(
        generate("scaled_lin:n=500,d=4,low=0,high=2,strength=2", 5, &train, &validation, &test, NULL, &err), 0);
    assert_int_equal(contour_begin(&c, &train), 0);
    assert_int_equal(c.axis[0], 0);
    assert_int_equal(c.axis[1], 3);
    for (int k = 0; k < 1000; k++) {
        weights[0] = 1 + 1.0f / (float)(k + 1);
        step.step = k;
        contour_trace(&c, &step);
    }
    weights[0] = (float)w[0];
    contour_trace(&c, &step);
    weights[0] = NAN; /* the run diverges: the picture keeps what was finite */
    contour_trace(&c, &step);
    json_object(&j, NULL);
    contour_write(&j, &c, &train);
    json_end(&j);
    picture = cJSON_Parse(str_text(&out));
    data = at(picture, "data");
    low[0] = at(data, "x/low")->valuedouble, high[0] = at(data, "x/high")->valuedouble;
    low[1] = at(data, "y/low")->valuedouble, high[1] = at(data, "y/high")->valuedouble;
    for (int row = 0; row < 32; row += 7)
        for (int column = 0; column < 32; column += 5) {
            w[0] = low[0] + (high[0] - low[0]) * column / 31;
            w[3] = low[1] + (high[1] - low[1]) * row / 31;
            assert_true(fabs(cJSON_GetArrayItem(at(data, "values"), 32 * row + column)->valuedouble -
                             loss(&train, w, 0.25, shift, factor)) < 1e-4);
        }
    assert_int_equal(cJSON_GetArraySize(at(data, "values")), 32 * 32);
    assert_int_equal(at(data, "steps")->valueint, 1001);
    assert_true(cJSON_GetArraySize(at(data, "path")) <= 310);
    assert_true(at(data, "path/0/0")->valuedouble == 2 && at(data, "path/1/0")->valuedouble == 1.5);
    best[0] = at(data, "optimum/0")->valuedouble, best[1] = at(data, "optimum/1")->valuedouble;
    for (int k = 0; k < 2; k++) { /* no slope at the optimum, by central differences */
        double up[4] = {best[0], -2, 0.5, best[1]}, down[4] = {best[0], -2, 0.5, best[1]};
        up[3 * k] += 1e-3, down[3 * k] -= 1e-3;
        assert_true(fabs(loss(&train, up, 0.25, shift, factor) - loss(&train, down, 0.25, shift, factor)) / 2e-3 <
                    1e-3);
        assert_true(low[k] < best[k] && best[k] < high[k]);
    }
    cJSON_Delete(picture);
    str_free(&out);
    contour_free(&c);
    dataset_free(&train), dataset_free(&validation), dataset_free(&test);
}

/* --- whole experiments ------------------------------------------------------------------------ */

struct lines {
    cJSON *all;
    int stop_after; /* lines; 0: never */
};

static bool keep(void *context, const char *line, size_t len)
{
    struct lines *l = context;
    cJSON *object = cJSON_ParseWithLength(line, len);
    assert_non_null(object);
    cJSON_AddItemToArray(l->all, object);
    return l->stop_after == 0 || cJSON_GetArraySize(l->all) < l->stop_after;
}

/* A small form of LL-14; `edit` are "path key json" triples up to NULL. */
static int run(struct lines *l, const char *const *edit, struct error *err)
{
    cJSON *file = built_in();
    struct event_sink sink = {.write = keep, .context = l};
    const char *path;
    char *text;
    int status;
    static const char *const small[] = {"experiments/0",
                                        "data",
                                        "\"scaled_lin:n=600,d=4,low=-1,high=2\"",
                                        "experiments/0/base",
                                        "epochs",
                                        "\"4\"",
                                        "experiments/0",
                                        "pace",
                                        "0",
                                        NULL};
    const char *const *edits[] = {small, edit};
    for (int k = 0; k < 2; k++)
        for (int i = 0; edits[k] && edits[k][i]; i += 3) {
            cJSON *object = at(file, edits[k][i]);
            cJSON_DeleteItemFromObjectCaseSensitive(object, edits[k][i + 1]);
            cJSON_AddItemToObject(object, edits[k][i + 1], cJSON_Parse(edits[k][i + 2]));
        }
    text = cJSON_Print(file);
    path = write_text(text);
    l->all = cJSON_CreateArray();
    status = experiment_run(path, false, 1, 0, &sink, err);
    unlink(path);
    free(text);
    cJSON_Delete(file);
    return status;
}

static const char *text_of(const cJSON *line, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, key));
    return text ? text : "";
}

static cJSON *last(struct lines *l, const char *event)
{
    cJSON *line, *found = NULL;
    cJSON_ArrayForEach (line, l->all)
        if (!strcmp(text_of(line, "event"), event))
            found = line;
    assert_non_null(found);
    return found;
}

/* The arm with the large scales first: the claim must be confirmed, and refuted when the expectation is turned round.
 */
static void a_true_claim_is_confirmed_and_its_opposite_refuted(void **state)
{
    static const char *const opposite[] = {"experiments/0", "expect", "{\"high\": -0.1}", NULL};
    struct lines l = {0};
    struct error err = {0};
    cJSON *verdict;
    (void)state;
    assert_int_equal(run(&l, NULL, &err), 0);
    verdict = last(&l, "verdict");
    assert_string_equal(text_of(verdict, "verdict"), "confirmed");
    assert_true(at(verdict, "low")->valuedouble > 0.01 &&
                at(verdict, "mean")->valuedouble > at(verdict, "low")->valuedouble);
    assert_string_equal(text_of(last(&l, "end"), "status"), "done");
    cJSON_Delete(l.all);
    assert_int_equal(run(&l, opposite, &err), 0);
    assert_string_equal(text_of(last(&l, "verdict"), "verdict"), "refuted");
    cJSON_Delete(l.all);
}

/* A/A through the whole path: the same arm twice differs by exactly nothing, so neither seeds nor streams leak. */
static void the_same_arm_twice_makes_no_difference(void **state)
{
    static const char *const same[] = {"experiments/0/arms/0/set", "normalize_data", "\"true\"", NULL};
    struct lines l = {0};
    struct error err = {0};
    cJSON *rows, *row;
    (void)state;
    assert_int_equal(run(&l, same, &err), 0);
    assert_string_equal(text_of(last(&l, "verdict"), "verdict"), "refuted");
    assert_non_null(strstr(text_of(last(&l, "verdict"), "text"), "makes no difference"));
    rows = at(last(&l, "picture"), "data/rows");
    assert_int_equal(cJSON_GetArraySize(rows), 6);
    cJSON_ArrayForEach (row, rows)
        assert_true(at(row, "difference")->valuedouble == 0);
    cJSON_Delete(l.all);
}

/* Absurd rates without a way back: scored as the constant guess, marked, and not an error. */
static void divergence_is_a_result(void **state)
{
    static const char *const one[] = {"experiments/0/arms/0", "tune", "{\"learning_rate\": [\"1e37\", \"1e38\"]}",
                                      NULL};
    static const char *const both[] = {"experiments/0/arms/0",
                                       "tune",
                                       "{\"learning_rate\": [\"1e37\", \"1e38\"]}",
                                       "experiments/0/arms/1",
                                       "tune",
                                       "{\"learning_rate\": [\"1e38\"]}",
                                       NULL};
    struct lines l = {0};
    struct error err = {0};
    cJSON *row;
    (void)state;
    assert_int_equal(run(&l, one, &err), 0);
    row = at(last(&l, "picture"), "data/rows/0");
    assert_true(cJSON_IsTrue(at(row, "diverged/0")) && cJSON_IsFalse(at(row, "diverged/1")));
    assert_true(at(row, "values/0")->valuedouble > 0.45 && at(row, "values/0")->valuedouble < 0.55);
    assert_string_equal(text_of(last(&l, "verdict"), "verdict"), "confirmed");
    cJSON_Delete(l.all);
    assert_int_equal(run(&l, both, &err), 0);
    assert_string_equal(text_of(last(&l, "verdict"), "verdict"), "untestable");
    cJSON_Delete(l.all);
}

static void it_stops_when_nobody_listens(void **state)
{
    (void)state;
    for (int after = 1; after < 60; after += 13) {
        struct lines l = {.stop_after = after};
        struct error err = {0};
        assert_int_equal(run(&l, NULL, &err), 0);
        assert_true(cJSON_GetArraySize(l.all) <= after + 2);
        assert_string_equal(text_of(last(&l, "end"), "status"), "stopped");
        cJSON_Delete(l.all);
    }
}

static void what_cannot_be_drawn_or_compared_is_refused(void **state)
{
    static const char *const edits[][4] = {
        {"experiments/0/measure", "metric", "\"test:objective_loss\"", NULL},
        {"experiments/0/base", "loss", "\"hinge_loss\"", NULL},
        {"experiments/0/base", "wd", "\"0.1\"", NULL},
        {"experiments/0/base", "positive_example_weight_mult", "\"balanced\"", NULL},
        {"experiments/0", "data", "\"scaled_lin:n=600,d=1\"", NULL},
        {"experiments/0", "data", "\"scaled_lin:n=600,e=1\"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct lines l = {0};
        struct error err = {0};
        if (run(&l, edits[i], &err) == 0)
            fail_msg("%s was taken", edits[i][2]);
        assert_true(err.what[0] && err.where[0] && err.fix[0]);
        cJSON_Delete(l.all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_catalogue_is_read),
        cmocka_unit_test(faults_are_refused_by_name),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_line),
        cmocka_unit_test(contour_is_the_loss_and_its_lowest_point),
        cmocka_unit_test(a_true_claim_is_confirmed_and_its_opposite_refuted),
        cmocka_unit_test(the_same_arm_twice_makes_no_difference),
        cmocka_unit_test(divergence_is_a_result),
        cmocka_unit_test(it_stops_when_nobody_listens),
        cmocka_unit_test(what_cannot_be_drawn_or_compared_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
