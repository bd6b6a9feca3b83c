/* Evaluation metrics by the service's names ("rmse", "error@0.3", "ndcg@5", "mlogloss", ...), of predictions against
 * the labels. Definitions are XGBoost 1.7's and, for those only the service's container has, scikit-learn's. Rows
 * count by their weights, but not in metrics of predicted classes, in r2 and in those by query, nor in cox-nloglik. One
 * departure: aft-nloglik is of the scale that was set, where XGBoost's is of scale 1 always. */
#ifndef XGBOOST_SCORE_H
#define XGBOOST_SCORE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/algo/xgboost/objective.h"

#define SCORE_NAME 48

struct score {
    char name[SCORE_NAME]; /* as reported: "error@0.3" */
    double parameter;      /* after the @; NaN without */
    bool larger_is_better;
    const struct score_kind *kind;
};

/* A sentence when there is no such metric, or none that fits the objective (auc of a regression). */
int score_find(const char *name, const struct objective *o, struct score *out, struct error *err);

/* `prediction`: rows x objective_width(); `margin`: rows x outputs (some metrics are of margins). NaN where the metric
 * has no value (auc of one class). */
double score_value(const struct score *s, const struct objective *o, const struct objective_settings *settings,
                   const struct dataset *d, const float *margin, const float *prediction);

#endif
