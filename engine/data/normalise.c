#include "engine/data/normalise.h"

#include <math.h>
#include <stdio.h>
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

int normalise_moments_all(const float *v, size_t count, struct comm *comm, double *mean, double *deviation,
                          struct error *err)
{
    double sums[2] = {0, 0}, squares = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(v[i])) {
            sums[0] += (double)v[i];
            sums[1]++;
        }
    if (comm_sum_double(comm, sums, 2, err) < 0)
        return -1;
    *mean = sums[1] > 0 ? sums[0] / sums[1] : 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(v[i]))
            squares += ((double)v[i] - *mean) * ((double)v[i] - *mean);
    if (comm_sum_double(comm, &squares, 1, err) < 0)
        return -1;
    *deviation = sums[1] > 0 ? sqrt(squares / sums[1]) : 0;
    return 0;
}

/* Of each column, while moments are taken: rows after each other, as they lie in memory. */
struct moments {
    double *mean, *present, *squares, *entries; /* entries: written out, NaN too; only of sparse rows */
};

static void add_values(struct moments *m, const struct dataset *d, size_t rows)
{
    for (size_t i = 0; d->x && i < rows; i++) {
        const float *row = d->x + i * d->columns;
        for (size_t j = 0; j < d->columns; j++) {
            bool there = row[j] == row[j];
            m->mean[j] += there ? (double)row[j] : 0;
            m->present[j] += there;
        }
    }
    for (size_t e = 0, end = d->x || !rows ? 0 : d->start[rows]; e < end; e++) {
        m->entries[d->index[e]]++;
        if (!isnan(d->value[e])) {
            m->mean[d->index[e]] += (double)d->value[e];
            m->present[d->index[e]]++;
        }
    }
    for (size_t j = 0; !d->x && j < d->columns; j++) /* what is absent is 0, and present */
        m->present[j] += (double)rows - m->entries[j];
}

static void add_squares(struct moments *m, const struct dataset *d, size_t rows)
{
    for (size_t i = 0; d->x && i < rows; i++) {
        const float *row = d->x + i * d->columns;
        for (size_t j = 0; j < d->columns; j++) {
            double from_mean = row[j] == row[j] ? (double)row[j] - m->mean[j] : 0;
            m->squares[j] += from_mean * from_mean;
        }
    }
    for (size_t e = 0, end = d->x || !rows ? 0 : d->start[rows]; e < end; e++) {
        double from_mean = isnan(d->value[e]) ? 0 : (double)d->value[e] - m->mean[d->index[e]];
        m->squares[d->index[e]] += from_mean * from_mean;
    }
    for (size_t j = 0; !d->x && j < d->columns; j++)
        m->squares[j] += ((double)rows - m->entries[j]) * m->mean[j] * m->mean[j];
}

static int take_moments(struct moments *m, const struct dataset *d, size_t rows, struct comm *comm, struct error *err)
{
    add_values(m, d, rows);
    if (comm_sum_double(comm, m->mean, 2 * d->columns, err) < 0) /* mean and present are neighbours */
        return -1;
    for (size_t j = 0; j < d->columns; j++)
        m->mean[j] = m->present[j] > 0 ? m->mean[j] / m->present[j] : 0;
    add_squares(m, d, rows);
    return comm_sum_double(comm, m->squares, d->columns, err);
}

static int settle(struct normaliser *n, const struct moments *m, const struct dataset *d, bool scale, bool centre,
                  struct error *err)
{
    for (size_t j = 0; j < n->columns; j++) {
        double deviation = m->present[j] > 0 ? sqrt(m->squares[j] / m->present[j]) : 0;
        char where[200];
        if (!isfinite(deviation)) {
            snprintf(where, sizeof where, "%s, feature %zu", d->name, j + 1);
            return error_set(err, ERROR_INPUT, where, "leave such values empty, or make them numbers",
                             "A feature has an infinite value, which no linear model can weigh");
        }
        n->shift[j] = centre ? (float)m->mean[j] : 0;
        n->factor[j] = scale && deviation > 0 ? (float)(1 / deviation) : 1;
        n->mean[j] = (float)m->mean[j];
        n->fill[j] = centre ? 0 : (float)m->mean[j] * n->factor[j];
    }
    return 0;
}

int normaliser_fit(struct normaliser *n, const struct dataset *d, size_t rows, bool scale, bool centre,
                   struct comm *comm, struct error *err)
{
    size_t columns = d->columns, room = columns ? columns : 1;
    float *block = malloc(room * 4 * sizeof *block);
    double *sums = calloc(room * 4, sizeof *sums);
    int status = -1;
    *n = (struct normaliser){.shift = block}; /* what normaliser_free gives back */
    if (block && sums) {
        struct moments m = {sums, sums + columns, sums + 2 * columns, sums + 3 * columns};
        *n = (struct normaliser){columns, block, block + columns, block + 2 * columns, block + 3 * columns};
        status = take_moments(&m, d, rows < d->rows ? rows : d->rows, comm, err);
        if (status == 0)
            status = settle(n, &m, d, scale, centre, err);
    } else {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory to normalise the data");
    }
    free(sums);
    return status;
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
