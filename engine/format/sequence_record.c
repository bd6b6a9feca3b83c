#include "engine/format/sequence_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/record.h"
#include "engine/format/record_message.h"
#include "engine/format/recordio.h"
#include "engine/format/sequence.h"

#define FIX "write one dense int32_tensor under each of 'source' and 'target', tokens from 0"

typedef Aialgs__Data__Record Record;
typedef Aialgs__Data__Value Value;
typedef Aialgs__Data__Entry Entry;
typedef Aialgs__Data__Int32Tensor Tensor;

static const char *const keys[2] = {"source", "target"};

static int refuse(const struct recordio *r, const char *format, const char *key, struct error *err)
{
    char what[160];
    snprintf(what, sizeof what, format, key);
    return recordio_error(r, ERROR_INPUT, FIX, what, err);
}

static int check_tensor(const struct recordio *r, const Tensor *t, const char *key, struct error *err)
{
    uint64_t size = 1;
    if (t->n_keys)
        return refuse(r, "The tensor '%.20s' is sparse", key, err);
    if (t->n_values == 0)
        return refuse(r, "The sequence '%.20s' is empty", key, err);
    if (t->n_values > PAIRS_TOKENS_MAX)
        return refuse(r, "The sequence '%.20s' has more than 5,000 tokens", key, err);
    for (size_t i = 0; i < t->n_shape; i++)
        size = t->shape[i] > PAIRS_TOKENS_MAX ? UINT32_MAX : (size * t->shape[i]) & UINT32_MAX;
    if (t->n_shape && size != t->n_values)
        return refuse(r, "The values of '%.20s' do not fill their shape", key, err);
    for (size_t i = 0; i < t->n_values; i++)
        if (t->values[i] < 0)
            return refuse(r, "The sequence '%.20s' has a token below 0", key, err);
    return 0;
}

/* The tensors of source and target; NULL what is not there. */
static int find_tensors(const struct recordio *r, const Record *record, const Tensor *tensors[2], struct error *err)
{
    tensors[0] = tensors[1] = NULL;
    if (record->n_label)
        return refuse(r, "The record has a %s, which a pair of sequences does not have", "label", err);
    for (size_t i = 0; i < record->n_features; i++) {
        const char *key = record->features[i]->key ? record->features[i]->key : "";
        const Value *value = record->features[i]->value;
        int side = strcmp(key, keys[0]) == 0 ? 0 : strcmp(key, keys[1]) == 0 ? 1 : -1;
        if (side < 0)
            return refuse(r, "The features have the key '%.60s', which is neither 'source' nor 'target'", key, err);
        if (tensors[side])
            return refuse(r, "The features have '%.20s' twice", key, err);
        if (!value || value->value_case != AIALGS__DATA__VALUE__VALUE_INT32_TENSOR)
            return refuse(r, "The feature '%.20s' is no tensor of int32", key, err);
        if (check_tensor(r, value->int32_tensor, key, err) < 0)
            return -1;
        tensors[side] = value->int32_tensor;
    }
    return 0;
}

static int read_pair(const struct recordio *r, const Record *record, bool sources, struct pairs *p, struct error *err)
{
    const Tensor *tensors[2];
    size_t counts[2];
    if (!record)
        return recordio_error(r, ERROR_INPUT, "check that it was written as application/x-recordio-protobuf",
                              "The record is no protobuf message of type Record", err);
    if (find_tensors(r, record, tensors, err) < 0)
        return -1;
    for (int side = 0; side < 2; side++) {
        if (!tensors[side] && !(side == 1 && sources))
            return refuse(r, "The record has no '%s'", keys[side], err);
        counts[side] = tensors[side] && !(side == 1 && sources) ? tensors[side]->n_values : 0;
    }
    if (pairs_append(p, tensors[0]->values, counts[0], counts[1] ? tensors[1]->values : NULL, counts[1], NAN) < 0)
        return recordio_error(r, ERROR_LIMIT, "give fewer pairs or more memory", "The data do not fit into memory",
                              err);
    return 0;
}

int sequence_record_read(struct input *in, bool sources, struct pairs *p, struct error *err)
{
    struct recordio reader;
    struct arena arena = {.limit = RECORD_BYTES_MAX};
    const unsigned char *payload;
    size_t len;
    int status;
    recordio_init(&reader, in);
    while ((status = recordio_next(&reader, &payload, &len, err)) > 0) {
        status = read_pair(&reader, record_message_open(&arena, payload, len), sources, p, err);
        if (status < 0)
            break;
        arena_clear(&arena);
    }
    arena_free(&arena);
    recordio_free(&reader);
    return status;
}

int sequence_append(struct str *out, const int32_t *source, size_t source_count, const int32_t *target,
                    size_t target_count, struct error *err)
{
    const int32_t *const tokens[2] = {source, target};
    const size_t counts[2] = {source_count, target_count};
    Tensor tensors[2];
    Value values[2];
    Entry entries[2], *features[2];
    Record record = AIALGS__DATA__RECORD__INIT;
    char names[2][8];
    record.features = features;
    for (int side = 0; side < 2; side++) {
        if (!tokens[side])
            continue;
        snprintf(names[side], sizeof names[side], "%s", keys[side]);
        tensors[side] = (Tensor)AIALGS__DATA__INT32_TENSOR__INIT;
        tensors[side].values = (int32_t *)(uintptr_t)tokens[side]; /* packing reads them only */
        tensors[side].n_values = counts[side];
        values[side] = (Value)AIALGS__DATA__VALUE__INIT;
        values[side].value_case = AIALGS__DATA__VALUE__VALUE_INT32_TENSOR;
        values[side].int32_tensor = &tensors[side];
        entries[side] = (Entry)AIALGS__DATA__ENTRY__INIT;
        entries[side].key = names[side];
        entries[side].value = &values[side];
        features[record.n_features++] = &entries[side];
    }
    return record_message_append(out, &record, "a pair of sequences", err);
}
