/* Sends topics to any number of watchers from one thread, so that a watcher never holds a worker of the server.
 *
 * A watcher is a socket and an offset into its topic's stream. Whoever reads slowly is sent the rest when the socket
 * takes it again; nobody waits for anybody. Bursts of lines leave in one write: after a round of sending the hub rests
 * for 10 ms, or three times as long as the round took (at most 250 ms), which leaves the processor to the others. */
#ifndef LAB_HUB_H
#define LAB_HUB_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "web/lab/topic.h"

#define HUB_MAX_WATCHERS 20000 /* fewer where the limit of open files is low */

struct hub;

struct hub *hub_start(struct error *err);
void hub_stop(struct hub *h); /* sends what can be sent at once, closes every stream */

/* Takes the (non-blocking) socket and streams the topic's events after number `after` as they come; a comment line
 * every 15 s keeps proxies awake. Closes the socket when the topic is closed and everything was sent. -1: too many
 * watchers (the socket stays the caller's). */
int hub_watch(struct hub *h, int socket, struct topic *t, unsigned long after);
void hub_wake(struct hub *h); /* some topic has news */
bool hub_full(const struct hub *h);
size_t hub_watchers(const struct hub *h);

#endif
