#include "engine/format/instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/number.h"

#define SHAPE "write {\"features\":[1,2]} or {\"data\":{\"features\":{\"values\":[3],\"keys\":[5],\"shape\":[10]}}}"

/* Where a row is being read. */
struct cursor {
    const char *p, *end;
    const struct place *at;
    struct error *err;
};

static int complain(const struct cursor *c, enum error_code code, const char *fix, const char *what)
{
    return place_error(c->at, "", 0, code, fix, what, c->err);
}

static int no_memory(const struct cursor *c)
{
    return complain(c, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory");
}

/* --- JSON -----------------------------------------------------------------------------------------------------------
 */

const char *instance_skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* Behind the string whose opening quote is at `p`. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : NULL;
}

/* A word that is no bracket and no string: number, true, false, null. */
static const char *skip_word(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && (strchr("+-.", *p) || (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z')) && *p)
        p++;
    return p == start ? NULL : p;
}

const char *instance_skip_value(const char *p, const char *end)
{
    char closers[INSTANCE_DEPTH_MAX];
    size_t depth = 0;
    do {
        p = instance_skip_space(p, end);
        if (p == end)
            return NULL;
        if (*p == '{' || *p == '[') {
            if (depth == sizeof closers)
                return NULL;
            closers[depth++] = *p++ == '{' ? '}' : ']';
        } else if (depth && *p == closers[depth - 1]) {
            depth--;
            p++;
        } else if (depth && (*p == ',' || *p == ':')) {
            p++;
        } else {
            p = *p == '"' ? skip_string(p, end) : skip_word(p, end);
        }
    } while (p && depth);
    return p;
}

/* Steps over `wanted`, blanks before it too. */
static bool step(struct cursor *c, char wanted)
{
    c->p = instance_skip_space(c->p, c->end);
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

/* Complains of what stands under the cursor. */
static int unexpected(const struct cursor *c, const char *wanted)
{
    char what[200];
    size_t left = (size_t)(c->end - c->p), len = left < 20 ? left : 20;
    if (left == 0)
        snprintf(what, sizeof what, "The JSON ends where %s should come", wanted);
    else
        snprintf(what, sizeof what, "'%.*s'%s stands where %s should come", (int)len, c->p, left > len ? "..." : "",
                 wanted);
    return complain(c, ERROR_INPUT, SHAPE, what);
}

static int unknown_key(const struct cursor *c, const char *name, size_t len, const struct instance_key *keys)
{
    char what[120], fix[200] = "known here:";
    size_t used = strlen(fix);
    snprintf(what, sizeof what, "The key '%.*s' is not known here", (int)(len < 40 ? len : 40), name);
    for (; keys->name; keys++)
        used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", keys->name);
    return complain(c, ERROR_INPUT, fix, what);
}

int instance_next_key(const char **p, const char *end, bool first, const struct instance_key *keys,
                      const struct place *at, struct error *err)
{
    struct cursor c = {*p, end, at, err};
    const struct instance_key *k = keys;
    const char *name, *after;
    size_t len;
    if (step(&c, '}')) {
        *p = c.p;
        return -2;
    }
    if (!first && !step(&c, ','))
        return unexpected(&c, "a comma or }");
    c.p = instance_skip_space(c.p, end);
    name = c.p + 1;
    after = c.p < end && *c.p == '"' ? skip_string(c.p, end) : NULL;
    if (!after)
        return unexpected(&c, "a key in quotes");
    len = (size_t)(after - 1 - name);
    while (k->name && !(strlen(k->name) == len && memcmp(k->name, name, len) == 0))
        k++;
    if (!k->name)
        return unknown_key(&c, name, len, keys);
    c.p = after;
    if (!step(&c, ':'))
        return unexpected(&c, "a colon");
    *p = c.p;
    return k->meaning;
}

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

static bool at_null(const struct cursor *c)
{
    return c->end - c->p >= 4 && memcmp(c->p, "null", 4) == 0;
}

static int bad_number(const struct cursor *c)
{
    const char *stop = skip_word(c->p, c->end);
    char what[160];
    if (!stop)
        return unexpected(c, "a number");
    snprintf(what, sizeof what, "'%.*s' is not a number of JSON", (int)(stop - c->p < 40 ? stop - c->p : 40), c->p);
    return complain(c, ERROR_INPUT, "write finite numbers with a point, null where a value is missing", what);
}

static int read_number(struct cursor *c, float *out)
{
    double value = 0;
    const char *next;
    c->p = instance_skip_space(c->p, c->end);
    next = c->p < c->end && (*c->p == '-' || (*c->p >= '0' && *c->p <= '9')) ? number_read(c->p, c->end, &value) : NULL;
    if (!next)
        return bad_number(c);
    *out = (float)value;
    if (isinf(*out))
        return complain(c, ERROR_INPUT, "keep values within 3.4e38", "A number is too large for 32-bit floats");
    c->p = next;
    return 0;
}

static int read_value(struct cursor *c, float *out)
{
    c->p = instance_skip_space(c->p, c->end);
    if (!at_null(c))
        return read_number(c, out);
    *out = NAN;
    c->p += 4;
    return 0;
}

/* A whole number from 0 up; too large ones are all UINT32_MAX. */
static int read_whole(struct cursor *c, uint64_t *out)
{
    const char *start = c->p = instance_skip_space(c->p, c->end);
    *out = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
        *out = *out > UINT32_MAX / 10 ? UINT32_MAX : *out * 10 + (uint64_t)(*c->p - '0');
    if (c->p > start && (c->p == c->end || !strchr(".eE", *c->p) || !*c->p))
        return 0;
    c->p = start;
    return complain(c, ERROR_INPUT, "number the columns from 0, in whole numbers",
                    "Keys and shape hold something that is no whole number");
}

/* --- lists ----------------------------------------------------------------------------------------------------------
 */

/* Room for one more thing of `size` bytes in `*array`. */
static int reserve(const struct cursor *c, void *array, size_t count, size_t *room, size_t size)
{
    void *old, *grown;
    if (count < *room)
        return 0;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, (*room * 2 + 64) * size);
    if (!grown)
        return no_memory(c);
    memcpy(array, &grown, sizeof grown);
    *room = *room * 2 + 64;
    return 0;
}

/* Before an element of a list: 1 when there is one, 0 behind the closing bracket, -1. */
static int next_element(struct cursor *c, bool first)
{
    if (step(c, ']'))
        return 0;
    if (first || step(c, ','))
        return 1;
    return unexpected(c, "a comma or ]");
}

static int read_values(struct cursor *c, struct instance *row)
{
    int more;
    row->count = 0;
    row->has_values = true;
    if (!step(c, '['))
        return unexpected(c, "a list of numbers");
    while ((more = next_element(c, row->count == 0)) > 0) {
        if (reserve(c, &row->values, row->count, &row->room, sizeof *row->values) < 0 ||
            read_value(c, row->values + row->count) < 0)
            return -1;
        row->count++;
    }
    return more;
}

static int read_keys(struct cursor *c, struct instance *row)
{
    int more;
    row->key_count = 0;
    row->has_keys = true;
    if (!step(c, '['))
        return unexpected(c, "a list of keys");
    while ((more = next_element(c, row->key_count == 0)) > 0) {
        if (reserve(c, &row->keys, row->key_count, &row->key_room, sizeof *row->keys) < 0 ||
            read_whole(c, row->keys + row->key_count) < 0)
            return -1;
        row->key_count++;
    }
    return more;
}

static int read_shape(struct cursor *c, struct instance *row)
{
    uint64_t side;
    int more;
    bool first = true;
    row->size = 1;
    row->has_shape = true;
    if (!step(c, '['))
        return unexpected(c, "a list of sizes");
    for (; (more = next_element(c, first)) > 0; first = false) {
        if (read_whole(c, &side) < 0)
            return -1;
        if (side && row->size > DATASET_SPARSE_COLUMNS_MAX / side)
            return complain(c, ERROR_LIMIT, "keep to 2147483647 columns", "The shape is too large");
        row->size *= side;
    }
    return more;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

enum meaning { FEATURES, DATA, LABEL, WEIGHT, PASSED_OVER, VALUES, KEYS, SHAPE_OF, TENSOR };

static const struct instance_key row_keys[] = {
    {"features", FEATURES},         {"data", DATA}, {"label", LABEL}, {"weight", WEIGHT},
    {"configuration", PASSED_OVER}, {NULL, 0}};
static const struct instance_key data_keys[] = {{"features", TENSOR}, {NULL, 0}};
static const struct instance_key tensor_keys[] = {{"values", VALUES}, {"keys", KEYS}, {"shape", SHAPE_OF}, {NULL, 0}};

static int read_object(struct cursor *c, const struct instance_key *keys, struct instance *row);

static int pass_over(struct cursor *c)
{
    const char *next = instance_skip_value(c->p, c->end);
    if (!next)
        return complain(c, ERROR_INPUT, "leave it out", "The configuration is no JSON of at most 64 levels");
    c->p = next;
    return 0;
}

/* Objects stand in each other three deep at most: each has its own keys. */
static int read_member(struct cursor *c, int meaning, struct instance *row)
{
    switch (meaning) {
    case FEATURES:
    case VALUES:
        return row->has_values ? complain(c, ERROR_INPUT, SHAPE, "The features are given twice") : read_values(c, row);
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
        return read_number(c, &row->label);
    case WEIGHT:
        return read_number(c, &row->weight);
    default:
        return pass_over(c);
    }
}

static int read_object(struct cursor *c, const struct instance_key *keys, struct instance *row)
{
    int meaning;
    bool first = true;
    if (!step(c, '{'))
        return unexpected(c, "{");
    for (; (meaning = instance_next_key(&c->p, c->end, first, keys, c->at, c->err)) >= 0; first = false)
        if (read_member(c, meaning, row) < 0)
            return -1;
    return meaning == -2 ? 0 : -1;
}

static int check_row(const struct cursor *c, const struct instance *row, const struct layout *layout)
{
    if (!row->has_values)
        return complain(c, ERROR_INPUT, SHAPE, "The features are missing");
    if (layout->label == LABEL_NEEDED && !row->has_label)
        return complain(c, ERROR_INPUT, "write {\"features\":[1,2],\"label\":0}", "The label is missing");
    if (!(row->weight >= 0))
        return complain(c, ERROR_INPUT, "write the weight as 0 or more", "The weight is negative");
    if (row->has_keys && !row->has_shape)
        return complain(c, ERROR_INPUT, "write the number of columns as shape", "Sparse features have no shape");
    if (row->has_keys && row->key_count != row->count)
        return complain(c, ERROR_INPUT, "give each value its key", "There are not as many keys as values");
    if (!row->has_keys && row->has_shape && row->size != row->count)
        return complain(c, ERROR_INPUT, "give as many values as the shape says, or keys",
                        "The values do not fill their shape");
    return 0;
}

static int check_columns(const struct cursor *c, const struct instance *row, const struct layout *layout,
                         const struct dataset_builder *b)
{
    size_t columns = row->has_keys ? row->size : row->count;
    char what[120];
    if (!dataset_builder_takes(b, row->has_keys))
        return complain(c, ERROR_INPUT, "write all rows dense or all sparse",
                        row->has_keys ? "The row is sparse, those before are dense"
                                      : "The row is dense, those before are sparse");
    if (columns == 0)
        return complain(c, ERROR_INPUT, "give at least one feature", "The features are empty");
    if (!row->has_keys && columns > DATASET_DENSE_COLUMNS_MAX)
        return complain(c, ERROR_LIMIT, "keep to 1,000,000 columns", "The row has too many columns");
    if (columns == (layout->columns ? layout->columns : dataset_builder_empty(b) ? columns : b->data->columns))
        return 0;
    if (layout->columns)
        snprintf(what, sizeof what, "The row has %zu features, the model takes %zu", columns, layout->columns);
    else
        snprintf(what, sizeof what, "The row has %zu features, the rows before have %zu", columns, b->data->columns);
    return complain(c, ERROR_INPUT, "give every row the same number of features", what);
}

static int add_sparse(const struct cursor *c, const struct instance *row, struct dataset_builder *b)
{
    if (dataset_builder_sparse(b, row->size) < 0)
        return no_memory(c);
    for (size_t i = 0; i < row->count; i++) {
        if (row->keys[i] >= row->size)
            return complain(c, ERROR_INPUT, "number the columns from 0", "A key is outside the shape");
        if (i && row->keys[i] <= row->keys[i - 1])
            return complain(c, ERROR_INPUT, "sort the entries of a row by key, each key once", "The keys do not rise");
        if (dataset_builder_entry(b, (uint32_t)row->keys[i], row->values[i]) < 0)
            return no_memory(c);
    }
    return 0;
}

static int add_dense(const struct cursor *c, const struct instance *row, struct dataset_builder *b)
{
    float *x = dataset_builder_dense(b, row->count);
    if (!x)
        return no_memory(c);
    memcpy(x, row->values, row->count * sizeof *x);
    return 0;
}

const char *instance_read(struct instance *row, const char *p, const char *end, const struct layout *layout,
                          const struct place *at, struct dataset_builder *b, struct error *err)
{
    struct cursor c = {p, end, at, err};
    row->has_values = row->has_keys = row->has_shape = row->has_label = false;
    row->weight = 1;
    row->label = 0;
    if (read_object(&c, row_keys, row) < 0 || check_row(&c, row, layout) < 0 || check_columns(&c, row, layout, b) < 0 ||
        (row->has_keys ? add_sparse : add_dense)(&c, row, b) < 0)
        return NULL;
    if (layout->label == LABEL_NONE)
        row->label = 0;
    if (dataset_builder_end(b, row->label, row->weight) < 0) {
        no_memory(&c);
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
