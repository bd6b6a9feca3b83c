#include "engine/algo/deepar/deepar_forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/likelihood.h"

#define SERIES_AT_ONCE 32 /* whose contexts are read together */
#define ROWS_AT_ONCE 512  /* paths that go on together */

struct forecast {
    const struct deepar_net *net;
    struct tape *tape;
    const struct window *windows; /* of this piece */
    size_t count, first, samples;
    uint64_t seed;
    float *paths;
    struct deepar_batch context, step;
    float *encoded;  /* layers x 2 x count x cells: after the contexts */
    float *state;    /* layers x 2 x rows x cells: of the paths going on */
    float *calendar; /* count x prediction x what does not depend on values */
    float *raw;      /* rows x outputs */
    struct rng *rng; /* of each row */
    size_t row, at;  /* first path and step of the rows going on */
};

static size_t calendar_width(const struct deepar_plan *p)
{
    return deepar_plan_inputs(p) - p->lags - p->gaps;
}

/* --- contexts -------------------------------------------------------------------------------------------------------
 */

static void read_states(struct forecast *f, const struct deepar_state *states, size_t rows, float *to)
{
    size_t size = rows * f->net->plan.cells;
    for (size_t l = 0; l < f->net->plan.layers; l++) {
        tape_read(f->tape, states[l].h, to + 2 * l * size);
        tape_read(f->tape, states[l].c, to + (2 * l + 1) * size);
    }
}

static int read_contexts(struct forecast *f, struct error *err)
{
    const struct deepar_plan *p = &f->net->plan;
    struct deepar_state after[DEEPAR_LAYERS_MAX];
    size_t width = calendar_width(p);
    deepar_batch_fill(&f->context, p, f->windows, f->count, tape_pool(f->tape));
    tape_begin(f->tape, false, 0);
    deepar_net_run(f->net, f->tape, &f->context, NULL, after);
    if (tape_finish(f->tape, err) < 0)
        return -1;
    read_states(f, after, f->count, f->encoded);
    for (size_t i = 0; i < f->count; i++)
        window_calendar(p, f->windows[i].history->series, (int64_t)f->windows[i].at, p->prediction,
                        f->calendar + i * p->prediction * width, width);
    return 0;
}

/* --- paths ----------------------------------------------------------------------------------------------------------
 */

/* The rows of a piece start with the states after their contexts. */
static void start_rows(struct forecast *f)
{
    const struct deepar_plan *p = &f->net->plan;
    size_t cells = p->cells, rows = f->step.rows;
    for (size_t row = 0; row < rows; row++) {
        size_t window = (f->row + row) / f->samples;
        rng_init(&f->rng[row], f->seed, (f->first + window) * FORECAST_SAMPLES_MAX + (f->row + row) % f->samples);
        for (size_t k = 0; k < 2 * p->layers; k++)
            memcpy(f->state + (k * rows + row) * cells, f->encoded + (k * f->count + window) * cells,
                   cells * sizeof *f->state);
        f->step.scale[row] = f->context.scale[window];
        f->step.middle[row] = f->context.middle[window];
        memcpy(f->step.level + 2 * row, f->context.level + 2 * window, 2 * sizeof *f->step.level);
        for (size_t i = 0; i < p->categories; i++)
            f->step.category[i * rows + row] = f->context.category[i * f->count + window];
    }
}

static void fill_inputs(void *context, int thread, int threads)
{
    struct forecast *f = context;
    const struct deepar_plan *p = &f->net->plan;
    size_t end, row = pool_share(f->step.rows, thread, threads, &end), width = calendar_width(p);
    int64_t season = (int64_t)frequency_season(&p->frequency);
    for (; row < end; row++) {
        const struct window *w = &f->windows[(f->row + row) / f->samples];
        int64_t start = (int64_t)w->at;
        const float *path = f->paths + (f->row + row) * p->prediction;
        float *x = f->step.x + row * f->step.inputs, factor = 1 / f->step.scale[row];
        for (size_t k = 0; k < p->lags; k++) {
            int64_t from = history_place(start + (int64_t)f->at, p->lag[k], season);
            float value = from >= start ? path[from - start] : from >= 0 ? w->history->value[from] : 0;
            x[k] = from >= 0 ? value * factor - f->step.middle[row] : 0;
        }
        if (p->gaps)
            x[p->lags] = f->at > 0 || (w->at > 0 && !isnan(w->history->series->target[w->at - 1]));
        memcpy(x + p->lags + p->gaps, f->calendar + ((f->row + row) / f->samples * p->prediction + f->at) * width,
               width * sizeof *x);
    }
}

static void draw_values(void *context, int thread, int threads)
{
    struct forecast *f = context;
    const struct deepar_plan *p = &f->net->plan;
    size_t end, row = pool_share(f->step.rows, thread, threads, &end), outputs = deepar_plan_outputs(p);
    for (; row < end; row++) {
        struct likelihood_parameters says =
            likelihood_parameters(p->likelihood, f->raw + row * outputs, (double)f->step.scale[row]);
        f->paths[(f->row + row) * p->prediction + f->at] = (float)likelihood_draw(&says, &f->rng[row]);
    }
}

static int go_on(struct forecast *f, struct error *err)
{
    const struct deepar_plan *p = &f->net->plan;
    struct deepar_state before[DEEPAR_LAYERS_MAX], after[DEEPAR_LAYERS_MAX];
    size_t rows = f->step.rows, size = rows * p->cells;
    struct tensor *raw;
    pool_run(tape_pool(f->tape), fill_inputs, f);
    tape_begin(f->tape, false, 0);
    for (size_t l = 0; l < p->layers; l++) {
        before[l].h = tape_input(f->tape, 2, (size_t[]){rows, p->cells}, f->state + 2 * l * size);
        before[l].c = tape_input(f->tape, 2, (size_t[]){rows, p->cells}, f->state + (2 * l + 1) * size);
    }
    raw = deepar_net_run(f->net, f->tape, &f->step, before, after);
    if (tape_finish(f->tape, err) < 0)
        return -1;
    tape_read(f->tape, raw, f->raw);
    read_states(f, after, rows, f->state);
    pool_run(tape_pool(f->tape), draw_values, f);
    return 0;
}

static int run_rows(struct forecast *f, struct error *err)
{
    size_t all = f->count * f->samples;
    for (f->row = 0; f->row < all; f->row += f->step.rows) {
        f->step.rows = all - f->row < ROWS_AT_ONCE ? all - f->row : ROWS_AT_ONCE;
        start_rows(f);
        for (f->at = 0; f->at < f->net->plan.prediction; f->at++)
            if (go_on(f, err) < 0)
                return -1;
    }
    return 0;
}

/* --- all of it ------------------------------------------------------------------------------------------------------
 */

static int forecast_open(struct forecast *f, struct error *err)
{
    const struct deepar_plan *p = &f->net->plan;
    size_t series = f->count < SERIES_AT_ONCE ? f->count : SERIES_AT_ONCE, states = 2 * p->layers * p->cells;
    size_t rows = series * f->samples < ROWS_AT_ONCE ? series * f->samples : ROWS_AT_ONCE;
    if (deepar_batch_open(&f->context, p, p->context, series, err) < 0 ||
        deepar_batch_open(&f->step, p, 1, rows, err) < 0)
        return -1;
    f->encoded = malloc(states * series * sizeof *f->encoded);
    f->state = malloc(states * rows * sizeof *f->state);
    f->calendar = malloc(series * p->prediction * calendar_width(p) * sizeof *f->calendar);
    f->raw = malloc(rows * deepar_plan_outputs(p) * sizeof *f->raw);
    f->rng = malloc(rows * sizeof *f->rng);
    if (!f->encoded || !f->state || !f->calendar || !f->raw || !f->rng)
        return error_set(err, ERROR_SYSTEM, NULL, "lower context_length or the number of samples",
                         "There is not enough memory for the forecast");
    return 0;
}

static void forecast_close(struct forecast *f)
{
    deepar_batch_close(&f->context);
    deepar_batch_close(&f->step);
    free(f->encoded);
    free(f->state);
    free(f->calendar);
    free(f->raw);
    free(f->rng);
}

int deepar_forecast(const struct deepar_net *n, struct tape *t, const struct window *windows, size_t count,
                    size_t first, size_t samples, uint64_t seed, float *paths, struct error *err)
{
    struct forecast f = {.net = n, .tape = t, .count = count, .samples = samples, .seed = seed};
    int status = count && samples ? forecast_open(&f, err) : 0;
    for (size_t done = 0; status == 0 && samples && done < count; done += f.count) {
        f.windows = windows + done;
        f.count = count - done < SERIES_AT_ONCE ? count - done : SERIES_AT_ONCE;
        f.first = first + done;
        f.paths = paths + done * samples * n->plan.prediction;
        status = read_contexts(&f, err);
        if (status == 0)
            status = run_rows(&f, err);
    }
    forecast_close(&f);
    return status;
}

/* --- what samples say -----------------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void deepar_sort_step(const float *paths, size_t samples, size_t prediction, size_t step, float *sorted)
{
    for (size_t i = 0; i < samples; i++)
        sorted[i] = paths[i * prediction + step];
    qsort(sorted, samples, sizeof *sorted, by_size);
}

double deepar_quantile(const float *sorted, size_t samples, double level)
{
    double place = level * (double)(samples - 1), whole = floor(place);
    size_t below = (size_t)whole, above = below + 1 < samples ? below + 1 : below;
    return (double)sorted[below] + (place - whole) * ((double)sorted[above] - (double)sorted[below]);
}

double deepar_mean(const float *sorted, size_t samples)
{
    double sum = 0;
    for (size_t i = 0; i < samples; i++)
        sum += (double)sorted[i];
    return sum / (double)samples;
}
