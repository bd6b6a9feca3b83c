/* Sums of packed gradients by cell. Building is the inner loop of training: one addition for each row and bundle. */
#ifndef XGBOOST_HISTOGRAM_H
#define XGBOOST_HISTOGRAM_H

#include "engine/algo/xgboost/bins.h"

/* Writes the sums of `count` rows to `out` (bins->histogram cells: by bundle, or with lists by column without the
 * common cells; the last is the sum of all rows). */
void histogram_build(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t count, uint64_t *out);

/* Adds such sums to a histogram by column (bins->cells + 1). */
void histogram_expand(const struct bins *b, const uint64_t *local, uint64_t *columns);

/* Fills in the common cells of lists once all rows are in; nothing to do with bundles. */
void histogram_complete(const struct bins *b, uint64_t *columns);

#endif
