/* The picture "embedding": up to 400 objects of side 0 in two dimensions, with their nearest neighbours in all.
 *
 * Objects are the most frequent tokens where every sequence has one token, else the validation sequences (without them
 * the training ones). {0} draws nothing. */
#ifndef OBJECT2VEC_PAIR_PICTURE_H
#define OBJECT2VEC_PAIR_PICTURE_H

#include "engine/algo/embedding.h"
#include "engine/algo/object2vec/pair_ask.h"

struct pair_picture {
    struct event_sink *sink;
    struct pairs objects; /* side 0; arrays are ours */
    struct embedding embedding;
    double drawn; /* when, by clock_seconds */
};

int pair_picture_open(struct pair_picture *p, const struct training *t, const struct pair_design *d, struct error *err);
void pair_picture_close(struct pair_picture *p);

/* At most every quarter of a second unless `now`. */
int pair_picture_draw(struct pair_picture *p, struct pair_ask *ask, long epoch, long step, bool now, struct error *err);

#endif
