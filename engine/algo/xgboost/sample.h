/* Which rows and columns a tree, a level and a node may use. The same seed and number always give the same. */
#ifndef XGBOOST_SAMPLE_H
#define XGBOOST_SAMPLE_H

#include "engine/algo/xgboost/grower.h"

/* Columns: to[0 .. result - 1] is a random share of from[0 .. n - 1], at least one, in the old order. */
size_t sample_columns(const uint32_t *from, size_t n, double share, uint64_t seed, uint64_t stream, uint32_t *to);

/* Writes the numbers of the rows that are in the tree and returns how many. Row i is drawn by its number among all
 * ranks' rows. By gradient (minimal variance sampling, as XGBoost's gradient_based): row i with probability
 * min(1, |(g, h)| / limit), and its gradient divided by that in `weighed`. */
size_t sample_rows(size_t rows, uint64_t first_row, double share, uint64_t seed, uint64_t tree, uint32_t *to);
int sample_rows_by_gradient(const struct gradient *in, size_t rows, uint64_t first_row, const struct grow_settings *s,
                            uint64_t tree, struct gradient *weighed, uint32_t *to, size_t *size, struct comm *comm,
                            struct error *err);

#endif
