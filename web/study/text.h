/* Compares what people wrote by what they meant: case, accents, punctuation, plurals, hyphens, number formats and
 * British or American spelling make no difference, so "Record IO-wrapped protobuf" and "recordIO-protobuf" are one
 * concept. Words and concepts are small numbers, handed out by a vocabulary: comparing them is comparing integers.
 *
 *     struct words w = text_words(&vocabulary, arena, "Mini_batch_size");
 *     int concept = text_concept(&vocabulary, "mini batch size");
 *
 * Safe on any bytes; what is not valid UTF-8 counts as a blank. 0 is no word and no concept. */
#ifndef STUDY_TEXT_H
#define STUDY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/study/arena.h"

struct vocabulary {
    struct arena *arena;
    char **words; /* by number */
    uint32_t *slots;
    size_t count, cap, slot_count;
    int stop_count; /* the numbers 1 .. stop_count are stop words */
    bool failed;
};

struct words {
    int *ids;
    int count;
};

int vocabulary_open(struct vocabulary *v, struct arena *arena); /* -1: out of memory */
void vocabulary_close(struct vocabulary *v);
int vocabulary_add(struct vocabulary *v, const char *bytes, size_t len);        /* 0 when empty or out of memory */
int vocabulary_find(const struct vocabulary *v, const char *bytes, size_t len); /* 0 when unknown */

/* Lower case without accents, compatible characters made equal. */
char *text_fold(struct arena *arena, const char *text);

/* The words' stems in order; articles and fillers that no concept needs ("the", "wrapped", "format") left out. */
struct words text_words(struct vocabulary *v, struct arena *arena, const char *text);

/* All of the text as one concept, whatever its blanks and hyphens: words joined. */
int text_concept(struct vocabulary *v, struct arena *arena, const char *text);
int text_joined(struct vocabulary *v, const int *ids, int count); /* the same of words already split */

bool text_is_stop(const struct vocabulary *v, int word); /* says nothing by itself: "the", "can", "use" */
bool text_contains(struct words all, int word);

/* Are the folded texts one, but for few letters: edit distance at most 15 % of the longer one's length? */
#define TEXT_NEAR 0.85
bool text_is_near(struct arena *arena, const char *a, const char *b);

size_t text_length(const char *text); /* in characters */

#endif
