/* The formats of training data, by the service's content type. Adding one: its reader and writer, one line in format.c.
 *
 * A channel is a file, a folder of files (sorted by name; names that start with '.' or '_' are left out) or "-" for
 * standard input. Names that end in .gz are read through gzip. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/data/dataset.h"

/* Reads a whole channel. `content_type` NULL: told from each file's name, text/csv where that says nothing. `allowed`,
 * which ends at NULL, names the types that may come; NULL: all. Frees what it had read when it fails. */
int format_read(const char *path, const char *content_type, const char *const *allowed, struct dataset *d,
                struct error *err);

/* What an entry that a sparse row leaves out means, where rows have to be written out: 0 or NaN. */
enum format_missing { FORMAT_ZERO, FORMAT_NAN };

/* A channel as it was asked for. */
struct channel {
    const char *path;           /* a file, a folder, "-", or a FIFO */
    const char *content_type;   /* NULL: told from names */
    const char *const *allowed; /* types; ends at NULL; NULL: all */
    bool weights;               /* the second CSV column is the row's weight (csv_weights) */
};

/* Hands on the rows of a channel, at most `rows` at a time, in memory that does not grow with the channel. In Pipe mode
 * the service gives every epoch a FIFO of its own, PATH_0, PATH_1, ...: where PATH does not exist and PATH_EPOCH does,
 * that is read. `take` owns nothing: the chunk is emptied after it. 0 from take: go on; 1: enough, the rest is left
 * unread; -1: err. */
typedef int format_take(void *context, const struct dataset *chunk, struct error *err);
int format_stream(const struct channel *channel, int epoch, size_t rows, format_take *take, void *context,
                  struct error *err);

/* Writes a file, or "-" for standard output; a name that ends in .gz is compressed. `content_type` NULL: told from the
 * name. A file that could not be finished does not appear. */
int format_write(const char *path, const char *content_type, const struct dataset *d, struct error *err);

/* Would format_write know which format to write? */
int format_check_output(const char *path, const char *content_type, struct error *err);

#endif
