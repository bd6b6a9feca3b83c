#include "engine/algo/xgboost/bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUNDLE_CELLS = 512,    /* of a product */
    SHARED_CODES = 16,     /* a column of more codes shares no cell number by exclusion */
    SHARED_OPEN = 12,      /* bundles that are tried for a column */
    BLOCK_ENTRIES = 65535, /* a cell number has 16 bits */
    WHOLE = 256            /* whole numbers below are looked up in a table */
};
#define SHARED_SHARE 0.3 /* of rows in the commonest bin, at least */
#define LISTED_COST 1.3  /* an add in a list of its own length beside one in a fixed row */
#define LISTED_ROW 4.0   /* adds that beginning a row's list costs */

static int out_of_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use a machine with more memory or fewer rows",
                     "memory ran out while the rows were sorted into bins");
}

/* --- which columns go together -------------------------------------------------------------------------------------
 */

/* What a column costs each row inside a product bundle, in adds. */
static double product_cost(const struct bins_column *c)
{
    double cost = log(c->codes) / log(BUNDLE_CELLS);
    return cost < 1 ? cost : 1;
}

/* Columns whose rows nearly all hold one bin are listed, when all of them together save more than a list costs. */
static void choose_listed(struct bins *b, bool sparse)
{
    double saved = -LISTED_ROW;
    for (size_t j = 0; j < b->columns; j++) {
        struct bins_column *c = &b->column[j];
        double gain = product_cost(c) - LISTED_COST * (1 - b->cuts.column[j].share);
        if (c->kind == BINS_PRODUCT && c->codes > 1 && gain > 0)
            saved += gain;
    }
    for (size_t j = 0; j < b->columns; j++) {
        struct bins_column *c = &b->column[j];
        bool better = product_cost(c) > LISTED_COST * (1 - b->cuts.column[j].share);
        if (c->kind == BINS_PRODUCT && c->codes > 1 && (sparse || c->codes > BLOCK_ENTRIES || (saved > 0 && better)))
            c->kind = BINS_LISTED;
    }
}

static uint32_t bundle_open(struct bins *b)
{
    b->bundle[b->bundles] = (struct bins_bundle){.cells = 1};
    return (uint32_t)b->bundles++;
}

struct order {
    uint32_t codes, column;
};

static int compare_orders(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->codes != y->codes)
        return x->codes < y->codes ? 1 : -1;
    return (x->column > y->column) - (x->column < y->column);
}

/* Products: each column, those of most codes first, goes to the first bundle with room for it. */
static int bundle_products(struct bins *b)
{
    struct order *order = malloc((b->columns + 1) * sizeof *order);
    size_t n = 0, first = b->bundles;
    if (!order)
        return -1;
    for (size_t j = 0; j < b->columns; j++)
        if (b->column[j].kind == BINS_PRODUCT && b->column[j].codes > 1)
            order[n++] = (struct order){b->column[j].codes, (uint32_t)j};
    qsort(order, n, sizeof *order, compare_orders);
    for (size_t i = 0; i < n; i++) {
        struct bins_column *c = &b->column[order[i].column];
        size_t k = c->codes > BUNDLE_CELLS / 2 ? b->bundles : first;
        while (k < b->bundles && (size_t)b->bundle[k].cells * c->codes > BUNDLE_CELLS)
            k++;
        c->bundle = k < b->bundles ? (uint32_t)k : bundle_open(b);
        c->stride = b->bundle[c->bundle].cells;
        b->bundle[c->bundle].cells *= c->codes;
        b->bundle[c->bundle].columns++;
    }
    free(order);
    return 0;
}

/* Codes of a dense column, value by value. Whole numbers, of which most few-valued columns consist, come from a table.
 */
static void encode(const struct bins *b, size_t column, const struct column_view *v, uint8_t *out)
{
    const struct cut_column *cut = &b->cuts.column[column];
    uint8_t of_whole[WHOLE];
    float last = 0;
    uint8_t code = (uint8_t)cuts_code(&b->cuts, cut, last);
    for (int k = 0; k < WHOLE; k++)
        of_whole[k] = (uint8_t)cuts_code(&b->cuts, cut, (float)k);
    for (size_t i = 0; i < v->count; i++) {
        float x = v->value[i];
        if (x >= 0 && x < WHOLE && x == (float)(int)x) {
            out[i] = of_whole[(int)x];
        } else {
            if (x != last) { /* NaN always is */
                last = x;
                code = (uint8_t)cuts_code(&b->cuts, cut, x);
            }
            out[i] = code;
        }
    }
}

static int encode_all(struct bins *b, struct column_reader *reader)
{
    b->codes = calloc(b->columns + 1, sizeof *b->codes);
    if (!b->codes)
        return -1;
    for (size_t j = 0; j < b->columns; j++) {
        if (b->column[j].codes > 256 || b->column[j].codes < 2)
            continue;
        struct column_view v = column_reader_get(reader, j);
        b->codes[j] = malloc(b->rows + 1);
        if (!b->codes[j])
            return -1;
        encode(b, j, &v, b->codes[j]);
        b->bytes += b->rows;
    }
    return 0;
}

/* Where rows are out of a column's commonest bin, a bit each. */
static void mark(const struct bins *b, size_t column, uint64_t *bits)
{
    const uint8_t *codes = b->codes[column];
    memset(bits, 0, (b->rows / 64 + 1) * sizeof *bits);
    for (size_t i = 0; i < b->rows; i++)
        bits[i / 64] |= (uint64_t)(codes[i] != b->column[column].skip) << i % 64;
}

static double meet(const uint64_t *a, const uint64_t *b, size_t words)
{
    uint64_t common = 0;
    for (size_t i = 0; i < words; i++)
        common |= a[i] & b[i];
    return common != 0;
}

/* Gives up shared bundles that hold less than a product would. */
static void drop_poor_shares(struct bins *b)
{
    for (size_t k = 0; k < b->bundles; k++) {
        double cost = 0;
        for (size_t j = 0; j < b->columns; j++)
            if (b->column[j].kind == BINS_SHARED && b->column[j].bundle == k)
                cost += product_cost(&b->column[j]);
        for (size_t j = 0; cost <= 1 && j < b->columns; j++)
            if (b->column[j].kind == BINS_SHARED && b->column[j].bundle == k)
                b->column[j].kind = BINS_PRODUCT;
        if (cost <= 1)
            b->bundle[k].columns = 0;
    }
}

/* Sums: columns of which no row has two out of their commonest bins. Ranks ask each other about every column. */
static int bundle_shares(struct bins *b, struct comm *comm, struct error *err)
{
    size_t words = b->rows / 64 + 1;
    uint64_t *bits = calloc(words * (SHARED_OPEN + 1), sizeof *bits), *own;
    int result = 0;
    if (!bits)
        return out_of_memory(err);
    own = bits + words * SHARED_OPEN;
    for (size_t j = 0; result == 0 && j < b->columns; j++) {
        struct bins_column *c = &b->column[j];
        if (c->codes < 2 || c->codes > SHARED_CODES || b->cuts.column[j].share < SHARED_SHARE)
            continue;
        double clash[SHARED_OPEN] = {0};
        mark(b, j, own);
        for (size_t k = 0; k < b->bundles; k++)
            clash[k] = b->bundle[k].cells + c->codes - 1 > BUNDLE_CELLS || meet(own, bits + words * k, words) > 0;
        result = comm_max_double(comm, clash, b->bundles, err);
        size_t k = 0;
        while (k < b->bundles && clash[k] > 0)
            k++;
        if (result < 0 || (k == b->bundles && b->bundles == SHARED_OPEN))
            continue;
        c->kind = BINS_SHARED;
        c->bundle = k < b->bundles ? (uint32_t)k : bundle_open(b);
        c->stride = b->bundle[k].cells; /* its first cell in the bundle; cell 0: all are in their commonest bins */
        b->bundle[k].cells += c->codes - 1;
        b->bundle[k].columns++;
        for (size_t i = 0; i < words; i++)
            bits[words * k + i] |= own[i];
    }
    free(bits);
    drop_poor_shares(b);
    return result;
}

/* --- cells ----------------------------------------------------------------------------------------------------------
 */
static int block_open(struct bins *b)
{
    struct bins_block *larger = realloc(b->block, (b->blocks + 1) * sizeof *larger);
    if (!larger)
        return -1;
    b->block = larger;
    b->block[b->blocks++] = (struct bins_block){.cell = b->cells};
    return 0;
}

static int place_bundles(struct bins *b)
{
    for (size_t k = 0; k < b->bundles; k++) {
        struct bins_bundle *u = &b->bundle[k];
        if (u->columns == 0)
            continue;
        struct bins_block *last = b->blocks ? &b->block[b->blocks - 1] : NULL;
        if (!last || (last->cells + u->cells > BINS_BLOCK_CELLS && last->cells > 0)) {
            if (block_open(b) < 0)
                return -1;
            last = &b->block[b->blocks - 1];
        }
        u->cell = b->cells;
        u->block = b->blocks - 1;
        u->place = last->width++;
        last->cells += u->cells;
        b->cells += u->cells;
    }
    return 0;
}

static int place_columns(struct bins *b)
{
    size_t first;
    if (place_bundles(b) < 0)
        return -1;
    first = b->cells;
    for (size_t j = 0; j < b->columns; j++) {
        struct bins_column *c = &b->column[j];
        c->cell = b->bundles ? b->bundle[c->bundle].cell : 0;
        if (c->kind == BINS_SHARED)
            c->cell += c->stride;
        if (c->kind == BINS_LISTED) {
            c->cell = b->cells;
            b->cells += c->codes - 1;
        }
    }
    for (size_t at = first; at < b->cells; at += BINS_BLOCK_CELLS) {
        if (block_open(b) < 0)
            return -1;
        struct bins_block *k = &b->block[b->blocks - 1];
        k->cell = at;
        k->cells = b->cells - at < BINS_BLOCK_CELLS ? b->cells - at : BINS_BLOCK_CELLS;
    }
    return 0;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */
static void fill_bytes(uint16_t *cell, size_t step, const uint16_t *add, const uint8_t *codes, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        cell[i * step] = (uint16_t)(cell[i * step] + add[codes[i]]);
}

static void fill_fixed(struct bins *b, size_t column, const struct column_view *v)
{
    const struct bins_column *c = &b->column[column];
    const struct bins_bundle *u = &b->bundle[c->bundle];
    struct bins_block *block = &b->block[u->block];
    uint16_t *cell = block->list + u->place, add[256];
    size_t step = block->width;
    for (uint32_t k = 0; k < c->codes && k < 256; k++)
        add[k] = (uint16_t)(c->kind == BINS_PRODUCT ? k * c->stride : k == c->skip ? 0 : c->stride + bins_rank(c, k));
    if (b->codes[column]) {
        fill_bytes(cell, step, add, b->codes[column], b->rows);
        return;
    }
    for (size_t i = 0; i < v->count; i++) { /* so many codes: its bundle is its own */
        uint32_t code = cuts_code(&b->cuts, &b->cuts.column[column], v->value[i]);
        cell[i * step] = (uint16_t)(cell[i * step] + code);
    }
}

static int alloc_fixed(struct bins *b)
{
    for (size_t k = 0; k < b->blocks; k++) {
        struct bins_block *block = &b->block[k];
        if (block->width == 0)
            continue;
        block->list = malloc((b->rows * block->width + 1) * sizeof *block->list);
        if (!block->list)
            return -1;
        b->bytes += b->rows * block->width * sizeof *block->list;
    }
    for (size_t u = 0; u < b->bundles; u++) {
        if (b->bundle[u].columns == 0)
            continue;
        struct bins_block *block = &b->block[b->bundle[u].block];
        uint16_t base = (uint16_t)(b->bundle[u].cell - block->cell);
        for (size_t i = 0; i < b->rows; i++)
            block->list[i * block->width + b->bundle[u].place] = base;
    }
    return 0;
}

/* Entries of listed columns, column by column, until a block is complete and can be sorted by row. */
struct entries {
    uint32_t *row;
    uint32_t *cell; /* among all */
    size_t size, room;
};

static int entries_reserve(struct entries *e, size_t more)
{
    size_t room = e->size + more;
    if (room <= e->room)
        return 0;
    room = room + room / 2;
    uint32_t *row = realloc(e->row, room * sizeof *row);
    if (row)
        e->row = row;
    uint32_t *cell = realloc(e->cell, room * sizeof *cell);
    if (cell)
        e->cell = cell;
    if (!row || !cell)
        return -1;
    e->room = room;
    return 0;
}

static int list_column(const struct bins *b, size_t column, const struct column_view *v, struct entries *e)
{
    const struct bins_column *c = &b->column[column];
    const uint8_t *codes = b->codes ? b->codes[column] : NULL;
    if (entries_reserve(e, v->count + 1) < 0)
        return -1;
    for (size_t i = 0; i < v->count; i++) {
        uint32_t code = codes ? codes[i] : cuts_code(&b->cuts, &b->cuts.column[column], v->value[i]);
        e->row[e->size] = v->row ? v->row[i] : (uint32_t)i;
        e->cell[e->size] = (uint32_t)c->cell + bins_rank(c, code);
        e->size += code != c->skip;
    }
    return 0;
}

/* Sorts into a block those entries that are its own; the others stay. Columns come in rising order, so a row's cells
 * rise. */
static int close_block(struct bins *b, struct bins_block *k, struct entries *e)
{
    size_t mine = 0, kept = 0;
    size_t end = k->cell + k->cells;
    k->start = calloc(b->rows + 2, sizeof *k->start);
    if (!k->start)
        return -1;
    for (size_t i = 0; i < e->size; i++)
        if (e->cell[i] < end) {
            k->start[e->row[i] + 2]++;
            mine++;
        }
    k->list = malloc((mine + 1) * sizeof *k->list);
    if (!k->list || mine > UINT32_MAX)
        return -1;
    for (size_t i = 0; i < b->rows; i++)
        k->start[i + 2] += k->start[i + 1];
    for (size_t i = 0; i < e->size; i++) {
        if (e->cell[i] < end) {
            k->list[k->start[e->row[i] + 1]++] = (uint16_t)(e->cell[i] - k->cell);
        } else {
            e->row[kept] = e->row[i];
            e->cell[kept++] = e->cell[i];
        }
    }
    e->size = kept;
    b->bytes += mine * sizeof *k->list + (b->rows + 1) * sizeof *k->start;
    return 0;
}

static int fill_rows(struct bins *b, struct column_reader *reader)
{
    struct entries e = {0};
    size_t at = 0;
    int result = alloc_fixed(b);
    while (at < b->blocks && b->block[at].width > 0)
        at++;
    for (size_t j = 0; result == 0 && j < b->columns; j++) {
        const struct bins_column *c = &b->column[j];
        if (c->codes < 2)
            continue;
        struct column_view v = {NULL, NULL, b->rows};
        if (!b->codes || !b->codes[j])
            v = column_reader_get(reader, j);
        if (c->kind != BINS_LISTED) {
            fill_fixed(b, j, &v);
            continue;
        }
        while (result == 0 && c->cell >= b->block[at].cell + b->block[at].cells)
            result = close_block(b, &b->block[at++], &e);
        if (result == 0)
            result = list_column(b, j, &v, &e);
    }
    while (result == 0 && at < b->blocks)
        result = close_block(b, &b->block[at++], &e);
    free(e.row);
    free(e.cell);
    return result;
}

/* --- the whole ------------------------------------------------------------------------------------------------------
 */
static void describe(struct bins *b, bool sparse)
{
    for (size_t j = 0; j < b->columns; j++) {
        const struct cut_column *cut = &b->cuts.column[j];
        struct bins_column *c = &b->column[j];
        c->bins = cut->bins;
        c->codes = cut->bins + cut->missing;
        c->skip = sparse && cut->missing ? cut->bins : cut->common; /* what is left out of sparse rows is missing */
    }
}

static size_t scratch_cells(const struct bins *b)
{
    size_t most = BUNDLE_CELLS;
    for (size_t j = 0; j < b->columns; j++)
        most = b->column[j].codes > most ? b->column[j].codes : most;
    return most + 2;
}

static size_t mean_cells(const struct bins *b)
{
    size_t n = 1;
    for (size_t k = 0; k < b->blocks; k++)
        n += b->block[k].width ? b->block[k].width : b->block[k].start[b->rows] / (b->rows + 1);
    return n;
}

int bins_make(struct bins *b, const struct dataset *data, const float *weights, uint32_t max_bin, struct comm *comm,
              struct error *err)
{
    struct column_reader reader;
    bool sparse = data->start != NULL;
    *b = (struct bins){.rows = data->rows, .columns = data->columns};
    if (column_reader_open(&reader, data, err) < 0)
        return -1;
    if (cuts_make(&b->cuts, &reader, weights, max_bin, comm, err) < 0)
        goto failed;
    b->column = calloc(b->columns + 1, sizeof *b->column);
    b->bundle = calloc(2 * b->columns + 1, sizeof *b->bundle); /* of both kinds, some of which end up empty */
    if (!b->column || !b->bundle) {
        out_of_memory(err);
        goto failed;
    }
    describe(b, sparse);
    if (!sparse && encode_all(b, &reader) < 0) {
        out_of_memory(err);
        goto failed;
    }
    if (!sparse && bundle_shares(b, comm, err) < 0)
        goto failed;
    choose_listed(b, sparse);
    if (bundle_products(b) < 0 || place_columns(b) < 0) {
        out_of_memory(err);
        goto failed;
    }
    if (b->cells > UINT32_MAX) {
        error_set(err, ERROR_LIMIT, NULL, "use tree_method hist, or a smaller max_bin", "%zu bins are too many",
                  b->cells);
        goto failed;
    }
    if (fill_rows(b, &reader) < 0) {
        out_of_memory(err);
        goto failed;
    }
    b->cells_a_row = mean_cells(b);
    b->scratch = scratch_cells(b);
    column_reader_close(&reader);
    return 0;
failed:
    column_reader_close(&reader);
    bins_free(b);
    return -1;
}

void bins_free(struct bins *b)
{
    for (size_t k = 0; k < b->blocks; k++) {
        free(b->block[k].start);
        free(b->block[k].list);
    }
    for (size_t j = 0; b->codes && j < b->columns; j++)
        free(b->codes[j]);
    free(b->codes);
    cuts_free(&b->cuts);
    free(b->column);
    free(b->bundle);
    free(b->block);
    *b = (struct bins){0};
}

/* --- looking up -----------------------------------------------------------------------------------------------------
 */
static uint32_t listed_code(const struct bins *b, const struct bins_column *c, uint32_t row)
{
    size_t end = c->cell + c->codes - 1;
    for (size_t k = 0; k < b->blocks; k++) {
        const struct bins_block *block = &b->block[k];
        if (block->width || block->cell + block->cells <= c->cell || block->cell >= end)
            continue;
        uint32_t low = block->start[row], high = block->start[row + 1];
        size_t first = c->cell > block->cell ? c->cell - block->cell : 0;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (block->list[middle] < first)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < block->start[row + 1] && block->cell + block->list[low] < end) {
            uint32_t rank = (uint32_t)(block->cell + block->list[low] - c->cell);
            return rank + (rank >= c->skip);
        }
    }
    return c->skip;
}

void bins_sides(const struct bins *b, size_t column, const uint32_t *rows, size_t n, const uint8_t *go, uint8_t *out)
{
    const struct bins_column *c = &b->column[column];
    if (b->codes && b->codes[column]) {
        const uint8_t *codes = b->codes[column];
        for (size_t i = 0; i < n; i++)
            out[i] = go[codes[rows[i]]];
        return;
    }
    if (c->kind == BINS_LISTED) {
        for (size_t i = 0; i < n; i++)
            out[i] = go[listed_code(b, c, rows[i])];
        return;
    }
    const struct bins_bundle *u = &b->bundle[c->bundle];
    const struct bins_block *block = &b->block[u->block];
    const uint16_t *list = block->list + u->place;
    size_t width = block->width;
    uint32_t base = (uint32_t)(u->cell - block->cell);
    for (size_t i = 0; i < n; i++) /* its bundle is its own */
        out[i] = go[list[rows[i] * width] - base];
}

static void marginal_of_product(const struct bins_column *c, const struct bins_bundle *u, const uint64_t *cells,
                                uint64_t *out, uint64_t *scratch)
{
    size_t period = (size_t)c->stride * c->codes;
    if (u->columns == 1) {
        memcpy(out, cells, c->codes * sizeof *out);
        return;
    }
    memcpy(scratch, cells, period * sizeof *scratch); /* fold what is above the column's own digit */
    for (size_t at = period; at < u->cells; at += period)
        for (size_t k = 0; k < period; k++)
            scratch[k] += cells[at + k];
    for (uint32_t code = 0; code < c->codes; code++) {
        uint64_t sum = 0;
        for (uint32_t k = 0; k < c->stride; k++)
            sum += scratch[code * c->stride + k];
        out[code] = sum;
    }
}

void bins_marginal(const struct bins *b, size_t column, const uint64_t *cells, uint64_t total, uint64_t *out,
                   uint64_t *scratch)
{
    const struct bins_column *c = &b->column[column];
    if (c->codes < 2) {
        out[0] = total;
        return;
    }
    if (c->kind == BINS_PRODUCT) {
        marginal_of_product(c, &b->bundle[c->bundle], cells + c->cell, out, scratch);
        return;
    }
    uint64_t listed = 0;
    for (uint32_t k = 0; k + 1 < c->codes; k++) {
        listed += cells[c->cell + k];
        out[k + (k >= c->skip)] = cells[c->cell + k];
    }
    out[c->skip] = total - listed;
}
