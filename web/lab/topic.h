/* A topic is the list of lines one run has said, numbered from 1. Publishers never wait; a subscriber that comes late
 * gets what was said so far, then what follows. Thread-safe.
 *
 * The lines are kept as the bytes of one event stream ("id: 7\ndata: {...}\n\n"), the same for every subscriber. A
 * subscriber is therefore just an offset into it, and a slow one costs nothing. How much a run may say is bounded by
 * transcript.h. */
#ifndef LAB_TOPIC_H
#define LAB_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

struct topic; /* reference-counted */

struct topic *topic_new(void); /* NULL when out of memory */
struct topic *topic_ref(struct topic *t);
void topic_unref(struct topic *t);

void topic_publish(struct topic *t, const char *line, size_t len); /* one JSON object, without line breaks */
void topic_close(struct topic *t);                                 /* nothing follows */

unsigned long topic_count(const struct topic *t);                /* lines so far = the number of the last one */
size_t topic_size(const struct topic *t);                        /* bytes of the stream so far */
bool topic_closed(const struct topic *t);                        /* true: count and size are final */
size_t topic_offset(const struct topic *t, unsigned long after); /* where the line after number `after` begins */

/* Copies up to `size` bytes of the stream from `offset`; returns how many, 0 at its end. */
size_t topic_copy(const struct topic *t, size_t offset, char *out, size_t size);

#endif
