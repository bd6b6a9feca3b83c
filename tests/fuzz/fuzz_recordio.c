/* Any bytes as a channel of RecordIO-protobuf: no crash, what is taken are full dense rows or sparse ones in order, and
 * they are the same when every record has a uid, with which none is read in place but all go through protobuf-c. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/record.h"
#include "engine/format/recordio.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void add_uids(const uint8_t *bytes, size_t size, struct str *out)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct recordio reader;
    const unsigned char *payload;
    struct str longer = {0};
    struct error err;
    size_t len;
    recordio_init(&reader, in);
    while (recordio_next(&reader, &payload, &len, &err) > 0) {
        str_clear(&longer);
        str_append(&longer, payload, len);
        str_append(&longer, "\x1A", 2);
        recordio_append(out, longer.data, longer.len);
    }
    recordio_free(&reader);
    input_close(in);
    str_free(&longer);
}

static bool same(const struct dataset *a, const struct dataset *b)
{
    size_t entries = a->start ? a->start[a->rows] : a->rows * a->columns;
    if (a->rows != b->rows || a->columns != b->columns || !a->start != !b->start)
        return false;
    if (a->start && (memcmp(a->start, b->start, (a->rows + 1) * sizeof *a->start) != 0 ||
                     memcmp(a->index, b->index, entries * sizeof *a->index) != 0))
        return false;
    return memcmp(a->y, b->y, a->rows * sizeof *a->y) == 0 &&
           memcmp(a->start ? a->value : a->x, b->start ? b->value : b->x, entries * sizeof *a->x) == 0;
}

static void compare_with_protobuf(const uint8_t *bytes, size_t size, const struct dataset *d)
{
    struct str other = {0};
    struct input *in;
    struct dataset again = {0};
    struct dataset_builder b = {.data = &again};
    struct error err;
    add_uids(bytes, size, &other);
    in = input_open_bytes(other.data, other.len, "fuzz");
    if (record_read(in, &(struct layout){0}, &b, &err) < 0 || (d->rows && !same(d, &again)))
        abort();
    input_close(in);
    dataset_free(&again);
    str_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct dataset d = {0};
    struct dataset_builder b = {.data = &d};
    struct error err = {0};
    if (record_read(in, &(struct layout){0}, &b, &err) == 0) {
        dataset_builder_finish(&b);
        for (size_t i = 0; i < d.rows; i++) {
            if (!isfinite(d.y[i]))
                abort();
            for (size_t k = d.start ? d.start[i] : i * d.columns; k < (d.start ? d.start[i + 1] : (i + 1) * d.columns);
                 k++)
                if (isinf(d.start ? d.value[k] : d.x[k]) || (d.start && d.index[k] >= d.columns))
                    abort();
        }
        compare_with_protobuf(bytes, size, &d);
    } else if (err.code == ERROR_NONE || !err.what[0]) {
        abort();
    }
    input_close(in);
    dataset_free(&d);
    return 0;
}
