#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/seq2seq/seq2seq.h"
#include "engine/algo/seq2seq/seq2seq_run.h"
#include "engine/base/clock.h"
#include "engine/model.h"
#include "engine/nn/placement.h"
#include "engine/nn/weights.h"

#define STREAM_DROPOUT 40200
#define PLACES 1024       /* target tokens, with padding, that go through the network together */
#define METRIC_SPACING 50 /* the next metric comes when updates grew by this part of themselves */
#define PICTURE_SPACING 8

/* --- before ---------------------------------------------------------------------------------------------------------
 */

static int check_channels(const struct training *t, struct error *err)
{
    if (!t->pairs[PART_TRAIN])
        return error_set(err, ERROR_INPUT, "train", "add --train PATH", "Seq2Seq needs the channel train");
    if (!t->pairs[PART_VALIDATION])
        return error_set(err, ERROR_INPUT, "validation", "add --validation PATH",
                         "Seq2Seq needs the channel validation: it decides which checkpoint is kept");
    if (!t->vocabulary[0] || !t->vocabulary[1])
        return error_set(err, ERROR_INPUT, "vocab", "add --vocab DIR",
                         "Seq2Seq needs the channel vocab: a folder with " SEQ2SEQ_SOURCE " and " SEQ2SEQ_TARGET);
    return 0;
}

static int check_pairs(const struct training *t, const size_t words[2], struct error *err)
{
    for (int part = 0; part < PARTS; part++)
        if (t->pairs[part] && batches_check(t->pairs[part], words, err) < 0)
            return -1;
    return 0;
}

/* Settings that were given and are read by a kind of side that is not there. */
static void say_unread(const struct training *t, const struct shape *s)
{
    bool rnn = !s->source.cnn || !s->target.cnn, cnn = s->source.cnn || s->target.cnn;
    for (int i = 0; i < t->settings->count; i++) {
        const struct setting *item = &t->settings->items[i];
        const char *wanted = !rnn && strncmp(item->name, "rnn_", 4) == 0   ? "rnn"
                             : !cnn && strncmp(item->name, "cnn_", 4) == 0 ? "cnn"
                                                                           : NULL;
        if (item->given && wanted)
            event_log(t->sink, "%s has no effect here: neither side is of type %s", item->name, wanted);
    }
}

static struct batches_settings batches_settings_of(const struct settings *s)
{
    return (struct batches_settings){.batch_size = (size_t)settings_number(s, "batch_size"),
                                     .bucket_width = (size_t)settings_number(s, "bucket_width"),
                                     .max_source = (size_t)settings_number(s, "max_seq_len_source"),
                                     .max_target = (size_t)settings_number(s, "max_seq_len_target"),
                                     .bucketing = settings_true(s, "bucketing_enabled")};
}

static struct trainer_settings trainer_settings_of(const struct training *t)
{
    const struct settings *s = t->settings;
    double clip = settings_number(s, "clip_gradient");
    return (struct trainer_settings){.optimiser = settings_is(s, "optimizer_type", "sgd")       ? OPTIMISER_SGD
                                                  : settings_is(s, "optimizer_type", "rmsprop") ? OPTIMISER_RMSPROP
                                                                                                : OPTIMISER_ADAM,
                                     .momentum =
                                         settings_get(s, "momentum") ? (float)settings_number(s, "momentum") : 0,
                                     .decay = settings_number(s, "weight_decay"),
                                     .clip = clip < 0 ? CLIP_NONE : CLIP_VALUE,
                                     .limit = clip,
                                     .comm = t->comm};
}

static void log_data(const struct seq2seq_run *r)
{
    const struct batches *b = &r->batches[PART_TRAIN];
    size_t cut = 0, unknown = 0, tokens = 0;
    for (size_t i = 0; i < b->pairs->count; i++)
        for (int side = 0; side < 2; side++) {
            size_t count, most = side ? b->settings.max_target : b->settings.max_source;
            const int32_t *token = pairs_tokens(b->pairs, side, i, &count);
            cut += count > most;
            tokens += count;
            for (size_t k = 0; k < count; k++)
                unknown += token[k] == VOCABULARY_UNKNOWN;
        }
    if (cut)
        event_log(r->t->sink, "%zu sequences are longer than max_seq_len and are cut", cut);
    if (unknown)
        event_log(r->t->sink, "%zu of %zu training tokens are unknown words", unknown, tokens);
}

/* Of a target, with its </s>. */
static size_t mean_steps(const struct pairs *p)
{
    return p->start[1][p->count] / p->count + 1;
}

static int prepare(struct seq2seq_run *r, struct error *err)
{
    struct training *t = r->t;
    const struct batches_settings batches = batches_settings_of(t->settings);
    const struct trainer_settings trainer = trainer_settings_of(t);
    const struct backend *backend;
    struct shape shape;
    size_t words[2], wide;
    if (check_channels(t, err) < 0)
        return -1;
    words[0] = t->vocabulary[0]->size;
    words[1] = t->vocabulary[1]->size;
    if (check_pairs(t, words, err) < 0 || shape_read(&shape, t->settings, words, err) < 0)
        return -1;
    say_unread(t, &shape);
    for (int part = 0; part < PARTS; part++)
        if (t->pairs[part] && batches_open(&r->batches[part], t->pairs[part], &batches, t->seed, err) < 0)
            return -1;
    log_data(r);
    wide = shape.source.cnn && shape.target.cnn ? shape.channels : shape.hidden;
    course_begin(&r->course, t->settings);
    backend = placement_choose(t, batches.batch_size, mean_steps(t->pairs[PART_TRAIN]), wide);
    if (network_open(&r->network, &shape, backend, t->seed, err) < 0)
        return -1;
    r->tape = tape_open(backend, t->threads, err);
    if (!r->tape || trainer_open(&r->trainer, &r->network.parameters, &trainer, err) < 0)
        return -1;
    return search_open(&r->search, &r->network, t->threads, (size_t)settings_number(t->settings, "beam_size"), err);
}

static void run_free(struct seq2seq_run *r)
{
    search_close(&r->search);
    trainer_close(&r->trainer);
    tape_close(r->tape);
    if (r->network.parameters.backend)
        snapshot_free(&r->network.parameters, &r->best);
    network_close(&r->network);
    for (int part = 0; part < PARTS; part++)
        batches_close(&r->batches[part]);
    batches_forget(&r->batch);
}

/* --- an update ------------------------------------------------------------------------------------------------------
 */

struct tensor *seq2seq_forward(struct seq2seq_run *r, const struct batch *b, double scale, struct tensor **right)
{
    const struct places real = {.place = b->real, .row = b->real_row, .count = b->target_tokens};
    struct memory memory;
    struct state state;
    struct tensor *joined;
    network_encode(&r->network, r->tape, b->source, b->source_length, b->source_steps, b->rows, &memory);
    network_begin(&r->network, r->tape, &memory, &state);
    joined = network_run(&r->network, r->tape, &memory, &state, b->input, b->target_steps, &real, NULL);
    return network_loss(&r->network, r->tape, joined, b->said, scale, right);
}

static void say_diverged(struct seq2seq_run *r)
{
    struct seq2seq_score none = {NAN, NAN, NAN};
    r->diverged = r->update;
    training_metric(r->t, "diverged_at_step", (double)r->update);
    seq2seq_say(r, "validation", &none);
    event_log(r->t->sink,
              "diverged at step %ld: the perplexity is not a finite number. Lower learning_rate (now %g)%s.", r->update,
              course_rate(&r->course, r->update - 1),
              settings_number(r->t->settings, "clip_gradient") < 0 ? " or set clip_gradient" : "");
    if (r->kept)
        event_log(r->t->sink, "the model is that of update %ld, the best checkpoint before", r->course.best_update);
}

/* What dropout draws from: another stream for each part and rank. */
static uint64_t stream_of(struct seq2seq_run *r)
{
    struct rng rng;
    rng_init(&rng, r->t->seed,
             STREAM_DROPOUT + r->parts++ * (uint64_t)comm_ranks(r->t->comm) + (uint64_t)comm_rank(r->t->comm));
    return rng_next(&rng);
}

/* Into how many parts a mini-batch of this rank is cut: their slopes add up to its own, and memory grows with the
 * largest part instead of the longest sentences. A GPU takes it whole. */
static size_t parts_of(const struct seq2seq_run *r, const struct batch *b)
{
    size_t places = b->target_steps * b->rows, parts = (places + PLACES - 1) / PLACES;
    return !r->network.parameters.backend->host || parts < 1 ? 1 : parts < b->rows ? parts : b->rows;
}

/* Forward and back through one part; sums get its loss and how many tokens were right. */
static int learn(struct seq2seq_run *r, double *sums, struct error *err)
{
    struct tensor *right = NULL, *loss;
    tape_begin(r->tape, true, stream_of(r));
    loss = seq2seq_forward(r, &r->batch, 1 / (double)r->batch.all_target_tokens, &right);
    tape_backward(r->tape, loss);
    if (tape_finish(r->tape, err) < 0)
        return -1;
    sums[0] += tape_number(r->tape, loss);
    sums[1] += tape_number(r->tape, right);
    r->t->rows_seen += (double)r->batch.rows;
    return 0;
}

/* Of this rank's part of a mini-batch. */
static int slopes(struct seq2seq_run *r, size_t index, double *sums, struct error *err)
{
    const struct batches *b = &r->batches[PART_TRAIN];
    int rank = comm_rank(r->t->comm), ranks = comm_ranks(r->t->comm), parts;
    if (batches_fill(b, index, rank, ranks, &r->batch, err) < 0)
        return -1;
    parts = (int)parts_of(r, &r->batch);
    for (int i = 0; i < parts && r->batch.rows; i++)
        if ((parts > 1 && batches_fill(b, index, rank + i * ranks, ranks * parts, &r->batch, err) < 0) ||
            learn(r, sums, err) < 0)
            return -1;
    return 0;
}

/* 0: done; 1: the perplexity is no finite number; -1: err. */
static int update(struct seq2seq_run *r, size_t index, struct error *err)
{
    struct training *t = r->t;
    double sums[2] = {0}, tokens; /* loss, right */
    r->update++;
    if (slopes(r, index, sums, err) < 0 || comm_sum_double(t->comm, sums, 2, err) < 0)
        return -1;
    if (!isfinite(exp(sums[0])))
        return 1;
    if (trainer_step(&r->trainer, r->tape, course_rate(&r->course, r->update - 1), err) < 0)
        return strcmp(err->where, "learning_rate") == 0 ? 1 : -1; /* slopes that are no numbers are divergence too */
    tokens = (double)r->batch.all_target_tokens;
    r->sum += sums[0] * tokens;
    r->right += sums[1];
    r->tokens += tokens;
    r->all_tokens += tokens;
    return 0;
}

/* Is it time again? The longer it goes on, the more seldom. */
static bool is_due(long update, long last, long spacing)
{
    return update == 1 || update - last > update / spacing;
}

static void say_training(struct seq2seq_run *r)
{
    bool accuracy = settings_is(r->t->settings, "training_metric", "accuracy");
    event_metric(r->t->sink, accuracy ? "train:accuracy" : "train:perplexity",
                 accuracy ? r->right / r->tokens : exp(r->sum / r->tokens), r->update, (int)r->epoch);
    training_metric(r->t, accuracy ? "train:accuracy" : "train:perplexity",
                    accuracy ? r->right / r->tokens : exp(r->sum / r->tokens));
    r->sum = r->right = r->tokens = 0;
    r->last_metric = r->update;
}

/* The last one needs no copy of the best weights, which are those that are there. */
static int checkpoint(struct seq2seq_run *r, bool last, struct error *err)
{
    struct seq2seq_score score;
    double before = r->course.rate;
    if (seq2seq_score(r, PART_VALIDATION, &score, err) < 0)
        return -1;
    seq2seq_say(r, "validation", &score);
    if (course_checkpoint(&r->course, seq2seq_optimised(r, &score), r->update)) {
        r->best_score = score;
        r->kept = !last;
        return last ? 0 : parameters_keep(&r->network.parameters, &r->best, err);
    }
    if (r->course.rate < before)
        event_log(r->t->sink, "learning_rate is %g from update %ld on: %g checkpoints did not improve %s",
                  r->course.rate, r->update, r->course.plateau, settings_get(r->t->settings, "optimized_metric"));
    return 0;
}

static int look(struct seq2seq_run *r, struct error *err)
{
    if (is_due(r->update, r->last_metric, METRIC_SPACING))
        say_training(r);
    if (is_due(r->update, r->last_picture, PICTURE_SPACING) && seq2seq_picture(r, err) < 0)
        return -1;
    return course_due(&r->course, r->update) ? checkpoint(r, false, err) : 0;
}

/* --- the run --------------------------------------------------------------------------------------------------------
 */

static bool is_over(struct seq2seq_run *r, double epochs)
{
    const char *why = course_over(&r->course, r->update, epochs);
    if (why && strcmp(why, "checkpoint_threshold") == 0)
        event_log(r->t->sink, "stopped early after update %ld: %g checkpoints did not improve %s; best was update %ld",
                  r->update, r->course.bad, settings_get(r->t->settings, "optimized_metric"), r->course.best_update);
    return why != NULL;
}

/* Epochs until it has been enough. */
static int epochs(struct seq2seq_run *r, struct error *err)
{
    const struct batches *b = &r->batches[PART_TRAIN];
    for (r->epoch = 1;; r->epoch++) {
        if (batches_shuffle(&r->batches[PART_TRAIN], err) < 0)
            return -1;
        for (size_t i = 0; i < b->count; i++) {
            double now = clock_seconds();
            int status = update(r, i, err);
            r->t->step_seconds += clock_seconds() - now;
            if (status > 0)
                say_diverged(r);
            if (status != 0)
                return status < 0 ? -1 : 0;
            if (look(r, err) < 0)
                return -1;
            if (comm_rank(r->t->comm) == 0)
                training_pace(r->t);
            if (training_stopping(r->t) || is_over(r, i + 1 == b->count ? (double)r->epoch : (double)r->epoch - 1))
                return 0;
        }
    }
}

static int save(const struct seq2seq_run *r, struct error *err)
{
    struct str bytes = {0};
    struct model_writer *to = r->t->model;
    static const char *const files[] = {SEQ2SEQ_SOURCE, SEQ2SEQ_TARGET};
    int status = weights_save(&r->network.parameters, to, SEQ2SEQ_WEIGHTS, err);
    for (int side = 0; status == 0 && side < 2; side++) {
        str_clear(&bytes);
        status = vocabulary_write(r->t->vocabulary[side], &bytes) < 0
                     ? error_set(err, ERROR_SYSTEM, files[side], NULL, "There is not enough memory to write the model")
                     : model_writer_put(to, files[side], bytes.data, bytes.len, err);
    }
    str_free(&bytes);
    return status;
}

static int finish(struct seq2seq_run *r, struct error *err)
{
    struct training *t = r->t;
    struct seq2seq_score score = {NAN, NAN, NAN};
    bool fresh = course_due(&r->course, r->update) && !t->sink->stopped;
    t->train_seconds += t->step_seconds;
    if (!r->diverged && (!r->kept || (!fresh && !t->sink->stopped)) && checkpoint(r, true, err) < 0)
        return -1;
    if (r->kept)
        parameters_restore(&r->network.parameters, &r->best);
    seq2seq_settle_metrics(r, "validation", r->diverged ? &score : &r->best_score);
    if (t->pairs[PART_TEST] && !t->sink->stopped) {
        if (!r->diverged && seq2seq_score(r, PART_TEST, &score, err) < 0)
            return -1;
        seq2seq_say(r, "test", &score);
        seq2seq_settle_metrics(r, "test", &score);
    }
    if (!r->diverged && seq2seq_picture(r, err) < 0)
        return -1;
    if (r->diverged && t->model)
        return error_set(err, ERROR_INPUT, "learning_rate", "lower it, or set clip_gradient to 1",
                         "Training diverged at step %ld: there is no model to save", r->diverged);
    training_metric(t, "updates", (double)r->update);
    training_metric(t, "best_update", (double)r->course.best_update);
    training_metric(t, "target_tokens", r->all_tokens);
    if (t->model && r->diverged && !r->kept)
        return error_set(err, ERROR_INPUT, "learning_rate", "lower it",
                         "Training diverged before its first checkpoint: there is no model to save");
    return t->model ? save(r, err) : 0;
}

int seq2seq_train(struct training *t, struct error *err)
{
    struct seq2seq_run r = {.t = t, .best_score = {NAN, NAN, NAN}};
    int status = prepare(&r, err);
    if (status == 0)
        status = epochs(&r, err);
    if (status == 0)
        status = finish(&r, err);
    run_free(&r);
    return status;
}
