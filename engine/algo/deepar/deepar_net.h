/* The network: embeddings, earlier values and calendar to a stack of LSTM layers with zoneout to the raw outputs of a
 * likelihood. */
#ifndef DEEPAR_NET_H
#define DEEPAR_NET_H

#include "engine/algo/deepar/deepar_window.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/ops.h"

#define DEEPAR_LAYERS_MAX 64

struct deepar_net {
    struct deepar_plan plan;
    struct parameters parameters;
    struct tensor *table[SERIES_FEATURES_MAX], *table_gates[SERIES_FEATURES_MAX]; /* of each category */
    struct tensor *input, *level;                                                 /* into the first layer's gates */
    struct tensor *below[DEEPAR_LAYERS_MAX], *bias[DEEPAR_LAYERS_MAX], *before[DEEPAR_LAYERS_MAX];
    struct tensor *head, *head_bias;
};

int deepar_net_open(struct deepar_net *n, const struct deepar_plan *p, const struct backend *backend, uint64_t seed,
                    struct error *err);
void deepar_net_close(struct deepar_net *n); /* {0} is fine */

size_t deepar_net_weights(const struct deepar_plan *p); /* how many numbers the parameters of such a network have */

/* State of a layer: rows x cells each. */
struct deepar_state {
    struct tensor *h, *c;
};

/* Raw outputs of each step, (steps x rows) x outputs. before NULL: from zeros; after NULL: not asked. */
struct tensor *deepar_net_run(const struct deepar_net *n, struct tape *t, const struct deepar_batch *b,
                              const struct deepar_state *before, struct deepar_state *after);
/* The mean over the steps that count, of all ranks' windows: `counting`. */
struct tensor *deepar_net_loss(const struct deepar_net *n, struct tape *t, const struct deepar_batch *b,
                               size_t counting);

#endif
