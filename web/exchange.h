/* One request and its reply, as server.c, request.c, reply.c and screen.c see it. Nobody else includes this. */
#ifndef WEB_EXCHANGE_H
#define WEB_EXCHANGE_H

#include <civetweb.h>

#include "web/app.h"
#include "web/decode.h"
#include "web/page.h"
#include "web/request.h"
#include "web/route.h"

#define MAX_QUERY_PAIRS 32
#define KEEP_ALIVE_SECONDS "3" /* an idle connection is closed then, and clients are told so beforehand */
#define KEEP_ALIVE_MS (KEEP_ALIVE_SECONDS "000")

struct request {
    struct mg_connection *connection;
    const struct mg_request_info *info;
    struct app *app;
    const struct page *page; /* of the files inside the program */
    int port;
    struct route_match match;
    struct query_pair path[ROUTE_MAX_VALUES]; /* decoded values of the pattern */
    struct query_pair query[MAX_QUERY_PAIRS]; /* decoded */
    int path_count, query_count;
    char *text; /* the memory behind path and query */
    char *body;
    cJSON *json;
    bool head;    /* answer without a body */
    bool closing; /* the connection ends with the reply */
    bool replied, body_read, taken;
    int status;
    size_t sent; /* bytes of body */
    double started;
};

/* screen.c: refuses (and replies, and closes) what CivetWeb lets through and nobody should have to think about. */
bool screen_refuses(struct request *r);

/* request.c: decodes the values of the matched route and the query. -1: replied already. */
int request_decode(struct request *r);
void request_free(struct request *r);

#endif
