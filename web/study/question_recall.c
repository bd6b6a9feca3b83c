/* Recall: the question on the front, all that belongs to the answer on the back. */
#include <string.h>

#include "web/study/notes_grammar.h"
#include "web/study/phrase.h"
#include "web/study/question.h"

#define OPEN "\xE2\x80\x9C"
#define CLOSE "\xE2\x80\x9D"
#define DOTS "\xE2\x80\xA6"

/* " (4 points)", nothing for one. */
static const char *points(struct question_list *list, int n)
{
    return n > 1 ? phrase_format(list->arena, " (%d points)", n) : "";
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* Asks for what stands below a fact that says something by itself. */
static const char *ask_details(struct question_list *list, int fact)
{
    const struct fact *own = &list->table->facts[fact];
    const char *text = phrase_plain(list->arena, list->table->notes->facts[fact].text), *plural;
    if (own->has_pair && own->pair.defines)
        return phrase_format(list->arena, "what else should you know about %s", own->pair.name);
    if ((plural = phrase_ask_plural(list->arena, text)))
        return plural;
    if (phrase_words(text) <= 3)
        return phrase_format(list->arena, "what should you know about " OPEN "%s" CLOSE, text);
    return phrase_format(list->arena, "which details belong to " OPEN "%s" CLOSE, text);
}

/* "Word2vec:" above window_size and vector_dim: a topic of hyperparameters. */
static bool lists_names(const struct question_list *list, int fact)
{
    const struct fact_table *t = list->table;
    int child = t->facts[fact].first_child;
    return fact_in_slot(t, fact, "hyperparameters") && !strchr(t->notes->facts[fact].text, '_') && child >= 0 &&
           phrase_words(t->notes->facts[fact].text) <= 3 && !phrase_begins(t->notes->facts[fact].text, "can") &&
           phrase_words(t->notes->facts[child].text) <= 4;
}

static const char *ask_items(struct question_list *list, int fact)
{
    const struct notes_fact *f = &list->table->notes->facts[fact];
    const char *text = phrase_plain(list->arena, f->text);
    bool named = phrase_words(text) <= 2 && (strchr(text, '_') || phrase_is_name(text));
    if (!f->lead_in)
        return ask_details(list, fact);
    if (lists_names(list, fact))
        return phrase_format(list->arena, "which hyperparameters belong to " OPEN "%s" CLOSE, text);
    if (named)
        return phrase_format(list->arena, "what should you know about %s",
                             strchr(text, '_') ? phrase_identifier(list->arena, text) : text);
    return phrase_ask(list->arena, text);
}

static const char *joined_answers(struct question_list *list, const struct question *q)
{
    const char *text = "";
    for (int i = 0; i < q->answer_count; i++)
        text = phrase_format(list->arena, "%s%s%s", text, i ? "; " : "", q->answers[i]);
    return text;
}

/* "DeepAR, input: what must each record contain (2 points)?" */
static void recall_list(struct question_list *list, int fact)
{
    const struct fact_table *t = list->table;
    int n = 0;
    struct question *q;
    for (int child = t->facts[fact].first_child; child >= 0 && n <= QUESTION_MAX_ITEMS;
         child = t->facts[child].next_child)
        n += !question_is_slip(list, child);
    if (n < 1 || n > QUESTION_MAX_ITEMS || !(q = question_new(list, CARD_RECALL, "list", fact, "")))
        return;
    q->stem =
        phrase_format(list->arena, "%s: %s%s?", question_frame(list, fact), ask_items(list, fact), points(list, n));
    for (int child = t->facts[fact].first_child; child >= 0; child = t->facts[child].next_child) {
        if (question_is_slip(list, child))
            continue;
        question_answer(list, q, phrase_plain(list->arena, t->notes->facts[child].text));
        question_teach(list, q, child);
    }
    q->statement = phrase_format(list->arena, "%s: %s", phrase_plain(list->arena, t->notes->facts[fact].text),
                                 joined_answers(list, q));
    question_finish(list, q);
}

/* --- pairs and halves --------------------------------------------------------------------------------------------- */

/* "XGBoost: what is the hyperparameter eta for?" */
static void recall_pair(struct question_list *list, int fact)
{
    const struct pair *pair = &list->table->facts[fact].pair;
    bool names = pair->hyper, bare = strchr(pair->name, '_') || phrase_words(pair->name) == 1;
    const char *frame = question_frame(list, fact), *algorithm = fact_section(list->table, fact)->algorithm;
    const char *quote = bare ? "" : OPEN, *unquote = bare ? "" : CLOSE;
    struct question *q = question_new(list, CARD_RECALL, "pair", fact, "");
    if (!q)
        return;
    if (pair->defines && names)
        q->stem = phrase_format(list->arena, "%s: what is the hyperparameter %s for?", algorithm, pair->name);
    else if (pair->defines)
        q->stem = phrase_format(list->arena, "%s: what is %s%s%s?", frame, quote, pair->name, unquote);
    else
        q->stem =
            phrase_format(list->arena, "%s: what should you know about %s%s%s?", frame, quote, pair->name, unquote);
    question_answer(list, q, phrase_upper(list->arena, pair->meaning));
    if (pair->standard)
        question_answer(list, q, phrase_format(list->arena, "Default: %s", pair->standard));
    if (pair->required)
        question_answer(list, q, "It must always be given");
    question_finish(list, q);
}

/* "Seq2Seq, training: how does this go on: “Pre-trained models are available …”?" */
static void recall_halves(struct question_list *list, int fact, const char *first, const char *second)
{
    struct question *q = question_new(list, CARD_RECALL, "halves", fact, "");
    if (!q)
        return;
    q->stem = phrase_format(list->arena, "%s: how does this go on: " OPEN "%s " DOTS CLOSE "?",
                            question_frame_below(list, fact), first);
    question_answer(list, q, phrase_upper(list->arena, second));
    question_finish(list, q);
}

/* "Seq2Seq: which values can optimizer_type take (3 points)?" */
static bool recall_choices(struct question_list *list, int fact)
{
    const struct fact *own = &list->table->facts[fact];
    const char *name, *choices[PAIR_CHOICES];
    int n = pair_choices(list->arena, own->has_pair ? &own->pair : NULL, list->table->notes->facts[fact].text, &name,
                         choices);
    struct question *q;
    if (!n || !(q = question_new(list, CARD_RECALL, "choices", fact, "")))
        return false;
    q->stem = phrase_format(list->arena, "%s: which values can %s take%s?", fact_section(list->table, fact)->algorithm,
                            name, points(list, n));
    for (int i = 0; i < n; i++)
        question_answer(list, q, choices[i]);
    question_finish(list, q);
    return true;
}

/* --- why and what is right ---------------------------------------------------------------------------------------- */

static void recall_why(struct question_list *list, int fact)
{
    const struct notes_fact *f = &list->table->notes->facts[fact];
    struct question *q = question_new(list, CARD_RECALL, "why", fact, "");
    if (!q)
        return;
    q->stem = phrase_format(list->arena, "%s: " OPEN "%s." CLOSE " Why, or how?", question_frame(list, fact),
                            phrase_upper(list->arena, phrase_plain(list->arena, f->text)));
    question_answer(list, q, f->why);
    question_finish(list, q);
}

static void recall_correction(struct question_list *list, int fact)
{
    const struct notes_fact *f = &list->table->notes->facts[fact];
    struct question *q = question_new(list, CARD_RECALL, "correction", fact, "");
    int above = list->table->facts[fact].parent;
    const char *right;
    if (!q)
        return;
    q->stem = phrase_format(list->arena, "%s: notes often say " OPEN "%s." CLOSE " What is right?",
                            question_frame(list, fact), phrase_plain(list->arena, f->often_wrong));
    right = phrase_plain(list->arena, f->text);
    if (!list->table->facts[fact].has_pair) /* "eta = ..." begins with a name */
        right = phrase_upper(list->arena, right);
    if (above >= 0)
        right = phrase_format(list->arena, "%s: %s", phrase_plain(list->arena, list->table->notes->facts[above].text),
                              right);
    question_answer(list, q, right);
    question_finish(list, q);
}

void question_recall(struct question_list *list, int fact)
{
    const struct notes_fact *f = &list->table->notes->facts[fact];
    const struct fact *own = &list->table->facts[fact];
    char *first, *second;
    const struct pair *pair = own->has_pair ? &own->pair : NULL;
    recall_list(list, fact);
    if (f->lead_in || question_is_slip(list, fact))
        return;
    if ((fact_in_slot(list->table, fact, "hyperparameters") || (pair && pair->hyper)) && recall_choices(list, fact))
        ;
    else if (pair && pair->label)
        recall_halves(list, fact, phrase_format(list->arena, "%s:", pair->name), pair->meaning);
    else if (pair)
        recall_pair(list, fact);
    else if (pair_halves(list->arena, f->text, &first, &second))
        recall_halves(list, fact, first, second);
    if (f->often_wrong && *f->often_wrong)
        recall_correction(list, fact);
    else if (f->why && *f->why && !own->has_pair && own->child_count == 0 && grammar_is_statement(f->text))
        recall_why(list, fact);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

/* How one asks for all that a section says; %s is the algorithm. A question that promises names is for names only. */
static const struct {
    const char *slot, *question, *for_statements;
} section_questions[] = {
    {"model type", "What kind of algorithm is %s", NULL},
    {"input", "What input does %s take", "What should you know about the input of %s"},
    {"hyperparameters", "Which hyperparameters of %s should you know", NULL},
    {"instances", "Which instances suit %s", "What should you know about instances for %s"},
    {"training", "How does %s train", NULL},
    {"pre-processing", "How should data be prepared for %s", NULL},
    {"validation", "What happens in the validation step of %s", NULL},
    {"modes", "Which modes does %s have", "What should you know about the modes of %s"},
    {"usage", "How is %s used", NULL},
    {"inference", "What should you know about inference with %s", NULL},
    {"metrics", "Which metrics does %s have", "What should you know about the metrics of %s"},
};

#define NAME_WORDS 4 /* a longer answer says something */

static bool are_statements(const struct question *q)
{
    int n = 0;
    for (int i = 0; i < q->answer_count; i++)
        n += phrase_words(q->answers[i]) > NAME_WORDS || grammar_is_statement(q->answers[i]);
    return 2 * n >= q->answer_count;
}

static const char *section_question(struct question_list *list, const struct notes_section *s, const struct question *q)
{
    for (size_t i = 0; i < sizeof section_questions / sizeof *section_questions; i++)
        if (strcmp(s->slot, section_questions[i].slot) == 0) {
            const char *form = section_questions[i].for_statements, *mark;
            if (!form || !are_statements(q))
                form = section_questions[i].question;
            mark = strstr(form, "%s");
            return phrase_format(list->arena, "%.*s%s%s", (int)(mark - form), form, s->algorithm, mark + 2);
        }
    return phrase_format(list->arena, "%s: what should you know", question_frame(list, q->fact));
}

/* "Formats", "Training formats": a name for the items below it, no answer without them. */
static bool only_names_items(const struct question_list *list, int fact)
{
    const char *text = phrase_plain(list->arena, list->table->notes->facts[fact].text);
    if (!list->table->facts[fact].child_count || list->table->facts[fact].has_pair || grammar_is_statement(text))
        return false;
    return phrase_words(text) <= 3 || phrase_ask_plural(list->arena, text);
}

/* A fact at the section's top; those below a lead-in are asked for by the lead-in. */
static bool is_top(const struct question_list *list, int fact)
{
    return list->table->facts[fact].parent < 0 && !list->table->notes->facts[fact].lead_in &&
           fact_is_asked(list->table, fact) && !question_is_slip(list, fact) && !only_names_items(list, fact);
}

void question_section(struct question_list *list, int section, int first, int end)
{
    const struct notes_section *s = &list->table->notes->sections[section];
    int n = 0, top = -1;
    struct question *q;
    for (int i = first; i < end && n <= QUESTION_MAX_ITEMS; i++)
        if (is_top(list, i)) {
            top = top < 0 ? i : top;
            n++;
        }
    /* a single fact answers for a section only when there is no more in it */
    if (n < 1 || n > QUESTION_MAX_ITEMS || (n == 1 && (list->asked[top] || end - first > 1)) ||
        !(q = question_new(list, CARD_RECALL, "section", top, "")))
        return;
    for (int i = top; i < end; i++)
        if (is_top(list, i)) {
            question_answer(list, q, phrase_plain(list->arena, list->table->notes->facts[i].text));
            question_teach(list, q, i);
        }
    q->stem = phrase_format(list->arena, "%s%s?", section_question(list, s, q), points(list, n));
    q->statement = joined_answers(list, q);
    question_finish(list, q);
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

/* Where a sentence can be cut so that its end can be asked for. */
static const char *const joints[] = {
    " so that ", " because ", " rather than ", " unless ",       " but ", " although ", " when ",   " is ",
    " are ",     " if ",      ", so ",         " according to ", " by ",  " with ",     " for ",    " from ",
    " to ",      " on ",      " in ",          " can ",          " may ", " must ",     " should ", " will "};

void question_rest(struct question_list *list, int fact)
{
    char *text = phrase_plain(list->arena, list->table->notes->facts[fact].text);
    for (size_t i = 0; i < sizeof joints / sizeof *joints; i++) {
        char *joint = strstr(text, joints[i]), *first;
        if (!joint)
            continue;
        first = arena_copy(list->arena, text, (size_t)(joint - text) + strlen(joints[i]) - 1);
        if (phrase_words(first) < 4 || phrase_words(joint + strlen(joints[i])) < 1)
            continue;
        recall_halves(list, fact, first, joint + strlen(joints[i]));
        return;
    }
}
