/* What a watcher of Linear Learner sees: the rows and the boundary with up to 2 features, the weights with more.
 * The fields are described in engine/event.h. */
#ifndef ALGO_LINEAR_PICTURE_H
#define ALGO_LINEAR_PICTURE_H

#include "engine/algo/linear/linear_model.h"

#define LINEAR_BOUNDARIES 150 /* pictures of a run at most */
#define LINEAR_WEIGHTS 50

void linear_picture_points(struct event_sink *sink, const struct dataset *train); /* nothing with 3 features or more */
void linear_picture_model(struct event_sink *sink, const struct linear_model *m, long step);

#endif
