/* What a node is worth, and the best of its splits (Chen and Guestrin 2016, equations 5 to 7).
 *
 * Gains are those of XGBoost's models: score of left and right less that of the node, without the half, where the score
 * of sums G, H is T(G)^2 / (H + lambda), T the soft threshold by alpha. Ties go to the lower column and threshold. */
#ifndef XGBOOST_SPLIT_H
#define XGBOOST_SPLIT_H

#include "engine/algo/xgboost/bins.h"
#include "engine/algo/xgboost/fixed.h"

struct split_sums {
    double g, h;
};

struct split_bounds {
    double low, high; /* what monotone constraints above the node leave to its weight */
};

struct split {
    double gain; /* at most SPLIT_LEAST: there is none */
    uint32_t column, bin;
    bool default_left;
    uint64_t left; /* packed sums of the left side */
};

#define SPLIT_LEAST 1e-6

/* A node as its split is looked for. */
struct split_node {
    const uint64_t *cells;
    uint64_t total;
    struct split_bounds bounds;
    double score;
};

struct split_rules {
    const struct grow_settings *settings;
    const struct fixed *fixed;
    bool plain; /* no alpha, no max_delta_step, no monotone column */
};

double split_weight(const struct grow_settings *s, struct split_sums sums, struct split_bounds b);
double split_score(const struct grow_settings *s, struct split_sums sums, struct split_bounds b);

/* Bounds of the two children. */
void split_bounds(const struct grow_settings *s, uint32_t column, struct split_sums left, struct split_sums right,
                  struct split_bounds b, struct split_bounds *of_left, struct split_bounds *of_right);

/* Replaces *best when the column holds a better one. scratch: 3 * b->scratch + 4 cells. */
void split_column(const struct split_rules *r, const struct bins *b, uint32_t column, const struct split_node *node,
                  uint64_t *scratch, struct split *best);

static inline bool split_better(const struct split *a, const struct split *b)
{
    return a->gain > b->gain || (a->gain == b->gain && a->column < b->column);
}

/* The threshold that sends bins below `bin` left. */
float split_threshold(const struct cuts *c, uint32_t column, uint32_t bin);

#endif
