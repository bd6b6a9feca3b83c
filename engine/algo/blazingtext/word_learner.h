/* One thread's walk over its share of the text, again and again: each word that is read meets its neighbours (of a
 * window whose width is drawn for each word), both tables move.
 *
 * All threads' learners move the same tables without waiting for each other; with one, everything is in order. A share
 * is a stretch of tokens; windows end with the line, and where a share ends. */
#ifndef BLAZINGTEXT_WORD_LEARNER_H
#define BLAZINGTEXT_WORD_LEARNER_H

#include "engine/algo/blazingtext/word_kernels.h"
#include "engine/algo/blazingtext/word_text.h"

/* Rows of `stride` numbers, a multiple of 16, at multiples of 64 bytes; behind `width` they are not read. */
struct word_tables {
    float *input, *output; /* words and buckets; words */
    size_t inputs, outputs, stride, width;
};

int word_tables_open(struct word_tables *t, size_t words, size_t buckets, size_t width, uint64_t seed,
                     struct error *err); /* inputs drawn from +-1 / width, outputs 0 */
void word_tables_close(struct word_tables *t);
/* Vectors of the first so many words: their rows, or with subwords the means of theirs. */
void word_tables_vectors(const struct word_tables *t, const struct word_text *text, size_t words, float *vectors,
                         size_t width);

struct word_learner {
    const struct word_plan *plan;
    const struct word_text *text;
    const struct word_tables *tables;
    const struct word_kernels *kernels;
    struct word_dice dice;
    size_t begin, end, token, line; /* its share; the next token and that one's line */
    int32_t *kept;                  /* words of the line that were read, with those before that are still neighbours */
    size_t count, next;             /* how many; the next to be learned */
    int32_t *drawn;                 /* negatives, many at a time */
    size_t draws, at;               /* how many; the next */
    size_t turn;
    float **row, **output;         /* of the inputs; of the word and its negatives */
    float *hidden, *score, *steps; /* width; inputs x outputs of a batch */
    float *move;                   /* width; outputs x width of a batch */
    float rate;
    double done, all;   /* tokens, over all epochs */
    double loss, pairs; /* since the caller last took them: of one word in 32 */
    uint64_t words;     /* learned so far */
};

/* Thread `part` of `parts`. */
int word_learner_open(struct word_learner *l, const struct word_plan *p, const struct word_text *text,
                      const struct word_tables *tables, uint64_t seed, int part, int parts, struct error *err);
void word_learner_close(struct word_learner *l);

void word_learner_begin(struct word_learner *l);              /* an epoch */
void word_learner_run(struct word_learner *l, size_t tokens); /* about so many more, or what is left of the share */

#endif
