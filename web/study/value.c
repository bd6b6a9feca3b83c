#include "web/study/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/study/notes_grammar.h"
#include "web/study/phrase.h"

#define ITEM_WORDS 5
#define ITEM_BYTES 64 /* a longer item is a statement */
#define NAME_WORDS 4  /* of a bare hyperparameter */
#define MEANING_BYTES 160

/* --- adding ------------------------------------------------------------------------------------------------------- */

static struct value *value_new(struct fact_table *t)
{
    if ((size_t)t->value_count == t->value_room) {
        size_t room = t->value_room ? t->value_room * 2 : 256;
        struct value *values = realloc(t->values, room * sizeof *values);
        if (!values)
            return NULL;
        t->values = values;
        t->value_room = room;
    }
    return &t->values[t->value_count++];
}

/* "validation:accuracy" is accuracy. */
static const char *without_qualifier(const char *text)
{
    static const char *const qualifiers[] = {"validation:", "train:", "test:"};
    for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers; i++)
        if (strncasecmp(text, qualifiers[i], strlen(qualifiers[i])) == 0 && text[strlen(qualifiers[i])] != ' ')
            return text + strlen(qualifiers[i]);
    return text;
}

/* "dropout_rate", "early_stopping_patience": whatever holds a common name is common. */
static bool is_common(struct fact_table *t, enum value_kind kind, struct words w)
{
    for (int len = w.count < 3 ? w.count : 3; len >= 1; len--)
        for (int at = 0; at + len <= w.count; at++) {
            const struct term *term = term_find(&t->terms, text_joined(&t->vocabulary, w.ids + at, len));
            if (term && term->common && (len == w.count || (kind == VALUE_NAME && term->kind == VALUE_NAME)))
                return true;
        }
    return false;
}

static int value_add(struct fact_table *t, enum value_kind kind, int fact, const char *text)
{
    const struct notes_fact *f = &t->notes->facts[fact];
    struct value v = {
        .kind = kind, .algorithm = t->facts[fact].algorithm, .section = f->section, .fact = fact, .line = f->line};
    struct value *to;
    v.list = t->facts[fact].parent;
    v.group = kind == VALUE_ITEM ? f->section : v.algorithm;
    v.text = text;
    v.words = text_words(&t->vocabulary, t->arena, without_qualifier(text));
    v.concept = text_joined(&t->vocabulary, v.words.ids, v.words.count);
    if (!v.concept)
        return t->arena->failed ? -1 : 0;
    v.hash = fact_hash(t->vocabulary.words[v.concept]);
    v.common = is_common(t, kind, v.words);
    v.slip = slips_text(&t->slips, v.words, text);
    if (!(to = value_new(t)))
        return -1;
    *to = v;
    return 0;
}

/* --- kinds of lists ----------------------------------------------------------------------------------------------- */

/* Lead-ins by a word of theirs; the first that fits. */
static const struct {
    const char *word;
    enum value_kind kind;
} list_words[] = {
    {"hyperparameters", VALUE_ITEM},
    {"channels", VALUE_CHANNEL},
    {"formats", VALUE_FORMAT},
    {"format", VALUE_FORMAT},
    {"metrics", VALUE_METRIC},
    {"modes", VALUE_MODE},
    {"uses", VALUE_USE},
    {"used for", VALUE_USE},
    {"use cases", VALUE_USE},
    {"solves", VALUE_USE},
    {"optimise on", VALUE_METRIC},
    {"optimize on", VALUE_METRIC},
};

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = text; (at = strcasestr(at, word)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
            return true;
    return false;
}

/* Formats of requests and answers are a matter of their own: they say nothing of what training takes. */
static enum value_kind list_kind(const struct fact_table *t, int lead)
{
    const char *text = t->notes->facts[lead].text;
    if (fact_in_slot(t, lead, "inference"))
        return VALUE_ITEM;
    for (size_t i = 0; i < sizeof list_words / sizeof *list_words; i++)
        if (has_word(text, list_words[i].word))
            return list_words[i].kind;
    if (fact_in_slot(t, lead, "input") && phrase_begins(text, "input"))
        return VALUE_FORMAT;
    return VALUE_ITEM;
}

/* --- one fact ----------------------------------------------------------------------------------------------------- */

static bool is_bare_name(const char *text)
{
    static const char *const verbs[] = {"can",   "must",  "use", "uses", "choose", "may",
                                        "might", "helps", "is",  "only", "the",    "good"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (phrase_begins(text, verbs[i]))
            return false;
    return *text && phrase_words(text) <= NAME_WORDS && strlen(text) <= 48 && !strpbrk(text, "=:?!/\"");
}

/* "Num_layers_encoder, num_layers_decoder", "Mode (batch_skipgram, skipgram, cbow)", "Enc1_network and enc2_network" */
static int add_names(struct fact_table *t, int fact, const char *text)
{
    char *rest = phrase_plain(t->arena, text), *open = strstr(rest, " (");
    if (open && rest[strlen(rest) - 1] == ')')
        *open = '\0';
    while (*rest) {
        char *comma = strstr(rest, ", "), *and = strstr(rest, " and "), *end = comma ? comma : and, *name;
        size_t skip = end ? (end == comma ? 2 : 5) : 0;
        name = arena_copy(t->arena, rest, end ? (size_t)(end - rest) : strlen(rest));
        rest = end ? end + skip : rest + strlen(rest);
        if (is_bare_name(name) && value_add(t, VALUE_NAME, fact, phrase_identifier(t->arena, name)) != 0)
            return -1;
    }
    return 0;
}

static bool is_identifier_list(const char *text)
{
    return strchr(text, '_') && phrase_words(text) <= NAME_WORDS;
}

/* In a section of hyperparameters: what is a name there? */
static int collect_names(struct fact_table *t, int fact)
{
    const struct notes_fact *f = &t->notes->facts[fact];
    const struct fact *own = &t->facts[fact];
    int lead = own->parent;
    if (f->lead_in)
        return is_identifier_list(f->text) ? add_names(t, fact, f->text) : 0;
    if (lead >= 0 && (!t->notes->facts[lead].lead_in || is_identifier_list(t->notes->facts[lead].text) ||
                      list_kind(t, lead) != VALUE_ITEM))
        return 0;
    if (own->has_pair && own->pair.defines)
        return value_add(t, VALUE_NAME, fact, own->pair.name);
    return own->has_pair ? 0 : add_names(t, fact, f->text);
}

static const char *const data_phrases[] = {"training data is ", "input data is ", "data is ", "input is "};

/* A line of the input section that begins with a known format names one. */
static int collect_format(struct fact_table *t, int fact)
{
    const char *text = t->notes->facts[fact].text;
    const struct fact *own = &t->facts[fact];
    const struct term *term;
    char *head;
    for (size_t i = 0; i < sizeof data_phrases / sizeof *data_phrases; i++)
        if (strncasecmp(text, data_phrases[i], strlen(data_phrases[i])) == 0)
            text += strlen(data_phrases[i]);
    head = own->has_pair ? arena_copy(t->arena, own->pair.name, strlen(own->pair.name)) : phrase_plain(t->arena, text);
    if (strstr(head, " with "))
        *strstr(head, " with ") = '\0';
    if (strcasestr(head, " format") && strcasestr(head, " format") > head)
        *strcasestr(head, " format") = '\0';
    term = term_find(&t->terms, text_concept(&t->vocabulary, t->arena, head));
    return term && term->kind == VALUE_FORMAT ? value_add(t, VALUE_FORMAT, fact, head) : 0;
}

static int collect_item(struct fact_table *t, int fact)
{
    const struct notes_fact *f = &t->notes->facts[fact];
    int lead = t->facts[fact].parent;
    enum value_kind kind = list_kind(t, lead);
    char *item = pair_item(t->arena, f->text);
    if (!*item || strlen(item) > ITEM_BYTES || phrase_words(item) > ITEM_WORDS || grammar_is_statement(item))
        return 0;
    if (kind == VALUE_FORMAT && !term_find(&t->terms, text_concept(&t->vocabulary, t->arena, item)))
        item = phrase_lower(t->arena, item);
    if (t->notes->facts[lead].lead_in && kind != VALUE_ITEM && value_add(t, kind, fact, item) != 0)
        return -1;
    return value_add(t, VALUE_ITEM, fact, item);
}

static int collect_pair(struct fact_table *t, int fact)
{
    const struct pair *pair = &t->facts[fact].pair;
    const char *name, *choices[PAIR_CHOICES], *meaning = pair->meaning;
    if (!pair->defines)
        return 0;
    if (pair_choices(t->arena, pair, t->notes->facts[fact].text, &name, choices)) {
        const char *colon = strrchr(meaning, ':'); /* what comes before the values, if anything does */
        meaning = arena_copy(t->arena, meaning, colon ? (size_t)(colon - meaning) : 0);
    }
    if (phrase_words(meaning) >= 2 && strlen(meaning) <= MEANING_BYTES &&
        value_add(t, VALUE_MEANING, fact, meaning) != 0)
        return -1;
    if (pair->standard && term_shape(pair->standard, strlen(pair->standard)) == VALUE_NUMBER)
        return value_add(t, VALUE_NUMBER, fact, pair->standard);
    return 0;
}

/* The values that a hyperparameter can take, unless the list says that it is not complete. */
static int collect_choices(struct fact_table *t, int fact)
{
    const char *text = t->notes->facts[fact].text, *name, *choices[PAIR_CHOICES];
    const struct fact *own = &t->facts[fact];
    int n = has_word(text, "etc") || has_word(text, "e.g")
                ? 0
                : pair_choices(t->arena, own->has_pair ? &own->pair : NULL, text, &name, choices);
    for (int i = 0; i < n; i++)
        if (value_add(t, VALUE_CHOICE, fact, choices[i]) != 0)
            return -1;
    return 0;
}

int values_collect(struct fact_table *t)
{
    for (int i = 0; i < t->fact_count; i++) {
        const struct notes_fact *f = &t->notes->facts[i];
        const struct fact *own = &t->facts[i];
        bool below = own->parent >= 0;
        if (own->algorithm < 0 || own->silent)
            continue;
        if (fact_in_slot(t, i, "hyperparameters") && collect_names(t, i) != 0)
            return -1;
        if (!fact_in_slot(t, i, "hyperparameters") && own->has_pair && own->pair.hyper &&
            value_add(t, VALUE_NAME, i, own->pair.name) != 0)
            return -1;
        if (f->lead_in)
            continue;
        if (own->has_pair && collect_pair(t, i) != 0)
            return -1;
        if ((fact_in_slot(t, i, "hyperparameters") || (own->has_pair && own->pair.hyper)) && collect_choices(t, i) != 0)
            return -1;
        if (fact_in_slot(t, i, "input") && !(below && list_kind(t, own->parent) == VALUE_FORMAT) &&
            collect_format(t, i) != 0)
            return -1;
        if (below && collect_item(t, i) != 0)
            return -1;
    }
    return 0;
}
