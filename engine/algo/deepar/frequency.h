/* How far apart the values of a series are ("H", "5min", "1M"), and what follows from it: which earlier values are
 * worth looking at (lags) and what the calendar says about a step (features).
 *
 * Lags are the last seven values, and the same place in earlier hours, days, weeks and years, each with its neighbours:
 * positions as in the table of frequency.c, at most FREQUENCY_REACH steps back. Features are the service's, by
 * frequency: minute of the hour, hour of the day, day of week, of month and of year, week of the year, month; each is
 * brought into [-0.5, 0.5]. One that data cover less than two cycles of (the day of the year in three months) would
 * only tell one date from another: frequency_cover takes it out. */
#ifndef DEEPAR_FREQUENCY_H
#define DEEPAR_FREQUENCY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum frequency_unit { FREQUENCY_MINUTE, FREQUENCY_HOUR, FREQUENCY_DAY, FREQUENCY_WEEK, FREQUENCY_MONTH };

#define FREQUENCY_REACH 1200 /* steps that a lag may look back */
#define FREQUENCY_LAGS 80    /* no frequency has more */
#define FREQUENCY_FEATURES 5 /* no frequency has more */
#define FREQUENCY_MULTIPLE_MAX 100000

struct frequency {
    enum frequency_unit unit;
    int multiple;      /* from 1: a value every so many units */
    unsigned left_out; /* a bit for each feature of the unit that is not used */
};

/* "H", "15min", "2W": 0, or -1 and a sentence about time_freq. */
int frequency_read(const char *text, struct frequency *f, struct error *err);
const char *frequency_name(const struct frequency *f); /* of the unit: "min", "H", "D", "W", "M" */

size_t frequency_lags(const struct frequency *f, int lags[FREQUENCY_LAGS]); /* how many; rising, from 1 */
size_t frequency_season(const struct frequency *f); /* steps until it is the same time of day (week, year); from 1 */

/* When the step-th value of a series that began at `start` was. Months keep the day, or take the month's last. */
int64_t frequency_time(const struct frequency *f, int64_t start, int64_t step);

void frequency_cover(struct frequency *f, int64_t seconds); /* training data span so much */
size_t frequency_features(const struct frequency *f);       /* how many */
/* Those of `steps` steps from `first` (which may lie before the start), one step's `stride` numbers after another's. */
void frequency_describe(const struct frequency *f, int64_t start, int64_t first, size_t steps, float *out,
                        size_t stride);

#endif
