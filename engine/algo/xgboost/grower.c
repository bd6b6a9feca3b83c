#include "engine/algo/xgboost/grower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/bins.h"
#include "engine/algo/xgboost/fixed.h"
#include "engine/algo/xgboost/histogram.h"
#include "engine/algo/xgboost/prune.h"
#include "engine/algo/xgboost/sample.h"
#include "engine/algo/xgboost/split.h"
#include "engine/algo/xgboost/tree_rows.h"

enum { SEARCH_ALONE = 16384 };            /* cells below which one thread looks for a split */
enum { ROWS_ALONE = 32768 };              /* rows below which one thread goes over them all */
#define HISTOGRAMS_BYTES_MAX (8ull << 30) /* of all open nodes together */

/* A node that has no children yet; once it is known to stay so, cells is NULL. */
struct open_node {
    int depth;
    struct stretch rows;
    uint64_t total, *cells;
    struct split split;
    struct split_bounds bounds;
    bool settled; /* its rows know that they end here */
    struct fine_sums sums;
};

struct searcher { /* of one thread */
    uint64_t *scratch;
    struct split best;
};

struct grower {
    struct grow_settings settings;
    const struct dataset *data;
    uint64_t first_row;
    struct comm *comm;
    struct pool *pool;
    uint32_t max_bin;
    struct bins bins;
    struct tree_rows rows;
    struct gradient *weighed; /* of sampled rows, when they are sampled by gradient */
    uint64_t **free_cells;    /* a stack of histograms */
    size_t free_count, made_count;
    struct searcher *searcher;
    void *scratch;
    uint32_t *columns[3]; /* of the tree, of a level, of a node */
    size_t column_count[3];
    uint64_t *may; /* interactions: columns that a node may use */
    uint8_t *go;   /* a split's side of each code */

    /* the tree that grows */
    struct fixed fixed;
    struct split_rules rules;
    const struct gradient *gradients;
    uint64_t number;
    struct tree *tree;
    struct open_node *node; /* of each node of the tree */
    int *queue;             /* a heap of nodes that can be split */
    int room, queued;
    float *value; /* of each node as it grew, pruned ones those of what they went into */
};

static int out_of_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use a machine with more memory, or lower max_depth or max_bin",
                     "memory ran out while a tree grew");
}

/* --- setting up -----------------------------------------------------------------------------------------------------
 */
static size_t cells_bytes(const struct bins *b)
{
    return (b->cells + 8) * sizeof(uint64_t);
}

static void drop_bins(struct grower *g)
{
    for (size_t i = 0; i < g->free_count; i++)
        free(g->free_cells[i]);
    free(g->free_cells);
    if (g->rows.bins)
        g->rows.on->close(&g->rows);
    free(g->scratch);
    free(g->go);
    bins_free(&g->bins);
    g->free_cells = NULL;
    g->free_count = g->made_count = 0;
    g->scratch = NULL;
    g->go = NULL;
}

static int make_bins(struct grower *g, const float *weights, struct error *err)
{
    size_t threads = (size_t)pool_threads(g->pool);
    if (bins_make(&g->bins, g->data, weights, g->max_bin, g->comm, err) < 0)
        return -1;
    size_t scratch = (3 * g->bins.scratch + 15) / 8 * 8;
    g->scratch = malloc(threads * scratch * sizeof(uint64_t));
    g->go = malloc(g->bins.scratch);
    if (!g->scratch || !g->go)
        return out_of_memory(err);
    for (size_t t = 0; t < threads; t++)
        g->searcher[t].scratch = (uint64_t *)g->scratch + t * scratch;
    return g->rows.on->open(&g->rows, &g->bins, err);
}

static int check(const struct grower *g, struct error *err)
{
    int64_t rows = (int64_t)g->data->rows;
    if (comm_sum_i64(g->comm, &rows, 1, err) < 0)
        return -1;
    if (rows > FIXED_ROWS_MAX)
        return error_set(err, ERROR_LIMIT, g->data->name, "train on a sample of the rows",
                         "%lld rows are more than the %d that gradients are summed exactly for", (long long)rows,
                         FIXED_ROWS_MAX);
    if (rows == 0)
        return error_set(err, ERROR_INPUT, g->data->name, "give it at least one row",
                         "there are no rows to learn from");
    if (g->settings.method == GROW_EXACT && comm_ranks(g->comm) > 1)
        return error_set(err, ERROR_INPUT, "tree_method", "use hist or approx",
                         "exact looks at all rows at once and cannot be spread over several machines");
    return 0;
}

static uint32_t bins_wanted(const struct grow_settings *s)
{
    if (s->method == GROW_EXACT)
        return 0;
    if (s->method == GROW_APPROX)
        return (uint32_t)fmin(fmax(2, 1 / s->sketch_eps), 65534);
    return s->max_bin > 0 ? (uint32_t)(s->max_bin < 2 ? 2 : s->max_bin > 65534 ? 65534 : s->max_bin) : 256;
}

struct grower *grower_new(const struct grow_settings *s, const struct dataset *data, uint64_t first_row,
                          struct comm *comm, struct pool *pool, struct error *err)
{
    struct grower *g = calloc(1, sizeof *g);
    if (!g) {
        out_of_memory(err);
        return NULL;
    }
    *g = (struct grower){.settings = *s, .data = data, .first_row = first_row, .comm = comm, .pool = pool};
    if (check(g, err) < 0)
        goto failed;
    g->max_bin = bins_wanted(s);
    g->rows.on = s->gpu ? &tree_rows_gpu : &tree_rows_cpu;
    g->rows.gpu = s->gpu;
    g->rows.pool = pool;
    g->searcher = calloc((size_t)pool_threads(pool), sizeof *g->searcher);
    g->may = calloc(grow_words(data->columns) + 1, sizeof *g->may);
    g->weighed = s->sample_by_gradient ? malloc((data->rows + 1) * sizeof *g->weighed) : NULL;
    for (int k = 0; k < 3; k++)
        g->columns[k] = malloc((data->columns + 1) * sizeof *g->columns[k]);
    if (!g->searcher || !g->may || (s->sample_by_gradient && !g->weighed) || !g->columns[0] || !g->columns[1] ||
        !g->columns[2] || partition_init(&g->rows.partition, data->rows) < 0) {
        out_of_memory(err);
        goto failed;
    }
    if (s->method != GROW_APPROX && make_bins(g, data->weight, err) < 0)
        goto failed;
    return g;
failed:
    grower_free(g);
    return NULL;
}

void grower_free(struct grower *g)
{
    if (!g)
        return;
    drop_bins(g);
    partition_free(&g->rows.partition);
    free(g->weighed);
    free(g->searcher);
    for (int k = 0; k < 3; k++)
        free(g->columns[k]);
    free(g->may);
    free(g->node);
    free(g->queue);
    free(g->value);
    free(g);
}

size_t grower_bytes(const struct grower *g)
{
    size_t threads = (size_t)pool_threads(g->pool);
    return g->bins.bytes + g->rows.partition.bytes + (g->made_count + threads) * cells_bytes(&g->bins);
}

/* --- histograms -----------------------------------------------------------------------------------------------------
 */
static uint64_t *take_cells(struct grower *g, struct error *err)
{
    if (g->free_count > 0)
        return g->free_cells[--g->free_count];
    if ((g->made_count + 1) * cells_bytes(&g->bins) > HISTOGRAMS_BYTES_MAX) {
        error_set(err, ERROR_LIMIT, NULL, "lower max_bin, max_leaves or max_depth, or use tree_method hist",
                  "the histograms of %zu open nodes need more than %llu GiB", g->made_count,
                  HISTOGRAMS_BYTES_MAX >> 30);
        return NULL;
    }
    uint64_t **larger = realloc(g->free_cells, (g->made_count + 1) * sizeof *larger);
    if (larger)
        g->free_cells = larger;
    uint64_t *cells = larger ? aligned_alloc(64, (cells_bytes(&g->bins) + 63) / 64 * 64) : NULL;
    if (!cells) {
        out_of_memory(err);
        return NULL;
    }
    g->made_count++;
    return cells;
}

static void give_cells(struct grower *g, struct open_node *n)
{
    if (n->cells)
        g->free_cells[g->free_count++] = n->cells;
    n->cells = NULL;
}

static int build(struct grower *g, struct open_node *n, struct error *err)
{
    n->cells = take_cells(g, err);
    if (!n->cells || g->rows.on->build(&g->rows, n->rows, n->cells, err) < 0)
        return -1;
    return comm_sum_i64(g->comm, (int64_t *)n->cells, g->bins.cells, err);
}

/* --- columns --------------------------------------------------------------------------------------------------------
 */
static void choose_tree_columns(struct grower *g)
{
    uint32_t *all = g->columns[1];
    for (size_t j = 0; j < g->bins.columns; j++)
        all[j] = (uint32_t)j;
    g->column_count[0] = sample_columns(all, g->bins.columns, g->settings.colsample_bytree, g->settings.seed,
                                        3 * g->number << 32, g->columns[0]);
}

/* A group that holds every column of the path adds what it holds. */
static void find_allowed(struct grower *g, int node)
{
    const struct tree *t = g->tree;
    size_t words = grow_words(g->bins.columns);
    memset(g->may, t->parent[node] < 0 ? 0xFF : 0, words * sizeof *g->may);
    for (size_t k = 0; t->parent[node] >= 0 && k < g->settings.allowed_groups; k++) {
        const uint64_t *group = g->settings.allowed + k * words;
        bool all = true;
        for (int up = t->parent[node]; up >= 0 && all; up = t->parent[up])
            all = group[t->feature[up] / 64] >> t->feature[up] % 64 & 1;
        for (size_t w = 0; all && w < words; w++)
            g->may[w] |= group[w];
    }
    for (int up = t->parent[node]; up >= 0; up = t->parent[up])
        g->may[t->feature[up] / 64] |= 1ull << t->feature[up] % 64;
}

/* Which columns a node may split by: columns[2]. */
static void choose_node_columns(struct grower *g, int node)
{
    const struct grow_settings *s = &g->settings;
    uint64_t tree = 3 * g->number;
    uint32_t *level = g->columns[1], *own = g->columns[2];
    size_t n = sample_columns(g->columns[0], g->column_count[0], s->colsample_bylevel, s->seed,
                              ((tree + 1) << 32) + (uint64_t)g->node[node].depth, level);
    n = sample_columns(level, n, s->colsample_bynode, s->seed, ((tree + 2) << 32) + (uint64_t)node, own);
    if (s->allowed) {
        size_t kept = 0;
        find_allowed(g, node);
        for (size_t i = 0; i < n; i++)
            if (g->may[own[i] / 64] >> own[i] % 64 & 1)
                own[kept++] = own[i];
        n = kept;
    }
    g->column_count[2] = n;
}

/* --- looking for splits ---------------------------------------------------------------------------------------------
 */
struct search {
    struct grower *g;
    struct split_node node;
};

static void work_search(void *context, int thread, int threads)
{
    struct search *s = context;
    struct grower *g = s->g;
    struct searcher *own = &g->searcher[thread];
    struct split best = {.gain = SPLIT_LEAST, .column = UINT32_MAX};
    for (size_t i = (size_t)thread; i < g->column_count[2]; i += (size_t)threads)
        split_column(&g->rules, &g->bins, g->columns[2][i], &s->node, own->scratch, &best);
    own->best = best;
}

static struct split_sums rough(const struct grower *g, uint64_t packed)
{
    return (struct split_sums){fixed_g(&g->fixed, packed), fixed_h(&g->fixed, packed)};
}

static void find_split(struct grower *g, int node)
{
    struct open_node *n = &g->node[node];
    struct search s = {g, {.cells = n->cells, .total = n->total, .bounds = n->bounds}};
    struct pool *pool = g->bins.cells < SEARCH_ALONE ? NULL : g->pool;
    s.node.score = split_score(&g->settings, rough(g, n->total), n->bounds);
    choose_node_columns(g, node);
    pool_run(pool, work_search, &s);
    n->split = g->searcher[0].best;
    for (int t = 1; t < pool_threads(pool); t++)
        if (split_better(&g->searcher[t].best, &n->split))
            n->split = g->searcher[t].best;
}

/* --- the queue: by gain (lossguide), else in the order of nodes, which is level by level ----------------------------
 */
static bool before(const struct grower *g, int a, int b)
{
    double x = g->node[a].split.gain, y = g->node[b].split.gain;
    if (g->settings.lossguide && x != y)
        return x > y;
    return a < b;
}

static void push(struct grower *g, int node)
{
    int at = g->queued++;
    for (; at > 0 && before(g, node, g->queue[(at - 1) / 2]); at = (at - 1) / 2)
        g->queue[at] = g->queue[(at - 1) / 2];
    g->queue[at] = node;
}

static int pop(struct grower *g)
{
    int top = g->queue[0], last = g->queue[--g->queued], at = 0;
    for (int child; (child = 2 * at + 1) < g->queued; at = child) {
        if (child + 1 < g->queued && before(g, g->queue[child + 1], g->queue[child]))
            child++;
        if (!before(g, g->queue[child], last))
            break;
        g->queue[at] = g->queue[child];
    }
    g->queue[at] = last;
    return top;
}

/* --- growing --------------------------------------------------------------------------------------------------------
 */
static int reserve_nodes(struct grower *g, int n, struct error *err)
{
    if (n <= g->room)
        return 0;
    size_t room = (size_t)(n > 2 * g->room ? n : 2 * g->room);
    struct open_node *node = realloc(g->node, room * sizeof *node);
    if (node)
        g->node = node;
    int *queue = realloc(g->queue, room * sizeof *queue);
    if (queue)
        g->queue = queue;
    float *value = realloc(g->value, room * sizeof *value);
    if (value)
        g->value = value;
    if (!node || !queue || !value)
        return out_of_memory(err);
    g->room = (int)room;
    return 0;
}

static int add_node(struct grower *g, int parent, int depth, struct stretch rows, uint64_t total, struct error *err)
{
    int node = tree_add(g->tree, parent);
    if (node < 0)
        return out_of_memory(err);
    if (reserve_nodes(g, node + 1, err) < 0)
        return -1;
    g->node[node] = (struct open_node){
        .depth = depth, .rows = rows, .total = total, .bounds = {-INFINITY, INFINITY}, .split = {.gain = SPLIT_LEAST}};
    return node;
}

/* Could it be split at all? */
static bool hopeful(const struct grower *g, int node)
{
    const struct open_node *n = &g->node[node];
    const struct grow_settings *s = &g->settings;
    return (s->max_depth == 0 || n->depth < s->max_depth) &&
           fixed_h(&g->fixed, n->total) >= 2 * s->min_child_weight * (1 - 1e-9);
}

/* exact looks at gamma when the tree is whole (prune.h), the others before they split: so does XGBoost. */
static bool worth_splitting(const struct grower *g, const struct open_node *n)
{
    return n->split.gain > SPLIT_LEAST && (g->settings.method == GROW_EXACT || n->split.gain >= g->settings.gamma);
}

/* Finds the best split of a node whose cells are there; keeps the cells only if there is one. */
static void offer(struct grower *g, int node)
{
    struct open_node *n = &g->node[node];
    if (hopeful(g, node))
        find_split(g, node);
    if (worth_splitting(g, n))
        push(g, node);
    else
        give_cells(g, n);
}

/* The smaller child is summed, the other is what it leaves of the parent. Which is smaller must be agreed: with several
 * ranks, by hessians. */
static int open_children(struct grower *g, int parent, int left, int right, struct error *err)
{
    struct open_node *n = g->node, *p = &n[parent];
    bool left_smaller = comm_ranks(g->comm) > 1
                            ? (uint32_t)n[left].total <= (uint32_t)n[right].total
                            : n[left].rows.end - n[left].rows.begin <= n[right].rows.end - n[right].rows.begin;
    int small = left_smaller ? left : right, large = left_smaller ? right : left;
    if (!hopeful(g, left) && !hopeful(g, right)) {
        give_cells(g, p);
        return 0;
    }
    if (build(g, &n[small], err) < 0)
        return -1;
    if (hopeful(g, large)) {
        n[large].cells = p->cells;
        p->cells = NULL;
        histogram_subtract(n[large].cells, n[small].cells, g->bins.cells);
    }
    give_cells(g, p);
    offer(g, left);
    offer(g, right);
    return 0;
}

static void set_sides(struct grower *g, const struct split *s)
{
    const struct bins_column *c = &g->bins.column[s->column];
    for (uint32_t k = 0; k < c->codes; k++)
        g->go[k] = k < c->bins ? k < s->bin : s->default_left;
}

static int split_node(struct grower *g, int node, struct error *err)
{
    struct open_node n = g->node[node];
    struct tree *t = g->tree;
    struct stretch of_left = n.rows, of_right = n.rows;
    bool last = n.depth + 1 == g->settings.max_depth;
    set_sides(g, &n.split);
    if (g->rows.on->split(&g->rows, n.rows, n.split.column, g->go, last, &of_left, &of_right, err) < 0)
        return -1;
    int left = add_node(g, node, n.depth + 1, of_left, n.split.left, err);
    int right = left < 0 ? -1 : add_node(g, node, n.depth + 1, of_right, n.total - n.split.left, err);
    if (right < 0)
        return -1;
    struct open_node *l = &g->node[left], *r = &g->node[right];
    t->left[node] = left;
    t->right[node] = right;
    t->feature[node] = n.split.column;
    t->threshold[node] = split_threshold(&g->bins.cuts, n.split.column, n.split.bin);
    t->default_left[node] = n.split.default_left;
    split_bounds(&g->settings, n.split.column, rough(g, l->total), rough(g, r->total), n.bounds, &l->bounds,
                 &r->bounds);
    if (!last)
        return open_children(g, node, left, right, err);
    give_cells(g, &g->node[node]);
    l->settled = r->settled = !g->rows.on->moves_leaves;
    if (l->settled)
        partition_settle(&g->rows.partition, n.rows, true, left, right, g->gradients, &g->fixed, &l->sums, &r->sums,
                         g->pool);
    return 0;
}

static int open_root(struct grower *g, size_t rows, struct error *err)
{
    const struct partition *p = &g->rows.partition;
    uint64_t total = 0;
    for (size_t i = 0; i < rows; i++)
        total += p->packed[0][i];
    if (comm_sum_i64(g->comm, (int64_t *)&total, 1, err) < 0)
        return -1;
    if (add_node(g, -1, 0, (struct stretch){0, rows, 0}, total, err) < 0)
        return -1;
    if (!hopeful(g, 0))
        return 0;
    if (build(g, &g->node[0], err) < 0)
        return -1;
    offer(g, 0);
    return 0;
}

static int grow_nodes(struct grower *g, size_t rows, struct error *err)
{
    int leaves = 1, result = g->rows.on->begin(&g->rows, rows, err);
    g->queued = 0;
    if (result == 0)
        result = open_root(g, rows, err);
    while (result == 0 && g->queued > 0 && (g->settings.max_leaves == 0 || leaves < g->settings.max_leaves)) {
        result = split_node(g, pop(g), err);
        leaves++;
    }
    if (result == 0)
        result = g->rows.on->end(&g->rows, rows, err);
    for (int k = 0; k < g->tree->size; k++) {
        struct open_node *n = &g->node[k];
        struct fine_sums none = {0};
        give_cells(g, n);
        if (result == 0 && tree_is_leaf(g->tree, k) && !n->settled)
            partition_settle(&g->rows.partition, n->rows, false, k, k, g->gradients, &g->fixed, &n->sums, &none,
                             g->pool);
    }
    return result;
}

/* --- weights --------------------------------------------------------------------------------------------------------
 */
static int sum_over_ranks(struct grower *g, struct error *err)
{
    int result = 0;
    if (comm_ranks(g->comm) == 1)
        return 0;
    size_t size = (size_t)g->tree->size;
    int64_t *sums = malloc(2 * size * sizeof *sums);
    if (!sums)
        return out_of_memory(err);
    for (size_t k = 0; k < size; k++) {
        sums[2 * k] = g->node[k].sums.g;
        sums[2 * k + 1] = g->node[k].sums.h;
    }
    result = comm_sum_i64(g->comm, sums, 2 * size, err);
    for (size_t k = 0; k < size; k++)
        g->node[k].sums = (struct fine_sums){sums[2 * k], sums[2 * k + 1]};
    free(sums);
    return result;
}

/* Weights, covers and gains from the fine sums, children before parents. */
static void weigh_nodes(struct grower *g)
{
    struct tree *t = g->tree;
    const struct grow_settings *s = &g->settings;
    for (int k = t->size - 1; k >= 0; k--) {
        struct open_node *n = &g->node[k];
        struct split_sums sums = {(double)n->sums.g * g->fixed.fine_g, (double)n->sums.h * g->fixed.fine_h};
        double score = split_score(s, sums, n->bounds), weight = split_weight(s, sums, n->bounds);
        if (k == 0 && sums.h < s->min_child_weight) /* any other leaf was weighed before it was split off */
            weight = 0;
        t->weight[k] = (float)weight;
        t->cover[k] = (float)sums.h;
        t->gain[k] = tree_is_leaf(t, k) ? 0 : (float)(n->split.gain - score);
        t->value[k] = tree_is_leaf(t, k) ? (float)(s->eta * weight) : 0;
        if (k > 0) { /* split.gain of the parent collects the scores of its children by its own bounds */
            struct open_node *p = &g->node[t->parent[k]];
            p->split.gain = (t->right[t->parent[k]] == k ? 0 : p->split.gain) + split_score(s, sums, p->bounds);
            p->sums.g += n->sums.g;
            p->sums.h += n->sums.h;
        }
    }
}

/* Where the data put a row, by values: for rows that were not in the tree. */
static int leaf_of(const struct tree *t, const struct dataset *d, size_t row)
{
    int node = 0;
    while (!tree_is_leaf(t, node)) {
        float x = NAN;
        if (d->start) {
            size_t low = d->start[row], high = d->start[row + 1];
            while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (d->index[middle] < t->feature[node])
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low < d->start[row + 1] && d->index[low] == t->feature[node])
                x = d->value[low];
        } else {
            x = d->x[row * d->columns + t->feature[node]];
        }
        bool left = x != x ? t->default_left[node] : x < t->threshold[node];
        node = left ? t->left[node] : t->right[node];
    }
    return node;
}

static void work_place(void *context, int thread, int threads)
{
    struct grower *g = context;
    size_t end;
    for (size_t i = pool_share(g->data->rows, thread, threads, &end); i < end; i++)
        if (g->rows.partition.node_of[i] < 0)
            g->rows.partition.node_of[i] = leaf_of(g->tree, g->data, i);
}

/* --- one tree -------------------------------------------------------------------------------------------------------
 */

/* The rows of the tree into the first buffer. */
static int choose_rows(struct grower *g, const struct gradient *gradients, size_t *size, struct error *err)
{
    struct partition *p = &g->rows.partition;
    const struct grow_settings *s = &g->settings;
    size_t rows = g->data->rows, n = rows;
    uint64_t *all = p->packed[1];
    g->gradients = gradients;
    if (s->subsample < 1 && s->sample_by_gradient) {
        if (sample_rows_by_gradient(gradients, rows, g->first_row, s, g->number, g->weighed, p->row[0], &n, g->comm,
                                    err) < 0)
            return -1;
        g->gradients = g->weighed;
    } else if (s->subsample < 1) {
        n = sample_rows(rows, g->first_row, s->subsample, s->seed, g->number, p->row[0]);
    } else {
        all = p->packed[0];
        for (size_t i = 0; i < rows; i++)
            p->row[0][i] = (uint32_t)i;
    }
    if (fixed_pack(&g->fixed, g->gradients, rows, g->first_row, g->number, all, g->comm,
                   rows < ROWS_ALONE ? NULL : g->pool, err) < 0)
        return -1;
    if (n < rows || all != p->packed[0]) {
        for (size_t i = 0; i < n; i++)
            p->packed[0][i] = all[p->row[0][i]];
        memset(p->node_of, 0xFF, rows * sizeof *p->node_of);
    }
    *size = n;
    return 0;
}

/* approx: new cuts for every tree, by hessians. */
static int sketch(struct grower *g, const struct gradient *gradients, struct error *err)
{
    size_t rows = g->data->rows;
    float *weights = malloc((rows + 1) * sizeof *weights);
    if (!weights)
        return out_of_memory(err);
    for (size_t i = 0; i < rows; i++)
        weights[i] = gradients[i].h > 0 ? gradients[i].h : 0;
    drop_bins(g);
    int result = make_bins(g, weights, err);
    free(weights);
    return result;
}

int grower_grow(struct grower *g, const struct gradient *gradients, uint64_t number, struct tree *out,
                struct error *err)
{
    size_t rows = 0;
    g->tree = out;
    g->number = number;
    tree_init(out);
    if (g->settings.method == GROW_APPROX && sketch(g, gradients, err) < 0)
        return -1;
    if (choose_rows(g, gradients, &rows, err) < 0)
        return -1;
    g->rules = (struct split_rules){&g->settings, &g->fixed,
                                    g->settings.alpha == 0 && g->settings.max_delta_step == 0 && !g->settings.monotone};
    choose_tree_columns(g);
    if (grow_nodes(g, rows, err) < 0 || sum_over_ranks(g, err) < 0) {
        tree_free(out);
        return -1;
    }
    if (rows < g->data->rows)
        pool_run(g->pool, work_place, g);
    weigh_nodes(g);
    prune_tree(out, g->settings.method == GROW_EXACT ? g->settings.gamma : 0, g->settings.eta, g->queue, g->value);
    return 0;
}

struct adding {
    const struct grower *g;
    float *margin;
    size_t stride;
};

static void work_add(void *context, int thread, int threads)
{
    const struct adding *a = context;
    const int32_t *node_of = a->g->rows.partition.node_of;
    size_t end;
    for (size_t i = pool_share(a->g->data->rows, thread, threads, &end); i < end; i++)
        a->margin[i * a->stride] += a->g->value[node_of[i]];
}

void grower_add(const struct grower *g, float *margin, size_t stride)
{
    struct adding a = {g, margin, stride};
    pool_run(g->data->rows < ROWS_ALONE ? NULL : g->pool, work_add, &a);
}
