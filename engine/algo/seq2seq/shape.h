/* What a network of Seq2Seq looks like: its settings as numbers, and how large its vocabularies are. */
#ifndef SEQ2SEQ_SHAPE_H
#define SEQ2SEQ_SHAPE_H

#include "engine/algo/algorithm.h"
#include "engine/nn/parameters.h"

#define SHAPE_LAYERS 20 /* of a side, at most */

enum attend { ATTEND_MLP, ATTEND_DOT, ATTEND_BILINEAR, ATTEND_FIXED };
enum begin_state { BEGIN_LAST, BEGIN_AVG, BEGIN_ZERO };
enum activation { ACTIVATION_GLU, ACTIVATION_RELU, ACTIVATION_SOFTRELU, ACTIVATION_SIGMOID, ACTIVATION_TANH };

struct side {
    bool cnn;
    size_t words, embedding, layers, kernel;
    size_t steps;   /* places at most, with </s> or <s> */
    double dropout; /* of the embeddings */
};

struct shape {
    struct side source, target;
    bool gru, residual, upper; /* upper: layers above the first see the context too */
    size_t hidden, first_residual;
    enum attend attend;
    size_t attention; /* its width */
    enum begin_state begin;
    double join_dropout;
    size_t channels; /* of convolutions */
    enum activation activation;
    double channel_dropout;
    struct init init; /* of weights; fan in and out are filled in for each */
};

/* `words`: of each vocabulary. What does not go together is refused. */
int shape_read(struct shape *s, const struct settings *settings, const size_t words[2], struct error *err);

size_t shape_memory(const struct shape *s); /* width of what the encoder gives */
size_t shape_gates(const struct shape *s);  /* 4 or 3 */

#endif
