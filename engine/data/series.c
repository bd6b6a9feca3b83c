#include "engine/data/series.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define ERA_DAYS 146097   /* of 400 years, after which the calendar repeats */
#define EPOCH_DAYS 719162 /* from 0001-01-01 to 1970-01-01 */

/* --- the set --------------------------------------------------------------------------------------------------------
 */

/* Makes room for one more; the room doubles whenever the count is a power of two. */
static struct series *reserve(struct series_set *set)
{
    struct series *grown;
    if (set->count & (set->count - 1))
        return set->items;
    grown = realloc(set->items, (set->count ? 2 * set->count : 1) * sizeof *grown);
    if (grown)
        set->items = grown;
    return grown;
}

/* All numbers of a series stand in one block, behind its target. */
struct series *series_append(struct series_set *set, size_t length, size_t feature_length)
{
    struct series *s;
    size_t features = set->features * feature_length;
    _Static_assert(sizeof(float) == sizeof(int32_t), "floats and categories share a block");
    if (length > SERIES_LENGTH_MAX || feature_length > SERIES_LENGTH_MAX || set->categories > SERIES_FEATURES_MAX ||
        set->features > SERIES_FEATURES_MAX || !reserve(set))
        return NULL;
    s = set->items + set->count;
    *s = (struct series){.length = length, .feature_length = feature_length};
    s->target = calloc(length + features + set->categories + 1, sizeof *s->target);
    if (!s->target)
        return NULL;
    s->feature = s->target + length;
    s->category = (int32_t *)(void *)(s->feature + features);
    set->count++;
    return s;
}

void series_free(struct series_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->items[i].target);
        free(set->items[i].item);
    }
    free(set->items);
    *set = (struct series_set){0};
}

/* --- the calendar ---------------------------------------------------------------------------------------------------
 */

static const int month_starts[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

static bool leaps(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Of a common or a leap year: the day on which month (1 to 13) begins, from 0. */
static int month_start(int month, bool leap)
{
    return month_starts[month - 1] + (leap && month > 2);
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days from 0001-01-01 to the first of January of `year`. */
static int64_t year_start(int64_t year)
{
    int64_t before = year - 1;
    return 365 * before + floor_divide(before, 4) - floor_divide(before, 100) + floor_divide(before, 400);
}

int64_t moment_seconds(int64_t year, int month, int day, int hour, int minute, int second)
{
    int64_t days = year_start(year) - EPOCH_DAYS + month_start(month, leaps(year)) + day - 1;
    return days * DAY + hour * 3600 + minute * 60 + second;
}

struct moment moment_of(int64_t seconds)
{
    int64_t day = floor_divide(seconds, DAY), of_day = seconds - day * DAY, since = day + EPOCH_DAYS;
    struct moment m = {
        .hour = (int)(of_day / 3600), .minute = (int)(of_day / 60 % 60), .second = (int)(of_day % 60), .month = 1};
    bool leap;
    m.weekday = (int)(since - floor_divide(since, 7) * 7); /* 0001-01-01 was a Monday */
    m.year = floor_divide(since * 400, ERA_DAYS) + 1;      /* off by one at most */
    while (year_start(m.year) > since)
        m.year--;
    while (year_start(m.year + 1) <= since)
        m.year++;
    leap = leaps(m.year);
    m.day_of_year = (int)(since - year_start(m.year));
    while (m.day_of_year >= month_start(m.month + 1, leap))
        m.month++;
    m.day = m.day_of_year - month_start(m.month, leap) + 1;
    return m;
}

/* `len` digits at *text, which moves behind them; -1 when they are none. */
static int read_digits(const char **text, int len)
{
    int value = 0;
    for (; len > 0; len--, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + **text - '0';
    }
    return value;
}

/* The parts in their order: each as many digits, then the character that stands behind it, from low to high. */
static const struct part {
    int digits;
    char behind;
    int low, high;
} parts[] = {{4, '-', 1, 9999}, {2, '-', 1, 12}, {2, ' ', 1, 31}, {2, ':', 0, 23}, {2, ':', 0, 59}, {2, '\0', 0, 59}};
enum { DATE_PARTS = 3, ALL_PARTS = 6, DATE_LENGTH = 10, ALL_LENGTH = 19 };

int moment_read(const char *text, size_t len, int64_t *seconds)
{
    int value[ALL_PARTS] = {0}, count = len == DATE_LENGTH ? DATE_PARTS : ALL_PARTS;
    const char *end = text + len;
    bool leap;
    if (len != DATE_LENGTH && len != ALL_LENGTH)
        return -1;
    for (int i = 0; i < count; i++) {
        value[i] = read_digits(&text, parts[i].digits);
        if (value[i] < parts[i].low || value[i] > parts[i].high)
            return -1;
        if (text < end && *text != parts[i].behind && !(*text == 'T' && i == DATE_PARTS - 1))
            return -1;
        text += text < end;
    }
    leap = leaps(value[0]);
    if (value[1] < 1 || value[1] > 12 || value[2] > month_start(value[1] + 1, leap) - month_start(value[1], leap))
        return -1;
    *seconds = moment_seconds(value[0], value[1], value[2], value[3], value[4], value[5]);
    return 0;
}
