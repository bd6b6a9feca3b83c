#include "engine/algo/xgboost/forest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int forest_init(struct forest *f, enum booster booster, const struct objective *o, const struct objective_settings *s,
                size_t columns, double base_score)
{
    *f = (struct forest){.booster = booster,
                         .objective = o,
                         .settings = *s,
                         .columns = columns,
                         .outputs = objective_outputs(o, s),
                         .base_score = base_score,
                         .parallel = 1,
                         .best_round = -1};
    if (booster != BOOSTER_LINEAR)
        return 0;
    f->weights = calloc((columns + 1) * f->outputs, sizeof *f->weights);
    return f->weights ? 0 : -1;
}

void forest_free(struct forest *f)
{
    for (int i = 0; i < f->count; i++)
        tree_free(&f->trees[i]);
    free(f->trees);
    free(f->group);
    free(f->scale);
    free(f->weights);
    *f = (struct forest){0};
}

/* Room for twice as many; what was got before a failure stays with the forest. */
static int widen(struct forest *f)
{
    int room = f->room ? 2 * f->room : 64;
    size_t n = (size_t)room;
    struct tree *trees;
    int *group;
    float *scale;
    if (f->room > INT_MAX / 2)
        return -1;
    if (!(trees = realloc(f->trees, n * sizeof *trees)))
        return -1;
    f->trees = trees;
    if (!(group = realloc(f->group, n * sizeof *group)))
        return -1;
    f->group = group;
    if (f->booster == BOOSTER_DART) {
        if (!(scale = realloc(f->scale, n * sizeof *scale)))
            return -1;
        f->scale = scale;
    }
    f->room = room;
    return 0;
}

int forest_append(struct forest *f, struct tree *t, int group)
{
    if (f->count == f->room && widen(f) < 0)
        return -1;
    f->trees[f->count] = *t;
    f->group[f->count] = group;
    if (f->scale)
        f->scale[f->count] = 1;
    f->count++;
    tree_init(t);
    return 0;
}

static int round_trees(const struct forest *f)
{
    return (int)f->outputs * f->parallel;
}

int forest_rounds(const struct forest *f)
{
    return f->booster == BOOSTER_LINEAR ? f->linear_rounds : f->count / round_trees(f);
}

int forest_round_end(const struct forest *f, int round)
{
    return round < forest_rounds(f) ? (round + 1) * round_trees(f) : f->count;
}

void forest_start(const struct forest *f, size_t rows, float *margin)
{
    float start = (float)f->objective->to_margin(f->base_score);
    for (size_t i = 0; i < rows * f->outputs; i++)
        margin[i] = start;
}

void forest_margin(const struct forest *f, const struct dataset *d, float *margin, struct pool *pool)
{
    forest_start(f, d->rows, margin);
    forest_add(f, 0, f->best_round >= 0 ? forest_round_end(f, f->best_round) : f->count, d, margin, pool);
}

static void count_splits(const struct tree *t, struct importance *by_feature)
{
    for (int node = 0; node < t->size; node++) {
        struct importance *i = &by_feature[t->feature[node]];
        if (tree_is_leaf(t, node))
            continue;
        i->weight += 1;
        i->total_gain += (double)t->gain[node];
        i->total_cover += (double)t->cover[node];
    }
}

static int by_total_gain(const void *a, const void *b)
{
    const struct importance *x = a, *y = b;
    if (x->total_gain != y->total_gain)
        return x->total_gain < y->total_gain ? 1 : -1;
    return x->feature < y->feature ? -1 : 1;
}

int forest_importance(const struct forest *f, struct importance **out, size_t *count)
{
    struct importance *all = calloc(f->columns ? f->columns : 1, sizeof *all);
    *out = all;
    *count = 0;
    if (!all)
        return -1;
    for (int i = 0; i < f->count; i++)
        count_splits(&f->trees[i], all);
    for (size_t feature = 0; feature < f->columns; feature++) {
        struct importance found = all[feature];
        if (found.weight == 0)
            continue;
        found.feature = (uint32_t)feature;
        found.gain = found.total_gain / found.weight;
        found.cover = found.total_cover / found.weight;
        all[(*count)++] = found;
    }
    qsort(all, *count, sizeof *all, by_total_gain);
    return 0;
}
