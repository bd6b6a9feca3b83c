#include "engine/algo/blazingtext/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"

/* Open addressing over the spellings: a slot holds the id + 1 and the hash. */
struct slot {
    uint32_t hash, id; /* id 0: empty */
};
struct dictionary_index {
    struct slot *slot;
    size_t slots; /* a power of two, at most half full */
    size_t entry_room, byte_room;
};

/* One byte of FNV-1a. */
static uint32_t hash_on(uint32_t h, char c)
{
    uint32_t wide = ((uint8_t)c ^ 0x80u) - 0x80u; /* with its sign */
    return (h ^ wide) * 16777619u;
}

uint32_t dictionary_hash(const char *word, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = hash_on(h, word[i]);
    return h;
}

static size_t entries(const struct dictionary *d)
{
    return d->words + d->labels;
}

/* FNV's low bits alone spread short words badly. */
static size_t place_of(const struct dictionary_index *x, uint32_t hash)
{
    return (hash ^ (hash >> 15)) & (x->slots - 1);
}

static struct slot *slot_of(const struct dictionary *d, const char *word, size_t len, uint32_t hash)
{
    const struct dictionary_index *x = d->index;
    size_t i = place_of(x, hash);
    for (; x->slot[i].id; i = (i + 1) & (x->slots - 1)) {
        size_t id = x->slot[i].id - 1;
        if (x->slot[i].hash == hash && d->at[id + 1] - d->at[id] == len && !memcmp(d->bytes + d->at[id], word, len))
            break;
    }
    return &x->slot[i];
}

static int resize_slots(struct dictionary_index *x, size_t slots)
{
    struct slot *old = x->slot;
    size_t before = x->slots;
    x->slot = calloc(slots, sizeof *x->slot);
    if (!x->slot) {
        x->slot = old;
        return -1;
    }
    x->slots = slots;
    for (size_t i = 0; i < before; i++)
        if (old[i].id) {
            size_t k = place_of(x, old[i].hash);
            while (x->slot[k].id)
                k = (k + 1) & (slots - 1);
            x->slot[k] = old[i];
        }
    free(old);
    return 0;
}

static int resize_entries(struct dictionary *d, size_t room)
{
    void *at = reallocarray(d->at, room + 1, sizeof *d->at), *count;
    d->at = at ? at : d->at;
    count = at ? reallocarray(d->count, room, sizeof *d->count) : NULL;
    d->count = count ? count : d->count;
    if (!count)
        return -1;
    d->index->entry_room = room;
    return 0;
}

static int widen_bytes(struct dictionary *d, size_t want)
{
    char *wider = array_room(d->bytes, &d->index->byte_room, want, 1);
    d->bytes = wider ? wider : d->bytes;
    return wider ? 0 : -1;
}

int dictionary_reserve(struct dictionary *d, size_t entries)
{
    size_t slots = 64;
    if (!d->index && !(d->index = calloc(1, sizeof *d->index)))
        return -1;
    while (slots <= 2 * entries)
        slots *= 2;
    return resize_slots(d->index, slots) < 0 || resize_entries(d, entries + 1) < 0 ? -1 : 0;
}

int dictionary_add(struct dictionary *d, const char *word, size_t len, uint64_t count, bool label)
{
    size_t id = entries(d), begin = id ? d->at[id] : 0;
    uint32_t hash = dictionary_hash(word, len);
    struct slot *slot;
    if (id >= INT32_MAX || (!d->index && !(d->index = calloc(1, sizeof *d->index))))
        return -1;
    if ((d->index->slots <= 2 * (id + 1) && resize_slots(d->index, d->index->slots ? d->index->slots * 2 : 64) < 0) ||
        (id + 1 >= d->index->entry_room && resize_entries(d, 2 * id + 64) < 0) || widen_bytes(d, begin + len) < 0)
        return -1;
    memcpy(d->bytes + begin, word, len);
    d->at[id] = begin;
    d->at[id + 1] = begin + len;
    d->count[id] = count;
    slot = slot_of(d, word, len, hash);
    if (!slot->id) /* of a spelling given twice the first counts */
        *slot = (struct slot){hash, (uint32_t)id + 1};
    *(label ? &d->labels : &d->words) += 1;
    return 0;
}

void dictionary_free(struct dictionary *d)
{
    if (d->index)
        free(d->index->slot);
    free(d->index);
    free(d->at);
    free(d->bytes);
    free(d->count);
    free(d->group[0]);
    free(d->group[1]);
    *d = (struct dictionary){0};
}

int32_t dictionary_find(const struct dictionary *d, const char *word, size_t len)
{
    return d->index ? (int32_t)slot_of(d, word, len, dictionary_hash(word, len))->id - 1 : -1;
}

const char *dictionary_spelling(const struct dictionary *d, int32_t id, size_t *len)
{
    *len = d->at[id + 1] - d->at[id];
    return d->bytes + d->at[id];
}

int32_t *dictionary_map(const struct dictionary *d, const struct text *t)
{
    int32_t *map = malloc((t->words + 1) * sizeof *map);
    for (size_t i = 0; map && i < t->words; i++) {
        size_t len;
        const char *word = text_word(t, (int32_t)i, &len);
        map[i] = dictionary_find(d, word, len);
    }
    return map;
}

/* --- from a text ----------------------------------------------------------------------------------------------------
 */

struct candidate {
    uint64_t count;
    int32_t id; /* of the text; its number of words: the end of a line, which the text does not spell */
    bool label;
};

static int in_order(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->label != y->label)
        return x->label - y->label;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Every different token of the text, with how often it stands there; how many. */
static size_t gather(const struct text *t, bool labels, struct candidate *all)
{
    size_t len, n = t->words;
    int32_t end = text_find(t, DICTIONARY_END, sizeof DICTIONARY_END - 1);
    for (size_t i = 0; i < n; i++) {
        const char *word = text_word(t, (int32_t)i, &len);
        all[i] = (struct candidate){t->count[i], (int32_t)i, labels && text_label(word, len)};
    }
    if (labels && end < 0)
        all[n++] = (struct candidate){t->lines, (int32_t)t->words, false};
    else if (labels)
        all[end].count += t->lines;
    return n;
}

static int take(struct dictionary *d, const struct text *t, const struct candidate *c)
{
    size_t len = sizeof DICTIONARY_END - 1;
    const char *word = (size_t)c->id < t->words ? text_word(t, c->id, &len) : DICTIONARY_END;
    for (int g = 0; g < 2 && !c->label; g++)
        if (d->group[g] && t->group[g])
            d->group[g][d->words] = (size_t)c->id < t->words ? t->group[g][c->id] : -1;
    return dictionary_add(d, word, len, c->count, c->label);
}

static bool kept(const struct candidate *c, uint64_t least)
{
    return c->count > 0 && (c->label || c->count >= least);
}

static int take_all(struct dictionary *d, const struct text *t, uint64_t least, struct candidate *all, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += kept(&all[i], least);
    if (dictionary_reserve(d, count) < 0)
        return -1;
    for (int g = 0; g < 2; g++)
        if (t->group[g] && !(d->group[g] = malloc((t->words + 1) * sizeof **d->group)))
            return -1;
    qsort(all, n, sizeof *all, in_order);
    for (size_t i = 0; i < n; i++) {
        d->tokens += all[i].label ? 0 : all[i].count;
        if (kept(&all[i], least) && take(d, t, &all[i]) < 0)
            return -1;
    }
    return 0;
}

int dictionary_build(struct dictionary *d, const struct text *t, uint64_t least, bool labels, struct error *err)
{
    struct candidate *all = calloc(t->words + 1, sizeof *all);
    int status;
    *d = (struct dictionary){0};
    status = all ? take_all(d, t, least, all, gather(t, labels, all)) : -1;
    free(all);
    if (status < 0) {
        dictionary_free(d);
        return error_set(err, ERROR_SYSTEM, t->name, "close other programs or give less data",
                         "There is no memory for a dictionary of %zu words", t->words);
    }
    if (d->words)
        return 0;
    dictionary_free(d);
    return error_set(err, ERROR_INPUT, t->name, "lower min_count or give more text",
                     "No word stands in the text %llu times, so that min_count leaves none", (unsigned long long)least);
}

/* --- subwords -------------------------------------------------------------------------------------------------------
 */

static char marked(const char *word, size_t len, size_t i)
{
    if (i == 0)
        return '<';
    return i == len + 1 ? '>' : word[i - 1];
}

/* One more byte of a character, not its first? */
static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t dictionary_subwords(const char *word, size_t len, int least, int most, uint32_t *hash, size_t room)
{
    size_t end = len + 2, found = 0;
    for (size_t i = 0; i < end; i++) {
        uint32_t h = 2166136261u;
        size_t j = i;
        if (continues(marked(word, len, i)))
            continue;
        for (int n = 1; n <= most && j < end && found < room; n++) {
            do
                h = hash_on(h, marked(word, len, j++));
            while (j < end && continues(marked(word, len, j)));
            if (n >= least && (n > 1 || (i > 0 && j < end)))
                hash[found++] = h;
        }
    }
    return found;
}
