/* The picture "embedding": vectors of up to 400 objects in two dimensions, with their nearest neighbours in all.
 *
 * Axes are the first two principal components, turned so that they lie near those of the picture before: dots move, the
 * picture does not flip. */
#ifndef ALGO_EMBEDDING_H
#define ALGO_EMBEDDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/json.h"

#define EMBEDDING_MAX 400
#define EMBEDDING_NEIGHBOURS 5

struct embedding {
    size_t count, dim; /* objects: name, group and vectors of them are the caller's to fill */
    char (*name)[64];
    int32_t *group; /* -1: none */
    bool grouped;   /* some have one */
    float *vectors; /* count x dim: centred by embedding_place */
    double *axes;   /* 2 x dim: of the picture before */
    double *place[2];
    int32_t *nearest; /* count x EMBEDDING_NEIGHBOURS */
    float *likeness;  /* count x count */
    double explained, purity;
    bool begun; /* there was a picture before */
};

int embedding_open(struct embedding *e, size_t most, size_t dim, struct error *err); /* most <= EMBEDDING_MAX */
void embedding_close(struct embedding *e);                                           /* {0} is fine */
void embedding_group(struct embedding *e, size_t object, int32_t group);

int embedding_place(struct embedding *e, struct error *err);
/* The fields of the picture's data that follow from the vectors. */
void embedding_put(const struct embedding *e, struct json *j);

/* The first two principal axes (2 x dim, orthonormal, rows) of `count` centred vectors; *axes holds a start or zeros.
 * Returns the share of the variance that they hold. */
double embedding_axes(const float *vectors, size_t count, size_t dim, double *axes);

#endif
