/* Studying: the next card, and answers to cards. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "web/handlers/card_view.h"
#include "web/reply.h"
#include "web/route.h"

#define UUID_LENGTH 36
#define MAX_ELAPSED_MS 86400000 /* a day over one card */
#define MAX_LISTED 1000
#define MAX_NAME 200

/* {"card","counts","next_due_ms"} of the filter; `key` names the card. */
static int write_next(struct json *j, const char *key, const struct app *app, const struct study_filter *filter,
                      struct error *err)
{
    int64_t now_ms = clock_unix_ms();
    struct study_counts counts;
    struct store_card card;
    int found = store_study_next(app->store, filter, now_ms, &card, &counts, err);
    if (found < 0)
        return -1;
    if (found) {
        card_view_write(j, key, app, &card, now_ms);
        store_card_free(&card);
    } else {
        json_null(j, key);
    }
    json_object(j, "counts");
    json_integer(j, "due", counts.due);
    json_integer(j, "new", counts.fresh);
    json_integer(j, "learning", counts.learning);
    json_integer(j, "total", counts.total);
    json_end(j);
    if (counts.next_due_ms)
        json_integer(j, "next_due_ms", counts.next_due_ms);
    else
        json_null(j, "next_due_ms");
    return 0;
}

/* A deck that is gone is not a deck without anything to learn. */
static bool deck_is_there(struct request *r, const char *deck)
{
    struct error err = {0};
    int rc = deck ? store_deck_exists(request_app(r)->store, deck, &err) : 1;
    if (rc < 0)
        reply_failure(r, &err);
    if (rc == 0)
        reply_error(r, 404, "unknown_deck", "deck", "There is no deck \"%s\".", deck);
    return rc == 1;
}

void handle_study_next(struct request *r)
{
    struct study_filter filter = {.deck = request_query(r, "deck"),
                                  .algorithm = request_query(r, "algorithm"),
                                  .not_card = request_query(r, "after")};
    struct str body = {0};
    struct json j = json_begin(&body);
    struct error err = {0};
    if (!deck_is_there(r, filter.deck))
        return;
    json_object(&j, NULL);
    if (write_next(&j, "card", request_app(r), &filter, &err)) {
        str_free(&body);
        reply_failure(r, &err);
        return;
    }
    json_end(&j);
    reply_json(r, 200, &body);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* 8-4-4-4-12 hexadecimal digits, kept in lower case. */
static bool read_uuid(const char *text, char *out)
{
    int i;
    for (i = 0; i < UUID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
        out[i] = (char)tolower((unsigned char)text[i]);
    }
    out[i] = '\0';
    return text[i] == '\0';
}

static bool read_card_id(const char *text, char *out)
{
    if (strlen(text) != CARD_ID_LENGTH || strspn(text, "0123456789abcdef") != CARD_ID_LENGTH)
        return false;
    memcpy(out, text, CARD_ID_LENGTH + 1);
    return true;
}

/* False: replied already. */
static bool read_review(struct request *r, const cJSON *body, struct review *review)
{
    long long grade = 0, chosen = -1, elapsed_ms = 0;
    const char *id = request_text_field(r, body, "id", MAX_NAME, true);
    const char *card = id ? request_text_field(r, body, "card", MAX_NAME, true) : NULL;
    if (!card || !request_integer_field(r, body, "grade", GRADE_AGAIN, GRADE_EASY, true, &grade) ||
        !request_integer_field(r, body, "chosen", 0, CARD_MAX_OPTIONS - 1, false, &chosen) ||
        !request_integer_field(r, body, "elapsed_ms", 0, MAX_ELAPSED_MS, false, &elapsed_ms))
        return false;
    if (!read_uuid(id, review->id)) {
        reply_error(r, 400, "invalid_field", "id", "\"id\" must be a UUID that you made for this answer.");
        return false;
    }
    if (!read_card_id(card, review->card)) {
        reply_error(r, 400, "invalid_field", "card", "\"card\" must be the id of a card: %d hexadecimal digits.",
                    CARD_ID_LENGTH);
        return false;
    }
    review->grade = (enum grade)grade;
    review->chosen = (int)chosen;
    review->elapsed_ms = (int)elapsed_ms;
    review->at_ms = clock_unix_ms();
    return true;
}

static void reply_refused(struct request *r, const struct review *review, const struct error *err)
{
    if (err->code == ERROR_INPUT && strcmp(err->where, "card") == 0)
        reply_error(r, 404, "unknown_card", "card", "There is no card \"%s\". Load the page again.", review->card);
    else if (err->code == ERROR_INPUT && strcmp(err->where, "id") == 0)
        reply_error(r, 409, "id_taken", "id",
                    "A different answer has this id already. Make a new one for each answer.");
    else
        reply_failure(r, err);
}

static void write_review(struct json *j, const char *key, const struct review *review, int64_t due_ms)
{
    json_object(j, key);
    json_string(j, "id", review->id);
    json_string(j, "card", review->card);
    json_integer(j, "grade", review->grade);
    if (review->chosen >= 0)
        json_integer(j, "chosen", review->chosen);
    else
        json_null(j, "chosen");
    json_integer(j, "elapsed_ms", review->elapsed_ms);
    json_integer(j, "due_ms", due_ms);
    json_integer(j, "at_ms", review->at_ms);
    json_end(j);
}

/* Stores first and answers then; the next card comes along, so that a page waits once. */
static void add_review(struct request *r, const struct review *review, const struct study_filter *filter)
{
    struct app *app = request_app(r);
    struct str body = {0};
    struct json j = json_begin(&body);
    struct review stored;
    struct schedule after;
    struct error err = {0};
    int rc = store_review_add(app->store, review, &stored, &after, &err);
    if (rc < 0) {
        reply_refused(r, review, &err);
        return;
    }
    json_object(&j, NULL);
    write_review(&j, "review", &stored, after.due_ms);
    if (write_next(&j, "next", app, filter, &err)) {
        str_free(&body);
        reply_failure(r, &err); /* the same answer may be sent again */
        return;
    }
    json_end(&j);
    reply_json(r, rc == 1 ? 201 : 200, &body);
}

void handle_review_add(struct request *r)
{
    const cJSON *body = request_json(r);
    struct study_filter filter = {0};
    struct review review;
    if (!body || !read_review(r, body, &review))
        return;
    filter.not_card = review.card;
    filter.deck = request_text_field(r, body, "deck", MAX_NAME, false);
    if (!request_replied(r))
        filter.algorithm = request_text_field(r, body, "algorithm", MAX_NAME, false);
    if (!request_replied(r) && deck_is_there(r, filter.deck))
        add_review(r, &review, &filter);
}

static void list_review(void *context, const struct review *review, int64_t due_ms)
{
    write_review(context, NULL, review, due_ms);
}

void handle_reviews(struct request *r)
{
    struct str body = {0};
    struct json j = json_begin(&body);
    struct error err = {0};
    const char *text = request_query(r, "before");
    char before[UUID_LENGTH + 1];
    if (text && !read_uuid(text, before)) {
        reply_error(r, 400, "invalid_field", "before", "\"before\" must be the id of an answer: a UUID.");
        return;
    }
    json_object(&j, NULL);
    json_array(&j, "reviews");
    if (store_reviews_each(request_app(r)->store, text ? before : NULL, MAX_LISTED, list_review, &j, &err)) {
        str_free(&body);
        reply_failure(r, &err);
        return;
    }
    json_end(&j);
    json_end(&j);
    reply_json(r, 200, &body);
}
