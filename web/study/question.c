#include "web/study/question.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "web/study/notes_grammar.h"
#include "web/study/phrase.h"

#define QUESTIONS_MAX 60000 /* more than anyone can learn; bounds the work on notes made to be slow */

/* --- identity ----------------------------------------------------------------------------------------------------- */

/* 16 hexadecimal digits of BLAKE2b over all that makes the question what it is, parted by line ends. */
static void make_id(struct question_list *list, struct question *q, const char *fact, const char *what)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[crypto_generichash_BYTES_MIN];
    const char *text =
        phrase_format(list->arena, "%s\n%s\n%s\n%s\n%s", q->slug, q->slot, q->template_name,
                      text_fold(list->arena, phrase_plain(list->arena, fact)), text_fold(list->arena, what));
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), NULL, 0);
    for (int i = 0; i < CARD_ID_LENGTH / 2; i++) {
        q->id[2 * i] = digits[hash[i] >> 4];
        q->id[2 * i + 1] = digits[hash[i] & 15];
    }
    q->id[CARD_ID_LENGTH] = '\0';
}

uint64_t question_seed(const struct question *q)
{
    return fact_mix(fact_hash(q->id));
}

/* --- making one --------------------------------------------------------------------------------------------------- */

const char *question_topic(const struct question_list *list, int fact)
{
    const struct notes_section *s = fact_section(list->table, fact);
    if (strcmp(s->slot, "other") != 0)
        return s->slot;
    return phrase_lower(list->arena,
                        phrase_plain(list->arena, arena_copy(list->arena, s->topic, strcspn(s->topic, "?!"))));
}

const char *question_frame(const struct question_list *list, int fact)
{
    const char *topic = question_topic(list, fact);
    return *topic ? phrase_format(list->arena, "%s, %s", fact_section(list->table, fact)->algorithm, topic)
                  : fact_section(list->table, fact)->algorithm;
}

/* What the fact stands below, if that is short enough to be put in brackets. */
static const char *short_lead(const struct question_list *list, int fact)
{
    int above = list->table->facts[fact].parent;
    const struct fact *lead = above >= 0 ? &list->table->facts[above] : NULL;
    char *text;
    if (!lead)
        return "";
    if (lead->has_pair)
        return lead->pair.name;
    text = pair_item(list->arena, list->table->notes->facts[above].text);
    return phrase_words(text) <= 6 && !grammar_is_statement(text) ? phrase_lower(list->arena, text) : "";
}

const char *question_frame_below(const struct question_list *list, int fact)
{
    const char *lead = short_lead(list, fact), *frame = question_frame(list, fact);
    return *lead ? phrase_format(list->arena, "%s (%s)", frame, lead) : frame;
}

struct question *question_new(struct question_list *list, enum card_type type, const char *template_name, int fact,
                              const char *what)
{
    const struct notes_section *s = fact_section(list->table, fact);
    struct question *q;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        struct question *items = list->failed ? NULL : realloc(list->items, room * sizeof *items);
        if (!items) {
            list->failed = true;
            return NULL;
        }
        list->items = items;
        list->room = room;
    }
    q = &list->items[list->count++];
    *q = (struct question){.type = type, .template_name = template_name, .fact = fact};
    q->line = list->table->notes->facts[fact].line;
    q->algorithm = s->algorithm;
    q->slug = s->slug;
    q->topic = s->topic;
    q->slot = s->slot;
    q->stem = q->explanation = "";
    make_id(list, q, list->table->notes->facts[fact].text, what);
    question_teach(list, q, fact);
    return q;
}

void question_drop(struct question_list *list)
{
    struct question *q = &list->items[--list->count];
    for (int i = 0; i < q->fact_count; i++)
        list->asked[q->facts[i]]--;
}

/* Room for one more in an array of the arena that grows by doubling. */
static void *grow(struct arena *arena, void *old, int count, size_t size)
{
    void *wider;
    if (count & (count - 1))
        return old; /* only powers of two are full */
    wider = arena_take(arena, (size_t)(count ? count * 2 : 1) * size);
    if (wider && count)
        memcpy(wider, old, (size_t)count * size);
    return wider;
}

void question_cite(struct question_list *list, struct question *q, int line)
{
    int at = q->cite_count, *cites;
    for (int i = 0; i < q->cite_count; i++)
        if (q->cites[i] == line)
            return;
    cites = grow(list->arena, q->cites, q->cite_count, sizeof *cites);
    if (!cites)
        return;
    q->cites = cites;
    for (; at > 0 && cites[at - 1] > line; at--)
        cites[at] = cites[at - 1];
    cites[at] = line;
    q->cite_count++;
}

/* Every line that a fact rests on: its own, those it goes on over, and those of the lead-ins above it. */
static void cite_fact(struct question_list *list, struct question *q, int fact)
{
    const struct notes *notes = list->table->notes;
    const struct notes_fact *f = &notes->facts[fact];
    for (int line = f->line; line <= f->last_line && line - f->line < 64; line++)
        question_cite(list, q, line);
    for (int above = list->table->facts[fact].parent, depth = 0; above >= 0 && depth < 8; depth++) {
        question_cite(list, q, notes->facts[above].line);
        above = list->table->facts[above].parent;
    }
}

void question_teach(struct question_list *list, struct question *q, int fact)
{
    int *facts;
    for (int i = 0; i < q->fact_count; i++)
        if (q->facts[i] == fact)
            return;
    facts = grow(list->arena, q->facts, q->fact_count, sizeof *facts);
    if (!facts)
        return;
    q->facts = facts;
    facts[q->fact_count++] = fact;
    if (list->asked[fact] < UINT8_MAX)
        list->asked[fact]++;
    cite_fact(list, q, fact);
}

void question_answer(struct question_list *list, struct question *q, const char *text)
{
    const char **answers = grow(list->arena, q->answers, q->answer_count, sizeof *answers);
    if (!answers)
        return;
    q->answers = answers;
    answers[q->answer_count++] = text;
}

/* --- explanation -------------------------------------------------------------------------------------------------- */

static const char *sentence(struct question_list *list, const char *text)
{
    size_t len = strlen(text);
    bool ended = len && strchr(".!?:", text[len - 1]);
    return ended ? text : phrase_format(list->arena, "%s.", text);
}

bool question_is_slip(const struct question_list *list, int fact)
{
    return slips_text(&list->table->slips, list->table->facts[fact].words, list->table->notes->facts[fact].text);
}

static const char *explain(struct question_list *list, const struct question *q)
{
    const struct fact_table *t = list->table;
    const struct notes_fact *f = &t->notes->facts[q->fact];
    const char *text = phrase_plain(list->arena, f->text), *lead = "", *why = f->why && *f->why ? f->why : NULL;
    int above = t->facts[q->fact].parent;
    if (above >= 0)
        lead = phrase_format(list->arena, "%s: ", phrase_plain(list->arena, t->notes->facts[above].text));
    if (q->statement)
        text = q->statement;
    text =
        sentence(list, phrase_format(list->arena, "%s \xE2\x80\x94 %s%s", question_frame(list, q->fact), lead, text));
    return why ? phrase_format(list->arena, "%s %s", text, sentence(list, why)) : text;
}

void question_finish(struct question_list *list, struct question *q)
{
    const struct notes_fact *f = &list->table->notes->facts[q->fact];
    q->explanation = explain(list, q);
    if (f->often_wrong && *f->often_wrong)
        q->correction = phrase_format(list->arena, "Notes often say: %s", sentence(list, f->often_wrong));
    q->source = f->source && *f->source ? f->source : NULL;
    for (int i = 1; i < q->fact_count && !q->source; i++)
        q->source = list->table->notes->facts[q->facts[i]].source;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static void make_of_facts(struct question_list *list)
{
    const struct fact_table *t = list->table;
    for (int i = 0; i < t->fact_count && list->count < QUESTIONS_MAX && !list->failed; i++) {
        if (!fact_is_asked(t, i))
            continue;
        question_recall(list, i);
        if (!t->notes->facts[i].lead_in)
            question_cloze(list, i);
    }
    for (int i = 0; i < t->value_count && list->count < QUESTIONS_MAX && !list->failed; i++) {
        question_single(list, &t->values[i]);
        if (i % 16 == 15) {
            list->failed |= list->scratch.failed;
            arena_free(&list->scratch);
        }
    }
}

static void make_of_sections(struct question_list *list)
{
    const struct fact_table *t = list->table;
    for (int first = 0, end; first < t->fact_count && list->count < QUESTIONS_MAX && !list->failed; first = end) {
        int section = t->notes->facts[first].section;
        for (end = first + 1; end < t->fact_count && t->notes->facts[end].section == section; end++)
            ;
        if (t->facts[first].algorithm >= 0)
            question_section(list, section, first, end);
    }
}

int question_make(struct question_list *list, struct fact_table *table, struct arena *arena)
{
    *list = (struct question_list){.arena = arena, .table = table};
    list->asked = arena_take(arena, (size_t)table->fact_count + 1);
    if (!list->asked)
        return -1;
    memset(list->asked, 0, (size_t)table->fact_count + 1);
    make_of_facts(list);
    make_of_sections(list);
    for (int i = 0; i < table->fact_count && list->count < QUESTIONS_MAX && !list->failed; i++)
        if (!list->asked[i] && fact_is_asked(table, i) && !table->notes->facts[i].lead_in && !question_is_slip(list, i))
            question_rest(list, i);
    list->full = list->count >= QUESTIONS_MAX;
    list->failed |= list->scratch.failed;
    arena_free(&list->scratch);
    if (list->failed || arena->failed) {
        question_list_free(list);
        return -1;
    }
    return 0;
}

void question_list_free(struct question_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
}
