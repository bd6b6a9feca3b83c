/* What a trainer says, checked while it comes: whole lines, each a JSON object with an "event", none too long, not too
 * many. A trainer is a program that may have gone wrong: the first line that breaks a rule ends its run with a
 * sentence. Keeps the last event, which must agree with how the process ends. Pure: bytes in, lines out. */
#ifndef LAB_TRANSCRIPT_H
#define LAB_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

#define TRANSCRIPT_MAX_LINE (256u << 10) /* bytes: a picture of 64 x 64 values has 40 KB */
#define TRANSCRIPT_MAX_LINES 20000u
#define TRANSCRIPT_MAX_BYTES (32u << 20) /* of all lines: kept in memory for late watchers */

enum last_event { LAST_NONE, LAST_OTHER, LAST_DONE, LAST_STOPPED, LAST_ERROR };

struct transcript {
    struct str line; /* begun, not ended yet */
    size_t lines, bytes;
    enum last_event last;
    struct error reported; /* of the error event, when that was last */
};

typedef void (*transcript_line)(void *context, const char *line, size_t len);

/* Calls `each` for every line that `bytes` completes. -1: a rule is broken, the line in question was not passed on. */
int transcript_feed(struct transcript *t, const char *bytes, size_t len, transcript_line each, void *context,
                    struct error *err);
void transcript_free(struct transcript *t);

#endif
