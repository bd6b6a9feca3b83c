#include "engine/format/series_draft.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void series_draft_begin(struct series_draft *d)
{
    d->has_start = d->has_target = d->has_category = d->has_feature = d->has_item = false;
    d->length = d->categories = d->feature_values = d->features = 0;
    str_clear(&d->item);
}

void series_draft_free(struct series_draft *d)
{
    free(d->target);
    free(d->feature);
    str_free(&d->item);
    *d = (struct series_draft){0};
}

static int refuse(const struct place *at, const char *fix, const char *what, struct error *err)
{
    return place_error(at, "", 0, ERROR_INPUT, fix, what, err);
}

static size_t feature_length(const struct series_draft *d, size_t i)
{
    return d->feature_end[i] - (i ? d->feature_end[i - 1] : 0);
}

static int check_features(const struct series_draft *d, const struct place *at, struct error *err)
{
    char what[200];
    for (size_t i = 0; i < d->features; i++) {
        size_t length = feature_length(d, i), first = feature_length(d, 0);
        if (length == first && length >= d->length)
            continue;
        if (length != first)
            snprintf(what, sizeof what, "Dynamic feature %zu has %zu values, the first has %zu", i + 1, length, first);
        else
            snprintf(what, sizeof what, "Dynamic feature %zu has %zu values, the target has %zu", i + 1, length,
                     d->length);
        return refuse(at, "give it a value for each of the target, and for a forecast those of the time to come too",
                      what, err);
    }
    return 0;
}

/* All series have as many categories and features as the first. */
static int check_counts(const struct series_draft *d, const struct series_set *set, const struct place *at,
                        struct error *err)
{
    const struct {
        const char *key;
        size_t have, wanted;
    } counts[] = {{"cat", d->categories, set->categories}, {"dynamic_feat", d->features, set->features}};
    char what[200];
    for (size_t i = 0; set->count > 0 && i < 2; i++) {
        if (counts[i].have == counts[i].wanted)
            continue;
        snprintf(what, sizeof what, "The series has %zu of \"%s\", the series before have %zu", counts[i].have,
                 counts[i].key, counts[i].wanted);
        return refuse(at, "give every series the same number, or leave the key out of all", what, err);
    }
    return 0;
}

static int check(const struct series_draft *d, const struct series_set *set, const struct place *at, struct error *err)
{
    if (!d->has_start)
        return refuse(at, SERIES_SHAPE, "The series has no \"start\"", err);
    if (!d->has_target)
        return refuse(at, SERIES_SHAPE, "The series has no \"target\"", err);
    return check_features(d, at, err) < 0 ? -1 : check_counts(d, set, at, err);
}

static size_t count_observations(const float *target, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += isnan(target[i]) ? 0 : 1;
    return count;
}

int series_draft_end(const struct series_draft *d, struct series_set *set, const struct place *at, struct error *err)
{
    struct series *s;
    if (check(d, set, at, err) < 0)
        return -1;
    if (set->count == 0) {
        set->categories = d->categories;
        set->features = d->features;
    }
    s = series_append(set, d->length, d->features ? feature_length(d, 0) : d->length);
    if (s && d->has_item && !(s->item = strdup(str_text(&d->item))))
        s = NULL;
    if (!s)
        return place_error(at, "", 0, ERROR_LIMIT, "give fewer series or more memory",
                           "The data do not fit into memory", err);
    s->start = d->start;
    s->line = at->line;
    if (d->length)
        memcpy(s->target, d->target, d->length * sizeof *s->target);
    if (d->feature_values)
        memcpy(s->feature, d->feature, d->feature_values * sizeof *s->feature);
    memcpy(s->category, d->category, d->categories * sizeof *s->category);
    set->observations += count_observations(s->target, s->length);
    return 0;
}
