/* season_family: daily series that share a few seasonal shapes. Each has a level of its own (log-normal), a slow random
 * walk, noise, and, where asked for, promotions that lift the value and are told by a dynamic feature, and gaps.
 *
 * Which place of its shape a day is depends on the calendar alone. A series is drawn from a stream of its own: the
 * first ten of forty series are those of a family of ten. Training ends after `length` values; validation adds
 * `horizon` values, test as many again. The category is the shape. */
#include "engine/data/made.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/generate_rows.h"
#include "engine/data/parts.h"

enum { N, LENGTH, HORIZON, PERIOD, SHAPES, DRIFT, PROMO, LIFT, GAPS, NOISE, COUNTS, PARAMETERS };
enum { STREAM_SHAPES = 0x73656173, STREAM_SERIES = 0x10000000 };

#define DAY 86400
#define PERIOD_MAX 400
#define SHAPES_MAX 12

struct family {
    const double *values;
    uint64_t seed;
    double shape[SHAPES_MAX][PERIOD_MAX]; /* mean 1 */
};

/* Uniform draws, smoothed where the season is long, brought to mean 1. */
static void plant_shape(double *shape, size_t period, struct rng *r)
{
    double raw[PERIOD_MAX], mean = 0;
    size_t reach = period / 8;
    for (size_t i = 0; i < period; i++)
        raw[i] = rng_uniform(r);
    for (size_t i = 0; i < period; i++) {
        double sum = 0;
        for (size_t k = 0; k <= 2 * reach; k++)
            sum += raw[(i + period + k - reach) % period];
        shape[i] = 0.2 + sum / (double)(2 * reach + 1);
        mean += shape[i] / (double)period;
    }
    for (size_t i = 0; i < period; i++)
        shape[i] /= mean;
}

/* One series, as long as the test part wants it; *first is the first day, counted from 2024-01-01. */
static void draw(const struct family *f, size_t i, size_t length, float *target, float *promotion, size_t *first)
{
    const double *v = f->values;
    const double *shape = f->shape[i % (size_t)v[SHAPES]];
    double level, walk = 0;
    struct rng r;
    rng_init(&r, f->seed, STREAM_SERIES + i);
    level = 100 * plain_exp(rng_normal(&r));
    *first = (size_t)rng_below(&r, 364);
    for (size_t t = 0; t < length; t++) {
        double noise = v[NOISE] * rng_normal(&r), value;
        bool promoted = rng_uniform(&r) < v[PROMO], missing = rng_uniform(&r) < v[GAPS];
        walk += v[DRIFT] * rng_normal(&r);
        walk = walk < -0.6 ? -0.6 : walk > 2 ? 2 : walk;
        value = shape[(*first + t) % (size_t)v[PERIOD]] * (1 + walk) * (promoted ? 1 + v[LIFT] : 1) + noise;
        value = value > 0 ? value * level : 0;
        promotion[t] = promoted;
        target[t] = missing ? NAN : v[COUNTS] != 0 ? (float)floor(value + 0.5) : (float)value;
    }
}

static int append(const struct family *f, struct series_set *set, size_t i, size_t length, size_t first,
                  const float *target, const float *promotion)
{
    char name[32];
    struct series *s = series_append(set, length, length);
    if (!s)
        return -1;
    s->start = moment_seconds(2024, 1, 1, 0, 0, 0) + (int64_t)first * DAY;
    s->line = i + 1;
    for (size_t t = 0; t < length; t++) {
        s->target[t] = target[t];
        set->observations += isnan(target[t]) ? 0 : 1;
        if (set->features)
            s->feature[t] = promotion[t];
    }
    if (set->categories)
        s->category[0] = (int32_t)(i % (size_t)f->values[SHAPES]);
    snprintf(name, sizeof name, "series %zu", i + 1);
    s->item = strdup(name);
    return s->item ? 0 : -1;
}

static int fill(const struct family *f, struct parts *parts, float *target, float *promotion)
{
    size_t length = (size_t)f->values[LENGTH], horizon = (size_t)f->values[HORIZON], first;
    for (size_t i = 0; i < (size_t)f->values[N]; i++) {
        draw(f, i, length + 2 * horizon, target, promotion, &first);
        for (int part = 0; part < PARTS; part++)
            if (append(f, &parts->series[part], i, length + (size_t)part * horizon, first, target, promotion) < 0)
                return -1;
    }
    return 0;
}

static int check(const double *values, size_t length, struct error *err)
{
    if (values[N] * (double)length <= GENERATE_VALUES_MAX)
        return 0;
    return error_set(err, ERROR_LIMIT, "season_family", "lower n or length",
                     "%.0f series of %zu values are above %d values", values[N], length, GENERATE_VALUES_MAX);
}

static int make(const double *values, uint64_t seed, struct parts *parts, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    size_t length = (size_t)values[LENGTH] + 2 * (size_t)values[HORIZON];
    struct family *f;
    float *numbers;
    struct rng r;
    int status;
    if (check(values, length, err) < 0)
        return -1;
    f = malloc(sizeof *f);
    numbers = calloc(2 * length, sizeof *numbers);
    status = f && numbers ? 0 : -1;
    if (status == 0) {
        f->values = values;
        f->seed = seed;
        rng_init(&r, seed, STREAM_SHAPES);
        for (size_t k = 0; k < (size_t)values[SHAPES]; k++)
            plant_shape(f->shape[k], (size_t)values[PERIOD], &r);
        for (int part = 0; part < PARTS; part++) {
            struct series_set *set = &parts->series[part];
            snprintf(set->name, sizeof set->name, "season_family (%s)", names[part]);
            set->categories = values[SHAPES] > 1;
            set->features = values[PROMO] > 0;
        }
        status = fill(f, parts, numbers, numbers + length);
    }
    free(f);
    free(numbers);
    return status == 0 ? 0
                       : error_set(err, ERROR_SYSTEM, "season_family", "lower n or length",
                                   "There is not enough memory for the series");
}

const struct made made_season_family = {
    .about = {.name = "season_family",
              .title = "Seasons in a family",
              .help =
                  "daily series that share a few seasonal shapes, each with a level of its own; the last values are "
                  "held out",
              .task = "forecast",
              .parameters = {[N] = {"n", 30, 1, 5000, true, "series"},
                             [LENGTH] = {"length", 140, 10, 5000, true, "training values of each"},
                             [HORIZON] = {"horizon", 14, 1, 400, true, "values that validation adds, and test again"},
                             [PERIOD] = {"period", 7, 1, PERIOD_MAX, true, "days until a shape repeats"},
                             [SHAPES] = {"shapes", 2, 1, SHAPES_MAX, true, "different seasonal shapes; the category"},
                             [DRIFT] = {"drift", 0.02, 0, 0.5, false, "step of the random walk, share of the level"},
                             [PROMO] = {"promo", 0, 0, 1, false, "share of days with a promotion; above 0: a feature"},
                             [LIFT] = {"lift", 1, -1, 10, false, "what a promotion adds, share of the value"},
                             [GAPS] = {"gaps", 0, 0, 0.9, false, "share of values that are missing"},
                             [NOISE] = {"noise", 0.1, 0, 2, false, "deviation of the noise, share of the level"},
                             [COUNTS] = {"counts", 0, 0, 1, true, "1: values are whole numbers"}}},
    .kind = DATA_SERIES,
    .make = make,
};
