/* Grows one tree on gradients (Chen and Guestrin 2016, sections 2 and 3). Leaf weight w = -T(G) / (H + lambda), T the
 * soft threshold by alpha, capped by max_delta_step. A split gains T(G)^2 / (H + lambda) of its two sides less that of
 * the node (XGBoost's measure: without the half). hist and approx split only what gains at least gamma; exact grows on
 * and takes back afterwards, from the leaves up, what gained less.
 *
 *     struct grower *g = grower_new(&settings, &data, comm, pool, &err);     sorts, sketches, bins: once
 *     for each tree: grower_grow(g, gradients, number, &tree, &err); grower_add(g, margin + class, outputs);
 *     grower_free(g);
 *
 * Gradients are rounded to fixed point before they are summed (unbiased: by a hash of the row's number), so a
 * histogram is a sum of whole numbers: the same for every number of threads and ranks, in any order, on any device.
 * What a sparse dataset leaves out is missing, as NaN is in a dense one. */
#ifndef XGBOOST_GROWER_H
#define XGBOOST_GROWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/algo/xgboost/tree.h"
#include "engine/base/error.h"
#include "engine/base/pool.h"
#include "engine/comm.h"
#include "engine/data/dataset.h"

struct gpu;

enum grow_method { GROW_EXACT, GROW_APPROX, GROW_HIST };

struct gradient {
    float g, h; /* first and second derivative of the row's loss, its weight included */
};

struct grow_settings {
    enum grow_method method;
    bool lossguide;                     /* best split first, else level by level */
    int max_depth, max_leaves, max_bin; /* 0: no limit (of the first two) */
    double sketch_eps;                  /* approx: about 1 / eps bins */
    double eta, lambda, alpha, gamma, min_child_weight, max_delta_step;
    double subsample;
    bool sample_by_gradient; /* rows of large gradients are likelier */
    double colsample_bytree, colsample_bylevel, colsample_bynode;
    const signed char *monotone; /* per column: -1, 0, 1; NULL: none */
    const uint64_t *allowed;     /* interactions: see grow_groups; NULL: any */
    size_t allowed_groups;
    const struct gpu *gpu; /* adds up and moves rows; NULL: the processor does */
    uint64_t seed;
};

/* `allowed` is a bit matrix: group g may hold column c when bit c % 64 of allowed[g * grow_words(columns) + c / 64] is
 * set. Along a path only columns may be used that share a group with all used so far; a column of no group stands
 * alone. */
static inline size_t grow_words(size_t columns)
{
    return (columns + 63) / 64;
}

struct grower;

/* The data, which must live as long as the grower, are this rank's share; `first_row` is its first row's number among
 * all ranks' rows. comm and pool may be NULL. Cuts are made from every rank's distinct values (cuts.h tells what that
 * costs); exact is refused with several ranks. Rows of all ranks: at most 2^24, so that sums stay exact. */
struct grower *grower_new(const struct grow_settings *s, const struct dataset *data, uint64_t first_row,
                          struct comm *comm, struct pool *pool, struct error *err);
void grower_free(struct grower *g);

/* `gradients` has one entry per row (a hessian below 0 counts as 0; what is not finite is refused); `number` counts
 * trees from 0 and decides what is sampled. `out` is initialised. */
int grower_grow(struct grower *g, const struct gradient *gradients, uint64_t number, struct tree *out,
                struct error *err);

/* margin[row * stride] += value of the leaf where the last grown tree puts the row, also rows that were not sampled. */
void grower_add(const struct grower *g, float *margin, size_t stride);

/* How many bytes of binned data and histograms there are, for the end event. */
size_t grower_bytes(const struct grower *g);

#endif
