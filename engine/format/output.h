/* Bytes into a file or to standard output, through gzip where the name ends in .gz.
 *
 * A file appears, or takes the place of the one there was, when output_close says 0; until then it is NAME.part. */
#ifndef FORMAT_OUTPUT_H
#define FORMAT_OUTPUT_H

#include <stddef.h>

#include "engine/base/error.h"

struct output;

/* `path` "-" is standard output. NULL and an error when it cannot be opened. */
struct output *output_open(const char *path, struct error *err);
int output_write(struct output *out, const void *bytes, size_t len, struct error *err);
int output_close(struct output *out, struct error *err);
void output_abandon(struct output *out); /* instead of closing: nothing stays */

#endif
