/* What no handler should ever see. CivetWeb's parser is lax; behind a proxy each of these differences can be used to
 * smuggle a request past it, and a page of a stranger can point its own name at 127.0.0.1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/exchange.h"
#include "web/reply.h"

#define MAX_TARGET 4096
#define MAX_HEADERS 60 /* CivetWeb drops those after the 64th without a word */

static bool refuse(struct request *r, int status, const char *code, const char *message)
{
    r->closing = true;
    reply_error(r, status, code, NULL, "%s", message);
    return true;
}

static int count_header(const struct mg_request_info *info, const char *name)
{
    int count = 0;
    for (int i = 0; i < info->num_headers; i++)
        count += !strcasecmp(info->http_headers[i].name, name);
    return count;
}

static bool refuses_method(struct request *r)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(r->info->request_method, known[i]))
            return false;
    snprintf(r->match.allow, sizeof r->match.allow, "GET, HEAD, POST, DELETE, OPTIONS");
    return refuse(r, 405, "unknown_method", "The server does not know this method.");
}

static bool refuses_target(struct request *r)
{
    const char *path = r->info->local_uri_raw, *query = r->info->query_string;
    if (strlen(path) + (query ? strlen(query) + 1 : 0) > MAX_TARGET)
        return refuse(r, 414, "address_too_long", "The address is longer than 4096 bytes.");
    if (r->info->request_uri[0] != '/')
        return refuse(r, 400, "bad_address", "The address must be a path that begins with '/'.");
    if (!decode_is_clean(path) || (query && !decode_is_clean(query)) || strchr(path, '#') || strchr(path, '\\'))
        return refuse(r, 400, "bad_address",
                      "The address holds a control character, a backslash, broken percent-encoding or broken UTF-8.");
    return false;
}

/* CivetWeb has put NULs over the raw text, and from where they lie one can tell what was written: a line that ends
 * without CR, a space before the colon, and, behind the last header, lines it took for the end (folded ones). */
static bool odd_lines(const struct mg_request_info *info)
{
    for (int i = 0; i < info->num_headers; i++) {
        const char *name = info->http_headers[i].name, *value = info->http_headers[i].value;
        const char *colon = name + strlen(name), *end = value + strlen(value);
        bool last = i + 1 == info->num_headers;
        if (colon + 1 < value && colon[1] == '\0')
            return true;
        if (last ? end[1] != '\0' || end[2] != '\r' : info->http_headers[i + 1].name != end + 2)
            return true;
    }
    return false;
}

static bool odd_value(const struct mg_request_info *info)
{
    for (int i = 0; i < info->num_headers; i++)
        for (const char *c = info->http_headers[i].value; *c; c++)
            if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
                return true;
    return false;
}

static bool refuses_headers(struct request *r)
{
    if (r->info->num_headers > MAX_HEADERS)
        return refuse(r, 431, "too_many_headers", "The request has more than 60 header lines.");
    if (odd_lines(r->info) || odd_value(r->info))
        return refuse(
            r, 400, "bad_header",
            "A header line is folded, has a space before its colon, a control character, or no CR at its end.");
    return false;
}

static bool all_digits(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 18 && strspn(text, "0123456789") == len;
}

static bool refuses_framing(struct request *r)
{
    const char *coding = request_header(r, "Transfer-Encoding"), *length = request_header(r, "Content-Length");
    const char *expect = request_header(r, "Expect");
    if (count_header(r->info, "Content-Length") > 1 || (length && !all_digits(length)))
        return refuse(r, 400, "bad_length", "Content-Length must be given once, as a number.");
    if (coding && (length || count_header(r->info, "Transfer-Encoding") > 1 || strcasecmp(coding, "chunked") != 0))
        return refuse(r, 400, "bad_transfer_encoding",
                      "Transfer-Encoding can only be \"chunked\", once, and not together with Content-Length.");
    if (coding)
        return refuse(r, 411, "length_required", "Send the body whole, with its Content-Length.");
    if (expect && strcasecmp(expect, "100-continue") != 0)
        return refuse(r, 417, "unknown_expectation", "The only expectation that can be met is \"100-continue\".");
    return false;
}

/* Whether a Host header names this server: a loopback name and the right port. */
static bool is_our_host(const char *host, int port)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char with_port[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(with_port, sizeof with_port, "%s:%d", names[i], port);
        if (!strcasecmp(host, with_port) || (port == 80 && !strcasecmp(host, names[i])))
            return true;
    }
    return false;
}

static bool refuses_host(struct request *r)
{
    const char *host = request_header(r, "Host"), *listen = r->app->config.listen;
    size_t address_len = strcspn(listen, ":");
    char own[64];
    if (count_header(r->info, "Host") != 1)
        return refuse(r, 400, "bad_host", "The request must have one Host header.");
    snprintf(own, sizeof own, "%.*s:%d", (int)address_len, listen, r->port);
    if (is_our_host(host, r->port) || !strcmp(host, own))
        return false;
    return refuse(r, 421, "wrong_host", "This server answers to 127.0.0.1 and localhost at its own port only.");
}

/* A page of another origin may not change anything here. Programs send no Origin. */
static bool refuses_origin(struct request *r)
{
    const char *origin = request_header(r, "Origin"), *method = r->info->request_method;
    bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
    if (reads || !origin)
        return false;
    if (count_header(r->info, "Origin") == 1 && !strncasecmp(origin, "http://", 7) &&
        !strcasecmp(origin + 7, request_header(r, "Host")))
        return false;
    return refuse(r, 403, "cross_origin", "Only pages of this server may send this request.");
}

bool screen_refuses(struct request *r)
{
    static bool (*const checks[])(struct request *) = {refuses_headers, refuses_method, refuses_target,
                                                       refuses_framing, refuses_host,   refuses_origin};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i](r))
            return true;
    return false;
}
