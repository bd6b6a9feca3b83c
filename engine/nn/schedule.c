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
