/* Requests to a trained model and its answers, as bytes with a content type: what a numeric algorithm (rows of features
 * in, named numbers out) reads and writes. Types and shapes are the service's (cdf-inference):
 *
 *     text/csv                                rows without label
 *     text/libsvm                             the label may be left out, so a first word with a colon is a feature
 *     application/x-recordio-protobuf         labels are left out
 *     application/json                        {"instances":[ROW, ..]}; for a ROW see format/instance.h
 *     application/jsonlines                   a ROW in each line
 *
 * and answers as JSON {"predictions":[{"score":..}]}, one such object per line, CSV, or records with a label map.
 *
 * libsvm counts columns from 0, as at training. The service's newest code counts them one lower where no row has index
 * 0; since a row of zeros there would then be read wrong, that is done only where counting from 0 cannot be meant: no
 * row has index 0 and one has an index just behind the last column. */
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
    const char *accept;       /* types, the preferred first; NULL, "" or stars: the algorithm's first */
    const void *bytes;
    size_t len;
};

struct answer {
    char content_type[64];
    struct str bytes;
};

/* Features of all rows; labels, where a row has one, are left out. `columns`: how many the model has; 0: any. Dense
 * rows need exactly these; sparse rows may be narrower. Errors name the line, record or instance. */
int payload_read(const struct request *in, size_t columns, struct dataset *d, struct error *err);

/* One named output of all rows: `width` numbers each. */
struct payload_field {
    const char *name;    /* "score", "predicted_label" */
    const float *values; /* rows x width, row after row */
    size_t width;
    bool list; /* in JSON a list even when width is 1 */
};

/* The first of the types that `accept` lists, in its order, which can be had: one of `accepts`, whose first is taken
 * where nothing is asked for. NULL with an error. */
const char *payload_type(const char *accept, const char *const *accepts, struct error *err);

/* `accepts`: the types that may be asked for, the first is the default; ends at NULL. In CSV the fields of a row follow
 * each other. */
int payload_write(const struct request *in, const char *const *accepts, const struct payload_field *fields,
                  size_t count, size_t rows, struct answer *out, struct error *err);

#endif
