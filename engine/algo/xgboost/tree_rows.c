#include "engine/algo/xgboost/tree_rows.h"

#include <stdlib.h>

#include "engine/algo/xgboost/histogram.h"

/* --- on the processor -----------------------------------------------------------------------------------------------
 */

static int cpu_open(struct tree_rows *r, const struct bins *b, struct error *err)
{
    r->bins = b;
    r->spare = malloc((size_t)pool_threads(r->pool) * (b->cells + 8) * sizeof *r->spare);
    return r->spare ? 0
                    : error_set(err, ERROR_SYSTEM, NULL, "use a machine with more memory, or lower max_bin",
                                "memory ran out for the histograms of %d threads", pool_threads(r->pool));
}

static void cpu_close(struct tree_rows *r)
{
    free(r->spare);
    r->spare = NULL;
    r->bins = NULL;
}

static int cpu_begin(struct tree_rows *r, size_t n, struct error *err)
{
    (void)r, (void)n, (void)err;
    return 0;
}

static int cpu_build(struct tree_rows *r, struct stretch s, uint64_t *cells, struct error *err)
{
    const struct partition *p = &r->partition;
    (void)err;
    histogram_build(r->bins, p->row[s.buffer] + s.begin, p->packed[s.buffer] + s.begin, s.end - s.begin, cells,
                    r->spare, r->pool);
    return 0;
}

static int cpu_split(struct tree_rows *r, struct stretch s, size_t column, const uint8_t *go, bool leaves,
                     struct stretch *left, struct stretch *right, struct error *err)
{
    size_t lefts = partition_sides(&r->partition, r->bins, column, go, s, r->pool);
    (void)err;
    if (!leaves)
        partition_split(&r->partition, s, lefts, left, right, r->pool);
    return 0;
}

const struct tree_rows_way tree_rows_cpu = {
    .open = cpu_open, .close = cpu_close, .begin = cpu_begin, .build = cpu_build, .split = cpu_split, .end = cpu_begin};

/* --- on a GPU -------------------------------------------------------------------------------------------------------
 */

/* Where each number of a row of the block counts from. */
static void find_places(const struct bins *b, size_t block, uint32_t *place)
{
    place[b->block[block].width] = (uint32_t)b->block[block].cells;
    for (size_t k = 0; k < b->bundles; k++)
        if (b->bundle[k].columns > 0 && b->bundle[k].block == block)
            place[b->bundle[k].place] = (uint32_t)(b->bundle[k].cell - b->block[block].cell);
}

static struct gpu_column column_of(const struct bins *b, const struct bins_column *c)
{
    static const enum gpu_kind kinds[] = {
        [BINS_PRODUCT] = GPU_PRODUCT, [BINS_SHARED] = GPU_SHARED, [BINS_LISTED] = GPU_LISTED};
    struct gpu_column g = {
        .kind = kinds[c->kind], .stride = c->stride, .codes = c->codes, .skip = c->skip, .cell = c->cell};
    if (c->codes < 2)
        return g; /* in no block: never split by */
    if (c->kind != BINS_LISTED) {
        const struct bins_bundle *u = &b->bundle[c->bundle];
        g.block = (uint32_t)u->block;
        g.place = (uint32_t)u->place;
        g.base = (uint32_t)(u->cell - b->block[u->block].cell);
        return g;
    }
    while (b->block[g.block].width || b->block[g.block].cell + b->block[g.block].cells <= c->cell)
        g.block++;
    for (g.end = g.block; g.end < b->blocks && b->block[g.end].cell < c->cell + c->codes - 1; g.end++)
        continue;
    return g;
}

/* The description of the blocks that gpu.h wants; `place` has room for all of their numbers and one more each. */
static void describe(const struct bins *b, struct gpu_block *blocks, uint32_t *place)
{
    for (size_t k = 0; k < b->blocks; k++) {
        const struct bins_block *from = &b->block[k];
        blocks[k] = (struct gpu_block){.cell = from->cell,
                                       .cells = from->cells,
                                       .width = from->width,
                                       .place = place,
                                       .start = from->start,
                                       .list = from->list};
        if (from->width > 0)
            find_places(b, k, place);
        place += from->width + 1;
    }
}

static size_t most_codes(const struct bins *b)
{
    size_t most = 1;
    for (size_t j = 0; j < b->columns; j++)
        most = b->column[j].codes > most ? b->column[j].codes : most;
    return most;
}

static int gpu_rows_open(struct tree_rows *r, const struct bins *b, struct error *err)
{
    struct gpu_block *blocks = malloc((b->blocks + 1) * sizeof *blocks);
    uint32_t *place = malloc((b->bundles + b->blocks + 1) * sizeof *place);
    int result = -1;
    r->bins = b;
    r->column = malloc((b->columns + 1) * sizeof *r->column);
    if (blocks && place && r->column) {
        for (size_t j = 0; j < b->columns; j++)
            r->column[j] = column_of(b, &b->column[j]);
        describe(b, blocks, place);
        r->trees = r->gpu->trees_open(blocks, b->blocks, b->rows, most_codes(b));
        result = r->trees ? gpu_finish(r->gpu, err)
                          : error_set(err, ERROR_LIMIT, gpu_name(), "use --device cpu, fewer rows or a smaller max_bin",
                                      "The binned rows do not fit into the GPU's memory");
    } else {
        error_set(err, ERROR_SYSTEM, NULL, "use a machine with more memory", "memory ran out while a tree grew");
    }
    free(blocks);
    free(place);
    return result;
}

static void gpu_rows_close(struct tree_rows *r)
{
    if (r->trees)
        r->gpu->trees_close(r->trees);
    free(r->column);
    r->trees = NULL;
    r->column = NULL;
    r->bins = NULL;
}

static int gpu_rows_begin(struct tree_rows *r, size_t n, struct error *err)
{
    r->gpu->trees_begin(r->trees, r->partition.row[0], r->partition.packed[0], n);
    return gpu_finish(r->gpu, err);
}

static int gpu_rows_build(struct tree_rows *r, struct stretch s, uint64_t *cells, struct error *err)
{
    r->gpu->trees_cells(r->trees, s.begin, s.end, cells);
    return gpu_finish(r->gpu, err);
}

static int gpu_rows_split(struct tree_rows *r, struct stretch s, size_t column, const uint8_t *go, bool leaves,
                          struct stretch *left, struct stretch *right, struct error *err)
{
    size_t lefts = r->gpu->trees_split(r->trees, s.begin, s.end, &r->column[column], go);
    (void)leaves;
    *left = (struct stretch){s.begin, s.begin + lefts, s.buffer};
    *right = (struct stretch){s.begin + lefts, s.end, s.buffer};
    return gpu_finish(r->gpu, err);
}

static int gpu_rows_end(struct tree_rows *r, size_t n, struct error *err)
{
    (void)n;
    r->gpu->trees_rows(r->trees, r->partition.row[0]);
    return gpu_finish(r->gpu, err);
}

const struct tree_rows_way tree_rows_gpu = {.open = gpu_rows_open,
                                            .close = gpu_rows_close,
                                            .begin = gpu_rows_begin,
                                            .build = gpu_rows_build,
                                            .split = gpu_rows_split,
                                            .end = gpu_rows_end,
                                            .moves_leaves = true};
