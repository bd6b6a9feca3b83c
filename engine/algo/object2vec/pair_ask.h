/* Asks a network: what it says of pairs, and the vectors of one side's objects. Sequences are taken in batches of like
 * length; answers stand in the order of the pairs.
 *
 *     pair_ask_open(&ask, &net, tape, longest, &err);
 *     pair_ask_outputs(&ask, pairs, begin, end, out, &err);      out: (end - begin) x outputs
 *     pair_ask_close(&ask); */
#ifndef OBJECT2VEC_PAIR_ASK_H
#define OBJECT2VEC_PAIR_ASK_H

#include "engine/algo/object2vec/pair_net.h"

#define PAIR_ASK_MAX 4096 /* pairs of one call */

struct pair_ask {
    const struct pair_net *net;
    struct tape *tape;
    size_t longest[2]; /* sequences are cut to it */
    size_t rows;       /* of a batch */
    struct pair_sequences sequences[2];
    float *values; /* rows x the larger of outputs and dim */
    size_t *order; /* PAIR_ASK_MAX */
};

int pair_ask_open(struct pair_ask *a, const struct pair_net *net, struct tape *tape, const size_t longest[2],
                  struct error *err);
void pair_ask_close(struct pair_ask *a); /* {0} is fine */

/* Scores of the classes before softmax, or the value. At most PAIR_ASK_MAX pairs. */
int pair_ask_outputs(struct pair_ask *a, const struct pairs *p, size_t begin, size_t end, float *out,
                     struct error *err);
/* count x dim: the encoder's vectors of one side. */
int pair_ask_vectors(struct pair_ask *a, const struct pairs *p, int side, size_t begin, size_t end, float *out,
                     struct error *err);

/* Scores to probabilities, in place. */
void pair_ask_softmax(float *scores, size_t classes);

#endif
