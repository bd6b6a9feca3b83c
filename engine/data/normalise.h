/* Features to mean 0 and standard deviation 1, learned from the first rows of the training data, and missing values
 * filled with the mean.
 *
 *     out[j] = (x[j] - shift[j]) * factor[j],   fill[j] where x[j] is NaN */
#ifndef DATA_NORMALISE_H
#define DATA_NORMALISE_H

#include <stdbool.h>

#include "engine/data/dataset.h"

struct normaliser {
    size_t columns;
    float *shift, *factor, *fill; /* columns each, one block */
};

/* `scale`: factor is 1 / standard deviation (1 for a constant column), else 1. `centre`: shift is the mean, else 0.
 * Looks at the first `rows` rows; values missing there do not count. -1 when out of memory. */
int normaliser_fit(struct normaliser *n, const struct dataset *d, size_t rows, bool scale, bool centre);
void normaliser_free(struct normaliser *n);

void normaliser_apply(const struct normaliser *n, float *restrict out, const float *restrict row);

/* Mean and population standard deviation of v[0], v[stride], ... (count of them); NaN are left out. */
void normalise_moments(const float *v, size_t count, size_t stride, double *mean, double *deviation);

#endif
