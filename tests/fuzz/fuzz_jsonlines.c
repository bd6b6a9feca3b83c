/* Any bytes as JSON Lines: no crash, and what is taken is the same again after it was written and read. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/jsonlines.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int read_rows(const void *bytes, size_t size, struct dataset *d)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct dataset_builder b = {.data = d};
    struct error err = {0};
    int status = jsonlines_read(in, &(struct layout){0}, &b, &err);
    if (status < 0 && (err.code == ERROR_NONE || !err.what[0]))
        abort();
    input_close(in);
    return status;
}

static bool same(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(isnan(a[i]) ? isnan(b[i]) : a[i] == b[i]) || isinf(a[i]))
            return false;
    return true;
}

/* Lines that would be too long are not written. */
static void write_and_compare(const struct dataset *d)
{
    struct writer w = {0};
    struct dataset again = {0};
    struct error err;
    size_t entries = d->start ? d->start[d->rows] : d->rows * d->columns;
    for (; w.rows < d->rows; w.rows++)
        if (jsonlines_append(&w, d, w.rows, &err) < 0)
            break;
    if (w.rows == d->rows) {
        if (read_rows(w.bytes.data, w.bytes.len, &again) < 0 || again.rows != d->rows || again.columns != d->columns ||
            !same(d->start ? d->value : d->x, again.start ? again.value : again.x, entries) ||
            !same(d->y, again.y, d->rows))
            abort();
        if (d->start && memcmp(d->index, again.index, entries * sizeof *d->index) != 0)
            abort();
    }
    dataset_free(&again);
    str_free(&w.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dataset d = {0};
    if (read_rows(bytes, size, &d) == 0 && d.rows)
        write_and_compare(&d);
    dataset_free(&d);
    return 0;
}
