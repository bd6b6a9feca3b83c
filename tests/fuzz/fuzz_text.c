/* Any bytes as text, sentences and augmented manifest: no crash, every line holds a word, counts are those of the
 * tokens, every word is found again; and sentences that were taken are the same after they were written and read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool truth)
{
    if (!truth)
        abort();
}

static void check(const struct text *t)
{
    uint64_t counted = 0, tokens = t->lines ? t->start[t->lines] : 0;
    for (size_t i = 0; i < t->words; i++) {
        size_t len;
        const char *word = text_word(t, (int32_t)i, &len);
        need(len > 0 && len <= TEXT_WORD_MAX && text_find(t, word, len) == (int32_t)i);
        counted += t->count[i];
    }
    need(counted == tokens);
    for (size_t i = 0; i < t->lines; i++) {
        size_t count;
        const int32_t *token = text_line(t, i, &count);
        need(count > 0);
        for (size_t k = 0; k < count; k++)
            need(token[k] >= 0 && (size_t)token[k] < t->words);
    }
}

static void write_and_compare(const struct text *t)
{
    struct text again = {0};
    struct str out = {0};
    struct error err;
    struct input *in;
    for (size_t i = 0; i < t->lines; i++) {
        size_t count, len;
        const int32_t *token = text_line(t, i, &count);
        for (size_t k = 0; k < count; k++) {
            const char *word = text_word(t, token[k], &len);
            if (i + k == 0 && len >= 3 && memcmp(word, "\xEF\xBB\xBF", 3) == 0) /* would be taken for a mark */
                str_putc(&out, '\n');
            str_append(&out, word, len);
            str_putc(&out, k + 1 < count ? ' ' : '\n');
        }
    }
    in = input_open_bytes(str_text(&out), out.len, "again");
    input_take_plain(in);
    need(text_plain_read(in, &again, &err) == 0 && again.lines == t->lines && again.words == t->words);
    need(!t->lines || memcmp(t->start, again.start, (t->lines + 1) * sizeof *t->start) == 0);
    need(!t->lines || memcmp(t->token, again.token, t->start[t->lines] * sizeof *t->token) == 0);
    input_close(in);
    text_free(&again);
    str_free(&out);
}

static void try_read(int (*read)(struct input *, struct text *, struct error *), const uint8_t *bytes, size_t size)
{
    struct text t = {0};
    struct error err = {0};
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    int status = read(in, &t, &err);
    need(status == 0 || (err.code != ERROR_NONE && err.what[0] && err.where[0]));
    check(&t);
    if (status == 0)
        write_and_compare(&t);
    input_close(in);
    text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_read(text_plain_read, bytes, size);
    try_read(text_manifest_read, bytes, size);
    return 0;
}
