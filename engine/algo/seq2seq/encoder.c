/* The encoder, of both kinds. */
#include "engine/algo/seq2seq/sides.h"

/* Both directions: one product for the gates, of which each reads its half. */
static struct tensor *two_ways(const struct network *n, struct tape *t, struct tensor *x, const int32_t *length,
                               struct tensor **last)
{
    const struct network_layer *l = &n->source[0];
    struct tensor *gates = op_linear(t, x, l->w, l->b), *h[2], *end[2], *c;
    size_t width = tensor_width(gates) / 2;
    for (int back = 0; back < 2; back++) {
        struct tensor *part = tape_slice(t, gates, 2, (size_t)back * width, width), *u = back ? l->back_u : l->u;
        h[back] = n->shape.gru ? op_gru(t, part, u, back ? l->back_bn : l->bn, NULL, length, back, &end[back])
                               : op_lstm(t, part, u, NULL, NULL, length, back, 0, &end[back], &c);
    }
    *last = op_concat(t, end, 2, 1);
    return op_concat(t, h, 2, 2);
}

static void encode_rnn(const struct network *n, struct tape *t, struct tensor *x, struct memory *m)
{
    const struct shape *s = &n->shape;
    struct tensor *out = two_ways(n, t, x, m->length, &m->last);
    if (network_adds(s, 0))
        out = op_add(t, out, x);
    for (size_t i = 1; i < s->source.layers; i++) {
        const struct network_layer *l = &n->source[i];
        struct tensor *h = NULL, *c = NULL;
        struct tensor *y = network_cell(n, t, l, op_linear(t, out, l->w, l->b), &h, &c, m->length);
        out = network_adds(s, i) ? op_add(t, out, y) : y;
        m->last = h;
    }
    m->values = out;
}

/* Padding behind the end of each row is made 0 again, as a convolution reads over it. */
static struct tensor *blank(struct tape *t, struct tensor *x, const int32_t *keep)
{
    size_t shape[3] = {x->shape[0], x->shape[1], x->shape[2]}, rows = shape[0] * shape[1];
    if (!keep)
        return x;
    return tape_reshape(t, op_embedding(t, tape_reshape(t, x, 2, (size_t[]){rows, shape[2]}), keep, rows), 3, shape);
}

/* The state at each row's last place. */
static struct tensor *last_places(const struct network *n, struct tape *t, struct tensor *x, const int32_t *length)
{
    size_t rows = x->shape[1];
    int32_t *at = network_ints(n, rows);
    if (!at)
        return x;
    for (size_t i = 0; i < rows; i++)
        at[i] = (int32_t)((size_t)(length[i] - 1) * rows + i);
    x = tape_reshape(t, x, 2, (size_t[]){x->shape[0] * rows, x->shape[2]});
    return op_gather(t, x, tape_ints(t, at, rows), rows);
}

static const int32_t *kept_places(const struct network *n, struct tape *t, const int32_t *ids, size_t count)
{
    int32_t *keep = network_ints(n, count);
    bool padded = false;
    for (size_t i = 0; keep && i < count; i++) {
        keep[i] = ids[i] < 0 ? -1 : (int32_t)i;
        padded |= ids[i] < 0;
    }
    return keep && padded ? tape_ints(t, keep, count) : NULL;
}

static void encode_cnn(const struct network *n, struct tape *t, struct tensor *x, const int32_t *ids,
                       const int32_t *length, struct memory *m)
{
    const struct shape *s = &n->shape;
    const int32_t *keep = kept_places(n, t, ids, m->steps * m->rows);
    struct tensor *in = op_linear(t, x, n->source_w, n->source_b), *out = in;
    for (size_t i = 0; i < s->source.layers; i++) {
        const struct network_layer *l = &n->source[i];
        struct tensor *y = op_dropout(t, blank(t, out, keep), s->channel_dropout);
        y = op_conv1d(t, y, l->w, l->b, (s->source.kernel - 1) / 2, s->source.kernel / 2);
        out = op_affine(t, op_add(t, out, network_activate(n, t, y)), RESIDUAL_SCALE, 0);
    }
    m->last = last_places(n, t, out, length);
    m->values = op_affine(t, op_add(t, out, in), RESIDUAL_SCALE, 0);
}

static void make_keys(const struct network *n, struct tape *t, struct memory *m)
{
    const struct shape *s = &n->shape;
    m->keys = NULL;
    if (s->target.cnn || s->attend != ATTEND_FIXED)
        m->keys = n->key_w ? op_linear(t, m->values, n->key_w, NULL) : m->values;
}

void network_encode(const struct network *n, struct tape *t, const int32_t *ids, const int32_t *length, size_t steps,
                    size_t rows, struct memory *m)
{
    const struct shape *s = &n->shape;
    struct tensor *x = network_embed(n, t, &s->source, n->source_table, n->source_place, ids, steps, rows, 0);
    *m = (struct memory){.steps = steps, .rows = rows, .length = tape_ints(t, length, rows)};
    if (s->source.cnn)
        encode_cnn(n, t, x, ids, length, m);
    else
        encode_rnn(n, t, x, m);
    make_keys(n, t, m);
    if (!s->target.cnn && s->begin != BEGIN_ZERO)
        m->begin = s->begin == BEGIN_LAST ? m->last : op_pool_time(t, m->values, REDUCE_MEAN, m->length);
}
