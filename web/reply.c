#include "web/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "engine/base/asset.h"
#include "engine/base/json.h"
#include "web/disk.h"
#include "web/exchange.h"
#include "web/log.h"
#include "web/negotiate.h"
#include "web/socket.h"

#define POLICY_DEFAULT "default-src 'self'; object-src 'none'; frame-ancestors 'none'"
#define NEVER_STORED "Cache-Control: no-store\r\n"

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return status < 400 ? "OK" : "Error";
}

/* CivetWeb decides by the same rules whether it reads another request from the connection. */
static const char *connection_header(struct request *r)
{
    const char *wish = request_header(r, "Connection"), *version = r->info->http_version;
    bool unread = (r->info->content_length > 0 || request_header(r, "Transfer-Encoding")) && !r->body_read;
    bool keep = wish ? strcasestr(wish, "keep-alive") != NULL : version && !strcmp(version, "1.1");
    if (!keep || unread || request_header(r, "Upgrade"))
        r->closing = true;
    return r->closing ? "close" : "keep-alive\r\nKeep-Alive: timeout=" KEEP_ALIVE_SECONDS;
}

static void put_head(struct str *out, struct request *r, int status, const char *policy)
{
    char date[64];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    str_printf(out,
               "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\nContent-Security-Policy: %s\r\n"
               "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
               "Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n",
               status, status_text(status), date, connection_header(r), policy);
    if ((status == 405 || status == 204) && r->match.allow[0])
        str_printf(out, "Allow: %s\r\n", r->match.allow);
}

/* Sends the bytes in one write. A client that does not take them all is gone. */
static void put_out(struct request *r, struct str *out)
{
    static const char broke[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    if (out->failed)
        r->status = 503;
    r->closing |= out->failed;
    if (out->failed)
        mg_write(r->connection, broke, sizeof broke - 1);
    else if (mg_write(r->connection, out->data, out->len) != (int)out->len)
        r->closing = true;
    str_free(out);
}

/* `headers`: whole lines. The first answer counts; a second one would be read as the answer to the next request. */
static void send_reply(struct request *r, int status, const char *policy, const char *headers, const void *body,
                       size_t len)
{
    struct str out = {0};
    bool has_body = status != 204 && status != 304;
    if (r->replied)
        return;
    r->replied = true;
    r->status = status;
    put_head(&out, r, status, policy);
    str_puts(&out, headers);
    if (has_body)
        str_printf(&out, "Content-Length: %zu\r\n", len);
    str_puts(&out, "\r\n");
    if (has_body && !r->head) {
        str_append(&out, body, len);
        r->sent = len;
    }
    put_out(r, &out);
}

void reply_json(struct request *r, int status, struct str *body)
{
    if (body->failed)
        reply_error(r, 503, "unavailable", NULL, "The server is out of memory.");
    else
        send_reply(r, status, POLICY_DEFAULT, "Content-Type: application/json\r\n" NEVER_STORED, str_text(body),
                   body->len);
    str_free(body);
}

void reply_error(struct request *r, int status, const char *code, const char *field, const char *format, ...)
{
    struct str body = {0};
    struct json j = json_begin(&body);
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    json_object(&j, NULL);
    json_object(&j, "error");
    json_string(&j, "code", code);
    json_string(&j, "message", message);
    json_string(&j, "field", field);
    json_end(&j);
    json_end(&j);
    send_reply(r, body.failed ? 503 : status, POLICY_DEFAULT, "Content-Type: application/json\r\n" NEVER_STORED,
               str_text(&body), body.len);
    str_free(&body);
}

void reply_failure(struct request *r, const struct error *err)
{
    static const struct {
        int status;
        const char *code;
    } kinds[] = {[ERROR_NONE] = {500, "fault"},
                 [ERROR_INPUT] = {400, "invalid_input"},
                 [ERROR_LIMIT] = {400, "limit"},
                 [ERROR_SYSTEM] = {503, "unavailable"},
                 [ERROR_FAULT] = {500, "fault"}};
    const char *opener = err->where[0] ? " (" : "", *closer = err->where[0] ? ")" : "";
    if (err->code == ERROR_SYSTEM || err->code == ERROR_FAULT)
        log_event("failure", "%s%s%s%s", err->what, opener, err->where, closer);
    reply_error(r, kinds[err->code].status, kinds[err->code].code, NULL, "%s%s%s%s.%s%s", err->what, opener, err->where,
                closer, err->fix[0] ? " To mend it: " : "", err->fix);
}

void reply_bytes(struct request *r, const char *type, const char *filename, struct str *body)
{
    char headers[256];
    snprintf(headers, sizeof headers, "Content-Type: %s\r\n%s%s%s" NEVER_STORED, type,
             filename ? "Content-Disposition: attachment; filename=\"" : "", filename ? filename : "",
             filename ? "\"\r\n" : "");
    if (body->failed)
        reply_error(r, 503, "unavailable", NULL, "The server is out of memory.");
    else
        send_reply(r, 200, POLICY_DEFAULT, headers, str_text(body), body->len);
    str_free(body);
}

void reply_no_content(struct request *r)
{
    send_reply(r, 204, POLICY_DEFAULT, NEVER_STORED, NULL, 0);
}

/* A file in one of its codings. */
struct file {
    const char *type, *policy, *coding, *cache, *etag;
    const void *bytes;
    size_t len;
};

static void send_file(struct request *r, int status, const struct file *f)
{
    char headers[512];
    if (status == 200 && negotiate_not_modified(request_header(r, "If-None-Match"), f->etag))
        status = 304;
    snprintf(headers, sizeof headers,
             "Content-Type: %s\r\nETag: %s\r\nCache-Control: %s\r\nVary: Accept-Encoding\r\n%s%s%s", f->type, f->etag,
             f->cache, f->coding ? "Content-Encoding: " : "", f->coding ? f->coding : "", f->coding ? "\r\n" : "");
    send_reply(r, status, f->policy, headers, f->bytes, f->len);
}

static void send_asset(struct request *r, const struct asset *asset)
{
    const bool current = !strcmp(request_path_value(r, "version"), asset_static.version);
    struct file f = {.type = negotiate_content_type(asset->path), .policy = POLICY_DEFAULT};
    char etag[40];
    switch (negotiate_coding(request_header(r, "Accept-Encoding"), asset->gzip_len > 0, asset->brotli_len > 0)) {
    case CODING_BROTLI:
        f.coding = "br", f.bytes = asset->brotli, f.len = asset->brotli_len;
        break;
    case CODING_GZIP:
        f.coding = "gzip", f.bytes = asset->gzip, f.len = asset->gzip_len;
        break;
    case CODING_IDENTITY:
        f.bytes = asset->plain, f.len = asset->plain_len;
        break;
    case CODING_NONE:
        reply_error(r, 406, "not_acceptable", NULL, "The file is at hand as br, gzip and identity only.");
        return;
    }
    snprintf(etag, sizeof etag, "\"%s%s%s\"", asset->hash, f.coding ? "-" : "", f.coding ? f.coding : "");
    f.etag = etag;
    f.cache = current && !r->app->config.static_dir[0] ? "public, max-age=31536000, immutable" : "no-cache";
    send_file(r, 200, &f);
}

/* While developing: the file as it is on the disk now. The libraries from the registry are not there but inside. */
static bool send_from_disk(struct request *r, const char *path)
{
    struct file f = {.type = negotiate_content_type(path), .policy = POLICY_DEFAULT, .cache = "no-cache"};
    char etag[40], *bytes = disk_read(r->app->config.static_dir, path, &f.len);
    if (!bytes)
        return false;
    page_etag(bytes, f.len, etag);
    f.etag = etag;
    f.bytes = bytes;
    send_file(r, 200, &f);
    free(bytes);
    return true;
}

void reply_asset(struct request *r, const char *path)
{
    const struct asset *asset;
    if (r->app->config.static_dir[0] && send_from_disk(r, path))
        return;
    asset = asset_find(&asset_static, path);
    if (asset)
        send_asset(r, asset);
    else
        reply_error(r, 404, "not_found", NULL, "There is no file '%s'.", path);
}

static void send_page(struct request *r, int status, const struct page *page)
{
    send_file(r, status,
              &(struct file){.type = "text/html; charset=utf-8",
                             .policy = page->policy,
                             .cache = "no-cache",
                             .etag = page->etag,
                             .bytes = page->html,
                             .len = page->len});
}

void reply_page(struct request *r, int status)
{
    struct page fresh;
    size_t len;
    char *html = r->app->config.static_dir[0] ? disk_read(r->app->config.static_dir, "index.html", &len) : NULL;
    if (!html) {
        send_page(r, status, r->page);
    } else if (page_make(&fresh, html, len, "live")) {
        reply_error(r, 500, "fault", NULL, "index.html has too many inline scripts, or memory is short.");
    } else {
        send_page(r, status, &fresh);
        page_free(&fresh);
    }
    free(html);
}

static void put_stream_head(struct str *out, struct request *r, const char *headers)
{
    size_t len = strlen(headers);
    r->closing = true;
    put_head(out, r, 200, POLICY_DEFAULT);
    str_puts(out, headers);
    if (len && headers[len - 1] != '\n')
        str_puts(out, "\r\n");
    str_puts(out, "\r\n");
}

int reply_take_socket(struct request *r, const char *headers)
{
    int found = socket_find(r->info->remote_addr, r->info->remote_port, r->port);
    struct str out = {0};
    struct socket_move move;
    if (r->replied)
        return -1;
    if (r->head) {
        send_reply(r, 200, POLICY_DEFAULT, headers, NULL, 0);
        return -1;
    }
    if (found < 0 || socket_move_prepare(&move, found)) {
        reply_error(r, 503, "unavailable", NULL, "The server has no room for another stream; try again in a minute.");
        return -1;
    }
    r->replied = r->taken = true;
    r->status = 200;
    put_stream_head(&out, r, headers);
    put_out(r, &out);
    socket_move_finish(&move);
    return move.to;
}
