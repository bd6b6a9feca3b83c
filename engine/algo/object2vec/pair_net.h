/* The whole network: two encoders, the comparison of their vectors, hidden layers, the output.
 *
 *     pair_net_open(&net, &design, &backend_cpu, seed, &err);
 *     tape_begin(...);
 *     out = pair_net_compare(&net, t, pair_encoder_run(&net.encoder[0], t, &s0), pair_encoder_run(..1..));
 *     loss = pair_net_loss(&net, t, out, labels, rows, 1.0 / rows);
 *     pair_net_close(&net);
 *
 * Regression learns labels less their mean, which is kept beside the weights. */
#ifndef OBJECT2VEC_PAIR_NET_H
#define OBJECT2VEC_PAIR_NET_H

#include "engine/algo/object2vec/pair_encoder.h"

#define PAIR_MLP_MAX 10

struct pair_net {
    struct pair_design design;
    struct parameters parameters;
    struct tensor *table[2]; /* the same when tied */
    struct pair_encoder encoder[2];
    struct tensor *w[PAIR_MLP_MAX + 1], *b[PAIR_MLP_MAX + 1]; /* hidden layers, then the output */
    struct tensor *mean;                                      /* of the training labels; regression */
    float middle;                                             /* the same number, here */
};

/* The net must not move afterwards. */
int pair_net_open(struct pair_net *net, const struct pair_design *d, const struct backend *backend, uint64_t seed,
                  struct error *err);
void pair_net_close(struct pair_net *net); /* {0} is fine */

void pair_net_set_middle(struct pair_net *net, float middle);
void pair_net_get_middle(struct pair_net *net); /* after weights were read */

/* rows x outputs: scores of the classes before softmax, or the value less the mean. */
struct tensor *pair_net_compare(const struct pair_net *net, struct tape *t, struct tensor *first,
                                struct tensor *second);
/* scale times the sum of the rows' losses; `target` has room for the rows: classes as whole numbers. */
struct tensor *pair_net_loss(const struct pair_net *net, struct tape *t, struct tensor *out, const float *label,
                             int32_t *target, size_t rows, double scale);

#endif
