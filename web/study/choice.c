#include "web/study/choice.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "web/study/phrase.h"

bool choice_lengths(size_t shortest, size_t longest)
{
    return longest - shortest <= 12 || (double)longest <= 1.8 * (double)shortest;
}

static bool has_digit(const char *text)
{
    return strpbrk(text, "0123456789") != NULL;
}

bool choice_like(enum value_kind kind, const char *a, const char *b)
{
    bool proper = kind == VALUE_FORMAT || kind == VALUE_ALGORITHM;
    if (!proper && (isupper((unsigned char)*a) != 0) != (isupper((unsigned char)*b) != 0))
        return false;
    if (kind == VALUE_NUMBER)
        return (strchr(a, '.') != NULL) == (strchr(b, '.') != NULL);
    if (kind == VALUE_NAME && (strchr(a, ' ') != NULL) != (strchr(b, ' ') != NULL))
        return false;
    if (kind == VALUE_NAME || kind == VALUE_CHOICE || kind == VALUE_METRIC || kind == VALUE_MODE || kind == VALUE_ITEM)
        return (strchr(a, '_') != NULL) == (strchr(b, '_') != NULL) &&
               (strchr(a, ':') != NULL) == (strchr(b, ':') != NULL) && has_digit(a) == has_digit(b);
    return true;
}

static bool is_within(const char *a, const char *b)
{
    return strcasestr(a, b) || strcasestr(b, a);
}

/* Numbers differ by as little as they like; other options must be apart. */
static bool is_near(struct question_list *list, enum value_kind kind, const char *a, const char *b)
{
    if (kind == VALUE_NUMBER)
        return text_concept(&list->table->vocabulary, &list->scratch, a) ==
               text_concept(&list->table->vocabulary, &list->scratch, b);
    return is_within(a, b) || text_is_near(&list->scratch, a, b);
}

/* Does an option repeat a word of the stem that says something? */
static bool echoes(struct question_list *list, struct words stem, const char *option)
{
    struct words w = text_words(&list->table->vocabulary, &list->scratch, option);
    return fact_shared(list->table, w, stem) > 0;
}

struct question_option *choice_add(struct choice *choice, struct question_list *list, enum value_kind kind,
                                   const char *key, struct question_option wrong)
{
    size_t a = text_length(key), b = text_length(wrong.text);
    if (choice->count >= CHOICE_MOST || !choice_like(kind, key, wrong.text) ||
        !choice_lengths(a < b ? a : b, a < b ? b : a) || is_near(list, kind, key, wrong.text) ||
        echoes(list, choice->stem, wrong.text))
        return NULL;
    for (int i = 0; i < choice->count; i++)
        if (is_near(list, kind, choice->wrong[i].text, wrong.text))
            return NULL;
    choice->wrong[choice->count] = wrong;
    return &choice->wrong[choice->count++];
}

/* The lengths that the options may have once those chosen are in. */
struct span {
    size_t shortest, longest;
};

static bool span_takes(struct span *span, size_t length)
{
    struct span wider = {length < span->shortest ? length : span->shortest,
                         length > span->longest ? length : span->longest};
    if (!choice_lengths(wider.shortest, wider.longest))
        return false;
    *span = wider;
    return true;
}

/* Takes up to `most` of the wrong options that are shorter (-1) or longer (1) than the key, or any (0). */
static int take(const struct choice *choice, bool *taken, size_t key, int side, int most, struct span *span)
{
    int n = 0;
    for (int i = 0; i < choice->count && n < most; i++) {
        size_t length = text_length(choice->wrong[i].text);
        if (taken[i] || (side < 0 && length > key) || (side > 0 && length < key) || !span_takes(span, length))
            continue;
        taken[i] = true;
        n++;
    }
    return n;
}

bool choice_fill(struct choice *choice, struct question_list *list, struct question *q, const char *key, int key_line)
{
    bool taken[CHOICE_MOST] = {false};
    size_t length = text_length(key);
    struct span span = {length, length};
    uint64_t seed = question_seed(q);
    int wrong = choice->count < CHOICE_OPTIONS - 1 ? choice->count : CHOICE_OPTIONS - 1;
    int shorter = (int)((seed >> 17) % (uint64_t)(wrong + 1)), n = 0, at = 0;
    if (wrong < 2 || echoes(list, choice->stem, key))
        return false;
    n += take(choice, taken, length, -1, shorter, &span);
    n += take(choice, taken, length, 1, wrong - shorter, &span);
    n += take(choice, taken, length, 0, wrong - n, &span);
    if (n < 2)
        return false;
    q->option_count = n + 1;
    q->key = (int)((seed >> 33) % (uint64_t)q->option_count);
    for (int i = 0; i < choice->count; i++) {
        if (!taken[i])
            continue;
        at += at == q->key;
        q->options[at++] = choice->wrong[i];
        question_cite(list, q, choice->wrong[i].true_line);
        question_cite(list, q, choice->wrong[i].false_line);
        if (choice->wrong[i].list_line)
            question_cite(list, q, choice->wrong[i].list_line);
    }
    q->options[q->key] = (struct question_option){.text = key, .true_line = key_line};
    question_answer(list, q, key);
    return true;
}
