/* Sums of packed gradients by bin. */
#ifndef XGBOOST_HISTOGRAM_H
#define XGBOOST_HISTOGRAM_H

#include "engine/algo/xgboost/bins.h"

/* cells[b->cells] = sums over rows[i] of packed[i]. `spare` holds b->cells more for each thread but the first. */
void histogram_build(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t n, uint64_t *cells,
                     uint64_t *spare, struct pool *pool);

/* whole -= part: what is left is the other child's. */
void histogram_subtract(uint64_t *whole, const uint64_t *part, size_t cells);

#endif
