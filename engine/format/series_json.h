/* A series as a JSON object: a line of JSON Lines, an instance of a request. Keys that are none of the service's are
 * passed over, as it does. */
#ifndef FORMAT_SERIES_JSON_H
#define FORMAT_SERIES_JSON_H

#include "engine/format/input.h"
#include "engine/format/series_draft.h"

#define SERIES_LINE_MAX (1u << 30)

const char *series_json_read(struct series_draft *d, const char *p, const char *end, const struct place *at,
                             struct series_set *set, struct error *err);

/* All lines; `reading` is a struct series_reading. */
int series_json_lines(struct input *in, void *reading, struct error *err);

#endif
