/* Candidate questions made from the truth table by templates. Nothing here is shown to anyone before question_check
 * (check.h) has found no fault in it.
 *
 * A question's identity is what it asks: algorithm, slot, template, the words of the fact and the place of the blank.
 * All choices (wrong options, their order, where the key stands) follow from it, none from the neighbours. */
#ifndef STUDY_QUESTION_H
#define STUDY_QUESTION_H

#include "web/study/card.h"
#include "web/study/fact.h"

#define QUESTION_MAX_ITEMS 7 /* answers of a list that one can learn by heart */
#define QUESTION_MAX_STEM 240

struct question_option {
    const char *text, *why;
    int true_line;  /* where the notes say it of something else; of the key: where they say it of what is asked */
    int false_line; /* what proves it false here: a complete list, or the fact that says otherwise; 0: nothing does */
    int list_line;  /* of the other list it belongs to, 0: none */
};

struct question {
    enum card_type type;
    const char *template_name;
    char id[CARD_ID_LENGTH + 1];
    int fact, line; /* the fact asked for, its line in the notes */
    const char *algorithm, *slug, *topic, *slot;
    const char *stem;
    enum value_kind kind; /* of the options, or of the blank */
    struct question_option options[CARD_MAX_OPTIONS];
    int option_count, key;
    const char **answers;
    int answer_count;
    int *facts; /* all facts that it teaches, the one above included */
    int fact_count;
    int *cites; /* all lines it was made from, ascending */
    int cite_count;
    const char *explanation, *correction, *source;
    const char *statement; /* what the explanation says instead of the fact's text, NULL: that */
};

struct question_list {
    struct arena *arena, scratch; /* scratch: emptied after each value */
    struct fact_table *table;
    struct question *items;
    size_t count, room;
    uint8_t *asked; /* by fact: how many questions teach it */
    bool full;      /* QUESTIONS_MAX reached */
    bool failed;    /* out of memory */
};

/* All candidates, in the order of the notes. Returns -1 when out of memory. */
int question_make(struct question_list *list, struct fact_table *table, struct arena *arena);
void question_list_free(struct question_list *list);

/* --- for the templates -------------------------------------------------------------------------------------------- */

/* Starts a question on `fact`; `what` is the part of its identity that the fact's text does not hold, "" if none.
 * NULL when out of memory. Undone with question_drop while it is the last. */
struct question *question_new(struct question_list *list, enum card_type type, const char *template_name, int fact,
                              const char *what);
void question_drop(struct question_list *list);

void question_teach(struct question_list *list, struct question *q, int fact); /* also cites its line and lead-ins */
void question_cite(struct question_list *list, struct question *q, int line);
void question_answer(struct question_list *list, struct question *q, const char *text);
void question_finish(struct question_list *list, struct question *q); /* explanation, correction, source */

/* "XGBoost, hyperparameters": how a stem begins. */
const char *question_frame(const struct question_list *list, int fact);
const char *question_frame_below(const struct question_list *list, int fact); /* "..., input (MXNet)" for an item */
const char *question_topic(const struct question_list *list, int fact);       /* "hyperparameters" */

bool question_is_slip(const struct question_list *list, int fact); /* looks misspelt: no answer may repeat it */

uint64_t question_seed(const struct question *q);

void question_recall(struct question_list *list, int fact);
void question_section(struct question_list *list, int section, int first, int end); /* facts first .. end - 1 */
void question_rest(struct question_list *list, int fact); /* a last try for a fact that nothing asks for yet */
void question_cloze(struct question_list *list, int fact);
void question_single(struct question_list *list, const struct value *value);

#endif
