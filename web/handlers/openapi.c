/* The description of the API, made from the route table: what is not in the table is not served, and not described. */
#include <ctype.h>
#include <string.h>

#include "engine/base/json.h"
#include "web/app.h"
#include "web/reply.h"
#include "web/route.h"

#define ERROR_REFERENCE "{\"$ref\":\"#/components/responses/Error\"}"

static bool is_page(const struct route *route)
{
    return !strncmp(route->summary, "Page:", 5);
}

/* "{rest...}" is written "{rest}". */
static void pattern_text(const struct route *route, char *out, size_t size)
{
    size_t used = 0;
    for (const char *c = route->pattern; *c && used + 1 < size; c++)
        if (*c != '.' || c == route->pattern || c[1] == '\0' || !strstr(route->pattern, "...}"))
            out[used++] = *c;
    out[used] = '\0';
}

static void put_parameter(struct json *j, const char *name, size_t len, const char *place)
{
    json_object(j, NULL);
    json_string_n(j, "name", name, len);
    json_string(j, "in", place);
    json_bool(j, "required", place[0] == 'p');
    json_raw(j, "schema", "{\"type\":\"string\"}");
    json_end(j);
}

static void put_parameters(struct json *j, const struct route *route)
{
    json_array(j, "parameters");
    for (const char *open = strchr(route->pattern, '{'); open; open = strchr(open + 1, '{'))
        put_parameter(j, open + 1, strcspn(open + 1, ".}"), "path");
    for (const char *name = route->query; name && *name; name += strspn(name, " ")) {
        size_t len = strcspn(name, " ");
        put_parameter(j, name, len, "query");
        name += len;
    }
    json_end(j);
}

/* One field "name:type" or "name:type!". */
static void put_field(struct json *j, const char *field)
{
    size_t name_len = strcspn(field, ":"), type_len = strcspn(field + name_len + 1, "! ");
    char name[32];
    if (name_len >= sizeof name)
        return;
    memcpy(name, field, name_len);
    name[name_len] = '\0';
    json_object(j, name);
    json_string_n(j, "type", field + name_len + 1, type_len);
    json_end(j);
}

static const char *next_field(const char *field)
{
    field += strcspn(field, " ");
    return field + strspn(field, " ");
}

static void put_body(struct json *j, const struct route *route)
{
    if (!route->fields)
        return;
    json_object(j, "requestBody");
    json_bool(j, "required", true);
    json_object(j, "content");
    json_object(j, "application/json");
    json_object(j, "schema");
    json_string(j, "type", "object");
    json_object(j, "properties");
    for (const char *field = route->fields; *field; field = next_field(field))
        put_field(j, field);
    json_end(j);
    json_array(j, "required");
    for (const char *field = route->fields; *field; field = next_field(field))
        if (memchr(field, '!', strcspn(field, " ")))
            json_string_n(j, NULL, field, strcspn(field, ":"));
    for (int i = 0; i < 5; i++)
        json_end(j);
}

/* The first of "GET /api/v1/decks/{id}/cards" and "DELETE ..." in a form that programs can use as a function's name. */
static void put_operation_id(struct json *j, const struct route *route)
{
    struct str name = {0};
    for (const char *c = route->method; *c; c++)
        str_putc(&name, (char)tolower((unsigned char)*c));
    for (const char *c = strncmp(route->pattern, "/api/v1", 7) ? route->pattern : route->pattern + 7; *c; c++)
        if (isalnum((unsigned char)*c))
            str_putc(&name, *c);
        else if (*c == '/')
            str_putc(&name, '_');
    json_string(j, "operationId", str_text(&name));
    j->out->failed |= name.failed;
    str_free(&name);
}

static void put_operation(struct json *j, const struct route *route)
{
    char method[16] = "";
    for (size_t i = 0; route->method[i] && i + 1 < sizeof method; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    json_object(j, method);
    json_string(j, "summary", route->summary);
    put_operation_id(j, route);
    put_parameters(j, route);
    put_body(j, route);
    json_object(j, "responses");
    json_raw(j, "2XX", "{\"description\":\"done\"}");
    json_raw(j, "4XX", ERROR_REFERENCE);
    json_raw(j, "5XX", ERROR_REFERENCE);
    json_end(j);
    json_end(j);
}

static bool described_before(const struct route *route)
{
    for (const struct route *row = routes; row != route; row++)
        if (!strcmp(row->pattern, route->pattern))
            return true;
    return false;
}

static void put_paths(struct json *j)
{
    char pattern[128];
    json_object(j, "paths");
    for (const struct route *route = routes; route->method; route++) {
        if (is_page(route) || described_before(route))
            continue;
        pattern_text(route, pattern, sizeof pattern);
        json_object(j, pattern);
        for (const struct route *row = route; row->method; row++)
            if (!strcmp(row->pattern, route->pattern))
                put_operation(j, row);
        json_end(j);
    }
    json_end(j);
}

void handle_openapi(struct request *r)
{
    struct str body = {0};
    struct json j = json_begin(&body);
    json_object(&j, NULL);
    json_string(&j, "openapi", "3.1.0");
    json_object(&j, "info");
    json_string(&j, "title", "Flashlab");
    json_string(&j, "version", FLASHLAB_VERSION);
    json_end(&j);
    put_paths(&j);
    json_raw(
        &j, "components",
        "{\"responses\":{\"Error\":{\"description\":\"what went wrong, for programs and for people\",\"content\":{"
        "\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}},\"schemas\":{\"Error\":{"
        "\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"object\",\"required\":["
        "\"code\",\"message\",\"field\"],\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":"
        "\"string\"},\"field\":{\"type\":[\"string\",\"null\"]}}}}}}}");
    json_end(&j);
    reply_json(r, 200, &body);
}
