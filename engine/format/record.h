/* Rows as protobuf messages of type Record (record.proto), one in each record of RecordIO: the tensor `values` of the
 * features, dense or sparse, and the one number `values` of the label. Numbers of 64 bits are rounded to 32.
 *
 * Hard limits: RECORDIO_LENGTH_MAX, RECORD_BYTES_MAX of memory for one unpacked, the columns of data/dataset.h. */
#ifndef FORMAT_RECORD_H
#define FORMAT_RECORD_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"
#include "engine/format/layout.h"
#include "engine/format/writer.h"

#define RECORD_BYTES_MAX (1u << 30)
#define RECORD_TENSORS_MAX 16 /* in the label map of an answer */

/* Appends all rows of `in`; the first sets the number of columns. Errors name file and record.
 * 0; 1 where the builder's taker has enough; -1. */
int record_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);

/* A row as it stands in a file, with tensors of float32. Weights and groups, which a Record cannot hold, are refused.
 */
int record_append(struct writer *w, const struct dataset *d, size_t row, struct error *err);

/* A named output of a model. */
struct record_tensor {
    const char *key;
    const float *values;
    size_t count;
};

/* Appends a record without features whose label map holds the tensors. */
int record_append_labels(struct str *out, const struct record_tensor *tensors, size_t count, struct error *err);

#endif
