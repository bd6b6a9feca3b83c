/* A topic is the list of lines one run has said, numbered from 1. Publishers never wait; a subscriber that comes late
 * gets what was said so far, then what follows. Thread-safe. */
#ifndef LAB_TOPIC_H
#define LAB_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

struct topic; /* reference-counted */

struct topic *topic_new(void);
struct topic *topic_ref(struct topic *t);
void topic_unref(struct topic *t);

void topic_publish(struct topic *t, const char *line, size_t len); /* one JSON object */
void topic_close(struct topic *t);                                 /* nothing follows */

/* Copies the lines after number `after` into malloc'ed memory as server-sent events; sets *last and *closed. */
char *topic_events_since(struct topic *t, unsigned long after, unsigned long *last, bool *closed, size_t *len);

#endif
