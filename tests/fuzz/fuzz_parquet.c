/* Any bytes as a Parquet file: no crash, and what is taken are finite labels and features that are not infinite. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/parquet.h"

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
    return 0;
}
