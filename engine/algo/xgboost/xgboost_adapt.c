/* Leaves for losses whose second derivative says nothing (reg:absoluteerror): the median of what is left in each.
 *
 * XGBoost 1.7 leaves eta out here, later versions apply it; so do we, or eta would have no effect. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/boost.h"

struct residual {
    float leaf, value, weight;
};

static int by_leaf_and_value(const void *a, const void *b)
{
    const struct residual *p = a, *q = b;
    if (p->leaf != q->leaf)
        return p->leaf < q->leaf ? -1 : 1;
    return p->value < q->value ? -1 : p->value > q->value;
}

/* Without weights halfway between the middle two at even counts; with weights the first at half of their sum. Sorted.
 */
static double median(const struct residual *r, size_t n, bool weighted)
{
    double sum = 0, at = 0;
    size_t i = 0;
    if (!weighted)
        return n % 2 ? (double)r[n / 2].value : ((double)r[n / 2 - 1].value + (double)r[n / 2].value) / 2;
    for (size_t k = 0; k < n; k++)
        sum += (double)r[k].weight;
    for (at = (double)r[0].weight; i + 1 < n && at < sum / 2; at += (double)r[++i].weight)
        ;
    return (double)r[i].value;
}

/* All ranks' residuals, sorted; the caller frees. */
static int gather(struct comm *comm, struct residual **own, size_t *n, struct error *err)
{
    if (comm_ranks(comm) > 1) {
        size_t *sizes = calloc((size_t)comm_ranks(comm), sizeof *sizes);
        void *all = NULL;
        int status;
        if (!sizes)
            return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
        status = comm_gather(comm, *own, *n * sizeof **own, &all, sizes, err);
        *n = 0;
        for (int i = 0; status == 0 && i < comm_ranks(comm); i++)
            *n += sizes[i] / sizeof **own;
        free(sizes);
        free(*own);
        *own = all;
        if (status < 0)
            return -1;
    }
    if (*n)
        qsort(*own, *n, sizeof **own, by_leaf_and_value);
    return 0;
}

static struct residual *residuals(const struct dataset *d, const float *leaf, const float *margin, struct error *err)
{
    struct residual *r = malloc((d->rows + 1) * sizeof *r);
    if (!r)
        error_set(err, ERROR_SYSTEM, NULL, "give fewer rows", "There is not enough memory for the rows' residuals");
    for (size_t i = 0; r && i < d->rows; i++)
        r[i] = (struct residual){leaf ? leaf[i] : 0, d->y[i] - (margin ? margin[i] : 0), d->weight ? d->weight[i] : 1};
    return r;
}

/* The leaf of every row as a number: the tree is asked with its leaves' own numbers for values. */
static int find_leaves(struct boost *b, const struct tree *tree, float *leaf)
{
    const struct dataset *d = b->t->train;
    struct tree numbered;
    int group = 0;
    struct forest alone = {.booster = BOOSTER_TREE,
                           .objective = b->forest.objective,
                           .settings = b->forest.settings,
                           .columns = d->columns,
                           .outputs = 1,
                           .parallel = 1,
                           .trees = &numbered,
                           .group = &group,
                           .count = 1,
                           .room = 1,
                           .best_round = -1};
    tree_init(&numbered);
    if (tree_copy(&numbered, tree) < 0)
        return -1;
    for (int i = 0; i < numbered.size; i++)
        numbered.value[i] = (float)i;
    memset(leaf, 0, d->rows * sizeof *leaf);
    forest_add(&alone, 0, 1, d, leaf, b->pool);
    tree_free(&numbered);
    return 0;
}

int boost_adapt(struct boost *b, struct tree *tree, float *margin, bool add, struct error *err)
{
    const struct dataset *d = b->t->train;
    float *leaf = malloc((d->rows + 1) * sizeof *leaf);
    struct residual *r = NULL;
    size_t n = d->rows;
    int status = -1;
    if (!leaf || find_leaves(b, tree, leaf) < 0) {
        error_set(err, ERROR_SYSTEM, NULL, "give fewer rows", "There is not enough memory for the rows' leaves");
        goto out;
    }
    r = residuals(d, leaf, margin, err);
    if (!r || gather(b->t->comm, &r, &n, err) < 0)
        goto out;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && r[end].leaf == r[first].leaf; end++)
            ;
        tree->value[(int)r[first].leaf] = (float)(median(r + first, end - first, d->weight != NULL) * b->plan.grow.eta);
    }
    for (size_t i = 0; add && i < d->rows; i++)
        margin[i] += tree->value[(int)leaf[i]];
    status = 0;
out:
    free(r);
    free(leaf);
    return status;
}

int boost_median_label(const struct training *t, double *value, struct error *err)
{
    struct residual *r = residuals(t->train, NULL, NULL, err);
    size_t n = t->train->rows;
    int status = r ? gather(t->comm, &r, &n, err) : -1;
    if (status == 0 && n)
        *value = median(r, n, t->train->weight != NULL);
    free(r);
    return status;
}
