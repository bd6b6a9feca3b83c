/* Linear Learner's run: epochs of mini-batches, a look at the validation rows after each, early stopping, the best
 * epoch kept, the threshold calibrated, the final metrics. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/linear/linear_learner.h"
#include "engine/algo/linear/linear_model.h"
#include "engine/algo/linear/linear_picture.h"
#include "engine/base/clock.h"
#include "engine/base/rng.h"

#define STREAM_ORDER 202
#define METRICS 200              /* points of train:objective_loss at most */
#define EVALUATED 256            /* rows of a batch when scores are looked at, at least, */
#define SCORES ((size_t)1 << 22) /* unless that makes more scores than this */
#define PACE_SLICE 0.05          /* seconds between looks at whether the run should stop */

struct run {
    struct training *t;
    struct linear_model model;
    struct linear_batch batch;
    float *class_weight;        /* or NULL */
    struct linear_shuffle rows; /* of the training data */
    struct rng shuffler;
    struct metric_tally tally;
    size_t batch_rows, classes;
    long step, steps, metric_stride, picture_stride;
    int epochs, epoch, epoch_stride;   /* at most; now, from 1; the validation metrics are said so often */
    double stride_loss, stride_weight; /* since the last train:objective_loss */
    double epoch_loss, epoch_weight;
    double best; /* objective of the best epoch so far */
    int bad_epochs;
    long diverged; /* step, counted from 1; 0: did not */
};

static long stride_for(long steps, long points)
{
    return (steps + points - 1) / points;
}

/* --- before ---------------------------------------------------------------------------------------------------------
 */

static int check_data(struct run *r, struct error *err)
{
    const struct training *t = r->t;
    double dimension = settings_number(t->settings, "feature_dim");
    if (isfinite(dimension) && dimension != (double)t->train->columns)
        return error_set(err, ERROR_INPUT, "feature_dim", "correct it, or leave it at auto",
                         "feature_dim is %.0f, but %s has %zu features", dimension, t->train->name, t->train->columns);
    if (t->train->rows == 0 || t->train->rows > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, t->train->name, "give between 1 and 4,294,967,295 rows",
                         "The training data have %zu rows", t->train->rows);
    if (linear_check_labels(t->train, r->classes, "train", err) < 0)
        return -1;
    if (t->validation && linear_check_labels(t->validation, r->classes, "validation", err) < 0)
        return -1;
    return t->test ? linear_check_labels(t->test, r->classes, "test", err) : 0;
}

static size_t most_rows(const struct training *t)
{
    size_t rows = t->train->rows;
    if (t->validation && t->validation->rows > rows)
        rows = t->validation->rows;
    return t->test && t->test->rows > rows ? t->test->rows : rows;
}

static struct linear_source source_of(const struct run *r, const struct dataset *data)
{
    return (struct linear_source){data, &r->model.normaliser, r->model.label_shift, r->model.label_scale,
                                  r->class_weight};
}

static int allocate(struct run *r, struct error *err)
{
    struct training *t = r->t;
    struct linear_source from = source_of(r, t->train);
    size_t evaluated = r->model.outputs > SCORES / EVALUATED ? 1 : EVALUATED;
    size_t capacity = r->batch_rows > evaluated ? r->batch_rows : evaluated;
    bool weighted =
        r->class_weight || t->train->weight || (t->validation && t->validation->weight) || (t->test && t->test->weight);
    double started = clock_seconds();
    if (linear_shuffle_init(&r->rows, &from, r->batch_rows, weighted, &r->shuffler) < 0 ||
        metric_tally_init(&r->tally, r->model.task, r->classes, most_rows(t)) < 0 ||
        linear_batch_init(&r->batch, capacity, t->train->columns, r->model.outputs, weighted) < 0)
        return error_set(err, ERROR_LIMIT, "mini_batch_size", "use a smaller one, fewer rows or more memory",
                         "The buffers of the run do not fit into memory");
    t->step_seconds += clock_seconds() - started;
    return 0;
}

static int prepare(struct run *r, struct error *err)
{
    const struct settings *s = r->t->settings;
    double rows = (double)r->t->train->rows, batch_rows = settings_number(s, "mini_batch_size");
    r->classes = linear_classes(s);
    r->epochs = (int)fmin(settings_number(s, "epochs"), 1e9);
    r->batch_rows = (size_t)fmin(batch_rows, rows);
    rng_init(&r->shuffler, r->t->seed, STREAM_ORDER);
    if (check_data(r, err) < 0 || linear_class_weights(s, r->t->train, r->classes, &r->class_weight, err) < 0 ||
        linear_model_init(&r->model, s, r->t->train, r->t->seed, err) < 0 || allocate(r, err) < 0)
        return -1;
    r->steps = (long)ceil(rows / (double)r->batch_rows) * r->epochs;
    r->metric_stride = stride_for(r->steps, METRICS);
    r->epoch_stride = (int)stride_for(r->epochs, METRICS);
    r->picture_stride = stride_for(r->steps, r->model.columns <= 2 ? LINEAR_BOUNDARIES : LINEAR_WEIGHTS);
    r->tally.top_k = r->classes > 2 ? (size_t)settings_number(s, "accuracy_top_k") : 1;
    r->tally.beta = settings_number(s, "f_beta");
    r->best = INFINITY;
    return 0;
}

static void log_data(const struct run *r)
{
    const struct dataset *d = r->t->train;
    size_t missing = 0;
    for (size_t i = 0; i < d->rows * d->columns; i++)
        missing += isnan(d->x[i]) != 0;
    if (missing)
        event_log(r->t->sink, "%zu of %zu feature values are missing: each is filled with the mean of its feature",
                  missing, d->rows * d->columns);
    if (settings_number(r->t->settings, "mini_batch_size") > (double)d->rows)
        event_log(r->t->sink, "mini_batch_size is larger than the training data: each step takes all %zu rows",
                  d->rows);
}

static void run_free(struct run *r)
{
    linear_model_free(&r->model);
    linear_batch_free(&r->batch);
    metric_tally_free(&r->tally);
    free(r->class_weight);
    linear_shuffle_free(&r->rows);
}

/* --- scores ---------------------------------------------------------------------------------------------------------
 */

/* Back to the label's own units. */
static void unscale(const struct linear_model *m, float *score, size_t rows)
{
    for (size_t i = 0; m->task == METRIC_REGRESSION && i < rows; i++)
        score[i] = (float)((double)score[i] * m->label_scale + m->label_shift);
}

/* Scores the first `rows` rows into r->tally. Returns the mean loss, rows weighted as in training. */
static double look_at(struct run *r, const struct dataset *data, size_t rows)
{
    struct linear_source from = source_of(r, data);
    double loss = 0, weight = 0;
    metric_tally_reset(&r->tally);
    for (size_t first = 0; first < rows; first += r->batch.capacity) {
        size_t count = rows - first < r->batch.capacity ? rows - first : r->batch.capacity;
        linear_batch_load(&r->batch, &from, first, count);
        linear_model_score(&r->model, &r->batch);
        loss += linear_model_loss(&r->model, &r->batch);
        weight += linear_batch_weight(&r->batch);
        unscale(&r->model, r->batch.score, count);
        metric_tally_add(&r->tally, r->batch.score, data->y + first, count);
    }
    return loss / weight;
}

/* The service has rmse for the validation channel only. */
static bool is_reported(const char *channel, const char *metric)
{
    return strcmp(metric, "rmse") != 0 || strcmp(channel, "validation") == 0;
}

/* All metrics of a channel: into the final ones, and as events if `said`. NaN where training diverged. */
static double report(struct run *r, const struct dataset *data, const char *channel, bool said)
{
    struct metric_value values[METRIC_VALUES_MAX];
    double objective = look_at(r, data, data->rows);
    size_t count = metric_tally_finish(&r->tally, values);
    values[count++] = (struct metric_value){"objective_loss", objective};
    for (size_t i = count; i-- > 0;) {
        char name[64];
        double value = r->diverged ? NAN : values[i].value;
        if (!is_reported(channel, values[i].name))
            continue;
        snprintf(name, sizeof name, "%s:%s", channel, values[i].name);
        training_metric(r->t, name, value);
        if (said)
            event_metric(r->t->sink, name, value, r->step, r->epoch);
    }
    return objective;
}

/* --- training -------------------------------------------------------------------------------------------------------
 */

static void say_diverged(struct run *r, double loss)
{
    r->diverged = r->step;
    training_metric(r->t, "diverged_at_step", (double)r->step);
    event_metric(r->t->sink, "train:objective_loss", NAN, r->step, r->epoch);
    event_log(r->t->sink, "diverged at step %ld: loss became %s. Lower learning_rate (now %s).", r->step,
              isnan(loss) ? "not a number" : "infinite", settings_get(r->t->settings, "learning_rate"));
}

static void pace(const struct training *t)
{
    for (double left = t->pace; left > 0 && !event_stopping(t->sink); left -= PACE_SLICE)
        clock_sleep(fmin(left, PACE_SLICE));
}

/* Shows the first class's weights to whoever asked for it (the contour of an experiment). */
static void trace(const struct run *r)
{
    const struct linear_model *m = &r->model;
    struct trace at = {.weights = m->weights,
                       .shift = m->normaliser.shift,
                       .factor = m->normaliser.factor,
                       .columns = m->columns,
                       .bias = m->bias[0],
                       .step = r->step};
    if (r->t->trace)
        r->t->trace(r->t->trace_context, &at);
}

/* After a step: what watchers see, and whether to go on. */
static bool after_step(struct run *r, double loss, double weight)
{
    struct event_sink *sink = r->t->sink;
    bool first = r->step == 1;
    trace(r);
    if (!isfinite(loss)) {
        say_diverged(r, loss);
        return false;
    }
    r->stride_loss += loss;
    r->stride_weight += weight;
    r->epoch_loss += loss;
    r->epoch_weight += weight;
    if ((first || r->step % r->metric_stride == 0) && r->stride_weight > 0) {
        event_metric(sink, "train:objective_loss", r->stride_loss / r->stride_weight, r->step, r->epoch);
        r->stride_loss = r->stride_weight = 0;
    }
    if (first || r->step % r->picture_stride == 0)
        linear_picture_model(sink, &r->model, r->step);
    if (r->t->pace > 0)
        pace(r->t);
    return !event_stopping(sink);
}

/* Returns false when training must end. */
static bool train_epoch(struct run *r)
{
    double now = clock_seconds();
    linear_shuffle_again(&r->rows, &r->shuffler);
    r->epoch_loss = r->epoch_weight = 0;
    while (linear_shuffle_next(&r->rows, &r->batch, r->batch_rows) > 0) {
        double loss = linear_model_step(&r->model, &r->batch, r->step++);
        r->t->step_seconds += clock_seconds() - now;
        r->t->rows_seen += (double)r->batch.rows;
        if (!after_step(r, loss, linear_batch_weight(&r->batch)))
            return false;
        now = clock_seconds();
    }
    return true;
}

/* Counts epochs without improvement by the objective of the validation rows, or of training where there are none;
 * remembers the best weights by the former. Returns false when it has been enough. */
static bool judge_epoch(struct run *r, double objective)
{
    const struct settings *s = r->t->settings;
    double tolerance = settings_number(s, "early_stopping_tolerance");
    bool improved = objective < r->best - (isfinite(r->best) ? tolerance * fabs(r->best) : 0);
    if (objective < r->best) {
        r->best = objective;
        if (r->t->validation)
            linear_model_keep(&r->model);
    }
    r->bad_epochs = improved ? 0 : r->bad_epochs + 1;
    return (double)r->bad_epochs < settings_number(s, "early_stopping_patience");
}

static void say_stopped_early(const struct run *r)
{
    event_log(r->t->sink, "stopped early after epoch %d: %d epochs in a row improved the %s loss by less than %s",
              r->epoch, r->bad_epochs, r->t->validation ? "validation" : "training",
              settings_get(r->t->settings, "early_stopping_tolerance"));
}

static void train(struct run *r)
{
    trace(r);
    for (r->epoch = 1; train_epoch(r); r->epoch++) {
        double objective = r->epoch_loss / r->epoch_weight;
        bool go_on;
        if (r->t->validation)
            objective = report(r, r->t->validation, "validation", r->epoch == 1 || r->epoch % r->epoch_stride == 0);
        if (!isfinite(objective)) {
            say_diverged(r, objective);
            return;
        }
        go_on = judge_epoch(r, objective);
        if (r->epoch == r->epochs)
            return;
        if (!go_on) {
            say_stopped_early(r);
            return;
        }
    }
}

/* --- after ----------------------------------------------------------------------------------------------------------
 */

static void calibrate(struct run *r)
{
    static const struct {
        const char *name, *target;
        enum metric_criterion criterion;
    } criteria[] = {{"accuracy", NULL, METRIC_ACCURACY},
                    {"f_beta", NULL, METRIC_F_BETA},
                    {"precision_at_target_recall", "target_recall", METRIC_PRECISION_AT_RECALL},
                    {"recall_at_target_precision", "target_precision", METRIC_RECALL_AT_PRECISION}};
    const struct settings *s = r->t->settings;
    const struct dataset *data = r->t->validation ? r->t->validation : r->t->train;
    double wanted = settings_number(s, "num_calibration_samples");
    size_t rows = wanted < (double)data->rows ? (size_t)wanted : data->rows;
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        if (!settings_is(s, "binary_classifier_model_selection_criteria", criteria[i].name))
            continue;
        look_at(r, data, rows);
        r->tally.threshold = metric_calibrate(&r->tally, criteria[i].criterion,
                                              criteria[i].target ? settings_number(s, criteria[i].target) : 0, 0);
        event_log(r->t->sink, "threshold calibrated for %s on %zu rows of %s: a score above %.4g counts as 1",
                  criteria[i].name, rows, r->t->validation ? "validation" : "train",
                  r->model.loss.kind == LOSS_LOGISTIC ? 1 / (1 + exp(-r->tally.threshold)) : r->tally.threshold);
    }
}

/* Of the model that is kept: the best epoch where there is a validation channel. */
static void finish(struct run *r)
{
    const struct training *t = r->t;
    if (t->validation && isfinite(r->best))
        linear_model_restore(&r->model);
    if (r->model.task == METRIC_BINARY && !r->diverged)
        calibrate(r);
    linear_picture_model(t->sink, &r->model, r->step);
    report(r, t->train, "train", false);
    if (t->validation)
        report(r, t->validation, "validation", false);
    if (t->test)
        report(r, t->test, "test", true);
}

int linear_train(struct training *t, struct error *err)
{
    struct run r = {.t = t};
    int status = prepare(&r, err);
    if (status == 0) {
        log_data(&r);
        linear_picture_points(t->sink, t->train);
        train(&r);
        finish(&r);
    }
    run_free(&r);
    return status;
}
