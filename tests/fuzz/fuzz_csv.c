/* Any bytes as a CSV channel, plain or gzip: no crash, and what is taken is a full table of finite or missing values.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct dataset d = {0};
    struct dataset_builder b = {.data = &d};
    struct error err = {0};
    if (csv_read(in, &(struct layout){0}, &b, &err) == 0) {
        dataset_builder_finish(&b);
        for (size_t i = 0; i < d.rows; i++)
            if (!isfinite(d.y[i]))
                abort();
        for (size_t i = 0; i < d.rows * d.columns; i++)
            if (isinf(d.x[i]))
                abort();
    } else if (err.code == ERROR_NONE || !err.what[0]) {
        abort();
    }
    input_close(in);
    dataset_free(&d);
    return 0;
}
