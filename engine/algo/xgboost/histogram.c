#include "engine/algo/xgboost/histogram.h"

#include <string.h>

#include "engine/tensor/exp.h"

enum { AHEAD = 12 };      /* rows that are fetched in advance */
enum { ALONE = 1 << 15 }; /* adds below which waking threads does not pay */

/* Rows of a fixed width. Inlined with constants below, so that the loop over cells is unrolled. */
static inline __attribute__((always_inline)) void add_fixed(const uint16_t *list, size_t width, const uint32_t *rows,
                                                            const uint64_t *packed, size_t n, uint64_t *cells)
{
    for (size_t i = 0; i < n; i++) {
        const uint16_t *cell = list + rows[i] * width;
        uint64_t p = packed[i];
        __builtin_prefetch(list + rows[i + AHEAD < n ? i + AHEAD : i] * width);
        for (size_t k = 0; k < width; k++)
            cells[cell[k]] += p;
    }
}

static void add_wide(const uint16_t *list, size_t width, const uint32_t *rows, const uint64_t *packed, size_t n,
                     uint64_t *cells)
{
    for (size_t i = 0; i < n; i++) {
        const uint16_t *cell = list + rows[i] * width;
        const uint16_t *next = list + rows[i + AHEAD < n ? i + AHEAD : i] * width;
        uint64_t p = packed[i];
        size_t k = 0;
        for (; k + 8 <= width; k += 8) {
            __builtin_prefetch(next + k);
            cells[cell[k]] += p;
            cells[cell[k + 1]] += p;
            cells[cell[k + 2]] += p;
            cells[cell[k + 3]] += p;
            cells[cell[k + 4]] += p;
            cells[cell[k + 5]] += p;
            cells[cell[k + 6]] += p;
            cells[cell[k + 7]] += p;
        }
        for (; k < width; k++)
            cells[cell[k]] += p;
    }
}

typedef void add_rows(const uint16_t *list, const uint32_t *rows, const uint64_t *packed, size_t n, uint64_t *cells);

#define ADD(W)                                                                                                         \
    static void add_##W(const uint16_t *list, const uint32_t *rows, const uint64_t *packed, size_t n, uint64_t *cells) \
    {                                                                                                                  \
        add_fixed(list, W, rows, packed, n, cells);                                                                    \
    }
/* clang-format off */
ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7) ADD(8) ADD(9) ADD(10) ADD(11) ADD(12) ADD(13) ADD(14) ADD(15) ADD(16)
    /* clang-format on */

    static add_rows *const add_of_width[] = {NULL,  add_1,  add_2,  add_3,  add_4,  add_5,  add_6,  add_7, add_8,
                                             add_9, add_10, add_11, add_12, add_13, add_14, add_15, add_16};

static void add_listed(const struct bins_block *b, const uint32_t *rows, const uint64_t *packed, size_t n,
                       uint64_t *cells)
{
    for (size_t i = 0; i < n; i++) {
        const uint16_t *at = b->list + b->start[rows[i]], *end = b->list + b->start[rows[i] + 1];
        uint64_t p = packed[i];
        __builtin_prefetch(b->list + b->start[rows[i + AHEAD < n ? i + AHEAD : i]]);
        for (; at + 4 <= end; at += 4) {
            cells[at[0]] += p;
            cells[at[1]] += p;
            cells[at[2]] += p;
            cells[at[3]] += p;
        }
        for (; at < end; at++)
            cells[*at] += p;
    }
}

static void add_block(const struct bins_block *b, const uint32_t *rows, const uint64_t *packed, size_t n,
                      uint64_t *cells)
{
    if (b->width == 0)
        add_listed(b, rows, packed, n, cells);
    else if (b->width < sizeof add_of_width / sizeof *add_of_width)
        add_of_width[b->width](b->list, rows, packed, n, cells);
    else
        add_wide(b->list, b->width, rows, packed, n, cells);
}

struct job {
    const struct bins *bins;
    const uint32_t *rows;
    const uint64_t *packed;
    size_t n;
    uint64_t *cells, *spare;
};

static uint64_t *own_cells(const struct job *j, int thread)
{
    return thread == 0 ? j->cells : j->spare + (size_t)(thread - 1) * j->bins->cells;
}

/* Each thread its share of the rows, into cells of its own. */
static void work_rows(void *context, int thread, int threads)
{
    const struct job *j = context;
    uint64_t *cells = own_cells(j, thread);
    size_t end, at = pool_share(j->n, thread, threads, &end);
    memset(cells, 0, j->bins->cells * sizeof *cells);
    for (size_t k = 0; k < j->bins->blocks; k++)
        add_block(&j->bins->block[k], j->rows + at, j->packed + at, end - at, cells + j->bins->block[k].cell);
}

VECTORISED static void add_cells(uint64_t *to, const uint64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void work_join(void *context, int thread, int threads)
{
    const struct job *j = context;
    size_t end, at = pool_share(j->bins->cells, thread, threads, &end);
    for (int t = 1; t < threads; t++)
        add_cells(j->cells + at, own_cells(j, t) + at, end - at);
}

void histogram_build(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t n, uint64_t *cells,
                     uint64_t *spare, struct pool *pool)
{
    struct job j = {b, rows, packed, n, cells, spare};
    size_t adds = n * b->cells_a_row;
    if (pool_threads(pool) == 1 || adds < ALONE || adds < 2 * b->cells) {
        work_rows(&j, 0, 1);
        return;
    }
    pool_run(pool, work_rows, &j);
    pool_run(pool, work_join, &j);
}

VECTORISED void histogram_subtract(uint64_t *whole, const uint64_t *part, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        whole[i] -= part[i];
}
