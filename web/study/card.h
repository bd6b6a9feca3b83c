/* Cards made from notes, each checked by a program before anyone sees it.
 *
 *     notes -> facts (the truth table: algorithm x slot x value) -> candidate questions -> question_check -> cards
 *
 * Deterministic: the same notes give the same cards byte for byte. A card's identity comes from what it asks, not from
 * its line number or its neighbours: importing edited notes again changes only the cards that cite an edited line. */
#ifndef STUDY_CARD_H
#define STUDY_CARD_H

#include "engine/base/str.h"
#include "web/study/notes.h"

enum card_type { CARD_RECALL, CARD_CLOZE, CARD_SINGLE };
#define CARD_ID_LENGTH 16 /* lower-case hexadecimal */
#define CARD_MAX_OPTIONS 5

struct card_option {
    const char *text;
    const char *why; /* wrong options: of which algorithm it is true, and where that is written; NULL for the key */
};

struct card {
    char id[CARD_ID_LENGTH + 1];
    enum card_type type;
    const char *algorithm, *slug, *topic, *slot;  /* algorithm "Linear Learner", slug "linear-learner" */
    const char *stem;                             /* the question; a cloze has its blank as "____" */
    struct card_option options[CARD_MAX_OPTIONS]; /* single choice only */
    int option_count, key;                        /* key: index into options */
    const char *const *answers;                   /* recall: the items; cloze: the word; single: the key's text */
    int answer_count;
    const char *explanation; /* the fact as a full sentence, and its Why; never NULL */
    const char *correction;  /* "Notes often say: ..." or NULL */
    const char *source;      /* page, or NULL when the notes name none */
    int line;                /* of the fact in the notes */
    int fact;                /* index into notes.facts */
    const int *cites; /* all lines of the notes that it was made from, ascending: an edit elsewhere leaves it be */
    int cite_count;
    const char *template_name;
};

/* A candidate that failed its check, or a fact that no question could be made of. */
struct refusal {
    int line;
    const char *template_name; /* NULL: a fact without any question */
    const char *reason;        /* a sentence naming the rule */
};

struct deck {
    struct card *cards;
    size_t card_count;
    struct refusal *refusals;
    size_t refusal_count;
    size_t facts, facts_covered; /* lead-ins do not count */
    void *memory;
};

int deck_make(struct deck *deck, const struct notes *notes, struct error *err);
void deck_free(struct deck *deck);

/* The card as the API sends it (without schedule and demo link):
 * {"id","type":"recall|cloze|single","algorithm","slug","topic","slot","stem","options":[{"text","why"}],"key",
 *  "answers":[..],"explanation","correction","source","line"} */
void card_to_json(const struct card *card, struct str *out);

/* What `flashlab check` prints and the API returns. report: also refusals and the share of facts covered.
 * The text ends with "34 sections, 7 algorithms, N facts" and a line of cards by type. */
void deck_report_text(const struct notes *notes, const struct deck *deck, bool report, struct str *out);
void deck_report_json(const struct notes *notes, const struct deck *deck, struct str *out);

#endif
