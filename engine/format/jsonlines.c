#include "engine/format/jsonlines.h"

#include <math.h>
#include <stdio.h>

#include "engine/format/instance.h"
#include "engine/format/lines.h"
#include "engine/format/number.h"
#include "engine/format/scan.h"

struct rows {
    const struct layout *layout;
    struct dataset_builder *b;
    struct instance instance;
};

static int read_row(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct rows *r = context;
    const char *p = instance_read(&r->instance, line, end, r->layout, at, r->b, err);
    if (!p)
        return -1;
    if (scan_space(p, end) < end)
        return place_error(at, "", 0, ERROR_INPUT, "write one row in each line",
                           "Something follows the row in its line", err);
    return dataset_builder_pass(r->b, err);
}

int jsonlines_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct rows rows = {.layout = layout, .b = b};
    int status = lines_read(in, read_row, &rows, err);
    instance_free(&rows.instance);
    return status;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void append_number(struct str *out, float value)
{
    char text[NUMBER_TEXT];
    if (isnan(value))
        str_puts(out, "null");
    else
        str_append(out, text, number_write(text, value));
}

static void append_values(struct str *out, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            str_putc(out, ',');
        append_number(out, values[i]);
    }
}

static void append_sparse(struct str *out, const struct dataset *d, size_t row)
{
    size_t first = d->start[row], count = d->start[row + 1] - first;
    str_puts(out, "{\"data\":{\"features\":{\"values\":[");
    append_values(out, d->value + first, count);
    str_puts(out, "],\"keys\":[");
    for (size_t i = 0; i < count; i++)
        str_printf(out, i ? ",%u" : "%u", d->index[first + i]);
    str_printf(out, "],\"shape\":[%zu]}}", d->columns);
}

static void append_dense(struct str *out, const struct dataset *d, size_t row)
{
    str_puts(out, "{\"features\":[");
    append_values(out, d->x + row * d->columns, d->columns);
    str_putc(out, ']');
}

int jsonlines_append(struct writer *w, const struct dataset *d, size_t row, struct error *err)
{
    struct str *out = &w->bytes;
    char where[256];
    size_t start = out->len;
    snprintf(where, sizeof where, "%s, row %zu", d->name, w->rows + 1);
    if (d->group)
        return error_set(err, ERROR_INPUT, where, "convert to text/libsvm",
                         "JSON Lines cannot hold the groups of rows");
    (d->start ? append_sparse : append_dense)(out, d, row);
    str_puts(out, ",\"label\":");
    append_number(out, d->y[row]);
    if (d->weight && d->weight[row] != 1) {
        str_puts(out, ",\"weight\":");
        append_number(out, d->weight[row]);
    }
    str_puts(out, "}\n");
    if (out->len - start > LINES_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to application/x-recordio-protobuf",
                         "The row would be a line longer than 1 MiB, which cannot be read again");
    return 0;
}
