/* The only door to the database. Statements are named by the functions below; nobody else sees SQL or a SQLite type.
 *
 * Reads run on the caller's thread over a connection of its own. Writes go to one writer thread that commits everything
 * queued in one transaction at synchronous=FULL and answers only after the commit: what returned 0 survives kill -9.
 * The writer is the sole checkpointer. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "web/study/card.h"
#include "web/study/schedule.h"

struct store;

/* Makes the folder, takes its lock (a second server on it is refused with a sentence), migrates. */
struct store *store_open(const char *dir, struct error *err);
void store_close(struct store *s);

/* Decks. `id` is a slug: "builtin", "models-flashcards". Synchronising keeps schedules and reviews of cards whose id
 * stays, hides (never deletes) cards that are gone, brings back hidden ones.
 *
 * Two decks may ask the same question, so a card's id here and in the API is struct card's own only in "builtin"; in
 * any other deck it is a hash of the deck's id and it. The body carries the same id. */
#define STORE_DECK_ID 64 /* size of a buffer for a deck's id */
void store_deck_id(const char *title,
                   char id[STORE_DECK_ID]); /* of a deck of one's own: "Models (v2)" is "models-v2" */
int store_deck_exists(struct store *s, const char *id, struct error *err); /* 1, 0, -1 */
struct deck_changes {
    int added;  /* asked now, were not before: new ones and those that came back */
    int kept;   /* asked before and now */
    int hidden; /* asked before, not any more */
};
int store_deck_sync(struct store *s, const char *id, const char *title, const struct deck *deck,
                    struct deck_changes *changes, struct error *err);
/* A deck of one's own: the deck of this title, or a new one, whose id is store_deck_id's unless a deck of another title
 * has it. `id` gets it. ERROR_INPUT with err->where "title": the title cannot be one. */
int store_deck_import(struct store *s, const char *title, const struct deck *deck, char id[STORE_DECK_ID],
                      struct deck_changes *changes, struct error *err);
int store_deck_delete(struct store *s, const char *id,
                      struct error *err); /* with its cards and reviews; not "builtin" */
int store_decks_json(struct store *s, int64_t now_ms, struct str *out, struct error *err);

/* One row of the study queue. */
struct store_card {
    char id[CARD_ID_LENGTH + 1];
    char deck[STORE_DECK_ID];
    char slug[48], slot[32];
    char *body;  /* card_to_json's text, malloc'ed */
    char *words; /* question, answers and explanation: what a demo is looked up by; malloc'ed */
    struct schedule schedule;
};
void store_card_free(struct store_card *c);

struct study_filter {
    const char *deck;      /* NULL: all decks */
    const char *algorithm; /* slug, NULL: all */
    const char *not_card; /* the card just answered is not asked again at once unless nothing else is due; NULL: none */
};
struct study_counts {
    int due;      /* learning or in review, and due now */
    int fresh;    /* never answered */
    int learning; /* in the learning or relearning steps, due or not */
    int total;
    int64_t next_due_ms; /* of the earliest card not due yet; 0: none */
};

/* 1: found, 0: nothing due, -1: error. Order: learning cards due, reviews due (most overdue first), new cards in deck
 * order. Among reviews and among new cards those of a fact that one of the last 8 answers was about wait while there
 * are others: they would give its answer away. */
int store_study_next(struct store *s, const struct study_filter *filter, int64_t now_ms, struct store_card *card,
                     struct study_counts *counts, struct error *err);
int store_card_get(struct store *s, const char *id, struct store_card *card, struct error *err); /* 1, 0, -1 */
/* In the order of the deck, algorithm by algorithm. 1: done, 0: there is no such deck, -1: error. */
int store_cards_each(struct store *s, const char *deck, const char *algorithm, const char *slot,
                     void (*each)(void *context, const struct store_card *card), void *context, struct error *err);

/* A review, stored durably together with the schedule it leads to. `id` is the client's own (a UUID): the same id again
 * changes nothing and answers as the first time. */
struct review {
    char id[40];
    char card[CARD_ID_LENGTH + 1];
    enum grade grade;
    int chosen;     /* option chosen, -1: none */
    int elapsed_ms; /* from question to grade */
    int64_t at_ms;
};
/* 1: stored, 0: known already, -1: error. ERROR_INPUT with err->where "card": the card is unknown, "id": another answer
 * has this id. `stored` gets the review as it is stored, `after` the schedule that it led to. */
int store_review_add(struct store *s, const struct review *review, struct review *stored, struct schedule *after,
                     struct error *err);

/* Stored reviews, the newest first, from the one before the review `before` (NULL: from the newest), at most `limit`.
 */
int store_reviews_each(struct store *s, const char *before, int limit,
                       void (*each)(void *context, const struct review *review, int64_t due_ms), void *context,
                       struct error *err);

#endif
