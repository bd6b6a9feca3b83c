#include "engine/format/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/lines.h"
#include "engine/format/number.h"

/* --- cells ----------------------------------------------------------------------------------------------------------
 */

static int complain(struct error *err, const struct place *at, size_t column, enum error_code code, const char *fix,
                    const char *what)
{
    return place_error(at, "column", column, code, fix, what, err);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A cell's text without blanks around it and without its quotes. `next` is where the comma or the end is. */
static const char *cell_text(const char *p, const char *end, size_t *len, const char **next)
{
    const char *stop;
    while (p < end && blank(*p))
        p++;
    if (p < end && *p == '"') {
        stop = memchr(p + 1, '"', (size_t)(end - p - 1));
        const char *after = stop ? stop + 1 : end;
        while (after < end && blank(*after))
            after++;
        if (stop && (after == end || *after == ',')) {
            *next = after;
            p++;
            *len = (size_t)(stop - p);
            return p;
        }
    }
    stop = memchr(p, ',', (size_t)(end - p));
    *next = stop = stop ? stop : end;
    while (stop > p && blank(stop[-1]))
        stop--;
    *len = (size_t)(stop - p);
    return p;
}

static int bad_cell(const char *text, size_t len, size_t column, const struct place *at, struct error *err)
{
    char what[160];
    if (at->line == 1 && column == 1)
        return complain(err, at, 0, ERROR_INPUT,
                        "delete the first line: the format has no header; the label comes first",
                        "The first line looks like a header, not like numbers");
    snprintf(what, sizeof what, "'%.*s'%s is not a number", (int)(len < 60 ? len : 60), text, len < 60 ? "" : "...");
    return complain(err, at, column, ERROR_INPUT,
                    "write numbers with a point, nothing else; leave a cell empty where the value is missing", what);
}

/* Up to nine digits alone in a cell, which many cells are: exact in an integer, then rounded once. NULL: something
 * else. */
static const char *read_digits(const char *p, const char *end, float *out)
{
    const char *start = p, *most = end - p > 9 ? p + 9 : end;
    uint32_t value = 0;
    for (; p < most && *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (uint32_t)(*p - '0');
    if (p == start || (p < end && *p != ','))
        return NULL;
    *out = (float)value;
    return p;
}

/* The cell at `p` as a number, NaN when empty. Returns where the comma or the end is, NULL with an error. */
static const char *read_cell(const char *p, const char *end, size_t column, const struct place *at, float *out,
                             struct error *err)
{
    double value;
    const char *text, *next = read_digits(p, end, out);
    size_t len;
    if (next)
        return next;
    next = number_read(p, end, &value);
    if (!next || (next < end && *next != ',')) {
        text = cell_text(p, end, &len, &next);
        value = NAN;
        if (len && !number_fills(text, len, &value)) {
            bad_cell(text, len, column, at, err);
            return NULL;
        }
    }
    *out = (float)value;
    if (isinf(*out)) {
        complain(err, at, column, ERROR_INPUT, "keep values within 3.4e38",
                 "The number is too large for 32-bit floats");
        return NULL;
    }
    return next;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static size_t count_cells(const char *p, const char *end)
{
    size_t count = 1, len;
    const char *next;
    for (cell_text(p, end, &len, &next); next < end; cell_text(next + 1, end, &len, &next))
        count++;
    return count;
}

static int check_columns(size_t cells, const struct place *at, struct error *err)
{
    if (cells < 2)
        return complain(err, at, 0, ERROR_INPUT, "write the label first, then the features, with commas between",
                        "A row needs a label and at least one feature");
    if (cells - 1 > DATASET_DENSE_COLUMNS_MAX)
        return complain(err, at, 0, ERROR_LIMIT, "keep to 1,000,000 columns", "The row has too many columns");
    return 0;
}

static int wrong_count(const char *line, const char *end, const struct dataset *d, const struct place *at,
                       struct error *err)
{
    char what[128];
    snprintf(what, sizeof what, "The row has %zu columns, the rows before have %zu", count_cells(line, end),
             d->columns + 1);
    return complain(err, at, 0, ERROR_INPUT, "give every row the same number of columns", what);
}

static int no_memory(const struct place *at, struct error *err)
{
    return complain(err, at, 0, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory");
}

struct rows {
    const struct layout *layout;
    struct dataset_builder *b;
};

static int read_row(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct dataset_builder *b = ((struct rows *)context)->b;
    size_t columns = !dataset_builder_empty(b) ? b->data->columns : count_cells(line, end) - 1;
    const char *p = line;
    float *x, label = NAN;
    if (dataset_builder_empty(b) && check_columns(columns + 1, at, err) < 0)
        return -1;
    if (!dataset_builder_takes(b, false))
        return complain(err, at, 0, ERROR_INPUT, "keep files of sparse rows in a folder of their own",
                        "The rows before are sparse, a row of this format is not");
    x = dataset_builder_dense(b, columns);
    if (!x)
        return no_memory(at, err);
    for (size_t column = 0; column <= columns; column++) {
        p = read_cell(p, end, column + 1, at, column ? x + column - 1 : &label, err);
        if (!p)
            return -1;
        if ((p == end) != (column == columns))
            return wrong_count(line, end, b->data, at, err);
        if (p < end)
            p++;
    }
    if (isnan(label))
        return complain(err, at, 1, ERROR_INPUT, "leave out rows without a label", "The label is missing");
    return dataset_builder_end(b, label, 1) < 0 ? no_memory(at, err) : dataset_builder_pass(b, err);
}

int csv_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct rows rows = {layout, b};
    return lines_read(in, read_row, &rows, err);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void append_cell(struct str *out, float value)
{
    char text[NUMBER_TEXT];
    str_putc(out, ',');
    if (!isnan(value))
        str_append(out, text, number_write(text, value));
}

static void append_features(struct str *out, const struct dataset *d, size_t row)
{
    size_t column = 0;
    if (!d->start) {
        for (; column < d->columns; column++)
            append_cell(out, d->x[row * d->columns + column]);
        return;
    }
    for (size_t i = d->start[row]; i < d->start[row + 1]; i++) {
        for (; column < d->index[i]; column++)
            str_puts(out, ",0");
        append_cell(out, d->value[i]);
        column++;
    }
    for (; column < d->columns; column++)
        str_puts(out, ",0");
}

int csv_append(struct writer *w, const struct dataset *d, size_t row, struct error *err)
{
    struct str *out = &w->bytes;
    char text[NUMBER_TEXT], where[256];
    size_t start = out->len;
    snprintf(where, sizeof where, "%s, row %zu", d->name, w->rows + 1);
    if (d->weight && d->weight[row] != 1 && !w->layout.weights)
        return error_set(err, ERROR_INPUT, where,
                         "add --csv-weights for a second column of weights, or use text/libsvm",
                         "Without --csv-weights CSV cannot hold the weights of rows");
    if (d->group)
        return error_set(err, ERROR_INPUT, where, "convert to text/libsvm", "CSV cannot hold the groups of rows");
    if (d->columns > DATASET_DENSE_COLUMNS_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to a format of sparse rows",
                         "%zu columns are more than a CSV file may have", d->columns);
    str_append(out, text, number_write(text, d->y[row]));
    if (w->layout.weights)
        append_cell(out, d->weight ? d->weight[row] : 1);
    append_features(out, d, row);
    str_putc(out, '\n');
    if (out->len - start > LINES_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to application/x-recordio-protobuf",
                         "The row would be a line longer than 1 MiB, which cannot be read again");
    return 0;
}
