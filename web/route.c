#include "web/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "web/lab/uploads.h"

#define KIB 1024u
#define IMAGE_BODY (8u << 20) /* a photo as a telephone takes it */
#define NOTES_BODY (9u << 20) /* notes may have 4 MiB, and JSON escapes can double them */

const struct route routes[] = {
    {"GET", "/healthz", handle_health, 0, "Whether the server is well, and what it is doing", NULL, NULL},
    {"GET", "/api/openapi.json", handle_openapi, 0, "This description", NULL, NULL},
    {"GET", "/api/v1/decks", handle_decks, 0, "The decks, with what is due in each", NULL, NULL},
    {"POST", "/api/v1/decks", handle_deck_import, NOTES_BODY, "Makes a deck from notes", NULL,
     "notes:string! title:string"},
    {"DELETE", "/api/v1/decks/{id}", handle_deck_delete, 0, "Deletes a deck and its schedule", NULL, NULL},
    {"GET", "/api/v1/decks/{id}/cards", handle_deck_cards, 0, "The cards of a deck", "algorithm topic", NULL},
    {"POST", "/api/v1/notes/check", handle_notes_check, NOTES_BODY, "Reads notes and reports, without keeping them",
     NULL, "notes:string!"},
    {"GET", "/api/v1/study/next", handle_study_next, 0, "The card to study now", "deck algorithm after", NULL},
    {"POST", "/api/v1/reviews", handle_review_add, 4 * KIB, "Stores an answer; the same id again changes nothing", NULL,
     "id:string! card:string! grade:integer! chosen:integer elapsed_ms:integer deck:string algorithm:string"},
    {"GET", "/api/v1/reviews", handle_reviews, 0, "Answers, the newest first, at most 1000, from the one before",
     "before", NULL},
    {"GET", "/api/v1/algorithms", handle_algorithms, 0, "The algorithms, their settings, demos and experiments",
     "brief", NULL},
    {"GET", "/api/v1/experiments", handle_experiments, 0, "The catalogue of experiments", NULL, NULL},
    {"POST", "/api/v1/uploads", handle_upload_add, UPLOAD_BYTES_MAX,
     "Stores data to train on; X-Filename tells their format by its ending, X-Upload adds to an upload", NULL, NULL},
    {"POST", "/api/v1/runs", handle_runs_add, 64 * KIB, "Queues a training run or an experiment", NULL,
     "algorithm:string! data:string train:string validation:string test:string vocab:string auxiliary:string "
     "train_annotation:string validation_annotation:string resume:string content_type:string "
     "hyperparameters:object experiment:string flip:boolean seed:integer device:string pace:number"},
    {"GET", "/api/v1/runs/{id}", handle_run, 0, "The state of a run", NULL, NULL},
    {"DELETE", "/api/v1/runs/{id}", handle_run_stop, 0, "Stops a run", NULL, NULL},
    {"GET", "/api/v1/runs/{id}/events", handle_run_events, 0,
     "What a run says, as server-sent events; Last-Event-ID resumes", NULL, NULL},
    {"POST", "/api/v1/runs/{id}/invocations", handle_run_invoke, IMAGE_BODY,
     "What the model of a finished run says of rows (CSV, JSON, JSON Lines or records) or of an image (JPEG or PNG)",
     NULL, NULL},
    {"GET", "/api/v1/runs/{id}/model", handle_run_model, 0, "The model of a finished run, as model.tar.gz", NULL, NULL},
    {"GET", "/a/{version}/{rest...}", handle_asset, 0, "A file of the pages", NULL, NULL},
    {"GET", "/", handle_page, 0, "Page: the decks", NULL, NULL},
    {"GET", "/study", handle_page, 0, "Page: study what is due", NULL, NULL},
    {"GET", "/deck/{id}", handle_page, 0, "Page: one deck", NULL, NULL},
    {"GET", "/notes", handle_page, 0, "Page: import notes", NULL, NULL},
    {"GET", "/demo", handle_page, 0, "Page: the lab: seven algorithms and the experiments", NULL, NULL},
    {"GET", "/demo/{algorithm}", handle_page, 0, "Page: the playground of an algorithm", NULL, NULL},
    {"GET", "/demo/{algorithm}/{experiment}", handle_page, 0, "Page: an experiment", NULL, NULL},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

static bool add_value(struct route_match *match, const char *name, size_t name_len, const char *text, size_t text_len)
{
    if (!text_len || match->value_count == ROUTE_MAX_VALUES)
        return false;
    match->values[match->value_count++] = (struct route_value){name, text, name_len, text_len};
    return true;
}

/* Both begin with '/'. Walks segment by segment. */
static bool pattern_matches(const char *pattern, const char *path, struct route_match *match)
{
    match->value_count = 0;
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");
        if (pattern[0] == '{' && want > 5 && !memcmp(pattern + want - 4, "...}", 4))
            return add_value(match, pattern + 1, want - 5, path, strlen(path));
        if (pattern[0] == '{') {
            if (!add_value(match, pattern + 1, want - 2, path, have))
                return false;
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
    }
    return !*pattern && !*path;
}

static void add_allowed(char *allow, size_t size, const char *method)
{
    size_t used = strlen(allow);
    snprintf(allow + used, size - used, "%s%s%s", used ? ", " : "", method, strcmp(method, "GET") ? "" : ", HEAD");
}

void route_find(const struct route *table, const char *method, const char *path, struct route_match *match)
{
    struct route_match trial = {0};
    *match = (struct route_match){0};
    if (!strcmp(method, "HEAD"))
        method = "GET";
    for (const struct route *row = table; row->method; row++) {
        if (!pattern_matches(row->pattern, path, &trial))
            continue;
        add_allowed(trial.allow, sizeof trial.allow, row->method);
        if (!match->route && !strcmp(row->method, method)) {
            match->route = row;
            match->value_count = trial.value_count;
            memcpy(match->values, trial.values, sizeof match->values);
        }
    }
    memcpy(match->allow, trial.allow, sizeof match->allow);
    if (match->allow[0])
        snprintf(match->allow + strlen(match->allow), sizeof match->allow - strlen(match->allow), ", OPTIONS");
}
