/* Steps through JSON text in place, without a tree of it: the readers of rows, series, pairs and requests share it.
 *
 *     struct scan s = {.p = text, .end = end, .at = &place, .shape = "write {\"in0\":[1]}", .err = err};
 *     if (scan_open(&s, '{') < 0) ...
 *     for (first = true; (meaning = scan_key(&s, first, keys, false)) >= 0; first = false) ...
 *
 * Functions that fail have filled err: file, line, what stands there, and `shape` as what to write instead. Nothing
 * here recurses, so no text is too deep. */
#ifndef FORMAT_SCAN_H
#define FORMAT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/format/lines.h"

#define SCAN_DEPTH_MAX 64 /* levels in what is passed over */

struct scan {
    const char *p, *end;
    const struct place *at;
    const char *shape; /* what to write, for errors */
    struct error *err;
};

/* What a key may be; ends at NULL. */
struct scan_key {
    const char *name;
    int meaning;
};

enum { SCAN_END = -2, SCAN_UNKNOWN = 1000 };

int scan_complain(const struct scan *s, enum error_code code, const char *fix, const char *what);
int scan_unexpected(const struct scan *s, const char *wanted); /* than what stands here */
int scan_no_memory(const struct scan *s);

const char *scan_space(const char *p, const char *end);
const char *scan_value(const char *p, const char *end); /* behind it; NULL when it is cut short or too deep */

bool scan_step(struct scan *s, char wanted);          /* over blanks and `wanted`, if that is there */
int scan_open(struct scan *s, char bracket);          /* the same, and an error if it is not */
int scan_element(struct scan *s, bool first);         /* before an element of a list: 1; 0 behind the bracket; -1 */
int scan_pass(struct scan *s);                        /* over any value */
int scan_text(struct scan *s, struct str *text);      /* appends what a string means; UTF-8, without NUL */
int scan_number(struct scan *s, float *value);        /* finite */
int scan_value_or_null(struct scan *s, float *value); /* null: NaN */
int scan_whole(struct scan *s, uint32_t limit, uint32_t *value, const char *fix); /* from 0 to limit */

/* Goes through an object: each call reads `"name":`, the comma before it too. The meaning; SCAN_END; -1. A key that is
 * not among `keys` is an error, or SCAN_UNKNOWN where `open`. */
int scan_key(struct scan *s, bool first, const struct scan_key *keys, bool open);

/* Room for one more thing of `size` bytes in the array that `array` is the address of. */
int scan_reserve(const struct scan *s, void *array, size_t count, size_t *room, size_t size);

bool scan_is_utf8(const char *text, size_t len);

#endif
