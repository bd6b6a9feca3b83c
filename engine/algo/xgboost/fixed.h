/* Gradients as whole numbers. A pair becomes one 64-bit number, g in the upper 32 bits (signed), h in the lower 32, so
 * that one addition sums both; the scale is such that neither half overflows over all rows of all ranks. Rounding is
 * up or down by a hash of row and tree, so it is unbiased and the same however rows are spread.
 *
 * Leaves are weighed from finer sums (2^-30 of the largest gradient) of the same kind: FIXED_FINE. */
#ifndef XGBOOST_FIXED_H
#define XGBOOST_FIXED_H

#include "engine/algo/xgboost/grower.h"

enum { FIXED_ROWS_MAX = 1 << 24 }; /* above, fewer than seven bits would be left to the mean gradient */

struct fixed {
    double g, h;           /* a unit of the halves of a packed number */
    double fine_g, fine_h; /* a unit of fine sums */
    float to_fine_g, to_fine_h;
};

/* Packs this rank's gradients and says the units. Every rank must call it. */
int fixed_pack(struct fixed *f, const struct gradient *gradients, size_t rows, uint64_t first_row, uint64_t tree,
               uint64_t *packed, struct comm *comm, struct pool *pool, struct error *err);

static inline double fixed_g(const struct fixed *f, uint64_t packed)
{
    return f->g * (int32_t)(packed >> 32);
}

static inline double fixed_h(const struct fixed *f, uint64_t packed)
{
    return f->h * (int32_t)(packed & 0xFFFFFFFFu);
}

#endif
