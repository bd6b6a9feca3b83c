/* The files that pairs of token sequences come in; format/sequence.h reads channels of them. */
#ifndef FORMAT_SEQUENCE_FILE_H
#define FORMAT_SEQUENCE_FILE_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/data/pairs.h"
#include "engine/format/input.h"

/* A pair in each line. Errors name file and line. */
int sequence_lines_read(struct input *in, struct pairs *p, struct error *err);

/* Protobuf messages of type Record whose features are `source` and `target`, dense tensors of int32; a target is left
 * out where `sources` only are wanted. Errors name file and record. */
int sequence_record_read(struct input *in, bool sources, struct pairs *p, struct error *err);

#endif
