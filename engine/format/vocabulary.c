/* Vocabularies as JSON: the reading and writing half of data/vocabulary.h. */
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/data/vocabulary.h"
#include "engine/format/scan.h"

#define SHAPE "write {\"<pad>\":0,\"<unk>\":1,\"<s>\":2,\"</s>\":3,\"word\":4}"

static int refuse_word(const struct scan *s, const char *word, const char *fault)
{
    char what[200];
    snprintf(what, sizeof what, "The word '%.60s' %s", word, fault);
    return scan_complain(s, ERROR_INPUT, "give every word an id of its own, once", what);
}

/* `"word": id` behind the comma. */
static int read_word(struct scan *s, struct str *word, struct vocabulary *v)
{
    uint32_t id;
    str_clear(word);
    if (scan_text(s, word) < 0 || scan_open(s, ':') < 0 ||
        scan_whole(s, VOCABULARY_WORDS_MAX - 1, &id, "number the words from 0, in whole numbers below 3,000,000") < 0)
        return -1;
    switch (vocabulary_add(v, str_text(word), word->len, id)) {
    case VOCABULARY_WORD_TWICE:
        return refuse_word(s, str_text(word), "stands there twice");
    case VOCABULARY_ID_TWICE:
        return refuse_word(s, str_text(word), "has the id of another word");
    case VOCABULARY_NO_MEMORY:
        return scan_no_memory(s);
    default:
        return 0;
    }
}

/* Keeps the line of `at` in step: many write a word on each. */
static int read_words(struct scan *s, struct place *at, struct vocabulary *v)
{
    struct str word = {0};
    const char *counted = s->p;
    int status = scan_open(s, '{');
    bool first = true;
    for (; status == 0 && !scan_step(s, '}'); first = false) {
        if (!first)
            status = scan_open(s, ',');
        s->p = scan_space(s->p, s->end);
        for (; counted < s->p; counted++)
            at->line += *counted == '\n';
        if (status == 0)
            status = read_word(s, &word, v);
    }
    str_free(&word);
    if (status == 0 && scan_space(s->p, s->end) < s->end)
        return scan_complain(s, ERROR_INPUT, SHAPE, "Something follows the JSON object");
    return status;
}

static int check_reserved(const struct vocabulary *v, const char *name, struct error *err)
{
    for (uint32_t i = 0; i < VOCABULARY_RESERVED; i++)
        if (i >= v->size || !v->word[i] || strcmp(v->word[i], vocabulary_reserved[i]) != 0)
            return error_set(err, ERROR_INPUT, name, SHAPE, "The word '%s' must have the id %u, and it does not",
                             vocabulary_reserved[i], i);
    return 0;
}

int vocabulary_read(struct vocabulary *v, const char *bytes, size_t len, const char *name, struct error *err)
{
    struct place at = {.file = name, .line = 1};
    struct scan s = {.p = bytes, .end = bytes + len, .at = &at, .shape = SHAPE, .err = err};
    *v = (struct vocabulary){0};
    if (read_words(&s, &at, v) == 0 && check_reserved(v, name, err) == 0)
        return 0;
    vocabulary_free(v);
    return -1;
}

int vocabulary_write(const struct vocabulary *v, struct str *out)
{
    struct json j = json_begin(out);
    json_object(&j, NULL);
    for (size_t i = 0; i < v->size; i++)
        if (v->word[i])
            json_integer(&j, v->word[i], (long long)i);
    json_end(&j);
    str_putc(out, '\n');
    return out->failed ? -1 : 0;
}
