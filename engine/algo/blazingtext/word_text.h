/* The training text as Word2Vec reads it: ids of the dictionary; how often each is read; from what negatives are drawn;
 * which rows a word's vector is the mean of.
 *
 * A word whose share f of the text is above the threshold t is read with probability sqrt(t / f) + t / f. Negatives are
 * drawn in proportion to a power of their counts (Mikolov et al. 2013). */
#ifndef BLAZINGTEXT_WORD_TEXT_H
#define BLAZINGTEXT_WORD_TEXT_H

#include "engine/algo/blazingtext/buckets.h"
#include "engine/algo/blazingtext/dictionary.h"
#include "engine/algo/blazingtext/word_plan.h"

#define WORD_NOISE_POWER 0.75

/* Random numbers that are cheap to draw (splitmix64). */
struct word_dice {
    uint64_t state;
};

static inline uint64_t word_roll(struct word_dice *d)
{
    uint64_t x = d->state += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* 0 .. n - 1, from 32 random bits. */
static inline size_t word_below(uint32_t bits, size_t n)
{
    return (size_t)(((uint64_t)bits * n) >> 32);
}

struct word_token {
    int32_t id;    /* -1: dropped */
    uint32_t keep; /* is read where 32 random bits are at most this */
};

struct word_noise { /* Walker's alias table: this word where 32 random bits are at most `keep`, else the other */
    uint32_t keep;
    int32_t other;
};

struct word_text {
    const struct text *text;
    size_t words;             /* of the dictionary */
    struct word_token *token; /* of each different token of the text */
    struct word_noise *noise; /* words */
    size_t *part_at;          /* with subwords: words + 1: word i is the mean of rows part[part_at[i]] .. */
    int32_t *part;            /* row i itself, then words + bucket rows */
    size_t most_parts;        /* of a word; 1 without subwords */
};

/* `buckets` is filled with the subwords' when the plan has them. */
int word_text_open(struct word_text *w, const struct text *t, const struct dictionary *d, const struct word_plan *p,
                   struct buckets *buckets, struct error *err);
void word_text_close(struct word_text *w); /* {0} is fine */

/* The chance that a word is read, by its share of the text. */
double word_text_kept(double share, double threshold);

static inline int32_t word_text_draw(const struct word_text *w, struct word_dice *dice)
{
    uint64_t roll = word_roll(dice);
    size_t at = word_below((uint32_t)(roll >> 32), w->words);
    uint32_t other = (uint32_t)w->noise[at].other, own = 0u - (uint32_t)((uint32_t)roll <= w->noise[at].keep);
    return (int32_t)(((uint32_t)at & own) | (other & ~own)); /* no branch: nobody could foresee it */
}

#endif
