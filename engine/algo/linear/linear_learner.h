/* Linear Learner: score = w.x + b per class, fitted by mini-batch gradient descent. Regression, two classes, many.
 *
 * linear_learner.c is what it takes (the table), linear_grid.h the models that are trained side by side, linear_model.h
 * their weights and how they learn, linear_train.c the loop over epochs, linear_look.c which model is best,
 * linear_picture.h what a watcher sees, linear_saved.h the trained model and its answers. */
#ifndef ALGO_LINEAR_LEARNER_H
#define ALGO_LINEAR_LEARNER_H

#include "engine/algo/algorithm.h"

extern const struct algorithm linear_learner;

int linear_train(struct training *t, struct error *err);

#endif
