#include "engine/algo/deepar/deepar_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use shorter series, or lower mini_batch_size or context_length",
                     "There is not enough memory for the windows");
}

/* --- gaps -----------------------------------------------------------------------------------------------------------
 */

static bool has_gaps(const struct series *s)
{
    for (size_t i = 0; i < s->length; i++)
        if (isnan(s->target[i]))
            return true;
    return false;
}

static int fill_gaps(struct history *h)
{
    const struct series *s = h->series;
    float last = 0;
    h->own = malloc(s->length * sizeof *h->own);
    if (!h->own)
        return -1;
    for (size_t i = 0; i < s->length; i++)
        h->own[i] = last = isnan(s->target[i]) ? last : s->target[i];
    h->value = h->own;
    return 0;
}

int histories_open(struct histories *h, const struct series_set *set, struct error *err)
{
    *h = (struct histories){.items = calloc(set->count ? set->count : 1, sizeof *h->items)};
    if (!h->items)
        return no_memory(err);
    for (size_t i = 0; i < set->count; i++) {
        struct history *one = &h->items[h->count++];
        *one = (struct history){&set->items[i], set->items[i].target, NULL};
        if (has_gaps(one->series) && fill_gaps(one) < 0) {
            histories_close(h);
            return no_memory(err);
        }
    }
    return 0;
}

void histories_close(struct histories *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->items[i].own);
    free(h->items);
    *h = (struct histories){0};
}

/* Mean and mean size of what is known from begin to end - 1, as units; size 0 when nothing is, or all is 0. */
static struct window_units units_of(const struct series *s, size_t begin, size_t end)
{
    double sum = 0, size = 0;
    size_t known = 0;
    for (size_t i = begin; i < end; i++)
        if (!isnan(s->target[i])) {
            sum += (double)s->target[i];
            size += fabs((double)s->target[i]);
            known++;
        }
    if (!(size > 1e-30 * (double)known))
        return (struct window_units){0, 0};
    return (struct window_units){(float)(size / (double)known), (float)(sum / size)};
}

/* A context without size asks the whole past, then, for a window that begins with its series, all there is. */
struct window_units window_units(const struct deepar_plan *p, const struct window *w)
{
    const struct series *s = w->history->series;
    struct window_units u = units_of(s, w->at > p->context ? w->at - p->context : 0, w->at);
    if (u.size == 0)
        u = units_of(s, 0, w->at);
    if (u.size == 0 && w->at == 0)
        u = units_of(s, 0, s->length);
    return u.size > 0 ? u : (struct window_units){1, 0};
}

/* --- drawing --------------------------------------------------------------------------------------------------------
 */

int sampler_open(struct sampler *s, const struct deepar_plan *p, const struct histories *h, uint64_t seed,
                 struct error *err)
{
    double sum = 0;
    *s = (struct sampler){.plan = p, .histories = h, .chance = malloc((h->count + 1) * sizeof *s->chance)};
    if (!s->chance)
        return no_memory(err);
    for (size_t i = 0; i < h->count; i++) {
        const struct series *one = h->items[i].series;
        if (one->length >= p->prediction) {
            sum += sqrt((double)units_of(one, 0, one->length).size) + 1e-6;
            s->usable++;
            s->values += one->length;
        }
        s->chance[i] = sum;
    }
    rng_init(&s->rng, seed, 0x77696E64);
    return 0;
}

void sampler_close(struct sampler *s)
{
    free(s->chance);
    *s = (struct sampler){0};
}

struct window sampler_draw(struct sampler *s)
{
    const struct deepar_plan *p = s->plan;
    size_t low = 0, high = s->histories->count - 1, last, first;
    double at = rng_uniform(&s->rng) * s->chance[high];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->chance[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    last = s->histories->items[low].series->length - p->prediction;
    first = last < p->context ? last : p->context;
    return (struct window){&s->histories->items[low], first + (size_t)rng_below(&s->rng, last - first + 1)};
}

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

int deepar_batch_open(struct deepar_batch *b, const struct deepar_plan *p, size_t steps, size_t rows, struct error *err)
{
    size_t inputs = deepar_plan_inputs(p), all = steps * rows, most = SIZE_MAX / sizeof(float);
    *b = (struct deepar_batch){.steps = steps, .rows = rows, .inputs = inputs};
    if (steps > most / rows / inputs)
        return no_memory(err);
    b->x = malloc(all * inputs * sizeof *b->x);
    b->y = malloc(all * sizeof *b->y);
    b->weight = malloc(all * sizeof *b->weight);
    b->scales = malloc(all * sizeof *b->scales);
    b->scale = malloc(rows * sizeof *b->scale);
    b->middle = malloc(rows * sizeof *b->middle);
    b->level = malloc(2 * rows * sizeof *b->level);
    b->category = malloc((p->categories + 1) * rows * sizeof *b->category);
    if (!b->x || !b->y || !b->weight || !b->scales || !b->scale || !b->middle || !b->level || !b->category) {
        deepar_batch_close(b);
        return no_memory(err);
    }
    return 0;
}

void deepar_batch_close(struct deepar_batch *b)
{
    free(b->x);
    free(b->y);
    free(b->weight);
    free(b->scales);
    free(b->scale);
    free(b->middle);
    free(b->level);
    free(b->category);
    *b = (struct deepar_batch){0};
}

void window_calendar(const struct deepar_plan *p, const struct series *s, int64_t first, size_t steps, float *out,
                     size_t stride)
{
    size_t calendar = frequency_features(&p->frequency);
    frequency_describe(&p->frequency, s->start, first, steps, out, stride);
    for (size_t i = 0; i < steps; i++, out += stride) {
        int64_t at = first + (int64_t)i;
        out[calendar] = log10f(2 + (float)(at > 0 ? at : 0)) / 5; /* the age */
        for (size_t f = 0; f < p->features; f++) {
            bool known = at >= 0 && (size_t)at < s->feature_length;
            float value = known ? s->feature[f * s->feature_length + (size_t)at] : p->feature_mean[f];
            out[calendar + 1 + f] = (value - p->feature_mean[f]) * p->feature_factor[f];
        }
    }
}

struct fill {
    struct deepar_batch *batch;
    const struct deepar_plan *plan;
    const struct window *windows;
};

/* Earlier values, and whether the one before is known. */
static void fill_values(const struct deepar_batch *b, const struct deepar_plan *p, const struct window *w,
                        int64_t first, const struct window_units *u, float *x)
{
    const struct series *s = w->history->series;
    int64_t season = (int64_t)frequency_season(&p->frequency);
    float factor = 1 / u->size;
    for (size_t t = 0; t < b->steps; t++, x += b->rows * b->inputs) {
        int64_t at = first + (int64_t)t;
        for (size_t k = 0; k < p->lags; k++) {
            int64_t from = history_place(at, p->lag[k], season);
            x[k] = from >= 0 ? w->history->value[from] * factor - u->middle : 0;
        }
        if (p->gaps)
            x[p->lags] = at > 0 && !isnan(s->target[at - 1]);
    }
}

static void fill_targets(const struct deepar_batch *b, const struct window *w, int64_t first, size_t row)
{
    const struct series *s = w->history->series;
    for (size_t t = 0; t < b->steps; t++) {
        size_t to = t * b->rows + row;
        int64_t at = first + (int64_t)t;
        bool inside = at >= 0 && (size_t)at < s->length;
        b->y[to] = inside ? w->history->value[at] : 0;
        b->weight[to] = inside && !isnan(s->target[at]);
        b->scales[to] = b->scale[row];
    }
}

static void fill_rows(void *context, int thread, int threads)
{
    const struct fill *f = context;
    struct deepar_batch *b = f->batch;
    const struct deepar_plan *p = f->plan;
    size_t end, row = pool_share(b->rows, thread, threads, &end);
    for (; row < end; row++) {
        const struct window *w = &f->windows[row];
        const struct series *s = w->history->series;
        int64_t first = (int64_t)w->at - (int64_t)p->context;
        float *x = b->x + row * b->inputs;
        struct window_units u = window_units(p, w);
        b->scale[row] = u.size;
        b->middle[row] = b->level[2 * row + 1] = u.middle;
        b->level[2 * row] = (logf(u.size) - p->level_mean) * p->level_factor;
        for (size_t i = 0; i < p->categories; i++)
            b->category[i * b->rows + row] = s->category[i];
        fill_values(b, p, w, first, &u, x);
        window_calendar(p, s, first, b->steps, x + p->lags + p->gaps, b->rows * b->inputs);
        fill_targets(b, w, first, row);
    }
}

size_t deepar_batch_fill(struct deepar_batch *b, const struct deepar_plan *p, const struct window *windows, size_t rows,
                         struct pool *pool)
{
    struct fill fill = {b, p, windows};
    size_t counting = 0;
    b->rows = rows;
    pool_run(pool, fill_rows, &fill);
    for (size_t i = 0; i < b->steps * rows; i++)
        counting += b->weight[i] != 0;
    return counting;
}
