/* Any bytes as a Parquet file, of a table and of series: no crash, and what is taken are finite labels, features that
 * are not infinite, and series that are whole. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/parquet.h"
#include "engine/format/series_draft.h"
#include "engine/format/series_parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Few bytes may stand for any number of equal rows: a hundred thousand are enough. */
static int take(void *context, const struct dataset *chunk, struct error *err)
{
    size_t *rows = context;
    (void)err;
    for (size_t i = 0; i < chunk->rows; i++)
        if (!isfinite(chunk->y[i]))
            abort();
    for (size_t i = 0; i < chunk->rows * chunk->columns; i++)
        if (isinf(chunk->x[i]))
            abort();
    *rows += chunk->rows;
    return *rows >= 100000;
}

static void read_series(const uint8_t *bytes, size_t size)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct series_set set = {0};
    struct series_reading reading = {.set = &set, .bytes_max = 8 << 20};
    struct error err = {0};
    if (series_parquet_read(in, &reading, &err) < 0 && (err.code == ERROR_NONE || !err.what[0] || !err.where[0]))
        abort();
    for (size_t i = 0; i < set.count; i++) {
        const struct series *s = &set.items[i];
        for (size_t k = 0; k < s->length; k++)
            if (isinf(s->target[k]))
                abort();
        for (size_t k = 0; k < set.features * s->feature_length; k++)
            if (!isfinite(s->feature[k]))
                abort();
        for (size_t k = 0; k < set.categories; k++)
            if (s->category[k] < 0)
                abort();
    }
    series_draft_free(&reading.draft);
    series_free(&set);
    input_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct layout layout = {0};
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct dataset d = {0};
    size_t rows = 0;
    struct dataset_builder b = {.data = &d, .take = take, .context = &rows, .chunk_rows = 4096};
    struct error err = {0};
    int status = parquet_read(in, &layout, &b, &err);
    if (status == 0)
        status = dataset_builder_rest(&b, &err);
    if (status < 0 && (err.code == ERROR_NONE || !err.what[0]))
        abort();
    input_close(in);
    dataset_free(&d);
    read_series(bytes, size);
    return 0;
}
