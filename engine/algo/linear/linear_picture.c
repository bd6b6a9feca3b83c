#include "engine/algo/linear/linear_picture.h"

#include <math.h>

#define POINTS 500
#define SHOWN 60 /* features, and classes, of a weights picture */

static void begin(struct event *e, struct event_sink *sink, const char *kind)
{
    event_begin(e, sink, "picture");
    json_string(&e->json, "kind", kind);
}

static void end(struct event *e, long step)
{
    json_integer(&e->json, "step", step);
    json_number(&e->json, "t", event_time(e->sink));
    event_send(e);
}

/* At most POINTS rows, evenly spread; column `columns` is the label. */
static void write_column(struct json *j, const char *key, const struct dataset *d, size_t column)
{
    float cells[2];
    size_t stride = (d->rows + POINTS - 1) / POINTS;
    stride = stride ? stride : 1;
    json_array(j, key);
    for (size_t i = 0; i < d->rows; i += stride) {
        dataset_row(d, i, cells);
        json_float(j, NULL, (double)(column < d->columns ? cells[column] : d->y[i]));
    }
    json_end(j);
}

void linear_picture_points(struct event_sink *sink, const struct dataset *train)
{
    struct event e;
    if (train->columns > 2)
        return;
    begin(&e, sink, "points");
    json_object(&e.json, "data");
    write_column(&e.json, "x", train, 0);
    write_column(&e.json, "y", train, train->columns == 2 ? 1 : train->columns);
    write_column(&e.json, "label", train, train->columns);
    json_end(&e.json);
    end(&e, 0);
}

static void write_boundary(struct json *j, const struct linear_model *m)
{
    static const char *const predictors[] = {"regressor", "binary_classifier", "multiclass_classifier"};
    float weights[2];
    double bias;
    json_string(j, "predictor_type", predictors[m->task]);
    json_array(j, "weights");
    for (size_t k = 0; k < m->outputs; k++) {
        linear_model_raw(m, k, weights, &bias);
        json_array(j, NULL);
        for (size_t i = 0; i < m->columns; i++)
            json_float(j, NULL, (double)weights[i]);
        json_end(j);
    }
    json_end(j);
    json_array(j, "bias");
    for (size_t k = 0; k < m->outputs; k++) {
        linear_model_raw(m, k, weights, &bias);
        json_float(j, NULL, bias);
    }
    json_end(j);
}

static void write_weights(struct json *j, const struct linear_model *m)
{
    json_null(j, "names");
    json_array(j, "values");
    for (size_t k = 0; k < m->outputs && k < SHOWN; k++) {
        json_array(j, NULL);
        for (size_t i = 0; i < m->columns && i < SHOWN; i++)
            json_float(j, NULL, (double)m->weights[k * m->columns + i]);
        json_end(j);
    }
    json_end(j);
    json_integer(j, "columns", (long long)m->columns);
}

void linear_picture_model(struct event_sink *sink, const struct linear_model *m, long step)
{
    struct event e;
    if (m->columns <= 2 && m->outputs > SHOWN)
        return; /* so many regions are no picture, and a part of them would be a wrong one */
    begin(&e, sink, m->columns <= 2 ? "boundary" : "weights");
    json_object(&e.json, "data");
    (m->columns <= 2 ? write_boundary : write_weights)(&e.json, m);
    json_end(&e.json);
    end(&e, step);
}

/* --- what is said where ---------------------------------------------------------------------------------------------
 */

#define GRID 40 /* points along each side of regions */
#define CURVE 100

struct span {
    double low, high;
};

static struct span span_of(const struct dataset *d, size_t column)
{
    struct span s = {INFINITY, -INFINITY};
    for (size_t i = 0; i < d->rows; i++) {
        float cells[2];
        dataset_row(d, i, cells);
        s.low = fmin(s.low, (double)cells[column]);
        s.high = fmax(s.high, (double)cells[column]);
    }
    return isfinite(s.low) && s.high > s.low ? s : (struct span){-1, 1};
}

static double at(struct span s, size_t i, size_t points)
{
    return s.low + (s.high - s.low) * (double)i / (double)(points - 1);
}

/* Of a point: the probability of class 1 (0 or 1 where scores are no probabilities), the class, or the value. */
static double said(const struct linear_model *m, const float *weights, const double *bias, const double *x,
                   double threshold)
{
    double best = -INFINITY;
    size_t class = 0;
    for (size_t k = 0; k < m->outputs; k++) {
        double score = bias[k];
        for (size_t j = 0; j < m->columns; j++)
            score += (double)weights[k * m->columns + j] * x[j];
        if (score > best) {
            best = score;
            class = k;
        }
    }
    if (m->outputs > 1)
        return (double)class;
    if (m->task == METRIC_REGRESSION)
        return best;
    return m->loss.kind == LOSS_LOGISTIC ? 1 / (1 + exp(-best)) : best > threshold;
}

static void write_span(struct json *j, const char *key, struct span s)
{
    json_object(j, key);
    json_float(j, "low", s.low);
    json_float(j, "high", s.high);
    json_end(j);
}

static void write_regions(struct json *j, const struct linear_model *m, const struct dataset *train,
                          const float *weights, const double *bias, double threshold)
{
    struct span x = span_of(train, 0), y = span_of(train, 1);
    write_span(j, "x", x);
    write_span(j, "y", y);
    json_integer(j, "grid", GRID);
    json_integer(j, "classes", m->task == METRIC_REGRESSION ? 0 : m->outputs > 1 ? (long long)m->outputs : 2);
    json_array(j, "values");
    for (size_t i = 0; i < (size_t)GRID * GRID; i++) {
        double point[2] = {at(x, i % GRID, GRID), at(y, i / GRID, GRID)};
        json_float(j, NULL, said(m, weights, bias, point, threshold));
    }
    json_end(j);
}

static void write_curve(struct json *j, const struct linear_model *m, const struct dataset *train, const float *weights,
                        const double *bias, double threshold)
{
    struct span x = span_of(train, 0);
    json_array(j, "x");
    for (size_t i = 0; i < CURVE; i++)
        json_float(j, NULL, at(x, i, CURVE));
    json_end(j);
    json_array(j, "y");
    for (size_t i = 0; i < CURVE; i++) {
        double point = at(x, i, CURVE);
        json_float(j, NULL, said(m, weights, bias, &point, threshold));
    }
    json_end(j);
}

void linear_picture_regions(struct event_sink *sink, const struct linear_model *m, const struct dataset *train,
                            double threshold, long step)
{
    struct event e;
    float weights[SHOWN * 2];
    double bias[SHOWN];
    if (m->columns > 2 || m->columns == 0 || m->outputs > SHOWN || train->rows == 0)
        return;
    for (size_t k = 0; k < m->outputs; k++)
        linear_model_raw(m, k, weights + k * m->columns, &bias[k]);
    begin(&e, sink, m->columns == 2 ? "regions" : "curve");
    json_object(&e.json, "data");
    (m->columns == 2 ? write_regions : write_curve)(&e.json, m, train, weights, bias, threshold);
    json_end(&e.json);
    end(&e, step);
}

/* --- models side by side --------------------------------------------------------------------------------------------
 */

void linear_picture_models(struct event_sink *sink, const struct linear_model *m, const double *losses, size_t best,
                           long step)
{
    struct event e;
    if (m->models < 2)
        return;
    begin(&e, sink, "models");
    json_object(&e.json, "data");
    json_array(&e.json, "models");
    for (size_t i = 0; i < m->models && i < SHOWN * 4; i++) {
        const struct linear_one *one = &m->each[i];
        json_object(&e.json, NULL);
        json_float(&e.json, "learning_rate", one->schedule.rate);
        json_float(&e.json, "l1", one->l1);
        json_float(&e.json, "wd", one->wd);
        json_string(&e.json, "optimizer", optimiser_name(one->weights.kind));
        json_float(&e.json, "loss", one->out ? NAN : losses[i]);
        json_end(&e.json);
    }
    json_end(&e.json);
    json_integer(&e.json, "best", (long long)best);
    json_end(&e.json);
    end(&e, step);
}

#define PATH 16    /* models along L1 at most */
#define COLUMNS 30 /* whose weights are shown along it */

/* Models like the chosen one but for l1, by rising l1. Returns how many. */
static size_t path_of(const struct linear_model *m, size_t chosen, size_t path[PATH])
{
    const struct linear_one *like = &m->each[chosen];
    size_t count = 0;
    for (size_t i = 0; i < m->models && count < PATH; i++) {
        const struct linear_one *one = &m->each[i];
        bool known = false;
        size_t to = count;
        for (size_t k = 0; k < count; k++)
            known |= m->each[path[k]].l1 == one->l1;
        if (one->out || one->schedule.rate != like->schedule.rate || one->wd != like->wd || known)
            continue;
        for (; to > 0 && m->each[path[to - 1]].l1 > one->l1; to--)
            path[to] = path[to - 1];
        path[to] = i;
        count++;
    }
    return count;
}

/* The columns whose weights (of the first class) are the largest in the model with the least L1, largest first. */
static size_t largest(const struct linear_model *m, size_t model, size_t columns[COLUMNS])
{
    const float *w = m->weights + model * m->size;
    size_t count = 0;
    for (size_t j = 0; j < m->columns; j++) {
        size_t to = count < COLUMNS ? count++ : COLUMNS;
        for (; to > 0 && fabsf(w[columns[to - 1]]) < fabsf(w[j]); to--)
            if (to < COLUMNS)
                columns[to] = columns[to - 1];
        if (to < COLUMNS)
            columns[to] = j;
    }
    return count;
}

void linear_picture_l1_path(struct event_sink *sink, const struct linear_model *m, size_t chosen, long step)
{
    struct event e;
    size_t path[PATH], columns[COLUMNS], count = path_of(m, chosen, path), shown, place = 0;
    if (count < 2)
        return;
    shown = largest(m, path[0], columns);
    begin(&e, sink, "l1_path");
    json_object(&e.json, "data");
    json_array(&e.json, "l1");
    for (size_t i = 0; i < count; i++) {
        json_float(&e.json, NULL, m->each[path[i]].l1);
        place = m->each[path[i]].l1 == m->each[chosen].l1 ? i : place;
    }
    json_end(&e.json);
    json_array(&e.json, "columns");
    for (size_t j = 0; j < shown; j++)
        json_integer(&e.json, NULL, (long long)columns[j]);
    json_end(&e.json);
    json_array(&e.json, "weights");
    for (size_t j = 0; j < shown; j++) {
        json_array(&e.json, NULL);
        for (size_t i = 0; i < count; i++)
            json_float(&e.json, NULL, (double)m->weights[path[i] * m->size + columns[j]]);
        json_end(&e.json);
    }
    json_end(&e.json);
    json_integer(&e.json, "chosen", (long long)place);
    json_end(&e.json);
    end(&e, step);
}
