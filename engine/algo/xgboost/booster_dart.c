/* DART (Rashmi and Gilad-Bachrach 2015): a round leaves some trees out, fits new ones to what then is missing, and
 * scales both so that together they say about what the left-out ones said. */
#include <stdlib.h>

#include "engine/algo/xgboost/boost.h"

#define STREAM_DROP 301

struct dart {
    double rate, skip, eta;
    bool weighted, one, as_forest; /* sample_type, one_drop, normalize_type */
    struct rng random;
    int *dropped; /* numbers of trees, rising */
    int count, room;
};

int dart_open(struct boost *b, struct error *err)
{
    const struct settings *s = b->t->settings;
    struct dart *d = calloc(1, sizeof *d);
    if (!d)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    d->rate = settings_number(s, "rate_drop");
    d->skip = settings_number(s, "skip_drop");
    d->eta = settings_number(s, "eta");
    d->weighted = settings_is(s, "sample_type", "weighted");
    d->one = settings_is(s, "one_drop", "1");
    d->as_forest = settings_is(s, "normalize_type", "forest");
    rng_init(&d->random, b->seed, STREAM_DROP);
    b->dart = d;
    return 0;
}

void dart_close(struct boost *b)
{
    if (b->dart)
        free(b->dart->dropped);
    free(b->dart);
    b->dart = NULL;
}

bool dart_dropped(const struct boost *b)
{
    return b->dart && b->dart->count > 0;
}

static double scale_sum(const struct forest *f)
{
    double sum = 0;
    for (int i = 0; i < f->count; i++)
        sum += (double)f->scale[i];
    return sum;
}

/* One tree, by scale or all alike. */
static int draw_one(struct dart *d, const struct forest *f)
{
    double at;
    int i = 0;
    if (!d->weighted)
        return (int)rng_below(&d->random, (uint64_t)f->count);
    at = rng_uniform(&d->random) * scale_sum(f);
    while (i + 1 < f->count && at >= (double)f->scale[i])
        at -= (double)f->scale[i++];
    return i;
}

static void draw(struct dart *d, const struct forest *f)
{
    double sum = d->weighted ? scale_sum(f) : 0;
    d->count = 0;
    if (d->skip > 0 && rng_uniform(&d->random) < d->skip)
        return;
    for (int i = 0; i < f->count; i++) {
        double chance = d->weighted ? d->rate * f->count * (double)f->scale[i] / sum : d->rate;
        if (rng_uniform(&d->random) < chance)
            d->dropped[d->count++] = i;
    }
    if (d->one && !d->count && f->count)
        d->dropped[d->count++] = draw_one(d, f);
}

/* margin += factor * what the dropped trees said. */
static void add_dropped(const struct boost *b, struct follow *w, float factor)
{
    size_t n = w->data->rows * boost_outputs(b);
    for (size_t i = 0; i < n; i++)
        w->margin[i] += factor * w->dropped[i];
}

static int leave_out(struct boost *b, struct follow *w, struct error *err)
{
    const struct dart *d = b->dart;
    size_t n = w->data->rows * boost_outputs(b);
    if (!w->dropped)
        w->dropped = malloc((n + 1) * sizeof *w->dropped);
    if (!w->dropped)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the scores of dropped trees");
    for (size_t i = 0; i < n; i++)
        w->dropped[i] = 0;
    for (int i = 0; i < d->count; i++)
        forest_add(&b->forest, d->dropped[i], d->dropped[i] + 1, w->data, w->dropped, b->pool);
    add_dropped(b, w, -1);
    return 0;
}

int dart_drop(struct boost *b, struct error *err)
{
    struct dart *d = b->dart;
    if (d->room < b->forest.count) {
        int *dropped = realloc(d->dropped, (size_t)b->forest.room * sizeof *dropped);
        if (!dropped)
            return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
        d->dropped = dropped;
        d->room = b->forest.room;
    }
    draw(d, &b->forest);
    for (int i = 0; d->count && i < FOLLOW_COUNT; i++)
        if (b->follow[i].data && leave_out(b, &b->follow[i], err) < 0)
            return -1;
    return 0;
}

void dart_restore(struct boost *b, int first)
{
    struct dart *d = b->dart;
    struct forest *f = &b->forest;
    double share = d->eta / (f->count - first), left_out = d->count;
    double factor = d->as_forest ? 1 / (1 + share) : left_out / (left_out + share);
    double fresh = !d->count ? 1 : d->as_forest ? factor : 1 / (left_out + share);
    for (int i = 0; i < d->count; i++)
        f->scale[d->dropped[i]] *= (float)factor;
    for (int i = first; i < f->count; i++)
        f->scale[i] = (float)fresh;
    for (int i = 0; i < FOLLOW_COUNT; i++) {
        struct follow *w = &b->follow[i];
        if (!w->data)
            continue;
        if (d->count)
            add_dropped(b, w, (float)factor);
        if (d->count || i != FOLLOW_TRAIN) /* without drops the grower has added them to the training rows */
            forest_add(f, first, f->count, w->data, w->margin, b->pool);
    }
}
