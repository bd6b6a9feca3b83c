#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/linear/linear_learner.h"
#include "engine/algo/linear/linear_picture.h"
#include "engine/algo/linear/linear_run.h"
#include "engine/algo/linear/linear_saved.h"
#include "engine/base/clock.h"

#define STREAM_ORDER 202
#define METRICS 200              /* points of train:objective_loss at most */
#define EVALUATED 256            /* rows of a batch when scores are looked at, at least, */
#define SCORES ((size_t)1 << 22) /* unless that makes more scores than this */

static long stride_for(long steps, long points)
{
    return (steps + points - 1) / points;
}

/* --- before ---------------------------------------------------------------------------------------------------------
 */

static int check_columns(const struct linear_run *r, const struct dataset *d, struct error *err)
{
    double dimension = settings_number(r->t->settings, "feature_dim");
    if (isfinite(dimension) && dimension != (double)d->columns)
        return error_set(err, ERROR_INPUT, "feature_dim", "correct it, or leave it at auto",
                         "feature_dim is %.0f, but %s has %zu features", dimension, d->name, d->columns);
    if (d->columns == 0)
        return error_set(err, ERROR_INPUT, d->name, "give rows with features behind the label",
                         "The training data have no features");
    return 0;
}

static int check_data(const struct linear_run *r, struct error *err)
{
    const struct training *t = r->t;
    if (r->share.all == 0 || r->share.all > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, r->train->name, "give between 1 and 4,294,967,295 rows",
                         "The training data have %llu rows", (unsigned long long)r->share.all);
    if (check_columns(r, r->train, err) < 0 || linear_check_labels(r->train, r->classes, "train", err) < 0)
        return -1;
    if (t->validation && linear_check_labels(t->validation, r->classes, "validation", err) < 0)
        return -1;
    return t->test ? linear_check_labels(t->test, r->classes, "test", err) : 0;
}

/* The classes of the training rows of all ranks: their weights, and a word where there is one class only. */
static int weigh_classes(struct linear_run *r, struct error *err)
{
    int64_t *counts = calloc(r->classes ? r->classes : 1, sizeof *counts);
    size_t present = 0;
    int status = counts ? 0 : error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the classes");
    for (size_t i = 0; status == 0 && r->classes && i < r->train->rows; i++)
        counts[(size_t)r->train->y[i]]++;
    if (status == 0)
        status = comm_sum_i64(r->t->comm, counts, r->classes, err);
    for (size_t k = 0; status == 0 && k < r->classes; k++)
        present += counts[k] > 0;
    if (status == 0 && present == 1)
        event_log(r->t->sink, "the training labels are all of one class: the model will learn to say that class");
    if (status == 0)
        status = linear_class_weights(r->t->settings, counts, r->classes, &r->class_weight, err);
    free(counts);
    return status;
}

static size_t most_rows(const struct linear_run *r)
{
    const struct training *t = r->t;
    size_t rows = (size_t)r->share.all;
    if (t->validation && t->validation->rows > rows)
        rows = t->validation->rows;
    return t->test && t->test->rows > rows ? t->test->rows : rows;
}

static bool is_weighted(const struct linear_run *r)
{
    const struct training *t = r->t;
    return r->class_weight || r->train->weight || (t->validation && t->validation->weight) ||
           (t->test && t->test->weight);
}

/* Are some of the channels' rows sparse (or dense, if `sparse` is false)? */
static bool some_are(const struct linear_run *r, bool sparse)
{
    const struct dataset *parts[] = {r->train, r->t->validation, r->t->test};
    if (r->t->pipe) /* the next chunk may be either */
        return sparse ? !r->train->x : true;
    for (int i = 0; i < 3; i++)
        if (parts[i] && linear_is_sparse(parts[i]) == sparse)
            return true;
    return false;
}

static int allocate(struct linear_run *r, struct error *err)
{
    size_t evaluated = r->model.width > SCORES / EVALUATED ? 1 : EVALUATED, models = r->model.models;
    size_t capacity = r->batch_rows > evaluated ? r->batch_rows : evaluated;
    double *block = calloc(5 * models, sizeof *block);
    r->stride_loss = block;
    if (block) {
        r->epoch_loss = block + models;
        r->step_loss = block + 2 * models;
        r->objective = block + 3 * models;
        r->best = block + 4 * models;
        for (size_t i = 0; i < models; i++)
            r->best[i] = INFINITY;
    }
    if (!block || metric_tally_init(&r->tally, r->model.task, r->classes, most_rows(r)) < 0 ||
        linear_batch_init(&r->batch, capacity, r->train->columns, r->model.width, some_are(r, false), is_weighted(r)) <
            0)
        return error_set(err, ERROR_LIMIT, "mini_batch_size", "use a smaller one, fewer rows or more memory",
                         "The buffers of the run do not fit into memory");
    return 0;
}

static int shuffle(struct linear_run *r, const struct dataset *data, struct error *err)
{
    struct linear_source from = linear_run_source(r, data);
    linear_shuffle_free(&r->rows);
    if (linear_shuffle_init(&r->rows, &from, r->share, r->batch_rows, r->batch.weight != NULL, &r->shuffler) < 0)
        return error_set(err, ERROR_LIMIT, data->name, "use fewer rows or more memory",
                         "The training rows do not fit into memory in random order");
    return 0;
}

/* This rank's rows among the first num_point_for_scaler. */
static size_t sample_rows(const struct linear_run *r)
{
    double points = settings_number(r->t->settings, "num_point_for_scaler") - (double)r->share.first;
    return points <= 0 ? 0 : points < (double)r->train->rows ? (size_t)points : r->train->rows;
}

static void set_strides(struct linear_run *r)
{
    long steps = (long)ceil((double)r->share.all / (double)r->batch_rows) * r->epochs;
    r->epoch_stride = (int)stride_for(r->epochs, METRICS);
    if (r->t->pipe)
        return;
    r->metric_stride = stride_for(steps, METRICS);
    r->picture_stride = stride_for(steps, r->model.columns <= 2 ? LINEAR_BOUNDARIES : LINEAR_WEIGHTS);
}

/* r->train and r->share are known. */
static int prepare(struct linear_run *r, struct error *err)
{
    const struct settings *s = r->t->settings;
    double batch_rows = settings_number(s, "mini_batch_size");
    struct linear_shape shape = {.train = r->train, .seed = r->t->seed, .comm = r->t->comm};
    r->classes = linear_classes(s);
    r->epochs = (int)fmin(settings_number(s, "epochs"), 1e9);
    r->batch_rows = (size_t)(r->t->pipe ? batch_rows : fmin(batch_rows, (double)r->share.all));
    rng_init(&r->shuffler, r->t->seed, STREAM_ORDER);
    if (check_data(r, err) < 0 || weigh_classes(r, err) < 0)
        return -1;
    shape.sample_rows = sample_rows(r);
    shape.models = (size_t)settings_number(s, "num_models");
    shape.sparse = some_are(r, true);
    if (linear_model_init(&r->model, s, &shape, err) < 0 || allocate(r, err) < 0)
        return -1;
    set_strides(r);
    r->tally.top_k = r->classes > 2 ? (size_t)settings_number(s, "accuracy_top_k") : 1;
    r->tally.beta = settings_number(s, "f_beta");
    r->prepared = true;
    return 0;
}

static size_t count_missing(const struct dataset *d)
{
    const float *values = d->x ? d->x : d->value;
    size_t count = d->x ? d->rows * d->columns : d->start ? d->start[d->rows] : 0, missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += values[i] != values[i];
    return missing;
}

static void log_data(const struct linear_run *r)
{
    const struct dataset *d = r->train;
    size_t missing = count_missing(d);
    if (missing)
        event_log(r->t->sink, "%zu of %zu feature values are missing: each is filled with the mean of its feature",
                  missing, d->rows * d->columns);
    if (!r->t->pipe && settings_number(r->t->settings, "mini_batch_size") > (double)r->share.all)
        event_log(r->t->sink, "mini_batch_size is larger than the training data: each step takes all %llu rows",
                  (unsigned long long)r->share.all);
}

static void run_free(struct linear_run *r)
{
    linear_gpu_close(r->device);
    linear_model_free(&r->model);
    linear_batch_free(&r->batch);
    metric_tally_free(&r->tally);
    free(r->class_weight);
    free(r->stride_loss);
    linear_shuffle_free(&r->rows);
    dataset_free(&r->sample);
}

/* --- training -------------------------------------------------------------------------------------------------------
 */

static void say_diverged(struct linear_run *r, double loss)
{
    r->diverged = r->step;
    training_metric(r->t, "diverged_at_step", (double)r->step);
    event_metric(r->t->sink, "train:objective_loss", NAN, r->step, r->epoch);
    event_log(r->t->sink, "diverged at step %ld: loss became %s. Lower learning_rate (now %s).", r->step,
              isnan(loss) ? "not a number" : "infinite", settings_get(r->t->settings, "learning_rate"));
}

/* Takes models whose loss is no number out. Returns false when none is left. */
static bool weed_out(struct linear_run *r, const double *loss)
{
    size_t alive = 0, last = 0;
    for (size_t i = 0; i < r->model.models; i++) {
        struct linear_one *one = &r->model.each[i];
        if (!one->out && !isfinite(loss[i])) {
            linear_model_drop(&r->model, i);
            last = i;
            if (r->model.models > 1)
                event_log(r->t->sink,
                          "model %zu (learning_rate %.4g, l1 %g, wd %g) diverged at step %ld and is left out", i + 1,
                          one->schedule.rate, one->l1, one->wd, r->step);
        }
        alive += !one->out;
    }
    for (size_t i = 0; alive && i < r->model.models && r->model.each[r->leader].out; i++)
        r->leader = r->model.each[i].out ? r->leader : i;
    if (!alive)
        say_diverged(r, loss[last]);
    return alive > 0;
}

/* Shows the first class's weights of the first model to whoever asked for it (the contour of an experiment). */
static void trace(const struct linear_run *r)
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

/* Is it time again? Where nobody knows how many steps there will be, less and less often. */
static bool is_due(long step, long stride, long *last, long points)
{
    bool due = step == 1 || (stride ? step % stride == 0 : step - *last > step / points);
    if (due)
        *last = step;
    return due;
}

/* After a step: what watchers see, and whether to go on. */
static bool after_step(struct linear_run *r, double weight)
{
    struct event_sink *sink = r->t->sink;
    trace(r);
    if (!weed_out(r, r->step_loss))
        return false;
    for (size_t i = 0; i < r->model.models; i++) {
        r->stride_loss[i] += r->step_loss[i];
        r->epoch_loss[i] += r->step_loss[i];
    }
    r->stride_weight += weight;
    r->epoch_weight += weight;
    if (r->stride_weight > 0 && is_due(r->step, r->metric_stride, &r->last_metric, METRICS / 4)) {
        event_metric(sink, "train:objective_loss", r->stride_loss[r->leader] / r->stride_weight, r->step, r->epoch);
        memset(r->stride_loss, 0, r->model.models * sizeof *r->stride_loss);
        r->stride_weight = 0;
    }
    if (is_due(r->step, r->picture_stride, &r->last_picture, LINEAR_WEIGHTS / 8)) {
        struct linear_model one = linear_model_one(&r->model, r->leader);
        linear_picture_model(sink, &one, r->step);
    }
    if (r->t->pace > 0)
        training_pace(r->t);
    return !training_stopping(r->t);
}

/* The rows of r->rows once. 1: training must end. */
static int train_rows(struct linear_run *r, struct error *err)
{
    double now = clock_seconds();
    size_t rows;
    linear_shuffle_again(&r->rows, &r->shuffler);
    while ((rows = linear_shuffle_next(&r->rows, &r->batch, r->batch_rows)) > 0) {
        double weight = linear_batch_weight(&r->batch);
        if (linear_model_step(&r->model, &r->batch, rows, r->step++, r->t->comm, r->step_loss, err) < 0 ||
            comm_sum_double(r->t->comm, &weight, 1, err) < 0)
            return -1;
        r->t->step_seconds += clock_seconds() - now;
        r->t->rows_seen += (double)rows;
        if (!after_step(r, weight))
            return 1;
        now = clock_seconds();
    }
    return 0;
}

/* Is anything due after this step for which the losses and weights must come from the device? */
static bool is_read(const struct linear_run *r)
{
    return r->step == 1 || r->step % r->metric_stride == 0 || r->step % r->picture_stride == 0 ||
           linear_gpu_left(r->device) == 0 || r->t->trace || r->t->pace > 0 || event_stopping(r->t->sink);
}

/* The same on the device. A loss that is no number is seen when losses are read next. */
static int train_rows_there(struct linear_run *r, struct error *err)
{
    double now = clock_seconds(), weight;
    size_t rows;
    linear_shuffle_again(&r->rows, &r->shuffler);
    if (linear_gpu_epoch(r->device, err) < 0)
        return -1;
    while ((rows = linear_gpu_step(r->device, r->step)) > 0) {
        r->step++;
        r->t->rows_seen += (double)rows;
        if (!is_read(r))
            continue;
        if (linear_gpu_read(r->device, r->step_loss, &weight, err) < 0)
            return -1;
        r->t->step_seconds += clock_seconds() - now;
        if (!after_step(r, weight))
            return 1;
        now = clock_seconds();
    }
    return 0;
}

/* Counts epochs in which no model improved by its objective, that of the validation rows, or of training where there
 * are none; remembers each model's best weights by the former. Returns false when it has been enough. */
static bool judge_epoch(struct linear_run *r)
{
    const struct settings *s = r->t->settings;
    double tolerance = settings_number(s, "early_stopping_tolerance");
    bool improved = false;
    for (size_t i = 0; i < r->model.models; i++) {
        double now = r->objective[i], best = r->best[i];
        if (r->model.each[i].out || !(now < best))
            continue;
        improved |= now < best - (isfinite(best) ? tolerance * fabs(best) : 0);
        r->best[i] = now;
        if (r->t->validation)
            linear_model_keep(&r->model, i);
        if (r->model.each[r->leader].out || now < r->best[r->leader])
            r->leader = i;
    }
    r->bad_epochs = improved ? 0 : r->bad_epochs + 1;
    return (double)r->bad_epochs < settings_number(s, "early_stopping_patience");
}

static void say_stopped_early(const struct linear_run *r)
{
    event_log(r->t->sink, "stopped early after epoch %d: %d epochs in a row improved the %s loss by less than %s",
              r->epoch, r->bad_epochs, r->t->validation ? "validation" : "training",
              settings_get(r->t->settings, "early_stopping_tolerance"));
}

/* After an epoch's last row. 1: training must end. */
static int end_epoch(struct linear_run *r, struct error *err)
{
    bool go_on, said = r->epoch == 1 || r->epoch % r->epoch_stride == 0;
    for (size_t i = 0; i < r->model.models; i++)
        r->objective[i] = r->epoch_loss[i] / r->epoch_weight;
    if (r->t->validation)
        linear_look_losses(r, r->t->validation, r->objective);
    if (!weed_out(r, r->objective))
        return 1;
    go_on = judge_epoch(r);
    if (r->t->validation && linear_look_report(r, r->leader, r->t->validation, "validation", said, err) < 0)
        return -1;
    if ((r->epoch & (r->epoch - 1)) == 0) /* epochs 1, 2, 4, 8, ... */
        linear_look_pictures(r, r->leader);
    memset(r->epoch_loss, 0, r->model.models * sizeof *r->epoch_loss);
    r->epoch_weight = 0;
    if (r->epoch == r->epochs)
        return 1;
    if (!go_on)
        say_stopped_early(r);
    return !go_on;
}

static int train_file(struct linear_run *r, struct error *err)
{
    int status = shuffle(r, r->train, err);
    if (status == 0 && r->t->gpu) {
        r->device = linear_gpu_open(r->t->gpu, &r->model, &r->rows, r->batch_rows, err);
        status = r->device ? 0 : -1;
    }
    linear_picture_points(r->t->sink, r->train);
    trace(r);
    for (r->epoch = 1; status == 0; r->epoch += status == 0)
        if ((status = r->device ? train_rows_there(r, err) : train_rows(r, err)) == 0)
            status = end_epoch(r, err);
    return status < 0 ? -1 : 0;
}

/* --- Pipe mode ------------------------------------------------------------------------------------------------------
 */

/* A copy of the first chunk: what scalers and class weights are learned from, and pictures and final metrics of the
 * training channel are about. */
static int copy_sample(struct dataset *to, const struct dataset *d, struct error *err)
{
    size_t entries = d->x ? 0 : d->start[d->rows];
    *to = (struct dataset){.rows = d->rows, .columns = d->columns};
    snprintf(to->name, sizeof to->name, "%s", d->name);
    to->x = d->x ? malloc(d->rows * d->columns * sizeof *to->x + 1) : NULL;
    to->start = d->x ? NULL : malloc((d->rows + 1) * sizeof *to->start);
    to->index = d->x ? NULL : malloc(entries * sizeof *to->index + 1);
    to->value = d->x ? NULL : malloc(entries * sizeof *to->value + 1);
    to->y = malloc(d->rows * sizeof *to->y + 1);
    to->weight = d->weight ? malloc(d->rows * sizeof *to->weight + 1) : NULL;
    if (!to->y || (d->weight && !to->weight) || (d->x ? !to->x : !to->start || !to->index || !to->value))
        return error_set(err, ERROR_SYSTEM, d->name, NULL, "There is not enough memory for the first rows of the pipe");
    if (d->x) {
        memcpy(to->x, d->x, d->rows * d->columns * sizeof *to->x);
    } else {
        memcpy(to->start, d->start, (d->rows + 1) * sizeof *to->start);
        memcpy(to->index, d->index, entries * sizeof *to->index);
        memcpy(to->value, d->value, entries * sizeof *to->value);
    }
    memcpy(to->y, d->y, d->rows * sizeof *to->y);
    if (d->weight)
        memcpy(to->weight, d->weight, d->rows * sizeof *to->weight);
    return 0;
}

static int begin_pipe(struct linear_run *r, const struct dataset *chunk, struct error *err)
{
    if (copy_sample(&r->sample, chunk, err) < 0)
        return -1;
    r->train = &r->sample;
    r->share = (struct linear_share){0, chunk->rows};
    if (prepare(r, err) < 0)
        return -1;
    event_log(r->t->sink,
              "Pipe mode: rows are shuffled within chunks of %zu, never across; scalers, class weights and the final "
              "train metrics are those of the first chunk",
              chunk->rows);
    log_data(r);
    linear_picture_points(r->t->sink, r->train);
    trace(r);
    return 0;
}

static int take_chunk(void *context, const struct dataset *chunk, struct error *err)
{
    struct linear_run *r = context;
    struct dataset view = *chunk;
    int status;
    if (chunk->rows == 0)
        return 0;
    if (!r->prepared && begin_pipe(r, chunk, err) < 0)
        return -1;
    if (chunk->columns > r->train->columns || (chunk->x && chunk->columns != r->train->columns))
        return error_set(err, ERROR_INPUT, chunk->name, "give every row the same columns, or set feature_dim",
                         "Rows of the pipe have %zu features, its first ones %zu", chunk->columns, r->train->columns);
    view.columns = r->train->columns; /* sparse rows may be narrower */
    if (linear_check_labels(&view, r->classes, "train", err) < 0)
        return -1;
    r->share = (struct linear_share){0, view.rows};
    if (shuffle(r, &view, err) < 0)
        return -1;
    status = train_rows(r, err);
    r->ended = status == 1;
    return status;
}

/* As many rows as the scalers want, and whole mini-batches. */
static size_t chunk_rows(const struct settings *s)
{
    double batch = settings_number(s, "mini_batch_size"), points = settings_number(s, "num_point_for_scaler");
    return (size_t)fmin(ceil(points / batch) * batch, 1e9);
}

static int train_pipe(struct linear_run *r, struct error *err)
{
    struct training *t = r->t;
    struct channel pipe = *t->pipe;
    int status = 0;
    if (!pipe.bytes_read)
        pipe.bytes_read = &t->pipe_bytes;
    if (comm_ranks(t->comm) > 1)
        return error_set(err, ERROR_INPUT, "Pipe mode", "read from files, or use one rank",
                         "A pipe has one reader: its rows cannot be spread over ranks");
    if (strcmp(pipe.path, "-") == 0 && settings_number(t->settings, "epochs") > 1)
        return error_set(err, ERROR_INPUT, "epochs", "set epochs=1, or give a FIFO that is written anew for each epoch",
                         "Standard input can be read once, but %s epochs are asked for",
                         settings_get(t->settings, "epochs"));
    event_log(t->sink, "every epoch reads %s anew: it must be written %s times, or there must be %s_0, %s_1, ...",
              pipe.path, settings_get(t->settings, "epochs"), pipe.path, pipe.path);
    for (r->epoch = 1; status == 0 && !r->ended; r->epoch += status == 0 && !r->ended) {
        status = format_stream(&pipe, r->epoch - 1, chunk_rows(t->settings), take_chunk, r, err);
        if (status >= 0 && !r->prepared)
            return error_set(err, ERROR_LIMIT, t->pipe->path, "give between 1 and 4,294,967,295 rows",
                             "The training data have 0 rows");
        if (status >= 0 && !r->ended) {
            status = end_epoch(r, err);
            r->ended = status == 1;
        }
    }
    return status < 0 ? -1 : 0;
}

/* --- after ----------------------------------------------------------------------------------------------------------
 */

/* Of the model that is kept: the best of all, of each its best epoch where there is a validation channel. */
static int finish(struct linear_run *r, struct error *err)
{
    const struct training *t = r->t;
    size_t chosen = r->leader;
    struct linear_model one;
    for (size_t i = 0; t->validation && i < r->model.models; i++)
        if (isfinite(r->best[i]))
            linear_model_restore(&r->model, i);
    if (!r->diverged && linear_look_choose(r, &chosen, err) < 0)
        return -1;
    r->leader = chosen;
    one = linear_model_one(&r->model, chosen);
    linear_picture_model(t->sink, &one, r->step);
    linear_look_pictures(r, chosen);
    linear_picture_l1_path(t->sink, &r->model, chosen, r->step);
    if (linear_look_report(r, chosen, r->train, "train", false, err) < 0 ||
        (t->validation && linear_look_report(r, chosen, t->validation, "validation", false, err) < 0) ||
        (t->test && linear_look_report(r, chosen, t->test, "test", true, err) < 0))
        return -1;
    if (!t->model)
        return 0;
    if (r->diverged)
        return error_set(err, ERROR_INPUT, "learning_rate", "lower it", "Training diverged: there is no model to save");
    return linear_save(&one, r->tally.threshold, t->model, err);
}

int linear_train(struct training *t, struct error *err)
{
    struct linear_run r = {.t = t, .train = t->train};
    double started = clock_seconds();
    int status;
    if (t->pipe) {
        status = train_pipe(&r, err);
    } else {
        r.share = (struct linear_share){t->first_row, comm_ranks(t->comm) > 1 ? t->all_rows : t->train->rows};
        status = prepare(&r, err);
        if (status == 0) {
            log_data(&r);
            status = train_file(&r, err);
        }
    }
    t->train_seconds = clock_seconds() - started;
    if (status == 0)
        status = finish(&r, err);
    run_free(&r);
    return status;
}
