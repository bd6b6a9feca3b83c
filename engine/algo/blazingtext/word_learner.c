#include "engine/algo/blazingtext/word_learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/pool.h"
#include "engine/base/rng.h"

enum {
    STREAM_START = 21, /* of the seed */
    STREAM_WALK = 64,  /* of the first thread */
    SPAN = 1024,       /* tokens that are looked at in one go */
    DRAWS = 1024,      /* negatives are drawn in one go, at least */
    LOOK = 32          /* the loss is told of one word in so many */
};

#define LARGE_PAGE ((size_t)2 << 20) /* bytes */
#define LEAST_RATE 1e-4              /* share of the rate that is left at the end */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller vector_dim or a larger min_count",
                     "There is not enough memory for the vectors");
}

/* --- tables ---------------------------------------------------------------------------------------------------------
 */

/* Rows are met in no order: large pages spare most of the look-ups of where they lie. */
static float *rows_new(size_t rows, size_t stride)
{
    size_t bytes, page = LARGE_PAGE;
    float *table;
    if (__builtin_mul_overflow(rows ? rows : 1, stride * sizeof(float), &bytes))
        return NULL;
    if (bytes < page)
        page = 64;
    table = aligned_alloc(page, (bytes + page - 1) / page * page);
    if (table && page == LARGE_PAGE)
        madvise(table, bytes, MADV_HUGEPAGE);
    return table ? memset(table, 0, bytes) : NULL;
}

int word_tables_open(struct word_tables *t, size_t words, size_t buckets, size_t width, uint64_t seed,
                     struct error *err)
{
    struct rng rng;
    *t = (struct word_tables){
        .inputs = words + buckets, .outputs = words, .stride = (width + 15) / 16 * 16, .width = (width + 7) / 8 * 8};
    t->input = rows_new(t->inputs, t->stride);
    t->output = rows_new(t->outputs, t->stride);
    if (!t->input || !t->output)
        return no_memory(err);
    rng_init(&rng, seed, STREAM_START);
    for (size_t i = 0; i < t->inputs; i++)
        for (size_t k = 0; k < width; k++)
            t->input[i * t->stride + k] = (float)((2 * rng_uniform(&rng) - 1) / (double)width);
    return 0;
}

void word_tables_close(struct word_tables *t)
{
    free(t->input);
    free(t->output);
    *t = (struct word_tables){0};
}

void word_tables_vectors(const struct word_tables *t, const struct word_text *text, size_t words, float *vectors,
                         size_t width)
{
    for (size_t i = 0; i < words; i++) {
        const int32_t own = (int32_t)i, *part = text->part_at ? text->part + text->part_at[i] : &own;
        size_t parts = text->part_at ? text->part_at[i + 1] - text->part_at[i] : 1;
        float *vector = vectors + i * width;
        memcpy(vector, t->input + (size_t)part[0] * t->stride, width * sizeof *vector);
        for (size_t k = 1; k < parts; k++)
            for (size_t c = 0; c < width; c++)
                vector[c] += t->input[(size_t)part[k] * t->stride + c];
        for (size_t c = 0; c < width && parts > 1; c++)
            vector[c] /= (float)parts;
    }
}

static float *input_row(const struct word_learner *l, int32_t row)
{
    return l->tables->input + (size_t)row * l->tables->stride;
}

static float *output_row(const struct word_learner *l, int32_t word)
{
    return l->tables->output + (size_t)word * l->tables->stride;
}

static void fetch(const struct word_learner *l, const float *row)
{
    for (size_t c = 0; c < l->tables->width; c += 16)
        __builtin_prefetch(row + c, 1);
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

int word_learner_open(struct word_learner *l, const struct word_plan *p, const struct word_text *text,
                      const struct word_tables *tables, uint64_t seed, int part, int parts, struct error *err)
{
    size_t outputs = p->negatives + 1, window = 2 * p->window, tokens = text->text->start[text->text->lines], end;
    size_t inputs = p->mode == WORD_SKIPGRAM ? text->most_parts : window * text->most_parts;
    struct rng rng;
    rng_init(&rng, seed, STREAM_WALK + (uint64_t)part);
    *l = (struct word_learner){
        .plan = p, .text = text, .tables = tables, .kernels = word_kernels(), .dice = {rng_next(&rng)}};
    l->begin = pool_share(tokens, part, parts, &end);
    l->end = end;
    l->all = (double)(l->end - l->begin) * (double)p->epochs;
    l->kept = malloc((window + SPAN) * sizeof *l->kept);
    l->draws = DRAWS + 2 * p->negatives;
    l->at = l->draws;
    l->drawn = malloc(l->draws * sizeof *l->drawn);
    l->row = malloc(inputs * sizeof *l->row);
    l->output = malloc((outputs + WORD_KERNEL_ROWS) * sizeof *l->output);
    l->hidden = rows_new(1, tables->stride);
    l->score = malloc((window * outputs + WORD_KERNEL_ROWS) * sizeof *l->score);
    l->steps = malloc(window * outputs * sizeof *l->steps);
    l->move = rows_new(outputs, tables->stride);
    if (!l->kept || !l->drawn || !l->row || !l->output || !l->hidden || !l->score || !l->steps || !l->move)
        return no_memory(err);
    return 0;
}

void word_learner_close(struct word_learner *l)
{
    free(l->kept);
    free(l->drawn);
    free(l->row);
    free(l->output);
    free(l->hidden);
    free(l->score);
    free(l->steps);
    free(l->move);
    *l = (struct word_learner){0};
}

/* --- one word and its neighbours ------------------------------------------------------------------------------------
 */

/* What has been fetched stays, at the front. */
static void draw_more(struct word_learner *l)
{
    size_t left = l->draws - l->at;
    memmove(l->drawn, l->drawn + l->at, left * sizeof *l->drawn);
    for (size_t k = left; k < l->draws; k++)
        l->drawn[k] = word_text_draw(l->text, &l->dice);
    l->at = 0;
}

/* A word and its negatives, which were fetched a turn ago, and the next turn's are; the word itself is no negative.
 * Returns outputs. */
static size_t draw_outputs(struct word_learner *l, int32_t word)
{
    size_t negatives = l->text->words > 1 ? l->plan->negatives : 0;
    if (l->draws - l->at < 2 * negatives)
        draw_more(l);
    l->output[0] = output_row(l, word);
    for (size_t k = 0; k < negatives; k++, l->at++) {
        int32_t drawn = l->drawn[l->at];
        while (drawn == word)
            drawn = word_text_draw(l->text, &l->dice);
        l->output[k + 1] = output_row(l, drawn);
        fetch(l, output_row(l, l->drawn[l->at + negatives]));
    }
    return negatives + 1;
}

static void look(struct word_learner *l, size_t inputs, size_t outputs)
{
    for (size_t i = 0; i < inputs; i++)
        for (size_t j = 0; j < outputs; j++) {
            double score = (double)l->score[i * outputs + j];
            l->loss += log1p(exp(-fabs(score))) + fmax(j ? score : -score, 0);
        }
    l->pairs += (double)inputs;
}

/* One input vector against a word and its negatives, eight rows at a time. */
static void learn(struct word_learner *l, const float *input, float *move, size_t outputs)
{
    for (size_t k = 0; k < outputs; k += WORD_KERNEL_ROWS) {
        size_t rows = outputs - k < WORD_KERNEL_ROWS ? outputs - k : WORD_KERNEL_ROWS;
        l->kernels->learn(input, move, l->output + k, rows, k ? 0 : 1, l->rate, l->tables->width, l->score + k);
    }
}

/* The mean of some rows is the input; each moves as the mean should. */
static void learn_mean(struct word_learner *l, size_t rows, int32_t word, bool looks)
{
    size_t outputs = draw_outputs(l, word);
    l->kernels->mean(l->hidden, l->row, rows, l->tables->width);
    memset(l->move, 0, l->tables->width * sizeof *l->move);
    learn(l, l->hidden, l->move, outputs);
    l->kernels->spread(l->row, rows, l->move, l->tables->width);
    if (looks)
        look(l, 1, outputs);
}

/* The rows of a word, its own and its subwords', behind those that are there. */
static size_t add_rows(struct word_learner *l, size_t rows, int32_t word)
{
    if (!l->text->part_at) {
        l->row[rows++] = input_row(l, word);
        return rows;
    }
    for (size_t k = l->text->part_at[word]; k < l->text->part_at[word + 1]; k++)
        l->row[rows++] = input_row(l, l->text->part[k]);
    return rows;
}

static void skipgram(struct word_learner *l, size_t low, size_t high, bool looks)
{
    int32_t word = l->kept[l->next];
    for (size_t i = low; i < high; i++) {
        size_t rows, outputs;
        if (i == l->next)
            continue;
        rows = add_rows(l, 0, l->kept[i]);
        if (rows > 1) {
            learn_mean(l, rows, word, looks);
            continue;
        }
        outputs = draw_outputs(l, word);
        if (outputs > WORD_KERNEL_ROWS) { /* the input must not move before it has met all of them */
            memcpy(l->hidden, l->row[0], l->tables->width * sizeof *l->hidden);
            learn(l, l->hidden, l->row[0], outputs);
        } else {
            learn(l, l->row[0], l->row[0], outputs);
        }
        if (looks)
            look(l, 1, outputs);
    }
}

static void cbow(struct word_learner *l, size_t low, size_t high, bool looks)
{
    size_t rows = 0;
    for (size_t i = low; i < high; i++)
        if (i != l->next)
            rows = add_rows(l, rows, l->kept[i]);
    if (rows)
        learn_mean(l, rows, l->kept[l->next], looks);
}

static void batch_skipgram(struct word_learner *l, size_t low, size_t high, bool looks)
{
    struct word_batch b = {.input = l->row, .output = l->output, .score = l->score, .step = l->steps, .move = l->move};
    for (size_t i = low; i < high; i++) {
        if (i != l->next)
            l->row[b.inputs++] = input_row(l, l->kept[i]);
        if (b.inputs == l->plan->batch || (i + 1 == high && b.inputs)) {
            b.outputs = draw_outputs(l, l->kept[l->next]);
            l->kernels->learn_batch(&b, l->rate, l->tables->width);
            if (looks)
                look(l, b.inputs, b.outputs);
            b.inputs = 0;
        }
    }
}

/* Fetches what the next word brings: its output, and the input that enters the window; at the beginning all of them. */
static void fetch_next(const struct word_learner *l)
{
    size_t enters = l->next + l->plan->window + 1;
    for (size_t i = 0; l->next == 0 && i < enters && i < l->count; i++)
        fetch(l, input_row(l, l->kept[i]));
    if (l->next + 1 < l->count)
        fetch(l, output_row(l, l->kept[l->next + 1]));
    if (enters < l->count)
        fetch(l, input_row(l, l->kept[enters]));
}

static void learn_word(struct word_learner *l)
{
    static void (*const modes[])(struct word_learner *, size_t, size_t, bool) = {
        [WORD_SKIPGRAM] = skipgram, [WORD_CBOW] = cbow, [WORD_BATCH] = batch_skipgram};
    size_t reach = 1 + word_below((uint32_t)(word_roll(&l->dice) >> 32), l->plan->window);
    size_t low = l->next > reach ? l->next - reach : 0, high = l->next + reach + 1;
    fetch_next(l);
    modes[l->plan->mode](l, low, high < l->count ? high : l->count, l->turn++ % LOOK == 0);
    l->words++;
}

/* --- the walk -------------------------------------------------------------------------------------------------------
 */

void word_learner_begin(struct word_learner *l)
{
    const struct text *t = l->text->text;
    size_t low = 0, high = t->lines;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (t->start[middle] <= l->begin)
            low = middle;
        else
            high = middle;
    }
    l->token = l->begin;
    l->line = low;
    l->count = l->next = 0;
}

/* Reads on in the line: at most SPAN tokens. Has it ended? */
static bool read_on(struct word_learner *l)
{
    const struct text *t = l->text->text;
    size_t line_end = t->start[l->line + 1], end = line_end < l->end ? line_end : l->end;
    size_t stop = end - l->token < SPAN ? end : l->token + SPAN;
    l->done += (double)(stop - l->token);
    for (; l->token < stop; l->token++) {
        struct word_token w = l->text->token[t->token[l->token]];
        if (w.id >= 0 && (w.keep == UINT32_MAX || (uint32_t)(word_roll(&l->dice) >> 32) <= w.keep))
            l->kept[l->count++] = w.id;
    }
    l->line += l->token == line_end;
    return stop == end;
}

/* In a line that goes on, words whose neighbours have not been read wait. */
static void learn_kept(struct word_learner *l, bool ended)
{
    size_t window = l->plan->window, stop = ended ? l->count : l->count > window ? l->count - window : 0, gone;
    for (; l->next < stop; l->next++)
        learn_word(l);
    gone = ended ? l->count : l->next > window ? l->next - window : 0;
    memmove(l->kept, l->kept + gone, (l->count - gone) * sizeof *l->kept);
    l->count -= gone;
    l->next = ended ? 0 : l->next - gone;
}

void word_learner_run(struct word_learner *l, size_t tokens)
{
    size_t stop = l->end - l->token < tokens ? l->end : l->token + tokens;
    while (l->token < stop) {
        l->rate = (float)(l->plan->rate * fmax(1 - l->done / l->all, LEAST_RATE));
        learn_kept(l, read_on(l));
    }
}
