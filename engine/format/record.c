#include "engine/format/record.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/record_message.h"
#include "engine/format/recordio.h"

#define KEY "values"

typedef Aialgs__Data__Value Value;
typedef Aialgs__Data__Entry Entry;
typedef Aialgs__Data__Record Record;

/* A tensor of any number type. */
struct tensor {
    Aialgs__Data__Value__ValueCase type;
    const void *values;
    const uint64_t *keys, *shape;
    size_t count, key_count, dimensions;
    size_t size; /* the product of the shape */
};

/* Where a record is read from, and what is being read of it. */
struct cursor {
    struct recordio reader;
    const struct layout *layout;
    const char *part; /* "features" or "label" */
    struct error *err;
};

static int complain(const struct cursor *c, enum error_code code, const char *fix, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, "The %s %s", c->part, what);
    return recordio_error(&c->reader, code, fix, text, c->err);
}

static int no_memory(const struct cursor *c)
{
    return recordio_error(&c->reader, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory",
                          c->err);
}

/* --- tensors --------------------------------------------------------------------------------------------------------
 */

/* The value of the map's key `values`, NULL with an error. Of several the last counts, as protobuf has it. */
static const Value *find(const struct cursor *c, Entry *const *entries, size_t count)
{
    const Value *found = NULL;
    char what[120];
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->key && strcmp(entries[i]->key, KEY) == 0) {
            found = entries[i]->value;
            continue;
        }
        snprintf(what, sizeof what, "have the key '%.60s', which a table cannot hold",
                 entries[i]->key ? entries[i]->key : "");
        complain(c, ERROR_INPUT, "give one tensor under the key 'values'", what);
        return NULL;
    }
    if (!found)
        complain(c, ERROR_INPUT, "give one tensor under the key 'values'", "are missing");
    return found;
}

#define FILL(to, message)                                                                                              \
    (*(to) = (struct tensor){.values = (message)->values,                                                              \
                             .count = (message)->n_values,                                                             \
                             .keys = (message)->keys,                                                                  \
                             .key_count = (message)->n_keys,                                                           \
                             .shape = (message)->shape,                                                                \
                             .dimensions = (message)->n_shape})

static int open_tensor(const struct cursor *c, const Value *value, struct tensor *t)
{
    switch (value->value_case) {
    case AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR:
        FILL(t, value->float32_tensor);
        break;
    case AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR:
        FILL(t, value->float64_tensor);
        break;
    case AIALGS__DATA__VALUE__VALUE_INT32_TENSOR:
        FILL(t, value->int32_tensor);
        break;
    default:
        return complain(c, ERROR_INPUT, "give a tensor of float32, float64 or int32", "hold no numbers");
    }
    t->type = value->value_case;
    if (c->layout->float32 && t->type != AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR)
        return complain(c, ERROR_INPUT, "write them as float32_tensor: flashlab-engine convert does",
                        "hold a tensor of another type than float32, the only one this algorithm takes");
    t->size = 1;
    for (size_t i = 0; i < t->dimensions; i++) {
        if (t->shape[i] && t->size > DATASET_SPARSE_COLUMNS_MAX / t->shape[i])
            return complain(c, ERROR_LIMIT, "keep to 2147483647 columns", "have too large a shape");
        t->size *= t->shape[i];
    }
    return 0;
}

static float tensor_value(const struct tensor *t, size_t i)
{
    switch (t->type) {
    case AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR:
        return ((const float *)t->values)[i];
    case AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR:
        return (float)((const double *)t->values)[i];
    default:
        return (float)((const int32_t *)t->values)[i];
    }
}

static int check_finite(const struct cursor *c, float value)
{
    if (!isinf(value))
        return 0;
    return complain(c, ERROR_INPUT, "keep values within 3.4e38", "hold a number too large for 32-bit floats");
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static int check_kind(const struct cursor *c, const struct dataset_builder *b, bool sparse, size_t columns)
{
    char what[120];
    if (!dataset_builder_takes(b, sparse))
        return complain(c, ERROR_INPUT, "write all rows dense or all sparse",
                        sparse ? "are sparse, those of the rows before are dense"
                               : "are dense, those of the rows before are sparse");
    if (columns == 0)
        return complain(c, ERROR_INPUT, "give at least one feature", "are empty");
    if (!sparse && columns > DATASET_DENSE_COLUMNS_MAX)
        return complain(c, ERROR_LIMIT, "keep to 1,000,000 columns", "have too many columns");
    if (c->layout->columns) {
        if (columns == c->layout->columns)
            return 0;
        snprintf(what, sizeof what, "have %zu columns, the model takes %zu", columns, c->layout->columns);
        return complain(c, ERROR_INPUT, "give every row the columns of the training data", what);
    }
    if (dataset_builder_empty(b) || columns == b->data->columns)
        return 0;
    snprintf(what, sizeof what, "have %zu columns, those of the rows before %zu", columns, b->data->columns);
    return complain(c, ERROR_INPUT, "give every row the same number of columns", what);
}

static int read_dense(const struct cursor *c, const struct tensor *t, struct dataset_builder *b)
{
    float *x;
    if (t->dimensions && t->size != t->count)
        return complain(c, ERROR_INPUT, "give as many values as the shape says, or keys", "do not fill their shape");
    if (check_kind(c, b, false, t->count) < 0)
        return -1;
    x = dataset_builder_dense(b, t->count);
    if (!x)
        return no_memory(c);
    for (size_t i = 0; i < t->count; i++) {
        x[i] = tensor_value(t, i);
        if (check_finite(c, x[i]) < 0)
            return -1;
    }
    return 0;
}

static int read_sparse(const struct cursor *c, const struct tensor *t, struct dataset_builder *b)
{
    if (!t->dimensions)
        return complain(c, ERROR_INPUT, "write the number of columns as shape", "are sparse and have no shape");
    if (t->key_count != t->count)
        return complain(c, ERROR_INPUT, "give each value its key", "do not have as many keys as values");
    if (check_kind(c, b, true, t->size) < 0)
        return -1;
    if (dataset_builder_sparse(b, t->size) < 0)
        return no_memory(c);
    for (size_t i = 0; i < t->count; i++) {
        float value = tensor_value(t, i);
        if (t->keys[i] >= t->size)
            return complain(c, ERROR_INPUT, "number the columns from 0", "have a key outside their shape");
        if (i && t->keys[i] <= t->keys[i - 1])
            return complain(c, ERROR_INPUT, "sort the entries of a row by key, each key once",
                            "have keys that do not rise");
        if (check_finite(c, value) < 0)
            return -1;
        if (dataset_builder_entry(b, (uint32_t)t->keys[i], value) < 0)
            return no_memory(c);
    }
    return 0;
}

/* No keys and no values in a shape of some size is a sparse row of zeros. */
static int read_features(struct cursor *c, const Record *record, struct dataset_builder *b)
{
    const Value *value;
    struct tensor t = {0};
    c->part = "features";
    value = find(c, record->features, record->n_features);
    if (!value || open_tensor(c, value, &t) < 0)
        return -1;
    return t.key_count || (t.count == 0 && t.dimensions) ? read_sparse(c, &t, b) : read_dense(c, &t, b);
}

static int read_label(struct cursor *c, const Record *record, float *label)
{
    const Value *value;
    struct tensor t = {0};
    c->part = "label";
    if (record->n_label == 0)
        return complain(c, ERROR_INPUT, "give each record a label", "is missing");
    value = find(c, record->label, record->n_label);
    if (!value || open_tensor(c, value, &t) < 0)
        return -1;
    if (t.count != 1 || t.key_count)
        return complain(c, ERROR_INPUT, "give one number as the label", "is not one number");
    *label = tensor_value(&t, 0);
    if (!isfinite(*label))
        return complain(c, ERROR_INPUT, "give a finite number as the label", "is not a finite number");
    return 0;
}

static int read_row(struct cursor *c, const Record *record, struct dataset_builder *b)
{
    float label = 0;
    if (c->layout->label == LABEL_NEEDED && read_label(c, record, &label) < 0)
        return -1;
    if (read_features(c, record, b) < 0)
        return -1;
    return dataset_builder_end(b, label, 1) < 0 ? no_memory(c) : dataset_builder_pass(b, c->err);
}

/* --- the common message ---------------------------------------------------------------------------------------------
 * Almost every row is one dense tensor of float32 and one label, written without detours. Such a message is walked in
 * place; whatever differs in any way is declined and goes to protobuf-c, which says what is wrong where something is.
 */

/* A piece of a message. */
struct piece {
    const unsigned char *p, *end;
};

/* Steps over the tag of a length-delimited field and its length: the field's piece, or false. */
static bool open_field(struct piece *from, unsigned char tag, struct piece *field)
{
    size_t len = 0;
    unsigned shift = 0;
    const unsigned char *p = from->p;
    if (p == from->end || *p++ != tag)
        return false;
    do {
        if (p == from->end || shift > 21)
            return false;
        len |= (size_t)(*p & 0x7F) << shift;
        shift += 7;
    } while (*p++ & 0x80);
    if (len > (size_t)(from->end - p))
        return false;
    *field = (struct piece){p, p + len};
    from->p = p + len;
    return true;
}

/* The floats of the map entry at `from`, whose key is "values" and which holds nothing else. */
static bool open_floats(struct piece *from, unsigned char tag, struct piece *floats)
{
    static const unsigned char key[] = {0x0A, 6, 'v', 'a', 'l', 'u', 'e', 's'};
    struct piece entry, value, tensor;
    if (!open_field(from, tag, &entry) || (size_t)(entry.end - entry.p) < sizeof key ||
        memcmp(entry.p, key, sizeof key) != 0)
        return false;
    entry.p += sizeof key;
    return open_field(&entry, 0x12, &value) && entry.p == entry.end && open_field(&value, 0x12, &tensor) &&
           value.p == value.end && open_field(&tensor, 0x0A, floats) && tensor.p == tensor.end &&
           floats->p < floats->end && (floats->end - floats->p) % (long)sizeof(float) == 0;
}

static bool has_infinity(const float *x, size_t count)
{
    uint32_t found = 0, bits;
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, x + i, sizeof bits);
        found |= (bits & 0x7FFFFFFF) == 0x7F800000;
    }
    return found;
}

/* Appends the row that the message is: 1, 0 when it is declined and nothing has changed, -1. */
static int read_common(struct cursor *c, const unsigned char *payload, size_t len, struct dataset_builder *b)
{
    struct piece message = {payload, payload + len}, features, numbers;
    size_t columns;
    float *x, label = 0;
    if (htole32(1) != 1 || !open_floats(&message, 0x0A, &features))
        return 0;
    if (message.p < message.end || c->layout->label == LABEL_NEEDED) {
        if (!open_floats(&message, 0x12, &numbers) || message.p < message.end ||
            (size_t)(numbers.end - numbers.p) != sizeof label)
            return 0;
        memcpy(&label, numbers.p, sizeof label);
    }
    columns = (size_t)(features.end - features.p) / sizeof *x;
    if (!isfinite(label) || !dataset_builder_takes(b, false) || columns > DATASET_DENSE_COLUMNS_MAX ||
        (c->layout->columns && columns != c->layout->columns) ||
        (!dataset_builder_empty(b) && columns != b->data->columns))
        return 0;
    x = dataset_builder_dense(b, columns);
    if (!x)
        return no_memory(c);
    memcpy(x, features.p, columns * sizeof *x);
    if (has_infinity(x, columns))
        return 0;
    if (dataset_builder_end(b, c->layout->label == LABEL_NEEDED ? label : 0, 1) < 0)
        return no_memory(c);
    return 1;
}

/* --- messages -------------------------------------------------------------------------------------------------------
 */

static int read_message(struct cursor *c, const Record *record, struct dataset_builder *b)
{
    if (record)
        return read_row(c, record, b);
    return recordio_error(&c->reader, ERROR_INPUT, "check that it was written as application/x-recordio-protobuf",
                          "The record is no protobuf message of type Record", c->err);
}

int record_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct cursor c = {.layout = layout, .err = err};
    struct arena arena = {.limit = RECORD_BYTES_MAX};
    const unsigned char *payload;
    size_t len;
    int status;
    recordio_init(&c.reader, in);
    while ((status = recordio_next(&c.reader, &payload, &len, err)) > 0) {
        status = read_common(&c, payload, len, b);
        if (status > 0)
            status = dataset_builder_pass(b, err);
        else if (status == 0)
            status = read_message(&c, record_message_open(&arena, payload, len), b);
        if (status != 0)
            break;
        arena_clear(&arena);
    }
    arena_free(&arena);
    recordio_free(&c.reader);
    return status;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

/* The message's fields point into the data; only the keys, which are wider there, are copied. */
static int set_features(Aialgs__Data__Float32Tensor *t, const struct dataset *d, size_t row, uint64_t *shape)
{
    size_t first, count;
    if (!d->start) {
        t->values = d->x + row * d->columns;
        t->n_values = d->columns;
        return 0;
    }
    first = d->start[row];
    count = d->start[row + 1] - first;
    t->keys = malloc((count ? count : 1) * sizeof *t->keys);
    if (!t->keys)
        return -1;
    for (size_t i = 0; i < count; i++)
        t->keys[i] = d->index[first + i];
    t->values = d->value + first;
    t->n_values = t->n_keys = count;
    *shape = d->columns;
    t->shape = shape;
    t->n_shape = 1;
    return 0;
}

int record_append(struct writer *w, const struct dataset *d, size_t row, struct error *err)
{
    Aialgs__Data__Float32Tensor x = AIALGS__DATA__FLOAT32_TENSOR__INIT, y = AIALGS__DATA__FLOAT32_TENSOR__INIT;
    Value x_value = AIALGS__DATA__VALUE__INIT, y_value = AIALGS__DATA__VALUE__INIT;
    Entry x_entry = AIALGS__DATA__ENTRY__INIT, y_entry = AIALGS__DATA__ENTRY__INIT, *features = &x_entry,
          *label = &y_entry;
    Record record = AIALGS__DATA__RECORD__INIT;
    char where[256], key[] = KEY;
    uint64_t shape;
    int status;
    snprintf(where, sizeof where, "%s, row %zu", d->name, w->rows + 1);
    if (d->group || (d->weight && d->weight[row] != 1))
        return error_set(err, ERROR_INPUT, where, "convert to text/libsvm", "A Record cannot hold the %s of its row",
                         d->group ? "group" : "weight");
    if (set_features(&x, d, row, &shape) < 0)
        return error_set(err, ERROR_SYSTEM, where, NULL, "There is not enough memory to write the record");
    y.values = d->y + row;
    y.n_values = 1;
    x_value.value_case = y_value.value_case = AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR;
    x_value.float32_tensor = &x;
    y_value.float32_tensor = &y;
    x_entry.key = y_entry.key = key;
    x_entry.value = &x_value;
    y_entry.value = &y_value;
    record.features = &features;
    record.label = &label;
    record.n_features = record.n_label = 1;
    status = record_message_append(&w->bytes, &record, where, err);
    free(x.keys);
    return status;
}

int record_append_labels(struct str *out, const struct record_tensor *tensors, size_t count, struct error *err)
{
    Aialgs__Data__Float32Tensor numbers[RECORD_TENSORS_MAX];
    Value values[RECORD_TENSORS_MAX];
    Entry entries[RECORD_TENSORS_MAX], *labels[RECORD_TENSORS_MAX];
    Record record = AIALGS__DATA__RECORD__INIT;
    char keys[RECORD_TENSORS_MAX][64];
    if (count > RECORD_TENSORS_MAX)
        return error_set(err, ERROR_FAULT, "answer", NULL, "An answer has more than %d outputs", RECORD_TENSORS_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "%s", tensors[i].key);
        numbers[i] = (Aialgs__Data__Float32Tensor)AIALGS__DATA__FLOAT32_TENSOR__INIT;
        numbers[i].values = (float *)(uintptr_t)tensors[i].values; /* packing reads them only */
        numbers[i].n_values = tensors[i].count;
        values[i] = (Value)AIALGS__DATA__VALUE__INIT;
        values[i].value_case = AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR;
        values[i].float32_tensor = &numbers[i];
        entries[i] = (Entry)AIALGS__DATA__ENTRY__INIT;
        entries[i].key = keys[i];
        entries[i].value = &values[i];
        labels[i] = &entries[i];
    }
    record.label = labels;
    record.n_label = count;
    return record_message_append(out, &record, "answer", err);
}
