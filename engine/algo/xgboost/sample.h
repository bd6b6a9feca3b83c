/* Which rows and columns a tree, a level or a node sees. Decided by the seed and by numbers (of tree, row, node), never
 * by who asks first, so that threads and ranks agree. */
#ifndef XGBOOST_SAMPLE_H
#define XGBOOST_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A well-mixed 64-bit number from two. */
static inline uint64_t sample_hash(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u + b;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    return x;
}

/* Uniform in [0, 1). */
static inline double sample_uniform(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

/* Keeps about `share` of the `*count` columns in `columns`, at least one, in their order. */
void sample_columns(uint32_t *columns, uint32_t *count, double share, uint64_t key);

#endif
