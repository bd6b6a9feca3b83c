/* Training: epochs of mini-batches, a look at the validation pairs after each, the best kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/object2vec/object2vec.h"
#include "engine/algo/object2vec/pair_ask.h"
#include "engine/algo/object2vec/pair_picture.h"
#include "engine/algo/object2vec/pair_vectors.h"
#include "engine/base/clock.h"
#include "engine/model.h"
#include "engine/nn/placement.h"
#include "engine/nn/trainer.h"
#include "engine/nn/weights.h"

#define METRIC_EVERY 200  /* train metrics in a run, about */
#define STREAM_DROPOUT 13 /* of the seed */

struct run {
    struct training *t;
    struct pair_design design;
    struct pair_net net;
    struct pair_epoch order;
    struct pair_sequences sequences[2];
    float *label, *outputs; /* of a mini-batch; of PAIR_ASK_MAX pairs */
    int32_t *target;
    const struct backend *backend;
    struct tape *tape;
    size_t longest[2]; /* sequence of each side, once cut */
    struct pair_ask ask;
    struct trainer trainer;
    struct pair_picture picture;
    struct snapshot best;
    double best_loss, watched; /* of the best epoch; what improvements are counted from */
    int bad_epochs;
    long step, metric_stride, epoch;
    double stride_loss, epoch_loss;   /* sums over this rank's pairs */
    double stride_pairs, epoch_pairs; /* of all ranks */
    bool ended;
};

static const char *loss_name(const struct run *r)
{
    return r->design.classes ? "cross_entropy" : "mean_squared_error";
}

static const struct pairs *part(const struct run *r, int which)
{
    const struct pairs *p = r->t->pairs[which];
    return p && p->count ? p : NULL;
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller mini_batch_size or shorter sequences",
                     "There is not enough memory to train");
}

/* --- looking at how good it is --------------------------------------------------------------------------------------
 */

struct tally {
    double loss, right, pairs;
};

static void tally_pair(const struct run *r, struct tally *sum, const float *out, float label)
{
    size_t best = 0, classes = r->design.outputs;
    double all = 0;
    sum->pairs++;
    if (!r->design.classes) {
        double off = (double)out[0] - (double)label;
        sum->loss += off * off;
        return;
    }
    for (size_t k = 1; k < classes; k++)
        best = out[k] > out[best] ? k : best;
    for (size_t k = 0; k < classes; k++)
        all += exp((double)(out[k] - out[best]));
    sum->loss += log(all) + (double)(out[best] - out[(size_t)label]);
    sum->right += best == (size_t)label;
}

/* Each rank looks at its share. */
static int look(struct run *r, const struct pairs *p, struct tally *sum, struct error *err)
{
    size_t end, begin = pool_share(p->count, comm_rank(r->t->comm), comm_ranks(r->t->comm), &end);
    *sum = (struct tally){0};
    for (size_t at = begin; at < end; at += PAIR_ASK_MAX) {
        size_t stop = end - at < PAIR_ASK_MAX ? end : at + PAIR_ASK_MAX;
        if (pair_ask_outputs(&r->ask, p, at, stop, r->outputs, err) < 0)
            return -1;
        for (size_t i = at; i < stop; i++)
            tally_pair(r, sum, r->outputs + (i - at) * r->design.outputs, p->label[i]);
    }
    if (comm_sum_double(r->t->comm, &sum->loss, 1, err) < 0 || comm_sum_double(r->t->comm, &sum->right, 1, err) < 0 ||
        comm_sum_double(r->t->comm, &sum->pairs, 1, err) < 0)
        return -1;
    sum->loss /= sum->pairs;
    sum->right /= sum->pairs;
    return 0;
}

static void report_one(struct run *r, const char *channel, const char *metric, double value, bool said)
{
    char name[64];
    snprintf(name, sizeof name, "%s:%s", channel, metric);
    if (said)
        event_metric(r->t->sink, name, value, r->step, (int)r->epoch);
    training_metric(r->t, name, value);
}

static void report(struct run *r, const char *channel, const struct tally *sum, bool said)
{
    report_one(r, channel, loss_name(r), sum->loss, said);
    if (r->design.classes)
        report_one(r, channel, "accuracy", sum->right, said);
}

/* --- a step ---------------------------------------------------------------------------------------------------------
 */

static void fill(struct run *r, size_t begin, size_t end)
{
    for (int side = 0; side < 2; side++) {
        struct pair_sequences *s = &r->sequences[side];
        pair_sequences_begin(s);
        for (size_t i = begin; i < end; i++) {
            size_t count, longest = r->design.side[side].longest;
            const int32_t *token = pairs_tokens(r->order.pairs, side, r->order.entry[i].pair[side], &count);
            pair_sequences_add(s, token, count < longest ? count : longest);
        }
        pair_sequences_end(s);
    }
    for (size_t i = begin; i < end; i++)
        r->label[i - begin] = r->order.entry[i].label;
}

static uint64_t random_of_step(const struct run *r)
{
    struct rng rng;
    rng_init(&rng, r->t->seed + (uint64_t)comm_rank(r->t->comm) * 0x9E3779B97F4A7C15u,
             STREAM_DROPOUT + ((uint64_t)r->step << 8));
    return rng_next(&rng);
}

/* The slopes of this rank's part of a mini-batch; its share of the mean loss. */
static int differentiate(struct run *r, struct pair_range range, double *loss, struct error *err)
{
    size_t all = range.end - range.begin, end;
    size_t begin = pool_share(all, comm_rank(r->t->comm), comm_ranks(r->t->comm), &end);
    struct tensor *out, *sum;
    *loss = 0;
    tape_begin(r->tape, true, random_of_step(r));
    if (begin == end)
        return tape_finish(r->tape, err);
    fill(r, range.begin + begin, range.begin + end);
    out = pair_net_compare(&r->net, r->tape, pair_encoder_run(&r->net.encoder[0], r->tape, &r->sequences[0]),
                           pair_encoder_run(&r->net.encoder[1], r->tape, &r->sequences[1]));
    sum = pair_net_loss(&r->net, r->tape, out, r->label, r->target, end - begin, 1 / (double)all);
    tape_backward(r->tape, sum);
    if (tape_finish(r->tape, err) < 0)
        return -1;
    *loss = tape_number(r->tape, sum);
    if (isfinite(*loss))
        return 0;
    return error_set(err, ERROR_INPUT, "learning_rate", "give a smaller learning_rate, or labels nearer to 0",
                     "The loss is no finite number any more at step %ld: training has diverged", r->step + 1);
}

static int say_training_loss(struct run *r, struct error *err)
{
    char name[64];
    double sum = r->stride_loss;
    if (comm_sum_double(r->t->comm, &sum, 1, err) < 0)
        return -1;
    snprintf(name, sizeof name, "train:%s", loss_name(r));
    event_metric(r->t->sink, name, sum / r->stride_pairs, r->step, (int)r->epoch);
    r->stride_loss = r->stride_pairs = 0;
    return 0;
}

static int step(struct run *r, struct pair_range range, struct error *err)
{
    double loss, began = clock_seconds(), pairs = (double)(range.end - range.begin);
    if (differentiate(r, range, &loss, err) < 0 || trainer_step(&r->trainer, r->tape, r->design.rate, err) < 0)
        return -1;
    r->t->step_seconds += clock_seconds() - began;
    r->step++;
    r->stride_loss += loss * pairs;
    r->epoch_loss += loss * pairs;
    r->stride_pairs += pairs;
    r->epoch_pairs += pairs;
    if (r->step % r->metric_stride == 0 && say_training_loss(r, err) < 0)
        return -1;
    training_pace(r->t);
    r->ended = training_stopping(r->t);
    return 0;
}

/* --- epochs ---------------------------------------------------------------------------------------------------------
 */

/* Ends the run after `patience` epochs in a row of which none brought the loss down by `tolerance`. */
static void watch(struct run *r, double loss)
{
    if (loss <= r->watched - r->design.tolerance) {
        r->watched = loss;
        r->bad_epochs = 0;
    } else if (++r->bad_epochs >= r->design.patience && r->epoch < r->design.epochs) {
        event_log(r->t->sink, "stopped after epoch %ld: %d epochs did not bring the loss down by %g", r->epoch,
                  r->bad_epochs, r->design.tolerance);
        r->ended = true;
    }
}

static int end_epoch(struct run *r, struct error *err)
{
    const struct pairs *validation = part(r, PART_VALIDATION);
    double loss = r->epoch_loss;
    struct tally sum;
    if (comm_sum_double(r->t->comm, &loss, 1, err) < 0)
        return -1;
    loss /= fmax(r->epoch_pairs, 1);
    report_one(r, "train", loss_name(r), loss, false);
    if (validation) {
        if (look(r, validation, &sum, err) < 0)
            return -1;
        report(r, "validation", &sum, true);
        loss = sum.loss;
        if (loss < r->best_loss) {
            r->best_loss = loss;
            if (parameters_keep(&r->net.parameters, &r->best, err) < 0)
                return -1;
        }
    }
    watch(r, loss);
    return pair_picture_draw(&r->picture, &r->ask, r->epoch, r->step, r->ended || r->epoch == r->design.epochs, err);
}

static int run_epoch(struct run *r, struct error *err)
{
    r->epoch++;
    r->epoch_loss = r->epoch_pairs = 0;
    pair_epoch_draw(&r->order);
    for (size_t b = 0; b < r->order.batches && !r->ended; b++)
        if (step(r, pair_epoch_batch(&r->order, b), err) < 0)
            return -1;
    r->t->rows_seen += r->epoch_pairs;
    return end_epoch(r, err);
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

static int check_parts(struct run *r, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    for (int i = 0; i < PARTS; i++) {
        size_t cut = 0;
        if (!part(r, i))
            continue;
        if (pair_check(r->t->pairs[i], &r->design, names[i], &cut, err) < 0)
            return -1;
        if (cut)
            event_log(r->t->sink, "%s: %zu sequences are longer than max_seq_len; their first tokens are read",
                      names[i], cut);
    }
    return 0;
}

/* Sequences are cut to what is there: settings may allow far more. */
static void fit_longest(struct run *r)
{
    for (int side = 0; side < 2; side++) {
        r->longest[side] = 1;
        for (int i = 0; i < PARTS; i++) {
            size_t of_part = part(r, i) ? pair_longest(part(r, i), side, r->design.side[side].longest) : 1;
            r->longest[side] = of_part > r->longest[side] ? of_part : r->longest[side];
        }
    }
}

/* Of the wider parts of the network, so that a GPU is taken where it is worth it. */
static const struct backend *choose_backend(struct run *r)
{
    const struct pair_design *d = &r->design;
    bool steps = d->side[0].network == PAIR_BILSTM || d->side[1].network == PAIR_BILSTM;
    size_t longest = r->longest[0] > r->longest[1] ? r->longest[0] : r->longest[1];
    return placement_choose(r->t, d->batch, steps ? longest : 1,
                            d->mlp_layers && d->mlp_dim > d->dim ? d->mlp_dim : d->dim);
}

/* Said before training, not after it. */
static int check_size(const struct run *r, struct error *err)
{
    size_t mib = r->net.parameters.numbers * sizeof(float) >> 20;
    if (!r->t->model || mib < MODEL_BYTES_MAX >> 20)
        return 0;
    return error_set(err, ERROR_LIMIT, "--model", "give a smaller vocabulary, token_embedding_dim, enc_dim or mlp_dim",
                     "The network's weights take %zu MiB; the file of a model may have %u", mib, MODEL_BYTES_MAX >> 20);
}

static int open_network(struct run *r, struct error *err)
{
    double sum = 0;
    r->backend = choose_backend(r);
    if (pair_net_open(&r->net, &r->design, r->backend, r->t->seed, err) < 0 || check_size(r, err) < 0)
        return -1;
    for (int side = 0; side < 2; side++)
        if (r->design.side[side].vectors && pair_vectors_load(&r->net, side, r->t->auxiliary, r->t->sink, err) < 0)
            return -1;
    for (size_t i = 0; i < r->order.pairs->count; i++)
        sum += (double)r->order.pairs->label[i];
    if (!r->design.classes)
        pair_net_set_middle(&r->net, (float)(sum / (double)r->order.count)); /* negatives have label 0 */
    return 0;
}

static int open_trainer(struct run *r, struct error *err)
{
    const struct trainer_settings settings = {
        .optimiser = r->design.optimiser, .decay = r->design.decay, .lazy = r->design.lazy, .comm = r->t->comm};
    r->tape = tape_open(r->backend, r->t->threads, err);
    return r->tape ? trainer_open(&r->trainer, &r->net.parameters, &settings, err) : -1;
}

static int open_arrays(struct run *r, struct error *err)
{
    size_t ranks = (size_t)comm_ranks(r->t->comm), batch = r->design.batch;
    batch = batch < r->order.count ? batch : r->order.count;
    batch = (batch + ranks - 1) / ranks;
    r->label = malloc(batch * sizeof *r->label);
    r->target = malloc(batch * sizeof *r->target);
    r->outputs = malloc(PAIR_ASK_MAX * r->design.outputs * sizeof *r->outputs);
    if (!r->label || !r->target || !r->outputs)
        return no_memory(err);
    for (int side = 0; side < 2; side++)
        if (pair_sequences_open(&r->sequences[side], &r->design.side[side], batch, r->longest[side], err) < 0)
            return -1;
    return pair_ask_open(&r->ask, &r->net, r->tape, r->longest, err);
}

static int prepare(struct run *r, struct error *err)
{
    const struct pairs *train = part(r, PART_TRAIN);
    size_t batches;
    if (pair_design_read(&r->design, r->t->settings, err) < 0)
        return -1;
    if (!train)
        return error_set(err, ERROR_INPUT, "train", "give at least one pair", "There are no training pairs");
    fit_longest(r);
    if (check_parts(r, err) < 0 || pair_epoch_open(&r->order, train, &r->design, r->t->seed, err) < 0 ||
        open_network(r, err) < 0 || open_trainer(r, err) < 0 || open_arrays(r, err) < 0)
        return -1;
    batches = (r->order.count + r->design.batch - 1) / r->design.batch;
    r->metric_stride = (long)batches * r->design.epochs / METRIC_EVERY + 1;
    r->best_loss = r->watched = INFINITY;
    return comm_rank(r->t->comm) == 0 ? pair_picture_open(&r->picture, r->t, &r->design, err) : 0;
}

static void close_run(struct run *r)
{
    pair_picture_close(&r->picture);
    pair_ask_close(&r->ask);
    for (int side = 0; side < 2; side++)
        pair_sequences_close(&r->sequences[side]);
    free(r->label);
    free(r->target);
    free(r->outputs);
    if (r->trainer.parameters)
        trainer_close(&r->trainer);
    if (r->best.data)
        snapshot_free(&r->net.parameters, &r->best);
    tape_close(r->tape);
    pair_net_close(&r->net);
    pair_epoch_close(&r->order);
}

/* --- the run --------------------------------------------------------------------------------------------------------
 */

/* Back to the best epoch; what it is worth on each part. */
static int finish(struct run *r, struct error *err)
{
    static const char *const names[PARTS] = {NULL, "validation", "test"};
    struct tally sum;
    if (r->best.data)
        parameters_restore(&r->net.parameters, &r->best);
    for (int i = PART_VALIDATION; i < PARTS; i++) {
        if (!part(r, i))
            continue;
        if (look(r, part(r, i), &sum, err) < 0)
            return -1;
        report(r, names[i], &sum, i == PART_TEST);
    }
    return weights_save(&r->net.parameters, r->t->model, OBJECT2VEC_FILE, err);
}

static int run_all(struct run *r, struct error *err)
{
    double began = clock_seconds(), paced = 0;
    if (prepare(r, err) < 0 || pair_picture_draw(&r->picture, &r->ask, 0, 0, true, err) < 0)
        return -1;
    while (r->epoch < r->design.epochs && !r->ended)
        if (run_epoch(r, err) < 0)
            return -1;
    paced = r->t->pace * (double)r->step;
    r->t->train_seconds = fmax(clock_seconds() - began - paced, 0);
    return finish(r, err);
}

int object2vec_train(struct training *t, struct error *err)
{
    struct run r = {.t = t};
    int status = run_all(&r, err);
    close_run(&r);
    return status;
}
