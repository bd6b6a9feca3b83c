/* Cloze: one typed value of a sentence is taken out. Ordinary words are never blanked. */
#include <ctype.h>
#include <string.h>

#include "web/study/notes_grammar.h"
#include "web/study/phrase.h"
#include "web/study/question.h"

#define BLANK "____"
#define LEAST_WORDS 3 /* that say something, besides the blank */
#define LONGEST 170   /* bytes of a sentence that one still takes in at once */
#define MOST_PIECES 96

struct piece {
    size_t at, len;
    enum value_kind kind;
};

/* Which kind is asked for first: the more exact, the better. */
static const enum value_kind preferred[] = {VALUE_INSTANCE,  VALUE_NUMBER,  VALUE_FORMAT,  VALUE_LIBRARY,
                                            VALUE_MODEL,     VALUE_METRIC,  VALUE_MODE,    VALUE_NAME,
                                            VALUE_OPTIMIZER, VALUE_ACRONYM, VALUE_HARDWARE};

static bool begins(const char *at, const char *with)
{
    return strncmp(at, with, strlen(with)) == 0;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static bool is_inside(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '.' || c == '-' || c == '/' || c == '%' || c == ':' || c >= 0x80;
}

/* Curly quotes are three bytes of UTF-8; the apostrophe within a word is none. */
static bool is_quote(const char *at)
{
    return begins(at, "\xE2\x80\x9C") || begins(at, "\xE2\x80\x9D");
}

/* The next word of the sentence without the marks around it. */
static bool next_piece(const char *text, size_t *at, struct piece *piece)
{
    size_t i = *at, end;
    while (text[i] && !((isalnum((unsigned char)text[i]) || text[i] == '_' || (unsigned char)text[i] >= 0x80) &&
                        !is_quote(text + i)))
        i += is_quote(text + i) ? 3 : 1;
    if (!text[i])
        return false;
    for (end = i; text[end] && is_inside((unsigned char)text[end]) && !is_quote(text + end);)
        end++;
    *at = end;
    while (end > i && strchr(".-:/", text[end - 1]))
        end--;
    *piece = (struct piece){i, end - i, term_shape(text + i, end - i)};
    return true;
}

/* "2 GB", "300 observations": the number takes its unit along. */
static void take_unit(const char *text, struct piece *piece)
{
    static const char *const units[] = {"GB", "MB", "TB", "KB", "%", "ms", "epochs", "observations", "pixels", "files"};
    const char *after = text + piece->at + piece->len;
    after += *after == ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(after, units[i], strlen(units[i])) == 0 && !isalnum((unsigned char)after[strlen(units[i])]))
            piece->len = (size_t)(after - text) + strlen(units[i]) - piece->at;
}

/* "CSV the" is the concept CSV, but not a term. */
static bool says_something(struct question_list *list, const char *text, const struct piece *piece)
{
    return text_concept(&list->table->vocabulary, list->arena, arena_copy(list->arena, text + piece->at, piece->len)) >
           list->table->vocabulary.stop_count;
}

/* Known terms of up to three words, the longest first. */
static void find_term(struct question_list *list, const char *text, struct piece *pieces, int count, int i)
{
    struct fact_table *t = list->table;
    for (int n = 3; n >= 1; n--) {
        const struct piece *last = &pieces[i + n - 1];
        const struct term *term;
        size_t len;
        char *joined;
        int concept;
        struct words w;
        if (i + n > count)
            continue;
        len = last->at + last->len - pieces[i].at;
        joined = arena_copy(list->arena, text + pieces[i].at, len);
        if (strpbrk(joined, ",;()") || !says_something(list, text, last))
            continue;
        w = text_words(&t->vocabulary, list->arena, joined);
        concept = text_joined(&t->vocabulary, w.ids, w.count);
        term = term_find(&t->terms, concept);
        if (!term || (term->kind == VALUE_NAME && term->common) || term->kind == VALUE_CHANNEL ||
            term->kind == VALUE_USE)
            continue;
        pieces[i].len = len;
        pieces[i].kind = term->kind;
        for (int j = i + 1; j < i + n; j++)
            pieces[j].kind = VALUE_STATEMENT;
        return;
    }
}

static int split(struct question_list *list, const char *text, struct piece *pieces)
{
    size_t at = 0;
    int count = 0;
    while (count < MOST_PIECES && next_piece(text, &at, &pieces[count]))
        count++;
    for (int i = 0; i < count; i++) {
        if (pieces[i].kind == VALUE_NUMBER)
            take_unit(text, &pieces[i]);
        else if (pieces[i].kind != VALUE_NAME && pieces[i].kind != VALUE_INSTANCE)
            find_term(list, text, pieces, count, i);
    }
    return count;
}

/* --- which piece -------------------------------------------------------------------------------------------------- */

static int count_kind(const struct piece *pieces, int count, enum value_kind kind)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        n += pieces[i].kind == kind;
    return n;
}

/* "1" alone can stand for anything; "400", "0.3", "2 GB" and "1.2-2" cannot. */
static bool is_exact(const char *word)
{
    return strlen(word) >= 2;
}

static bool may_be_blank(struct question_list *list, int fact, const char *text, const struct piece *piece)
{
    struct fact_table *t = list->table;
    char *word = arena_copy(list->arena, text + piece->at, piece->len);
    struct words w = text_words(&t->vocabulary, list->arena, word), own;
    own = text_words(&t->vocabulary, list->arena, fact_section(t, fact)->algorithm);
    if (!w.count || slips_text(&t->slips, w, word) || fact_shared(t, w, own) > 0)
        return false;
    if (piece->at == 0 && text[piece->len] == ',')
        return false; /* the first half of "CSV, first column is the label" */
    if (piece->kind == VALUE_NAME && *word == '_')
        return false; /* a made-up example: "__label__4" */
    return piece->kind != VALUE_NUMBER || is_exact(word);
}

static bool is_joint(const char *at)
{
    return begins(at, ", ") || begins(at, " or ") || begins(at, " and ");
}

/* One of "adam, sgd or rmsprop": nobody could tell which of them is missing. */
static bool is_enumerated(const char *text, size_t from, size_t to)
{
    size_t end = to + 2, start;
    if (begins(text + to, ", ")) {
        while (text[end] && text[end] != ' ' && text[end] != ',')
            end++;
        if (is_joint(text + end) || !text[end] || text[end] == ')')
            return true;
    }
    if (from < 3 || !(begins(text + from - 2, ", ") || (from > 4 && begins(text + from - 4, " or "))))
        return false;
    start = from - (text[from - 2] == ',' ? 2 : 4);
    while (start > 0 && text[start - 1] != ' ' && text[start - 1] != '(')
        start--;
    return is_joint(text + to) || (start > 1 && text[start - 2] == ',') || text[to] == ')';
}

static const struct piece *choose(struct question_list *list, int fact, const char *text, const struct piece *pieces,
                                  int count)
{
    for (size_t k = 0; k < sizeof preferred / sizeof *preferred; k++) {
        if (count_kind(pieces, count, preferred[k]) != 1)
            continue; /* one of several alike: nobody could tell which is missing */
        for (int i = 0; i < count; i++)
            if (pieces[i].kind == preferred[k] && may_be_blank(list, fact, text, &pieces[i]) &&
                !is_enumerated(text, pieces[i].at, pieces[i].at + pieces[i].len))
                return &pieces[i];
    }
    return NULL;
}

/* --- the question ------------------------------------------------------------------------------------------------- */

static int telling_words(struct question_list *list, const char *text)
{
    struct fact_table *t = list->table;
    struct words w = text_words(&t->vocabulary, list->arena, text);
    int n = 0;
    for (int i = 0; i < w.count; i++)
        n += !text_is_stop(&t->vocabulary, w.ids[i]);
    return n;
}

/* An article before the blank must not tell with which letter the word begins. */
static const char *without_article(struct question_list *list, const char *before)
{
    size_t n = strlen(before);
    if (n >= 3 && strcmp(before + n - 3, " a ") == 0)
        return phrase_format(list->arena, "%.*sa(n) ", (int)(n - 2), before);
    if (n >= 4 && strcmp(before + n - 4, " an ") == 0)
        return phrase_format(list->arena, "%.*sa(n) ", (int)(n - 3), before);
    return before;
}

static void cloze_at(struct question_list *list, int fact, const char *text, size_t at, size_t len,
                     enum value_kind kind)
{
    const char *before = without_article(list, arena_copy(list->arena, text, at)), *after = text + at + len;
    struct question *q;
    if (telling_words(list, before) + telling_words(list, after) < LEAST_WORDS)
        return;
    q = question_new(list, CARD_CLOZE, "cloze", fact, phrase_format(list->arena, "%zu", at));
    if (!q)
        return;
    q->kind = kind;
    q->stem = phrase_format(list->arena, "%s: %s" BLANK "%s.", question_frame_below(list, fact), before, after);
    question_answer(list, q, arena_copy(list->arena, text + at, len));
    question_finish(list, q);
}

static bool points_elsewhere(const char *text)
{
    return phrase_begins(text, "it") || phrase_begins(text, "this") || phrase_begins(text, "these") ||
           phrase_begins(text, "they") || phrase_begins(text, "so") || phrase_begins(text, "also") ||
           phrase_begins(text, "or");
}

void question_cloze(struct question_list *list, int fact)
{
    const struct notes_fact *f = &list->table->notes->facts[fact];
    const struct fact *own = &list->table->facts[fact];
    const char *text = phrase_plain(list->arena, f->text);
    const struct piece *piece;
    struct piece *pieces;
    int count;
    if (points_elsewhere(text) || own->child_count > 0 || question_is_slip(list, fact) ||
        (own->has_pair && !grammar_is_statement(text)) || (own->has_pair && own->pair.defines) ||
        phrase_words(text) < LEAST_WORDS + 1 || strlen(text) > LONGEST ||
        ((own->parent >= 0 || fact_in_slot(list->table, fact, "hyperparameters")) && !grammar_is_statement(text)))
        return;
    pieces = arena_take(list->arena, MOST_PIECES * sizeof *pieces);
    if (!pieces)
        return;
    count = split(list, text, pieces);
    piece = choose(list, fact, text, pieces, count);
    if (piece)
        cloze_at(list, fact, text, piece->at, piece->len, piece->kind);
}
