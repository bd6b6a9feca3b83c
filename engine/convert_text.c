#include "engine/convert_text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/data/vocabulary.h"
#include "engine/format/input.h"
#include "engine/format/output.h"
#include "engine/format/scan.h"
#include "engine/format/sequence.h"

#define BLOCK (1u << 18)

static const char *const vocabulary_names[2] = {"vocab.src.json", "vocab.trg.json"};

/* One side: its text, where the next line of it begins, its words. */
struct side {
    const char *path;
    struct str text;
    const char *at, *end;
    struct vocabulary vocabulary;
    char vocabulary_path[PATH_MAX];
    bool made; /* the vocabulary: it is written at the end */
    int32_t tokens[PAIRS_TOKENS_MAX];
    size_t count, unknown; /* of this line; of all lines that are written */
};

struct conversion_state {
    const struct text_conversion *asked;
    struct side side[2];
    size_t line, pairs, dropped;
    uint64_t bytes_read;
    struct str records;
};

static int no_memory(const char *path, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, path, "give less text or more memory", "The text does not fit into memory");
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static int read_all(const char *path, uint64_t most, struct str *text, uint64_t *bytes_read, struct error *err)
{
    struct input *in = input_open(path, err);
    char *block = malloc(BLOCK);
    long n = in && block ? 0 : -1;
    if (in && !block)
        no_memory(path, err);
    while (n >= 0 && (n = input_read(in, block, BLOCK, err)) > 0) {
        str_append(text, block, (size_t)n);
        if (text->len > most)
            n = error_set(err, ERROR_LIMIT, path, "cut it into several files", "The file has more than %llu MiB",
                          (unsigned long long)(most >> 20));
        else if (text->failed)
            n = no_memory(path, err);
    }
    if (in)
        *bytes_read += input_raw_bytes(in);
    input_close(in);
    free(block);
    return n < 0 ? -1 : 0;
}

/* The next line, without its break; false at the end. */
static bool next_line(const char **at, const char *end, const char **line, const char **stop)
{
    if (*at == end)
        return false;
    *line = *at;
    *stop = memchr(*at, '\n', (size_t)(end - *at));
    *at = *stop ? *stop + 1 : end;
    *stop = *stop ? *stop : end;
    return true;
}

static void begin_lines(struct side *s)
{
    s->at = str_text(&s->text);
    s->end = s->at + s->text.len;
    if (s->text.len >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0)
        s->at += 3;
}

static int refuse_line(const struct side *s, size_t number, const char *fix, const char *what, struct error *err)
{
    const struct place place = {.file = s->path, .line = number};
    return place_error(&place, "", 0, ERROR_INPUT, fix, what, err);
}

/* Every line is UTF-8 without NUL; how many there are. */
static int check_lines(struct side *s, size_t *count, struct error *err)
{
    const char *line, *stop;
    *count = 0;
    for (begin_lines(s); next_line(&s->at, s->end, &line, &stop);) {
        ++*count;
        if (memchr(line, '\0', (size_t)(stop - line)) || !scan_is_utf8(line, (size_t)(stop - line)))
            return refuse_line(s, *count, "give plain text in UTF-8", "The line is no text in UTF-8", err);
    }
    return 0;
}

static int read_texts(struct conversion_state *c, struct error *err)
{
    size_t lines[2];
    for (int i = 0; i < 2; i++) {
        struct side *s = &c->side[i];
        if (read_all(s->path, CONVERT_TEXT_BYTES_MAX, &s->text, &c->bytes_read, err) < 0 ||
            check_lines(s, &lines[i], err) < 0)
            return -1;
    }
    if (lines[0] != lines[1])
        return error_set(err, ERROR_INPUT, c->side[1].path,
                         "give parallel text: line n of one file is the translation of line n of the other",
                         "It has %zu lines, %.100s has %zu", lines[1], c->side[0].path, lines[0]);
    return 0;
}

/* --- words ----------------------------------------------------------------------------------------------------------
 */

/* Bytes of the blank at `p`, one of those that Unicode calls white space; 0 where there is none. */
static size_t blank(const char *p, const char *end)
{
    static const char *const wide[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8",
                                       "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    unsigned char first = (unsigned char)*p;
    if (first < 0x80)
        return first == ' ' || (first >= '\t' && first <= '\r') || (first >= 0x1C && first <= 0x1F);
    if (first != 0xC2 && first != 0xE1 && first != 0xE2 && first != 0xE3)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t len = strlen(wide[i]);
        if ((size_t)(end - p) >= len && memcmp(p, wide[i], len) == 0)
            return len;
    }
    /* U+2000 to U+200A */
    return end - p >= 3 && memcmp(p, "\xE2\x80", 2) == 0 && (unsigned char)p[2] <= 0x8A ? 3 : 0;
}

/* The next word of a line, which *p moves behind; its length, 0 at the end. */
static size_t next_word(const char **p, const char *end, const char **word)
{
    size_t step;
    while (*p < end && (step = blank(*p, end)) > 0)
        *p += step;
    *word = *p;
    while (*p < end && blank(*p, end) == 0)
        ++*p;
    return (size_t)(*p - *word);
}

static int make_vocabulary(const struct text_conversion *asked, struct side *s, struct error *err)
{
    struct word_count *count = word_count_open();
    const char *line, *stop, *word;
    size_t len;
    bool full = !count;
    for (begin_lines(s); !full && next_line(&s->at, s->end, &line, &stop);)
        while (!full && (len = next_word(&line, stop, &word)) > 0)
            full = word_count_add(count, word, len) < 0;
    s->made = true;
    if (full) {
        word_count_close(count);
        return no_memory(s->path, err);
    }
    return word_count_finish(count, asked->words, asked->least, &s->vocabulary) < 0 ? no_memory(s->path, err) : 0;
}

static int read_vocabulary(struct conversion_state *c, struct side *s, struct error *err)
{
    struct str bytes = {0};
    int status = read_all(s->vocabulary_path, CONVERT_TEXT_BYTES_MAX, &bytes, &c->bytes_read, err);
    if (status == 0)
        status = vocabulary_read(&s->vocabulary, str_text(&bytes), bytes.len, s->vocabulary_path, err);
    str_free(&bytes);
    return status;
}

static int prepare_vocabularies(struct conversion_state *c, struct error *err)
{
    const char *dir = c->asked->vocabulary;
    if (mkdir(dir, 0777) < 0 && errno != EEXIST)
        return error_set(err, ERROR_SYSTEM, dir, "name a folder that can be made", "The folder cannot be made: %s",
                         strerror(errno));
    for (int i = 0; i < 2; i++) {
        struct side *s = &c->side[i];
        if (snprintf(s->vocabulary_path, sizeof s->vocabulary_path, "%s/%s", dir, vocabulary_names[i]) >= PATH_MAX)
            return error_set(err, ERROR_INPUT, dir, "use shorter names", "The path is too long");
        if ((access(s->vocabulary_path, F_OK) == 0 ? read_vocabulary(c, s, err) : make_vocabulary(c->asked, s, err)) <
            0)
            return -1;
    }
    return 0;
}

static int write_vocabulary(const struct side *s, struct error *err)
{
    struct str json = {0};
    struct output *out = output_open(s->vocabulary_path, err);
    int status = out ? 0 : -1;
    if (out && vocabulary_write(&s->vocabulary, &json) < 0)
        status = no_memory(s->vocabulary_path, err);
    if (status == 0)
        status = output_write(out, json.data, json.len, err);
    if (status == 0)
        status = output_close(out, err);
    else if (out)
        output_abandon(out);
    str_free(&json);
    return status;
}

/* --- records --------------------------------------------------------------------------------------------------------
 */

static int read_tokens(struct side *s, const char *line, const char *stop, size_t number, struct error *err)
{
    const char *word;
    size_t len;
    s->count = 0;
    while ((len = next_word(&line, stop, &word)) > 0) {
        if (s->count == PAIRS_TOKENS_MAX)
            return refuse_line(s, number, "cut it into sentences", "The line has more than 5,000 words", err);
        s->tokens[s->count++] = vocabulary_id(&s->vocabulary, word, len);
    }
    return 0;
}

static int append_pair(struct conversion_state *c, struct error *err)
{
    const struct side *s = c->side;
    if (s[0].count == 0 || s[1].count == 0) {
        c->dropped++;
        return 0;
    }
    c->pairs++;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < s[i].count; k++)
            c->side[i].unknown += s[i].tokens[k] == VOCABULARY_UNKNOWN;
    return sequence_append(&c->records, s[0].tokens, s[0].count, s[1].tokens, s[1].count, err);
}

static int send_records(struct conversion_state *c, struct output *out, size_t least, struct error *err)
{
    if (c->records.failed)
        return no_memory(c->asked->out, err);
    if (c->records.len < least)
        return 0;
    if (output_write(out, c->records.data, c->records.len, err) < 0)
        return -1;
    str_clear(&c->records);
    return 0;
}

static int write_records(struct conversion_state *c, struct output *out, struct event_sink *sink, struct error *err)
{
    const char *line, *stop;
    begin_lines(&c->side[0]);
    begin_lines(&c->side[1]);
    while (c->side[0].at < c->side[0].end) {
        c->line++;
        for (int i = 0; i < 2; i++) {
            struct side *s = &c->side[i];
            if (next_line(&s->at, s->end, &line, &stop) && read_tokens(s, line, stop, c->line, err) < 0)
                return -1;
        }
        if (append_pair(c, err) < 0 || send_records(c, out, BLOCK, err) < 0)
            return -1;
        if (event_stopping(sink))
            return error_set(err, ERROR_INPUT, c->asked->out, "start it again", "The conversion was stopped");
    }
    if (c->pairs == 0)
        return error_set(err, ERROR_INPUT, c->side[0].path, "give lines with words on both sides",
                         "There is no pair in it of which both sides have words");
    return send_records(c, out, 1, err);
}

static int write_all(struct conversion_state *c, struct event_sink *sink, struct error *err)
{
    struct output *out = output_open(c->asked->out, err);
    int status = out ? write_records(c, out, sink, err) : -1;
    for (int i = 0; status == 0 && i < 2; i++)
        if (c->side[i].made)
            status = write_vocabulary(&c->side[i], err);
    if (status == 0)
        return output_close(out, err);
    if (out)
        output_abandon(out);
    return -1;
}

static void send_end(struct event_sink *sink, const struct conversion_state *c)
{
    static const char *const names[2] = {"source", "target"};
    struct event e;
    event_begin(&e, sink, "end");
    json_string(&e.json, "status", "done");
    json_number(&e.json, "t", event_time(sink));
    json_integer(&e.json, "pairs", (long long)c->pairs);
    json_integer(&e.json, "dropped", (long long)c->dropped);
    for (int i = 0; i < 2; i++) {
        json_object(&e.json, names[i]);
        json_integer(&e.json, "words", (long long)c->side[i].vocabulary.size);
        json_integer(&e.json, "unknown", (long long)c->side[i].unknown);
        json_bool(&e.json, "made", c->side[i].made);
        json_end(&e.json);
    }
    json_integer(&e.json, "bytes_read", (long long)c->bytes_read);
    event_send(&e);
}

int convert_text(const struct text_conversion *asked, struct event_sink *sink, struct error *err)
{
    struct conversion_state *c = calloc(1, sizeof *c);
    int status;
    if (!c)
        return no_memory(asked->out, err);
    c->asked = asked;
    for (int i = 0; i < 2; i++)
        c->side[i].path = asked->text[i];
    status = read_texts(c, err);
    if (status == 0)
        status = prepare_vocabularies(c, err);
    if (status == 0)
        status = write_all(c, sink, err);
    if (status == 0 && strcmp(asked->out, "-") != 0)
        send_end(sink, c);
    for (int i = 0; i < 2; i++) {
        str_free(&c->side[i].text);
        vocabulary_free(&c->side[i].vocabulary);
    }
    str_free(&c->records);
    free(c);
    return status;
}
