/* Decks: listed, made from notes, looked into, deleted; notes checked without keeping them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "web/handlers/card_view.h"
#include "web/reply.h"
#include "web/route.h"
#include "web/study/card.h"
#include "web/study/notes.h"

#define MAX_TITLE 200

void handle_decks(struct request *r)
{
    struct str body = {0};
    struct error err = {0};
    if (store_decks_json(request_app(r)->store, clock_unix_ms(), &body, &err)) {
        str_free(&body);
        reply_failure(r, &err);
        return;
    }
    reply_json(r, 200, &body);
}

/* --- from notes ----------------------------------------------------------------------------------------------------
 */

struct reading {
    struct notes notes;
    struct deck deck;
};

/* What is wrong with the notes is the writer's to mend; anything else is ours. */
static void reply_notes_failure(struct request *r, const struct error *err)
{
    if (err->code == ERROR_INPUT || err->code == ERROR_LIMIT)
        reply_error(r, 400, "invalid_notes", "notes", "%s%s%s %s", err->where, err->where[0] ? ": " : "", err->what,
                    err->fix);
    else
        reply_failure(r, err);
}

/* The cards of the body's "notes". False: replied already. */
static bool read_notes(struct request *r, const cJSON *body, struct reading *reading)
{
    const char *text = request_text_field(r, body, "notes", NOTES_MAX_BYTES, true);
    struct error err = {0};
    if (!text)
        return false;
    if (notes_parse(&reading->notes, text, strlen(text), &err)) {
        reply_notes_failure(r, &err);
        return false;
    }
    if (deck_make(&reading->deck, &reading->notes, &err)) {
        notes_free(&reading->notes);
        reply_notes_failure(r, &err);
        return false;
    }
    return true;
}

static void free_reading(struct reading *reading)
{
    deck_free(&reading->deck);
    notes_free(&reading->notes);
}

void handle_notes_check(struct request *r)
{
    const cJSON *body = request_json(r);
    struct reading reading;
    struct str out = {0};
    if (!body || !read_notes(r, body, &reading))
        return;
    deck_report_json(&reading.notes, &reading.deck, &out);
    free_reading(&reading);
    reply_json(r, 200, &out);
}

static void write_deck(struct json *j, const char *id, const char *title, const struct deck_changes *changes)
{
    json_object(j, "deck");
    json_string(j, "id", id);
    json_string(j, "title", title);
    json_object(j, "changes");
    json_integer(j, "added", changes->added);
    json_integer(j, "kept", changes->kept);
    json_integer(j, "hidden", changes->hidden);
    json_end(j);
    json_end(j);
}

static void reply_import_failure(struct request *r, const struct error *err)
{
    if (err->code == ERROR_INPUT && strcmp(err->where, "title") == 0)
        reply_error(r, 400, "invalid_field", "title", "The deck was not made, since %s: %s.", err->what, err->fix);
    else
        reply_failure(r, err);
}

/* The same title again is the same deck: what stayed keeps its history. */
static void import_deck(struct request *r, const char *title, const struct reading *reading)
{
    char id[STORE_DECK_ID];
    struct deck_changes changes;
    struct str body = {0}, report = {0};
    struct json j = json_begin(&body);
    struct error err = {0};
    if (store_deck_import(request_app(r)->store, title, &reading->deck, id, &changes, &err)) {
        reply_import_failure(r, &err);
        return;
    }
    deck_report_json(&reading->notes, &reading->deck, &report);
    json_object(&j, NULL);
    write_deck(&j, id, title, &changes);
    json_raw(&j, "report", str_text(&report));
    json_end(&j);
    body.failed |= report.failed;
    str_free(&report);
    reply_json(r, 201, &body);
}

/* The title given, else that of the notes; NULL: there is none. */
static const char *pick_title(const char *given, const struct notes *notes)
{
    const char *title = given && given[strspn(given, " \t\r\n")] ? given : notes->title;
    return title && title[0] && strlen(title) <= MAX_TITLE ? title : NULL;
}

/* An empty deck would hide every card of the deck of that title, and a title made up by us those of a stranger. */
static void import_reading(struct request *r, const char *title, const struct reading *reading)
{
    if (reading->deck.card_count == 0)
        reply_error(r, 400, "no_cards", "notes",
                    "No card could be made of these notes. Give every topic a heading such as \"XGBoost - Input\" "
                    "and write one fact on each line below it.");
    else if (!title)
        reply_error(r, 400, "missing_field", "title", "These notes have no title of their own. Give the deck one.");
    else
        import_deck(r, title, reading);
}

void handle_deck_import(struct request *r)
{
    const cJSON *body = request_json(r);
    const char *title = body ? request_text_field(r, body, "title", MAX_TITLE, false) : NULL;
    struct reading reading;
    if (!body || request_replied(r) || !read_notes(r, body, &reading))
        return;
    import_reading(r, pick_title(title, &reading.notes), &reading);
    free_reading(&reading);
}

/* --- one deck ------------------------------------------------------------------------------------------------------
 */

struct listing {
    struct json *j;
    const struct app *app;
    int64_t now_ms;
};

static void list_card(void *context, const struct store_card *card)
{
    struct listing *listing = context;
    card_view_write(listing->j, NULL, listing->app, card, listing->now_ms);
}

static void reply_no_deck(struct request *r, const char *id)
{
    reply_error(r, 404, "unknown_deck", "id", "There is no deck \"%s\".", id);
}

void handle_deck_cards(struct request *r)
{
    struct app *app = request_app(r);
    const char *id = request_path_value(r, "id");
    struct str body = {0};
    struct json j = json_begin(&body);
    struct listing listing = {&j, app, clock_unix_ms()};
    struct error err = {0};
    int rc;
    json_object(&j, NULL);
    json_array(&j, "cards");
    rc = store_cards_each(app->store, id, request_query(r, "algorithm"), request_query(r, "topic"), list_card, &listing,
                          &err);
    json_end(&j);
    json_end(&j);
    if (rc == 1) {
        reply_json(r, 200, &body);
        return;
    }
    str_free(&body);
    if (rc == 0)
        reply_no_deck(r, id);
    else
        reply_failure(r, &err);
}

void handle_deck_delete(struct request *r)
{
    const char *id = request_path_value(r, "id");
    struct store *store = request_app(r)->store;
    struct error err = {0};
    int rc = store_deck_exists(store, id, &err);
    if (rc == 0) {
        reply_no_deck(r, id);
        return;
    }
    if (rc < 0 || store_deck_delete(store, id, &err) < 0) {
        if (err.code == ERROR_INPUT)
            reply_error(r, 409, "kept_deck", "id", "The built-in deck stays. Only your own decks can be deleted.");
        else
            reply_failure(r, &err);
        return;
    }
    reply_no_content(r);
}
