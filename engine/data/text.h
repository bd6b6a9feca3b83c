/* Lines of text as numbers: every different token is one word with an id, in the order of first sight. Tokens are what
 * stands between spaces, as the service reads text; case and punctuation stay as they are. A label of the service
 * ("__label__4") is a token like any other: the learner tells it by text_label(). */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_WORD_MAX 1000u      /* bytes of a token; longer ones are refused */
#define TEXT_WORDS_MAX 20000000u /* different ones */
#define TEXT_LABEL_PREFIX "__label__"

struct text {
    size_t lines;   /* those that hold a token; empty ones are left out */
    size_t *start;  /* lines + 1; NULL while empty */
    int32_t *token; /* word ids: those of line i are token[start[i]] .. token[start[i + 1] - 1] */
    size_t words;   /* different tokens */
    size_t *at;     /* words + 1: word i is spelt bytes[at[i]] .. bytes[at[i + 1] - 1], without a 0 at its end */
    char *bytes;
    uint64_t *count;          /* words: how often it stands in the text */
    int32_t *group[2];        /* words, or NULL: what a generator planted (0: topic, 1: role); -1: nothing */
    struct text_index *index; /* word to id */
    size_t tokens_open;       /* tokens of the open line too */
    size_t line_room, token_room, word_room, byte_room;
    uint64_t bytes_read;
    char name[128]; /* file or generator, for messages */
};

enum text_added { TEXT_ADDED, TEXT_WORD_TOO_LONG, TEXT_TOO_MANY_WORDS, TEXT_NO_MEMORY };

/* Appends one line: its tokens, split at spaces, tabs, returns, form feeds, vertical tabs and zeros. A refused line
 * leaves the text as it was, but for words nobody uses. */
enum text_added text_append(struct text *t, const char *line, size_t len);
/* The same in pieces: tokens of the open line, then its end (no token: no line). */
enum text_added text_append_token(struct text *t, const char *word, size_t len);
enum text_added text_end_line(struct text *t);

void text_free(struct text *t); /* NULL and {0} are fine */

int32_t text_find(const struct text *t, const char *word, size_t len); /* its id; -1 when it is not there */

static inline const char *text_word(const struct text *t, int32_t id, size_t *len)
{
    *len = t->at[id + 1] - t->at[id];
    return t->bytes + t->at[id];
}

static inline const int32_t *text_line(const struct text *t, size_t i, size_t *count)
{
    *count = t->start[i + 1] - t->start[i];
    return t->token + t->start[i];
}

bool text_label(const char *word, size_t len); /* begins with the prefix, and something follows */

#endif
