#include "engine/algo/blazingtext/word_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"
#include "engine/base/str.h"

void word_model_free(struct word_model *m)
{
    word_file_close(m->file);
    dictionary_free(&m->dictionary);
    buckets_free(&m->buckets);
    free(m->vectors);
    free(m->labels);
    *m = (struct word_model){0};
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

/* Takes an input row of a word or line; NULL: a bucket that was never seen, all zeros. `first` to `last` are the tokens
 * that it stands for. */
typedef int row_take(void *context, const float *row, size_t first, size_t last);

/* The input row `number`, in `room` where it comes from a file. */
static const float *row_of(const struct word_model *m, uint64_t number, float *room)
{
    if (!m->file)
        return m->vectors + number * m->width;
    word_file_row(m->file, number, room);
    return room;
}

static const float *bucket_row(const struct word_model *m, uint32_t bucket, float *room)
{
    bool direct = m->file && !m->file->seen;
    int32_t seen = direct ? 0 : buckets_find(&m->buckets, bucket);
    return seen < 0 ? NULL : row_of(m, m->dictionary.words + (direct ? bucket : (uint64_t)seen), room);
}

static bool is_end(const char *word, size_t len)
{
    return len == sizeof DICTIONARY_END - 1 && memcmp(word, DICTIONARY_END, len) == 0;
}

/* The rows of one word: its own where it is known (id >= 0), then its subwords'. */
static int take_word(const struct word_model *m, const char *word, size_t len, int32_t id, size_t token, float *room,
                     row_take *take, void *context)
{
    size_t most = m->max_char < (int)len + 2 ? (size_t)m->max_char : len + 2, count;
    uint32_t *hash;
    int status = id < 0 ? 0 : take(context, row_of(m, (uint64_t)id, room), token, token);
    if (status < 0 || m->max_char == 0 || m->buckets.all == 0 || is_end(word, len))
        return status;
    hash = malloc((len + 2) * most * sizeof *hash);
    if (!hash)
        return -1;
    count = dictionary_subwords(word, len, m->min_char, m->max_char, hash, (len + 2) * most);
    for (size_t i = 0; i < count && status == 0; i++)
        status = take(context, bucket_row(m, hash[i] % m->buckets.all, room), token, token);
    free(hash);
    return status;
}

/* Adds rows up. */
struct total {
    float *sum;
    size_t width, count;
};

static int add_row(void *context, const float *row, size_t first, size_t last)
{
    struct total *t = context;
    (void)first, (void)last;
    t->count++;
    for (size_t i = 0; row && i < t->width; i++)
        t->sum[i] += row[i];
    return 0;
}

static void average(struct total *t)
{
    for (size_t i = 0; t->count && i < t->width; i++)
        t->sum[i] *= 1.0f / (float)t->count;
}

bool word_model_vector(const struct word_model *m, const char *word, size_t len, float *vector)
{
    struct total t = {.sum = vector, .width = m->width};
    int32_t id = dictionary_find(&m->dictionary, word, len);
    float *room = malloc((m->width + 1) * sizeof *room);
    memset(vector, 0, m->width * sizeof *vector);
    if (id >= (int32_t)m->dictionary.words)
        id = -1;
    if (!room || len > TEXT_WORD_MAX || take_word(m, word, len, id, 0, room, add_row, &t) < 0)
        t.count = 0;
    free(room);
    average(&t);
    for (size_t i = 0; id < 0 && i < m->width; i++)
        if (vector[i] != 0)
            return true;
    return t.count > 0 && id >= 0;
}

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

struct token {
    const char *word;
    size_t len;
    uint32_t hash;
    int32_t id; /* -1: unknown */
};

static bool separates(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

/* The words of a line, without its labels, and the end of the line; the caller frees. NULL: no memory. */
static struct token *split(const struct word_model *m, const char *line, size_t len, size_t *count)
{
    const struct dictionary *d = &m->dictionary;
    struct token *tokens = malloc((len / 2 + 2) * sizeof *tokens);
    const char *end = line + len;
    *count = 0;
    while (tokens && line < end) {
        const char *word = line;
        size_t letters;
        int32_t id;
        while (line < end && !separates(*line))
            line++;
        letters = (size_t)(line - word);
        line += line < end;
        id = letters ? dictionary_find(d, word, letters) : -1;
        if (!letters || id >= (int32_t)d->words || (id < 0 && text_label(word, letters)))
            continue;
        tokens[(*count)++] = (struct token){word, letters, dictionary_hash(word, letters), id};
    }
    if (tokens)
        tokens[(*count)++] = (struct token){DICTIONARY_END, sizeof DICTIONARY_END - 1,
                                            dictionary_hash(DICTIONARY_END, sizeof DICTIONARY_END - 1),
                                            dictionary_find(d, DICTIONARY_END, sizeof DICTIONARY_END - 1)};
    return tokens;
}

static int take_ngrams(const struct word_model *m, const struct token *tokens, size_t count, float *room,
                       row_take *take, void *context)
{
    int status = 0;
    for (size_t i = 0; i < count && m->word_ngrams > 1 && m->buckets.all > 0; i++) {
        uint64_t h = (uint64_t)(int64_t)(int32_t)tokens[i].hash;
        for (size_t j = i + 1; j < count && j < i + (size_t)m->word_ngrams && status == 0; j++) {
            h = dictionary_ngram(h, tokens[j].hash);
            status = take(context, bucket_row(m, (uint32_t)(h % m->buckets.all), room), i, j);
        }
    }
    return status;
}

/* Hands on all rows of a line. -1: no memory. */
static int take_line(const struct word_model *m, const struct token *tokens, size_t count, row_take *take,
                     void *context)
{
    float *room = malloc((m->width + 1) * sizeof *room);
    int status = room ? 0 : -1;
    for (size_t i = 0; i < count && status == 0; i++)
        status = take_word(m, tokens[i].word, tokens[i].len, tokens[i].id, i, room, take, context);
    if (status == 0)
        status = take_ngrams(m, tokens, count, room, take, context);
    free(room);
    return status;
}

static float product(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void softmax(float *scores, size_t n)
{
    float largest = scores[0];
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        largest = fmaxf(largest, scores[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(scores[i] - largest));
    for (size_t i = 0; i < n; i++)
        scores[i] = (float)(exp((double)(scores[i] - largest)) / sum);
}

int word_model_classify(const struct word_model *m, const char *line, size_t len, float *probability)
{
    struct total t = {.sum = calloc(m->width + 1, sizeof(float)), .width = m->width};
    size_t count, labels = m->dictionary.labels;
    struct token *tokens = split(m, line, len, &count);
    int status = tokens && t.sum ? take_line(m, tokens, count, add_row, &t) : -1;
    if (status == 0) {
        average(&t);
        for (size_t i = 0; i < labels; i++)
            probability[i] = product(t.sum, m->labels + i * m->width, m->width);
        softmax(probability, labels);
    }
    free(tokens);
    free(t.sum);
    return status;
}

/* --- pieces ---------------------------------------------------------------------------------------------------------
 */

struct gathering {
    const struct word_model *m;
    const struct token *tokens;
    struct word_piece *pieces;
    size_t count, room, rows; /* rows: of the line, zeros too */
};

static char *spell(const struct token *tokens, size_t first, size_t last)
{
    struct str text = {0};
    for (size_t i = first; i <= last; i++) {
        if (i > first)
            str_putc(&text, ' ');
        str_append(&text, tokens[i].word, tokens[i].len);
    }
    return str_take(&text);
}

static int take_piece(void *context, const float *row, size_t first, size_t last)
{
    struct gathering *g = context;
    size_t labels = g->m->dictionary.labels;
    struct word_piece *p;
    g->rows++;
    if (!row)
        return 0;
    p = array_room(g->pieces, &g->room, g->count + 1, sizeof *p);
    if (!p)
        return -1;
    g->pieces = p;
    p = &g->pieces[g->count++];
    *p = (struct word_piece){spell(g->tokens, first, last), malloc((labels + 1) * sizeof *p->share)};
    if (!p->text || !p->share)
        return -1;
    for (size_t i = 0; i < labels; i++)
        p->share[i] = product(row, g->m->labels + i * g->m->width, g->m->width);
    return 0;
}

int word_model_pieces(const struct word_model *m, const char *line, size_t len, struct word_piece **pieces,
                      size_t *count)
{
    size_t tokens_count;
    struct token *tokens = split(m, line, len, &tokens_count);
    struct gathering g = {.m = m, .tokens = tokens};
    int status = tokens ? take_line(m, tokens, tokens_count, take_piece, &g) : -1;
    for (size_t k = 0; k < g.count && status == 0; k++)
        for (size_t i = 0; i < m->dictionary.labels; i++)
            g.pieces[k].share[i] /= (float)g.rows;
    free(tokens);
    *pieces = g.pieces;
    *count = g.count;
    return status;
}

void word_pieces_free(struct word_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pieces[i].text);
        free(pieces[i].share);
    }
    free(pieces);
}
