/* The HTTP server: CivetWeb with its file serving, scripts and authorisation out of reach. Every request goes through
 * one function that refuses what is malformed or foreign and then looks up the route table.
 *
 *     struct server *s = server_start(&app, &err);   answers from here on
 *     ...
 *     server_stop(s);                                finishes the requests in flight, refuses new ones */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "engine/base/error.h"
#include "web/app.h"

struct server;

struct server *server_start(struct app *app, struct error *err); /* NULL: see err */
int server_port(const struct server *s);
void server_stop(struct server *s);

#endif
