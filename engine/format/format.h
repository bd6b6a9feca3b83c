/* The formats of training data, by the service's content type. Adding one: its reader and writer, one line in format.c.
 *
 * A channel is a file, a folder of files (sorted by name; names that start with '.' or '_' are left out) or "-" for
 * standard input. Names that end in .gz are read through gzip. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/data/dataset.h"

/* A channel as it was asked for. */
struct channel {
    const char *path;           /* a file, a folder, "-", or a FIFO */
    const char *content_type;   /* the service's or its short name (csv, libsvm ...); NULL: told from each file's name,
                                   text/csv where that says nothing */
    const char *const *allowed; /* types; ends at NULL; NULL: all */
    bool weights;               /* the second CSV column is the row's weight (csv_weights) */
    bool float32;               /* tensors of other numbers are refused */
    uint64_t *bytes_read;       /* out: grows by what was read from disk or pipe; or NULL */
};

/* Reads a whole channel. Frees what it had read when it fails. */
int format_read(const struct channel *channel, struct dataset *d, struct error *err);

/* Hands on the rows of a channel, `rows` at a time and what is left at the end, in memory that does not grow with the
 * channel. In Pipe mode the service gives every epoch a FIFO of its own, PATH_0, PATH_1, ...: where PATH does not exist
 * and PATH_EPOCH does, that is read. `take` owns nothing: the chunk is emptied after it. 0 from take: go on; 1: enough,
 * the rest is left unread; -1: err.
 *
 * libsvm is refused: how wide its rows are shows only at its end. With `rows` 0 the chunks have a few MiB each, and
 * libsvm comes in one. */
int format_stream(const struct channel *channel, int epoch, size_t rows, dataset_take *take, void *context,
                  struct error *err);

/* Where a channel's bytes are in this epoch: PATH, else PATH_EPOCH, spelt in `buffer`. */
const char *format_epoch_path(const char *path, int epoch, char buffer[PATH_MAX]);

/* Writes a file, or "-" for standard output; a name that ends in .gz is compressed. `content_type` NULL: told from the
 * name. `weights`: CSV gets the row's weight as its second column. A file that could not be finished does not appear.
 */
int format_write(const char *path, const char *content_type, bool weights, const struct dataset *d, struct error *err);

/* The same in chunks, which are all dense or all sparse: open, put until done, close; abandon instead leaves nothing.
 */
struct format_output;
struct format_output *format_open(const char *path, const char *content_type, bool weights, struct error *err);
int format_put(struct format_output *out, const struct dataset *chunk, struct error *err);
int format_close(struct format_output *out, struct error *err);
void format_abandon(struct format_output *out); /* NULL is fine */

/* The content type of a channel's file `path`: the channel's, else what the name tells, else `otherwise`. NULL and an
 * error where there is no such type or the channel does not allow it. */
const char *format_type(const struct channel *channel, const char *path, const char *otherwise, struct error *err);

/* The content type that a name's ending tells; NULL when it tells none. Of a channel, .txt says text/plain only where
 * that is read; elsewhere it says nothing; .rec says application/x-recordio where only that is read. */
const char *format_type_of_name(const char *path);

#endif
