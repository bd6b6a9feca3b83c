#include "engine/algo/seq2seq/course.h"

#include <math.h>

#include "engine/nn/schedule.h"

void course_begin(struct course *c, const struct settings *s)
{
    double updates = settings_number(s, "max_num_batches"), epochs = settings_number(s, "max_num_epochs");
    *c = (struct course){.kind = settings_is(s, "lr_scheduler_type", "plateau_reduce")     ? COURSE_PLATEAU
                                 : settings_is(s, "lr_scheduler_type", "fixed_rate_inv_t") ? COURSE_INVERSE
                                                                                           : COURSE_INVERSE_ROOT,
                         .larger_is_better = !settings_is(s, "optimized_metric", "perplexity"),
                         .rate = settings_number(s, "learning_rate"),
                         .factor = settings_number(s, "plateau_reduce_lr_factor"),
                         .half_life = settings_number(s, "fixed_rate_lr_half_life"),
                         .interval = settings_number(s, "checkpoint_frequency_num_batches"),
                         .plateau = settings_number(s, "plateau_reduce_lr_threshold"),
                         .patience = settings_number(s, "checkpoint_threshold"),
                         .least_epochs = settings_number(s, "min_num_epochs"),
                         .most_epochs = isnan(epochs) ? INFINITY : epochs,
                         .most_updates = updates < 0 ? INFINITY : updates};
    c->best = c->larger_is_better ? -INFINITY : INFINITY;
}

double course_rate(const struct course *c, long updates_done)
{
    double t = (double)updates_done / c->interval;
    switch (c->kind) {
    case COURSE_INVERSE:
        return schedule_inverse_time(c->rate, t, c->half_life);
    case COURSE_INVERSE_ROOT:
        return schedule_inverse_root(c->rate, t, c->half_life);
    default:
        return c->rate;
    }
}

bool course_due(const struct course *c, long updates_done)
{
    return fmod((double)updates_done, c->interval) == 0;
}

bool course_checkpoint(struct course *c, double value, long update)
{
    bool better = c->larger_is_better ? value > c->best : value < c->best;
    c->checkpoints++;
    c->bad = better ? 0 : c->bad + 1;
    c->bad_since_cut = better ? 0 : c->bad_since_cut + 1;
    if (better) {
        c->best = value;
        c->best_update = update;
    } else if (c->kind == COURSE_PLATEAU && c->bad_since_cut >= c->plateau) {
        c->rate *= c->factor;
        c->bad_since_cut = 0;
    }
    return better;
}

const char *course_over(const struct course *c, long updates_done, double epochs_done)
{
    if ((double)updates_done >= c->most_updates)
        return "max_num_batches";
    if (epochs_done >= c->most_epochs)
        return "max_num_epochs";
    if (isinf(c->most_epochs) && c->bad >= c->patience && epochs_done >= c->least_epochs)
        return "checkpoint_threshold";
    return NULL;
}
