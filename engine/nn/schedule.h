/* The learning rate as training goes on: every `interval` steps it is multiplied by `factor`, down to `minimum`.
 * A rate that starts below the minimum stays as it is. Interval 0: constant. */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

struct schedule {
    double rate, factor, minimum;
    long interval;
};

double schedule_rate(const struct schedule *s, long steps_done);

#endif
