/* Writes JSON into a string: commas, escapes and number formats are taken care of. For reading, use cJSON.
 *
 *     struct json j = json_begin(&out);
 *     json_object(&j, NULL);
 *     json_string(&j, "event", "metric");
 *     json_number(&j, "value", loss);
 *     json_end(&j);
 *
 * `key` is NULL inside arrays and at the top. Invalid UTF-8 is written as U+FFFD; NaN and infinities as null. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/str.h"

struct json {
    struct str *out;
    unsigned depth;
    bool follows; /* a value was already written at this level */
    char closers[32];
};

struct json json_begin(struct str *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* closes the innermost object or array */

void json_string(struct json *j, const char *key, const char *text); /* NULL text is written as null */
void json_string_n(struct json *j, const char *key, const char *text, size_t len);
void json_number(struct json *j, const char *key, double value); /* fewest digits that read back the same */
void json_float(struct json *j, const char *key, double value);  /* 6 significant digits, for pictures */
void json_integer(struct json *j, const char *key, long long value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
void json_raw(struct json *j, const char *key, const char *text); /* text that is JSON already */

#endif
