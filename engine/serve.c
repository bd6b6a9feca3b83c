#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <civetweb.h>

#include "engine/base/clock.h"
#include "engine/model.h"
#include "engine/predict.h"

#define PATIENCE 0.05 /* seconds between looks at whether to stop */

/* --- answers --------------------------------------------------------------------------------------------------------
 */

static void reply(struct mg_connection *c, int status, const char *type, const void *bytes, size_t len)
{
    mg_printf(c, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status,
              mg_get_response_code_text(c, status), type, len);
    mg_write(c, bytes, len);
}

static void reply_error(struct mg_connection *c, int status, const struct error *err)
{
    struct str text = {0};
    struct json j = json_begin(&text);
    json_object(&j, NULL);
    json_object(&j, "error");
    json_string(&j, "what", err->what);
    json_string(&j, "where", err->where);
    json_string(&j, "fix", err->fix);
    json_end(&j);
    json_end(&j);
    reply(c, status, "application/json", str_text(&text), text.len);
    str_free(&text);
}

static int status_of(const struct error *err)
{
    return err->code == ERROR_INPUT ? 400 : err->code == ERROR_LIMIT ? 413 : 500;
}

static int refuse_method(struct mg_connection *c, const char *allowed)
{
    mg_printf(c, "HTTP/1.1 405 Method Not Allowed\r\nAllow: %s\r\nContent-Length: 0\r\n\r\n", allowed);
    return 405;
}

/* --- routes ---------------------------------------------------------------------------------------------------------
 */

static int handle_ping(struct mg_connection *c, void *context)
{
    (void)context;
    reply(c, 200, "text/plain", "", 0);
    return 200;
}

static int handle_parameters(struct mg_connection *c, void *context)
{
    static const char text[] =
        "{\"MaxConcurrentTransforms\":1,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":6}";
    (void)context;
    reply(c, 200, "application/json", text, sizeof text - 1);
    return 200;
}

static int read_body(struct mg_connection *c, struct str *body, struct error *err)
{
    char block[65536];
    int got;
    while (body->len <= PAYLOAD_BYTES_MAX && (got = mg_read(c, block, sizeof block)) > 0)
        str_append(body, block, (size_t)got);
    if (body->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "/invocations", "send fewer rows at a time",
                         "One request takes at most %u MiB", PAYLOAD_BYTES_MAX >> 20);
    return body->failed ? error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory") : 0;
}

static int handle_invocations(struct mg_connection *c, void *context)
{
    struct request in = {.content_type = mg_get_header(c, "Content-Type"), .accept = mg_get_header(c, "Accept")};
    struct answer out = {0};
    struct str body = {0};
    struct error err = {0};
    int status = 200;
    if (strcmp(mg_get_request_info(c)->request_method, "POST") != 0)
        return refuse_method(c, "POST");
    if (read_body(c, &body, &err) == 0) {
        in.bytes = str_text(&body);
        in.len = body.len;
    }
    if (!in.bytes || model_invoke(context, &in, &out, &err) < 0) {
        status = status_of(&err);
        reply_error(c, status, &err);
    } else {
        reply(c, 200, out.content_type, str_text(&out.bytes), out.bytes.len);
    }
    str_free(&body);
    str_free(&out.bytes);
    return status;
}

static int handle_unknown(struct mg_connection *c, void *context)
{
    static const struct error err = {.what = "There is no such address",
                                     .fix = "use GET /ping, GET /execution-parameters or POST /invocations"};
    (void)context;
    reply_error(c, 404, &err);
    return 404;
}

/* --- the server -----------------------------------------------------------------------------------------------------
 */

static int listen_and_wait(const struct model *model, const char *listen, int threads, struct event_sink *sink,
                           struct error *err)
{
    char count[16];
    const char *options[] = {"listening_ports", listen,        "num_threads", count, "request_timeout_ms",
                             "60000",           "tcp_nodelay", "1",           NULL};
    struct mg_context *server;
    snprintf(count, sizeof count, "%d", threads);
    server = mg_start(NULL, NULL, options);
    if (!server)
        return error_set(err, ERROR_SYSTEM, listen, "choose another with --listen 127.0.0.1:PORT",
                         "The address cannot be listened on: it is in use, or not this machine's");
    mg_set_request_handler(server, "/ping$", handle_ping, NULL);
    mg_set_request_handler(server, "/execution-parameters$", handle_parameters, NULL);
    mg_set_request_handler(server, "/invocations$", handle_invocations, (void *)model);
    mg_set_request_handler(server, "/", handle_unknown, NULL);
    event_log(sink, "a model of %s answers on http://%s: GET /ping, POST /invocations", model->algorithm->title,
              listen);
    while (!event_stopping(sink))
        clock_sleep(PATIENCE);
    mg_stop(server);
    return 0;
}

int serve(const char *path, const char *listen, int threads, struct event_sink *sink, struct error *err)
{
    struct model model;
    int status = model_load(&model, path, err);
    if (status == 0)
        status = listen_and_wait(&model, listen, threads, sink, err);
    model_unload(&model);
    return status;
}
