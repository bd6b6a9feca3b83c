/* Records of bytes, one after another in a file: magic, length word, payload, zeros up to a multiple of four. A payload
 * that holds the magic at such a place is cut there into parts, and the reader puts it back.
 *
 *     struct recordio reader;
 *     recordio_init(&reader, in);
 *     while ((status = recordio_next(&reader, &payload, &len, &err)) > 0) ...
 *     recordio_free(&reader);
 *
 * Hard limit: a record of RECORDIO_LENGTH_MAX bytes. Memory grows with what was read, not with what a length claims. */
#ifndef FORMAT_RECORDIO_H
#define FORMAT_RECORDIO_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/format/input.h"

#define RECORDIO_LENGTH_MAX ((1u << 29) - 1)

struct recordio {
    struct input *in;
    unsigned char *buffer; /* at .. have: read and not yet handed on */
    size_t at, have, room;
    struct str whole; /* a record of several parts */
    size_t number;    /* of the record read last, from 1 */
};

void recordio_init(struct recordio *r, struct input *in);
void recordio_free(struct recordio *r);

/* 1 and a record, whose bytes stay until the next call; 0 at the end; -1. */
int recordio_next(struct recordio *r, const unsigned char **payload, size_t *len, struct error *err);

/* Sets an error at "FILE, record N" and returns -1. */
int recordio_error(const struct recordio *r, enum error_code code, const char *fix, const char *what,
                   struct error *err);

/* Appends a record as it stands in a file. `len` is at most RECORDIO_LENGTH_MAX. */
void recordio_append(struct str *out, const void *payload, size_t len);

#endif
