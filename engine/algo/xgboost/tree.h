/* One regression tree: nodes in arrays, node 0 is the root. A row goes left when its value of `feature` is below
 * `threshold`, right when it is not, and where `default_left` says when the value is missing.
 *
 * Parents stand before their children. The arrays are those of XGBoost's JSON model. */
#ifndef XGBOOST_TREE_H
#define XGBOOST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/data/dataset.h"

struct tree {
    int size, room;
    int *parent, *left, *right; /* -1 for none; a leaf has no children */
    uint32_t *feature;
    float *threshold;
    bool *default_left;
    float *value;  /* of a leaf: what it adds to the score, eta included; 0 in inner nodes */
    float *weight; /* best weight of the node were it a leaf, before eta */
    float *gain;   /* of an inner node: what its split took off the loss */
    float *cover;  /* sum of the hessians of its rows */
};

void tree_init(struct tree *t); /* empty */
void tree_free(struct tree *t);
int tree_add(struct tree *t, int parent); /* appends a leaf with zeros, its number; -1: no memory. Moves the arrays */
int tree_copy(struct tree *to, const struct tree *from); /* `to` is initialised; what it held is gone */

static inline bool tree_is_leaf(const struct tree *t, int node)
{
    return t->left[node] < 0;
}

int tree_leaf(const struct tree *t, const float *row); /* the leaf of a row written out; NaN is missing */
int tree_depth(const struct tree *t);
int tree_leaves(const struct tree *t);

#endif
