/* Single choice. A wrong option is true of something else and proven false of what is asked: of another algorithm, of
 * another name, or of another list of the same section. */
#include <stdlib.h>
#include <string.h>

#include "web/study/choice.h"
#include "web/study/notes_grammar.h"
#include "web/study/phrase.h"
#include "web/study/question.h"

#define OPEN "\xE2\x80\x9C"
#define CLOSE "\xE2\x80\x9D"
#define LOOK_MOST 120  /* values looked at for one question */
#define QUOTE_MOST 100 /* bytes of a meaning that a question quotes */
#define UNLIKE 0.5     /* meanings that share half their words may be one meaning */

static const char *name_of(const struct question_list *list, int algorithm)
{
    return list->table->algorithms[algorithm].name;
}

/* The stem's words that an option must not repeat; those of the asked algorithm's name may be anywhere. */
static struct words telling_stem(struct question_list *list, const char *without_frame)
{
    return text_words(&list->table->vocabulary, list->arena, without_frame);
}

/* " (notes line 3)", nothing where the learner has no file to look into. */
static const char *place(struct question_list *list, const char *words, int line)
{
    return list->table->notes->unseen ? "" : phrase_format(list->arena, " (%s %d)", words, line);
}

/* Settles the options and ends the question, or takes it back. */
static void finish(struct question_list *list, struct question *q, struct choice *choice, const char *key, int line)
{
    if (!choice_fill(choice, list, q, key, line)) {
        question_drop(list);
        return;
    }
    question_finish(list, q);
}

/* --- between algorithms ------------------------------------------------------------------------------------------- */

/* How a value of each kind is asked for; %s is the value, or the algorithm. */
static const struct {
    enum value_kind kind;
    const char *to_algorithm[2], *to_value[2], *lacks; /* text before and after what is put in */
} between[] = {
    {VALUE_FORMAT,
     {"Which algorithm takes ", " as an input format?"},
     {"Which of these input formats does ", " take?"},
     "input formats"},
    {VALUE_NAME,
     {"Which algorithm has the hyperparameter ", "?"},
     {"Which of these is a hyperparameter of ", "?"},
     "hyperparameters"},
    {VALUE_USE, {"Which algorithm has the use " OPEN, CLOSE "?"}, {"Which of these is a use of ", "?"}, "uses"},
    {VALUE_METRIC,
     {"Which algorithm has the metric " OPEN, CLOSE "?"},
     {"Which of these is a metric of ", "?"},
     "metrics"},
    {VALUE_MODE, {"Which algorithm has the mode " OPEN, CLOSE "?"}, {"Which of these is a mode of ", "?"}, "modes"},
};

static const char *shown(struct question_list *list, enum value_kind kind, const char *text)
{
    return kind == VALUE_USE ? phrase_upper(list->arena, text) : text;
}

/* "Which algorithm takes libsvm as an input format?" */
static void to_algorithm(struct question_list *list, const struct value *v, size_t form)
{
    const char *key = name_of(list, v->algorithm);
    struct choice *choice = arena_take(list->arena, sizeof *choice);
    struct question *q;
    uint64_t seed;
    int n = list->table->algorithm_count;
    if (!choice || !(q = question_new(list, CARD_SINGLE, "value-algorithm", v->fact, v->text)))
        return;
    *choice = (struct choice){.count = 0};
    q->kind = VALUE_ALGORITHM;
    q->stem =
        phrase_format(list->arena, "%s%s%s", between[form].to_algorithm[0], v->text, between[form].to_algorithm[1]);
    choice->stem = telling_stem(list, q->stem);
    seed = question_seed(q);
    for (int i = 0; i < n && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
        int other = (int)((seed + (uint64_t)i) % (uint64_t)n), line = 0;
        struct question_option *added, wrong = {.text = name_of(list, other), .true_line = v->line};
        if (other == v->algorithm || fact_truth(list->table, other, v, &line) != TRUTH_FALSE)
            continue;
        wrong.false_line = line;
        if ((added = choice_add(choice, list, VALUE_ALGORITHM, key, wrong)))
            added->why = phrase_format(list->arena, "Not among the %s of %s%s.", between[form].lacks, wrong.text,
                                       place(list, "notes from line", line));
    }
    finish(list, q, choice, key, v->line);
}

/* "Which of these is a hyperparameter of XGBoost?" */
static void to_value(struct question_list *list, const struct value *v, size_t form)
{
    const char *key = shown(list, v->kind, v->text);
    struct value_run run = fact_run(list->table, v->kind, -1);
    struct choice *choice = arena_take(list->arena, sizeof *choice);
    struct question *q;
    int start;
    if (!choice || !(q = question_new(list, CARD_SINGLE, "algorithm-value", v->fact, v->text)))
        return;
    *choice = (struct choice){.count = 0};
    q->kind = v->kind;
    q->stem = phrase_format(list->arena, "%s%s%s", between[form].to_value[0], name_of(list, v->algorithm),
                            between[form].to_value[1]);
    choice->stem = telling_stem(list, q->stem);
    start = fact_run_start(list->table, run, question_seed(q));
    for (int i = 0; i < run.count && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
        const struct value *other = fact_run_at(list->table, run, start + i);
        struct question_option *added, wrong = {.text = shown(list, v->kind, other->text), .true_line = other->line};
        if (other->algorithm == v->algorithm || other->slip ||
            fact_truth(list->table, v->algorithm, other, &wrong.false_line) != TRUTH_FALSE)
            continue;
        if ((added = choice_add(choice, list, v->kind, key, wrong)))
            added->why = phrase_format(list->arena, "True of %s%s.", name_of(list, other->algorithm),
                                       place(list, "notes line", other->line));
    }
    finish(list, q, choice, key, v->line);
}

/* Both ways; of hyperparameters every fourth only, by lot: their meanings and defaults are asked for as well. Neither
 * way may depend on how the other went, or an edit would change cards that do not rest on its line. */
static void ask_between(struct question_list *list, const struct value *v)
{
    for (size_t form = 0; form < sizeof between / sizeof *between; form++) {
        if (between[form].kind != v->kind)
            continue;
        to_algorithm(list, v, form);
        if (v->kind != VALUE_NAME || v->hash % 4 == 0)
            to_value(list, v, form);
    }
}

/* --- between names ------------------------------------------------------------------------------------------------ */

static const struct pair *pair_of(const struct question_list *list, const struct value *v)
{
    return &list->table->facts[v->fact].pair;
}

/* Is the other's meaning proven not to be this one's? Each name's own line says what it means, so another meaning is
 * false unless the two may be one in other words. */
static bool is_other_meaning(struct question_list *list, const struct value *v, const struct value *other)
{
    const struct fact_table *t = list->table;
    struct words a = t->facts[v->fact].name, b = t->facts[other->fact].name;
    if (fact_shared(t, a, b) >= 1 || fact_shared(t, b, a) >= 1)
        return false;
    if (pair_of(list, v)->hyper != pair_of(list, other)->hyper ||
        (v->algorithm != other->algorithm && fact_shared(t, a, b) > 0))
        return false;
    return fact_shared(t, v->words, other->words) < UNLIKE && fact_shared(t, other->words, v->words) < UNLIKE &&
           fact_shared(t, other->words, t->facts[v->fact].words) < UNLIKE;
}

static const char *name_with_algorithm(struct question_list *list, const struct value *v, const struct value *other)
{
    if (v->algorithm == other->algorithm)
        return pair_of(list, other)->name;
    return phrase_format(list->arena, "%s of %s", pair_of(list, other)->name, name_of(list, other->algorithm));
}

/* Wrong options out of the meanings of other names: those of the same algorithm first, then those of all. */
static void add_meanings(struct question_list *list, struct question *q, struct choice *choice, const struct value *v,
                         bool names)
{
    const struct pair *own = pair_of(list, v);
    const char *key = names ? own->name : phrase_lower(list->arena, v->text);
    for (int all = 0; all < (names ? 1 : 2) && choice->count < CHOICE_MOST / 2; all++) {
        struct value_run run = fact_run(list->table, VALUE_MEANING, all ? -1 : v->group);
        int start = fact_run_start(list->table, run, question_seed(q));
        for (int i = 0; i < run.count && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
            const struct value *other = fact_run_at(list->table, run, start + i);
            struct question_option *added, wrong = {.true_line = other->line, .false_line = v->line};
            if (other->fact == v->fact || other->slip || !is_other_meaning(list, v, other))
                continue;
            if (!own->hyper && other->section != v->section)
                continue; /* other names are alike only beside each other */
            wrong.text = names ? pair_of(list, other)->name : phrase_lower(list->arena, other->text);
            if (!(added = choice_add(choice, list, names ? VALUE_NAME : VALUE_MEANING, key, wrong)))
                continue;
            added->why = names ? phrase_format(list->arena, "%s: %s%s.", wrong.text, other->text,
                                               place(list, "notes line", other->line))
                               : phrase_format(list->arena, "True of %s%s.", name_with_algorithm(list, v, other),
                                               place(list, "notes line", other->line));
        }
    }
}

/* "XGBoost: which of these describes the hyperparameter eta?" */
static void to_meaning(struct question_list *list, const struct value *v)
{
    const struct pair *own = pair_of(list, v);
    struct choice *choice = arena_take(list->arena, sizeof *choice);
    bool hyper = own->hyper;
    struct question *q;
    if (!choice || !(q = question_new(list, CARD_SINGLE, "name-meaning", v->fact, "")))
        return;
    *choice = (struct choice){.stem = telling_stem(list, own->name)};
    q->kind = VALUE_MEANING;
    q->stem = phrase_format(
        list->arena, hyper ? "%s: which of these describes the hyperparameter %s?" : "%s: which of these describes %s?",
        hyper ? name_of(list, v->algorithm) : question_frame(list, v->fact), own->name);
    add_meanings(list, q, choice, v, false);
    finish(list, q, choice, phrase_lower(list->arena, v->text), v->line);
}

/* "XGBoost: which hyperparameter is described as “step size shrinkage”?" */
static void to_name(struct question_list *list, const struct value *v)
{
    const struct pair *own = pair_of(list, v);
    struct choice *choice = arena_take(list->arena, sizeof *choice);
    bool hyper = own->hyper;
    struct question *q;
    if (strlen(v->text) > QUOTE_MOST || !choice || !(q = question_new(list, CARD_SINGLE, "meaning-name", v->fact, "")))
        return;
    *choice = (struct choice){.stem = telling_stem(list, v->text)};
    q->kind = VALUE_NAME;
    q->stem = phrase_format(list->arena, "%s: which %s is described as " OPEN "%s" CLOSE "?",
                            hyper ? name_of(list, v->algorithm) : question_frame(list, v->fact),
                            hyper ? "hyperparameter" : "of these", phrase_lower(list->arena, v->text));
    add_meanings(list, q, choice, v, true);
    finish(list, q, choice, own->name, v->line);
}

/* Both ways: to know a name by what it does, and what it does by its name, are two things to learn. */
static void ask_meaning(struct question_list *list, const struct value *v)
{
    to_meaning(list, v);
    to_name(list, v);
}

/* 3 beside 2,000,000 is no choice. */
static bool is_near_in_size(const char *a, const char *b)
{
    double x = strtod(a, NULL), y = strtod(b, NULL), low = x < y ? x : y, high = x < y ? y : x;
    return high < 10 || (low > 0 && high / low <= 40);
}

static bool have_one_name(const struct question_list *list, const struct value *a, const struct value *b)
{
    const struct fact *facts = list->table->facts;
    return fact_shared(list->table, facts[a->fact].name, facts[b->fact].name) >= 1 &&
           fact_shared(list->table, facts[b->fact].name, facts[a->fact].name) >= 1;
}

/* "XGBoost: what is the default of max_depth?" */
static void ask_default(struct question_list *list, const struct value *v)
{
    struct choice *choice = arena_take(list->arena, sizeof *choice);
    struct question *q;
    if (!choice || !(q = question_new(list, CARD_SINGLE, "default", v->fact, "")))
        return;
    *choice = (struct choice){.count = 0};
    q->kind = VALUE_NUMBER;
    q->stem = phrase_format(list->arena, "%s: what is the default of %s?", name_of(list, v->algorithm),
                            pair_of(list, v)->name);
    for (int pass = 0; pass < 3; pass++) { /* the same name elsewhere, other names here, all */
        struct value_run run = fact_run(list->table, VALUE_NUMBER, pass != 1 ? -1 : v->group);
        int start = fact_run_start(list->table, run, question_seed(q));
        for (int i = 0; i < run.count && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
            const struct value *other = fact_run_at(list->table, run, start + i);
            struct question_option *added,
                wrong = {.text = other->text, .true_line = other->line, .false_line = v->line};
            if (other->fact == v->fact || !is_near_in_size(v->text, other->text) ||
                (pass == 0 && !have_one_name(list, v, other)))
                continue;
            if ((added = choice_add(choice, list, VALUE_NUMBER, v->text, wrong)))
                added->why = phrase_format(list->arena, "That is the default of %s%s.",
                                           name_with_algorithm(list, v, other), place(list, "notes line", other->line));
        }
    }
    finish(list, q, choice, v->text, v->line);
}

/* --- between lists of a section ----------------------------------------------------------------------------------- */

#define LIST_SHORT 3 /* of a longer list only every other item is asked for: the questions are much alike */

static bool is_left_out(const struct question_list *list, const struct value *v)
{
    return list->table->facts[v->list].child_count > LIST_SHORT && v->hash >> 40 & 1;
}

static bool is_list(const struct question_list *list, int lead)
{
    return lead >= 0 && list->table->notes->facts[lead].lead_in && list->table->facts[lead].child_count >= 2;
}

/* Lists that name the same sort of thing: their lead-ins share a word that says something. */
static bool are_alike(const struct question_list *list, int a, int b)
{
    const struct fact_table *t = list->table;
    return a != b && is_list(list, b) && t->facts[a].parent == t->facts[b].parent &&
           fact_shared(t, t->facts[a].words, t->facts[b].words) > 0;
}

/* Proven not on a list: no item of it has half of the other's words. */
static bool is_off_list(const struct question_list *list, const struct value *other, int lead)
{
    const struct fact_table *t = list->table;
    int n = 0;
    for (int child = t->facts[lead].first_child; child >= 0; child = t->facts[child].next_child)
        if (n++ >= LOOK_MOST || fact_shared(t, other->words, t->facts[child].words) >= UNLIKE)
            return false;
    return !other->common;
}

/* "DeepAR, input: which of these belongs to “Each record must contain”?" */
static void ask_item(struct question_list *list, const struct value *v)
{
    const char *key = v->text, *lead;
    struct value_run run = fact_run(list->table, VALUE_ITEM, v->group);
    struct choice *choice;
    struct question *q;
    int start;
    if (!is_list(list, v->list) || is_left_out(list, v) || !(choice = arena_take(list->arena, sizeof *choice)) ||
        !(q = question_new(list, CARD_SINGLE, "list-item", v->fact, v->text)))
        return;
    lead = phrase_plain(list->arena, list->table->notes->facts[v->list].text);
    *choice = (struct choice){.stem = telling_stem(list, lead)};
    q->kind = VALUE_ITEM;
    q->stem = phrase_format(list->arena, "%s: which of these belongs to " OPEN "%s" CLOSE "?",
                            question_frame(list, v->fact), lead);
    start = fact_run_start(list->table, run, question_seed(q));
    for (int i = 0; i < run.count && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
        const struct value *other = fact_run_at(list->table, run, start + i);
        struct question_option *added, wrong = {.text = other->text, .true_line = other->line};
        if (other->slip || !are_alike(list, v->list, other->list) || !is_off_list(list, other, v->list))
            continue;
        wrong.false_line = list->table->notes->facts[v->list].line;
        wrong.list_line = list->table->notes->facts[other->list].line;
        if ((added = choice_add(choice, list, VALUE_ITEM, key, wrong)))
            added->why = phrase_format(list->arena, "It belongs to " OPEN "%s" CLOSE "%s.",
                                       phrase_plain(list->arena, list->table->notes->facts[other->list].text),
                                       place(list, "notes line", other->line));
    }
    finish(list, q, choice, key, v->line);
}

/* --- between the values of two names ------------------------------------------------------------------------------ */

/* Do two names take the same sort of value? Then their lists have one in common: adam. */
static bool share_choice(struct question_list *list, const struct fact *own, int theirs)
{
    const struct fact *fact = &list->table->facts[theirs];
    const char *name, *choices[PAIR_CHOICES];
    int n = pair_choices(&list->scratch, fact->has_pair ? &fact->pair : NULL, list->table->notes->facts[theirs].text,
                         &name, choices);
    for (int i = 0; i < n; i++) {
        struct words w = text_words(&list->table->vocabulary, &list->scratch, choices[i]);
        if (w.count && fact_shared(list->table, w, own->words) >= 1)
            return true;
    }
    return false;
}

/* "optimizer of Object2Vec": whose value it is. */
static const char *choice_name(struct question_list *list, const struct value *v, const struct value *other)
{
    const struct fact *fact = &list->table->facts[other->fact];
    const char *name = "another name", *choices[PAIR_CHOICES];
    pair_choices(list->arena, fact->has_pair ? &fact->pair : NULL, list->table->notes->facts[other->fact].text, &name,
                 choices);
    return v->algorithm == other->algorithm
               ? name
               : phrase_format(list->arena, "%s of %s", name, name_of(list, other->algorithm));
}

/* Values of other names: those of names that take the same sort in another algorithm, or those of all others of this
 * algorithm. */
static void add_choices(struct question_list *list, struct question *q, struct choice *choice, const struct value *v,
                        bool same_sort)
{
    const struct fact *own = &list->table->facts[v->fact];
    struct value_run run = fact_run(list->table, VALUE_CHOICE, same_sort ? -1 : v->group);
    int start = fact_run_start(list->table, run, question_seed(q));
    for (int i = 0; i < run.count && i < LOOK_MOST && choice->count < CHOICE_MOST; i++) {
        const struct value *other = fact_run_at(list->table, run, start + i);
        struct question_option *added, wrong = {.text = other->text, .true_line = other->line, .false_line = v->line};
        if (other->slip || fact_shared(list->table, other->words, own->words) > 0 ||
            (same_sort && (other->algorithm == v->algorithm || !share_choice(list, own, other->fact))))
            continue;
        if ((added = choice_add(choice, list, VALUE_CHOICE, v->text, wrong)))
            added->why = phrase_format(list->arena, "A value of %s%s.", choice_name(list, v, other),
                                       place(list, "notes line", other->line));
    }
}

/* "Seq2Seq: which of these can optimizer_type be?" One of a name's values is asked for, chosen by its hash. */
static void ask_choice(struct question_list *list, const struct value *v)
{
    const struct fact *own = &list->table->facts[v->fact];
    const char *name, *choices[PAIR_CHOICES];
    int n = pair_choices(list->arena, own->has_pair ? &own->pair : NULL, list->table->notes->facts[v->fact].text, &name,
                         choices);
    struct choice *choice;
    struct question *q;
    if (!n || strcmp(choices[fact_hash(name) % (uint64_t)n], v->text) != 0 ||
        !(choice = arena_take(list->arena, sizeof *choice)) ||
        !(q = question_new(list, CARD_SINGLE, "choice", v->fact, v->text)))
        return;
    *choice = (struct choice){.stem = telling_stem(list, name)};
    q->kind = VALUE_CHOICE;
    q->stem = phrase_format(list->arena, "%s: which of these is a value of %s?", name_of(list, v->algorithm), name);
    add_choices(list, q, choice, v, true);
    add_choices(list, q, choice, v, false);
    finish(list, q, choice, v->text, v->line);
}

void question_single(struct question_list *list, const struct value *v)
{
    if (v->slip)
        return;
    switch (v->kind) {
    case VALUE_MEANING:
        ask_meaning(list, v);
        break;
    case VALUE_NUMBER:
        ask_default(list, v);
        break;
    case VALUE_ITEM:
        ask_item(list, v);
        break;
    case VALUE_CHOICE:
        ask_choice(list, v);
        break;
    default:
        if (!v->common)
            ask_between(list, v);
    }
}
