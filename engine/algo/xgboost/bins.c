#include "engine/algo/xgboost/bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 16          /* columns that are taken out of the rows together: a cache line of them */
#define BLOCK_CELLS 32768 /* 256 KiB of histogram */
#define LIST_COST 1.4     /* adding by a list costs so much more than by a byte */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use less data, or a smaller max_bin",
                     "There is not enough memory to bin the training data");
}

void bins_free(struct bins *b)
{
    for (size_t c = 0; b->column && c < b->columns; c++) {
        cuts_free(&b->column[c].cuts);
        free(b->column[c].map);
    }
    for (uint32_t k = 0; b->bundle && k < b->bundles; k++) {
        free(b->bundle[k].wide);
        free(b->bundle[k].columns);
    }
    for (uint32_t k = 0; b->block && k < b->blocks; k++) {
        free(b->block[k].start);
        free(b->block[k].cell);
    }
    free(b->column);
    free(b->bundle);
    free(b->block);
    free(b->bytes);
    *b = (struct bins){0};
}

/* --- columns out of rows --------------------------------------------------------------------------------------------
 */

/* Where a column's values come from. Dense: GROUP columns at a time are copied out of the rows. Sparse: all entries are
 * sorted by column once. */
struct source {
    const struct dataset *data;
    float *group; /* GROUP x rows */
    size_t group_first;
    size_t *start; /* sparse: columns + 1 */
    uint32_t *row;
    float *value;
    float *weight; /* sparse: of each entry; NULL when rows weigh 1 */
};

static void source_free(struct source *s)
{
    free(s->group);
    free(s->start);
    free(s->row);
    free(s->value);
    free(s->weight);
}

static int source_sparse(struct source *s, const float *weight, struct error *err)
{
    const struct dataset *d = s->data;
    size_t entries = d->start[d->rows], *place;
    s->start = calloc(d->columns + 2, sizeof *s->start);
    s->row = malloc((entries + 1) * sizeof *s->row);
    s->value = malloc((entries + 1) * sizeof *s->value);
    s->weight = weight ? malloc((entries + 1) * sizeof *s->weight) : NULL;
    if (!s->start || !s->row || !s->value || (weight && !s->weight))
        return no_memory(err);
    place = s->start + 1; /* becomes the end of each column while it is filled */
    for (size_t i = 0; i < entries; i++)
        s->start[d->index[i] + 2]++;
    for (size_t c = 2; c < d->columns + 2; c++)
        s->start[c] += s->start[c - 1];
    for (size_t i = 0; i < d->rows; i++)
        for (size_t k = d->start[i]; k < d->start[i + 1]; k++) {
            size_t at = place[d->index[k]]++;
            s->row[at] = (uint32_t)i;
            s->value[at] = d->value[k];
            if (weight)
                s->weight[at] = weight[i];
        }
    return 0;
}

static int source_open(struct source *s, const struct dataset *d, const float *weight, struct error *err)
{
    *s = (struct source){.data = d, .group_first = SIZE_MAX};
    if (d->start)
        return source_sparse(s, weight, err);
    s->group = malloc((d->rows + 1) * GROUP * sizeof *s->group);
    return s->group ? 0 : no_memory(err);
}

static void take_group(struct source *s, size_t first)
{
    const struct dataset *d = s->data;
    size_t count = d->columns - first < GROUP ? d->columns - first : GROUP;
    for (size_t i = 0; i < d->rows; i++)
        for (size_t k = 0; k < count; k++)
            s->group[k * d->rows + i] = d->x[i * d->columns + first + k];
    s->group_first = first;
}

/* The values of a column; `row` tells whose they are, NULL: of every row in turn. */
static struct cuts_column source_column(struct source *s, size_t c, const float *weight, const uint32_t **row)
{
    const struct dataset *d = s->data;
    if (d->start) {
        size_t first = s->start[c];
        *row = s->row + first;
        return (struct cuts_column){s->value + first, s->weight ? s->weight + first : NULL, s->start[c + 1] - first};
    }
    if (c / GROUP * GROUP != s->group_first)
        take_group(s, c / GROUP * GROUP);
    *row = NULL;
    return (struct cuts_column){s->group + c % GROUP * d->rows, weight, d->rows};
}

/* --- cells of a column ----------------------------------------------------------------------------------------------
 */

/* The cell of each value into `cell`; counts them. */
static void find_cells(const struct bins_column *c, const struct cuts_column *v, uint32_t *cell, size_t *counts)
{
    for (size_t i = 0; i < v->count; i++) {
        cell[i] = isnan(v->value[i]) ? c->cells - 1 : cuts_bin(&c->cuts, v->value[i]);
        counts[cell[i]]++;
    }
}

static bool has_missing(const struct cuts_column *v, size_t rows)
{
    bool missing = v->count < rows;
    for (size_t i = 0; i < v->count && !missing; i++)
        missing = isnan(v->value[i]);
    return missing;
}

static int make_cuts(struct bins *b, struct source *s, uint32_t most, const float *weight, struct comm *comm,
                     struct error *err)
{
    for (size_t c = 0; c < b->columns; c++) {
        struct bins_column *column = &b->column[c];
        const uint32_t *row;
        struct cuts_column v = source_column(s, c, weight, &row);
        double missing = has_missing(&v, b->rows);
        if (cuts_make(&column->cuts, &v, most, comm, err) < 0 || comm_max_double(comm, &missing, 1, err) < 0)
            return -1;
        column->missing = missing > 0;
        column->cells = column->cuts.bins ? column->cuts.bins + column->missing : 0;
        column->first = b->cells;
        b->cells += column->cells;
        b->memory += column->cuts.bins * sizeof(float);
    }
    return 0;
}

/* --- lists ----------------------------------------------------------------------------------------------------------
 */

static int make_block(struct bins *b, struct source *s, const float *weight, uint32_t *cell, size_t *counts,
                      struct bins_block *block, struct error *err)
{
    size_t *at = calloc(b->rows + 2, sizeof *at), total = 0;
    uint32_t *out;
    if (!at)
        return no_memory(err);
    block->start = at;
    for (int pass = 0; pass < 2; pass++) { /* how many of each row; then what */
        for (uint32_t c = block->first; c < block->end; c++) {
            struct bins_column *column = &b->column[c];
            const uint32_t *row;
            struct cuts_column v = source_column(s, c, weight, &row);
            if (column->cells == 0)
                continue;
            memset(counts, 0, column->cells * sizeof *counts);
            find_cells(column, &v, cell, counts);
            for (size_t i = 0; i < v.count; i++) {
                size_t r = row ? row[i] : i;
                if (cell[i] == column->common)
                    continue;
                if (pass == 0)
                    at[r + 2]++;
                else
                    block->cell[at[r + 1]++] = column->first + cell[i];
            }
            for (size_t i = 0, next = 0; row && column->common != column->cells - 1 && i < b->rows; i++) {
                if (next < v.count && row[next] == i) { /* absent ones are missing, which is not the common cell */
                    next++;
                    continue;
                }
                if (pass == 0)
                    at[i + 2]++;
                else
                    block->cell[at[i + 1]++] = column->first + column->cells - 1;
            }
        }
        if (pass == 1)
            break;
        for (size_t i = 2; i < b->rows + 2; i++)
            at[i] += at[i - 1];
        total = at[b->rows + 1];
        out = malloc((total + 1) * sizeof *out);
        if (!out)
            return no_memory(err);
        block->cell = out;
    }
    b->memory += total * sizeof *out + b->rows * sizeof *at;
    return 0;
}

static int make_lists(struct bins *b, struct source *s, const float *weight, uint32_t *cell, size_t *counts,
                      struct error *err)
{
    int status = 0;
    b->lists = true;
    b->histogram = b->cells + 1;
    b->block = calloc(b->cells / BLOCK_CELLS + 2 + b->columns / 2, sizeof *b->block);
    if (!b->block)
        status = no_memory(err);
    for (uint32_t c = 0; status == 0 && c < b->columns; b->blocks++) {
        struct bins_block *block = &b->block[b->blocks];
        uint32_t cells = 0;
        block->first = c;
        do {
            b->column[c].bundle = b->blocks;
            cells += b->column[c++].cells;
        } while (c < b->columns && cells + b->column[c].cells <= BLOCK_CELLS);
        block->end = c;
        status = make_block(b, s, weight, cell, counts, block, err);
    }
    return status;
}

/* --- bundles --------------------------------------------------------------------------------------------------------
 */

/* A byte of every row while columns are put together: one column, or several. */
struct item {
    uint32_t cells;    /* values in use */
    uint8_t *value;    /* rows */
    uint32_t *columns; /* those in it; what a value means to each is in the column's map */
    uint32_t count;
    uint64_t *off;   /* while one-hot columns are looked for: rows in which one is off its common cell; else NULL */
    size_t off_rows; /* how many */
};

static void item_free(struct item *t)
{
    free(t->value);
    free(t->columns);
    free(t->off);
    *t = (struct item){0};
}

static size_t words(size_t rows)
{
    return (rows + 63) / 64;
}

static int item_start(struct item *t, struct bins *b, uint32_t column, const uint32_t *cell, size_t off_rows,
                      struct error *err)
{
    struct bins_column *c = &b->column[column];
    *t = (struct item){.cells = c->cells, .count = 1, .off_rows = off_rows};
    t->value = malloc(b->rows + 1);
    t->columns = malloc(sizeof *t->columns);
    c->map = calloc(BINS_BYTE, 1);
    if (!t->value || !t->columns || !c->map)
        return no_memory(err);
    t->columns[0] = column;
    for (size_t i = 0; i < b->rows; i++)
        t->value[i] = (uint8_t)cell[i];
    for (uint32_t v = 0; v < c->cells; v++)
        c->map[v] = (uint8_t)v;
    return 0;
}

/* The columns of `from` come to `to`; from is emptied. */
static int take_columns(struct item *to, struct item *from, struct error *err)
{
    uint32_t *larger = realloc(to->columns, (to->count + from->count) * sizeof *larger);
    if (!larger)
        return no_memory(err);
    to->columns = larger;
    memcpy(to->columns + to->count, from->columns, from->count * sizeof *larger);
    to->count += from->count;
    item_free(from);
    return 0;
}

/* Every combination has a value. */
static int join_product(struct bins *b, struct item *to, struct item *from, struct error *err)
{
    uint32_t stride = to->cells, cells = stride * from->cells;
    for (size_t i = 0; i < b->rows; i++)
        to->value[i] = (uint8_t)(to->value[i] + from->value[i] * stride);
    for (uint32_t k = 0; k < to->count; k++)
        for (uint32_t v = stride; v < cells; v++)
            b->column[to->columns[k]].map[v] = b->column[to->columns[k]].map[v % stride];
    for (uint32_t k = 0; k < from->count; k++) /* from above, since what is read lies at or below what is written */
        for (uint32_t v = cells; v-- > 0;)
            b->column[from->columns[k]].map[v] = b->column[from->columns[k]].map[v / stride];
    to->cells = cells;
    return take_columns(to, from, err);
}

/* `from` is one column that is off its common cell only where all of `to` are in theirs: its cells follow behind. A set
 * of such columns keeps 0 for all common. */
static int join_exclusive(struct bins *b, struct item *to, struct item *from, struct error *err)
{
    struct bins_column *c = &b->column[from->columns[0]];
    uint32_t base = to->cells;
    for (uint32_t k = 0; k < to->count; k++)
        for (uint32_t v = base; v < base + c->cells - 1; v++)
            b->column[to->columns[k]].map[v] = (uint8_t)b->column[to->columns[k]].common;
    for (uint32_t v = 0; v < base; v++)
        c->map[v] = (uint8_t)c->common;
    for (uint32_t k = 0, v = base; k < c->cells; k++)
        if (k != c->common)
            c->map[v++] = (uint8_t)k;
    for (size_t i = 0; i < b->rows; i++)
        if (from->value[i] != c->common)
            to->value[i] = (uint8_t)(base + from->value[i] - (from->value[i] > c->common));
    for (size_t w = 0; w < words(b->rows); w++)
        to->off[w] |= from->off[w];
    to->cells += c->cells - 1;
    return take_columns(to, from, err);
}

/* Makes value 0 the common cell of an item of one column. */
static void begin_set(struct bins *b, struct item *t)
{
    struct bins_column *c = &b->column[t->columns[0]];
    for (size_t i = 0; i < b->rows; i++)
        t->value[i] = t->value[i] == c->common ? 0 : (uint8_t)(1 + t->value[i] - (t->value[i] > c->common));
    c->map[0] = (uint8_t)c->common;
    for (uint32_t k = 0, v = 1; k < c->cells; k++)
        if (k != c->common)
            c->map[v++] = (uint8_t)k;
}

static bool apart(const struct item *a, const struct item *b, size_t rows)
{
    for (size_t w = 0; w < words(rows); w++)
        if (a->off[w] & b->off[w])
            return false;
    return true;
}

/* One-hot columns and their like come together: those that are mostly in one cell, and never two of them elsewhere in
 * the same row. */
static int find_sets(struct bins *b, struct item *items, uint32_t count, struct error *err)
{
    for (uint32_t k = 0; k < count; k++) {
        struct item *t = &items[k];
        if (t->off_rows * 4 >= b->rows || t->cells > 16)
            continue;
        t->off = calloc(words(b->rows) + 1, sizeof *t->off);
        if (!t->off)
            return no_memory(err);
        for (size_t i = 0; i < b->rows; i++)
            t->off[i / 64] |= (uint64_t)(t->value[i] != b->column[t->columns[0]].common) << i % 64;
    }
    for (uint32_t k = 0; k < count; k++)
        for (uint32_t m = k + 1; items[k].off && m < count; m++) {
            if (!items[m].off || items[k].cells + items[m].cells - 1 > BINS_BYTE ||
                !apart(&items[k], &items[m], b->rows))
                continue;
            if (items[k].count == 1)
                begin_set(b, &items[k]);
            if (join_exclusive(b, &items[k], &items[m], err) < 0)
                return -1;
        }
    return 0;
}

static int by_cells(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->cells != y->cells)
        return x->cells < y->cells ? 1 : -1;
    return x->count && y->count ? (x->columns[0] > y->columns[0]) - (x->columns[0] < y->columns[0]) : 0;
}

/* Largest first, each into the first byte that has room. */
static int pack(struct bins *b, struct item *items, uint32_t *count, struct error *err)
{
    uint32_t bytes = 0;
    qsort(items, *count, sizeof *items, by_cells);
    while (*count > 0 && items[*count - 1].count == 0) /* what went into a set */
        --*count;
    for (uint32_t k = 0; k < *count; k++) {
        uint32_t m = 0;
        while (m < bytes && items[m].cells * items[k].cells > BINS_BYTE)
            m++;
        if (m < bytes) {
            if (join_product(b, &items[m], &items[k], err) < 0)
                return -1;
        } else if (k != bytes) {
            items[bytes++] = items[k];
            items[k] = (struct item){0};
        } else {
            bytes++;
        }
    }
    *count = bytes;
    return 0;
}

static void add_bundle(struct bins *b, uint32_t cells, uint32_t *columns, uint32_t count)
{
    b->bundle[b->bundles] =
        (struct bins_bundle){.cells = cells, .first = b->histogram, .columns = columns, .count = count};
    for (uint32_t k = 0; k < count; k++)
        b->column[columns[k]].bundle = b->bundles;
    b->histogram += cells;
    b->bundles++;
}

static int wide_column(struct bins *b, uint32_t column, const uint32_t *cell, struct error *err)
{
    uint32_t *columns = malloc(sizeof *columns), *wide = malloc((b->rows + 1) * sizeof *wide);
    if (!columns || !wide) {
        free(columns);
        free(wide);
        return no_memory(err);
    }
    columns[0] = column;
    memcpy(wide, cell, b->rows * sizeof *cell);
    add_bundle(b, b->column[column].cells, columns, 1);
    b->bundle[b->bundles - 1].wide = wide;
    b->memory += b->rows * sizeof *wide;
    return 0;
}

/* Bytes of a row side by side. */
static int lay_out(struct bins *b, struct item *items, uint32_t count, struct error *err)
{
    b->stride = count;
    b->bytes = malloc(b->rows * b->stride + 1);
    if (!b->bytes)
        return no_memory(err);
    for (uint32_t k = 0; k < count; k++) {
        for (size_t i = 0; i < b->rows; i++)
            b->bytes[i * count + k] = items[k].value[i];
        add_bundle(b, items[k].cells, items[k].columns, items[k].count);
        b->bundle[b->bundles - 1].byte = k;
        items[k].columns = NULL; /* the bundle's now */
    }
    b->memory += b->rows * b->stride;
    return 0;
}

/* Every cell of a column, in the order of rows; absent entries of sparse data are missing. */
static void column_cells(const struct bins *b, uint32_t column, struct source *s, const float *weight, uint32_t *cell,
                         uint32_t *scratch, size_t *counts)
{
    const struct bins_column *c = &b->column[column];
    const uint32_t *row;
    struct cuts_column v = source_column(s, column, weight, &row);
    memset(counts, 0, c->cells * sizeof *counts);
    if (!row) {
        find_cells(c, &v, cell, counts);
        return;
    }
    find_cells(c, &v, scratch, counts);
    counts[c->cells - 1] += b->rows - v.count;
    for (size_t i = 0; i < b->rows && v.count < b->rows; i++)
        cell[i] = c->cells - 1;
    for (size_t i = 0; i < v.count; i++)
        cell[row[i]] = scratch[i];
}

static int make_bundles(struct bins *b, struct source *s, const float *weight, uint32_t *cell, size_t *counts,
                        struct error *err)
{
    struct item *items = calloc(b->columns + 1, sizeof *items);
    uint32_t *scratch = malloc((b->rows + 1) * sizeof *scratch), count = 0, made = 0;
    int status = -1;
    b->bundle = calloc(b->columns + 1, sizeof *b->bundle);
    if (!items || !scratch || !b->bundle) {
        no_memory(err);
        goto out;
    }
    for (uint32_t c = 0; c < b->columns; c++) {
        const struct bins_column *column = &b->column[c];
        if (column->cells < 2) /* nothing to tell apart */
            continue;
        column_cells(b, c, s, weight, cell, scratch, counts);
        if (column->cells > BINS_BYTE
                ? wide_column(b, c, cell, err) < 0
                : item_start(&items[count++], b, c, cell, b->rows - counts[column->common], err) < 0)
            goto out;
    }
    made = count;
    if (find_sets(b, items, count, err) < 0 || pack(b, items, &count, err) < 0 || lay_out(b, items, count, err) < 0)
        goto out;
    b->histogram++; /* the node's sum */
    status = 0;
out:
    for (uint32_t k = 0; items && k < (made ? made : count); k++)
        item_free(&items[k]);
    free(items);
    free(scratch);
    return status;
}

/* --- the choice -----------------------------------------------------------------------------------------------------
 */

/* Finds each column's commonest cell, and what a row costs as bytes and as a list. */
static int weigh(struct bins *b, struct source *s, const float *weight, uint32_t *cell, size_t *counts, bool *lists)
{
    double bits = 0, wide = 0, entries = 0;
    for (uint32_t c = 0; c < b->columns; c++) {
        struct bins_column *column = &b->column[c];
        const uint32_t *row;
        struct cuts_column v = source_column(s, c, weight, &row);
        if (column->cells == 0)
            continue;
        memset(counts, 0, column->cells * sizeof *counts);
        find_cells(column, &v, cell, counts);
        if (column->missing)
            counts[column->cells - 1] += b->rows - v.count;
        for (uint32_t k = 1; k < column->cells; k++)
            column->common = counts[k] > counts[column->common] ? k : column->common;
        entries += (double)(b->rows - counts[column->common]);
        if (column->cells > BINS_BYTE)
            wide++;
        else
            bits += log2((double)column->cells);
    }
    *lists = b->columns > 24 && b->rows > 0 && entries / (double)b->rows * LIST_COST < bits / 8 + wide * 2;
    return 0;
}

int bins_make(struct bins *b, const struct dataset *d, uint32_t most, const float *weight, struct comm *comm,
              struct error *err)
{
    struct source s;
    uint32_t *cell = malloc((d->rows + 1) * sizeof *cell);
    size_t *counts = NULL;
    bool lists = false;
    int status = -1;
    *b = (struct bins){.rows = d->rows, .columns = d->columns, .column = calloc(d->columns + 1, sizeof *b->column)};
    if (source_open(&s, d, weight ? weight : d->weight, err) < 0)
        goto out;
    if (!cell || !b->column) {
        no_memory(err);
        goto out;
    }
    if (make_cuts(b, &s, most, weight ? weight : d->weight, comm, err) < 0)
        goto out;
    counts = malloc((b->cells + 1) * sizeof *counts);
    if (!counts) {
        no_memory(err);
        goto out;
    }
    weigh(b, &s, weight, cell, counts, &lists);
    status = lists ? make_lists(b, &s, weight, cell, counts, err) : make_bundles(b, &s, weight, cell, counts, err);
out:
    source_free(&s);
    free(cell);
    free(counts);
    if (status < 0)
        bins_free(b);
    return status;
}

uint32_t bins_cell(const struct bins *b, size_t row, uint32_t column)
{
    const struct bins_column *c = &b->column[column];
    if (!b->lists) {
        const struct bins_bundle *bundle = &b->bundle[c->bundle];
        return bundle->wide ? bundle->wide[row] : c->map[b->bytes[row * b->stride + bundle->byte]];
    }
    const struct bins_block *block = &b->block[c->bundle];
    size_t low = block->start[row], high = block->start[row + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (block->cell[middle] < c->first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < block->start[row + 1] && block->cell[low] < c->first + c->cells ? block->cell[low] - c->first
                                                                                 : c->common;
}
