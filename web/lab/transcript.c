#include "web/lab/transcript.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define FIX_TRAINER "this is a fault of the trainer: try other settings, and report it"
#define FIX_SETTINGS "use fewer epochs, or report less often"

static int broken(struct error *err, const struct transcript *t, const char *fix, const char *what)
{
    char where[64];
    snprintf(where, sizeof where, "line %zu of the trainer's output", t->lines);
    return error_set(err, ERROR_FAULT, where, fix, "Trainer stopped: %s", what);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static void keep_last(struct transcript *t, const cJSON *line, const char *event)
{
    t->last = LAST_OTHER;
    if (strcmp(event, "end") == 0) {
        t->last = strcmp(text_of(line, "status"), "done") == 0 ? LAST_DONE : LAST_STOPPED;
    } else if (strcmp(event, "error") == 0) {
        const char *what = text_of(line, "what");
        t->last = LAST_ERROR;
        error_set(&t->reported, ERROR_INPUT, text_of(line, "where"), text_of(line, "fix"), "%s",
                  *what ? what : "The trainer reported an error without words");
    }
}

/* Bytes below space would end the line of an event stream early; JSON escapes them inside texts anyway. */
static bool has_control_bytes(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ')
            return true;
    return false;
}

/* cJSON stops after the first value; what follows it may only be spaces. */
static cJSON *parse_whole(const char *line, size_t len)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(line, len, &end, false);
    while (value && end < line + len && *end == ' ')
        end++;
    if (value && end == line + len)
        return value;
    cJSON_Delete(value);
    return NULL;
}

static int check_line(struct transcript *t, struct error *err)
{
    const char *event;
    cJSON *line;
    int result = 0;
    if (has_control_bytes(t->line.data, t->line.len))
        return broken(err, t, FIX_TRAINER, "it wrote a line with control characters");
    line = parse_whole(t->line.data, t->line.len);
    event = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "event"));
    if (!cJSON_IsObject(line) || !event)
        result = broken(err, t, FIX_TRAINER, "it wrote a line that is not an event");
    else if (strcmp(event, "status") == 0)
        result = broken(err, t, FIX_TRAINER, "it wrote a status event, which only the server may");
    else
        keep_last(t, line, event);
    cJSON_Delete(line);
    return result;
}

static int end_line(struct transcript *t, transcript_line each, void *context, struct error *err)
{
    t->lines++;
    t->bytes += t->line.len + 1;
    if (t->lines > TRANSCRIPT_MAX_LINES)
        return broken(err, t, FIX_SETTINGS, "it wrote more than 20,000 lines, the most a run may");
    if (t->bytes > TRANSCRIPT_MAX_BYTES)
        return broken(err, t, FIX_SETTINGS, "it wrote more than 32 MB, the most a run may");
    if (check_line(t, err) < 0)
        return -1;
    each(context, t->line.data, t->line.len);
    str_clear(&t->line);
    return 0;
}

int transcript_feed(struct transcript *t, const char *bytes, size_t len, transcript_line each, void *context,
                    struct error *err)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end ? (size_t)(end - bytes) : len;
        if (part > TRANSCRIPT_MAX_LINE - t->line.len)
            return broken(err, t, FIX_TRAINER, "it wrote a line of more than 256 KB");
        str_append(&t->line, bytes, part);
        if (t->line.failed)
            return error_set(err, ERROR_SYSTEM, NULL, "try again later", "The server is out of memory");
        if (!end)
            return 0;
        if (end_line(t, each, context, err) < 0)
            return -1;
        bytes += part + 1;
        len -= part + 1;
    }
    return 0;
}

void transcript_free(struct transcript *t)
{
    str_free(&t->line);
}
