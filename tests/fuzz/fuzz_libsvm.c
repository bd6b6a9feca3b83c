/* Any bytes as a libsvm channel, plain or gzip: no crash, and what is taken are rows whose indices rise below
 * `columns`.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/libsvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct dataset d = {0};
    struct dataset_builder b = {.data = &d};
    struct error err = {0};
    if (libsvm_read(in, &(struct layout){0}, &b, &err) == 0) {
        dataset_builder_finish(&b);
        for (size_t i = 0; i < d.rows; i++) {
            if (!isfinite(d.y[i]) || (d.weight && !isfinite(d.weight[i])))
                abort();
            for (size_t k = d.start[i]; k < d.start[i + 1]; k++)
                if (!isfinite(d.value[k]) || d.index[k] >= d.columns ||
                    (k > d.start[i] && d.index[k] <= d.index[k - 1]))
                    abort();
        }
    } else if (err.code == ERROR_NONE || !err.what[0]) {
        abort();
    }
    input_close(in);
    dataset_free(&d);
    return 0;
}
