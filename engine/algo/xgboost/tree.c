#include "engine/algo/xgboost/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tree_init(struct tree *t)
{
    *t = (struct tree){0};
}

void tree_free(struct tree *t)
{
    free(t->parent);
    free(t->left);
    free(t->right);
    free(t->feature);
    free(t->threshold);
    free(t->default_left);
    free(t->value);
    free(t->weight);
    free(t->gain);
    free(t->cover);
    *t = (struct tree){0};
}

static bool grow(void *array, size_t room, size_t size)
{
    void **at = array, *larger = realloc(*at, room * size);
    if (larger)
        *at = larger;
    return larger != NULL;
}

static bool reserve(struct tree *t, int nodes)
{
    size_t room = (size_t)nodes;
    if (nodes <= t->room)
        return true;
    if (!grow(&t->parent, room, sizeof *t->parent) || !grow(&t->left, room, sizeof *t->left) ||
        !grow(&t->right, room, sizeof *t->right) || !grow(&t->feature, room, sizeof *t->feature) ||
        !grow(&t->threshold, room, sizeof *t->threshold) || !grow(&t->default_left, room, sizeof *t->default_left) ||
        !grow(&t->value, room, sizeof *t->value) || !grow(&t->weight, room, sizeof *t->weight) ||
        !grow(&t->gain, room, sizeof *t->gain) || !grow(&t->cover, room, sizeof *t->cover))
        return false;
    t->room = nodes;
    return true;
}

int tree_add(struct tree *t, int parent)
{
    int node = t->size;
    if (node == t->room && !reserve(t, t->room ? 2 * t->room : 16))
        return -1;
    t->size++;
    t->parent[node] = parent;
    t->left[node] = t->right[node] = -1;
    t->feature[node] = 0;
    t->default_left[node] = false;
    t->threshold[node] = t->value[node] = t->weight[node] = t->gain[node] = t->cover[node] = 0;
    return node;
}

int tree_copy(struct tree *to, const struct tree *from)
{
    size_t n = (size_t)from->size;
    to->size = 0;
    if (!reserve(to, from->size))
        return -1;
    if (n > 0) {
        memcpy(to->parent, from->parent, n * sizeof *to->parent);
        memcpy(to->left, from->left, n * sizeof *to->left);
        memcpy(to->right, from->right, n * sizeof *to->right);
        memcpy(to->feature, from->feature, n * sizeof *to->feature);
        memcpy(to->threshold, from->threshold, n * sizeof *to->threshold);
        memcpy(to->default_left, from->default_left, n * sizeof *to->default_left);
        memcpy(to->value, from->value, n * sizeof *to->value);
        memcpy(to->weight, from->weight, n * sizeof *to->weight);
        memcpy(to->gain, from->gain, n * sizeof *to->gain);
        memcpy(to->cover, from->cover, n * sizeof *to->cover);
    }
    to->size = from->size;
    return 0;
}

int tree_leaf(const struct tree *t, const float *row)
{
    int node = 0;
    while (!tree_is_leaf(t, node)) {
        float x = row[t->feature[node]];
        bool left = isnan(x) ? t->default_left[node] : x < t->threshold[node];
        node = left ? t->left[node] : t->right[node];
    }
    return node;
}

/* The longest way from the root to a leaf. */
int tree_depth(const struct tree *t)
{
    int deepest = 0;
    for (int node = 0; node < t->size; node++) {
        int depth = 0;
        if (!tree_is_leaf(t, node))
            continue;
        for (int up = t->parent[node]; up >= 0; up = t->parent[up])
            depth++;
        deepest = depth > deepest ? depth : deepest;
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
