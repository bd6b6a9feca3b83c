#include "engine/algo/xgboost/prune.h"

static void move_node(struct tree *t, int from, int to)
{
    t->parent[to] = t->parent[from];
    t->left[to] = t->left[from];
    t->right[to] = t->right[from];
    t->feature[to] = t->feature[from];
    t->threshold[to] = t->threshold[from];
    t->default_left[to] = t->default_left[from];
    t->value[to] = t->value[from];
    t->weight[to] = t->weight[from];
    t->gain[to] = t->gain[from];
    t->cover[to] = t->cover[from];
}

void prune_tree(struct tree *t, double gamma, double eta, int *now, float *value)
{
    int size = 0, grown = t->size;
    for (int k = t->size - 1; k >= 0; k--)
        if (!tree_is_leaf(t, k) && tree_is_leaf(t, t->left[k]) && tree_is_leaf(t, t->right[k]) &&
            (double)t->gain[k] < gamma) {
            t->left[k] = t->right[k] = -1;
            t->gain[k] = t->threshold[k] = 0;
            t->feature[k] = 0;
            t->default_left[k] = false;
            t->value[k] = (float)(eta * (double)t->weight[k]);
        }
    for (int k = 0; k < grown; k++) {
        int up = t->parent[k];
        bool stays =
            k == 0 || (now[up] >= 0 && !tree_is_leaf(t, now[up]) && (t->left[now[up]] == k || t->right[now[up]] == k));
        if (!stays) {
            now[k] = now[up];
            value[k] = value[up];
            continue;
        }
        value[k] = t->value[k];
        now[k] = size;
        if (size != k)
            move_node(t, k, size);
        if (k > 0) {
            t->parent[size] = now[up];
            *(t->left[now[up]] == k ? &t->left[now[up]] : &t->right[now[up]]) = size;
        }
        size++;
    }
    t->size = size;
}
