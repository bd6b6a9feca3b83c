#include "engine/algo/xgboost/histogram.h"

#include <string.h>

#define AHEAD 24 /* rows between asking for a cache line and using it */

static uint64_t sum_all(const uint64_t *packed, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += packed[i];
    return sum;
}

/* Bytes of a row lie side by side; four bundles at a time leave the processor enough to do at once. */
static void add_bytes(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t count,
                      uint64_t *const *place, uint32_t bytes)
{
    size_t stride = b->stride;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = b->bytes + rows[i] * stride;
        uint64_t gh = packed[i];
        uint32_t k = 0;
        __builtin_prefetch(b->bytes + rows[i + AHEAD < count ? i + AHEAD : i] * stride);
        for (; k + 4 <= bytes; k += 4) {
            place[k][row[k]] += gh;
            place[k + 1][row[k + 1]] += gh;
            place[k + 2][row[k + 2]] += gh;
            place[k + 3][row[k + 3]] += gh;
        }
        for (; k < bytes; k++)
            place[k][row[k]] += gh;
    }
}

static void add_wide(const uint32_t *cell, const uint32_t *rows, const uint64_t *packed, size_t count, uint64_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[cell[rows[i]]] += packed[i];
}

static void build_bundles(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t count,
                          uint64_t *out)
{
    uint64_t *place[1024];
    for (uint32_t first = 0; first < b->bundles;) {
        struct bins part = *b;
        uint32_t n = 0;
        if (b->bundle[first].wide) {
            add_wide(b->bundle[first].wide, rows, packed, count, out + b->bundle[first].first);
            first++;
            continue;
        }
        part.bytes = b->bytes + b->bundle[first].byte;
        while (first < b->bundles && n < 1024 && !b->bundle[first].wide)
            place[n++] = out + b->bundle[first++].first;
        add_bytes(&part, rows, packed, count, place, n);
    }
}

static void build_lists(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t count, uint64_t *out)
{
    for (uint32_t k = 0; k < b->blocks; k++) {
        const struct bins_block *block = &b->block[k];
        for (size_t i = 0; i < count; i++) {
            const uint32_t *cell = block->cell + block->start[rows[i]], *end = block->cell + block->start[rows[i] + 1];
            uint64_t gh = packed[i];
            __builtin_prefetch(block->cell + block->start[rows[i + AHEAD / 3 < count ? i + AHEAD / 3 : i]]);
            for (; cell < end; cell++)
                out[*cell] += gh;
        }
    }
}

void histogram_build(const struct bins *b, const uint32_t *rows, const uint64_t *packed, size_t count, uint64_t *out)
{
    memset(out, 0, b->histogram * sizeof *out);
    if (b->lists)
        build_lists(b, rows, packed, count, out);
    else
        build_bundles(b, rows, packed, count, out);
    out[b->histogram - 1] = sum_all(packed, count);
}

void histogram_expand(const struct bins *b, const uint64_t *local, uint64_t *columns)
{
    columns[b->cells] += local[b->histogram - 1];
    if (b->lists) {
        for (uint32_t c = 0; c < b->cells; c++)
            columns[c] += local[c];
        return;
    }
    for (uint32_t k = 0; k < b->bundles; k++) {
        const struct bins_bundle *bundle = &b->bundle[k];
        const uint64_t *cells = local + bundle->first;
        for (uint32_t m = 0; m < bundle->count; m++) {
            const struct bins_column *column = &b->column[bundle->columns[m]];
            uint64_t *to = columns + column->first;
            for (uint32_t v = 0; v < bundle->cells; v++)
                to[column->map ? column->map[v] : v] += cells[v];
        }
    }
}

void histogram_complete(const struct bins *b, uint64_t *columns)
{
    for (size_t c = 0; b->lists && c < b->columns; c++) {
        const struct bins_column *column = &b->column[c];
        uint64_t rest = columns[b->cells];
        if (column->cells == 0)
            continue;
        columns[column->first + column->common] = 0;
        for (uint32_t k = 0; k < column->cells; k++)
            rest -= columns[column->first + k];
        columns[column->first + column->common] = rest;
    }
}
