#include "engine/tensor/ops.h"

#include <assert.h>

/* A shape that the caller promised. Once memory has run out, tensors have no shape to hold to. */
#define FITS(condition) assert(tape_failed(t) || (condition))
#define SHAPE(...) ((const size_t[]){__VA_ARGS__})

/* --- parts of all constructors ---------------------------------------------------------------------------------- */

static struct node *node(struct tape *t, enum op op, struct tensor *a, struct tensor *b, struct tensor *c)
{
    struct node *n = tape_node(t, op);
    n->in[0] = a;
    n->in[1] = b;
    n->in[2] = c;
    return n;
}

/* An output: it has a slope if an input has one. */
static struct tensor *out(struct tape *t, struct node *n, int i, int rank, const size_t *shape)
{
    bool flows = false;
    for (int k = 0; k < NODE_IN; k++)
        flows |= n->in[k] && tensor_learns(n->in[k]);
    n->out[i] = flows ? tape_tensor(t, rank, shape) : tape_plain(t, rank, shape);
    return n->out[i];
}

static void keep(struct tape *t, struct node *n, int i, int rank, const size_t *shape)
{
    if (tape_learning(t))
        n->keep[i] = tape_plain(t, rank, shape);
}

/* Operations whose way back does not look at what they gave. */
static const bool forgets[OP_COUNT] = {
    [OP_COPY] = true,   [OP_TRANSPOSE] = true, [OP_LINEAR] = true, [OP_MATMUL] = true,    [OP_ADD] = true,
    [OP_SUB] = true,    [OP_MUL] = true,       [OP_AFFINE] = true, [OP_EMBEDDING] = true, [OP_EMBEDDING_MEAN] = true,
    [OP_CONCAT] = true, [OP_GATHER] = true,    [OP_CONV1D] = true,
};

static struct tensor *run(struct tape *t, struct node *n)
{
    for (int i = 0; i < NODE_IN; i++)
        if (n->in[i]) {
            FITS(n->in[i]->base->memory != MEMORY_SPENT);
            n->in[i]->base->memory = MEMORY_NEEDED;
        }
    tape_run(t, n);
    n->out[0]->memory = forgets[n->op] ? MEMORY_FRESH : MEMORY_NEEDED;
    if (n->keep[0] && n->keep[0] == n->in[0])
        n->in[0]->base->memory = MEMORY_SPENT;
    return n->out[0];
}

/* May another tensor's numbers take the place of these? */
static bool is_fresh(const struct tensor *x)
{
    return x->base->memory == MEMORY_FRESH && tensor_dense(x) && tensor_count(x) == tensor_count(x->base);
}

/* x's shape with another last dimension. */
static struct tensor *out_of_width(struct tape *t, struct node *n, const struct tensor *x, size_t width)
{
    size_t shape[TENSOR_RANK] = {0};
    for (int d = 0; d < x->rank; d++)
        shape[d] = d == x->rank - 1 ? width : x->shape[d];
    return out(t, n, 0, x->rank, shape);
}

static bool is_vector(const struct tensor *x, size_t n)
{
    return !x || (x->rank == 1 && x->shape[0] == n);
}

static bool is_matrix(const struct tensor *x, size_t rows, size_t columns)
{
    return !x || (x->rank == 2 && x->shape[0] == rows && x->shape[1] == columns);
}

/* Has b the shape of a's last dimensions? */
static bool ends_with(const struct tensor *a, const struct tensor *b)
{
    bool same = b->rank <= a->rank;
    for (int d = 0; same && d < b->rank; d++)
        same = b->shape[d] == a->shape[a->rank - b->rank + d];
    return same;
}

/* --- products --------------------------------------------------------------------------------------------------- */

struct tensor *op_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b)
{
    struct node *n = node(t, OP_LINEAR, x, w, b);
    FITS(x->rank >= 1 && (x->rank == 2 || tensor_dense(x)) && is_matrix(w, tensor_width(x), w->shape[1]) &&
         tensor_dense(w));
    out_of_width(t, n, x, w->shape[1]);
    FITS(!b || (b->rank > 0 && tensor_dense(b) && ends_with(n->out[0], b)));
    return run(t, n);
}

struct tensor *op_matmul(struct tape *t, struct tensor *a, struct tensor *b, bool transpose_a, bool transpose_b)
{
    struct node *n = node(t, OP_MATMUL, a, b, NULL);
    int rank = a->rank, batch = rank - 2;
    size_t groups, shape[3] = {0};
    FITS(rank == b->rank && (rank == 2 || (rank == 3 && tensor_dense(a) && tensor_dense(b))));
    if (tape_failed(t))
        return a;
    groups = batch == 0 ? 1 : a->shape[0] == 1 ? b->shape[0] : a->shape[0];
    FITS(batch == 0 || ((a->shape[0] == groups || a->shape[0] == 1) && (b->shape[0] == groups || b->shape[0] == 1)));
    FITS(a->shape[batch + !transpose_a] == b->shape[batch + transpose_b]);
    n->flag[0] = transpose_a;
    n->flag[1] = transpose_b;
    shape[0] = groups;
    shape[batch] = a->shape[batch + transpose_a];
    shape[batch + 1] = b->shape[batch + !transpose_b];
    out(t, n, 0, rank, shape);
    return run(t, n);
}

/* --- element by element ----------------------------------------------------------------------------------------- */

static struct tensor *of_two(struct tape *t, enum op op, struct tensor *a, struct tensor *b)
{
    struct node *n = node(t, op, a, b, NULL);
    FITS(tensor_dense(a) && tensor_dense(b) && ends_with(a, b));
    out(t, n, 0, a->rank, a->shape);
    return run(t, n);
}

struct tensor *op_add(struct tape *t, struct tensor *a, struct tensor *b)
{
    return of_two(t, OP_ADD, a, b);
}

struct tensor *op_sub(struct tape *t, struct tensor *a, struct tensor *b)
{
    return of_two(t, OP_SUB, a, b);
}

struct tensor *op_mul(struct tape *t, struct tensor *a, struct tensor *b)
{
    return of_two(t, OP_MUL, a, b);
}

struct tensor *op_affine(struct tape *t, struct tensor *x, double factor, double shift)
{
    struct node *n = node(t, OP_AFFINE, x, NULL, NULL);
    FITS(tensor_dense(x));
    n->number[0] = factor;
    n->number[1] = shift;
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

struct tensor *op_unary(struct tape *t, struct tensor *x, enum unary kind)
{
    struct node *n = node(t, OP_UNARY, x, NULL, NULL);
    n->kind = (int)kind;
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

struct tensor *op_dropout(struct tape *t, struct tensor *x, double rate)
{
    struct node *n;
    FITS(tensor_dense(x) && rate < 1);
    if (!tape_learning(t) || rate <= 0)
        return x;
    n = node(t, OP_DROPOUT, x, NULL, NULL);
    n->number[0] = rate;
    n->random = tape_random(t);
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

/* --- shapes ----------------------------------------------------------------------------------------------------- */

struct tensor *op_copy(struct tape *t, struct tensor *x)
{
    struct node *n;
    if (tensor_dense(x))
        return x;
    n = node(t, OP_COPY, x, NULL, NULL);
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

struct tensor *op_transpose(struct tape *t, struct tensor *x, const int *permutation)
{
    struct node *n = node(t, OP_TRANSPOSE, x, NULL, NULL);
    size_t shape[TENSOR_RANK] = {0};
    unsigned seen = 0;
    FITS(tensor_dense(x));
    for (int d = 0; d < x->rank; d++) {
        int from = permutation[d];
        FITS(from >= 0 && from < x->rank && !(seen >> from & 1));
        seen |= 1u << from;
        n->whole[d] = (size_t)from;
        shape[d] = x->shape[from];
    }
    out(t, n, 0, x->rank, shape);
    return run(t, n);
}

struct tensor *op_concat(struct tape *t, struct tensor *const *parts, int count, int dimension)
{
    struct node *n = tape_node(t, OP_CONCAT);
    size_t shape[TENSOR_RANK] = {0};
    assert(count >= 1 && count <= NODE_IN);
    for (int d = 0; d < parts[0]->rank; d++)
        shape[d] = d == dimension ? 0 : parts[0]->shape[d];
    for (int i = 0; i < count; i++) {
        n->in[i] = parts[i];
        FITS(parts[i]->rank == parts[0]->rank && dimension < parts[i]->rank);
        for (int d = 0; d < parts[i]->rank; d++)
            FITS(d == dimension || parts[i]->shape[d] == shape[d]);
        shape[dimension] += parts[i]->shape[dimension];
    }
    n->whole[0] = (size_t)count;
    n->whole[1] = (size_t)dimension;
    out(t, n, 0, parts[0]->rank, shape);
    return run(t, n);
}

struct tensor *op_gather(struct tape *t, struct tensor *x, const int32_t *row, size_t count)
{
    struct node *n = node(t, OP_GATHER, x, NULL, NULL);
    size_t shape[TENSOR_RANK] = {0};
    FITS(x->rank >= 1 && tensor_dense(x));
    for (int d = 0; d < x->rank; d++)
        shape[d] = d == 0 ? count : x->shape[d];
    n->index[0] = row;
    n->whole[0] = count;
    out(t, n, 0, x->rank, shape);
    return run(t, n);
}

/* --- sums ------------------------------------------------------------------------------------------------------- */

struct tensor *op_reduce(struct tape *t, struct tensor *x, enum reduce kind, int dimension)
{
    struct node *n = node(t, OP_REDUCE, x, NULL, NULL);
    size_t shape[TENSOR_RANK] = {0};
    int rank = 0;
    FITS(dimension < x->rank && tensor_dense(x));
    n->kind = (int)kind;
    n->whole[0] = n->whole[1] = n->whole[2] = 1;
    for (int d = 0; d < x->rank; d++) {
        n->whole[dimension < 0 || d == dimension ? 1 : d < dimension ? 0 : 2] *= x->shape[d];
        if (dimension >= 0 && d != dimension)
            shape[rank++] = x->shape[d];
    }
    out(t, n, 0, rank, shape);
    return run(t, n);
}

struct tensor *op_pool_time(struct tape *t, struct tensor *x, enum reduce kind, const int32_t *length)
{
    struct node *n = node(t, OP_POOL_TIME, x, NULL, NULL);
    FITS(x->rank == 3 && tensor_dense(x));
    n->kind = (int)kind;
    n->index[0] = length;
    out(t, n, 0, 2, SHAPE(x->shape[1], x->shape[2]));
    return run(t, n);
}

struct tensor *op_softmax(struct tape *t, struct tensor *x)
{
    struct node *n = node(t, OP_SOFTMAX, x, NULL, NULL);
    FITS(x->rank >= 1 && tensor_dense(x));
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

/* --- losses ----------------------------------------------------------------------------------------------------- */

struct tensor *op_cross_entropy(struct tape *t, struct tensor *x, const int32_t *target, struct tensor *weight,
                                double scale)
{
    struct node *n = node(t, OP_CROSS_ENTROPY, x, weight, NULL);
    FITS(x->rank == 2 && tensor_dense(x) && is_vector(weight, x->shape[0]));
    n->index[0] = target;
    n->number[0] = scale;
    keep(t, n, 0, 1, SHAPE(x->shape[0]));
    out(t, n, 0, 0, NULL);
    return run(t, n);
}

struct tensor *op_output_loss(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b,
                              const int32_t *target, struct tensor *weight, double scale, struct tensor **right)
{
    struct node *n = node(t, OP_OUTPUT_LOSS, x, w, b);
    FITS(x->rank == 2 && tensor_dense(x) && is_matrix(w, w->shape[0], x->shape[1]) && tensor_dense(w));
    FITS(is_vector(b, w->shape[0]) && is_vector(weight, x->shape[0]));
    n->in[3] = weight;
    n->index[0] = target;
    n->number[0] = scale;
    keep(t, n, 0, 2, x->shape);
    out(t, n, 0, 0, NULL);
    n->out[1] = tape_plain(t, 0, NULL);
    if (right)
        *right = n->out[1];
    return run(t, n);
}

/* How many raw outputs a row has. */
static size_t likelihood_width(enum likelihood kind)
{
    static const size_t width[] = {2, 3, 2, 2, 1}; /* in the order of enum likelihood */
    return width[kind];
}

struct tensor *op_likelihood(struct tape *t, enum likelihood kind, struct tensor *raw, struct tensor *y,
                             struct tensor *v, struct tensor *weight, double scale)
{
    struct node *n = node(t, OP_LIKELIHOOD, raw, y, v);
    FITS(raw->rank == 2 && tensor_dense(raw) && raw->shape[1] == likelihood_width(kind));
    FITS(is_vector(y, raw->shape[0]) && is_vector(v, raw->shape[0]) && is_vector(weight, raw->shape[0]));
    n->in[3] = weight;
    n->kind = (int)kind;
    n->number[0] = scale;
    out(t, n, 0, 0, NULL);
    return run(t, n);
}

struct tensor *op_smooth_l1(struct tape *t, struct tensor *x, struct tensor *y, struct tensor *weight, double scale)
{
    struct node *n = node(t, OP_SMOOTH_L1, x, y, weight);
    FITS(x->rank == 2 && tensor_dense(x) && tensor_dense(y) && tensor_same_shape(x, y));
    FITS(is_vector(weight, x->shape[0]) && !tensor_learns(y));
    n->number[0] = scale;
    out(t, n, 0, 0, NULL);
    return run(t, n);
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

struct tensor *op_embedding(struct tape *t, struct tensor *table, const int32_t *id, size_t count)
{
    struct node *n = node(t, OP_EMBEDDING, table, NULL, NULL);
    FITS(table->rank == 2 && tensor_dense(table));
    n->index[0] = id;
    n->whole[0] = count;
    out(t, n, 0, 2, SHAPE(count, table->shape[1]));
    return run(t, n);
}

struct tensor *op_embedding_mean(struct tape *t, struct tensor *table, const int32_t *id, const int32_t *start,
                                 size_t rows)
{
    struct node *n = node(t, OP_EMBEDDING_MEAN, table, NULL, NULL);
    FITS(table->rank == 2 && tensor_dense(table));
    n->index[0] = id;
    n->index[1] = start;
    n->whole[0] = rows;
    out(t, n, 0, 2, SHAPE(rows, table->shape[1]));
    return run(t, n);
}

/* --- normalisation ---------------------------------------------------------------------------------------------- */

struct tensor *op_layer_norm(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias, double epsilon)
{
    struct node *n = node(t, OP_LAYER_NORM, x, gain, bias);
    FITS(x->rank >= 1 && tensor_dense(x) && is_vector(gain, tensor_width(x)) && is_vector(bias, tensor_width(x)));
    n->number[0] = epsilon;
    keep(t, n, 0, 1, SHAPE(tensor_rows(x)));
    keep(t, n, 1, 1, SHAPE(tensor_rows(x)));
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

static struct tensor *batch_norm(struct tape *t, struct node *n, struct tensor *running_mean,
                                 struct tensor *running_variance, double momentum, double epsilon)
{
    const struct tensor *x = n->in[0];
    size_t width = tensor_width(x);
    FITS(x->rank >= 1 && tensor_dense(x) && is_vector(n->in[1], width) && is_vector(n->in[2], width));
    FITS(is_vector(running_mean, width) && is_vector(running_variance, width));
    n->in[3] = running_mean;
    n->in[4] = running_variance;
    n->number[0] = momentum;
    n->number[1] = epsilon;
    keep(t, n, 0, 1, SHAPE(width));
    keep(t, n, 1, 1, SHAPE(width));
    out(t, n, 0, x->rank, x->shape);
    return run(t, n);
}

struct tensor *op_batch_norm(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                             struct tensor *running_mean, struct tensor *running_variance, double momentum,
                             double epsilon)
{
    struct node *n = node(t, OP_BATCH_NORM, x, gain, bias);
    return batch_norm(t, n, running_mean, running_variance, momentum, epsilon);
}

struct tensor *op_batch_norm_relu(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                                  struct tensor *running_mean, struct tensor *running_variance, double momentum,
                                  double epsilon)
{
    struct node *n = node(t, OP_BATCH_NORM, x, gain, bias);
    n->flag[0] = true;
    return batch_norm(t, n, running_mean, running_variance, momentum, epsilon);
}

/* --- recurrent -------------------------------------------------------------------------------------------------- */

struct tensor *op_lstm(struct tape *t, struct tensor *gates, struct tensor *u, struct tensor *h0, struct tensor *c0,
                       const int32_t *length, bool reverse, double zoneout, struct tensor **last_h,
                       struct tensor **last_c)
{
    struct node *n = node(t, OP_LSTM, gates, u, h0);
    size_t steps = gates->shape[0], rows = gates->shape[1], width = u->shape[0];
    FITS(gates->rank == 3 && gates->shape[2] == 4 * width && is_matrix(u, width, 4 * width) && tensor_dense(u));
    FITS(is_matrix(h0, rows, width) && is_matrix(c0, rows, width));
    n->in[3] = c0;
    n->index[0] = length;
    n->flag[0] = reverse;
    n->number[0] = zoneout;
    n->random = zoneout > 0 ? tape_random(t) : 0;
    if (tape_learning(t) && is_fresh(gates))
        n->keep[0] = gates;
    else
        keep(t, n, 0, 3, SHAPE(steps, rows, 4 * width));
    keep(t, n, 1, 3, SHAPE(steps, rows, width));
    out(t, n, 0, 3, SHAPE(steps, rows, width));
    *last_h = out(t, n, 1, 2, SHAPE(rows, width));
    *last_c = out(t, n, 2, 2, SHAPE(rows, width));
    return run(t, n);
}

struct tensor *op_gru(struct tape *t, struct tensor *gates, struct tensor *u, struct tensor *bn, struct tensor *h0,
                      const int32_t *length, bool reverse, struct tensor **last_h)
{
    struct node *n = node(t, OP_GRU, gates, u, bn);
    size_t steps = gates->shape[0], rows = gates->shape[1], width = u->shape[0];
    FITS(gates->rank == 3 && gates->shape[2] == 3 * width && is_matrix(u, width, 3 * width) && tensor_dense(u));
    FITS(is_vector(bn, width) && is_matrix(h0, rows, width));
    n->in[3] = h0;
    n->index[0] = length;
    n->flag[0] = reverse;
    keep(t, n, 0, 3, SHAPE(steps, rows, 4 * width));
    out(t, n, 0, 3, SHAPE(steps, rows, width));
    *last_h = out(t, n, 1, 2, SHAPE(rows, width));
    return run(t, n);
}

/* --- attention -------------------------------------------------------------------------------------------------- */

struct tensor *op_attention(struct tape *t, enum attention kind, struct tensor *query, struct tensor *keys,
                            struct tensor *memory, struct tensor *v, const int32_t *length, double factor,
                            struct tensor **weights)
{
    struct node *n = node(t, OP_ATTENTION, query, keys, memory);
    size_t queries = query->shape[0], rows = query->shape[1], width = query->shape[2], places = keys->shape[0];
    FITS(query->rank == 3 && keys->rank == 3 && memory->rank == 3);
    FITS(tensor_dense(query) && tensor_dense(keys) && tensor_dense(memory));
    FITS(keys->shape[1] == rows && keys->shape[2] == width && memory->shape[0] == places && memory->shape[1] == rows);
    FITS(kind == ATTENTION_DOT || (v && is_vector(v, width)));
    n->in[3] = v;
    n->kind = (int)kind;
    n->index[0] = length;
    n->number[0] = factor;
    out(t, n, 0, 3, SHAPE(queries, rows, memory->shape[2]));
    n->out[1] = tape_plain(t, 3, SHAPE(queries, rows, places));
    if (weights)
        *weights = n->out[1];
    return run(t, n);
}

/* --- convolution ------------------------------------------------------------------------------------------------ */

static size_t places(size_t size, size_t before, size_t after, size_t window, size_t stride)
{
    size_t padded = size + before + after;
    return padded < window ? 0 : (padded - window) / stride + 1;
}

struct tensor *op_conv1d(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b, size_t before,
                         size_t after)
{
    struct node *n = node(t, OP_CONV1D, x, w, b);
    FITS(x->rank == 3 && w->rank == 3 && w->shape[0] > 0 && w->shape[1] == x->shape[2]);
    FITS(tensor_dense(x) && tensor_dense(w) && is_vector(b, w->shape[2]));
    n->whole[0] = before;
    n->whole[1] = after;
    out(t, n, 0, 3, SHAPE(places(x->shape[0], before, after, w->shape[0], 1), x->shape[1], w->shape[2]));
    return run(t, n);
}

struct tensor *op_conv2d(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b, size_t stride,
                         size_t pad)
{
    struct node *n = node(t, OP_CONV2D, x, w, b);
    FITS(x->rank == 4 && w->rank == 4 && w->shape[0] > 0 && w->shape[1] > 0 && w->shape[2] == x->shape[3]);
    FITS(tensor_dense(x) && tensor_dense(w) && is_vector(b, w->shape[3]) && stride > 0);
    n->whole[0] = stride;
    n->whole[1] = pad;
    out(t, n, 0, 4,
        SHAPE(x->shape[0], places(x->shape[1], pad, pad, w->shape[0], stride),
              places(x->shape[2], pad, pad, w->shape[1], stride), w->shape[3]));
    return run(t, n);
}

struct tensor *op_pool2d(struct tape *t, struct tensor *x, enum reduce kind, size_t size, size_t stride, size_t pad)
{
    struct node *n = node(t, OP_POOL2D, x, NULL, NULL);
    FITS(x->rank == 4 && tensor_dense(x) && size > 0 && stride > 0 && pad < size);
    n->kind = (int)kind;
    n->whole[0] = size;
    n->whole[1] = stride;
    n->whole[2] = pad;
    out(t, n, 0, 4,
        SHAPE(x->shape[0], places(x->shape[1], pad, pad, size, stride), places(x->shape[2], pad, pad, size, stride),
              x->shape[3]));
    return run(t, n);
}
