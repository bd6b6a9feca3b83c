/* The training rows as small whole numbers: which bin of its column each value lies in.
 *
 * A column has a cell for each bin, and one more for missing values where it has any. Cells are counted from the start
 * of the histogram of all columns (`first`). Rows are kept in one of two ways, whichever makes histograms cheaper:
 *
 *   bundles  a byte for each bundle of columns. Columns with few cells share a byte: its value tells the cell of each
 * of them. Either every combination has a value, or (one-hot columns) at most one column is off its commonest cell in
 * any row. Columns with more than 256 cells are bundles of their own, four bytes wide. lists    of each row only the
 * cells that are not the column's commonest one, in blocks of columns whose histogram fits in the cache. What lies in
 * the commonest cell is the node's sum less the rest. */
#ifndef XGBOOST_BINS_H
#define XGBOOST_BINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/algo/xgboost/cuts.h"
#include "engine/comm.h"
#include "engine/data/dataset.h"

#define BINS_BYTE 256 /* values of a byte */

struct bins_column {
    struct cuts cuts;
    bool missing;    /* has a cell for missing values: the last */
    uint32_t cells;  /* bins + missing; 0: nothing known of it, never split */
    uint32_t first;  /* its cells among those of all columns */
    uint32_t common; /* lists: the cell that is left out */
    uint32_t bundle; /* bundles: which byte; lists: which block */
    uint8_t *map;    /* bundles: its cell by the byte's value; NULL for a wide one */
};

struct bins_bundle {
    uint32_t cells, first; /* in the histogram of a node */
    uint32_t *wide;        /* its cell in each row, or NULL: the byte */
    uint32_t byte;         /* which byte of a row */
    uint32_t *columns;     /* those in it */
    uint32_t count;
};

struct bins_block {
    size_t *start;       /* rows + 1 */
    uint32_t *cell;      /* rising in a row; counted from the first cell of all columns */
    uint32_t first, end; /* columns */
};

struct bins {
    size_t rows, columns;
    struct bins_column *column;
    uint32_t cells;     /* of all columns */
    uint32_t histogram; /* of a node: cells of all bundles (lists: of all columns), and the node's sum behind them */
    bool lists;
    uint8_t *bytes; /* rows x stride */
    size_t stride;
    struct bins_bundle *bundle;
    uint32_t bundles;
    struct bins_block *block;
    uint32_t blocks;
    size_t memory; /* bytes of all this */
};

/* `most` bins a column (0: a bin for every different value); `weight` of each row for quantiles, or NULL: the data's.
 */
int bins_make(struct bins *b, const struct dataset *d, uint32_t most, const float *weight, struct comm *comm,
              struct error *err);
void bins_free(struct bins *b);

/* The cell of a column in a row. */
uint32_t bins_cell(const struct bins *b, size_t row, uint32_t column);

#endif
