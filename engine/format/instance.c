#include "engine/format/instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/scan.h"

#define SHAPE "write {\"features\":[1,2]} or {\"data\":{\"features\":{\"values\":[3],\"keys\":[5],\"shape\":[10]}}}"

/* A whole number from 0 up; too large ones are all UINT32_MAX. */
static int read_whole(struct scan *c, uint64_t *out)
{
    const char *start = c->p = scan_space(c->p, c->end);
    *out = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
        *out = *out > UINT32_MAX / 10 ? UINT32_MAX : *out * 10 + (uint64_t)(*c->p - '0');
    if (c->p > start && (c->p == c->end || !strchr(".eE", *c->p) || !*c->p))
        return 0;
    c->p = start;
    return scan_complain(c, ERROR_INPUT, "number the columns from 0, in whole numbers",
                         "Keys and shape hold something that is no whole number");
}

/* --- lists ----------------------------------------------------------------------------------------------------------
 */

static int read_values(struct scan *c, struct instance *row)
{
    int more;
    row->count = 0;
    row->has_values = true;
    if (!scan_step(c, '['))
        return scan_unexpected(c, "a list of numbers");
    while ((more = scan_element(c, row->count == 0)) > 0) {
        if (scan_reserve(c, &row->values, row->count, &row->room, sizeof *row->values) < 0 ||
            scan_value_or_null(c, row->values + row->count) < 0)
            return -1;
        row->count++;
    }
    return more;
}

static int read_keys(struct scan *c, struct instance *row)
{
    int more;
    row->key_count = 0;
    row->has_keys = true;
    if (!scan_step(c, '['))
        return scan_unexpected(c, "a list of keys");
    while ((more = scan_element(c, row->key_count == 0)) > 0) {
        if (scan_reserve(c, &row->keys, row->key_count, &row->key_room, sizeof *row->keys) < 0 ||
            read_whole(c, row->keys + row->key_count) < 0)
            return -1;
        row->key_count++;
    }
    return more;
}

static int read_shape(struct scan *c, struct instance *row)
{
    uint64_t side;
    int more;
    bool first = true;
    row->size = 1;
    row->has_shape = true;
    if (!scan_step(c, '['))
        return scan_unexpected(c, "a list of sizes");
    for (; (more = scan_element(c, first)) > 0; first = false) {
        if (read_whole(c, &side) < 0)
            return -1;
        if (side && row->size > DATASET_SPARSE_COLUMNS_MAX / side)
            return scan_complain(c, ERROR_LIMIT, "keep to 2147483647 columns", "The shape is too large");
        row->size *= side;
    }
    return more;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

enum meaning { FEATURES, DATA, LABEL, WEIGHT, PASSED_OVER, VALUES, KEYS, SHAPE_OF, TENSOR };

static const struct scan_key row_keys[] = {
    {"features", FEATURES},         {"data", DATA}, {"label", LABEL}, {"weight", WEIGHT},
    {"configuration", PASSED_OVER}, {NULL, 0}};
static const struct scan_key data_keys[] = {{"features", TENSOR}, {NULL, 0}};
static const struct scan_key tensor_keys[] = {{"values", VALUES}, {"keys", KEYS}, {"shape", SHAPE_OF}, {NULL, 0}};

static int read_object(struct scan *c, const struct scan_key *keys, struct instance *row);

static int pass_over(struct scan *c)
{
    const char *next = scan_value(c->p, c->end);
    if (!next)
        return scan_complain(c, ERROR_INPUT, "leave it out", "The configuration is no JSON of at most 64 levels");
    c->p = next;
    return 0;
}

/* Objects stand in each other three deep at most: each has its own keys. */
static int read_member(struct scan *c, int meaning, struct instance *row)
{
    switch (meaning) {
    case FEATURES:
    case VALUES:
        return row->has_values ? scan_complain(c, ERROR_INPUT, SHAPE, "The features are given twice")
                               : read_values(c, row);
    case DATA:
        return read_object(c, data_keys, row);
    case TENSOR:
        return read_object(c, tensor_keys, row);
    case KEYS:
        return read_keys(c, row);
    case SHAPE_OF:
        return read_shape(c, row);
    case LABEL:
        row->has_label = true;
        return scan_number(c, &row->label);
    case WEIGHT:
        return scan_number(c, &row->weight);
    default:
        return pass_over(c);
    }
}

static int read_object(struct scan *c, const struct scan_key *keys, struct instance *row)
{
    int meaning;
    bool first = true;
    if (!scan_step(c, '{'))
        return scan_unexpected(c, "{");
    for (; (meaning = scan_key(c, first, keys, false)) >= 0; first = false)
        if (read_member(c, meaning, row) < 0)
            return -1;
    return meaning == SCAN_END ? 0 : -1;
}

static int check_row(const struct scan *c, const struct instance *row, const struct layout *layout)
{
    if (!row->has_values)
        return scan_complain(c, ERROR_INPUT, SHAPE, "The features are missing");
    if (layout->label == LABEL_NEEDED && !row->has_label)
        return scan_complain(c, ERROR_INPUT, "write {\"features\":[1,2],\"label\":0}", "The label is missing");
    if (!(row->weight >= 0))
        return scan_complain(c, ERROR_INPUT, "write the weight as 0 or more", "The weight is negative");
    if (row->has_keys && !row->has_shape)
        return scan_complain(c, ERROR_INPUT, "write the number of columns as shape", "Sparse features have no shape");
    if (row->has_keys && row->key_count != row->count)
        return scan_complain(c, ERROR_INPUT, "give each value its key", "There are not as many keys as values");
    if (!row->has_keys && row->has_shape && row->size != row->count)
        return scan_complain(c, ERROR_INPUT, "give as many values as the shape says, or keys",
                             "The values do not fill their shape");
    return 0;
}

static int check_columns(const struct scan *c, const struct instance *row, const struct layout *layout,
                         const struct dataset_builder *b)
{
    size_t columns = row->has_keys ? row->size : row->count;
    char what[120];
    if (!dataset_builder_takes(b, row->has_keys))
        return scan_complain(c, ERROR_INPUT, "write all rows dense or all sparse",
                             row->has_keys ? "The row is sparse, those before are dense"
                                           : "The row is dense, those before are sparse");
    if (columns == 0)
        return scan_complain(c, ERROR_INPUT, "give at least one feature", "The features are empty");
    if (!row->has_keys && columns > DATASET_DENSE_COLUMNS_MAX)
        return scan_complain(c, ERROR_LIMIT, "keep to 1,000,000 columns", "The row has too many columns");
    if (columns == (layout->columns ? layout->columns : dataset_builder_empty(b) ? columns : b->data->columns))
        return 0;
    if (layout->columns)
        snprintf(what, sizeof what, "The row has %zu features, the model takes %zu", columns, layout->columns);
    else
        snprintf(what, sizeof what, "The row has %zu features, the rows before have %zu", columns, b->data->columns);
    return scan_complain(c, ERROR_INPUT, "give every row the same number of features", what);
}

static int add_sparse(const struct scan *c, const struct instance *row, struct dataset_builder *b)
{
    if (dataset_builder_sparse(b, row->size) < 0)
        return scan_no_memory(c);
    for (size_t i = 0; i < row->count; i++) {
        if (row->keys[i] >= row->size)
            return scan_complain(c, ERROR_INPUT, "number the columns from 0", "A key is outside the shape");
        if (i && row->keys[i] <= row->keys[i - 1])
            return scan_complain(c, ERROR_INPUT, "sort the entries of a row by key, each key once",
                                 "The keys do not rise");
        if (dataset_builder_entry(b, (uint32_t)row->keys[i], row->values[i]) < 0)
            return scan_no_memory(c);
    }
    return 0;
}

static int add_dense(const struct scan *c, const struct instance *row, struct dataset_builder *b)
{
    float *x = dataset_builder_dense(b, row->count);
    if (!x)
        return scan_no_memory(c);
    memcpy(x, row->values, row->count * sizeof *x);
    return 0;
}

const char *instance_read(struct instance *row, const char *p, const char *end, const struct layout *layout,
                          const struct place *at, struct dataset_builder *b, struct error *err)
{
    struct scan c = {.p = p, .end = end, .at = at, .shape = SHAPE, .err = err};
    row->has_values = row->has_keys = row->has_shape = row->has_label = false;
    row->weight = 1;
    row->label = 0;
    if (read_object(&c, row_keys, row) < 0 || check_row(&c, row, layout) < 0 || check_columns(&c, row, layout, b) < 0 ||
        (row->has_keys ? add_sparse : add_dense)(&c, row, b) < 0)
        return NULL;
    if (layout->label == LABEL_NONE)
        row->label = 0;
    if (dataset_builder_end(b, row->label, row->weight) < 0) {
        scan_no_memory(&c);
        return NULL;
    }
    return c.p;
}

void instance_free(struct instance *row)
{
    free(row->values);
    free(row->keys);
    *row = (struct instance){0};
}
