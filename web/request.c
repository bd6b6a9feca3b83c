#include "web/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "engine/base/clock.h"
#include "web/exchange.h"
#include "web/negotiate.h"
#include "web/reply.h"
#include "web/socket.h"

#define BODY_SECONDS 10.0 /* for the whole body, however slowly it drips */

struct app *request_app(const struct request *r)
{
    return r->app;
}

static const char *find_pair(const struct query_pair *pairs, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(pairs[i].name, name))
            return pairs[i].value;
    return NULL;
}

const char *request_path_value(const struct request *r, const char *name)
{
    const char *value = find_pair(r->path, r->path_count, name);
    return value ? value : "";
}

const char *request_query(struct request *r, const char *name)
{
    return find_pair(r->query, r->query_count, name);
}

const char *request_header(const struct request *r, const char *name)
{
    for (int i = 0; i < r->info->num_headers; i++)
        if (!strcasecmp(r->info->http_headers[i].name, name))
            return r->info->http_headers[i].value;
    return NULL;
}

bool request_replied(const struct request *r)
{
    return r->replied;
}

/* Names and values of the pattern become NUL-terminated text; one block holds all of it. */
static char *decode_path(struct request *r, char *out)
{
    for (int i = 0; i < r->match.value_count; i++) {
        const struct route_value *v = &r->match.values[i];
        r->path[i].name = memcpy(out, v->name, v->name_len);
        out[v->name_len] = '\0';
        out += v->name_len + 1;
        r->path[i].value = out;
        out += decode_percent(v->text, v->text_len, false, out) + 1;
    }
    r->path_count = r->match.value_count;
    return out;
}

int request_decode(struct request *r)
{
    const char *query = r->info->query_string ? r->info->query_string : "";
    size_t size = strlen(query) + 1;
    char *rest;
    for (int i = 0; i < r->match.value_count; i++)
        size += r->match.values[i].name_len + r->match.values[i].text_len + 2;
    r->text = malloc(size);
    if (!r->text) {
        reply_error(r, 503, "unavailable", NULL, "The server is out of memory.");
        return -1;
    }
    rest = decode_path(r, r->text);
    memcpy(rest, query, strlen(query) + 1);
    r->query_count = decode_query(rest, r->query, MAX_QUERY_PAIRS);
    if (r->query_count >= 0)
        return 0;
    r->query_count = 0;
    reply_error(r, 400, "bad_address", NULL, "The address has more than %d query parameters.", MAX_QUERY_PAIRS);
    return -1;
}

void request_free(struct request *r)
{
    cJSON_Delete(r->json);
    free(r->body);
    free(r->text);
}

static void *refuse_body(struct request *r, int status, const char *code, const char *message)
{
    r->closing = !r->body_read; /* what was not read cannot be told from the next request */
    reply_error(r, status, code, NULL, "%s", message);
    return NULL;
}

/* How many bytes mg_read can be asked for without waiting longer than for the first of them. CivetWeb waits until it
 * has all it was asked for, byte by byte if need be, and does not say what it has buffered: so what the socket holds
 * ready, else one byte. */
static size_t ready_bytes(int socket, size_t left)
{
    int ready = 0;
    if (socket < 0 || ioctl(socket, FIONREAD, &ready) || ready < 1)
        return 1;
    return (size_t)ready < left ? (size_t)ready : left;
}

/* 0, or -1 when the body did not arrive in time or the client went away. */
static int read_body(struct request *r, size_t len)
{
    double until = clock_seconds() + BODY_SECONDS;
    size_t have = 0;
    int socket = socket_find(r->info->remote_addr, r->info->remote_port, r->port);
    if (request_header(r, "Expect"))
        mg_write(r->connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    while (have < len) {
        int got = mg_read(r->connection, r->body + have, ready_bytes(socket, len - have));
        if (got <= 0 || clock_seconds() > until)
            return -1;
        have += (size_t)got;
    }
    r->body[len] = '\0';
    r->body_read = true;
    return 0;
}

static cJSON *parse_body(struct request *r, size_t len)
{
    const char *fault = decode_json_fault(r->body, len), *end = r->body;
    if (fault)
        return refuse_body(r, 400, "invalid_json", fault);
    errno = 0;
    r->json = cJSON_ParseWithLengthOpts(r->body, len + 1, &end, 1);
    if (!r->json && errno == ENOMEM)
        return refuse_body(r, 503, "unavailable", "The server is out of memory.");
    if (!r->json)
        reply_error(r, 400, "invalid_json", NULL, "The body is not JSON: see byte %zd.", end - r->body);
    return r->json;
}

/* Whether the route's fields, "notes:string! title:string", have this name. */
static bool has_field(const char *fields, const char *name)
{
    size_t len = strlen(name);
    for (const char *field = fields; *field; field += strcspn(field, " "), field += strspn(field, " "))
        if (strcspn(field, ":") == len && !memcmp(field, name, len))
            return true;
    return false;
}

/* The names alone: "notes, title". */
static void list_fields(const char *fields, char *out, size_t size)
{
    size_t used = 0, at = 0;
    *out = '\0';
    while (fields[at] && used < size) {
        size_t len = strcspn(fields + at, ":");
        if (used > 0)
            used += (size_t)snprintf(out + used, size - used, ", ");
        for (size_t i = 0; i < len && used + 1 < size; i++)
            out[used++] = fields[at + i];
        out[used < size ? used : size - 1] = '\0';
        at += strcspn(fields + at, " ");
        at += strspn(fields + at, " ");
    }
}

/* A misspelt field would be ignored, and something else done than was asked for. */
static cJSON *check_fields(struct request *r)
{
    const char *fields = r->match.route->fields;
    const cJSON *field;
    char known[320], name[64];
    if (!fields)
        return r->json;
    list_fields(fields, known, sizeof known);
    if (!cJSON_IsObject(r->json)) {
        reply_error(r, 400, "invalid_body", NULL, "The body must be a JSON object with the fields %s.", known);
        return NULL;
    }
    cJSON_ArrayForEach (field, r->json) {
        if (has_field(fields, field->string))
            continue;
        snprintf(name, sizeof name, "%s", field->string);
        reply_error(r, 400, "unknown_field", name, "There is no field \"%s\" here; the fields are %s.", name, known);
        return NULL;
    }
    return r->json;
}

/* Reads the body that was announced into r->body. NULL: replied already. */
static void *take_body(struct request *r, size_t len)
{
    if (len > r->match.route->max_body) {
        r->closing = true;
        reply_error(r, 413, "body_too_large", NULL, "The body has %zu bytes; at most %zu are accepted here.", len,
                    r->match.route->max_body);
        return NULL;
    }
    r->body = malloc(len + 1);
    if (!r->body)
        return refuse_body(r, 503, "unavailable", "The server is out of memory.");
    return read_body(r, len) ? refuse_body(r, 408, "body_too_slow", "The body did not arrive whole within 10 seconds.")
                             : r->body;
}

static size_t announced_bytes(const struct request *r)
{
    return r->info->content_length > 0 ? (size_t)r->info->content_length : 0;
}

const void *request_bytes(struct request *r, size_t *len)
{
    *len = announced_bytes(r);
    return r->replied ? NULL : r->body ? r->body : take_body(r, *len);
}

cJSON *request_json(struct request *r)
{
    size_t len = announced_bytes(r);
    if (r->json || r->replied)
        return r->replied ? NULL : r->json;
    if (!negotiate_is_json(request_header(r, "Content-Type")))
        return refuse_body(r, 415, "unsupported_media_type", "Send the body as Content-Type: application/json.");
    if (!len)
        return refuse_body(r, 400, "invalid_json", "The body is empty; send a JSON object.");
    return take_body(r, len) && parse_body(r, len) ? check_fields(r) : NULL;
}

static const cJSON *find_field(struct request *r, const cJSON *object, const char *name, bool required)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, name);
    if (field && !cJSON_IsNull(field))
        return field;
    if (required || !cJSON_IsObject(object))
        reply_error(r, 400, "missing_field", name, "The JSON object needs the field \"%s\".", name);
    return NULL;
}

const char *request_text_field(struct request *r, const cJSON *object, const char *name, size_t max_len, bool required)
{
    const cJSON *field = find_field(r, object, name, required);
    if (!field)
        return NULL;
    if (!cJSON_IsString(field)) {
        reply_error(r, 400, "invalid_field", name, "\"%s\" must be a text.", name);
        return NULL;
    }
    if (strlen(field->valuestring) > max_len) {
        reply_error(r, 400, "invalid_field", name, "\"%s\" is longer than %zu bytes.", name, max_len);
        return NULL;
    }
    return field->valuestring;
}

bool request_integer_field(struct request *r, const cJSON *object, const char *name, long long min, long long max,
                           bool required, long long *value)
{
    const cJSON *field = find_field(r, object, name, required);
    double number;
    if (!field)
        return !r->replied;
    number = field->valuedouble;
    if (!cJSON_IsNumber(field) || !(number >= (double)min && number <= (double)max && number < 0x1p63) ||
        number != (double)(long long)number) {
        reply_error(r, 400, "invalid_field", name, "\"%s\" must be a whole number from %lld to %lld.", name, min, max);
        return false;
    }
    *value = (long long)number;
    return true;
}
