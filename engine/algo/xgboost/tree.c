#include "engine/algo/xgboost/tree.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All arrays lie in one block, which `parent` begins: nine of four bytes a node, then one of a byte. */
#define NODE_BYTES (9 * 4 + 1)
#define FIRST_ROOM 16

static_assert(sizeof(int) == 4 && sizeof(uint32_t) == 4 && sizeof(float) == 4 && sizeof(bool) == 1, "node arrays");

static void lay_out(struct tree *t, int *block, int room)
{
    size_t n = (size_t)room;
    float *floats = (float *)(void *)(block + 4 * n);
    t->room = room;
    t->parent = block;
    t->left = block + n;
    t->right = block + 2 * n;
    t->feature = (uint32_t *)(void *)(block + 3 * n);
    t->threshold = floats;
    t->value = floats + n;
    t->weight = floats + 2 * n;
    t->gain = floats + 3 * n;
    t->cover = floats + 4 * n;
    t->default_left = (bool *)(void *)(floats + 5 * n);
}

/* The last array first: within one block each moves to where only later ones lay. */
static void move_nodes(struct tree *to, const struct tree *from)
{
    size_t n = (size_t)from->size;
    to->size = from->size;
    if (!n)
        return;
    memmove(to->default_left, from->default_left, n * sizeof *to->default_left);
    memmove(to->cover, from->cover, n * sizeof *to->cover);
    memmove(to->gain, from->gain, n * sizeof *to->gain);
    memmove(to->weight, from->weight, n * sizeof *to->weight);
    memmove(to->value, from->value, n * sizeof *to->value);
    memmove(to->threshold, from->threshold, n * sizeof *to->threshold);
    memmove(to->feature, from->feature, n * sizeof *to->feature);
    memmove(to->right, from->right, n * sizeof *to->right);
    memmove(to->left, from->left, n * sizeof *to->left);
    memmove(to->parent, from->parent, n * sizeof *to->parent);
}

void tree_init(struct tree *t)
{
    *t = (struct tree){0};
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    free(t->parent);
    tree_init(t);
}

/* Room for at least so many nodes; those that are there stay. */
static int reserve(struct tree *t, int room)
{
    struct tree narrow = *t;
    int *block;
    if (room <= t->room)
        return 0;
    block = realloc(t->parent, (size_t)room * NODE_BYTES);
    if (!block)
        return -1;
    lay_out(&narrow, block, narrow.room);
    lay_out(t, block, room);
    move_nodes(t, &narrow);
    return 0;
}

int tree_add(struct tree *t, int parent)
{
    int node = t->size;
    if (node == t->room && (node > INT_MAX / 2 || reserve(t, node ? 2 * node : FIRST_ROOM) < 0))
        return -1;
    t->parent[node] = parent;
    t->left[node] = t->right[node] = -1;
    t->feature[node] = 0;
    t->default_left[node] = false;
    t->threshold[node] = t->value[node] = t->weight[node] = t->gain[node] = t->cover[node] = 0;
    t->size++;
    return node;
}

int tree_copy(struct tree *to, const struct tree *from)
{
    to->size = 0;
    if (reserve(to, from->size) < 0)
        return -1;
    move_nodes(to, from);
    return 0;
}

int tree_leaf(const struct tree *t, const float *row)
{
    int node = 0;
    while (!tree_is_leaf(t, node)) {
        float value = row[t->feature[node]];
        bool left = isnan(value) ? t->default_left[node] : value < t->threshold[node];
        node = left ? t->left[node] : t->right[node];
    }
    return node;
}

int tree_depth(const struct tree *t)
{
    int deepest = 0;
    for (int node = t->size - 1; node > 0; node--) {
        int depth = 0;
        if (!tree_is_leaf(t, node))
            continue; /* the deepest node is a leaf */
        for (int above = node; above > 0; above = t->parent[above])
            depth++;
        if (depth > deepest)
            deepest = depth;
    }
    return deepest;
}

int tree_leaves(const struct tree *t)
{
    int leaves = 0;
    for (int node = 0; node < t->size; node++)
        leaves += tree_is_leaf(t, node);
    return leaves;
}
