#include "web/study/notes_grammar.h"

#include <string.h>
#include <strings.h>

#include "web/study/notes_line.h"
#include "web/study/utf8.h"

struct word {
    const char *at;
    size_t len;
};

/* Verbs that open a statement about what the section is about, or an instruction. */
static const char *const opening_verbs[] = {
    "add",     "allows", "always",   "applies",  "are",      "asks",   "avoid",    "builds",   "can",
    "cannot",  "choose", "combine",  "comes",    "contains", "could",  "creates",  "detects",  "do",
    "does",    "don't",  "don’t",    "expects",  "finds",    "gives",  "goes",     "handles",  "has",
    "have",    "helps",  "identify", "include",  "is",       "keep",   "keeps",    "knows",    "learns",
    "let",     "makes",  "may",      "might",    "move",     "must",   "needs",    "never",    "optimises",
    "outputs", "picks",  "predicts", "produces", "put",      "reads",  "remove",   "requires", "returns",
    "runs",    "should", "splits",   "start",    "stops",    "stores", "supports", "takes",    "trains",
    "use",     "uses",   "wants",    "was",      "were",     "will",   "works",    "writes",
};

/* Verbs that make a statement of the words before them. */
static const char *const inner_verbs[] = {
    "are",   "can",     "can't",  "cannot", "consist", "consists", "did",  "do",    "does",  "doesn't",
    "don't", "doesn’t", "don’t",  "had",    "has",     "have",     "is",   "isn't", "may",   "might",
    "must",  "needs",   "should", "takes",  "uses",    "was",      "were", "will",  "won't", "would",
};

static const char *const condition_openers[] = {
    "at", "during", "for", "if", "in", "on", "under", "when", "with", "without",
};

static const char *const rule_openers[] = {"always", "avoid", "don't", "don’t", "never", "only", "remember"};

/* Words a lower-case line begins with when it is the rest of the one above. */
static const char *const connectives[] = {
    "and", "as", "because", "but",  "by",   "for", "from", "if",    "in",    "into",  "like", "nor",   "of",   "on",
    "or",  "so", "than",    "that", "then", "to",  "when", "where", "which", "while", "who",  "whose", "with",
};

/* Those that say so even where every line begins in lower case. */
static const char *const strong_connectives[] = {"and", "because", "but", "or", "so", "which", "whose"};

static const char *const examples[] = {"e.g", "eg", "i.e", "ie"};

static const char *const modals[] = {"can", "could", "may", "might", "must", "should"};

/* A long line with a colon only announces when it ends with one of these, or names what follows. */
static const char *const open_ends[] = {
    "a",   "an",      "and",      "are", "as",   "at", "be", "by", "contain", "contains", "either", "for",   "from",
    "has", "include", "includes", "in",  "into", "is", "of", "on", "or",      "the",      "to",     "using", "with",
};
static const char *const announcers[] = {"following", "follows", "below", "these"};

/* Words of clauses, not of headings. */
static const char *const pronouns[] = {"he", "her", "him", "i", "it", "me", "she", "them", "they", "us", "we", "you"};

static bool listed(struct word word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == word.len && strncasecmp(list[i], word.at, word.len) == 0)
            return true;
    return false;
}
#define LISTED(word, list) listed(word, list, sizeof(list) / sizeof *(list))

/* The next word without the punctuation around it; a word of punctuation only has length 0. False at the end. */
static bool next_word(const char **text, struct word *word)
{
    const char *from = *text, *end;
    while (*from == ' ')
        from++;
    if (!*from)
        return false;
    end = from + strcspn(from, " ");
    *text = end;
    while (from < end && strchr("(\"'*_`[", *from))
        from++;
    while (end > from && strchr(".,;:!?)\"'*_`]", end[-1]))
        end--;
    *word = (struct word){from, (size_t)(end - from)};
    return true;
}

static struct word first_word(const char *text)
{
    struct word word = {text, 0};
    next_word(&text, &word);
    return word;
}

static struct word last_word(const char *text)
{
    struct word word = {text, 0};
    const char *blank = strrchr(text, ' ');
    text = blank ? blank : text;
    next_word(&text, &word);
    return word;
}

int grammar_words(const char *text)
{
    struct word word;
    int count = 0;
    while (next_word(&text, &word))
        count += word.len > 0;
    return count;
}

bool grammar_ends_with_colon(const char *text)
{
    size_t len = strlen(text);
    return (len > 1 && text[len - 1] == ':') || (len > 3 && strcmp(text + len - 3, "：") == 0);
}

/* "Implemented with", "Used in": a participle and what it asks for. */
static bool is_participle(struct word word, struct word after)
{
    static const char *const asked[] = {"as", "by", "for", "from", "in", "into", "on", "to", "with"};
    return word.len > 3 && strncasecmp(word.at + word.len - 2, "ed", 2) == 0 && LISTED(after, asked);
}

/* A verb between the first word and the first arrow, bracket, "=" or example. */
static bool has_inner_verb(const char *text)
{
    struct word word;
    int place = 0;
    while (next_word(&text, &word)) {
        bool bracket = place > 0 && word.at[-1] == '(';
        if (bracket || *word.at == '=' || line_arrow(word.at, word.len) || LISTED(word, examples))
            return false;
        if (place++ > 0 && LISTED(word, inner_verbs))
            return true;
    }
    return false;
}

/* A word with a label's colon behind it is no verb: "start: the first time stamp". */
static bool is_label(const char *text, struct word word)
{
    return word.at + word.len < text + strlen(text) && word.at[word.len] == ':';
}

bool grammar_opens_with_verb(const char *text)
{
    struct word first = first_word(text);
    return LISTED(first, opening_verbs) && !is_label(text, first) && grammar_words(text) > 1;
}

bool grammar_is_statement(const char *text)
{
    const char *rest = text;
    struct word first = {text, 0}, second = {text, 0};
    if (!next_word(&rest, &first) || is_label(text, first))
        return false;
    next_word(&rest, &second);
    if (grammar_opens_with_verb(text) || (grammar_opens_condition(text) && strchr(text, ',')))
        return true;
    return is_participle(first, second) || (grammar_words(text) >= 5 && has_inner_verb(text));
}

bool grammar_opens_condition(const char *text)
{
    return LISTED(first_word(text), condition_openers);
}

bool grammar_is_condition(const char *text)
{
    size_t size;
    int words = grammar_words(text);
    if (!grammar_opens_condition(text) || words < 2 || words > 6)
        return false;
    if (strpbrk(text, ",;:=") || strchr(".!?", text[strlen(text) - 1]) || has_inner_verb(text))
        return false;
    for (const char *at = text; *at; at++)
        if (line_arrow(at, strlen(at)))
            return false;
    return !utf8_is_lower(utf8_character(text, strlen(text), &size));
}

bool grammar_stands_alone(const char *text)
{
    struct word word;
    const char *rest = text;
    bool says = false;
    if (grammar_words(text) < 7 || grammar_opens_condition(text) || LISTED(last_word(text), open_ends))
        return false;
    while (next_word(&rest, &word)) {
        if (LISTED(word, announcers))
            return false;
        says = says || LISTED(word, inner_verbs) || LISTED(word, opening_verbs) || LISTED(word, pronouns);
    }
    return says; /* "Most telling hyperparameters of the MXNet variant:" says nothing by itself */
}

bool grammar_is_rule(const char *text)
{
    return LISTED(first_word(text), rule_openers);
}

bool grammar_defines(const char *text)
{
    struct word word;
    for (int place = 0; place < 4 && next_word(&text, &word); place++)
        if (place > 0 && word.len && (*word.at == '=' || line_arrow(word.at, word.len)))
            return true;
    return false;
}

bool grammar_carries_on(const char *text, bool hard_wrapped, bool lower_case)
{
    size_t size;
    struct word first = first_word(text);
    bool lower = utf8_is_lower(utf8_character(text, strlen(text), &size));
    if (is_label(text, first))
        return false;
    if (LISTED(first, examples))
        return true;
    if (!lower || grammar_words(text) < 2)
        return false;
    return (hard_wrapped && !grammar_defines(text)) ||
           (lower_case ? LISTED(first, strong_connectives) : LISTED(first, connectives));
}

bool grammar_lacks_subject(const char *text)
{
    const char *rest = text;
    struct word first = {text, 0}, second = {text, 0};
    next_word(&rest, &first);
    next_word(&rest, &second);
    return LISTED(first, modals) && second.len == 2 && strncasecmp(second.at, "be", 2) == 0;
}

bool grammar_refers_to(const char *text, const char *above)
{
    const char *comma = strchr(text, ',');
    struct word first = first_word(text);
    const char *from = first.at + first.len;
    char thing[64];
    size_t len;
    if (!comma || from >= comma || !LISTED(first, condition_openers))
        return false;
    from += *from == ' ';
    len = (size_t)(comma - from);
    if (len < 4 || len >= sizeof thing)
        return false;
    memcpy(thing, from, len);
    thing[len] = '\0';
    return strcasestr(above, thing) != NULL;
}

bool grammar_breaks_off(const char *text)
{
    size_t len = strlen(text);
    int open = 0;
    for (const char *at = text; *at; at++)
        open += *at == '(' ? 1 : *at == ')' && open ? -1 : 0;
    if (open || !len || strchr(",;-", text[len - 1]))
        return true;
    for (size_t size = 2; size <= 3 && size <= len; size++)
        if (line_arrow(text + len - size, size) == size)
            return true;
    return grammar_words(text) > 2 && LISTED(last_word(text), open_ends);
}
