/* Rows as JSON, one in each line, as format/instance.h has them. The service defines such lines for requests only; the
 * label and the weight of training data stand beside the features:
 *
 *     {"features":[1,null,3],"label":0}
 *     {"data":{"features":{"values":[3],"keys":[5],"shape":[10]}},"label":1,"weight":0.5}
 *
 * Hard limits: a line of LINES_LENGTH_MAX bytes, those of instances. */
#ifndef FORMAT_JSONLINES_H
#define FORMAT_JSONLINES_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"
#include "engine/format/layout.h"
#include "engine/format/writer.h"

/* Appends all rows of `in`. Errors name file and line. 0; 1 where the builder's taker has enough; -1. */
int jsonlines_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);

/* A row as it stands in a file. Groups, which it cannot hold, are refused. */
int jsonlines_append(struct writer *w, const struct dataset *d, size_t row, struct error *err);

#endif
