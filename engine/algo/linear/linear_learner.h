/* Linear Learner: score = w.x + b per class, fitted by mini-batch gradient descent. Regression, two classes, many.
 *
 * linear_learner.c is what it takes (the table), linear_model.h the weights and how they learn, linear_train.c the
 * loop over epochs, linear_picture.h what a watcher sees. */
#ifndef ALGO_LINEAR_LEARNER_H
#define ALGO_LINEAR_LEARNER_H

#include "engine/algo/algorithm.h"

extern const struct algorithm linear_learner;

int linear_train(struct training *t, struct error *err);

#endif
