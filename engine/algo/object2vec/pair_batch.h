/* Pairs in the order of an epoch, and mini-batches of them as the arrays of ids that the encoders take.
 *
 *     pair_epoch_open(&e, pairs, &design, seed, &err);
 *     for each epoch: pair_epoch_draw(&e);                    negatives, order and mini-batches anew
 *         for each batch b < e.batches:
 *             range = pair_epoch_batch(&e, b);                e.entry[range.begin .. range.end - 1]
 *             pair_sequences_fill(&s[0], ...);
 *
 * A negative is made of a pair whose label is above 0: its in0 with the in1 of another pair, drawn anew until it is no
 * positive pair that was given (at most PAIR_DRAWS times), label 0. Same pairs, seed and epoch, same order. */
#ifndef OBJECT2VEC_PAIR_BATCH_H
#define OBJECT2VEC_PAIR_BATCH_H

#include "engine/algo/object2vec/pair_design.h"
#include "engine/base/rng.h"
#include "engine/data/pairs.h"

#define PAIR_DRAWS 16

struct pair_entry {
    uint32_t pair[2]; /* whose in0, whose in1 */
    float label;
};

struct pair_range {
    size_t begin, end;
};

struct pair_epoch {
    const struct pairs *pairs;
    struct pair_entry *entry, *spare; /* count each */
    size_t count;                     /* with the negatives */
    size_t *cut;                      /* batches + 1: where each begins */
    uint32_t *order;                  /* batches: which comes when; room for count */
    size_t batches;
    size_t batch, negatives, bucket_width, longest[2];
    uint64_t *known; /* hashes of the positive pairs, open addressing; 0: free. NULL without negatives */
    size_t slots;    /* a power of 2 */
    struct rng rng;
};

int pair_epoch_open(struct pair_epoch *e, const struct pairs *p, const struct pair_design *d, uint64_t seed,
                    struct error *err);
void pair_epoch_close(struct pair_epoch *e); /* {0} is fine */
void pair_epoch_draw(struct pair_epoch *e);
struct pair_range pair_epoch_batch(const struct pair_epoch *e, size_t b);

/* Sequences of one side, laid out as the side's encoder takes them, so that no product is spent on padding or twice on
 * a token. */
struct pair_sequences {
    size_t rows, steps;    /* steps: of the longest */
    int32_t *packed;       /* tokens one after the other */
    int32_t *start;        /* rows + 1, in packed */
    int32_t *length;       /* rows */
    int32_t *line, *alive; /* hcnn: tokens with `gap` empty places (-1) behind each row; where a place is filled its
                              number, else -1 */
    size_t lined;          /* places of the line */
    int32_t *distinct, *number; /* bilstm: each token once; of each token of the vocabulary its place there, else -1 */
    size_t different;           /* how many */
    int32_t *place;             /* hcnn, bilstm: steps x rows: where in line or distinct; -1 beyond a row's length */
    size_t room, gap;           /* rows; places */
    enum pair_network network;
};

/* Room for any `rows` sequences of at most `longest` tokens. */
int pair_sequences_open(struct pair_sequences *s, const struct pair_side *side, size_t rows, size_t longest,
                        struct error *err);
void pair_sequences_close(struct pair_sequences *s); /* {0} is fine */
void pair_sequences_begin(struct pair_sequences *s);
void pair_sequences_add(struct pair_sequences *s, const int32_t *token, size_t count); /* cut by the caller */
void pair_sequences_end(struct pair_sequences *s);                                     /* lays them out */

/* What the network cannot take: ids beyond the vocabulary, empty sequences, labels that are no class. `part` names the
 * channel. Counts in *cut the sequences that are longer than they may be. */
int pair_check(const struct pairs *p, const struct pair_design *d, const char *part, size_t *cut, struct error *err);

/* How many steps the longest sequence of this side has once cut. */
size_t pair_longest(const struct pairs *p, int side, size_t limit);

#endif
