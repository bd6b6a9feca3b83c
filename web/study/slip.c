#include "web/study/slip.h"

#include <stdlib.h>
#include <string.h>

#include "web/study/term.h"

#define LEAST_LENGTH 6   /* shorter words differ by a letter for good reasons: "mode", "node" */
#define LEAST_CHANGED 9  /* and so do longer ones when a letter is another: "content", "context" */
#define MOST_LENGTH 24   /* bytes */
#define WORDS_MAX 40000  /* looked at; more than any notes of one subject hold */
#define NEIGHBOURS_MAX 8 /* compared per key */

/* Two words are one letter apart only if they share a key: the word itself or the word less one letter. */
struct key {
    uint64_t hash;
    int word;
};

static uint64_t hash_without(const char *word, size_t len, size_t skip)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        if (i != skip)
            h = (h ^ (unsigned char)word[i]) * 1099511628211u;
    return h;
}

static int by_hash(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->word - y->word;
}

static bool is_plain(const char *word)
{
    size_t len = strlen(word);
    if (len < LEAST_LENGTH || len > MOST_LENGTH)
        return false;
    for (size_t i = 0; i < len; i++)
        if (word[i] < 'a' || word[i] > 'z')
            return false;
    return true;
}

/* One letter put in, left out or changed, or two neighbours swapped; not at the end, where words take other forms. */
static bool is_one_apart(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), front = 0, back = 0, shorter = n < m ? n : m;
    while (front < shorter && a[front] == b[front])
        front++;
    while (back < shorter - front && a[n - 1 - back] == b[m - 1 - back])
        back++;
    if (back == 0)
        return false;
    if (n == m && n - front - back == 2)
        return a[front] == b[front + 1] && a[front + 1] == b[front];
    if (n == m && n < LEAST_CHANGED)
        return false;
    return n - front - back <= 1 && m - front - back <= 1;
}

static void mark(struct slips *slips, const struct vocabulary *v, const int *uses, int known, int a, int b)
{
    bool both = (a < known || uses[a]) && (b < known || uses[b]);
    if (a == b || !both || !is_one_apart(v->words[a], v->words[b]))
        return;
    /* Two words that both occur often are two words. */
    if (a >= known && uses[a] == 1)
        slips->odd[a] = 1;
    if (b >= known && uses[b] == 1)
        slips->odd[b] = 1;
}

static size_t make_keys(struct key *keys, const struct vocabulary *v, int count)
{
    size_t n = 0;
    for (int w = v->stop_count + 1, looked = 0; w < count && looked < WORDS_MAX; w++) {
        const char *word = v->words[w];
        size_t len = strlen(word);
        if (!is_plain(word))
            continue;
        looked++;
        keys[n++] = (struct key){hash_without(word, len, len), w};
        for (size_t i = 0; i < len; i++)
            keys[n++] = (struct key){hash_without(word, len, i), w};
    }
    return n;
}

static size_t count_keys(const struct vocabulary *v, int count)
{
    size_t n = 0;
    for (int w = v->stop_count + 1; w < count; w++)
        n += is_plain(v->words[w]) ? strlen(v->words[w]) + 1 : 0;
    return n;
}

int slips_find(struct slips *slips, const struct vocabulary *v, const int *uses, int count, int known,
               struct arena *arena)
{
    size_t room = count_keys(v, count), n;
    struct key *keys = malloc((room + 1) * sizeof *keys);
    *slips = (struct slips){arena_take(arena, (size_t)count + 1), count};
    if (!keys || !slips->odd) {
        free(keys);
        return -1;
    }
    memset(slips->odd, 0, (size_t)count + 1);
    n = make_keys(keys, v, count);
    qsort(keys, n, sizeof *keys, by_hash);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && j <= i + NEIGHBOURS_MAX && keys[j].hash == keys[i].hash; j++)
            mark(slips, v, uses, known, keys[i].word, keys[j].word);
    free(keys);
    return 0;
}

bool slips_word(const struct slips *slips, int word)
{
    return word < slips->count && slips->odd[word];
}

bool slips_text(const struct slips *slips, struct words words, const char *text)
{
    for (int i = 0; i < words.count; i++)
        if (slips_word(slips, words.ids[i]))
            return true;
    for (size_t len; *text; text += len) {
        text += strspn(text, " ,;()");
        len = strcspn(text, " ,;()");
        if (term_is_odd_instance(text, len))
            return true;
    }
    return false;
}
