/* The lines of a text channel, one after another, and errors that name file, line and what stands in it.
 *
 * A line ends in LF or CR LF; blanks before it are left out, empty lines too, and a byte order mark before the first.
 */
#ifndef FORMAT_LINES_H
#define FORMAT_LINES_H

#include "engine/base/error.h"
#include "engine/format/input.h"

#define LINES_LENGTH_MAX (1u << 20)

struct place {
    const char *file;
    size_t line;      /* 0: the file as a whole */
    const char *unit; /* what is counted; NULL: "line" */
};

/* Behind `end` stands a line break, CR or blank, and LINES_SLACK more bytes may be looked at. */
#define LINES_SLACK 64
typedef int lines_take(void *context, const char *line, const char *end, const struct place *at, struct error *err);

/* Calls `take` with each line as long as it returns 0; returns its last answer, -1 with an error. A longer line than
 * LINES_LENGTH_MAX is refused. */
int lines_read(struct input *in, lines_take *take, void *context, struct error *err);

/* The same with lines of up to `length_max` bytes; memory grows with the longest that is there. */
int lines_read_long(struct input *in, size_t length_max, lines_take *take, void *context, struct error *err);

/* "FILE, line N, INNER n" as an error's place; `number` 0 leaves the last part out. Returns -1. */
int place_error(const struct place *at, const char *inner, size_t number, enum error_code code, const char *fix,
                const char *what, struct error *err);

#endif
