/* Looking at pairs that are not trained on: scores, and what watchers see. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/seq2seq/bleu.h"
#include "engine/algo/seq2seq/seq2seq_run.h"

#define SEARCHED 64                        /* sentences that are translated together, at most */
#define SEARCHED_NUMBERS ((size_t)1 << 23) /* and so many probabilities */

/* --- perplexity and accuracy ----------------------------------------------------------------------------------------
 */

static int score_batches(struct seq2seq_run *r, const struct batches *b, struct seq2seq_score *score, struct error *err)
{
    double sums[3] = {0}; /* losses, right, tokens */
    for (size_t i = 0; i < b->count; i++) {
        struct tensor *right = NULL, *loss;
        if (batches_fill(b, i, comm_rank(r->t->comm), comm_ranks(r->t->comm), &r->batch, err) < 0)
            return -1;
        if (!r->batch.rows)
            continue;
        tape_begin(r->tape, false, 0);
        loss = seq2seq_forward(r, &r->batch, 1, &right);
        if (tape_finish(r->tape, err) < 0)
            return -1;
        sums[0] += tape_number(r->tape, loss);
        sums[1] += tape_number(r->tape, right);
        sums[2] += (double)r->batch.target_tokens;
    }
    if (comm_sum_double(r->t->comm, sums, 3, err) < 0)
        return -1;
    score->perplexity = exp(sums[0] / sums[2]);
    score->accuracy = sums[1] / sums[2];
    return 0;
}

/* --- BLEU -----------------------------------------------------------------------------------------------------------
 */

static void add_translations(struct bleu *sum, const struct batches *b, const struct batch *batch,
                             struct translation *said)
{
    for (size_t i = 0; i < batch->rows; i++) {
        size_t count, most = b->settings.max_target;
        const int32_t *target = pairs_tokens(b->pairs, 1, batch->pair[i], &count);
        bleu_add(sum, said[i].token, said[i].count, target, count < most ? count : most);
        translation_free(&said[i]);
    }
}

/* The first `sample` pairs (SIZE_MAX: all), in groups of which each rank translates its own. */
static int score_bleu(struct seq2seq_run *r, const struct batches *b, size_t sample, double *bleu, struct error *err)
{
    size_t group = SEARCHED_NUMBERS / (r->search.beam * r->network.shape.target.words) + 1, count = 0;
    struct translation said[SEARCHED];
    uint32_t *pair = calloc(b->pairs->count + 1, sizeof *pair);
    struct bleu sum = {0};
    int status = pair ? 0 : error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for BLEU");
    group = group < SEARCHED ? group : SEARCHED;
    for (size_t i = 0; status == 0 && i < b->pairs->count; i++)
        if (b->order[i] < sample)
            pair[count++] = b->order[i];
    for (size_t at = 0, turn = 0; status == 0 && at < count; at += group, turn++) {
        size_t rows = count - at < group ? count - at : group;
        if (turn % (size_t)comm_ranks(r->t->comm) != (size_t)comm_rank(r->t->comm))
            continue;
        status = batches_gather(&r->batch, b, pair + at, rows, err);
        if (status == 0)
            status = search_run(&r->search, r->batch.source, r->batch.source_length, r->batch.source_steps, rows, false,
                                said, err);
        if (status == 0)
            add_translations(&sum, b, &r->batch, said);
    }
    free(pair);
    if (status == 0) /* a bleu is numbers only */
        status = comm_sum_double(r->t->comm, (double *)&sum, sizeof sum / sizeof(double), err);
    *bleu = bleu_score(&sum);
    return status;
}

int seq2seq_score(struct seq2seq_run *r, int part, struct seq2seq_score *score, struct error *err)
{
    double sample = settings_number(r->t->settings, "bleu_sample_size");
    const struct batches *b = &r->batches[part];
    score->bleu = NAN;
    if (score_batches(r, b, score, err) < 0)
        return -1;
    return sample == 0 ? 0 : score_bleu(r, b, sample < 0 ? SIZE_MAX : (size_t)sample, &score->bleu, err);
}

double seq2seq_optimised(const struct seq2seq_run *r, const struct seq2seq_score *score)
{
    const char *name = settings_get(r->t->settings, "optimized_metric");
    return strcmp(name, "accuracy") == 0 ? score->accuracy
           : strcmp(name, "bleu") == 0   ? score->bleu
                                         : score->perplexity;
}

/* --- telling --------------------------------------------------------------------------------------------------------
 */

static void each_value(struct seq2seq_run *r, const char *channel, const struct seq2seq_score *score, bool final)
{
    const struct {
        const char *name;
        double value;
    } values[] = {{"perplexity", score->perplexity}, {"accuracy", score->accuracy}, {"bleu", score->bleu}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char name[64];
        if (i == 2 && settings_number(r->t->settings, "bleu_sample_size") == 0)
            continue;
        snprintf(name, sizeof name, "%s:%s", channel, values[i].name);
        if (final)
            training_metric(r->t, name, values[i].value);
        else
            event_metric(r->t->sink, name, values[i].value, r->update, (int)r->epoch);
    }
}

void seq2seq_say(struct seq2seq_run *r, const char *channel, const struct seq2seq_score *score)
{
    each_value(r, channel, score, false);
}

void seq2seq_settle_metrics(struct seq2seq_run *r, const char *channel, const struct seq2seq_score *score)
{
    each_value(r, channel, score, true);
}

static void words(struct json *j, const char *key, const struct vocabulary *v, const int32_t *token, size_t count,
                  bool with_end)
{
    json_array(j, key);
    for (size_t i = 0; i < count; i++)
        json_string(j, NULL, vocabulary_word(v, token[i]));
    if (with_end)
        json_string(j, NULL, vocabulary_word(v, VOCABULARY_END));
    json_end(j);
}

static void begin_picture(const struct seq2seq_run *r, struct event *e, const char *kind)
{
    event_begin(e, r->t->sink, "picture");
    json_string(&e->json, "kind", kind);
    json_object(&e->json, "data");
    json_integer(&e->json, "update", r->update);
}

static void end_picture(const struct seq2seq_run *r, struct event *e)
{
    json_end(&e->json);
    json_integer(&e->json, "step", r->update);
    json_number(&e->json, "t", event_time(r->t->sink));
    event_send(e);
}

static const int32_t *side_of(const struct seq2seq_run *r, int side, size_t pair, size_t *count)
{
    const struct batches *b = &r->batches[PART_VALIDATION];
    size_t most = side ? b->settings.max_target : b->settings.max_source;
    const int32_t *token = pairs_tokens(b->pairs, side, pair, count);
    *count = *count < most ? *count : most;
    return token;
}

static void picture_translations(const struct seq2seq_run *r, const struct translation *said, size_t rows)
{
    struct event e;
    begin_picture(r, &e, "translations");
    json_array(&e.json, "rows");
    for (size_t i = 0; i < rows; i++) {
        size_t count;
        const int32_t *token = side_of(r, 0, i, &count);
        json_object(&e.json, NULL);
        words(&e.json, "source", r->t->vocabulary[0], token, count, false);
        token = side_of(r, 1, i, &count);
        words(&e.json, "target", r->t->vocabulary[1], token, count, false);
        words(&e.json, "output", r->t->vocabulary[1], said[i].token, said[i].count, false);
        json_end(&e.json);
    }
    json_end(&e.json);
    end_picture(r, &e);
}

/* Of the first pair; nothing with attention that is fixed. The last column is the source's </s>. */
static void picture_attention(const struct seq2seq_run *r, const struct translation *said)
{
    struct event e;
    size_t count;
    const int32_t *token = side_of(r, 0, 0, &count);
    if (!r->network.shape.target.cnn && r->network.shape.attend == ATTEND_FIXED)
        return;
    begin_picture(r, &e, "attention");
    words(&e.json, "source", r->t->vocabulary[0], token, count, true);
    words(&e.json, "output", r->t->vocabulary[1], said->token, said->count, false);
    json_array(&e.json, "weights");
    for (size_t i = 0; i < said->count; i++) {
        json_array(&e.json, NULL);
        for (size_t k = 0; k < said->places; k++)
            json_float(&e.json, NULL, (double)said->weight[i * said->places + k]);
        json_end(&e.json);
    }
    json_end(&e.json);
    end_picture(r, &e);
}

int seq2seq_picture(struct seq2seq_run *r, struct error *err)
{
    static const uint32_t pair[SEQ2SEQ_SHOWN] = {0, 1, 2, 3, 4, 5, 6, 7};
    const struct batches *b = &r->batches[PART_VALIDATION];
    size_t rows = b->pairs->count < SEQ2SEQ_SHOWN ? b->pairs->count : SEQ2SEQ_SHOWN;
    struct translation said[SEQ2SEQ_SHOWN];
    struct search greedy = r->search;
    r->last_picture = r->update;
    if (comm_rank(r->t->comm) != 0)
        return 0;
    greedy.beam = 1;
    if (batches_gather(&r->batch, b, pair, rows, err) < 0 ||
        search_run(&greedy, r->batch.source, r->batch.source_length, r->batch.source_steps, rows, true, said, err) < 0)
        return -1;
    picture_translations(r, said, rows);
    picture_attention(r, &said[0]);
    for (size_t i = 0; i < rows; i++)
        translation_free(&said[i]);
    return 0;
}
