#include "engine/nn/schedule.h"

#include <math.h>

double schedule_rate(const struct schedule *s, long steps_done)
{
    long decreases = s->interval > 0 ? steps_done / s->interval : 0;
    double rate = s->rate * pow(s->factor, (double)decreases);
    if (decreases == 0)
        return s->rate;
    return fmax(rate, fmin(s->minimum, s->rate));
}

double schedule_inverse_time(double rate, double t, double half_life)
{
    return rate / (1 + t / half_life);
}

double schedule_inverse_root(double rate, double t, double half_life)
{
    return rate / sqrt(1 + 3 * t / half_life);
}

struct plateau plateau_start(double rate, double factor, long patience)
{
    return (struct plateau){.rate = rate, .factor = factor, .patience = patience};
}

/* A figure that is not a number is no improvement. */
double plateau_rate(struct plateau *p, double figure, bool lower_is_better)
{
    bool better = p->begun ? lower_is_better ? figure < p->best : figure > p->best : !isnan(figure);
    if (better) {
        p->best = figure;
        p->begun = true;
        p->without = 0;
        return p->rate;
    }
    if (++p->without >= p->patience) {
        p->rate *= p->factor;
        p->without = 0;
    }
    return p->rate;
}
