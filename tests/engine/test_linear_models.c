/* Linear Learner where there is more than one of something: models in one pass, ranks, kinds of rows, chunks of a pipe;
 * what it refuses; and the model it saves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/algo/linear/linear_grid.h"
#include "engine/base/clock.h"
#include "engine/base/str.h"
#include "engine/data/generate.h"
#include "engine/job.h"
#include "engine/model.h"

#define COLUMNS_MAX 64

struct ran {
    struct training t;
    struct settings settings;
    struct event_sink sink;
    struct str lines;
    struct error err;
    int status;
    float weights[COLUMNS_MAX]; /* of the first model at the end, in the optimiser's units */
    double bias;
};

static bool collect(void *context, const char *line, size_t len)
{
    struct ran *r = context;
    str_append(&r->lines, line, len);
    str_putc(&r->lines, '\n');
    return true;
}

static void remember(void *context, const struct trace *at)
{
    struct ran *r = context;
    r->bias = (double)at->bias;
    for (size_t j = 0; j < at->columns && j < COLUMNS_MAX; j++)
        r->weights[j] = at->weights[j];
}

static const struct algorithm *learner(void)
{
    struct error err;
    return algorithm_find("linear-learner", &err);
}

/* Resolves `pairs`; the caller fills in the data. */
static void begin(struct ran *r, const char *pairs)
{
    struct settings given = {0};
    char text[512], *save = NULL;
    memset(r, 0, sizeof *r);
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(&given, pair, pair + strlen(pair) + 1, &r->err), 0);
    }
    if (algorithm_resolve(learner(), &given, &r->settings, &r->err) < 0)
        fail_msg("%s", r->err.what);
    r->sink = (struct event_sink){.write = collect, .context = r, .started = clock_seconds()};
    r->t = (struct training){
        .settings = &r->settings, .seed = 5, .threads = 1, .sink = &r->sink, .trace = remember, .trace_context = r};
}

static void end(struct ran *r)
{
    str_free(&r->lines);
}

static void train(struct ran *r, const struct dataset parts[3], const char *pairs)
{
    begin(r, pairs);
    r->t.train = &parts[0];
    r->t.validation = parts[1].rows ? &parts[1] : NULL;
    r->t.test = parts[2].rows ? &parts[2] : NULL;
    r->t.all_rows = parts[0].rows;
    r->status = job_train(learner(), &r->t, &r->err);
}

static void make(struct dataset parts[3], const char *recipe)
{
    struct error err;
    if (generate(recipe, 3, &parts[0], &parts[1], &parts[2], NULL, &err) < 0)
        fail_msg("%s", err.what);
}

static void unmake(struct dataset parts[3])
{
    for (int i = 0; i < 3; i++)
        dataset_free(&parts[i]);
}

static double metric(const struct ran *r, const char *name)
{
    return training_metric_value(&r->t, name);
}

/* --- models ---------------------------------------------------------------------------------------------------------
 */

#define BINARY "predictor_type=binary_classifier mini_batch_size=50 epochs=8 "

static void given_settings_stay_and_the_others_vary(void **state)
{
    struct ran r;
    (void)state;
    begin(&r, BINARY "learning_rate=0.5 wd=auto");
    for (size_t i = 0; i < 40; i++) {
        struct linear_point p = linear_grid_point(&r.settings, i);
        assert_true(p.rate == 0.5);
        assert_int_equal(p.draw, i / 16);
        for (size_t k = 0; k < i && i < 16; k++) {
            struct linear_point other = linear_grid_point(&r.settings, k);
            assert_true(other.l1 != p.l1 || other.wd != p.wd);
        }
    }
    struct linear_point first = linear_grid_point(&r.settings, 0);
    assert_true(first.l1 == 0 && first.wd == 0);
}

/* The first of several is the one that would have been trained alone, to rounding: sums are taken in another order. */
static void the_first_model_is_the_one_alone(void **state)
{
    static const struct {
        const char *recipe, *settings;
    } cases[] = {{"logit_lin:n=600,d=7", BINARY},
                 {"logit_lin:n=600,d=7", BINARY "positive_example_weight_mult=3"},
                 {"logit_lin:n=600,d=7", BINARY "loss=hinge_loss"},
                 {"gauss_lin:n=600,d=7", "predictor_type=regressor mini_batch_size=50 optimizer=sgd momentum=0.5 "},
                 {"gauss_mix:n=600,d=7,classes=5",
                  "predictor_type=multiclass_classifier num_classes=5 mini_batch_size=50 optimizer=rmsprop "}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dataset parts[3];
        struct ran alone, several;
        char text[300];
        make(parts, cases[c].recipe);
        train(&alone, parts, cases[c].settings);
        snprintf(text, sizeof text, "%s early_stopping_patience=1000 num_models=6", cases[c].settings);
        train(&several, parts, text);
        end(&alone);
        snprintf(text, sizeof text, "%s early_stopping_patience=1000", cases[c].settings);
        train(&alone, parts, text);
        for (size_t j = 0; j < 7; j++)
            if (fabsf(alone.weights[j] - several.weights[j]) > 2e-3f)
                fail_msg("case %zu, weight %zu: %g alone, %g beside others", c, j, (double)alone.weights[j],
                         (double)several.weights[j]);
        assert_true(fabs(alone.bias - several.bias) < 2e-3);
        assert_non_null(strstr(str_text(&several.lines), "of 6 is the best by"));
        assert_non_null(strstr(str_text(&several.lines), "\"kind\":\"models\""));
        assert_null(strstr(str_text(&alone.lines), "\"kind\":\"models\""));
        end(&alone);
        end(&several);
        unmake(parts);
    }
}

/* Too small a rate given to the first: one of the others must win, and by the validation loss. */
static void the_best_of_all_is_chosen(void **state)
{
    struct dataset parts[3];
    struct ran alone, several;
    (void)state;
    make(parts, "gauss_lin:n=1000,d=5");
    train(&alone, parts, "predictor_type=regressor epochs=3");
    train(&several, parts, "predictor_type=regressor epochs=3 num_models=4");
    assert_true(metric(&several, "validation:objective_loss") < 0.9 * metric(&alone, "validation:objective_loss"));
    assert_non_null(strstr(str_text(&several.lines), "model 3 of 4 is the best by loss of validation"));
    end(&alone);
    end(&several);
    unmake(parts);
}

/* Rates around one that is just stable: the larger ones diverge, and the others end where they would have. */
static void a_diverged_model_harms_no_other(void **state)
{
    struct dataset parts[3];
    struct ran several;
    (void)state;
    make(parts, "gauss_lin:n=600,d=5,noise=0.1");
    train(&several, parts,
          "predictor_type=regressor optimizer=sgd bias_lr_mult=20 epochs=60 mini_batch_size=100 num_models=4 "
          "use_lr_scheduler=false");
    assert_non_null(strstr(str_text(&several.lines), "diverged at step"));
    assert_non_null(strstr(str_text(&several.lines), "is left out"));
    assert_true(isnan(metric(&several, "diverged_at_step")));
    assert_true(metric(&several, "test:mse") < 0.5);
    end(&several);
    unmake(parts);
}

static void l1_is_sparse_beside_others(void **state)
{
    struct dataset parts[3];
    struct ran r;
    int zeros = 0;
    (void)state;
    make(parts, "gauss_lin:n=1000,d=10");
    for (size_t i = 0; i < 1000; i++)
        parts[0].y[i] = 2 * parts[0].x[i * 10] - parts[0].x[i * 10 + 1] + parts[0].x[i * 10 + 2];
    dataset_free(&parts[1]);
    dataset_free(&parts[2]);
    train(&r, parts,
          "predictor_type=regressor mini_batch_size=100 epochs=60 early_stopping_patience=99 l1=0.1 "
          "num_models=5");
    for (int j = 0; j < 10; j++)
        zeros += r.weights[j] == 0;
    assert_int_equal(zeros, 7);
    end(&r);
    train(&r, parts, "predictor_type=regressor mini_batch_size=100 epochs=2 num_models=16");
    assert_non_null(strstr(str_text(&r.lines), "\"kind\":\"l1_path\""));
    end(&r);
    unmake(parts);
}

/* --- kinds of rows --------------------------------------------------------------------------------------------------
 */

/* The same rows with their zeros left out. */
static void make_sparse(struct dataset *to, const struct dataset *d)
{
    struct dataset_builder b = {.data = to};
    memset(to, 0, sizeof *to);
    for (size_t i = 0; i < d->rows; i++) {
        assert_int_equal(dataset_builder_sparse(&b, d->columns), 0);
        for (size_t j = 0; j < d->columns; j++)
            if (d->x[i * d->columns + j] != 0)
                assert_int_equal(dataset_builder_entry(&b, (uint32_t)j, d->x[i * d->columns + j]), 0);
        assert_int_equal(dataset_builder_end(&b, d->y[i], 1), 0);
    }
    dataset_builder_finish(&b);
    snprintf(to->name, sizeof to->name, "sparse");
}

/* Sparse rows, a gap among them, train the same model as the dense rows they stand for, in every kind of scaling. */
static void sparse_rows_are_dense_rows(void **state)
{
    static const char *const ways[] = {"", "unbias_data=false ", "normalize_data=false ", "num_models=3 ",
                                       "normalize_data=false unbias_data=true "};
    struct dataset parts[3], thin[3];
    (void)state;
    make(parts, "logit_lin:n=400,d=40");
    for (int p = 0; p < 3; p++) {
        for (size_t i = 0; i < parts[p].rows * 40; i++)
            parts[p].x[i] = i % 13 ? 0 : parts[p].x[i] + 1;
        for (size_t i = 0; i < parts[p].rows; i++)
            parts[p].y[i] = parts[p].x[i * 40 + 13 % 40] > 0.5f || i % 3 == 0;
    }
    parts[0].x[13] = NAN;
    for (int p = 0; p < 3; p++)
        make_sparse(&thin[p], &parts[p]);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct ran dense, sparse;
        char text[300];
        snprintf(text, sizeof text, BINARY "optimizer=sgd %s", ways[way]);
        train(&dense, parts, text);
        train(&sparse, thin, text);
        assert_int_equal(dense.status, 0);
        assert_int_equal(sparse.status, 0);
        for (size_t j = 0; j < 40; j++)
            if (fabsf(dense.weights[j] - sparse.weights[j]) > 1e-4f)
                fail_msg("way %zu, weight %zu: %g dense, %g sparse", way, j, (double)dense.weights[j],
                         (double)sparse.weights[j]);
        assert_true(fabs(metric(&dense, "test:objective_loss") - metric(&sparse, "test:objective_loss")) < 1e-4);
        end(&dense);
        end(&sparse);
    }
    unmake(parts);
    unmake(thin);
}

/* --- ranks ----------------------------------------------------------------------------------------------------------
 */

struct spread {
    const struct dataset *parts;
    const char *settings;
    struct ran ran[4];
};

/* Each rank's share of `parts`, as pointers into it. */
static int run_rank(void *context, struct comm *c, struct error *err)
{
    struct spread *s = context;
    struct ran *r = &s->ran[c->rank];
    size_t rows = s->parts[0].rows, first = rows * (size_t)c->rank / (size_t)c->ranks,
           after = rows * ((size_t)c->rank + 1) / (size_t)c->ranks;
    struct dataset own = s->parts[0];
    own.rows = after - first;
    own.x += first * own.columns;
    own.y += first;
    begin(r, s->settings);
    r->t.train = &own;
    r->t.validation = &s->parts[1];
    r->t.test = &s->parts[2];
    r->t.comm = c;
    r->t.first_row = first;
    r->t.all_rows = rows;
    return job_train(learner(), &r->t, err);
}

static void many_ranks_are_one(void **state)
{
    static const struct {
        const char *recipe, *settings;
    } cases[] = {
        {"logit_lin:n=501,d=6", BINARY "num_point_for_scaler=200"},
        {"logit_lin:n=501,d=6", BINARY "positive_example_weight_mult=balanced num_models=3"},
        {"gauss_lin:n=501,d=6", "predictor_type=regressor mini_batch_size=40 epochs=6"},
        {"gauss_mix:n=501,d=6,classes=4",
         "predictor_type=multiclass_classifier num_classes=4 mini_batch_size=64 balance_multiclass_weights=true"}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dataset parts[3];
        struct ran one;
        struct error err = {0};
        make(parts, cases[c].recipe);
        train(&one, parts, cases[c].settings);
        for (int ranks = 2; ranks <= 4; ranks++) {
            struct spread s = {.parts = parts, .settings = cases[c].settings};
            if (comm_run_threads(ranks, run_rank, &s, &err) < 0)
                fail_msg("%s", err.what);
            for (int rank = 0; rank < ranks; rank++) {
                for (size_t j = 0; j < 6; j++)
                    assert_true(fabsf(s.ran[rank].weights[j] - one.weights[j]) < 2e-3f);
                assert_int_equal(s.ran[rank].t.metric_count, one.t.metric_count);
                for (int m = 0; m < one.t.metric_count; m++)
                    if (!(fabs(s.ran[rank].t.metrics[m].value - one.t.metrics[m].value) < 0.01))
                        fail_msg("case %zu, %d ranks, %s: %g, alone %g", c, ranks, one.t.metrics[m].name,
                                 s.ran[rank].t.metrics[m].value, one.t.metrics[m].value);
                end(&s.ran[rank]);
            }
        }
        end(&one);
        unmake(parts);
    }
}

/* --- pipes ----------------------------------------------------------------------------------------------------------
 */

/* A file read in chunks again and again: learns as much as from memory; a bad row in a later chunk is found. */
static void a_pipe_trains_in_chunks(void **state)
{
    char path[] = "/tmp/flashlab-linear-XXXXXX";
    struct channel channel = {.path = path, .content_type = "text/csv"};
    struct dataset parts[3];
    struct ran whole, piped;
    FILE *f = fdopen(mkstemp(path), "w");
    (void)state;
    make(parts, "logit_lin:n=3000,d=4");
    for (size_t i = 0; i < parts[0].rows; i++)
        fprintf(f, "%g,%.9g,%.9g,%.9g,%.9g\n", (double)parts[0].y[i], (double)parts[0].x[i * 4],
                (double)parts[0].x[i * 4 + 1], (double)parts[0].x[i * 4 + 2], (double)parts[0].x[i * 4 + 3]);
    fclose(f);
    train(&whole, parts, BINARY);
    begin(&piped, BINARY "num_point_for_scaler=500");
    piped.t.pipe = &channel;
    piped.t.validation = &parts[1];
    piped.t.test = &parts[2];
    piped.status = job_train(learner(), &piped.t, &piped.err);
    if (piped.status < 0)
        fail_msg("%s", piped.err.what);
    assert_true(fabs(metric(&piped, "test:objective_loss") - metric(&whole, "test:objective_loss")) < 0.02);
    assert_true(fmod(piped.t.rows_seen, (double)parts[0].rows) == 0 && piped.t.pipe_bytes > 0);
    assert_non_null(strstr(str_text(&piped.lines), "shuffled within chunks of 500"));
    end(&piped);
    f = fopen(path, "a");
    fputs("7,0,0,0,0\n", f);
    fclose(f);
    begin(&piped, BINARY "num_point_for_scaler=500");
    piped.t.pipe = &channel;
    assert_int_equal(job_train(learner(), &piped.t, &piped.err), -1);
    assert_non_null(strstr(piped.err.what, "The label 7 is not one of the 2 classes"));
    end(&piped);
    end(&whole);
    unlink(path);
    unmake(parts);
}

/* --- saved ----------------------------------------------------------------------------------------------------------
 */

static double score_of(const struct model *m, const char *row, const char *field)
{
    struct request in = {.content_type = "text/csv", .accept = "application/json", .bytes = row, .len = strlen(row)};
    struct answer out = {0};
    struct error err;
    const char *at;
    double value;
    if (model_invoke(m, &in, &out, &err) < 0)
        fail_msg("%s", err.what);
    at = strstr(str_text(&out.bytes), field);
    assert_non_null(at);
    value = strtod(at + strcspn(at, "0123456789-"), NULL);
    str_free(&out.bytes);
    return value;
}

/* What is answered is the formula of the trained weights: y = 3 + 2 a - b is learned, and saved, in raw units. */
static void a_saved_model_answers(void **state)
{
    char dir[] = "/tmp/flashlab-model-XXXXXX", path[64];
    struct dataset parts[3] = {{0}};
    struct ran r;
    struct model m = {0};
    struct error err;
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(dataset_alloc(&parts[0], 400, 2), 0);
    for (size_t i = 0; i < 400; i++) {
        parts[0].x[2 * i] = (float)(i % 20);
        parts[0].x[2 * i + 1] = 100 + (float)(i / 20);
        parts[0].y[i] = 3 + 2 * parts[0].x[2 * i] - parts[0].x[2 * i + 1];
    }
    begin(&r, "predictor_type=regressor mini_batch_size=100 epochs=400 early_stopping_patience=999 num_models=2 "
              "lr_scheduler_factor=0.7");
    r.t.train = &parts[0];
    r.t.model = model_writer_open(dir, learner(), &err);
    assert_non_null(r.t.model);
    assert_int_equal(job_train(learner(), &r.t, &r.err), 0);
    assert_int_equal(model_writer_finish(r.t.model, &r.settings, &err), 0);
    model_writer_close(r.t.model);
    if (model_load(&m, dir, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_true(fabs(score_of(&m, "10,110\n", "score") - (3 + 20 - 110)) < 0.05);
    assert_true(fabs(score_of(&m, "0,100\n", "score") - (3 - 100)) < 0.05);
    assert_true(fabs(score_of(&m, ",100\n", "score") - (3 + 19 - 100)) < 0.05); /* a gap: the mean, 9.5 */
    model_unload(&m);
    snprintf(path, sizeof path, "%s/linear-learner.json", dir);
    FILE *f = fopen(path, "w");
    fputs("{\"version\":1,\"predictor_type\":\"regressor\",\"loss\":\"squared_loss\",\"columns\":2,\"outputs\":1,"
          "\"threshold\":0,\"weights\":[[1]],\"bias\":[0],\"means\":[0,0]}",
          f);
    fclose(f);
    assert_int_equal(model_load(&m, dir, &err), -1);
    assert_non_null(strstr(err.what, "cannot be read"));
    unlink(path);
    snprintf(path, sizeof path, "%s/model.json", dir);
    unlink(path);
    rmdir(dir);
    end(&r);
    unmake(parts);
}

/* --- bad input ------------------------------------------------------------------------------------------------------
 */

static void spoil_label_nan(struct dataset *d)
{
    d->y[3] = NAN;
}

static void spoil_label_inf(struct dataset *d)
{
    d->y[3] = INFINITY;
}

static void spoil_label_range(struct dataset *d)
{
    d->y[3] = 3;
}

static void spoil_feature_inf(struct dataset *d)
{
    d->x[5] = -INFINITY;
}

static void spoil_rows(struct dataset *d)
{
    d->rows = 0;
}

static void spoil_class(struct dataset *d)
{
    for (size_t i = 0; i < d->rows; i++)
        d->y[i] = 1;
}

static void spoil_constant(struct dataset *d)
{
    for (size_t i = 0; i < d->rows; i++)
        d->x[i * d->columns] = 7;
}

static void spoil_gaps(struct dataset *d)
{
    for (size_t i = 0; i < d->rows; i++)
        d->x[i * d->columns] = NAN;
}

/* What bad input meets: a sentence (`what`), or a defined result (NULL): a finite loss. */
static void bad_input_is_refused_or_defined(void **state)
{
    static const struct {
        const char *recipe, *settings;
        void (*spoil)(struct dataset *);
        const char *what;
    } cases[] = {
        {"gauss_lin:n=50,d=3", "predictor_type=regressor", spoil_label_nan, "The label nan is not a finite number"},
        {"gauss_lin:n=50,d=3", "predictor_type=regressor", spoil_label_inf, "The label inf is not a finite number"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_label_nan, "The label nan is not one of"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_label_inf, "The label inf is not one of"},
        {"gauss_mix:n=50,d=3,classes=3", "predictor_type=multiclass_classifier num_classes=3", spoil_label_range,
         "The label 3 is not one of the 3 classes"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_feature_inf, "infinite value"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_rows, "The training data have 0 rows"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_class, NULL},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier positive_example_weight_mult=balanced", spoil_class,
         "hold one class only"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier", spoil_constant, NULL},
        {"gauss_lin:n=50,d=3", "predictor_type=regressor", spoil_gaps, NULL},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dataset parts[3];
        struct ran r;
        make(parts, cases[c].recipe);
        cases[c].spoil(&parts[0]);
        train(&r, parts, cases[c].settings);
        if (cases[c].what && (r.status == 0 || !strstr(r.err.what, cases[c].what)))
            fail_msg("case %zu: %d %s", c, r.status, r.err.what);
        if (!cases[c].what && !(r.status == 0 && isfinite(metric(&r, "test:objective_loss"))))
            fail_msg("case %zu: %d %s", c, r.status, r.err.what);
        end(&r);
        unmake(parts);
    }
}

/* 100,000 columns of which a row has twenty. */
static void a_hundred_thousand_columns_train(void **state)
{
    struct dataset parts[3] = {{0}};
    struct dataset_builder b = {.data = &parts[0]};
    struct ran r;
    (void)state;
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(dataset_builder_sparse(&b, 100000), 0);
        for (uint32_t k = 0; k < 20; k++)
            assert_int_equal(dataset_builder_entry(&b, k * 5000 + (i * 7919 + k * 104729) % 4999 + 1, 1), 0);
        if (i % 2)
            assert_int_equal(dataset_builder_entry(&b, 99999 + 0 * i, 1), 0);
        assert_int_equal(dataset_builder_end(&b, (float)(i % 2), 1), 0);
    }
    dataset_builder_finish(&b);
    train(&r, parts, "predictor_type=binary_classifier mini_batch_size=100 epochs=10");
    if (r.status < 0)
        fail_msg("%s", r.err.what);
    assert_true(metric(&r, "train:binary_classification_accuracy") == 1);
    end(&r);
    unmake(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_settings_stay_and_the_others_vary),
        cmocka_unit_test(the_first_model_is_the_one_alone),
        cmocka_unit_test(the_best_of_all_is_chosen),
        cmocka_unit_test(a_diverged_model_harms_no_other),
        cmocka_unit_test(l1_is_sparse_beside_others),
        cmocka_unit_test(sparse_rows_are_dense_rows),
        cmocka_unit_test(many_ranks_are_one),
        cmocka_unit_test(a_pipe_trains_in_chunks),
        cmocka_unit_test(a_saved_model_answers),
        cmocka_unit_test(bad_input_is_refused_or_defined),
        cmocka_unit_test(a_hundred_thousand_columns_train),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
