#include "web/study/phrase.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

char *phrase_format(struct arena *arena, const char *format, ...)
{
    static char nothing[1];
    va_list args;
    int len;
    char *out;
    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    out = len >= 0 ? arena_take(arena, (size_t)len + 1) : NULL;
    if (!out)
        return nothing;
    va_start(args, format);
    vsnprintf(out, (size_t)len + 1, format, args);
    va_end(args);
    return out;
}

/* --- letters ------------------------------------------------------------------------------------------------------ */

static size_t first_word_length(const char *text)
{
    return strcspn(text, " \t");
}

bool phrase_begins(const char *text, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(text, word, n) == 0 && !isalnum((unsigned char)text[n]) && text[n] != '_';
}

int phrase_words(const char *text)
{
    int n = 0;
    while (*(text += strspn(text, " \t"))) {
        n++;
        text += first_word_length(text);
    }
    return n;
}

bool phrase_is_name(const char *text)
{
    size_t n = first_word_length(text);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isdigit(c) || c == '_' || (c == ':' && i + 1 < n) || c >= 0x80 ||
            (i > 0 && isupper(c) && text[i - 1] != '-' && text[i - 1] != '('))
            return true;
    }
    return n == 0 || (n == 1 && text[0] != 'A' && text[0] != 'a');
}

char *phrase_lower(struct arena *arena, const char *text)
{
    char *out = arena_copy(arena, text, strlen(text));
    if (*out && !phrase_is_name(text))
        out[0] = (char)tolower((unsigned char)out[0]);
    return out;
}

char *phrase_upper(struct arena *arena, const char *text)
{
    char *out = arena_copy(arena, text, strlen(text));
    if (*out && !phrase_is_name(text))
        out[0] = (char)toupper((unsigned char)out[0]);
    return out;
}

char *phrase_identifier(struct arena *arena, const char *text)
{
    char *out = arena_copy(arena, text, strlen(text));
    size_t n = first_word_length(text), upper = 0;
    for (size_t i = 1; i < n; i++)
        upper += isupper((unsigned char)text[i]) != 0;
    if (isupper((unsigned char)out[0]) && (islower((unsigned char)out[1]) || out[1] == '_') && !upper)
        out[0] = (char)tolower((unsigned char)out[0]);
    return out;
}

/* --- plain -------------------------------------------------------------------------------------------------------- */

static const char *const arrows[] = {"\xE2\x86\x92", "\xE2\x80\x93>", "\xE2\x80\x94>", "-->", "->",
                                     "=>",           "\xE2\x87\x92"};

/* The length of an arrow at the start, 0 when there is none. */
static size_t arrow_length(const char *text)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (strncmp(text, arrows[i], strlen(arrows[i])) == 0)
            return strlen(arrows[i]);
    return 0;
}

char *phrase_plain(struct arena *arena, const char *text)
{
    char *out = arena_take(arena, strlen(text) + 2), *to = out;
    bool after_arrow = false;
    if (!out)
        return arena_copy(arena, "", 0);
    while (*text) {
        size_t arrow = arrow_length(text);
        if (arrow) {
            while (to > out && strchr(" ,;", to[-1]))
                to--;
            if (to > out) {
                *to++ = ',';
                *to++ = ' ';
            }
            text += arrow + strspn(text + arrow, " \t");
            after_arrow = to > out && !phrase_is_name(text);
        } else if ((*text == ' ' || *text == '\t') && (to == out || to[-1] == ' ')) {
            text++;
        } else {
            *to++ = *text == '\t' ? ' ' : after_arrow ? (char)tolower((unsigned char)*text) : *text;
            after_arrow = false;
            text++;
        }
    }
    while (to > out && strchr(" .,;:", to[-1]))
        to--;
    *to = '\0';
    return out;
}

/* --- lead-ins ----------------------------------------------------------------------------------------------------- */

static const char *const modals[] = {"must", "can", "should", "may"};
static const char *const prepositions[] = {"for", "on", "with", "in", "of", "from", "by", "to", "at"};
static const char *const conditions[] = {"for", "if", "in", "with", "when", "before", "after", "during", "without"};
static const char *const after_plural[] = {"of",   "for", "to",  "it", "that", "with", "in",
                                           "from", "on",  "you", "at", "by",   "each"};
/* Words that begin no noun phrase. */
static const char *const no_nouns[] = {"can",   "must", "should", "may",   "is",    "are",    "has",
                                       "have",  "only", "always", "never", "do",    "choose", "start",
                                       "train", "this", "it",     "there", "these", "each"};
static const char *const quantities[] = {"multiple", "several", "different", "many", "various",
                                         "two",      "three",   "four",      "five"};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool is_one_of(const char *word, size_t len, const char *const *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i]) == len && strncasecmp(word, table[i], len) == 0)
            return true;
    return false;
}

#define LEAD_WORDS 12
struct lead {
    const char *at[LEAD_WORDS];
    size_t len[LEAD_WORDS];
    int count;
};

static struct lead split(const char *text)
{
    struct lead lead = {.count = 0};
    while (*(text += strspn(text, " \t")) && lead.count < LEAD_WORDS) {
        lead.at[lead.count] = text;
        lead.len[lead.count++] = first_word_length(text);
        text += first_word_length(text);
    }
    if (*text)
        lead.count = 0; /* too long for any rule */
    return lead;
}

/* "be used for", "contain", "optimise on": may a question end with this? */
static bool is_verb_tail(const struct lead *lead, int from)
{
    int n = lead->count - from;
    bool passive = n > 0 && lead->len[from] == 2 && strncasecmp(lead->at[from], "be", 2) == 0;
    if (passive)
        return n == 3 && is_one_of(lead->at[from + 2], lead->len[from + 2], prepositions, COUNT(prepositions));
    return n == 1 || (n == 2 && is_one_of(lead->at[from + 1], lead->len[from + 1], prepositions, COUNT(prepositions)));
}

/* "Pairs it can learn from", "fields that each record must contain": the modal belongs to a clause. */
static bool has_clause(const struct lead *lead, int before)
{
    static const char *const openers[] = {"it", "you", "that", "which", "they"};
    for (int i = 0; i < before; i++)
        if (is_one_of(lead->at[i], lead->len[i], openers, COUNT(openers)) && i > 0)
            return true;
    return false;
}

/* "Each record must contain" -> "what must each record contain"; "Can be used for" -> "what can it be used for". */
static char *ask_modal(struct arena *arena, const char *text, const struct lead *lead)
{
    for (int i = 0; i < lead->count - 1 && i <= 4; i++) {
        size_t subject;
        char *before, *modal;
        if (!is_one_of(lead->at[i], lead->len[i], modals, COUNT(modals)))
            continue;
        if (!is_verb_tail(lead, i + 1) || has_clause(lead, i))
            return NULL;
        subject = (size_t)(lead->at[i] - text);
        while (subject && text[subject - 1] == ' ')
            subject--;
        before = subject ? phrase_lower(arena, arena_copy(arena, text, subject)) : arena_copy(arena, "it", 2);
        modal = phrase_lower(arena, arena_copy(arena, lead->at[i], lead->len[i]));
        return phrase_format(arena, "what %s %s %s", modal, before, lead->at[i + 1]);
    }
    return NULL;
}

static bool is_plural(const char *word, size_t len)
{
    return len >= 4 && word[len - 1] == 's' && !strchr("siu'", word[len - 2]);
}

/* "Training formats" -> "what are the training formats"; at most two words before the plural. */
static char *ask_plural(struct arena *arena, const char *text, const struct lead *lead)
{
    bool cases = lead->count > 1 && phrase_begins(lead->at[1], "cases");
    if (!lead->count || is_one_of(lead->at[0], lead->len[0], no_nouns, COUNT(no_nouns)) ||
        (phrase_begins(text, "use") && !cases))
        return NULL;
    for (int i = 0; i < lead->count && i <= 2; i++) {
        if (!is_plural(lead->at[i], lead->len[i]))
            continue;
        if (i + 1 < lead->count && is_plural(lead->at[i + 1], lead->len[i + 1]))
            continue;
        if (i + 1 < lead->count && !is_one_of(lead->at[i + 1], lead->len[i + 1], after_plural, COUNT(after_plural)))
            continue;
        return phrase_format(arena, phrase_begins(text, "the") ? "what are %s" : "what are the %s",
                             phrase_lower(arena, text));
    }
    return NULL;
}

/* "Word2vec has multiple modes" -> "which modes does Word2vec have"; "Can use it" -> "how can you use it". */
static char *ask_has(struct arena *arena, const char *text, const struct lead *lead)
{
    int n = lead->count;
    if (n == 3 && phrase_begins(text, "can") && phrase_begins(lead->at[2], "it"))
        return phrase_format(arena, "how can you %s", lead->at[1]);
    if (n < 3 || n > 5 || !is_plural(lead->at[n - 1], lead->len[n - 1]))
        return NULL;
    for (int i = 1; i < n - 1; i++) {
        bool counted = i == n - 3 && is_one_of(lead->at[i + 1], lead->len[i + 1], quantities, COUNT(quantities));
        if (phrase_begins(lead->at[i], "has") && (i == n - 2 || counted))
            return phrase_format(arena, "which %s does %.*s have", lead->at[n - 1], (int)(lead->at[i] - text - 1),
                                 text);
    }
    return NULL;
}

char *phrase_ask_plural(struct arena *arena, const char *text)
{
    struct lead lead = split(text);
    return ask_plural(arena, text, &lead);
}

char *phrase_ask(struct arena *arena, const char *lead_in)
{
    char *text = phrase_plain(arena, lead_in), *asked;
    struct lead lead = split(text);
    if (lead.count && is_one_of(lead.at[0], lead.len[0], conditions, COUNT(conditions)))
        return phrase_format(arena, "what applies %s", phrase_lower(arena, text));
    if ((asked = ask_has(arena, text, &lead)) || (asked = ask_modal(arena, text, &lead)) ||
        (asked = ask_plural(arena, text, &lead)))
        return asked;
    if (phrase_words(text) <= 4 && !strpbrk(text, ",;.") &&
        !is_one_of(text, first_word_length(text), modals, COUNT(modals)))
        return phrase_format(arena, "what should you know about \xE2\x80\x9C%s\xE2\x80\x9D", text);
    return phrase_format(arena, "how does \xE2\x80\x9C%s \xE2\x80\xA6\xE2\x80\x9D go on", text);
}
