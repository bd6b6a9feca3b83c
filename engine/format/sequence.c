#include "engine/format/sequence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/format/files.h"
#include "engine/format/scan.h"
#include "engine/format/sequence_file.h"

#define SHAPE "write {\"in0\":[3,7],\"in1\":[2],\"label\":1}"

/* Pairs that are read, and the one that is. */
struct reading {
    struct pairs *pairs;
    int32_t *tokens[2];
    size_t count[2], room[2];
    bool given[2], has_label;
    float label;
};

enum { LABEL = 2 };

static const struct scan_key keys[] = {{"in0", 0}, {"in1", 1}, {"label", LABEL}, {NULL, 0}};

static int refuse(const struct scan *s, const char *format, const char *key)
{
    char what[120];
    snprintf(what, sizeof what, format, key);
    return scan_complain(s, ERROR_INPUT, SHAPE, what);
}

static int read_tokens(struct scan *s, struct reading *r, int side)
{
    uint32_t token;
    int more;
    if (r->given[side])
        return refuse(s, "The key \"%s\" stands there twice", keys[side].name);
    r->given[side] = true;
    if (scan_open(s, '[') < 0)
        return -1;
    while ((more = scan_element(s, r->count[side] == 0)) > 0) {
        if (r->count[side] == PAIRS_TOKENS_MAX)
            return scan_complain(s, ERROR_LIMIT, "cut it to 5,000 tokens", "A sequence has more than 5,000 tokens");
        if (scan_reserve(s, &r->tokens[side], r->count[side], &r->room[side], sizeof *r->tokens[side]) < 0 ||
            scan_whole(s, INT32_MAX, &token, "write tokens as their numbers in the vocabulary, from 0") < 0)
            return -1;
        r->tokens[side][r->count[side]++] = (int32_t)token;
    }
    return more < 0 ? -1 : r->count[side] ? 0 : refuse(s, "The sequence \"%s\" is empty", keys[side].name);
}

static int read_label(struct scan *s, struct reading *r)
{
    if (r->has_label)
        return refuse(s, "The key \"%s\" stands there twice", keys[LABEL].name);
    r->has_label = true;
    return scan_number(s, &r->label);
}

/* The object at s->p, whatever it lacks. */
static int read_object(struct scan *s, struct reading *r)
{
    int meaning;
    bool first = true;
    r->count[0] = r->count[1] = 0;
    r->given[0] = r->given[1] = r->has_label = false;
    r->label = NAN;
    if (scan_open(s, '{') < 0)
        return -1;
    for (; (meaning = scan_key(s, first, keys, false)) >= 0; first = false)
        if ((meaning == LABEL ? read_label(s, r) : read_tokens(s, r, meaning)) < 0)
            return -1;
    return meaning == SCAN_END ? 0 : -1;
}

static int append(const struct scan *s, const struct reading *r)
{
    if (pairs_append(r->pairs, r->tokens[0], r->count[0], r->tokens[1], r->count[1], r->label) < 0)
        return scan_no_memory(s);
    return 0;
}

static void leave(struct reading *r)
{
    free(r->tokens[0]);
    free(r->tokens[1]);
}

static int read_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct scan s = {.p = line, .end = end, .at = at, .shape = SHAPE, .err = err};
    struct reading *r = context;
    if (read_object(&s, r) < 0)
        return -1;
    for (int side = 0; side < 2; side++)
        if (!r->given[side])
            return refuse(&s, "The sequence \"%s\" is missing", keys[side].name);
    if (!r->has_label)
        return refuse(&s, "The \"%s\" is missing", keys[LABEL].name);
    if (scan_space(s.p, end) < end)
        return scan_complain(&s, ERROR_INPUT, "write one pair in each line", "Something follows the pair in its line");
    return append(&s, r);
}

int sequence_lines_read(struct input *in, struct pairs *p, struct error *err)
{
    struct reading reading = {.pairs = p};
    int status = lines_read(in, read_line, &reading, err);
    leave(&reading);
    return status;
}

static int read_lines(struct input *in, void *context, struct error *err)
{
    return sequence_lines_read(in, context, err);
}

static int read_records(struct input *in, void *context, struct error *err)
{
    return sequence_record_read(in, false, context, err);
}

static const struct files_reader readers[] = {
    {"application/jsonlines", read_lines},
    {"application/x-recordio-protobuf", read_records},
    {NULL, NULL},
};

int sequence_read(const struct channel *channel, struct pairs *p, struct error *err)
{
    int status;
    *p = (struct pairs){0};
    files_name(channel->path, p->name, sizeof p->name);
    status = files_read(channel, readers, "Pairs of sequences", p, &p->bytes_read, err);
    if (status == 0 && p->count == 0)
        status = error_set(err, ERROR_INPUT, channel->path, "give a file with pairs in it", "There are no pairs in it");
    if (status < 0)
        pairs_free(p);
    return status;
}

const char *sequence_read_object(const char *p, const char *end, const char *file, size_t number, struct pairs *pairs,
                                 int *given, struct error *err)
{
    const struct place at = {.file = file, .line = number, .unit = "instance"};
    struct scan s = {.p = p, .end = end, .at = &at, .shape = SHAPE, .err = err};
    struct reading reading = {.pairs = pairs};
    int status = read_object(&s, &reading);
    if (status == 0 && !reading.given[0] && !reading.given[1])
        status = scan_complain(&s, ERROR_INPUT, SHAPE, "The instance has neither \"in0\" nor \"in1\"");
    if (status == 0)
        status = append(&s, &reading);
    *given = reading.given[0] + 2 * reading.given[1];
    leave(&reading);
    return status == 0 ? s.p : NULL;
}

int sequence_read_records(const void *bytes, size_t len, struct pairs *p, struct error *err)
{
    struct input *in = input_open_bytes(bytes, len, "request");
    int status;
    if (in)
        input_take_plain(in);
    status = in ? sequence_record_read(in, true, p, err)
                : error_set(err, ERROR_SYSTEM, "request", NULL, "There is not enough memory to read it");
    input_close(in);
    return status;
}
