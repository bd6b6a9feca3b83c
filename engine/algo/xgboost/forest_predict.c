/* Many rows through many trees.
 *
 * Rows go in blocks that stay in the nearest cache, trees are packed so that the two children of a node are neighbours,
 * and LANES rows walk down a tree side by side without a branch: the time of a step is then that of its loads, not of
 * a guess that failed. A leaf is its own child, so that all walk as many steps. Few rows are not worth the packing and
 * walk the trees as they are. */
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/forest.h"

#define LANES 8
#define BLOCK_BYTES 16384 /* of the rows of a block */
#define BLOCK_ROWS 256    /* at most */
#define FEW 8             /* rows */
#define LONG_WAY 8        /* steps after which it pays to look whether all lanes have arrived */

/* Left child `next`, right child `next` + 1. Leaves: threshold NaN, which no value reaches, and `next` itself. */
struct packed {
    float threshold;
    uint32_t feature; /* or the slot that its value is put into */
    uint32_t next : 31, missing_right : 1;
    float value; /* of a leaf, scaled */
};

struct packed_tree {
    const struct packed *nodes;
    int depth;
    size_t group;
};

/* Which features are asked for, and the slot of each: a hash table, for columns can be very many and slots few. */
struct slots {
    uint32_t count, mask;
    uint32_t *feature, *slot; /* of the table's cells; a slot of UINT32_MAX: empty */
};

struct prediction {
    const struct forest *forest;
    const struct dataset *data;
    float *margin;
    int first, trees;
    struct packed *nodes;
    struct packed_tree *packed;
    bool direct; /* dense rows as they lie; else values are put into slots */
    struct slots slots;
    size_t width, block; /* cells of a row as walked, rows of a block */
    float *scratch;      /* of all threads; NULL when direct */
    atomic_size_t next;  /* block */
};

/* --- the plain way --------------------------------------------------------------------------------------------------
 */

static float entry(const struct dataset *d, size_t row, uint32_t feature)
{
    size_t low = d->start[row], high = d->start[row + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->index[middle] == feature)
            return d->value[middle];
        if (d->index[middle] < feature)
            low = middle + 1;
        else
            high = middle;
    }
    return NAN;
}

static float cell(const struct dataset *d, size_t row, uint32_t feature)
{
    if (d->start)
        return entry(d, row, feature);
    return feature < d->columns ? d->x[row * d->columns + feature] : NAN;
}

static float walk(const struct tree *t, const struct dataset *d, size_t row)
{
    int node = 0;
    while (!tree_is_leaf(t, node)) {
        float value = cell(d, row, t->feature[node]);
        bool left = isnan(value) ? t->default_left[node] : value < t->threshold[node];
        node = left ? t->left[node] : t->right[node];
    }
    return t->value[node];
}

static float scale_of(const struct forest *f, int tree)
{
    return f->scale ? f->scale[tree] : 1;
}

static void add_plainly(const struct forest *f, int first, int end, const struct dataset *d, float *margin)
{
    for (size_t row = 0; row < d->rows; row++)
        for (int i = first; i < end; i++)
            margin[row * f->outputs + (size_t)f->group[i]] += walk(&f->trees[i], d, row) * scale_of(f, i);
}

/* --- packing --------------------------------------------------------------------------------------------------------
 */

static uint32_t slot_place(const struct slots *s, uint32_t feature)
{
    uint32_t at = feature * 0x9E3779B1u;
    for (at = (at ^ at >> 15) & s->mask; s->slot[at] != UINT32_MAX && s->feature[at] != feature;)
        at = (at + 1) & s->mask;
    return at;
}

static uint32_t slot_of(struct slots *s, uint32_t feature)
{
    uint32_t at = slot_place(s, feature);
    if (s->slot[at] == UINT32_MAX) {
        s->feature[at] = feature;
        s->slot[at] = s->count++;
    }
    return s->slot[at];
}

/* Level by level: where the packed nodes came from stands in `from`, a queue. */
static void pack_tree(struct prediction *p, const struct tree *t, float scale, struct packed *nodes, int *from)
{
    int filled = 1;
    from[0] = 0;
    for (int at = 0; at < filled; at++) {
        int node = from[at];
        if (tree_is_leaf(t, node)) {
            nodes[at] =
                (struct packed){.threshold = NAN, .next = (unsigned)at & INT_MAX, .value = t->value[node] * scale};
            continue;
        }
        nodes[at] = (struct packed){.threshold = t->threshold[node],
                                    .feature = p->direct ? t->feature[node] : slot_of(&p->slots, t->feature[node]),
                                    .next = (unsigned)filled & INT_MAX,
                                    .missing_right = !t->default_left[node]};
        from[filled++] = t->left[node];
        from[filled++] = t->right[node];
    }
}

static void pack_trees(struct prediction *p, int *from)
{
    struct packed *nodes = p->nodes;
    for (int i = 0; i < p->trees; i++) {
        const struct tree *t = &p->forest->trees[p->first + i];
        p->packed[i] = (struct packed_tree){nodes, tree_depth(t), (size_t)p->forest->group[p->first + i]};
        pack_tree(p, t, scale_of(p->forest, p->first + i), nodes, from);
        nodes += t->size;
    }
}

static bool open_slots(struct slots *s, size_t nodes)
{
    size_t cells = 64;
    while (cells < 4 * nodes && cells < (size_t)1 << 30) /* a tree has half as many inner nodes, some share a feature */
        cells *= 2;
    s->mask = (uint32_t)cells - 1;
    s->feature = malloc(cells * sizeof *s->feature);
    s->slot = malloc(cells * sizeof *s->slot);
    if (!s->feature || !s->slot)
        return false;
    memset(s->slot, 0xFF, cells * sizeof *s->slot);
    return true;
}

static bool pack(struct prediction *p, int threads)
{
    size_t nodes = 0, largest = 0, asked = 0;
    int *from;
    for (int i = 0; i < p->trees; i++) {
        const struct tree *t = &p->forest->trees[p->first + i];
        nodes += (size_t)t->size;
        largest = (size_t)t->size > largest ? (size_t)t->size : largest;
        for (int node = 0; node < t->size; node++)
            asked = t->feature[node] >= asked ? t->feature[node] + (size_t)1 : asked;
    }
    p->direct = !p->data->start && asked <= p->data->columns;
    p->nodes = malloc((nodes + 1) * sizeof *p->nodes);
    p->packed = malloc((size_t)p->trees * sizeof *p->packed);
    from = malloc((largest + 1) * sizeof *from);
    if (!p->nodes || !p->packed || !from || nodes >= INT_MAX || (!p->direct && !open_slots(&p->slots, nodes))) {
        free(from);
        return false;
    }
    pack_trees(p, from);
    free(from);
    p->width = p->direct ? p->data->columns : p->slots.count + (size_t)1;
    p->block = BLOCK_BYTES / sizeof(float) / p->width / LANES * LANES;
    p->block = p->block < 4 * LANES ? 4 * LANES : p->block > BLOCK_ROWS ? BLOCK_ROWS : p->block;
    if (p->direct)
        return true;
    p->scratch = malloc((size_t)threads * p->block * p->width * sizeof *p->scratch);
    return p->scratch != NULL;
}

static void unpack(struct prediction *p)
{
    free(p->nodes);
    free(p->packed);
    free(p->slots.feature);
    free(p->slots.slot);
    free(p->scratch);
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static void put(const struct slots *s, float *row, uint32_t feature, float value)
{
    uint32_t at = slot_place(s, feature);
    if (s->slot[at] != UINT32_MAX)
        row[s->slot[at]] = value;
}

/* Rows first .. first + n - 1 with the values that are asked for in their slots, NaN where there is none. */
static void fill_scratch(const struct prediction *p, size_t first, size_t n, float *out)
{
    const struct dataset *d = p->data;
    for (size_t i = 0; i < n * p->width; i++)
        out[i] = NAN;
    for (size_t row = first; row < first + n; row++, out += p->width)
        if (d->start)
            for (size_t i = d->start[row]; i < d->start[row + 1]; i++)
                put(&p->slots, out, d->index[i], d->value[i]);
        else
            for (size_t i = 0; i < d->columns; i++)
                put(&p->slots, out, (uint32_t)i, d->x[row * d->columns + i]);
}

static bool any_missing(const float *x, size_t n)
{
    int missing = 0;
    for (size_t i = 0; i < n; i++)
        missing |= x[i] != x[i];
    return missing;
}

/* A step of all lanes. `missing`: are there NaN among the values at all? */
static inline __attribute__((always_inline)) void step(const struct packed *nodes, const float *const *rows,
                                                       uint32_t *at, bool missing)
{
    for (int k = 0; k < LANES; k++) {
        const struct packed *n = &nodes[at[k]];
        float value = rows[k][n->feature];
        uint32_t right = value >= n->threshold;
        if (missing)
            right |= (value != value) & n->missing_right;
        at[k] = n->next + right;
    }
}

static bool all_at_leaves(const struct packed *nodes, const uint32_t *at)
{
    bool all = true;
    for (int k = 0; k < LANES; k++)
        all &= nodes[at[k]].next == at[k];
    return all;
}

static inline __attribute__((always_inline)) void descend(const struct packed_tree *t, const float *const *rows,
                                                          float *out, bool missing)
{
    const struct packed *nodes = t->nodes;
    uint32_t at[LANES] = {0};
    for (int level = 0; level < t->depth; level++) {
        if (level >= LONG_WAY && level % 4 == 0 && all_at_leaves(nodes, at))
            break;
        step(nodes, rows, at, missing);
    }
    for (int k = 0; k < LANES; k++)
        out[k] = nodes[at[k]].value;
}

/* `n` rows of `width` cells through all trees. The last lanes walk the last row again. */
static inline __attribute__((always_inline)) void walk_block(const struct prediction *p, const float *x, size_t n,
                                                             float *margin, bool missing)
{
    size_t outputs = p->forest->outputs;
    for (int i = 0; i < p->trees; i++) {
        const struct packed_tree *t = &p->packed[i];
        float value[LANES];
        for (size_t row = 0; row < n; row += LANES) {
            const float *rows[LANES];
            size_t lanes = n - row < LANES ? n - row : LANES;
            for (size_t k = 0; k < LANES; k++)
                rows[k] = x + (row + (k < lanes ? k : lanes - 1)) * p->width;
            descend(t, rows, value, missing);
            for (size_t k = 0; k < lanes; k++)
                margin[(row + k) * outputs + t->group] += value[k];
        }
    }
}

/* Who is free takes the next block, for another program may have one of the processors. */
static void add_blocks(void *context, int thread, int threads)
{
    struct prediction *p = context;
    size_t blocks = (p->data->rows + p->block - 1) / p->block, block;
    float *scratch = p->direct ? NULL : p->scratch + (size_t)thread * p->block * p->width;
    (void)threads;
    while ((block = atomic_fetch_add(&p->next, 1)) < blocks) {
        size_t first = block * p->block, left = p->data->rows - first, n = left < p->block ? left : p->block;
        const float *x = p->direct ? p->data->x + first * p->width : scratch;
        float *margin = p->margin + first * p->forest->outputs;
        if (!p->direct)
            fill_scratch(p, first, n, scratch);
        if (any_missing(x, n * p->width))
            walk_block(p, x, n, margin, true);
        else
            walk_block(p, x, n, margin, false);
    }
}

/* --- gblinear -------------------------------------------------------------------------------------------------------
 */

struct linear {
    const struct forest *forest;
    const struct dataset *data;
    float *margin;
};

static void add_times(float *margin, const float *weights, size_t outputs, float value)
{
    for (size_t k = 0; k < outputs; k++)
        margin[k] += weights[k] * value;
}

static void add_linear(void *context, int thread, int threads)
{
    const struct linear *l = context;
    const struct forest *f = l->forest;
    const struct dataset *d = l->data;
    size_t columns = d->columns < f->columns ? d->columns : f->columns, n = f->outputs, end;
    for (size_t row = pool_share(d->rows, thread, threads, &end); row < end; row++) {
        float *margin = l->margin + row * n;
        add_times(margin, f->weights + f->columns * n, n, 1);
        if (d->start) {
            for (size_t i = d->start[row]; i < d->start[row + 1]; i++)
                if (d->index[i] < f->columns && !isnan(d->value[i]))
                    add_times(margin, f->weights + d->index[i] * n, n, d->value[i]);
            continue;
        }
        for (size_t i = 0; i < columns; i++)
            if (!isnan(d->x[row * d->columns + i]))
                add_times(margin, f->weights + i * n, n, d->x[row * d->columns + i]);
    }
}

void forest_add(const struct forest *f, int first, int end, const struct dataset *d, float *margin, struct pool *pool)
{
    struct linear linear = {f, d, margin};
    struct prediction p = {.forest = f, .data = d, .margin = margin, .first = first, .trees = end - first};
    if (f->booster == BOOSTER_LINEAR) {
        pool_run(pool, add_linear, &linear);
    } else if (end > first) {
        if (d->rows > FEW && pack(&p, pool_threads(pool)))
            pool_run(pool, add_blocks, &p);
        else
            add_plainly(f, first, end, d, margin); /* few rows, or no memory to be fast with */
        unpack(&p);
    }
}
