#include "engine/algo/deepar/deepar_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/algo/deepar/deepar_score.h"
#include "engine/base/clock.h"

#define SAMPLES 100
#define APART 0.25   /* seconds between pictures */
#define HISTORY 240u /* values shown before the forecast at most */
#define LEVELS 3

static const double levels[LEVELS] = {0.1, 0.5, 0.9};
static const char *const level_names[LEVELS] = {"0.1", "0.5", "0.9"};

void deepar_look_choose(struct deepar_look *l, const struct deepar_plan *p, const struct histories *train,
                        const struct histories *test)
{
    const struct histories *from = test->count ? test : train;
    size_t usable = 0, taken = 0;
    l->count = 0;
    l->truth = test->count > 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct series *s = from->items[i].series;
        usable += s->length > p->prediction;
        if (!test->count && p->features && s->feature_length < s->length + p->prediction)
            l->truth = true; /* nobody knows the features behind the end */
    }
    for (size_t i = 0; i < from->count; i++) {
        const struct series *s = from->items[i].series;
        if (s->length <= p->prediction)
            continue;
        if (l->count < DEEPAR_SHOWN && taken * (usable < DEEPAR_SHOWN ? usable : DEEPAR_SHOWN) >= l->count * usable)
            l->windows[l->count++] = (struct window){&from->items[i], s->length - (l->truth ? p->prediction : 0)};
        taken++;
    }
}

/* "2024-01-31 00:00:00" */
static void write_time(struct json *j, const char *key, int64_t time)
{
    struct moment m = moment_of(time);
    char text[64];
    snprintf(text, sizeof text, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)m.year, m.month, m.day, m.hour, m.minute,
             m.second);
    json_string(j, key, text);
}

static void write_values(struct json *j, const char *key, const float *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_float(j, NULL, (double)values[i]);
    json_end(j);
}

/* What the samples say: mean and bands, and how good they are where the truth is known. */
static void write_bands(struct json *j, const struct deepar_plan *p, const struct window *w, bool truth,
                        const float *paths, float *room)
{
    float *sorted = room, *mean = room + SAMPLES, *band = mean + p->prediction;
    struct deepar_score score = {.levels = LEVELS};
    double inside = 0;
    for (int i = 0; i < LEVELS; i++)
        score.level[i] = levels[i];
    for (size_t step = 0; step < p->prediction; step++) {
        double y = truth ? (double)w->history->series->target[w->at + step] : NAN;
        deepar_sort_step(paths, SAMPLES, p->prediction, step, sorted);
        mean[step] = (float)deepar_mean(sorted, SAMPLES);
        for (int i = 0; i < LEVELS; i++)
            band[(size_t)i * p->prediction + step] = (float)deepar_quantile(sorted, SAMPLES, levels[i]);
        if (isnan(y))
            continue;
        deepar_score_step(&score, y, sorted, SAMPLES);
        inside += y >= (double)band[step] && y <= (double)band[(LEVELS - 1) * p->prediction + step];
    }
    write_values(j, "mean", mean, p->prediction);
    json_object(j, "quantiles");
    for (size_t i = 0; i < LEVELS; i++)
        write_values(j, level_names[i], band + i * p->prediction, p->prediction);
    json_end(j);
    json_float(j, "wql", score.values > 0 ? deepar_score_mean_loss(&score) : NAN);
    json_float(j, "inside", score.values > 0 ? inside / score.values : NAN);
}

/* Categories, and the dynamic features of `n` steps from `first`. */
static void write_sides(struct json *j, const struct deepar_plan *p, const struct series *s, size_t first, size_t n)
{
    if (p->categories) {
        json_array(j, "cat");
        for (size_t i = 0; i < p->categories; i++)
            json_integer(j, NULL, s->category[i]);
        json_end(j);
    }
    if (p->features)
        write_values(j, "feature", s->feature + first, n);
    if (p->features > 1) {
        json_array(j, "features");
        for (size_t f = 0; f < p->features; f++)
            write_values(j, NULL, s->feature + f * s->feature_length + first, n);
        json_end(j);
    }
}

static void write_series(struct json *j, const struct deepar_plan *p, const struct window *w, bool truth,
                         const float *paths, float *room)
{
    const struct series *s = w->history->series;
    size_t wanted = p->context > 3 * p->prediction ? p->context : 3 * p->prediction, shown;
    char name[64];
    wanted = wanted < HISTORY ? wanted : HISTORY;
    shown = w->at < wanted ? w->at : wanted;
    snprintf(name, sizeof name, "series %zu", s->line);
    json_object(j, NULL);
    json_string(j, "name", s->item ? s->item : name);
    write_time(j, "start", frequency_time(&p->frequency, s->start, (int64_t)(w->at - shown)));
    write_values(j, "history", s->target + w->at - shown, shown);
    if (truth)
        write_values(j, "truth", s->target + w->at, p->prediction);
    else
        json_null(j, "truth");
    write_bands(j, p, w, truth, paths, room);
    write_sides(j, p, s, w->at - shown, shown + p->prediction);
    json_end(j);
}

static void write_picture(const struct deepar_look *l, const struct deepar_net *n, struct event_sink *sink, int epoch,
                          long step, const float *paths, float *room)
{
    struct event e;
    char freq[16];
    const struct frequency *f = &n->plan.frequency;
    if (f->multiple > 1)
        snprintf(freq, sizeof freq, "%d%s", f->multiple, frequency_name(f));
    else
        snprintf(freq, sizeof freq, "%s", frequency_name(f));
    event_begin(&e, sink, "picture");
    json_string(&e.json, "kind", "forecast");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_string(&e.json, "freq", freq);
    json_array(&e.json, "levels");
    for (int i = 0; i < LEVELS; i++)
        json_string(&e.json, NULL, level_names[i]);
    json_end(&e.json);
    json_array(&e.json, "series");
    for (size_t i = 0; i < l->count; i++)
        write_series(&e.json, &n->plan, &l->windows[i], l->truth, paths + i * SAMPLES * n->plan.prediction, room);
    json_end(&e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(sink));
    event_send(&e);
}

int deepar_look_send(struct deepar_look *l, const struct deepar_net *n, struct tape *t, struct event_sink *sink,
                     uint64_t seed, int epoch, long step, bool end, struct error *err)
{
    size_t prediction = n->plan.prediction, paths = l->count * SAMPLES * prediction;
    double now = clock_seconds();
    float *room;
    int status;
    if (!l->count || (!end && now - l->sent < APART))
        return 0;
    room = malloc((paths + SAMPLES + (1 + LEVELS) * prediction) * sizeof *room);
    if (!room)
        return error_set(err, ERROR_SYSTEM, NULL, "lower prediction_length", "There is not enough memory for pictures");
    status = deepar_forecast(n, t, l->windows, l->count, 0, SAMPLES, seed, room, err);
    if (status == 0)
        write_picture(l, n, sink, epoch, step, room, room + paths);
    free(room);
    l->sent = now;
    return status;
}
