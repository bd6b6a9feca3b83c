#include "engine/algo/linear/linear_picture.h"

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
    size_t stride = (d->rows + POINTS - 1) / POINTS;
    json_array(j, key);
    for (size_t i = 0; i < d->rows; i += stride)
        json_float(j, NULL, (double)(column < d->columns ? d->x[i * d->columns + column] : d->y[i]));
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
