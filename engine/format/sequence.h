/* Reads pairs of token sequences:
 *
 *   JSON Lines      {"in0": [3, 7], "in1": [2], "label": 1}         Object2Vec
 *   RecordIO-protobuf   features "source" and "target", int32       Seq2Seq
 */
#ifndef FORMAT_SEQUENCE_H
#define FORMAT_SEQUENCE_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/data/pairs.h"
#include "engine/format/format.h"

/* A whole channel; frees what it had read when it fails. */
int sequence_read(const struct channel *channel, struct pairs *p, struct error *err);

/* Requests: JSON objects in which in0 or in1 may be missing (then that side is empty and `given[i]` has bit 0 or 1
 * only: bit 0 in0, bit 1 in1). `p` is at an object; returns where it ended, NULL and an error. */
const char *sequence_read_object(const char *p, const char *end, const char *file, size_t number, struct pairs *pairs,
                                 int *given, struct error *err);

/* Records of a request with "source" only: side 1 stays empty. */
int sequence_read_records(const void *bytes, size_t len, struct pairs *p, struct error *err);

/* Appends one record: features source and target (NULL: left out). */
int sequence_append(struct str *out, const int32_t *source, size_t source_count, const int32_t *target,
                    size_t target_count, struct error *err);

#endif
