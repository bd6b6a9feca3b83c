/* The words that a model knows, by falling count (ties: as first seen), and its labels behind them in the same order.
 * Hashes are fastText's (Bojanowski et al. 2017; Joulin et al. 2017), so that files go both ways. */
#ifndef BLAZINGTEXT_DICTIONARY_H
#define BLAZINGTEXT_DICTIONARY_H

#include "engine/base/error.h"
#include "engine/data/text.h"

/* With labels the end of a line is a word too, as often as there are lines, as the reference program has it: such a
 * file of lines begins with this word, and each line's average and n-grams end with it. */
#define DICTIONARY_END "</s>"

struct dictionary {
    size_t words, labels; /* ids 0 .. words - 1, then labels */
    size_t *at;           /* words + labels + 1: spelling i is bytes[at[i]] .. bytes[at[i + 1] - 1] */
    char *bytes;
    uint64_t *count;   /* words + labels */
    uint64_t tokens;   /* of the text, labels not counted, dropped words counted (and with labels the ends of lines) */
    int32_t *group[2]; /* words; as of the text; or NULL */
    struct dictionary_index *index;
};

/* Words seen at least `least` times; with `labels` tokens that begin with the prefix are labels (all are kept), else
 * words like any other. -1: no memory, or no word is left (says to lower min_count). */
int dictionary_build(struct dictionary *d, const struct text *t, uint64_t least, bool labels, struct error *err);
/* From spellings and counts in their order, of a saved model. */
int dictionary_add(struct dictionary *d, const char *word, size_t len, uint64_t count, bool label); /* -1: no memory */
int dictionary_reserve(struct dictionary *d, size_t entries); /* an empty one for so many; -1: no memory */
void dictionary_free(struct dictionary *d);

int32_t dictionary_find(const struct dictionary *d, const char *word, size_t len); /* id; -1 */
const char *dictionary_spelling(const struct dictionary *d, int32_t id, size_t *len);
/* For each word id of the text its id here, -1: none. The caller frees; NULL: no memory. */
int32_t *dictionary_map(const struct dictionary *d, const struct text *t);

/* 32-bit FNV-1a over bytes as signed chars. */
uint32_t dictionary_hash(const char *word, size_t len);
/* The hash of the word n-gram that ends with a token of hash `next`, before: that of the n-gram without it. Sign
 * extended from 32 bits at each step; the bucket is the result modulo the number of buckets. */
static inline uint64_t dictionary_ngram(uint64_t before, uint32_t next)
{
    return before * 116049371u + (uint64_t)(int64_t)(int32_t)next;
}

/* Hashes of the character n-grams of "<word>" with `least` to `most` characters (UTF-8), without the lone marks; at
 * most `room` of them; how many. */
size_t dictionary_subwords(const char *word, size_t len, int least, int most, uint32_t *hash, size_t room);

#endif
