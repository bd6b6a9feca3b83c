/* Windows of series as numbers for the network.
 *
 * A window forecasts `prediction` values from index `at` on, after `context` values before it; where the series is
 * younger than that, the steps before its start are zeros and do not count. A gap is filled with the value before it
 * (zeros at the start), so that inputs are numbers; it does not count in the loss. */
#ifndef DEEPAR_WINDOW_H
#define DEEPAR_WINDOW_H

#include "engine/algo/deepar/deepar_plan.h"
#include "engine/base/pool.h"
#include "engine/base/rng.h"

/* A series with its gaps filled. */
struct history {
    const struct series *series;
    const float *value; /* series->length of them */
    float *own;         /* NULL: the series has no gaps, value is its target */
};

/* The index of the value `lag` steps before index `at`; before the start of the series, that of the same place of its
 * first season, so that what training windows see looks like what forecasts see; -1 where there is none. */
static inline int64_t history_place(int64_t at, int64_t lag, int64_t season)
{
    int64_t from = at - lag;
    if (from < 0)
        from = (from % season + season) % season;
    return from < at ? from : -1;
}

struct histories {
    struct history *items;
    size_t count;
};
int histories_open(struct histories *h, const struct series_set *set, struct error *err);
void histories_close(struct histories *h); /* {0} is fine */

struct window {
    const struct history *history;
    size_t at;
};

/* A window's own units: `size` is the mean size of what its context knows, `middle` the mean, in that size (1 where all
 * is positive). Inputs are value / size - middle. */
struct window_units {
    float size, middle;
};
struct window_units window_units(const struct deepar_plan *p, const struct window *w);

/* Draws training windows: a series with a chance that grows with the square root of its mean size, since
 * large series matter more to the weighted losses and small ones must not be forgotten; then any place that has a whole
 * context before it (or as much as the series can give). Series shorter than the prediction length are never drawn. */
struct sampler {
    const struct deepar_plan *plan;
    const struct histories *histories;
    double *chance; /* summed up to and with each series */
    size_t usable;  /* series long enough */
    size_t values;  /* of them */
    struct rng rng;
};
int sampler_open(struct sampler *s, const struct deepar_plan *p, const struct histories *h, uint64_t seed,
                 struct error *err);
void sampler_close(struct sampler *s); /* {0} is fine */
struct window sampler_draw(struct sampler *s);

/* The numbers of several windows, time-major. */
struct deepar_batch {
    size_t steps, rows, inputs;
    float *x;          /* steps x rows x inputs */
    float *y, *weight; /* steps x rows; a weight is 0 or 1 */
    float *scale;      /* rows: size of the window's units */
    float *middle;     /* rows */
    float *scales;     /* steps x rows: the same at each step */
    float *level;      /* rows x 2: log scale in the plan's units, and the middle */
    int32_t *category; /* plan's categories x rows */
};
int deepar_batch_open(struct deepar_batch *b, const struct deepar_plan *p, size_t steps, size_t rows,
                      struct error *err);
void deepar_batch_close(struct deepar_batch *b); /* {0} is fine */
/* The first b->steps steps of these windows, `rows` of them (at most what it was opened for). Values from `at` on are
 * read when steps go beyond the context. Returns how many steps count. */
size_t deepar_batch_fill(struct deepar_batch *b, const struct deepar_plan *p, const struct window *windows, size_t rows,
                         struct pool *pool);

/* Inputs of one step that do not depend on values: calendar, age and dynamic features, `steps` from index `first`.
 * `out` points at the first of them in an input row. */
void window_calendar(const struct deepar_plan *p, const struct series *s, int64_t first, size_t steps, float *out,
                     size_t stride);

#endif
