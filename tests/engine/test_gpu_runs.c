/* Whole training with a device: with a processor that plays it everywhere, on the real one where a GPU answers, else
 * that is skipped. And which device a job gets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/str.h"
#include "engine/data/generate.h"
#include "engine/device.h"
#include "engine/job.h"
#include "tests/engine/gpu_real.h"
#include "tests/engine/gpu_standin.h"

static bool near(double a, double b, double tolerance)
{
    bool is = fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b)) || (isnan(a) && isnan(b));
    if (!is)
        print_error("%.9g is not %.9g\n", a, b);
    return is;
}

/* --- whole runs -----------------------------------------------------------------------------------------------------
 */

struct ran {
    struct training t;
    struct settings settings;
    struct event_sink sink;
    struct str lines;
    struct error err;
    int status;
};

static bool collect(void *context, const char *line, size_t len)
{
    struct ran *r = context;
    str_append(&r->lines, line, len);
    str_putc(&r->lines, '\n');
    return true;
}

static void set_all(struct settings *to, const char *pairs)
{
    char text[512], *save = NULL;
    struct error err;
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(to, pair, pair + strlen(pair) + 1, &err), 0);
    }
}

static void train(struct ran *r, const char *algorithm, const struct gpu *gpu, const struct dataset parts[3],
                  const char *pairs)
{
    const struct algorithm *a = algorithm_find(algorithm, &r->err);
    struct settings given = {0};
    memset(r, 0, sizeof *r);
    set_all(&given, pairs);
    if (algorithm_resolve(a, &given, &r->settings, &r->err) < 0)
        fail_msg("%s", r->err.what);
    r->sink = (struct event_sink){.write = collect, .context = r, .started = clock_seconds()};
    r->t = (struct training){.settings = &r->settings,
                             .train = &parts[0],
                             .validation = &parts[1],
                             .test = &parts[2],
                             .gpu = gpu,
                             .seed = 5,
                             .threads = 1,
                             .sink = &r->sink};
    assert_int_equal(a->check_gpu(&r->t, &r->err), 0);
    r->status = job_train(a, &r->t, &r->err);
}

static const struct {
    const char *algorithm, *recipe, *settings;
    double tolerance; /* relative; 0: to the bit */
} runs[] = {
    {"linear-learner", "gauss2:n=900", "predictor_type=binary_classifier epochs=6 mini_batch_size=100", 1e-3},
    {"linear-learner", "gauss2:n=900",
     "predictor_type=binary_classifier epochs=6 mini_batch_size=64 num_models=5 loss=hinge_loss "
     "positive_example_weight_mult=3 optimizer=rmsprop",
     1e-3},
    {"linear-learner", "gauss_lin:n=700,d=9", "predictor_type=regressor epochs=9 mini_batch_size=50 num_models=3",
     1e-3},
    {"linear-learner", "gauss_lin:n=700,d=9",
     "predictor_type=regressor epochs=5 mini_batch_size=50 optimizer=sgd momentum=0.5 learning_rate=0.05 "
     "loss=huber_loss l1=0.001 wd=0.01 use_lr_scheduler=true lr_scheduler_step=20 lr_scheduler_factor=0.9",
     1e-3},
    {"linear-learner", "gauss_mix:n=900",
     "predictor_type=multiclass_classifier num_classes=3 epochs=5 mini_batch_size=100 num_models=2 use_bias=false",
     1e-3},
    {"xgboost", "bumps_clf:n=900", "objective=binary:logistic num_round=6 tree_method=hist max_depth=4", 0},
    {"xgboost", "gauss_mix:n=600",
     "objective=multi:softprob num_class=3 num_round=3 tree_method=approx num_parallel_tree=2 subsample=0.7", 0},
    {"xgboost", "friedman1:n=700",
     "objective=reg:absoluteerror num_round=5 tree_method=hist booster=dart rate_drop=0.3", 0},
};

static size_t classes_of(const char *text) /* of a regressor 0 */
{
    return strstr(text, "multi") ? 3 : 2;
}

/* The next value of train:objective_loss that a run said, and its step. */
static bool next_loss(const char **at, double *value, double *step)
{
    static const char name[] = "\"train:objective_loss\",\"value\":";
    const char *found = strstr(*at, name), *steps = found ? strstr(found, "\"step\":") : NULL;
    if (!steps)
        return false;
    *value = strtod(found + strlen(name), NULL);
    *step = strtod(steps + strlen("\"step\":"), NULL);
    *at = steps;
    return true;
}

/* Said at the same steps, the losses are the same within the tolerance. */
static void compare_losses(const struct str *here, const struct str *there, double tolerance)
{
    const char *a = str_text(here), *b = str_text(there);
    double wanted, found, step, other;
    size_t said = 0;
    for (; next_loss(&a, &wanted, &step); said++)
        if (!next_loss(&b, &found, &other) || step != other || fabs(found - wanted) > tolerance * fabs(wanted))
            fail_msg("step %.0f: loss %.9g here, at step %.0f %.9g there", step, wanted, other, found);
    assert_true(said > 20 && !next_loss(&b, &found, &other));
}

/* Final metrics of a run on the device are those of the processor. */
static void check_runs(const struct gpu *gpu)
{
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        struct dataset parts[3];
        struct ran here, there;
        struct error err;
        print_message("  %s: %s\n", runs[k].algorithm, runs[k].settings);
        assert_int_equal(generate(runs[k].recipe, 3, &parts[0], &parts[1], &parts[2], NULL, &err), 0);
        for (int i = 0; i < 3 && classes_of(runs[k].settings) == 3; i++)
            for (size_t row = 0; row < parts[i].rows; row++)
                parts[i].y[row] = fminf(parts[i].y[row], 2);
        train(&here, runs[k].algorithm, NULL, parts, runs[k].settings);
        train(&there, runs[k].algorithm, gpu, parts, runs[k].settings);
        if (here.status < 0 || there.status < 0)
            fail_msg("%s%s", here.err.what, there.err.what);
        assert_int_equal(here.t.metric_count, there.t.metric_count);
        assert_true(here.t.metric_count > 3 && here.t.rows_seen == there.t.rows_seen);
        for (int i = 0; i < here.t.metric_count; i++) {
            double a = here.t.metrics[i].value, b = there.t.metrics[i].value;
            bool loss = strstr(here.t.metrics[i].name, "loss");
            assert_string_equal(here.t.metrics[i].name, there.t.metrics[i].name);
            if (runs[k].tolerance == 0)
                assert_true(a == b || (isnan(a) && isnan(b)));
            else if (loss && fabs(a - b) > runs[k].tolerance * fabs(a))
                fail_msg("%s: %.9g here, %.9g there", here.t.metrics[i].name, a, b);
            else if (!loss)
                assert_true(near(a, b, 0.01));
        }
        if (runs[k].tolerance > 0)
            compare_losses(&here.lines, &there.lines, runs[k].tolerance);
        str_free(&here.lines);
        str_free(&there.lines);
        for (int i = 0; i < 3; i++)
            dataset_free(&parts[i]);
    }
}

/* --- with a processor that plays the device -------------------------------------------------------------------------
 */

static void runs_are_those_of_the_processor(void **state)
{
    (void)state;
    check_runs(&standin_gpu);
    assert_int_equal(standin.arrays, 0);
}

/* Only what is due comes back: two downloads each (weights, losses), at most so often. */
static void no_step_waits_for_the_device(void **state)
{
    struct dataset parts[3];
    struct ran r;
    struct error err;
    (void)state;
    assert_int_equal(generate("gauss2:n=3000", 3, &parts[0], &parts[1], &parts[2], NULL, &err), 0);
    standin.downloads = 0;
    train(&r, "linear-learner", &standin_gpu, parts,
          "predictor_type=binary_classifier epochs=20 mini_batch_size=10 early_stopping_patience=99");
    assert_int_equal(r.status, 0);
    assert_true(r.t.rows_seen == 60000); /* 6000 steps */
    print_message("  %ld downloads in 6000 steps\n", standin.downloads);
    assert_true(standin.downloads > 2 * 200 && standin.downloads < 2 * 600);
    str_free(&r.lines);
    for (int i = 0; i < 3; i++)
        dataset_free(&parts[i]);
}

static void divergence_is_a_result(void **state)
{
    struct dataset parts[3];
    struct ran r;
    struct error err;
    (void)state;
    assert_int_equal(generate("gauss_lin:n=500,d=3", 3, &parts[0], &parts[1], &parts[2], NULL, &err), 0);
    train(&r, "linear-learner", &standin_gpu, parts,
          "predictor_type=regressor optimizer=sgd learning_rate=900 epochs=9 mini_batch_size=20");
    assert_int_equal(r.status, 0);
    assert_true(training_metric_value(&r.t, "diverged_at_step") > 0);
    str_free(&r.lines);
    train(&r, "linear-learner", &standin_gpu, parts,
          "predictor_type=regressor optimizer=sgd num_models=4 learning_rate=auto epochs=30 mini_batch_size=20 "
          "normalize_data=false normalize_label=false bias_lr_mult=100");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(str_text(&r.lines), "is left out")); /* and the others go on */
    assert_true(isfinite(training_metric_value(&r.t, "test:mse")));
    str_free(&r.lines);
    for (int i = 0; i < 3; i++)
        dataset_free(&parts[i]);
}

/* Whichever call fails, the run ends with a sentence and nothing stays on the device. */
static void a_failing_device_ends_the_run(void **state)
{
    static const char *const settings[][2] = {
        {"linear-learner", "predictor_type=binary_classifier epochs=2 mini_batch_size=100 num_models=2"},
        {"xgboost", "objective=binary:logistic num_round=2 tree_method=approx max_depth=3"}};
    struct dataset parts[3];
    struct error err;
    (void)state;
    assert_int_equal(generate("gauss2:n=300", 3, &parts[0], &parts[1], &parts[2], NULL, &err), 0);
    for (int k = 0; k < 2; k++) {
        struct ran r = {.status = -1};
        long at = 0, failures = 0;
        while (r.status < 0) {
            standin.calls = 0;
            standin.fail_at = ++at;
            train(&r, settings[k][0], &standin_gpu, parts, settings[k][1]);
            if (r.status < 0 && !strstr(r.err.what, "The GPU failed: it was told to") &&
                !strstr(r.err.what, "do not fit into the GPU's memory"))
                fail_msg("call %ld: %s", at, r.err.what);
            failures += r.status < 0;
            assert_int_equal(standin.arrays, 0);
            str_free(&r.lines);
        }
        assert_true(standin.calls < at && failures > 20);
        standin.fail_at = 0;
    }
    for (int i = 0; i < 3; i++)
        dataset_free(&parts[i]);
}

/* --- which device ---------------------------------------------------------------------------------------------------
 */

static bool throw_away(void *context, const char *line, size_t len)
{
    (void)context, (void)line, (void)len;
    return true;
}

static int run_job(const char *algorithm, const char *generator, const char *pairs, const char *device, int ranks,
                   struct str *lines, struct error *err)
{
    struct ran r = {0};
    struct event_sink sink = {.write = lines ? collect : throw_away, .context = &r, .started = clock_seconds()};
    struct job job = {
        .algorithm = algorithm, .generate = generator, .device = device, .ranks = ranks, .threads = 1, .seed = 1};
    set_all(&job.settings, pairs);
    int status = job_run(&job, &sink, err);
    if (lines)
        *lines = r.lines;
    return status;
}

static void devices_are_chosen_or_refused(void **state)
{
    static const char binary[] = "predictor_type=binary_classifier epochs=1";
    struct error err = {0};
    struct str lines;
    (void)state;
    assert_int_equal(run_job("linear-learner", "gauss2:n=100", binary, "tpu", 1, NULL, &err), -1);
    assert_non_null(strstr(err.what, "no device 'tpu'"));
    assert_int_equal(run_job("linear-learner", "gauss2:n=100", binary, "cuda", 2, NULL, &err), -1);
    assert_non_null(strstr(err.what, "shared by 2 ranks"));
    assert_int_equal(run_job("linear-learner", "gauss2:n=100", binary, "auto", 1, &lines, &err), 0);
    assert_non_null(strstr(str_text(&lines), "\"device\":\"cpu\""));
    str_free(&lines);
    assert_int_equal(run_job("xgboost", "gauss2:n=100", "objective=binary:logistic num_round=2 tree_method=gpu_hist",
                             "cpu", 1, NULL, &err),
                     -1);
    assert_non_null(strstr(err.what, "gpu_hist needs a GPU"));
    if (gpu_open(&err))
        return; /* what follows is for machines without */
    assert_int_equal(run_job("linear-learner", "gauss2:n=100", binary, "cuda", 1, NULL, &err), -1);
    assert_string_equal(err.where, "--device");
    assert_int_equal(run_job("xgboost", "gauss2:n=100", "objective=binary:logistic num_round=2 tree_method=gpu_hist",
                             "auto", 1, NULL, &err),
                     -1);
    assert_string_equal(err.where, "tree_method");
    assert_non_null(strstr(err.what, "tree_method = gpu_hist needs a GPU. "));
}

static void large_data_look_for_a_gpu(void **state)
{
    float x = 0; /* none is read: only counted */
    struct dataset large = {.rows = (size_t)1 << 20, .columns = 64, .x = &x}, small = large;
    struct error err = {0};
    struct settings given = {0}, resolved;
    const struct algorithm *a = algorithm_find("xgboost", &err);
    struct training t = {.settings = &resolved, .train = &large};
    const struct gpu *there = gpu_open(&err);
    (void)state;
    small.rows--;
    set_all(&given, "objective=reg:squarederror num_round=1");
    assert_int_equal(algorithm_resolve(a, &given, &resolved, &err), 0);
    assert_int_equal(device_choose("auto", a, &t, &err), 0);
    assert_ptr_equal(t.gpu, there);
    assert_int_equal(device_choose("cpu", a, &t, &err), 0);
    assert_null(t.gpu);
    t.train = &small;
    assert_int_equal(device_choose("auto", a, &t, &err), 0);
    assert_null(t.gpu);
    assert_int_equal(device_choose("cuda", a, &t, &err), there ? 0 : -1);
    assert_ptr_equal(t.gpu, there);
}

static void refuse(const char *algorithm, const struct dataset *d, const char *pairs, const char *what)
{
    struct error err = {0};
    struct settings given = {0}, resolved;
    const struct algorithm *a = algorithm_find(algorithm, &err);
    struct training t = {.settings = &resolved, .train = d};
    set_all(&given, pairs);
    assert_int_equal(algorithm_resolve(a, &given, &resolved, &err), 0);
    assert_int_equal(a->check_gpu(&t, &err), -1);
    assert_true(strstr(err.what, what) && err.fix[0]);
    assert_int_equal(device_choose("auto", a, &t, &err), 0);
    assert_null(t.gpu);
}

static void what_a_gpu_does_not_take_is_a_sentence(void **state)
{
    struct dataset dense = {0}, sparse = {0};
    struct dataset_builder b = {.data = &sparse};
    (void)state;
    assert_int_equal(dataset_alloc(&dense, 50, 24), 0);
    for (uint32_t i = 0; i < 50; i++) { /* one entry a row: few enough to stay sparse */
        assert_int_equal(dataset_builder_sparse(&b, 24), 0);
        assert_int_equal(dataset_builder_entry(&b, i % 24, 1), 0);
        assert_int_equal(dataset_builder_end(&b, 0, 1), 0);
    }
    dataset_builder_finish(&b);
    refuse("linear-learner", &sparse, "predictor_type=regressor", "Sparse rows are trained on by the CPU");
    refuse("xgboost", &dense, "objective=reg:squarederror num_round=1 tree_method=exact", "exact");
    refuse("xgboost", &dense, "objective=reg:squarederror num_round=1 booster=gblinear", "gblinear");
    dataset_free(&dense);
    dataset_free(&sparse);
}

/* --- where a GPU answers --------------------------------------------------------------------------------------------
 */

static void on_a_gpu_whole_runs_agree(void **state)
{
    const struct gpu *gpu = real_gpu();
    struct error err = {0};
    struct str lines;
    (void)state;
    if (!gpu)
        skip();
    check_runs(gpu);
    for (int k = 0; k < 2; k++) {
        int status = k ? run_job("xgboost", "gauss2:n=500",
                                 "objective=binary:logistic num_round=3 tree_method=gpu_hist", "auto", 1, &lines, &err)
                       : run_job("linear-learner", "gauss2:n=500", "predictor_type=binary_classifier epochs=2", "cuda",
                                 1, &lines, &err);
        if (status < 0)
            fail_msg("%s", err.what);
        assert_non_null(strstr(str_text(&lines), "\"device\":\"cuda: "));
        assert_non_null(strstr(str_text(&lines), "--device cuda"));
        str_free(&lines);
    }
}

static double metric_in(const struct str *lines, const char *name)
{
    const char *end = strstr(str_text(lines), "\"event\":\"end\""), *at = end ? strstr(end, name) : NULL;
    return at ? strtod(at + strlen(name) + 2, NULL) : -1;
}

/* Lines are learned at once there, in no order: it must be as good. */
static void on_a_gpu_words_are_learned(void **state)
{
    static const char *const texts[][3] = {
        {"planted_words:n=2000,topics=5",
         "mode=skipgram vector_dim=24 epochs=10 learning_rate=0.1 sampling_threshold=0", "test:topic_precision"},
        {"planted_words:n=2000,topics=5", "mode=cbow vector_dim=24 epochs=20 learning_rate=0.3 sampling_threshold=0",
         "test:topic_precision"},
        {"opinion_text:n=3000,length=6", "mode=supervised vector_dim=10 epochs=10 learning_rate=0.3 min_count=1",
         "test:accuracy"},
    };
    struct error err = {0};
    struct str lines;
    (void)state;
    if (!real_gpu())
        skip();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (run_job("blazingtext", texts[i][0], texts[i][1], "cuda", 1, &lines, &err) < 0)
            fail_msg("%s", err.what);
        print_message("  %s: %s %.4g\n", texts[i][1], texts[i][2], metric_in(&lines, texts[i][2]));
        assert_true(metric_in(&lines, texts[i][2]) > 0.8);
        str_free(&lines);
    }
}

static int link_before(void **state)
{
    (void)state;
    link_plugin();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_those_of_the_processor),
        cmocka_unit_test(no_step_waits_for_the_device),
        cmocka_unit_test(divergence_is_a_result),
        cmocka_unit_test(a_failing_device_ends_the_run),
        cmocka_unit_test(devices_are_chosen_or_refused),
        cmocka_unit_test(large_data_look_for_a_gpu),
        cmocka_unit_test(what_a_gpu_does_not_take_is_a_sentence),
        cmocka_unit_test(on_a_gpu_whole_runs_agree),
        cmocka_unit_test(on_a_gpu_words_are_learned),
    };
    return cmocka_run_group_tests(tests, link_before, unlink_plugin);
}
