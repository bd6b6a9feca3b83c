/* Object2Vec: two encoders of token sequences, a comparison of their vectors, and a small network from it to a class or
 * a score. Pairs that belong together train it; afterwards either encoder embeds objects by itself.
 *
 *   object2vec.c        what it takes: the table
 *   pair_design         settings as numbers
 *   pair_batch          pairs in the order of an epoch: negatives, buckets, mini-batches as arrays of ids
 *   pair_vectors        pretrained vectors of the auxiliary channel
 *   pair_encoder        one side: tokens to a vector
 *   pair_net            the whole network
 *   object2vec_train    epochs, early stopping, metrics
 *   object2vec_picture  the embedding in two dimensions
 *   object2vec_model    saved models and their answers */
#ifndef OBJECT2VEC_OBJECT2VEC_H
#define OBJECT2VEC_OBJECT2VEC_H

#include "engine/algo/algorithm.h"

extern const struct algorithm object2vec;

int object2vec_train(struct training *t, struct error *err);

#define OBJECT2VEC_FILE "model_algo-1" /* as the service calls it */
extern const char *const object2vec_accepts[];
void *object2vec_load(const char *dir, const struct settings *settings, struct error *err);
void object2vec_unload(void *model);
int object2vec_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
