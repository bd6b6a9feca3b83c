#include "engine/format/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 262144

struct lines {
    struct place at;
    lines_take *take;
    void *context;
};

int place_error(const struct place *at, const char *inner, size_t number, enum error_code code, const char *fix,
                const char *what, struct error *err)
{
    const char *unit = at->unit ? at->unit : "line";
    char where[256];
    if (number)
        snprintf(where, sizeof where, "%.180s, %s %zu, %s %zu", at->file, unit, at->line, inner, number);
    else
        snprintf(where, sizeof where, "%.180s, %s %zu", at->file, unit, at->line);
    return error_set(err, code, where, fix, "%s", what);
}

static int read_line(struct lines *l, const char *line, size_t len, struct error *err)
{
    size_t start = 0;
    l->at.line++;
    if (len > LINES_LENGTH_MAX)
        return place_error(&l->at, "", 0, ERROR_LIMIT, "end each row with a line break",
                           "The line is longer than 1 MiB", err);
    if (l->at.line == 1 && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    if (len > start && line[len - 1] == '\r')
        len--;
    while (start < len && (line[start] == ' ' || line[start] == '\t'))
        start++;
    return start == len ? 0 : l->take(l->context, line + start, line + len, &l->at, err);
}

/* Hands on each whole line in buffer[0 .. len); `used`: how many bytes that were. */
static int read_whole(struct lines *l, const char *buffer, size_t len, size_t *used, struct error *err)
{
    const char *newline;
    int status = 0;
    *used = 0;
    while (status == 0 && (newline = memchr(buffer + *used, '\n', len - *used))) {
        size_t length = (size_t)(newline - buffer) - *used;
        status = read_line(l, buffer + *used, length, err);
        *used += length + 1;
    }
    return status;
}

static int read_all(struct input *in, struct lines *l, char *buffer, struct error *err)
{
    size_t have = 0;
    for (;;) {
        size_t used;
        int status;
        long n = input_read(in, buffer + have, BLOCK, err);
        if (n < 0)
            return -1;
        have += (size_t)n;
        if (n == 0) {
            buffer[have] = '\n';
            return have ? read_line(l, buffer, have, err) : 0;
        }
        status = read_whole(l, buffer, have, &used, err);
        if (status != 0)
            return status;
        have -= used;
        memmove(buffer, buffer + used, have);
        if (have > LINES_LENGTH_MAX)
            return read_line(l, buffer, have, err);
    }
}

int lines_read(struct input *in, lines_take *take, void *context, struct error *err)
{
    struct lines l = {.at = {.file = input_name(in)}, .take = take, .context = context};
    char *buffer = calloc(1, BLOCK + LINES_LENGTH_MAX + LINES_SLACK);
    int status;
    if (!buffer)
        return error_set(err, ERROR_SYSTEM, l.at.file, NULL, "There is not enough memory to read it");
    status = read_all(in, &l, buffer, err);
    free(buffer);
    return status;
}
