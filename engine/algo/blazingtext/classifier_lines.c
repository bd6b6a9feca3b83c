#include "engine/algo/blazingtext/classifier_lines.h"

#include <stdlib.h>
#include <string.h>

/* A different token of the text. */
struct token {
    uint32_t hash;
    int32_t row;   /* -1: not known */
    int32_t label; /* -1: none that is known */
    bool is_label;
};

struct maker {
    struct classifier_lines *lines;
    const struct text *text;
    const struct classifier_words *words;
    struct token *token;
    struct token end;
    uint32_t *hash; /* of the open line's words */
    bool learn;
    size_t rows, labels;
};

static struct token look_up(const struct maker *m, const char *word, size_t len)
{
    const struct dictionary *d = m->words->dictionary;
    int32_t id = dictionary_find(d, word, len), words = (int32_t)d->words;
    return (struct token){.hash = dictionary_hash(word, len),
                          .row = id < words ? id : -1,
                          .label = id >= words ? id - words : -1,
                          .is_label = id >= words || (id < 0 && text_label(word, len))};
}

static int look_up_all(struct maker *m)
{
    m->token = malloc((m->text->words + 1) * sizeof *m->token);
    for (size_t i = 0; m->token && i < m->text->words; i++) {
        size_t len;
        const char *word = text_word(m->text, (int32_t)i, &len);
        m->token[i] = look_up(m, word, len);
    }
    m->end = look_up(m, DICTIONARY_END, sizeof DICTIONARY_END - 1);
    return m->token ? 0 : -1;
}

/* The most rows that lines can have, and the longest line; -1 when there is no such number. */
static int count_rows(const struct maker *m, size_t *most, size_t *longest)
{
    size_t ngrams = m->words->buckets ? (size_t)m->words->ngrams : 1;
    *most = *longest = 0;
    for (size_t i = 0; i < m->text->lines; i++) {
        size_t words = m->text->start[i + 1] - m->text->start[i] + 1, orders = ngrams < words ? ngrams : words, rows;
        /* of each order 1 .. orders: words - order + 1 */
        if (__builtin_mul_overflow(2 * words - orders + 1, orders, &rows) ||
            __builtin_add_overflow(*most, rows / 2, most))
            return -1;
        *longest = words > *longest ? words : *longest;
    }
    return 0;
}

static int open_lines(struct maker *m)
{
    struct classifier_lines *l = m->lines;
    size_t most, longest, lines = m->text->lines;
    if (count_rows(m, &most, &longest) < 0)
        return -1;
    l->start = calloc(lines + 1, sizeof *l->start);
    l->row = reallocarray(NULL, most + 1, sizeof *l->row);
    l->label_start = calloc(lines + 1, sizeof *l->label_start);
    l->label = reallocarray(NULL, lines ? m->text->start[lines] + 1 : 1, sizeof *l->label);
    m->hash = malloc((longest + 1) * sizeof *m->hash);
    return l->start && l->row && l->label_start && l->label && m->hash ? 0 : -1;
}

static void add_word(struct maker *m, const struct token *t, size_t *words)
{
    m->hash[(*words)++] = t->hash;
    if (t->row >= 0)
        m->lines->row[m->rows++] = t->row;
}

/* The line's n-grams as buckets, for which the memory is asked at once; then their rows in the same places. */
static int add_ngrams(struct maker *m, size_t words)
{
    struct buckets *b = m->words->buckets;
    int32_t first = (int32_t)m->words->dictionary->words, *row = m->lines->row;
    size_t begin = m->rows, end = begin;
    for (size_t i = 0; i < words; i++) {
        uint64_t h = (uint64_t)(int64_t)(int32_t)m->hash[i];
        for (size_t j = i + 1; j < words && j < i + (size_t)m->words->ngrams; j++) {
            h = dictionary_ngram(h, m->hash[j]);
            row[end] = (int32_t)(h % b->all);
            buckets_fetch(b, (uint32_t)row[end++]);
        }
    }
    for (size_t i = begin; i < end; i++) {
        int32_t found = m->learn ? buckets_add(b, (uint32_t)row[i]) : buckets_find(b, (uint32_t)row[i]);
        if (found >= 0)
            row[m->rows++] = first + found;
        else if (m->learn)
            return -1;
    }
    return 0;
}

/* Is the line of use, which has `labels` tokens that are labels? Otherwise it is counted. */
static bool useful(struct maker *m, size_t labels, size_t known, size_t rows)
{
    struct classifier_lines *l = m->lines;
    l->unlabelled += labels == 0;
    l->unknown += labels > 0 && known == 0;
    l->wordless += rows == 0;
    return labels > 0 && (!m->learn || (known > 0 && rows > 0));
}

static int add_line(struct maker *m, size_t line)
{
    struct classifier_lines *l = m->lines;
    size_t count, words = 0, labels = 0, rows_before = m->rows, labels_before = m->labels;
    const int32_t *id = text_line(m->text, line, &count);
    for (size_t i = 0; i < count; i++) {
        const struct token *t = &m->token[id[i]];
        if (!t->is_label)
            add_word(m, t, &words);
        else if (t->label >= 0)
            l->label[m->labels++] = t->label;
        labels += t->is_label;
    }
    add_word(m, &m->end, &words);
    if (m->words->buckets && add_ngrams(m, words) < 0)
        return -1;
    if (!useful(m, labels, m->labels - labels_before, m->rows - rows_before)) {
        m->rows = rows_before;
        m->labels = labels_before;
        return 0;
    }
    l->start[++l->lines] = m->rows;
    l->label_start[l->lines] = m->labels;
    return 0;
}

/* Gives back what was taken for the worst case. */
static void shrink(struct maker *m)
{
    int32_t *row = reallocarray(m->lines->row, m->rows + 1, sizeof *row);
    int32_t *label = reallocarray(m->lines->label, m->labels + 1, sizeof *label);
    if (row)
        m->lines->row = row;
    if (label)
        m->lines->label = label;
}

static int make(struct maker *m)
{
    int status = look_up_all(m) < 0 || open_lines(m) < 0 ? -1 : 0;
    for (size_t i = 0; status == 0 && i < m->text->lines; i++)
        status = add_line(m, i);
    if (status == 0)
        shrink(m);
    else
        classifier_lines_free(m->lines);
    free(m->token);
    free(m->hash);
    return status;
}

int classifier_lines_learn(struct classifier_lines *l, const struct text *t, const struct classifier_words *w)
{
    *l = (struct classifier_lines){0};
    return make(&(struct maker){.lines = l, .text = t, .words = w, .learn = true});
}

int classifier_lines_ask(struct classifier_lines *l, const struct text *t, const struct classifier_words *w)
{
    *l = (struct classifier_lines){0};
    return make(&(struct maker){.lines = l, .text = t, .words = w, .learn = false});
}

void classifier_lines_free(struct classifier_lines *l)
{
    free(l->start);
    free(l->row);
    free(l->label_start);
    free(l->label);
    *l = (struct classifier_lines){0};
}
