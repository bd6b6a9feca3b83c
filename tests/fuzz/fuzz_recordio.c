/* Any bytes as a channel of RecordIO-protobuf: no crash, and what is taken are full dense rows or sparse ones in order.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

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
    } else if (err.code == ERROR_NONE || !err.what[0]) {
        abort();
    }
    input_close(in);
    dataset_free(&d);
    return 0;
}
