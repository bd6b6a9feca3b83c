/* What a handler may ask of a request. Everything here is bounded and checked; CivetWeb's types stay in server.c,
 * request.c and reply.c. Handlers run on stacks of 100 KB: no large locals, no recursion on input. */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct app;
struct request; /* opaque */

struct app *request_app(const struct request *r);
const char *request_path_value(const struct request *r, const char *name); /* "{id}" of the route; "" when absent */
const char *request_query(struct request *r, const char *name);            /* decoded; NULL when absent */
const char *request_header(const struct request *r, const char *name);     /* NULL when absent */

/* Whether an answer was given. Tells an optional field that is absent (NULL, no reply) from one that is at fault. */
bool request_replied(const struct request *r);

/* The body as JSON (at most the route's max_body, nesting at most 64, content type application/json), an object with no
 * other fields than the route's. The request owns it. NULL: the error was replied already, return at once. */
cJSON *request_json(struct request *r);

/* The body as it came, of any content type, at most the route's max_body. The request owns it. NULL: replied already.
 */
const void *request_bytes(struct request *r, size_t *len);

/* Fields of a JSON object with their checks. On a wrong type, a missing required field or a text longer than max_len,
 * replies 400 with the field's name and returns NULL / false: return at once. */
const char *request_text_field(struct request *r, const cJSON *object, const char *name, size_t max_len, bool required);
bool request_integer_field(struct request *r, const cJSON *object, const char *name, long long min, long long max,
                           bool required, long long *value);

#endif
