/* Training: mini-batches of drawn windows, epoch after epoch, then the score of the test channel. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/algo/deepar/deepar.h"
#include "engine/algo/deepar/deepar_mean.h"
#include "engine/algo/deepar/deepar_picture.h"
#include "engine/algo/deepar/deepar_score.h"
#include "engine/base/clock.h"
#include "engine/nn/likelihood.h"
#include "engine/nn/placement.h"
#include "engine/nn/trainer.h"

#define BATCH_MAX 5e8 /* numbers that a mini-batch needs at most: 2 GB, and as much on the way back */
#define NORM 10       /* slopes are shortened to that length */

enum { STREAM_WINDOWS = 1, STREAM_SAMPLES = 2 };

struct run {
    struct training *t;
    struct deepar_net net;
    struct tape *tape;
    struct trainer trainer;
    struct histories series[PARTS];
    struct sampler sampler;
    struct window *windows;    /* of a whole mini-batch, the same on every rank */
    struct deepar_batch batch; /* this rank's share of it */
    struct deepar_look look;
    struct weights_mean mean;
    struct snapshot best;
    double best_loss;
    size_t size, batches; /* windows of a mini-batch; mini-batches of an epoch */
    int epoch, best_epoch;
    long step;
    double rate, loss;
};

static size_t whole(const struct settings *s, const char *name)
{
    return (size_t)settings_number(s, name);
}

/* --- before ---------------------------------------------------------------------------------------------------------
 */

static int check_parts(struct run *r, const struct deepar_plan *p, struct error *err)
{
    struct training *t = r->t;
    for (int part = PART_VALIDATION; part < PARTS; part++) {
        const char *name = part == PART_TEST ? "test" : "validation";
        size_t left_out = t->series[part] ? deepar_score_short(p, t->series[part]) : 0;
        if (t->series[part] && deepar_plan_check(p, t->series[part], name, 0, err) < 0)
            return -1;
        if (left_out)
            event_log(t->sink, "%zu of %zu %s series are no longer than prediction_length = %zu and left out", left_out,
                      t->series[part]->count, name, p->prediction);
    }
    for (int part = 0; part < PARTS; part++)
        if (t->series[part] && histories_open(&r->series[part], t->series[part], err) < 0)
            return -1;
    return 0;
}

static int open_windows(struct run *r, const struct deepar_plan *p, struct error *err)
{
    struct training *t = r->t;
    size_t ranks = (size_t)comm_ranks(t->comm), span = p->context + p->prediction, windows;
    r->size = whole(t->settings, "mini_batch_size");
    if (r->size < ranks)
        return error_set(err, ERROR_INPUT, "mini_batch_size", "raise it, or use fewer ranks",
                         "mini_batch_size = %zu is less than a window for each of %zu ranks", r->size, ranks);
    if ((double)r->size * (double)span * (double)(deepar_plan_inputs(p) + 4 * p->cells * p->layers) > BATCH_MAX)
        return error_set(err, ERROR_LIMIT, "mini_batch_size", "lower mini_batch_size, num_cells or context_length",
                         "A mini-batch of %zu windows of %zu values is too large for the network to be trained at once",
                         r->size, span);
    if (sampler_open(&r->sampler, p, &r->series[PART_TRAIN], t->seed * 4 + STREAM_WINDOWS, err) < 0)
        return -1;
    windows = (r->sampler.values + span - 1) / span;
    r->batches = (windows + r->size - 1) / r->size;
    r->windows = malloc(r->size * sizeof *r->windows);
    if (!r->windows)
        return error_set(err, ERROR_SYSTEM, "mini_batch_size", "lower it", "There is not enough memory");
    return deepar_batch_open(&r->batch, p, span, (r->size + ranks - 1) / ranks, err);
}

static int open_network(struct run *r, const struct deepar_plan *p, struct error *err)
{
    struct training *t = r->t;
    const struct backend *backend = placement_choose(t, r->batch.rows, r->batch.steps, p->cells);
    const struct trainer_settings settings = {
        .optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = NORM, .comm = t->comm};
    r->rate = settings_number(t->settings, "learning_rate");
    r->tape = tape_open(backend, t->threads, err);
    return r->tape && deepar_net_open(&r->net, p, backend, t->seed, err) == 0 &&
                   trainer_open(&r->trainer, &r->net.parameters, &settings, err) == 0 &&
                   weights_mean_open(&r->mean, &r->net.parameters, err) == 0
               ? 0
               : -1;
}

static void log_run(const struct run *r)
{
    const struct deepar_plan *p = &r->net.plan;
    event_log(r->t->sink,
              "%zu series; an epoch is %zu mini-batches of %zu windows (%zu + %zu values), as many as hold each value "
              "once; %zu inputs a step: %zu lags up to %d, %zu calendar and age, %zu dynamic%s; %zu weights",
              r->sampler.usable, r->batches, r->size, p->context, p->prediction, deepar_plan_inputs(p), p->lags,
              p->lags ? p->lag[p->lags - 1] : 0, frequency_features(&p->frequency) + 1, p->features,
              p->gaps ? ", 1 tells gaps" : "", deepar_net_weights(p));
}

static int prepare(struct run *r, struct error *err)
{
    struct training *t = r->t;
    struct deepar_plan *p = &r->net.plan, plan;
    if (deepar_plan_make(t->settings, t->series[PART_TRAIN], t->sink, p, err) < 0)
        return -1;
    plan = *p; /* the network takes a copy of it */
    if (check_parts(r, &plan, err) < 0 || open_windows(r, &plan, err) < 0 || open_network(r, &plan, err) < 0)
        return -1;
    r->sampler.plan = p;
    deepar_look_choose(&r->look, p, &r->series[PART_TRAIN], &r->series[PART_TEST]);
    log_run(r);
    return 0;
}

static void close_run(struct run *r)
{
    weights_mean_close(&r->mean);
    if (r->best.data)
        snapshot_free(&r->net.parameters, &r->best);
    if (r->trainer.parameters)
        trainer_close(&r->trainer);
    deepar_net_close(&r->net);
    tape_close(r->tape);
    sampler_close(&r->sampler);
    deepar_batch_close(&r->batch);
    free(r->windows);
    for (int part = 0; part < PARTS; part++)
        histories_close(&r->series[part]);
}

/* --- steps ----------------------------------------------------------------------------------------------------------
 */

static size_t window_counting(const struct deepar_plan *p, const struct window *w)
{
    const struct series *s = w->history->series;
    size_t first = w->at > p->context ? w->at - p->context : 0, n = 0;
    for (size_t i = first; i < w->at + p->prediction; i++)
        n += isnan(s->target[i]) ? 0 : 1;
    return n;
}

/* One mini-batch; *sum grows by this rank's share of the loss summed over values, *counting by the values of all. */
static int train_step(struct run *r, double *sum, double *counting, struct error *err)
{
    const struct deepar_plan *p = &r->net.plan;
    size_t end, all = 0;
    size_t begin = pool_share(r->size, comm_rank(r->t->comm), comm_ranks(r->t->comm), &end);
    struct tensor *loss;
    double value;
    for (size_t i = 0; i < r->size; i++) {
        r->windows[i] = sampler_draw(&r->sampler);
        all += window_counting(p, &r->windows[i]);
    }
    deepar_batch_fill(&r->batch, p, r->windows + begin, end - begin, tape_pool(r->tape));
    tape_begin(r->tape, true, r->t->seed + ((uint64_t)r->step * (uint64_t)comm_ranks(r->t->comm) + begin) * 7919);
    loss = deepar_net_loss(&r->net, r->tape, &r->batch, all);
    tape_backward(r->tape, loss);
    if (tape_finish(r->tape, err) < 0)
        return -1;
    value = tape_number(r->tape, loss);
    r->step++;
    if (!isfinite(value))
        return error_set(err, ERROR_INPUT, "learning_rate", "lower it, or take another likelihood",
                         "The loss is not a number at step %ld (epoch %d), with learning_rate = %g", r->step, r->epoch,
                         r->rate);
    *sum += value * (double)all;
    *counting += (double)all;
    return trainer_step(&r->trainer, r->tape, r->rate, err);
}

static int train_epoch(struct run *r, struct error *err)
{
    double sum = 0, counting = 0;
    for (size_t i = 0; i < r->batches && !training_stopping(r->t); i++) {
        double started = clock_seconds();
        if (train_step(r, &sum, &counting, err) < 0)
            return -1;
        r->t->step_seconds += clock_seconds() - started;
        r->t->rows_seen += (double)r->size;
        training_pace(r->t);
    }
    if (comm_ranks(r->t->comm) > 1 && comm_sum_double(r->t->comm, &sum, 1, err) < 0)
        return -1;
    if (counting > 0)
        r->loss = sum / counting;
    return 0;
}

/* --- after an epoch -------------------------------------------------------------------------------------------------
 */

/* Keeps the best epoch where early stopping is asked for; *enough: it went on too long without a better one. */
static int look_back(struct run *r, bool *enough, struct error *err)
{
    double patience = settings_number(r->t->settings, "early_stopping_patience");
    *enough = false;
    if (isnan(patience))
        return 0;
    if (r->best_epoch && r->loss >= r->best_loss) {
        *enough = r->epoch - r->best_epoch >= patience;
        return 0;
    }
    r->best_loss = r->loss;
    r->best_epoch = r->epoch;
    if (r->best.data)
        snapshot_free(&r->net.parameters, &r->best);
    return parameters_keep(&r->net.parameters, &r->best, err);
}

static int show(struct run *r, bool end, struct error *err)
{
    if (comm_rank(r->t->comm) > 0)
        return 0;
    return deepar_look_send(&r->look, &r->net, r->tape, r->t->sink, r->t->seed, r->epoch, r->step, end, err);
}

static int train_epochs(struct run *r, struct error *err)
{
    int epochs = (int)whole(r->t->settings, "epochs");
    bool enough = false;
    if (show(r, true, err) < 0)
        return -1;
    for (r->epoch = 1; r->epoch <= epochs && !enough && !r->t->sink->stopped; r->epoch++) {
        if (train_epoch(r, err) < 0)
            return -1;
        if (r->t->sink->stopped)
            break;
        event_metric(r->t->sink, "train:objective_loss", r->loss, r->step, r->epoch);
        weights_mean_add(&r->mean, &r->net.parameters);
        weights_mean_exchange(&r->mean, &r->net.parameters);
        if (look_back(r, &enough, err) < 0 || show(r, false, err) < 0)
            return -1;
        weights_mean_exchange(&r->mean, &r->net.parameters);
    }
    weights_mean_exchange(&r->mean, &r->net.parameters);
    if (r->epoch > 1)
        r->epoch--;
    if (enough)
        event_log(r->t->sink, "the loss has not fallen for %s epochs: stopped after epoch %d",
                  settings_get(r->t->settings, "early_stopping_patience"), r->epoch);
    if (r->best.data && r->best_epoch < r->epoch) {
        parameters_restore(&r->net.parameters, &r->best);
        r->loss = r->best_loss;
        event_log(r->t->sink, "the model of epoch %d is kept: its loss is the lowest", r->best_epoch);
    }
    return 0;
}

/* --- after all ------------------------------------------------------------------------------------------------------
 */

static void say(struct run *r, const char *channel, const char *name, double value)
{
    char full[64];
    snprintf(full, sizeof full, "%s:%s", channel, name);
    training_metric(r->t, full, value);
    event_metric(r->t->sink, full, value, r->step, r->epoch);
}

static int score(struct run *r, int part, struct error *err)
{
    struct deepar_score s = {0};
    const char *channel = part == PART_TEST ? "test" : "validation";
    s.levels = deepar_quantiles(settings_get(r->t->settings, "test_quantiles"), s.level, err);
    if (s.levels < 0 ||
        deepar_score_series(&s, &r->net, r->tape, &r->series[part], whole(r->t->settings, "num_eval_samples"),
                            r->t->seed * 4 + STREAM_SAMPLES, r->t->comm, err) < 0)
        return -1;
    if (!(s.values > 0)) {
        event_log(r->t->sink, "the %s channel has no series with known values at its end: nothing to score", channel);
        return 0;
    }
    say(r, channel, "RMSE", deepar_score_rmse(&s));
    say(r, channel, "mean_wQuantileLoss", deepar_score_mean_loss(&s));
    for (int i = 0; i < s.levels; i++) {
        char name[40];
        snprintf(name, sizeof name, "wQuantileLoss[%.6g]", s.level[i]);
        if (s.levels <= 20)
            say(r, channel, name, deepar_score_loss(&s, i));
    }
    event_log(r->t->sink, "%s: beside it, repeating the last season gives wQuantileLoss[0.5] %.4g", channel,
              s.size > 0 ? s.naive / s.size : NAN);
    return 0;
}

static int finish(struct run *r, struct error *err)
{
    say(r, "train", "final_loss", r->loss);
    for (int part = PART_VALIDATION; part < PARTS; part++)
        if (r->t->series[part] && score(r, part, err) < 0)
            return -1;
    if (show(r, true, err) < 0)
        return -1;
    return r->t->model ? deepar_save(&r->net, r->t->model, err) : 0;
}

int deepar_train(struct training *t, struct error *err)
{
    struct run r = {.t = t, .loss = NAN};
    double started = clock_seconds();
    int status = prepare(&r, err);
    if (status == 0)
        status = train_epochs(&r, err);
    t->train_seconds = clock_seconds() - started;
    if (status == 0)
        status = finish(&r, err);
    close_run(&r);
    return status;
}
