#include "engine/algo/xgboost/grower.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/bins.h"
#include "engine/algo/xgboost/histogram.h"
#include "engine/algo/xgboost/sample.h"
#include "engine/algo/xgboost/split.h"
#include "engine/tensor/exp.h"

#define PIECE 8192   /* rows that a thread takes at a time, at least */
#define BITS_LEAST 7 /* of a gradient in fixed point, beside its sign */
#define BITS_MOST 22 /* floats have few more */
#define STREAM_ROWS 11
#define STREAM_COLUMNS 12

struct node {
    size_t first, count; /* its rows, in */
    int buffer;          /* this one of the two orders */
    int depth;
    uint64_t total;      /* packed sum */
    uint64_t *histogram; /* of all columns, or NULL */
    struct split best;
    struct split_bounds bounds;
    uint64_t *used; /* columns on the way to it, as bits; NULL without interaction constraints */
    atomic_flag lock;
};

/* Some rows of a node that one thread works on. */
struct piece {
    int node;
    size_t begin, end;  /* in the node's order */
    size_t left, right; /* how many go left; then where the left and the right ones go to */
};

struct grower {
    struct grow_settings s;
    const struct dataset *data;
    struct comm *comm;
    struct pool *pool;
    uint64_t first_row, all_rows;
    struct bins bins;
    uint32_t *order[2];  /* rows: node after node; a split writes from one to the other */
    uint64_t *packed[2]; /* rows: gradients in the same order */
    uint8_t *side;       /* rows: goes left */
    struct node *nodes;
    int node_room;
    struct piece *pieces;
    size_t piece_count, piece_room;
    uint64_t **spare; /* histograms not in use */
    size_t spares, histograms;
    uint64_t *local;   /* threads x histogram of bundles */
    double *scratch;   /* threads x 3 * (widest column + 2) */
    uint32_t *columns; /* threads x columns, then those of the tree */
    uint32_t widest, tree_columns;
    struct split *found; /* of each task of an evaluation */
    struct split_units units;
    double most_g, most_h;
    /* The tree that grows, or grew last. */
    struct tree *tree;
    uint64_t number;
    const struct gradient *gradients;
    int leaves;
    int *range_node, *range_leaf; /* the rows of node .. are in leaf .. of the finished tree */
    float *range_value;
    int ranges, range_room;
    bool failed; /* out of memory */
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use less data, fewer leaves or a smaller max_bin",
                     "There is not enough memory to grow a tree");
}

/* --- set up ---------------------------------------------------------------------------------------------------------
 */

void grower_free(struct grower *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->node_room; i++) {
        free(g->nodes[i].histogram);
        free(g->nodes[i].used);
    }
    for (size_t i = 0; i < g->spares; i++)
        free(g->spare[i]);
    for (int i = 0; i < 2; i++) {
        free(g->order[i]);
        free(g->packed[i]);
    }
    bins_free(&g->bins);
    free(g->side);
    free(g->nodes);
    free(g->pieces);
    free(g->spare);
    free(g->local);
    free(g->scratch);
    free(g->columns);
    free(g->found);
    free(g->range_node);
    free(g->range_leaf);
    free(g->range_value);
    free(g);
}

static uint32_t most_bins(const struct grow_settings *s)
{
    if (s->method == GROW_EXACT)
        return 0;
    if (s->method == GROW_APPROX)
        return (uint32_t)fmax(2, ceil(1 / s->sketch_eps));
    return (uint32_t)(s->max_bin < 2 ? 2 : s->max_bin);
}

/* Room whose size follows from the bins. */
static int make_room(struct grower *g, struct error *err)
{
    size_t threads = (size_t)pool_threads(g->pool);
    g->widest = 0;
    for (size_t c = 0; c < g->bins.columns; c++)
        g->widest = g->bins.column[c].cells > g->widest ? g->bins.column[c].cells : g->widest;
    free(g->local);
    free(g->scratch);
    g->local = malloc(threads * g->bins.histogram * sizeof *g->local);
    g->scratch = malloc(threads * 3 * ((size_t)g->widest + 2) * sizeof *g->scratch);
    for (size_t i = 0; i < g->spares; i++)
        free(g->spare[i]);
    g->spares = g->histograms = 0;
    return g->local && g->scratch ? 0 : no_memory(err);
}

struct grower *grower_new(const struct grow_settings *s, const struct dataset *data, uint64_t first_row,
                          struct comm *comm, struct pool *pool, struct error *err)
{
    struct grower *g = calloc(1, sizeof *g);
    size_t n = data->rows + 1, threads = (size_t)pool_threads(pool);
    int64_t rows = (int64_t)data->rows;
    if (!g) {
        no_memory(err);
        return NULL;
    }
    *g = (struct grower){.s = *s, .data = data, .comm = comm, .pool = pool, .first_row = first_row};
    if (s->method == GROW_EXACT && comm_ranks(comm) > 1) {
        error_set(err, ERROR_INPUT, "tree_method", "use hist or approx", "exact needs all rows in one rank");
        goto failed;
    }
    for (int i = 0; i < 2; i++) {
        g->order[i] = malloc(n * sizeof *g->order[i]);
        g->packed[i] = malloc(n * sizeof *g->packed[i]);
    }
    g->side = malloc(n);
    g->columns = malloc((threads + 1) * (data->columns + 1) * sizeof *g->columns);
    if (!g->order[0] || !g->order[1] || !g->packed[0] || !g->packed[1] || !g->side || !g->columns) {
        no_memory(err);
        goto failed;
    }
    if (comm_sum_i64(comm, &rows, 1, err) < 0)
        goto failed;
    g->all_rows = (uint64_t)rows;
    if (31 - (int)ceil(log2((double)g->all_rows + 1)) < BITS_LEAST) {
        error_set(err, ERROR_LIMIT, data->name, "train on a part of them",
                  "%llu rows are too many for the sums of this trainer, which takes 16 million",
                  (unsigned long long)g->all_rows);
        goto failed;
    }
    if (s->method != GROW_APPROX &&
        (bins_make(&g->bins, data, most_bins(s), NULL, comm, err) < 0 || make_room(g, err) < 0))
        goto failed;
    return g;
failed:
    grower_free(g);
    return NULL;
}

size_t grower_bytes(const struct grower *g)
{
    return g->bins.memory + g->histograms * (g->bins.cells + 1) * sizeof(uint64_t) + g->data->rows * 25;
}

/* --- tasks ----------------------------------------------------------------------------------------------------------
 */

/* Threads take numbers 0 .. count - 1 in any order: what they do must not depend on it. */
struct tasks {
    struct grower *g;
    atomic_size_t next;
    size_t count;
    void (*each)(struct grower *g, size_t task, int thread, void *context);
    void *context;
};

static void work(void *context, int thread, int threads)
{
    struct tasks *t = context;
    size_t task;
    (void)threads;
    while ((task = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) < t->count)
        t->each(t->g, task, thread, t->context);
}

static void run(struct grower *g, size_t count, void (*each)(struct grower *, size_t, int, void *), void *context)
{
    struct tasks t = {.g = g, .count = count, .each = each, .context = context};
    if (count > 0)
        pool_run(count == 1 ? NULL : g->pool, work, &t);
}

static size_t piece_rows(const struct grower *g)
{
    size_t least = g->bins.lists && g->bins.cells > PIECE ? g->bins.cells : PIECE;
    return pool_threads(g->pool) == 1 ? SIZE_MAX : least;
}

/* Cuts the rows of a node. */
static void add_pieces(struct grower *g, int node)
{
    size_t count = g->nodes[node].count, rows = piece_rows(g), at = 0;
    do {
        size_t end = count - at > rows + rows / 2 ? at + rows : count;
        if (g->piece_count == g->piece_room) {
            size_t room = 2 * g->piece_room + 64;
            struct piece *larger = realloc(g->pieces, room * sizeof *larger);
            if (!larger) {
                g->failed = true;
                return;
            }
            g->pieces = larger;
            g->piece_room = room;
        }
        g->pieces[g->piece_count++] = (struct piece){.node = node, .begin = at, .end = end};
        at = end;
    } while (at < count);
}

/* --- gradients in fixed point ---------------------------------------------------------------------------------------
 */

static void find_most(struct grower *g, size_t task, int thread, void *context)
{
    double *most = (double *)context + 2 * task;
    size_t end, first = pool_share(g->data->rows, (int)task, pool_threads(g->pool), &end);
    float most_g = 0, most_h = 0;
    (void)thread;
    for (size_t i = first; i < end; i++) {
        most_g = fabsf(g->gradients[i].g) > most_g ? fabsf(g->gradients[i].g) : most_g;
        most_h = g->gradients[i].h > most_h ? g->gradients[i].h : most_h;
    }
    most[0] = (double)most_g;
    most[1] = (double)most_h;
}

/* The chance of a row to be taken when rows of large gradients are likelier: min(1, factor * size). */
struct sampling {
    double factor; /* 0: every row has the same chance */
};

static double row_size(const struct grower *g, size_t row)
{
    double a = (double)g->gradients[row].g, b = (double)g->gradients[row].h;
    return sqrt(a * a + g->s.lambda * b * b);
}

/* The factor with which chances add up to the share that is wanted. */
static int find_factor(struct grower *g, struct sampling *sampling, struct error *err)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = i < 20 ? high : (low + high) / 2, sum = 0;
        for (size_t row = 0; row < g->data->rows; row++)
            sum += fmin(1, middle * row_size(g, row));
        if (comm_sum_double(g->comm, &sum, 1, err) < 0)
            return -1;
        if (sum < g->s.subsample * (double)g->all_rows) {
            low = middle;
            high *= i < 20 ? 4 : 1;
        } else {
            high = middle;
            i = i < 20 ? 20 : i;
        }
    }
    sampling->factor = high;
    return 0;
}

static void pack_rows(struct grower *g, size_t first, size_t end, const struct sampling *sampling)
{
    uint64_t key = sample_hash(g->s.seed, g->number * 16 + STREAM_ROWS);
    bool sampled = g->s.subsample < 1;
    double scale_g = 1 / g->units.g, scale_h = 1 / g->units.h;
    for (size_t i = first; i < end; i++) {
        uint64_t hash = sample_hash(key, g->first_row + i);
        double chance = sampling->factor > 0 ? fmin(1, sampling->factor * row_size(g, i)) : g->s.subsample;
        double dither_g = (double)(uint16_t)hash * 0x1p-16, dither_h = (double)(uint16_t)(hash >> 16) * 0x1p-16;
        double by = sampling->factor > 0 && chance > 0 ? 1 / chance : 1;
        g->order[0][i] = (uint32_t)i;
        if (sampled && (double)(hash >> 32) * 0x1p-32 >= chance) {
            g->packed[0][i] = 0;
            continue;
        }
        int32_t whole_g = (int32_t)floor((double)g->gradients[i].g * by * scale_g + dither_g);
        uint32_t whole_h = (uint32_t)((double)g->gradients[i].h * by * scale_h + dither_h);
        g->packed[0][i] = ((uint64_t)(uint32_t)whole_g << 32) + whole_h;
    }
}

/* The common case, for vectors. Row numbers count from the first rank's (`base`): the same row, the same dither. */
VECTORISED static void pack_all(uint64_t *restrict packed, uint32_t *restrict order, const struct gradient *gradients,
                                size_t first, size_t end, uint32_t base, uint32_t key, float scale_g, float scale_h)
{
    for (size_t i = first; i < end; i++) {
        uint32_t hash = (((uint32_t)i + base) ^ key) * 0x9E3779B1u;
        hash ^= hash >> 15;
        hash *= 0x85EBCA77u;
        hash ^= hash >> 13;
        float dither_g = (float)(int32_t)(hash & 0xFFFFu) * 0x1p-16f;
        float dither_h = (float)(int32_t)(hash >> 16) * 0x1p-16f;
        int32_t whole_g = (int32_t)floorf(gradients[i].g * scale_g + dither_g);
        int32_t whole_h = (int32_t)(gradients[i].h * scale_h + dither_h);
        packed[i] = ((uint64_t)(uint32_t)whole_g << 32) + (uint32_t)whole_h;
        order[i] = (uint32_t)i;
    }
}

static void pack(struct grower *g, size_t task, int thread, void *context)
{
    size_t end, first = pool_share(g->data->rows, (int)task, pool_threads(g->pool), &end);
    (void)thread;
    if (g->s.subsample < 1)
        pack_rows(g, first, end, context);
    else
        pack_all(g->packed[0], g->order[0], g->gradients, first, end, (uint32_t)g->first_row,
                 (uint32_t)sample_hash(g->s.seed, g->number * 16 + STREAM_ROWS), (float)(1 / g->units.g),
                 (float)(1 / g->units.h));
}

/* Powers of two, so that whole gradients (squared error has hessians of 1) stay exact. */
static double unit_for(double most, int bits)
{
    return most > 0 ? exp2(ceil(log2(most)) - bits) : 1;
}

static int prepare_gradients(struct grower *g, struct error *err)
{
    double most[2 * 256] = {0};
    int bits = 31 - (int)ceil(log2((double)g->all_rows + 1)), threads = pool_threads(g->pool);
    struct sampling sampling = {0};
    bits = bits > BITS_MOST ? BITS_MOST : bits;
    run(g, (size_t)threads, find_most, most);
    for (int t = 1; t < threads; t++) {
        most[0] = fmax(most[0], most[2 * t]);
        most[1] = fmax(most[1], most[2 * t + 1]);
    }
    if (comm_max_double(g->comm, most, 2, err) < 0)
        return -1;
    if (!isfinite(most[0]) || !isfinite(most[1]))
        return error_set(err, ERROR_INPUT, "eta", "lower eta, or look for very large labels",
                         "Training diverged: a gradient is not a finite number");
    if (g->s.subsample < 1 && g->s.sample_by_gradient) {
        if (find_factor(g, &sampling, err) < 0)
            return -1;
        /* A taken row weighs 1 / its chance: at most size / chance = 1 / factor. */
        most[0] = fmax(most[0], 1 / sampling.factor);
        most[1] = fmax(most[1], g->s.lambda > 0 ? 1 / (sampling.factor * sqrt(g->s.lambda)) : most[1] / g->s.subsample);
    }
    g->most_g = most[0];
    g->most_h = most[1];
    g->units = (struct split_units){unit_for(most[0], bits - 1), unit_for(most[1], bits)};
    run(g, (size_t)threads, pack, &sampling);
    return 0;
}

/* --- rows to the sides of a split -----------------------------------------------------------------------------------
 */

static void mark_wide(struct grower *g, const struct node *node, struct piece *p, const uint32_t *cell)
{
    const uint32_t *order = g->order[node->buffer] + node->first;
    uint8_t *side = g->side + node->first;
    uint32_t bin = node->best.bin, missing = g->bins.column[node->best.column].cuts.bins;
    bool missing_left = node->best.default_left;
    for (size_t i = p->begin; i < p->end; i++) {
        uint32_t c = cell[order[i]];
        side[i] = c == missing ? missing_left : c <= bin;
        p->left += side[i];
    }
}

static void mark_list(struct grower *g, const struct node *node, struct piece *p)
{
    const uint32_t *order = g->order[node->buffer] + node->first;
    uint8_t *side = g->side + node->first;
    uint32_t bin = node->best.bin, missing = g->bins.column[node->best.column].cuts.bins;
    for (size_t i = p->begin; i < p->end; i++) {
        uint32_t c = bins_cell(&g->bins, order[i], node->best.column);
        side[i] = c == missing ? node->best.default_left : c <= bin;
        p->left += side[i];
    }
}

static void mark_bytes(struct grower *g, const struct node *node, struct piece *p, const struct bins_bundle *bundle)
{
    const uint32_t *order = g->order[node->buffer] + node->first;
    const struct bins_column *column = &g->bins.column[node->best.column];
    const uint8_t *bytes = g->bins.bytes + bundle->byte;
    uint8_t *side = g->side + node->first, table[BINS_BYTE];
    size_t stride = g->bins.stride, left = 0;
    for (uint32_t v = 0; v < BINS_BYTE; v++) {
        uint32_t cell = column->map[v];
        table[v] = cell == column->cuts.bins ? node->best.default_left : cell <= node->best.bin;
    }
    for (size_t i = p->begin; i < p->end; i++) {
        side[i] = table[bytes[order[i] * stride]];
        left += side[i];
    }
    p->left = left;
}

static void mark(struct grower *g, size_t task, int thread, void *context)
{
    struct piece *p = &g->pieces[task];
    const struct node *node = &g->nodes[p->node];
    const struct bins_bundle *bundle;
    (void)thread, (void)context;
    p->left = 0;
    if (g->bins.lists) {
        mark_list(g, node, p);
        return;
    }
    bundle = &g->bins.bundle[g->bins.column[node->best.column].bundle];
    if (bundle->wide)
        mark_wide(g, node, p, bundle->wide);
    else
        mark_bytes(g, node, p, bundle);
}

/* Both sides are written at each step and only one moves on: no branch to guess. */
static void scatter(struct grower *g, size_t task, int thread, void *context)
{
    const struct piece *p = &g->pieces[task];
    const struct node *node = &g->nodes[p->node];
    const uint32_t *order = g->order[node->buffer] + node->first;
    const uint64_t *packed = g->packed[node->buffer] + node->first;
    const uint8_t *side = g->side + node->first;
    uint32_t *to = g->order[!node->buffer] + node->first;
    uint64_t *to_packed = g->packed[!node->buffer] + node->first;
    size_t place[2] = {p->right, p->left};
    (void)thread, (void)context;
    for (size_t i = p->begin; i < p->end; i++) {
        size_t at = place[side[i]]++;
        to[at] = order[i];
        to_packed[at] = packed[i];
    }
}

/* From how many of each piece go left to where they go; the left child's number of rows. */
static void place_pieces(struct grower *g, size_t first, size_t end, size_t *left_rows)
{
    size_t left = 0, right = 0;
    for (size_t k = first; k < end; k++)
        right += g->pieces[k].left;
    *left_rows = right;
    for (size_t k = first; k < end; k++) {
        size_t count = g->pieces[k].end - g->pieces[k].begin, here = g->pieces[k].left;
        g->pieces[k].left = left;
        g->pieces[k].right = right;
        left += here;
        right += count - here;
    }
}

/* --- histograms -----------------------------------------------------------------------------------------------------
 */

static uint64_t *take_histogram(struct grower *g)
{
    if (g->spares > 0)
        return g->spare[--g->spares];
    g->histograms++;
    return malloc((g->bins.cells + 1) * sizeof(uint64_t));
}

static void give_histogram(struct grower *g, struct node *node)
{
    uint64_t **larger;
    if (!node->histogram)
        return;
    larger = realloc(g->spare, (g->spares + 1) * sizeof *larger);
    if (larger) {
        g->spare = larger;
        g->spare[g->spares++] = node->histogram;
    } else {
        free(node->histogram);
        g->histograms--;
    }
    node->histogram = NULL;
}

static void build(struct grower *g, size_t task, int thread, void *context)
{
    const struct piece *p = &g->pieces[task];
    struct node *node = &g->nodes[p->node];
    bool alone = p->begin == 0 && p->end == node->count;
    const uint32_t *order = g->order[node->buffer] + node->first;
    const uint64_t *packed = g->packed[node->buffer] + node->first;
    uint64_t *local = g->bins.lists && alone ? node->histogram : g->local + (size_t)thread * g->bins.histogram;
    (void)context;
    histogram_build(&g->bins, order + p->begin, packed + p->begin, p->end - p->begin, local);
    if (local == node->histogram)
        return;
    while (atomic_flag_test_and_set_explicit(&node->lock, memory_order_acquire))
        continue;
    histogram_expand(&g->bins, local, node->histogram);
    atomic_flag_clear_explicit(&node->lock, memory_order_release);
}

static void finish_build(struct grower *g, int *nodes, int count, struct error *err, int *status)
{
    for (int k = 0; k < count && *status == 0; k++) {
        struct node *node = &g->nodes[nodes[k]];
        histogram_complete(&g->bins, node->histogram);
        *status = comm_sum_i64(g->comm, (int64_t *)node->histogram, g->bins.cells + 1, err);
    }
}

/* The histograms of these nodes, from their rows. */
static int build_nodes(struct grower *g, int *nodes, int count, struct error *err)
{
    int status = 0;
    g->piece_count = 0;
    for (int k = 0; k < count; k++) {
        struct node *node = &g->nodes[nodes[k]];
        node->histogram = take_histogram(g);
        if (!node->histogram)
            return no_memory(err);
        memset(node->histogram, 0, (g->bins.cells + 1) * sizeof *node->histogram);
        add_pieces(g, nodes[k]);
    }
    if (g->failed)
        return no_memory(err);
    run(g, g->piece_count, build, NULL);
    finish_build(g, nodes, count, err, &status);
    return status;
}

/* --- the best split of nodes ----------------------------------------------------------------------------------------
 */

/* Is the column in a group that has all used on the way? A column of no group stands alone. */
static bool may_interact(const struct grower *g, const struct node *node, uint32_t column)
{
    size_t words = grow_words(g->bins.columns);
    bool unused = true, only = true;
    for (size_t w = 0; w < words; w++) {
        unused = unused && node->used[w] == 0;
        only = only && (node->used[w] & ~(w == column / 64 ? (uint64_t)1 << column % 64 : 0)) == 0;
    }
    if (unused || only)
        return true;
    for (size_t k = 0; k < g->s.allowed_groups; k++) {
        const uint64_t *group = g->s.allowed + k * words;
        bool all = group[column / 64] >> column % 64 & 1;
        for (size_t w = 0; all && w < words; w++)
            all = (node->used[w] & ~group[w]) == 0;
        if (all)
            return true;
    }
    return false;
}

/* The columns that a node may split by, into `columns`. */
static uint32_t node_columns(const struct grower *g, int number, uint32_t *columns)
{
    const struct node *node = &g->nodes[number];
    uint64_t key = sample_hash(g->s.seed, g->number * 16 + STREAM_COLUMNS);
    uint32_t count = g->tree_columns, kept = 0;
    const uint32_t *tree = g->columns + (size_t)pool_threads(g->pool) * (g->bins.columns + 1);
    memcpy(columns, tree, count * sizeof *columns);
    sample_columns(columns, &count, g->s.colsample_bylevel, sample_hash(key, 1000 + (uint64_t)node->depth));
    sample_columns(columns, &count, g->s.colsample_bynode, sample_hash(key, 1000000 + (uint64_t)number));
    for (uint32_t k = 0; k < count; k++)
        if (!node->used || may_interact(g, node, columns[k]))
            columns[kept++] = columns[k];
    return kept;
}

struct evaluation {
    const int *nodes;
    size_t parts; /* of the columns of each node */
};

static void evaluate(struct grower *g, size_t task, int thread, void *context)
{
    const struct evaluation *e = context;
    int number = e->nodes[task / e->parts];
    const struct node *node = &g->nodes[number];
    uint32_t *columns = g->columns + (size_t)thread * (g->bins.columns + 1), count = node_columns(g, number, columns);
    size_t end, first = pool_share(count, (int)(task % e->parts), (int)e->parts, &end);
    double *scratch = g->scratch + (size_t)thread * 3 * ((size_t)g->widest + 2), parent;
    struct split best = {0};
    parent = split_gain(&g->s, &node->bounds, (double)packed_g(node->total) * g->units.g,
                        (double)packed_h(node->total) * g->units.h);
    for (size_t k = first; k < end; k++) {
        const struct bins_column *column = &g->bins.column[columns[k]];
        if (column->cells > 1)
            split_column(&g->s, &g->units, column, columns[k], node->histogram + column->first, node->total, parent,
                         &node->bounds, scratch, &best);
    }
    g->found[task] = best;
}

static int evaluate_nodes(struct grower *g, const int *nodes, int count, struct error *err)
{
    int threads = pool_threads(g->pool);
    struct evaluation e = {nodes, count < 2 * threads ? (size_t)threads : 1};
    struct split *larger = realloc(g->found, ((size_t)count * e.parts + 1) * sizeof *larger);
    if (!larger)
        return no_memory(err);
    g->found = larger;
    run(g, (size_t)count * e.parts, evaluate, &e);
    for (int k = 0; k < count; k++) {
        struct split *best = &g->nodes[nodes[k]].best;
        *best = g->found[(size_t)k * e.parts];
        for (size_t part = 1; part < e.parts; part++)
            if (g->found[(size_t)k * e.parts + part].gain > best->gain)
                *best = g->found[(size_t)k * e.parts + part];
    }
    return 0;
}

/* --- growing --------------------------------------------------------------------------------------------------------
 */

static int add_node(struct grower *g, int parent, struct error *err)
{
    int number = tree_add(g->tree, parent);
    if (number >= g->node_room) {
        int room = g->node_room ? 2 * g->node_room : 128;
        struct node *larger = realloc(g->nodes, (size_t)room * sizeof *larger);
        if (!larger || number < 0)
            return no_memory(err);
        memset(larger + g->node_room, 0, (size_t)(room - g->node_room) * sizeof *larger);
        g->nodes = larger;
        g->node_room = room;
    }
    if (number < 0)
        return no_memory(err);
    g->nodes[number].best = (struct split){0};
    g->nodes[number].bounds = (struct split_bounds){-INFINITY, INFINITY};
    atomic_flag_clear(&g->nodes[number].lock);
    if (!g->s.allowed)
        return number;
    if (!g->nodes[number].used)
        g->nodes[number].used = malloc(grow_words(g->bins.columns) * sizeof(uint64_t));
    if (!g->nodes[number].used)
        return no_memory(err);
    memset(g->nodes[number].used, 0, grow_words(g->bins.columns) * sizeof(uint64_t));
    return number;
}

/* Would a split of it be allowed, if one were found? */
static bool may_split(const struct grower *g, const struct node *node)
{
    return g->s.max_depth == 0 || node->depth < g->s.max_depth;
}

static bool wants_split(const struct grower *g, const struct node *node)
{
    return node->histogram && node->best.gain > SPLIT_SMALLEST &&
           (g->s.method == GROW_EXACT || node->best.gain >= g->s.gamma);
}

static float threshold_of(const struct grower *g, const struct split *split)
{
    const struct cuts *cuts = &g->bins.column[split->column].cuts;
    float limit = cuts->limit[split->bin], value = split->bin ? cuts->limit[split->bin - 1] : cuts->least, middle;
    if (g->s.method != GROW_EXACT || split->bin + 1 == cuts->bins)
        return limit;
    middle = (float)(((double)value + (double)limit) / 2); /* exact knows the values themselves */
    return middle > value ? middle : limit;
}

static void bound_children(struct grower *g, const struct node *node, struct node *left, struct node *right)
{
    const struct split *split = &node->best;
    signed char direction = g->s.monotone ? g->s.monotone[split->column] : 0;
    double l = split_weight(&g->s, &node->bounds, (double)packed_g(split->left) * g->units.g,
                            (double)packed_h(split->left) * g->units.h);
    double r = split_weight(&g->s, &node->bounds, (double)packed_g(split->right) * g->units.g,
                            (double)packed_h(split->right) * g->units.h);
    left->bounds = right->bounds = node->bounds;
    if (direction > 0)
        left->bounds.high = right->bounds.low = (l + r) / 2;
    if (direction < 0)
        left->bounds.low = right->bounds.high = (l + r) / 2;
}

/* Makes the tree's nodes; their rows are still to be moved. */
static int add_children(struct grower *g, int number, struct error *err)
{
    int left = add_node(g, number, err), right = left < 0 ? -1 : add_node(g, number, err);
    struct tree *t = g->tree;
    struct node *node, *children[2];
    if (right < 0)
        return -1;
    node = &g->nodes[number];
    t->left[number] = left;
    t->right[number] = right;
    t->feature[number] = node->best.column;
    t->threshold[number] = threshold_of(g, &node->best);
    t->default_left[number] = node->best.default_left;
    t->gain[number] = (float)node->best.gain;
    children[0] = &g->nodes[left];
    children[1] = &g->nodes[right];
    for (int k = 0; k < 2; k++) {
        children[k]->depth = node->depth + 1;
        children[k]->buffer = !node->buffer;
        children[k]->total = k == 0 ? node->best.left : node->best.right;
        if (node->used) {
            memcpy(children[k]->used, node->used, grow_words(g->bins.columns) * sizeof(uint64_t));
            children[k]->used[node->best.column / 64] |= (uint64_t)1 << node->best.column % 64;
        }
    }
    bound_children(g, node, children[0], children[1]);
    g->leaves++;
    return 0;
}

/* Moves the rows of split nodes to their children. */
static int move_rows(struct grower *g, const int *nodes, int count, struct error *err)
{
    size_t at = 0;
    g->piece_count = 0;
    for (int k = 0; k < count; k++)
        add_pieces(g, nodes[k]);
    if (g->failed)
        return no_memory(err);
    run(g, g->piece_count, mark, NULL);
    for (int k = 0; k < count; k++) {
        struct node *node = &g->nodes[nodes[k]], *left = &g->nodes[g->tree->left[nodes[k]]],
                    *right = &g->nodes[g->tree->right[nodes[k]]];
        size_t end = at;
        while (end < g->piece_count && g->pieces[end].node == nodes[k])
            end++;
        place_pieces(g, at, end, &left->count);
        left->first = node->first;
        right->first = node->first + left->count;
        right->count = node->count - left->count;
        at = end;
    }
    run(g, g->piece_count, scatter, NULL);
    return 0;
}

/* Which child of each split node has fewer rows, on all ranks together. */
static int count_rows(struct grower *g, const int *nodes, int count, int64_t *left_is_smaller, struct error *err)
{
    for (int k = 0; k < count; k++)
        left_is_smaller[k] =
            (int64_t)g->nodes[g->tree->left[nodes[k]]].count - (int64_t)g->nodes[g->tree->right[nodes[k]]].count;
    if (comm_sum_i64(g->comm, left_is_smaller, (size_t)count, err) < 0)
        return -1;
    for (int k = 0; k < count; k++)
        left_is_smaller[k] = left_is_smaller[k] <= 0;
    return 0;
}

struct subtraction {
    const int *smaller, *larger, *parent;
};

/* The larger child takes the parent's histogram over. */
static void subtract(struct grower *g, size_t task, int thread, void *context)
{
    const struct subtraction *s = context;
    struct node *parent = &g->nodes[s->parent[task]], *larger = &g->nodes[s->larger[task]];
    const uint64_t *smaller = g->nodes[s->smaller[task]].histogram;
    (void)thread;
    larger->histogram = parent->histogram;
    parent->histogram = NULL;
    for (size_t c = 0; c <= g->bins.cells; c++)
        larger->histogram[c] -= smaller[c];
}

/* Splits these nodes, and finds the best splits of their children. `lists` has room for 4 * count numbers. */
static int split_nodes(struct grower *g, const int *nodes, int count, int *lists, struct error *err)
{
    int *smaller = lists, *larger = lists + count, *parents = lists + 2 * count, *fresh = larger, deeper = 0,
        children = 0;
    int64_t *left_is_smaller = malloc(((size_t)count + 1) * sizeof *left_is_smaller);
    struct subtraction subtraction = {smaller, larger, parents};
    int status = left_is_smaller ? 0 : no_memory(err);
    for (int k = 0; k < count && status == 0; k++)
        status = add_children(g, nodes[k], err);
    if (status == 0 && (move_rows(g, nodes, count, err) < 0 || count_rows(g, nodes, count, left_is_smaller, err) < 0))
        status = -1;
    for (int k = 0; k < count && status == 0; k++) {
        int left = g->tree->left[nodes[k]], right = g->tree->right[nodes[k]];
        if (!may_split(g, &g->nodes[left])) {
            give_histogram(g, &g->nodes[nodes[k]]);
            continue;
        }
        smaller[deeper] = left_is_smaller[k] ? left : right;
        larger[deeper] = left_is_smaller[k] ? right : left;
        parents[deeper++] = nodes[k];
    }
    free(left_is_smaller);
    if (status < 0 || build_nodes(g, smaller, deeper, err) < 0)
        return -1;
    run(g, (size_t)deeper, subtract, &subtraction);
    /* Evaluate both of each pair, in the order of nodes. */
    fresh = malloc((2 * (size_t)deeper + 1) * sizeof *fresh);
    if (!fresh)
        return no_memory(err);
    for (int k = 0; k < deeper; k++) {
        fresh[children++] = g->tree->left[parents[k]];
        fresh[children++] = g->tree->right[parents[k]];
    }
    status = evaluate_nodes(g, fresh, children, err);
    free(fresh);
    return status;
}

static bool leaves_left(const struct grower *g, int planned)
{
    return g->s.max_leaves <= 0 || g->leaves + planned < g->s.max_leaves;
}

/* The nodes to split now: all that want it of this level, or the one that gains most. */
static int choose(struct grower *g, int level_first, int *nodes)
{
    int count = 0, best = -1;
    for (int n = g->s.lossguide ? 0 : level_first; n < g->tree->size; n++) {
        if (!tree_is_leaf(g->tree, n) || !wants_split(g, &g->nodes[n]))
            continue;
        if (!g->s.lossguide && leaves_left(g, count))
            nodes[count++] = n;
        if (best < 0 || g->nodes[n].best.gain > g->nodes[best].best.gain)
            best = n;
    }
    if (g->s.lossguide && best >= 0 && leaves_left(g, 0))
        nodes[count++] = best;
    return count;
}

static int grow_root(struct grower *g, struct error *err)
{
    int root = add_node(g, -1, err);
    struct node *node;
    if (root < 0)
        return -1;
    node = &g->nodes[root];
    node->first = 0;
    node->count = g->data->rows;
    node->buffer = node->depth = 0;
    g->leaves = 1;
    if (build_nodes(g, &root, 1, err) < 0)
        return -1;
    g->nodes[root].total = g->nodes[root].histogram[g->bins.cells];
    return evaluate_nodes(g, &root, 1, err);
}

static int grow_all(struct grower *g, struct error *err)
{
    int level = 0, status = grow_root(g, err);
    while (status == 0) {
        int size = g->tree->size, *nodes = malloc((size_t)size * 5 * sizeof *nodes), count;
        if (!nodes)
            return no_memory(err);
        count = choose(g, level, nodes);
        level = size;
        if (count > 0)
            status = split_nodes(g, nodes, count, nodes + size, err);
        free(nodes);
        if (count == 0)
            break;
    }
    for (int n = 0; n < g->tree->size; n++)
        give_histogram(g, &g->nodes[n]);
    return status;
}

/* --- leaves ---------------------------------------------------------------------------------------------------------
 */

/* Sums over a leaf's rows, exact to 2^-40 of the largest gradient and so the same in any order. */
struct sums {
    int64_t *at; /* g and h of each range */
    double scale_g, scale_h;
};

static void sum_range(struct grower *g, size_t task, int thread, void *context)
{
    struct sums *s = context;
    const struct node *node = &g->nodes[g->range_node[task]];
    const uint32_t *order = g->order[node->buffer] + node->first;
    const uint64_t *packed = g->packed[node->buffer] + node->first;
    int64_t sum_g = 0, sum_h = 0;
    (void)thread;
    if (g->s.subsample < 1 && g->s.sample_by_gradient) { /* what was summed were the raised gradients */
        for (size_t i = 0; i < node->count; i++) {
            sum_g += (int64_t)((double)packed_g(packed[i]) * g->units.g * s->scale_g);
            sum_h += (int64_t)((double)packed_h(packed[i]) * g->units.h * s->scale_h);
        }
    } else {
        for (size_t i = 0; i < node->count; i++) {
            const struct gradient *row = &g->gradients[order[i]];
            int64_t taken = g->s.subsample >= 1 || packed[i] != 0;
            sum_g += taken * (int64_t)((double)row->g * s->scale_g);
            sum_h += taken * (int64_t)((double)row->h * s->scale_h);
        }
    }
    s->at[2 * task] = sum_g;
    s->at[2 * task + 1] = sum_h;
}

/* Leaves that gained less than gamma are taken back, from the ends up; `up` tells what each node has become part of. */
static void prune(struct grower *g, int *up)
{
    struct tree *t = g->tree;
    for (int n = t->size; n-- > 0;) {
        up[n] = n;
        if (!tree_is_leaf(t, n) && tree_is_leaf(t, t->left[n]) && tree_is_leaf(t, t->right[n]) &&
            (double)t->gain[n] < g->s.gamma) {
            up[t->left[n]] = up[t->right[n]] = n;
            t->left[n] = t->right[n] = -1;
            t->gain[n] = t->threshold[n] = 0;
            t->feature[n] = 0;
        }
    }
}

/* Numbers what is left without gaps; renamed[n] is the new number. */
static void compact(struct tree *t, const int *up, int *renamed)
{
    int size = 0;
    for (int n = 0; n < t->size; n++) {
        bool gone = up[n] != n || (t->parent[n] >= 0 && renamed[t->parent[n]] < 0);
        renamed[n] = gone || (t->parent[n] >= 0 && up[t->parent[n]] != t->parent[n]) ? -1 : size++;
    }
    for (int n = 0; n < t->size; n++) {
        int to = renamed[n];
        if (to < 0)
            continue;
        t->parent[to] = t->parent[n] < 0 ? -1 : renamed[t->parent[n]];
        t->left[to] = t->left[n] < 0 ? -1 : renamed[t->left[n]];
        t->right[to] = t->right[n] < 0 ? -1 : renamed[t->right[n]];
        t->feature[to] = t->feature[n];
        t->threshold[to] = t->threshold[n];
        t->default_left[to] = t->default_left[n];
        t->gain[to] = t->gain[n];
    }
    t->size = size;
}

/* The ranges of rows are those of the leaves as grown. */
static int find_ranges(struct grower *g, struct error *err)
{
    g->ranges = 0;
    if (g->tree->size > g->range_room) {
        size_t room = (size_t)g->tree->size * 2;
        free(g->range_node);
        free(g->range_leaf);
        free(g->range_value);
        g->range_node = malloc(room * sizeof *g->range_node);
        g->range_leaf = malloc(room * sizeof *g->range_leaf);
        g->range_value = malloc(room * sizeof *g->range_value);
        g->range_room = g->range_node && g->range_leaf && g->range_value ? (int)room : 0;
        if (!g->range_room)
            return no_memory(err);
    }
    for (int n = 0; n < g->tree->size; n++)
        if (tree_is_leaf(g->tree, n)) {
            g->range_node[g->ranges] = n;
            g->range_leaf[g->ranges++] = n;
        }
    return 0;
}

static int prune_exact(struct grower *g, struct split_bounds *bounds, struct error *err)
{
    int size = g->tree->size, *up = malloc(2 * (size_t)size * sizeof *up), *renamed = up + size;
    if (!up)
        return no_memory(err);
    prune(g, up);
    for (int r = 0; r < g->ranges; r++)
        while (up[g->range_leaf[r]] != g->range_leaf[r])
            g->range_leaf[r] = up[g->range_leaf[r]];
    compact(g->tree, up, renamed);
    for (int r = 0; r < g->ranges; r++)
        g->range_leaf[r] = renamed[g->range_leaf[r]];
    for (int n = 0; n < size; n++)
        if (renamed[n] >= 0)
            bounds[renamed[n]] = bounds[n];
    free(up);
    return 0;
}

/* Weights, covers and values from the exact sums of the leaves. */
static void weigh_nodes(struct grower *g, const struct split_bounds *bounds, double *sum_g, double *sum_h)
{
    struct tree *t = g->tree;
    for (int n = t->size; n-- > 0;) {
        bool light = n == 0 && sum_h[n] < g->s.min_child_weight;
        double w = light ? 0 : split_weight(&g->s, &bounds[n], sum_g[n], sum_h[n]);
        t->weight[n] = (float)w;
        t->cover[n] = (float)sum_h[n];
        t->value[n] = tree_is_leaf(t, n) ? (float)(w * g->s.eta) : 0;
        if (t->parent[n] >= 0) {
            sum_g[t->parent[n]] += sum_g[n];
            sum_h[t->parent[n]] += sum_h[n];
        }
    }
}

static int finish_leaves(struct grower *g, struct error *err)
{
    size_t size = (size_t)g->tree->size;
    double bits = 62 - ceil(log2((double)g->all_rows + 1)), *sums = calloc(2 * size, sizeof *sums);
    struct split_bounds *bounds = malloc(size * sizeof *bounds);
    struct sums s = {.scale_g = exp2(bits) / (g->most_g > 0 ? g->most_g : 1),
                     .scale_h = exp2(bits) / (g->most_h > 0 ? g->most_h : 1)};
    int status = -1;
    if (!sums || !bounds || find_ranges(g, err) < 0 || !(s.at = calloc(2 * (size_t)g->ranges + 1, sizeof *s.at))) {
        no_memory(err);
        goto out;
    }
    for (size_t n = 0; n < size; n++)
        bounds[n] = g->nodes[n].bounds;
    run(g, (size_t)g->ranges, sum_range, &s);
    if (comm_sum_i64(g->comm, s.at, 2 * (size_t)g->ranges, err) < 0 ||
        (g->s.method == GROW_EXACT && g->s.gamma > 0 && prune_exact(g, bounds, err) < 0))
        goto out;
    for (int r = 0; r < g->ranges; r++) {
        sums[g->range_leaf[r]] += (double)s.at[2 * r] / s.scale_g;
        sums[size + (size_t)g->range_leaf[r]] += (double)s.at[2 * r + 1] / s.scale_h;
    }
    weigh_nodes(g, bounds, sums, sums + size);
    for (int r = 0; r < g->ranges; r++)
        g->range_value[r] = g->tree->value[g->range_leaf[r]];
    status = 0;
out:
    free(s.at);
    free(sums);
    free(bounds);
    return status;
}

/* --- a tree ---------------------------------------------------------------------------------------------------------
 */

/* approx: the columns are cut anew, by the hessians of this tree. */
static int sketch_again(struct grower *g, struct error *err)
{
    float *weight = malloc((g->data->rows + 1) * sizeof *weight);
    int status;
    if (!weight)
        return no_memory(err);
    for (size_t i = 0; i < g->data->rows; i++)
        weight[i] = g->gradients[i].h;
    bins_free(&g->bins);
    status = bins_make(&g->bins, g->data, most_bins(&g->s), weight, g->comm, err);
    free(weight);
    return status < 0 ? -1 : make_room(g, err);
}

static void choose_columns(struct grower *g)
{
    uint32_t *columns = g->columns + (size_t)pool_threads(g->pool) * (g->bins.columns + 1);
    g->tree_columns = (uint32_t)g->bins.columns;
    for (uint32_t c = 0; c < g->tree_columns; c++)
        columns[c] = c;
    sample_columns(columns, &g->tree_columns, g->s.colsample_bytree,
                   sample_hash(g->s.seed, g->number * 16 + STREAM_COLUMNS));
}

int grower_grow(struct grower *g, const struct gradient *gradients, uint64_t number, struct tree *out,
                struct error *err)
{
    g->tree = out;
    g->number = number;
    g->gradients = gradients;
    g->failed = false;
    out->size = 0;
    if ((g->s.method == GROW_APPROX && sketch_again(g, err) < 0) || prepare_gradients(g, err) < 0)
        return -1;
    choose_columns(g);
    return grow_all(g, err) < 0 ? -1 : finish_leaves(g, err);
}

/* What is written where the rows of a range are. */
struct addition {
    float *margin;
    size_t stride;
};

static void add_range(struct grower *g, size_t task, int thread, void *context)
{
    const struct addition *a = context;
    const struct node *node = &g->nodes[g->range_node[task]];
    const uint32_t *order = g->order[node->buffer] + node->first;
    float value = g->range_value[task];
    (void)thread;
    for (size_t i = 0; i < node->count; i++)
        a->margin[order[i] * a->stride] += value;
}

void grower_add(const struct grower *g, float *margin, size_t stride)
{
    struct addition a = {margin, stride};
    run((struct grower *)g, (size_t)g->ranges, add_range, &a);
}

void grower_leaves(const struct grower *g, int32_t *leaf)
{
    for (int r = 0; r < g->ranges; r++) {
        const struct node *node = &g->nodes[g->range_node[r]];
        for (size_t i = 0; i < node->count; i++)
            leaf[g->order[node->buffer][node->first + i]] = g->range_leaf[r];
    }
}
