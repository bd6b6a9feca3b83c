/* Word2Vec's settings as numbers. */
#ifndef BLAZINGTEXT_WORD_PLAN_H
#define BLAZINGTEXT_WORD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/algo/algorithm.h"

enum word_mode { WORD_SKIPGRAM, WORD_CBOW, WORD_BATCH };

struct word_plan {
    enum word_mode mode;
    const char *mode_name;
    size_t width, window, negatives, batch;
    long epochs;
    uint64_t least; /* min_count */
    double rate, sampling;
    bool subwords, evaluation, deterministic;
    int min_char, max_char;
    uint32_t buckets;
};

/* -1 and a sentence where settings do not go together. */
int word_plan_read(struct word_plan *p, const struct settings *s, struct error *err);

#endif
