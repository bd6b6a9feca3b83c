/* The learning rate as training goes on. */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include <stdbool.h>

/* Every `interval` steps it is multiplied by `factor`, down to `minimum`. A rate that starts below the minimum stays as
 * it is. Interval 0: constant. */
struct schedule {
    double rate, factor, minimum;
    long interval;
};

double schedule_rate(const struct schedule *s, long steps_done);

/* By checkpoints, as Seq2Seq counts them. `half_life`: after so many checkpoints the rate is half the first one.
 *
 *   inverse time         rate / (1 + t / half_life)
 *   inverse square root  rate / sqrt(1 + 3 t / half_life)      4 times 1 at the half life, so that its root is 2 */
double schedule_inverse_time(double rate, double t, double half_life);
double schedule_inverse_root(double rate, double t, double half_life);

/* Multiplies the rate by `factor` when a figure got no better over `patience` checkpoints in a row.
 *
 *     struct plateau p = plateau_start(rate, 0.5, 3);
 *     each checkpoint: rate = plateau_rate(&p, figure, lower_is_better);
 */
struct plateau {
    double rate, factor, best;
    long patience, without; /* checkpoints since the best one, or since the rate was last reduced */
    bool begun;
};

struct plateau plateau_start(double rate, double factor, long patience);
double plateau_rate(struct plateau *p, double figure, bool lower_is_better);

#endif
