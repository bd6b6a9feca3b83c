#include "web/study/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define WORD_MAX 48     /* bytes; the rest of a longer word is not looked at */
#define SIMILAR_MAX 256 /* bytes that similarity looks at */
#define CONCEPT_MAX 512 /* bytes of a joined concept */

static const char *const stop_words[] = {
    "a",     "an",    "and",     "any",   "are",  "as",    "at",     "be",      "been", "both",  "but",
    "by",    "can",   "could",   "do",    "does", "each",  "eg",     "etc",     "for",  "from",  "good",
    "has",   "have",  "how",     "if",    "in",   "into",  "is",     "it",      "its",  "just",  "like",
    "lot",   "make",  "may",     "might", "more", "must",  "need",   "no",      "not",  "of",    "on",
    "one",   "only",  "or",      "other", "our",  "over",  "should", "so",      "some", "such",  "than",
    "that",  "the",   "their",   "them",  "then", "there", "these",  "they",    "this", "those", "to",
    "too",   "up",    "us",      "use",   "used", "using", "via",    "was",     "we",   "what",  "when",
    "where", "which", "whether", "while", "will", "with",  "within", "without", "you",  "your",  "being",
    "also",  "most",  "always",  "never", "all",  "get",   "entire", "several", "many",
};

/* Left out of concepts: they change how a thing is written, not which thing it is. */
static const char *const fillers[] = {"the", "a", "an", "wrap", "format", "of"};

/* One word for another, after stemming. */
static const char *const synonyms[][2] = {
    {"jpeg", "jpg"},        {"algo", "algorithm"},          {"fn", "funct"}, {"fns", "funct"},
    {"gzip", "gz"},         {"param", "paramet"},           {"gzipp", "gz"}, {"libsvms", "libsvm"},
    {"timestamp", "stamp"}, {"hyperparam", "hyperparamet"},
};

/* Endings, longest first, and what stays. `least`: the shortest word that loses it. */
static const struct ending {
    const char *from, *to;
    size_t least;
} endings[] = {
    {"ifications", "if", 9}, {"ification", "if", 9}, {"isation", "iz", 8}, {"ization", "iz", 8}, {"ifying", "if", 8},
    {"ified", "if", 7},      {"ifier", "if", 7},     {"ising", "iz", 7},   {"izing", "iz", 7},   {"ised", "iz", 6},
    {"ized", "iz", 6},       {"iser", "iz", 6},      {"izer", "iz", 6},    {"ify", "if", 6},     {"ise", "iz", 6},
    {"ize", "iz", 6},        {"our", "or", 6},       {"ing", "", 6},       {"ion", "", 6},       {"ed", "", 5},
    {"er", "", 6},           {"or", "", 6},          {"e", "", 5},
};

/* --- stems
 * ------------------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool ends_with(const char *word, size_t len, const char *ending)
{
    size_t n = strlen(ending);
    return len >= n && memcmp(word + len - n, ending, n) == 0;
}

static size_t stem_plural(char *word, size_t len)
{
    if (len > 4 && ends_with(word, len, "ies")) {
        word[len - 3] = 'y';
        return len - 2;
    }
    if (len >= 4 && word[len - 1] == 's' && !strchr("siu", word[len - 2]))
        return len - 1;
    return len;
}

/* "1.0" and "1", "0.10" and "0.1" are one number. */
static size_t stem_number(char *word, size_t len)
{
    if (!memchr(word, '.', len))
        return len;
    while (len > 1 && word[len - 1] == '0')
        len--;
    return len > 1 && word[len - 1] == '.' ? len - 1 : len;
}

static size_t stem(char *word, size_t len)
{
    size_t n;
    if (is_digit(word[0]))
        return stem_number(word, len);
    len = stem_plural(word, len);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const struct ending *e = &endings[i];
        if (len < e->least || !ends_with(word, len, e->from))
            continue;
        n = len - strlen(e->from);
        memcpy(word + n, e->to, strlen(e->to));
        n += strlen(e->to);
        if (!*e->to && n > 3 && word[n - 1] == word[n - 2] && !strchr("lsz", word[n - 1]))
            n--;
        return n;
    }
    return len;
}

/* --- vocabulary --------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *bytes, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)bytes[i]) * 16777619u;
    return h;
}

/* The slot where the word is, or the empty one where it would go. There is always an empty one. */
static size_t slot_of(const struct vocabulary *v, const char *bytes, size_t len)
{
    size_t at = hash_of(bytes, len) & (v->slot_count - 1);
    while (v->slots[at]) {
        const char *word = v->words[v->slots[at]];
        if (strncmp(word, bytes, len) == 0 && word[len] == '\0')
            break;
        at = (at + 1) & (v->slot_count - 1);
    }
    return at;
}

static int vocabulary_grow(struct vocabulary *v)
{
    size_t cap = v->cap ? v->cap * 2 : 1024;
    char **words = realloc(v->words, cap * sizeof *words);
    uint32_t *slots;
    if (!words)
        return -1;
    v->words = words;
    slots = calloc(cap * 2, sizeof *slots);
    if (!slots)
        return -1;
    free(v->slots);
    v->slots = slots;
    v->slot_count = cap * 2;
    v->cap = cap;
    for (size_t i = 1; i < v->count; i++)
        v->slots[slot_of(v, v->words[i], strlen(v->words[i]))] = (uint32_t)i;
    return 0;
}

int vocabulary_find(const struct vocabulary *v, const char *bytes, size_t len)
{
    return len ? (int)v->slots[slot_of(v, bytes, len)] : 0;
}

int vocabulary_add(struct vocabulary *v, const char *bytes, size_t len)
{
    int known = vocabulary_find(v, bytes, len);
    if (known || !len)
        return known;
    if (v->count >= v->cap && vocabulary_grow(v) != 0) {
        v->failed = true;
        return 0;
    }
    v->words[v->count] = arena_copy(v->arena, bytes, len);
    v->slots[slot_of(v, bytes, len)] = (uint32_t)v->count;
    return (int)v->count++;
}

int vocabulary_open(struct vocabulary *v, struct arena *arena)
{
    static char nothing[1];
    *v = (struct vocabulary){.arena = arena};
    if (vocabulary_grow(v) != 0)
        return -1;
    v->words[0] = nothing;
    v->count = 1;
    for (size_t i = 0; i < sizeof stop_words / sizeof *stop_words; i++) {
        char word[WORD_MAX + 1] = {0};
        memcpy(word, stop_words[i], strlen(stop_words[i]));
        vocabulary_add(v, word, stem(word, strlen(word)));
    }
    v->stop_count = (int)v->count - 1;
    return v->failed || arena->failed ? -1 : 0;
}

void vocabulary_close(struct vocabulary *v)
{
    free(v->words);
    free(v->slots);
    *v = (struct vocabulary){0};
}

bool text_is_stop(const struct vocabulary *v, int word)
{
    return word <= v->stop_count;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* For bytes that are not UTF-8: what ASCII there is. */
static char *fold_ascii(struct arena *arena, const char *text)
{
    char *out = arena_copy(arena, text, strlen(text));
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c >= 0x80 || (unsigned char)*c < 0x20)
            *c = ' ';
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return out;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

char *text_fold(struct arena *arena, const char *text)
{
    const utf8proc_option_t how = UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                  UTF8PROC_STRIPMARK | UTF8PROC_IGNORE;
    utf8proc_uint8_t *mapped = NULL;
    char *out;
    if (is_ascii(text) || utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped, how) < 0)
        return fold_ascii(arena, text);
    out = arena_copy(arena, (const char *)mapped, strlen((const char *)mapped));
    free(mapped);
    return out;
}

static bool is_word_character(utf8proc_int32_t c)
{
    utf8proc_category_t category;
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* Copies the next word of folded text; "2,000" loses its comma, "don't" its apostrophe. Returns where it ended. */
static const char *next_word(const char *at, char word[WORD_MAX + 1], size_t *len)
{
    *len = 0;
    while (*at) {
        utf8proc_int32_t c;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
        size_t step = size > 0 ? (size_t)size : 1;
        if (size > 0 && is_word_character(c)) {
            if (*len + step <= WORD_MAX) {
                memcpy(word + *len, at, step);
                *len += step;
            }
        } else if (*len && (c == '\'' || c == 0x2019 || (c == ',' && is_digit(at[-1]) && is_digit(at[1])))) {
            /* within a word: dropped */
        } else if (*len && c == '.' && is_digit(at[-1]) && is_digit(at[1])) {
            if (*len < WORD_MAX)
                word[(*len)++] = '.';
        } else if (*len) {
            break;
        }
        at += step;
    }
    word[*len] = '\0';
    return at;
}

static bool is_filler(const char *word)
{
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (strcmp(word, fillers[i]) == 0)
            return true;
    return false;
}

static const char *synonym(const char *word)
{
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        if (strcmp(word, synonyms[i][0]) == 0)
            return synonyms[i][1];
    return word;
}

struct words text_words(struct vocabulary *v, struct arena *arena, const char *text)
{
    const char *at = text_fold(arena, text);
    struct words w = {arena_take(arena, (strlen(at) / 2 + 1) * sizeof(int)), 0};
    char word[WORD_MAX + 1];
    size_t len;
    if (!w.ids)
        return (struct words){0};
    for (;;) {
        const char *known;
        at = next_word(at, word, &len);
        if (!len)
            return w;
        word[stem(word, len)] = '\0';
        known = synonym(word);
        if (!is_filler(known))
            w.ids[w.count++] = vocabulary_add(v, known, strlen(known));
    }
}

int text_joined(struct vocabulary *v, const int *ids, int count)
{
    char joined[CONCEPT_MAX];
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        const char *word = v->words[ids[i]];
        size_t n = strlen(word);
        if (len + n > sizeof joined)
            break;
        for (size_t k = 0; k < n; k++)
            joined[len++] = word[k];
    }
    return vocabulary_add(v, joined, len);
}

int text_concept(struct vocabulary *v, struct arena *arena, const char *text)
{
    struct words w = text_words(v, arena, text);
    return text_joined(v, w.ids, w.count);
}

bool text_contains(struct words all, int word)
{
    for (int i = 0; i < all.count; i++)
        if (all.ids[i] == word)
            return true;
    return false;
}

/* --- likeness ----------------------------------------------------------------------------------------------------- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Is the edit distance at most `most`? Only the diagonals that can hold so small a distance are looked at, and rows
 * are given up as soon as all of one is beyond it. */
static bool is_within_edits(const char *a, int n, const char *b, int m, int most)
{
    int row[SIMILAR_MAX + 1];
    for (int j = 0; j <= m; j++)
        row[j] = j;
    for (int i = 1; i <= n; i++) {
        int from = i - most > 1 ? i - most : 1, to = least(i + most, m), diagonal = row[from - 1], best = most + 1;
        row[from - 1] = from == 1 ? i : most + 1;
        for (int j = from; j <= to; j++) {
            int above = j == i + most ? most + 1 : row[j]; /* beyond the diagonals of the row before */
            row[j] = least(least(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
            best = least(best, row[j]);
        }
        if (best > most)
            return false;
    }
    return row[m] <= most;
}

bool text_is_near(struct arena *arena, const char *a, const char *b)
{
    int n = (int)strnlen(a, SIMILAR_MAX), m = (int)strnlen(b, SIMILAR_MAX), longer = n > m ? n : m, most;
    const char *x, *y;
    if (abs(n - m) > longer / 2) /* folding may change lengths, but not so much */
        return false;
    x = text_fold(arena, a);
    y = text_fold(arena, b);
    n = (int)strnlen(x, SIMILAR_MAX);
    m = (int)strnlen(y, SIMILAR_MAX);
    longer = n > m ? n : m;
    most = (int)((1.0 - TEXT_NEAR) * longer);
    return abs(n - m) <= most && is_within_edits(x, n, y, m, most);
}

size_t text_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}
