/* The rows of the tree that grows: who adds up their gradients by bin and moves them to the children of a split. The
 * processor (histogram.h, partition.h) or a GPU (gpu.h): sums are of whole numbers, so the trees are the same bits.
 *
 *     rows.on->open(&rows, &bins, &err)       after bins were made; `close` before they go
 *     rows.on->begin(&rows, n, &err)          the first n of partition.row[0] and packed[0] are the tree's
 *     rows.on->build, rows.on->split          node by node
 *     rows.on->end(&rows, n, &err)            partition.row holds every stretch again
 */
#ifndef XGBOOST_TREE_ROWS_H
#define XGBOOST_TREE_ROWS_H

#include "engine/algo/xgboost/partition.h"
#include "engine/gpu.h"

struct tree_rows;

struct tree_rows_way {
    int (*open)(struct tree_rows *r, const struct bins *b, struct error *err);
    void (*close)(struct tree_rows *r);
    int (*begin)(struct tree_rows *r, size_t n, struct error *err);
    /* cells[bins.cells] = sums over the stretch. */
    int (*build)(struct tree_rows *r, struct stretch s, uint64_t *cells, struct error *err);
    /* By go[code]. A stretch whose children are both leaves is not moved but where `moves_leaves`: then partition.side
     * tells, and `left` and `right` stay as they are. */
    int (*split)(struct tree_rows *r, struct stretch s, size_t column, const uint8_t *go, bool leaves,
                 struct stretch *left, struct stretch *right, struct error *err);
    int (*end)(struct tree_rows *r, size_t n, struct error *err);
    bool moves_leaves;
};

struct tree_rows {
    const struct tree_rows_way *on;
    const struct bins *bins; /* NULL: closed */
    struct partition partition;
    struct pool *pool;
    uint64_t *spare; /* processor: cells of the other threads */
    const struct gpu *gpu;
    struct gpu_trees *trees;
    struct gpu_column *column; /* GPU: where to read each column's codes */
};

extern const struct tree_rows_way tree_rows_cpu, tree_rows_gpu;

#endif
