/* The models of a run, trained side by side: number 0 has the settings as given, the others are near it.
 *
 * What the user gave stays as it is; what was left to us varies, the learning rate fastest, then L1, then weight decay:
 *
 *     learning_rate   times 1, 1/3, 3, 1/9
 *     l1              0, 0.00001, 0.0001, 0.001
 *     wd              0, 0.00001, 0.0001, 0.001
 *
 * When all combinations are used up (64, or as few as 1 when everything was given), the next models begin again from
 * the first with other first weights. */
#ifndef ALGO_LINEAR_GRID_H
#define ALGO_LINEAR_GRID_H

#include "engine/algo/algorithm.h"

struct linear_point {
    double rate, l1, wd;
    uint64_t draw; /* which draw of first weights: 0 for all of the first combinations */
};

struct linear_point linear_grid_point(const struct settings *s, size_t model);

#endif
