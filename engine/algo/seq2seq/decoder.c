/* The decoder, of both kinds. */
#include <math.h>

#include "engine/algo/seq2seq/sides.h"

#define STACKED 8 /* tensors that op_concat takes */

/* --- begin ----------------------------------------------------------------------------------------------------------
 */

static struct tensor *zeros(struct tape *t, int rank, const size_t *shape)
{
    struct tensor *x = tape_plain(t, rank, shape);
    if (tensor_count(x))
        tape_backend(t)->zero(x->data, tensor_count(x) * tape_backend(t)->bytes);
    return x;
}

static void begin_rnn(const struct network *n, struct tape *t, const struct memory *m, struct state *s)
{
    size_t shape[2] = {m->rows, n->shape.hidden};
    for (size_t i = 0; i < n->shape.target.layers; i++) {
        const struct network_layer *l = &n->target[i];
        s->part[s->count++] =
            l->begin_w ? op_unary(t, op_linear(t, m->begin, l->begin_w, l->begin_b), UNARY_TANH) : zeros(t, 2, shape);
        if (!n->shape.gru)
            s->part[s->count++] = zeros(t, 2, shape);
    }
}

void network_begin(const struct network *n, struct tape *t, const struct memory *m, struct state *s)
{
    const struct side *side = &n->shape.target;
    *s = (struct state){0};
    if (!side->cnn) {
        begin_rnn(n, t, m, s);
        return;
    }
    for (size_t i = 0; i < side->layers; i++)
        s->part[s->count++] = zeros(t, 3, (size_t[]){side->kernel - 1, m->rows, n->shape.channels});
}

/* --- attention ------------------------------------------------------------------------------------------------------
 */

/* query T x B x width of states. */
static struct tensor *attend(const struct network *n, struct tape *t, const struct memory *m, struct tensor *query,
                             struct tensor **weights)
{
    enum attention kind = n->shape.attend == ATTEND_MLP ? ATTENTION_ADDITIVE : ATTENTION_DOT;
    if (n->query_w)
        query = op_linear(t, query, n->query_w, NULL);
    return op_attention(t, kind, query, m->keys, m->values, n->score, m->length, 1, weights);
}

/* One after another along the first dimension; `part` is used up. */
static struct tensor *stack(struct tape *t, struct tensor **part, size_t count)
{
    while (count > 1) {
        size_t next = 0;
        for (size_t at = 0; at < count; at += STACKED) {
            size_t n = count - at < STACKED ? count - at : STACKED;
            part[next++] = n == 1 ? part[at] : op_concat(t, part + at, (int)n, 0);
        }
        count = next;
    }
    return part[0];
}

/* --- rnn ------------------------------------------------------------------------------------------------------------
 */

/* What the layers have said so far. */
struct run {
    const struct network *n;
    struct tape *t;
    const struct memory *m;
    struct state *s;
    size_t steps;
    struct tensor *context, **weights; /* context T x B x M; with fixed B x M, the same at each step */
};

static void part_of(const struct run *r, size_t layer, struct tensor ***h, struct tensor ***c)
{
    size_t each = r->n->shape.gru ? 1 : 2;
    *h = &r->s->part[layer * each];
    *c = r->n->shape.gru ? NULL : &r->s->part[layer * each + 1];
}

static struct tensor *cell(const struct run *r, size_t layer, struct tensor *gates)
{
    struct tensor **h, **c, *none = NULL;
    part_of(r, layer, &h, &c);
    return network_cell(r->n, r->t, &r->n->target[layer], gates, h, c ? c : &none, NULL);
}

/* The first layer where each step's context goes into its cell: step by step. */
static struct tensor *first_by_steps(struct run *r, struct tensor *gates)
{
    const struct network_layer *l = &r->n->target[0];
    struct tensor *said[NETWORK_STEPS], *seen[NETWORK_STEPS], *looked[NETWORK_STEPS], **h, **c;
    said[0] = seen[0] = looked[0] = NULL;
    size_t rows = r->m->rows, width = r->n->shape.hidden;
    part_of(r, 0, &h, &c);
    for (size_t i = 0; i < r->steps; i++) {
        struct tensor *query = tape_reshape(r->t, *h, 3, (size_t[]){1, rows, width});
        seen[i] = attend(r->n, r->t, r->m, query, r->weights ? &looked[i] : NULL);
        said[i] =
            cell(r, 0, op_add(r->t, tape_slice(r->t, gates, 0, i, 1), op_linear(r->t, seen[i], l->context, NULL)));
    }
    r->context = stack(r->t, seen, r->steps);
    if (r->weights)
        *r->weights = stack(r->t, looked, r->steps);
    return stack(r->t, said, r->steps);
}

static struct tensor *first_layer(struct run *r, struct tensor *x)
{
    const struct shape *s = &r->n->shape;
    const struct network_layer *l = &r->n->target[0];
    struct tensor *gates = op_linear(r->t, x, l->w, l->b), *out;
    if (s->attend == ATTEND_MLP)
        return first_by_steps(r, gates);
    if (s->attend == ATTEND_FIXED) {
        r->context = r->m->last;
        gates = op_add(r->t, gates, op_linear(r->t, r->context, l->context, NULL));
    }
    out = cell(r, 0, gates);
    if (s->attend != ATTEND_FIXED && (s->upper || s->target.layers == 1))
        r->context = attend(r->n, r->t, r->m, out, r->weights);
    return out;
}

static struct tensor *upper_layer(const struct run *r, size_t layer, struct tensor *below)
{
    const struct network_layer *l = &r->n->target[layer];
    struct tensor *gates = op_linear(r->t, below, l->w, l->b);
    if (l->context)
        gates = op_add(r->t, gates, op_linear(r->t, r->context, l->context, NULL));
    return cell(r, layer, gates);
}

/* Rows of T x B x D that are wanted. */
static struct tensor *choose(struct tape *t, struct tensor *x, const struct places *wanted, const int32_t *place)
{
    x = tape_reshape(t, x, 2, (size_t[]){tensor_rows(x), tensor_width(x)});
    return wanted && wanted->count < tensor_rows(x) ? op_gather(t, x, place, wanted->count) : x;
}

static struct tensor *join(const struct run *r, struct tensor *top, const struct places *wanted)
{
    const struct network *n = r->n;
    struct tape *t = r->t;
    bool some = wanted && wanted->count < tensor_rows(top);
    const int32_t *place = some ? tape_ints(t, wanted->place, wanted->count) : NULL;
    struct tensor *state = op_linear(t, choose(t, top, wanted, place), n->join_state, n->join_b), *context;
    if (n->shape.attend != ATTEND_FIXED) {
        context = op_linear(t, choose(t, r->context, wanted, place), n->join_context, NULL);
    } else { /* one row of context for all steps of a row */
        context = op_linear(t, r->context, n->join_context, NULL);
        if (some)
            context = op_gather(t, context, tape_ints(t, wanted->row, wanted->count), wanted->count);
        else
            state = tape_reshape(t, state, 3, (size_t[]){r->steps, r->m->rows, tensor_width(state)});
    }
    state = op_unary(t, op_add(t, state, context), UNARY_TANH);
    state = tape_reshape(t, state, 2, (size_t[]){tensor_rows(state), tensor_width(state)});
    return op_dropout(t, state, n->shape.join_dropout);
}

static struct tensor *run_rnn(struct run *r, struct tensor *x, const struct places *wanted)
{
    const struct shape *s = &r->n->shape;
    struct tensor *out = first_layer(r, x);
    if (network_adds(s, 0))
        out = op_add(r->t, out, x);
    for (size_t i = 1; i < s->target.layers; i++) {
        struct tensor *y = upper_layer(r, i, out);
        out = network_adds(s, i) ? op_add(r->t, out, y) : y;
    }
    if (!r->context)
        r->context = attend(r->n, r->t, r->m, out, r->weights);
    return join(r, out, wanted);
}

/* --- cnn ------------------------------------------------------------------------------------------------------------
 */

/* A convolution over what the state holds of earlier steps, and these. */
static struct tensor *causal(const struct run *r, size_t layer, struct tensor *x)
{
    const struct network_layer *l = &r->n->target[layer];
    size_t before = r->n->shape.target.kernel - 1;
    struct tensor **held = &r->s->part[layer];
    x = op_dropout(r->t, x, r->n->shape.channel_dropout);
    if (before) {
        struct tensor *both[2] = {*held, x};
        x = op_concat(r->t, both, 2, 0);
        *held = op_copy(r->t, tape_slice(r->t, x, 0, x->shape[0] - before, before));
    }
    return op_conv1d(r->t, x, l->w, l->b, 0, 0);
}

static struct tensor *run_cnn(struct run *r, struct tensor *x, const struct places *wanted)
{
    const struct network *n = r->n;
    struct tape *t = r->t;
    double factor = 1 / sqrt((double)n->shape.channels);
    struct tensor *in = op_linear(t, x, n->target_w, n->target_b), *out = in;
    bool some;
    for (size_t i = 0; i < n->shape.target.layers; i++) {
        const struct network_layer *l = &n->target[i];
        bool last = i + 1 == n->shape.target.layers;
        struct tensor *y = network_activate(n, t, causal(r, i, out));
        struct tensor *query = op_add(t, op_linear(t, y, l->query_w, l->query_b), in);
        struct tensor *context = op_attention(t, ATTENTION_DOT, query, r->m->keys, r->m->values, NULL, r->m->length,
                                              factor, last ? r->weights : NULL);
        y = op_affine(t, op_add(t, y, op_linear(t, context, l->context, NULL)), RESIDUAL_SCALE, 0);
        out = op_affine(t, op_add(t, out, y), RESIDUAL_SCALE, 0);
    }
    some = wanted && wanted->count < tensor_rows(out);
    return choose(t, out, wanted, some ? tape_ints(t, wanted->place, wanted->count) : NULL);
}

struct tensor *network_run(const struct network *n, struct tape *t, const struct memory *m, struct state *s,
                           const int32_t *ids, size_t steps, const struct places *wanted, struct tensor **weights)
{
    struct run r = {.n = n, .t = t, .m = m, .s = s, .steps = steps, .weights = weights};
    const struct side *side = &n->shape.target;
    struct tensor *x = network_embed(n, t, side, n->target_table, n->target_place, ids, steps, m->rows, s->at), *out;
    if (weights)
        *weights = NULL;
    out = side->cnn ? run_cnn(&r, x, wanted) : run_rnn(&r, x, wanted);
    s->at += steps;
    return out;
}
