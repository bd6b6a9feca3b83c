/* The measures that an experiment may compare, and what each gives to a run that diverged. */
#ifndef ENGINE_MEASURE_H
#define ENGINE_MEASURE_H

#include "engine/data/parts.h"

struct measure;

/* NULL when `metric` is not one of them: "test:mse", or "best:test:logloss", the same at the best round. */
const struct measure *measure_find(const char *metric);

/* The score of the guess that needs no features: the class seen most in the training part, or its mean label (classes
 * from 16 on are not told apart); of series, that all will be 0; of translations, the commonest word everywhere, or,
 * for the perplexity, every word alike; of text, the commonest label, or, for the precision of word vectors, neighbours
 * by chance. Scored on the test part; "validation:..." of translations on that. */
double measure_constant_guess(const struct measure *m, const struct parts *parts);

#endif
