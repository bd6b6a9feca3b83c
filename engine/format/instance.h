/* A row as JSON, the shape that the service's requests have:
 *
 *     {"features":[1,null,3]}                                                  null is a missing value
 *     {"data":{"features":{"values":[1,null,3]}}}                              the same
 *     {"data":{"features":{"values":[3],"keys":[5],"shape":[10]}}}             sparse, keys rise
 *
 * In training data "label" stands beside it, and "weight" may. A "configuration" is passed over, any other key refused.
 *
 *     struct instance row = {0};
 *     while (...) p = instance_read(&row, p, end, &layout, &at, &builder, &err);
 *     instance_free(&row);
 *
 * Hard limits: the columns of data/dataset.h, SCAN_DEPTH_MAX levels in what is passed over. */
#ifndef FORMAT_INSTANCE_H
#define FORMAT_INSTANCE_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/layout.h"
#include "engine/format/lines.h"

/* What was read of a row. The arrays grow and stay for the next. */
struct instance {
    float *values;
    uint64_t *keys;
    size_t count, room;         /* of values */
    size_t key_count, key_room; /* of keys */
    size_t size;                /* the product of the shape */
    bool has_values, has_keys, has_shape, has_label;
    float label, weight;
};

/* Appends the row at `p` and returns where it ended, NULL with an error at `at`. */
const char *instance_read(struct instance *row, const char *p, const char *end, const struct layout *layout,
                          const struct place *at, struct dataset_builder *b, struct error *err);
void instance_free(struct instance *row);

#endif
