/* Sends topics to any number of watchers from one thread, so that a watcher never holds a worker of the server. */
#ifndef LAB_HUB_H
#define LAB_HUB_H

#include "engine/base/error.h"
#include "web/lab/topic.h"

struct hub;

struct hub *hub_start(struct error *err);
void hub_stop(struct hub *h); /* closes every stream */

/* Takes the (non-blocking) socket and streams the topic's events after number `after` as they come; a comment line every
 * 15 s keeps proxies awake. Closes the socket when the topic is closed and everything was sent. -1: too many watchers. */
int hub_watch(struct hub *h, int socket, struct topic *t, unsigned long after);
void hub_wake(struct hub *h); /* called by topics that have news */
size_t hub_watchers(const struct hub *h);

#endif
