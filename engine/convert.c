#include "engine/convert.h"

#include <string.h>

#include "engine/format/format.h"

static void send_end(struct event_sink *sink, const struct dataset *d)
{
    struct event e;
    event_begin(&e, sink, "end");
    json_string(&e.json, "status", "done");
    json_number(&e.json, "t", event_time(sink));
    json_integer(&e.json, "rows", (long long)d->rows);
    json_integer(&e.json, "columns", (long long)d->columns);
    json_integer(&e.json, "bytes_read", (long long)d->bytes_read);
    event_send(&e);
}

int convert(const struct conversion *c, struct event_sink *sink, struct error *err)
{
    struct dataset d;
    int status;
    const struct channel channel = {.path = c->in, .content_type = c->from, .weights = c->weights};
    if (format_check_output(c->out, c->to, err) < 0 || format_read(&channel, &d, err) < 0)
        return -1;
    status = format_write(c->out, c->to, c->weights, &d, err);
    if (status == 0 && strcmp(c->out, "-") != 0)
        send_end(sink, &d);
    dataset_free(&d);
    return status;
}
