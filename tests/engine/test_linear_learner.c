/* Linear Learner as a whole: what it converges to, what its settings do, how it ends, and that it repeats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/linear/linear_model.h"
#include "engine/base/clock.h"
#include "engine/base/rng.h"
#include "engine/base/str.h"
#include "engine/data/generate.h"
#include "engine/job.h"

#define COLUMNS_MAX 16

struct ran {
    struct training t;
    struct settings settings;
    struct event_sink sink;
    struct str lines;
    struct error err;
    int status, lines_left;                         /* lines_left < 0: reads for ever */
    float weights[COLUMNS_MAX], first[COLUMNS_MAX]; /* raw units at the end; as drawn, in the optimiser's units */
    double bias;
};

static bool collect(void *context, const char *line, size_t len)
{
    struct ran *r = context;
    str_append(&r->lines, line, len);
    str_putc(&r->lines, '\n');
    return r->lines_left < 0 || r->lines_left-- > 0;
}

static void remember(void *context, const struct trace *at)
{
    struct ran *r = context;
    r->bias = (double)at->bias;
    for (size_t j = 0; j < at->columns && j < COLUMNS_MAX; j++) {
        r->weights[j] = at->weights[j] * at->factor[j];
        r->bias -= (double)r->weights[j] * (double)at->shift[j];
        if (at->step == 0)
            r->first[j] = at->weights[j];
    }
}

static void train_until(struct ran *r, const struct dataset parts[3], const char *pairs, int lines_left)
{
    const struct algorithm *a = algorithm_find("linear-learner", &r->err);
    struct settings given = {0};
    char text[512], *save = NULL;
    memset(r, 0, sizeof *r);
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(&given, pair, pair + strlen(pair) + 1, &r->err), 0);
    }
    if (algorithm_resolve(a, &given, &r->settings, &r->err) < 0)
        fail_msg("%s", r->err.what);
    r->lines_left = lines_left;
    r->sink = (struct event_sink){.write = collect, .context = r, .started = clock_seconds()};
    r->t = (struct training){.settings = &r->settings,
                             .train = &parts[0],
                             .validation = parts[1].rows ? &parts[1] : NULL,
                             .test = parts[2].rows ? &parts[2] : NULL,
                             .seed = 5,
                             .threads = 1,
                             .sink = &r->sink,
                             .trace = remember,
                             .trace_context = r};
    r->status = job_train(a, &r->t, &r->err);
}

static void train(struct ran *r, const struct dataset parts[3], const char *pairs)
{
    train_until(r, parts, pairs, -1);
    if (r->status < 0)
        fail_msg("%s", r->err.what);
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

/* Least squares by the normal equations in double, Gauss with pivots: w[0 .. d), then the intercept. */
static void least_squares(const struct dataset *d, double *w)
{
    size_t n = d->columns + 1;
    double a[COLUMNS_MAX + 1][COLUMNS_MAX + 2] = {{0}};
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < n; j++) {
            double xj = j < d->columns ? (double)d->x[i * d->columns + j] : 1;
            for (size_t k = 0; k < n; k++)
                a[j][k] += xj * (k < d->columns ? (double)d->x[i * d->columns + k] : 1);
            a[j][n] += xj * (double)d->y[i];
        }
    for (size_t c = 0; c < n; c++)
        for (size_t row = 0; row < n; row++) {
            double factor = row == c ? 0 : a[row][c] / a[c][c];
            for (size_t k = c; factor != 0 && k <= n; k++)
                a[row][k] -= factor * a[c][k];
        }
    for (size_t j = 0; j < n; j++)
        w[j] = a[j][n] / a[j][j];
}

/* The full-batch optimum of squared loss is known: the learner must end there, in raw units. Tolerance: what is left of
 * the way after the steps given, far below the planted weights of about 1. */
static void converges_to_least_squares(void **state)
{
    static const char *const ways[] = {
        "predictor_type=regressor mini_batch_size=2000 epochs=800 early_stopping_patience=9999 learning_rate=0.02 "
        "lr_scheduler_factor=0.5",
        "predictor_type=regressor mini_batch_size=2000 epochs=400 early_stopping_patience=999 optimizer=sgd "
        "learning_rate=0.2 bias_lr_mult=1 momentum=0.5",
        "predictor_type=regressor mini_batch_size=2000 epochs=400 early_stopping_patience=999 optimizer=sgd "
        "learning_rate=0.2 bias_lr_mult=1 normalize_data=false normalize_label=false",
        "predictor_type=regressor mini_batch_size=2000 epochs=600 early_stopping_patience=999 optimizer=rmsprop "
        "learning_rate=0.03 lr_scheduler_step=50 lr_scheduler_factor=0.3",
    };
    struct dataset parts[3];
    double wanted[COLUMNS_MAX + 1];
    (void)state;
    make(parts, "gauss_lin:n=2000,d=5,noise=0.5");
    for (size_t i = 0; i < parts[0].rows; i++)
        parts[0].y[i] = 3 * parts[0].y[i] + 20; /* a scale and an offset of the label */
    dataset_free(&parts[1]);
    dataset_free(&parts[2]);
    least_squares(&parts[0], wanted);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct ran r;
        double scale = 1, shift = 0;
        train(&r, parts, ways[way]);
        if (settings_true(&r.settings, "normalize_label"))
            normalise_moments(parts[0].y, parts[0].rows, 1, &shift, &scale);
        for (size_t j = 0; j < 5; j++)
            if (fabs((double)r.weights[j] * scale - wanted[j]) > 0.01)
                fail_msg("way %zu, weight %zu: %g, wanted %g", way, j, (double)r.weights[j] * scale, wanted[j]);
        if (fabs(r.bias * scale + shift - wanted[5]) > 0.01)
            fail_msg("way %zu, bias: %g, wanted %g", way, r.bias * scale + shift, wanted[5]);
        str_free(&r.lines);
    }
    unmake(parts);
}

/* Gradient of a whole batch against finite differences of its loss, for each output layer. 32-bit scores bound the
 * differences: h = 0.01, losses summed over 50 rows. */
static void gradients_agree_with_finite_differences(void **state)
{
    static const struct {
        const char *recipe, *settings;
    } cases[] = {
        {"gauss_lin:n=50,d=3", "predictor_type=regressor optimizer=sgd learning_rate=1 bias_lr_mult=1"},
        {"logit_lin:n=50,d=3", "predictor_type=binary_classifier optimizer=sgd learning_rate=1 bias_lr_mult=1"},
        {"gauss_mix:n=50,d=3,classes=4",
         "predictor_type=multiclass_classifier num_classes=4 optimizer=sgd learning_rate=1 bias_lr_mult=1"},
    };
    (void)state;
    for (int c = 0; c < 3; c++) {
        struct ran r;
        struct dataset parts[3];
        struct linear_model m;
        struct linear_batch b;
        size_t both;
        make(parts, cases[c].recipe);
        {
            char text[256];
            snprintf(text, sizeof text, "%s epochs=1", cases[c].settings);
            train(&r, parts, text); /* for resolved settings */
        }
        struct linear_shape shape = {.train = &parts[0], .sample_rows = parts[0].rows, .models = 1, .seed = 1};
        assert_int_equal(linear_model_init(&m, &r.settings, &shape, &r.err), 0);
        both = m.size + m.outputs;
        struct linear_source from = {&parts[0], &m.normaliser, m.label_shift, m.label_scale, NULL};
        assert_int_equal(linear_batch_init(&b, 50, 3, m.outputs, true, false), 0);
        linear_batch_load(&b, &from, 0, 50);
        for (size_t i = 0; i < both; i++) {
            const float h = 0.01f;
            float was = m.weights[i];
            double up, down, step, unused;
            m.weights[i] = was + h;
            linear_model_score(&m, &b);
            linear_model_loss(&m, &b, &up);
            m.weights[i] = was - h;
            linear_model_score(&m, &b);
            linear_model_loss(&m, &b, &down);
            m.weights[i] = was;
            linear_model_keep(&m, 0);
            assert_int_equal(linear_model_step(&m, &b, 50, 0, NULL, &unused, &r.err), 0); /* w' = w - 1 * gradient */
            step = (double)(was - m.weights[i]);
            linear_model_restore(&m, 0);
            memset(m.each[0].weights.first, 0, m.size * sizeof(float));
            memset(m.each[0].bias.first, 0, m.outputs * sizeof(float));
            if (fabs((up - down) / (2 * (double)h) / 50 / m.loss_unit - step) > 2e-3)
                fail_msg("case %d, parameter %zu: step %g, differences %g", c, i, step,
                         (up - down) / (2 * (double)h) / 50);
        }
        linear_batch_free(&b);
        linear_model_free(&m);
        str_free(&r.lines);
        unmake(parts);
    }
}

/* An epoch hands out each row exactly once, in an order that changes, in blocks and without. */
static void an_epoch_is_each_row_once(void **state)
{
    static const struct {
        size_t rows, batch;
    } cases[] = {{1000, 100}, {997, 64}, {10, 3}, {5, 5}, {1, 1}, {2000, 2000}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dataset d;
        struct normaliser n;
        struct linear_shuffle s;
        struct linear_batch b;
        struct rng r;
        struct error err;
        float last_first = -1;
        int same_start = 0;
        assert_int_equal(dataset_alloc(&d, cases[c].rows, 2), 0);
        for (size_t i = 0; i < d.rows; i++)
            d.x[2 * i] = d.y[i] = (float)i;
        assert_int_equal(normaliser_fit(&n, &d, d.rows, false, false, NULL, &err), 0);
        struct linear_source from = {&d, &n, 0, 1, NULL};
        rng_init(&r, 1, 1);
        assert_int_equal(linear_shuffle_init(&s, &from, (struct linear_share){0, d.rows}, cases[c].batch, false, &r),
                         0);
        assert_int_equal(linear_batch_init(&b, cases[c].batch, 2, 1, true, false), 0);
        for (int epoch = 0; epoch < 5; epoch++) {
            unsigned char *seen = calloc(d.rows, 1);
            size_t total = 0, count;
            linear_shuffle_again(&s, &r);
            while ((count = linear_shuffle_next(&s, &b, cases[c].batch)) > 0) {
                assert_true(count == cases[c].batch || total + count == d.rows);
                if (total == 0) {
                    same_start += b.y[0] == last_first;
                    last_first = b.y[0];
                }
                for (size_t i = 0; i < count; i++) {
                    assert_true(b.x[2 * i] == b.y[i]);
                    assert_int_equal(seen[(size_t)b.y[i]]++, 0);
                }
                total += count;
            }
            assert_int_equal(total, d.rows);
            free(seen);
        }
        assert_true(same_start < 5 && (d.rows < 100 || same_start < 2));
        linear_batch_free(&b);
        linear_shuffle_free(&s);
        normaliser_free(&n);
        dataset_free(&d);
    }
}

/* The lines without their times. */
static char *without_times(const struct ran *r)
{
    char *text = strdup(str_text(&r->lines)), *to = text;
    for (const char *p = text; *p;) {
        if (strncmp(p, ",\"t\":", 5) == 0)
            p += 5 + strcspn(p + 5, ",}");
        else
            *to++ = *p++;
    }
    *to = '\0';
    return text;
}

static void same_seed_same_lines(void **state)
{
    struct dataset parts[3];
    struct ran a, b;
    char *first, *second;
    (void)state;
    make(parts, "gauss2:n=1000");
    train(&a, parts, "predictor_type=binary_classifier mini_batch_size=50");
    train(&b, parts, "predictor_type=binary_classifier mini_batch_size=50");
    first = without_times(&a);
    second = without_times(&b);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\"kind\":\"boundary\""));
    assert_non_null(strstr(first, "\"kind\":\"points\""));
    free(first);
    free(second);
    str_free(&a.lines);
    str_free(&b.lines);
    unmake(parts);
}

/* Arms of an experiment share first weights and the order of rows, whatever else they set. */
static void arms_share_their_first_weights(void **state)
{
    struct dataset parts[3];
    struct ran a, b;
    (void)state;
    make(parts, "logit_lin:n=300,d=6");
    train(&a, parts, "predictor_type=binary_classifier epochs=1");
    train(&b, parts, "predictor_type=binary_classifier epochs=2 optimizer=sgd learning_rate=0.5 normalize_data=false");
    assert_memory_equal(a.first, b.first, 6 * sizeof(float));
    assert_true(a.first[0] != a.first[1] && fabsf(a.first[0]) <= 0.07f);
    str_free(&a.lines);
    str_free(&b.lines);
    unmake(parts);
}

static void divergence_is_a_result(void **state)
{
    struct dataset parts[3];
    struct ran r;
    (void)state;
    make(parts, "gauss_lin:n=500,d=5");
    train(&r, parts,
          "predictor_type=regressor optimizer=sgd learning_rate=10 mini_batch_size=50 epochs=50 "
          "use_lr_scheduler=false early_stopping_patience=99");
    assert_true(metric(&r, "diverged_at_step") > 1);
    assert_true(isnan(metric(&r, "test:objective_loss")) && isnan(metric(&r, "validation:mse")));
    assert_non_null(strstr(str_text(&r.lines), "diverged at step "));
    assert_non_null(strstr(str_text(&r.lines), "Lower learning_rate (now 10)."));
    assert_non_null(strstr(str_text(&r.lines), "\"name\":\"train:objective_loss\",\"value\":null"));
    str_free(&r.lines);
    unmake(parts);
}

static void stops_when_nobody_listens(void **state)
{
    struct dataset parts[3];
    struct ran r;
    (void)state;
    make(parts, "gauss2:n=2000");
    train_until(&r, parts, "predictor_type=binary_classifier mini_batch_size=10 epochs=1000", 5);
    assert_int_equal(r.status, 0);
    assert_true(r.sink.stopped);
    assert_true(r.t.rows_seen < 20 * 2000);
    str_free(&r.lines);
    unmake(parts);
}

static void l1_zeroes_what_does_not_matter(void **state)
{
    struct dataset parts[3];
    struct ran plain, sparse;
    int zeros = 0;
    (void)state;
    make(parts, "gauss_lin:n=1000,d=10");
    for (size_t i = 0; i < 1000; i++) /* the label depends on the first three alone */
        parts[0].y[i] = 2 * parts[0].x[i * 10] - parts[0].x[i * 10 + 1] + parts[0].x[i * 10 + 2];
    dataset_free(&parts[1]);
    dataset_free(&parts[2]);
    train(&plain, parts, "predictor_type=regressor mini_batch_size=100 epochs=60 early_stopping_patience=99");
    train(&sparse, parts, "predictor_type=regressor mini_batch_size=100 epochs=60 early_stopping_patience=99 l1=0.1");
    for (int j = 0; j < 10; j++) {
        assert_true(plain.weights[j] != 0);
        zeros += sparse.weights[j] == 0;
        assert_true(j > 2 || sparse.weights[j] != 0);
    }
    assert_int_equal(zeros, 7);
    str_free(&plain.lines);
    str_free(&sparse.lines);
    unmake(parts);
}

static double length(const struct ran *r, size_t columns)
{
    double sum = 0;
    for (size_t j = 0; j < columns; j++)
        sum += (double)r->weights[j] * (double)r->weights[j];
    return sqrt(sum);
}

static void decay_shrinks_and_no_bias_stays_zero(void **state)
{
    struct dataset parts[3];
    struct ran plain, small;
    (void)state;
    make(parts, "logit_lin:n=1000,d=5");
    train(&plain, parts, "predictor_type=binary_classifier epochs=40 mini_batch_size=100");
    train(&small, parts,
          "predictor_type=binary_classifier epochs=40 mini_batch_size=100 wd=1 use_bias=false "
          "normalize_data=false");
    assert_true(length(&small, 5) < 0.5 * length(&plain, 5));
    assert_true(small.bias == 0);
    str_free(&plain.lines);
    str_free(&small.lines);
    unmake(parts);
}

/* Classes of unequal size: weighting raises recall of the rare ones, binary and multiclass. */
static void weights_raise_the_recall_of_rare_classes(void **state)
{
    struct dataset parts[3];
    struct ran plain, weighted;
    (void)state;
    make(parts, "logit_lin:n=4000,d=5,strength=1.5");
    for (int p = 0; p < 3; p++) { /* keep every eighth positive: the others become rows of class 0's kind */
        size_t kept = 0;
        for (size_t i = 0, positives = 0; i < parts[p].rows; i++) {
            if (parts[p].y[i] > 0 && positives++ % 8)
                continue;
            memmove(parts[p].x + kept * 5, parts[p].x + i * 5, 5 * sizeof(float));
            parts[p].y[kept++] = parts[p].y[i];
        }
        parts[p].rows = kept;
    }
#define UNCALIBRATED "predictor_type=binary_classifier binary_classifier_model_selection_criteria=loss_function "
    train(&plain, parts, UNCALIBRATED);
    train(&weighted, parts, UNCALIBRATED "positive_example_weight_mult=balanced");
    assert_true(metric(&weighted, "test:recall") > metric(&plain, "test:recall") + 0.2);
    assert_true(metric(&weighted, "test:precision") < metric(&plain, "test:precision"));
    str_free(&plain.lines);
    str_free(&weighted.lines);
    unmake(parts);
    make(parts, "gauss_mix:n=4000,d=4,classes=4,spread=1,skew=0.7");
#define MULTICLASS "predictor_type=multiclass_classifier num_classes=4 "
    train(&plain, parts, MULTICLASS);
    train(&weighted, parts, MULTICLASS "balance_multiclass_weights=true");
    assert_true(metric(&weighted, "test:macro_recall") > metric(&plain, "test:macro_recall") + 0.02);
    assert_true(metric(&weighted, "test:multiclass_accuracy") < metric(&plain, "test:multiclass_accuracy"));
    str_free(&plain.lines);
    str_free(&weighted.lines);
    unmake(parts);
}

/* With an offset in the noise, quantile 0.9 must leave a tenth of the labels above the line. */
static void quantiles_split_the_labels(void **state)
{
    struct dataset parts[3];
    struct ran r;
    size_t above = 0;
    double scale, shift;
    (void)state;
    make(parts, "line1:n=2000,noise=1");
    train(&r, parts,
          "predictor_type=regressor loss=quantile_loss quantile=0.9 mini_batch_size=100 epochs=60 "
          "early_stopping_patience=99 lr_scheduler_factor=0.7");
    normalise_moments(parts[0].y, parts[0].rows, 1, &shift, &scale);
    for (size_t i = 0; i < parts[0].rows; i++)
        above += (double)parts[0].y[i] > scale * ((double)(r.weights[0] * parts[0].x[i]) + r.bias) + shift;
    assert_true(above > 160 && above < 240);
    str_free(&r.lines);
    unmake(parts);
}

/* Scaling the label scales the losses with it, thresholds of the losses included. */
static void losses_are_in_units_of_the_label(void **state)
{
    static const struct {
        const char *settings, *scaled;
        double factor;
    } cases[] = {{"loss=squared_loss", "loss=squared_loss", 10000},
                 {"loss=absolute_loss", "loss=absolute_loss", 100},
                 {"loss=huber_loss huber_delta=0.5", "loss=huber_loss huber_delta=50", 10000},
                 {"loss=eps_insensitive_absolute_loss loss_insensitivity=0.2",
                  "loss=eps_insensitive_absolute_loss loss_insensitivity=20", 100},
                 {"loss=eps_insensitive_squared_loss loss_insensitivity=0.2",
                  "loss=eps_insensitive_squared_loss loss_insensitivity=20", 10000}};
    struct dataset parts[3];
    (void)state;
    for (int c = 0; c < 5; c++) {
        struct ran a, b;
        char text[256];
        double small, large;
        make(parts, "gauss_lin:n=400,d=3");
        snprintf(text, sizeof text, "predictor_type=regressor mini_batch_size=100 %s", cases[c].settings);
        train(&a, parts, text);
        for (int p = 0; p < 3; p++)
            for (size_t i = 0; i < parts[p].rows; i++)
                parts[p].y[i] *= 100;
        snprintf(text, sizeof text, "predictor_type=regressor mini_batch_size=100 %s", cases[c].scaled);
        train(&b, parts, text);
        small = metric(&a, "test:objective_loss");
        large = metric(&b, "test:objective_loss");
        assert_true(fabs(large / small / cases[c].factor - 1) < 1e-3);
        if (c == 0)
            assert_true(fabs(metric(&a, "test:mse") - small) < 1e-5 * small);
        str_free(&a.lines);
        str_free(&b.lines);
        unmake(parts);
    }
}

/* The epoch that is kept has the lowest validation loss of all that were shown. */
static void the_best_epoch_is_kept(void **state)
{
    struct dataset parts[3];
    struct ran r;
    double lowest = INFINITY, last = 0;
    (void)state;
    make(parts, "gauss_lin:n=60,d=15,noise=2");
    train(&r, parts,
          "predictor_type=regressor mini_batch_size=5 epochs=30 early_stopping_patience=99 learning_rate=0.3 "
          "optimizer=rmsprop");
    for (const char *p = str_text(&r.lines); (p = strstr(p, "\"validation:objective_loss\",\"value\":")); p++) {
        last = strtod(strchr(p, ':') + strlen("objective_loss\",\"value\":") + 1, NULL);
        lowest = fmin(lowest, last);
    }
    assert_true(lowest < last);
    assert_true(fabs(metric(&r, "validation:objective_loss") - lowest) < 1e-9);
    str_free(&r.lines);
    unmake(parts);
}

static void stops_early_after_its_patience(void **state)
{
    struct dataset parts[3];
    struct ran r;
    (void)state;
    make(parts, "gauss2:n=500");
    train(&r, parts, "predictor_type=binary_classifier epochs=500 mini_batch_size=50 early_stopping_patience=2");
    assert_non_null(strstr(str_text(&r.lines), "stopped early after epoch"));
    assert_true(r.t.rows_seen < 250 * (double)parts[0].rows);
    str_free(&r.lines);
    unmake(parts);
}

static void missing_values_are_said_and_filled(void **state)
{
    struct dataset parts[3];
    struct ran whole, gaps;
    (void)state;
    make(parts, "gauss_lin:n=2000,d=3");
    train(&whole, parts, "predictor_type=regressor");
    for (size_t i = 0; i < parts[0].rows; i += 20)
        parts[0].x[i * 3] = NAN;
    train(&gaps, parts, "predictor_type=regressor");
    assert_null(strstr(str_text(&whole.lines), "missing"));
    assert_non_null(strstr(str_text(&gaps.lines), "100 of 6000 feature values are missing"));
    assert_true(fabs(metric(&gaps, "test:mse") - metric(&whole, "test:mse")) < 0.1 * metric(&whole, "test:mse"));
    str_free(&whole.lines);
    str_free(&gaps.lines);
    unmake(parts);
}

static void wrong_labels_and_sizes_are_refused(void **state)
{
    static const struct {
        const char *settings, *where, *what;
        float label;
    } cases[] = {
        {"predictor_type=binary_classifier", "test, ", "The label 2 is not one of the 2 classes", 2},
        {"predictor_type=binary_classifier", "test, ", "The label -1", -1},
        {"predictor_type=multiclass_classifier num_classes=4", "test, ", "The label 0.5", 0.5f},
        {"predictor_type=regressor feature_dim=3", "feature_dim", "feature_dim is 3, but", 0},
    };
    struct dataset parts[3];
    (void)state;
    make(parts, "gauss2:n=100");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct ran r;
        parts[2].y[7] = cases[c].label;
        train_until(&r, parts, cases[c].settings, -1);
        assert_int_equal(r.status, -1);
        assert_int_equal(r.err.code, ERROR_INPUT);
        assert_true(strncmp(r.err.where, cases[c].where, strlen(cases[c].where)) == 0);
        if (!strstr(r.err.what, cases[c].what))
            fail_msg("%s", r.err.what);
        str_free(&r.lines);
    }
    unmake(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converges_to_least_squares),
        cmocka_unit_test(gradients_agree_with_finite_differences),
        cmocka_unit_test(an_epoch_is_each_row_once),
        cmocka_unit_test(same_seed_same_lines),
        cmocka_unit_test(arms_share_their_first_weights),
        cmocka_unit_test(divergence_is_a_result),
        cmocka_unit_test(stops_when_nobody_listens),
        cmocka_unit_test(l1_zeroes_what_does_not_matter),
        cmocka_unit_test(decay_shrinks_and_no_bias_stays_zero),
        cmocka_unit_test(weights_raise_the_recall_of_rare_classes),
        cmocka_unit_test(quantiles_split_the_labels),
        cmocka_unit_test(losses_are_in_units_of_the_label),
        cmocka_unit_test(the_best_epoch_is_kept),
        cmocka_unit_test(stops_early_after_its_patience),
        cmocka_unit_test(missing_values_are_said_and_filled),
        cmocka_unit_test(wrong_labels_and_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
