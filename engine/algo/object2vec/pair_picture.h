/* The picture "embedding": up to 400 objects of side 0 in two dimensions, with their nearest neighbours in all.
 *
 * Objects are the most frequent tokens where every sequence has one token, else the validation sequences (without them
 * the training ones). Axes are the first two principal components of the encoder's vectors, turned so that they lie
 * near those of the picture before. {0} draws nothing. */
#ifndef OBJECT2VEC_PAIR_PICTURE_H
#define OBJECT2VEC_PAIR_PICTURE_H

#include "engine/algo/object2vec/pair_ask.h"

#define PAIR_OBJECTS_MAX 400
#define PAIR_NEIGHBOURS 5

struct pair_picture {
    struct event_sink *sink;
    struct pairs objects; /* side 0; arrays are ours */
    char (*name)[64];
    bool grouped;     /* the data say which objects belong together */
    float *vectors;   /* objects x dim */
    double *axes;     /* 2 x dim: of the picture before */
    double *place[2]; /* objects each */
    int32_t *nearest; /* objects x PAIR_NEIGHBOURS */
    float *likeness;  /* objects x objects */
    double drawn;     /* when, by clock_seconds */
    bool begun;       /* there was a picture before */
};

int pair_picture_open(struct pair_picture *p, const struct training *t, const struct pair_design *d, struct error *err);
void pair_picture_close(struct pair_picture *p);

/* At most every quarter of a second unless `now`. */
int pair_picture_draw(struct pair_picture *p, struct pair_ask *ask, long epoch, long step, bool now, struct error *err);

/* The first two principal axes (2 x dim, orthonormal, rows) of `count` centred vectors; *axes holds a start or zeros.
 * Returns the share of the variance that they hold. */
double pair_axes(const float *vectors, size_t count, size_t dim, double *axes);

#endif
