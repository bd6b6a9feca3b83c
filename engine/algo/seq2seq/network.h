/* The network of Seq2Seq as operations on tensors.
 *
 * Encoder rnn: the first layer reads in both directions with half of the units each, further layers forwards only.
 * Encoder cnn (Gehring et al. 2017): embeddings and learned positions, then per layer a convolution, an activation and
 * a residual connection; what is remembered of a place is its output and its input.
 *
 * Decoder rnn: its bottom layer asks for the context, as in Wu et al. 2016, so that only this layer goes step by step:
 *   mlp            s(t-1) asks, the context goes into the cell (Bahdanau et al. 2015): score v . tanh(W s + U m)
 *   dot, bilinear  the layer runs without context, then all its states ask at once (Luong et al. 2015): s . m, s . W m.
 *                  Without rnn_attention_in_upper_layers the top layer's states ask.
 *   fixed          no attention: the encoder's last state is the context of every step, and goes into the cell
 * Upper layers read the layer below, and the context where rnn_attention_in_upper_layers is true. In the end top state
 * and context join: tanh(W [s; c] + b).
 * Decoder cnn: convolutions that see only what was said before; in each layer its states ask by dot products, divided
 * by the square root of their width, and what they get is added (multi-step attention).
 *
 * The same code trains (all steps at once) and says (a step at a time, on the states of the step before). */
#ifndef SEQ2SEQ_NETWORK_H
#define SEQ2SEQ_NETWORK_H

#include "engine/algo/seq2seq/shape.h"
#include "engine/tensor/ops.h"

#define NETWORK_STEPS 5001 /* of a side, at most */

struct network_layer {
    struct tensor *w, *u, *b, *bn;   /* cell; or convolution w, b */
    struct tensor *back_u, *back_bn; /* of the second direction, whose columns of w and b come last */
    struct tensor *context;          /* the context's part of the gates; cnn: what turns it into channels */
    struct tensor *begin_w, *begin_b;
    struct tensor *query_w, *query_b; /* cnn */
};

struct network {
    struct shape shape;
    struct parameters parameters;
    struct tensor *source_table, *target_table, *source_place, *target_place;
    struct tensor *source_w, *source_b, *target_w, *target_b; /* cnn: embedding to channels */
    struct network_layer source[SHAPE_LAYERS], target[SHAPE_LAYERS];
    struct tensor *key_w, *query_w, *score; /* attention; NULL: not there */
    struct tensor *join_state, *join_context, *join_b;
    struct tensor *out_w, *out_b; /* words x width, words */
    struct network_buffer *buffer;
};

/* What the encoder leaves: of S places of B rows. */
struct memory {
    struct tensor *values, *keys; /* S x B x M, S x B x A; keys NULL: fixed */
    struct tensor *last;          /* B x M: the state at the end of the source */
    struct tensor *begin;         /* B x M: what the decoder starts from; NULL: zeros */
    const int32_t *length;        /* on the device */
    size_t steps, rows;
};

/* Where a decoder stands: rnn: h, and c of an lstm, of each layer, B x H; cnn: the last kernel - 1 inputs of each
 * layer, (kernel - 1) x B x C. */
struct state {
    size_t count, at; /* parts; steps that were done */
    struct tensor *part[2 * SHAPE_LAYERS];
};

int network_open(struct network *n, const struct shape *s, const struct backend *backend, uint64_t seed,
                 struct error *err);
void network_close(struct network *n);

/* ids S x B, time-major, -1 padding, and lengths: on the host. */
void network_encode(const struct network *n, struct tape *t, const int32_t *ids, const int32_t *length, size_t steps,
                    size_t rows, struct memory *m);

void network_begin(const struct network *n, struct tape *t, const struct memory *m, struct state *s);

/* Which of the steps x rows places are wanted; count 0: all. On the host. */
struct places {
    const int32_t *place, *row;
    size_t count;
};

/* Reads `steps` tokens of each row (ids steps x rows, on the host) and goes on from `s`, which gets the new state.
 * Returns the joined states of the places, one per row. `weights` (or NULL) gets the attention, steps x rows x S, NULL
 * with fixed; of cnn decoders the last layer's. */
struct tensor *network_run(const struct network *n, struct tape *t, const struct memory *m, struct state *s,
                           const int32_t *ids, size_t steps, const struct places *wanted, struct tensor **weights);

/* scale * sum of -log p(said) over the joined states; `right` counts those whose likeliest token is the said one. */
struct tensor *network_loss(const struct network *n, struct tape *t, struct tensor *joined, const int32_t *said,
                            double scale, struct tensor **right);
struct tensor *network_probabilities(const struct network *n, struct tape *t, struct tensor *joined);

#endif
