/* A trained model: trees (gbtree, dart) or weights (gblinear), what they aim at, and the score they start from.
 * Saved and loaded as the JSON that XGBoost itself writes (its "model.schema", version 1.7). */
#ifndef XGBOOST_FOREST_H
#define XGBOOST_FOREST_H

#include "engine/algo/xgboost/objective.h"
#include "engine/algo/xgboost/tree.h"
#include "engine/base/pool.h"
#include "engine/base/str.h"

enum booster { BOOSTER_TREE, BOOSTER_DART, BOOSTER_LINEAR };

struct forest {
    enum booster booster;
    const struct objective *objective;
    struct objective_settings settings;
    size_t columns, outputs;
    double base_score; /* in the units of predictions */
    int parallel;      /* trees per class and round (num_parallel_tree) */
    struct tree *trees;
    int *group;   /* the class of each tree */
    float *scale; /* dart: what each tree's values are multiplied by; NULL otherwise */
    int count, room;
    float *weights;    /* gblinear: (columns + 1) x outputs, the last row is the bias; NULL otherwise */
    int linear_rounds; /* gblinear: how many made them */
    int best_round;    /* counted from 0; -1: all rounds count */
};

int forest_init(struct forest *f, enum booster booster, const struct objective *o, const struct objective_settings *s,
                size_t columns, double base_score);
void forest_free(struct forest *f);                             /* {0} is fine */
int forest_append(struct forest *f, struct tree *t, int group); /* takes the tree over; -1: out of memory */
int forest_rounds(const struct forest *f);
int forest_round_end(const struct forest *f, int round); /* trees before the end of that round */

void forest_start(const struct forest *f, size_t rows, float *margin); /* every margin to that of base_score */
/* margin (rows x outputs) += what trees first .. end - 1, times their scale, say of each row; gblinear: all of it. */
void forest_add(const struct forest *f, int first, int end, const struct dataset *d, float *margin, struct pool *pool);
/* Margins by the rounds that count (best_round) from the start. */
void forest_margin(const struct forest *f, const struct dataset *d, float *margin, struct pool *pool);

struct importance {
    uint32_t feature;
    double weight, gain, cover, total_gain, total_cover; /* splits; mean and sum over them */
};
/* One entry for each feature that splits something, most total gain first; the caller frees. -1: out of memory. The
 * features of the trees must be below `columns`. */
int forest_importance(const struct forest *f, struct importance **out, size_t *count);

int forest_write(const struct forest *f, struct str *json);
/* Refuses what XGBoost itself would not load, and what it would but we cannot (categorical splits), with a sentence. */
int forest_read(struct forest *f, const char *json, size_t len, const char *name, struct error *err);

#endif
