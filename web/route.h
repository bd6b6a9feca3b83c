/* Every address of the server, in one table. Adding one: a handler in handlers/, a row in route.c. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include <stddef.h>

struct request;
typedef void (*handler)(struct request *r);

struct route {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/api/v1/runs/{id}/events": {name} matches one segment, a last {rest...} matches all that follow */
    handler handle;
    size_t max_body;     /* bytes; 0: no body is read */
    const char *summary; /* one line for GET /api/openapi.json */
};

extern const struct route routes[]; /* ends at method == NULL */

/* The handlers, one file per noun in web/handlers/. */
void handle_health(struct request *r);              /* health.c */
void handle_openapi(struct request *r);             /* openapi.c */
void handle_page(struct request *r);                /* page.c: index.html for every page address */
void handle_asset(struct request *r);               /* page.c: /a/{version}/{rest...} */
void handle_decks(struct request *r);               /* deck.c */
void handle_deck_import(struct request *r);         /* deck.c */
void handle_deck_cards(struct request *r);          /* deck.c */
void handle_deck_delete(struct request *r);         /* deck.c */
void handle_notes_check(struct request *r);         /* deck.c */
void handle_study_next(struct request *r);          /* study.c */
void handle_review_add(struct request *r);          /* study.c */
void handle_algorithms(struct request *r);          /* algorithm.c */
void handle_experiments(struct request *r);         /* algorithm.c */
void handle_runs_add(struct request *r);            /* run.c */
void handle_run(struct request *r);                 /* run.c */
void handle_run_stop(struct request *r);            /* run.c */
void handle_run_events(struct request *r);          /* run.c */
void handle_run_invoke(struct request *r);          /* run.c */

#endif
