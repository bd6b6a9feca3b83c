/* Pairs in mini-batches, as the arrays that a network reads.
 *
 * With buckets the pairs of a batch have like lengths: bucket i takes those whose longer side (of source and target, by
 * the mean of their lengths) has at most i * width tokens and whose other side has at most that times the ratio of the
 * means. Within a bucket, chunks of POOL batches of pairs in random order are sorted by length before they are cut, so
 * little is padded; then the batches are put in random order. Without buckets pairs are batched in random order, and
 * every batch has as many steps as the longest pair of the data needs.
 *
 * A source is its tokens and </s>; a target begins with <s> where it is read, and ends with </s> where it is to be
 * said. Longer sides are cut. Arrays are time-major; -1 is padding, which has no vector and no loss. */
#ifndef SEQ2SEQ_BATCHES_H
#define SEQ2SEQ_BATCHES_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/data/pairs.h"

struct batches_settings {
    size_t batch_size, bucket_width;
    size_t max_source, max_target; /* tokens, without <s> and </s> */
    bool bucketing;
};

struct batches {
    const struct pairs *pairs;
    struct batches_settings settings;
    size_t count;                      /* batches of an epoch */
    size_t *begin;                     /* count + 1: places in `order` */
    uint32_t *order;                   /* of pairs */
    uint32_t *bucket;                  /* of each pair */
    size_t buckets;                    /* numbers above all of those */
    size_t source_steps, target_steps; /* without buckets: those of the longest pair; else 0 */
    uint32_t *batch_order;
    struct rng rng;
};

struct batch {
    size_t rows, source_steps, target_steps;
    size_t source_tokens, target_tokens; /* with </s> */
    size_t all_target_tokens;            /* of all ranks */
    const uint32_t *pair;                /* of each row */
    int32_t *source;                     /* source_steps x rows */
    int32_t *input, *output;             /* target_steps x rows: what the decoder reads, and is to say */
    int32_t *source_length, *target_length;
    int32_t *real;     /* target_tokens: places of `output` that are no padding, time-major */
    int32_t *real_row; /* the row of each of them */
    int32_t *said;     /* the token of each of them */
    void *block;
    uint32_t *own; /* pairs of this rank, where there are several */
    size_t room;
};

/* What the network cannot read is refused with a sentence that names the pair: an empty side, a token that is not in
 * its vocabulary (`sizes`: ids of each side), padding. */
int batches_check(const struct pairs *p, const size_t sizes[2], struct error *err);

/* In the order of lengths until they are shuffled. */
int batches_open(struct batches *b, const struct pairs *p, const struct batches_settings *s, uint64_t seed,
                 struct error *err);
void batches_close(struct batches *b);
int batches_shuffle(struct batches *b, struct error *err); /* a new epoch */

/* The part of this rank: every ranks-th row; rows may be 0. Longest targets first. */
int batches_fill(const struct batches *b, size_t index, int rank, int ranks, struct batch *out, struct error *err);
/* The same of any pairs, longest or not; `pair` must live as long as the batch. */
int batches_gather(struct batch *out, const struct batches *b, const uint32_t *pair, size_t rows, struct error *err);
void batches_forget(struct batch *b);

#endif
