#include "engine/convert.h"

#include <string.h>

#include "engine/format/format.h"

/* A conversion under way. */
struct progress {
    struct format_output *out;
    struct event_sink *sink;
    size_t rows, columns;
};

static void send_end(struct event_sink *sink, const struct progress *p, uint64_t bytes_read)
{
    struct event e;
    event_begin(&e, sink, "end");
    json_string(&e.json, "status", "done");
    json_number(&e.json, "t", event_time(sink));
    json_integer(&e.json, "rows", (long long)p->rows);
    json_integer(&e.json, "columns", (long long)p->columns);
    json_integer(&e.json, "bytes_read", (long long)bytes_read);
    event_send(&e);
}

static int put_chunk(void *context, const struct dataset *chunk, struct error *err)
{
    struct progress *p = context;
    if (event_stopping(p->sink))
        return error_set(err, ERROR_INPUT, chunk->name, "start it again", "The conversion was stopped");
    p->rows += chunk->rows;
    p->columns = chunk->columns;
    return format_put(p->out, chunk, err);
}

int convert(const struct conversion *c, struct event_sink *sink, struct error *err)
{
    uint64_t bytes_read = 0;
    const struct channel channel = {
        .path = c->in, .content_type = c->from, .weights = c->weights, .bytes_read = &bytes_read};
    struct progress p = {.sink = sink};
    p.out = format_open(c->out, c->to, c->weights, err);
    if (!p.out)
        return -1;
    if (format_stream(&channel, 0, 0, put_chunk, &p, err) < 0) {
        format_abandon(p.out);
        return -1;
    }
    if (format_close(p.out, err) < 0)
        return -1;
    if (strcmp(c->out, "-") != 0)
        send_end(sink, &p, bytes_read);
    return 0;
}
