#include "engine/format/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 262144

struct lines {
    struct place at;
    lines_take *take;
    void *context;
    size_t length_max;
    char *buffer; /* room + BLOCK + LINES_SLACK bytes */
    size_t room;
};

int place_error(const struct place *at, const char *inner, size_t number, enum error_code code, const char *fix,
                const char *what, struct error *err)
{
    const char *unit = at->unit ? at->unit : "line";
    char where[256];
    if (at->line == 0 && number)
        snprintf(where, sizeof where, "%.200s, %s %zu", at->file, inner, number);
    else if (at->line == 0)
        snprintf(where, sizeof where, "%.250s", at->file);
    else if (number)
        snprintf(where, sizeof where, "%.180s, %s %zu, %s %zu", at->file, unit, at->line, inner, number);
    else
        snprintf(where, sizeof where, "%.180s, %s %zu", at->file, unit, at->line);
    return error_set(err, code, where, fix, "%s", what);
}

static int refuse_long(const struct lines *l, struct error *err)
{
    char what[80];
    snprintf(what, sizeof what, "The line is longer than %zu MiB", l->length_max >> 20);
    return place_error(&l->at, "", 0, ERROR_LIMIT, "end each row with a line break", what, err);
}

static int read_line(struct lines *l, const char *line, size_t len, struct error *err)
{
    size_t start = 0;
    l->at.line++;
    if (len > l->length_max)
        return refuse_long(l, err);
    if (l->at.line == 1 && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    if (len > start && line[len - 1] == '\r')
        len--;
    while (start < len && (line[start] == ' ' || line[start] == '\t'))
        start++;
    return start == len ? 0 : l->take(l->context, line + start, line + len, &l->at, err);
}

/* Hands on each whole line in buffer[0 .. len), of which the first `seen` have no break; `used`: how many bytes that
 * were. */
static int read_whole(struct lines *l, const char *buffer, size_t seen, size_t len, size_t *used, struct error *err)
{
    const char *newline, *from = buffer + seen;
    int status = 0;
    *used = 0;
    for (; status == 0 && (newline = memchr(from, '\n', (size_t)(buffer + len - from))); from = newline + 1) {
        size_t length = (size_t)(newline - buffer) - *used;
        status = read_line(l, buffer + *used, length, err);
        *used += length + 1;
    }
    return status;
}

/* The buffer, with room for a block behind `have` bytes; NULL and an error. */
static char *make_room(struct lines *l, size_t have, struct error *err)
{
    size_t room = l->room ? l->room : BLOCK;
    char *grown;
    if (l->buffer && have <= l->room)
        return l->buffer;
    while (room < have)
        room *= 2;
    grown = calloc(1, room + BLOCK + LINES_SLACK);
    if (!grown) {
        error_set(err, ERROR_SYSTEM, l->at.file, NULL, "There is not enough memory to read it");
        return NULL;
    }
    if (l->buffer)
        memcpy(grown, l->buffer, have);
    free(l->buffer);
    l->buffer = grown;
    l->room = room;
    return grown;
}

static int read_all(struct input *in, struct lines *l, struct error *err)
{
    size_t have = 0;
    for (;;) {
        size_t used;
        int status;
        char *buffer = make_room(l, have, err);
        long n = buffer ? input_read(in, buffer + have, BLOCK, err) : -1;
        if (n < 0)
            return -1;
        if (n == 0) {
            buffer[have] = '\n';
            return have ? read_line(l, buffer, have, err) : 0;
        }
        status = read_whole(l, buffer, have, have + (size_t)n, &used, err);
        if (status != 0)
            return status;
        have += (size_t)n - used;
        if (used) /* a long line is moved once, not block by block */
            memmove(buffer, buffer + used, have);
        if (have > l->length_max)
            return read_line(l, buffer, have, err);
    }
}

int lines_read_long(struct input *in, size_t length_max, lines_take *take, void *context, struct error *err)
{
    struct lines l = {.at = {.file = input_name(in)}, .take = take, .context = context, .length_max = length_max};
    int status = read_all(in, &l, err);
    free(l.buffer);
    return status;
}

int lines_read(struct input *in, lines_take *take, void *context, struct error *err)
{
    return lines_read_long(in, LINES_LENGTH_MAX, take, context, err);
}
