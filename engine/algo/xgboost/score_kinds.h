/* What metrics see, and those that are no mean over rows; inside of score*.c only. */
#ifndef XGBOOST_SCORE_KINDS_H
#define XGBOOST_SCORE_KINDS_H

#include "engine/algo/xgboost/objective.h"

#define SCORE_SMALLEST 1e-16 /* what a probability is taken to be at least */

struct scored {
    const struct objective *objective;
    const struct objective_settings *settings;
    const struct dataset *data;
    const float *margin, *prediction;
    double parameter;
};

double score_probability(const struct scored *s, size_t row); /* of class 1; also where predictions are margins */
size_t score_class(const struct scored *s, size_t row);

/* score_class.c */
double score_accuracy(const struct scored *s), score_balanced_accuracy(const struct scored *s),
    score_f1_binary(const struct scored *s), score_f1_macro(const struct scored *s),
    score_precision(const struct scored *s), score_precision_macro(const struct scored *s),
    score_recall(const struct scored *s), score_recall_macro(const struct scored *s);
/* score_rank.c */
double score_auc(const struct scored *s), score_aucpr(const struct scored *s), score_map(const struct scored *s),
    score_ndcg(const struct scored *s), score_cox(const struct scored *s);

#endif
