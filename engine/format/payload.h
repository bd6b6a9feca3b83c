/* Requests to a trained model and its answers, as bytes with a content type: what a numeric algorithm (rows of features
 * in, named numbers out) reads and writes. Types and shapes are the service's (cdf-inference):
 *
 *   text/csv, text/libsvm, application/x-recordio-protobuf      rows without label
 *   application/json       {"instances":[{"features":[..]} |
 * {"data":{"features":{"values":[..],"keys":..,"shape":..}}}]} application/jsonlines  one such instance per line
 *
 * and answers as JSON {"predictions":[{"score":..}]}, one such object per line, CSV, or records with a label map. */
#ifndef FORMAT_PAYLOAD_H
#define FORMAT_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/data/dataset.h"

#define PAYLOAD_BYTES_MAX (64u << 20) /* of one request */

struct request {
    const char *content_type; /* NULL: text/csv */
    const char *accept;       /* NULL, "" or anything: the algorithm's first */
    const void *bytes;
    size_t len;
};

struct answer {
    char content_type[64];
    struct str bytes;
};

/* Features of all rows; labels, where a row has one, are left out. `columns`: how many the model has; 0: any. */
int payload_read(const struct request *in, size_t columns, struct dataset *d, struct error *err);

/* One named output of all rows: `width` numbers each. */
struct payload_field {
    const char *name;    /* "score", "predicted_label" */
    const float *values; /* rows x width, row after row */
    size_t width;
    bool list; /* in JSON a list even when width is 1 */
};

/* `accepts`: the types that may be asked for, the first is the default; ends at NULL. In CSV the fields of a row follow
 * each other. */
int payload_write(const struct request *in, const char *const *accepts, const struct payload_field *fields,
                  size_t count, size_t rows, struct answer *out, struct error *err);

#endif
