#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/store/internal.h"

int store_card_read(struct query *q, struct store_card *card, struct error *err)
{
    snprintf(card->id, sizeof card->id, "%s", query_text(q, 0));
    snprintf(card->deck, sizeof card->deck, "%s", query_text(q, 1));
    snprintf(card->slug, sizeof card->slug, "%s", query_text(q, 2));
    snprintf(card->slot, sizeof card->slot, "%s", query_text(q, 3));
    card->words = strdup(query_text(q, 4));
    card->body = strdup(query_text(q, 5));
    card->schedule = query_schedule(q, 6);
    if (card->words && card->body && card->body[0])
        return 0;
    store_card_free(card);
    return error_set(err, ERROR_SYSTEM, card->id, NULL, "there is not enough memory for the card");
}

void store_card_free(struct store_card *c)
{
    free(c->words);
    free(c->body);
    c->words = c->body = NULL;
}

static int get_card(struct connection *c, const char *id, struct store_card *card, struct error *err)
{
    struct query q = query_start(c, CARD_GET);
    int rc;
    query_bind_text(&q, 1, id);
    rc = query_step(&q, err);
    if (rc == 1 && store_card_read(&q, card, err))
        rc = -1;
    query_end(&q);
    return rc;
}

int store_card_get(struct store *s, const char *id, struct store_card *card, struct error *err)
{
    struct connection *c = store_reader(s, err);
    return c ? get_card(c, id, card, err) : -1;
}

int store_cards_each(struct store *s, const char *deck, const char *algorithm, const char *slot,
                     void (*each)(void *context, const struct store_card *card), void *context, struct error *err)
{
    int rc = store_deck_exists(s, deck, err);
    struct connection *c = rc == 1 ? store_reader(s, err) : NULL;
    struct store_card card;
    struct query q;
    if (!c)
        return rc == 1 ? -1 : rc;
    q = query_start(c, CARD_LIST);
    query_bind_text(&q, 1, deck);
    query_bind_text(&q, 2, algorithm);
    query_bind_text(&q, 3, slot);
    while ((rc = query_step(&q, err)) == 1) {
        if (store_card_read(&q, &card, err)) {
            rc = -1;
            break;
        }
        each(context, &card);
        store_card_free(&card);
    }
    query_end(&q);
    return rc < 0 ? -1 : 1;
}

/* --- the queue ------------------------------------------------------------------------------------------------------
 */

#define SIBLINGS_APART 8 /* answers between two cards of one fact */

/* The place a card has among those that wait. */
struct place {
    char card[CARD_ID_LENGTH + 1]; /* "": none */
    int64_t rank;
};

static int first_apart(struct connection *c, const struct study_filter *filter, enum card_state state, int64_t now_ms,
                       int apart, struct place *place, struct error *err)
{
    struct query q = query_start(c, QUEUE_NEXT);
    int rc;
    query_bind_integer(&q, 1, state);
    query_bind_integer(&q, 2, state == CARD_NEW ? INT64_MAX : now_ms);
    query_bind_text(&q, 3, filter->not_card ? filter->not_card : "");
    query_bind_text(&q, 4, filter->deck);
    query_bind_text(&q, 5, filter->algorithm);
    query_bind_integer(&q, 6, apart);
    rc = query_step(&q, err);
    place->card[0] = '\0';
    if (rc == 1) {
        snprintf(place->card, sizeof place->card, "%s", query_text(&q, 0));
        place->rank = query_integer(&q, 1);
    }
    query_end(&q);
    return rc < 0 ? -1 : 0;
}

/* Cards of one fact keep their distance as far as there are others; learning steps have their own times and do not. */
static int first_in_state(struct connection *c, const struct study_filter *filter, enum card_state state,
                          int64_t now_ms, struct place *place, struct error *err)
{
    int apart = state == CARD_NEW || state == CARD_REVIEW ? SIBLINGS_APART : 0;
    if (first_apart(c, filter, state, now_ms, apart, place, err))
        return -1;
    while (!place->card[0] && apart) {
        apart /= 2;
        if (first_apart(c, filter, state, now_ms, apart, place, err))
            return -1;
    }
    return 0;
}

/* Learning and relearning cards that are due, the earlier first; then reviews; then new cards. */
static int first_in_line(struct connection *c, const struct study_filter *filter, int64_t now_ms, struct place *place,
                         struct error *err)
{
    struct place other;
    if (first_in_state(c, filter, CARD_LEARNING, now_ms, place, err) ||
        first_in_state(c, filter, CARD_RELEARNING, now_ms, &other, err))
        return -1;
    if (other.card[0] && (!place->card[0] || other.rank < place->rank))
        *place = other;
    if (!place->card[0] && first_in_state(c, filter, CARD_REVIEW, now_ms, place, err))
        return -1;
    if (!place->card[0] && first_in_state(c, filter, CARD_NEW, now_ms, place, err))
        return -1;
    return 0;
}

static int count(struct connection *c, const struct study_filter *filter, int64_t now_ms, struct study_counts *counts,
                 struct error *err)
{
    struct query q = query_start(c, QUEUE_COUNT);
    struct tally tally = {0};
    int rc;
    query_bind_integer(&q, 1, now_ms);
    query_bind_text(&q, 2, filter->deck);
    query_bind_text(&q, 3, filter->algorithm);
    while ((rc = query_step(&q, err)) == 1)
        tally_add(&tally, &q, 0);
    query_end(&q);
    counts->due = tally.due;
    counts->fresh = tally.states[CARD_NEW];
    counts->learning = tally.states[CARD_LEARNING] + tally.states[CARD_RELEARNING];
    counts->total = counts->fresh + counts->learning + tally.states[CARD_REVIEW];
    counts->next_due_ms = tally.next_due_ms;
    return rc;
}

static int next_and_counts(struct connection *c, const struct study_filter *filter, int64_t now_ms,
                           struct store_card *card, struct study_counts *counts, struct error *err)
{
    struct study_filter any = *filter;
    struct place place;
    any.not_card = NULL;
    if (count(c, filter, now_ms, counts, err) || first_in_line(c, filter, now_ms, &place, err))
        return -1;
    if (!place.card[0] && filter->not_card && first_in_line(c, &any, now_ms, &place, err))
        return -1;
    return place.card[0] ? get_card(c, place.card, card, err) : 0;
}

int store_study_next(struct store *s, const struct study_filter *filter, int64_t now_ms, struct store_card *card,
                     struct study_counts *counts, struct error *err)
{
    struct connection *c = store_reader(s, err);
    struct error ignored;
    int rc;
    if (!c || connection_run(c, BEGIN_READ, err)) /* so that card and counts are of one moment */
        return -1;
    rc = next_and_counts(c, filter, now_ms, card, counts, err);
    connection_run(c, COMMIT, &ignored); /* nothing was written: it only ends the reading */
    return rc;
}
