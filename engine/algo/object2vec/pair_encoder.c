#include "engine/algo/object2vec/pair_encoder.h"

#include <stdio.h>

/* As many filters as the layer's share of the vector. */
static size_t layer_share(const struct pair_encoder *e, size_t layer)
{
    size_t layers = e->side->layers;
    return e->dim / layers + (layer < e->dim % layers);
}

/* Units of a direction: forward, backward. */
static size_t half(const struct pair_encoder *e, int backward)
{
    return (e->dim + (backward ? 0 : 1)) / 2;
}

/* Uniform within the root of gain / fan in: 6 is He et al. 2015, 3 keeps the variance through a linear layer. Wide
 * starts tell objects apart from the first step on. */
enum { GAIN = 6, GAIN_RECURRENT = 3 };

static struct tensor *add(struct parameters *p, int number, size_t layer, const char *name, int rank,
                          const size_t *shape, size_t fan_in, int gain)
{
    char full[PARAMETER_NAME];
    snprintf(full, sizeof full, "enc%d.layer%zu.%s", number, layer + 1, name);
    return parameters_add(p, full, rank, shape, (struct init){INIT_XAVIER, gain, FACTOR_IN, fan_in, shape[rank - 1]});
}

static int add_pooled(struct pair_encoder *e, struct parameters *p, int number)
{
    size_t width = e->side->width;
    e->w[0][0] = add(p, number, 0, "w", 2, (size_t[]){width, e->dim}, width, GAIN);
    e->b[0][0] = add(p, number, 0, "b", 1, (size_t[]){e->dim}, width, GAIN);
    return e->w[0][0] && e->b[0][0] ? 0 : -1;
}

static int add_hcnn(struct pair_encoder *e, struct parameters *p, int number)
{
    size_t width = e->side->width, filter = e->side->filter;
    for (size_t k = 0; k < e->side->layers; k++) {
        size_t share = layer_share(e, k);
        e->w[k][0] = add(p, number, k, "w", 3, (size_t[]){filter, width, share}, filter * width, GAIN);
        e->b[k][0] = add(p, number, k, "b", 1, (size_t[]){share}, filter * width, GAIN);
        if (!e->w[k][0] || !e->b[k][0])
            return -1;
        width = share;
    }
    return 0;
}

static int add_bilstm(struct pair_encoder *e, struct parameters *p, int number)
{
    static const char *const names[2][3] = {{"forward.w", "forward.u", "forward.b"},
                                            {"backward.w", "backward.u", "backward.b"}};
    size_t width = e->side->width;
    for (size_t k = 0; k < e->side->layers; k++) {
        for (int way = 0; way < 2; way++) {
            size_t units = half(e, way);
            e->w[k][way] = add(p, number, k, names[way][0], 2, (size_t[]){width, 4 * units}, units, GAIN_RECURRENT);
            e->u[k][way] = add(p, number, k, names[way][1], 2, (size_t[]){units, 4 * units}, units, GAIN_RECURRENT);
            e->b[k][way] = add(p, number, k, names[way][2], 1, (size_t[]){4 * units}, units, GAIN_RECURRENT);
            if (!e->w[k][way] || !e->u[k][way] || !e->b[k][way])
                return -1;
        }
        width = e->dim;
    }
    return 0;
}

int pair_encoder_add(struct pair_encoder *e, struct parameters *p, const struct pair_design *d, int number,
                     struct tensor *table)
{
    static int (*const kinds[])(struct pair_encoder * e, struct parameters * p, int number) = {
        [PAIR_POOLED] = add_pooled, [PAIR_HCNN] = add_hcnn, [PAIR_BILSTM] = add_bilstm};
    *e = (struct pair_encoder){.side = &d->side[number], .dim = d->dim, .dropout = d->dropout, .table = table};
    return kinds[e->side->network](e, p, number);
}

/* --- running --------------------------------------------------------------------------------------------------------
 */

struct tensor *pair_drop(struct tape *t, struct tensor *x, double rate)
{
    if (!tape_learning(t))
        return x;
    if (rate < 1)
        return op_dropout(t, x, rate);
    return tape_learning(t) ? op_affine(t, x, 0, 0) : x;
}

static struct tensor *look_up(const struct pair_encoder *e, struct tape *t, const int32_t *id, size_t count)
{
    return op_embedding(t, e->table, tape_ints(t, id, count), count);
}

/* From rows of a line, or of distinct tokens, to steps x rows x width, zeros beyond each length. */
static struct tensor *spread(struct tape *t, struct tensor *rows, const struct pair_sequences *s, const int32_t *place)
{
    size_t n = s->steps * s->rows, width = tensor_width(rows);
    return tape_reshape(t, op_embedding(t, rows, place, n), 3, (size_t[]){s->steps, s->rows, width});
}

static struct tensor *run_pooled(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s)
{
    const int32_t *id = tape_ints(t, s->packed, (size_t)s->start[s->rows]);
    const int32_t *start = tape_ints(t, s->start, s->rows + 1);
    return op_linear(t, op_embedding_mean(t, e->table, id, start, s->rows), e->w[0][0], e->b[0][0]);
}

/* All sequences lie in one line, with so many zeros between them that no filter sees two. */
static struct tensor *run_hcnn(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s)
{
    const int32_t *length = tape_ints(t, s->length, s->rows), *place = tape_ints(t, s->place, s->steps * s->rows);
    const int32_t *alive = e->side->layers > 1 ? tape_ints(t, s->alive, s->lined) : NULL;
    size_t layers = e->side->layers, before = (e->side->filter - 1) / 2;
    struct tensor *x = look_up(e, t, s->line, s->lined), *best[PAIR_LAYERS_MAX];
    for (size_t k = 0; k < layers; k++) {
        if (k) /* the gaps are zeros to the next layer too */
            x = pair_drop(t, op_embedding(t, x, alive, s->lined), e->dropout);
        x = tape_reshape(t, x, 3, (size_t[]){s->lined, 1, tensor_width(x)});
        x = op_conv1d(t, x, e->w[k][0], e->b[k][0], before, e->side->filter - 1 - before);
        x = op_unary(t, tape_reshape(t, x, 2, (size_t[]){s->lined, tensor_width(x)}), UNARY_RELU);
        best[k] = op_pool_time(t, spread(t, x, s, place), REDUCE_MAX, length);
    }
    return layers == 1 ? best[0] : op_concat(t, best, (int)layers, 1);
}

/* The gates' part that comes from the input: in the first layer made once for each token, however often it occurs. */
static struct tensor *input_gates(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s,
                                  struct tensor *x, const int32_t *place, size_t layer, int way)
{
    struct tensor *gates = op_linear(t, x, e->w[layer][way], e->b[layer][way]);
    return layer ? gates : spread(t, gates, s, place);
}

static struct tensor *run_bilstm(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s)
{
    const int32_t *length = tape_ints(t, s->length, s->rows), *place = tape_ints(t, s->place, s->steps * s->rows);
    struct tensor *x = look_up(e, t, s->distinct, s->different), *last_h, *last_c;
    for (size_t k = 0; k < e->side->layers; k++) {
        struct tensor *way[2];
        if (k)
            x = pair_drop(t, x, e->dropout);
        for (int i = 0; i < 2; i++)
            way[i] = op_lstm(t, input_gates(e, t, s, x, place, k, i), e->u[k][i], NULL, NULL, length, i == 1, 0,
                             &last_h, &last_c);
        if (k + 1 == e->side->layers) { /* the largest of each before they are joined: less is moved */
            for (int i = 0; i < 2; i++)
                way[i] = op_pool_time(t, way[i], REDUCE_MAX, length);
            return op_concat(t, way, 2, 1);
        }
        x = op_concat(t, way, 2, 2);
    }
    return x;
}

struct tensor *pair_encoder_run(const struct pair_encoder *e, struct tape *t, const struct pair_sequences *s)
{
    static struct tensor *(*const kinds[])(const struct pair_encoder *e, struct tape *t,
                                           const struct pair_sequences *s) = {
        [PAIR_POOLED] = run_pooled, [PAIR_HCNN] = run_hcnn, [PAIR_BILSTM] = run_bilstm};
    return pair_drop(t, kinds[e->side->network](e, t, s), e->dropout);
}
