/* How good vectors of words are: rank correlation with what people say of pairs of words, and on made text the share of
 * near words that the generator planted in the same group. */
#ifndef BLAZINGTEXT_WORD_SCORE_H
#define BLAZINGTEXT_WORD_SCORE_H

#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/json.h"

#define WORD_SCORE_FILE "eval.json" /* as the service calls it */
#define WORD_SETS 24                /* files that are read */
#define WORD_PAIRS_LEAST 3          /* that a correlation is told of */
#define WORD_NEAREST 10             /* of precision */

/* A file of lines "word word score", split at tabs, blanks, commas or semicolons; lines without a number in the third
 * place are headings. */
struct word_set {
    char name[48];          /* of the file, without its ending */
    size_t pairs, compared; /* in the file; of which both words are known, in their spelling or in small letters */
    double rho;             /* Spearman's, of the cosines with the scores; NaN with too few pairs */
};

struct word_sets {
    struct word_set set[WORD_SETS];
    int count;
};

/* Each file of a folder. */
int word_sets_score(struct word_sets *sets, const char *folder, const struct word_model *m, struct error *err);
double word_sets_mean(const struct word_sets *sets); /* over those that have a correlation; NaN: none has */
void word_sets_put(const struct word_sets *sets, struct json *j);

/* Pearson's correlation of ranks, equal values sharing the middle of theirs; NaN where a side has one value only. -1:
 * no memory. */
int word_spearman(const double *a, const double *b, size_t count, double *rho);

/* Of each object with a group the share of its ten nearest, by cosine among those with a group, that have the same
 * one; the mean. NaN: fewer than two. `vectors` count x width. -1: no memory. */
int word_precision(const float *vectors, const int32_t *group, size_t count, size_t width, double *precision);

#endif
