#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/linear/linear_picture.h"
#include "engine/algo/linear/linear_run.h"
#include "engine/picture.h"

#define PICTURE_ROWS 20000 /* whose scores are in a picture, at most */

struct linear_source linear_run_source(const struct linear_run *r, const struct dataset *data)
{
    return (struct linear_source){data, &r->model.normaliser, r->model.label_shift, r->model.label_scale,
                                  r->class_weight};
}

/* Back to the label's own units. */
static void unscale(const struct linear_model *m, float *score, size_t rows)
{
    for (size_t i = 0; m->task == METRIC_REGRESSION && i < rows; i++)
        score[i] = (float)((double)score[i] * m->label_scale + m->label_shift);
}

void linear_look_losses(struct linear_run *r, const struct dataset *data, double *losses)
{
    struct linear_source from = linear_run_source(r, data);
    double weight = 0;
    memset(losses, 0, r->model.models * sizeof *losses);
    for (size_t first = 0; first < data->rows; first += r->batch.capacity) {
        size_t count = data->rows - first < r->batch.capacity ? data->rows - first : r->batch.capacity;
        linear_batch_load(&r->batch, &from, first, count);
        linear_model_score(&r->model, &r->batch);
        linear_model_loss(&r->model, &r->batch, r->step_loss);
        weight += linear_batch_weight(&r->batch);
        for (size_t i = 0; i < r->model.models; i++)
            losses[i] += r->step_loss[i];
    }
    for (size_t i = 0; i < r->model.models; i++)
        losses[i] /= weight;
}

/* Scores of all ranks' rows into the tally, and their losses and weights summed. */
static int tally_all(struct linear_run *r, const float *score, const float *label, size_t rows, double sums[2],
                     struct error *err)
{
    struct comm *comm = r->t->comm;
    size_t outputs = r->model.outputs, total = 0, *sizes = calloc((size_t)comm_ranks(comm), sizeof *sizes);
    void *scores = NULL, *labels = NULL;
    int status = sizes ? 0 : error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the scores");
    if (status == 0)
        status = comm_sum_double(comm, sums, 2, err);
    if (status == 0)
        status = comm_gather(comm, score, rows * outputs * sizeof *score, &scores, sizes, err);
    if (status == 0)
        status = comm_gather(comm, label, rows * sizeof *label, &labels, sizes, err);
    for (int rank = 0; status == 0 && rank < comm_ranks(comm); rank++)
        total += sizes[rank] / sizeof *label;
    if (status == 0 && total)
        metric_tally_add(&r->tally, scores, labels, total);
    free(scores);
    free(labels);
    free(sizes);
    return status;
}

/* Scores the first `rows` rows by one model into r->tally. `objective`: the mean loss, rows weighted as in training. */
static int look_at(struct linear_run *r, size_t model, const struct dataset *data, size_t rows, double *objective,
                   struct error *err)
{
    struct linear_source from = linear_run_source(r, data);
    struct linear_model one = linear_model_one(&r->model, model);
    bool shared = data == r->t->train && comm_ranks(r->t->comm) > 1;
    float *scores = shared ? malloc((rows ? rows : 1) * one.outputs * sizeof *scores) : NULL;
    double sums[2] = {0, 0};
    int status = 0;
    if (shared && !scores)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the scores");
    metric_tally_reset(&r->tally);
    for (size_t first = 0; first < rows; first += r->batch.capacity) {
        size_t count = rows - first < r->batch.capacity ? rows - first : r->batch.capacity;
        double loss;
        linear_batch_load(&r->batch, &from, first, count);
        linear_model_score(&one, &r->batch);
        linear_model_loss(&one, &r->batch, &loss);
        sums[0] += loss;
        sums[1] += linear_batch_weight(&r->batch);
        unscale(&one, r->batch.score, count);
        if (shared)
            memcpy(scores + first * one.outputs, r->batch.score, count * one.outputs * sizeof *scores);
        else
            metric_tally_add(&r->tally, r->batch.score, data->y + first, count);
    }
    if (shared)
        status = tally_all(r, scores, data->y, rows, sums, err);
    free(scores);
    *objective = sums[0] / sums[1];
    return status;
}

/* The service has rmse for the validation channel only. */
static bool is_reported(const char *channel, const char *metric)
{
    return strcmp(metric, "rmse") != 0 || strcmp(channel, "validation") == 0;
}

int linear_look_report(struct linear_run *r, size_t model, const struct dataset *data, const char *channel, bool said,
                       struct error *err)
{
    struct metric_value values[METRIC_VALUES_MAX];
    double objective;
    size_t count;
    if (look_at(r, model, data, data->rows, &objective, err) < 0)
        return -1;
    count = metric_tally_finish(&r->tally, values);
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
    return 0;
}

/* --- which is best --------------------------------------------------------------------------------------------------
 */

static const struct criterion {
    const char *name, *metric, *held, *target; /* `metric` is made large; `held` must reach the setting `target` */
    enum metric_criterion kind;
} criteria[] = {
    {"accuracy", "binary_classification_accuracy", NULL, NULL, METRIC_ACCURACY},
    {"f_beta", "binary_f_beta", NULL, NULL, METRIC_F_BETA},
    {"precision_at_target_recall", "precision", "recall", "target_recall", METRIC_PRECISION_AT_RECALL},
    {"recall_at_target_precision", "recall", "precision", "target_precision", METRIC_RECALL_AT_PRECISION},
};

/* NULL: by loss, and no threshold is calibrated. */
static const struct criterion *criterion_of(const struct linear_run *r)
{
    for (size_t i = 0; r->model.task == METRIC_BINARY && i < sizeof criteria / sizeof *criteria; i++)
        if (settings_is(r->t->settings, "binary_classifier_model_selection_criteria", criteria[i].name))
            return &criteria[i];
    return NULL;
}

static double named(const struct metric_value *values, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].value;
    return NAN;
}

/* How good a model is by the criterion after its threshold was calibrated: higher is better; one that misses its target
 * is worse than any that reaches it, by how far it misses. */
static double merit(struct linear_run *r, const struct criterion *c)
{
    struct metric_value values[METRIC_VALUES_MAX];
    double target = c->target ? settings_number(r->t->settings, c->target) : 0, held;
    size_t count;
    r->tally.threshold = metric_calibrate(&r->tally, c->kind, target, 0);
    count = metric_tally_finish(&r->tally, values);
    held = c->held ? named(values, count, c->held) : target;
    return held + 1e-9 < target ? held - target : named(values, count, c->metric);
}

static void say_threshold(const struct linear_run *r, const struct criterion *c, size_t rows)
{
    event_log(r->t->sink, "threshold calibrated for %s on %zu rows of %s: a score above %.4g counts as 1", c->name,
              rows, r->t->validation ? "validation" : "train",
              r->model.loss.kind == LOSS_LOGISTIC ? 1 / (1 + exp(-r->tally.threshold)) : r->tally.threshold);
}

static void say_chosen(const struct linear_run *r, size_t chosen)
{
    const struct linear_one *one = &r->model.each[chosen];
    if (r->model.models > 1)
        event_log(r->t->sink, "model %zu of %zu is the best by %s of %s: learning_rate %.4g, l1 %g, wd %g (loss %.6g)",
                  chosen + 1, r->model.models,
                  criterion_of(r) ? settings_get(r->t->settings, "binary_classifier_model_selection_criteria") : "loss",
                  r->t->validation ? "validation" : "train", one->schedule.rate, one->l1, one->wd,
                  r->t->validation ? r->best[chosen] : r->objective[chosen]);
}

int linear_look_choose(struct linear_run *r, size_t *chosen, struct error *err)
{
    const struct criterion *c = criterion_of(r);
    const struct dataset *data = r->t->validation ? r->t->validation : r->train;
    const double *loss = r->t->validation ? r->best : r->objective;
    double wanted = settings_number(r->t->settings, "num_calibration_samples"), best = -INFINITY, threshold = 0, unused;
    size_t rows = wanted < (double)data->rows ? (size_t)wanted : data->rows;
    *chosen = r->leader;
    for (size_t i = 0; i < r->model.models; i++) {
        double value = -loss[i];
        if (r->model.each[i].out)
            continue;
        if (c) {
            r->tally.threshold = 0;
            if (look_at(r, i, data, rows, &unused, err) < 0)
                return -1;
            value = merit(r, c);
        }
        if (value > best || (value == best && loss[i] < loss[*chosen])) {
            best = value;
            threshold = r->tally.threshold;
            *chosen = i;
        }
    }
    r->tally.threshold = threshold;
    say_chosen(r, *chosen);
    if (c && !r->diverged)
        say_threshold(r, c, rows);
    return 0;
}

/* --- pictures -------------------------------------------------------------------------------------------------------
 */

/* What is predicted of a score: the class, the number. */
static float predicted(const struct linear_run *r, const float *score)
{
    size_t best = 0;
    if (r->model.task == METRIC_REGRESSION)
        return score[0];
    if (r->model.task == METRIC_BINARY)
        return (double)score[0] > r->tally.threshold;
    for (size_t k = 1; k < r->model.outputs; k++)
        if (score[k] > score[best])
            best = k;
    return (float)best;
}

static void show_scores(struct linear_run *r, const char *channel, const float *score, const float *outcome,
                        const float *label, size_t rows)
{
    struct event_sink *sink = r->t->sink;
    if (r->model.task == METRIC_REGRESSION)
        picture_residuals(sink, channel, outcome, label, rows, r->step);
    else
        picture_confusion(sink, channel, outcome, label, rows, r->classes, NULL, r->step);
    if (r->model.task == METRIC_BINARY)
        picture_ranking(sink, channel, score, label, rows, NULL, r->step);
}

void linear_look_pictures(struct linear_run *r, size_t model)
{
    const struct dataset *data = r->t->validation ? r->t->validation : r->train;
    struct linear_source from = linear_run_source(r, data);
    struct linear_model one = linear_model_one(&r->model, model);
    size_t rows = data->rows < PICTURE_ROWS ? data->rows : PICTURE_ROWS, outputs = one.outputs;
    float *score = malloc((rows + 1) * sizeof *score), *outcome = malloc((rows + 1) * sizeof *outcome);
    for (size_t first = 0; score && outcome && first < rows; first += r->batch.capacity) {
        size_t count = rows - first < r->batch.capacity ? rows - first : r->batch.capacity;
        linear_batch_load(&r->batch, &from, first, count);
        linear_model_score(&one, &r->batch);
        unscale(&one, r->batch.score, count);
        for (size_t i = 0; i < count; i++) {
            score[first + i] = r->batch.score[i * outputs];
            outcome[first + i] = predicted(r, r->batch.score + i * outputs);
        }
    }
    if (score && outcome && rows)
        show_scores(r, r->t->validation ? "validation" : "train", score, outcome, data->y, rows);
    free(score);
    free(outcome);
    linear_picture_regions(r->t->sink, &one, r->train, r->tally.threshold, r->step);
    linear_picture_models(r->t->sink, &r->model, r->best, r->leader, r->step);
}
