#include "engine/format/series_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/number.h"
#include "engine/format/scan.h"

enum meaning { START, TARGET, CATEGORY, FEATURE, ITEM };

static const struct scan_key keys[] = {{"start", START},          {"target", TARGET}, {"cat", CATEGORY},
                                       {"dynamic_feat", FEATURE}, {"item_id", ITEM},  {NULL, 0}};

static int refuse(const struct scan *s, const char *what)
{
    return scan_complain(s, ERROR_INPUT, SERIES_SHAPE, what);
}

static int once(const struct scan *s, bool *has, const char *key)
{
    char what[80];
    if (!*has) {
        *has = true;
        return 0;
    }
    snprintf(what, sizeof what, "The key \"%s\" stands there twice", key);
    return scan_complain(s, ERROR_INPUT, "give each key once", what);
}

static int read_start(struct scan *s, struct series_draft *d)
{
    const char *text, *close;
    char what[100];
    s->p = scan_space(s->p, s->end);
    if (s->p == s->end || *s->p != '"')
        return scan_unexpected(s, "a time in quotes");
    text = s->p + 1;
    close = memchr(text, '"', (size_t)(s->end - text));
    if (!close)
        return scan_unexpected(s, "a time that ends in quotes");
    if (moment_read(text, (size_t)(close - text), &d->start) < 0) {
        snprintf(what, sizeof what, "The start '%.*s' is no time", (int)(close - text < 40 ? close - text : 40), text);
        return scan_complain(s, ERROR_INPUT,
                             "write a day of the calendar as \"2024-01-31\" or \"2024-01-31 23:00:00\", without a zone",
                             what);
    }
    s->p = close + 1;
    return 0;
}

static bool take_word(struct scan *s, const char *word, size_t len)
{
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
        return false;
    s->p += len;
    return true;
}

/* null, "NaN" and NaN are missing values. */
static int read_value(struct scan *s, float *value)
{
    s->p = scan_space(s->p, s->end);
    if (s->p < s->end && (*s->p == '"' || (*s->p | 32) == 'n') &&
        (take_word(s, "null", 4) || take_word(s, "\"NaN\"", 5) || take_word(s, "NaN", 3))) {
        *value = NAN;
        return 0;
    }
    return scan_number(s, value);
}

/* Short numbers, each with a comma behind it, as long as there are any; how many. */
static size_t read_short(struct scan *s, float *to, size_t most)
{
    const char *p = s->p;
    size_t count = 0;
    while (count < most && s->end - p > NUMBER_AHEAD) {
        double value;
        const char *next = number_read_short(p + (*p == ' '), &value);
        if (!next || *next != ',')
            break;
        to[count++] = (float)value;
        p = next + 1;
    }
    s->p = p;
    return count;
}

/* A list of numbers, appended to an array. */
static int read_numbers(struct scan *s, int (*read)(struct scan *s, float *value), float **array, size_t *count,
                        size_t *room)
{
    size_t begin = *count;
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    for (more = scan_element(s, true); more > 0; more = scan_element(s, false)) {
        size_t left = SERIES_LENGTH_MAX - (*count - begin);
        if (left == 0)
            return scan_complain(s, ERROR_LIMIT, "cut it into several", "A list has more than 10,000,000 values");
        if (scan_reserve(s, array, *count, room, sizeof **array) < 0)
            return -1;
        left = left < *room - *count ? left : *room - *count;
        *count += read_short(s, *array + *count, left - 1);
        if (read(s, *array + *count) < 0)
            return -1;
        ++*count;
    }
    return more;
}

static int read_target(struct scan *s, struct series_draft *d)
{
    s->p = scan_space(s->p, s->end);
    if (s->p == s->end || *s->p != '[')
        return scan_unexpected(s, "the list of the target's values");
    return read_numbers(s, read_value, &d->target, &d->length, &d->target_room);
}

static int read_categories(struct scan *s, struct series_draft *d)
{
    uint32_t value;
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    while ((more = scan_element(s, d->categories == 0)) > 0) {
        if (d->categories == SERIES_FEATURES_MAX)
            return refuse(s, "The series has more than 100 categories");
        if (scan_whole(s, INT32_MAX, &value, "number the categories from 0") < 0)
            return -1;
        d->category[d->categories++] = (int32_t)value;
    }
    return more;
}

static int read_feature_value(struct scan *s, float *value)
{
    if (read_value(s, value) < 0)
        return -1;
    return isnan(*value)
               ? scan_complain(s, ERROR_INPUT, "give a number for every step", "A value is missing in \"dynamic_feat\"")
               : 0;
}

static int read_features(struct scan *s, struct series_draft *d)
{
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    while ((more = scan_element(s, d->features == 0)) > 0) {
        if (d->features == SERIES_FEATURES_MAX)
            return refuse(s, "The series has more than 100 dynamic features");
        if (read_numbers(s, read_feature_value, &d->feature, &d->feature_values, &d->feature_room) < 0)
            return -1;
        d->feature_end[d->features++] = d->feature_values;
    }
    return more;
}

/* Text, or a number as it stands. */
static int read_item(struct scan *s, struct series_draft *d)
{
    const char *start = s->p = scan_space(s->p, s->end);
    if (s->p < s->end && *s->p == '"')
        return scan_text(s, &d->item);
    if (scan_pass(s) < 0)
        return -1;
    str_append(&d->item, start, (size_t)(s->p - start));
    return d->item.failed ? scan_no_memory(s) : 0;
}

static int read_member(struct scan *s, int meaning, struct series_draft *d)
{
    switch (meaning) {
    case START:
        return once(s, &d->has_start, "start") < 0 ? -1 : read_start(s, d);
    case TARGET:
        return once(s, &d->has_target, "target") < 0 ? -1 : read_target(s, d);
    case CATEGORY:
        return once(s, &d->has_category, "cat") < 0 ? -1 : read_categories(s, d);
    case FEATURE:
        return once(s, &d->has_feature, "dynamic_feat") < 0 ? -1 : read_features(s, d);
    case ITEM:
        return once(s, &d->has_item, "item_id") < 0 ? -1 : read_item(s, d);
    default:
        return scan_pass(s);
    }
}

const char *series_json_read(struct series_draft *d, const char *p, const char *end, const struct place *at,
                             struct series_set *set, struct error *err)
{
    struct scan s = {.p = p, .end = end, .at = at, .shape = SERIES_SHAPE, .err = err};
    int meaning;
    bool first = true;
    series_draft_begin(d);
    if (scan_open(&s, '{') < 0)
        return NULL;
    for (; (meaning = scan_key(&s, first, keys, true)) >= 0; first = false)
        if (read_member(&s, meaning, d) < 0)
            return NULL;
    return meaning == SCAN_END && series_draft_end(d, set, at, err) == 0 ? s.p : NULL;
}

static int read_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct series_reading *r = context;
    const char *p = series_json_read(&r->draft, line, end, at, r->set, err);
    if (!p)
        return -1;
    if (scan_space(p, end) < end)
        return place_error(at, "", 0, ERROR_INPUT, "write one series in each line",
                           "Something follows the series in its line", err);
    return 0;
}

int series_json_lines(struct input *in, void *reading, struct error *err)
{
    return lines_read_long(in, SERIES_LINE_MAX, read_line, reading, err);
}
