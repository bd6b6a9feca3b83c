#include <pthread.h>
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

/* Head and body in one write. mg_printf would take 8 KB of a small stack. */
static void reply(struct mg_connection *c, int status, const char *type, const void *bytes, size_t len)
{
    struct str text = {0};
    str_printf(&text, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
               mg_get_response_code_text(c, status), type, len, status == 405 ? "Allow: POST\r\n" : "");
    str_append(&text, bytes, len);
    mg_write(c, str_text(&text), text.len);
    str_free(&text);
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
    char block[4096];
    int got;
    while (body->len <= PAYLOAD_BYTES_MAX && (got = mg_read(c, block, sizeof block)) > 0)
        str_append(body, block, (size_t)got);
    if (body->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "/invocations", "send fewer rows at a time",
                         "One request takes at most %u MiB", PAYLOAD_BYTES_MAX >> 20);
    return body->failed ? error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory") : 0;
}

/* A question to the model, on a thread of its own: CivetWeb's have 100 KB of stack, and learners think bigger. */
struct question {
    const struct model *model;
    struct request in;
    struct answer out;
    struct error err;
    int status;
};

static void *ask(void *context)
{
    struct question *q = context;
    q->status = model_invoke(q->model, &q->in, &q->out, &q->err);
    return NULL;
}

static void answer(struct question *q)
{
    pthread_t thread;
    q->status = -1;
    if (pthread_create(&thread, NULL, ask, q) == 0)
        pthread_join(thread, NULL);
    else
        error_set(&q->err, ERROR_SYSTEM, NULL, "try again later", "No thread could be started to answer");
}

static int handle_invocations(struct mg_connection *c, void *context)
{
    struct question q = {.model = context,
                         .in = {.content_type = mg_get_header(c, "Content-Type"), .accept = mg_get_header(c, "Accept")},
                         .status = -1};
    struct str body = {0};
    int status = 200;
    if (strcmp(mg_get_request_info(c)->request_method, "POST") != 0) {
        reply(c, 405, "text/plain", "", 0);
        return 405;
    }
    if (read_body(c, &body, &q.err) == 0) {
        q.in.bytes = str_text(&body);
        q.in.len = body.len;
        answer(&q);
    }
    if (q.status < 0) {
        status = status_of(&q.err);
        reply_error(c, status, &q.err);
    } else {
        reply(c, 200, q.out.content_type, str_text(&q.out.bytes), q.out.bytes.len);
    }
    str_free(&body);
    str_free(&q.out.bytes);
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
