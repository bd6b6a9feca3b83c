/* Pairs of token sequences as protobuf messages of type Record: features `source` and `target`, dense tensors of int32.
 */
#ifndef FORMAT_SEQUENCE_RECORD_H
#define FORMAT_SEQUENCE_RECORD_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/data/pairs.h"
#include "engine/format/input.h"

/* All records; without `target` where `sources` only are wanted. */
int sequence_record_read(struct input *in, bool sources, struct pairs *p, struct error *err);

#endif
