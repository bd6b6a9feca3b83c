#include "engine/data/text.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"

/* Open addressing over the spellings in `bytes`: a slot holds the word's id + 1 and half its hash. */
struct slot {
    uint32_t hash, id; /* id 0: empty */
};
struct text_index {
    struct slot *slot;
    size_t slots; /* a power of two, at most half full */
};

static uint32_t hash_of(const char *word, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)word[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ (h >> 32));
}

static struct slot *slot_of(const struct text *t, const char *word, size_t len, uint32_t hash)
{
    const struct text_index *x = t->index;
    size_t i = hash & (x->slots - 1);
    for (; x->slot[i].id; i = (i + 1) & (x->slots - 1)) {
        size_t id = x->slot[i].id - 1;
        if (x->slot[i].hash == hash && t->at[id + 1] - t->at[id] == len && !memcmp(t->bytes + t->at[id], word, len))
            break;
    }
    return &x->slot[i];
}

static int widen_index(struct text *t)
{
    struct text_index old = t->index ? *t->index : (struct text_index){0};
    size_t slots = old.slots ? old.slots * 2 : 1024;
    struct slot *fresh;
    if (old.slots > 2 * t->words)
        return 0;
    if (!t->index && !(t->index = calloc(1, sizeof *t->index)))
        return -1;
    fresh = calloc(slots, sizeof *fresh);
    if (!fresh)
        return -1;
    *t->index = (struct text_index){fresh, slots};
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].id) {
            size_t k = old.slot[i].hash & (slots - 1);
            while (fresh[k].id)
                k = (k + 1) & (slots - 1);
            fresh[k] = old.slot[i];
        }
    free(old.slot);
    return 0;
}

/* Room for one more word of `len` bytes. */
static int widen_words(struct text *t, size_t len)
{
    size_t room = t->word_room, same = t->word_room, used = t->words ? t->at[t->words] : 0;
    void *at = array_room(t->at, &room, t->words + 2, sizeof *t->at), *count, *bytes;
    t->at = at ? at : t->at;
    count = at ? array_room(t->count, &same, t->words + 2, sizeof *t->count) : NULL;
    t->count = count ? count : t->count;
    t->word_room = count ? room : t->word_room;
    bytes = count ? array_room(t->bytes, &t->byte_room, used + len, 1) : NULL;
    t->bytes = bytes ? bytes : t->bytes;
    return bytes ? 0 : -1;
}

static enum text_added add_word(struct text *t, const char *word, size_t len, int32_t *id)
{
    uint32_t hash = hash_of(word, len);
    struct slot *slot;
    if (widen_index(t) < 0)
        return TEXT_NO_MEMORY;
    slot = slot_of(t, word, len, hash);
    if (!slot->id) {
        if (t->words == TEXT_WORDS_MAX)
            return TEXT_TOO_MANY_WORDS;
        if (widen_words(t, len) < 0)
            return TEXT_NO_MEMORY;
        if (!t->words)
            t->at[0] = 0;
        memcpy(t->bytes + t->at[t->words], word, len);
        t->at[t->words + 1] = t->at[t->words] + len;
        t->count[t->words] = 0;
        *slot = (struct slot){hash, (uint32_t)++t->words};
    }
    *id = (int32_t)slot->id - 1;
    return TEXT_ADDED;
}

/* Where the open line begins. */
static size_t closed(const struct text *t)
{
    return t->start ? t->start[t->lines] : 0;
}

static enum text_added drop_line(struct text *t, enum text_added why)
{
    for (size_t i = closed(t); i < t->tokens_open; i++)
        t->count[t->token[i]]--;
    t->tokens_open = closed(t);
    return why;
}

enum text_added text_append_token(struct text *t, const char *word, size_t len)
{
    enum text_added added = len > TEXT_WORD_MAX ? TEXT_WORD_TOO_LONG : TEXT_ADDED;
    int32_t id = 0, *tokens;
    if (added == TEXT_ADDED)
        added = add_word(t, word, len, &id);
    if (added != TEXT_ADDED)
        return drop_line(t, added);
    tokens = array_room(t->token, &t->token_room, t->tokens_open + 1, sizeof *tokens);
    if (!tokens)
        return drop_line(t, TEXT_NO_MEMORY);
    t->token = tokens;
    t->token[t->tokens_open++] = id;
    t->count[id]++;
    return TEXT_ADDED;
}

enum text_added text_end_line(struct text *t)
{
    size_t *start;
    if (t->tokens_open == closed(t))
        return TEXT_ADDED;
    start = array_room(t->start, &t->line_room, t->lines + 2, sizeof *start);
    if (!start)
        return drop_line(t, TEXT_NO_MEMORY);
    t->start = start;
    if (!t->lines)
        t->start[0] = 0;
    t->start[++t->lines] = t->tokens_open;
    return TEXT_ADDED;
}

static bool separates(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

enum text_added text_append(struct text *t, const char *line, size_t len)
{
    const char *end = line + len;
    while (line < end) {
        const char *word = line;
        enum text_added added;
        while (line < end && !separates(*line))
            line++;
        added = line > word ? text_append_token(t, word, (size_t)(line - word)) : TEXT_ADDED;
        if (added != TEXT_ADDED)
            return added;
        line += line < end;
    }
    return text_end_line(t);
}

int32_t text_find(const struct text *t, const char *word, size_t len)
{
    return t->words ? (int32_t)slot_of(t, word, len, hash_of(word, len))->id - 1 : -1;
}

bool text_label(const char *word, size_t len)
{
    const size_t prefix = sizeof TEXT_LABEL_PREFIX - 1;
    return len > prefix && memcmp(word, TEXT_LABEL_PREFIX, prefix) == 0;
}

void text_free(struct text *t)
{
    if (!t)
        return;
    if (t->index)
        free(t->index->slot);
    free(t->index);
    free(t->start);
    free(t->token);
    free(t->at);
    free(t->bytes);
    free(t->count);
    free(t->group[0]);
    free(t->group[1]);
    *t = (struct text){0};
}
