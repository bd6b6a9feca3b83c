/* Parameters and what both sides share; encoder.c and decoder.c have the sides. */
#include "engine/algo/seq2seq/network.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/algo/seq2seq/sides.h"

/* --- parameters -----------------------------------------------------------------------------------------------------
 */

struct maker {
    struct network *n;
    bool failed; /* too many, or no memory */
};

static struct tensor *kept(struct maker *k, struct tensor *w)
{
    k->failed |= !w;
    return w;
}

/* A weight I x O that is drawn as the settings say. */
static struct tensor *weight(struct maker *k, const char *part, size_t layer, const char *name, size_t in, size_t out)
{
    char full[PARAMETER_NAME];
    struct init init = k->n->shape.init;
    init.fan_in = in;
    init.fan_out = out;
    snprintf(full, sizeof full, "%s.%zu.%s", part, layer, name);
    return kept(k, parameters_add(&k->n->parameters, full, 2, (size_t[]){in, out}, init));
}

static struct tensor *bias(struct maker *k, const char *part, size_t layer, const char *name, size_t width)
{
    char full[PARAMETER_NAME];
    snprintf(full, sizeof full, "%s.%zu.%s", part, layer, name);
    return kept(k, parameters_add(&k->n->parameters, full, 1, &width, (struct init){INIT_CONSTANT, 0, 0, 0, 0}));
}

/* Rows that are looked up, which is a product with one-hot rows: a number gets a single input, so its fan in is 1. */
static struct tensor *table(struct maker *k, const char *name, size_t rows, size_t width)
{
    struct init init = k->n->shape.init;
    init.fan_in = 1;
    init.fan_out = width;
    return kept(k, parameters_add_table(&k->n->parameters, name, rows, width, init));
}

static struct tensor *filter(struct maker *k, const char *part, size_t layer, size_t kernel, size_t in, size_t out)
{
    char full[PARAMETER_NAME];
    struct init init = k->n->shape.init;
    init.fan_in = kernel * in;
    init.fan_out = kernel * out;
    snprintf(full, sizeof full, "%s.%zu.w", part, layer);
    return kept(k, parameters_add(&k->n->parameters, full, 3, (size_t[]){kernel, in, out}, init));
}

/* Of `directions` cells side by side. */
static void add_cell(struct maker *k, const char *part, size_t layer, struct network_layer *l, size_t in, size_t hidden,
                     size_t directions)
{
    size_t gates = shape_gates(&k->n->shape) * hidden;
    l->w = weight(k, part, layer, "w", in, directions * gates);
    l->b = bias(k, part, layer, "b", directions * gates);
    l->u = weight(k, part, layer, "u", hidden, gates);
    if (directions == 2)
        l->back_u = weight(k, part, layer, "back_u", hidden, gates);
    if (k->n->shape.gru) {
        l->bn = bias(k, part, layer, "bn", hidden);
        if (directions == 2)
            l->back_bn = bias(k, part, layer, "back_bn", hidden);
    }
}

static size_t activated_from(const struct shape *s)
{
    return s->activation == ACTIVATION_GLU ? 2 * s->channels : s->channels;
}

static void add_convolutions(struct maker *k, const char *part, const struct side *side, struct network_layer *layers)
{
    const struct shape *s = &k->n->shape;
    for (size_t i = 0; i < side->layers; i++) {
        layers[i].w = filter(k, part, i, side->kernel, s->channels, activated_from(s));
        layers[i].b = bias(k, part, i, "b", activated_from(s));
    }
}

static void add_encoder(struct maker *k)
{
    struct network *n = k->n;
    const struct shape *s = &n->shape;
    n->source_table = table(k, "source.table", s->source.words, s->source.embedding);
    if (s->source.cnn) {
        n->source_place = table(k, "source.place", s->source.steps, s->source.embedding);
        n->source_w = weight(k, "source", 0, "in_w", s->source.embedding, s->channels);
        n->source_b = bias(k, "source", 0, "in_b", s->channels);
        add_convolutions(k, "source", &s->source, n->source);
        return;
    }
    add_cell(k, "source", 0, &n->source[0], s->source.embedding, s->hidden / 2, 2);
    for (size_t i = 1; i < s->source.layers; i++)
        add_cell(k, "source", i, &n->source[i], s->hidden, s->hidden, 1);
}

static void add_rnn_decoder(struct maker *k)
{
    struct network *n = k->n;
    const struct shape *s = &n->shape;
    size_t memory = shape_memory(s), gates = shape_gates(s) * s->hidden;
    bool early = s->attend == ATTEND_MLP || s->attend == ATTEND_FIXED; /* the context goes into the first cell too */
    for (size_t i = 0; i < s->target.layers; i++) {
        struct network_layer *l = &n->target[i];
        add_cell(k, "target", i, l, i ? s->hidden : s->target.embedding, s->hidden, 1);
        if (i ? s->upper : early)
            l->context = weight(k, "target", i, "context", memory, gates);
        if (s->begin != BEGIN_ZERO) {
            l->begin_w = weight(k, "target", i, "begin_w", memory, s->hidden);
            l->begin_b = bias(k, "target", i, "begin_b", s->hidden);
        }
    }
    if (s->attend == ATTEND_MLP) {
        n->key_w = weight(k, "attention", 0, "key", memory, s->attention);
        n->query_w = weight(k, "attention", 0, "query", s->hidden, s->attention);
        n->score = kept(k, parameters_add(&n->parameters, "attention.0.score", 1, &s->attention,
                                          (struct init){s->init.kind, s->init.scale, s->init.factor, s->attention, 1}));
    } else if (s->attend == ATTEND_BILINEAR) {
        n->key_w = weight(k, "attention", 0, "key", memory, s->hidden);
    } else if (s->attend == ATTEND_DOT) { /* only where widths differ is there anything to learn */
        n->key_w = memory == s->attention ? NULL : weight(k, "attention", 0, "key", memory, s->attention);
        n->query_w = s->hidden == s->attention ? NULL : weight(k, "attention", 0, "query", s->hidden, s->attention);
    }
    n->join_state = weight(k, "join", 0, "state", s->hidden, s->hidden);
    n->join_context = weight(k, "join", 0, "context", memory, s->hidden);
    n->join_b = bias(k, "join", 0, "b", s->hidden);
}

static void add_cnn_decoder(struct maker *k)
{
    struct network *n = k->n;
    const struct shape *s = &n->shape;
    n->target_place = table(k, "target.place", s->target.steps, s->target.embedding);
    n->target_w = weight(k, "target", 0, "in_w", s->target.embedding, s->channels);
    n->target_b = bias(k, "target", 0, "in_b", s->channels);
    n->key_w = weight(k, "attention", 0, "key", shape_memory(s), s->channels);
    add_convolutions(k, "target", &s->target, n->target);
    for (size_t i = 0; i < s->target.layers; i++) {
        n->target[i].query_w = weight(k, "target", i, "query_w", s->channels, s->channels);
        n->target[i].query_b = bias(k, "target", i, "query_b", s->channels);
        n->target[i].context = weight(k, "target", i, "context", shape_memory(s), s->channels);
    }
}

int network_open(struct network *n, const struct shape *s, const struct backend *backend, uint64_t seed,
                 struct error *err)
{
    struct maker k = {.n = n};
    size_t width = s->target.cnn ? s->channels : s->hidden;
    struct init out = s->init;
    *n = (struct network){.shape = *s, .buffer = calloc(1, sizeof *n->buffer)};
    k.failed = !n->buffer;
    parameters_open(&n->parameters, backend);
    add_encoder(&k);
    n->target_table = table(&k, "target.table", s->target.words, s->target.embedding);
    if (s->target.cnn)
        add_cnn_decoder(&k);
    else
        add_rnn_decoder(&k);
    out.fan_in = width;
    out.fan_out = s->target.words;
    n->out_w = kept(&k, parameters_add(&n->parameters, "out.w", 2, (size_t[]){s->target.words, width}, out));
    n->out_b = bias(&k, "out", 0, "b", s->target.words);
    if (k.failed)
        error_set(err, ERROR_LIMIT, "num_layers_encoder", "use fewer or narrower layers, or more memory",
                  "The network has too many weights");
    if (k.failed || parameters_settle(&n->parameters, seed, err) < 0) {
        network_close(n);
        return -1;
    }
    return 0;
}

void network_close(struct network *n)
{
    parameters_close(&n->parameters);
    if (n->buffer)
        free(n->buffer->number);
    free(n->buffer);
    *n = (struct network){0};
}

/* --- shared ---------------------------------------------------------------------------------------------------------
 */

int32_t *network_ints(const struct network *n, size_t count)
{
    struct network_buffer *buffer = n->buffer;
    if (count > buffer->room) {
        int32_t *larger = realloc(buffer->number, count * sizeof *larger);
        if (!larger)
            return NULL;
        buffer->number = larger;
        buffer->room = count;
    }
    return buffer->number;
}

struct tensor *network_embed(const struct network *n, struct tape *t, const struct side *side, struct tensor *words,
                             struct tensor *places, const int32_t *ids, size_t steps, size_t rows, size_t from)
{
    size_t count = steps * rows;
    struct tensor *x = op_embedding(t, words, tape_ints(t, ids, count), count);
    int32_t *at = places ? network_ints(n, count) : NULL;
    for (size_t i = 0; at && i < count; i++)
        at[i] = ids[i] < 0 ? -1 : (int32_t)(from + i / rows);
    if (at)
        x = op_add(t, x, op_embedding(t, places, tape_ints(t, at, count), count));
    return tape_reshape(t, op_dropout(t, x, side->dropout), 3, (size_t[]){steps, rows, side->embedding});
}

static struct tensor *half(struct tape *t, struct tensor *x, size_t begin)
{
    return op_copy(t, tape_slice(t, x, x->rank - 1, begin, tensor_width(x) / 2));
}

struct tensor *network_activate(const struct network *n, struct tape *t, struct tensor *x)
{
    static const enum unary kinds[] = {[ACTIVATION_RELU] = UNARY_RELU,
                                       [ACTIVATION_SOFTRELU] = UNARY_SOFTPLUS,
                                       [ACTIVATION_SIGMOID] = UNARY_SIGMOID,
                                       [ACTIVATION_TANH] = UNARY_TANH};
    if (n->shape.activation != ACTIVATION_GLU)
        return op_unary(t, x, kinds[n->shape.activation]);
    return op_mul(t, half(t, x, 0), op_unary(t, half(t, x, tensor_width(x) / 2), UNARY_SIGMOID));
}

struct tensor *network_cell(const struct network *n, struct tape *t, const struct network_layer *l,
                            struct tensor *gates, struct tensor **h, struct tensor **c, const int32_t *length)
{
    return n->shape.gru ? op_gru(t, gates, l->u, l->bn, *h, length, false, h)
                        : op_lstm(t, gates, l->u, *h, *c, length, false, 0, h, c);
}

bool network_adds(const struct shape *s, size_t layer)
{
    return s->residual && layer + 1 >= s->first_residual;
}

struct tensor *network_loss(const struct network *n, struct tape *t, struct tensor *joined, const int32_t *said,
                            double scale, struct tensor **right)
{
    return op_output_loss(t, joined, n->out_w, n->out_b, tape_ints(t, said, tensor_rows(joined)), NULL, scale, right);
}

struct tensor *network_probabilities(const struct network *n, struct tape *t, struct tensor *joined)
{
    return op_softmax(t, op_add(t, op_matmul(t, joined, n->out_w, false, true), n->out_b));
}
