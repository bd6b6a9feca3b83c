/* Words and their ids, as the service's vocab.src.json and vocab.trg.json hold them: {"<pad>": 0, "<unk>": 1, "<s>": 2,
 * "</s>": 3, word: id ...}. */
#ifndef DATA_VOCABULARY_H
#define DATA_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

enum { VOCABULARY_PAD, VOCABULARY_UNKNOWN, VOCABULARY_BEGIN, VOCABULARY_END, VOCABULARY_RESERVED };

#define VOCABULARY_WORDS_MAX 3000000u
#define VOCABULARY_BYTES_MAX (256u << 20) /* of its file */

struct vocabulary {
    size_t size;              /* ids are 0 .. size - 1 */
    char **word;              /* of each id; NULL where the file leaves an id out */
    struct word_table *table; /* word to id */
};

/* From the bytes of a JSON file (format/vocabulary.c). Refused with a sentence: no object, ids that are no whole
 * numbers, twice the same id, a reserved word that is missing or has another id. `name` is for messages. */
int vocabulary_read(struct vocabulary *v, const char *bytes, size_t len, const char *name, struct error *err);
int vocabulary_write(const struct vocabulary *v, struct str *out); /* the JSON; -1: no memory */
void vocabulary_free(struct vocabulary *v);                        /* NULL and {0} are fine */

/* What makes one: a word under an id below VOCABULARY_WORDS_MAX. Without the reserved four first, none is complete. */
enum vocabulary_added { VOCABULARY_ADDED, VOCABULARY_WORD_TWICE, VOCABULARY_ID_TWICE, VOCABULARY_NO_MEMORY };
enum vocabulary_added vocabulary_add(struct vocabulary *v, const char *word, size_t len, uint32_t id);
extern const char *const vocabulary_reserved[VOCABULARY_RESERVED];

int32_t vocabulary_id(const struct vocabulary *v, const char *word, size_t len); /* VOCABULARY_UNKNOWN when absent */
const char *vocabulary_word(const struct vocabulary *v, int32_t id);             /* "<unk>" when there is none */

/* Counting words to make one: the reserved four, then words by falling frequency, ties in reverse alphabetical order
 * (by bytes); at most `words` of them (0: 50,000), each seen at least `least` times. */
struct word_count;
struct word_count *word_count_open(void);
int word_count_add(struct word_count *c, const char *word, size_t len);                        /* -1: no memory */
int word_count_finish(struct word_count *c, size_t words, size_t least, struct vocabulary *v); /* frees c */
void word_count_close(struct word_count *c);

#endif
