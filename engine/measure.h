/* The measures that an experiment may compare, and what each gives to a run that diverged. */
#ifndef ENGINE_MEASURE_H
#define ENGINE_MEASURE_H

#include "engine/data/dataset.h"

struct measure;

/* NULL when `metric` is not one of them: "test:mse", or "best:test:logloss", the same at the best round. */
const struct measure *measure_find(const char *metric);

/* The score on `test` of the guess that needs no features: the class seen most in `train`, or its mean label. Classes
 * from 16 on are not told apart. */
double measure_constant_guess(const struct measure *m, const struct dataset *train, const struct dataset *test);

#endif
