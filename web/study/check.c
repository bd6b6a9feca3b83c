#include "web/study/check.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "web/study/choice.h"
#include "web/study/phrase.h"

#define BLANK "____"

static bool is_single(const struct question *q)
{
    return q->type == CARD_SINGLE;
}

static struct words words_of(const struct check *c, const char *text)
{
    return text_words(c->vocabulary, c->arena, text);
}

static int concept_of(const struct check *c, const char *text)
{
    return text_concept(c->vocabulary, c->arena, text);
}

/* --- 1, 2, 3: what is right ----------------------------------------------------------------------------------------
 */

static bool one_key(const struct check *c, const struct question *q)
{
    int right = 0;
    (void)c;
    if (q->answer_count < 1 || !q->answers[0] || !*q->answers[0])
        return false;
    if (!is_single(q))
        return q->answer_count <= QUESTION_MAX_ITEMS + 2;
    for (int i = 0; i < q->option_count; i++)
        right += strcmp(q->options[i].text, q->answers[0]) == 0;
    return q->answer_count == 1 && q->option_count >= 3 && q->option_count <= CARD_MAX_OPTIONS && q->key >= 0 &&
           q->key < q->option_count && right == 1 && strcmp(q->options[q->key].text, q->answers[0]) == 0;
}

static bool different_options(const struct check *c, const struct question *q)
{
    for (int i = 0; i < q->option_count; i++)
        for (int j = 0; j < i; j++) {
            const char *a = q->options[i].text, *b = q->options[j].text;
            if (concept_of(c, a) == concept_of(c, b))
                return false;
            if (q->kind != VALUE_NUMBER && text_is_near(c->arena, a, b))
                return false;
        }
    return true;
}

static bool proven(const struct check *c, const struct question *q)
{
    (void)c;
    if (q->line < 1 || q->cite_count < 1)
        return false;
    for (int i = 0; i < q->option_count; i++)
        if (q->options[i].true_line < 1 || (i != q->key && (q->options[i].false_line < 1 || !q->options[i].why)))
            return false;
    return true;
}

/* --- 4, 5, 7: what gives the key away ------------------------------------------------------------------------------
 */

static char final_mark(const char *text)
{
    size_t len = strlen(text);
    return len && strchr(".,;:!?", text[len - 1]) ? text[len - 1] : '\0';
}

static bool same_form(const struct check *c, const struct question *q)
{
    (void)c;
    for (int i = 1; i < q->option_count; i++)
        if (!choice_like(q->kind, q->options[0].text, q->options[i].text) ||
            final_mark(q->options[0].text) != final_mark(q->options[i].text))
            return false;
    return true;
}

static bool like_lengths(const struct check *c, const struct question *q)
{
    size_t shortest = SIZE_MAX, longest = 0;
    (void)c;
    for (int i = 0; i < q->option_count; i++) {
        size_t n = text_length(q->options[i].text);
        shortest = n < shortest ? n : shortest;
        longest = n > longest ? n : longest;
    }
    return longest == 0 || choice_lengths(shortest, longest);
}

static const char *const forbidden[] = {
    "all of the above", "none of the above", "all of these", "none of these", "always", "never"};

static bool has_phrase(const char *text, const char *phrase)
{
    size_t n = strlen(phrase);
    for (const char *at = text; (at = strcasestr(at, phrase)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
            return true;
    return false;
}

static bool options_alone(const struct check *c, const struct question *q)
{
    (void)c;
    for (int i = 0; i < q->option_count; i++) {
        for (size_t k = 0; k < sizeof forbidden / sizeof *forbidden; k++)
            if (has_phrase(q->options[i].text, forbidden[k]))
                return false;
        for (int j = 0; j < q->option_count; j++)
            if (i != j && q->kind != VALUE_NUMBER && strcasestr(q->options[i].text, q->options[j].text))
                return false;
    }
    return true;
}

/* --- 8, 9, 10: the stem --------------------------------------------------------------------------------------------
 */

static bool key_echoed(const struct check *c, const struct question *q)
{
    struct words stem = words_of(c, q->stem), own = words_of(c, q->algorithm), key = words_of(c, q->answers[0]);
    for (int i = 0; i < key.count; i++) {
        int word = key.ids[i], others = 0;
        if (text_is_stop(c->vocabulary, word) || !text_contains(stem, word) || text_contains(own, word))
            continue;
        for (int j = 0; j < q->option_count; j++)
            others += j != q->key && text_contains(words_of(c, q->options[j].text), word);
        if (others < 2)
            return true;
    }
    return false;
}

/* Is the answer, all of it, in the stem? */
static bool is_told(const struct check *c, const struct question *q, const char *answer)
{
    struct words said = words_of(c, q->stem), w = words_of(c, answer), own = words_of(c, q->algorithm);
    int telling = 0;
    for (int i = 0; i < w.count; i++) {
        if (text_is_stop(c->vocabulary, w.ids[i]) || text_contains(own, w.ids[i]))
            continue;
        telling++;
        if (!text_contains(said, w.ids[i]))
            return false;
    }
    return telling > 0;
}

static bool stem_is_silent(const struct check *c, const struct question *q)
{
    if (is_single(q))
        return !key_echoed(c, q);
    if (q->type == CARD_RECALL)
        for (int i = 0; i < q->answer_count; i++)
            if (is_told(c, q, q->answers[i]))
                return false;
    return true;
}

static bool article_before(const char *stem, const char *at)
{
    const char *end = at, *word;
    while (end > stem && end[-1] == ' ')
        end--;
    for (word = end; word > stem && isalpha((unsigned char)word[-1]);)
        word--;
    return (end - word == 1 && tolower((unsigned char)*word) == 'a') ||
           (end - word == 2 && strncasecmp(word, "an", 2) == 0);
}

static bool neutral_grammar(const struct check *c, const struct question *q)
{
    const char *blank = strstr(q->stem, BLANK), *end = q->stem + strlen(q->stem);
    (void)c;
    while (end > q->stem && strchr("?. ", end[-1]))
        end--;
    return !(blank && article_before(q->stem, blank)) && !article_before(q->stem, end);
}

static bool stands_alone(const struct check *c, const struct question *q)
{
    size_t len = text_length(q->stem);
    bool named = strcasestr(q->stem, q->algorithm) != NULL || q->kind == VALUE_ALGORITHM;
    bool open = len && q->stem[strlen(q->stem) - 1] == '?';
    (void)c;
    return named && len <= QUESTION_MAX_STEM && (q->type == CARD_CLOZE ? strstr(q->stem, BLANK) != NULL : open);
}

/* --- 11: cloze -----------------------------------------------------------------------------------------------------
 */

/* "recurrent neural network" before a blank that hides "RNN". */
static bool initials_told(const char *stem, const char *answer)
{
    size_t n = strlen(answer);
    n -= n > 2 && answer[n - 1] == 's';
    if (n < 2 || n > 6)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isupper((unsigned char)answer[i]))
            return false;
    for (const char *start = stem; *start; start += strcspn(start, " -"), start += strspn(start, " -")) {
        const char *at = start;
        size_t i = 0;
        while (i < n && *at && toupper((unsigned char)*at) == answer[i]) {
            i++;
            at += strcspn(at, " -");
            at += strspn(at, " -");
        }
        if (i == n)
            return true;
    }
    return false;
}

static bool good_blank(const struct check *c, const struct question *q)
{
    const char *blank;
    struct words answer;
    if (q->type != CARD_CLOZE)
        return true;
    blank = strstr(q->stem, BLANK);
    answer = words_of(c, q->answers[0]);
    if (q->answer_count != 1 || q->kind == VALUE_STATEMENT || !blank || strstr(blank + strlen(BLANK), BLANK) ||
        answer.count < 1 || (answer.count == 1 && text_is_stop(c->vocabulary, answer.ids[0])))
        return false;
    return !is_told(c, q, q->answers[0]) && !initials_told(q->stem, q->answers[0]);
}

/* --- all of them ---------------------------------------------------------------------------------------------------
 */

const struct check_rule check_rules[] = {
    {1, "one key", "Rule 1: there must be exactly one right answer, and it must be among three to five options.",
     one_key},
    {2, "different options", "Rule 2: two options say the same or nearly the same.", different_options},
    {3, "proof",
     "Rule 3: the key needs a line that says so, each wrong option one that makes it true elsewhere and one that makes "
     "it false here.",
     proven},
    {4, "same form", "Rule 4: the options differ in form, so one stands out without knowledge.", same_form},
    {5, "like lengths", "Rule 5: the options differ too much in length.", like_lengths},
    {7, "options stand alone", "Rule 7: an option holds another one, or an absolute word, or points at the others.",
     options_alone},
    {8, "silent stem", "Rule 8: the question already holds the answer or a word of it.", stem_is_silent},
    {9, "neutral grammar", "Rule 9: an article before the blank or the end tells how the answer begins.",
     neutral_grammar},
    {10, "stands alone",
     "Rule 10: the question must name its algorithm, end with a question mark or hold a blank, and be no longer than "
     "240 characters.",
     stands_alone},
    {11, "good blank", "Rule 11: the blank must hide one typed value that the rest of the sentence does not give away.",
     good_blank},
};

const size_t check_rule_count = sizeof check_rules / sizeof *check_rules;

const struct check_rule *question_check(const struct check *check, const struct question *q)
{
    for (size_t i = 0; i < check_rule_count; i++)
        if (!check_rules[i].holds(check, q))
            return &check_rules[i];
    return NULL;
}
