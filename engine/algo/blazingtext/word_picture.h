/* The picture "embedding" of words: the 400 most frequent ones, in groups where a generator planted topics. */
#ifndef BLAZINGTEXT_WORD_PICTURE_H
#define BLAZINGTEXT_WORD_PICTURE_H

#include "engine/algo/algorithm.h"
#include "engine/algo/blazingtext/word_learner.h"
#include "engine/algo/embedding.h"

struct word_picture {
    struct event_sink *sink;
    struct embedding embedding;
    double next; /* not before, by clock_seconds */
};

/* {0} draws nothing. */
int word_picture_open(struct word_picture *p, struct event_sink *sink, const struct dictionary *d, size_t width,
                      struct error *err);
void word_picture_close(struct word_picture *p);

/* At most every quarter of a second, and seldom enough to take little time, unless `now`. */
int word_picture_draw(struct word_picture *p, const struct word_text *text, const struct word_tables *tables,
                      long epoch, long step, bool now, struct error *err);

#endif
