/* From the raw bytes of a request to text that can be trusted to be well-formed. Pure; safe on any bytes. */
#ifndef WEB_DECODE_H
#define WEB_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_MAX_NESTING 64 /* cJSON recurses: 900 levels overflow a worker's stack */

/* True when every % is followed by two hexadecimal digits and what comes out is UTF-8 without control characters. */
bool decode_is_clean(const char *raw);

/* Replaces %XX (and + by a space, where asked). Writes at most len bytes and a NUL; out may be raw itself.
 * Only for text that is clean. Returns the length. */
size_t decode_percent(const char *raw, size_t len, bool plus_is_space, char *out);

struct query_pair {
    const char *name, *value;
};

/* Splits "a=1&b=two" in place, decoded. Returns the number of pairs, or -1 when there are more than max. */
int decode_query(char *query, struct query_pair *pairs, int max);

/* NULL when the text may be given to cJSON; otherwise a sentence that says what is wrong with it: nesting, UTF-8,
 * control characters, and the escape for NUL, which would cut a C string. Does not check the grammar. */
const char *decode_json_fault(const char *text, size_t len);

#endif
