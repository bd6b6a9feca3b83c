/* What a watcher of Linear Learner sees: the rows, the boundary and what is said where with up to 2 features, the
 * weights with more; the models side by side, and the weights along L1 where models differ in it.
 * The fields are described in engine/event.h. */
#ifndef ALGO_LINEAR_PICTURE_H
#define ALGO_LINEAR_PICTURE_H

#include "engine/algo/linear/linear_model.h"

#define LINEAR_BOUNDARIES 150 /* pictures of a run at most */
#define LINEAR_WEIGHTS 50

void linear_picture_points(struct event_sink *sink, const struct dataset *train); /* nothing with 3 features or more */
void linear_picture_model(struct event_sink *sink, const struct linear_model *m, long step);
/* What the model says in the plane (2 features) or along the line (1 feature) that the rows span. */
void linear_picture_regions(struct event_sink *sink, const struct linear_model *m, const struct dataset *train,
                            double threshold, long step);
/* Nothing with one model. `losses`: each model's best; infinite before there is one. */
void linear_picture_models(struct event_sink *sink, const struct linear_model *m, const double *losses, size_t best,
                           long step);
/* Nothing unless models differ in l1: those that share all else with the chosen one. */
void linear_picture_l1_path(struct event_sink *sink, const struct linear_model *m, size_t chosen, long step);

#endif
