#include "engine/algo/deepar/deepar_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/likelihood.h"

#define OBSERVATIONS 300 /* the service asks for so many in all training series together */

size_t deepar_plan_inputs(const struct deepar_plan *p)
{
    return p->lags + p->gaps + frequency_features(&p->frequency) + 1 + p->features;
}

size_t deepar_plan_outputs(const struct deepar_plan *p)
{
    return likelihood_outputs(p->likelihood);
}

/* --- settings -------------------------------------------------------------------------------------------------------
 */

static size_t whole(const struct settings *s, const char *name)
{
    return (size_t)settings_number(s, name);
}

int deepar_plan_settings(const struct settings *s, struct deepar_plan *p, struct error *err)
{
    *p = (struct deepar_plan){.context = whole(s, "context_length"),
                              .prediction = whole(s, "prediction_length"),
                              .likelihood = (enum likelihood)likelihood_kind_of(settings_get(s, "likelihood")),
                              .cells = whole(s, "num_cells"),
                              .layers = whole(s, "num_layers"),
                              .embedding = whole(s, "embedding_dimension"),
                              .zoneout = settings_number(s, "dropout_rate"),
                              .level_factor = 1};
    return frequency_read(settings_get(s, "time_freq"), &p->frequency, err);
}

/* Numbers of "[1, 2]" or "1, 2"; how many, or -1 where it is no such list. */
static int read_list(const char *text, double *values, int room)
{
    int count = 0;
    bool bracket = *(text += strspn(text, " ")) == '[';
    text += bracket;
    for (;; text++) {
        char *end;
        double value = strtod(text, &end);
        if (end == text || !isfinite(value) || count == room)
            return -1;
        values[count++] = value;
        text = end + strspn(end, " ");
        if (*text != ',')
            break;
    }
    if (bracket && *text++ != ']')
        return -1;
    return text[strspn(text, " ")] ? -1 : count;
}

int deepar_quantiles(const char *text, double quantiles[DEEPAR_QUANTILES], struct error *err)
{
    int count = read_list(text, quantiles, DEEPAR_QUANTILES);
    for (int i = 0; i < count; i++)
        if (!(quantiles[i] > 0 && quantiles[i] < 1))
            count = -1;
    return count > 0 ? count
                     : error_set(err, ERROR_INPUT, "test_quantiles", "write [0.1, 0.5, 0.9]",
                                 "test_quantiles = %.100s is no list of numbers between 0 and 1", text);
}

/* "auto", "ignore", "" or a list. */
static bool is_ignored(const char *text)
{
    return !*text || strcmp(text, "ignore") == 0;
}

static int list_cardinality(const char *text, struct deepar_plan *p, struct error *err)
{
    double values[SERIES_FEATURES_MAX];
    int count = read_list(text, values, SERIES_FEATURES_MAX);
    for (int i = 0; i < count; i++) {
        if (values[i] < 1 || values[i] > 1e6 || values[i] != floor(values[i]))
            count = -1;
        else
            p->cardinality[i] = (int32_t)values[i];
    }
    if (count <= 0)
        return error_set(err, ERROR_INPUT, "cardinality", "give auto, ignore, or a list as [3, 12]",
                         "cardinality = %.100s is no list of whole numbers from 1 to 1000000", text);
    p->categories = (size_t)count;
    return 0;
}

int deepar_plan_cardinality(const char *text, struct deepar_plan *p, struct error *err)
{
    return is_ignored(text) || strcmp(text, "auto") == 0 ? 0 : list_cardinality(text, p, err);
}

/* --- training data --------------------------------------------------------------------------------------------------
 */

static void largest_categories(const struct series_set *set, struct deepar_plan *p)
{
    p->categories = set->categories;
    for (size_t k = 0; k < set->categories; k++)
        for (size_t i = 0; i < set->count; i++)
            if (set->items[i].category[k] >= p->cardinality[k])
                p->cardinality[k] = set->items[i].category[k] + 1;
}

static int plan_categories(const struct settings *s, const struct series_set *set, struct deepar_plan *p,
                           struct error *err)
{
    const char *text = settings_get(s, "cardinality");
    if (is_ignored(text))
        return 0;
    if (strcmp(text, "auto") == 0) {
        largest_categories(set, p);
        for (size_t k = 0; k < p->categories; k++)
            if (p->cardinality[k] > 1000000)
                return error_set(err, ERROR_LIMIT, set->name, "number the categories from 0 without holes",
                                 "Category %d of feature %zu is above 999999", p->cardinality[k] - 1, k + 1);
        return 0;
    }
    if (list_cardinality(text, p, err) < 0)
        return -1;
    if (p->categories != set->categories)
        return error_set(err, ERROR_INPUT, "cardinality", "give one number for each feature in \"cat\", or auto",
                         "cardinality names %zu features, but the training series have %zu", p->categories,
                         set->categories);
    return 0;
}

static int plan_features(const struct settings *s, const struct series_set *set, struct deepar_plan *p,
                         struct error *err)
{
    const char *text = settings_get(s, "num_dynamic_feat");
    if (is_ignored(text))
        return 0;
    if (strcmp(text, "auto") != 0 && whole(s, "num_dynamic_feat") != set->features)
        return error_set(err, ERROR_INPUT, "num_dynamic_feat", "give the number of lists in \"dynamic_feat\", or auto",
                         "num_dynamic_feat = %s, but the training series have %zu", text, set->features);
    p->features = set->features;
    return 0;
}

/* Mean and deviation of each dynamic feature over all training steps. */
static void plan_normalise(const struct series_set *set, struct deepar_plan *p)
{
    for (size_t f = 0; f < p->features; f++) {
        double count = 0, mean = 0, squares = 0;
        for (size_t i = 0; i < set->count; i++) {
            const struct series *s = &set->items[i];
            for (size_t t = 0; t < s->length; t++) {
                double value = (double)s->feature[f * s->feature_length + t], away = value - mean;
                mean += away / ++count;
                squares += away * (value - mean);
            }
        }
        p->feature_mean[f] = (float)mean;
        p->feature_factor[f] = squares > 0 ? (float)sqrt(count / squares) : 1;
    }
}

/* Do at least half of the values have one so far before them? */
static bool reached(const struct series_set *set, size_t prediction, size_t lag)
{
    size_t values = 0, with = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t length = set->items[i].length;
        values += length >= prediction ? length : 0;
        with += length >= prediction && length > lag ? length - lag : 0;
    }
    return 2 * with >= values;
}

/* What length, gaps and levels of the usable series say. */
static void plan_shapes(const struct series_set *set, struct deepar_plan *p)
{
    int lags[FREQUENCY_LAGS];
    size_t all = frequency_lags(&p->frequency, lags);
    int64_t begin = INT64_MAX, end = INT64_MIN;
    double count = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct series *s = &set->items[i];
        double size = 0, known = 0, level, away;
        int64_t last;
        if (s->length < p->prediction)
            continue;
        last = frequency_time(&p->frequency, s->start, (int64_t)s->length);
        begin = s->start < begin ? s->start : begin;
        end = last > end ? last : end;
        for (size_t t = 0; t < s->length; t++)
            if (!isnan(s->target[t])) {
                size += fabs((double)s->target[t]);
                known++;
            }
        p->gaps |= known < (double)s->length;
        level = log(size > 0 ? size / known : 1);
        away = level - mean;
        mean += away / ++count;
        squares += away * (level - mean);
    }
    frequency_cover(&p->frequency, end - begin);
    for (size_t k = 0; k < all; k++)
        if (reached(set, p->prediction, (size_t)lags[k]))
            p->lag[p->lags++] = lags[k];
    p->level_mean = (float)mean;
    p->level_factor = squares > 1e-12 * count ? (float)sqrt(count / squares) : 1;
}

static size_t count_short(const struct series_set *set, size_t prediction)
{
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++)
        n += set->items[i].length < prediction;
    return n;
}

int deepar_plan_make(const struct settings *s, const struct series_set *train, struct event_sink *sink,
                     struct deepar_plan *p, struct error *err)
{
    size_t left_out;
    if (deepar_plan_settings(s, p, err) < 0 || plan_categories(s, train, p, err) < 0 ||
        plan_features(s, train, p, err) < 0 || deepar_plan_check(p, train, "train", 0, err) < 0)
        return -1;
    if (train->observations < OBSERVATIONS)
        return error_set(err, ERROR_INPUT, train->name, "give more series, or longer ones",
                         "The training series have %zu observations in all: DeepAR needs at least %d",
                         train->observations, OBSERVATIONS);
    left_out = count_short(train, p->prediction);
    if (left_out == train->count)
        return error_set(err, ERROR_INPUT, "prediction_length", "lower it, or give longer series",
                         "Every training series is shorter than prediction_length = %zu", p->prediction);
    if (left_out)
        event_log(sink, "%zu of %zu training series are shorter than prediction_length = %zu and left out", left_out,
                  train->count, p->prediction);
    plan_normalise(train, p);
    plan_shapes(train, p);
    return 0;
}

/* --- do series fit? -------------------------------------------------------------------------------------------------
 */

static int refuse(const struct series_set *set, const struct series *s, const char *channel, struct error *err,
                  const char *fix, const char *what)
{
    char where[200];
    snprintf(where, sizeof where, "%s: %.100s, series %zu", channel, set->name, s->line);
    return error_set(err, ERROR_INPUT, where, fix, "%s", what);
}

static int check_target(const struct deepar_plan *p, const struct series_set *set, const struct series *s,
                        const char *channel, struct error *err)
{
    size_t known = 0;
    char what[160];
    for (size_t i = 0; i < s->length; i++) {
        double y = (double)s->target[i];
        if (isnan(y))
            continue;
        known++;
        if (!likelihood_takes(p->likelihood, y)) {
            snprintf(what, sizeof what, "Value %zu is %.6g: the likelihood %s is for %s", i + 1, y,
                     likelihood_name(p->likelihood),
                     p->likelihood == LIKELIHOOD_BETA ? "values from 0 to 1" : "counts (0, 1, 2, ...)");
            return refuse(set, s, channel, err, "bring the values there, or set likelihood=student-T or gaussian",
                          what);
        }
    }
    if (!known)
        return refuse(set, s, channel, err, "leave the series out",
                      s->length ? "All values of the series are missing" : "The series has no values");
    return 0;
}

static int check_sides(const struct deepar_plan *p, const struct series_set *set, const struct series *s,
                       const char *channel, size_t future, struct error *err)
{
    char what[160];
    for (size_t k = 0; k < p->categories; k++)
        if (s->category[k] < 0 || s->category[k] >= p->cardinality[k]) {
            snprintf(what, sizeof what, "Category %d of feature %zu is not below its cardinality, %d", s->category[k],
                     k + 1, p->cardinality[k]);
            return refuse(set, s, channel, err, "number categories from 0, and give all of them in the training data",
                          what);
        }
    if (p->features && s->feature_length < s->length + future) {
        snprintf(what, sizeof what,
                 "dynamic_feat has %zu values for each feature, but %zu are needed: %zu of the target%s",
                 s->feature_length, s->length + future, s->length, future ? " and those of the forecast" : "");
        return refuse(set, s, channel, err, "give each feature's values up to the end of the forecast", what);
    }
    for (size_t i = 0; i < p->features * s->feature_length; i++)
        if (!isfinite(s->feature[i]))
            return refuse(set, s, channel, err, "fill it in", "A value of dynamic_feat is missing");
    return 0;
}

int deepar_plan_check(const struct deepar_plan *p, const struct series_set *set, const char *channel, size_t future,
                      struct error *err)
{
    if (set->count && p->categories && set->categories != p->categories)
        return error_set(err, ERROR_INPUT, set->name, "give \"cat\" as in the training data",
                         "The series of %s have %zu categories each, but the model was trained with %zu", channel,
                         set->categories, p->categories);
    if (set->count && p->features && set->features != p->features)
        return error_set(err, ERROR_INPUT, set->name, "give \"dynamic_feat\" as in the training data",
                         "The series of %s have %zu dynamic features each, but the model was trained with %zu", channel,
                         set->features, p->features);
    for (size_t i = 0; i < set->count; i++)
        if (check_target(p, set, &set->items[i], channel, err) < 0 ||
            check_sides(p, set, &set->items[i], channel, future, err) < 0)
            return -1;
    return 0;
}
