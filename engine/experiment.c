#include "engine/experiment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/generate.h"
#include "engine/experiment_say.h"
#include "engine/job.h"
#include "engine/measure.h"

/* --- training one arm ------------------------------------------------------------------------- */

/* Of what the learner says in a measured run the experiment shows the curves: the training loss, what tuning chooses
 * by, and the measure. */
static bool is_curve(const struct run *r, const char *line, size_t len)
{
    const char *const names[] = {"train:objective_loss", r->plan->choose.metric, r->plan->measure.metric};
    static const char metric[] = "{\"event\":\"metric\"", key[] = "\"name\":\"";
    const char *name = memmem(line, len, key, sizeof key - 1);
    if (len < sizeof metric || memcmp(line, metric, sizeof metric - 1) != 0 || !name)
        return false;
    name += sizeof key - 1;
    for (int i = 0; i < 3; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len < (size_t)(line + len - name) && !memcmp(name, names[i], name_len) && name[name_len] == '"')
            return true;
    }
    return false;
}

static bool pass_curves(void *context, const char *line, size_t len)
{
    struct run *r = context;
    if (r->sink->stopped || !is_curve(r, line, len))
        return !r->sink->stopped;
    if (!r->sink->write(r->sink->context, line, len))
        r->sink->stopped = true;
    return !r->sink->stopped;
}

static bool stopping(struct run *r)
{
    if (r->inner.stopped)
        r->sink->stopped = true;
    return event_stopping(r->sink);
}

/* Trains with the arm's settings and the i-th value of its grid. Same seed for every arm: same data, same initial
 * weights, same order of batches. `resolved` must live as long as `t`. A run that is `measured` sees the test part. */
static int train(struct run *r, const struct plan_arm *arm, int i, bool measured, struct settings *resolved,
                 struct training *t, struct error *err)
{
    struct settings given = arm->settings;
    if (arm->tuned && settings_set(&given, arm->tuned, arm->values[i], err) < 0)
        return -1;
    if (algorithm_resolve(r->plan->algorithm, &given, resolved, err) < 0)
        return -1;
    r->inner.stop = r->sink->stop;
    r->inner.started = r->sink->started;
    r->inner.context = r;
    t->settings = resolved;
    training_data(t, &r->parts, measured);
    t->seed = r->seed;
    t->threads = 1;
    t->sink = &r->inner;
    return job_train(r->plan->algorithm, t, err);
}

/* The index of the value that is best on validation; a run that diverged is worse than any other. */
static int tune(struct run *r, const struct plan_arm *arm, int *best, struct error *err)
{
    const struct plan_metric *choose = &r->plan->choose;
    double best_value = NAN;
    *best = 0;
    if (!arm->tuned)
        return 0;
    for (int i = 0; i < arm->value_count && !stopping(r); i++) {
        struct training t = {0};
        struct settings resolved;
        double value;
        r->inner = (struct event_sink){.write = event_drop};
        if (train(r, arm, i, false, &resolved, &t, err) < 0)
            return -1;
        value = training_metric_value(&t, choose->metric);
        if (!isfinite(value) ||
            !(isnan(best_value) || (choose->larger_is_better ? value > best_value : value < best_value)))
            continue;
        best_value = value;
        *best = i;
    }
    if (stopping(r))
        return 0;
    if (isnan(best_value))
        event_log(r->sink, "seed %llu: %s diverges with each of its %d values of %s", (unsigned long long)r->seed,
                  arm->name, arm->value_count, arm->tuned);
    else
        event_log(r->sink, "seed %llu: %s is tuned over %d values of %s: %s is best on validation (%s %.4g)",
                  (unsigned long long)r->seed, arm->name, arm->value_count, arm->tuned, arm->values[*best],
                  choose->metric, best_value);
    return 0;
}

/* The run that counts: its curves are shown, and it is measured on the test part. */
static int measure(struct run *r, const struct plan_arm *arm, int chosen, struct arm_result *result, struct error *err)
{
    struct training t = {.pace = r->pace};
    struct contour contour = {0};
    struct settings resolved;
    double chosen_by;
    int status;
    bool draw = r->plan->contour && r->count == 0;
    r->inner = (struct event_sink){.write = pass_curves, .arm = arm->name, .seed = (long long)r->seed};
    if (draw && contour_begin(&contour, &r->parts.table[PART_TRAIN]) < 0)
        return error_set(err, ERROR_SYSTEM, "contour", "use less data", "There is not enough memory for the contour");
    if (draw) {
        t.trace = contour_trace;
        t.trace_context = &contour;
    }
    status = train(r, arm, chosen, true, &resolved, &t, err);
    if (status == 0 && !stopping(r)) {
        result->chosen = arm->tuned ? arm->values[chosen] : NULL;
        result->value = training_metric_value(&t, r->plan->measure.metric);
        chosen_by = training_metric_value(&t, r->plan->choose.metric);
        result->diverged = !isfinite(result->value) || !isfinite(chosen_by);
        if (result->diverged)
            result->value = measure_constant_guess(measure_find(r->plan->measure.metric), &r->parts);
        if (draw)
            experiment_say_contour(r, arm, &contour);
    }
    contour_free(&contour);
    return status;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int check(const struct plan *p, struct error *err)
{
    struct settings resolved;
    if (!measure_find(p->measure.metric))
        return error_set(err, ERROR_INPUT, "measure",
                         "use test:binary_classification_accuracy, macro_recall, mse, rmse, logloss, recall, error, "
                         "auc, accuracy or "
                         "mean_wQuantileLoss",
                         "An experiment cannot compare %.100s: it would not know how to score a run that diverged",
                         p->measure.metric);
    for (int i = 0; i < 2 && p->contour; i++) {
        const char *refusal;
        if (algorithm_resolve(p->algorithm, &p->arms[i].settings, &resolved, err) < 0)
            return -1;
        refusal = contour_refusal(&resolved);
        if (refusal)
            return error_set(err, ERROR_INPUT, "pictures", "leave contour out", "%s", refusal);
    }
    return 0;
}

/* One seed: data, both arms tuned and measured. Stopped on the way: the pair is not counted. */
static int run_pair(struct run *r, struct error *err)
{
    struct pair *pair = &r->pairs[r->count];
    int status = generate_parts(r->plan->data, r->seed, &r->parts, err);
    *pair = (struct pair){.seed = r->seed};
    if (status == 0 && r->plan->contour && r->parts.table[PART_TRAIN].columns < 2)
        status = error_set(err, ERROR_INPUT, "pictures", "leave contour out", "A contour needs data with two features");
    for (int i = 0; i < 2 && status == 0 && !stopping(r); i++) {
        int best = 0;
        status = tune(r, &r->plan->arms[i], &best, err);
        if (status == 0 && !stopping(r))
            status = measure(r, &r->plan->arms[i], best, &pair->arms[i], err);
    }
    parts_free(&r->parts);
    r->parts = (struct parts){0};
    if (status < 0 || stopping(r))
        return status;
    for (int i = 0; i < 2; i++)
        if (pair->arms[i].diverged)
            event_log(r->sink, "seed %llu: %s diverged and is scored as the constant guess",
                      (unsigned long long)r->seed, r->plan->arms[i].name);
    r->differences[r->count++] = pair->arms[1].value - pair->arms[0].value;
    return 0;
}

static int run_seeds(struct run *r, struct error *err)
{
    enum stats_decision decision = STATS_MORE;
    while (decision == STATS_MORE) {
        if (run_pair(r, err) < 0)
            return -1;
        if (stopping(r))
            return 0;
        decision = stats_decide(&r->plan->rule, r->differences, r->count, &r->interval);
        experiment_say_pairs(r);
        r->seed++;
    }
    experiment_say_verdict(r, decision);
    return 0;
}

int experiment_run(const char *id_or_file, bool flip, uint64_t seed, double pace, struct event_sink *sink,
                   struct error *err)
{
    struct plan plan;
    struct run r = {.plan = &plan, .asked = id_or_file, .sink = sink, .seed = seed};
    int status = -1;
    if (plan_read(&plan, id_or_file, flip, err) < 0)
        return -1;
    r.pace = pace > 0 ? pace : plan.pace;
    r.pairs = calloc(plan.rule.cap, sizeof *r.pairs);
    r.differences = calloc(plan.rule.cap, sizeof *r.differences);
    if (!r.pairs || !r.differences) {
        error_set(err, ERROR_SYSTEM, plan.id, NULL, "There is not enough memory for the results");
    } else if (check(&plan, err) == 0) {
        experiment_say_start(&r);
        status = run_seeds(&r, err);
        if (status == 0)
            experiment_say_end(&r);
    }
    free(r.pairs);
    free(r.differences);
    plan_free(&plan);
    return status;
}
