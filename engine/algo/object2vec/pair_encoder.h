/* One side of the network: sequences of tokens in, a vector of `dim` numbers for each out.
 *
 *   pooled_embedding   the mean of the tokens' vectors, then a linear layer
 *   hcnn               layers of convolutions with ReLU, each over the one before; the largest value over time of each
 *                      filter, those of all layers side by side (Conneau et al. 2017): layers share the `dim` numbers
 *   bilstm             layers of two LSTMs, one from each end; the largest value over time of each unit
 *
 * A sequence's vector does not depend on what stands beside it in the batch: padding is zeros to convolutions and
 * nothing to the rest. */
#ifndef OBJECT2VEC_PAIR_ENCODER_H
#define OBJECT2VEC_PAIR_ENCODER_H

#include "engine/algo/object2vec/pair_batch.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/ops.h"

#define PAIR_LAYERS_MAX 4

struct pair_encoder {
    const struct pair_side *side;
    size_t dim;
    double dropout;
    struct tensor *table;
    struct tensor *w[PAIR_LAYERS_MAX][2]; /* of each layer; bilstm: of each direction */
    struct tensor *u[PAIR_LAYERS_MAX][2]; /* bilstm */
    struct tensor *b[PAIR_LAYERS_MAX][2];
};

/* Adds the encoder's weights to `p`; `number` 0 or 1 names them. -1: no memory. */
int pair_encoder_add(struct pair_encoder *e, struct parameters *p, const struct pair_design *d, int number,
                     struct tensor *table);
struct tensor *pair_encoder_run(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s);

/* Dropout at any rate; at 1 nothing is left. */
struct tensor *pair_drop(struct tape *t, struct tensor *x, double rate);

#endif
