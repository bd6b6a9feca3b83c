#include "engine/format/series_parquet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/parquet.h"
#include "engine/format/parquet_list.h"
#include "engine/format/scan.h"
#include "engine/format/series_draft.h"

enum role { START, TARGET, CATEGORY, FEATURE, ITEM, ROLES };

/* A file while it is read: a column, or none, in each role. */
struct table {
    struct input *in;
    struct parquet_meta meta;
    uint64_t memory, bytes, bytes_max; /* of pages; of series, and how many those may have */
    size_t column[ROLES];              /* its number */
    bool has[ROLES];
    struct parquet_list lists[ROLES];
    struct parquet_row start, category, item;
    struct place at;
    struct error *err;
};

/* --- what a column may be -------------------------------------------------------------------------------------------
 */

static bool is_whole(const struct parquet_column *c)
{
    return (c->type == PARQUET_INT32 || c->type == PARQUET_INT64) && c->unit >= 1 && c->time == PARQUET_NO_TIME;
}

static bool is_number(const struct parquet_column *c)
{
    return c->type != PARQUET_INT96 && c->type < PARQUET_BYTE_ARRAY && c->time == PARQUET_NO_TIME;
}

static bool is_text(const struct parquet_column *c)
{
    return c->type == PARQUET_BYTE_ARRAY;
}

static bool is_moment(const struct parquet_column *c)
{
    return is_text(c) || c->type == PARQUET_INT96 || (c->type == PARQUET_INT32 && c->time == PARQUET_DAYS) ||
           (c->type == PARQUET_INT64 && c->time >= PARQUET_MILLIS && c->time <= PARQUET_NANOS);
}

static bool is_name(const struct parquet_column *c)
{
    return is_text(c) || is_whole(c);
}

static const struct kind {
    const char *name, *wanted;
    unsigned lists;
    bool needed;
    enum parquet_form form; /* of what is no text */
    bool (*fits)(const struct parquet_column *c);
} kinds[ROLES] = {
    [START] = {"start", "text, a date or a timestamp", 0, true, PARQUET_AS_INTEGER, is_moment},
    [TARGET] = {"target", "a list of numbers", 1, true, PARQUET_AS_FLOAT, is_number},
    [CATEGORY] = {"cat", "a list of integers", 1, false, PARQUET_AS_INTEGER, is_whole},
    [FEATURE] = {"dynamic_feat", "a list of lists of numbers", 2, false, PARQUET_AS_FLOAT, is_number},
    [ITEM] = {"item_id", "text or an integer", 0, false, PARQUET_AS_INTEGER, is_name},
};

static int refuse_column(const struct table *t, enum role role, const char *what)
{
    char where[256], fix[120];
    snprintf(where, sizeof where, "%.150s, column '%s'", input_name(t->in), kinds[role].name);
    snprintf(fix, sizeof fix, "make it %s%s", kinds[role].wanted, kinds[role].needed ? "" : ", or leave it out");
    return error_set(t->err, ERROR_INPUT, where, fix, "The column %s", what);
}

/* A column is found by the part of its name before the first point: lists have their elements behind it. */
static int find_column(struct table *t, enum role role)
{
    const struct kind *kind = &kinds[role];
    for (size_t i = 0; i < t->meta.column_count; i++) {
        const struct parquet_column *c = &t->meta.columns[i];
        if (c->root_len != strlen(kind->name) || strncmp(c->name, kind->name, c->root_len) != 0)
            continue;
        if (t->has[role])
            return refuse_column(t, role, "holds structs");
        if (c->lists != kind->lists || !kind->fits(c))
            return refuse_column(t, role, "is of another type than a series has there");
        t->has[role] = true;
        t->column[role] = i;
        t->lists[role].cursor.form = is_text(c) ? PARQUET_AS_TEXT : kind->form;
    }
    return t->has[role] || !kind->needed ? 0 : refuse_column(t, role, "is missing");
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static int complain(const struct table *t, enum error_code code, enum role role, const char *fix, const char *what)
{
    char where[256];
    snprintf(where, sizeof where, "%.150s, row %zu, column '%s'", t->at.file, t->at.line, kinds[role].name);
    return error_set(t->err, code, where, fix, "%s", what);
}

static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int take_start(struct table *t, struct series_draft *d)
{
    static const int64_t parts[] = {[PARQUET_NO_TIME] = 1, /* INT96 comes as seconds */
                                    [PARQUET_DAYS] = 1,
                                    [PARQUET_MILLIS] = 1000,
                                    [PARQUET_MICROS] = 1000000,
                                    [PARQUET_NANOS] = 1000000000};
    const struct parquet_column *c = &t->meta.columns[t->column[START]];
    int64_t value;
    if (t->start.null)
        return 0;
    if (is_text(c)) {
        const struct parquet_text *text = t->start.values;
        if (moment_read((const char *)text->bytes, text->len, &d->start) < 0)
            return complain(t, ERROR_INPUT, START, "write 2024-01-31 or 2024-01-31 23:00:00, without a zone",
                            "The start is no time");
    } else {
        memcpy(&value, t->start.values, sizeof value);
        d->start = c->type == PARQUET_INT96 ? value : divide(value, parts[c->time]);
        if (c->type == PARQUET_INT32)
            d->start = value * 86400;
        if (d->start < moment_seconds(1, 1, 1, 0, 0, 0) || d->start >= moment_seconds(10000, 1, 1, 0, 0, 0))
            return complain(t, ERROR_INPUT, START, "give a time of the years 1 to 9999", "The start is no time");
    }
    d->has_start = true;
    return 0;
}

static int take_categories(struct table *t, struct series_draft *d)
{
    const int64_t *values = t->category.values;
    if (t->category.missing)
        return complain(t, ERROR_INPUT, CATEGORY, "number the categories from 0", "A category is missing");
    for (size_t i = 0; i < t->category.count; i++) {
        if (values[i] < 0 || values[i] > INT32_MAX)
            return complain(t, ERROR_INPUT, CATEGORY, "number the categories from 0",
                            "A category is no whole number from 0 to 2147483647");
        d->category[i] = (int32_t)values[i];
    }
    d->categories = t->category.count;
    return 0;
}

static int take_item(struct table *t, struct series_draft *d)
{
    const struct parquet_text *text = t->item.values;
    int64_t number;
    if (t->item.null)
        return 0;
    d->has_item = true;
    if (is_text(&t->meta.columns[t->column[ITEM]])) {
        if (memchr(text->bytes, 0, text->len) || !scan_is_utf8((const char *)text->bytes, text->len))
            return complain(t, ERROR_INPUT, ITEM, "write UTF-8 without NUL", "The item_id is no text in UTF-8");
        str_append(&d->item, text->bytes, text->len);
    } else {
        memcpy(&number, t->item.values, sizeof number);
        str_printf(&d->item, "%lld", (long long)number);
    }
    return 0;
}

/* The draft's own array takes the values of a row. */
static int read_floats(struct table *t, enum role role, float **values, size_t *room, struct parquet_row *row)
{
    size_t most = (size_t)(t->bytes_max / sizeof **values);
    int status;
    row->most = row->most < most ? row->most : most;
    row->values = *values;
    row->room = *room;
    status = parquet_list_row(&t->lists[role], row, t->err);
    *values = row->values;
    *room = row->room;
    return status;
}

static int read_target(struct table *t, struct series_draft *d)
{
    struct parquet_row row = {.most = SERIES_LENGTH_MAX};
    if (read_floats(t, TARGET, &d->target, &d->target_room, &row) < 0)
        return -1;
    d->has_target = !row.null;
    d->length = row.count;
    for (size_t i = 0; i < row.count; i++)
        if (isinf(d->target[i]))
            return complain(t, ERROR_INPUT, TARGET, "keep values within 3.4e38", "A value is no finite number");
    return 0;
}

static int read_features(struct table *t, struct series_draft *d)
{
    struct parquet_row row = {.most = SERIES_LENGTH_MAX * (size_t)SERIES_FEATURES_MAX,
                              .ends = d->feature_end,
                              .lists_room = SERIES_FEATURES_MAX,
                              .lists_most = SERIES_FEATURES_MAX};
    if (read_floats(t, FEATURE, &d->feature, &d->feature_room, &row) < 0)
        return -1;
    d->features = row.lists;
    d->feature_values = row.count;
    for (size_t i = 0; i < row.count; i++)
        if (!isfinite(d->feature[i]))
            return complain(t, ERROR_INPUT, FEATURE, "give a finite number for every step", "A value is missing");
    return row.missing ? complain(t, ERROR_INPUT, FEATURE, "give every feature a list", "A list is missing") : 0;
}

static int read_row(struct table *t, struct series_draft *d)
{
    series_draft_begin(d);
    if (parquet_list_row(&t->lists[START], &t->start, t->err) < 0 || take_start(t, d) < 0 || read_target(t, d) < 0)
        return -1;
    if (t->has[CATEGORY] &&
        (parquet_list_row(&t->lists[CATEGORY], &t->category, t->err) < 0 || take_categories(t, d) < 0))
        return -1;
    if (t->has[FEATURE] && read_features(t, d) < 0)
        return -1;
    if (t->has[ITEM] && (parquet_list_row(&t->lists[ITEM], &t->item, t->err) < 0 || take_item(t, d) < 0))
        return -1;
    return 0;
}

static int append_row(struct table *t, struct series_reading *r)
{
    t->bytes += sizeof(struct series) + 64 + (r->draft.length + r->draft.feature_values) * sizeof(float);
    if (t->bytes > t->bytes_max)
        return error_set(t->err, ERROR_LIMIT, t->at.file, "give fewer series", "Its series take more than %llu MiB",
                         (unsigned long long)(t->bytes_max >> 20));
    return series_draft_end(&r->draft, r->set, &t->at, t->err);
}

static int read_group(struct table *t, size_t group, struct series_reading *r)
{
    for (int role = 0; role < ROLES; role++)
        if (t->has[role])
            parquet_list_open(&t->lists[role], t->in, &t->meta.columns[t->column[role]],
                              &t->meta.chunks[group * t->meta.column_count + t->column[role]], group, &t->memory);
    for (int64_t i = 0; i < t->meta.rows[group]; i++) {
        t->at.line++;
        if (read_row(t, &r->draft) < 0 || append_row(t, r) < 0)
            return -1;
    }
    for (int role = 0; role < ROLES; role++)
        if (t->has[role] && !parquet_list_done(&t->lists[role]))
            return parquet_cursor_complain(&t->lists[role].cursor, "has more values than its row group has rows",
                                           t->err);
    return 0;
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static void close_table(struct table *t)
{
    for (int role = 0; role < ROLES; role++)
        parquet_list_free(&t->lists[role]);
    parquet_row_free(&t->start);
    parquet_row_free(&t->category);
    parquet_row_free(&t->item);
    parquet_meta_free(&t->meta);
    free(t);
}

int series_parquet_read(struct input *in, void *reading, struct error *err)
{
    struct table *t = calloc(1, sizeof *t);
    struct series_reading *r = reading;
    uint64_t size = 0;
    int status;
    if (!t)
        return error_set(err, ERROR_SYSTEM, input_name(in), NULL, "There is not enough memory to read it");
    t->in = in;
    t->err = err;
    t->bytes_max = r->bytes_max ? r->bytes_max : PARQUET_ROWS_BYTES;
    t->at = (struct place){.file = input_name(in), .unit = "row"};
    t->start.most = t->item.most = 1;
    t->category.most = SERIES_FEATURES_MAX;
    status = input_random(in, &size, err) < 0 ? -1 : parquet_meta_read(in, size, &t->meta, err);
    for (int role = 0; status == 0 && role < ROLES; role++)
        status = find_column(t, (enum role)role);
    for (size_t g = 0; status == 0 && g < t->meta.group_count; g++)
        status = read_group(t, g, r);
    close_table(t);
    return status;
}
