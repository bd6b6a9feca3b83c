#include "engine/algo/deepar/deepar_score.h"

#include <math.h>
#include <stdlib.h>

#define SERIES_AT_ONCE 32

void deepar_score_step(struct deepar_score *s, double truth, const float *sorted, size_t samples)
{
    double away = deepar_mean(sorted, samples) - truth;
    for (int i = 0; i < s->levels; i++) {
        double short_of = truth - deepar_quantile(sorted, samples, s->level[i]);
        s->loss[i] += 2 * (short_of > 0 ? s->level[i] * short_of : (s->level[i] - 1) * short_of);
    }
    s->size += fabs(truth);
    s->square += away * away;
    s->values++;
}

double deepar_score_loss(const struct deepar_score *s, int level)
{
    return s->size > 0 ? s->loss[level] / s->size : NAN;
}

double deepar_score_mean_loss(const struct deepar_score *s)
{
    double sum = 0;
    for (int i = 0; i < s->levels; i++)
        sum += deepar_score_loss(s, i);
    return sum / s->levels;
}

double deepar_score_rmse(const struct deepar_score *s)
{
    return s->values > 0 ? sqrt(s->square / s->values) : NAN;
}

/* The value a season ago, or as many seasons as lead back before the forecast. */
static double season_ago(const struct deepar_plan *p, const struct window *w, size_t step)
{
    size_t season = frequency_season(&p->frequency), back = (step / season + 1) * season, at = w->at + step;
    return at >= back ? (double)w->history->value[at - back] : (double)w->history->value[w->at - 1];
}

static void score_window(struct deepar_score *s, const struct deepar_plan *p, const struct window *w,
                         const float *paths, size_t samples, float *sorted)
{
    for (size_t step = 0; step < p->prediction; step++) {
        double truth = (double)w->history->series->target[w->at + step];
        if (isnan(truth))
            continue;
        deepar_sort_step(paths, samples, p->prediction, step, sorted);
        deepar_score_step(s, truth, sorted, samples);
        s->naive += fabs(truth - season_ago(p, w, step));
    }
}

static int sum_ranks(struct deepar_score *s, struct comm *comm, struct error *err)
{
    double sums[DEEPAR_QUANTILES + 4] = {s->size, s->square, s->values, s->naive};
    for (int i = 0; i < s->levels; i++)
        sums[4 + i] = s->loss[i];
    if (comm_ranks(comm) > 1 && comm_sum_double(comm, sums, 4 + (size_t)s->levels, err) < 0)
        return -1;
    s->size = sums[0];
    s->square = sums[1];
    s->values = sums[2];
    s->naive = sums[3];
    for (int i = 0; i < s->levels; i++)
        s->loss[i] = sums[4 + i];
    return 0;
}

int deepar_score_series(struct deepar_score *s, const struct deepar_net *n, struct tape *t, const struct histories *h,
                        size_t samples, uint64_t seed, struct comm *comm, struct error *err)
{
    const struct deepar_plan *p = &n->plan;
    size_t end, i = pool_share(h->count, comm_rank(comm), comm_ranks(comm), &end), paths = samples * p->prediction;
    float *path = malloc((SERIES_AT_ONCE * paths + samples) * sizeof *path), *sorted = path + SERIES_AT_ONCE * paths;
    int status = path ? 0 : error_set(err, ERROR_SYSTEM, NULL, "lower num_eval_samples", "There is not enough memory");
    while (status == 0 && i < end) {
        struct window windows[SERIES_AT_ONCE];
        size_t count = 0, first = i;
        for (; i < end && count < SERIES_AT_ONCE; i++)
            if (h->items[i].series->length > p->prediction)
                windows[count++] = (struct window){&h->items[i], h->items[i].series->length - p->prediction};
        status = deepar_forecast(n, t, windows, count, first, samples, seed, path, err);
        for (size_t k = 0; status == 0 && k < count; k++)
            score_window(s, p, &windows[k], path + k * paths, samples, sorted);
    }
    free(path);
    return status < 0 ? -1 : sum_ranks(s, comm, err);
}

size_t deepar_score_short(const struct deepar_plan *p, const struct series_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++)
        n += set->items[i].length <= p->prediction;
    return n;
}
