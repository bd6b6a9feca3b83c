#include "engine/format/parquet.h"

#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/parquet_cursor.h"

#define BLOCK_CELLS 32768 /* unpacked column by column before they are laid out in rows */
#define BLOCK_ROWS 1024

/* A file while it is read: a cursor for each column, and the block that is being read. */
struct table {
    struct input *in;
    struct parquet_meta meta;
    struct parquet_cursor *cursors;
    uint64_t memory;           /* of their pages */
    float *block;              /* column after column, block_rows each */
    size_t block_rows, labels; /* labels: 1, or 0 where there is no label */
};

static int no_memory(const struct table *t, struct error *err)
{
    return error_set(err, ERROR_LIMIT, input_name(t->in), "give fewer rows or more memory",
                     "The data do not fit into memory");
}

static int refuse_column(const struct table *t, size_t column, const char *what, const char *fix, struct error *err)
{
    char where[256];
    snprintf(where, sizeof where, "%.150s, column '%.80s'", input_name(t->in), t->meta.columns[column].name);
    return error_set(err, ERROR_INPUT, where, fix, "The column %s", what);
}

static int refuse_value(const struct table *t, size_t column, size_t group, size_t row, const char *what,
                        struct error *err)
{
    char where[256];
    snprintf(where, sizeof where, "%.120s, row group %zu, row %zu, column '%.60s'", input_name(t->in), group + 1,
             row + 1, t->meta.columns[column].name);
    return error_set(err, ERROR_INPUT, where, "keep values within 3.4e38 and give every row a label", "The %s", what);
}

/* --- blocks of rows -------------------------------------------------------------------------------------------------
 */

static bool any_infinite(const float *values, size_t count)
{
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        found |= (bits & 0x7FFFFFFF) == 0x7F800000;
    }
    return found;
}

static int check_values(const struct table *t, size_t column, size_t group, size_t first, const float *values,
                        size_t count, struct error *err)
{
    bool label = column < t->labels;
    if (!label && !any_infinite(values, count))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (label ? !isfinite(values[i]) : isinf(values[i]))
            return refuse_value(t, column, group, first + i,
                                label ? "label is not a finite number" : "number is too large for 32-bit floats", err);
    return 0;
}

/* Four columns of four rows become four rows of four columns. */
static inline void turn(const float *from, size_t from_stride, float *to, size_t to_stride)
{
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_stride), c = _mm_loadu_ps(from + 2 * from_stride),
           d = _mm_loadu_ps(from + 3 * from_stride);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to + to_stride, b);
    _mm_storeu_ps(to + 2 * to_stride, c);
    _mm_storeu_ps(to + 3 * to_stride, d);
}

/* x (rows x columns) from columns that are `stride` apart. */
static void lay_out(float *x, const float *block, size_t stride, size_t rows, size_t columns)
{
    size_t whole = columns / 4 * 4, row = 0;
    for (; row + 4 <= rows; row += 4) {
        for (size_t k = 0; k < whole; k += 4)
            turn(block + k * stride + row, stride, x + row * columns + k, columns);
        for (size_t k = whole; k < columns; k++)
            for (size_t i = row; i < row + 4; i++)
                x[i * columns + k] = block[k * stride + i];
    }
    for (; row < rows; row++)
        for (size_t k = 0; k < columns; k++)
            x[row * columns + k] = block[k * stride + row];
}

/* `rows` rows from `first` on, of a group: labels to y, features to x. */
static int read_block(struct table *t, size_t group, size_t first, size_t rows, float *x, float *y, struct error *err)
{
    for (size_t c = 0; c < t->meta.column_count; c++) {
        float *to = c < t->labels ? y : t->block + (c - t->labels) * t->block_rows;
        if (parquet_cursor_read(&t->cursors[c], to, rows, err) < 0 ||
            check_values(t, c, group, first, to, rows, err) < 0)
            return -1;
    }
    if (t->labels == 0)
        memset(y, 0, rows * sizeof *y);
    lay_out(x, t->block, t->block_rows, rows, t->meta.column_count - t->labels);
    return 0;
}

static int open_group(struct table *t, size_t group, struct error *err)
{
    for (size_t c = 0; c < t->meta.column_count; c++) {
        const struct parquet_chunk *chunk = &t->meta.chunks[group * t->meta.column_count + c];
        if (chunk->values != t->meta.rows[group])
            return refuse_column(t, c, "does not have as many values as its row group has rows",
                                 "copy the file again, or write it again", err);
        parquet_cursor_open(&t->cursors[c], t->in, &t->meta.columns[c], chunk, group, &t->memory);
    }
    return 0;
}

/* 0, 1 where the taker has enough, -1. */
static int read_group(struct table *t, size_t group, struct dataset_builder *b, struct error *err)
{
    size_t columns = t->meta.column_count - t->labels, total = (size_t)t->meta.rows[group];
    int status = open_group(t, group, err);
    for (size_t done = 0; status == 0 && done < total;) {
        size_t rows = total - done < t->block_rows ? total - done : t->block_rows;
        float *x = dataset_builder_block(b, columns, &rows);
        if (!x)
            return no_memory(t, err);
        status = read_block(t, group, done, rows, x, b->data->y + b->data->rows, err);
        if (status < 0)
            return status;
        dataset_builder_end_block(b, rows);
        done += rows;
        status = dataset_builder_pass(b, err);
    }
    return status;
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static int check_columns(const struct table *t, const struct dataset_builder *b, struct error *err)
{
    const char *name = input_name(t->in);
    size_t columns = t->meta.column_count - t->labels;
    for (size_t c = 0; c < t->meta.column_count; c++)
        if (t->meta.columns[c].refused)
            return refuse_column(t, c, t->meta.columns[c].refused,
                                 "leave it out, or turn it into numbers: a table of training data has no other columns",
                                 err);
    if (columns == 0)
        return error_set(err, ERROR_INPUT, name, "give at least one feature after the label",
                         "The file has one column, the label");
    if (columns > DATASET_DENSE_COLUMNS_MAX)
        return error_set(err, ERROR_LIMIT, name, "keep to 1,000,000 columns", "The file has too many columns");
    if (!dataset_builder_takes(b, false))
        return error_set(err, ERROR_INPUT, name, "write all rows dense or all sparse",
                         "The rows are dense, those of the files before are sparse");
    if (!dataset_builder_empty(b) && columns != b->data->columns)
        return error_set(err, ERROR_INPUT, name, "give every file the same columns",
                         "The file has %zu features, those before have %zu", columns, b->data->columns);
    return 0;
}

/* Values of one kind take next to no bytes in a file, and rows do. */
static int check_rows(const struct table *t, const struct dataset_builder *b, struct error *err)
{
    uint64_t rows = b->data->rows, most = PARQUET_ROWS_BYTES / sizeof(float) / (t->meta.column_count + 1);
    for (size_t g = 0; !b->take && g < t->meta.group_count; g++) {
        rows += (uint64_t)t->meta.rows[g];
        if (rows > most)
            return error_set(err, ERROR_LIMIT, input_name(t->in), "give fewer rows, or read them in Pipe mode",
                             "Its rows take more than 16 GiB");
    }
    return 0;
}

static int make_room(struct table *t, struct error *err)
{
    size_t columns = t->meta.column_count;
    t->block_rows = BLOCK_CELLS / columns < BLOCK_ROWS ? BLOCK_CELLS / columns : BLOCK_ROWS;
    t->block_rows = t->block_rows < 16 ? 16 : t->block_rows / 16 * 16;
    t->block = malloc(columns * t->block_rows * sizeof *t->block);
    t->cursors = calloc(columns, sizeof *t->cursors);
    return t->block && t->cursors ? 0 : no_memory(t, err);
}

static int open_table(struct table *t, struct error *err)
{
    uint64_t size;
    return input_random(t->in, &size, err) < 0 ? -1 : parquet_meta_read(t->in, size, &t->meta, err);
}

static void close_table(struct table *t)
{
    for (size_t c = 0; t->cursors && c < t->meta.column_count; c++)
        parquet_cursor_free(&t->cursors[c]);
    free(t->cursors);
    free(t->block);
    parquet_meta_free(&t->meta);
}

int parquet_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct table t = {.in = in, .labels = layout->label == LABEL_NEEDED};
    int status = open_table(&t, err);
    if (status == 0)
        status = check_columns(&t, b, err);
    if (status == 0)
        status = check_rows(&t, b, err);
    if (status == 0)
        status = make_room(&t, err);
    for (size_t g = 0; status == 0 && g < t.meta.group_count; g++)
        status = read_group(&t, g, b, err);
    close_table(&t);
    return status;
}

static int find_column(const struct table *t, const char *name, size_t *column, struct error *err)
{
    for (size_t c = 0; c < t->meta.column_count; c++)
        if (strcmp(t->meta.columns[c].name, name) == 0) {
            *column = c;
            return t->meta.columns[c].refused
                       ? refuse_column(t, c, t->meta.columns[c].refused, "ask for a column of numbers", err)
                       : 0;
        }
    return error_set(err, ERROR_INPUT, input_name(t->in), "look at the names in the file",
                     "There is no column '%.100s'", name);
}

/* Grows as values are really read. */
static int read_values(struct table *t, size_t column, float **values, size_t *rows, struct error *err)
{
    for (size_t g = 0; g < t->meta.group_count; g++) {
        parquet_cursor_open(t->cursors, t->in, &t->meta.columns[column],
                            &t->meta.chunks[g * t->meta.column_count + column], g, &t->memory);
        for (size_t left = (size_t)t->meta.rows[g]; left > 0;) {
            size_t n = left < BLOCK_CELLS ? left : BLOCK_CELLS;
            float *grown = realloc(*values, (*rows + n) * sizeof *grown);
            if (!grown)
                return no_memory(t, err);
            *values = grown;
            if (parquet_cursor_read(t->cursors, grown + *rows, n, err) < 0)
                return -1;
            *rows += n;
            left -= n;
        }
    }
    return 0;
}

int parquet_read_column(struct input *in, const char *name, float **values, size_t *rows, struct error *err)
{
    struct table t = {.in = in};
    size_t column = 0;
    int status = open_table(&t, err);
    *values = NULL;
    *rows = 0;
    if (status == 0)
        status = find_column(&t, name, &column, err);
    if (status == 0)
        status = make_room(&t, err);
    if (status == 0)
        status = read_values(&t, column, values, rows, err);
    close_table(&t);
    if (status == 0)
        return 0;
    free(*values);
    *values = NULL;
    return status;
}
