/* The formats of training data, by the service's content type. Adding one: its reader and writer, one line in format.c.
 *
 * A channel is a file, a folder of files (sorted by name; names that start with '.' or '_' are left out) or "-" for
 * standard input. Names that end in .gz are read through gzip. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"

/* Reads a whole channel. `content_type` NULL: told from each file's name, text/csv where that says nothing. `allowed`,
 * which ends at NULL, names the types that may come; NULL: all. Frees what it had read when it fails. */
int format_read(const char *path, const char *content_type, const char *const *allowed, struct dataset *d,
                struct error *err);

/* Writes a file, or "-" for standard output; a name that ends in .gz is compressed. `content_type` NULL: told from the
 * name. A file that could not be finished does not appear. */
int format_write(const char *path, const char *content_type, const struct dataset *d, struct error *err);

/* Would format_write know which format to write? */
int format_check_output(const char *path, const char *content_type, struct error *err);

#endif
