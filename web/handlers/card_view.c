#include "web/handlers/card_view.h"

#include <string.h>

#include "web/lab/lab.h"

static const char *const state_names[] = {
    [CARD_NEW] = "new", [CARD_LEARNING] = "learning", [CARD_REVIEW] = "review", [CARD_RELEARNING] = "relearning"};

static const char *const interval_names[] = {
    [GRADE_AGAIN] = "again", [GRADE_HARD] = "hard", [GRADE_GOOD] = "good", [GRADE_EASY] = "easy"};

/* What each button would do now; the same seed as when it is pressed. */
static void write_intervals(struct json *j, const struct store_card *card, int64_t now_ms)
{
    uint64_t seed = schedule_seed(card->id, card->schedule.reps);
    int grade;
    json_object(j, "intervals");
    for (grade = GRADE_AGAIN; grade <= GRADE_EASY; grade++) {
        struct schedule after = schedule_answer(&card->schedule, (enum grade)grade, now_ms, seed);
        json_integer(j, interval_names[grade], (after.due_ms - now_ms) / 1000);
    }
    json_end(j);
}

static const char *demo_kind(const char *address)
{
    return strchr(address + strlen("/demo/"), '/') ? "experiment" : "playground";
}

/* Notes on something that is none of the seven algorithms have no demo. */
static void write_demo(struct json *j, const struct app *app, const struct store_card *card)
{
    char address[160];
    catalogue_demo(lab_catalogue(app->lab), card->slug, card->slot, card->words, address, sizeof address);
    json_string(j, "demo", address[0] ? address : NULL);
    json_string(j, "demo_kind", address[0] ? demo_kind(address) : NULL);
}

void card_view_write(struct json *j, const char *key, const struct app *app, const struct store_card *card,
                     int64_t now_ms)
{
    struct str text = {0}, added = {0};
    struct json fields = json_begin(&added);
    json_object(&fields, NULL);
    json_string(&fields, "deck", card->deck);
    json_string(&fields, "state", state_names[card->schedule.state]);
    if (card->schedule.state == CARD_NEW)
        json_null(&fields, "due_ms");
    else
        json_integer(&fields, "due_ms", card->schedule.due_ms);
    write_intervals(&fields, card, now_ms);
    write_demo(&fields, app, card);
    json_end(&fields);
    str_append(&text, card->body, strlen(card->body) - 1); /* the body is one object, so two become one */
    str_putc(&text, ',');
    str_append(&text, str_text(&added) + 1, added.len ? added.len - 1 : 0);
    json_raw(j, key, str_text(&text));
    j->out->failed |= text.failed || added.failed;
    str_free(&text);
    str_free(&added);
}
