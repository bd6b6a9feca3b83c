/* Every address of the server, in one table. Adding one: a handler in handlers/, a row in route.c. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include <stddef.h>

struct request;
typedef void (*handler)(struct request *r);

struct route {
    const char *method; /* "GET" also answers HEAD */
    const char
        *pattern; /* "/api/v1/runs/{id}/events": {name} matches one segment, a last {rest...} matches all that follow */
    handler handle;
    size_t max_body;     /* bytes; 0: no body is read */
    const char *summary; /* one line for GET /api/openapi.json */
    const char *query;   /* names of its query parameters, separated by spaces; NULL: none */
    const char *fields;  /* fields of its JSON body: "notes:string! title:string", ! where required; NULL: no body */
};

extern const struct route routes[]; /* ends at method == NULL */

/* Parts of a pattern that stood for something, as spans of the pattern and of the raw path. */
#define ROUTE_MAX_VALUES 4
struct route_value {
    const char *name, *text;
    size_t name_len, text_len;
};
struct route_match {
    const struct route *route; /* NULL: no row has this method and path */
    struct route_value values[ROUTE_MAX_VALUES];
    int value_count;
    char allow[64]; /* "GET, HEAD, OPTIONS": what the path answers to; empty: there is no such path */
};

/* The first row that matches wins. `path` is still percent-encoded, so that %2F does not split a segment. */
void route_find(const struct route *table, const char *method, const char *path, struct route_match *match);

/* The handlers, one file per noun in web/handlers/. */
void handle_health(struct request *r);      /* health.c */
void handle_openapi(struct request *r);     /* openapi.c */
void handle_page(struct request *r);        /* page.c: index.html for every page address */
void handle_asset(struct request *r);       /* page.c: /a/{version}/{rest...} */
void handle_decks(struct request *r);       /* deck.c */
void handle_deck_import(struct request *r); /* deck.c */
void handle_deck_cards(struct request *r);  /* deck.c */
void handle_deck_delete(struct request *r); /* deck.c */
void handle_notes_check(struct request *r); /* deck.c */
void handle_study_next(struct request *r);  /* study.c */
void handle_review_add(struct request *r);  /* study.c */
void handle_reviews(struct request *r);     /* study.c */
void handle_algorithms(struct request *r);  /* algorithm.c */
void handle_experiments(struct request *r); /* algorithm.c */
void handle_upload_add(struct request *r);  /* upload.c */
void handle_runs_add(struct request *r);    /* run.c */
void handle_run(struct request *r);         /* run.c */
void handle_run_stop(struct request *r);    /* run.c */
void handle_run_events(struct request *r);  /* run.c */
void handle_run_invoke(struct request *r);  /* run.c */
void handle_run_model(struct request *r);   /* run.c */

#endif
