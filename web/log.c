#include "web/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"

#define LOG_MAX_PATH 512 /* bytes of an address that are worth keeping */

static struct json begin_line(struct str *line, const char *event)
{
    int64_t now_ms = clock_unix_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    char day[32], stamp[48];
    struct json j = json_begin(line);
    gmtime_r(&seconds, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp, sizeof stamp, "%s.%03dZ", day, (int)(now_ms % 1000));
    json_object(&j, NULL);
    json_string(&j, "time", stamp);
    json_string(&j, "event", event);
    return j;
}

/* A log that cannot be written must not stop the server: the result is looked at only to satisfy the compiler. */
static void end_line(struct json *j, struct str *line)
{
    json_end(j);
    str_putc(line, '\n');
    if (!line->failed && write(STDERR_FILENO, line->data, line->len) < 0)
        line->failed = true;
    str_free(line);
}

void log_request(const char *method, const char *path, int status, double seconds, size_t body_bytes)
{
    struct str line = {0};
    struct json j = begin_line(&line, "request");
    json_string(&j, "method", method);
    json_string_n(&j, "path", path, strnlen(path, LOG_MAX_PATH));
    json_integer(&j, "status", status);
    json_float(&j, "ms", seconds * 1000);
    json_integer(&j, "bytes", (long long)body_bytes);
    end_line(&j, &line);
}

void log_event(const char *event, const char *format, ...)
{
    struct str line = {0};
    struct json j = begin_line(&line, event);
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_string(&j, "text", text);
    end_line(&j, &line);
}
