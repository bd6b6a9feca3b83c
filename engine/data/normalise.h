/* Features to mean 0 and standard deviation 1, learned from the first rows of the training data, and missing values
 * filled with the mean.
 *
 *     out[j] = (x[j] - shift[j]) * factor[j],   fill[j] where x[j] is NaN
 *
 * Sparse rows are meant as the dense rows they stand for: an absent entry is 0 and counts as such. */
#ifndef DATA_NORMALISE_H
#define DATA_NORMALISE_H

#include <stdbool.h>

#include "engine/comm.h"
#include "engine/data/dataset.h"

struct normaliser {
    size_t columns;
    float *shift, *factor, *fill, *mean; /* columns each, one block */
};

/* `scale`: factor is 1 / standard deviation (1 for a constant column), else 1. `centre`: shift is the mean, else 0.
 * Looks at the first `rows` rows of each rank; values missing there do not count. An infinite value is refused. */
int normaliser_fit(struct normaliser *n, const struct dataset *d, size_t rows, bool scale, bool centre,
                   struct comm *comm, struct error *err);
void normaliser_free(struct normaliser *n);

void normaliser_apply(const struct normaliser *n, float *restrict out, const float *restrict row);

/* Mean and population standard deviation of v[0], v[stride], ... (count of them); NaN are left out. */
void normalise_moments(const float *v, size_t count, size_t stride, double *mean, double *deviation);

/* The same of the values of all ranks. */
int normalise_moments_all(const float *v, size_t count, struct comm *comm, double *mean, double *deviation,
                          struct error *err);

#endif
