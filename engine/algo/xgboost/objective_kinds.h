/* The families of objectives, for the one table in objective.c. */
#ifndef XGBOOST_OBJECTIVE_KINDS_H
#define XGBOOST_OBJECTIVE_KINDS_H

#include "engine/algo/xgboost/objective.h"

typedef void objective_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin,
                                size_t first, size_t end, struct gradient *out);

/* objective_regression.c */
objective_gradient squared_gradient, squared_log_gradient, pseudo_huber_gradient, absolute_gradient, gamma_gradient,
    tweedie_gradient, poisson_gradient;
/* objective_class.c */
objective_gradient logistic_gradient, hinge_gradient, softmax_gradient;
void softmax_predict(const struct objective_settings *s, float *out, const float *margin, size_t rows);
void class_predict(const struct objective_settings *s, float *out, const float *margin, size_t rows);
/* objective_rank.c */
objective_gradient pairwise_gradient, ndcg_gradient, map_gradient;
/* objective_survival.c */
objective_gradient aft_gradient, cox_gradient;

static inline float row_weight(const struct dataset *d, size_t row)
{
    return d->weight ? d->weight[row] : 1;
}

#endif
