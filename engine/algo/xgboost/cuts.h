/* Where a column's values are cut into bins. Bin k holds the values below limit[k] and not below limit[k - 1]; the last
 * limit lies above every value. With at most `most` different values each has a bin of its own and the limits are the
 * values themselves, as in XGBoost; with more, bins hold about the same weight. */
#ifndef XGBOOST_CUTS_H
#define XGBOOST_CUTS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/comm.h"

struct cuts {
    float *limit; /* rising; NULL when the column has no value at all */
    float least;  /* the smallest value */
    uint32_t bins;
};

/* A column's values and what each weighs (NULL: all 1); NaN are left out. */
struct cuts_column {
    const float *value;
    const float *weight;
    size_t count;
};

/* The same on every rank whatever its share: ranks exchange their different values, column by column. `most` 0: every
 * different value has its bin. */
int cuts_make(struct cuts *c, const struct cuts_column *column, uint32_t most, struct comm *comm, struct error *err);
void cuts_free(struct cuts *c);

/* The bin of a value that is not NaN. */
static inline uint32_t cuts_bin(const struct cuts *c, float value)
{
    uint32_t low = 0, count = c->bins;
    while (count > 1) {
        uint32_t half = count / 2;
        low += c->limit[low + half - 1] <= value ? half : 0;
        count -= half;
    }
    return low;
}

#endif
