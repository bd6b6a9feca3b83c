/* Rows from one format into another, in chunks: what is read is written before more is read. Only libsvm is gathered
 * first, since its width shows at its end. */
#ifndef ENGINE_CONVERT_H
#define ENGINE_CONVERT_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/event.h"

/* What to convert; a NULL type is told from the name. */
struct conversion {
    const char *in, *from; /* a file, a folder, a pipe or "-" */
    const char *out, *to;  /* a file or "-": then no event is sent */
    bool weights;          /* CSV: the second column is the row's weight */
};

/* Sends an end event with what was converted. */
int convert(const struct conversion *c, struct event_sink *sink, struct error *err);

#endif
