#include "engine/data/vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* --- a table of words -----------------------------------------------------------------------------------------------
 *
 * Open addressing; slots hold 1 + the place of the word in `entries`, 0 nothing. At most half of them are taken. */

struct entry {
    char *word; /* the table owns it */
    uint64_t hash;
    uint64_t number; /* an id, or how often it was seen */
    uint32_t len;
};

struct word_table {
    struct entry *entries;
    uint32_t *slots;
    size_t count, room, slot_count; /* slot_count: a power of two */
};

/* FNV-1a, stirred, so that the low bits depend on all bytes. */
static uint64_t hash_word(const char *word, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

static void table_clear(struct word_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->entries[i].word);
    free(t->entries);
    free(t->slots);
}

static uint32_t *find_slot(const struct word_table *t, const char *word, size_t len, uint64_t hash)
{
    size_t slot = hash & (t->slot_count - 1);
    while (t->slots[slot]) {
        const struct entry *e = &t->entries[t->slots[slot] - 1];
        if (e->hash == hash && e->len == len && memcmp(e->word, word, len) == 0)
            break;
        slot = (slot + 1) & (t->slot_count - 1);
    }
    return &t->slots[slot];
}

static struct entry *table_find(const struct word_table *t, const char *word, size_t len)
{
    uint32_t slot = t && t->count ? *find_slot(t, word, len, hash_word(word, len)) : 0;
    return slot ? &t->entries[slot - 1] : NULL;
}

static int table_grow(struct word_table *t)
{
    size_t count = t->entries ? t->count : 0, room = t->room ? 2 * t->room : 512, slot_count = 2 * room;
    struct entry *entries = realloc(t->entries, room * sizeof *entries);
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (entries)
        t->entries = entries;
    if (!entries || !slots) {
        free(slots);
        return -1;
    }
    free(t->slots);
    t->slots = slots;
    t->room = room;
    t->slot_count = slot_count;
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &t->entries[i];
        *find_slot(t, e->word, e->len, e->hash) = (uint32_t)(i + 1);
    }
    return 0;
}

/* The word's entry, made with number 0 where there was none; NULL when memory ends or the table is full. */
static struct entry *table_add(struct word_table *t, const char *word, size_t len)
{
    uint64_t hash = hash_word(word, len);
    uint32_t *slot;
    char *copy;
    if (len > UINT32_MAX || t->count >= UINT32_MAX / 2 || (t->count == t->room && table_grow(t) < 0) || !t->slots ||
        !t->entries)
        return NULL;
    slot = find_slot(t, word, len, hash);
    if (*slot)
        return &t->entries[*slot - 1];
    copy = malloc(len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, word, len);
    copy[len] = '\0';
    t->entries[t->count] = (struct entry){.word = copy, .hash = hash, .len = (uint32_t)len};
    *slot = (uint32_t)++t->count;
    return &t->entries[t->count - 1];
}

/* --- vocabularies ---------------------------------------------------------------------------------------------------
 */

static int reserve_ids(struct vocabulary *v, size_t size)
{
    size_t room = 256;
    char **grown;
    if (size <= v->size)
        return 0;
    while (room < size)
        room *= 2;
    if (!v->word || room / 2 >= v->size) {
        grown = realloc(v->word, room * sizeof *grown);
        if (!grown)
            return -1;
        v->word = grown;
    }
    memset(v->word + v->size, 0, (size - v->size) * sizeof *v->word);
    v->size = size;
    return 0;
}

enum vocabulary_added vocabulary_add(struct vocabulary *v, const char *word, size_t len, uint32_t id)
{
    struct entry *e;
    if (!v->table && !(v->table = calloc(1, sizeof *v->table)))
        return VOCABULARY_NO_MEMORY;
    if (table_find(v->table, word, len))
        return VOCABULARY_WORD_TWICE;
    if (id < v->size && v->word[id])
        return VOCABULARY_ID_TWICE;
    if (reserve_ids(v, (size_t)id + 1) < 0 || !(e = table_add(v->table, word, len)))
        return VOCABULARY_NO_MEMORY;
    e->number = id;
    v->word[id] = e->word;
    return VOCABULARY_ADDED;
}

const char *const vocabulary_reserved[VOCABULARY_RESERVED] = {"<pad>", "<unk>", "<s>", "</s>"};

void vocabulary_free(struct vocabulary *v)
{
    if (!v)
        return;
    if (v->table)
        table_clear(v->table);
    free(v->table);
    free(v->word);
    *v = (struct vocabulary){0};
}

int32_t vocabulary_id(const struct vocabulary *v, const char *word, size_t len)
{
    const struct entry *e = table_find(v->table, word, len);
    return e ? (int32_t)e->number : VOCABULARY_UNKNOWN;
}

const char *vocabulary_word(const struct vocabulary *v, int32_t id)
{
    const char *word = id >= 0 && (size_t)id < v->size ? v->word[id] : NULL;
    return word ? word : vocabulary_reserved[VOCABULARY_UNKNOWN];
}

/* --- counting -------------------------------------------------------------------------------------------------------
 */

#define WORDS_USUAL 50000

struct word_count {
    struct word_table table;
};

struct word_count *word_count_open(void)
{
    return calloc(1, sizeof(struct word_count));
}

int word_count_add(struct word_count *c, const char *word, size_t len)
{
    struct entry *e = table_add(&c->table, word, len);
    if (!e)
        return -1;
    e->number++;
    return 0;
}

void word_count_close(struct word_count *c)
{
    if (c)
        table_clear(&c->table);
    free(c);
}

/* The more frequent first, of equals the one that is later in the alphabet. */
static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    order = memcmp(x->word, y->word, x->len < y->len ? x->len : y->len);
    return order ? -order : (x->len < y->len) - (x->len > y->len);
}

static bool is_reserved(const struct entry *e)
{
    for (int i = 0; i < VOCABULARY_RESERVED; i++)
        if (strcmp(e->word, vocabulary_reserved[i]) == 0)
            return true;
    return false;
}

static int take_words(const struct word_count *c, size_t words, size_t least, struct vocabulary *v)
{
    uint32_t id = VOCABULARY_RESERVED;
    for (uint32_t i = 0; i < VOCABULARY_RESERVED; i++)
        if (vocabulary_add(v, vocabulary_reserved[i], strlen(vocabulary_reserved[i]), i) != VOCABULARY_ADDED)
            return -1;
    for (size_t i = 0; i < c->table.count && id - VOCABULARY_RESERVED < words; i++) {
        const struct entry *e = &c->table.entries[i];
        if (e->number < least)
            break;
        if (is_reserved(e))
            continue;
        if (vocabulary_add(v, e->word, e->len, id++) != VOCABULARY_ADDED)
            return -1;
    }
    return 0;
}

int word_count_finish(struct word_count *c, size_t words, size_t least, struct vocabulary *v)
{
    int status;
    size_t most = VOCABULARY_WORDS_MAX - VOCABULARY_RESERVED;
    if (c->table.count)
        qsort(c->table.entries, c->table.count, sizeof *c->table.entries, compare);
    *v = (struct vocabulary){0};
    status = take_words(c, words == 0 ? WORDS_USUAL : words < most ? words : most, least, v);
    word_count_close(c);
    if (status < 0)
        vocabulary_free(v);
    return status;
}
