/* The files of a channel of series or pairs: one file, standard input, or all of a folder and the folders in it, sorted
 * by name. Names that begin with '.' and _SUCCESS are left out, as the service leaves them. */
#ifndef FORMAT_FILES_H
#define FORMAT_FILES_H

#include <stddef.h>

#include "engine/base/error.h"
#include "engine/format/format.h"
#include "engine/format/input.h"

/* What reads a file of one content type into `context`. */
struct files_reader {
    const char *type;
    int (*read)(struct input *in, void *context, struct error *err);
};

/* Opens each file and reads it with the reader of its type, of which the first is that of names that tell none.
 * `readers` ends at NULL; `what` ("Time series"), for messages, is what is read. */
int files_read(const struct channel *channel, const struct files_reader *readers, const char *what, void *context,
               uint64_t *bytes_read, struct error *err);

/* The name of a channel for messages. */
void files_name(const char *path, char *name, size_t size);

#endif
