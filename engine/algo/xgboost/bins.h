/* The training rows as bins, laid out for histograms: a row is a list of 16-bit cell numbers, and adding its gradient
 * to each of these cells adds it to all columns.
 *
 * Fewer cells than columns: columns of few bins share a cell number (their product), columns of which at most one is
 * ever out of its commonest bin share one too (their sum), and a column that nearly always holds one bin is listed
 * only where it does not. Exact all three: a column's own histogram is summed from the shared cells, the cell that is
 * left out is the rest of the node's total. Cells lie at their real counts and in blocks that fit the cache. */
#ifndef XGBOOST_BINS_H
#define XGBOOST_BINS_H

#include "engine/algo/xgboost/cuts.h"

enum { BINS_BLOCK_CELLS = 32768 }; /* 256 KiB of histogram */

enum bins_kind {
    BINS_PRODUCT, /* code = cell / stride % codes of its bundle */
    BINS_SHARED,  /* one byte for columns that exclude each other: cells of all codes but `skip` */
    BINS_LISTED   /* listed where the code is not `skip` */
};

struct bins_column {
    enum bins_kind kind;
    uint32_t bundle; /* of BINS_PRODUCT and BINS_SHARED */
    uint32_t bins, codes, skip, stride;
    size_t cell; /* first cell: of the bundle (PRODUCT) or its own (SHARED, LISTED) */
};

struct bins_bundle {
    size_t cell; /* where its cells begin */
    uint32_t cells, columns;
    size_t block, place; /* where its cell number stands in a row of that block */
};

struct bins_block {
    size_t cell, cells;
    uint32_t width;  /* cell numbers per row; 0: it varies and start tells */
    uint32_t *start; /* rows + 1 */
    uint16_t *list;
};

struct bins {
    struct cuts cuts;
    struct bins_column *column;
    struct bins_bundle *bundle;
    struct bins_block *block;
    uint8_t **codes; /* of dense data, by column: the code of each row; NULL for a column of more than 256 codes */
    size_t rows, columns, cells, bundles, blocks, bytes;
    size_t scratch;     /* cells that bins_marginal works in */
    size_t cells_a_row; /* mean, rounded up: what a row costs */
};

/* `weights` and max_bin as in cuts_make. Every rank gets the same layout. */
int bins_make(struct bins *b, const struct dataset *data, const float *weights, uint32_t max_bin, struct comm *comm,
              struct error *err);
void bins_free(struct bins *b);

/* The cell of a code of a SHARED or LISTED column, relative to its first; not for `skip`. */
static inline uint32_t bins_rank(const struct bins_column *c, uint32_t code)
{
    return code - (code > c->skip);
}

/* The codes of a column in the given rows: out[i] is set where go[code]. */
void bins_sides(const struct bins *b, size_t column, const uint32_t *rows, size_t n, const uint8_t *go, uint8_t *out);

/* The column's own histogram, of `codes` cells, from a node's; total is the node's own sum. */
void bins_marginal(const struct bins *b, size_t column, const uint64_t *cells, uint64_t total, uint64_t *out,
                   uint64_t *scratch);

#endif
