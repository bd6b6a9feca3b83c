#include "engine/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"

static bool carries_arm(const char *name)
{
    return strcmp(name, "metric") == 0 || strcmp(name, "picture") == 0;
}

bool event_drop(void *context, const char *line, size_t len)
{
    (void)context, (void)line, (void)len;
    return true;
}

void event_begin(struct event *e, struct event_sink *sink, const char *name)
{
    *e = (struct event){.sink = sink};
    e->json = json_begin(&e->text);
    json_object(&e->json, NULL);
    json_string(&e->json, "event", name);
    if (sink->arm && carries_arm(name)) {
        json_string(&e->json, "arm", sink->arm);
        json_integer(&e->json, "seed", sink->seed);
    }
}

/* A line that ran out of memory is left out whole: half a line would not be JSON. */
void event_send(struct event *e)
{
    json_end(&e->json);
    if (!e->text.failed && !e->sink->write(e->sink->context, e->text.data, e->text.len))
        e->sink->stopped = true;
    str_free(&e->text);
}

bool event_stopping(struct event_sink *sink)
{
    if (sink->stop && *sink->stop)
        sink->stopped = true;
    return sink->stopped;
}

/* Times are rounded: nobody reads microseconds, and the lines stay short. */
double event_time(const struct event_sink *sink)
{
    double t = clock_seconds() - sink->started;
    return (double)(long long)(t * 1e4 + 0.5) / 1e4;
}

void event_metric(struct event_sink *sink, const char *name, double value, long step, int epoch)
{
    struct event e;
    event_begin(&e, sink, "metric");
    json_string(&e.json, "name", name);
    json_number(&e.json, "value", value);
    json_integer(&e.json, "step", step);
    json_integer(&e.json, "epoch", epoch);
    json_number(&e.json, "t", event_time(sink));
    event_send(&e);
}

void event_log(struct event_sink *sink, const char *format, ...)
{
    struct event e;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    event_begin(&e, sink, "log");
    json_string(&e.json, "text", text);
    event_send(&e);
}
