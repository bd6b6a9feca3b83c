#include "engine/algo/deepar/frequency.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/series.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

static const struct {
    const char *name;
    int64_t seconds; /* of months: none, they differ */
} units[] = {
    [FREQUENCY_MINUTE] = {"min", MINUTE}, [FREQUENCY_HOUR] = {"H", HOUR}, [FREQUENCY_DAY] = {"D", DAY},
    [FREQUENCY_WEEK] = {"W", WEEK},       [FREQUENCY_MONTH] = {"M", 0},
};

int frequency_read(const char *text, struct frequency *f, struct error *err)
{
    char *unit = (char *)text;
    long multiple = *text >= '0' && *text <= '9' ? strtol(text, &unit, 10) : 1;
    size_t i = 0;
    while (i < sizeof units / sizeof *units && strcmp(units[i].name, unit) != 0)
        i++;
    if (i == sizeof units / sizeof *units)
        return error_set(err, ERROR_INPUT, "time_freq",
                         "give M, W, D, H or min, with a number before it if need be: 5min",
                         "time_freq = %.40s is no frequency", text);
    if (multiple < 1 || multiple > FREQUENCY_MULTIPLE_MAX)
        return error_set(err, ERROR_INPUT, "time_freq", "give a multiple from 1 to 100000",
                         "time_freq = %.40s: its multiple is out of range", text);
    *f = (struct frequency){(enum frequency_unit)i, (int)multiple, 0};
    return 0;
}

const char *frequency_name(const struct frequency *f)
{
    return units[f->unit].name;
}

/* --- lags -----------------------------------------------------------------------------------------------------------
 */

#define RECENT 7 /* the last so many values are always looked at */

/* Places where a series may repeat itself: after 1 .. times cycles, with `spread` neighbours on each side; for
 * frequencies up to `coarsest`. Months have a calendar of their own. */
static const struct cycle {
    enum frequency_unit coarsest;
    int64_t seconds;
    int times, spread;
} cycles[] = {
    {FREQUENCY_MINUTE, HOUR, 3, 2},   {FREQUENCY_HOUR, DAY, 7, 1},       {FREQUENCY_DAY, WEEK, 4, 1},
    {FREQUENCY_DAY, 30 * DAY, 1, 1},  {FREQUENCY_WEEK, 52 * WEEK, 3, 1}, {FREQUENCY_WEEK, 4 * WEEK, 1, 0},
    {FREQUENCY_WEEK, 8 * WEEK, 1, 0}, {FREQUENCY_WEEK, 12 * WEEK, 1, 0},
};

static void mark(unsigned char *wanted, int64_t place, int spread)
{
    for (int64_t lag = place - spread; lag <= place + spread; lag++)
        if (place > 0 && lag >= 1 && lag <= FREQUENCY_REACH)
            wanted[lag] = 1;
}

size_t frequency_lags(const struct frequency *f, int lags[FREQUENCY_LAGS])
{
    unsigned char wanted[FREQUENCY_REACH + 1] = {0};
    int64_t step = units[f->unit].seconds * f->multiple;
    size_t count = 0;
    for (int lag = 1; lag <= RECENT; lag++)
        wanted[lag] = 1;
    if (f->unit == FREQUENCY_MONTH)
        for (int year = 1; year <= 3; year++)
            mark(wanted, 12 * year / f->multiple, 1);
    else
        for (size_t i = 0; i < sizeof cycles / sizeof *cycles; i++)
            for (int times = 1; f->unit <= cycles[i].coarsest && times <= cycles[i].times; times++)
                mark(wanted, cycles[i].seconds * times / step, cycles[i].spread);
    for (int lag = 1; lag <= FREQUENCY_REACH && count < FREQUENCY_LAGS; lag++)
        if (wanted[lag])
            lags[count++] = lag;
    return count;
}

size_t frequency_season(const struct frequency *f)
{
    static const int64_t steps[] = {[FREQUENCY_MINUTE] = 1440,
                                    [FREQUENCY_HOUR] = 24,
                                    [FREQUENCY_DAY] = 7,
                                    [FREQUENCY_WEEK] = 52,
                                    [FREQUENCY_MONTH] = 12};
    int64_t season = steps[f->unit] / f->multiple;
    return season > 1 ? (size_t)season : 1;
}

/* --- the calendar ---------------------------------------------------------------------------------------------------
 */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t add_months(int64_t start, int64_t months)
{
    struct moment m = moment_of(start);
    int64_t all = m.year * 12 + (m.month - 1) + months, year = floor_divide(all, 12);
    int month = (int)(all - 12 * year) + 1;
    int64_t first = moment_seconds(year, month, 1, 0, 0, 0);
    int64_t next = month == 12 ? moment_seconds(year + 1, 1, 1, 0, 0, 0) : moment_seconds(year, month + 1, 1, 0, 0, 0);
    int64_t last = (next - first) / DAY, day = m.day < last ? m.day : last;
    return first + (day - 1) * DAY + m.hour * HOUR + m.minute * MINUTE + m.second;
}

int64_t frequency_time(const struct frequency *f, int64_t start, int64_t step)
{
    if (f->unit == FREQUENCY_MONTH)
        return add_months(start, step * f->multiple);
    return start + step * f->multiple * units[f->unit].seconds;
}

/* What a frequency looks at, each with its number of values and how long it takes until it is the same again. */
enum look { LOOK_MINUTE, LOOK_HOUR, LOOK_WEEKDAY, LOOK_DAY, LOOK_DAY_OF_YEAR, LOOK_WEEK, LOOK_MONTH, LOOKS };
static const int look_values[LOOKS] = {60, 24, 7, 31, 366, 53, 12};
static const int64_t look_cycles[LOOKS] = {HOUR, DAY, WEEK, 31 * DAY, 366 * DAY, 366 * DAY, 366 * DAY};
static const struct {
    size_t count;
    enum look looks[FREQUENCY_FEATURES];
} calendars[] = {
    [FREQUENCY_MINUTE] = {5, {LOOK_MINUTE, LOOK_HOUR, LOOK_WEEKDAY, LOOK_DAY, LOOK_DAY_OF_YEAR}},
    [FREQUENCY_HOUR] = {4, {LOOK_HOUR, LOOK_WEEKDAY, LOOK_DAY, LOOK_DAY_OF_YEAR}},
    [FREQUENCY_DAY] = {3, {LOOK_WEEKDAY, LOOK_DAY, LOOK_DAY_OF_YEAR}},
    [FREQUENCY_WEEK] = {2, {LOOK_DAY, LOOK_WEEK}},
    [FREQUENCY_MONTH] = {1, {LOOK_MONTH}},
};

void frequency_cover(struct frequency *f, int64_t seconds)
{
    for (size_t k = 0; k < calendars[f->unit].count; k++)
        if (seconds / 2 < look_cycles[calendars[f->unit].looks[k]])
            f->left_out |= 1U << k;
}

/* Does it look at the k-th feature of its unit? */
static bool looks_at(const struct frequency *f, size_t k)
{
    return k < calendars[f->unit].count && !(f->left_out >> k & 1);
}

size_t frequency_features(const struct frequency *f)
{
    size_t n = 0;
    for (size_t k = 0; k < FREQUENCY_FEATURES; k++)
        n += looks_at(f, k) ? 1 : 0;
    return n;
}

static void look_at(int64_t time, int values[LOOKS])
{
    struct moment m = moment_of(time);
    values[LOOK_WEEKDAY] = m.weekday;
    values[LOOK_DAY] = m.day - 1;
    values[LOOK_DAY_OF_YEAR] = m.day_of_year;
    values[LOOK_WEEK] = m.day_of_year / 7;
    values[LOOK_MONTH] = m.month - 1;
}

void frequency_describe(const struct frequency *f, int64_t start, int64_t first, size_t steps, float *out,
                        size_t stride)
{
    int64_t today = INT64_MIN; /* the date is looked up once a day */
    int values[LOOKS];
    for (size_t i = 0; i < steps; i++, out += stride) {
        int64_t time = frequency_time(f, start, first + (int64_t)i), day = floor_divide(time, DAY);
        int64_t second = time - day * DAY;
        if (day != today)
            look_at(time, values);
        today = day;
        values[LOOK_MINUTE] = (int)(second % HOUR / MINUTE);
        values[LOOK_HOUR] = (int)(second / HOUR);
        for (size_t k = 0, to = 0; k < FREQUENCY_FEATURES; k++) {
            enum look look = calendars[f->unit].looks[k];
            if (looks_at(f, k))
                out[to++] = (float)values[look] / (float)(look_values[look] - 1) - 0.5F;
        }
    }
}
