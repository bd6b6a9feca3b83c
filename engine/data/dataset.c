#include "engine/data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int dataset_dense(struct dataset *d, struct error *err)
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

/* --- row by row -----------------------------------------------------------------------------------------------------
 */

/* `old` with room for `count` things of `size` bytes; `old` itself, and `ok` false, when memory ends. */
static void *resize(void *old, size_t count, size_t size, bool *ok)
{
    void *resized = count > SIZE_MAX / size ? NULL : realloc(old, (count ? count : 1) * size);
    *ok = *ok && resized;
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

bool dataset_builder_takes(const struct dataset_builder *b, bool sparse)
{
    return b->data->rows == 0 || sparse == (b->data->start != NULL);
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

void dataset_builder_finish(struct dataset_builder *b)
{
    if (b->data->rows > 0 && b->data->rows < b->row_room)
        resize_rows(b, b->data->rows);
    if (b->entries < b->entry_room)
        resize_entries(b, b->entries);
}
