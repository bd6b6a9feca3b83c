/* Where columns are cut into bins. Bin k of a column holds the values x with value[k - 1] <= x < value[k] (of its own
 * thresholds), so "x < threshold k" and "bin <= k" say the same of every row, training's or not.
 *
 * A column of few distinct values gets a bin for each; others get bins of about equal weight. Weights are counted in
 * whole units and ranks put their counts together, so cuts do not depend on how rows are spread. What that costs: each
 * rank sends every column's distinct values once, 20 bytes each. */
#ifndef XGBOOST_CUTS_H
#define XGBOOST_CUTS_H

#include "engine/algo/xgboost/grower.h"

struct cut_column {
    size_t first;    /* of its thresholds in value[] */
    uint32_t bins;   /* thresholds + 1; 0: every value is missing */
    bool missing;    /* some row of some rank has no value */
    uint32_t common; /* the most frequent code; bins stands for missing */
    double share;    /* of rows that have it */
    float low, high; /* thresholds below and above every value */
};

struct cuts {
    size_t columns, thresholds;
    struct cut_column *column;
    float *value;
};

/* One column at a time of dense or sparse data. */
struct column_reader {
    const struct dataset *data;
    float *block; /* dense: CUTS_BLOCK columns written out */
    size_t block_first;
    size_t *start; /* sparse: by column */
    uint32_t *row;
    float *value;
};

struct column_view {
    const float *value;
    const uint32_t *row; /* NULL: entry i is of row i */
    size_t count;
};

int column_reader_open(struct column_reader *r, const struct dataset *data, struct error *err);
void column_reader_close(struct column_reader *r);
struct column_view column_reader_get(struct column_reader *r, size_t column);

/* `weights`: of each row, or NULL: all 1. `max_bin` 0: every distinct value is a bin, cut half-way between. */
int cuts_make(struct cuts *c, struct column_reader *reader, const float *weights, uint32_t max_bin, struct comm *comm,
              struct error *err);
void cuts_free(struct cuts *c);

/* The code of a value: its bin, or `bins` when it is missing. */
static inline uint32_t cuts_code(const struct cuts *c, const struct cut_column *column, float x)
{
    const float *value = c->value + column->first;
    uint32_t below = 0, left = column->bins;
    if (x != x)
        return column->bins;
    while (left > 1) { /* thresholds below .. below + left - 2 are open */
        uint32_t half = left / 2;
        below += value[below + half - 1] <= x ? half : 0;
        left -= half;
    }
    return below;
}

#endif
