#include "web/study/pair.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "web/study/phrase.h"

#define ARROW "\xE2\x86\x92"
#define NAME_BYTES 48
#define NAME_WORDS 4

/* A sentence begins so, a name does not. */
static const char *const no_names[] = {"only",   "can",    "must", "use", "uses", "start", "move",  "don't",
                                       "choose", "always", "if",   "for", "in",   "may",   "never", "this",
                                       "it",     "with",   "when", "not", "also", "or",    "has",   "have"};

/* What a writer puts before a colon to say what sort of line it is. */
static const char *const labels[] = {"recommendation", "recommended", "note", "notes",  "inference",
                                     "training",       "example",     "tip",  "warning"};

static bool may_be_name(const char *name)
{
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names && phrase_words(name) > 1; i++)
        if (phrase_begins(name, no_names[i]))
            return false;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcasecmp(name, labels[i]) == 0)
            return false;
    return *name && strlen(name) <= NAME_BYTES && phrase_words(name) <= NAME_WORDS && !strpbrk(name, "(),;.?!") &&
           strstr(name, "\xE2\x80\x9C") == NULL;
}

/* --- "; default 0.3; it must always be given" --------------------------------------------------------------------- */

static const char *const marks_of_default[] = {"default ", "default: ", "by default "};

/* The text after "default" when a clause consists of no more than that. */
static const char *default_of(const char *clause)
{
    for (size_t i = 0; i < sizeof marks_of_default / sizeof *marks_of_default; i++) {
        size_t n = strlen(marks_of_default[i]);
        if (strncasecmp(clause, marks_of_default[i], n) == 0 && phrase_words(clause + n) == 1)
            return clause + n;
    }
    return NULL;
}

static bool is_required(const char *clause)
{
    return strcasecmp(clause, "it must always be given") == 0 || strcasecmp(clause, "required") == 0;
}

/* Takes the clauses about default and duty off the meaning's end. */
static char *strip_clauses(struct pair *pair, struct arena *arena, const char *meaning)
{
    char *text = arena_copy(arena, meaning, strlen(meaning));
    for (;;) {
        char *semicolon = strrchr(text, ';'), *clause;
        if (!semicolon)
            return text;
        clause = phrase_plain(arena, semicolon + 1);
        if (is_required(clause))
            pair->required = true;
        else if (default_of(clause) && !pair->standard)
            pair->standard = default_of(clause);
        else
            return text;
        *semicolon = '\0';
    }
}

/* --- pairs -------------------------------------------------------------------------------------------------------- */

struct cut {
    size_t at, len; /* the sign between the halves */
    char sign;      /* '=', '>', ':', ',' */
};

static struct cut find_sign(const char *text, bool in_list)
{
    for (size_t i = *text != '\0'; text[i]; i++) {
        if (text[i] == '(')
            break;
        if (text[i] == '=' && text[i - 1] == ' ' && text[i + 1] == ' ')
            return (struct cut){i, 1, '='};
        if (strncmp(text + i, ARROW, strlen(ARROW)) == 0)
            return (struct cut){i, strlen(ARROW), '>'};
        if (text[i] == ':' && text[i + 1] == ' ')
            return (struct cut){i, 1, ':'};
        if (text[i] == ',' && text[i + 1] == ' ' && in_list)
            return (struct cut){i, 1, ','};
    }
    return (struct cut){0, 0, 0};
}

static bool begins_clause(const char *meaning)
{
    static const char *const openers[] = {"which", "with", "without", "so", "and", "or", "where",
                                          "when",  "that", "but",     "if", "not", "by", "from"};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        if (phrase_begins(meaning, openers[i]))
            return true;
    return false;
}

static bool pair_defines(const struct pair *pair, char sign, struct pair_place place)
{
    bool single = phrase_words(pair->name) == 1;
    switch (sign) {
    case '=':
        return true;
    case ',':
        return single && islower((unsigned char)pair->meaning[0]) && !begins_clause(pair->meaning) &&
               phrase_words(pair->meaning) >= 2;
    case ':':
        return place.names || (place.in_list && single && islower((unsigned char)pair->meaning[0]));
    default:
        return place.names;
    }
}

/* Hyperparameters are written in small letters, variables of the environment in capitals. */
static bool is_identifier(const char *name)
{
    for (; *name; name++)
        if (islower((unsigned char)*name))
            return true;
    return false;
}

/* "JSON lines format", "Word2vec": something with a name of its own, so that one can ask what is said about it. */
static bool names_thing(const char *name)
{
    for (const char *word = name; *word; word += strcspn(word, " "), word += strspn(word, " "))
        if (phrase_is_name(word))
            return true;
    return false;
}

bool pair_parse(struct pair *pair, struct arena *arena, const char *text, struct pair_place place)
{
    struct cut cut = find_sign(text, place.in_list);
    char *name;
    *pair = (struct pair){0};
    if (!cut.len)
        return false;
    name = phrase_plain(arena, arena_copy(arena, text, cut.at));
    if (!may_be_name(name))
        return false;
    pair->name = place.names || strchr(name, '_') || place.in_list ? phrase_identifier(arena, name) : name;
    pair->meaning = phrase_plain(arena, strip_clauses(pair, arena, text + cut.at + cut.len));
    if (!*pair->meaning)
        return false;
    pair->defines = pair_defines(pair, cut.sign, place);
    pair->label = cut.sign == ':' && !pair->defines;
    pair->hyper = pair->defines && is_identifier(pair->name) &&
                  (place.names || (cut.sign == '=' && !place.in_list && strchr(pair->name, '_')));
    return pair->defines || pair->label || (cut.sign == '>' && names_thing(pair->name));
}

/* "cat, categorical features", "Word2Vec, which is unsupervised": does the comma end the name? */
static bool parts_name(const char *text, const char *comma)
{
    const char *space = strchr(text, ' ');
    return space > comma || begins_clause(comma + 2) || phrase_begins(comma + 2, "the") ||
           phrase_begins(comma + 2, "a");
}

char *pair_item(struct arena *arena, const char *text)
{
    const char *comma = strstr(text, ", ");
    const char *ends[] = {strstr(text, " ("),  comma && parts_name(text, comma) ? comma : NULL,
                          strstr(text, " = "), strstr(text, ": "),
                          strstr(text, ARROW), strstr(text, " e.g. ")};
    size_t len = strlen(text);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i] && ends[i] > text && (size_t)(ends[i] - text) < len)
            len = (size_t)(ends[i] - text);
    return phrase_plain(arena, arena_copy(arena, text, len));
}

/* Splits "a, b or c"; 0 unless every part is one word. */
static int split_choices(struct arena *arena, const char *text, const char *choices[PAIR_CHOICES])
{
    int n = 0;
    while (*text) {
        const char *comma = strstr(text, ", "), * or = strstr(text, " or "), *end = comma;
        if (or &&(!end || or < end))
            end = or ;
        if (n == PAIR_CHOICES)
            return 0;
        choices[n] = arena_copy(arena, text, end ? (size_t)(end - text) : strlen(text));
        if (phrase_begins(choices[n], "or"))
            choices[n] += 3;
        if (phrase_words(choices[n]) != 1 || strpbrk(choices[n], "();\xE2") || phrase_begins(choices[n], "etc"))
            return 0;
        n++;
        text = end ? end + (end == comma ? 2 : 4) : text + strlen(text);
    }
    return n >= 2 ? n : 0;
}

int pair_choices(struct arena *arena, const struct pair *pair, const char *text, const char **name,
                 const char *choices[PAIR_CHOICES])
{
    const char *open = strchr(text, '('), *colon;
    size_t len = strlen(text);
    char *inner;
    if (pair && pair->defines) {
        *name = pair->name;
        colon = strrchr(pair->meaning, ':');
        return split_choices(arena, colon && colon[1] == ' ' ? colon + 2 : pair->meaning, choices);
    }
    if (pair || !open || open == text || text[len - 1] != ')')
        return 0;
    inner = arena_copy(arena, text, (size_t)(open - text));
    *name = phrase_identifier(arena, phrase_plain(arena, inner));
    if (phrase_words(*name) != 1)
        return 0;
    return split_choices(arena, arena_copy(arena, open + 1, len - (size_t)(open - text) - 2), choices);
}

bool pair_halves(struct arena *arena, const char *text, char **first, char **second)
{
    const char *arrow = strstr(text, ARROW), *open = strchr(text, '(');
    *first = *second = NULL;
    if (!arrow || (open && open < arrow && !memchr(open, ')', (size_t)(arrow - open))))
        return false;
    *first = phrase_plain(arena, arena_copy(arena, text, (size_t)(arrow - text)));
    *second = phrase_plain(arena, arrow + strlen(ARROW));
    return phrase_words(*first) >= 1 && phrase_words(*second) >= 2;
}
