#include "engine/format/libsvm.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/lines.h"
#include "engine/format/number.h"

#define FORM "write label index:value index:value ... with blanks between"

/* Where a line is being read: entry 0 is the label. */
struct cursor {
    const char *p, *end;
    const struct place *at;
    size_t entry;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int complain(const struct cursor *c, enum error_code code, const char *fix, const char *what, struct error *err)
{
    return place_error(c->at, "entry", c->entry, code, fix, what, err);
}

/* Complains of the word under the cursor. */
static int bad_word(const struct cursor *c, const char *fix, const char *wrong, struct error *err)
{
    const char *stop = c->p;
    char what[160];
    while (stop < c->end && !is_blank(*stop))
        stop++;
    snprintf(what, sizeof what, "'%.*s'%s %s", (int)(stop - c->p < 60 ? stop - c->p : 60), c->p,
             stop - c->p < 60 ? "" : "...", wrong);
    return complain(c, ERROR_INPUT, fix, what, err);
}

static bool at_word_end(const struct cursor *c, const char *p)
{
    return p == c->end || is_blank(*p);
}

/* The number at `p` as a 32-bit float; where it ends, NULL when there is none that fits. */
static const char *read_float(const struct cursor *c, const char *p, float *out)
{
    double value;
    const char *next = number_read(p, c->end, &value);
    if (!next)
        return NULL;
    *out = (float)value;
    return isinf(*out) ? NULL : next;
}

static void next_word(struct cursor *c, const char *p)
{
    while (p < c->end && is_blank(*p))
        p++;
    c->p = p;
    c->entry++;
}

static int read_label(struct cursor *c, float *label, float *weight, struct error *err)
{
    const char *p = read_float(c, c->p, label);
    *weight = 1;
    if (p && p < c->end && *p == ':')
        p = read_float(c, p + 1, weight);
    if (!p || !at_word_end(c, p))
        return bad_word(c, FORM, "is not a label", err);
    if (*weight < 0)
        return bad_word(c, "write the weight as 0 or more", "is a label with a negative weight", err);
    next_word(c, p);
    return 0;
}

/* The whole number before the colon; NULL when there is none. One above the limit is as good as any. */
static const char *read_index(const struct cursor *c, size_t *index)
{
    const char *p = c->p;
    *index = 0;
    for (; p < c->end && *p >= '0' && *p <= '9'; p++)
        if (*index < DATASET_SPARSE_COLUMNS_MAX)
            *index = *index * 10 + (size_t)(*p - '0');
    return p == c->p || p == c->end || *p != ':' ? NULL : p + 1;
}

static int no_memory(const struct cursor *c, struct error *err)
{
    return complain(c, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory", err);
}

/* `least` is the smallest index that may come. */
static int read_entry(struct cursor *c, struct dataset_builder *b, size_t *least, struct error *err)
{
    size_t index;
    float value = 0;
    const char *p = read_index(c, &index);
    if (!p && c->end - c->p >= 4 && memcmp(c->p, "qid:", 4) == 0)
        return bad_word(c, "leave the qid out", "groups rows for ranking, which no learner here does", err);
    p = p ? read_float(c, p, &value) : NULL;
    if (!p || !at_word_end(c, p))
        return bad_word(c, FORM, "is not index:value with a number that fits 32 bits", err);
    if (index >= DATASET_SPARSE_COLUMNS_MAX)
        return bad_word(c, "number the features from 0 upwards", "has an index above 2147483646", err);
    if (index < *least)
        return bad_word(c, "sort the entries of a row by index, each index once",
                        "does not have a larger index than the entry before", err);
    *least = index + 1;
    if (dataset_builder_entry(b, (uint32_t)index, value) < 0)
        return no_memory(c, err);
    next_word(c, p);
    return 0;
}

static int read_row(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct dataset_builder *b = context;
    const char *comment = memchr(line, '#', (size_t)(end - line));
    struct cursor c = {.p = line, .end = comment ? comment : end, .at = at};
    size_t least = 0;
    float label = 0, weight = 1;
    if (c.p == c.end)
        return 0;
    if (!dataset_builder_takes(b, true))
        return complain(&c, ERROR_INPUT, "keep files of dense rows in a folder of their own",
                        "The rows before are dense, a row of this format is sparse", err);
    if (read_label(&c, &label, &weight, err) < 0)
        return -1;
    if (dataset_builder_sparse(b, 0) < 0)
        return no_memory(&c, err);
    while (c.p < c.end)
        if (read_entry(&c, b, &least, err) < 0)
            return -1;
    return dataset_builder_end(b, label, weight) < 0 ? no_memory(&c, err) : 0;
}

int libsvm_read(struct input *in, struct dataset_builder *b, struct error *err)
{
    return lines_read(in, read_row, b, err);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void append_entry(struct str *out, size_t index, float value)
{
    char text[NUMBER_TEXT];
    str_printf(out, " %zu:", index);
    str_append(out, text, number_write(text, value));
}

/* Is there an entry of this row in the last column, from which a reader learns how many there are? */
static bool shows_width(const struct dataset *d, size_t row)
{
    size_t last = d->columns - 1;
    if (d->start)
        return d->start[row + 1] > d->start[row] && d->index[d->start[row + 1] - 1] == last;
    return d->x[row * d->columns + last] != 0;
}

static void append_features(struct str *out, const struct dataset *d, size_t row)
{
    if (d->start) {
        for (size_t i = d->start[row]; i < d->start[row + 1]; i++)
            append_entry(out, d->index[i], d->value[i]);
        return;
    }
    for (size_t column = 0; column < d->columns; column++)
        if (d->x[row * d->columns + column] != 0)
            append_entry(out, column, d->x[row * d->columns + column]);
}

/* Where no row shows the width, the first row does with a zero. */
static void append_width(struct str *out, const struct dataset *d)
{
    size_t row = 0;
    while (row < d->rows && !shows_width(d, row))
        row++;
    if (row == d->rows)
        append_entry(out, d->columns - 1, 0);
}

static bool has_missing(const struct dataset *d, size_t row)
{
    const float *values = d->start ? d->value + d->start[row] : d->x + row * d->columns;
    size_t count = d->start ? d->start[row + 1] - d->start[row] : d->columns;
    for (size_t i = 0; i < count; i++)
        if (isnan(values[i]))
            return true;
    return false;
}

int libsvm_append(struct str *out, const struct dataset *d, size_t row, struct error *err)
{
    char text[NUMBER_TEXT], where[256];
    size_t start = out->len;
    snprintf(where, sizeof where, "%s, row %zu", d->name, row + 1);
    if (has_missing(d, row))
        return error_set(err, ERROR_INPUT, where, "convert to text/csv or application/x-recordio-protobuf",
                         "libsvm cannot hold a missing value: what is left out is 0");
    str_append(out, text, number_write(text, d->y[row]));
    if (d->weight && d->weight[row] != 1) {
        str_putc(out, ':');
        str_append(out, text, number_write(text, d->weight[row]));
    }
    append_features(out, d, row);
    if (row == 0)
        append_width(out, d);
    str_putc(out, '\n');
    if (out->len - start > LINES_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to application/x-recordio-protobuf",
                         "The row would be a line longer than 1 MiB, which cannot be read again");
    return 0;
}
