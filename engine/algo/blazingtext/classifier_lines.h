/* Lines of text as the classifier sees them: the numbers of its input rows (words, then word n-grams' buckets behind
 * all words) and of its labels. Made once, since splitting and hashing costs more than learning. */
#ifndef BLAZINGTEXT_CLASSIFIER_LINES_H
#define BLAZINGTEXT_CLASSIFIER_LINES_H

#include "engine/algo/blazingtext/buckets.h"
#include "engine/algo/blazingtext/dictionary.h"

struct classifier_lines {
    size_t lines;  /* those that can be learned from, or asked */
    size_t *start; /* lines + 1: rows of line i are row[start[i]] .. row[start[i + 1] - 1] */
    int32_t *row;
    size_t *label_start;                  /* lines + 1 */
    int32_t *label;                       /* 0 .. labels - 1 */
    size_t unlabelled, unknown, wordless; /* lines without a label, with none that is known, without a known word */
};

/* How lines become rows. */
struct classifier_words {
    const struct dictionary *dictionary;
    struct buckets *buckets; /* NULL: no n-grams */
    int ngrams;
};

/* To learn from: n-grams not seen before get a row, and lines that teach nothing are left out. -1: no memory. */
int classifier_lines_learn(struct classifier_lines *l, const struct text *t, const struct classifier_words *w);
/* To be asked: only what is known has a row; lines without a label are left out, others may have no row or no known
 * label. */
int classifier_lines_ask(struct classifier_lines *l, const struct text *t, const struct classifier_words *w);
void classifier_lines_free(struct classifier_lines *l);

static inline const int32_t *classifier_line(const struct classifier_lines *l, size_t i, size_t *rows)
{
    *rows = l->start[i + 1] - l->start[i];
    return l->row + l->start[i];
}

static inline const int32_t *classifier_line_labels(const struct classifier_lines *l, size_t i, size_t *labels)
{
    *labels = l->label_start[i + 1] - l->label_start[i];
    return l->label + l->label_start[i];
}

#endif
