/* Word2Vec's run: epochs in steps, between which there is time to speak, to look and to stop. In a step every thread
 * learns from a stretch of its share of the text.
 *
 * On a GPU (words_gpu) a step is a stretch of the lines, and the tables come back after it.
 *
 * Several ranks (batch_skipgram) each have a share and both tables, and meet every few steps (word_meeting). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/blazingtext/blazingtext.h"
#include "engine/algo/blazingtext/word_learner.h"
#include "engine/algo/blazingtext/word_meeting.h"
#include "engine/algo/blazingtext/word_picture.h"
#include "engine/algo/blazingtext/word_score.h"
#include "engine/algo/blazingtext/words_gpu.h"
#include "engine/base/clock.h"
#include "engine/base/pool.h"
#include "engine/model.h"

#define METRIC_EVERY 200  /* losses told in a run, about */
#define STEP_TOKENS 10000 /* of a thread, about */
#define STEPS_LEAST 8     /* of an epoch */
#define GPU_STEP_TOKENS 2000000
#define MEETINGS 32 /* of all ranks' tables in an epoch, at most */

struct run {
    struct training *t;
    struct word_plan plan;
    struct word_model model;
    struct word_text text;
    struct word_tables tables;
    struct word_learner *learner; /* one for each thread; or .. */
    struct words_gpu *gpu;        /* .. the device that learns; NULL: the CPU does */
    int threads;
    struct pool *pool;
    struct word_meeting meeting; /* with other ranks */
    struct word_picture picture;
    size_t steps, step_tokens; /* of an epoch; of a thread in a step */
    long step, epoch, metric_stride, meet_stride;
    double stride_loss[2], epoch_loss[2]; /* sums of losses, and of pairs */
    double pairs;                         /* of all epochs and ranks */
    bool ended, diverged;
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller vector_dim or a larger min_count",
                     "There is not enough memory to train");
}

/* --- a step ---------------------------------------------------------------------------------------------------------
 */

static void learn_share(void *context, int thread, int threads)
{
    struct run *r = context;
    (void)threads;
    word_learner_run(&r->learner[thread], r->step_tokens);
}

/* The step's stretch of the epoch's lines. Losses: sum, and of how many pairs. */
static int learn_on_gpu(struct run *r, size_t step, double *sum, struct error *err)
{
    size_t lines = words_gpu_lines(r->gpu);
    struct gpu_words_tally tally;
    words_gpu_learn(r->gpu, r->epoch - 1, lines * step / r->steps, lines * (step + 1) / r->steps);
    if (words_gpu_tally(r->gpu, &tally, err) < 0 || words_gpu_read(r->gpu, err) < 0)
        return -1;
    sum[0] = tally.loss;
    sum[1] = tally.count;
    return 0;
}

static void learn_here(struct run *r, double *sum)
{
    pool_run(r->pool, learn_share, r);
    for (int i = 0; i < r->threads; i++) {
        sum[0] += r->learner[i].loss;
        sum[1] += r->learner[i].pairs;
        r->learner[i].loss = r->learner[i].pairs = 0;
    }
}

/* Divergence ends the run on all ranks; it is a result. */
static int take_losses(struct run *r, const double *sum, struct error *err)
{
    double bad = !isfinite(sum[0]);
    for (int k = 0; k < 2; k++) {
        r->stride_loss[k] += sum[k];
        r->epoch_loss[k] += sum[k];
    }
    if (comm_max_double(r->t->comm, &bad, 1, err) < 0)
        return -1;
    if (bad > 0) {
        event_log(r->t->sink, "diverged at step %ld: the loss is no number any more; lower learning_rate (now %g)",
                  r->step, r->plan.rate);
        training_metric(r->t, "diverged_at_step", (double)r->step);
        r->diverged = true;
    }
    return 0;
}

/* By the steps, so that all ranks have the same. */
static double rate_now(const struct run *r)
{
    return r->plan.rate * (1 - (double)r->step / ((double)r->steps * (double)r->plan.epochs));
}

static int say_loss(struct run *r, struct error *err)
{
    if (comm_sum_double(r->t->comm, r->stride_loss, 2, err) < 0)
        return -1;
    if (r->stride_loss[1] > 0)
        event_metric(r->t->sink, "train:loss", r->stride_loss[0] / r->stride_loss[1], r->step, (int)r->epoch);
    r->stride_loss[0] = r->stride_loss[1] = 0;
    return 0;
}

static int draw(struct run *r, bool now, struct error *err)
{
    return word_picture_draw(&r->picture, &r->text, &r->tables, r->epoch, r->step, now, err);
}

static int step(struct run *r, size_t at, struct error *err)
{
    bool last = at + 1 == r->steps;
    double began = clock_seconds(), sum[2] = {0};
    if (r->gpu && learn_on_gpu(r, at, sum, err) < 0)
        return -1;
    if (!r->gpu)
        learn_here(r, sum);
    r->step++;
    if (take_losses(r, sum, err) < 0)
        return -1;
    if ((last || r->step % r->meet_stride == 0) && word_meeting_meet(&r->meeting, &r->tables, rate_now(r), err) < 0)
        return -1;
    r->t->step_seconds += clock_seconds() - began;
    if (r->step % r->metric_stride == 0 && say_loss(r, err) < 0)
        return -1;
    if (!r->diverged && draw(r, false, err) < 0)
        return -1;
    training_pace(r->t);
    r->ended = training_stopping(r->t) || r->diverged;
    return 0;
}

/* --- epochs ---------------------------------------------------------------------------------------------------------
 */

/* On made text: are near words of the same planted topic, of the same role? */
static int say_groups(struct run *r, struct error *err)
{
    static const char *const names[2] = {"test:topic_precision", "test:role_precision"};
    const struct dictionary *d = &r->model.dictionary;
    float *vectors;
    int status = 0;
    if (!d->group[0] || comm_rank(r->t->comm) > 0)
        return 0;
    vectors = malloc(d->words * r->plan.width * sizeof *vectors);
    if (!vectors)
        return no_memory(err);
    word_tables_vectors(&r->tables, &r->text, d->words, vectors, r->plan.width);
    for (int k = 0; k < 2 && status == 0; k++) {
        double precision = NAN;
        if (d->group[k] && word_precision(vectors, d->group[k], d->words, r->plan.width, &precision) < 0)
            status = no_memory(err);
        if (status == 0 && isfinite(precision)) {
            event_metric(r->t->sink, names[k], precision, r->step, (int)r->epoch);
            training_metric(r->t, names[k], precision);
        }
    }
    free(vectors);
    return status;
}

static int run_epoch(struct run *r, struct error *err)
{
    size_t steps = 0;
    r->epoch++;
    r->epoch_loss[0] = r->epoch_loss[1] = 0;
    for (int i = 0; r->learner && i < r->threads; i++)
        word_learner_begin(&r->learner[i]);
    for (; steps < r->steps && !r->ended; steps++)
        if (step(r, steps, err) < 0)
            return -1;
    if (comm_sum_double(r->t->comm, r->epoch_loss, 2, err) < 0)
        return -1;
    r->pairs += r->epoch_loss[1];
    if (r->epoch_loss[1] > 0)
        training_metric(r->t, "train:loss", r->epoch_loss[0] / r->epoch_loss[1]);
    r->t->rows_seen += (double)r->text.text->lines * (double)steps / (double)r->steps;
    return r->diverged ? 0 : say_groups(r, err);
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

static int check_run(const struct run *r, struct error *err)
{
    const struct training *t = r->t;
    const struct text *validation = t->text[PART_VALIDATION];
    if (t->pipe)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File",
                         "Word2Vec reads its text in every epoch; Pipe mode is for mode=supervised");
    if (!t->text[PART_TRAIN])
        return error_set(err, ERROR_INPUT, "train", "give text, a sentence in each line", "There is no training text");
    if (validation && validation->bytes_read > 0)
        return error_set(err, ERROR_INPUT, "--validation", "leave it out, or give mode=supervised",
                         "Word2Vec has the channel train only: word vectors have no labels to be checked with");
    if (comm_ranks(t->comm) > 1 && r->plan.mode != WORD_BATCH)
        return error_set(err, ERROR_INPUT, "--ranks", "give mode=batch_skipgram, or 1 rank",
                         "%s trains on one machine; only batch_skipgram is spread over several", r->plan.mode_name);
    return 0;
}

/* Steps of an epoch, in which some learner goes through `share` tokens, `of_step` at a time. */
static void plan_steps(struct run *r, size_t share, size_t of_step)
{
    r->steps = share / of_step > STEPS_LEAST ? share / of_step : STEPS_LEAST;
    r->step_tokens = share / r->steps + 1;
    r->metric_stride = (long)r->steps * r->plan.epochs / METRIC_EVERY + 1;
    r->meet_stride = (long)r->steps / MEETINGS + 1;
}

static int open_gpu(struct run *r, size_t tokens, struct error *err)
{
    r->gpu = words_gpu_open_vectors(r->t, &r->plan, &r->text, &r->tables, err);
    plan_steps(r, tokens, GPU_STEP_TOKENS);
    return r->gpu ? 0 : -1;
}

static int open_learners(struct run *r, struct error *err)
{
    int ranks = comm_ranks(r->t->comm), first = comm_rank(r->t->comm) * r->threads;
    size_t tokens = r->text.text->start[r->text.text->lines], share = tokens / (size_t)(ranks * r->threads) + 1;
    if (r->t->gpu)
        return open_gpu(r, tokens, err);
    r->learner = calloc((size_t)r->threads, sizeof *r->learner);
    if (!r->learner)
        return no_memory(err);
    for (int i = 0; i < r->threads; i++)
        if (word_learner_open(&r->learner[i], &r->plan, &r->text, &r->tables, r->t->seed, first + i, ranks * r->threads,
                              err) < 0)
            return -1;
    plan_steps(r, share, STEP_TOKENS);
    return 0;
}

static void describe_model(struct run *r)
{
    const struct word_plan *p = &r->plan;
    struct word_model *m = &r->model;
    m->width = p->width;
    m->word_ngrams = 1;
    m->min_char = p->subwords ? p->min_char : 0;
    m->max_char = p->subwords ? p->max_char : 0;
    m->whole = !p->subwords;
    m->epochs = (int)p->epochs;
    m->window = (int)p->window;
    m->negatives = (int)p->negatives;
    m->least = (int)p->least;
    m->rate = p->rate;
    m->sampling = p->sampling;
    m->mode = p->mode_name;
}

static int prepare(struct run *r, struct error *err)
{
    struct word_model *m = &r->model;
    if (word_plan_read(&r->plan, r->t->settings, err) < 0 || check_run(r, err) < 0)
        return -1;
    describe_model(r);
    if (dictionary_build(&m->dictionary, r->t->text[PART_TRAIN], r->plan.least, false, err) < 0 ||
        word_text_open(&r->text, r->t->text[PART_TRAIN], &m->dictionary, &r->plan, &m->buckets, err) < 0 ||
        word_tables_open(&r->tables, m->dictionary.words, m->buckets.seen, m->width, r->t->seed, err) < 0)
        return -1;
    r->threads = r->plan.deterministic || r->t->threads < 1 ? 1 : r->t->threads;
    r->pool = pool_open(r->threads);
    if (!r->pool)
        return no_memory(err);
    if (open_learners(r, err) < 0 || word_meeting_open(&r->meeting, r->t->comm, &r->plan, &m->dictionary, &r->tables,
                                                       (double)r->steps / (double)r->meet_stride, err) < 0)
        return -1;
    return comm_rank(r->t->comm) == 0 ? word_picture_open(&r->picture, r->t->sink, &m->dictionary, m->width, err) : 0;
}

static void close_run(struct run *r)
{
    word_picture_close(&r->picture);
    for (int i = 0; r->learner && i < r->threads; i++)
        word_learner_close(&r->learner[i]);
    free(r->learner);
    words_gpu_close(r->gpu);
    word_meeting_close(&r->meeting);
    pool_close(r->pool);
    word_tables_close(&r->tables);
    word_text_close(&r->text);
    word_model_free(&r->model);
}

/* --- what was learned -----------------------------------------------------------------------------------------------
 */

/* The input table becomes the model's vectors, row close to row. */
static void take_vectors(struct run *r)
{
    struct word_tables *t = &r->tables;
    float *table = t->input, *less;
    size_t width = r->model.width;
    for (size_t i = 1; i < t->inputs; i++)
        memmove(table + i * width, table + i * t->stride, width * sizeof *table);
    t->input = NULL;
    word_tables_close(t);
    less = realloc(table, r->model.dictionary.words || r->model.buckets.seen
                              ? (r->model.dictionary.words + r->model.buckets.seen) * width * sizeof *table
                              : 1);
    r->model.vectors = less ? less : table;
}

static int save_evaluation(struct run *r, const struct word_sets *sets, struct error *err)
{
    struct str text = {0};
    struct json j = json_begin(&text);
    int status;
    if (!r->t->model)
        return 0;
    word_sets_put(sets, &j);
    str_putc(&text, '\n');
    status = text.failed ? no_memory(err) : model_writer_put(r->t->model, WORD_SCORE_FILE, text.data, text.len, err);
    str_free(&text);
    return status;
}

static int evaluate(struct run *r, struct error *err)
{
    struct word_sets sets = {0};
    struct event_sink *sink = r->t->sink;
    char name[64];
    if (!r->t->auxiliary) {
        event_log(sink, "no evaluation: there is no word-similarity set. Give --auxiliary DIR with files of lines "
                        "\"word word score\", such as WordSimilarity-353");
        return 0;
    }
    if (word_sets_score(&sets, r->t->auxiliary, &r->model, err) < 0)
        return -1;
    for (int i = 0; i < sets.count; i++) {
        const struct word_set *set = &sets.set[i];
        event_log(sink, "%s: both words of %zu of %zu pairs have vectors", set->name, set->compared, set->pairs);
        snprintf(name, sizeof name, "train:rho_%s", set->name);
        if (isfinite(set->rho)) {
            event_metric(sink, name, set->rho, r->step, (int)r->epoch);
            training_metric(r->t, name, set->rho);
        }
    }
    if (isfinite(word_sets_mean(&sets))) {
        event_metric(sink, "train:mean_rho", word_sets_mean(&sets), r->step, (int)r->epoch);
        training_metric(r->t, "train:mean_rho", word_sets_mean(&sets));
    }
    return save_evaluation(r, &sets, err);
}

static int finish(struct run *r, struct error *err)
{
    if (r->diverged && !r->t->model)
        return 0;
    if (r->diverged)
        return error_set(err, ERROR_INPUT, "learning_rate", "give a smaller learning_rate",
                         "Training diverged at step %ld: there is no model to save", r->step);
    if (draw(r, true, err) < 0)
        return -1;
    take_vectors(r);
    if (comm_rank(r->t->comm) > 0)
        return 0;
    if (r->plan.evaluation && evaluate(r, err) < 0)
        return -1;
    return r->t->model ? word_model_save(&r->model, r->t->model, err) : 0;
}

static int run_all(struct run *r, struct error *err)
{
    double began = clock_seconds();
    if (prepare(r, err) < 0 || draw(r, true, err) < 0)
        return -1;
    while (r->epoch < r->plan.epochs && !r->ended)
        if (run_epoch(r, err) < 0)
            return -1;
    if (r->pairs == 0 && !r->t->sink->stopped)
        event_log(r->t->sink, "nothing was learned: no word that was read had a neighbour. Give more text, or a larger "
                              "sampling_threshold (0: every word is read)");
    r->t->train_seconds = fmax(clock_seconds() - began - r->t->pace * (double)r->step, 0);
    return finish(r, err);
}

int word2vec_train(struct training *t, struct error *err)
{
    struct run r = {.t = t};
    int status = run_all(&r, err);
    close_run(&r);
    return status;
}
