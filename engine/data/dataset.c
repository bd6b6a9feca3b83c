#include "engine/data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_CELLS 65536 /* what a builder makes room for at first */

int dataset_alloc(struct dataset *d, size_t rows, size_t columns)
{
    size_t cells = rows * columns;
    *d = (struct dataset){.rows = rows, .columns = columns};
    if (columns && rows > SIZE_MAX / sizeof *d->x / columns)
        return -1;
    d->x = calloc(cells ? cells : 1, sizeof *d->x);
    d->y = calloc(rows ? rows : 1, sizeof *d->y);
    if (d->x && d->y)
        return 0;
    dataset_free(d);
    return -1;
}

void dataset_free(struct dataset *d)
{
    if (!d)
        return;
    free(d->x);
    free(d->start);
    free(d->index);
    free(d->value);
    free(d->y);
    free(d->weight);
    free(d->group);
    *d = (struct dataset){0};
}

static void scatter(const struct dataset *d, size_t row, float *cells)
{
    for (size_t i = d->start[row]; i < d->start[row + 1]; i++)
        cells[d->index[i]] = d->value[i];
}

void dataset_row(const struct dataset *d, size_t row, float *cells)
{
    if (!d->start) {
        memcpy(cells, d->x + row * d->columns, d->columns * sizeof *cells);
        return;
    }
    memset(cells, 0, d->columns * sizeof *cells);
    scatter(d, row, cells);
}

int dataset_dense(struct dataset *d, enum dataset_missing missing, struct error *err)
{
    static const char fix[] = "give fewer rows or leave out columns";
    size_t cells = d->rows * d->columns;
    if (!d->start)
        return 0;
    if (d->columns && d->rows > DATASET_DENSE_BYTES_MAX / sizeof *d->x / d->columns)
        return error_set(err, ERROR_LIMIT, d->name, fix,
                         "%zu rows of %zu columns take %.0f MiB once every zero is stored; the limit is %llu MiB",
                         d->rows, d->columns,
                         (double)d->rows * (double)d->columns * (double)sizeof *d->x / (double)(1 << 20),
                         DATASET_DENSE_BYTES_MAX >> 20);
    d->x = calloc(cells ? cells : 1, sizeof *d->x);
    if (!d->x)
        return error_set(err, ERROR_LIMIT, d->name, fix, "The data with every zero stored do not fit into memory");
    for (size_t i = 0; missing == DATASET_NAN && i < cells; i++)
        d->x[i] = NAN;
    for (size_t row = 0; row < d->rows; row++)
        scatter(d, row, d->x + row * d->columns);
    free(d->start);
    free(d->index);
    free(d->value);
    d->start = NULL;
    d->index = NULL;
    d->value = NULL;
    return 0;
}

int dataset_widen(struct dataset *d, size_t columns, const char *where, struct error *err)
{
    if (d->rows == 0 || d->columns == columns)
        return 0;
    if (!d->start || d->columns > columns)
        return error_set(err, ERROR_INPUT, where, "give every channel the same columns",
                         "%s has %zu features, the training data have %zu", d->name, d->columns, columns);
    d->columns = columns;
    return 0;
}

/* --- row by row -----------------------------------------------------------------------------------------------------
 */

#define LARGE (4u << 20)

/* New memory costs as much as filling it: for large arrays the kernel is asked for pages of 2 MiB, where it has them.
 * All of an array's mapping is named, since one of two kinds could not grow in its place. */
static void use_large_pages(void *memory, size_t bytes)
{
    const uintptr_t page = 4096, first = (uintptr_t)memory / page * page;
    if (bytes >= LARGE)
        madvise((void *)first, ((uintptr_t)memory + bytes - first + page - 1) / page * page, MADV_HUGEPAGE);
}

/* `old` with room for `count` things of `size` bytes; `old` itself, and `ok` false, when memory ends. */
static void *resize(void *old, size_t count, size_t size, bool *ok)
{
    void *resized = count > SIZE_MAX / size ? NULL : realloc(old, (count ? count : 1) * size);
    *ok = *ok && resized;
    if (resized)
        use_large_pages(resized, count * size);
    return resized ? resized : old;
}

static int resize_rows(struct dataset_builder *b, size_t rows)
{
    struct dataset *d = b->data;
    bool ok = true;
    if (d->columns && rows > SIZE_MAX / sizeof *d->x / d->columns)
        return -1;
    if (d->start)
        d->start = resize(d->start, rows + 1, sizeof *d->start, &ok);
    else
        d->x = resize(d->x, rows * d->columns, sizeof *d->x, &ok);
    d->y = resize(d->y, rows, sizeof *d->y, &ok);
    if (d->weight)
        d->weight = resize(d->weight, rows, sizeof *d->weight, &ok);
    if (d->group)
        d->group = resize(d->group, rows, sizeof *d->group, &ok);
    if (!ok)
        return -1;
    b->row_room = rows;
    return 0;
}

static int resize_entries(struct dataset_builder *b, size_t entries)
{
    bool ok = true;
    b->data->index = resize(b->data->index, entries, sizeof *b->data->index, &ok);
    b->data->value = resize(b->data->value, entries, sizeof *b->data->value, &ok);
    if (!ok)
        return -1;
    b->entry_room = entries;
    return 0;
}

static int make_row(struct dataset_builder *b, size_t columns)
{
    if (b->data->rows < b->row_room)
        return 0;
    return resize_rows(b, b->row_room ? b->row_room * 2 : 1 + FIRST_CELLS / (columns + 1));
}

bool dataset_builder_empty(const struct dataset_builder *b)
{
    return b->data->rows == 0 && b->passed == 0;
}

bool dataset_builder_takes(const struct dataset_builder *b, bool sparse)
{
    return dataset_builder_empty(b) || sparse == (b->data->start != NULL);
}

float *dataset_builder_dense(struct dataset_builder *b, size_t columns)
{
    b->data->columns = columns;
    if (make_row(b, columns) < 0)
        return NULL;
    return b->data->x + b->data->rows * columns;
}

int dataset_builder_sparse(struct dataset_builder *b, size_t columns)
{
    struct dataset *d = b->data;
    if (!d->start) {
        d->start = calloc(1, sizeof *d->start);
        if (!d->start)
            return -1;
    }
    if (columns > d->columns)
        d->columns = columns;
    b->entries = d->start[d->rows];
    return make_row(b, 0);
}

int dataset_builder_entry(struct dataset_builder *b, uint32_t index, float value)
{
    struct dataset *d = b->data;
    if (b->entries == b->entry_room && resize_entries(b, b->entry_room ? b->entry_room * 2 : FIRST_CELLS) < 0)
        return -1;
    d->index[b->entries] = index;
    d->value[b->entries++] = value;
    if (index >= d->columns)
        d->columns = (size_t)index + 1;
    return 0;
}

int dataset_builder_end(struct dataset_builder *b, float label, float weight)
{
    struct dataset *d = b->data;
    if (weight != 1 && !d->weight) {
        d->weight = malloc(b->row_room * sizeof *d->weight);
        if (!d->weight)
            return -1;
        for (size_t i = 0; i < d->rows; i++)
            d->weight[i] = 1;
    }
    if (d->weight)
        d->weight[d->rows] = weight;
    d->y[d->rows++] = label;
    if (d->start)
        d->start[d->rows] = b->entries;
    return 0;
}

int dataset_builder_group(struct dataset_builder *b, uint32_t group)
{
    struct dataset *d = b->data;
    if (!d->group)
        d->group = calloc(b->row_room, sizeof *d->group);
    if (!d->group)
        return -1;
    d->group[d->rows - 1] = group;
    return 0;
}

void dataset_builder_finish(struct dataset_builder *b)
{
    if (b->data->rows > 0 && b->data->rows < b->row_room)
        resize_rows(b, b->data->rows);
    if (b->entries < b->entry_room)
        resize_entries(b, b->entries);
}

int dataset_builder_rest(struct dataset_builder *b, struct error *err)
{
    struct dataset *d = b->data;
    int status = b->take && d->rows ? b->take(b->context, d, err) : 0;
    if (!b->take)
        return 0;
    b->passed += d->rows;
    d->rows = 0;
    b->entries = 0;
    return status;
}

int dataset_builder_pass(struct dataset_builder *b, struct error *err)
{
    const struct dataset *d = b->data;
    if (!b->take)
        return 0;
    if (b->chunk_rows && d->rows >= b->chunk_rows)
        return dataset_builder_rest(b, err);
    if (b->chunk_cells && (d->start ? b->entries : d->rows * d->columns) >= b->chunk_cells)
        return dataset_builder_rest(b, err);
    return 0;
}

/* How many rows of so many columns still fit into the chunk; at least one. */
static size_t chunk_left(const struct dataset_builder *b, size_t columns)
{
    size_t rows = b->data->rows, left = SIZE_MAX;
    if (b->take && b->chunk_rows)
        left = b->chunk_rows > rows ? b->chunk_rows - rows : 1;
    if (b->take && b->chunk_cells && columns && b->chunk_cells / columns < left + rows)
        left = b->chunk_cells / columns > rows ? b->chunk_cells / columns - rows : 1;
    return left;
}

float *dataset_builder_block(struct dataset_builder *b, size_t columns, size_t *rows)
{
    struct dataset *d = b->data;
    size_t left = chunk_left(b, columns), room = b->row_room;
    if (*rows > left)
        *rows = left;
    d->columns = columns;
    if (*rows > SIZE_MAX / 4 - d->rows)
        return NULL;
    if (d->rows + *rows > room && resize_rows(b, d->rows + *rows > 2 * room ? d->rows + *rows : 2 * room) < 0)
        return NULL;
    return d->x + d->rows * columns;
}

void dataset_builder_end_block(struct dataset_builder *b, size_t rows)
{
    b->data->rows += rows;
}
