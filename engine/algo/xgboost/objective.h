/* What boosting makes small: gradients of a loss by the score (margin), and from the margin to what is predicted.
 * The list is the service's (reg:squarederror ... survival:cox); definitions are XGBoost 1.7's, which is the judge.
 * Departures: rank:* take all pairs of a query, not random ones (objective_rank.c); labels of survival:aft are times
 * that were seen, since the service's files hold one label a row. */
#ifndef XGBOOST_OBJECTIVE_H
#define XGBOOST_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/algo/xgboost/grower.h"
#include "engine/base/error.h"
#include "engine/data/dataset.h"

enum aft_distribution { AFT_NORMAL, AFT_LOGISTIC, AFT_EXTREME };

struct objective_settings {
    size_t classes;                                                                          /* of multi:*; else 1 */
    double scale_pos_weight, tweedie_variance_power, huber_slope, aft_scale, max_delta_step; /* last: count:poisson */
    enum aft_distribution aft_distribution;
};

struct objective {
    const char *name;
    const char *metric; /* of evaluation, when eval_metric is not given */
    const char *task;   /* "regression", "binary", "multiclass", "ranking", "count", "survival" */
    bool many;          /* one margin per class */
    bool whole;         /* gradients need all rows at once, in the order of groups: first is 0, end is rows */
    bool adaptive;      /* leaves are set to a quantile of their rows' residuals (reg:absoluteerror) */
    int (*check)(const struct objective_settings *s, const struct dataset *d, const char *channel, struct error *err);
    int (*check_base)(double base_score, struct error *err); /* is it in the range of predictions? */
    /* margin: rows x classes, row after row; out: classes x rows, class after class (out[k * d->rows + i]). */
    void (*gradient)(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                     size_t end, struct gradient *out);
    double (*to_margin)(double base_score);
    /* In place: margins become predictions (probabilities, means, ...); multi:softmax leaves the class in out[row]. */
    void (*predict)(const struct objective_settings *s, float *out, const float *margin, size_t rows);
};

extern const struct objective objectives[]; /* ends at name == NULL */

/* By the service's name, also the old one (reg:linear). NULL and an error that lists the names. */
const struct objective *objective_find(const char *name, struct error *err);

size_t objective_outputs(const struct objective *o, const struct objective_settings *s); /* margins per row */
size_t objective_width(const struct objective *o, const struct objective_settings *s);   /* predictions per row */

#endif
