/* The rows of a tree, kept together by node: a node has a stretch of row numbers and, beside each, its packed gradient.
 * Splitting moves a stretch from one of two buffers to the same place in the other, left rows from its front, right
 * rows from its back; numbers stay monotone, so rows are read in the order of memory. */
#ifndef XGBOOST_PARTITION_H
#define XGBOOST_PARTITION_H

#include "engine/algo/xgboost/bins.h"
#include "engine/algo/xgboost/fixed.h"

struct partition {
    size_t rows;
    uint32_t *row[2];
    uint64_t *packed[2];
    uint8_t *side;    /* of a stretch: 1 is left */
    int32_t *node_of; /* of each row; -1: not in the tree */
    size_t bytes;
};

struct stretch {
    size_t begin, end;
    int buffer;
};

struct fine_sums {
    int64_t g, h;
};

int partition_init(struct partition *p, size_t rows);
void partition_free(struct partition *p);

/* Finds the side of every row of the stretch: left when go[code] is 1. How many go left. */
size_t partition_sides(struct partition *p, const struct bins *b, size_t column, const uint8_t *go, struct stretch s,
                       struct pool *pool);
void partition_split(struct partition *p, struct stretch s, size_t lefts, struct stretch *left, struct stretch *right,
                     struct pool *pool);

/* The rows of the stretch end in node; with sides, in `left` and `right`. Adds up their gradients. */
void partition_settle(struct partition *p, struct stretch s, bool sides, int left, int right,
                      const struct gradient *gradients, const struct fixed *f, struct fine_sums *of_left,
                      struct fine_sums *of_right, struct pool *pool);

#endif
