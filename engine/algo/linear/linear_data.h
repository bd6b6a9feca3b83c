/* Linear Learner's view of its data: are the labels right, what does a row weigh, the training rows in random order,
 * and batches.
 *
 * Gathering single rows at random costs more than training on them: each is a miss of the cache and of the page table.
 * So the training rows are normalised and put into random order once, and an epoch goes through short blocks of them in
 * a new random order. A batch holds at least LINEAR_BLOCKS blocks and is contiguous: one matrix product does all.
 *
 * Rows with few entries stay sparse: then a batch is a list of rows of the data, raw, and the model does the scaling.
 *
 * Order and batches are those of the rows of all ranks; each rank holds and hands out the part of them that it has. */
#ifndef ALGO_LINEAR_DATA_H
#define ALGO_LINEAR_DATA_H

#include "engine/algo/algorithm.h"
#include "engine/base/rng.h"
#include "engine/data/normalise.h"

/* Labels of a classifier are whole numbers 0 .. classes-1; classes 0: any finite number will do. */
int linear_check_labels(const struct dataset *d, size_t classes, const char *channel, struct error *err);

/* Weight of a row by its class, or NULL in `*weights` when all are 1. `counts`: of the training rows, per class. The
 * caller frees. */
int linear_class_weights(const struct settings *s, const int64_t *counts, size_t classes, float **weights,
                         struct error *err);

/* Are so few entries there that the rows are better left sparse? */
bool linear_is_sparse(const struct dataset *d);

struct linear_batch {
    size_t capacity, rows;
    float *x;                     /* rows x columns, normalised; not of sparse rows */
    const struct dataset *source; /* sparse: whose rows these are; else NULL */
    uint32_t *row;                /* sparse: which */
    float *y;                     /* rows, as the model sees them: (label - shift) / scale */
    float *weight;                /* rows; NULL when every row weighs 1 */
    float *score, *gradient;      /* rows x width */
    float *cells;                 /* one row, while it is written out */
};

/* Where rows come from and what happens to them on the way. */
struct linear_source {
    const struct dataset *data;
    const struct normaliser *normaliser;
    double label_shift, label_scale;
    const float *class_weight; /* or NULL */
};

/* `dense`: some rows will be. -1 when out of memory. */
int linear_batch_init(struct linear_batch *b, size_t capacity, size_t columns, size_t width, bool dense, bool weighted);
void linear_batch_free(struct linear_batch *b);
void linear_batch_load(struct linear_batch *b, const struct linear_source *from, size_t first, size_t count);
double linear_batch_weight(const struct linear_batch *b); /* sum of the rows' weights */

#define LINEAR_BLOCKS 16        /* of a batch, at least */
#define LINEAR_BLOCK_BYTES 1024 /* of a block, about: long enough to be read at the memory's speed */

/* Of all rows of all ranks, those of `source` begin at `first`. */
struct linear_share {
    uint64_t first, all;
};

struct linear_shuffle {
    size_t rows, columns, block_rows, blocks; /* rows: of all ranks */
    const struct dataset *source;             /* sparse rows stay there; else NULL */
    float *x, *y, *weight;                    /* as in a batch, this rank's rows in random order */
    uint32_t *row;                            /* sparse: which row of the source */
    uint32_t *before;                         /* [rows + 1]: how many rows of this rank come before; NULL: all are */
    uint32_t *order;                          /* of blocks */
    size_t block, within;                     /* where the next row comes from: place in `order`, row of that block */
};

/* -1 when out of memory. */
int linear_shuffle_init(struct linear_shuffle *s, const struct linear_source *from, struct linear_share share,
                        size_t batch_rows, bool weighted, struct rng *r);
void linear_shuffle_free(struct linear_shuffle *s);
void linear_shuffle_again(struct linear_shuffle *s, struct rng *r); /* starts an epoch */
/* The next `count` rows of the epoch; fewer at its end, 0 after it. The batch gets those of this rank. */
size_t linear_shuffle_next(struct linear_shuffle *s, struct linear_batch *b, size_t count);

#endif
