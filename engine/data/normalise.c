#include "engine/data/normalise.h"

#include <math.h>
#include <stdlib.h>

/* Two passes: the textbook's one-pass formula loses all digits where the mean is large. */
void normalise_moments(const float *v, size_t count, size_t stride, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    size_t present = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(v[i * stride])) {
            sum += (double)v[i * stride];
            present++;
        }
    *mean = present ? sum / (double)present : 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(v[i * stride])) {
            double from_mean = (double)v[i * stride] - *mean;
            squares += from_mean * from_mean;
        }
    *deviation = present ? sqrt(squares / (double)present) : 0;
}

int normaliser_fit(struct normaliser *n, const struct dataset *d, size_t rows, bool scale, bool centre)
{
    size_t columns = d->columns;
    float *block = malloc((columns ? columns : 1) * 3 * sizeof *block);
    *n = (struct normaliser){columns, block, block ? block + columns : NULL, block ? block + 2 * columns : NULL};
    if (!block)
        return -1;
    if (rows > d->rows)
        rows = d->rows;
    for (size_t j = 0; j < columns; j++) {
        double mean, deviation;
        normalise_moments(d->x + j, rows, columns, &mean, &deviation);
        n->shift[j] = centre ? (float)mean : 0;
        n->factor[j] = scale && deviation > 0 ? (float)(1 / deviation) : 1;
        n->fill[j] = centre ? 0 : (float)mean * n->factor[j];
    }
    return 0;
}

void normaliser_free(struct normaliser *n)
{
    free(n->shift);
    *n = (struct normaliser){0};
}

/* Without branches and aliases, so that it runs on vectors. */
void normaliser_apply(const struct normaliser *n, float *restrict out, const float *restrict row)
{
    const float *restrict shift = n->shift, *restrict factor = n->factor, *restrict fill = n->fill;
    size_t columns = n->columns;
    for (size_t j = 0; j < columns; j++) {
        float value = (row[j] - shift[j]) * factor[j], mean = fill[j];
        out[j] = value == value ? value : mean;
    }
}
