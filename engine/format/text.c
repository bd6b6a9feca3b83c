#include "engine/format/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/str.h"
#include "engine/format/files.h"
#include "engine/format/lines.h"
#include "engine/format/scan.h"

#define LINE_MAX_BYTES (256u << 20) /* whole books come as one line */
#define SHAPE "write {\"source\":\"some words\",\"label\":4}, or \"label\":[4,9]"

/* --- what a line becomes --------------------------------------------------------------------------------------------
 */

static bool ascii(const char *text, size_t len)
{
    unsigned char all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

static int refuse_token(const struct place *at, enum text_added why, struct error *err)
{
    switch (why) {
    case TEXT_WORD_TOO_LONG:
        return place_error(at, "", 0, ERROR_LIMIT, "separate words by spaces", "A word is longer than 1,000 bytes",
                           err);
    case TEXT_TOO_MANY_WORDS:
        return place_error(at, "", 0, ERROR_LIMIT, "give less text, or words in one spelling",
                           "There are more than 20,000,000 different words", err);
    default:
        return place_error(at, "", 0, ERROR_LIMIT, "give less text or more memory", "The text does not fit into memory",
                           err);
    }
}

/* What is read, and what one line of JSON says. */
struct reading {
    struct text *text;
    struct str source, label; /* label: tokens, each with a blank behind it */
    bool has_source, has_label;
};

static int read_plain(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct reading *r = context;
    size_t len = (size_t)(end - line);
    enum text_added added;
    if (!ascii(line, len) && !scan_is_utf8(line, len))
        return place_error(at, "", 0, ERROR_INPUT, "save the text as UTF-8", "The line holds bytes that are no UTF-8",
                           err);
    added = text_append(r->text, line, len);
    return added == TEXT_ADDED ? 0 : refuse_token(at, added, err);
}

/* --- the augmented manifest -----------------------------------------------------------------------------------------
 */

enum { SOURCE, LABEL };
static const struct scan_key keys[] = {{"source", SOURCE}, {"label", LABEL}, {NULL, 0}};

static int read_label(struct scan *s, struct reading *r)
{
    uint32_t label;
    if (scan_whole(s, UINT32_MAX, &label, "write labels as whole numbers from 0") < 0)
        return -1;
    str_printf(&r->label, TEXT_LABEL_PREFIX "%u ", label);
    return 0;
}

static int read_labels(struct scan *s, struct reading *r)
{
    int more;
    if (!scan_step(s, '['))
        return read_label(s, r);
    while ((more = scan_element(s, r->label.len == 0)) > 0)
        if (read_label(s, r) < 0)
            return -1;
    if (more == 0 && r->label.len == 0)
        return scan_complain(s, ERROR_INPUT, SHAPE, "The list of labels is empty");
    return more;
}

static int read_value(struct scan *s, struct reading *r, int meaning)
{
    bool *has = meaning == SOURCE ? &r->has_source : &r->has_label;
    if (meaning == SCAN_UNKNOWN)
        return scan_pass(s);
    if (*has)
        return scan_complain(s, ERROR_INPUT, SHAPE,
                             meaning == SOURCE ? "The key \"source\" stands there twice"
                                               : "The key \"label\" stands there twice");
    *has = true;
    return meaning == SOURCE ? scan_text(s, &r->source) : read_labels(s, r);
}

static int append_manifest(struct scan *s, struct reading *r)
{
    enum text_added added;
    if (!r->has_source)
        return scan_complain(s, ERROR_INPUT, SHAPE, "The \"source\" is missing");
    str_append(&r->label, r->source.data, r->source.len);
    if (r->label.failed)
        return scan_no_memory(s);
    added = text_append(r->text, str_text(&r->label), r->label.len);
    return added == TEXT_ADDED ? 0 : refuse_token(s->at, added, s->err);
}

static int read_manifest(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct scan s = {.p = line, .end = end, .at = at, .shape = SHAPE, .err = err};
    struct reading *r = context;
    int meaning;
    str_clear(&r->source);
    str_clear(&r->label);
    r->has_source = r->has_label = false;
    if (scan_open(&s, '{') < 0)
        return -1;
    for (bool first = true; (meaning = scan_key(&s, first, keys, true)) >= 0; first = false)
        if (read_value(&s, r, meaning) < 0)
            return -1;
    if (meaning != SCAN_END)
        return -1;
    if (scan_space(s.p, end) < end)
        return scan_complain(&s, ERROR_INPUT, "write one object in each line",
                             "Something follows the object in its line");
    return append_manifest(&s, r);
}

/* --- channels -------------------------------------------------------------------------------------------------------
 */

static int read_with(lines_take *take, struct input *in, struct text *t, struct error *err)
{
    struct reading r = {.text = t};
    int status = lines_read_long(in, LINE_MAX_BYTES, take, &r, err);
    str_free(&r.source);
    str_free(&r.label);
    return status;
}

int text_plain_read(struct input *in, struct text *t, struct error *err)
{
    return read_with(read_plain, in, t, err);
}

int text_manifest_read(struct input *in, struct text *t, struct error *err)
{
    return read_with(read_manifest, in, t, err);
}

static int plain(struct input *in, void *context, struct error *err)
{
    return text_plain_read(in, context, err);
}

static int manifest(struct input *in, void *context, struct error *err)
{
    return text_manifest_read(in, context, err);
}

static const struct files_reader readers[] = {
    {"text/plain", plain},
    {"application/jsonlines", manifest},
    {NULL, NULL},
};

int text_read(const struct channel *channel, int epoch, struct text *t, struct error *err)
{
    char buffer[PATH_MAX];
    struct channel found = *channel;
    int status;
    if (epoch >= 0)
        found.path = format_epoch_path(channel->path, epoch, buffer);
    *t = (struct text){0};
    files_name(found.path, t->name, sizeof t->name);
    status = files_read(&found, readers, "Sentences", t, &t->bytes_read, err);
    if (status == 0 && t->lines == 0)
        status = error_set(err, ERROR_INPUT, found.path, "give a sentence in each line", "There are no words in it");
    if (status < 0)
        text_free(t);
    return status;
}
