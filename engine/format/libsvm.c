#include "engine/format/libsvm.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/lines.h"
#include "engine/format/number.h"

#define FORM "write label index:value index:value ... with blanks between"

/* A channel being read. */
struct rows {
    const struct layout *layout;
    struct dataset_builder *b;
    uint32_t group; /* of the row before */
};

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

/* Without labels, which requests may leave out, a first word with a colon is a feature. */
static int read_label(struct cursor *c, bool needed, float *label, float *weight, struct error *err)
{
    const char *p = read_float(c, c->p, label);
    if (p && !needed && p < c->end && *p == ':')
        return 0;
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

static bool at_group(const struct cursor *c)
{
    return c->end - c->p >= 4 && memcmp(c->p, "qid:", 4) == 0;
}

/* `qid:N` where it stands. All rows have one or none has; of requests it is left out. */
static int read_group(struct cursor *c, struct rows *r, uint32_t *group, struct error *err)
{
    bool grouped = at_group(c), first = dataset_builder_empty(r->b);
    uint64_t value = 0;
    const char *p;
    if (r->layout->label == LABEL_NEEDED && !first && grouped != (r->b->data->group != NULL))
        return complain(c, ERROR_INPUT, "write qid:N behind the label of every row or of none",
                        grouped ? "The row has a qid, the rows before have none"
                                : "The row has no qid, the rows before have one",
                        err);
    if (!grouped)
        return 0;
    p = c->p + 4;
    for (; p < c->end && *p >= '0' && *p <= '9' && value <= UINT32_MAX; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    if (p == c->p + 4 || !at_word_end(c, p) || value > UINT32_MAX)
        return bad_word(c, "number the queries from 0 to 4294967295", "is not a qid", err);
    if (r->layout->label == LABEL_NEEDED && !first && value < r->group)
        return bad_word(c, "sort the rows by qid, so that those of a query stand together",
                        "is smaller than the qid of the row before", err);
    *group = (uint32_t)value;
    next_word(c, p);
    return 0;
}

static int end_row(const struct cursor *c, struct rows *r, float label, float weight, bool grouped, struct error *err)
{
    if (dataset_builder_end(r->b, label, weight) < 0 || (grouped && dataset_builder_group(r->b, r->group) < 0))
        return no_memory(c, err);
    return dataset_builder_pass(r->b, err);
}

static int read_row(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct rows *r = context;
    bool training = r->layout->label == LABEL_NEEDED, grouped;
    const char *comment = memchr(line, '#', (size_t)(end - line));
    struct cursor c = {.p = line, .end = comment ? comment : end, .at = at};
    size_t least = 0;
    float label = 0, weight = 1;
    if (c.p == c.end)
        return 0;
    if (!dataset_builder_takes(r->b, true))
        return complain(&c, ERROR_INPUT, "keep files of dense rows in a folder of their own",
                        "The rows before are dense, a row of this format is sparse", err);
    if ((training || !at_group(&c)) && read_label(&c, training, &label, &weight, err) < 0)
        return -1;
    grouped = at_group(&c) && training;
    if (read_group(&c, r, &r->group, err) < 0)
        return -1;
    if (dataset_builder_sparse(r->b, 0) < 0)
        return no_memory(&c, err);
    while (c.p < c.end)
        if (read_entry(&c, r->b, &least, err) < 0)
            return -1;
    return end_row(&c, r, label, weight, grouped, err);
}

int libsvm_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct rows rows = {.layout = layout, .b = b};
    if (b->data->group && b->data->rows)
        rows.group = b->data->group[b->data->rows - 1];
    return lines_read(in, read_row, &rows, err);
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
    return true;
}

/* Zeros of dense rows are written: left out, a tree would take them for missing. */
static void append_features(struct str *out, const struct dataset *d, size_t row)
{
    if (d->start) {
        for (size_t i = d->start[row]; i < d->start[row + 1]; i++)
            append_entry(out, d->index[i], d->value[i]);
        return;
    }
    for (size_t column = 0; column < d->columns; column++)
        append_entry(out, column, d->x[row * d->columns + column]);
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

int libsvm_append(struct writer *w, const struct dataset *d, size_t row, struct error *err)
{
    struct str *out = &w->bytes;
    char text[NUMBER_TEXT], where[256];
    size_t start = out->len;
    snprintf(where, sizeof where, "%s, row %zu", d->name, w->rows + 1);
    if (has_missing(d, row))
        return error_set(err, ERROR_INPUT, where, "convert to text/csv or application/x-recordio-protobuf",
                         "libsvm cannot hold a missing value: to most readers what is left out is 0");
    if (w->rows)
        str_putc(out, '\n');
    str_append(out, text, number_write(text, d->y[row]));
    if (d->weight && d->weight[row] != 1) {
        str_putc(out, ':');
        str_append(out, text, number_write(text, d->weight[row]));
    }
    if (d->group)
        str_printf(out, " qid:%" PRIu32, d->group[row]);
    append_features(out, d, row);
    w->wide = w->wide || shows_width(d, row);
    if (out->len - start > LINES_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to application/x-recordio-protobuf",
                         "The row would be a line longer than 1 MiB, which cannot be read again");
    return 0;
}

int libsvm_end(struct writer *w, struct error *err)
{
    (void)err;
    if (!w->wide && w->columns)
        append_entry(&w->bytes, w->columns - 1, 0);
    str_putc(&w->bytes, '\n');
    return 0;
}
