#include "engine/format/payload.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/json.h"
#include "engine/format/csv.h"
#include "engine/format/instance.h"
#include "engine/format/jsonlines.h"
#include "engine/format/libsvm.h"
#include "engine/format/number.h"
#include "engine/format/record.h"
#include "engine/format/scan.h"

#define NAME "request"
#define SHAPE "write {\"instances\":[{\"features\":[1,2]}]}"

/* --- requests as JSON -----------------------------------------------------------------------------------------------
 */

enum { INSTANCES, CONFIGURATION };

static const struct scan_key request_keys[] = {{"instances", INSTANCES}, {"configuration", CONFIGURATION}, {NULL, 0}};

static int bad_json(const struct place *at, const char *what, struct error *err)
{
    return place_error(at, "", 0, ERROR_INPUT, SHAPE, what, err);
}

/* The list of rows at `*p`. */
static int read_instances(const char **p, const char *end, const struct layout *layout, struct dataset_builder *b,
                          struct error *err)
{
    struct place at = {.file = NAME, .line = 1, .unit = "instance"};
    struct instance row = {0};
    const char *next = scan_space(*p, end);
    bool more = true;
    if (next == end || *next != '[')
        return bad_json(&at, "The instances are no list", err);
    next = scan_space(next + 1, end);
    if (next < end && *next == ']') {
        *p = next + 1;
        return 0;
    }
    for (; next && more; at.line++) {
        next = instance_read(&row, next, end, layout, &at, b, err);
        next = next ? scan_space(next, end) : NULL;
        more = next && next < end && *next == ',';
        if (next && !more && (next == end || *next != ']')) {
            bad_json(&at, "After this instance there should be a comma or ]", err);
            next = NULL;
        }
        next = next ? next + 1 : NULL;
    }
    instance_free(&row);
    *p = next;
    return next ? 0 : -1;
}

static int read_json(const struct request *in, const struct layout *layout, struct dataset_builder *b,
                     struct error *err)
{
    const char *start = in->bytes;
    struct place at = {.file = NAME, .line = 1};
    struct scan s = {.p = start, .end = start + in->len, .at = &at, .shape = SHAPE, .err = err};
    bool first = true, found = false;
    int meaning;
    if (!scan_step(&s, '{'))
        return bad_json(&at, "The request is no JSON object", err);
    for (; (meaning = scan_key(&s, first, request_keys, false)) >= 0; first = false) {
        if (meaning == INSTANCES && found)
            return bad_json(&at, "The request has instances twice", err);
        found = found || meaning == INSTANCES;
        if (meaning == INSTANCES && read_instances(&s.p, s.end, layout, b, err) < 0)
            return -1;
        s.p = meaning == INSTANCES ? s.p : scan_value(s.p, s.end);
        if (!s.p)
            return bad_json(&at, "The configuration is no JSON of at most 64 levels", err);
    }
    if (meaning == SCAN_END && !found)
        return bad_json(&at, "The request has no instances", err);
    if (meaning == SCAN_END && scan_space(s.p, s.end) < s.end)
        return bad_json(&at, "Something follows the JSON object of the request", err);
    return meaning == SCAN_END ? 0 : -1;
}

/* --- requests -------------------------------------------------------------------------------------------------------
 */

/* `read` is NULL for JSON. */
static const struct type {
    const char *name, *alias;
    int (*read)(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);
} types[] = {
    {"text/csv", "csv", csv_read},
    {"text/libsvm", "text/x-libsvm", libsvm_read},
    {"application/x-recordio-protobuf", "recordio-protobuf", record_read},
    {"application/json", "json", NULL},
    {"application/jsonlines", "jsonlines", jsonlines_read},
};
enum { TYPES = sizeof types / sizeof *types };

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* Of the parameters behind the type: CSV's label_size=0, and the encoding, which is UTF-8. */
static int check_parameters(const char *type, const char *at, struct error *err)
{
    while (*at) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, "; ");
        if (len && !is_word(at, len, "label_size=0") && !is_word(at, len, "charset=utf-8") &&
            !is_word(at, len, "charset=us-ascii"))
            return error_set(err, ERROR_INPUT, NAME, "leave it out: requests have no label and are in UTF-8",
                             "'%.*s' of '%.100s' cannot be had", (int)(len < 40 ? len : 40), at, type);
        at += len;
    }
    return 0;
}

static const struct type *find_type(const char *name, struct error *err)
{
    size_t len = strcspn(name, "; ");
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "requests may be");
    for (int i = 0; i < TYPES; i++) {
        if (is_word(name, len, types[i].name) || is_word(name, len, types[i].alias))
            return check_parameters(name, name + len, err) < 0 ? NULL : &types[i];
        used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", types[i].name);
    }
    error_set(err, ERROR_INPUT, NAME, fix, "A request cannot be of type '%.100s'", name);
    return NULL;
}

static int read_rows(const struct type *type, const struct request *in, const struct layout *layout,
                     struct dataset_builder *b, struct error *err)
{
    struct input *bytes;
    int status;
    if (!type->read)
        return read_json(in, layout, b, err);
    bytes = input_open_bytes(in->bytes, in->len, NAME);
    if (!bytes)
        return error_set(err, ERROR_SYSTEM, NAME, NULL, "There is not enough memory to read it");
    input_take_plain(bytes);
    status = type->read(bytes, layout, b, err);
    input_close(bytes);
    return status;
}

/* The first row with an entry in column `columns` or behind. */
static int too_wide(const struct dataset *d, size_t columns, struct error *err)
{
    char where[64];
    size_t row = 0;
    while (row + 1 < d->rows && (d->start[row] == d->start[row + 1] || d->index[d->start[row + 1] - 1] < columns))
        row++;
    snprintf(where, sizeof where, NAME ", row %zu", row + 1);
    return error_set(err, ERROR_INPUT, where, "number the features from 0, as in the training data",
                     "The row has index %u, the model takes %zu features", d->index[d->start[row + 1] - 1], columns);
}

/* Sparse rows get the model's width; see the header for indices that count from 1. */
static int fit_width(struct dataset *d, size_t columns, struct error *err)
{
    size_t entries = d->start ? d->start[d->rows] : 0, lowest = SIZE_MAX;
    if (!d->start || !columns)
        return 0;
    if (d->columns > columns) {
        for (size_t i = 0; i < entries; i++)
            lowest = d->index[i] < lowest ? d->index[i] : lowest;
        if (lowest == 0 || d->columns != columns + 1)
            return too_wide(d, columns, err);
        for (size_t i = 0; i < entries; i++)
            d->index[i]--;
    }
    d->columns = columns;
    return 0;
}

int payload_read(const struct request *in, size_t columns, struct dataset *d, struct error *err)
{
    const struct layout layout = {.label = LABEL_NONE, .columns = columns};
    const struct type *type = find_type(in->content_type && *in->content_type ? in->content_type : "text/csv", err);
    struct dataset_builder b = {.data = d};
    int status = type ? 0 : -1;
    *d = (struct dataset){.name = NAME};
    if (status == 0 && in->len > PAYLOAD_BYTES_MAX)
        status = error_set(err, ERROR_LIMIT, NAME, "send fewer rows at a time", "A request may have %u MiB at most",
                           PAYLOAD_BYTES_MAX >> 20);
    if (status == 0)
        status = read_rows(type, in, &layout, &b, err);
    if (status == 0 && d->rows == 0)
        status = error_set(err, ERROR_INPUT, NAME, "send at least one row", "There are no rows in the request");
    if (status == 0)
        status = fit_width(d, columns, err);
    if (status == 0 && d->columns == 0)
        status = error_set(err, ERROR_INPUT, NAME, "send rows with at least one feature", "No row has a feature");
    if (status < 0)
        dataset_free(d);
    else
        dataset_builder_finish(&b);
    return status;
}

/* --- answers --------------------------------------------------------------------------------------------------------
 */

/* Fields of all rows, each `width` numbers wide. */
struct output_fields {
    const struct payload_field *fields;
    size_t count, rows;
};

static const float *field_row(const struct payload_field *f, size_t row)
{
    return f->values + row * f->width;
}

/* JSON knows no infinity and no NaN. */
static void put_number(struct json *j, const char *key, float value)
{
    char text[NUMBER_TEXT];
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    text[number_write(text, value)] = '\0';
    json_raw(j, key, text);
}

static void put_row(struct json *j, const struct output_fields *o, size_t row)
{
    json_object(j, NULL);
    for (size_t i = 0; i < o->count; i++) {
        const struct payload_field *f = &o->fields[i];
        const float *values = field_row(f, row);
        if (f->width == 1 && !f->list) {
            put_number(j, f->name, values[0]);
            continue;
        }
        json_array(j, f->name);
        for (size_t k = 0; k < f->width; k++)
            put_number(j, NULL, values[k]);
        json_end(j);
    }
    json_end(j);
}

static int write_json(const struct output_fields *o, struct str *out, struct error *err)
{
    struct json j = json_begin(out);
    (void)err;
    json_object(&j, NULL);
    json_array(&j, "predictions");
    for (size_t row = 0; row < o->rows; row++)
        put_row(&j, o, row);
    json_end(&j);
    json_end(&j);
    return 0;
}

static int write_jsonlines(const struct output_fields *o, struct str *out, struct error *err)
{
    (void)err;
    for (size_t row = 0; row < o->rows; row++) {
        struct json j = json_begin(out);
        put_row(&j, o, row);
        str_putc(out, '\n');
    }
    return 0;
}

/* A number that is none leaves its cell empty, as in data. */
static int write_csv(const struct output_fields *o, struct str *out, struct error *err)
{
    char text[NUMBER_TEXT];
    (void)err;
    for (size_t row = 0; row < o->rows; row++) {
        bool follows = false;
        for (size_t i = 0; i < o->count; i++)
            for (size_t k = 0; k < o->fields[i].width; k++) {
                float value = field_row(&o->fields[i], row)[k];
                if (follows)
                    str_putc(out, ',');
                follows = true;
                if (isfinite(value))
                    str_append(out, text, number_write(text, value));
            }
        str_putc(out, '\n');
    }
    return 0;
}

static int write_records(const struct output_fields *o, struct str *out, struct error *err)
{
    struct record_tensor tensors[RECORD_TENSORS_MAX];
    for (size_t row = 0; row < o->rows; row++) {
        for (size_t i = 0; i < o->count && i < RECORD_TENSORS_MAX; i++)
            tensors[i] = (struct record_tensor){o->fields[i].name, field_row(&o->fields[i], row), o->fields[i].width};
        if (record_append_labels(out, tensors, o->count, err) < 0)
            return -1;
    }
    return 0;
}

static const struct answer_type {
    const char *name;
    int (*write)(const struct output_fields *o, struct str *out, struct error *err);
} answer_types[] = {
    {"application/json", write_json},
    {"application/jsonlines", write_jsonlines},
    {"text/csv", write_csv},
    {"application/x-recordio-protobuf", write_records},
};
enum { ANSWER_TYPES = sizeof answer_types / sizeof *answer_types };

/* Is `type` what `asked`, which may end in a star, asks for? */
static bool fits(const char *type, const char *asked, size_t len)
{
    if (len && asked[len - 1] == '*')
        return strncasecmp(type, asked, len - 1) == 0 || is_word(asked, len, "*/*");
    return is_word(asked, len, type);
}

const char *payload_type(const char *accept, const char *const *accepts, struct error *err)
{
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "ask for");
    if (!accept || !accept[strspn(accept, " ")])
        return accepts[0];
    for (const char *p = accept; *p;) {
        size_t len, all;
        p += strspn(p, ", ");
        all = strcspn(p, ",");
        len = strcspn(p, ",; ");
        for (const char *const *type = accepts; *type; type++)
            if (fits(*type, p, len))
                return *type;
        p += all;
    }
    for (const char *const *type = accepts; *type && used < sizeof fix; type++)
        used += (size_t)snprintf(fix + used, sizeof fix - used, "%s %s", type == accepts ? "" : " or", *type);
    error_set(err, ERROR_INPUT, "Accept", fix, "An answer of type '%.100s' cannot be had", accept);
    return NULL;
}

int payload_write(const struct request *in, const char *const *accepts, const struct payload_field *fields,
                  size_t count, size_t rows, struct answer *out, struct error *err)
{
    const struct output_fields o = {fields, count, rows};
    const struct answer_type *writer = answer_types;
    const char *type = payload_type(in->accept, accepts, err);
    if (!type)
        return -1;
    while (writer < answer_types + ANSWER_TYPES && strcmp(writer->name, type) != 0)
        writer++;
    if (writer == answer_types + ANSWER_TYPES)
        return error_set(err, ERROR_FAULT, "answer", NULL, "There is no writer for answers of type %s", type);
    if (writer->write(&o, &out->bytes, err) < 0)
        return -1;
    if (out->bytes.failed)
        return error_set(err, ERROR_SYSTEM, "answer", NULL, "There is not enough memory for the answer");
    snprintf(out->content_type, sizeof out->content_type, "%s", type);
    return 0;
}
