#include "web/study/card.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "web/study/arena.h"
#include "web/study/check.h"
#include "web/study/question.h"

static const char *const type_names[] = {[CARD_RECALL] = "recall", [CARD_CLOZE] = "cloze", [CARD_SINGLE] = "single"};

/* What one call of deck_make works with. */
struct maker {
    struct deck *deck;
    struct arena *kept, work; /* of the deck, and what is dropped at the end */
    struct fact_table table;
    struct question_list questions;
    size_t card_room, refusal_room;
    const char **refused; /* by fact: why its last candidate failed */
    uint8_t *covered;     /* by fact */
};

/* --- refusals ------------------------------------------------------------------------------------------------------
 */

static int refuse(struct maker *m, int line, const char *template_name, const char *reason)
{
    struct deck *deck = m->deck;
    if (deck->refusal_count == m->refusal_room) {
        size_t room = m->refusal_room ? m->refusal_room * 2 : 64;
        struct refusal *wider = realloc(deck->refusals, room * sizeof *wider);
        if (!wider)
            return -1;
        deck->refusals = wider;
        m->refusal_room = room;
    }
    deck->refusals[deck->refusal_count++] = (struct refusal){line, template_name, reason};
    return 0;
}

/* --- one card ------------------------------------------------------------------------------------------------------
 */

static const char *keep(struct maker *m, const char *text)
{
    return text ? arena_copy(m->kept, text, strlen(text)) : NULL;
}

static int keep_answers(struct maker *m, struct card *card, const struct question *q)
{
    const char **answers = arena_take(m->kept, (size_t)q->answer_count * sizeof *answers);
    int *cites = arena_take(m->kept, (size_t)q->cite_count * sizeof *cites);
    if (!answers || !cites)
        return -1;
    for (int i = 0; i < q->answer_count; i++)
        answers[i] = keep(m, q->answers[i]);
    memcpy(cites, q->cites, (size_t)q->cite_count * sizeof *cites);
    card->answers = answers;
    card->answer_count = q->answer_count;
    card->cites = cites;
    card->cite_count = q->cite_count;
    return 0;
}

static int add_card(struct maker *m, const struct question *q)
{
    struct deck *deck = m->deck;
    struct card *card;
    if (deck->card_count == m->card_room) {
        size_t room = m->card_room ? m->card_room * 2 : 64;
        struct card *wider = realloc(deck->cards, room * sizeof *wider);
        if (!wider)
            return -1;
        deck->cards = wider;
        m->card_room = room;
    }
    card = &deck->cards[deck->card_count++];
    *card = (struct card){
        .type = q->type, .option_count = q->option_count, .key = q->key, .line = q->line, .fact = q->fact};
    memcpy(card->id, q->id, sizeof card->id);
    card->template_name = q->template_name;
    card->algorithm = keep(m, q->algorithm);
    card->slug = keep(m, q->slug);
    card->topic = keep(m, q->topic);
    card->slot = keep(m, q->slot);
    card->stem = keep(m, q->stem);
    card->explanation = keep(m, q->explanation);
    card->correction = keep(m, q->correction);
    card->source = keep(m, q->source);
    for (int i = 0; i < q->option_count; i++)
        card->options[i] = (struct card_option){keep(m, q->options[i].text), keep(m, q->options[i].why)};
    for (int i = 0; i < q->fact_count; i++)
        m->covered[q->facts[i]] = 1;
    return keep_answers(m, card, q);
}

/* --- the bank ------------------------------------------------------------------------------------------------------
 */

static int by_id(const void *a, const void *b)
{
    const struct question *x = *(const struct question *const *)a, *y = *(const struct question *const *)b;
    int order = strcmp(x->id, y->id);
    if (order)
        return order;
    return x->line != y->line ? (x->line > y->line) - (x->line < y->line) : (x > y) - (x < y);
}

/* Marks all but the first of the questions that ask the same. */
static int find_repeats(const struct question_list *list, uint8_t *repeats)
{
    const struct question **order = malloc((list->count + 1) * sizeof(struct question *));
    if (!order)
        return -1;
    for (size_t i = 0; i < list->count; i++)
        order[i] = &list->items[i];
    qsort(order, list->count, sizeof(struct question *), by_id);
    for (size_t i = 1; i < list->count; i++)
        if (strcmp(order[i]->id, order[i - 1]->id) == 0)
            repeats[order[i] - list->items] = 1;
    free(order);
    return 0;
}

static int judge(struct maker *m, const struct check *check, const struct question *q, bool repeats)
{
    const struct check_rule *broken = question_check(check, q);
    const char *reason = NULL;
    if (broken)
        reason = broken->sentence;
    else if (repeats)
        reason = "Rule 14: another line already asks exactly this.";
    if (!reason)
        return add_card(m, q);
    for (int i = 0; i < q->fact_count; i++)
        m->refused[q->facts[i]] = reason;
    return refuse(m, q->line, q->template_name, reason);
}

static int judge_all(struct maker *m)
{
    struct arena scratch = {0};
    struct check check = {&m->table.vocabulary, &scratch};
    uint8_t *repeats = calloc(m->questions.count + 1, 1);
    int status = repeats ? find_repeats(&m->questions, repeats) : -1;
    for (size_t i = 0; i < m->questions.count && status == 0; i++) {
        status = judge(m, &check, &m->questions.items[i], repeats[i]);
        if (i % 64 == 63)
            arena_free(&scratch);
    }
    status = scratch.failed ? -1 : status;
    arena_free(&scratch);
    free(repeats);
    return status;
}

/* Every fact is in a card or among the refusals. */
static int count_coverage(struct maker *m)
{
    static const char nowhere[] = "It stands under no heading, so a question could not say what it is about.";
    static const char no_form[] =
        "It is no list, no pair such as \"name = meaning\", and holds no number, format or name to ask for.";
    static const char full[] = "The deck is full: of notes so long not all can be asked. Split them.";
    static const char odd[] =
        "A word in it looks misspelt beside the other lines, so no question may rest on it. Correct the line.";
    const struct notes *notes = m->table.notes;
    for (size_t i = 0; i < notes->fact_count; i++) {
        const char *why = m->refused[i] ? m->refused[i] : m->questions.full ? full : no_form;
        if (m->table.facts[i].algorithm < 0)
            why = nowhere;
        else if (question_is_slip(&m->questions, (int)i))
            why = odd;
        if (notes->facts[i].lead_in || notes->facts[i].also)
            continue;
        m->deck->facts++;
        m->deck->facts_covered += m->covered[i];
        if (!m->covered[i] && refuse(m, notes->facts[i].line, NULL, why) != 0)
            return -1;
    }
    return 0;
}

static int card_order(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    return x->line != y->line ? (x->line > y->line) - (x->line < y->line) : strcmp(x->id, y->id);
}

static int refusal_order(const void *a, const void *b)
{
    const struct refusal *x = a, *y = b;
    int order = (x->line > y->line) - (x->line < y->line);
    order = order ? order : (x->template_name != NULL) - (y->template_name != NULL);
    order = order || !x->template_name ? order : strcmp(x->template_name, y->template_name);
    return order ? order : strcmp(x->reason, y->reason);
}

static int make(struct maker *m, const struct notes *notes)
{
    struct deck *deck = m->deck;
    size_t n = notes->fact_count + 1;
    m->refused = arena_take(&m->work, n * sizeof *m->refused);
    m->covered = arena_take(&m->work, n);
    if (!m->refused || !m->covered)
        return -1;
    memset(m->refused, 0, n * sizeof *m->refused);
    memset(m->covered, 0, n);
    if (question_make(&m->questions, &m->table, &m->work) != 0 || judge_all(m) != 0 || count_coverage(m) != 0)
        return -1;
    if (deck->card_count)
        qsort(deck->cards, deck->card_count, sizeof *deck->cards, card_order);
    if (deck->refusal_count)
        qsort(deck->refusals, deck->refusal_count, sizeof *deck->refusals, refusal_order);
    return m->work.failed || m->kept->failed ? -1 : 0;
}

int deck_make(struct deck *deck, const struct notes *notes, struct error *err)
{
    struct maker m = {.deck = deck};
    int status = -1;
    *deck = (struct deck){.memory = calloc(1, sizeof(struct arena))};
    m.kept = deck->memory;
    if (m.kept && sodium_init() >= 0 && fact_table_open(&m.table, notes, &m.work) == 0) {
        status = make(&m, notes);
        question_list_free(&m.questions);
        fact_table_close(&m.table);
    }
    arena_free(&m.work);
    if (status == 0)
        return 0;
    deck_free(deck);
    return error_set(err, ERROR_SYSTEM, NULL, "try again when less is going on, or split the notes",
                     "there was not enough memory to make cards of the notes");
}

void deck_free(struct deck *deck)
{
    if (deck->memory)
        arena_free(deck->memory);
    free(deck->memory);
    free(deck->cards);
    free(deck->refusals);
    *deck = (struct deck){0};
}

/* --- JSON ----------------------------------------------------------------------------------------------------------
 */

static void options_to_json(struct json *j, const struct card *card)
{
    json_array(j, "options");
    for (int i = 0; i < card->option_count; i++) {
        json_object(j, NULL);
        json_string(j, "text", card->options[i].text);
        json_string(j, "why", card->options[i].why);
        json_end(j);
    }
    json_end(j);
    if (card->option_count)
        json_integer(j, "key", card->key);
    else
        json_null(j, "key");
}

void card_to_json(const struct card *card, struct str *out)
{
    struct json j = json_begin(out);
    json_object(&j, NULL);
    json_string(&j, "id", card->id);
    json_string(&j, "type", type_names[card->type]);
    json_string(&j, "algorithm", card->algorithm);
    json_string(&j, "slug", card->slug);
    json_string(&j, "topic", card->topic);
    json_string(&j, "slot", card->slot);
    json_string(&j, "stem", card->stem);
    options_to_json(&j, card);
    json_array(&j, "answers");
    for (int i = 0; i < card->answer_count; i++)
        json_string(&j, NULL, card->answers[i]);
    json_end(&j);
    json_string(&j, "explanation", card->explanation);
    json_string(&j, "correction", card->correction);
    json_string(&j, "source", card->source);
    json_integer(&j, "line", card->line);
    json_end(&j);
}
