#include "web/server.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/asset.h"
#include "engine/base/clock.h"
#include "web/exchange.h"
#include "web/log.h"
#include "web/reply.h"
#include "web/socket.h"

#define STOP_SECONDS 5.0 /* how long requests in flight may take to end */

struct server {
    struct app *app;
    struct mg_context *context;
    struct page page;
    int port;
    atomic_int requests, connections;
    atomic_bool stopping;
};

/* A connection holds a worker until it closes. When most are taken, replies end their connections. */
static bool is_crowded(struct server *s)
{
    return atomic_load(&s->connections) > s->app->config.threads * 3 / 4;
}

static bool is_for_programs(const char *path)
{
    return !strncmp(path, "/api/", 5) || !strncmp(path, "/a/", 3);
}

static void reply_no_route(struct request *r)
{
    const char *method = r->info->request_method, *path = r->info->local_uri_raw;
    if (r->match.allow[0] && !strcmp(method, "OPTIONS"))
        reply_no_content(r);
    else if (r->match.allow[0])
        reply_error(r, 405, "method_not_allowed", NULL, "%s is not possible here, only %s.", method, r->match.allow);
    else if (is_for_programs(path) || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0))
        reply_error(r, 404, "not_found", NULL, "There is nothing at this address.");
    else
        reply_page(r, 404);
}

static void answer(struct request *r)
{
    if (screen_refuses(r))
        return;
    route_find(routes, r->info->request_method, r->info->local_uri_raw, &r->match);
    if (!r->match.route)
        reply_no_route(r);
    else if (request_decode(r) == 0)
        r->match.route->handle(r);
    if (!r->replied)
        reply_error(r, 500, "fault", NULL, "The server gave no answer; this is a fault of Flashlab.");
}

/* Ends what must not be read on. The client may still be sending: without lingering it would see a reset only. */
static void end_connection(struct request *r)
{
    int socket;
    mg_disable_connection_keep_alive(r->connection);
    if (r->taken || r->body_read || r->info->content_length == 0 ||
        (r->info->content_length < 0 && !request_header(r, "Transfer-Encoding")))
        return;
    socket = socket_find(r->info->remote_addr, r->info->remote_port, r->port);
    if (socket >= 0)
        socket_linger(socket);
}

static struct request make_request(struct server *s, struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    return (struct request){.connection = connection,
                            .info = info,
                            .app = s->app,
                            .page = &s->page,
                            .port = s->port,
                            .head = info->request_method && !strcmp(info->request_method, "HEAD"),
                            .closing = atomic_load(&s->stopping) || is_crowded(s),
                            .started = clock_seconds()};
}

static void finish_request(struct request *r, const char *method, const char *path)
{
    log_request(method, path, r->status, clock_seconds() - r->started, r->sent);
    if (r->closing)
        end_connection(r);
    request_free(r);
}

/* Everything is answered here: what CivetWeb would do after this (files, scripts, CORS) is never reached. */
static int on_request(struct mg_connection *connection)
{
    struct server *s = mg_get_user_context_data(connection);
    struct request r;
    atomic_fetch_add(&s->requests, 1);
    r = make_request(s, connection);
    answer(&r);
    finish_request(&r, r.info->request_method, r.info->local_uri_raw);
    atomic_fetch_sub(&s->requests, 1);
    return r.status;
}

/* What CivetWeb itself could not read: nothing of the request can be relied on. */
static int on_unreadable(struct mg_connection *connection, int status, const char *text)
{
    struct server *s = mg_get_user_context_data(connection);
    struct request r = make_request(s, connection);
    (void)text;
    r.head = false;
    r.closing = true;
    reply_error(&r, status, "malformed_request", NULL,
                "The request is not HTTP/1.1, its headers have more than 16384 bytes, or they did not arrive within "
                "10 seconds.");
    finish_request(&r, "", "");
    return 0;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    log_event("http", "%s", message);
    return 1;
}

static int on_access(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    (void)message;
    return 1; /* log_request has said it */
}

static int on_connection(const struct mg_connection *connection, void **data)
{
    struct server *s = mg_get_user_context_data(connection);
    (void)data;
    atomic_fetch_add(&s->connections, 1);
    return 0;
}

static void on_connection_closed(const struct mg_connection *connection)
{
    struct server *s = mg_get_user_context_data(connection);
    atomic_fetch_sub(&s->connections, 1);
}

static struct mg_context *start_civetweb(struct server *s)
{
    char threads[16];
    const char *options[] = {"listening_ports",
                             s->app->config.listen,
                             "num_threads",
                             threads,
                             "connection_queue",
                             "1000",
                             "listen_backlog",
                             "4096",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             KEEP_ALIVE_MS,
                             "request_timeout_ms",
                             "10000",
                             "tcp_nodelay",
                             "1",
                             "max_request_size",
                             "16384",
                             "decode_url",
                             "no", /* decode.c does it, after looking at what was sent */
                             "enable_auth_domain_check",
                             "no",
                             "enable_directory_listing",
                             "no",
                             "cgi_pattern",
                             "/never/",
                             "ssi_pattern",
                             "/never/",
                             NULL};
    const struct mg_callbacks callbacks = {.begin_request = on_request,
                                           .http_error = on_unreadable,
                                           .log_message = on_message,
                                           .log_access = on_access,
                                           .init_connection = on_connection,
                                           .connection_closed = on_connection_closed};
    snprintf(threads, sizeof threads, "%d", s->app->config.threads);
    return mg_start(&callbacks, s, options);
}

static int make_page(struct page *page)
{
    const struct asset *index = asset_find(&asset_static, "index.html");
    return index ? page_make(page, (const char *)index->plain, index->plain_len, asset_static.version) : -1;
}

struct server *server_start(struct app *app, struct error *err)
{
    struct server *s;
    struct mg_server_port port;
    if (socket_probe(app->config.listen, err))
        return NULL;
    s = calloc(1, sizeof *s);
    if (!s || make_page(&s->page)) {
        free(s);
        error_set(err, ERROR_SYSTEM, NULL, NULL, "out of memory while preparing index.html");
        return NULL;
    }
    s->app = app;
    s->context = start_civetweb(s);
    if (!s->context) {
        page_free(&s->page);
        free(s);
        error_set(err, ERROR_SYSTEM, "--listen", "see the lines above", "cannot start the HTTP server");
        return NULL;
    }
    if (mg_get_server_ports(s->context, 1, &port) == 1)
        s->port = port.port; /* port 0 means any that is free */
    return s;
}

int server_port(const struct server *s)
{
    return s->port;
}

void server_stop(struct server *s)
{
    double until = clock_seconds() + STOP_SECONDS;
    if (!s)
        return;
    atomic_store(&s->stopping, true);
    while (atomic_load(&s->requests) > 0 && clock_seconds() < until)
        clock_sleep(0.005);
    socket_close_port(s->port);
    mg_stop(s->context);
    page_free(&s->page);
    free(s);
}
