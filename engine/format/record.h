/* Rows as protobuf messages of type Record (record.proto), one in each record of RecordIO: the tensor `values` of the
 * features, dense or sparse, and the one number `values` of the label. Numbers of 64 bits are rounded to 32.
 *
 * Hard limits: RECORDIO_LENGTH_MAX, RECORD_BYTES_MAX of memory for one unpacked, the columns of data/dataset.h. */
#ifndef FORMAT_RECORD_H
#define FORMAT_RECORD_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"

#define RECORD_BYTES_MAX (1u << 30)

/* Appends all rows of `in`; the first sets the number of columns. Errors name file and record. */
int record_read(struct input *in, struct dataset_builder *b, struct error *err);

/* Appends a row as it stands in a file, with tensors of float32. Weights, which a Record cannot hold, are refused. */
int record_append(struct str *out, const struct dataset *d, size_t row, struct error *err);

#endif
