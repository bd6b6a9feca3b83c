/* The best split of a node from its histogram (Chen and Guestrin 2016, sections 2.2 and 3.4).
 *
 * A cell packs the sums of gradients (upper half, signed) and of hessians (lower half) of its rows in fixed point, so
 * that one addition adds both. T is the soft threshold by alpha; w = -T(G) / (H + lambda). */
#ifndef XGBOOST_SPLIT_H
#define XGBOOST_SPLIT_H

#include "engine/algo/xgboost/bins.h"
#include "engine/algo/xgboost/grower.h"

#define SPLIT_SMALLEST 1e-6 /* a gain up to this is none */

static inline int32_t packed_g(uint64_t cell)
{
    return (int32_t)(cell >> 32);
}

static inline uint32_t packed_h(uint64_t cell)
{
    return (uint32_t)cell;
}

/* One unit of the fixed point. */
struct split_units {
    double g, h;
};

/* Where the weight of a node's descendants must lie, by the monotone constraints above it. */
struct split_bounds {
    double low, high;
};

struct split {
    double gain;          /* loss it takes off; 0: there is none */
    uint32_t column, bin; /* bins up to this one go left */
    bool default_left;
    uint64_t left, right; /* packed sums */
};

/* Weight of a leaf, before eta, and what the loss gains by it. */
double split_weight(const struct grow_settings *s, const struct split_bounds *bounds, double g, double h);
double split_gain(const struct grow_settings *s, const struct split_bounds *bounds, double g, double h);

/* Improves `best` by the splits of one column; `cells` are the column's, `total` the node's sum, `parent` its gain.
 * `scratch` has room for 3 * (cells + 1) doubles. */
void split_column(const struct grow_settings *s, const struct split_units *units, const struct bins_column *column,
                  uint32_t number, const uint64_t *cells, uint64_t total, double parent,
                  const struct split_bounds *bounds, double *scratch, struct split *best);

#endif
